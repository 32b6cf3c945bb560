//! Where a vehicle stands to a zone, by the zone's shape and by the roads the zone names.
//!
//! | the shape says | surely on a road of the zone | surely on another | neither is sure |
//! |---|---|---|---|
//! | inside | inside | beside, unless a road gone over since carries the zone | inside with a doubt if its own roads are the likelier, else as if beside, but what is open stays |
//! | passed through | through if a road gone over carries it | the same | through if …, else no news |
//! | outside | inside if the road is the bridge or tunnel itself; through if a whole road gone over carries it | through if … | through if … |
//!
//! Where the zone names no roads, or no road comes into question, the shape decides alone. A doubt must hold for
//! `unsure_hold` before it is said, and says how sure it is: on the road under a bridge the likeliest road is the
//! lower one, and nothing is ever said.

use fleet::{RoadIndex, Touch, ZoneHit, ZoneIndex};

use crate::scene::Scene;

/// The roads gone over since the last fix.
#[derive(Clone, Copy)]
pub(crate) struct Passed<'a> {
    /// Oldest first, the one the vehicle is on included.
    pub(crate) roads: &'a [RoadIndex],
    /// The road the last fix lay on.
    pub(crate) from: Option<RoadIndex>,
}

/// How a vehicle stands to a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stand {
    /// In it; with a share where its roads leave a doubt.
    In { share: Option<f64> },
    /// It went through since the last fix.
    Through,
    /// On another road.
    Beside,
    /// In it or beside it, rather beside.
    Unclear,
    /// Outside, near.
    Out { distance_m: f64, bearing_deg: f64 },
}

pub(crate) fn stand(scene: &Scene<'_>, hit: &ZoneHit, passed: Passed<'_>) -> Stand {
    let places = Places::of(scene, hit.zone);
    let carries = |road: &RoadIndex| scene.map.carries(hit.zone, *road) == Some(true);
    match (hit.touch, places) {
        (Touch::Inside, None) => Stand::In { share: None },
        (Touch::Inside, Some(places)) if scene.is_sure(places.on) => Stand::In { share: None },
        (Touch::Inside, Some(places)) if places.on > places.off => Stand::In { share: Some(places.on) },
        (Touch::Inside, Some(_)) if went_over(scene, hit.zone, passed) => Stand::Through,
        (Touch::Crossed, None) => Stand::Through,
        (Touch::Crossed, Some(_)) if passed.roads.iter().any(carries) => Stand::Through,
        (Touch::Inside | Touch::Crossed, Some(places)) => beside(scene.is_sure(places.off)),
        // A fix beside a narrow shape, and a road that is nothing but the bridge or tunnel.
        (Touch::Near { .. }, Some(places)) if scene.is_sure(places.on) && is_structure(scene) => {
            Stand::In { share: None }
        }
        (Touch::Near { .. }, _) if went_over(scene, hit.zone, passed) => Stand::Through,
        (Touch::Near { distance_m, bearing_deg }, _) => Stand::Out { distance_m, bearing_deg },
    }
}

/// The places a vehicle may be at, by whether their roads carry a zone.
struct Places {
    /// Share of those that do.
    on: f64,
    /// Share of those that do not; what is left lies on no road.
    off: f64,
}

impl Places {
    /// `None` where the zone names no roads, or where the fix rather lies on none.
    fn of(scene: &Scene<'_>, zone: ZoneIndex) -> Option<Self> {
        let mut places = Self { on: 0.0, off: 0.0 };
        for (road, share) in scene.shares() {
            match scene.map.carries(zone, road) {
                Some(true) => places.on += share,
                Some(false) => places.off += share,
                None => return None,
            }
        }
        (places.on + places.off >= 0.5).then_some(places)
    }
}

const fn beside(sure: bool) -> Stand {
    if sure { Stand::Beside } else { Stand::Unclear }
}

fn is_structure(scene: &Scene<'_>) -> bool {
    scene.on().is_some_and(|road| road.structure.is_some())
}

/// Whether a road the zone lies on was gone over from end to end.
fn went_over(scene: &Scene<'_>, zone: ZoneIndex, passed: Passed<'_>) -> bool {
    let whole =
        |road: &&RoadIndex| Some(**road) != passed.from && scene.road.is_none_or(|on| on.road != **road);
    passed.roads.iter().filter(whole).any(|road| scene.map.carries(zone, *road) == Some(true))
}
