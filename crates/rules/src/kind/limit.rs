//! The speed limit that holds here and now: the lowest of all that apply, and why.
//!
//! ```text
//! day = min( posted · zone · caution · road class · vehicle class )      limit = day, or 0.8 × day for coaches by night
//! ```
//! A vehicle that may be on several roads is held to the highest of their limits, so that nobody is accused on a guess.

use fleet::{
    Caution, LimitLabel, LimitSource, PermitKind, Road, RoadClass, Touch, Trail, VehicleClass, Zone, ZoneHit,
};

use crate::book::{Loaded, Speeding, Students};
use crate::kind::zone;
use crate::law::{self, Law};
use crate::road::{Place, holds_along};
use crate::scene::Scene;

/// See the module.
pub(crate) struct Limit {
    pub(crate) kmh: f64,
    pub(crate) day: Day,
    /// What the vehicle drives by night is this part of what it may drive by day.
    pub(crate) factor: f64,
    /// Among all places it may be at, the share of those with this limit or a lower one.
    pub(crate) share: f64,
}

/// The limit by day at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    pub(crate) kmh: f64,
    why: Why,
    /// Whether the map knows the road's own limit.
    pub(crate) known: bool,
}

/// What a limit rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Cap,
    Caution,
    Expressway,
    Posted,
    SchoolBusCaution,
    Unsigned,
    UrbanExpressway,
    Zone,
}

impl Limit {
    /// For the evidence.
    pub(crate) fn label(&self) -> LimitLabel {
        LimitLabel {
            kmh: self.kmh,
            day_kmh: self.day.kmh,
            factor: self.factor,
            source: self.day.why.source(),
            road_known: self.day.known,
        }
    }

    /// The law behind it.
    pub(crate) fn basis(&self, class: VehicleClass) -> &'static [Law] {
        let night = self.factor < 1.0;
        match (self.day.why, class) {
            (Why::Cap, VehicleClass::HazmatTruck) => law::SPEED_HAZMAT,
            (Why::Cap, VehicleClass::SchoolBus) => law::SPEED_SCHOOL_BUS,
            (Why::Cap, _) => by(night, law::SPEED_NIGHT, law::SPEED),
            (Why::Caution, _) => by(night, law::SPEED_CAUTION_NIGHT, law::SPEED_CAUTION),
            (Why::Expressway, _) => by(night, law::SPEED_EXPRESSWAY_NIGHT, law::SPEED_EXPRESSWAY),
            (Why::Posted | Why::Zone, _) => by(night, law::SPEED_POSTED_NIGHT, law::SPEED_POSTED),
            (Why::SchoolBusCaution, _) => law::SPEED_SCHOOL_BUS_CAUTION,
            (Why::Unsigned, _) => by(night, law::SPEED_UNSIGNED_NIGHT, law::SPEED_UNSIGNED),
            (Why::UrbanExpressway, _) => {
                by(night, law::SPEED_URBAN_EXPRESSWAY_NIGHT, law::SPEED_URBAN_EXPRESSWAY)
            }
        }
    }
}

impl Why {
    const fn source(self) -> LimitSource {
        match self {
            Self::Cap => LimitSource::VehicleClass,
            Self::Caution | Self::SchoolBusCaution => LimitSource::Caution,
            Self::Expressway | Self::Unsigned | Self::UrbanExpressway => LimitSource::RoadClass,
            Self::Posted => LimitSource::Posted,
            Self::Zone => LimitSource::Zone,
        }
    }
}

const fn by(night: bool, at_night: &'static [Law], by_day: &'static [Law]) -> &'static [Law] {
    if night { at_night } else { by_day }
}

