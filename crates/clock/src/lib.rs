//! The time of the service: the machine's clock as it was at the start, carried on by one that nobody can set.
//!
//! ```text
//! machine's clock ─ at the start ─▶ Steady ◀─ goes on with ─ monotonic clock
//!        └──────── once a second ─▶ look: a little apart is followed slowly, far apart is told and not followed
//! ```
//!
//! A clock that is set by hours would move every deadline at once, make every report one from the past or the future, and
//! drop what is kept for so many days. So whoever sets it is told and has to restart the service, which then believes the
//! machine again. Beside the process there is no state: [`Steady`] is given every time it works with, [`now`] and [`look`]
//! keep the one of this process. It does **not** know who is right.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fleet::ReceiveTime;

/// How often [`look`] is to be called.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Up to here the machine's clock is followed: drift, a leap second, the pause of a virtual machine that is moved. Well
/// below what a terminal's clock may be wrong.
const FOLLOWED_MAX_MS: i64 = 60_000;
/// So much is followed a look, a twentieth of it: intervals are wrong by that at most, and a step back stays far below the
/// two seconds by which deadlines are late.
const STEP_MS: i64 = 50;

/// By so much two clocks differ that are read one after the other: no reason to move.
const READ_APART_MS: i64 = 1;
/// Two clocks read within this were read at the same time; a file of the kernel takes some microseconds.
const AT_ONCE: Duration = Duration::from_millis(100);
/// Sleep that counts: far above what two clocks read one after the other differ by.
const SLEPT_MIN_MS: i64 = 1_000;

/// A clock that goes on whatever becomes of the machine's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Steady {
    /// What it showed at the start, and what it was corrected by since.
    zero_ms: i64,
    /// By how much the machine's is ahead, as it was told; absent while it is followed.
    held_ms: Option<i64>,
}

/// What is worth telling of the machine's clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change {
    /// It is near the service's again.
    Agrees,
    /// It was set by so many milliseconds against the service's, and is not followed.
    Held(i64),
}

impl Steady {
    /// Starts with the machine's time.
    #[must_use]
    pub const fn new(wall: ReceiveTime) -> Self {
        Self { zero_ms: wall.ms(), held_ms: None }
    }

    /// The time so long after the start.
    #[must_use]
    pub fn now(&self, elapsed: Duration) -> ReceiveTime {
        ReceiveTime::from_ms(self.zero_ms).plus(elapsed)
    }

    /// Compares with the machine's time, so long after the start.
    pub fn look(&mut self, elapsed: Duration, wall: ReceiveTime) -> Option<Change> {
        let apart_ms = wall.ms().saturating_sub(self.now(elapsed).ms());
        let is_far = |from_ms: i64| apart_ms.saturating_sub(from_ms).saturating_abs() > FOLLOWED_MAX_MS;
        if is_far(0) {
            let is_new = self.held_ms.is_none_or(is_far);
            return is_new.then(|| Change::Held(*self.held_ms.insert(apart_ms)));
        }
        if apart_ms.abs() > READ_APART_MS {
            self.zero_ms += apart_ms.clamp(-STEP_MS, STEP_MS);
        }
        self.held_ms.take().map(|_| Change::Agrees)
    }

    /// The machine slept for so long, which the monotonic clock does not count.
    pub fn slept(&mut self, time: Duration) {
        self.zero_ms = ReceiveTime::from_ms(self.zero_ms).plus(time).ms();
    }
}

/// The clock of this process.
struct Process {
    started: Instant,
    steady: Mutex<Watched>,
    /// The steady clock's zero, for whoever asks the time: no lock for each frame.
    zero_ms: AtomicI64,
}

struct Watched {
    steady: Steady,
    /// How much further the time since the machine's start had come than the monotonic clock, at the last look.
    ahead: Option<i64>,
}

static PROCESS: LazyLock<Process> = LazyLock::new(|| {
    let (now, since) = (Instant::now(), since_1970());
    // From the beginning of its millisecond, so that both clocks turn to the next one together.
    let begun = Duration::from_nanos(u64::from(since.subsec_nanos() % 1_000_000));
    let (started, steady) = (now.checked_sub(begun).unwrap_or(now), Steady::new(milliseconds(since)));
    let zero_ms = AtomicI64::new(steady.zero_ms);
    Process { started, steady: Mutex::new(Watched { steady, ahead: None }), zero_ms }
});

/// Now, by the service's clock.
#[must_use]
pub fn now() -> ReceiveTime {
    let Process { started, zero_ms, .. } = &*PROCESS;
    ReceiveTime::from_ms(zero_ms.load(Ordering::Relaxed)).plus(started.elapsed())
}

