//! A net of roads to drive on: read from a file, or made up; the shortest ways through it; and drives with their fixes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::f64::consts::TAU;
use std::sync::Arc;

use fleet::{Along, EventTime, Fix, Heading, LonLat, Road, RoadClass, RoadIndex, Speed, Structure};
use geo::LineString;
use serde_json::Value;

use crate::Numbers;

/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A piece and whether it is driven as drawn.
type At = (u32, bool);

/// Roads and where they meet.
pub struct Net {
    /// In the order of their index.
    pub roads: Vec<(Road, LineString<f64>)>,
    points: Vec<Vec<LonLat>>,
    ends: Vec<[u32; 2]>,
    /// For each node the pieces that meet in it, and whether one sets out forward.
    meeting: Vec<Vec<(u32, bool)>>,
}

impl Net {
    /// Joins pieces where their ends have the same coordinates.
    pub fn new(roads: Vec<(Road, LineString<f64>)>) -> Self {
        let points: Vec<Vec<LonLat>> = roads
            .iter()
            .map(|(_, line)| line.coords().map(|c| LonLat::from_degrees(c.x, c.y)).collect())
            .collect();
        let mut nodes: HashMap<(i32, i32), u32> = HashMap::new();
        let mut meeting: Vec<Vec<(u32, bool)>> = Vec::new();
        let mut ends = Vec::new();
        for (number, line) in (0_u32..).zip(&points) {
            let (first, last) = (line[0], line[line.len() - 1]);
            let mut node = |at: LonLat, forward: bool| {
                let fresh = u32::try_from(nodes.len()).expect("fewer nodes than 2^32");
                let node = *nodes.entry((at.lon_e6, at.lat_e6)).or_insert(fresh);
                if node == fresh && meeting.len() == fresh as usize {
                    meeting.push(Vec::new());
                }
                meeting[node as usize].push((number, forward));
                node
            };
            ends.push([node(first, true), node(last, false)]);
        }
        Self { roads, points, ends, meeting }
    }

    /// From a `roads.geojson`.
    pub fn read(text: &str) -> Self {
        let file: Value = serde_json::from_str(text).expect("a JSON file");
        let features = file["features"].as_array().expect("a FeatureCollection");
        Self::new(features.iter().map(feature).collect())
    }

    /// A piece.
    pub fn road(&self, index: RoadIndex) -> &Road {
        &self.roads[index.0 as usize].0
    }

    /// The points of a piece.
    pub fn line(&self, index: RoadIndex) -> &[LonLat] {
        &self.points[index.0 as usize]
    }

    /// Whether two pieces are one road to a dispatcher: the same way, number or name.
    pub fn is_one_road(&self, a: RoadIndex, b: RoadIndex) -> bool {
        let (a, b) = (self.road(a), self.road(b));
        let way = |road: &Road| road.id.rsplit_once('-').map(|(way, _)| way.to_owned());
        let same = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| a.is_some() && a == b;
        a.id == b.id
            || (way(a).is_some() && way(a) == way(b))
            || same(&a.reference, &b.reference)
            || (a.class == b.class && same(&a.name, &b.name))
    }

    fn open(&self, piece: u32, forward: bool) -> bool {
        match self.roads[piece as usize].0.open {
            Along::Both => true,
            Along::Forward => forward,
            Along::Backward => !forward,
        }
    }

    fn length_m(&self, piece: u32) -> f64 {
        self.points[piece as usize].windows(2).map(|s| s[0].distance_m(s[1])).sum()
    }

