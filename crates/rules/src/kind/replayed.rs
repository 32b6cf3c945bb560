//! `device-tamper`: a track that was driven on an earlier day, to the sixth decimal.
//!
//! Each run of eight moving fixes is hashed; of each day the six smallest hashes are kept. That is a fair sample of the
//! day's track whatever its length, and it needs no ring: a track that is sent again brings the same smallest hashes again.
//! Nobody drives through the same eight millionths of a degree twice; two of them from one day are no accident of the hash.

use std::time::Duration;

use fleet::{EventTime, Fix, MeasureKind};
use serde::{Deserialize, Serialize};

use crate::kind::honesty::tamper;
use crate::scene::Scene;
use crate::signal::Signal;

/// Moving fixes in a run.
const RUN: usize = 8;
/// Hashes kept of a day.
const PRINTS: usize = 6;
/// Earlier days kept: 7 of 26 bytes, 200 bytes a vehicle with its list.
const DAYS: usize = 7;
/// Hashes of one earlier day that must come again.
const MATCHES: u8 = 2;
/// Below this speed a fix may be one that stands and wavers, km/h.
const MOVING_KMH: f64 = 10.0;

/// The fingerprints of the last days' tracks.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Tracks {
    today: Day,
    /// Newest last.
    days: Vec<Day>,
    /// An earlier day whose track comes again today, the first hash, and how many came.
    again: Option<(u16, u32, u8)>,
}

/// The smallest hashes of one day, rising; `u32::MAX` where there are fewer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Day {
    day: u16,
    prints: [u32; PRINTS],
}

impl Default for Day {
    fn default() -> Self {
        Self { day: 0, prints: [u32::MAX; PRINTS] }
    }
}

impl Day {
    fn keep(&mut self, print: u32) {
        let at = self.prints.partition_point(|kept| *kept < print);
        if self.prints.get(at).is_some_and(|kept| *kept != print) {
            self.prints[at..].rotate_right(1);
            self.prints[at] = print;
        }
    }
}

impl Tracks {
    /// Takes in the newest fix of `scene.recent`.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, signals: &mut Vec<Signal>) {
        let Some(print) = newest_run(scene.recent.iter().rev()) else { return };
        let today = u16::try_from(scene.fix.at.day()).unwrap_or_default();
        if self.today.day != today {
            self.turn(today);
        }
        self.today.keep(print);
        let Some(day) = self.days.iter().find(|day| day.prints.contains(&print)).map(|day| day.day) else {
            return;
        };
        let (first, before) = match self.again {
            Some((same, first, times)) if same == day => (first, times),
            _ => (print, 0),
        };
        let times = if before == 1 && first == print { 1 } else { before.saturating_add(1) };
        self.again = Some((day, first, times));
        if before < MATCHES && times == MATCHES {
            signals.push(signal(scene, day));
        }
    }

    fn turn(&mut self, today: u16) {
        if self.today.prints[0] != u32::MAX {
            if self.days.len() >= DAYS {
                self.days.remove(0);
            }
            self.days.push(self.today);
        }
        (self.today, self.again) = (Day { day: today, ..Day::default() }, None);
    }
}

fn signal(scene: &Scene<'_>, day: u16) -> Signal {
    let (then, now) = (EventTime::of_day(day.into()).date(), scene.fix.at.date());
    let text = (
        "轨迹重放：与往日轨迹逐点相同",
        "replayed track, the same to the sixth decimal as on an earlier day",
    );
    Signal {
        hold: Some(Duration::ZERO),
        words: Some((format!("（{now} 与 {then}）"), format!(" ({now} as {then})"))),
        ..tamper(scene, "replayed", text).measured(
            MeasureKind::Count,
            f64::from(MATCHES),
            Some(f64::from(MATCHES)),
        )
    }
}

/// The hash of the last run of moving fixes, newest first, where the newest is one of them.
fn newest_run<'a>(recent: impl Iterator<Item = &'a Fix>) -> Option<u32> {
    let moves = |fix: &Fix| fix.speed.kmh() >= MOVING_KMH;
    let mut recent = recent.peekable();
    recent.peek().filter(|newest| moves(newest))?;
    let (mut hash, mut left, mut before) = (0x9e37_79b9_7f4a_7c15_u64, RUN, None);
    for fix in recent.filter(|fix| moves(fix)) {
        if before == Some(fix.position) {
            return None;
        }
        before = Some(fix.position);
        let word = u64::from(fix.position.lon_e6.cast_unsigned()) << 32
            | u64::from(fix.position.lat_e6.cast_unsigned());
        let mixed = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = mixed ^ mixed >> 32;
        left -= 1;
        if left == 0 {
            let mixed = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            return u32::try_from(mixed >> 32).ok();
        }
    }
    None
}
