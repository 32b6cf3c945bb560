//! Slows down guessing of passwords: failures are counted by address and name.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 5;
/// How long a pair is remembered after its last failure.
const MEMORY: Duration = Duration::from_secs(300);
/// Pairs remembered, about 1 MB; past this the one that failed longest ago is forgotten.
const PAIRS_MAX: usize = 4096;
/// Characters of a name that are told apart; bounds the memory of a pair.
const NAME_MAX: usize = 64;

#[derive(Default)]
pub(crate) struct Throttle {
    failures: HashMap<(IpAddr, String), (u32, Instant)>,
}

impl Throttle {
    /// How long this pair has to wait; `None`: it may try now.
    pub(crate) fn wait(&self, address: IpAddr, name: &str, now: Instant) -> Option<Duration> {
        let (count, last) = self.failures.get(&key(address, name))?;
        let excess = count.checked_sub(FREE_FAILURES)?;
        let pause = Duration::from_secs(1 << excess.min(6)) * 2;
        pause.checked_sub(now.saturating_duration_since(*last)).filter(|wait| !wait.is_zero())
    }

    pub(crate) fn handle_failure(&mut self, address: IpAddr, name: &str, now: Instant) {
        self.failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < MEMORY);
        if self.failures.len() >= PAIRS_MAX {
            let oldest = self.failures.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.failures.remove(&key));
        }
        let entry = self.failures.entry(key(address, name)).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
    }

    pub(crate) fn handle_success(&mut self, address: IpAddr, name: &str) {
        self.failures.remove(&key(address, name));
    }
}

fn key(address: IpAddr, name: &str) -> (IpAddr, String) {
    (address, name.chars().take(NAME_MAX).collect())
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
        throttle.handle_success(HERE, "duty");
        assert_eq!(throttle.wait(HERE, "duty", start), None);
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
