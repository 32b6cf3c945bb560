//! When a driver drove, in all vehicles together, over the last seven days. The order in which pieces come does not
//! matter, and one that comes twice counts once.

use std::time::Duration;

use fleet::EventTime;
use serde::{Deserialize, Serialize};

/// As far back as the account reaches.
pub(super) const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// Stints kept. Past it two of the older half become one that knows how much of it was no driving: those that make
/// the shortest.
const STINTS_MAX: usize = 64;

/// Driving from `from` to `to`, all but `idle`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Stint {
    from: EventTime,
    to: EventTime,
    idle: Duration,
}

impl Stint {
    fn driven(&self) -> Duration {
        self.to.since(self.from).saturating_sub(self.idle)
    }

    /// How much was driven of the part of it between two moments.
    fn driven_within(&self, from: EventTime, to: EventTime) -> Duration {
        let whole = self.to.since(self.from);
        let part = self.to.min(to).since(self.from.max(from));
        if part >= whole {
            return self.driven();
        }
        let share = self.driven().as_millis() * part.as_millis() / whole.as_millis().max(1);
        Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

/// See the module.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Account {
    /// At most [`STINTS_MAX`], in order, apart from each other.
    stints: Vec<Stint>,
}

/// Driving that no rest has interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unbroken {
    pub(super) start: EventTime,
    pub(super) driven: Duration,
}

impl Account {
    /// Adds some driving. A stop of at most `through` before or after it is no stop.
    pub(super) fn add(&mut self, from: EventTime, to: EventTime, idle: Duration, through: Duration) {
        let newest = self.stints.last().map_or(to, |last| last.to.max(to));
        if from >= to || to <= newest.minus(WEEK) {
            return;
        }
        let new = Stint { from, to, idle: idle.min(to.since(from)) };
        let first = self.stints.partition_point(|stint| stint.to.plus(through) < from);
        let after = self.stints.partition_point(|stint| stint.from <= to.plus(through));
        let mut joined = new;
        for stint in self.stints.drain(first..after) {
            joined = join(&joined, &stint, true);
        }
        self.stints.insert(first, joined);
        self.stints.retain(|stint| stint.to > newest.minus(WEEK));
        while self.stints.len() > STINTS_MAX {
            self.join_shortest();
        }
    }

    /// How much was driven between two moments.
    pub(super) fn driven(&self, from: EventTime, to: EventTime) -> Duration {
        self.stints.iter().map(|stint| stint.driven_within(from, to)).sum()
    }

    /// The driving up to the newest stint, back to the last pause of at least `rest`.
    pub(super) fn unbroken(&self, rest: Duration) -> Option<Unbroken> {
        let mut back = self.stints.iter().rev();
        let newest = back.next()?;
        let mut found = Unbroken { start: newest.from, driven: newest.driven() };
        for stint in back {
            if found.start.since(stint.to) >= rest || stint.idle >= rest {
                break;
            }
            found = Unbroken { start: stint.from, driven: found.driven + stint.driven() };
        }
        Some(found)
    }

    fn join_shortest(&mut self) {
        let half = STINTS_MAX / 2;
        let length = |at: &usize| self.stints[at + 1].to.since(self.stints[*at].from);
        let Some(at) = (0..half).min_by_key(length) else { return };
        let later = self.stints.remove(at + 1);
        self.stints[at] = join(&self.stints[at], &later, false);
    }
}

/// Both as one. What both cover counts once; what lies between is driving, if the pause is none.
fn join(a: &Stint, b: &Stint, through: bool) -> Stint {
    let (from, to) = (a.from.min(b.from), a.to.max(b.to));
    let between = a.from.max(b.from).since(a.to.min(b.to));
    let twice =
        if between.is_zero() { b.driven_within(a.from, a.to).min(a.driven()) } else { Duration::ZERO };
    let driven = a.driven() + b.driven() - twice + if through { between } else { Duration::ZERO };
    Stint { from, to, idle: to.since(from).saturating_sub(driven) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROUGH: Duration = Duration::from_secs(30);

    fn at(minutes: i64) -> EventTime {
        EventTime::from_ms(minutes * 60_000)
    }

    fn minutes(account: &Account, from: i64, to: i64) -> u64 {
        account.driven(at(from), at(to)).as_secs() / 60
    }

    fn add(account: &mut Account, from: i64, to: i64) {
        account.add(at(from), at(to), Duration::ZERO, THROUGH);
    }

    #[test]
    fn the_order_of_pieces_does_not_matter_and_none_counts_twice() {
        let pieces = [(0, 60), (60, 100), (130, 150), (90, 110), (130, 150), (300, 310)];
        let mut forward = Account::default();
        pieces.iter().for_each(|(from, to)| add(&mut forward, *from, *to));
        let mut back = Account::default();
        pieces.iter().rev().for_each(|(from, to)| add(&mut back, *from, *to));
        assert_eq!(forward, back);
        assert_eq!(minutes(&forward, 0, 310), 110 + 20 + 10);
        assert_eq!(minutes(&forward, 50, 140), 60 + 10);
    }

    #[test]
    fn driving_is_unbroken_until_a_rest() {
        let rest = Duration::from_secs(1200);
        let mut account = Account::default();
        assert_eq!(account.unbroken(rest), None);
        add(&mut account, 0, 60);
        add(&mut account, 80, 100);
        add(&mut account, 119, 130);
        let unbroken = account.unbroken(rest).unwrap();
        assert_eq!((unbroken.start, unbroken.driven.as_secs() / 60), (at(80), 31));
    }

    #[test]
    fn a_stop_that_is_none_is_driven_through() {
        let mut account = Account::default();
        add(&mut account, 0, 10);
        account.add(at(10).plus(THROUGH), at(20), Duration::ZERO, THROUGH);
        assert_eq!((account.stints.len(), minutes(&account, 0, 20)), (1, 20));
        account.add(at(20).plus(THROUGH * 2), at(30), Duration::ZERO, THROUGH);
        assert_eq!((account.stints.len(), minutes(&account, 0, 30)), (2, 29));
    }

    #[test]
    fn what_is_joined_for_want_of_room_keeps_its_sum() {
        let mut account = Account::default();
        for number in 0..500 {
            add(&mut account, number * 10, number * 10 + 4);
        }
        assert_eq!(account.stints.len(), STINTS_MAX);
        assert_eq!(minutes(&account, 0, 5000), 500 * 4);
        assert_eq!(minutes(&account, 4900, 5000), 10 * 4);
        let (week, new) = (7 * 1440, 7 * 1440 + 4000);
        assert!(minutes(&account, 4000, 5000).abs_diff(100 * 4) <= 40, "what is cut is cut by its share");
        add(&mut account, new, new + 10);
        assert!(account.stints.iter().all(|stint| stint.to > at(new - week)), "the oldest are forgotten");
        assert!(minutes(&account, new - week, new + 10).abs_diff(100 * 4 + 10) <= 40);
    }

    #[test]
    fn what_a_gap_hides_is_counted_by_its_least() {
        let mut account = Account::default();
        account.add(at(0), at(50), Duration::from_secs(40 * 60), THROUGH);
        assert_eq!(minutes(&account, 0, 50), 10);
        assert_eq!(minutes(&account, 25, 50), 5);
        add(&mut account, 50, 60);
        assert_eq!(minutes(&account, 0, 60), 20);
    }
}