/// What holds for this vehicle at this moment.
pub(crate) fn here(scene: &Scene<'_>, hits: &[ZoneHit]) -> Limit {
    let rule = &scene.book.speeding;
    let mut days = [None; Trail::CANDIDATES_MAX];
    for (day, (place, share)) in days.iter_mut().zip(scene.places()) {
        *day = Some((day_limit(scene, place, hits), share));
    }
    let days = || days.iter().flatten().copied();
    let share_up_to = |kmh| days().filter(|(day, _)| day.kmh <= kmh).map(|(_, share)| share).sum::<f64>();
    let held = days().map(|(day, _)| (day, share_up_to(day.kmh))).filter(|(_, share)| scene.is_sure(*share));
    let lowest = held.min_by(|a, b| a.0.kmh.total_cmp(&b.0.kmh));
    let (day, share) = lowest.unwrap_or_else(|| (day_limit(scene, None, hits), 1.0));
    let at_night = scene.class.is_coach() && rule.night.contains(scene.fix.at.second_of_day());
    let factor = if at_night { rule.night_factor } else { 1.0 };
    // One decimal is kept and never rounded up; the tiny summand is for 0.8 × 80, which is a little less than 64.
    let kmh = if at_night { (day.kmh * factor * 10.0 + 1e-6).floor() / 10.0 } else { day.kmh };
    Limit { kmh, day, factor, share }
}

/// By day, if the vehicle is at this place.
fn day_limit(scene: &Scene<'_>, place: Place<'_>, hits: &[ZoneHit]) -> Day {
    let rule = &scene.book.speeding;
    let posted = place.and_then(|(road, forward)| posted(scene, road, forward));
    let of_class = place.and_then(|(road, _)| of_class(rule, road));
    let known = posted.is_some() || matches!(of_class, Some((_, Why::Unsigned)));
    let cap = (cap(scene, place.map(|(road, _)| road.class)), Why::Cap);
    let others = [
        posted.map(|kmh| (kmh, Why::Posted)),
        zone_limit(scene, place, hits).map(|kmh| (kmh, Why::Zone)),
        place.and_then(|(road, _)| caution(scene, road)),
        of_class,
    ];
    // The cap of dangerous goods and school buses is the graver offence, that of other classes the lesser one.
    let graver = has_students(scene) || is_loaded(scene);
    let all = std::iter::once(Some(cap)).chain(others);
    let lowest = all.flatten().reduce(|low, next| {
        let weaker = low.1 == Why::Cap && !graver;
        if next.0 < low.0 || (weaker && next.0 <= low.0) { next } else { low }
    });
    let (kmh, why) = lowest.unwrap_or(cap);
    Day { kmh, why, known }
}

/// The lowest posted limit that holds for the class, the way, the hour and the weather.
fn posted(scene: &Scene<'_>, road: &Road, forward: bool) -> Option<f64> {
    let hour = scene.fix.at.second_of_day();
    let holds = road.limits.iter().filter(|limit| {
        holds_along(limit.along, forward)
            && (limit.classes.is_empty() || limit.classes.contains(&scene.class))
            && limit.hours.is_none_or(|hours| hours.contains(hour))
            && (!limit.wet || scene.book.speeding.wet)
    });
    holds.map(|limit| limit.kmh).min_by(f64::total_cmp)
}

/// What the law gives the road's class: the cap of expressways, and a limit of its own where no sign stands and lanes and
/// centre line are known. A highway without signs that has several lanes has none.
fn of_class(rule: &Speeding, road: &Road) -> Option<(f64, Why)> {
    let (no_line_kmh, one_lane_kmh) = match road.class {
        RoadClass::Expressway => return Some((rule.expressway_kmh, Why::Expressway)),
        RoadClass::UrbanExpressway => return Some((rule.expressway_kmh, Why::UrbanExpressway)),
        RoadClass::Highway => (rule.highway_kmh, rule.highway_lane_kmh),
        RoadClass::Street => (rule.street_kmh, rule.street_lane_kmh),
        RoadClass::Minor | RoadClass::Ramp => return None,
    };
    if !rule.unsigned || !road.limits.is_empty() {
        return None;
    }
    let kmh = match (road.centre_line, road.lanes) {
        (Some(false), _) => no_line_kmh,
        (Some(true) | None, Some(1)) => one_lane_kmh,
        (Some(true) | None, _) => return None,
    };
    Some((kmh, Why::Unsigned))
}

