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

/// From crossing to crossing of a [`town`], metres.
pub const BLOCK_M: f64 = 120.0;

/// A town of 6 by 6 crossings, some streets one-way or missing.
pub fn town(kinds: &[u8], shift_e6: i32) -> Vec<(Road, LineString<f64>)> {
    let (mut roads, mut kinds) = (Vec::new(), kinds.iter().cycle());
    let place = |n: i32| f64::from(n) * BLOCK_M;
    for x in 0..6 {
        for y in 0..6 {
            for (dx, dy) in [(1, 0), (0, 1)] {
                let open = match kinds.next() {
                    Some(0..6) => Along::Both,
                    Some(6) => Along::Forward,
                    Some(7) => Along::Backward,
                    _ => continue,
                };
                let line = [(place(x), place(y)), (place(x + dx), place(y + dy))];
                roads.push(road(&format!("{x}-{y}-{dx}"), open, &line));
            }
        }
    }
    for (_, line) in &mut roads {
        line.0.iter_mut().for_each(|c| c.x += f64::from(shift_e6) / 1e6);
    }
    roads
}
