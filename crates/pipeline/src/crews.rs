//! The stage behind the shards: puts what they tell of drivers back into journal order and judges it in one place.
//!
//! Every shard answers every batch, if only to say that it had nothing to do with it. Once all have answered one, its
//! pieces are complete; so what is judged does not depend on which thread was faster, and once every shard has handed
//! out its state before a record, the state here is the one before that record too.

use std::collections::BTreeMap;

use bytes::Bytes;
use fleet::ReceiveTime;
use journal::Position;
use rules::{Crews, Shift};

use crate::fold::{Ground, Time};
use crate::writer::Outcome;

/// A piece of a driver's account, and the record that brought it.
pub(crate) struct Told {
    pub position: Position,
    pub received: ReceiveTime,
    pub frame: Bytes,
    pub shift: Shift,
}

pub(crate) struct CrewStage {
    crews: Crews,
    shards: usize,
    /// Batches that not every shard has answered, by the position behind them. Queues are bounded, and so is how far
    /// a shard can be ahead of another.
    held: BTreeMap<Position, Held>,
}

#[derive(Default)]
struct Held {
    answers: usize,
    told: Vec<Told>,
}

impl CrewStage {
    /// With no batch under way.
    pub(crate) fn new(crews: Crews, shards: usize) -> Self {
        Self { crews, shards, held: BTreeMap::new() }
    }

    /// Takes one shard's answer to the batch that ends before `upto`; the last one lets the batch be judged, and fires what
    /// is due then.
    pub(crate) fn answer(&mut self, (upto, time): (Position, Time), told: Vec<Told>) -> Outcome {
        let held = self.held.entry(upto).or_default();
        held.answers += 1;
        held.told.extend(told);
        let mut outcome = Outcome::default();
        if held.answers < self.shards {
            return outcome;
        }
        // A shard's answers come in order, so no batch before this one is still held.
        let mut told = self.held.remove(&upto).unwrap_or_default().told;
        told.sort_by_key(|told| told.position);
        let mut alerts = Vec::new();
        for Told { received, frame, shift, .. } in told {
            self.crews.handle_shift(received, &shift, &mut alerts);
            outcome.rule(&mut alerts, received, |alert| {
                let own = alert.vehicle.terminal == shift.terminal;
                own.then(|| (received, frame.clone())).into_iter().collect()
            });
        }
        self.crews.handle_timeout(time.due(), &mut alerts);
        outcome.rule_by_time(&mut alerts, time.now());
        outcome
    }

    /// The next deadline.
    pub(crate) fn next_timeout(&self) -> Option<ReceiveTime> {
        self.crews.next_timeout()
    }

    /// Goes on with other rules, vehicles and zones.
    pub(crate) fn reload(&mut self, ground: Ground) {
        self.crews.reload(ground.book, ground.registry, ground.map);
    }

    /// What to save.
    pub(crate) fn state(&self) -> Vec<u8> {
        postcard::to_allocvec(self.crews.state()).expect("a state in memory can be encoded")
    }
}
