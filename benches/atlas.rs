//! How many positions a second does the map answer, with 10,000 zones of 34 vertices on average?
//!
//! Zones crowd around 60 cities: four of five are small (0.3 to 3 km), one of twenty is as large as a county, so that
//! they overlap. Four of five positions lie near a city, the others on the way between two. Checked: the zones that
//! hold a position, and that none is nearer than the clearance, against every ring, one after the other.

use std::f64::consts::TAU;

use atlas::{Atlas, Shape};
use benches::{Numbers, is_measuring, measure};
use fleet::{Leg, LonLat, Map, Touch, Zone, ZoneHit, ZoneKind};
use geo::{LineString, MultiPolygon, Polygon};

const ZONES: usize = 10_000;
/// A vehicle at 80 km/h goes this far in 10 s, degrees.
const LEG_DEG: f64 = 0.002;

type Ring = Vec<(f64, f64)>;

fn main() {
    let (count, sample) = if is_measuring() { (200_000, 300) } else { (2_000, 100) };
    let mut numbers = Numbers::new(808);
    let cities: Vec<City> = (0..60).map(|_| City::draw(&mut numbers)).collect();
    let rings: Vec<Ring> = (0..ZONES).map(|_| ring(&cities, &mut numbers)).collect();
    let points: Vec<LonLat> = (0..count).map(|_| position(&cities, &mut numbers)).collect();
    let atlas = Atlas::build(rings.iter().enumerate().map(placed).collect(), Vec::new(), Vec::new());
    println!(
        "{} zones, {} vertices, {} positions",
        rings.len(),
        rings.iter().map(Vec::len).sum::<usize>(),
        points.len()
    );

    let mut hits = Vec::new();
    let units = points.len() as u64;
    let mut held = Vec::new();
    measure("zones that hold a position", units, || {
        held.push(
            points.iter().map(|to| asked(&atlas, Leg { from: None, to: *to }, &mut hits)).sum::<usize>(),
        );
    });
    let mut crossed = Vec::new();
    measure("zones on a leg", units, || {
        crossed.push(
            points
                .iter()
                .map(|to| asked(&atlas, Leg { from: Some(before(*to)), to: *to }, &mut hits))
                .sum::<usize>(),
        );
    });
    let mut free = Vec::new();
    measure("clearance", units, || {
        free.push(points.iter().filter(|at| atlas.clearance_m(**at) > 0.0).count());
    });
    for answers in [&held, &crossed, &free] {
        assert!(answers.iter().all(|answer| *answer > 0 && Some(answer) == answers.first()), "{answers:?}");
    }
    assert!(held.first() <= crossed.first(), "a leg ends where it ends");
    let [held, crossed, free] =
        [&held, &crossed, &free].map(|answers| answers.first().copied().unwrap_or_default());
    println!("{held} hits, {crossed} on legs, {free} positions free");
    for at in points.iter().take(sample) {
        check(&atlas, &rings, *at, &mut hits);
    }
}

/// How many zones are hit.
fn asked(atlas: &Atlas, leg: Leg, hits: &mut Vec<ZoneHit>) -> usize {
    Map::zones(atlas, leg, hits);
    hits.len()
}

fn before(to: LonLat) -> LonLat {
    LonLat::from_degrees(to.lon() - LEG_DEG, to.lat())
}

/// The same questions without an index.
fn check(atlas: &Atlas, rings: &[Ring], at: LonLat, hits: &mut Vec<ZoneHit>) {
    let expected: Vec<usize> =
        (0..).zip(rings).filter(|(_, ring)| holds(ring, at)).map(|(number, _)| number).collect();
    let _ = asked(atlas, Leg { from: None, to: at }, hits);
    let found: Vec<usize> = hits.iter().map(|hit| hit.zone.0 as usize).collect();
    assert_eq!(found, expected, "{at:?}");
    assert!(hits.iter().all(|hit| hit.touch == Touch::Inside), "{hits:?}");
    let clearance_m = atlas.clearance_m(at);
    assert!(expected.is_empty() || clearance_m == 0.0, "{at:?} is inside and has {clearance_m} m");
    let corners = rings.iter().flatten().map(|(lon, lat)| LonLat::from_degrees(*lon, *lat).distance_m(at));
    assert!(clearance_m <= corners.fold(f64::INFINITY, f64::min), "{at:?} has {clearance_m} m");
}

