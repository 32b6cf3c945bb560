//! A small flat world for tests: metres east and north of Lhasa, zones that are rectangles, routes along the x axis.
#![allow(dead_code, missing_docs)]

use fleet::{
    Ahead, Along, Candidate, DailyHours, Division, Fix, Leg, LonLat, Map, OnRoad, PORTAL_M, Road, RoadIndex,
    RouteIndex, Touch, Trail, Zone, ZoneHit, ZoneIndex, ZoneKind,
};

const ORIGIN: (f64, f64) = (91.0, 29.6);
const METRES_PER_DEGREE: f64 = 111_195.0;

fn metres_per_lon() -> f64 {
    METRES_PER_DEGREE * ORIGIN.1.to_radians().cos()
}

/// From metres to a position.
pub fn at(x: f64, y: f64) -> LonLat {
    LonLat::from_degrees(ORIGIN.0 + x / metres_per_lon(), ORIGIN.1 + y / METRES_PER_DEGREE)
}

fn metres(position: LonLat) -> (f64, f64) {
    ((position.lon() - ORIGIN.0) * metres_per_lon(), (position.lat() - ORIGIN.1) * METRES_PER_DEGREE)
}

#[derive(Clone)]
pub struct Rectangle {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Rectangle {
    fn distance_m(&self, (x, y): (f64, f64)) -> f64 {
        let (nx, ny) = self.nearest((x, y));
        (x - nx).hypot(y - ny)
    }

    fn nearest(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x.clamp(self.x.0, self.x.1), y.clamp(self.y.0, self.y.1))
    }

    /// Whether a straight way passes through.
    fn is_crossed(&self, from: (f64, f64), to: (f64, f64)) -> bool {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (start, end, (low, high)) in [(from.0, to.0, self.x), (from.1, to.1, self.y)] {
            let way = end - start;
            if way.abs() < 1e-9 {
                if start < low || start > high {
                    return false;
                }
                continue;
            }
            let (a, b) = ((low - start) / way, (high - start) / way);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        enter <= leave
    }
}

#[derive(Clone, Default)]
pub struct World {
    pub zones: Vec<(Zone, Rectangle)>,
    /// Id, y of the line, half width, hours.
    pub routes: Vec<(String, f64, f64, Option<DailyHours>)>,
    /// Stops of each route, x along its line.
    pub stops: Vec<Vec<f64>>,
    /// Straight roads along the x axis, drawn towards rising x.
    pub roads: Vec<(Road, Straight)>,
    /// Divisions by x; the others lie nowhere.
    pub divisions: Vec<(Division, (f64, f64))>,
}

#[derive(Clone, Copy)]
pub struct Straight {
    pub x: (f64, f64),
    pub y: f64,
    /// It winds: so many metres of it make one of x.
    pub winding: f64,
}

/// A fix further from a road than this is on none, metres.
const BESIDE_M: f64 = 40.0;
/// How much a fix errs, metres: between two roads 10 m apart, 4 m from one and 6 from the other, it is 60 % sure.
const SIGMA_M: f64 = 5.0;

impl World {
    pub fn zone_named(id: &str, kind: ZoneKind) -> Zone {
        Zone {
            name_zh: format!("{id}区"),
            division: Division::parse("540102").unwrap(),
            ..Zone::new(id, kind)
        }
    }
}

fn reach_m(zone: &Zone) -> f64 {
    let portal_m = if zone.kind == ZoneKind::Tunnel { PORTAL_M } else { 0.0 };
    zone.approach_m.unwrap_or(0.0).max(portal_m)
}

/// Beside a road as far as [`SIGMA_M`], a place is that much less likely.
fn candidate(index: u32, (road, straight): &(Road, Straight), fix: &Fix) -> Candidate {
    let (x, y) = metres(fix.position);
    let off_m = (y - straight.y).abs();
    let forward = match road.open {
        Along::Forward => true,
        Along::Backward => false,
        Along::Both => fix.heading.is_none_or(|heading| heading.differs_by_deg(90.0) < 90.0),
    };
    let cost = ((off_m / SIGMA_M).powi(2) / 2.0) as f32;
    Candidate {
        road: RoadIndex(index),
        forward,
        along_m: ((x - straight.x.0) * straight.winding) as f32,
        off_m: off_m as f32,
        cost,
    }
}

impl Map for World {
    fn zones(&self, leg: Leg, hits: &mut Vec<ZoneHit>) {
        hits.clear();
        let to = metres(leg.to);
        for (index, (zone, shape)) in (0..).zip(&self.zones) {
            let distance_m = shape.distance_m(to);
            let (x, y) = shape.nearest(to);
            let touch = if distance_m <= 0.0 {
                Touch::Inside
            } else if leg.from.is_some_and(|from| shape.is_crossed(metres(from), to)) {
                Touch::Crossed
            } else if distance_m <= reach_m(zone) {
                Touch::Near { distance_m, bearing_deg: leg.to.bearing_deg(at(x, y)) }
            } else {
                continue;
            };
            hits.push(ZoneHit { zone: ZoneIndex(index), touch });
        }
    }

    fn clearance_m(&self, position: LonLat) -> f64 {
        let far = |(zone, shape): &(Zone, Rectangle)| shape.distance_m(metres(position)) - reach_m(zone);
        self.zones.iter().map(far).fold(1e6, f64::min).max(0.0) * 0.99
    }

