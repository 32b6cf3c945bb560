//! `hazmat-zone-approach`: on the way to a zone, by the road where it is known, else as the crow flies.

use fleet::{Ahead, Heading, MeasureKind, RuleId, Severity, Zone, ZoneIndex, ZoneKind};

use super::zone_law;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// What lies between a vehicle and a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    /// Metres to its beginning, along the road or as the crow flies.
    pub(super) distance_m: f64,
    /// Towards it, degrees from north, as the crow flies.
    pub(super) bearing_deg: f64,
    /// How sure the road is, where it says that the zone lies ahead.
    pub(super) by_road: Option<f64>,
    /// Whether the vehicle moves towards it.
    pub(super) ahead: bool,
    /// The share of the places it may be at from which the road leads in, and how far that is from the likeliest of
    /// them, metres; `None` where no road is known, or where it stands further away than [`STOOD_M`].
    pub(super) leads_in: Option<(f64, f64)>,
}

/// A vehicle that stands at a portal, at a light say, drives in next; further away it may as well be parked, metres.
const STOOD_M: f64 = 100.0;

/// The way to a zone that is near; `None`: the road leads elsewhere.
pub(super) fn way(scene: &Scene<'_>, zone: ZoneIndex, distance_m: f64, bearing_deg: f64) -> Option<Way> {
    let moves = scene.fix.speed.kmh() >= scene.book.common.moving_kmh;
    let ahead = moves && is_ahead(scene, bearing_deg);
    let crow = Way { distance_m, bearing_deg, by_road: None, ahead, leads_in: None };
    let Some(roads) = Roads::of(scene, zone) else { return Some(crow) };
    let near = |distance_m: &f64| moves || *distance_m <= STOOD_M;
    let leads_in = roads.distance_m.filter(near).map(|distance_m| (roads.at, distance_m));
    match roads.distance_m {
        Some(distance_m) if roads.at >= roads.elsewhere => {
            Some(Way { distance_m, by_road: Some(roads.at), ahead: moves, leads_in, ..crow })
        }
        _ if scene.is_sure(roads.elsewhere) => None,
        _ => Some(Way { ahead: false, leads_in, ..crow }),
    }
}

/// What the roads say at all the places a vehicle may be at. Right before a portal there are often several, and all
/// lead in.
struct Roads {
    /// The share of places from which the road leads into the zone.
    at: f64,
    /// How far that is from the likeliest of them, metres.
    distance_m: Option<f64>,
    /// The share of places from which it leads elsewhere.
    elsewhere: f64,
}

impl Roads {
    /// `None` where the roads say nothing.
    fn of(scene: &Scene<'_>, zone: ZoneIndex) -> Option<Self> {
        let mut roads = Self { at: 0.0, distance_m: None, elsewhere: 0.0 };
        for on in scene.stands() {
            match scene.map.ahead(&on, zone) {
                Ahead::At(distance_m) => {
                    roads.at += f64::from(on.sure);
                    roads.distance_m.get_or_insert(distance_m);
                }
                Ahead::Elsewhere => roads.elsewhere += f64::from(on.sure),
                Ahead::Unknown => {}
            }
        }
        (roads.at + roads.elsewhere > 0.0).then_some(roads)
    }
}

/// Whether the zone lies in the direction of travel.
fn is_ahead(scene: &Scene<'_>, bearing_deg: f64) -> bool {
    let towards = |heading: Heading| {
        heading.differs_by_deg(bearing_deg) <= scene.book.hazmat_zone_approach.heading_deg_max
    };
    scene.fix.heading.is_some_and(towards)
}

/// The warning, where the zone wants one: within its `approach_m`, or less than `time` away at this speed.
/// By the crow it begins only when the distance falls; `before_m` is what it was.
pub(super) fn signal(
    scene: &Scene<'_>,
    (index, zone): (ZoneIndex, &Zone),
    way: &Way,
    before_m: Option<f64>,
) -> Option<Signal> {
    let approach_m = zone.approach_m?;
    let soon_m = scene.fix.speed.kmh() / 3.6 * scene.book.hazmat_zone_approach.time.as_secs_f64();
    let limit_m = if way.distance_m <= approach_m { approach_m } else { soon_m };
    if way.distance_m > limit_m {
        return None;
    }
    let closer = way.by_road.is_some() || before_m.is_some_and(|before_m| way.distance_m < before_m);
    let departments = match zone.kind {
        ZoneKind::WaterSource => law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        _ => law::POLICE_TRANSPORT_EMERGENCY,
    };
    let text = ("正在接近限制区域", "on the way to a restricted zone");
    let grip = if way.ahead && closer { Grip::Raises } else { Grip::Sustains };
    let signal = Signal::new(RuleId::HAZMAT_ZONE_APPROACH, Severity::Minor, text)
        .to(departments, zone_law(zone))
        .measured(MeasureKind::DistanceM, way.distance_m, Some(limit_m))
        .about(Subject::Zone(index));
    Some(Signal { grip, ..signal })
}
