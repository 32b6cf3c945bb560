//! One life of the service: a link for each connection, the journal, the fold behind it, and the one that writes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use fleet::{Alert, Binding, ReceiveTime, TerminalId};
use pipeline::{Ground, Time};
use session::{Admission, Carries, Directory, Link, Output, Policy, Profile, Records};

use crate::fold::Fold;
use crate::store::{Disk, Journal, Record, Saved};

/// Outcomes that wait for the writer, as between the stages of the pipeline.
const QUEUE_MAX: usize = 16;
/// Records judged at once.
const BATCH_MAX: usize = 64;
/// No frame is shorter: delimiters, header, check byte.
const FRAME_BYTES_MIN: usize = 15;

/// What differs from seed to seed.
#[derive(Clone)]
pub struct Shape {
    pub policy: Policy,
    pub shards: usize,
    pub capacity: usize,
}

impl Shape {
    pub fn new(shards: usize, capacity: usize, unacknowledged_max: usize) -> Self {
        let policy = Policy {
            idle: Duration::from_secs(60),
            handshake: Duration::from_secs(20),
            unacknowledged_max,
            ..Policy::new(Admission::Registry, [7; 32])
        };
        Self { policy, shards, capacity }
    }
}

/// What a drained link leaves to the world.
#[derive(Default)]
pub struct Effects {
    pub transmit: Vec<(usize, Vec<u8>)>,
    pub close: Vec<usize>,
    pub wait: Vec<(usize, ReceiveTime)>,
    pub supersede: Vec<(usize, TerminalId)>,
    pub complaints: Vec<String>,
}

struct Connection {
    link: Link<u64>,
    /// Records the journal has no room for: nothing else is done meanwhile.
    blocked: Option<Records>,
}

/// What the writer is given.
pub enum Done {
    Alerts { upto: usize, alerts: Vec<Alert> },
    Snapshot(Saved),
}

/// What the writer is busy with.
pub enum Staged {
    Alerts(Vec<Alert>),
    Snapshot(Saved),
}

pub struct Process {
    pub journal: Journal,
    pub fold: Fold,
    pub queue: VecDeque<Done>,
    pub staged: Option<Staged>,
    connections: BTreeMap<usize, Connection>,
    routes: BTreeMap<TerminalId, usize>,
    profiles: BTreeMap<TerminalId, Arc<Profile>>,
    bindings: BTreeMap<TerminalId, Arc<Binding>>,
    ground: Ground,
    policy: Policy,
}

struct OnFile<'a>(&'a Ground, &'a BTreeMap<TerminalId, Arc<Profile>>, &'a BTreeMap<TerminalId, Arc<Binding>>);

impl Directory for OnFile<'_> {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.0.registry.vehicle(terminal).is_some()
    }

    fn profile(&self, terminal: TerminalId) -> Option<Arc<Profile>> {
        self.1.get(&terminal).cloned()
    }

    fn binding(&self, terminal: TerminalId) -> Option<Arc<Binding>> {
        self.2.get(&terminal).cloned()
    }
}

impl Process {
    /// Goes on from the snapshot where it fits, else from the first record.
    pub fn open(disk: &Disk, ground: &Ground, shape: &Shape) -> Self {
        let head = disk.journal.len();
        let fits = |saved: &&Saved| saved.position <= head && saved.engines.len() == shape.shards;
        let fold = match disk.snapshot.as_ref().filter(fits) {
            Some(saved) => Fold::resume(ground, saved),
            None => Fold::new(ground, shape.shards),
        };
        Self {
            journal: Journal::open(disk, shape.capacity),
            fold,
            queue: VecDeque::new(),
            staged: None,
            connections: BTreeMap::new(),
            routes: BTreeMap::new(),
            profiles: BTreeMap::new(),
            bindings: BTreeMap::new(),
            ground: ground.clone(),
            policy: shape.policy.clone(),
        }
    }

    pub fn connect(&mut self, id: usize, carries: Carries, now: ReceiveTime, effects: &mut Effects) {
        let link = Link::new(now, Policy { carries, ..self.policy.clone() });
        self.connections.insert(id, Connection { link, blocked: None });
        self.drain(id, now, effects);
    }

    pub fn ids(&self) -> Vec<usize> {
        self.connections.keys().copied().collect()
    }

    /// Whether it would read from this connection now.
    pub fn reads(&self, id: usize) -> bool {
        self.connections.get(&id).is_some_and(|it| it.blocked.is_none() && !it.link.is_full())
    }

    pub fn input(&mut self, id: usize, now: ReceiveTime, bytes: &[u8], effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.link.handle_input(now, bytes, &OnFile(&self.ground, &self.profiles, &self.bindings));
        let (waits, max) = (connection.link.unacknowledged(), self.policy.unacknowledged_max);
        if waits > max + bytes.len() / FRAME_BYTES_MIN + 1 {
            effects
                .complaints
                .push(format!("{waits} reports wait on one connection, at most {max} and a read"));
        }
        self.drain(id, now, effects);
    }

    pub fn timeout(&mut self, id: usize, now: ReceiveTime, effects: &mut Effects) {
        self.with(id, now, effects, |link| link.handle_timeout(now));
    }

    pub fn superseded(&mut self, id: usize, terminal: TerminalId, now: ReceiveTime, effects: &mut Effects) {
        self.with(id, now, effects, |link| link.handle_superseded(now, terminal));
    }

    /// Every record below this is durable, as far as the platform knows.
    pub fn durable(&mut self, id: usize, now: ReceiveTime, upto: usize, effects: &mut Effects) {
        self.with(id, now, effects, |link| link.handle_durable(now, upto as u64));
    }

