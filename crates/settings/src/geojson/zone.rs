//! Restricted zones.

use fleet::{Division, TunnelCategory, VehicleClass, Zone, ZoneKind};

use super::{Feature, Reader};
use crate::csvs::{is_hazmat_class, is_un_number};
use crate::moment;

impl Reader {
    pub(super) fn zone(&mut self, feature: &mut Feature<'_, '_>) {
        let id = self.id("zone", feature);
        let kind = feature.needed_word("kind", str::parse::<ZoneKind>);
        let names = (feature.text("name_zh"), feature.text("name_en"));
        feature.check_names(names.0.iter().chain(&names.1));
        if names.0.is_none() && names.1.is_none() {
            feature.wrong_in("name_zh", "name_zh and name_en are blank, expected at least one".to_owned());
        }
        let name_zh = names.0.clone().or(names.1.clone()).unwrap_or_default();
        let name_en = names.1.or(names.0).unwrap_or_default();
        let mut zone = Zone { name_zh, name_en, ..Zone::new("", kind.unwrap_or(ZoneKind::Closed)) };
        whom(feature, &mut zone);
        when(feature, &mut zone);
        [zone.limit_kmh, zone.length_m, zone.approach_m] =
            ["limit_kmh", "length_m", "approach_m"].map(|key| feature.number(key));
        if kind == Some(ZoneKind::SpeedLimit) && zone.limit_kmh.is_none() {
            let text = "limit_kmh is missing, expected the limit of this speed-limit zone";
            feature.wrong_in("limit_kmh", text.to_owned());
        }
        zone.document = feature.text("document");
        zone.roads = feature.texts("roads").unwrap_or_default();
        let shape = feature.shape();
        self.zone_roads.extend(zone.roads.iter().map(|road| {
            let (file, line) = (feature.file.to_owned(), feature.line);
            (file, line, road.clone())
        }));
        let (Some(id), Some(_), Some(shape), false) = (id, kind, shape, feature.bad) else { return };
        let is_beneath = !feature.is_drawn && self.is_drawn_over("zone", &id);
        let zones = if is_beneath { &mut self.beneath_zones } else { &mut self.zones };
        zones.push((Zone { id, ..zone }, shape));
    }
}

/// Which vehicles with what on board.
fn whom(feature: &mut Feature<'_, '_>, zone: &mut Zone) {
    zone.division = feature.word("division", Division::parse).unwrap_or_default();
    zone.classes = feature.classes().unwrap_or_else(|| default_classes(zone.kind));
    zone.hazmat_classes = feature.texts("hazmat_classes").unwrap_or_default();
    for class in zone.hazmat_classes.iter().filter(|class| !is_hazmat_class(class)) {
        let text = format!("hazmat_classes {class:?} is wrong, expected a class of GB 6944 such as 3 or 2.1");
        feature.wrong_in("hazmat_classes", text);
    }
    zone.hazmat_un = feature.texts("hazmat_un").unwrap_or_default();
    for un in zone.hazmat_un.iter().filter(|un| !is_un_number(un)) {
        let text = format!("hazmat_un {un:?} is wrong, expected four digits such as 1203");
        feature.wrong_in("hazmat_un", text);
    }
    zone.tunnel_category = feature.word("tunnel_category", str::parse::<TunnelCategory>);
    if zone.tunnel_category.is_some() && zone.kind != ZoneKind::Tunnel {
        let text = format!("tunnel_category stands at a {}, expected it at kind tunnel only", zone.kind);
        feature.wrong_in("tunnel_category", text);
    }
}

/// In which hours and from when to when.
fn when(feature: &mut Feature<'_, '_>, zone: &mut Zone) {
    zone.hours = feature.hours();
    zone.valid_from = feature.word("valid_from", moment::first);
    zone.valid_until = feature.word("valid_until", moment::end);
    if let (Some(from), Some(until)) = (zone.valid_from, zone.valid_until)
        && until <= from
    {
        feature.wrong_in("valid_until", moment::no_time(from, until));
    }
}

/// Bridges, tunnels and water sources restrict dangerous goods unless they say otherwise.
fn default_classes(kind: ZoneKind) -> Vec<VehicleClass> {
    match kind {
        ZoneKind::Bridge | ZoneKind::Tunnel | ZoneKind::WaterSource => vec![VehicleClass::HazmatTruck],
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => Vec::new(),
    }
}
