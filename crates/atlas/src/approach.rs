//! How far it is along the roads to a zone. Where ways come into it is found once, and from there the ways that lead to
//! it, backwards, as far as its approach reaches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fleet::{Ahead, OnRoad, RoadIndex};

use crate::net::{Net, Way};
use crate::plane::{Plane, Point};
use crate::{Placed, path};

/// Ways that lead to one zone at most, the nearest; 64 KB a zone. Further away nothing is known.
const LEADING_MAX: usize = 8_192;

/// From sample to sample where a segment crosses a zone between its ends, metres; and samples of one segment at most.
const SAMPLE_M: f64 = 5.0;
const SAMPLES_MAX: f64 = 4_000.0;

/// Halvings to find where a segment comes in: a kilometre ends at a tenth of a metre.
const HALVINGS: usize = 14;

#[derive(Debug)]
pub(crate) struct Approach {
    /// Beyond this nothing is promised, metres.
    reach_m: f64,
    /// Whether beyond it there may be more ways within the zone's approach.
    is_cut: bool,
    /// Where ways come into the zone: metres from their beginning, by way and place.
    entries: Vec<(Way, f32)>,
    /// Ways outside that lead to the zone: metres from their end to it, by way.
    leading: Vec<(Way, f32)>,
}

/// What the searches of one build share: the zone that last came by, for each way.
pub(crate) struct Visits(Vec<u32>);

impl Visits {
    pub(crate) fn new(net: &Net) -> Self {
        Self(vec![0; net.roads().len() * 2])
    }
}

