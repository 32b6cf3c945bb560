//! Zones: `hazmat-zone`, `hazmat-zone-approach`, `closed-structure`, `no-parking`.

use std::time::Duration;

use fleet::{
    Heading, MeasureKind, PORTAL_M, RuleId, Severity, Touch, VehicleClass, Zone, ZoneHit, ZoneIndex, ZoneKind,
};
use serde::{Deserialize, Serialize};

use crate::kind::driving::Drive;
use crate::law::{self, Law};
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// Zones nearby whose distance is remembered; more are not told apart from zones that come no closer.
const NEAR_MAX: usize = 16;

/// What is remembered of the zones around one vehicle.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Around {
    near: Vec<(ZoneIndex, f64)>,
    /// The tunnel whose portal is right ahead: a fix lost now is lost inside.
    portal: Option<String>,
}

impl Around {
    /// Nothing is near.
    pub(crate) fn clear(&mut self) {
        self.near.clear();
        self.portal = None;
    }
}

/// Whether a zone concerns this vehicle, with this load, at this hour. An unknown load is not let off.
pub(crate) fn applies(zone: &Zone, scene: &Scene<'_>) -> bool {
    let class = zone.classes.is_empty() || zone.classes.contains(&scene.class);
    let hour = zone.hours.is_none_or(|hours| hours.contains(scene.fix.at.second_of_day()));
    class && hour && (zone.hazmat_classes.is_empty() || carries(zone, scene))
}

fn carries(zone: &Zone, scene: &Scene<'_>) -> bool {
    if scene.class != VehicleClass::HazmatTruck {
        return false;
    }
    let load = scene.registry.vehicle(scene.terminal).and_then(|vehicle| vehicle.hazmat_class.as_deref());
    load.is_none_or(|load| zone.hazmat_classes.iter().any(|class| covers(class, load)))
}

