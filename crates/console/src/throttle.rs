//! Slows down guessing of passwords: failures are counted by address and name, and where the profile asks for it a name is
//! locked whatever the address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 5;
/// How long a pair is remembered after its last failure.
const MEMORY: Duration = Duration::from_secs(300);
/// Failures of one name from anywhere, or from one address with any name, that cost nothing: a shift that comes back from
/// leave, behind one proxy.
const CROWD_FREE_FAILURES: u32 = 50;
/// Past these, one try in so long is looked at. Whoever signed in to that name from that address before is not held up by
/// others: guessing locks nobody out.
const CROWD_PAUSE: Duration = Duration::from_secs(2);
/// Pairs remembered, about 1 MB; past this the one that failed longest ago is forgotten.
const PAIRS_MAX: usize = 4096;
/// Characters of a name that are told apart; bounds the memory of a pair.
const NAME_MAX: usize = 80;

/// What a failure comes to.
pub(crate) struct Failure {
    /// Of this name from this address, in a row.
    pub count: u32,
    /// Whether the name is locked by it.
    pub is_locked: bool,
}

#[derive(Default)]
pub(crate) struct Throttle {
    failures: HashMap<(IpAddr, String), (u32, Instant)>,
    /// Failures in a row of each name.
    in_a_row: HashMap<String, (u32, Instant)>,
    /// Failures of each address.
    of_address: HashMap<IpAddr, (u32, Instant)>,
    /// Who signed in from where, and when last.
    known: HashMap<(IpAddr, String), Instant>,
    /// 0: no name is ever locked.
    lock_after: u32,
    lock_for: Duration,
}

impl Throttle {
    /// Locks a name after so many failures in a row; 0: never.
    pub(crate) fn new(lock_after: u32, lock_for: Duration) -> Self {
        Self { lock_after, lock_for, ..Self::default() }
    }

    /// How long this pair has to wait; `None`: it may try now.
    pub(crate) fn wait(&self, address: IpAddr, name: &str, now: Instant) -> Option<Duration> {
        self.locked(name, now).max(self.paused(address, name, now)).max(self.crowded(address, name, now))
    }

    fn crowded(&self, address: IpAddr, name: &str, now: Instant) -> Option<Duration> {
        if self.known.contains_key(&key(address, name)) {
            return None;
        }
        let counts = [self.in_a_row.get(&short(name)), self.of_address.get(&address)];
        let waits = counts.into_iter().flatten().filter(|(count, _)| *count >= CROWD_FREE_FAILURES);
        let waits =
            waits.filter_map(|(_, last)| CROWD_PAUSE.checked_sub(now.saturating_duration_since(*last)));
        waits.max().filter(|wait| !wait.is_zero())
    }

    /// Whether a name is locked, and for how long yet.
    pub(crate) fn locked(&self, name: &str, now: Instant) -> Option<Duration> {
        let (count, last) = self.in_a_row.get(&short(name))?;
        if self.lock_after == 0 || *count < self.lock_after {
            return None;
        }
        self.lock_for.checked_sub(now.saturating_duration_since(*last)).filter(|wait| !wait.is_zero())
    }

    fn paused(&self, address: IpAddr, name: &str, now: Instant) -> Option<Duration> {
        let (count, last) = self.failures.get(&key(address, name))?;
        let excess = count.checked_sub(FREE_FAILURES)?;
        let pause = Duration::from_secs(1 << excess.min(6)) * 2;
        pause.checked_sub(now.saturating_duration_since(*last)).filter(|wait| !wait.is_zero())
    }

    /// Counts a failure.
    pub(crate) fn handle_failure(&mut self, address: IpAddr, name: &str, now: Instant) -> Failure {
        self.failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < MEMORY);
        if self.failures.len() >= PAIRS_MAX {
            let oldest = self.failures.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.failures.remove(&key));
        }
        let entry = self.failures.entry(key(address, name)).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
        let of_pair = entry.0;
        count(&mut self.of_address, address, now);
        let in_a_row = self.count_in_a_row(name, now);
        Failure { count: of_pair, is_locked: self.lock_after > 0 && in_a_row == self.lock_after }
    }

    fn count_in_a_row(&mut self, name: &str, now: Instant) -> u32 {
        let memory = if self.lock_after > 0 { self.lock_for } else { MEMORY };
        self.in_a_row.retain(|_, (_, last)| now.saturating_duration_since(*last) < memory);
        // A name that is locked is not forgotten for one that is not: else a flood of made-up names unlocked it.
        if self.in_a_row.len() >= PAIRS_MAX {
            let after = if self.lock_after > 0 { self.lock_after } else { u32::MAX };
            let idle = self.in_a_row.iter().filter(|(_, (count, _))| *count < after);
            let oldest = idle.min_by_key(|(_, (_, last))| *last).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { return 0 };
            self.in_a_row.remove(&oldest);
        }
        let entry = self.in_a_row.entry(short(name)).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
        entry.0
    }

    pub(crate) fn handle_success(&mut self, address: IpAddr, name: &str, now: Instant) {
        self.failures.remove(&key(address, name));
        self.in_a_row.remove(&short(name));
        if self.known.len() >= PAIRS_MAX {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| pair.clone());
            oldest.and_then(|pair| self.known.remove(&pair));
        }
        self.known.insert(key(address, name), now);
    }
}

