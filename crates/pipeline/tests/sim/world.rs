//! Terminals, network, platform and departments on one clock that goes from event to event.

mod lines;
mod stages;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::time::Duration;

use clock::Steady;
use fleet::{ReceiveTime, TerminalId};
use jt808::Deframer;
use pipeline::Ground;

use crate::chance::Chance;
use crate::department::{Department, Session};
use crate::evidence::{self, Evidence};
use crate::fold::{SILENCE_MS, TERMINALS_MAX, digits, ground};
use crate::network::Wire;
use crate::plan::{Fault, Planted, plan};
use crate::platform::{Process, Shape};
use crate::store::{Disk, Key, LedgerDisk};
use crate::terminal::{START_MS, Terminal};

/// Faults and new reports end then.
const END_MS: i64 = 420_000;
/// After the end everything has to be settled within this.
const PATIENCE_MS: i64 = 900_000;

/// What happens at a moment. What belongs to one life of the process names it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum What {
    Commit(u32),
    Committed(u32),
    Cut(usize),
    Department,
    Downlink(usize),
    DownlinkEnds(usize),
    Durable(u32, usize),
    Fault(Fault),
    Fire(u32),
    Fold(u32),
    Post(u32),
    Restart,
    Save(u32),
    Session(u32),
    Station(usize),
    Supersede(u32, usize, TerminalId),
    Timer(u32, usize),
    Uplink(usize),
    UplinkEnds(usize),
    Write(u32),
    Wrote(u32),
}

/// One terminal, or a relay for several, and its connection.
struct Station {
    members: Vec<usize>,
    wire: Option<usize>,
    deframer: Deframer,
    retry_at: i64,
}

/// What a run was like.
#[derive(Default)]
pub struct Report {
    pub complaints: Vec<String>,
    /// What went wrong on purpose, and when.
    pub faults: Vec<(i64, Fault)>,
    pub acknowledged: usize,
    pub alerts: usize,
    pub crashes: u32,
    pub doubles: usize,
    /// How often the process was begun anew with a clock that had been set back.
    pub set_back: usize,
}

pub struct World {
    planted: Option<Planted>,
    now: i64,
    /// How far the machine's clock is from the right time.
    clock_ms: i64,
    was_set: bool,
    /// How it is set when a deadline passes next, and the process killed.
    clock_at_deadline: Option<i64>,
    /// The clock of this life of the process, and when that began.
    steady: Steady,
    born: i64,
    agenda: BinaryHeap<Reverse<(i64, u64, What)>>,
    events: u64,
    chance: Chance,
    ground: Ground,
    shape: Shape,
    disk: Disk,
    full_until: i64,
    sync_fails: bool,
    /// The power goes before the next sync has ended.
    is_doomed: bool,
    save_due: bool,
    life: u32,
    process: Option<Process>,
    has_commit: bool,
    /// Where the planted fault has looked.
    hasty: usize,
    timers: BTreeMap<usize, i64>,
    unposted: Vec<Key>,
    session: Session,
    department: Department,
    wires: Vec<Wire>,
    stations: Vec<Station>,
    terminals: Vec<Terminal>,
    evidence: Evidence,
    /// The first record of each life of the process.
    begins: HashSet<usize>,
    report: Report,
}

/// Runs one world to its end.
pub fn run(seed: u64, planted: Option<Planted>) -> Report {
    let mut world = World::new(seed, planted);
    world.live();
    world.finish()
}

/// What the double of the ledger has in the end, and the calls that made it.
pub fn ledger_of(seed: u64) -> LedgerDisk {
    let mut world = World::new(seed, None);
    world.disk.ledger.calls = Some(Vec::new());
    world.live();
    world.disk.ledger
}

