//! `speeding`: the speed against the lowest limit that holds here and now.

use fleet::{MeasureKind, RuleId, Severity, Touch, VehicleClass, ZoneHit};

use crate::kind::zone;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

pub(crate) fn step(scene: &Scene<'_>, hits: &[ZoneHit], signals: &mut Vec<Signal>) {
    let rule = &scene.book.speeding;
    let speed_kmh = scene.fix.speed.kmh();
    let (day_kmh, zone) = day_limit(scene, hits);
    let at_night = scene.class.is_coach() && rule.night.contains(scene.fix.at.second_of_day());
    let limit_kmh = if at_night { day_kmh * rule.night_factor } else { day_kmh };
    if speed_kmh <= limit_kmh + rule.tolerance_kmh {
        return;
    }
    let basis = match scene.class {
        _ if at_night => law::SPEED_COACH_NIGHT,
        VehicleClass::HazmatTruck => law::SPEED_HAZMAT,
        VehicleClass::SchoolBus => law::SPEED_SCHOOL_BUS,
        VehicleClass::CharterCoach | VehicleClass::HeavyTruck | VehicleClass::ScheduledCoach => match zone {
            Some(_) => law::SPEED_ZONE,
            None => law::SPEED,
        },
    };
    let text = if at_night { ("夜间超速", "speeding by night") } else { ("超速", "speeding") };
    let signal = Signal::new(RuleId::SPEEDING, severity(scene.class, speed_kmh / limit_kmh), text)
        .to(law::road(scene.class), basis)
        .measured(MeasureKind::SpeedKmh, speed_kmh, Some(limit_kmh));
    signals.push(signal);
}

/// The lowest of the class's cap and the limits of the zones around, and the zone that gives it.
fn day_limit(scene: &Scene<'_>, hits: &[ZoneHit]) -> (f64, Option<Subject>) {
    let rule = &scene.book.speeding;
    let cap_kmh = match scene.class {
        VehicleClass::CharterCoach | VehicleClass::ScheduledCoach => rule.coach_kmh,
        VehicleClass::HazmatTruck => rule.hazmat_truck_kmh,
        VehicleClass::HeavyTruck => rule.heavy_truck_kmh,
        VehicleClass::SchoolBus => rule.school_bus_kmh,
    };
    let mut lowest = (cap_kmh, None);
    for hit in hits.iter().filter(|hit| hit.touch == Touch::Inside) {
        let zone = scene.map.zone(hit.zone);
        match zone.limit_kmh {
            Some(limit_kmh) if limit_kmh < lowest.0 && zone::applies(zone, scene) => {
                lowest = (limit_kmh, Some(Subject::Zone(hit.zone)));
            }
            _ => {}
        }
    }
    lowest
}

/// The bands of the points system; the road is not known to be an expressway, so its stricter bands are not used.
fn severity(class: VehicleClass, ratio: f64) -> Severity {
    if ratio >= 1.5 || (class == VehicleClass::SchoolBus && ratio >= 1.2) {
        Severity::Critical
    } else if ratio >= 1.2 {
        Severity::Major
    } else if ratio >= 1.1 {
        Severity::Minor
    } else {
        Severity::Info
    }
}
