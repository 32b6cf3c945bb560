//! The answers.

use fleet::{
    Ahead, DailyHours, Division, Fix, Leg, LonLat, Map, OnRoad, Road, RoadIndex, RouteIndex, Touch, Trail,
    Zone, ZoneHit, ZoneIndex, ZoneKind,
};

use crate::path::{around, box_distance_m, grown};
use crate::plane::{Plane, Point};
use crate::ring::{Ring, polygon_holds};
use crate::{Atlas, Form, Placed};

/// Radii searched one after the other for the nearest zone, metres. The last one bounds every answer: within it
/// the plane is true to less than [`CLEARANCE_SHARE`] leaves room for.
const CLEARANCE_RADII_M: [f64; 3] = [1_000.0, 5_000.0, 20_000.0];

/// The part of a measured distance that is promised, for the plane is not the sphere.
const CLEARANCE_SHARE: f64 = 0.985;

/// Taken off besides: positions are rounded to a tenth of a metre.
const CLEARANCE_SLACK_M: f64 = 1.0;

/// Nothing is promised nearer to a pole or the 180th meridian than this: the plane does not reach over them.
const CLEARANCE_LAT_MAX_DEG: f64 = 75.0;
const CLEARANCE_LON_MAX_DEG: f64 = 179.0;

/// Stops closer than this are no two ends, metres: the route is a ring.
const ENDS_APART_M: f64 = 1_000.0;

impl Map for Atlas {
    fn zones(&self, leg: Leg, hits: &mut Vec<ZoneHit>) {
        hits.clear();
        let to = point(leg.to);
        let from = leg.from.map_or(to, point);
        let plane = Plane::at(to);
        for zone in self.zone_grid.touching(around(&[from, to])).map(ZoneIndex) {
            if let Some(touch) = self.placed(zone).touch((from, to), &plane) {
                hits.push(ZoneHit { zone, touch });
            }
        }
        hits.sort_unstable_by_key(|hit| hit.zone);
    }

    fn clearance_m(&self, at: LonLat) -> f64 {
        if at.lat().abs() > CLEARANCE_LAT_MAX_DEG || at.lon().abs() > CLEARANCE_LON_MAX_DEG {
            return 0.0;
        }
        let plane = Plane::at(point(at));
        let mut nearest_m = f64::INFINITY;
        for radius_m in CLEARANCE_RADII_M {
            nearest_m = self.nearest_m(point(at), radius_m, &plane);
            if nearest_m < radius_m {
                break;
            }
        }
        (nearest_m * CLEARANCE_SHARE - CLEARANCE_SLACK_M).max(0.0)
    }

    fn zone(&self, index: ZoneIndex) -> &Zone {
        &self.placed(index).zone
    }

    fn zone_index(&self, id: &str) -> Option<ZoneIndex> {
        self.zone_ids.get(id).copied().map(ZoneIndex)
    }

    fn route(&self, id: &str) -> Option<RouteIndex> {
        self.route_ids.get(id).copied().map(RouteIndex)
    }

    fn off_route_m(&self, route: RouteIndex, at: LonLat) -> f64 {
        let (route, path) = &self.routes[route.0 as usize];
        (path.nearest(&Plane::at(point(at))).0 - route.corridor_m).max(0.0)
    }

    fn route_hours(&self, route: RouteIndex) -> Option<DailyHours> {
        self.routes[route.0 as usize].0.hours
    }

    fn division(&self, at: LonLat) -> Option<Division> {
        let at = point(at);
        self.division_grid
            .touching((at, at))
            .filter_map(|number| Some((number, self.divisions.get(number as usize)?)))
            .filter(|(_, (_, polygons))| polygons.iter().any(|rings| polygon_holds(rings, at)))
            .min_by_key(|(number, (division, _))| (breadth(*division), *number))
            .map(|(_, (division, _))| *division)
    }

    fn stop_m(&self, route: RouteIndex, at: LonLat) -> Option<f64> {
        let (route, _) = &self.routes[route.0 as usize];
        route.stops.iter().map(|stop| stop.distance_m(at)).reduce(f64::min)
    }

    fn route_ends(&self, route: RouteIndex) -> Option<[LonLat; 2]> {
        let stops = &self.routes[route.0 as usize].0.stops;
        let ends = [*stops.first()?, *stops.last()?];
        (ends[0].distance_m(ends[1]) >= ENDS_APART_M).then_some(ends)
    }

    fn lists(&self, kind: ZoneKind) -> bool {
        self.zone_kinds.contains(&kind)
    }

    fn follow(&self, trail: &mut Trail, fix: &Fix, passed: &mut Vec<RoadIndex>) -> Option<OnRoad> {
        passed.clear();
        if self.net.is_empty() {
            trail.clear();
            return None;
        }
        self.net.follow(trail, fix, passed)
    }

    fn length_m(&self, road: RoadIndex) -> Option<f64> {
        Some(self.net.length_m(road))
    }

    fn road(&self, index: RoadIndex) -> &Road {
        self.net.road(index)
    }

    fn carries(&self, zone: ZoneIndex, road: RoadIndex) -> Option<bool> {
        let roads = &self.placed(zone).roads;
        (!roads.is_empty()).then(|| roads.binary_search(&road).is_ok())
    }

