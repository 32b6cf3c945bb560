//! `off-route`.

use fleet::{MeasureKind, RouteIndex, RuleId, Severity, VehicleClass};

use crate::law;
use crate::scene::Scene;
use crate::signal::Signal;

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
