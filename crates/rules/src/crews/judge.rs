//! What a driver's account says at the end of some driving.

use std::time::Duration;

use fleet::{Alert, EventTime, PermitKind, RuleId, Severity, VehicleClass};

use super::account::{Account, WEEK};
use super::{Desk, Files, ground};
use crate::episode::Scope;
use crate::kind::driving::{Span, Whose, continuous, exceeded, soon};
use crate::law;
use crate::scene::Scene;
use crate::shift::{Shift, ShiftNews};
use crate::signal::{Signal, Subject};

const DAY: Duration = Duration::from_secs(86_400);
/// The vehicle's own account and the driver's begin at one moment, give or take a piece.
const SAME: Duration = Duration::from_secs(90);

impl Desk {
    /// Judges a piece of driving against the whole account, and against the other vehicles the card is in.
    pub(super) fn judge(
        &mut self,
        files: Files<'_>,
        shift: &Shift,
        (account, others): (&Account, &[Desk]),
        out: &mut Vec<Alert>,
    ) {
        let ShiftNews::Drove { from, to, own_span, own_says, .. } = shift.what else { return };
        let facts = files.facts(self.terminal);
        let fix = fleet::Fix { at: to, ..shift.fix };
        let scene = ground(files, self.terminal, &facts, &shift.driver).scene(fix, &self.recent);
        let mut signals = Vec::new();
        if !own_says {
            signals.extend(carried(&scene, account, own_span));
        }
        totals(&scene, account, &mut signals);
        signals.extend(twice(&scene, from, self, others));
        for signal in &mut signals {
            signal.started = signal.started.map(|started| started.max(self.floor));
        }
        let said = out.len();
        self.episodes.step(Scope::Crew, &signals, &scene, out);
        self.lift_floor(to, &out[said..]);
    }

    /// A rest was seen: nothing is carried any more. What is driven in a day or a week stays.
    pub(super) fn rest(&mut self, files: Files<'_>, shift: &Shift, out: &mut Vec<Alert>) {
        if self.episodes.is_empty() {
            return;
        }
        let facts = files.facts(self.terminal);
        let scene = ground(files, self.terminal, &facts, &shift.driver).scene(shift.fix, &self.recent);
        let said = out.len();
        self.episodes.step(Scope::Rest, &[], &scene, out);
        self.lift_floor(shift.fix.at, &out[said..]);
    }

    /// Whatever begins once an alert has ended begins no earlier than that: with the same beginning it would have the
    /// same id.
    fn lift_floor(&mut self, at: EventTime, said: &[Alert]) {
        if said.iter().any(|alert| alert.state == fleet::State::Cleared) {
            self.floor = self.floor.max(at);
        }
    }
}

/// Subject of what a driver brings along from another turn at a wheel.
pub(crate) const CARRIED: &str = "driver";

/// Driving without a rest that the vehicle's own account knows only a part of.
fn carried(scene: &Scene<'_>, account: &Account, own_span: Option<EventTime>) -> Option<Signal> {
    let unbroken = account.unbroken(scene.book.fatigue.rest)?;
    if own_span.is_some_and(|own| unbroken.start.plus(SAME) >= own) {
        return None;
    }
    let span = Span { start: unbroken.start, moving: unbroken.driven, whose: Whose::Driver };
    continuous(scene, &span).map(|signal| signal.about(Subject::Named(CARRIED)))
}

/// What was driven within 24 hours, and within seven days.
fn totals(scene: &Scene<'_>, account: &Account, signals: &mut Vec<Signal>) {
    let rule = &scene.book.fatigue;
    let hazmat = rule.totals_hazmat && scene.class == VehicleClass::HazmatTruck;
    let at = scene.fix.at;
    let permits = scene.registry.permits(scene.terminal);
    let emergency = permits.iter().any(|p| p.kind == PermitKind::EmergencyCharter && p.holds(at));
    if !(scene.class.is_coach() || hazmat) || emergency {
        return;
    }
    let day = ("24小时累计驾驶超时", "driven too long within 24 hours");
    let week = ("7日累计驾驶超时", "driven too long within 7 days");
    let day_soon = ("24小时累计驾驶即将超时", "driving time of 24 hours is nearly used up");
    let week_soon = ("7日累计驾驶即将超时", "driving time of 7 days is nearly used up");
    let both =
        [("day", DAY, rule.day_limit, day, day_soon), ("week", WEEK, rule.week_limit, week, week_soon)];
    for (subject, window, limit, text, text_soon) in both {
        let driven = account.driven(at.minus(window), at);
        let signal = if driven > limit {
            let started = Some(at.minus(driven - limit));
            Signal { started, ..exceeded(scene, text, driven, limit) }
        } else if driven + scene.book.fatigue_warning.before >= limit {
            Signal { text: text_soon, ..soon(scene, driven, limit) }
        } else {
            continue;
        };
        signals.push(Signal { basis: law::DRIVING_TOTALS, ..signal }.about(Subject::Named(subject)));
    }
}

/// The vehicle drives on although its driver's card went into another one since.
fn twice(scene: &Scene<'_>, from: EventTime, desk: &Desk, others: &[Desk]) -> Option<Signal> {
    let after = scene.book.unqualified_driver.twice_after;
    let order = |desk: &Desk| (desk.since, desk.terminal);
    let left_for = |other: &&Desk| order(desk) < order(other) && other.since.plus(after) <= from;
    let other = others.iter().filter(left_for).max_by_key(|other| order(other))?;
    let plate = scene.registry.vehicle(other.terminal).map(|vehicle| vehicle.plate.clone());
    let terminal = other.terminal.as_str().to_owned();
    let plate = plate.unwrap_or_else(|| terminal.clone());
    let text = (
        "驾驶员身份异常：同一从业资格证同时用于另一车辆",
        "driver's identity in doubt, one card in two vehicles at once",
    );
    Some(
        Signal::new(RuleId::UNQUALIFIED_DRIVER, Severity::Major, text)
            .to(law::road(scene.class), law::IDENTITY)
            .about(Subject::Other { terminal, plate }),
    )
}
