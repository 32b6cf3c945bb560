//! Trips, found from long stops: `charter-origin`, and of `off-route` the ends of a scheduled coach's line.
//!
//! ```text
//! stay ──leaves 300 m around it──▶ trip ──an hour within 300 m──▶ stay: the trip is judged
//!                                   └──a silence with room for a stay, and far──▶ nobody knows where it began
//! ```
//!
//! A charter trip may last for days with many such stays, so a leg between two of them is called an offence only where
//! the coach was not seen to come from home, or has a permit that says so; else it is suspected.

use std::time::Duration;

use fleet::{
    Division, EventTime, Fix, LonLat, MeasureKind, Permit, PermitKind, RuleId, Severity, Touch, VehicleClass,
    ZoneHit, ZoneKind,
};
use serde::{Deserialize, Serialize};

use crate::book::CharterOrigin;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};
use crate::track::within_m;

/// Over a silence that has room for a long stay: seen again no further away than this, it stayed where it fell silent,
/// metres.
const UNSEEN_M: f64 = 20_000.0;
/// The way over a silence is taken to have been driven like this at most, m/s (50 km/h): what time is left is room.
const PACE_MPS: f64 = 50.0 / 3.6;
/// How often the map is asked for the division, and how far it is from its origin.
const LOOK_EVERY: Duration = Duration::from_secs(600);
const DAY_S: u64 = 86_400;

/// What is remembered of one coach's trips; about 200 bytes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Trip {
    last: Fix,
    /// It has been near here since then.
    anchor: LonLat,
    since: EventTime,
    phase: Phase,
    looked_at: Option<EventTime>,
    /// How far from its origin it was seen, metres.
    far_m: f64,
    /// Whether this trip was at the ends of the line.
    ends: [bool; 2],
    home: Home,
    said: Said,
    /// The trip as it was before a silence it was lost in, and when that ended: the terminal may still fill it.
    lost: Option<Box<(EventTime, Trip)>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Phase {
    /// Its beginning was not seen.
    Unknown,
    /// A long stop.
    Stays,
    /// Since this fix, the last of a long stop.
    Runs(Fix),
}

/// A charter coach and the division it is registered in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Home {
    place: Place,
    seen_at: Option<EventTime>,
    /// Seen where no division is known, so that it may have been home.
    lost_at: Option<EventTime>,
    /// First seen elsewhere, after it was last seen at home.
    away_since: Option<EventTime>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
enum Place {
    Away,
    Home,
    /// No division is known here.
    #[default]
    Unknown,
}

/// What was said once and is not said again.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Said {
    /// Of the trip that ended in this stay.
    trip: bool,
    /// Of this trip: no permit.
    permit: bool,
    /// Since it was last at home: a leg elsewhere is suspected.
    leg: bool,
    /// Since it was last at home: away for too long.
    days: bool,
}

/// A trip that is over.
struct Ended {
    from: Option<Fix>,
    to: LonLat,
    far_m: f64,
    ends: [bool; 2],
}

/// Judges the trips of a charter coach with a home and of a scheduled coach whose line has ends.
pub(crate) fn step(
    scene: &Scene<'_>,
    hits: &[ZoneHit],
    trip: &mut Option<Box<Trip>>,
    signals: &mut Vec<Signal>,
) {
    let begun = || Box::new(Trip::new(scene.fix));
    match scene.class {
        VehicleClass::CharterCoach => {
            if let Some(home) = scene.facts.home {
                trip.get_or_insert_with(begun).charter(scene, home, signals);
            }
        }
        VehicleClass::ScheduledCoach => {
            if let Some(ends) = scene.facts.route.and_then(|route| scene.map.route_ends(route)) {
                trip.get_or_insert_with(begun).line(scene, ends, hits, signals);
            }
        }
        VehicleClass::HazmatTruck | VehicleClass::HeavyTruck | VehicleClass::SchoolBus => *trip = None,
    }
}

impl Trip {
    fn new(fix: Fix) -> Self {
        Self {
            last: fix,
            anchor: fix.position,
            since: fix.at,
            phase: Phase::Unknown,
            looked_at: None,
            far_m: 0.0,
            ends: [false; 2],
            home: Home::default(),
            said: Said::default(),
            lost: None,
        }
    }

    /// What a lane of old points may know that do not follow on this: where home is, and what was said.
    pub(crate) fn seed(&self) -> Box<Self> {
        let home = Home { place: Place::Unknown, away_since: None, ..self.home };
        Box::new(Self {
            home,
            said: Said { trip: false, permit: false, ..self.said },
            ..Self::new(self.last)
        })
    }

