//! Following a vehicle along the roads: which piece each fix most likely lies on. A hidden Markov model (Newson and
//! Krumm, 2009) of which only the newest step is kept: every place a fix may lie at has a cost, the negative logarithm
//! of how likely it is, made of how far the fix lies beside it and against its direction, and of how much longer or
//! shorter the way there is, from the places before, than the straight line.
//!
//! The numbers are chosen by simulated drives, see `benches/matching.rs` and `benches/RESULTS.md`.

use std::cmp::Ordering;

use fleet::{Candidate, Fix, OnRoad, RoadIndex, Trail};

use crate::net::{Foot, Net, Scale, Way, point};
use crate::search::Search;

/// A road further from a fix than this does not come into question, metres.
const REACH_M: f64 = 60.0;

/// How much a fix lies beside the road it was taken on, metres: the receiver's error (JT/T 794: 15 m), half a
/// carriageway, the map's error.
const SIGMA_M: f64 = 11.0;

/// How much a heading differs from the road's, degrees, and what a difference costs at most: wrong headings exist.
const HEADING_DEG: f64 = 15.0;
const HEADING_COST_MAX: f64 = 10.0;

/// What it costs to be on a service way, a yard or a track: there are many beside other roads, and few drive there.
const MINOR_COST: f64 = 1.0;

/// Below this a heading says nothing, km/h.
const HEADING_KMH: f64 = 10.0;

/// How much the way differs from the straight line, metres, and for each metre of the straight line.
const DETOUR_M: f64 = 25.0;
const DETOUR_SHARE: f64 = 0.02;

/// What it costs to be somewhere no likely way leads to, for maps have gaps, and matches are wrong.
const JUMP_COST: f64 = 8.0;

/// What costs more than the best by this is forgotten.
const FORGOTTEN_COST: f64 = 8.0;

/// What it costs to be on no road that the map knows.
const ELSEWHERE_COST: f64 = 6.0;

/// What turning back costs, metres of way.
const TURN_M: f64 = 100.0;

/// How far back along its way a fix may lie by the receiver's error, metres.
const BACK_M: f64 = 50.0;

/// A fix nearer than this to the last one that counted tells nothing new: errors of a standing vehicle do not add up.
const STANDING_M: f64 = 15.0;

/// The same road coming by twice, as in a hairpin, is two places where the way between is longer than this, metres.
const HAIRPIN_M: f64 = 100.0;

/// Roads a fix may lie on that are looked at, the nearest, each in up to two directions.
const FEET_MAX: usize = 16;

/// After more than this all begins anew: the longest road tunnel takes as long, and a search ends on its own before.
const GAP_S: f64 = 900.0;
const GAP_M: f64 = 20_000.0;

/// Nothing drives further, metres a second and besides.
const FASTEST_MPS: f64 = 55.0;
const FASTEST_M: f64 = 200.0;

/// A place the newest fix may lie at.
#[derive(Clone, Copy, Debug)]
struct Place {
    way: Way,
    /// From the beginning of the way, in its direction, metres.
    gone_m: f64,
    off_m: f64,
    /// What it costs by itself.
    alone: f64,
    /// What coming here costs, and by which way.
    came: f64,
    by: By,
}

/// How a place is come to.
#[derive(Clone, Copy, Debug)]
enum By {
    /// From nowhere that is known, or along the road of a candidate.
    Itself,
    /// From a candidate, by a searched way.
    Search { candidate: usize, number: u16 },
}

/// How a fix follows the one before.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nothing before it says where it may lie.
    Anew,
    /// It lies where the last one lay.
    Standing,
    /// It lies somewhere else.
    Moved(Moved),
}

#[derive(Clone, Copy, Debug)]
struct Moved {
    straight_m: f64,
    /// No way is longer, metres.
    longest_m: f64,
}

impl Net {
    /// See [`fleet::Map::follow`].
    pub(crate) fn follow(&self, trail: &mut Trail, fix: &Fix, passed: &mut Vec<RoadIndex>) -> Option<OnRoad> {
        match self.step(trail, fix) {
            Step::Standing => trail.last = trail.last.map(|(_, at)| (fix.at, at)),
            Step::Anew => self.keep(trail, fix, self.places(fix)),
            Step::Moved(moved) => {
                let mut places = self.places(fix);
                let mut search = Search::new(self, point(fix.position), REACH_M, TURN_M);
                self.come(&trail.candidates, moved, &mut places, &mut search);
                if let Some(Place { by: By::Search { candidate, number }, .. }) =
                    places.iter().min_by(likelier)
                {
                    passed.extend(search.roads_to(*number));
                    passed.push(trail.candidates[*candidate].road);
                    passed.reverse();
                    // Back on the same piece is the same piece.
                    passed.dedup();
                }
                self.keep(trail, fix, places);
            }
        }
        let Some(best) = trail.candidates.first() else {
            trail.clear();
            return None;
        };
        if passed.is_empty() {
            passed.push(best.road);
        }
        Some(OnRoad {
            road: best.road,
            forward: best.forward,
            along_m: best.along_m,
            off_m: best.off_m,
            sure: self.share(best, &trail.candidates),
        })
    }

