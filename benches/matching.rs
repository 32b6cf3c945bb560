//! How often is a vehicle put on the road it drives on, and how many fixes a second are followed?
//!
//! Drives go by the quickest way between two pieces drawn at random, at the pace of the class, with waits at junctions.
//! Fixes err by a normal distribution on each axis, headings by 6 degrees; in tunnels there are none. The net is made up
//! (see `made`), or read: `ROADS=roads.geojson cargo bench --package benches --bench matching` (as `import-osm` writes it).

use std::collections::{BTreeMap, BTreeSet};

use atlas::Atlas;
use benches::made::country;
use benches::roads::{Net, Receiver, Truth, drive, pick};
use benches::{Numbers, is_measuring, measure};
use fleet::{Fix, LonLat, Map, RoadIndex, Trail};

/// Another road nearer than this with about the same direction makes a place ambiguous, metres.
const BESIDE_M: f64 = 30.0;
const BESIDE_DEG: f64 = 25.0;

/// From here on a fix counts as sure of its road.
const SURE: f32 = 0.8;

type Way = Vec<(RoadIndex, bool)>;

fn main() {
    let mut numbers = Numbers::new(318);
    let drives = if is_measuring() { 300 } else { 20 };
    if let Ok(path) = std::env::var("ROADS") {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        accuracy(&Net::read(&text), drives, &mut numbers);
        return;
    }
    let pieces = if is_measuring() { 8_000 } else { 2_000 };
    let made = Net::new(country(pieces, 30, &mut numbers));
    accuracy(&made, drives, &mut numbers);
    speed(&mut numbers);
}

fn accuracy(net: &Net, drives: usize, numbers: &mut Numbers) {
    let map = Atlas::build(vec![], vec![], vec![]).with_roads(net.roads.clone());
    let ways = ways(net, drives, numbers);
    let driven = ways.iter().map(Vec::len).sum::<usize>();
    println!("{} pieces, {} drives of {driven} pieces", net.roads.len(), ways.len());
    let beside = Beside::new(net);
    for every_s in [10, 30] {
        for error_m in [5.0, 10.0, 20.0] {
            let (mut told, mut alone) = (Tally::default(), Tally::default());
            // Half of the receivers err anew with each fix, half wander for a minute.
            for stays in [0.0, 0.98] {
                let mut numbers = Numbers::new(794);
                for way in &ways {
                    let fixes = drive(net, way, Receiver { every_s, error_m, stays }, &mut numbers);
                    told.drive((net, &map, &beside), (way, &fixes), false);
                    alone.drive((net, &map, &beside), (way, &fixes), true);
                }
            }
            println!("every {every_s} s, error {error_m} m, {} fixes", told.fixes);
            println!("  followed    {told}");
            println!("  each alone  {alone}");
            println!("  right road by tenths of sureness  {}", told.calibration());
            assert!(told.road > alone.road, "following a vehicle is no better than each fix alone");
            assert!(told.turned * 3 < alone.turned * 2, "directions are no better than by heading alone");
            assert!(percent(told.road, told.fixes) > 75.0, "{told}");
        }
    }
}

/// Ways between pieces drawn at random.
fn ways(net: &Net, count: usize, numbers: &mut Numbers) -> Vec<Way> {
    let pieces: Vec<u32> = (0..).take(net.roads.len()).collect();
    let mut ways = Vec::new();
    for _ in 0..count * 20 {
        let ends = (pick(&pieces, numbers).copied(), pick(&pieces, numbers).copied());
        let way = ends.0.zip(ends.1).and_then(|(from, to)| net.route(from, to));
        ways.extend(way.filter(|way| way.len() >= 10));
        if ways.len() == count {
            break;
        }
    }
    ways
}

#[derive(Default)]
struct Tally {
    fixes: u64,
    told: u64,
    piece: u64,
    road: u64,
    turned: u64,
    beside: u64,
    beside_right: u64,
    wrong_structure: u64,
    /// Fixes that are sure of their road, and of those the right ones.
    sure: u64,
    sure_right: u64,
    sure_wrong_structure: u64,
    /// Bridges and tunnels gone over in a drive, those of them told as passed, and those told as passed that were not.
    structures: u64,
    structures_told: u64,
    structures_made_up: u64,
    /// Tenths of sureness: fixes, and those on the right road.
    tenths: [(u64, u64); 10],
}

