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

/// How fast it gets away from its line and back, m/s.
const ASIDE_MPS: f64 = 6.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Drive {
    line: Vec<(f64, f64)>,
    /// Way from the first point to each point, metres.
    ways_m: Vec<f64>,
    slow: Vec<(f64, f64, f64)>,
    structures: Vec<(f64, f64)>,
    /// It turns round here.
    ends_m: (f64, f64),
    pub(crate) way_m: f64,
    pub(crate) back: bool,
    speed_mps: f64,
    /// What the driver wants, km/h.
    pub(crate) target_kmh: f64,
    /// How far to the right of the line the driver wants to be, metres.
    pub(crate) beside_m: f64,
    aside_m: f64,
    /// Stands at this place for so many seconds each time it comes by.
    pub(crate) halt: Option<(f64, f64)>,
    /// Stands at either end for so long, seconds.
    pub(crate) pause_s: f64,
    odometer_m: f64,
    /// A rest is taken after so much driving, seconds.
    pub(crate) rest_after_s: f64,
    driven_s: f64,
    rest_s: f64,
    stand_s: f64,
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
            slow: road.slow.clone(),
            structures: road.structures.clone(),
            ends_m: (0.0, length_m),
            way_m: way_m.clamp(0.0, length_m),
            back: false,
            speed_mps: target_kmh / 3.6,
            target_kmh,
            beside_m: 0.0,
            aside_m: 0.0,
            halt: None,
            pause_s: 0.0,
            odometer_m: 20_000_000.0 + chance.unit() * 80_000_000.0,
            rest_after_s: REST_AFTER_S,
            driven_s: chance.unit() * REST_AFTER_S * 0.8,
            rest_s: 0.0,
            stand_s: 0.0,
            chance,
        }
    }

    /// Length of the road, metres.
    pub fn length_m(&self) -> f64 {
        self.ways_m.last().copied().unwrap_or_default()
    }

    /// Keeps to this part of the road.
    pub(crate) fn keep_between(&mut self, from_m: f64, to_m: f64) {
        self.ends_m = (from_m.max(0.0), to_m.min(self.length_m()));
        self.way_m = self.way_m.clamp(self.ends_m.0, self.ends_m.1);
    }

    /// Somewhere between two rests, or resting: `part` of the time from rest to rest has passed.
    pub(crate) fn join(&mut self, part: f64) {
        let passed_s = part * (self.rest_after_s + REST_S);
        if passed_s < self.rest_after_s {
            self.driven_s = passed_s;
        } else {
            (self.driven_s, self.rest_s) = (0.0, self.rest_after_s + REST_S - passed_s);
            self.speed_mps = 0.0;
        }
    }

    /// It has stood for a while.
    pub(crate) fn stop(&mut self) {
        self.speed_mps = 0.0;
    }

    /// It has just arrived where it halts.
    pub(crate) fn arrive(&mut self) {
        if let Some((at_m, stand_s)) = self.halt.filter(|(at_m, _)| (at_m - self.way_m).abs() < 50.0) {
            (self.way_m, self.stand_s, self.speed_mps) = (at_m, stand_s, 0.0);
        }
    }

    /// It has just had a rest.
    pub(crate) fn set_off(&mut self) {
        (self.driven_s, self.rest_s) = (0.0, 0.0);
    }

    /// It stands here for so long, seconds.
    pub(crate) fn stand(&mut self, seconds: f64) {
        (self.stand_s, self.speed_mps) = (seconds, 0.0);
    }

    /// Whether the engine is off: at a rest, or where it is to stand until somebody wants to go on.
    fn is_parked(&self) -> bool {
        self.rest_s > 0.0 || (self.speed_mps <= 0.0 && self.target_kmh <= 0.0)
    }

    /// Whether the driver has a rest.
    pub(crate) fn is_resting(&self) -> bool {
        self.rest_s > 0.0
    }

    /// Moves on; it turns round at either end and rests in time.
    pub fn step(&mut self, seconds: f64) {
        self.rest_s = (self.rest_s - seconds).max(0.0);
        self.stand_s = (self.stand_s - seconds).max(0.0);
        let stands = self.rest_s > 0.0 || self.stand_s > 0.0;
        let wanted = if stands { 0.0 } else { self.target_kmh.min(self.limit_kmh()) / 3.6 };
        let most = ACCELERATION * seconds;
        self.speed_mps += (wanted - self.speed_mps).clamp(-most, most);
        if self.speed_mps > 0.0 {
            let aside = ASIDE_MPS * seconds;
            self.aside_m += (self.beside_m - self.aside_m).clamp(-aside, aside);
        }
        // A halt on the way is no rest.
        if self.rest_s <= 0.0 {
            self.driven_s += seconds;
            if self.driven_s >= self.rest_after_s && self.structure().is_none() {
                (self.driven_s, self.rest_s) = (0.0, REST_S);
            }
        }
        self.advance(self.speed_mps * seconds);
    }

    /// The bridge or tunnel it is on; nobody rests there.
    fn structure(&self) -> Option<(f64, f64)> {
        self.structures.iter().copied().find(|(from, to)| (*from..*to).contains(&self.way_m))
    }

    /// Goes on to the end of the bridge or tunnel it is on.
    pub(crate) fn leave_structure(&mut self) {
        self.way_m = self.structure().map_or(self.way_m, |(_, to)| to);
    }

    fn limit_kmh(&self) -> f64 {
        let here = |(from, to, _): &&(f64, f64, f64)| (*from..*to).contains(&self.way_m);
        self.slow.iter().filter(here).fold(f64::INFINITY, |lowest, (_, _, kmh)| lowest.min(*kmh))
    }

    fn advance(&mut self, moved_m: f64) {
        let from_m = self.way_m;
        self.odometer_m += moved_m;
        self.way_m += if self.back { -moved_m } else { moved_m };
        let (first_m, last_m) = self.ends_m;
        if moved_m > 0.0 && (self.way_m >= last_m || self.way_m <= first_m) {
            self.back = self.way_m >= last_m;
            self.way_m = self.way_m.clamp(first_m, last_m);
            (self.speed_mps, self.stand_s) = (0.0, self.pause_s);
        }
        let passed = |at_m: &f64| (from_m.min(self.way_m)..from_m.max(self.way_m)).contains(at_m);
        if let Some((at_m, stand_s)) = self.halt.filter(|(at_m, _)| passed(at_m) && *at_m != from_m) {
            (self.way_m, self.stand_s, self.speed_mps) = (at_m, stand_s, 0.0);
        }
    }

    /// What the receiver says now.
    pub fn position(&mut self, at_ms: i64) -> Position {
        let index = self.ways_m.partition_point(|way| *way <= self.way_m).clamp(1, self.line.len() - 1);
        let (a, b) = (self.line[index - 1], self.line[index]);
        let span = (self.ways_m[index] - self.ways_m[index - 1]).max(0.001);
        let part = (self.way_m - self.ways_m[index - 1]) / span;
        let bearing = bearing_rad(a, b);
        let heading = if self.back { bearing + std::f64::consts::PI } else { bearing };
        // Of the line, not of the vehicle: it stays on its side when it turns round.
        let right = bearing + std::f64::consts::FRAC_PI_2;
        let (east, north) = (
            self.aside_m * right.sin() + self.chance.around_zero(3.0),
            self.aside_m * right.cos() + self.chance.around_zero(3.0),
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
            acc: !self.is_parked(),
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
        let road = Road {
            id: "x".into(),
            line: vec![(91.0, 29.6), (91.02, 29.6)],
            slow: vec![],
            structures: vec![],
        };
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

    #[test]
    fn it_brakes_for_a_town_and_halts_where_it_is_told() {
        let line = vec![(91.0, 29.6), (91.1, 29.6)];
        let road = Road { id: "x".into(), line, slow: vec![(2000.0, 3000.0, 28.0)], structures: vec![] };
        let mut drive = Drive::new(&road, 0.0, 72.0, 1);
        (drive.driven_s, drive.halt) = (0.0, Some((5000.0, 60.0)));
        let (mut in_town, mut stood_s) = (Vec::new(), 0);
        for _ in 0..100 {
            drive.step(5.0);
            let kmh = drive.position(0).speed_kmh;
            in_town.extend((2400.0..3000.0).contains(&drive.way_m).then_some(kmh));
            stood_s += if kmh < 1.0 { 5 } else { 0 };
        }
        assert!(!in_town.is_empty() && in_town.iter().all(|kmh| *kmh < 28.1), "{in_town:?}");
        assert!((55..=70).contains(&stood_s) && drive.way_m > 6000.0, "{stood_s}");
    }

    #[test]
    fn nobody_rests_on_a_bridge() {
        let line = vec![(91.0, 29.6), (91.1, 29.6)];
        let road = Road { id: "x".into(), line, slow: vec![], structures: vec![(1000.0, 2000.0)] };
        let mut drive = Drive::new(&road, 1500.0, 36.0, 1);
        drive.driven_s = REST_AFTER_S;
        (0..20).for_each(|_| drive.step(5.0));
        assert!(drive.is_resting() && drive.way_m > 2000.0, "{}", drive.way_m);
        let mut drive = Drive::new(&road, 1500.0, 36.0, 1);
        drive.leave_structure();
        assert!((drive.way_m - 2000.0).abs() < 1e-9);
    }

    #[test]
    fn whoever_joins_late_in_the_round_rests() {
        let road =
            Road { id: "x".into(), line: vec![(91.0, 29.6), (91.1, 29.6)], slow: vec![], structures: vec![] };
        let mut drive = Drive::new(&road, 0.0, 72.0, 1);
        drive.join(0.5);
        assert!(!drive.is_resting());
        drive.join(0.9);
        assert!(drive.is_resting() && !drive.position(0).acc);
        (0..300).for_each(|_| drive.step(5.0));
        assert!(!drive.is_resting() && drive.way_m > 0.0);
    }
}