    /// The quickest way from one piece to another, without turning back; both are part of it.
    pub fn route(&self, from: u32, to: u32) -> Option<Vec<(RoadIndex, bool)>> {
        let mut best: BTreeMap<At, (u64, Option<At>)> = BTreeMap::new();
        let mut queue = BinaryHeap::new();
        for forward in [true, false].into_iter().filter(|forward| self.open(from, *forward)) {
            best.insert((from, forward), (0, None));
            queue.push(Reverse((0_u64, from, forward)));
        }
        while let Some(Reverse((ms, piece, forward))) = queue.pop() {
            if piece == to {
                let back = |at: &(u32, bool)| best.get(at).and_then(|(_, before)| *before);
                let mut way: Vec<(u32, bool)> = std::iter::successors(Some((piece, forward)), back).collect();
                way.reverse();
                return Some(way.into_iter().map(|(piece, forward)| (RoadIndex(piece), forward)).collect());
            }
            if best.get(&(piece, forward)).is_some_and(|(known, _)| *known < ms) {
                continue;
            }
            let head = self.ends[piece as usize][usize::from(forward)];
            for (next, ahead) in self.meeting[head as usize].iter().copied() {
                if next == piece || !self.open(next, ahead) {
                    continue;
                }
                let class = self.roads[next as usize].0.class;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "positive and small"
                )]
                let ms = ms + (self.length_m(next) / kmh(class) * 3_600.0) as u64 + 1;
                if best.get(&(next, ahead)).is_none_or(|(known, _)| ms < *known) {
                    best.insert((next, ahead), (ms, Some((piece, forward))));
                    queue.push(Reverse((ms, next, ahead)));
                }
            }
        }
        None
    }

    /// A way of some length that follows no aim: at each junction straight on, or anywhere.
    pub fn wander(&self, from: u32, pieces: usize, numbers: &mut Numbers) -> Vec<(RoadIndex, bool)> {
        let mut way = vec![(from, self.open(from, true))];
        while way.len() < pieces {
            let (piece, forward) = way[way.len() - 1];
            let head = self.ends[piece as usize][usize::from(forward)];
            let on: Vec<(u32, bool)> = self.meeting[head as usize]
                .iter()
                .copied()
                .filter(|(next, ahead)| *next != piece && self.open(*next, *ahead))
                .collect();
            let Some(next) = pick(&on, numbers) else { break };
            way.push(*next);
        }
        way.into_iter().map(|(piece, forward)| (RoadIndex(piece), forward)).collect()
    }
}

/// One of some.
pub fn pick<'t, T>(of: &'t [T], numbers: &mut Numbers) -> Option<&'t T> {
    let count = of.len() as u64;
    (count > 0).then(|| &of[usize::try_from(numbers.bits() % count).expect("less than the count")])
}

/// How fast one drives, km/h.
fn kmh(class: RoadClass) -> f64 {
    match class {
        RoadClass::Expressway => 95.0,
        RoadClass::UrbanExpressway => 70.0,
        RoadClass::Highway => 60.0,
        RoadClass::Ramp => 45.0,
        RoadClass::Street => 35.0,
        RoadClass::Minor => 15.0,
    }
}

fn feature(feature: &Value) -> (Road, LineString<f64>) {
    let has = &feature["properties"];
    let text = |key: &str| has[key].as_str().map(Arc::from);
    let road = Road {
        id: text("id").expect("each road has an id"),
        class: has["class"].as_str().and_then(|class| class.parse().ok()).expect("a class that is known"),
        open: has["open"].as_str().map_or(Along::Both, |open| open.parse().expect("a direction")),
        name: text("name"),
        reference: text("ref"),
        structure: has["structure"].as_str().map(|structure| structure.parse().expect("bridge or tunnel")),
        ..plain("", RoadClass::Minor)
    };
    let number = |value: &Value| value.as_f64().expect("a coordinate");
    let points = feature["geometry"]["coordinates"].as_array().expect("a LineString");
    (road, points.iter().map(|p| (number(&p[0]), number(&p[1]))).collect())
}

/// A road that is nothing but its class.
pub fn plain(id: &str, class: RoadClass) -> Road {
    Road {
        id: Arc::from(id),
        class,
        open: Along::Both,
        name: None,
        reference: None,
        limits: Box::new([]),
        lanes: None,
        centre_line: None,
        structure: None,
        cautions: Box::new([]),
    }
}

/// Where a vehicle truly is when it sends a fix.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// The piece.
    pub road: RoadIndex,
    /// Whether it drives as drawn.
    pub forward: bool,
    /// The place, without the receiver's error.
    pub at: LonLat,
    /// How many pieces of the way it has entered.
    pub entered: usize,
}