impl Tally {
    fn drive(
        &mut self,
        (net, map, beside): (&Net, &Atlas, &Beside),
        (way, fixes): (&Way, &[(Fix, Truth)]),
        alone: bool,
    ) {
        let (mut trail, mut passed) = (Trail::default(), Vec::new());
        let mut told = BTreeSet::new();
        for (fix, truth) in fixes {
            if alone {
                trail.clear();
            }
            let on = map.follow(&mut trail, fix, &mut passed);
            told.extend(structures(net, passed.iter().copied()));
            self.fixes += 1;
            let is_beside = beside.is_ambiguous(net, truth);
            self.beside += u64::from(is_beside);
            let Some(on) = on else { continue };
            self.told += 1;
            let right = net.is_one_road(on.road, truth.road);
            self.piece += u64::from(on.road == truth.road);
            self.road += u64::from(right);
            self.turned += u64::from(on.road == truth.road && on.forward != truth.forward);
            self.beside_right += u64::from(is_beside && right);
            let structure = |road: RoadIndex| net.road(road).structure;
            let is_wrong = structure(on.road) != structure(truth.road) && !right;
            self.wrong_structure += u64::from(is_wrong);
            if on.sure >= SURE {
                self.sure += 1;
                self.sure_right += u64::from(right);
                self.sure_wrong_structure += u64::from(is_wrong);
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 9")]
            let tenth = ((on.sure * 10.0) as usize).min(9);
            self.tenths[tenth].0 += 1;
            self.tenths[tenth].1 += u64::from(right);
        }
        let to_last = fixes.last().map_or(0, |(_, truth)| truth.entered);
        let driven: BTreeSet<RoadIndex> =
            structures(net, way[..to_last].iter().map(|(road, _)| *road)).collect();
        self.structures += driven.len() as u64;
        self.structures_told += driven.intersection(&told).count() as u64;
        self.structures_made_up += told.difference(&driven).count() as u64;
    }

    fn calibration(&self) -> String {
        let share = |(all, right): &(u64, u64)| format!("{:.1}% of {all}", percent(*right, *all));
        self.tenths.iter().map(share).collect::<Vec<_>>().join(" | ")
    }
}

fn structures(net: &Net, roads: impl Iterator<Item = RoadIndex>) -> impl Iterator<Item = RoadIndex> {
    roads.filter(|road| net.road(*road).structure.is_some())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn percent(part: u64, of: u64) -> f64 {
    part as f64 * 100.0 / of.max(1) as f64
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "piece {:.1} %, road {:.1} %, turned round {:.1} %; beside others {:.0} %, of those road {:.1} %; ",
            percent(self.piece, self.fixes),
            percent(self.road, self.fixes),
            percent(self.turned, self.fixes),
            percent(self.beside, self.fixes),
            percent(self.beside_right, self.beside),
        )?;
        write!(
            f,
            "wrong bridge or tunnel {:.2} %; sure {:.0} %, of those road {:.1} %, wrong bridge or tunnel {:.2} %; ",
            percent(self.wrong_structure, self.fixes),
            percent(self.sure, self.fixes),
            percent(self.sure_right, self.sure),
            percent(self.sure_wrong_structure, self.sure),
        )?;
        write!(
            f,
            "passed {:.1} % of {} bridges and tunnels, and {} that were not",
            percent(self.structures_told, self.structures),
            self.structures,
            self.structures_made_up,
        )
    }
}

/// Which segments lie where, to find roads that run side by side.
struct Beside(BTreeMap<(i32, i32), Vec<Segment>>);

type Segment = (RoadIndex, LonLat, LonLat);

const CELL_E6: i32 = 1_000;

impl Beside {
    fn new(net: &Net) -> Self {
        let mut cells: BTreeMap<_, Vec<Segment>> = BTreeMap::new();
        for number in (0..).take(net.roads.len()).map(RoadIndex) {
            for s in net.line(number).windows(2) {
                let cell = |of: fn(&LonLat) -> i32| {
                    let (a, b) = (of(&s[0]), of(&s[1]));
                    (a.min(b) - 500).div_euclid(CELL_E6)..=(a.max(b) + 500).div_euclid(CELL_E6)
                };
                for x in cell(|p| p.lon_e6) {
                    for y in cell(|p| p.lat_e6) {
                        cells.entry((x, y)).or_default().push((number, s[0], s[1]));
                    }
                }
            }
        }
        Self(cells)
    }

