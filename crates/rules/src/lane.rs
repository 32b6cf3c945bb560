//! One vehicle's way through time as the rules see it. A vehicle has a live lane, and while late points come a
//! second one for history, so that nothing late can touch what is live.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use fleet::{
    Alarms, Alert, Candidate, Card, Division, DriverLabel, EventTime, Fix, Leg, LonLat, Map, ReceiveTime,
    Registration, Registry, Report, RoadIndex, RouteIndex, Status, TerminalId, Trail, VehicleClass, ZoneHit,
    ZoneIndex,
};
use serde::{Deserialize, Serialize};

use crate::Book;
use crate::engine::Fault;
use crate::episode::{Episodes, Scope};
use crate::kind::device::{self, ClockSet, Still};
use crate::kind::driving::{self, Before, Drive, Step, Stretch};
use crate::kind::halt::{self, Halt};
use crate::kind::honesty::Honesty;
use crate::kind::route;
use crate::kind::silence::{self, Hole};
use crate::kind::trip::{self, Trip};
use crate::kind::wheel::{LogOn, Wheel};
use crate::kind::zone::{self, Around, Passed};
use crate::kind::{driver, evasion, event, night_ban, plate, speeding, standing};
use crate::scene::{RECENT_MAX, Scene};
use crate::shift::Shift;
use crate::signal::Signal;
use crate::structure::Structures;
use crate::track::{self, Suspect, Way};

/// What is on file about a vehicle, looked up once; remade whenever the reference data changes.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) class: VehicleClass,
    pub(crate) route: Option<RouteIndex>,
    /// Where a charter coach is registered.
    pub(crate) home: Option<Division>,
    /// Whether charter permits of its operator are on file.
    pub(crate) files_charters: bool,
    pub(crate) night_exempt: bool,
    pub(crate) book: Arc<Book>,
}

/// Where the map was last asked for a vehicle and found nothing, and how far that answer reaches, metres.
pub(crate) type Clear = Option<(LonLat, f64)>;

/// Buffers that are used again for each observation.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    hits: Vec<ZoneHit>,
    passed: Vec<RoadIndex>,
    before: Vec<Candidate>,
    signals: Vec<Signal>,
    /// What the observation under way said of drivers.
    pub(crate) shifts: Vec<Shift>,
}

/// The reference data and the vehicle, for one turn.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) book: &'a Book,
    pub(crate) rules_version: &'a str,
    pub(crate) registry: &'a Registry,
    pub(crate) map: &'a dyn Map,
    pub(crate) structures: &'a Structures,
    pub(crate) terminal: TerminalId,
    pub(crate) class: VehicleClass,
    pub(crate) facts: &'a Facts,
    pub(crate) driver: Option<&'a DriverLabel>,
    /// When the driver's card went in.
    pub(crate) since: Option<EventTime>,
    /// Whether a card was ever read here.
    pub(crate) reader: bool,
    pub(crate) late: bool,
}

impl<'a> Ground<'a> {
    pub(crate) fn scene(self, fix: Fix, recent: &'a VecDeque<Fix>) -> Scene<'a> {
        Scene { ground: self, fix, recent, road: None, candidates: &[], left: &[], passed: &[] }
    }
}

/// See the module.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Lane {
    pub(crate) heard: ReceiveTime,
    pub(crate) newest: Option<Fix>,
    /// Since then: the newest report without a position that can be used, and the longest silence before it.
    unlocated: Option<(EventTime, Duration)>,
    recent: VecDeque<Fix>,
    suspect: Option<Suspect>,
    pub(crate) drive: Drive,
    /// Driving that is still to be told of the driver.
    pub(crate) turn: Option<Box<Stretch>>,
    pub(crate) wheel: Option<Box<Wheel>>,
    pub(crate) around: Around,
    trail: Trail,
    pub(crate) hole: Option<Hole>,
    still: Option<Still>,
    honesty: Option<Box<Honesty>>,
    pub(crate) before: Option<Box<Before>>,
    pub(crate) trip: Option<Box<Trip>>,
    halt: Option<Box<Halt>>,
    pub(crate) episodes: Episodes,
}

