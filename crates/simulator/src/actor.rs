//! One demo vehicle: its drive, what it does wrong, and its terminal.

use crate::act::{Act, Deed};
use crate::chance::Chance;
use crate::drive::Drive;
use crate::report::Position;
use crate::terminal::{Identity, Terminal};

/// Faults that must raise nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Noise {
    /// Bytes that are no frame, and a frame with a wrong checksum.
    Garbage,
    /// Now and then one fix far away.
    WildFix,
    /// Now and then the same fix twice.
    FrozenFix,
    /// A message no standard knows.
    Unknown,
    /// Every write is cut in two.
    Split,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) terminal: Terminal,
    pub(crate) drive: Drive,
    pub(crate) act: Option<Act>,
    pub(crate) noise: Option<Noise>,
    /// The driver's certificate.
    pub(crate) card: Option<String>,
    /// Plate and colour of another vehicle, for those who borrow.
    pub(crate) other: Option<(String, u8)>,
    pub(crate) interval_s: i64,
    pub(crate) cruise_kmh: f64,
    /// Hours of the day in which it stands, from and until; over midnight where the first is greater.
    pub(crate) stands: Option<(i64, i64)>,
    /// Reports written at once.
    pub(crate) batch: usize,
    chance: Chance,
    steps: i64,
    /// Whether its own card has been put in.
    carded: bool,
    /// Whether it does now what happens once at the beginning of an act.
    at_it: bool,
    /// Whether last night has come out of its memory.
    told_night: bool,
    /// A report the terminal had no room for.
    held: Option<Position>,
    last: Option<Position>,
}

/// Reports waiting at once; two hours at five seconds. Past it the vehicle keeps the one it has and records no more.
const PENDING_MAX: usize = 1440;
/// A tired driver takes a rest this long after the limit, seconds.
const OVER_S: i64 = 300;
/// A stay this long ends a trip, seconds.
const STAY_S: i64 = 3600;
/// Part of the cruising speed by which it wavers.
const WAVER: f64 = 0.08;

impl Actor {
    /// A well-behaved one.
    pub fn new(identity: Identity, drive: Drive, interval_s: i64, window: usize) -> Self {
        let seed = identity.phone.bytes().fold(0, |seed: u64, digit| seed * 31 + u64::from(digit));
        Self {
            terminal: Terminal::new(identity, window, PENDING_MAX),
            cruise_kmh: drive.target_kmh,
            drive,
            act: None,
            noise: None,
            card: None,
            other: None,
            interval_s: interval_s.max(1),
            stands: None,
            batch: 1,
            chance: Chance::new(seed),
            steps: 0,
            carded: false,
            at_it: false,
            told_night: false,
            held: None,
            last: None,
        }
    }

    /// What it does wrong, if anything.
    pub fn act(&self) -> Option<&Act> {
        self.act.as_ref()
    }

    /// What disturbs its reports, if anything.
    pub fn noise(&self) -> Option<Noise> {
        self.noise
    }

    /// Whether the script wants the connection up.
    pub fn wants_link(&self, since_start_s: i64) -> bool {
        !self.act.is_some_and(|act| act.deed == Deed::Offline && self.elapsed_s(act, since_start_s).is_some())
    }