    /// The journal has room: whoever waits for it goes on at once.
    pub fn room(&mut self, id: usize, now: ReceiveTime, effects: &mut Effects) {
        if self.connections.get(&id).is_some_and(|connection| connection.blocked.is_some()) {
            self.with(id, now, effects, |_| ());
        }
    }

    /// Its socket is gone.
    pub fn end(&mut self, id: usize) {
        if self.connections.remove(&id).is_some() {
            self.routes.retain(|_, route| *route != id);
        }
    }

    fn with(
        &mut self,
        id: usize,
        now: ReceiveTime,
        effects: &mut Effects,
        handle: impl FnOnce(&mut Link<u64>),
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(records) = connection.blocked.take() {
            match append(&mut self.journal, &mut connection.link, now, &records) {
                true => {}
                false => return connection.blocked = Some(records),
            }
        }
        handle(&mut connection.link);
        self.drain(id, now, effects);
    }

    /// Does what the link asks for, until it asks for nothing more or the journal has no room.
    fn drain(&mut self, id: usize, now: ReceiveTime, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        loop {
            match connection.link.poll_output() {
                Output::Answered { .. }
                | Output::Media(_)
                | Output::Ready(_)
                | Output::Stranger(_)
                | Output::Suspicious { .. } => {}
                Output::Bound { terminal, binding } => {
                    self.bindings.insert(terminal, binding);
                }
                Output::Close(_) => {
                    effects.close.push(id);
                    return self.end(id);
                }
                Output::Learned { terminal, profile } => {
                    self.profiles.insert(terminal, profile);
                }
                Output::Login { terminal, .. } => {
                    let old = self.routes.insert(terminal, id).filter(|old| *old != id);
                    effects.supersede.extend(old.map(|old| (old, terminal)));
                }
                Output::Logout(terminal) => {
                    if self.routes.get(&terminal) == Some(&id) {
                        self.routes.remove(&terminal);
                    }
                }
                Output::Record(records) => {
                    if !append(&mut self.journal, &mut connection.link, now, &records) {
                        connection.blocked = Some(records);
                        return;
                    }
                }
                Output::Transmit(bytes) => effects.transmit.push((id, bytes)),
                Output::Wait(until) => {
                    effects.wait.extend(until.map(|until| (id, until)));
                    return;
                }
            }
        }
    }

    /// Judges the next records that can be read; says whether it did anything.
    pub fn fold_on(&mut self, disk: &Disk) -> bool {
        let (from, upto) = (self.fold.position, self.journal.published());
        let upto = upto.min(from + BATCH_MAX);
        if self.queue.len() >= QUEUE_MAX || from >= upto {
            return false;
        }
        let batch: Vec<Record> = (from..upto).map(|at| self.journal.record(disk, at).clone()).collect();
        let mut alerts = Vec::new();
        self.fold.judge(&batch, &mut alerts);
        self.tell(alerts);
        true
    }

    /// Whether something waits for the time alone: every record has been judged.
    pub fn is_due(&self, now: ReceiveTime) -> bool {
        self.fold.position >= self.journal.head() && self.fold.is_due(Time::at(now).due())
    }

    /// Keeps the time, if there is room.
    pub fn tick(&mut self, now: ReceiveTime) {
        self.journal.append(&[Record::time(now)]);
    }

    /// Fires what is due, by a clock that the journal knows nothing of.
    pub fn fire(&mut self, now: ReceiveTime) {
        let mut alerts = Vec::new();
        self.fold.fire(Time::at(now).due(), &mut alerts);
        self.tell(alerts);
    }

    pub fn save(&mut self) {
        if self.queue.len() < QUEUE_MAX {
            self.queue.push_back(Done::Snapshot(self.fold.save()));
        }
    }

    fn tell(&mut self, alerts: Vec<Alert>) {
        if !alerts.is_empty() {
            self.queue.push_back(Done::Alerts { upto: self.fold.position, alerts });
        }
    }

    /// The writer takes what waits: alerts joined, or a snapshot; nothing that rests on records that may be lost.
    pub fn stage(&mut self, durable: usize) -> bool {
        if self.staged.is_some() {
            return false;
        }
        let mut joined = Vec::new();
        while let Some(Done::Alerts { alerts, .. }) =
            self.queue.pop_front_if(|done| matches!(done, Done::Alerts { upto, .. } if *upto <= durable))
        {
            joined.extend(alerts);
        }
        if !joined.is_empty() {
            self.staged = Some(Staged::Alerts(joined));
            return true;
        }
        let ready = |done: &mut Done| matches!(done, Done::Snapshot(saved) if saved.position <= durable);
        if let Some(Done::Snapshot(saved)) = self.queue.pop_front_if(ready) {
            self.staged = Some(Staged::Snapshot(saved));
        }
        self.staged.is_some()
    }
}

/// Cuts and appends; says whether there was room. What waited for it is received when there is.
fn append(journal: &mut Journal, link: &mut Link<u64>, now: ReceiveTime, records: &Records) -> bool {
    let starts = std::iter::once(0).chain(records.ends.iter().copied());
    let slices = starts.zip(records.ends.iter().copied());
    let cut: Vec<Record> =
        slices.map(|(from, to)| Record { received: now, frame: records.bytes[from..to].to_vec() }).collect();
    let Some(first) = journal.append(&cut) else { return false };
    link.handle_recorded(now, first as u64, cut.len());
    true
}