/// One failure more; what is old is forgotten, and past the bound what failed longest ago.
fn count(failures: &mut HashMap<IpAddr, (u32, Instant)>, address: IpAddr, now: Instant) {
    failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < MEMORY);
    if failures.len() >= PAIRS_MAX {
        let oldest = failures.iter().min_by_key(|(_, (_, last))| *last).map(|(address, _)| *address);
        oldest.and_then(|address| failures.remove(&address));
    }
    let entry = failures.entry(address).or_insert((0, now));
    *entry = (entry.0.saturating_add(1), now);
}

fn key(address: IpAddr, name: &str) -> (IpAddr, String) {
    (address, short(name))
}

fn short(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn guessing_gets_slower_and_is_forgotten() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES - 1 {
            throttle.handle_failure(HERE, "duty", start);
        }
        assert_eq!(throttle.wait(HERE, "duty", start), None);
        throttle.handle_failure(HERE, "duty", start);
        assert_eq!(throttle.wait(HERE, "duty", start), Some(Duration::from_secs(2)));
        throttle.handle_failure(HERE, "duty", start);
        assert_eq!(throttle.wait(HERE, "duty", start), Some(Duration::from_secs(4)));
        assert_eq!(throttle.wait(HERE, "admin", start), None);
        assert_eq!(throttle.wait(HERE, "duty", start + Duration::from_secs(4)), None);
        throttle.handle_success(HERE, "duty", start);
        assert_eq!(throttle.wait(HERE, "duty", start), None);
    }

    #[test]
    fn a_name_is_locked_after_failures_in_a_row_from_anywhere_and_opens_by_itself() {
        let (mut throttle, start) = (Throttle::new(3, Duration::from_secs(1800)), Instant::now());
        let address = |n: u8| IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, n));
        throttle.handle_failure(address(1), "duty", start);
        throttle.handle_failure(address(2), "duty", start);
        throttle.handle_success(address(2), "duty", start);
        for n in 1..=3 {
            assert_eq!(throttle.locked("duty", start), None, "{n}");
            throttle.handle_failure(address(n), "duty", start);
        }
        assert_eq!(throttle.wait(address(9), "duty", start), Some(Duration::from_secs(1800)));
        for n in 0..=PAIRS_MAX {
            throttle.handle_failure(HERE, &n.to_string(), start);
        }
        assert!(throttle.locked("duty", start).is_some(), "a flood of names unlocks nobody");
        assert_eq!(throttle.in_a_row.len(), PAIRS_MAX);
        assert_eq!(throttle.wait(address(9), "duty", start + Duration::from_secs(1800)), None);
        assert_eq!(throttle.wait(address(9), "chief", start), None);
    }

    #[test]
    fn guessing_from_everywhere_or_at_everybody_is_slowed_and_locks_nobody_out() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        let address = |n: u32| IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + n));
        throttle.handle_success(HERE, "duty", start);
        for n in 0..CROWD_FREE_FAILURES {
            assert_eq!(throttle.wait(address(999), "duty", start), None, "{n}");
            throttle.handle_failure(address(n), "duty", start);
        }
        assert_eq!(throttle.wait(address(999), "duty", start), Some(CROWD_PAUSE), "one name from everywhere");
        assert_eq!(throttle.wait(HERE, "duty", start), None, "the person at the usual desk");
        assert_eq!(throttle.wait(address(999), "chief", start), None, "another name");
        assert_eq!(throttle.wait(address(999), "duty", start + CROWD_PAUSE), None);
        for n in 0..CROWD_FREE_FAILURES {
            throttle.handle_failure(address(7), &n.to_string(), start);
        }
        assert_eq!(
            throttle.wait(address(7), "chief", start),
            Some(CROWD_PAUSE),
            "many names from one address"
        );
        for n in 0..=PAIRS_MAX {
            throttle.handle_failure(address(u32::try_from(n).unwrap_or_default()), "x", start);
            throttle.handle_success(address(u32::try_from(n).unwrap_or_default()), "y", start);
        }
        assert_eq!((throttle.of_address.len(), throttle.known.len()), (PAIRS_MAX, PAIRS_MAX));
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        for n in 0..=PAIRS_MAX {
            throttle.handle_failure(HERE, &n.to_string(), start);
        }
        assert_eq!(throttle.failures.len(), PAIRS_MAX);
    }
}
