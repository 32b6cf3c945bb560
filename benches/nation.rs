//! How many positions a second does one engine judge, and what does it remember of a vehicle, with 1,000, 100,000 and
//! 6 million vehicles that report in random order, every rule on, 10,000 zones and a country's roads?
//!
//! Every vehicle drives along a road of a lattice of a million pieces, one position every 10 s. Each round visits all
//! vehicles once, in an order that jumps about the whole table. The answer that is checked: what the first vehicles
//! raise is the same however many others report in between.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use atlas::{Atlas, Shape};
use benches::vehicles::{mixed, report, terminal};
use benches::{Numbers, cpu_time, is_measuring};
use fleet::{
    Alert, Along, EventTime, Fix, Heading, LonLat, Map, Observation, PostedLimit, ReceiveTime, Registry,
    Road, RoadClass, Speed, VehicleClass, Zone, ZoneKind,
};
use geo::{LineString, MultiPolygon, Polygon};
use rules::{Book, Engine};

const START_MS: i64 = 1_767_225_600_000;
const ZONES: u32 = 10_000;
/// The country: 10 × 10 degrees.
const LOW: (f64, f64) = (85.0, 28.0);
const SIDE_DEG: f64 = 10.0;
/// Vehicles whose alerts are compared between runs.
const COMPARED: u32 = 1_000;
/// What fits into 24 GB with the registry, at 2 kB a vehicle.
const BIG: u32 = 6_000_000;
/// And for how long: one round a 10 s.
const ROUNDS: u32 = 4;
const BATCH: u32 = 5;

type Raised = BTreeMap<String, usize>;

fn main() {
    let measuring = is_measuring();
    let lines = if measuring { 708 } else { 40 };
    let before = resident();
    let started = cpu_time();
    let map: Arc<dyn Map> = Arc::new(atlas(lines));
    let pieces = 2 * lines * (lines - 1);
    let built = cpu_time() - started;
    println!("{pieces} pieces of road: {:.1} s, {} MB", built.as_secs_f64(), (resident() - before) >> 20);
    let sizes: &[(u32, u32)] = if measuring {
        &[(1_000, 500), (100_000, 20), (BIG, ROUNDS)]
    } else {
        &[(1_000, ROUNDS), (3_000, ROUNDS)]
    };
    let mut answers = Vec::new();
    for (vehicles, rounds) in sizes {
        if measuring && u64::from(*vehicles) * 2_900 > available() {
            println!("{vehicles} vehicles: skipped, not enough memory is free");
            continue;
        }
        answers.push(run(&map, lines, *vehicles, *rounds));
    }
    for answer in &answers {
        assert!(answer.values().sum::<usize>() > 0, "nobody raised anything");
        assert_eq!(answer, &answers[0], "the others change what the first vehicles raise");
    }
    println!("of the first {COMPARED} vehicles in their first {ROUNDS} rounds: {:?}", answers[0]);
}

/// Lets `vehicles` report `rounds` times; what the first of them raised in the first [`ROUNDS`], by rule.
fn run(map: &Arc<dyn Map>, lines: u32, vehicles: u32, rounds: u32) -> Raised {
    let registry = Arc::new(Registry::new((0..vehicles).map(mixed).collect(), Vec::new(), Vec::new()));
    let before = resident();
    let mut engine = Engine::new(Arc::new(Book::default().into()), registry, Arc::clone(map));
    let mut alerts: Vec<Alert> = Vec::new();
    let mut raised = Raised::new();
    let mut spent = Vec::new();
    let mut idle = std::time::Duration::ZERO;
    for round in 0..rounds {
        let started = cpu_time();
        for place in 0..vehicles {
            black_box(observation(lines, vehicles, place, round));
        }
        idle += cpu_time() - started;
        let started = cpu_time();
        for place in 0..vehicles {
            engine.handle_observation(&observation(lines, vehicles, place, round), &mut alerts);
            if !alerts.is_empty() {
                note(&mut alerts, round, &mut raised);
            }
        }
        spent.push(cpu_time() - started);
    }
    let total: f64 = spent.iter().map(std::time::Duration::as_secs_f64).sum();
    let steps = f64::from(vehicles) * f64::from(rounds);
    println!(
        "{vehicles} vehicles, {rounds} rounds: {:.3} M positions per CPU second ({:.3} M without making them), {} bytes a vehicle",
        steps / total / 1e6,
        steps / (total - idle.as_secs_f64()) / 1e6,
        (resident() - before) / u64::from(vehicles),
    );
    raised
}

fn note(alerts: &mut Vec<Alert>, round: u32, raised: &mut Raised) {
    let compared = terminal(COMPARED);
    for alert in alerts.drain(..) {
        if round < ROUNDS && alert.vehicle.terminal < compared {
            *raised.entry(format!("{} {}", alert.rule, alert.state)).or_default() += 1;
        }
    }
}

