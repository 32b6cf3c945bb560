//! How many messages a second each department takes, and what it was told of those that wait for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fleet::Department;

/// So much of a department's rate may go at once, after a rest.
const BURST: Duration = Duration::from_secs(1);

/// Departments with a bound; whoever is not here takes what there is.
#[derive(Debug)]
pub(crate) struct Caps(BTreeMap<Department, Cap>);

/// A leaky bucket: each message moves `next` on by `every`, and may do so while that is less than [`BURST`] ahead.
#[derive(Debug)]
struct Cap {
    rate: u32,
    every: Duration,
    /// When the bucket is empty again.
    next: Instant,
    /// Messages that went since the last summary.
    sent: u64,
    /// A message had to wait since then.
    was_held: bool,
    /// The last summary said that some wait.
    is_told: bool,
}

/// What a summary is about to tell a department.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Holding {
    pub(crate) department: Department,
    /// Messages a second.
    pub(crate) rate: u32,
    /// Messages that went since the last one.
    pub(crate) sent: u64,
    /// Whether some still wait, or that is over.
    pub(crate) is_on: bool,
}

impl Caps {
    /// Messages a second, at least one.
    pub(crate) fn new(rates: &BTreeMap<Department, u32>, now: Instant) -> Self {
        let cap = |rate: u32| Cap {
            rate,
            every: Duration::from_secs(1) / rate.max(1),
            next: now,
            sent: 0,
            was_held: false,
            is_told: false,
        };
        Self(rates.iter().map(|(department, rate)| (*department, cap(*rate))).collect())
    }

    /// Whether a message may go to a department now.
    pub(crate) fn has_room(&self, department: Department, now: Instant) -> bool {
        self.0.get(&department).is_none_or(|cap| cap.next + cap.every <= now + BURST)
    }

    /// One goes.
    pub(crate) fn handle_sent(&mut self, department: Department, now: Instant) {
        if let Some(cap) = self.0.get_mut(&department) {
            cap.next = cap.next.max(now) + cap.every;
            cap.sent += 1;
        }
    }

    /// One could not go.
    pub(crate) fn handle_held(&mut self, department: Department) {
        if let Some(cap) = self.0.get_mut(&department) {
            cap.was_held = true;
        }
    }

    /// When one may go.
    pub(crate) fn room_at(&self, department: Department, now: Instant) -> Instant {
        let at = self.0.get(&department).and_then(|cap| (cap.next + cap.every).checked_sub(BURST));
        at.map_or(now, |at| at.max(now))
    }

    /// Whom to tell what: those something waits for, and once those for whom that is over. Counting begins anew.
    pub(crate) fn holdings(&mut self) -> Vec<Holding> {
        let mut holdings = Vec::new();
        for (department, cap) in &mut self.0 {
            let is_on = std::mem::take(&mut cap.was_held);
            if std::mem::replace(&mut cap.is_told, is_on) || is_on {
                holdings.push(Holding { department: *department, rate: cap.rate, sent: cap.sent, is_on });
            }
            cap.sent = 0;
        }
        holdings
    }
}

#[cfg(test)]
mod tests {
    use fleet::Department::{Police, Transport};

    use super::*;

    #[test]
    fn a_second_of_messages_goes_at_once_and_then_as_many_a_second() {
        let began = Instant::now();
        let mut caps = Caps::new(&BTreeMap::from([(Police, 4)]), began);
        let mut went = Vec::new();
        for tick in 0..40 {
            let now = began + Duration::from_millis(100 * tick);
            let mut count = 0;
            while caps.has_room(Police, now) {
                caps.handle_sent(Police, now);
                count += 1;
            }
            let next = caps.room_at(Police, now);
            assert!(next > now && caps.has_room(Police, next), "what is waited for is room");
            assert!(!caps.has_room(Police, next.checked_sub(Duration::from_nanos(1)).unwrap()));
            went.push(count);
        }
        assert_eq!(went[0], 4, "a burst");
        assert_eq!(went[1..].iter().sum::<usize>(), 15, "and 3.9 s of four a second");
        // After a rest no more than a second of them have gathered.
        let later = began + Duration::from_secs(3_600);
        let burst =
            std::iter::from_fn(|| caps.has_room(Police, later).then(|| caps.handle_sent(Police, later)));
        assert_eq!(burst.take(100).count(), 4);
        assert!((0..1_000).all(|_| caps.has_room(Transport, began)), "no bound");
    }

    #[test]
    fn who_is_held_up_is_told_each_time_and_once_when_it_is_over() {
        let now = Instant::now();
        let mut caps = Caps::new(&BTreeMap::from([(Police, 2), (Transport, 5)]), now);
        caps.handle_sent(Police, now);
        assert_eq!(caps.holdings(), [], "all went");
        let told = |sent, is_on| Holding { department: Police, rate: 2, sent, is_on };
        caps.handle_sent(Police, now);
        caps.handle_held(Police);
        assert_eq!(caps.holdings(), [told(1, true)]);
        caps.handle_held(Police);
        assert_eq!(caps.holdings(), [told(0, true)]);
        caps.handle_sent(Police, now);
        assert_eq!(caps.holdings(), [told(1, false)]);
        assert_eq!(caps.holdings(), []);
    }
}