impl Lane {
    /// Continues from where another lane stands, without its episodes.
    pub(crate) fn after(other: &Self) -> Self {
        let (drive, around) = (other.drive.clone(), other.around.clone());
        Self { newest: other.newest, drive, around, ..Self::default() }
    }

    /// Continues from the beginning of a hole in another lane.
    pub(crate) fn within(hole: &Before, trip: Option<Box<Trip>>) -> Self {
        Self { newest: Some(hole.from), drive: hole.drive.clone(), trip, ..Self::default() }
    }

    /// Old points that continue nothing.
    pub(crate) fn old(trip: Option<Box<Trip>>) -> Self {
        Self { trip, ..Self::default() }
    }

    /// What history knows of a hole is taken over, once it reaches over the whole of it; a fatigue alert that is
    /// open is left alone.
    pub(crate) fn amend(&mut self, book: &Book, past: &Self) {
        let reaches = |hole: &Before| {
            past.newest.is_some_and(|n| hole.holds(n.at) && hole.to.since(n.at) <= book.common.gap)
        };
        let amends = self.before.as_deref().is_some_and(reaches);
        if amends && !self.episodes.is_open(fleet::RuleId::FATIGUE) {
            let Some(hole) = self.before.take() else { return };
            self.drive.amend(&hole, &past.drive);
            if let Some((trip, past)) = self.trip.as_deref_mut().zip(past.trip.as_deref()) {
                trip.amend(past);
            }
        }
    }

    /// Takes in one report; an error says why its position is no evidence, `Ok(false)` that it has none.
    pub(crate) fn report(
        &mut self,
        ground: Ground<'_>,
        clear: &mut Clear,
        report: &Report,
        scratch: &mut Scratch,
        out: &mut Vec<Alert>,
    ) -> Result<bool, Fault> {
        let common = &ground.book.common;
        if let Some(newest) = self.newest.filter(|n| report.fix.at.since(n.at) > common.silence) {
            self.close(newest.at, ground, out);
        }
        let believed = match track::has_position(common, report) {
            Ok(true) => {
                track::believe(common, self.newest.as_ref(), &mut self.suspect, &report.fix).map(Some)
            }
            Ok(false) => Ok(None),
            Err(fault) => Err(fault),
        };
        scratch.signals.clear();
        match believed {
            Ok(Some(way)) => {
                self.whole(ground, clear, (report, way), scratch, out);
                Ok(true)
            }
            Ok(None) => {
                self.events(ground, report, true, scratch, out);
                Ok(false)
            }
            Err(fault) => {
                self.events(ground, report, false, scratch, out);
                Err(fault)
            }
        }
    }

    /// A call for help in a report that was overtaken by a newer one, yet is not old.
    pub(crate) fn urgent(&mut self, ground: Ground<'_>, report: &Report, out: &mut Vec<Alert>) {
        let fix = self.last_fix(Some(report));
        self.aside(Scope::Clock, ground, fix, out, |scene, signals| event::bits(scene, report, signals));
    }

    /// A report with a time that can't be right: only the terminal itself is judged by it.
    pub(crate) fn bad_clock(
        &mut self,
        ground: Ground<'_>,
        now: ReceiveTime,
        set_back: bool,
        out: &mut Vec<Alert>,
    ) {
        let fix = Fix { at: now.as_event(), ..self.last_fix(None) };
        self.aside(Scope::Clock, ground, fix, out, |scene, signals| {
            if set_back {
                device::clock_was_set_back(scene, signals);
            } else {
                device::gnss_fault(scene, Alarms::default(), true, signals);
            }
        });
    }

    /// A clock that was set: what it says of now and what it said before do not go together.
    pub(crate) fn clock_was_set(
        &mut self,
        ground: Ground<'_>,
        now: ReceiveTime,
        set: ClockSet,
        out: &mut Vec<Alert>,
    ) {
        let fix = Fix { at: now.as_event(), ..self.last_fix(None) };
        self.aside(Scope::Clock, ground, fix, out, |scene, signals| {
            device::clock_was_set(scene, set, signals)
        });
    }