/// Bends, narrow places, crossings.
fn caution(scene: &Scene<'_>, road: &Road) -> Option<(f64, Why)> {
    let rule = &scene.book.speeding;
    let calls = |listed: &[Caution]| road.cautions.iter().any(|caution| listed.contains(caution));
    let with_students = has_students(scene) && calls(&rule.school_bus_cautions);
    let school_bus = with_students.then_some((rule.school_bus_caution_kmh, Why::SchoolBusCaution));
    let anyone = calls(&rule.cautions).then_some((rule.caution_kmh, Why::Caution));
    school_bus.into_iter().chain(anyone).min_by(|a, b| a.0.total_cmp(&b.0))
}

/// The vehicle's own cap. Ramps belong to the expressway; on a road nobody knows the higher cap holds.
fn cap(scene: &Scene<'_>, road: Option<RoadClass>) -> f64 {
    let rule = &scene.book.speeding;
    let ordinary = match road {
        None | Some(RoadClass::Expressway | RoadClass::Ramp | RoadClass::UrbanExpressway) => false,
        Some(RoadClass::Highway | RoadClass::Minor | RoadClass::Street) => true,
    };
    match scene.class {
        VehicleClass::CharterCoach | VehicleClass::ScheduledCoach => rule.coach_kmh,
        VehicleClass::HeavyTruck => rule.heavy_truck_kmh,
        VehicleClass::HazmatTruck if !is_loaded(scene) => rule.heavy_truck_kmh,
        VehicleClass::HazmatTruck if ordinary => rule.hazmat_truck_road_kmh.min(rule.hazmat_truck_kmh),
        VehicleClass::HazmatTruck => rule.hazmat_truck_kmh,
        VehicleClass::SchoolBus if !has_students(scene) => rule.school_bus_empty_kmh,
        VehicleClass::SchoolBus if ordinary => rule.school_bus_road_kmh.min(rule.school_bus_kmh),
        VehicleClass::SchoolBus => rule.school_bus_kmh,
    }
}

/// The lowest limit of the zones around; one that names its roads holds on those alone.
fn zone_limit(scene: &Scene<'_>, place: Place<'_>, hits: &[ZoneHit]) -> Option<f64> {
    let carries = |zone: &Zone| {
        let named = |road: &Road| zone.roads.iter().any(|id| **id == *road.id);
        zone.roads.is_empty() || place.is_some_and(|(road, _)| named(road))
    };
    let inside = hits.iter().filter(|hit| hit.touch == Touch::Inside).map(|hit| scene.map.zone(hit.zone));
    let limits = inside.filter_map(|zone| Some((zone, zone.limit_kmh?)));
    let here = limits.filter(|(zone, _)| carries(zone) && zone::applies(zone, scene));
    here.map(|(_, kmh)| kmh).min_by(f64::total_cmp)
}

/// Whether a school bus is taken to have students aboard.
pub(crate) fn has_students(scene: &Scene<'_>) -> bool {
    let rule = &scene.book.speeding;
    let hour = scene.fix.at.second_of_day();
    scene.class == VehicleClass::SchoolBus
        && match rule.students {
            Students::Always => true,
            Students::Hours => rule.student_hours.iter().any(|hours| hours.contains(hour)),
        }
}

/// Whether a dangerous-goods truck is taken to be loaded.
pub(crate) fn is_loaded(scene: &Scene<'_>) -> bool {
    scene.class == VehicleClass::HazmatTruck
        && match scene.book.common.hazmat_loaded {
            Loaded::Always => true,
            Loaded::Waybill => scene.has_permit(PermitKind::Waybill),
        }
}
