//! What runs beside what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Component, Part};
use crate::plane::{Point, length_m};

/// Carriageways and tubes further apart are not one structure, metres.
const APART_M: f64 = 50.0;
/// Lines are compared at points this far from each other, metres.
const STEP_M: f64 = 10.0;
/// Points in all at most: more than the bridges and tunnels of any country have every 10 m, and 1 GB. Beyond, they stand further apart.
const SAMPLES_MAX: f64 = 20e6;
/// The sine of the angle up to which two lines run in parallel: 30 degrees.
const SLANT: f64 = 0.5;

/// A point of a line and the way it runs there.
#[derive(Clone, Copy)]
struct Sample {
    component: usize,
    at: Point,
    along: (f64, f64),
}

/// Pairs of components of which the one lies beside the other on half of its length.
pub fn pairs(parts: &[&Part<'_>], components: &[Component]) -> Vec<(usize, usize)> {
    let length_m: f64 = parts.iter().map(|part| length_m(&part.line)).sum();
    let step_m = STEP_M.max(length_m / SAMPLES_MAX);
    let samples: Vec<Sample> = components
        .iter()
        .enumerate()
        .flat_map(|(number, component)| component.parts.iter().map(move |part| (number, *part)))
        .flat_map(|(component, part)| samples(component, &parts[part].line, step_m))
        .collect();
    let mut cells: HashMap<(i64, i64), Vec<Sample>> = HashMap::new();
    let mut all: BTreeMap<usize, u32> = BTreeMap::new();
    for sample in &samples {
        *all.entry(sample.component).or_default() += 1;
        let row = row(sample.at);
        cells.entry((row, column(row, sample.at))).or_default().push(*sample);
    }
    let mut beside: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    for sample in &samples {
        for other in near(sample, &cells) {
            *beside.entry((sample.component, other)).or_default() += 1;
        }
    }
    let half = |((one, _), count): (&(usize, usize), &u32)| count * 2 >= all[one];
    beside.iter().filter(|pair| half(*pair)).map(|((one, other), _)| (*one, *other)).collect()
}

/// The other components that run beside a sample.
fn near(sample: &Sample, cells: &HashMap<(i64, i64), Vec<Sample>>) -> BTreeSet<usize> {
    let middle = row(sample.at);
    let mut found = BTreeSet::new();
    for row in middle - 1..=middle + 1 {
        let column = column(row, sample.at);
        for cell in (column - 1..=column + 1).filter_map(|column| cells.get(&(row, column))) {
            for other in cell.iter().filter(|other| other.component != sample.component) {
                let cross = sample.along.0 * other.along.1 - sample.along.1 * other.along.0;
                if cross.abs() <= SLANT && sample.at.distance_m(other.at) <= APART_M {
                    found.insert(other.component);
                }
            }
        }
    }
    found
}

fn samples(component: usize, line: &[Point], step_m: f64) -> Vec<Sample> {
    let mut samples = Vec::new();
    for pair in line.windows(2) {
        let (east, north) = pair[1].from(pair[0]);
        let length = east.hypot(north);
        let steps = (length / step_m).ceil().max(1.0) as u32; // a part of the earth in metres
        for step in 0..steps {
            let at = pair[0].towards(pair[1], (f64::from(step) + 0.5) / f64::from(steps));
            samples.push(Sample { component, at, along: (east / length, north / length) });
        }
    }
    samples
}

/// Cells are at least [`APART_M`] wide and high.
fn row(at: Point) -> i64 {
    i64::from(at.lat).div_euclid(at.units(APART_M).1.ceil() as i64)
}

fn column(row: i64, at: Point) -> i64 {
    let height = at.units(APART_M).1.ceil() as i64;
    // The edge of the row that is further from the equator has the narrowest degrees.
    let furthest = (row * height).abs().max(((row + 1) * height).abs()).min(900_000_000);
    let furthest = Point { lon: 0, lat: i32::try_from(furthest).unwrap_or(900_000_000) };
    i64::from(at.lon).div_euclid(furthest.units(APART_M).0.ceil() as i64)
}