    fn ahead(&self, on: &OnRoad, zone: ZoneIndex) -> Ahead {
        let placed = self.placed(zone);
        let Some(approach) = &placed.approach else { return Ahead::Unknown };
        let is_inside = match self.carries(zone, on.road) {
            Some(on_it) => on_it,
            None => placed.holds(self.net.place(on.road, f64::from(on.along_m))),
        };
        if is_inside { Ahead::At(0.0) } else { approach.ahead(&self.net, on) }
    }

    fn version(&self) -> &str {
        &self.version
    }
}

impl Atlas {
    fn placed(&self, index: ZoneIndex) -> &Placed {
        &self.zones[index.0 as usize]
    }

    /// The least distance to a zone with its approach area, or `radius_m` if none is nearer.
    fn nearest_m(&self, at: Point, radius_m: f64, plane: &Plane) -> f64 {
        let mut least_m = radius_m;
        for zone in self.zone_grid.touching(grown((at, at), plane.degrees(radius_m))).map(ZoneIndex) {
            least_m = self.placed(zone).less_m(least_m, at, plane);
            if least_m <= 0.0 {
                break;
            }
        }
        least_m
    }
}

impl Placed {
    /// Half the width of a corridor, metres.
    pub(crate) fn half_m(&self) -> f64 {
        match &self.form {
            Form::Area(_) => 0.0,
            Form::Corridor { half_m, .. } => *half_m,
        }
    }

    /// Whether a position lies inside, border included.
    pub(crate) fn holds(&self, at: Point) -> bool {
        match &self.form {
            Form::Area(polygons) => polygons.iter().any(|rings| polygon_holds(rings, at)),
            Form::Corridor { line, half_m } => line.nearest(&Plane::at(at)).0 <= *half_m,
        }
    }

    /// Whether a leg that lies outside with both ends comes in between.
    pub(crate) fn is_crossed(&self, leg: (Point, Point)) -> bool {
        match &self.form {
            Form::Area(polygons) => polygons.iter().flatten().any(|ring| ring.path.meets(leg)),
            Form::Corridor { line, half_m } => line.is_within(*half_m, leg, &Plane::at(leg.1)),
        }
    }

    fn touch(&self, leg: (Point, Point), plane: &Plane) -> Option<Touch> {
        let crosses = leg.0 != leg.1;
        let (nearest, within_m) = match &self.form {
            Form::Area(polygons) => {
                if polygons.iter().any(|rings| polygon_holds(rings, leg.1)) {
                    return Some(Touch::Inside);
                }
                if crosses && polygons.iter().flatten().any(|ring| ring.path.meets(leg)) {
                    return Some(Touch::Crossed);
                }
                if self.reach_m <= 0.0 {
                    return None;
                }
                (nearest_of(polygons, plane), 0.0)
            }
            Form::Corridor { line, half_m } => {
                let nearest = line.nearest(plane);
                if nearest.0 <= *half_m {
                    return Some(Touch::Inside);
                }
                if crosses && line.is_within(*half_m, leg, plane) {
                    return Some(Touch::Crossed);
                }
                (nearest, *half_m)
            }
        };
        let distance_m = nearest.0 - within_m;
        (self.reach_m > 0.0 && distance_m <= self.reach_m)
            .then(|| Touch::Near { distance_m, bearing_deg: bearing_deg(nearest.1) })
    }

    /// The distance to it with its approach area, or `least_m` if it is not less.
    fn less_m(&self, least_m: f64, at: Point, plane: &Plane) -> f64 {
        let bounds_m = |half_m: f64| {
            self.bounds.map_or(f64::INFINITY, |b| box_distance_m(b, plane)) - half_m - self.reach_m
        };
        let distance_m = match &self.form {
            Form::Area(_) if bounds_m(0.0) >= least_m => return least_m,
            Form::Area(polygons) if polygons.iter().any(|rings| polygon_holds(rings, at)) => 0.0,
            Form::Area(polygons) => nearest_of(polygons, plane).0,
            Form::Corridor { half_m, .. } if bounds_m(*half_m) >= least_m => return least_m,
            Form::Corridor { line, half_m } => line.nearest(plane).0 - half_m,
        };
        least_m.min((distance_m - self.reach_m).max(0.0))
    }
}

fn nearest_of(polygons: &[Vec<Ring>], plane: &Plane) -> (f64, Point) {
    let nearest = polygons.iter().flatten().map(|ring| ring.path.nearest(plane));
    nearest.fold((f64::INFINITY, [0.0, 0.0]), |best, next| if next.0 < best.0 { next } else { best })
}

fn bearing_deg(offset: Point) -> f64 {
    offset[0].atan2(offset[1]).to_degrees().rem_euclid(360.0)
}

/// Counties before prefectures before provinces where polygons of several ranks are given.
fn breadth(division: Division) -> u8 {
    let text = division.to_string();
    u8::from(text.ends_with("00")) + u8::from(text.ends_with("0000"))
}

fn point(at: LonLat) -> Point {
    [at.lon(), at.lat()]
}
