//! Following a vehicle along the roads: which piece each fix most likely lies on.

use fleet::{Candidate, Fix, OnRoad, RoadIndex, Trail};

use crate::net::{Foot, Net, Way, point};

/// A road further from a fix than this does not come into question, metres: four times what a good receiver errs by.
const REACH_M: f64 = 60.0;

/// How much a fix lies beside the road it was taken on, metres: the receiver's error, the road's width, the map's error.
const SIGMA_M: f64 = 10.0;

/// Below this a heading says nothing, km/h.
const HEADING_KMH: f64 = 12.0;

/// How much a heading differs from the drawn line, degrees, and what a difference costs at most.
const HEADING_DEG: f64 = 20.0;
const HEADING_COST_MAX: f64 = 8.0;

/// Places a fix may lie at that are looked at.
const PLACES_MAX: usize = 12;

impl Net {
    /// See [`fleet::Map::follow`].
    pub(crate) fn follow(&self, trail: &mut Trail, fix: &Fix, passed: &mut Vec<RoadIndex>) -> Option<OnRoad> {
        let places = self.places(fix);
        trail.last = Some((fix.at, fix.position));
        trail.candidates.clear();
        trail.candidates.extend(places);
        trail.candidates.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        trail.candidates.truncate(Trail::CANDIDATES_MAX);
        let Some(best) = trail.candidates.first().copied() else {
            trail.clear();
            return None;
        };
        for candidate in &mut trail.candidates {
            candidate.cost -= best.cost;
        }
        passed.push(best.road);
        Some(on_road(&best, &trail.candidates))
    }

    /// Where a fix may lie, by itself.
    fn places(&self, fix: &Fix) -> Vec<Candidate> {
        let mut feet: Vec<Foot> = Vec::with_capacity(PLACES_MAX);
        self.feet(point(fix.position), REACH_M, |foot| {
            match feet.iter_mut().find(|other| other.road == foot.road) {
                Some(other) if foot.off_m < other.off_m => *other = foot,
                Some(_) => {}
                None => feet.push(foot),
            }
        });
        feet.sort_by(|a, b| a.off_m.total_cmp(&b.off_m).then(a.road.cmp(&b.road)));
        feet.truncate(PLACES_MAX);
        let heading = fix.heading.filter(|_| fix.speed.kmh() >= HEADING_KMH);
        let ways = feet.iter().flat_map(|foot| [true, false].map(|forward| (foot, forward)));
        ways.filter(|(foot, forward)| self.is_open(Way::new(foot.road, *forward)))
            .map(|(foot, forward)| {
                let course = if forward { foot.course } else { foot.course.map(|part| -part) };
                let bearing_deg = course[0].atan2(course[1]).to_degrees();
                let turned = heading.map_or(0.0, |heading| heading.differs_by_deg(bearing_deg) / HEADING_DEG);
                let beside = foot.off_m / SIGMA_M;
                let cost = beside * beside / 2.0 + (turned * turned / 2.0).min(HEADING_COST_MAX);
                #[expect(clippy::cast_possible_truncation, reason = "kept to a tenth of a metre")]
                let [along_m, off_m, cost] = [self.along_m(foot), foot.off_m, cost].map(|v| v as f32);
                Candidate { road: foot.road, forward, along_m, off_m, cost }
            })
            .collect()
    }
}

/// The answer, and its share among all.
fn on_road(best: &Candidate, all: &[Candidate]) -> OnRoad {
    let share = |of: &mut dyn Iterator<Item = &Candidate>| of.map(|c| (-c.cost).exp()).sum::<f32>();
    let sure = share(&mut all.iter().filter(|c| c.road == best.road)) / share(&mut all.iter());
    OnRoad { road: best.road, forward: best.forward, along_m: best.along_m, off_m: best.off_m, sure }
}
