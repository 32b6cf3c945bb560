//! `fatigue`, `fatigue-warning`: how long a vehicle has been driven.
//!
//! No norm defines driving, stop and rest in terms of samples; these are engineering definitions, all configurable.
//! A *span* runs from the first movement after a rest; stops shorter than a rest stay inside it.

use std::time::Duration;

use fleet::{DailyHours, EventTime, Fix, LonLat, MeasureKind, RuleId, Severity, Status, VehicleClass};
use serde::{Deserialize, Serialize};

use crate::Book;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal};

/// A net way this long between two fixes is movement whatever the speed says, metres.
const DISPLACED_M: f64 = 50.0;
/// Both ends of a gap closer than this: the vehicle may have stood, metres.
const STOOD_M: f64 = 200.0;
/// The least time a way of a gap took: at this speed, m/s (80 km/h).
const BRISK_MPS: f64 = 80.0 / 3.6;
/// From this average on a gap counts as driving, m/s (5 km/h).
const DROVE_MPS: f64 = 5.0 / 3.6;
/// An hour past the limit is critical.
const CRITICAL_PAST: Duration = Duration::from_secs(3600);

/// The account of one vehicle's driving since its last rest.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Drive {
    last: Option<(EventTime, LonLat)>,
    span_start: Option<EventTime>,
    moving: Duration,
    stop_since: Option<EventTime>,
    creep: Duration,
    creep_m: f64,
    /// A gap may have held a rest: nothing is counted over it, and no alert is cleared by it.
    unverified: bool,
    /// When a rest was last seen to be long enough.
    rested_at: Option<EventTime>,
}

/// Time at the wheel, of which `idle` may not have been driven.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Stretch {
    pub(crate) from: EventTime,
    pub(crate) to: EventTime,
    pub(crate) idle: Duration,
}

/// What one fix added to the account.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Step {
    pub(crate) drove: Option<Stretch>,
    /// The stop has just become a rest.
    pub(crate) rested: bool,
}

/// What one fix says of the way to it.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    /// It came here, and its speed says that it stands now: a stop begins with this fix.
    Arrives,
    Drives,
    Stands,
}

fn pace(swift: bool, moved_m: f64) -> Pace {
    match (swift, moved_m >= DISPLACED_M) {
        (true, _) => Pace::Drives,
        (false, true) => Pace::Arrives,
        (false, false) => Pace::Stands,
    }
}

/// The account as it was when a hole in the track began, in case the terminal fills it later.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Before {
    pub(crate) from: Fix,
    pub(crate) to: EventTime,
    pub(crate) drive: Drive,
    /// What the account said once the hole was bridged.
    moving: Duration,
}

impl Before {
    /// A hole from `from` to `to`; `bridged` is the account after it.
    pub(crate) fn new(from: Fix, to: EventTime, drive: Drive, bridged: &Drive) -> Self {
        Self { from, to, drive, moving: bridged.moving }
    }

    /// Whether a moment lies in the hole.
    pub(crate) fn holds(&self, at: EventTime) -> bool {
        self.from.at < at && at < self.to
    }
}

impl Drive {
    /// Takes the account of a hole that was filled, `past`, in place of what was supposed of it.
    pub(crate) fn amend(&mut self, before: &Before, past: &Self) {
        if self.rested_at.is_some_and(|rested_at| rested_at > before.to) {
            return;
        }
        let since = self.moving.saturating_sub(before.moving);
        let began = self.span_start.map(|start| start.max(before.to));
        let unbroken = self.span_start.is_some() && past.span_start.is_some();
        self.span_start = if unbroken { past.span_start } else { began };
        self.moving = if unbroken { past.moving + since } else { since };
        self.unverified = past.unverified;
    }