    fn step(&self, trail: &Trail, fix: &Fix) -> Step {
        let Some((last, at)) = trail.last else { return Step::Anew };
        let is_of_this_map = |c: &Candidate| (c.road.0 as usize) < self.roads().len();
        if fix.at < last || trail.candidates.is_empty() || !trail.candidates.iter().all(is_of_this_map) {
            return Step::Anew;
        }
        let after_s = fix.at.since(last).as_secs_f64();
        let straight_m = Scale::at(fix.position.lat_e6).distance_m(point(at), point(fix.position));
        let longest_m = FASTEST_MPS * after_s + FASTEST_M;
        if after_s > GAP_S || straight_m > GAP_M.min(longest_m) {
            Step::Anew
        } else if straight_m < STANDING_M {
            Step::Standing
        } else {
            Step::Moved(Moved { straight_m, longest_m })
        }
    }

    /// Where a fix may lie, by itself.
    fn places(&self, fix: &Fix) -> Vec<Place> {
        let mut feet: Vec<Foot> = Vec::with_capacity(FEET_MAX);
        self.feet(point(fix.position), REACH_M, |foot| feet.push(foot));
        feet.sort_unstable_by(|a, b| a.off_m.total_cmp(&b.off_m).then(a.road.cmp(&b.road)));
        let scale = Scale::at(fix.position.lat_e6);
        let heading = fix.heading.filter(|_| fix.speed.kmh() >= HEADING_KMH);
        let mut places: Vec<Place> = Vec::with_capacity(2 * FEET_MAX);
        let mut seen: Vec<(RoadIndex, f64)> = Vec::with_capacity(FEET_MAX);
        for foot in &feet {
            let along_m = self.along_m(foot, scale);
            if seen.iter().any(|(road, at_m)| *road == foot.road && (at_m - along_m).abs() < HAIRPIN_M) {
                continue;
            }
            if seen.len() == FEET_MAX {
                break;
            }
            seen.push((foot.road, along_m));
            let beside = beside_cost(foot.off_m) + if self.is_minor(foot.road) { MINOR_COST } else { 0.0 };
            let bearing_deg = || foot.course[0].atan2(foot.course[1]).to_degrees();
            let turned_deg = heading.map(|heading| heading.differs_by_deg(bearing_deg()));
            for forward in [true, false] {
                let way = Way::new(foot.road, forward);
                if self.is_open(way) {
                    let turned_deg = turned_deg.map_or(0.0, |deg| if forward { deg } else { 180.0 - deg });
                    let gone_m = if forward { along_m } else { self.length_m(foot.road) - along_m };
                    let alone = beside + heading_cost(turned_deg);
                    places.push(Place {
                        way,
                        gone_m,
                        off_m: foot.off_m,
                        alone,
                        came: JUMP_COST,
                        by: By::Itself,
                    });
                }
            }
        }
        places
    }

    /// Finds the cheapest way to each place.
    fn come(&self, from: &[Candidate], moved: Moved, places: &mut [Place], search: &mut Search<'_>) {
        for candidate in from {
            self.come_near(candidate, moved, places);
        }
        for (candidate, at) in from.iter().enumerate() {
            let cost = f64::from(at.cost);
            let mut worth_m = moved.worth_m(cost, places);
            search.run(self.way_at(at), worth_m, |way, to_m, number| {
                for place in places.iter_mut().filter(|place| place.way == way) {
                    place.offer(cost + moved.cost(to_m + place.gone_m), By::Search { candidate, number });
                    worth_m = f64::NAN;
                }
                if worth_m.is_nan() {
                    worth_m = moved.worth_m(cost, places);
                }
                worth_m
            });
        }
    }

    /// The places on the candidate's own piece, and a little behind it.
    fn come_near(&self, candidate: &Candidate, moved: Moved, places: &mut [Place]) {
        let cost = f64::from(candidate.cost);
        let (way, gone_m) = self.way_at(candidate);
        let length_m = self.length_m(candidate.road);
        for place in places.iter_mut().filter(|place| place.way.road() == candidate.road) {
            if place.way == way {
                if place.gone_m - gone_m >= -BACK_M {
                    place.offer(cost + moved.cost(place.gone_m - gone_m), By::Itself);
                }
            } else {
                let way_m = (length_m - place.gone_m - gone_m).abs() + TURN_M;
                place.offer(cost + moved.cost(way_m), By::Itself);
            }
        }
        if gone_m < BACK_M {
            for before in self.before(way) {
                for place in places.iter_mut().filter(|place| place.way == before) {
                    let back_m = gone_m + self.length_m(before.road()) - place.gone_m;
                    if back_m <= BACK_M {
                        place.offer(cost + moved.cost(-back_m), By::Itself);
                    }
                }
            }
        }
    }

