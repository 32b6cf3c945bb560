//! What is true now of every vehicle, folded once for all who look. Each vehicle has a slot, a small number that is never
//! given to another while the process lives; what the map draws lies in flat arrays by slot, so that a look at 100,000
//! vehicles is a walk along memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use fleet::{Alert, Division, LonLat, ReceiveTime, Registry, Severity, TerminalId, Vehicle, VehicleClass};
use pipeline::{Live, LiveEvent, LiveVehicle};
use settings::Reference;
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::now;
use crate::guard::Caller;
use crate::ring::Ring;
use crate::vehicles::ONLINE_MAX;

/// How often vehicles that fell silent are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Words taken under one lock; readers get their turn in between.
const BATCH_MAX: usize = 1024;
/// From here on a vehicle moves; `rules.common.moving_kmh` unless told.
const MOVING_TENTHS: u16 = 50;
/// Where web mercator ends.
const MERCATOR_LAT_MAX: f64 = 85.051_128_78;

/// What the map draws of one vehicle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Point {
    /// Longitude, 1e-7 degree; [`Point::NOWHERE`] before the first position.
    pub(crate) lon_e7: i32,
    /// Latitude, 1e-7 degree.
    pub(crate) lat_e7: i32,
    /// Web mercator, the world being 2³² wide.
    pub(crate) x: u32,
    /// The same from north to south.
    pub(crate) y: u32,
    /// The terminal's time, seconds since 1970.
    pub(crate) time_s: u32,
    /// Whose it is: an index of [`Slots::groups`].
    pub(crate) group: u32,
    /// 0.1 km/h.
    pub(crate) speed: u16,
    /// 1.5 degrees; 255 is unknown.
    pub(crate) heading: u8,
    /// See [`Point::is_online`] and its neighbours.
    pub(crate) state: u8,
}

impl Point {
    /// No longitude on earth.
    pub(crate) const NOWHERE: i32 = i32::MIN;
    const ONLINE: u8 = 1;
    const MOVING: u8 = 1 << 1;
    const SEVERITY_SHIFT: u8 = 2;
    const CLASS_SHIFT: u8 = 5;

    fn unheard(group: u32, class: u8) -> Self {
        let state = class << Self::CLASS_SHIFT;
        Self {
            lon_e7: Self::NOWHERE,
            lat_e7: 0,
            x: 0,
            y: 0,
            time_s: 0,
            group,
            speed: 0,
            heading: u8::MAX,
            state,
        }
    }

    pub(crate) fn has_place(&self) -> bool {
        self.lon_e7 != Self::NOWHERE
    }

    pub(crate) fn is_online(&self) -> bool {
        self.state & Self::ONLINE != 0
    }

    /// As an index of [`Slots::groups`].
    pub(crate) fn group_index(&self) -> usize {
        usize::try_from(self.group).unwrap_or(usize::MAX)
    }

    /// 0 none, 1 info to 4 critical.
    pub(crate) fn severity(&self) -> u8 {
        self.state >> Self::SEVERITY_SHIFT & 7
    }

    /// See [`class_number`].
    pub(crate) fn class(&self) -> u8 {
        self.state >> Self::CLASS_SHIFT
    }

    fn take(&mut self, word: &LiveVehicle, now: ReceiveTime) {
        let mut state = self.class() << Self::CLASS_SHIFT;
        state |= word.worst_open.map_or(0, severity_number) << Self::SEVERITY_SHIFT;
        if now.since(word.received) <= ONLINE_MAX {
            state |= Self::ONLINE;
        }
        if let Some(fix) = word.fix.as_ref().filter(|fix| fix.position.is_possible()) {
            let LonLat { lon_e6, lat_e6 } = fix.position;
            (self.lon_e7, self.lat_e7) = (lon_e6 * 10, lat_e6 * 10);
            (self.x, self.y) = mercator(fix.position.lon(), fix.position.lat());
            self.time_s = u32::try_from(fix.at.ms() / 1000).unwrap_or_default();
            self.speed = fix.speed.tenths();
            self.heading =
                fix.heading.and_then(|heading| u8::try_from(heading.deg() * 2 / 3).ok()).unwrap_or(u8::MAX);
        }
        if self.speed >= MOVING_TENTHS && state & Self::ONLINE != 0 {
            state |= Self::MOVING;
        }
        self.state = state;
    }
}

/// Degrees as web mercator, the world being 2³² wide and high.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
pub(crate) fn mercator(lon: f64, lat: f64) -> (u32, u32) {
    const WORLD: f64 = 4_294_967_296.0;
    let lat = lat.clamp(-MERCATOR_LAT_MAX, MERCATOR_LAT_MAX).to_radians();
    let north = lat.tan().asinh() / std::f64::consts::TAU;
    (((lon + 180.0) / 360.0 * WORLD) as u32, ((0.5 - north) * WORLD) as u32)
}

/// On the wire: never renumber.
pub(crate) const fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Minor => 2,
        Severity::Major => 3,
        Severity::Critical => 4,
    }
}

