//! What goes wrong in a world, and what is wrong with it on purpose.

use crate::chance::Chance;

/// A fault in the product that the checks must find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Planted {
    /// An acknowledgement is released when the record is handed to the journal.
    AckBeforeDurable,
    /// Alerts are stored before the records they rest on are durable.
    AlertsBeforeDurable,
    /// A terminal sends all but one again.
    DropInResend,
    /// A commit is called durable without a sync.
    NoSync,
    /// Alert and outbox row are two transactions.
    OutboxApart,
    /// A snapshot is written before what it rests on is durable.
    SnapshotAhead,
    /// A snapshot is written before the alerts it has forgotten are stored.
    SnapshotFirst,
    /// Deadlines fire by the clock, and the journal does not say when.
    TimeApart,
}

/// What the world does to the platform.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// The clock of the platform is set, ms.
    Clock(i64),
    /// The process is killed just after a deadline has passed, and goes on with a clock that was set, ms.
    ClockAtDeadline(i64),
    /// The broker is gone for a while.
    ConsumerLost,
    /// No room on the disk for so long, ms.
    DiskFull(i64),
    /// The process is killed; what it wrote stays.
    Kill,
    /// The power goes; what was not synced may go too.
    PowerCut,
    /// The next sync fails.
    SyncFails,
}

const HOUR_MS: i64 = 3_600_000;

/// Moments and faults, until `end`.
pub fn plan(end: i64, chance: &mut Chance) -> Vec<(i64, Fault)> {
    let mut plan = Vec::new();
    let mut add = |chance: &mut Chance, most: usize, fault: &mut dyn FnMut(&mut Chance) -> Fault| {
        for _ in 0..chance.below(most + 1) {
            let at = chance.between(15_000, end - 60_000);
            plan.push((at, fault(chance)));
        }
    };
    add(chance, 2, &mut |_| Fault::Kill);
    add(chance, 5, &mut |_| Fault::PowerCut);
    add(chance, 1, &mut |_| Fault::SyncFails);
    add(chance, 2, &mut |chance| Fault::DiskFull(chance.between(2_000, 60_000)));
    add(chance, 4, &mut |_| Fault::ConsumerLost);
    if chance.one_in(3) {
        // By hours it is not followed; by seconds, slowly.
        let jumps = [-6 * HOUR_MS, 6 * HOUR_MS, 20 * 365 * 24 * HOUR_MS, -40_000, 40_000];
        add(chance, 2, &mut |chance| Fault::Clock(chance.pick(&jumps)));
    }
    if chance.one_in(2) {
        // By no more than what waits for time to pass, most of the time.
        let jumps = [0, 0, -3_000, -20_000, -70_000, -150_000, -6 * HOUR_MS];
        add(chance, 2, &mut |chance| Fault::ClockAtDeadline(chance.pick(&jumps)));
    }
    plan
}
