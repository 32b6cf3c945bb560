//! The engine: observations in, alerts out.

mod notice;
mod quality;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fleet::{
    Alert, Card, Division, DriverLabel, EventTime, Map, News, Observation, ReceiveTime, Registration,
    Registry, Report, Role, TerminalId, VehicleClass,
};
use serde::{Deserialize, Serialize};

use crate::book::Common;
use crate::kind::device;
use crate::kind::event::URGENT;
use crate::kind::wheel::LogOn;
use crate::lane::{Clear, Facts, Ground, Lane, Scratch};
use crate::rulebook::Rulebook;
use crate::shift::Shift;
use crate::structure::Structures;
use crate::vehicle::{Remembered, fingerprint};

/// Vehicles one engine remembers, up to 2 kB each. Past it a new terminal is refused and counted; with the
/// registry's admission that cannot happen.
const VEHICLES_MAX: usize = 10_000_000;

/// What became of an observation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// In order and in time: the newest word of its vehicle.
    Live,
    /// Older than the newest accepted one or than the live window: evaluated as history.
    Late,
    /// Seen before, changed nothing.
    Duplicate,
    /// Not evidence; alarm bits and events may still have been used.
    Rejected(Fault),
    /// The terminal says it has no fix; alarm bits and events were used.
    NoPosition,
    /// No position report.
    Other,
}

impl Verdict {
    /// For metrics and summaries; a rejected report goes by its fault.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::Rejected(fault) => fault.as_str(),
            Self::NoPosition => "no-position",
            Self::Other => "other",
        }
    }
}

/// Why a report is no evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Coordinates were shifted by a plug-in.
    Encrypted,
    /// The same position to the last digit, at speed.
    Frozen,
    /// Further ahead than the tolerance.
    FutureTime,
    /// No place in the region, or no speed of a vehicle.
    Impossible,
    /// Further from the last fix than anyone drives.
    Jump,
    /// Further back than the history window.
    TooOld,
    /// The table of vehicles is full.
    VehiclesMax,
}

impl Fault {
    /// For metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Frozen => "frozen",
            Self::FutureTime => "future-time",
            Self::Impossible => "impossible",
            Self::Jump => "jump",
            Self::TooOld => "too-old",
            Self::VehiclesMax => "vehicles-max",
        }
    }
}

/// All that is remembered. What a restart needs to go on with the same bytes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct State {
    vehicles: Vec<Remembered>,
    structures: Structures,
}

/// The rules over all vehicles of one shard.
pub struct Engine {
    books: Arc<Rulebook>,
    registry: Arc<Registry>,
    map: Arc<dyn Map>,
    state: State,
    index: HashMap<TerminalId, u32>,
    facts: Vec<Facts>,
    clear: Vec<Clear>,
    /// Every vehicle's `wake`, earliest first.
    wakes: BTreeSet<(ReceiveTime, u32)>,
    scratch: Scratch,
    /// Days whose counts changed since they were last handed out, and the vehicles that have some, first come first served.
    /// Not saved: whoever saves the state takes them first.
    changed: Vec<crate::quality::Changed>,
    waiting: std::collections::VecDeque<u32>,
}

impl Engine {
    /// With nothing remembered.
    pub fn new(books: Arc<Rulebook>, registry: Arc<Registry>, map: Arc<dyn Map>) -> Self {
        Self::with_state(books, registry, map, State::default())
    }

    /// Continues where `state` was saved.
    pub fn with_state(
        books: Arc<Rulebook>,
        registry: Arc<Registry>,
        map: Arc<dyn Map>,
        state: State,
    ) -> Self {
        let numbered = || (0_u32..).zip(&state.vehicles);
        let index = numbered().map(|(index, vehicle)| (vehicle.terminal, index)).collect();
        let wakes = numbered().filter_map(|(index, vehicle)| Some((vehicle.wake?, index))).collect();
        let facts = state.vehicles.iter().map(|v| facts(&books, &registry, &*map, v.terminal)).collect();
        let clear = vec![None; state.vehicles.len()];
        let changed = vec![Default::default(); state.vehicles.len()];
        let (scratch, waiting) = (Scratch::default(), Default::default());
        Self { books, registry, map, state, index, facts, clear, wakes, scratch, changed, waiting }
    }

