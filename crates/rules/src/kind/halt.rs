//! Halts where there should be none: away from the stops of a route (`off-route`), and of dangerous goods for long
//! outside the listed parks (`no-parking`).

use std::time::Duration;

use fleet::{EventTime, MeasureKind, RuleId, Severity, Status, VehicleClass, ZoneHit, ZoneKind};
use serde::{Deserialize, Serialize};

use crate::kind::driving::Drive;
use crate::kind::limit::{has_students, is_loaded};
use crate::kind::trip::is_in;
use crate::kind::zone::covers;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// One halt, from when there is something to remember of it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Halt {
    /// When the stop began; another stop is another halt.
    since: EventTime,
    /// A door was seen open.
    door: bool,
    /// It was said, and whether a door was seen open then.
    said: Option<bool>,
}

/// Judges a stop; `halt` is kept while it lasts.
pub(crate) fn step(
    scene: &Scene<'_>,
    status: Status,
    (hits, drive): (&[ZoneHit], &Drive),
    halt: &mut Option<Box<Halt>>,
    signals: &mut Vec<Signal>,
) {
    let stood = drive.standing(scene.fix.at);
    let Some(stood) = stood.filter(|_| scene.fix.speed.kmh() < scene.book.common.moving_kmh) else {
        *halt = halt.take().filter(|_| stood.is_some());
        return;
    };
    let since = scene.fix.at.minus(stood);
    let mut now = halt.as_deref().copied().filter(|halt| halt.since == since).unwrap_or(Halt {
        since,
        door: false,
        said: None,
    });
    now.door |= status.has(Status::DOORS_OPEN);
    let found = match scene.class {
        VehicleClass::ScheduledCoach => off_stop(scene, hits, status, (now.door, stood)),
        VehicleClass::SchoolBus if has_students(scene) => off_stop(scene, hits, status, (now.door, stood)),
        VehicleClass::HazmatTruck if is_loaded(scene) => long_stop(scene, hits, stood),
        VehicleClass::CharterCoach
        | VehicleClass::HazmatTruck
        | VehicleClass::HeavyTruck
        | VehicleClass::SchoolBus => None,
    };
    if let Some(signal) = found {
        let grip = if now.said.is_some_and(|door| door || !now.door) { Grip::Sustains } else { Grip::Once };
        now.said = Some(now.door);
        signals.push(Signal { started: Some(since), hold: Some(Duration::ZERO), grip, ..signal });
    }
    let worth = now.door || now.said.is_some();
    *halt = worth.then(|| Box::new(now));
}

/// On its route, away from every stop of it. Whoever is off the route is judged by that.
fn off_stop(
    scene: &Scene<'_>,
    hits: &[ZoneHit],
    status: Status,
    (door, stood): (bool, Duration),
) -> Option<Signal> {
    let rule = &scene.book.off_route;
    let route = scene.facts.route?;
    let bus = scene.class == VehicleClass::SchoolBus;
    let least = match (door, bus) {
        (true, true) => Duration::ZERO,
        (true, false) => rule.door_stop,
        // Parked with the engine off nobody is picked up.
        (false, _) if !status.has(Status::ACC_ON) => return None,
        (false, true) => rule.school_bus_stand_stop,
        (false, false) => rule.stand_stop,
    };
    if stood < least {
        return None;
    }
    let in_hours =
        scene.map.route_hours(route).is_none_or(|hours| hours.contains(scene.fix.at.second_of_day()));
    let stop_m = scene.map.stop_m(route, scene.fix.position)?;
    let allowed = stop_m <= rule.stop_m
        || !in_hours
        || scene.map.off_route_m(route, scene.fix.position) > 0.0
        || (!bus && is_in(scene, hits, &[ZoneKind::RelayPoint, ZoneKind::ServiceArea]));
    if allowed {
        return None;
    }
    let (text, basis) = match (bus, door) {
        (false, true) => {
            (("站外停靠，车门开启", "halted away from its stops, a door open"), law::OFF_STATION)
        }
        (false, false) => (
            ("疑似站外停靠（未见开门）", "may have halted away from its stops, no door seen"),
            law::OFF_STATION,
        ),
        (true, true) => {
            (("校车在非校车站点上下学生", "boarding away from its approved stops"), law::SCHOOL_BUS_STOP)
        }
        (true, false) => (
            (
                "疑似在非校车站点停靠（未见开门）",
                "may have halted away from its approved stops, no door seen",
            ),
            law::SCHOOL_BUS_STOP,
        ),
    };
    let severity = if bus && door { Severity::Major } else { Severity::Minor };
    let signal = Signal::new(RuleId::OFF_ROUTE, severity, text)
        .to(law::road(scene.class), basis)
        .about(Subject::Named("stop"))
        .measured(MeasureKind::DistanceM, stop_m, Some(rule.stop_m));
    Some(Signal { confidence: (!door).then_some(NO_DOOR_CONFIDENCE), ..signal })
}

/// Queues are as likely.
const NO_DOOR_CONFIDENCE: f64 = 0.5;

/// Outside every listed park, where the map lists any.
fn long_stop(scene: &Scene<'_>, hits: &[ZoneHit], stood: Duration) -> Option<Signal> {
    let rule = &scene.book.no_parking;
    let toxic = || {
        let load = scene.registry.vehicle(scene.terminal)?.hazmat_class.as_deref()?;
        Some(rule.toxic_classes.iter().any(|class| covers(class, load)))
    };
    if stood < rule.toxic_stop.min(rule.hazmat_stop) || !scene.map.lists(ZoneKind::HazmatPark) {
        return None;
    }
    let toxic = toxic().unwrap_or_default();
    let least = if toxic { rule.toxic_stop } else { rule.hazmat_stop };
    if stood < least || is_in(scene, hits, &[ZoneKind::HazmatPark, ZoneKind::ServiceArea]) {
        return None;
    }
    let text = if toxic {
        (
            "剧毒、爆炸品运输车在专用停车场外长时间停车",
            "toxic goods or explosives, long stop outside the listed parks",
        )
    } else {
        ("在专用停车场外长时间停车", "long stop outside the listed parks")
    };
    let signal = Signal::new(RuleId::NO_PARKING, Severity::Major, text)
        .to(law::POLICE_TRANSPORT_EMERGENCY, law::LONG_STOP)
        .about(Subject::Named("long-stop"))
        .measured(MeasureKind::DurationS, stood.as_secs_f64(), Some(least.as_secs_f64()));
    Some(signal)
}