    /// Whether another road runs along near the true place.
    fn is_ambiguous(&self, net: &Net, truth: &Truth) -> bool {
        let cell = (truth.at.lon_e6.div_euclid(CELL_E6), truth.at.lat_e6.div_euclid(CELL_E6));
        let near = self.0.get(&cell).map_or(&[][..], Vec::as_slice);
        let course = |a: &LonLat, b: &LonLat| a.bearing_deg(*b).rem_euclid(180.0);
        let own: Vec<f64> = near
            .iter()
            .filter(|(road, a, b)| *road == truth.road && distance_m(truth.at, *a, *b) < 1.0)
            .map(|(_, a, b)| course(a, b))
            .collect();
        near.iter().any(|(road, a, b)| {
            let apart = |own: &f64| {
                let apart = (course(a, b) - own).abs();
                apart.min(180.0 - apart) < BESIDE_DEG
            };
            !net.is_one_road(*road, truth.road)
                && distance_m(truth.at, *a, *b) < BESIDE_M
                && own.iter().any(apart)
        })
    }
}

fn distance_m(at: LonLat, a: LonLat, b: LonLat) -> f64 {
    let flat = |p: LonLat| {
        let x = (p.lon() - at.lon()) * 111_195.0 * at.lat().to_radians().cos();
        (x, (p.lat() - at.lat()) * 111_195.0)
    };
    let ((ax, ay), (bx, by)) = (flat(a), flat(b));
    let (x, y) = (bx - ax, by - ay);
    let part = (-(ax * x + ay * y) / (x * x + y * y).max(1e-9)).clamp(0.0, 1.0);
    (ax + part * x).hypot(ay + part * y)
}

/// Vehicles in turn on a country's net, so that each finds its part of the map cold.
fn speed(numbers: &mut Numbers) {
    let pieces = if is_measuring() { 1_000_000 } else { 2_000 };
    let vehicles = if is_measuring() { 20_000 } else { 20 };
    let net = Net::new(country(pieces, 40, numbers));
    let resident = resident_kb();
    let roads = net.roads.clone();
    let before = (benches::cpu_time(), resident);
    let map = Atlas::build(vec![], vec![], vec![]).with_roads(roads);
    let (took, kb) = (benches::cpu_time() - before.0, resident_kb());
    println!(
        "{} pieces of {:.1} points built in {:.2} CPU s; resident {} MB before, {} MB after",
        net.roads.len(),
        net.roads.iter().map(|(_, line)| line.0.len()).sum::<usize>() as f64 / net.roads.len() as f64,
        took.as_secs_f64(),
        before.1 / 1024,
        kb / 1024
    );
    let all: Vec<u32> = (0..).take(net.roads.len()).collect();
    for every_s in [10, 30] {
        let receiver = Receiver { every_s, error_m: 10.0, stays: 0.98 };
        let drives: Vec<Vec<Fix>> = (0..vehicles)
            .map(|_| {
                let way = net.wander(*pick(&all, numbers).expect("roads"), 24, numbers);
                drive(&net, &way, receiver, numbers).into_iter().map(|(fix, _)| fix).take(12).collect()
            })
            .collect();
        let fixes: usize = drives.iter().map(Vec::len).sum();
        let (mut trails, mut passed) = (vec![Trail::default(); drives.len()], Vec::new());
        let mut answers = Vec::new();
        measure(&format!("fixes followed, every {every_s} s ({fixes})"), fixes as u64, || {
            trails.iter_mut().for_each(Trail::clear);
            let mut told = 0;
            for turn in 0..12 {
                for (drive, trail) in drives.iter().zip(&mut trails) {
                    let Some(fix) = drive.get(turn) else { continue };
                    told += usize::from(map.follow(trail, fix, &mut passed).is_some());
                }
            }
            answers.push(told);
        });
        assert!(
            answers.iter().all(|told| *told * 10 > fixes * 9 && Some(told) == answers.first()),
            "{answers:?} of {fixes}"
        );
    }
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}