    /// Fires the vehicle's own deadlines up to the moment of receipt, then evaluates the observation. Those of others are
    /// for [`Engine::handle_timeout`]: which of them share this engine must not matter.
    pub fn handle_observation(&mut self, observation: &Observation, out: &mut Vec<Alert>) -> Verdict {
        self.scratch.shifts.clear();
        let Some(index) = self.vehicle(observation.terminal) else {
            return Verdict::Rejected(Fault::VehiclesMax);
        };
        self.wake_due(index, observation.received, out);
        let before = out.len();
        let verdict = match &observation.news {
            News::Report(report) => self.report(index, observation.received, report, out),
            News::Card(card) => {
                self.hear(index, observation.received);
                self.card(index, observation, card, out)
            }
            News::Registration(said) => {
                self.hear(index, observation.received);
                let cloned = Some(said).filter(|said| self.is_clone(observation, said));
                self.turn(index, false, |lane, ground, _, _| {
                    lane.registered(ground, observation.received, cloned, out);
                });
                Verdict::Other
            }
        };
        self.count(index, Some((observation, verdict)), out.get(before..).unwrap_or_default());
        self.schedule(index);
        verdict
    }

    /// What the last observation said of its vehicle's driver; [`crate::Crews`] has to see all of it, in order.
    pub fn shifts(&self) -> &[Shift] {
        &self.scratch.shifts
    }

    /// Fires every deadline up to `now`.
    pub fn handle_timeout(&mut self, now: ReceiveTime, out: &mut Vec<Alert>) {
        while let Some((_, index)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
            self.wake_due(index as usize, now, out);
        }
    }

    /// The next moment [`Engine::handle_timeout`] may have something to do.
    pub fn next_timeout(&self) -> Option<ReceiveTime> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Puts new reference data into force; open alerts stay as they are until the next word of their vehicle.
    pub fn reload(&mut self, books: Arc<Rulebook>, registry: Arc<Registry>, map: Arc<dyn Map>) {
        (self.books, self.registry, self.map) = (books, registry, map);
        for (facts, vehicle) in self.facts.iter_mut().zip(&mut self.state.vehicles) {
            *facts = self::facts(&self.books, &self.registry, &*self.map, vehicle.terminal);
            vehicle.forget_map();
        }
        self.clear.fill(None);
    }

    /// Whether anything about a vehicle is pending or open: its frames are then evidence.
    pub fn is_watching(&self, terminal: TerminalId) -> bool {
        let vehicle = self.index.get(&terminal).map(|index| &self.state.vehicles[*index as usize]);
        let watches = |lane: &Lane| !lane.episodes.is_empty();
        vehicle.is_some_and(|v| watches(&v.live) || v.history.as_deref().is_some_and(watches))
    }

    /// What to save.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The place of a vehicle in the table; a new one is added.
    fn vehicle(&mut self, terminal: TerminalId) -> Option<usize> {
        if let Some(index) = self.index.get(&terminal) {
            return Some(*index as usize);
        }
        let index = self.state.vehicles.len();
        let number = u32::try_from(index).ok().filter(|_| index < VEHICLES_MAX)?;
        self.index.insert(terminal, number);
        self.facts.push(facts(&self.books, &self.registry, &*self.map, terminal));
        self.clear.push(None);
        self.changed.push(Default::default());
        self.state.vehicles.push(Remembered::new(terminal));
        Some(index)
    }

    fn report(
        &mut self,
        index: usize,
        received: ReceiveTime,
        report: &Report,
        out: &mut Vec<Alert>,
    ) -> Verdict {
        let book = Arc::clone(&self.facts[index].book);
        let common = &book.common;
        let at = report.fix.at;
        let print = fingerprint(report);
        if self.state.vehicles[index].has_seen(report, print) {
            return Verdict::Duplicate;
        }
        let clock = &mut self.state.vehicles[index].clock;
        if let Some(set) = device::clock_set(clock, report, received, &book.device_tamper) {
            self.turn(index, false, |lane, ground, _, _| lane.clock_was_set(ground, received, set, out));
        }
        let stale = at.age_at(received) > common.live_window;
        let fault = bad_time(common, at, received);
        if let Some(fault) = fault {
            self.hear(index, received);
            self.turn(index, false, |lane, ground, _, _| lane.bad_clock(ground, received, false, out));
            return Verdict::Rejected(fault);
        }
        let vehicle = &mut self.state.vehicles[index];
        vehicle.see(report, print);
        let overtaken = vehicle.newest_at.is_some_and(|newest| at < newest);
        if !stale && overtaken && report.alarms.has(URGENT) {
            self.turn(index, false, |lane, ground, _, _| lane.urgent(ground, report, out));
            let rest = Report { alarms: report.alarms.without(URGENT), ..report.clone() };
            return self.late(index, received, &rest, out);
        }
        if stale || overtaken {
            return self.late(index, received, report, out);
        }
        vehicle.go_live(&book, at);
        self.hear(index, received);
        match self.turn(index, false, |lane, ground, clear, scratch| {
            lane.report(ground, clear, report, scratch, out)
        }) {
            Ok(true) => Verdict::Live,
            Ok(false) => Verdict::NoPosition,
            Err(fault) => Verdict::Rejected(fault),
        }
    }

