//! `off-route`.

use fleet::{MeasureKind, RouteIndex, RuleId, Severity, Status, VehicleClass};

use crate::kind::driving::Drive;
use crate::kind::limit::{has_students, is_loaded};
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// Outside the corridor in the hours of the route, or on the road outside of its hours.
pub(crate) fn off_route(
    scene: &Scene<'_>,
    (route, status): (Option<RouteIndex>, Status),
    drive: &Drive,
    signals: &mut Vec<Signal>,
) {
    let Some(route) = route else { return };
    let in_hours =
        scene.map.route_hours(route).is_none_or(|hours| hours.contains(scene.fix.at.second_of_day()));
    if !in_hours {
        out_of_hours(scene, (route, status), drive, signals);
        return;
    }
    let free = match scene.class {
        VehicleClass::HazmatTruck => !is_loaded(scene),
        VehicleClass::SchoolBus => !has_students(scene),
        VehicleClass::CharterCoach | VehicleClass::HeavyTruck | VehicleClass::ScheduledCoach => false,
    };
    let off_m = if free { 0.0 } else { scene.map.off_route_m(route, scene.fix.position) };
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

/// A school bus runs its route outside the hours of its plate, or dangerous goods move outside the hours that were set
/// for them. Other routes bind in their hours only.
fn out_of_hours(
    scene: &Scene<'_>,
    (route, status): (RouteIndex, Status),
    drive: &Drive,
    signals: &mut Vec<Signal>,
) {
    let moves = scene.fix.speed.kmh() >= scene.book.common.moving_kmh;
    let halts = drive.standing(scene.fix.at).is_some_and(|stood| stood < scene.book.common.gap);
    if !moves && !halts {
        return;
    }
    let (text, severity, basis, confidence) = match scene.class {
        VehicleClass::HazmatTruck if is_loaded(scene) => (
            ("在规定时间外行驶", "moves outside the hours set for it"),
            Severity::Major,
            law::ROUTE_HAZMAT,
            None,
        ),
        // Empty, to the depot, it may take whatever road it likes.
        VehicleClass::SchoolBus if scene.map.off_route_m(route, scene.fix.position) > 0.0 => return,
        VehicleClass::SchoolBus if status.has(LOADED) => {
            let text = ("在校车标牌载明的时间外载运学生", "carries students outside the hours on its plate");
            (text, Severity::Major, law::SCHOOL_BUS_HOURS, None)
        }
        VehicleClass::SchoolBus if has_students(scene) => {
            let text = ("疑似在校车标牌载明的时间外运行", "may run its route outside the hours on its plate");
            (text, Severity::Minor, law::SCHOOL_BUS_HOURS, Some(UNKNOWN_LOAD_CONFIDENCE))
        }
        VehicleClass::CharterCoach
        | VehicleClass::HazmatTruck
        | VehicleClass::HeavyTruck
        | VehicleClass::ScheduledCoach
        | VehicleClass::SchoolBus => return,
    };
    let signal = Signal::new(RuleId::OFF_ROUTE, severity, text)
        .to(law::road(scene.class), basis)
        .about(Subject::Named("hours"))
        .measured(MeasureKind::SpeedKmh, scene.fix.speed.kmh(), None);
    let hold = (scene.class == VehicleClass::SchoolBus).then_some(scene.book.off_route.school_bus_hold);
    signals.push(Signal {
        hold,
        confidence,
        grip: if moves { Grip::Raises } else { Grip::Sustains },
        ..signal
    });
}

/// Half or full.
const LOADED: Status = Status::LOAD_LOW.with(Status::LOAD_HIGH);
/// A bus that says nothing of its load may as well be empty.
const UNKNOWN_LOAD_CONFIDENCE: f64 = 0.5;