    /// As it was when the silence began that holds a moment, where it was lost in it.
    pub(crate) fn within(&self, at: EventTime) -> Option<Box<Self>> {
        let (until, before) = self.lost.as_deref()?;
        (before.last.at < at && at < *until).then(|| Box::new(before.clone()))
    }

    /// What came out of the terminal's memory of the silence it was lost in.
    pub(crate) fn amend(&mut self, past: &Self) {
        let Some((until, _)) = self.lost.as_deref() else { return };
        if past.last.at > *until {
            return;
        }
        if self.phase == Phase::Unknown {
            self.phase = match past.phase {
                Phase::Stays => Phase::Runs(past.last),
                other @ (Phase::Runs(_) | Phase::Unknown) => other,
            };
            self.far_m = self.far_m.max(past.far_m);
            self.ends = [self.ends[0] || past.ends[0], self.ends[1] || past.ends[1]];
        }
        if past.home.seen_at > self.home.seen_at {
            let began = past.home.away_since.unwrap_or(*until);
            self.home.away_since = self.home.away_since.map(|_| began);
            self.home.seen_at = past.home.seen_at;
        }
        self.lost = None;
    }

    /// The vehicle turned out to be elsewhere.
    pub(crate) fn lose(&mut self, fix: &Fix) {
        *self =
            Self { home: Home { place: Place::Unknown, ..self.home }, said: self.said, ..Self::new(*fix) };
    }

    /// Takes in one fix; says which trip is over by it. Where it `rests` no trip ends.
    fn advance(&mut self, rule: &CharterOrigin, fix: Fix, rests: bool) -> Option<Ended> {
        let last = std::mem::replace(&mut self.last, fix);
        if within_m(self.anchor, fix.position, rule.stay_m) {
            let stays = fix.at.since(self.since) >= rule.long_stop;
            let arrives = stays && !rests && self.phase != Phase::Stays;
            return arrives.then(|| self.end(self.anchor, Phase::Stays));
        }
        (self.anchor, self.since) = (fix.position, fix.at);
        let way_m = last.position.distance_m(fix.position);
        let room = fix.at.since(last.at).saturating_sub(Duration::from_secs_f64(way_m / PACE_MPS));
        if room >= rule.long_stop && way_m > UNSEEN_M {
            let before = Self { last, lost: None, ..self.clone() };
            self.end(last.position, Phase::Unknown);
            self.lost = Some(Box::new((fix.at, before)));
            return None;
        }
        if self.phase == Phase::Stays {
            self.end(last.position, Phase::Runs(last));
            return None;
        }
        (room >= rule.long_stop && !rests).then(|| self.end(last.position, Phase::Runs(last)))
    }

    /// Ends what is, begins what follows.
    fn end(&mut self, to: LonLat, next: Phase) -> Ended {
        self.lost = None;
        let from = match self.phase {
            Phase::Runs(from) => Some(from),
            Phase::Stays | Phase::Unknown => None,
        };
        let from_m = from.map_or(0.0, |from| from.position.distance_m(to));
        let ended = Ended { from, to, far_m: self.far_m.max(from_m), ends: self.ends };
        (self.phase, self.far_m, self.ends) = (next, 0.0, [false; 2]);
        self.said = Said { trip: false, permit: false, ..self.said };
        ended
    }

    /// Now and then.
    fn looks(&mut self, at: EventTime) -> bool {
        let due = self.looked_at.is_none_or(|looked_at| at.since(looked_at) >= LOOK_EVERY);
        if due {
            self.looked_at = Some(at);
            if let Phase::Runs(from) = self.phase {
                self.far_m = self.far_m.max(from.position.distance_m(self.last.position));
            }
        }
        due
    }

    fn charter(&mut self, scene: &Scene<'_>, home: Division, signals: &mut Vec<Signal>) {
        let ended = self.advance(&scene.book.charter_origin, scene.fix, false);
        if self.looks(scene.fix.at) || ended.is_some() {
            self.home.look(scene, home);
            if self.home.place == Place::Home {
                self.said = Said { leg: false, days: false, ..self.said };
            }
        }
        if let Some(ended) = ended {
            self.judge(scene, home, &ended, signals);
        } else if self.said.trip && self.phase == Phase::Stays {
            signals.push(Signal { grip: Grip::Sustains, ..charter_signal(Severity::Major, BOTH_ENDS) });
        }
        let emergency = || held(scene, scene.fix.at, PermitKind::EmergencyCharter).is_some();
        if self.home.place == Place::Away && !emergency() {
            self.days(scene, signals);
            self.permit(scene, signals);
        }
    }