    /// The vehicle is not silent. What comes late is no word of now: it lets no live alert stand.
    fn hear(&mut self, index: usize, received: ReceiveTime) {
        let heard = &mut self.state.vehicles[index].live.heard;
        *heard = received.max(*heard);
    }

    /// History: its own lane, which may neither clear nor move anything live.
    fn late(
        &mut self,
        index: usize,
        received: ReceiveTime,
        report: &Report,
        out: &mut Vec<Alert>,
    ) -> Verdict {
        let at = report.fix.at;
        let least = self.facts[index].book.device_tamper.clock_back;
        let vehicle = &mut self.state.vehicles[index];
        let back = !report.backfill && vehicle.newest_at.is_some_and(|newest| at < newest);
        if back && device::clock_back(&mut vehicle.back, at, received, least) {
            self.hear(index, received);
            self.turn(index, false, |lane, ground, _, _| lane.bad_clock(ground, received, true, out));
        }
        let vehicle = &mut self.state.vehicles[index];
        if vehicle.history.as_ref().is_some_and(|history| history.newest.is_some_and(|n| at < n.at)) {
            self.end_history(index, out);
        }
        let vehicle = &mut self.state.vehicles[index];
        vehicle.begin_history(at, received);
        let judged = self.turn(index, true, |lane, ground, _, scratch| {
            lane.report(ground, &mut None, report, scratch, out)
        });
        self.state.vehicles[index].learn_passes();
        match judged {
            Ok(true) => Verdict::Late,
            Ok(false) => Verdict::NoPosition,
            Err(fault) => Verdict::Rejected(fault),
        }
    }

    fn end_history(&mut self, index: usize, out: &mut Vec<Alert>) {
        self.turn(index, true, |lane, ground, _, _| {
            let at = lane.newest.map(|newest| newest.at).unwrap_or_default();
            lane.close(at, ground, out);
        });
        self.state.vehicles[index].history = None;
    }

    fn card(&mut self, index: usize, seen: &Observation, card: &Card, out: &mut Vec<Alert>) -> Verdict {
        let book = Arc::clone(&self.facts[index].book);
        let common = &book.common;
        if let Some(fault) = bad_time(common, card.at, seen.received) {
            return Verdict::Rejected(fault);
        }
        let late = card.at.age_at(seen.received) > common.live_window;
        let vehicle = &mut self.state.vehicles[index];
        if vehicle.card_at.is_some_and(|at| card.at < at) {
            return Verdict::Late;
        }
        let certificate = card.certificate.clone().filter(|_| card.inserted);
        let leaves = vehicle.driver.as_ref().is_some_and(|driver| {
            !card.inserted || certificate.as_ref().is_some_and(|new| *new != driver.certificate)
        });
        if leaves {
            self.tell_card(index, false, card.at);
        }
        let vehicle = &mut self.state.vehicles[index];
        vehicle.card_at = Some(card.at);
        let mut log_on = None;
        if let Some(certificate) = certificate {
            let on_file = self.registry.driver(&certificate);
            let name = on_file.map(|driver| driver.name.clone()).or_else(|| card.name.clone());
            let role = on_file.map_or(Role::Driver, |driver| driver.role);
            // Whoever is no driver takes over nothing: the account stays the driver's.
            let before = match role {
                Role::Driver => vehicle.drove.replace(certificate.clone()).filter(|b| *b != certificate),
                Role::Carer | Role::Escort => None,
            };
            log_on = Some(LogOn { role, before });
            vehicle.driver = Some(DriverLabel { certificate, name: name.unwrap_or_default() });
            self.tell_card(index, true, card.at);
        } else if !card.inserted {
            vehicle.driver = None;
        }
        self.turn(index, false, |lane, ground, _, _| {
            lane.card(Ground { late, ..ground }, card, log_on.as_ref(), out);
        });
        if late { Verdict::Late } else { Verdict::Other }
    }

    /// The driving up to here is the driver's whose card is, or was, in; then the card itself.
    fn tell_card(&mut self, index: usize, inserted: bool, at: EventTime) {
        self.turn(index, false, |lane, ground, _, scratch| {
            if !inserted {
                lane.tell(ground, lane.drive.span_start(), &mut scratch.shifts);
            }
            scratch.shifts.extend(lane.tell_card(ground, inserted, at));
        });
    }

    /// Whether the plate is on file for another terminal that was heard just now. Only vehicles of the same
    /// shard are known here.
    fn is_clone(&self, seen: &Observation, said: &Registration) -> bool {
        let owner =
            self.registry.terminal_of(&said.plate, said.color).filter(|owner| *owner != seen.terminal);
        let heard = owner
            .and_then(|owner| self.index.get(&owner))
            .map(|index| self.state.vehicles[*index as usize].live.heard);
        heard.is_some_and(|heard| seen.received.since(heard) <= self.books.base().clone_plate.live_within)
    }

