//! `speeding`: the speed against the limit that holds here and now ([`limit`]).
//!
//! Each limit is a case of its own: where another one begins, an alert ends, and the hold begins anew. So a driver has
//! as long as the hold to come down to the limit of a town, and an alert's severity, law and figures belong together.

use std::collections::VecDeque;
use std::time::Duration;

use fleet::{Fix, MeasureKind, RoadClass, RuleId, Severity, VehicleClass, ZoneHit};

use crate::book::Speeding;
use crate::kind::limit::{self, Limit};
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// Fixes further apart than this say nothing about a gain of speed: anyone can reach any speed in it.
const DENSE: Duration = Duration::from_secs(15);

pub(crate) fn step(scene: &Scene<'_>, hits: &[ZoneHit], signals: &mut Vec<Signal>) {
    let rule = &scene.book.speeding;
    let sent_kmh = scene.fix.speed.kmh();
    if sent_kmh < scene.book.common.moving_kmh {
        return;
    }
    let limit = limit::here(scene, hits);
    let over = |kmh: f64| kmh > limit.kmh + rule.tolerance_kmh;
    if !over(sent_kmh) {
        return;
    }
    let speed_kmh = believed_kmh(rule, scene.recent);
    if !over(speed_kmh) {
        return;
    }
    let borne_out = is_borne_out(scene, limit.kmh, over);
    let severity = severity(scene, speed_kmh / limit.kmh);
    let signal = Signal::new(RuleId::SPEEDING, severity, text(&limit))
        .to(law::road(scene.class), limit.basis(scene.class))
        .measured(MeasureKind::SpeedKmh, speed_kmh, Some(limit.kmh))
        .about(Subject::Text(limit.kmh.to_string()));
    signals.push(Signal {
        grip: if borne_out { Grip::Raises } else { Grip::Anew },
        why: Some(limit.label()),
        confidence: (limit.share < 0.995).then(|| (limit.share * 100.0).round() / 100.0),
        ..signal
    });
}

const fn text(limit: &Limit) -> (&'static str, &'static str) {
    match (limit.factor < 1.0, limit.day.known) {
        (false, true) => ("超速", "speeding"),
        (false, false) => ("超速，路段限速未知", "speeding, road limit unknown"),
        (true, true) => ("夜间超速", "speeding by night"),
        (true, false) => ("夜间超速，路段限速未知", "speeding by night, road limit unknown"),
    }
}

/// The newest speed without spikes: no vehicle gains speed that fast, but a device that says so for long is right.
fn believed_kmh(rule: &Speeding, recent: &VecDeque<Fix>) -> f64 {
    let dense = recent.iter().rev().zip(recent.iter().rev().skip(1));
    let earlier = dense.take_while(|(later, earlier)| later.at.since(earlier.at) <= DENSE).count();
    let mut fixes = recent.iter().skip(recent.len().saturating_sub(earlier + 1));
    let Some(first) = fixes.next() else { return 0.0 };
    let (mut believed_kmh, mut believed_at, mut leapt_at) = (first.speed.kmh(), first.at, None);
    for fix in fixes {
        let gained_kmh = rule.acceleration_mps2 * 3.6 * fix.at.since(believed_at).as_secs_f64();
        let leaps = fix.speed.kmh() > believed_kmh + gained_kmh;
        let since = leaps.then(|| *leapt_at.get_or_insert(fix.at));
        if since.is_none_or(|since| fix.at.since(since) >= rule.spike) {
            (believed_kmh, believed_at, leapt_at) = (fix.speed.kmh(), fix.at, None);
        }
    }
    believed_kmh
}

/// Whether it can have been above the limit since the last fix, if that was: seldom reported, a vehicle may have
/// stood in between, or its speed is not measured but made up.
fn is_borne_out(scene: &Scene<'_>, limit_kmh: f64, over: impl Fn(f64) -> bool) -> bool {
    let rule = &scene.book.speeding;
    let Some(before) = scene.recent.iter().rev().nth(1).filter(|before| over(before.speed.kmh())) else {
        return true;
    };
    let passed = scene.fix.at.since(before.at);
    let least_m = rule.way_share * limit_kmh / 3.6 * passed.as_secs_f64();
    passed < rule.way_after
        || before.position.distance_m(scene.fix.position) >= least_m
        || scene.way_m().is_some_and(|way_m| way_m >= least_m)
}

/// The bands of the points system: stricter on expressways, strictest with students aboard.
fn severity(scene: &Scene<'_>, ratio: f64) -> Severity {
    let ratio = ratio + 1e-9; // 20 % more than 0.8 × 80 is 20 % more
    let banded = match scene.class {
        VehicleClass::CharterCoach
        | VehicleClass::HazmatTruck
        | VehicleClass::ScheduledCoach
        | VehicleClass::SchoolBus => true,
        VehicleClass::HeavyTruck => false,
    };
    let expressway = banded && scene.surely(|road| RoadClass::is_expressway(road.class));
    if ratio >= 1.5 || (ratio >= 1.2 && (expressway || limit::has_students(scene))) {
        Severity::Critical
    } else if ratio >= 1.2 {
        Severity::Major
    } else if ratio >= 1.1 || expressway {
        Severity::Minor
    } else {
        Severity::Info
    }
}
