//! How many positions a second does the engine judge, with 10,000 zones on the map and every rule on?
//!
//! 2,000 vehicles of all classes drive zigzag through 2 × 2 degrees, one position every 10 s. The answer that is
//! checked: two runs give the same alerts, and there are some.

use std::sync::Arc;

use atlas::{Atlas, Shape};
use benches::vehicles::{mixed, report};
use benches::{Numbers, is_measuring, measure};
use fleet::{
    Alert, EventTime, Fix, Heading, LonLat, Observation, ReceiveTime, Registry, Speed, VehicleClass, Zone,
    ZoneKind,
};
use geo::{LineString, MultiPolygon, Polygon};
use rules::{Book, Engine};

const ZONES: u32 = 10_000;
const VEHICLES: u32 = 2_000;
const START_MS: i64 = 1_767_225_600_000;

fn main() {
    let steps = if is_measuring() { 500 } else { 40 };
    let map: Arc<dyn fleet::Map> = Arc::new(atlas());
    let registry = Arc::new(Registry::new((0..VEHICLES).map(mixed).collect(), Vec::new(), Vec::new()));
    let mut answers = Vec::new();
    let units = u64::from(VEHICLES) * steps;
    measure("rules, positions", units, || {
        let mut engine =
            Engine::new(Arc::new(Book::default().into()), Arc::clone(&registry), Arc::clone(&map));
        let mut alerts = Vec::new();
        let mut count = 0_usize;
        drive(steps, &mut |observation| {
            engine.handle_observation(observation, &mut alerts);
            count += alerts.len();
            alerts.clear();
        });
        answers.push(count);
    });
    measure("the drive alone", units, || {
        drive(steps, &mut |observation| assert!(observation.received.ms() > START_MS))
    });
    let mut engine = Engine::new(Arc::new(Book::default().into()), registry, map);
    let mut alerts: Vec<Alert> = Vec::new();
    drive(steps, &mut |observation| {
        engine.handle_observation(observation, &mut alerts);
    });
    assert!(answers.iter().all(|count| *count == alerts.len()), "{answers:?} against {}", alerts.len());
    assert!(alerts.iter().any(|alert| alert.rule.as_str() == "hazmat-zone"), "nobody met a zone");
    println!("{} alert messages", alerts.len());
}

fn atlas() -> Atlas {
    let mut numbers = Numbers::new(808);
    let zones = (0..ZONES)
        .map(|number| {
            let (lon, lat) = (numbers.between(90.0, 92.0), numbers.between(29.0, 31.0));
            let radius = numbers.between(0.001, 0.01);
            let shape = if number % 10 == 0 {
                let line = (0..10)
                    .map(|n| (lon + f64::from(n) * radius / 3.0, lat + f64::from(n % 3) * radius / 5.0));
                Shape::Corridor { line: LineString::from_iter(line), width_m: 60.0 }
            } else {
                let ring = (0..31).map(|n| {
                    let (sin, cos) = (f64::from(n) * std::f64::consts::TAU / 31.0).sin_cos();
                    (lon + radius * cos, lat + radius * sin)
                });
                Shape::Area(MultiPolygon(vec![Polygon::new(LineString::from_iter(ring), vec![])]))
            };
            (zone(number), shape)
        })
        .collect();
    Atlas::build(zones, Vec::new(), Vec::new())
}

fn zone(number: u32) -> Zone {
    let kind = match number % 4 {
        0 => ZoneKind::Bridge,
        1 => ZoneKind::Tunnel,
        2 => ZoneKind::WaterSource,
        _ => ZoneKind::SpeedLimit,
    };
    Zone {
        classes: if kind == ZoneKind::SpeedLimit { Vec::new() } else { vec![VehicleClass::HazmatTruck] },
        limit_kmh: (kind == ZoneKind::SpeedLimit).then_some(60.0),
        approach_m: (number.is_multiple_of(3)).then_some(500.0),
        ..Zone::new(&format!("z{number}"), kind)
    }
}

/// Every vehicle goes 10 s further, then the next step, as they would report.
fn drive(steps: u64, each: &mut dyn FnMut(&Observation)) {
    let mut numbers = Numbers::new(1);
    let mut places: Vec<(f64, f64, f64)> = (0..VEHICLES)
        .map(|_| (numbers.between(90.2, 91.8), numbers.between(29.2, 30.8), numbers.between(0.0, 6.2)))
        .collect();
    for step in 0..steps {
        for (number, place) in (0..).zip(&mut places) {
            let kmh = 50.0 + f64::from(number % 50);
            let degrees = kmh / 3.6 * 10.0 / 111_195.0;
            if !(90.1..91.9).contains(&place.0) || !(29.1..30.9).contains(&place.1) {
                place.2 += std::f64::consts::PI;
            }
            *place = (place.0 + degrees * place.2.sin(), place.1 + degrees * place.2.cos(), place.2);
            each(&observation(number, step, *place, kmh));
        }
    }
}

fn observation(number: u32, step: u64, (lon, lat, heading): (f64, f64, f64), kmh: f64) -> Observation {
    let at = START_MS + i64::try_from(step).unwrap_or(0) * 10_000;
    let fix = Fix {
        at: EventTime::from_ms(at),
        position: LonLat::from_degrees(lon, lat),
        altitude_m: 3650,
        speed: Speed::from_kmh(kmh),
        heading: Some(Heading::from_deg(degrees(heading))),
    };
    report(number, ReceiveTime::from_ms(at + 300), fix, true)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rem_euclid gives 0 to 360")]
fn degrees(radians: f64) -> u16 {
    radians.to_degrees().rem_euclid(360.0) as u16
}
