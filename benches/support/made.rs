//! A country made up of cities and the roads between them, with what makes roads hard to tell apart: service roads beside
//! avenues, an elevated road over one of them, a tunnel under a street, two carriageways, an old road along the new one.

use std::f64::consts::TAU;
use std::sync::Arc;

use fleet::{Along, Road, RoadClass, Structure};
use geo::LineString;

use crate::Numbers;
use crate::roads::{normal, plain};

/// From street to street, metres.
const BLOCK_M: f64 = 180.0;

/// Each of so many streets is an avenue with a service road.
const AVENUE: usize = 5;

/// From city to city, metres.
const APART_M: f64 = 40_000.0;

/// Metres from a city's corner.
type Place = [f64; 2];

/// The roads of as many cities as it takes, each `side` streets wide, until there are at least `pieces`.
pub fn country(pieces: usize, side: usize, numbers: &mut Numbers) -> Vec<(Road, LineString<f64>)> {
    let mut made = Made { roads: Vec::new(), corner: [0.0; 2] };
    let mut city = 0_u32;
    while made.roads.len() < pieces {
        let (row, column) = (city / 30, city % 30);
        made.corner = [100.0 + f64::from(column) * 0.41, 25.0 + f64::from(row) * 0.36];
        made.city(city, side, numbers);
        city += 1;
    }
    made.roads
}

struct Made {
    roads: Vec<(Road, LineString<f64>)>,
    corner: [f64; 2],
}

impl Made {
    fn add(&mut self, id: &str, (class, open): (RoadClass, Along), line: &[Place]) -> &mut Road {
        let number = self.roads.len();
        let cosine = self.corner[1].to_radians().cos();
        let degrees =
            |p: &Place| (self.corner[0] + p[0] / (111_195.0 * cosine), self.corner[1] + p[1] / 111_195.0);
        let road = Road { open, ..plain(&format!("{id}-{number}"), class) };
        self.roads.push((road, line.iter().map(degrees).collect()));
        &mut self.roads[number].0
    }

    fn city(&mut self, city: u32, side: usize, numbers: &mut Numbers) {
        let jitter = |numbers: &mut Numbers| numbers.between(-15.0, 15.0);
        let crossings: Vec<Vec<Place>> = (0..side)
            .map(|row| {
                (0..side)
                    .map(|column| {
                        // Avenues are straight.
                        let (x, y) = (jitter(numbers), if row % AVENUE == 0 { 0.0 } else { jitter(numbers) });
                        [count(column) * BLOCK_M + x, count(row) * BLOCK_M + y]
                    })
                    .collect()
            })
            .collect();
        for row in 0..side {
            for column in 0..side {
                let here = crossings[row][column];
                let is_avenue = row % AVENUE == 0;
                let class = if is_avenue { RoadClass::Highway } else { RoadClass::Street };
                if let Some(east) = crossings[row].get(column + 1) {
                    self.add(
                        &format!("c{city}r{row}"),
                        (class, Along::Both),
                        &bent(here, *east, is_avenue, numbers),
                    );
                    if is_avenue {
                        self.beside(&format!("c{city}s{row}"), (here, *east), column);
                    }
                }
                if let Some(north) = crossings.get(row + 1).map(|row| row[column]) {
                    self.add(
                        &format!("c{city}c{column}"),
                        (RoadClass::Street, Along::Both),
                        &bent(here, north, false, numbers),
                    );
                }
            }
        }
        let middle = side / 2 / AVENUE * AVENUE;
        self.elevated(city, &crossings[middle]);
        self.tunnel(city, &crossings[1 + middle]);
        self.onward(city, (crossings[middle][side - 1], crossings[middle][0]), numbers);
    }

    /// A service road 20 m beside a block of an avenue, joined to it at every other crossing.
    fn beside(&mut self, id: &str, (west, east): (Place, Place), column: usize) {
        let off = |p: Place| [p[0], p[1] + 20.0];
        self.add(id, (RoadClass::Minor, Along::Both), &[off(west), off(east)]);
        if column.is_multiple_of(2) {
            self.add(&format!("{id}x{column}"), (RoadClass::Minor, Along::Both), &[west, off(west)]);
        }
    }