    /// The way a candidate is on, and how far from its beginning, metres.
    fn way_at(&self, candidate: &Candidate) -> (Way, f64) {
        let along_m = f64::from(candidate.along_m);
        let gone_m = if candidate.forward { along_m } else { self.length_m(candidate.road) - along_m };
        (Way::new(candidate.road, candidate.forward), gone_m)
    }

    /// Remembers the likeliest places.
    fn keep(&self, trail: &mut Trail, fix: &Fix, mut places: Vec<Place>) {
        places.sort_unstable_by(|a, b| likelier(&a, &b));
        trail.last = Some((fix.at, fix.position));
        trail.candidates.clear();
        let Some(best) = places.first().map(Place::cost) else { return };
        let likely = places.iter().take_while(|place| place.cost() <= best + FORGOTTEN_COST);
        trail.candidates.extend(likely.take(Trail::CANDIDATES_MAX).map(|place| {
            let (road, forward) = (place.way.road(), place.way.is_forward());
            let along_m = if forward { place.gone_m } else { self.length_m(road) - place.gone_m };
            #[expect(clippy::cast_possible_truncation, reason = "kept to a tenth of a metre")]
            let [along_m, off_m, cost] = [along_m, place.off_m, place.cost() - best].map(|v| v as f32);
            Candidate { road, forward, along_m, off_m, cost }
        }));
    }

    /// The share of the best place's road among all, and among being on none. At a junction of two pieces that do not
    /// differ both are one road.
    fn share(&self, best: &Candidate, all: &[Candidate]) -> f32 {
        let likely = |c: &Candidate| f64::from(-c.cost).exp();
        let same: f64 = all.iter().filter(|c| self.is_alike(c.road, best.road)).map(likely).sum();
        let elsewhere = (beside_cost(f64::from(best.off_m)) - ELSEWHERE_COST).exp();
        #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
        let share = (same / (all.iter().map(likely).sum::<f64>() + elsewhere)) as f32;
        share
    }

    /// Whether two pieces are one, or meet and do not differ in what a rule asks of them.
    fn is_alike(&self, a: RoadIndex, b: RoadIndex) -> bool {
        let (this, that) = (self.road(a), self.road(b));
        a == b
            || self.do_meet(a, b)
                && this.class == that.class
                && this.structure == that.structure
                && this.reference == that.reference
                && this.name == that.name
                && this.limits == that.limits
                && this.lanes == that.lanes
                && this.centre_line == that.centre_line
                && this.cautions == that.cautions
    }
}

impl Place {
    fn cost(&self) -> f64 {
        self.alone + self.came
    }

    fn offer(&mut self, came: f64, by: By) {
        if came < self.came {
            (self.came, self.by) = (came, by);
        }
    }
}

impl Moved {
    /// What differs from the straight line by a metre costs one divided by this.
    fn detour_m(self) -> f64 {
        DETOUR_M + DETOUR_SHARE * self.straight_m
    }

    fn cost(self, way_m: f64) -> f64 {
        (way_m - self.straight_m).abs() / self.detour_m()
    }

    /// No longer way from a candidate of this cost makes any place likelier, or likely enough to be remembered.
    fn worth_m(self, cost: f64, places: &[Place]) -> f64 {
        let remembered = places.iter().map(Place::cost).fold(f64::INFINITY, f64::min) + FORGOTTEN_COST;
        let most = places.iter().map(|place| place.came.min(remembered - place.alone)).fold(0.0, f64::max);
        (self.straight_m + (most - cost) * self.detour_m()).min(self.longest_m)
    }
}

/// The likelier first; of equals the first in the order of the ways.
fn likelier(a: &&Place, b: &&Place) -> Ordering {
    a.cost().total_cmp(&b.cost()).then(a.way.cmp(&b.way)).then(a.gone_m.total_cmp(&b.gone_m))
}

fn beside_cost(off_m: f64) -> f64 {
    let off = off_m / SIGMA_M;
    off * off / 2.0
}

fn heading_cost(turned_deg: f64) -> f64 {
    let turned = turned_deg / HEADING_DEG;
    (turned * turned / 2.0).min(HEADING_COST_MAX)
}