impl Approach {
    /// `None` where no road leads into the zone, or nobody asks from outside.
    pub(crate) fn new(net: &Net, placed: &Placed, visits: &mut Visits, number: u32) -> Option<Self> {
        let mut entries: Vec<(Way, f32)> = Vec::new();
        if !placed.roads.is_empty() {
            let ways =
                placed.roads.iter().flat_map(|road| [true, false].map(|forward| Way::new(*road, forward)));
            entries.extend(ways.filter(|way| net.is_open(*way)).map(|way| (way, 0.0)));
        } else if placed.reach_m > 0.0 {
            for road in near(net, placed) {
                enter(net, placed, road, &mut entries);
            }
        }
        if entries.is_empty() {
            return None;
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut approach = Self { reach_m: placed.reach_m, is_cut: false, entries, leading: Vec::new() };
        approach.lead(net, &placed.roads, &mut visits.0, number + 1);
        Some(approach)
    }

    /// Goes back from the entries.
    fn lead(&mut self, net: &Net, inside: &[RoadIndex], visits: &mut [u32], number: u32) {
        // Distances are not negative, so their bits are in their order.
        let mut queue: BinaryHeap<Reverse<(u32, Way)>> = BinaryHeap::new();
        for (way, at_m) in &self.entries {
            queue.extend(net.before(*way).map(|before| Reverse((at_m.to_bits(), before))));
        }
        while let Some(Reverse((bits, way))) = queue.pop() {
            let to_m = f32::from_bits(bits);
            if f64::from(to_m) > self.reach_m {
                break;
            }
            let visited = &mut visits[way.0 as usize];
            if *visited == number || inside.binary_search(&way.road()).is_ok() {
                continue;
            }
            *visited = number;
            if self.leading.len() == LEADING_MAX {
                (self.reach_m, self.is_cut) = (f64::from(to_m), true);
                break;
            }
            self.leading.push((way, to_m));
            #[expect(clippy::cast_possible_truncation, reason = "kept to a tenth of a metre")]
            let from_m = to_m + net.length_m(way.road()) as f32;
            queue.extend(net.before(way).map(|before| Reverse((from_m.to_bits(), before))));
        }
        self.leading.sort_unstable_by_key(|(way, _)| *way);
        self.leading.shrink_to_fit();
    }

    /// See [`fleet::Map::ahead`]; for a vehicle outside the zone.
    pub(crate) fn ahead(&self, net: &Net, on: &OnRoad) -> Ahead {
        let way = Way::new(on.road, on.forward);
        let (along_m, length_m) = (f64::from(on.along_m), net.length_m(on.road));
        let gone_m = if on.forward { along_m } else { length_m - along_m };
        let own = self.entries.partition_point(|(entry, _)| *entry < way);
        let on_way = self.entries[own..].iter().take_while(|(entry, _)| *entry == way);
        let here = on_way.map(|(_, at_m)| f64::from(*at_m) - gone_m).find(|to_m| *to_m >= 0.0);
        let beyond = self.leading.binary_search_by_key(&way, |(way, _)| *way).ok();
        let beyond = beyond.map(|at| f64::from(self.leading[at].1) + (length_m - gone_m).max(0.0));
        match here.or(beyond) {
            Some(to_m) if to_m <= self.reach_m => Ahead::At(to_m),
            Some(_) | None if self.is_cut => Ahead::Unknown,
            Some(_) | None => Ahead::Elsewhere,
        }
    }
}

/// The roads with a part in the zone's box.
fn near(net: &Net, placed: &Placed) -> Vec<RoadIndex> {
    let Some(bounds) = placed.bounds else { return Vec::new() };
    let mut roads = Vec::new();
    let grow = Plane::at(bounds.1).degrees(placed.half_m() * 1.02 + 1.0);
    let (low, high) = path::grown(bounds, [grow[0] * 1.1, grow[1]]);
    net.touching((micro(low), micro(high)), |road| roads.push(road));
    roads.sort_unstable();
    roads.dedup();
    roads
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn micro(at: Point) -> [i32; 2] {
    at.map(|degrees| (degrees * 1e6).round() as i32)
}

/// Finds where a piece comes into the zone, in both directions: where it goes out, the way back comes in.
fn enter(net: &Net, placed: &Placed, road: RoadIndex, entries: &mut Vec<(Way, f32)>) {
    let length_m = net.length_m(road);
    let mut add = |at_m: f64, forward: bool| {
        let way = Way::new(road, forward);
        let from_m = if forward { at_m } else { (length_m - at_m).max(0.0) };
        if net.is_open(way) {
            #[expect(clippy::cast_possible_truncation, reason = "kept to a tenth of a metre")]
            entries.push((way, from_m as f32));
        }
    };
    let mut last: Option<(Point, bool)> = None;
    let mut gone_m = 0.0;
    net.walk(road, |at, segment_m| {
        let inside = placed.holds(at);
        if let Some((from, was_inside)) = last {
            if was_inside != inside {
                add(gone_m + border(placed, (from, at), inside) * segment_m, inside);
            } else if !inside
                && placed.is_crossed((from, at))
                && let Some((first, last)) = stretch(placed, (from, at), segment_m)
            {
                add(gone_m + first * segment_m, true);
                add(gone_m + last * segment_m, false);
            }
        }
        gone_m += segment_m;
        last = Some((at, inside));
    });
}

/// Where on a segment it comes in, or goes out, as a part of it.
fn border(placed: &Placed, ends: (Point, Point), comes_in: bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if placed.holds(between(ends, middle)) == comes_in { high = middle } else { low = middle }
    }
    if comes_in { high } else { low }
}

/// Where on a segment that begins and ends outside it is first and last inside, as parts of it.
fn stretch(placed: &Placed, ends: (Point, Point), segment_m: f64) -> Option<(f64, f64)> {
    let samples = (segment_m / SAMPLE_M).ceil().clamp(1.0, SAMPLES_MAX);
    let (mut inside, mut sample) = (None, 0.0);
    while sample <= samples {
        if placed.holds(between(ends, sample / samples)) {
            let (first, _) = inside.unwrap_or((sample, sample));
            inside = Some((first, sample));
        }
        sample += 1.0;
    }
    let edge = |from: f64, comes_in: bool| {
        let (a, b) = (from / samples, (from + 1.0) / samples);
        a + border(placed, (between(ends, a), between(ends, b)), comes_in) / samples
    };
    inside.map(|(first, last)| (edge(first - 1.0, true), edge(last, false)))
}

fn between((a, b): (Point, Point), part: f64) -> Point {
    [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]
}