    /// Two carriageways above an avenue, with ramps to it every eight blocks.
    fn elevated(&mut self, city: u32, avenue: &[Place]) {
        for (name, open, off_m) in [("e", Along::Forward, -9.0), ("w", Along::Backward, 9.0)] {
            let id = format!("c{city}{name}");
            let above = |p: Place| [p[0], p[1] + off_m];
            let stops: Vec<usize> = (0..avenue.len()).step_by(4).collect();
            for s in stops.windows(2) {
                let line: Vec<Place> = avenue[s[0]..=s[1]].iter().map(|p| above(*p)).collect();
                let road = self.add(&id, (RoadClass::UrbanExpressway, open), &line);
                road.structure = Some(Structure::Bridge);
                road.name = Some(Arc::from(format!("Elevated {city}")));
                // Down in the driving direction, then up again.
                let (down, up) = (avenue[s[0] + 1], avenue[s[1] - 1]);
                let aside =
                    |p: Place, q: Place| [f64::midpoint(p[0], q[0]), f64::midpoint(p[1], q[1]) + off_m * 1.5];
                let (first, last) = (above(avenue[s[0]]), above(avenue[s[1]]));
                self.add(
                    &format!("{id}d{}", s[0]),
                    (RoadClass::Ramp, open),
                    &[first, aside(first, down), down],
                );
                self.add(&format!("{id}u{}", s[1]), (RoadClass::Ramp, open), &[up, aside(up, last), last]);
            }
        }
    }

    /// A tunnel right under a street for six blocks.
    fn tunnel(&mut self, city: u32, street: &[Place]) {
        let half = street.len() / 2;
        let Some(blocks) = street.get(half - 3..=half + 3) else { return };
        let road = self.add(&format!("c{city}t"), (RoadClass::Highway, Along::Both), blocks);
        road.structure = Some(Structure::Tunnel);
    }

    /// An expressway of two carriageways to the next city, and the old road that winds along it and crosses under it.
    fn onward(&mut self, city: u32, (from, to): (Place, Place), numbers: &mut Numbers) {
        let to = [APART_M + to[0], to[1]];
        let (length, legs) = (to[0] - from[0], 6_usize);
        let turns = numbers.between(2.0, 5.0);
        let at = |part: f64, off_m: f64, wide_m: f64, waves: f64| {
            let bow = (part * TAU * turns).sin() * 400.0 * (part * TAU / 2.0).sin();
            let weave = (part * TAU * waves).sin() * wide_m;
            [
                from[0] + length * part,
                from[1]
                    + (to[1] - from[1]) * part
                    + bow
                    + weave
                    + off_m * (part * TAU / 2.0).sin().min(0.1) * 10.0,
            ]
        };
        for (name, class, open, off_m, wide_m) in [
            ("G", RoadClass::Expressway, Along::Forward, -12.0, 0.0),
            ("H", RoadClass::Expressway, Along::Backward, 12.0, 0.0),
            ("O", RoadClass::Highway, Along::Both, 60.0, 90.0),
        ] {
            for leg in 0..legs {
                let points: Vec<Place> = (0..=60)
                    .map(|point| at((count(leg) + count(point) / 60.0) / count(legs), off_m, wide_m, 9.0))
                    .collect();
                let road = self.add(&format!("c{city}{name}"), (class, open), &points);
                road.reference = Some(Arc::from(format!("{name}{city}")));
            }
        }
    }
}

/// A street between two crossings; only avenues are straight.
fn bent(from: Place, to: Place, straight: bool, numbers: &mut Numbers) -> Vec<Place> {
    let bow_m = if straight { 0.0 } else { normal(numbers) * 6.0 };
    let (x, y) = (to[0] - from[0], to[1] - from[1]);
    let length = x.hypot(y);
    let at = |part: f64| {
        let off = bow_m * (part * TAU / 2.0).sin() / length;
        [from[0] + x * part - y * off, from[1] + y * part + x * off]
    };
    let mut line = vec![from];
    if !straight {
        line.extend([at(0.33), at(0.67)]);
    }
    line.push(to);
    line
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("small"))
}