    /// Takes in one accepted fix.
    pub(crate) fn step(&mut self, book: &Book, fix: &Fix, status: Status) -> Step {
        let last = self.last.replace((fix.at, fix.position));
        let swift = fix.speed.kmh() >= book.common.moving_kmh || status.has(Status::MOVING);
        let Some((last_at, last_position)) = last else {
            return self.count(book, fix, pace(swift, 0.0), Duration::ZERO, 0.0);
        };
        let passed = fix.at.since(last_at);
        if passed > book.common.gap {
            let moved_m = last_position.distance_m(fix.position);
            let stood = self.stop_since.is_some() && moved_m < DISPLACED_M && !swift;
            if !stood {
                let drove = self.bridge(book, last_at, passed, moved_m);
                let step = self.count(book, fix, pace(swift, 0.0), Duration::ZERO, 0.0);
                return Step { drove, ..step };
            }
        }
        // The way matters only where the speed says that the vehicle stands, or where it creeps inside a stop.
        let moved_m =
            if swift && self.stop_since.is_none() { 0.0 } else { last_position.distance_m(fix.position) };
        self.count(book, fix, pace(swift, moved_m), passed, moved_m)
    }

    /// When the span began that no rest has ended yet.
    pub(crate) fn span_start(&self) -> Option<EventTime> {
        self.span_start
    }

    /// What looked like a stop was none.
    pub(crate) fn break_stop(&mut self) {
        (self.stop_since, self.creep, self.creep_m) = (None, Duration::ZERO, 0.0);
    }

    /// How long it has stood, where it does.
    pub(crate) fn standing(&self, at: EventTime) -> Option<Duration> {
        self.stop_since.map(|since| at.since(since))
    }

    /// Whether it knows of a later moment than this fix: a hole after it was filled out of the terminal's memory.
    pub(crate) fn reaches_beyond(&self, fix: Option<&Fix>) -> bool {
        self.last.zip(fix).is_some_and(|((at, _), fix)| at > fix.at)
    }

    /// Another driver took over during a stop that is long enough: a new account.
    pub(crate) fn change_driver(&mut self) {
        (self.span_start, self.moving, self.unverified) = (None, Duration::ZERO, false);
    }

    /// How long may still be driven before the first limit; `None` if it is not being driven, or passed one.
    pub(crate) fn left(&self, book: &Book, class: VehicleClass, at: EventTime) -> Option<Duration> {
        let rule = &book.fatigue;
        let start = self.span_start?;
        let by_day = rule.limit.checked_sub(at.since(start))?;
        let nightly = is_nightly(book, class) && rule.night.contains(at.second_of_day());
        if !nightly {
            return Some(by_day);
        }
        Some(by_day.min(rule.night_limit.checked_sub(overlap(rule.night, start, at))?))
    }

    fn count(&mut self, book: &Book, fix: &Fix, pace: Pace, passed: Duration, moved_m: f64) -> Step {
        let rule = &book.fatigue;
        if pace == Pace::Stands {
            let since = *self.stop_since.get_or_insert(fix.at);
            let rested = fix.at.since(since) >= rule.rest;
            let new = rested && self.span_start.is_some();
            if rested {
                self.rested_at = Some(fix.at);
                (self.span_start, self.moving, self.unverified) = (None, Duration::ZERO, false);
            }
            return Step { drove: None, rested: new };
        }
        if self.standing(fix.at).is_some_and(|stood| stood >= rule.stop_after) {
            self.creep += passed;
            self.creep_m += moved_m;
            if self.creep <= rule.creep && self.creep_m <= rule.creep_m {
                return Step::default();
            }
        }
        let stands = (pace == Pace::Arrives).then_some(fix.at);
        (self.stop_since, self.creep, self.creep_m) = (stands, Duration::ZERO, 0.0);
        self.span_start.get_or_insert(fix.at);
        self.moving += passed;
        let drove = Stretch { from: fix.at.minus(passed), to: fix.at, idle: Duration::ZERO };
        Step { drove: Some(drove).filter(|_| passed > Duration::ZERO), rested: false }
    }

    /// Nothing is known of the time since `last_at` but the way that was made in it.
    fn bridge(&mut self, book: &Book, last_at: EventTime, passed: Duration, moved_m: f64) -> Option<Stretch> {
        (self.stop_since, self.creep, self.creep_m) = (None, Duration::ZERO, 0.0);
        let drove = moved_m > DROVE_MPS * passed.as_secs_f64();
        if drove && passed <= book.fatigue.gap_driving_max {
            let least = Duration::from_secs_f64(moved_m / BRISK_MPS).min(passed);
            self.span_start.get_or_insert(last_at);
            self.moving += least;
            return Some(Stretch { from: last_at, to: last_at.plus(passed), idle: passed - least });
        }
        if passed >= book.fatigue.rest && (moved_m < STOOD_M || passed > book.fatigue.gap_driving_max) {
            (self.span_start, self.moving, self.unverified) = (None, Duration::ZERO, true);
        }
        None
    }
}