/// On the wire: never renumber; 7 is a vehicle that is not on file.
pub(crate) const fn class_number(class: VehicleClass) -> u8 {
    match class {
        VehicleClass::ScheduledCoach => 0,
        VehicleClass::CharterCoach => 1,
        VehicleClass::HazmatTruck => 2,
        VehicleClass::SchoolBus => 3,
        VehicleClass::HeavyTruck => 4,
    }
}

const CLASS_UNKNOWN: u8 = 7;

/// Whose a vehicle is. All vehicles of one operator and one division are seen, or not, together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Group {
    /// Empty for a vehicle that is not on file.
    pub(crate) operator: String,
    /// Where it is registered.
    pub(crate) division: Division,
}

impl Group {
    fn of(vehicle: Option<&Vehicle>) -> Self {
        vehicle.map_or(Self { operator: String::new(), division: Division::UNKNOWN }, |vehicle| Self {
            operator: vehicle.operator.clone(),
            division: vehicle.division,
        })
    }
}

/// Whether a caller may see vehicles of this operator and division.
pub(crate) fn sees_group(caller: &Caller, group: &Group) -> bool {
    caller.scope.sees_vehicle(&group.operator, group.division)
}

/// Every vehicle on file or heard of.
#[derive(Default)]
pub(crate) struct Slots {
    points: Vec<Point>,
    /// The change that touched each slot last.
    changed: Vec<u64>,
    heard: Vec<Option<ReceiveTime>>,
    terminals: Vec<TerminalId>,
    on_file: Vec<bool>,
    by_terminal: HashMap<TerminalId, usize>,
    groups: Vec<Group>,
    by_group: HashMap<Group, u32>,
    change: u64,
    registry: Arc<Registry>,
    edition: u64,
}

impl Slots {
    /// By slot.
    pub(crate) fn points(&self) -> &[Point] {
        &self.points
    }

    /// By slot, the number of the change that touched it last.
    pub(crate) fn changed(&self) -> &[u64] {
        &self.changed
    }

    /// Slots that changed after this one.
    pub(crate) fn since(&self, change: u64) -> impl Iterator<Item = (usize, &Point)> {
        let changed = self.points.iter().zip(&self.changed).enumerate();
        changed.filter(move |(_, (_, changed))| **changed > change).map(|(slot, (point, _))| (slot, point))
    }

    /// Slots of vehicles that are on file or were heard of.
    pub(crate) fn known(&self) -> impl Iterator<Item = (usize, &Point)> {
        let is_known = |slot: usize| self.on_file[slot] || self.heard[slot].is_some();
        self.points.iter().enumerate().filter(move |(slot, _)| is_known(*slot))
    }

    /// Terminals that were heard of and are not on file.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = TerminalId> {
        let all = self.terminals.iter().zip(&self.on_file).zip(&self.heard);
        all.filter(|((_, on_file), heard)| !**on_file && heard.is_some()).map(|((terminal, _), _)| *terminal)
    }

    /// The newest change.
    pub(crate) fn change(&self) -> u64 {
        self.change
    }

    /// Rises when the registry changes.
    pub(crate) fn edition(&self) -> u64 {
        self.edition
    }

    /// Whose vehicles there are; grows only.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What is on file about vehicles.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whose slot this is.
    pub(crate) fn terminal(&self, slot: usize) -> Option<TerminalId> {
        self.terminals.get(slot).copied()
    }

    /// Whose a terminal's vehicle is.
    pub(crate) fn group_of(&self, terminal: TerminalId) -> Group {
        Group::of(self.registry.vehicle(terminal))
    }

    /// Puts another registry into force.
    pub(crate) fn set_registry(&mut self, registry: &Arc<Registry>) {
        self.registry = Arc::clone(registry);
        self.edition += 1;
        self.change += 1;
        let mut terminals: Vec<_> = registry.vehicles().map(|vehicle| vehicle.terminal).collect();
        terminals.sort_unstable();
        for terminal in terminals {
            self.slot(terminal);
        }
        for slot in 0..self.terminals.len() {
            self.describe(slot);
        }
    }

    /// Takes words of vehicles as one change: each of them is news, even if nothing in it is new.
    pub(crate) fn take<'a>(&mut self, words: impl Iterator<Item = &'a LiveVehicle>, now: ReceiveTime) {
        self.change += 1;
        for word in words {
            let slot = self.store(word, now);
            self.changed[slot] = self.change;
        }
    }

    /// Takes the latest word of every vehicle after some were missed; those that say something new are news.
    pub(crate) fn refill<'a>(&mut self, words: impl Iterator<Item = &'a LiveVehicle>, now: ReceiveTime) {
        self.change += 1;
        for word in words {
            let slot = self.slot(word.terminal);
            let before = (self.points[slot], self.heard[slot]);
            self.store(word, now);
            if (self.points[slot], self.heard[slot]) != before {
                self.changed[slot] = self.change;
            }
        }
    }

    fn store(&mut self, word: &LiveVehicle, now: ReceiveTime) -> usize {
        let slot = self.slot(word.terminal);
        self.heard[slot] = Some(word.received);
        self.points[slot].take(word, now);
        slot
    }

    /// Vehicles that said nothing for a while are no longer online.
    pub(crate) fn sweep(&mut self, now: ReceiveTime) {
        self.change += 1;
        for ((point, changed), heard) in self.points.iter_mut().zip(&mut self.changed).zip(&self.heard) {
            if point.is_online() && heard.is_none_or(|heard| now.since(heard) > ONLINE_MAX) {
                point.state &= !(Point::ONLINE | Point::MOVING);
                *changed = self.change;
            }
        }
    }

    fn slot(&mut self, terminal: TerminalId) -> usize {
        if let Some(&slot) = self.by_terminal.get(&terminal) {
            return slot;
        }
        let slot = self.terminals.len();
        self.by_terminal.insert(terminal, slot);
        self.terminals.push(terminal);
        self.points.push(Point::unheard(0, CLASS_UNKNOWN));
        self.changed.push(self.change);
        self.heard.push(None);
        self.on_file.push(false);
        self.describe(slot);
        slot
    }

    /// What the registry says about a slot.
    fn describe(&mut self, slot: usize) {
        let vehicle = self.registry.vehicle(self.terminals[slot]);
        let group =
            vehicle.map_or(Group { operator: String::new(), division: Division::UNKNOWN }, |vehicle| Group {
                operator: vehicle.operator.clone(),
                division: vehicle.division,
            });
        let class = vehicle.map_or(CLASS_UNKNOWN, |vehicle| class_number(vehicle.class));
        self.on_file[slot] = vehicle.is_some();
        let next = u32::try_from(self.groups.len()).expect("fewer groups than vehicles");
        let group = *self.by_group.entry(group).or_insert_with_key(|group| {
            self.groups.push(group.clone());
            next
        });
        let point = &mut self.points[slot];
        point.group = group;
        point.state = point.state & !(7 << Point::CLASS_SHIFT) | class << Point::CLASS_SHIFT;
        self.changed[slot] = self.change;
    }
}