/// `2` covers `2.1`; `2.1` does not cover `2`.
fn covers(class: &str, load: &str) -> bool {
    load.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

pub(crate) fn step(
    scene: &Scene<'_>,
    hits: &[ZoneHit],
    drive: &Drive,
    around: &mut Around,
    signals: &mut Vec<Signal>,
) {
    if hits.is_empty() {
        around.clear();
        return;
    }
    around.portal = None;
    let mut near = Vec::new();
    for hit in hits {
        let zone = scene.map.zone(hit.zone);
        if !applies(zone, scene) {
            continue;
        }
        match hit.touch {
            Touch::Inside | Touch::Crossed => inside(scene, hit, zone, drive, signals),
            Touch::Near { distance_m, bearing_deg } => {
                if restricted(zone, scene.class) != Some(RuleId::HAZMAT_ZONE) {
                    continue;
                }
                let ahead = is_ahead(scene, bearing_deg);
                if ahead && zone.kind == ZoneKind::Tunnel && distance_m <= PORTAL_M {
                    around.portal = Some(zone.id.clone());
                }
                if zone.approach_m.is_some_and(|approach_m| distance_m <= approach_m) {
                    let before = around.near.iter().find(|(index, _)| *index == hit.zone);
                    let closer = ahead && before.is_some_and(|(_, before_m)| distance_m < *before_m);
                    signals.push(approach(hit.zone, zone, distance_m, closer));
                }
                if near.len() < NEAR_MAX {
                    near.push((hit.zone, distance_m));
                }
            }
        }
    }
    around.near = near;
}

/// The fix was lost: inside the tunnel whose portal was right ahead.
pub(crate) fn lost(scene: &Scene<'_>, around: &Around, signals: &mut Vec<Signal>) {
    let Some(index) = around.portal.as_deref().and_then(|id| scene.map.zone_index(id)) else { return };
    let zone = scene.map.zone(index);
    if applies(zone, scene) && restricted(zone, scene.class) == Some(RuleId::HAZMAT_ZONE) {
        let text = (
            "在隧道口失去定位，推定驶入禁行隧道",
            "fix lost at the portal, inferred inside a restricted tunnel",
        );
        signals.push(Signal { text, ..entered(scene, RuleId::HAZMAT_ZONE, index, zone) });
    }
}

fn inside(scene: &Scene<'_>, hit: &ZoneHit, zone: &Zone, drive: &Drive, signals: &mut Vec<Signal>) {
    if let Some(rule) = restricted(zone, scene.class) {
        let grip = if hit.touch == Touch::Crossed { Grip::Passes } else { Grip::Raises };
        signals.push(Signal { grip, ..entered(scene, rule, hit.zone, zone) });
    }
    let stands = scene.fix.speed.kmh() < scene.book.common.moving_kmh;
    if zone.kind == ZoneKind::NoParking && hit.touch == Touch::Inside && stands {
        let stood = drive.standing(scene.fix.at).unwrap_or_default();
        let hold = scene.book.no_parking.hold;
        // A parked vehicle reports seldom: what counts is how long it has stood, not how long it was watched.
        let known = zone.hours.is_none() && stood >= hold;
        let started = known.then(|| scene.fix.at.minus(stood));
        let severity =
            if scene.class == VehicleClass::HazmatTruck { Severity::Major } else { Severity::Minor };
        let text = ("在禁停区停车", "parked in a no-parking zone");
        let signal = Signal::new(RuleId::NO_PARKING, severity, text)
            .to(law::road(scene.class), law::PARKING)
            .measured(MeasureKind::DurationS, stood.as_secs_f64(), Some(hold.as_secs_f64()))
            .about(Subject::Zone(hit.zone));
        signals.push(Signal { started, hold: known.then_some(Duration::ZERO), ..signal });
    }
}

/// Which rule forbids the zone to the class. A bridge, tunnel or water-source area that names no class is one
/// for dangerous goods.
pub(crate) fn restricted(zone: &Zone, class: VehicleClass) -> Option<RuleId> {
    let hazmat = class == VehicleClass::HazmatTruck;
    match zone.kind {
        ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => None,
        ZoneKind::Bridge | ZoneKind::Tunnel | ZoneKind::WaterSource | ZoneKind::Closed if hazmat => {
            Some(RuleId::HAZMAT_ZONE)
        }
        ZoneKind::Closed => Some(RuleId::CLOSED_STRUCTURE),
        ZoneKind::Bridge | ZoneKind::Tunnel | ZoneKind::WaterSource => {
            zone.classes.contains(&class).then_some(RuleId::CLOSED_STRUCTURE)
        }
    }
}

fn entered(scene: &Scene<'_>, rule: RuleId, index: ZoneIndex, zone: &Zone) -> Signal {
    let hazmat = rule == RuleId::HAZMAT_ZONE;
    let text = match zone.kind {
        ZoneKind::Bridge => ("驶入禁行桥梁", "entered a restricted bridge"),
        ZoneKind::Tunnel => ("驶入禁行隧道", "entered a restricted tunnel"),
        ZoneKind::WaterSource => ("驶入饮用水水源保护区", "entered a drinking-water protection area"),
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => ("驶入封闭区", "entered a closed area"),
    };
    let severity = match zone.kind {
        ZoneKind::WaterSource => Severity::Major,
        ZoneKind::Bridge
        | ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit
        | ZoneKind::Tunnel => {
            if hazmat {
                Severity::Critical
            } else {
                Severity::Major
            }
        }
    };
    let basis = if hazmat { zone_law(zone.kind) } else { law::ZONE_CLOSED };
    let (departments, basis) = match zone.kind {
        ZoneKind::WaterSource => (law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY, basis),
        _ => (if hazmat { law::POLICE_TRANSPORT_EMERGENCY } else { law::rescue(scene.class) }, basis),
    };
    Signal::new(rule, severity, text)
        .to(departments, basis)
        .measured(MeasureKind::SpeedKmh, scene.fix.speed.kmh(), None)
        .about(Subject::Zone(index))
}

const fn zone_law(kind: ZoneKind) -> &'static [Law] {
    match kind {
        ZoneKind::Bridge | ZoneKind::Tunnel => law::ZONE_STRUCTURE,
        ZoneKind::WaterSource => law::ZONE_WATER,
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => law::ZONE_CLOSED_HAZMAT,
    }
}

fn approach(index: ZoneIndex, zone: &Zone, distance_m: f64, closer: bool) -> Signal {
    let departments = match zone.kind {
        ZoneKind::WaterSource => law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        _ => law::POLICE_TRANSPORT_EMERGENCY,
    };
    let text = ("正在接近限制区域", "on the way to a restricted zone");
    let grip = if closer { Grip::Raises } else { Grip::Sustains };
    let signal = Signal::new(RuleId::HAZMAT_ZONE_APPROACH, Severity::Minor, text)
        .to(departments, zone_law(zone.kind))
        .measured(MeasureKind::DistanceM, distance_m, zone.approach_m)
        .about(Subject::Zone(index));
    Signal { grip, ..signal }
}

fn is_ahead(scene: &Scene<'_>, bearing_deg: f64) -> bool {
    let moves = scene.fix.speed.kmh() >= scene.book.common.moving_kmh;
    let towards = |heading: Heading| {
        heading.differs_by_deg(bearing_deg) <= scene.book.hazmat_zone_approach.heading_deg_max
    };
    moves && scene.fix.heading.is_some_and(towards)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_covers_its_divisions() {
        for (class, load, expected) in [
            ("2", "2.1", true),
            ("2.1", "2.1", true),
            ("2.1", "2", false),
            ("1", "1.4", true),
            ("1", "12", false),
        ] {
            assert_eq!(covers(class, load), expected, "{class} {load}");
        }
    }
}
