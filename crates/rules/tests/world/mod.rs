//! A small flat world for tests: metres east and north of Lhasa, zones that are rectangles, routes along the x axis.
#![allow(dead_code, missing_docs)]

use fleet::{
    DailyHours, Division, Leg, LonLat, Map, PORTAL_M, RouteIndex, Touch, Zone, ZoneHit, ZoneIndex, ZoneKind,
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
}

impl World {
    pub fn zone_named(id: &str, kind: ZoneKind) -> Zone {
        Zone {
            id: id.to_owned(),
            kind,
            name_zh: format!("{id}区"),
            name_en: id.to_owned(),
            division: Division::parse("540102").unwrap(),
            classes: Vec::new(),
            hazmat_classes: Vec::new(),
            hours: None,
            limit_kmh: None,
            length_m: None,
            approach_m: None,
        }
    }
}

fn reach_m(zone: &Zone) -> f64 {
    let portal_m = if zone.kind == ZoneKind::Tunnel { PORTAL_M } else { 0.0 };
    zone.approach_m.unwrap_or(0.0).max(portal_m)
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

    fn division(&self, _: LonLat) -> Option<Division> {
        None
    }
}
