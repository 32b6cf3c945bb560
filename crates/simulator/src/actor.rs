//! One demo vehicle: its drive, what it does wrong, and its terminal.

use crate::act::{Act, Deed};
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
    pub(crate) card: Option<String>,
    pub(crate) interval_s: i64,
    pub(crate) cruise_kmh: f64,
    pub(crate) keeps_night: bool,
    /// Reports written at once.
    pub(crate) batch: usize,
    steps: i64,
    /// A report the terminal had no room for.
    held: Option<Position>,
    last: Option<Position>,
}

/// Reports waiting at once; two hours at five seconds. Past it the vehicle keeps the one it has and records no more.
const PENDING_MAX: usize = 1440;

impl Actor {
    /// A well-behaved one.
    pub fn new(identity: Identity, drive: Drive, interval_s: i64, window: usize) -> Self {
        Self {
            terminal: Terminal::new(identity, window, PENDING_MAX),
            cruise_kmh: drive.target_kmh,
            drive,
            act: None,
            noise: None,
            card: None,
            interval_s: interval_s.max(1),
            keeps_night: false,
            batch: 1,
            steps: 0,
            held: None,
            last: None,
        }
    }

    /// Whether the script wants the connection up.
    pub fn wants_link(&self, since_start_s: i64) -> bool {
        !self.act.is_some_and(|act| act.deed == Deed::Offline && act.elapsed_s(since_start_s).is_some())
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
        let into = self.act.and_then(|act| act.elapsed_s(since_start_s));
        self.steer(now_ms, into.is_some());
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        self.drive.step(interval as f64);
        let begins = into.is_some_and(|into| into < interval);
        if begins {
            self.begin(now_ms);
        }
        if let Some(card) = self.card.take()
            && !self.terminal.card(now_ms, &card, "")
        {
            self.card = Some(card);
        }
        if self.wants_link(since_start_s) {
            self.report(now_ms, since_start_s, into, begins);
        }
        self.steps += 1;
    }

    /// Speed and line for what is on.
    fn steer(&mut self, now_ms: i64, on: bool) {
        let hour = (now_ms / 1000 + 8 * 3600).rem_euclid(86_400) / 3600;
        let rests = self.keeps_night && (1..6).contains(&hour);
        let deed = self.act.filter(|_| on).map(|act| act.deed);
        self.drive.beside_m = if let Some(Deed::Beside(metres)) = deed { metres } else { 0.0 };
        self.drive.target_kmh = match deed {
            Some(Deed::Park) => 0.0,
            Some(Deed::Speed(kmh)) => kmh,
            _ if rests && deed.is_none() => 0.0,
            _ => self.cruise_kmh,
        };
    }

    /// What happens once, at the beginning of an act.
    fn begin(&mut self, now_ms: i64) {
        let Some(act) = self.act else { return };
        match act.deed {
            Deed::Card(certificate) => self.card = Some(certificate.to_owned()),
            Deed::Fatigue => self.remember(now_ms - 15_000_000, 250),
            Deed::Night => {
                let second = (now_ms / 1000 + 8 * 3600).rem_euclid(86_400);
                let half_past_two = now_ms - (second + 86_400 - 9000).rem_euclid(86_400) * 1000;
                self.remember(half_past_two, 20);
            }
            Deed::Alarm(_)
            | Deed::Beside(_)
            | Deed::Offline
            | Deed::Park
            | Deed::Safety(..)
            | Deed::Speed(_)
            | Deed::Twin
            | Deed::Zone(_) => {}
        }
    }

    /// A drive of so many minutes from then on comes out of the terminal's memory.
    fn remember(&mut self, from_ms: i64, minutes: i64) {
        let mut past = self.drive.clone();
        let positions: Vec<_> = (0..minutes)
            .map(|minute| {
                past.resume();
                past.step(60.0);
                past.position(from_ms + minute * 60_000)
            })
            .collect();
        self.terminal.history(&positions);
    }

    fn report(&mut self, now_ms: i64, since_start_s: i64, into: Option<i64>, begins: bool) {
        let mut position = self.drive.position(now_ms);
        if let (Some(act), Some(into)) = (self.act, into) {
            match act.deed {
                Deed::Alarm(bits) => position.alarm |= bits,
                Deed::Twin if self.steps % 2 == 1 => position.lat += 0.9,
                Deed::Zone(Some(lost)) if into >= lost => position.positioned = false,
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
            Some(Noise::Garbage) => self.terminal.raw(&[0x00, 0x7e, 0x02, 0x00, 0x00, 0x7e, 0x55, 0x7d]),
            Some(Noise::WildFix) => position.lat += 1.0,
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
