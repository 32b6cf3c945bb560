//! Ways cut into pieces: at junctions, and around what calls for care on a part of them only.

use fleet::Caution;

use crate::bends;
use crate::counts::Counts;
use crate::facts::Facts;
use crate::places::{Place, Places};
use crate::plane::Point;

/// How far from a railway's rails the caution holds, metres: braking from 50 km/h, and the vehicle's own length.
pub const CROSSING_M: f64 = 30.0;
/// No road runs straight so far without a node, metres: one of the two places is wrong.
const GAP_M: f64 = 100_000.0;
/// A cut this near to a point of the line is made there, metres.
const SNAP_M: f64 = 3.0;

/// A way that is a road.
#[derive(Debug)]
pub struct Road {
    pub id: i64,
    pub refs: Box<[i64]>,
    pub facts: Facts,
}

/// A piece of a way.
#[derive(Clone, Debug)]
pub struct Piece {
    /// `osm-w` and the way's number, and which piece of it, from 1.
    pub id: String,
    /// At least two points, no two alike in a row.
    pub line: Vec<Point>,
    pub cautions: Vec<Caution>,
}

/// One point of a way.
struct Stop {
    at: Point,
    along_m: f64,
    cut: bool,
}

/// All pieces of a way, as drawn.
pub fn pieces(road: &Road, places: &Places, counts: &mut Counts) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for run in runs(road, places, counts) {
        let line: Vec<Point> = run.iter().map(|place| place.at).collect();
        let along = along(&line);
        let stretches = stretches(&road.facts, &run, &line, &along);
        let stops = stops(&run, &line, &along, &stretches);
        for stops in between(&stops) {
            let number = pieces.len() + 1;
            pieces.push(piece(format!("osm-w{}-{number}", road.id), &road.facts, stops, &stretches));
        }
    }
    pieces
}

/// The way without nodes that the file does not have: a line across the gap would be a guess.
fn runs(road: &Road, places: &Places, counts: &mut Counts) -> Vec<Vec<Place>> {
    let mut runs: Vec<Vec<Place>> = vec![Vec::new()];
    let mut missing = 0;
    for id in &road.refs {
        match (places.get(*id), runs.last_mut()) {
            (Some(place), Some(run)) => match run.last_mut() {
                Some(last) if last.at == place.at => {
                    last.junction |= place.junction;
                    last.crossing |= place.crossing;
                }
                Some(last) if last.at.distance_m(place.at) > GAP_M => {
                    counts.gaps += 1;
                    runs.push(vec![place]);
                }
                _ => run.push(place),
            },
            (None, Some(run)) => {
                missing += 1;
                if !run.is_empty() {
                    runs.push(Vec::new());
                }
            }
            (_, None) => {}
        }
    }
    runs.retain(|run| run.len() > 1);
    counts.missing_nodes += missing;
    counts.cut_ways += u64::from(missing > 0);
    counts.pointless_ways += u64::from(runs.is_empty());
    runs
}

/// Distance of each point from the first, metres.
fn along(line: &[Point]) -> Vec<f64> {
    let mut passed = 0.0;
    let mut along = vec![0.0];
    along.extend(line.windows(2).map(|pair| {
        passed += pair[0].distance_m(pair[1]);
        passed
    }));
    along
}

/// Parts of the way that call for care, metres from its start.
fn stretches(facts: &Facts, run: &[Place], line: &[Point], along: &[f64]) -> Vec<(f64, f64, Caution)> {
    let bends = if facts.bends { bends::sharp(line, along) } else { Vec::new() };
    let bends = bends.into_iter().map(|(from, until)| (from, until, Caution::SharpBend));
    let crossings = run
        .iter()
        .zip(along)
        .filter(|(place, _)| place.crossing)
        .map(|(_, at)| (at - CROSSING_M, at + CROSSING_M, Caution::Crossing));
    bends.chain(crossings).collect()
}

/// The points of the way with those where a stretch begins or ends.
fn stops(run: &[Place], line: &[Point], along: &[f64], stretches: &[(f64, f64, Caution)]) -> Vec<Stop> {
    let length = along.last().copied().unwrap_or_default();
    let mut stops: Vec<Stop> = run
        .iter()
        .zip(along)
        .map(|(place, along_m)| Stop { at: place.at, along_m: *along_m, cut: place.junction })
        .collect();
    for end_m in stretches.iter().flat_map(|(from, until, _)| [*from, *until]) {
        if end_m < SNAP_M || end_m > length - SNAP_M {
            continue;
        }
        let near = |stop: &&mut Stop| (stop.along_m - end_m).abs() <= SNAP_M;
        if let Some(stop) = stops.iter_mut().find(near) {
            stop.cut = true;
        } else if let Some(at) = bends::place(line, along, end_m) {
            let index = stops.partition_point(|stop| stop.along_m < end_m);
            stops.insert(index, Stop { at, along_m: end_m, cut: true });
        }
    }
    stops
}

/// The stops from each cut to the next, both included.
fn between(stops: &[Stop]) -> Vec<&[Stop]> {
    let mut from = 0;
    let mut parts = Vec::new();
    for (index, stop) in stops.iter().enumerate().skip(1) {
        if stop.cut || index + 1 == stops.len() {
            parts.extend(stops.get(from..=index));
            from = index;
        }
    }
    parts
}

fn piece(id: String, facts: &Facts, stops: &[Stop], stretches: &[(f64, f64, Caution)]) -> Piece {
    let end_m = |stop: Option<&Stop>| stop.map_or(0.0, |stop| stop.along_m);
    let middle_m = f64::midpoint(end_m(stops.first()), end_m(stops.last()));
    let here = stretches.iter().filter(|(from, until, _)| (*from..=*until).contains(&middle_m));
    let mut cautions: Vec<Caution> =
        facts.cautions.iter().copied().chain(here.map(|(.., caution)| *caution)).collect();
    cautions.sort_unstable();
    cautions.dedup();
    Piece { id, line: stops.iter().map(|stop| stop.at).collect(), cautions }
}