/// A ray to the east and the even-odd rule, over all sides.
fn holds(ring: &Ring, at: LonLat) -> bool {
    let sides = ring.iter().zip(ring.iter().cycle().skip(1));
    let crossed = sides.filter(|((x0, y0), (x1, y1))| {
        (*y0 > at.lat()) != (*y1 > at.lat()) && at.lon() < x0 + (x1 - x0) * (at.lat() - y0) / (y1 - y0)
    });
    crossed.count() % 2 == 1
}

struct City {
    lon: f64,
    lat: f64,
    spread: f64,
}

impl City {
    fn draw(numbers: &mut Numbers) -> Self {
        let (lon, lat) = (numbers.between(100.0, 122.0), numbers.between(22.0, 42.0));
        Self { lon, lat, spread: numbers.between(0.1, 0.5) }
    }

    fn near(&self, numbers: &mut Numbers) -> (f64, f64) {
        (self.lon + normal(numbers) * self.spread, self.lat + normal(numbers) * self.spread)
    }
}

/// Star-shaped around its centre, so that it does not cross itself.
fn ring(cities: &[City], numbers: &mut Numbers) -> Ring {
    let size = numbers.between(0.0, 1.0);
    let (lon, lat) = one_of(cities, numbers).near(numbers);
    let (km, corners) = if size < 0.80 {
        (numbers.between(0.3, 3.0), whole(numbers, 5, 24))
    } else if size < 0.95 {
        (numbers.between(3.0, 20.0), whole(numbers, 24, 64))
    } else {
        (numbers.between(50.0, 200.0), whole(numbers, 128, 512))
    };
    let (radius, widened) = (km / 2.0 / 111.0, 1.0 / lat.to_radians().cos());
    let corner = |number: u32| {
        let (sine, cosine) = (TAU * f64::from(number) / f64::from(corners)).sin_cos();
        let radius = radius * numbers.between(0.6, 1.0);
        (lon + radius * widened * cosine, lat + radius * sine)
    };
    (0..corners).map(corner).collect()
}

fn position(cities: &[City], numbers: &mut Numbers) -> LonLat {
    let (lon, lat) = if numbers.between(0.0, 1.0) < 0.8 {
        one_of(cities, numbers).near(numbers)
    } else {
        let (from, to) = (one_of(cities, numbers), one_of(cities, numbers));
        let part = numbers.between(0.0, 1.0);
        let wobble = |numbers: &mut Numbers| normal(numbers) * 0.01;
        (
            from.lon + (to.lon - from.lon) * part + wobble(numbers),
            from.lat + (to.lat - from.lat) * part + wobble(numbers),
        )
    };
    LonLat::from_degrees(lon, lat)
}

fn placed((number, ring): (usize, &Ring)) -> (Zone, Shape) {
    let zone = Zone::new(&format!("z{number}"), ZoneKind::Closed);
    // The constructor closes the ring.
    let polygon = Polygon::new(LineString::from(ring.clone()), Vec::new());
    (zone, Shape::Area(MultiPolygon(vec![polygon])))
}

fn one_of<'c>(cities: &'c [City], numbers: &mut Numbers) -> &'c City {
    &cities[whole(numbers, 0, 59) as usize]
}

/// A whole number, both ends included.
fn whole(numbers: &mut Numbers, low: u32, high: u32) -> u32 {
    low + u32::try_from(numbers.bits() % u64::from(high - low + 1)).expect("less than a u32")
}

/// The normal distribution, by Box and Muller.
fn normal(numbers: &mut Numbers) -> f64 {
    let (radius, angle) = (numbers.between(f64::MIN_POSITIVE, 1.0), numbers.between(0.0, TAU));
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}
