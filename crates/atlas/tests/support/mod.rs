//! Roads and fixes by metres.

#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;

use fleet::{Along, EventTime, Fix, Heading, LonLat, Road, RoadClass, Speed};
use geo::LineString;

/// A position by metres east and north of a place near Lhasa.
pub fn at(east_m: f64, north_m: f64) -> LonLat {
    LonLat::from_degrees(91.1 + east_m / 96_636.0, 29.65 + north_m / 111_195.0)
}

pub fn road(id: &str, open: Along, points: &[(f64, f64)]) -> (Road, LineString<f64>) {
    let road = Road {
        id: Arc::from(id),
        class: RoadClass::Highway,
        open,
        name: None,
        reference: None,
        limits: Box::new([]),
        lanes: None,
        centre_line: None,
        structure: None,
        cautions: Box::new([]),
    };
    (road, points.iter().map(|(x, y)| at(*x, *y)).map(|p| (p.lon(), p.lat())).collect())
}

pub fn fix(at_s: i64, position: LonLat, kmh: f64, heading: Option<u16>) -> Fix {
    Fix {
        at: EventTime::from_ms(at_s * 1000),
        position,
        altitude_m: 0,
        speed: Speed::from_kmh(kmh),
        heading: heading.map(Heading::from_deg),
    }
}
