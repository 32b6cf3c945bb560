//! Which zones restrict which vehicle: by class, load, hour and term. An unknown load is not let off.
//!
//! What a vehicle carries is what is on file. No terminal tells of an empty and cleaned tank: a truck counts as loaded,
//! always or by its waybill, as `hazmat_loaded` says.

use fleet::{Goods, RuleId, TunnelCategory, TunnelCode, Vehicle, VehicleClass, Zone, ZoneKind};

use crate::kind::limit::is_loaded;
use crate::scene::Scene;

/// Whether a zone concerns this vehicle, with this load, at this moment.
pub(crate) fn applies(zone: &Zone, scene: &Scene<'_>) -> bool {
    let at = scene.fix.at;
    let class = zone.classes.is_empty() || zone.classes.contains(&scene.class);
    let hour = zone.hours.is_none_or(|hours| hours.contains(at.second_of_day()));
    let begun = zone.valid_from.is_none_or(|from| from <= at);
    let over = zone.valid_until.is_some_and(|until| until <= at);
    class && hour && begun && !over && by_load(zone, scene)
}

/// Which rule forbids the zone to the class. A bridge, tunnel or water-source area that names no class is one
/// for dangerous goods.
pub(crate) fn restricted(zone: &Zone, scene: &Scene<'_>) -> Option<RuleId> {
    let hazmat = is_loaded(scene);
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
            (scene.class != VehicleClass::HazmatTruck && zone.classes.contains(&scene.class))
                .then_some(RuleId::CLOSED_STRUCTURE)
        }
    }
}

/// A tunnel's category decides alone; else one of the classes or UN numbers that are named must be carried.
fn by_load(zone: &Zone, scene: &Scene<'_>) -> bool {
    let names_load =
        zone.tunnel_category.is_some() || !zone.hazmat_classes.is_empty() || !zone.hazmat_un.is_empty();
    if !names_load {
        return true;
    }
    if !is_loaded(scene) {
        return false;
    }
    let vehicle = scene.registry.vehicle(scene.terminal);
    match zone.tunnel_category {
        Some(category) => by_category(category, vehicle),
        None => vehicle.is_none_or(|vehicle| is_named(zone, vehicle)),
    }
}

/// The code that is on file, else that of the goods. A category that forbids nothing lets unknown goods pass too.
fn by_category(category: TunnelCategory, vehicle: Option<&Vehicle>) -> bool {
    let code = vehicle.and_then(|vehicle| vehicle.tunnel_code.or_else(|| Some(goods(vehicle)?.code)));
    let in_tank = vehicle.and_then(|vehicle| vehicle.tank).unwrap_or(true);
    let letter = code.unwrap_or(TunnelCode::B).effective(in_tank);
    letter.is_some_and(|letter| category.forbids(letter))
}

fn is_named(zone: &Zone, vehicle: &Vehicle) -> bool {
    let class = vehicle.hazmat_class.as_deref().or_else(|| Some(goods(vehicle)?.class));
    let un = vehicle.hazmat_un.as_deref();
    let by_class = || class.is_none_or(|load| zone.hazmat_classes.iter().any(|named| covers(named, load)));
    let may_be = |named: &String| match un {
        Some(un) => un == named,
        // The number is not on file: it may be any of the class.
        None => class.zip(Goods::find(named)).is_none_or(|(load, goods)| covers(load, goods.class)),
    };
    (!zone.hazmat_classes.is_empty() && by_class()) || zone.hazmat_un.iter().any(may_be)
}

fn goods(vehicle: &Vehicle) -> Option<&'static Goods> {
    Goods::find(vehicle.hazmat_un.as_deref()?)
}

/// `2` covers `2.1`; `2.1` does not cover `2`.
pub(crate) fn covers(class: &str, load: &str) -> bool {
    load.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
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
