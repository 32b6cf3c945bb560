//! A vehicle on a line: speed, stops, rests, and the noise of its receiver.

use crate::chance::Chance;
use crate::report::Position;
use crate::seeds::Road;

/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;
/// Pulling away and braking, m/s².
const ACCELERATION: f64 = 1.0;
/// Driving time after which a well-behaved driver rests, seconds; below the two hours of coaches by night.
const REST_AFTER_S: f64 = 80.0 * 60.0;
/// Such a rest, seconds; above the 20 minutes of the regulation.
const REST_S: f64 = 22.0 * 60.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Drive {
    line: Vec<(f64, f64)>,
    /// Way from the first point to each point, metres.
    ways_m: Vec<f64>,
    way_m: f64,
    back: bool,
    speed_mps: f64,
    /// What the driver wants, km/h.
    pub(crate) target_kmh: f64,
    /// To the right of the line, metres.
    pub(crate) beside_m: f64,
    odometer_m: f64,
    driven_s: f64,
    rest_s: f64,
    chance: Chance,
}

impl Drive {
    /// On a road, this far from its beginning.
    pub fn new(road: &Road, way_m: f64, target_kmh: f64, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut ways_m = vec![0.0];
        for pair in road.line.windows(2) {
            ways_m.push(ways_m.last().copied().unwrap_or_default() + distance_m(pair[0], pair[1]));
        }
        let length_m = ways_m.last().copied().unwrap_or_default();
        Self {
            line: road.line.clone(),
            ways_m,
            way_m: way_m.clamp(0.0, length_m),
            back: false,
            speed_mps: target_kmh / 3.6,
            target_kmh,
            beside_m: 0.0,
            odometer_m: 20_000_000.0 + chance.unit() * 80_000_000.0,
            driven_s: chance.unit() * REST_AFTER_S * 0.9,
            rest_s: 0.0,
            chance,
        }
    }

    /// Length of the road, metres.
    pub fn length_m(&self) -> f64 {
        self.ways_m.last().copied().unwrap_or_default()
    }

    /// Moves on; it turns round at either end and rests in time.
    pub fn step(&mut self, seconds: f64) {
        self.rest_s = (self.rest_s - seconds).max(0.0);
        let wanted = if self.rest_s > 0.0 { 0.0 } else { self.target_kmh / 3.6 };
        let most = ACCELERATION * seconds;
        self.speed_mps += (wanted - self.speed_mps).clamp(-most, most);
        if self.speed_mps > 0.0 {
            self.driven_s += seconds;
            if self.driven_s >= REST_AFTER_S {
                (self.driven_s, self.rest_s) = (0.0, REST_S);
            }
        }
        let moved = self.speed_mps * seconds;
        self.odometer_m += moved;
        self.way_m += if self.back { -moved } else { moved };
        if self.way_m >= self.length_m() || self.way_m <= 0.0 {
            self.back = self.way_m > 0.0;
            self.way_m = self.way_m.clamp(0.0, self.length_m());
            self.speed_mps = 0.0;
        }
    }

    /// No rest is due for as long as it is called again and again.
    pub(crate) fn resume(&mut self) {
        (self.driven_s, self.rest_s) = (0.0, 0.0);
        self.target_kmh = self.target_kmh.max(50.0);
    }

    /// What the receiver says now.
    pub fn position(&mut self, at_ms: i64) -> Position {
        let index = self.ways_m.partition_point(|way| *way <= self.way_m).clamp(1, self.line.len() - 1);
        let (a, b) = (self.line[index - 1], self.line[index]);
        let span = (self.ways_m[index] - self.ways_m[index - 1]).max(0.001);
        let part = (self.way_m - self.ways_m[index - 1]) / span;
        let bearing = bearing_rad(a, b);
        let heading = if self.back { bearing + std::f64::consts::PI } else { bearing };
        let right = heading + std::f64::consts::FRAC_PI_2;
        let (east, north) = (
            self.beside_m * right.sin() + self.chance.around_zero(3.0),
            self.beside_m * right.cos() + self.chance.around_zero(3.0),
        );
        let lat = a.1 + (b.1 - a.1) * part + north / DEGREE_M;
        let lon = a.0 + (b.0 - a.0) * part + east / (DEGREE_M * lat.to_radians().cos());
        Position {
            at_ms,
            lon,
            lat,
            altitude_m: altitude_m(lon, lat),
            speed_kmh: self.speed_mps * 3.6,
            heading_deg: degrees(heading),
            alarm: 0,
            acc: self.rest_s <= 0.0,
            positioned: true,
            odometer_tenth_km: tenth_km(self.odometer_m),
            safety: None,
        }
    }
}

/// Great enough for lines of a few hundred kilometres cut into short pieces.
pub(crate) fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let east = (b.0 - a.0) * ((a.1 + b.1) / 2.0).to_radians().cos();
    (east.hypot(b.1 - a.1)) * DEGREE_M
}

fn bearing_rad(a: (f64, f64), b: (f64, f64)) -> f64 {
    ((b.0 - a.0) * a.1.to_radians().cos()).atan2(b.1 - a.1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 359")]
fn degrees(radians: f64) -> u16 {
    radians.to_degrees().rem_euclid(360.0) as u16 % 360
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an odometer of vehicles")]
fn tenth_km(metres: f64) -> u32 {
    (metres / 100.0).clamp(0.0, 4e9) as u32
}

/// Roughly: the valleys rise to the north and towards the passes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 2,800 and 5,200")]
fn altitude_m(lon: f64, lat: f64) -> u16 {
    (3650.0 + (lat - 29.65) * 480.0 - (lon - 92.5).max(0.0) * 350.0).clamp(2800.0, 5200.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_as_far_as_its_speed_says_and_turns_at_the_end() {
        let road = Road { id: "x".into(), line: vec![(91.0, 29.6), (91.02, 29.6)] };
        let mut drive = Drive::new(&road, 0.0, 36.0, 1);
        drive.driven_s = 0.0;
        let from = drive.position(0);
        (0..10).for_each(|_| drive.step(10.0));
        let to = drive.position(100_000);
        let moved = distance_m((from.lon, from.lat), (to.lon, to.lat));
        assert!((moved - 1000.0).abs() < 12.0, "{moved}");
        assert_eq!((from.heading_deg, to.odometer_tenth_km - from.odometer_tenth_km), (90, 10));
        (0..20).for_each(|_| drive.step(10.0));
        assert_eq!(drive.position(0).heading_deg, 270);
    }
}
