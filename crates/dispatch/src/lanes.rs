//! What was read from the outbox and not yet handed over, and which of it goes next.
//!
//! A department's urgent messages go before its others, each kind in its order; over departments the one that was put in first.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use fleet::Department;
use ledger::{Lane, Outgoing};

use crate::caps::Caps;

#[derive(Debug, Default)]
pub(crate) struct Lanes(BTreeMap<Lane, Rows>);

#[derive(Debug, Default)]
struct Rows {
    rows: VecDeque<Outgoing>,
    /// The last row read.
    cursor: i64,
    /// The outbox has nothing after `cursor`.
    is_dry: bool,
}

/// What there is to do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Lanes to be read, each after a number; [`Lanes::handle_rows`] takes what is found.
    Read(Vec<(Lane, i64)>),
    /// This goes.
    Send(Box<Outgoing>),
    /// Nothing but for departments that have no room before this.
    Wait(Option<Instant>),
}

impl Lanes {
    pub(crate) fn new() -> Self {
        let lanes = Department::ALL.iter().flat_map(|department| {
            [true, false].map(|is_urgent| Lane { department: *department, is_urgent })
        });
        Self(lanes.map(|lane| (lane, Rows::default())).collect())
    }

    /// Something may have been put into the outbox.
    pub(crate) fn wake(&mut self) {
        self.0.values_mut().for_each(|rows| rows.is_dry = false);
    }

    /// Nothing is on its way: what was passed over is found again.
    pub(crate) fn begin_anew(&mut self) {
        for rows in self.0.values_mut().filter(|rows| rows.rows.is_empty()) {
            rows.cursor = 0;
        }
    }