/// Both driving-time rules. `rested`: a rest was just reached, with the engine on or off.
pub(crate) fn fatigue(
    scene: &Scene<'_>,
    drive: &Drive,
    rested: Option<bool>,
    fatigued: impl Fn() -> bool,
    signals: &mut Vec<Signal>,
) {
    let rule = &scene.book.fatigue;
    let at = scene.fix.at;
    let standing = drive.standing(at).is_some_and(|stood| stood >= rule.stop_after);
    let grip = if standing || drive.span_start.is_none() { Grip::Sustains } else { Grip::Raises };
    let Some(start) = drive.span_start else {
        if let Some(engine_on) = rested {
            signals.push(rest(scene, engine_on));
        } else if drive.unverified && fatigued() {
            signals.push(Signal {
                grip,
                ..spoken(scene, (false, true, Whose::Vehicle), Duration::ZERO, rule.limit)
            });
        }
        return;
    };
    let span = Span { start, moving: drive.moving, whose: Whose::Vehicle };
    signals.extend(continuous(scene, &span).map(|signal| Signal { grip, ..signal }));
}

/// The rest that ends it, and whether the engine ran: a stop with the engine on says less.
fn rest(scene: &Scene<'_>, engine_on: bool) -> Signal {
    let text = if engine_on {
        ("疲劳驾驶解除：已停车休息（发动机未熄火）", "rested, engine on")
    } else {
        ("疲劳驾驶解除：已停车休息（发动机熄火）", "rested, engine off")
    };
    let rest = scene.book.fatigue.rest;
    let signal = timed(scene, Signal::new(RuleId::FATIGUE, Severity::Info, text), rest, rest);
    Signal { grip: Grip::Ends, ..signal }
}

/// Whose account a span stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    /// The driver's, over several vehicles.
    Driver,
    /// The vehicle's own.
    Vehicle,
}

/// Driving that no rest has interrupted.
pub(crate) struct Span {
    pub(crate) start: EventTime,
    pub(crate) moving: Duration,
    pub(crate) whose: Whose,
}

/// Whether the limit by night holds for a class.
fn is_nightly(book: &Book, class: VehicleClass) -> bool {
    class.is_coach() || (book.fatigue.night_hazmat && class == VehicleClass::HazmatTruck)
}

/// What a span says at the moment of the scene: too long by day or by night, or soon.
pub(crate) fn continuous(scene: &Scene<'_>, span: &Span) -> Option<Signal> {
    let rule = &scene.book.fatigue;
    let (at, whose) = (scene.fix.at, span.whose);
    let lasted = at.since(span.start);
    let before = scene.book.fatigue_warning.before;
    let nightly = is_nightly(scene.book, scene.class);
    if lasted + before < if nightly { rule.night_limit.min(rule.limit) } else { rule.limit } {
        return None;
    }
    let by_night = if nightly { overlap(rule.night, span.start, at) } else { Duration::ZERO };
    let night_now = nightly && rule.night.contains(at.second_of_day());
    if lasted > rule.limit {
        let started = Some(span.start.plus(rule.limit));
        let sure = span.moving >= rule.limit;
        Some(Signal { started, ..spoken(scene, (false, sure, whose), lasted, rule.limit) })
    } else if by_night > rule.night_limit {
        let started = night_now.then(|| at.minus(by_night - rule.night_limit));
        let sure = span.moving >= rule.night_limit;
        Some(Signal { started, ..spoken(scene, (true, sure, whose), by_night, rule.night_limit) })
    } else if lasted + before >= rule.limit {
        Some(soon(scene, lasted, rule.limit))
    } else if night_now && by_night + before >= rule.night_limit {
        Some(soon(scene, by_night, rule.night_limit))
    } else {
        None
    }
}

/// By night, surely, in whose account.
type Tone = (bool, bool, Whose);