/// How a drive is seen.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// Seconds from fix to fix.
    pub every_s: u32,
    /// The error on each axis, metres.
    pub error_m: f64,
    /// The part of the last second's error that stays: 0 is a new error each time, 0.98 one that wanders for a minute.
    pub stays: f64,
}

/// Drives a way and tells the fixes on it; in a tunnel there are none. Vehicles wait at some junctions.
pub fn drive(
    net: &Net,
    way: &[(RoadIndex, bool)],
    receiver: Receiver,
    numbers: &mut Numbers,
) -> Vec<(Fix, Truth)> {
    let pace = numbers.between(0.75, 1.1);
    let (mut fixes, mut second, mut mps, mut error) = (Vec::new(), 0_u32, 0.0_f64, [0.0; 2]);
    let mut left_over_m = 0.0;
    let fresh = receiver.error_m * (1.0 - receiver.stays * receiver.stays).sqrt();
    for (entered, (road, forward)) in way.iter().enumerate() {
        let class = net.road(*road).class;
        let aim = kmh(class) / 3.6 * pace * numbers.between(0.9, 1.1);
        let mut line = net.line(*road).to_vec();
        if !forward {
            line.reverse();
        }
        let length_m: f64 = line.windows(2).map(|s| s[0].distance_m(s[1])).sum();
        let junction = matches!(class, RoadClass::Street | RoadClass::Highway | RoadClass::Minor);
        let mut wait_s =
            if junction && numbers.between(0.0, 1.0) < 0.08 { numbers.between(15.0, 60.0) } else { 0.0 };
        let mut gone_m = left_over_m;
        while gone_m < length_m {
            let (at, bearing) = place(&line, gone_m);
            error = error.map(|axis| axis * receiver.stays + normal(numbers) * fresh);
            let seen = net.road(*road).structure != Some(Structure::Tunnel);
            if second.is_multiple_of(receiver.every_s) && seen {
                let truth = Truth { road: *road, forward: *forward, at, entered: entered + 1 };
                fixes.push((fix(second, (at, error), (mps, bearing), numbers), truth));
            }
            second += 1;
            let stops = wait_s > 0.0 && length_m - gone_m < 30.0;
            if stops {
                wait_s -= 1.0;
            }
            mps = if stops { 0.0 } else { (mps + 1.5).min(aim).max(mps - 2.0).max(1.0) };
            gone_m += mps;
        }
        left_over_m = gone_m - length_m;
    }
    fixes
}

fn fix(
    second: u32,
    (at, error): (LonLat, [f64; 2]),
    (mps, bearing): (f64, f64),
    numbers: &mut Numbers,
) -> Fix {
    let east = error[0] / (DEGREE_M * at.lat().to_radians().cos());
    let heading = if mps > 2.0 { bearing + normal(numbers) * 6.0 } else { numbers.between(0.0, 360.0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 360")]
    let heading = heading.rem_euclid(360.0).round() as u16;
    Fix {
        at: EventTime::from_ms(1_700_000_000_000 + i64::from(second) * 1_000),
        position: LonLat::from_degrees(at.lon() + east, at.lat() + error[1] / DEGREE_M),
        altitude_m: 0,
        speed: Speed::from_kmh((mps * 3.6 + normal(numbers)).max(0.0)),
        heading: Some(Heading::from_deg(heading)),
    }
}

/// The place and direction some metres along a line.
fn place(line: &[LonLat], mut along_m: f64) -> (LonLat, f64) {
    for s in line.windows(2) {
        let length_m = s[0].distance_m(s[1]);
        if along_m <= length_m && length_m > 0.0 {
            let part = along_m / length_m;
            let between = |a: f64, b: f64| a + (b - a) * part;
            let at = LonLat::from_degrees(between(s[0].lon(), s[1].lon()), between(s[0].lat(), s[1].lat()));
            return (at, s[0].bearing_deg(s[1]));
        }
        along_m -= length_m;
    }
    (line[line.len() - 1], line[0].bearing_deg(line[line.len() - 1]))
}

/// The normal distribution, by Box and Muller.
pub fn normal(numbers: &mut Numbers) -> f64 {
    let (radius, angle) = (numbers.between(f64::MIN_POSITIVE, 1.0), numbers.between(0.0, TAU));
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}