    /// A driver's card went in or out; `log_on` says who took over, where somebody did.
    pub(crate) fn card(
        &mut self,
        ground: Ground<'_>,
        card: &Card,
        log_on: Option<&LogOn>,
        out: &mut Vec<Alert>,
    ) {
        let mut signals = Vec::new();
        let scene = ground.scene(Fix { at: card.at, ..self.last_fix(None) }, &self.recent);
        if let Some(log_on) = log_on {
            driver::card(&scene, &mut signals);
            Wheel::log_on(&mut self.wheel, &scene, &mut self.drive, log_on, &mut signals);
        }
        self.episodes.step(Scope::Card, &signals, &scene, out);
    }

    /// A registration; `cloned` is what it says where its plate is another vehicle's.
    pub(crate) fn registered(
        &mut self,
        ground: Ground<'_>,
        now: ReceiveTime,
        cloned: Option<&Registration>,
        out: &mut Vec<Alert>,
    ) {
        let fix = Fix { at: now.as_event(), ..self.last_fix(None) };
        self.aside(Scope::Registration, ground, fix, out, |_, signals| {
            if let Some(said) = cloned {
                plate::registered(said, signals);
            }
        });
    }

    /// Clears whatever is open.
    pub(crate) fn close(&mut self, at: EventTime, ground: Ground<'_>, out: &mut Vec<Alert>) {
        if !self.episodes.is_empty() {
            let scene = ground.scene(self.last_fix(None), &self.recent);
            self.episodes.close(at, &scene, out);
        }
    }