/// The report of the vehicle whose turn it is.
fn observation(lines: u32, vehicles: u32, place: u32, round: u32) -> Observation {
    // A step that has no factor in common with the number of vehicles visits each once.
    let number = (u64::from(place) * 7_368_787 % u64::from(vehicles)) as u32;
    let mut own = Numbers::new(u64::from(number) + 1);
    let row = (own.bits() % u64::from(lines)) as u32;
    let start = own.between(0.0, SIDE_DEG - 1.0);
    // One in twenty is in a hurry.
    let kmh = if own.bits().is_multiple_of(20) { own.between(60.0, 110.0) } else { own.between(35.0, 58.0) };
    let at_ms = START_MS + i64::from(round) * 10_000 + i64::from(number % 10_000);
    let round_ms = i64::from(round) * 10_000 + i64::from(place) * 10_000 / i64::from(vehicles);
    let lat = LOW.1 + f64::from(row) * SIDE_DEG / f64::from(lines - 1);
    // As far as its speed says.
    let gone_deg = kmh / 3.6 * 10.0 * f64::from(round) / (111_195.0 * lat.to_radians().cos());
    let lon = LOW.0 + start + gone_deg % 1.0;
    let noise = (own.between(-5e-5, 5e-5), own.between(-5e-5, 5e-5));
    let fix = Fix {
        at: EventTime::from_ms(at_ms),
        position: LonLat::from_degrees(lon + noise.0, lat + noise.1),
        altitude_m: 3650,
        speed: Speed::from_kmh(kmh),
        heading: Some(Heading::from_deg(90)),
    };
    report(number, ReceiveTime::from_ms(START_MS + 10_000 + round_ms), fix, true)
}

fn atlas(lines: u32) -> Atlas {
    let mut numbers = Numbers::new(808);
    let zones = (0..ZONES).map(|number| {
        let (lon, lat) = (numbers.between(0.0, SIDE_DEG), numbers.between(0.0, SIDE_DEG));
        let radius = numbers.between(0.001, 0.01);
        let ring = (0..31).map(|n| {
            let (sin, cos) = (f64::from(n) * std::f64::consts::TAU / 31.0).sin_cos();
            (LOW.0 + lon + radius * cos, LOW.1 + lat + radius * sin)
        });
        let shape = Shape::Area(MultiPolygon(vec![Polygon::new(LineString::from_iter(ring), vec![])]));
        (zone(number), shape)
    });
    let zones = zones.collect();
    Atlas::build(zones, Vec::new(), Vec::new()).with_roads(roads(lines))
}

fn zone(number: u32) -> Zone {
    let kind = match number % BATCH {
        0 => ZoneKind::Bridge,
        1 => ZoneKind::Tunnel,
        2 => ZoneKind::WaterSource,
        3 => ZoneKind::NoParking,
        _ => ZoneKind::SpeedLimit,
    };
    Zone {
        classes: if number % BATCH < 3 { vec![VehicleClass::HazmatTruck] } else { Vec::new() },
        limit_kmh: (kind == ZoneKind::SpeedLimit).then_some(60.0),
        approach_m: (number.is_multiple_of(3)).then_some(3_000.0),
        ..Zone::new(&format!("z{number}"), kind)
    }
}

/// A lattice of roads, cut at every crossing.
fn roads(lines: u32) -> Vec<(Road, LineString<f64>)> {
    let at = |n: u32| f64::from(n) * SIDE_DEG / f64::from(lines - 1);
    let point = |x: u32, y: u32| (LOW.0 + at(x), LOW.1 + at(y));
    let mut roads = Vec::new();
    for line in 0..lines {
        for piece in 0..lines - 1 {
            for (east, ends) in [
                (true, [point(piece, line), point(piece + 1, line)]),
                (false, [point(line, piece), point(line, piece + 1)]),
            ] {
                let id = format!("{}{line}-{piece}", if east { 'e' } else { 'n' });
                roads.push((road(&id, line), LineString::from(ends.to_vec())));
            }
        }
    }
    roads
}

fn road(id: &str, line: u32) -> Road {
    let (class, kmh) = match line % 10 {
        0 => (RoadClass::Expressway, Some(100.0)),
        1..4 => (RoadClass::Highway, Some(80.0)),
        4..7 => (RoadClass::Highway, None),
        _ => (RoadClass::Street, Some(60.0)),
    };
    let posted = |kmh| PostedLimit { kmh, along: Along::Both, classes: Vec::new(), hours: None, wet: false };
    Road {
        id: id.into(),
        class,
        open: Along::Both,
        name: None,
        reference: None,
        limits: kmh.map(posted).into_iter().collect(),
        lanes: None,
        centre_line: None,
        structure: None,
        cautions: Box::default(),
    }
}

/// Memory of this process that is in use, bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Memory that could still be had, bytes.
fn available() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("MemAvailable:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}
