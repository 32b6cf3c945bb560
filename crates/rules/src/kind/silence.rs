//! `offline-move`: what a vehicle did while its terminal was silent.

use std::time::Duration;

use fleet::{Fix, Leg, MeasureKind, RuleId, Severity, Touch, ZoneHit, ZoneIndex, ZoneKind};
use serde::{Deserialize, Serialize};

use crate::kind::evasion::Near;
use crate::kind::zone;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

/// How sure it is that the straight way between two fixes was the way driven.
const STRAIGHT: f64 = 0.5;
/// The same where the road it comes out on leads through the zone.
const BY_ROAD: f64 = 0.9;
/// Zones of one hole that are spoken of; a longer list is a hole that says nothing.
const ZONES_MAX: usize = 4;

/// A hole in a vehicle's track that the terminal has not filled from its memory.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Hole {
    pub(crate) from: Fix,
    pub(crate) to: Fix,
    /// The longest time in it without a word.
    silence: Duration,
    /// A driving-time limit that was near when it began.
    near: Option<Near>,
}

/// Looks for a hole between the last fix and this one; a terminal that only had no fix, as in a tunnel, was not
/// silent.
pub(crate) fn hole(scene: &Scene<'_>, from: &Fix, silence: Duration, near: Option<Near>) -> Option<Hole> {
    let rule = &scene.book.offline_move;
    let hole = Hole { from: *from, to: scene.fix, silence, near };
    let past_zone = || silence >= rule.zone_gap && !past(scene, &hole).is_empty();
    (silence >= rule.gap && is_far(scene, &hole) || evades(scene, &hole) || past_zone()).then_some(hole)
}

/// Once the terminal had time to fill the hole, and did not.
pub(crate) fn offline_move(scene: &Scene<'_>, hole: &mut Option<Hole>, signals: &mut Vec<Signal>) {
    let rule = &scene.book.offline_move;
    let Some(found) = *hole else { return };
    if scene.fix.at.since(found.to.at) < rule.hold {
        return;
    }
    *hole = None;
    let moved_m = found.from.position.distance_m(found.to.position);
    let mut push = |signal: Signal| {
        signals.push(Signal { started: Some(found.from.at), hold: Some(Duration::ZERO), ..signal });
    };
    if found.silence >= rule.gap && is_far(scene, &found) {
        let text = match found.near {
            None => ("离线位移", "moved while it was silent"),
            Some(Near::DrivingTime) => (
                "离线位移：临近驾驶时限时离线",
                "moved while it was silent, from just before a driving-time limit",
            ),
            Some(Near::NightBan) => (
                "离线位移：临近禁行时段时离线",
                "moved while it was silent, from just before forbidden hours",
            ),
        };
        let signal = Signal::new(RuleId::OFFLINE_MOVE, Severity::Major, text)
            .to(law::supervision(scene.class), law::TAMPER)
            .measured(MeasureKind::DistanceM, moved_m, Some(rule.distance_m));
        push(signal);
    } else if let Some(near) = found.near.filter(|_| evades(scene, &found)) {
        let text = match near {
            Near::DrivingTime => (
                "临近驾驶时限时离线后异地恢复",
                "silent from just before a driving-time limit, and back elsewhere",
            ),
            Near::NightBan => (
                "临近禁行时段时离线后异地恢复",
                "silent from just before forbidden hours, and back elsewhere",
            ),
        };
        let signal = Signal::new(RuleId::OFFLINE_MOVE, Severity::Major, text)
            .to(law::road(scene.class), law::TAMPER)
            .measured(MeasureKind::DistanceM, moved_m, Some(rule.limit_distance_m))
            .about(Subject::Named("limit"));
        push(signal);
    }
    for (index, by_road) in past(scene, &found) {
        let text = ("终端离线期间疑似穿越限制区域", "silent past a restricted zone");
        let signal = Signal::new(RuleId::OFFLINE_MOVE, Severity::Major, text)
            .to(law::road(scene.class), law::TAMPER)
            .measured(MeasureKind::DurationS, found.silence.as_secs_f64(), Some(rule.zone_gap.as_secs_f64()))
            .about(Subject::Zone(index));
        push(Signal { confidence: Some(if by_road { BY_ROAD } else { STRAIGHT }), ..signal });
    }
}

/// Far, and not faster than anybody drives.
fn is_far(scene: &Scene<'_>, hole: &Hole) -> bool {
    let rule = &scene.book.offline_move;
    let moved_m = hole.from.position.distance_m(hole.to.position);
    moved_m > rule.distance_m && is_plausible(scene, hole)
}

/// It fell silent just before a driving-time limit and came back elsewhere.
fn evades(scene: &Scene<'_>, hole: &Hole) -> bool {
    let rule = &scene.book.offline_move;
    let moved_m = hole.from.position.distance_m(hole.to.position);
    hole.near.is_some()
        && (rule.limit_gap..=rule.limit_gap_max).contains(&hole.silence)
        && moved_m >= rule.limit_distance_m
        && is_plausible(scene, hole)
}

fn is_plausible(scene: &Scene<'_>, hole: &Hole) -> bool {
    let passed = hole.to.at.since(hole.from.at);
    let moved_m = hole.from.position.distance_m(hole.to.position);
    moved_m <= scene.book.offline_move.plausible_kmh / 3.6 * passed.as_secs_f64()
}

/// Zones forbidden to the vehicle on the straight way over a hole, which it neither was in before nor is in now, and
/// whether the road it came out on leads through. A hole that the tunnels it may use explain passes none.
fn past(scene: &Scene<'_>, hole: &Hole) -> Vec<(ZoneIndex, bool)> {
    if !is_plausible(scene, hole) {
        return Vec::new();
    }
    let mut before: Vec<ZoneHit> = Vec::new();
    scene.map.zones(Leg { from: None, to: hole.from.position }, &mut before);
    let was_in = |hit: &ZoneHit| before.iter().any(|b| b.zone == hit.zone && b.touch == Touch::Inside);
    let mut hits = Vec::new();
    scene.map.zones(Leg { from: Some(hole.from.position), to: hole.to.position }, &mut hits);
    let mut tunnels_m = 0.0;
    let mut found = Vec::new();
    for hit in hits.iter().filter(|hit| hit.touch == Touch::Crossed && !was_in(hit)) {
        let zone = scene.map.zone(hit.zone);
        let road = scene.road.and_then(|on| scene.map.carries(hit.zone, on.road));
        if zone::applies(zone, scene) && zone::restricted(zone, scene).is_some() {
            found.push((hit.zone, road == Some(true)));
        } else if zone.kind == ZoneKind::Tunnel {
            tunnels_m += zone.length_m.unwrap_or_default();
        }
    }
    let explained_s = tunnels_m / (scene.book.offline_move.tunnel_kmh / 3.6);
    if hole.silence.as_secs_f64() <= explained_s {
        found.clear();
    }
    found.truncate(ZONES_MAX);
    found
}
