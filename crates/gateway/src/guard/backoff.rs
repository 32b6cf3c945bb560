//! After some wrong codes the next ones are not looked at for a while, ever longer: by number and by address.
//!
//! Codes have 128 bits and can't be guessed; what this saves is work, and the noise in which something else might hide. So
//! the wait is short enough not to keep out a good terminal whose number somebody else abuses.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use fleet::{ReceiveTime, TerminalId};

/// Failures of one number that cost nothing: a terminal that was given another code tries its old one a few times.
const FREE_OF_NUMBER: u32 = 5;
/// Failures from one address that cost nothing: a carrier's address stands for hundreds of terminals.
const FREE_OF_ADDRESS: u32 = 50;
/// The first wait; each failure doubles it.
const WAIT_MIN: Duration = Duration::from_secs(5);
/// The longest wait, and after it failures are forgotten.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// Numbers, and addresses, whose failures are remembered. With more, who failed least lately is forgotten.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Backoff {
    numbers: Table<TerminalId>,
    addresses: Table<IpAddr>,
}

impl Backoff {
    pub fn fail(&mut self, now: ReceiveTime, terminal: Option<TerminalId>, address: Option<IpAddr>) {
        if let Some(terminal) = terminal {
            self.numbers.fail(now, terminal, FREE_OF_NUMBER);
        }
        if let Some(address) = address {
            self.addresses.fail(now, address, FREE_OF_ADDRESS);
        }
    }

    pub fn may_try(&self, now: ReceiveTime, terminal: TerminalId, address: Option<IpAddr>) -> bool {
        self.numbers.is_free(now, &terminal)
            && address.is_none_or(|address| self.addresses.is_free(now, &address))
    }

    pub fn forget(&mut self, terminal: TerminalId) {
        self.numbers.0.remove(&terminal);
    }
}

#[derive(Debug)]
struct Failed {
    count: u32,
    last: ReceiveTime,
    until: ReceiveTime,
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Failed>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn fail(&mut self, now: ReceiveTime, key: K, free: u32) {
        self.make_room(now, &key);
        let failed = self.0.entry(key).or_insert(Failed { count: 0, last: now, until: now });
        if now.since(failed.last) > WAIT_MAX {
            failed.count = 0;
        }
        failed.count = failed.count.saturating_add(1);
        failed.last = now;
        if let Some(beyond) = failed.count.checked_sub(free) {
            // 5 s × 2^6 is beyond the longest.
            failed.until = now.plus((WAIT_MIN * (1 << beyond.min(6))).min(WAIT_MAX));
        }
    }

    fn is_free(&self, now: ReceiveTime, key: &K) -> bool {
        self.0.get(key).is_none_or(|failed| failed.until <= now)
    }

    fn make_room(&mut self, now: ReceiveTime, key: &K) {
        if self.0.len() < REMEMBERED_MAX || self.0.contains_key(key) {
            return;
        }
        self.0.retain(|_, failed| now.since(failed.last) <= WAIT_MAX);
        if self.0.len() >= REMEMBERED_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, failed)| failed.last).map(|(key, _)| *key)
        {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> ReceiveTime {
        ReceiveTime::from_ms(seconds * 1_000)
    }

    fn number(number: usize) -> TerminalId {
        TerminalId::parse(&number.to_string()).unwrap()
    }

    #[test]
    fn five_wrong_codes_make_a_number_wait_ever_longer_and_not_for_ever() {
        let mut backoff = Backoff::default();
        let mut now = at(0);
        for _ in 0..4 {
            backoff.fail(now, Some(number(1)), None);
            assert!(backoff.may_try(now, number(1), None));
        }
        for wait_s in [5, 10, 20, 40, 80, 160, 300, 300] {
            backoff.fail(now, Some(number(1)), None);
            assert!(!backoff.may_try(now.plus(Duration::from_secs(wait_s - 1)), number(1), None));
            assert!(backoff.may_try(now, number(2), None));
            now = now.plus(Duration::from_secs(wait_s));
            assert!(backoff.may_try(now, number(1), None), "{wait_s}");
        }
        backoff.forget(number(1));
        backoff.fail(now, Some(number(1)), None);
        assert!(backoff.may_try(now, number(1), None));
    }

    #[test]
    fn one_address_waits_after_fifty_whatever_numbers_it_tries() {
        let mut backoff = Backoff::default();
        let (hostile, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for at_number in 0..49 {
            backoff.fail(at(0), Some(number(at_number)), Some(hostile));
        }
        assert!(backoff.may_try(at(0), number(100), Some(hostile)));
        backoff.fail(at(0), Some(number(49)), Some(hostile));
        assert!(!backoff.may_try(at(4), number(100), Some(hostile)));
        assert!(backoff.may_try(at(4), number(100), Some(other)));
        assert!(backoff.may_try(at(5), number(100), Some(hostile)));
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let mut backoff = Backoff::default();
        for at_number in 0..REMEMBERED_MAX + 100 {
            backoff.fail(ReceiveTime::from_ms(at_number.try_into().unwrap()), Some(number(at_number)), None);
        }
        assert_eq!(backoff.numbers.0.len(), REMEMBERED_MAX);
        assert!(!backoff.numbers.0.contains_key(&number(99)));
        assert!(backoff.numbers.0.contains_key(&number(100)));
    }
}