    /// The terminal.
    pub fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }

    /// Seconds between reports, as set by the plan or by the platform.
    pub fn interval_s(&self) -> i64 {
        self.terminal.interval_s().map_or(self.interval_s, i64::from)
    }

    /// One step: moves on and reports.
    pub fn step(&mut self, now_ms: i64, since_start_s: i64) {
        if let Some(held) = self.held.take()
            && !self.terminal.report(&held)
        {
            self.held = Some(held);
            return;
        }
        let interval = self.interval_s();
        let into = self.act.and_then(|act| self.elapsed_s(act, since_start_s));
        if self.steps == 0 {
            self.arrive(now_ms, since_start_s);
        }
        self.steer(now_ms, since_start_s);
        self.drive.step(whole(interval));
        let begins = into.is_some() && !self.at_it;
        if begins {
            self.begin(now_ms);
        } else if self.at_it && into.is_none() {
            self.end(now_ms);
        }
        self.at_it = into.is_some();
        // Once it is known where the vehicle is.
        if let Some(card) = self.card.as_ref().filter(|_| !self.carded && self.steps > 0) {
            self.carded = self.terminal.card(now_ms, card, "");
        }
        if self.wants_link(since_start_s) {
            self.report(now_ms, since_start_s, into, begins);
        }
        self.steps += 1;
    }

    /// Whoever rests, rests.
    fn elapsed_s(&self, act: Act, since_start_s: i64) -> Option<i64> {
        act.elapsed_s(since_start_s).filter(|_| !self.drive.is_resting())
    }

    /// What was before the start.
    fn arrive(&mut self, now_ms: i64, since_start_s: i64) {
        self.steer(now_ms, since_start_s);
        if self.drive.target_kmh == 0.0 {
            self.drive.stop();
        }
        self.drive.arrive();
        if let Some(Act { deed: Deed::Tired(minutes), after_s, .. }) = self.act {
            let driven_s = minutes * 60 - (after_s - since_start_s);
            self.drive.set_off();
            self.drive.rest_after_s = whole(4 * 3600 + OVER_S);
            let positions = past(&mut self.drive, now_ms - driven_s * 1000, driven_s);
            self.terminal.history(&positions);
        }
        if let Some(Act { deed: Deed::Elsewhere(minutes), after_s, .. }) = self.act {
            let (there_s, way_s, here_s) = (STAY_S + 300, minutes * 60, STAY_S - (after_s - since_start_s));
            let from_ms = now_ms - (there_s + way_s + here_s) * 1000;
            self.drive.set_off();
            self.drive.target_kmh = self.cruise_kmh;
            self.drive.stand(whole(there_s));
            let mut positions = past(&mut self.drive, from_ms, there_s + way_s);
            self.drive.stand(whole(STAY_S + 300));
            positions.extend(past(&mut self.drive, now_ms - here_s * 1000, here_s));
            self.terminal.history(&positions);
        }
    }

    /// Speed and line for what is on.
    fn steer(&mut self, now_ms: i64, since_start_s: i64) {
        let hour = hour(now_ms);
        let stands = self.stands.is_some_and(|(from, until)| {
            if from < until { (from..until).contains(&hour) } else { hour >= from || hour < until }
        });
        let deed = self.act.filter(|act| act.is_near(since_start_s)).map(|act| act.deed);
        let on = self.act.filter(|act| act.elapsed_s(since_start_s).is_some()).map(|act| act.deed);
        self.drive.beside_m = if let Some(Deed::Beside(metres)) = on { metres } else { 0.0 };
        let waver = 1.0 + self.chance.around_zero(WAVER);
        self.drive.target_kmh = match (on, deed) {
            (Some(Deed::Crash(_)), _) => 0.0,
            (Some(Deed::Speed(kmh)), _) => kmh,
            (Some(Deed::Night), _) if stands && !(2..5).contains(&hour) => 0.0,
            _ if stands && deed.is_none_or(|deed| !deed.moves()) => 0.0,
            _ => self.cruise_kmh * waver,
        };
    }

    /// What happens once, at the beginning of an act.
    fn begin(&mut self, now_ms: i64) {
        match self.act.map(|act| act.deed) {
            Some(Deed::Borrow) => {
                if let Some((plate, color)) = &self.other {
                    let own = self.terminal.identity();
                    let own = (own.plate.clone(), own.color);
                    self.terminal.register_as(now_ms, plate, *color);
                    self.other = Some(own);
                }
            }
            Some(Deed::Card(certificate)) => {
                self.terminal.card(now_ms, certificate, "");
            }
            Some(Deed::Night) if !self.told_night && !(2..5).contains(&hour(now_ms)) => {
                let second = (now_ms / 1000 + 8 * 3600).rem_euclid(86_400);
                let half_past_two = now_ms - (second + 86_400 - 9000).rem_euclid(86_400) * 1000;
                let mut drive = self.drive.clone();
                drive.set_off();
                drive.target_kmh = self.cruise_kmh;
                self.told_night = self.terminal.history(&past(&mut drive, half_past_two, 20 * 60));
            }
            _ => {}
        }
    }

    /// What is put right at its end.
    fn end(&mut self, now_ms: i64) {
        match self.act.map(|act| act.deed) {
            Some(Deed::Borrow) => self.begin(now_ms),
            Some(Deed::Card(_)) => self.carded = false,
            _ => {}
        }
    }

    fn report(&mut self, now_ms: i64, since_start_s: i64, into: Option<i64>, begins: bool) {
        let mut position = self.drive.position(now_ms);
        if let Some(act) = self.act.filter(|_| into.is_some()) {
            match act.deed {
                Deed::Alarm(bits) | Deed::Crash(bits) => position.alarm |= bits,
                Deed::Twin if self.steps % 2 == 1 => position.lat += 0.9,
                Deed::Shuttle(Some((from_m, to_m))) if (from_m..to_m).contains(&self.drive.way_m) => {
                    position.positioned = false;
                }
                _ => {}
            }
            if begins {
                position.safety = act.safety(u32::try_from(since_start_s).unwrap_or_default());
            }
        }
        self.disturb(now_ms, &mut position);
        self.last = Some(position.clone());
        if !self.terminal.report(&position) {
            self.held = Some(position);
        }
    }

    fn disturb(&mut self, now_ms: i64, position: &mut Position) {
        let now_and_then = self.steps % 12 == 11;
        match self.noise.filter(|_| now_and_then) {
            Some(Noise::Garbage) => self.terminal.garble(now_ms, position),
            Some(Noise::WildFix) => {
                // Anywhere: a reflection that always shows the same place would be a second vehicle.
                position.lat += 0.5 + self.chance.unit();
                position.lon += self.chance.around_zero(3.0);
            }
            Some(Noise::FrozenFix) => {
                if let Some(last) = &self.last {
                    (position.lon, position.lat) = (last.lon, last.lat);
                }
            }
            Some(Noise::Unknown) => self.terminal.unknown(now_ms),
            Some(Noise::Split) | None => {}
        }
    }
}

/// Drives for so many seconds from then on, and gives a position a minute.
fn past(drive: &mut Drive, from_ms: i64, seconds: i64) -> Vec<Position> {
    const STEP_S: i64 = 5;
    let mut positions = Vec::new();
    for second in (0..seconds).step_by(5) {
        drive.step(whole(STEP_S));
        if second % 60 == 0 {
            positions.push(drive.position(from_ms + second * 1000));
        }
    }
    positions
}

#[expect(clippy::cast_precision_loss, reason = "some hours at most")]
const fn whole(seconds: i64) -> f64 {
    seconds as f64
}

/// Of the day, China Standard Time.
const fn hour(now_ms: i64) -> i64 {
    (now_ms / 1000 + 8 * 3600).rem_euclid(86_400) / 3600
}