/// Compares the machine's clock with the service's, every [`LOOK_EVERY`]; says how far ahead it is, ms, and what is new.
pub fn look() -> (i64, Option<Change>) {
    let Process { started, steady, zero_ms } = &*PROCESS;
    let mut watched = steady.lock().unwrap_or_else(PoisonError::into_inner);
    let before = started.elapsed();
    let uptime = uptime_ms();
    let elapsed = started.elapsed();
    // A process that was stopped between the two would take that for sleep.
    let uptime = uptime.filter(|_| elapsed - before < AT_ONCE);
    let ahead = uptime.map(|uptime| uptime - i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX));
    let slept = ahead.zip(watched.ahead).map_or(0, |(ahead, before)| ahead - before);
    watched.ahead = ahead;
    if slept > SLEPT_MIN_MS {
        watched.steady.slept(Duration::from_millis(slept.unsigned_abs()));
    }
    let wall = wall();
    let change = watched.steady.look(elapsed, wall);
    zero_ms.store(watched.steady.zero_ms, Ordering::Relaxed);
    (wall.ms().saturating_sub(watched.steady.now(elapsed).ms()), change)
}

/// The machine's clock.
fn wall() -> ReceiveTime {
    milliseconds(since_1970())
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds(since: Duration) -> ReceiveTime {
    ReceiveTime::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Time since the machine started, sleep included, to a hundredth of a second; where it says.
fn uptime_ms() -> Option<i64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split(' ').next()?.split_once('.')?;
    Some(seconds.parse::<i64>().ok()?.checked_mul(1_000)? + hundredths.parse::<i64>().ok()? * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_780_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    /// Looks once a second at a machine's clock that is ahead by what is told; gives what was said, and when.
    fn told(clock: &mut Steady, from: u64, to: u64, ahead_ms: i64) -> Vec<(u64, Change)> {
        let look = |s: u64| {
            let wall = ReceiveTime::from_ms(START + s.cast_signed() * 1_000 + ahead_ms);
            Some((s, clock.look(Duration::from_secs(s), wall)?))
        };
        (from..to).filter_map(look).collect()
    }

    fn apart_ms(clock: &Steady, s: u64) -> i64 {
        clock.now(Duration::from_secs(s)).ms() - START - s.cast_signed() * 1_000
    }

    #[test]
    fn a_clock_that_is_set_is_told_once_and_moves_nothing() {
        for by in [6 * HOUR_MS, -6 * HOUR_MS, 20 * 365 * 24 * HOUR_MS, i64::MIN / 2] {
            let mut clock = Steady::new(ReceiveTime::from_ms(START));
            assert_eq!(told(&mut clock, 1, 5, 0), []);
            assert_eq!(told(&mut clock, 5, 80, by), [(5, Change::Held(by))]);
            // Set again, from there.
            assert_eq!(told(&mut clock, 80, 90, by / 2), [(80, Change::Held(by / 2))]);
            assert_eq!(apart_ms(&clock, 90), 0);
            assert_eq!(told(&mut clock, 90, 95, 0), [(90, Change::Agrees)]);
            assert_eq!(apart_ms(&clock, 95), 0);
        }
    }

    #[test]
    fn a_clock_that_drifts_is_followed_slowly() {
        for (by, after_10_s) in [(300, 300), (-300, -300), (20_000, 500), (-60_000, -500)] {
            let mut clock = Steady::new(ReceiveTime::from_ms(START));
            assert_eq!(told(&mut clock, 0, 10, by), []);
            assert_eq!(apart_ms(&clock, 10), after_10_s);
            assert_eq!(told(&mut clock, 10, 1_300, by), []);
            assert_eq!(apart_ms(&clock, 1_300), by);
        }
    }

    #[test]
    fn time_that_was_slept_has_passed() {
        let mut clock = Steady::new(ReceiveTime::from_ms(START));
        clock.slept(Duration::from_secs(3_600));
        assert_eq!(told(&mut clock, 1, 10, HOUR_MS), []);
        assert_eq!(apart_ms(&clock, 10), HOUR_MS);
    }

    #[test]
    fn the_clock_of_the_process_is_the_machines_at_the_start() {
        let before = wall();
        let (ahead_ms, change) = look();
        assert_eq!(change, None);
        assert!(now() >= before && ahead_ms.abs() < FOLLOWED_MAX_MS);
        assert!(uptime_ms().is_none_or(|uptime| uptime > 0));
    }
}