impl World {
    fn new(seed: u64, planted: Option<Planted>) -> Self {
        let mut chance = Chance::new(seed);
        // A small one is full at once when the disk is.
        let capacity = if chance.one_in(8) { chance.pick(&[8, 64]) } else { 4096 };
        let shape = Shape::new(1 + chance.below(3), capacity, chance.pick(&[3, 20, 4096]));
        let count = 8 + chance.below(TERMINALS_MAX - 7);
        let mut terminals: Vec<Terminal> = (0..count).map(|n| Terminal::new(n, &mut chance)).collect();
        let mut stations = Vec::new();
        let mut next = 0;
        while next < count {
            let len = if next > 0 && chance.one_in(6) { 1 + chance.below(4) } else { 1 };
            let members: Vec<usize> = (next..count.min(next + len)).collect();
            next += members.len();
            stations.push(Station { members, wire: None, deframer: Deframer::default(), retry_at: 0 });
        }
        for terminal in terminals.iter_mut().skip(1) {
            terminal.dies_at = chance.one_in(5).then(|| chance.between(20_000, END_MS));
            terminal.forgets = planted == Some(Planted::DropInResend) && chance.one_in(4);
        }
        terminals[0].skew_ms = 0;
        let (ground, disk) = (ground(), Disk::default());
        let process = Some(Process::open(&disk, &ground, &shape));
        let mut world = Self {
            planted,
            now: 0,
            clock_ms: 0,
            was_set: false,
            clock_at_deadline: None,
            steady: Steady::new(ReceiveTime::from_ms(START_MS)),
            born: 0,
            agenda: BinaryHeap::new(),
            events: 0,
            chance,
            ground,
            shape,
            disk,
            full_until: 0,
            sync_fails: false,
            is_doomed: false,
            save_due: false,
            life: 0,
            process,
            has_commit: false,
            hasty: 0,
            timers: BTreeMap::new(),
            unposted: Vec::new(),
            session: Session::default(),
            department: Department::default(),
            wires: Vec::new(),
            stations,
            terminals,
            evidence: Evidence::default(),
            begins: HashSet::new(),
            report: Report::default(),
        };
        world.begin();
        world
    }

    fn live(&mut self) {
        let last_word = self.run_until_settled(END_MS);
        // Whatever waits for time to pass has passed then.
        self.run_until(last_word + 2 * SILENCE_MS);
        self.run_until_settled(self.now);
    }

    fn begin(&mut self) {
        for station in 0..self.stations.len() {
            let at = self.chance.between(0, 3_000);
            self.at(at, What::Station(station));
        }
        for (at, fault) in plan(END_MS, &mut self.chance) {
            self.at(at, What::Fault(fault));
        }
        self.after(0, What::Department);
        self.begin_life();
    }

    fn at(&mut self, at: i64, what: What) {
        self.events += 1;
        self.agenda.push(Reverse((at.max(self.now), self.events, what)));
    }

    fn after(&mut self, ms: i64, what: What) {
        self.at(self.now + ms, what);
    }

    fn soon(&mut self, most_ms: i64, what: What) {
        let ms = self.chance.between(0, most_ms);
        self.after(ms, what);
    }

    /// The machine's clock on the wall.
    fn wall(&self) -> ReceiveTime {
        ReceiveTime::from_ms(START_MS + self.now + self.clock_ms)
    }

    fn lived(&self) -> Duration {
        Duration::from_millis((self.now - self.born).unsigned_abs())
    }

    /// The platform's time.
    fn time(&self) -> ReceiveTime {
        self.steady.now(self.lived())
    }

    fn run_until(&mut self, end: i64) {
        while let Some(Reverse((at, _, what))) = self.agenda.pop_if_until(end) {
            self.now = at;
            self.happen(what);
        }
        self.now = end;
    }

    /// Until nothing is on its way any more; gives the moment.
    fn run_until_settled(&mut self, from: i64) -> i64 {
        self.run_until(from);
        for terminal in &mut self.terminals {
            terminal.is_quiet = true;
        }
        while !self.is_settled() {
            if self.now > from + PATIENCE_MS {
                self.report.complaints.push(self.unsettled());
                break;
            }
            self.run_until(self.now + 500);
        }
        self.now
    }

    fn is_settled(&self) -> bool {
        let Some(process) = &self.process else { return false };
        let living = self.terminals.iter().filter(|terminal| !terminal.is_dead(self.now));
        let all = process.journal.head();
        living.into_iter().all(Terminal::is_done)
            && (process.journal.durable, process.fold.position) == (all, all)
            && process.queue.is_empty()
            && process.staged.is_none()
            && self.unposted.is_empty()
            && self.session.is_dry(&self.disk)
            && self.department.is_idle()
    }