    fn zone(&self, index: ZoneIndex) -> &Zone {
        &self.zones[index.0 as usize].0
    }

    fn zone_index(&self, id: &str) -> Option<ZoneIndex> {
        (0..).zip(&self.zones).find(|(_, (zone, _))| zone.id == id).map(|(index, _)| ZoneIndex(index))
    }

    fn route(&self, id: &str) -> Option<RouteIndex> {
        (0..).zip(&self.routes).find(|(_, route)| route.0 == id).map(|(index, _)| RouteIndex(index))
    }

    fn off_route_m(&self, route: RouteIndex, position: LonLat) -> f64 {
        let (_, y, half_m, _) = self.routes[route.0 as usize];
        ((metres(position).1 - y).abs() - half_m).max(0.0)
    }

    fn route_hours(&self, route: RouteIndex) -> Option<DailyHours> {
        self.routes[route.0 as usize].3
    }

    fn stop_m(&self, route: RouteIndex, position: LonLat) -> Option<f64> {
        let (x, y) = metres(position);
        let line_y = self.routes[route.0 as usize].1;
        let stops = self.stops.get(route.0 as usize)?;
        stops.iter().map(|stop| (x - stop).hypot(y - line_y)).min_by(f64::total_cmp)
    }

    fn route_ends(&self, route: RouteIndex) -> Option<[LonLat; 2]> {
        let line_y = self.routes[route.0 as usize].1;
        let stops = self.stops.get(route.0 as usize)?;
        let (first, last) = (*stops.first()?, *stops.last()?);
        (stops.len() > 1).then(|| [at(first, line_y), at(last, line_y)])
    }

    fn lists(&self, kind: ZoneKind) -> bool {
        self.zones.iter().any(|(zone, _)| zone.kind == kind)
    }

    fn division(&self, position: LonLat) -> Option<Division> {
        let (x, _) = metres(position);
        let found = self.divisions.iter().find(|(_, (low, high))| *low <= x && x < *high);
        found.map(|(division, _)| *division)
    }

    fn follow(&self, trail: &mut Trail, fix: &Fix, passed: &mut Vec<RoadIndex>) -> Option<OnRoad> {
        passed.clear();
        let (x, y) = metres(fix.position);
        let beside = |(_, road): &(Road, Straight)| (y - road.y).abs();
        let near = (0..)
            .zip(&self.roads)
            .filter(|(_, place)| beside(place) <= BESIDE_M && place.1.x.0 <= x && x < place.1.x.1);
        let mut candidates: Vec<Candidate> =
            near.map(|(index, place)| candidate(index, place, fix)).collect();
        candidates.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        candidates.truncate(Trail::CANDIDATES_MAX);
        let Some(best) = candidates.first().copied() else {
            trail.clear();
            return None;
        };
        for candidate in &mut candidates {
            candidate.cost -= best.cost;
        }
        let sure = 1.0 / candidates.iter().map(|candidate| (-candidate.cost).exp()).sum::<f32>();
        let straight = self.roads[best.road.0 as usize].1;
        let from = trail.last.map_or(x, |(_, position)| metres(position).0);
        let way = (from.min(x), from.max(x));
        let on_way = |(_, other): &(Road, Straight)| {
            (other.y - straight.y).abs() < 1e-6 && other.x.0 <= way.1 && way.0 < other.x.1
        };
        passed.extend((0..).zip(&self.roads).filter(|(_, place)| on_way(place)).map(|(i, _)| RoadIndex(i)));
        if x < from {
            passed.reverse();
        }
        trail.last = Some((fix.at, fix.position));
        trail.candidates = candidates;
        let Candidate { road, forward, along_m, off_m, .. } = best;
        Some(OnRoad { road, forward, along_m, off_m, sure })
    }

    fn road(&self, index: RoadIndex) -> &Road {
        &self.roads[index.0 as usize].0
    }

    fn carries(&self, zone: ZoneIndex, road: RoadIndex) -> Option<bool> {
        let roads = &self.zone(zone).roads;
        (!roads.is_empty()).then(|| roads.iter().any(|id| **id == *self.road(road).id))
    }

    fn ahead(&self, on: &OnRoad, zone: ZoneIndex) -> Ahead {
        let here = self.roads[on.road.0 as usize].1;
        let x = here.x.0 + f64::from(on.along_m) / here.winding;
        let ids = &self.zone(zone).roads;
        let mut places =
            self.roads.iter().filter(|(road, _)| ids.iter().any(|id| **id == *road.id)).peekable();
        if places.peek().is_none() {
            return Ahead::Unknown;
        }
        let ahead = places.filter(|(_, road)| (road.y - here.y).abs() < 1e-6).filter_map(|(_, road)| {
            let way = if on.forward { road.x.0 - x } else { x - road.x.1 };
            (way >= 0.0 && way <= reach_m(self.zone(zone))).then_some(way)
        });
        ahead.min_by(f64::total_cmp).map_or(Ahead::Elsewhere, Ahead::At)
    }

    fn length_m(&self, road: RoadIndex) -> Option<f64> {
        let Straight { x, winding, .. } = self.roads[road.0 as usize].1;
        Some((x.1 - x.0) * winding)
    }

    fn version(&self) -> &str {
        "test-map"
    }
}