    /// What to do next. A department without room is neither read nor sent to, and counts as held up where something
    /// waits for it.
    pub(crate) fn next(&mut self, caps: &mut Caps, now: Instant) -> Next {
        let wanted = |(lane, rows): (&Lane, &Rows)| {
            let is_wanted = rows.rows.is_empty() && !rows.is_dry && caps.has_room(lane.department, now);
            is_wanted.then_some((*lane, rows.cursor))
        };
        let wanted: Vec<_> = self.0.iter().filter_map(wanted).collect();
        if !wanted.is_empty() {
            return Next::Read(wanted);
        }
        let first = |(lane, rows): (&Lane, &Rows)| {
            let row = rows.rows.front()?;
            caps.has_room(lane.department, now).then_some((!lane.is_urgent, row.seq, *lane))
        };
        if let Some((_, _, lane)) = self.0.iter().filter_map(first).min()
            && let Some(row) = self.0.get_mut(&lane).and_then(|rows| rows.rows.pop_front())
        {
            caps.handle_sent(lane.department, now);
            return Next::Send(Box::new(row));
        }
        let mut next: Option<Instant> = None;
        for (lane, rows) in &self.0 {
            if !rows.rows.is_empty() {
                caps.handle_held(lane.department);
            } else if rows.is_dry {
                continue;
            }
            let at = caps.room_at(lane.department, now);
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        Next::Wait(next)
    }

    /// What was found in a lane, at most `limit` rows.
    pub(crate) fn handle_rows(&mut self, lane: Lane, found: Vec<Outgoing>, limit: usize) {
        let Some(rows) = self.0.get_mut(&lane) else { return };
        rows.is_dry = found.len() < limit;
        rows.cursor = found.last().map_or(rows.cursor, |row| row.seq);
        rows.rows = found.into();
        if lane.is_urgent && !rows.rows.is_empty() {
            self.read_again(Lane { is_urgent: false, ..lane });
        }
    }

    /// An alert that became urgent takes with it what waits of it. What of that was read before is forgotten.
    fn read_again(&mut self, lane: Lane) {
        let Some(rows) = self.0.get_mut(&lane) else { return };
        if let Some(first) = rows.rows.front() {
            (rows.cursor, rows.is_dry) = (first.seq - 1, false);
            rows.rows.clear();
        }
    }

    /// Whether something that is not on its way yet may go to somebody.
    pub(crate) fn is_fresh(&self, caps: &Caps, now: Instant) -> bool {
        let waits = |rows: &Rows| !rows.rows.is_empty() || !rows.is_dry;
        self.0.iter().any(|(lane, rows)| waits(rows) && caps.has_room(lane.department, now))
    }

    /// Whether something waits for a department.
    pub(crate) fn waits(&self, department: Department) -> bool {
        self.0.iter().any(|(lane, rows)| lane.department == department && !rows.rows.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fleet::Department::{Police, Transport};
    use fleet::{Division, ReceiveTime, RuleId};
    use ledger::OutgoingKind;

    use super::*;

    /// An outbox in memory: what was put in, by lane.
    #[derive(Default)]
    struct Outbox(Vec<(bool, Outgoing)>);

    impl Outbox {
        fn put(&mut self, department: Department, is_urgent: bool, seqs: impl IntoIterator<Item = i64>) {
            self.0.extend(seqs.into_iter().map(|seq| {
                let (kind, division) = (OutgoingKind::Alert, Division::parse("540102").unwrap());
                let created = ReceiveTime::from_ms(0);
                let payload = Vec::new();
                (is_urgent, Outgoing { seq, kind, department, division, rule: RuleId::SOS, payload, created })
            }));
        }

        fn read(&self, lane: Lane, after: i64, limit: usize) -> Vec<Outgoing> {
            let is_in = |(is_urgent, row): &&(bool, Outgoing)| {
                *is_urgent == lane.is_urgent && row.department == lane.department && row.seq > after
            };
            let mut rows: Vec<_> = self.0.iter().filter(is_in).map(|(_, row)| row.clone()).collect();
            rows.sort_by_key(|row| row.seq);
            rows.truncate(limit);
            rows
        }
    }

    const LIMIT: usize = 4;

    /// The next that goes, if one may.
    fn next(lanes: &mut Lanes, caps: &mut Caps, outbox: &Outbox, now: Instant) -> Option<i64> {
        loop {
            match lanes.next(caps, now) {
                Next::Read(wanted) => {
                    for (lane, after) in wanted {
                        lanes.handle_rows(lane, outbox.read(lane, after, LIMIT), LIMIT);
                    }
                }
                Next::Send(row) => return Some(row.seq),
                Next::Wait(_) => return None,
            }
        }
    }

    fn all(lanes: &mut Lanes, caps: &mut Caps, outbox: &Outbox, now: Instant) -> Vec<i64> {
        std::iter::from_fn(|| next(lanes, caps, outbox, now)).collect()
    }

    #[test]
    fn urgent_ones_go_first_and_the_others_in_the_order_they_were_put_in() {
        let (now, mut lanes, mut outbox) = (Instant::now(), Lanes::new(), Outbox::default());
        let mut caps = Caps::new(&BTreeMap::new(), now);
        outbox.put(Police, false, [1, 4, 5, 6, 7, 8]);
        outbox.put(Transport, false, [2, 3, 9]);
        outbox.put(Transport, true, [10, 11]);
        assert_eq!(all(&mut lanes, &mut caps, &outbox, now), [10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        outbox.put(Police, true, [12]);
        assert_eq!(next(&mut lanes, &mut caps, &outbox, now), None, "nobody rang");
        lanes.wake();
        assert_eq!(next(&mut lanes, &mut caps, &outbox, now), Some(12));
        lanes.begin_anew();
        lanes.wake();
        assert_eq!(all(&mut lanes, &mut caps, &outbox, now).len(), 12, "what was passed over is found again");
    }

    #[test]
    fn who_has_no_room_holds_nobody_up() {
        let (began, mut lanes, mut outbox) = (Instant::now(), Lanes::new(), Outbox::default());
        let mut caps = Caps::new(&BTreeMap::from([(Police, 2)]), began);
        outbox.put(Police, false, 1..100);
        outbox.put(Transport, false, 100..130);
        let went = all(&mut lanes, &mut caps, &outbox, began);
        assert_eq!(went, (1..=2).chain(100..130).collect::<Vec<i64>>());
        assert!(lanes.waits(Police) && !lanes.waits(Transport));
        assert!(!lanes.is_fresh(&caps, began), "none that may go");
        let Next::Wait(Some(at)) = lanes.next(&mut caps, began) else {
            panic!("two a second, and more wait")
        };
        assert_eq!(at, began + Duration::from_millis(500));
        // Something urgent takes the next place, and waits for it too.
        outbox.put(Police, true, [200]);
        lanes.wake();
        assert_eq!(next(&mut lanes, &mut caps, &outbox, began), None);
        assert_eq!(next(&mut lanes, &mut caps, &outbox, at), Some(200));
        let later = at + Duration::from_secs(1);
        assert!(lanes.is_fresh(&caps, later));
        assert_eq!(all(&mut lanes, &mut caps, &outbox, later), [3, 4]);
    }

    #[test]
    fn what_an_alert_that_became_urgent_took_with_it_is_not_sent_from_memory() {
        let (now, mut lanes, mut outbox) = (Instant::now(), Lanes::new(), Outbox::default());
        let mut caps = Caps::new(&BTreeMap::new(), now);
        outbox.put(Police, false, 1..7);
        assert_eq!(next(&mut lanes, &mut caps, &outbox, now), Some(1));
        // The third was read already; now it is the seventh, and urgent.
        outbox.0.retain(|(_, row)| row.seq != 3);
        outbox.put(Police, true, [7, 8]);
        lanes.wake();
        assert_eq!(all(&mut lanes, &mut caps, &outbox, now), [7, 8, 2, 4, 5, 6]);
    }
}