    /// Both ends of a trip lie elsewhere.
    fn judge(&mut self, scene: &Scene<'_>, home: Division, ended: &Ended, signals: &mut Vec<Signal>) {
        let rule = &scene.book.charter_origin;
        let Some(from) = ended.from.filter(|_| ended.far_m >= rule.trip_m) else { return };
        let ends = (scene.map.division(from.position), scene.map.division(ended.to));
        let (Some(origin), Some(destination)) = ends else { return };
        let is_home = |division: Division| division.shares(home, rule.home_digits);
        if is_home(origin)
            || is_home(destination)
            || held(scene, from.at, PermitKind::EmergencyCharter).is_some()
        {
            return;
        }
        let permit = held(scene, from.at, PermitKind::Charter);
        let permitted = permit.and_then(|permit| permit.origin.zip(permit.destination));
        let from_home = self.home.seen_at.max(self.home.lost_at);
        let from_home = from_home.is_some_and(|seen_at| from.at.since(seen_at) <= rule.away_max);
        let watched = self.home.away_since.is_some_and(|since| from.at.since(since) > rule.away_max);
        let tied = permitted.map(|(a, b)| is_home(a) || is_home(b));
        let suspected = from_home && tied != Some(false);
        if suspected && (tied == Some(true) || std::mem::replace(&mut self.said.leg, true)) {
            return;
        }
        let driven = |(a, b): (Division, Division)| {
            a.shares(origin, rule.home_digits) && b.shares(destination, rule.home_digits)
        };
        let (mut zh, mut en) = (
            format!("（{origin}→{destination}，车籍{home}"),
            format!(" ({origin} to {destination}, home {home}"),
        );
        if let Some((permit, (a, b))) = permit.zip(permitted.filter(|permitted| !driven(*permitted))) {
            zh.push_str(&format!("；包车牌{}载明{a}→{b}", permit.permit));
            en.push_str(&format!("; permit {} says {a} to {b}", permit.permit));
        }
        self.said.trip = true;
        let (severity, text) =
            if suspected { (Severity::Minor, SUSPECTED) } else { (Severity::Major, BOTH_ENDS) };
        signals.push(Signal {
            started: Some(from.at),
            first: Some(from),
            detail: Some(Box::new((zh + "）", en + ")"))),
            confidence: match (suspected, watched || tied == Some(false)) {
                (true, _) => Some(SUSPECTED_CONFIDENCE),
                (false, false) => Some(UNWATCHED_CONFIDENCE),
                (false, true) => None,
            },
            ..charter_signal(severity, text).measured(MeasureKind::Count, 2.0, Some(1.0))
        });
    }

    /// Too long away from home.
    fn days(&mut self, scene: &Scene<'_>, signals: &mut Vec<Signal>) {
        let away_max = scene.book.charter_origin.away_max;
        let Some(since) = self.home.away_since.filter(|since| scene.fix.at.since(*since) > away_max) else {
            return;
        };
        let runs = self.phase != Phase::Stays && scene.fix.speed.kmh() >= scene.book.common.moving_kmh;
        let grip = if self.said.days { Grip::Sustains } else { Grip::Once };
        if !self.said.days && !runs {
            return;
        }
        self.said.days = true;
        let [days, limit] = [scene.fix.at.since(since), away_max].map(|time| time.as_secs() / DAY_S);
        let detail = (format!("（已{days}天，限{limit}天）"), format!(" ({days} days, limit {limit} days)"));
        signals.push(Signal {
            started: Some(since.plus(away_max)),
            detail: Some(Box::new(detail)),
            grip,
            ..charter_signal(Severity::Major, ("长期在车籍所在地以外运行", "too long away from its home"))
                .about(Subject::Named("days-away"))
                .measured(MeasureKind::Count, count(days), Some(count(limit)))
        });
    }

    /// On a trip away from home without a permit for it.
    fn permit(&mut self, scene: &Scene<'_>, signals: &mut Vec<Signal>) {
        let rule = &scene.book.charter_origin;
        let at = scene.fix.at;
        let Some(since) = self.home.away_since.filter(|since| at.since(*since) >= rule.permit_hold) else {
            return;
        };
        let runs = self.phase != Phase::Stays && scene.facts.files_charters;
        if !runs || held(scene, at, PermitKind::Charter).is_some() {
            return;
        }
        let grip = if std::mem::replace(&mut self.said.permit, true) { Grip::Sustains } else { Grip::Once };
        let (first, started) = match self.phase {
            Phase::Runs(from) => (Some(from), since.max(from.at)),
            Phase::Stays | Phase::Unknown => (None, since),
        };
        let text = ("无有效包车牌在车籍所在地以外运行", "away from its home without a valid charter permit");
        signals.push(Signal {
            started: Some(started),
            first,
            grip,
            ..charter_signal(Severity::Major, text)
                .about(Subject::Named("permit"))
                .to(law::POLICE_TRANSPORT, law::CHARTER_PERMIT)
        });
    }