/// The one [`Slots`] of the process and the task that keeps it.
pub(crate) struct Fold {
    slots: RwLock<Slots>,
}

impl Fold {
    /// With everything that is known now.
    pub(crate) fn new(live: &Live, registry: &Arc<Registry>) -> Self {
        let mut slots = Slots::default();
        slots.set_registry(registry);
        slots.take(live.vehicles().iter().map(|word| &**word), now());
        Self { slots: RwLock::new(slots) }
    }

    /// Held for a few milliseconds at most, never over an await.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Slots> {
        // A panic between two slots leaves each of them whole.
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, work: impl FnOnce(&mut Slots)) {
        work(&mut self.slots.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Follows the pipeline until the console stops, and hands its alerts on. Never waits for a store: what the pipeline
    /// says would be lost meanwhile.
    pub(crate) async fn follow(self: Arc<Self>, mut pipeline: Pipeline, stopping: CancellationToken) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                event = pipeline.feed.recv() => match event {
                    Ok(event) => self.take_batch(event, &mut pipeline),
                    Err(RecvError::Lagged(_)) => self.take_all(&pipeline),
                    Err(RecvError::Closed) => return,
                },
                Ok(()) = pipeline.reference.changed() => {
                    let registry = Arc::clone(&pipeline.reference.borrow_and_update().registry);
                    self.write(|slots| slots.set_registry(&registry));
                }
                _ = sweep.tick() => self.write(|slots| slots.sweep(now())),
            }
        }
    }

    fn take_batch(&self, first: LiveEvent, pipeline: &mut Pipeline) {
        let mut words = Vec::new();
        let mut next = Ok(first);
        loop {
            match next {
                Ok(LiveEvent::Vehicle(word)) => words.push(word),
                Ok(LiveEvent::Alert(alert)) => pipeline.hand_on(alert),
                Err(TryRecvError::Lagged(_)) => return self.take_all(pipeline),
                // The end is told by the next receive.
                Err(TryRecvError::Closed | TryRecvError::Empty) => break,
            }
            if words.len() == BATCH_MAX {
                break;
            }
            next = pipeline.feed.try_recv();
        }
        self.write(|slots| slots.take(words.iter().map(|word| &**word), now()));
    }

    /// Words were missed: the latest of each vehicle is still there. Alerts are not.
    fn take_all(&self, pipeline: &Pipeline) {
        let words = pipeline.live.vehicles();
        self.write(|slots| slots.refill(words.iter().map(|word| &**word), now()));
        pipeline.ring.break_off();
    }
}

/// Where news comes from and where its alerts go.
pub(crate) struct Pipeline {
    pub(crate) live: Live,
    pub(crate) feed: broadcast::Receiver<LiveEvent>,
    pub(crate) reference: watch::Receiver<Arc<Reference>>,
    pub(crate) alerts: mpsc::Sender<Arc<Alert>>,
    pub(crate) ring: Arc<Ring>,
}

impl Pipeline {
    fn hand_on(&self, alert: Arc<Alert>) {
        if self.alerts.try_send(alert).is_err() {
            self.ring.break_off();
        }
    }
}
