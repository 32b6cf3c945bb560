//! `off-route` and `offline-move`.

use std::time::Duration;

use fleet::{Fix, MeasureKind, RouteIndex, RuleId, Severity, VehicleClass};
use serde::{Deserialize, Serialize};

use crate::law;
use crate::scene::Scene;
use crate::signal::Signal;

/// A hole in a vehicle's track that the terminal has not filled from its memory.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Hole {
    pub(crate) from: Fix,
    pub(crate) to: Fix,
}

pub(crate) fn off_route(scene: &Scene<'_>, route: Option<RouteIndex>, signals: &mut Vec<Signal>) {
    let Some(route) = route else { return };
    let in_hours =
        scene.map.route_hours(route).is_none_or(|hours| hours.contains(scene.fix.at.second_of_day()));
    let off_m = if in_hours { scene.map.off_route_m(route, scene.fix.position) } else { 0.0 };
    if off_m <= 0.0 {
        return;
    }
    let rule = &scene.book.off_route;
    let basis = match scene.class {
        VehicleClass::ScheduledCoach | VehicleClass::CharterCoach => law::ROUTE_SCHEDULED,
        VehicleClass::SchoolBus => law::ROUTE_SCHOOL_BUS,
        VehicleClass::HazmatTruck => law::ROUTE_HAZMAT,
        VehicleClass::HeavyTruck => law::ROUTE_OTHER,
    };
    let (hold, severity) = match scene.class {
        VehicleClass::SchoolBus => (Some(rule.school_bus_hold), Severity::Major),
        VehicleClass::HazmatTruck => (None, Severity::Major),
        VehicleClass::ScheduledCoach | VehicleClass::CharterCoach | VehicleClass::HeavyTruck => {
            (None, Severity::Minor)
        }
    };
    let signal = Signal::new(RuleId::OFF_ROUTE, severity, ("偏离路线", "off its route"))
        .to(law::road(scene.class), basis)
        .measured(MeasureKind::DistanceM, off_m, Some(0.0));
    signals.push(Signal { hold, ..signal });
}

/// Looks for a hole between the last fix and this one; a terminal that only had no fix, as in a tunnel, was not
/// silent.
pub(crate) fn hole(scene: &Scene<'_>, from: &Fix, silence: Duration) -> Option<Hole> {
    let rule = &scene.book.offline_move;
    if silence < rule.gap {
        return None;
    }
    let passed = scene.fix.at.since(from.at);
    let moved_m = from.position.distance_m(scene.fix.position);
    let plausible = moved_m <= rule.plausible_kmh / 3.6 * passed.as_secs_f64();
    (moved_m > rule.distance_m && plausible).then_some(Hole { from: *from, to: scene.fix })
}

/// Once the terminal had time to fill the hole, and did not.
pub(crate) fn offline_move(scene: &Scene<'_>, hole: &mut Option<Hole>, signals: &mut Vec<Signal>) {
    let rule = &scene.book.offline_move;
    let Some(Hole { from, to }) = *hole else { return };
    if scene.fix.at.since(to.at) < rule.hold {
        return;
    }
    *hole = None;
    let moved_m = from.position.distance_m(to.position);
    let text = ("离线位移", "moved while it was silent");
    let signal = Signal::new(RuleId::OFFLINE_MOVE, Severity::Major, text)
        .to(law::supervision(scene.class), law::TAMPER)
        .measured(MeasureKind::DistanceM, moved_m, Some(rule.distance_m));
    signals.push(Signal { started: Some(from.at), hold: Some(Duration::ZERO), ..signal });
}