    fn line(&mut self, scene: &Scene<'_>, ends: [LonLat; 2], hits: &[ZoneHit], signals: &mut Vec<Signal>) {
        let rests = rests(scene, hits, self.since);
        let ended = self.advance(&scene.book.charter_origin, scene.fix, rests);
        self.looks(scene.fix.at);
        let left = match self.phase {
            Phase::Runs(from) => Some(from.position),
            Phase::Stays | Phase::Unknown => None,
        };
        for (was, end) in self.ends.iter_mut().zip(ends) {
            let near = |position| within_m(position, end, scene.book.off_route.end_m);
            *was = *was || near(scene.fix.position) || left.is_some_and(near);
        }
        let signal = |from: Option<Fix>, seen: f64| Signal {
            started: from.map(|from| from.at),
            first: from,
            grip: if from.is_some() { Grip::Once } else { Grip::Sustains },
            hold: Some(Duration::ZERO),
            ..Signal::new(RuleId::OFF_ROUTE, Severity::Minor, NOT_AT_ENDS)
                .to(law::POLICE_TRANSPORT, law::ROUTE_SCHEDULED)
                .about(Subject::Named("ends"))
                .measured(MeasureKind::Count, seen, Some(2.0))
        };
        let Some(ended) = ended else {
            if self.said.trip && self.phase == Phase::Stays {
                signals.push(signal(None, 0.0));
            }
            return;
        };
        let half_m = ends[0].distance_m(ends[1]) / 2.0;
        if let Some(from) = ended.from.filter(|_| ended.ends != [true; 2] && ended.far_m >= half_m) {
            self.said.trip = true;
            signals.push(signal(Some(from), if ended.ends == [false; 2] { 0.0 } else { 1.0 }));
        }
    }
}

impl Home {
    fn look(&mut self, scene: &Scene<'_>, home: Division) {
        let at = scene.fix.at;
        self.place = match scene.map.division(scene.fix.position) {
            None => Place::Unknown,
            Some(here) if here.shares(home, scene.book.charter_origin.home_digits) => Place::Home,
            Some(_) => Place::Away,
        };
        match self.place {
            Place::Away => self.away_since = self.away_since.or(Some(at)),
            Place::Home => (self.seen_at, self.away_since) = (Some(at), None),
            Place::Unknown => self.lost_at = Some(at),
        }
    }
}

const BOTH_ENDS: (&str, &str) = ("起讫地均不在车籍所在地", "both ends of the trip lie outside its home");
const SUSPECTED: (&str, &str) = (
    "疑似异地经营：一段行程起讫地均不在车籍所在地",
    "suspected of working away from its home, both ends of a leg",
);
/// A leg elsewhere is more often part of a tour than not.
const SUSPECTED_CONFIDENCE: f64 = 0.3;
/// It was not watched for as long as a trip may last: it may have come from home before it was first seen.
const UNWATCHED_CONFIDENCE: f64 = 0.7;
const NOT_AT_ENDS: (&str, &str) =
    ("行程未到达线路两端站点", "ended its trip without having been at both ends of its line");

fn charter_signal(severity: Severity, text: (&'static str, &'static str)) -> Signal {
    let signal = Signal::new(RuleId::CHARTER_ORIGIN, severity, text).to(law::POLICE_TRANSPORT, law::CHARTER);
    Signal { hold: Some(Duration::ZERO), grip: Grip::Once, ..signal }
}

/// The permit of this kind that holds for the vehicle at a moment.
fn held<'a>(scene: &Scene<'a>, at: EventTime, kind: PermitKind) -> Option<&'a Permit> {
    let permits = scene.ground.registry.permits(scene.terminal);
    permits.iter().find(|permit| permit.kind == kind && permit.holds(at))
}

/// A scheduled coach that stands where, or when, it has to rest on its way.
fn rests(scene: &Scene<'_>, hits: &[ZoneHit], since: EventTime) -> bool {
    let hours = scene.book.night_ban.coach_hours;
    let by_night = [since, scene.fix.at].iter().any(|at| hours.contains(at.second_of_day()));
    by_night || is_in(scene, hits, &[ZoneKind::RelayPoint, ZoneKind::ServiceArea])
}

/// Whether the fix lies in a zone of one of these kinds that is for this vehicle.
pub(crate) fn is_in(scene: &Scene<'_>, hits: &[ZoneHit], kinds: &[ZoneKind]) -> bool {
    hits.iter().filter(|hit| hit.touch == Touch::Inside).any(|hit| {
        let zone = scene.map.zone(hit.zone);
        kinds.contains(&zone.kind) && super::zone::applies(zone, scene)
    })
}

#[expect(clippy::cast_precision_loss, reason = "days")]
const fn count(days: u64) -> f64 {
    days as f64
}
