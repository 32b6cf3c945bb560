//! Who waits for which record: a group commit wakes the connections whose reports are in it and nobody else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{Durable, Position};
use tokio::sync::{Notify, watch};

/// The journal's word on durability, handed to those it concerns; `D` is its proof.
#[derive(Debug)]
pub(crate) struct Waiters<D = Durable>(Mutex<Waiting<D>>);

#[derive(Debug)]
struct Waiting<D> {
    /// What is durable.
    durable: D,
    /// By position. One entry a connection, for its oldest report.
    connections: VecDeque<(Position, Arc<Notify>)>,
}

impl<D: Copy + Into<Position>> Waiters<D> {
    pub(crate) fn new(durable: D) -> Self {
        Self(Mutex::new(Waiting { durable, connections: VecDeque::new() }))
    }

    /// Passes on what the journal says, for as long as there is one.
    pub(crate) async fn run(self: Arc<Self>, mut journal: watch::Receiver<D>) {
        while journal.changed().await.is_ok() {
            let durable = *journal.borrow_and_update();
            for (_, wake) in self.advance(durable) {
                wake.notify_one();
            }
        }
    }

    /// The newest proof.
    pub(crate) fn proof(&self) -> D {
        self.lock().durable
    }

    /// Wakes once the record at `position` is durable, which may be at once.
    pub(crate) fn wake(&self, position: Position, wake: &Arc<Notify>) {
        let mut waiting = self.lock();
        if position < waiting.durable.into() {
            return wake.notify_one();
        }
        // Positions come nearly in order: the place is at the end or close to it.
        let place = waiting.connections.iter().rposition(|(other, _)| *other <= position);
        waiting.connections.insert(place.map_or(0, |before| before + 1), (position, Arc::clone(wake)));
    }

    fn advance(&self, durable: D) -> VecDeque<(Position, Arc<Notify>)> {
        let mut waiting = self.lock();
        waiting.durable = durable;
        let due = waiting.connections.partition_point(|(position, _)| *position < durable.into());
        let later = waiting.connections.split_off(due);
        std::mem::replace(&mut waiting.connections, later)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<D>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_wakes_those_whose_record_is_in_it() {
        let durable = Waiters::new(10_u64);
        let wakes: Vec<Arc<Notify>> = (0..4).map(|_| Arc::default()).collect();
        for (position, wake) in [12, 10, 11, 9].into_iter().zip(&wakes) {
            durable.wake(position, wake);
        }
        let due = |upto| durable.advance(upto).into_iter().map(|(at, _)| at).collect::<Vec<Position>>();
        assert!(due(10).is_empty());
        assert_eq!(due(12), [10, 11]);
        assert!(due(12).is_empty());
        assert_eq!(due(13), [12]);
        assert_eq!(durable.proof(), 13);
    }
}