    /// The newest accepted fixes, oldest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &Fix> {
        self.recent.iter()
    }

    /// A structure was closed: whoever is there by its newest fix is told now, and nothing else is judged.
    pub(crate) fn closed(
        &mut self,
        ground: Ground<'_>,
        now: ReceiveTime,
        (zone, mut clear): (ZoneIndex, Clear),
        Scratch { hits, signals, .. }: &mut Scratch,
        out: &mut Vec<Alert>,
    ) {
        let Some(newest) = self.newest else { return };
        ask(ground.map, &mut clear, Leg { from: None, to: newest.position }, hits);
        let Some(hit) = hits.iter().find(|hit| hit.zone == zone) else { return };
        let fix = self.fix_by_now(now);
        let candidates = &self.trail.candidates;
        let scene = Scene { candidates, ..ground.scene(fix, &self.recent) };
        let scene = Scene { road: scene.likeliest(), ..scene };
        signals.clear();
        zone::closed(&scene, hit, signals);
        self.episodes.step(Scope::Clock, signals, &scene, out);
    }

    /// A structure was opened: what was said of its being closed is over.
    pub(crate) fn reopened(
        &mut self,
        ground: Ground<'_>,
        now: ReceiveTime,
        zone: ZoneIndex,
        out: &mut Vec<Alert>,
    ) {
        let scene = ground.scene(self.fix_by_now(now), &self.recent);
        for rule in zone::over_when_opened(&scene, zone, &self.around) {
            self.episodes.end(rule, &ground.map.zone(zone).id, &scene, out);
        }
    }

    /// A camera saw the plate where the vehicle cannot have been.
    pub(crate) fn sighted(&mut self, ground: Ground<'_>, now: ReceiveTime, kmh: f64, out: &mut Vec<Alert>) {
        let fix = self.fix_by_now(now);
        self.aside(Scope::Clock, ground, fix, out, |scene, signals| plate::sighted(scene, kmh, signals));
    }

    /// Judges what was said without a position that can be used, at the last good place.
    fn aside(
        &mut self,
        scope: Scope,
        ground: Ground<'_>,
        fix: Fix,
        out: &mut Vec<Alert>,
        say: impl FnOnce(&Scene<'_>, &mut Vec<Signal>),
    ) {
        let scene = ground.scene(fix, &self.recent);
        let mut signals = Vec::new();
        say(&scene, &mut signals);
        self.episodes.step(scope, &signals, &scene, out);
    }

    /// Places of zones mean nothing in another map.
    pub(crate) fn forget_map(&mut self) {
        self.around.forget_map();
        self.trail.clear();
    }

    fn whole(
        &mut self,
        ground: Ground<'_>,
        clear: &mut Clear,
        (report, way): (&Report, Way),
        Scratch { hits, passed, before: left, signals, shifts }: &mut Scratch,
        out: &mut Vec<Alert>,
    ) {
        let fix = report.fix;
        let silence = self.silence_until(fix.at);
        self.unlocated = None;
        let previous = self.newest.replace(fix);
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        } else if self.recent.capacity() == 0 {
            self.recent.reserve_exact(RECENT_MAX);
        }
        self.recent.push_back(fix);
        let filled = self.drive.reaches_beyond(previous.as_ref());
        let gap = ground.book.common.gap;
        let hole_from = previous.filter(|p| way == Way::On && !filled && fix.at.since(p.at) > gap);
        let near = hole_from.and_then(|from| evasion::near(&ground, &self.drive, from.at));
        let before = hole_from.map(|from| (from, self.drive.clone()));
        if Honesty::feigns(&mut self.honesty, ground.book, report, previous.as_ref()) {
            self.drive.break_stop();
        }
        let span = self.drive.span_start();
        let step = self.drive.step(ground.book, &fix, report.status);
        if let Some((from, drive)) = before {
            self.before = Some(Box::new(Before::new(from, fix.at, drive, &self.drive)));
        }
        let recent = std::mem::take(&mut self.recent);
        let close = previous.filter(|p| way == Way::On && fix.at.since(p.at) <= gap);
        ask(ground.map, clear, Leg { from: close.map(|p| p.position), to: fix.position }, hits);

        left.clone_from(&self.trail.candidates);
        let road = ground.map.follow(&mut self.trail, &fix, passed);
        let trail = std::mem::take(&mut self.trail);
        let scene = Scene { road, candidates: &trail.candidates, left, passed, ..ground.scene(fix, &recent) };
        let episodes = &self.episodes;
        event::step(&scene, report, signals);
        speeding::step(&scene, hits, signals);
        let rested = step.rested.then(|| report.status.has(Status::ACC_ON));
        driving::fatigue(&scene, &self.drive, rested, || episodes.is_open(fleet::RuleId::FATIGUE), signals);
        let relayed = ground.late || self.wheel.as_deref().is_some_and(|wheel| wheel.has_relayed(fix.at));
        night_ban::step(&scene, ground.facts.night_exempt, relayed, signals);
        let passed = Passed { roads: passed, from: left.first().map(|place| place.road) };
        zone::step(&scene, hits, passed, &self.drive, &mut self.around, signals);
        standing::step(&scene, hits, &self.drive, signals);
        route::off_route(&scene, (ground.facts.route, report.status), &self.drive, signals);
        if let Some(trip) = self.trip.as_deref_mut().filter(|_| previous.is_some() && way == Way::Anew) {
            trip.lose(&fix);
        }
        trip::step(&scene, hits, &mut self.trip, signals);
        halt::step(&scene, report.status, (hits, &self.drive), &mut self.halt, signals);
        if !ground.late {
            if let Some(previous) = previous.filter(|_| way == Way::On) {
                self.hole = silence::hole(&scene, &previous, silence, near).filter(|_| !filled).or(self.hole);
            }
            silence::offline_move(&scene, &mut self.hole, signals);
            let way = previous.as_ref().filter(|_| way == Way::On);
            self.live_only(&scene, report, (step, way), signals);
        }
        if !signals.is_empty() || !self.episodes.is_empty() {
            self.episodes.step(Scope::Whole, signals, &scene, out);
        }
        (self.recent, self.trail) = (recent, trail);
        self.at_the_wheel(ground, span, step, shifts);
    }

    /// The terminal and whoever sits at the wheel; history judges neither. With what the fix added to the driving
    /// account, and the fix before.
    fn live_only(
        &mut self,
        scene: &Scene<'_>,
        report: &Report,
        (step, previous): (Step, Option<&Fix>),
        signals: &mut Vec<Signal>,
    ) {
        self.device(scene, report, false, signals);
        evasion::mark(scene, &self.drive, scene.fix.at, signals);
        Wheel::step(&mut self.wheel, scene, (&mut self.drive, step), previous, signals);
        driver::at_the_wheel(scene, report.alarms, &self.drive, self.wheel.as_deref(), signals);
    }

    fn events(
        &mut self,
        ground: Ground<'_>,
        report: &Report,
        lost: bool,
        Scratch { signals, .. }: &mut Scratch,
        out: &mut Vec<Alert>,
    ) {
        let at = report.fix.at;
        self.unlocated = Some((at, self.silence_until(at)));
        let recent = std::mem::take(&mut self.recent);
        let scene = ground.scene(self.last_fix(Some(report)), &recent);
        event::step(&scene, report, signals);
        if lost {
            zone::lost(&scene, &mut self.around, signals);
        }
        if !ground.late {
            self.device(&scene, report, true, signals);
            evasion::mark(&scene, &self.drive, at, signals);
        }
        self.episodes.step(Scope::Events, signals, &scene, out);
        self.recent = recent;
    }

    fn device(&mut self, scene: &Scene<'_>, report: &Report, bad: bool, signals: &mut Vec<Signal>) {
        let moving_kmh = scene.book.common.moving_kmh;
        let rolled = self.newest.filter(|n| report.fix.at.since(n.at) <= scene.book.common.gap);
        let rolls = report.status.has(Status::MOVING)
            || report.recorder_speed.is_some_and(|speed| speed.kmh() >= moving_kmh)
            || rolled.is_some_and(|newest| newest.speed.kmh() >= moving_kmh);
        device::gnss_fault(scene, report.alarms, bad, signals);
        device::cut(scene, report.alarms, rolls, signals);
        device::frozen(scene, report, &mut self.still, signals);
        device::broken(scene, report.alarms, rolls, signals);
        if !bad {
            Honesty::step(&mut self.honesty, scene, report, signals);
        } else if let Some(honesty) = &mut self.honesty {
            honesty.lost();
        }
        plate::track(scene, self.suspect.as_ref(), signals);
    }

    /// The longest time without any report since the newest fix.
    fn silence_until(&self, at: EventTime) -> Duration {
        let newest = self.newest.map(|newest| (newest.at, Duration::ZERO));
        self.unlocated.or(newest).map_or(Duration::ZERO, |(heard, longest)| longest.max(at.since(heard)))
    }

    /// The last good place, at a moment no earlier than it.
    fn fix_by_now(&self, now: ReceiveTime) -> Fix {
        let last = self.last_fix(None);
        Fix { at: last.at.max(now.as_event()), ..last }
    }

    /// The last good place; with a report, its moment and speed there. Before the first one, what was sent.
    pub(crate) fn last_fix(&self, report: Option<&Report>) -> Fix {
        let nowhere = Fix {
            at: EventTime::default(),
            position: LonLat::default(),
            altitude_m: 0,
            speed: fleet::Speed::default(),
            heading: None,
        };
        let last = self.newest.or(report.map(|report| report.fix)).unwrap_or(nowhere);
        match report {
            Some(report) => Fix { at: report.fix.at, speed: report.fix.speed, ..last },
            None => last,
        }
    }
}

/// Asks the map, but not while the vehicle is sure to be far from every zone.
fn ask(map: &dyn Map, clear: &mut Clear, leg: Leg, hits: &mut Vec<ZoneHit>) {
    if clear.is_some_and(|(at, clear_m)| track::within_m(at, leg.to, clear_m - 1.0)) {
        hits.clear();
        return;
    }
    map.zones(leg, hits);
    *clear = hits.is_empty().then(|| (leg.to, map.clearance_m(leg.to))).filter(|(_, m)| *m > 0.0);
}