    fn unsettled(&self) -> String {
        let waits = self.terminals.iter().filter(|it| !it.is_dead(self.now) && !it.is_done()).count();
        let journal = self.process.as_ref().map(|it| (it.journal.head(), it.journal.durable));
        format!(
            "not settled {PATIENCE_MS} ms after the last fault: {waits} terminals wait, journal {journal:?}"
        )
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Cut(wire) => self.cut(wire),
            What::Department => {
                self.department.step(self.now, &mut self.report.complaints);
                self.after(500, What::Department);
            }
            What::Downlink(wire) => self.downlink(wire),
            What::DownlinkEnds(wire) if self.wires[wire].held => {
                self.downlink(wire);
                self.leave(wire);
            }
            What::Fault(fault) => self.fail(fault),
            What::Restart => {
                self.process = Some(Process::open(&self.disk, &self.ground, &self.shape));
                self.begin_life();
            }
            What::Station(station) => self.station(station),
            What::Uplink(wire) => self.uplink(wire),
            What::UplinkEnds(wire) => {
                self.uplink(wire);
                self.on_process(|process, _, _| process.end(wire));
            }
            What::Supersede(life, wire, terminal) if life == self.life => {
                self.on_process(|process, now, effects| process.superseded(wire, terminal, now, effects));
            }
            What::Timer(life, wire) if life == self.life => {
                self.timers.remove(&wire);
                self.on_process(|process, now, effects| process.timeout(wire, now, effects));
            }
            What::Commit(life)
            | What::Committed(life)
            | What::Durable(life, _)
            | What::Fire(life)
            | What::Fold(life)
            | What::Post(life)
            | What::Save(life)
            | What::Session(life)
            | What::Write(life)
            | What::Wrote(life)
                if life == self.life && self.process.is_some() =>
            {
                self.work(what);
            }
            _ => {} // of a life, or to a connection, that is over
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.report.faults.push((self.now, fault));
        match fault {
            Fault::Clock(by) => self.set_clock(by),
            Fault::ClockAtDeadline(by) => self.clock_at_deadline = Some(by),
            Fault::ConsumerLost => self.session.lose(self.now, &mut self.department, &mut self.chance),
            Fault::DiskFull(ms) => self.full_until = self.now + ms,
            Fault::Kill => self.crash(false),
            // At the worst moments: while a commit is under way, and perhaps a snapshot.
            Fault::PowerCut if self.chance.one_in(2) => {
                self.is_doomed = true;
                self.save_due |= self.chance.one_in(2);
            }
            Fault::PowerCut => self.crash(true),
            Fault::SyncFails => self.sync_fails = true,
        }
    }

    fn set_clock(&mut self, by: i64) {
        self.clock_ms += by;
        self.was_set |= by != 0;
    }

    fn finish(mut self) -> Report {
        let complaints = &mut self.report.complaints;
        evidence::check_order(&self.disk.journal, &self.begins, complaints);
        self.evidence.check(&self.disk.journal, complaints);
        evidence::check_revisions(&self.disk.ledger.revisions, complaints);
        if self.department.has != self.disk.ledger.revisions {
            let missing =
                self.disk.ledger.revisions.keys().filter(|key| !self.department.has.contains_key(*key));
            complaints.push(format!("the department never got {:?}", missing.collect::<Vec<_>>()));
        }
        for terminal in self.terminals.iter().filter(|terminal| !terminal.is_dead(self.now)) {
            if terminal.made != terminal.done {
                complaints.push(format!("{} of {} reports were acknowledged", terminal.done, terminal.made));
            }
        }
        let sane = |(number, terminal): (usize, &Terminal)| {
            (terminal.skew_ms.abs() < 100_000 && !self.was_set)
                .then(|| TerminalId::parse(&digits(number)).unwrap())
        };
        let sane: HashSet<TerminalId> = self.terminals.iter().enumerate().filter_map(sane).collect();
        evidence::check_end(&self.disk, &self.ground, &sane, complaints);
        Report {
            acknowledged: self.evidence.count(),
            alerts: self.disk.ledger.revisions.len(),
            doubles: self.department.doubles,
            ..self.report
        }
    }
}

trait PopUntil {
    fn pop_if_until(&mut self, end: i64) -> Option<Reverse<(i64, u64, What)>>;
}

impl PopUntil for BinaryHeap<Reverse<(i64, u64, What)>> {
    fn pop_if_until(&mut self, end: i64) -> Option<Reverse<(i64, u64, What)>> {
        self.peek().is_some_and(|Reverse((at, ..))| *at <= end).then(|| self.pop()).flatten()
    }
}