fn spoken(scene: &Scene<'_>, tone: Tone, span: Duration, limit: Duration) -> Signal {
    let text = match tone {
        (false, true, Whose::Vehicle) => {
            ("疲劳驾驶：连续驾驶超时", "fatigue, driven too long without a rest")
        }
        (false, false, Whose::Vehicle) => {
            ("疑似疲劳驾驶：连续驾驶超时", "suspected fatigue, no rest in this time")
        }
        (true, true, Whose::Vehicle) => {
            ("夜间疲劳驾驶：连续驾驶超时", "fatigue by night, driven too long without a rest")
        }
        (true, false, Whose::Vehicle) => {
            ("夜间疑似疲劳驾驶：连续驾驶超时", "suspected fatigue by night, no rest in this time")
        }
        (false, true, Whose::Driver) => {
            ("疲劳驾驶：换车后连续驾驶超时", "fatigue, driven too long over several turns without a rest")
        }
        (false, false, Whose::Driver) => {
            ("疑似疲劳驾驶：换车后连续驾驶超时", "suspected fatigue, no rest over several turns")
        }
        (true, true, Whose::Driver) => (
            "夜间疲劳驾驶：换车后连续驾驶超时",
            "fatigue by night, driven too long over several turns without a rest",
        ),
        (true, false, Whose::Driver) => {
            ("夜间疑似疲劳驾驶：换车后连续驾驶超时", "suspected fatigue by night, no rest over several turns")
        }
    };
    exceeded(scene, text, span, limit)
}

/// A driving-time limit that is passed.
pub(crate) fn exceeded(
    scene: &Scene<'_>,
    text: (&'static str, &'static str),
    driven: Duration,
    limit: Duration,
) -> Signal {
    let severity = if driven >= limit + CRITICAL_PAST { Severity::Critical } else { Severity::Major };
    timed(scene, Signal::new(RuleId::FATIGUE, severity, text), driven, limit)
}

/// A driving-time limit that is near.
pub(crate) fn soon(scene: &Scene<'_>, span: Duration, limit: Duration) -> Signal {
    let text = ("即将疲劳驾驶", "driving time is nearly used up");
    timed(scene, Signal::new(RuleId::FATIGUE_WARNING, Severity::Info, text), span, limit)
}

fn timed(scene: &Scene<'_>, signal: Signal, span: Duration, limit: Duration) -> Signal {
    let basis = if scene.class.is_coach() { law::DRIVING_TIME_COACH } else { law::DRIVING_TIME };
    signal.to(law::road(scene.class), basis).measured(
        MeasureKind::DurationS,
        span.as_secs_f64(),
        Some(limit.as_secs_f64()),
    )
}

/// How much of the time from `start` to `end` lies in the daily window. No span is looked at further back than
/// three days: by then every limit has been passed long since.
fn overlap(hours: DailyHours, start: EventTime, end: EventTime) -> Duration {
    const DAY: Duration = Duration::from_secs(86_400);
    let start = start.max(end.minus(3 * DAY));
    let midnight = |at: EventTime| {
        let past = Duration::from_secs(u64::from(at.second_of_day()));
        EventTime::from_ms(at.ms() - at.ms().rem_euclid(1000)).minus(past)
    };
    let mut day = midnight(start).minus(DAY);
    let mut sum = Duration::ZERO;
    while day <= end {
        let from = day.plus(Duration::from_secs(u64::from(hours.from_s())));
        let wraps = if hours.until_s() <= hours.from_s() { DAY } else { Duration::ZERO };
        let until = day.plus(Duration::from_secs(u64::from(hours.until_s())) + wraps);
        sum += until.min(end).since(from.max(start));
        day = day.plus(DAY);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_over_midnight_overlaps_with_both_sides() {
        let night = DailyHours::parse("22:00-06:00").unwrap();
        let at = |text: &str| -> EventTime { format!("2026-01-0{text}:00+08:00").parse().unwrap() };
        let minutes = |from, to| overlap(night, at(from), at(to)).as_secs() / 60;
        assert_eq!(minutes("1T21:00", "1T23:30"), 90);
        assert_eq!(minutes("1T23:00", "2T07:00"), 7 * 60);
        assert_eq!(minutes("2T01:00", "2T02:00"), 60);
        assert_eq!(minutes("2T08:00", "2T20:00"), 0);
        assert_eq!(minutes("1T12:00", "3T12:00"), 16 * 60);
    }
}