    /// Runs one turn on the live or the history lane of a vehicle.
    fn turn<T>(
        &mut self,
        index: usize,
        late: bool,
        run: impl FnOnce(&mut Lane, Ground<'_>, &mut Clear, &mut Scratch) -> T,
    ) -> T {
        let State { vehicles, structures, .. } = &mut self.state;
        let Remembered { terminal, live, history, driver, card_at, drove, .. } = &mut vehicles[index];
        let facts = &self.facts[index];
        let ground = Ground {
            book: &facts.book,
            rules_version: self.books.version(),
            registry: &self.registry,
            map: &*self.map,
            structures,
            terminal: *terminal,
            class: facts.class,
            facts,
            driver: driver.as_ref(),
            since: *card_at,
            reader: drove.is_some(),
            late,
        };
        let lane = if late { &mut **history.get_or_insert_default() } else { live };
        run(lane, ground, &mut self.clear[index], &mut self.scratch)
    }

    /// Silence: what is open is cleared at the vehicle's last word; history that ended is put away. Each lane at its own
    /// deadline, the earlier one first: whoever asks seldom gets what he gets who asks often.
    fn wake_due(&mut self, index: usize, now: ReceiveTime, out: &mut Vec<Alert>) {
        let vehicle = &mut self.state.vehicles[index];
        let Some(at) = vehicle.wake.take_if(|at| *at <= now) else { return };
        self.wakes.remove(&(at, number(index)));
        let (silence, before) = (self.facts[index].book.common.silence, out.len());
        let is_over = |heard: &ReceiveTime| heard.plus(silence) <= now;
        let live = (!vehicle.live.episodes.is_empty()).then_some(vehicle.live.heard).filter(is_over);
        let history = vehicle.history.as_deref().map(|history| history.heard).filter(is_over);
        if history.is_some_and(|history| live.is_none_or(|live| history < live)) {
            self.end_history(index, out);
        }
        if live.is_some() {
            self.turn(index, false, |lane, ground, _, _| {
                let at = lane.newest.map(|newest| newest.at).unwrap_or_default();
                lane.close(at, ground, out);
            });
        }
        if history.is_some() && self.state.vehicles[index].history.is_some() {
            self.end_history(index, out);
        }
        self.count(index, None, out.get(before..).unwrap_or_default());
        self.schedule(index);
    }

    /// Sees to it that a vehicle with something open is looked at when it may have fallen silent.
    fn schedule(&mut self, index: usize) {
        let vehicle = &mut self.state.vehicles[index];
        if vehicle.wake.is_some() || (vehicle.live.episodes.is_empty() && vehicle.history.is_none()) {
            return;
        }
        let history = vehicle.history.as_deref().map(|history| history.heard);
        let live = (!vehicle.live.episodes.is_empty()).then_some(vehicle.live.heard);
        let Some(first) = history.into_iter().chain(live).min() else { return };
        let at = first.plus(self.facts[index].book.common.silence);
        vehicle.wake = Some(at);
        self.wakes.insert((at, number(index)));
    }
}

/// A place in the table, as it is kept.
fn number(index: usize) -> u32 {
    u32::try_from(index).expect("the table holds fewer than 2^32 vehicles")
}

/// A time no clock that works can have.
fn bad_time(common: &Common, at: EventTime, received: ReceiveTime) -> Option<Fault> {
    if at.ahead_of(received) > common.future_tolerance {
        return Some(Fault::FutureTime);
    }
    (at.age_at(received) > common.history_window).then_some(Fault::TooOld)
}

/// What is on file; a terminal that is not is a heavy truck, the class with the fewest rules.
pub(crate) fn facts(books: &Rulebook, registry: &Registry, map: &dyn Map, terminal: TerminalId) -> Facts {
    let vehicle = registry.vehicle(terminal);
    let class = vehicle.map_or(VehicleClass::HeavyTruck, |vehicle| vehicle.class);
    let book = Arc::clone(books.book(terminal, class, vehicle));
    let route = vehicle.and_then(|vehicle| vehicle.route.as_deref());
    Facts {
        class,
        route: route.and_then(|id| map.route(id)),
        home: vehicle
            .filter(|_| class == VehicleClass::CharterCoach)
            .map(|vehicle| vehicle.division)
            .filter(|division| *division != Division::UNKNOWN),
        files_charters: vehicle.is_some_and(|vehicle| registry.files_charters(&vehicle.operator)),
        night_exempt: route.is_some_and(|id| book.night_ban.exempt_routes.iter().any(|exempt| exempt == id)),
        book,
    }
}
