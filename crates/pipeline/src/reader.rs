//! The first stage: follows the journal, turns frames into observations, hands each to its vehicle's shard.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use fleet::Notice;
use journal::{Batch, Follower, Journal, Position, Record};
use rules::{Crews, Engine, Noticed};
use session::Observer;
use tokio::sync::watch;

use crate::Parts;
use crate::fold::{self, Ground, Hearers, Time};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::shard::{Heeded, Item, Word, Work};
use crate::snapshot::Snapshot;
use crate::writer::Done;

/// Where the fold begins.
pub(crate) struct Start {
    pub position: Position,
    pub time: Time,
    pub observer: Observer,
    pub engines: Vec<Engine>,
    pub crews: Crews,
}

/// From the last snapshot that fits, else from the oldest record the journal still has.
pub(crate) fn recover(parts: &Parts, live: &Live) -> Start {
    let shards = parts.shards.max(1);
    match Snapshot::load(&parts.snapshot) {
        Ok(Some(snapshot)) => match resume(parts, &snapshot, shards) {
            Some(start) => {
                tracing::info!(position = start.position, "going on from the snapshot");
                for vehicle in snapshot.vehicles {
                    live.publish_vehicle(vehicle);
                }
                return start;
            }
            None => {
                tracing::warn!("the snapshot does not fit this journal or configuration; folding the journal")
            }
        },
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "no usable snapshot; folding the journal"),
    }
    let engines = (0..shards).map(|_| parts.ground.engine()).collect();
    let (position, crews) = (parts.journal.first(), parts.ground.crews());
    Start { position, time: Time::default(), observer: Observer::default(), engines, crews }
}

fn resume(parts: &Parts, snapshot: &Snapshot, shards: usize) -> Option<Start> {
    let kept = parts.journal.first()..=parts.journal.head();
    if !kept.contains(&snapshot.position) || snapshot.engines.len() != shards {
        return None;
    }
    let Ground { book, registry, map } = &parts.ground;
    let engine = |state: &Vec<u8>| {
        let state = postcard::from_bytes(state).ok()?;
        Some(Engine::with_state(Arc::clone(book), Arc::clone(registry), Arc::clone(map), state))
    };
    Some(Start {
        position: snapshot.position,
        time: snapshot.time,
        observer: postcard::from_bytes(&snapshot.observer).ok()?,
        engines: snapshot.engines.iter().map(engine).collect::<Option<_>>()?,
        crews: Crews::with_state(
            Arc::clone(book),
            Arc::clone(registry),
            Arc::clone(map),
            postcard::from_bytes(&snapshot.crews).ok()?,
        ),
    })
}

pub(crate) struct Reader {
    pub follower: Follower,
    pub journal: Journal,
    pub time: Time,
    pub observer: Observer,
    pub ground: watch::Receiver<Ground>,
    pub shards: Vec<SyncSender<Work>>,
    pub done: SyncSender<Done>,
    pub metrics: Arc<Metrics>,
    /// Records below this have been handed to the shards.
    pub read: Arc<AtomicU64>,
    pub snapshot_every: Duration,
}

impl Reader {
    /// Reads until the journal closes, then asks for a last snapshot.
    pub(crate) async fn run(mut self, from: Position) {
        let (mut saved, mut saved_at) = (from, Instant::now());
        loop {
            match self.follower.next().await {
                Ok(Some(batch)) => self.hand_on(&batch),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "cannot read the journal on; the rules stand still");
                    return;
                }
            }
            let position = self.read.load(Ordering::Relaxed);
            if saved_at.elapsed() >= self.snapshot_every && position > saved {
                self.save(position);
                (saved, saved_at) = (position, Instant::now());
            }
        }
        self.save(self.read.load(Ordering::Relaxed));
    }

    /// In pieces, where the time goes back: before it does, every shard fires what is due.
    fn hand_on(&mut self, batch: &Batch) {
        let (mut first, mut rest) = (batch.first, &batch.records[..]);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(self.time.pass(rest.iter().map(|record| record.received)));
            self.hand_on_piece(first, piece);
            (first, rest) = (first + piece.len() as u64, after);
        }
    }

    fn hand_on_piece(&mut self, first: Position, records: &[Record]) {
        let mut parts: Vec<Vec<Item>> = self.shards.iter().map(|_| Vec::new()).collect();
        let mut observations = Vec::new();
        let ground = self.ground.borrow().clone();
        for (position, record) in (first..).zip(records) {
            if let Some(notice) = fold::notice(&record.frame) {
                self.hand_on_notice(&ground, record, notice, &mut parts);
                continue;
            }
            if let Err(reason) = self.observer.handle_frame(record.received, &record.frame, &mut observations)
            {
                self.metrics.refused(&reason);
            }
            for observation in observations.drain(..) {
                let shard = ground.owner(&observation).fnv1a32() as usize % parts.len();
                if let Some(part) = parts.get_mut(shard) {
                    part.push(Item::Heeded(Heeded { position, observation, frame: record.frame.clone() }));
                }
            }
        }
        let read = first + records.len() as u64;
        for (shard, part) in self.shards.iter().zip(parts) {
            // A shard with nothing to judge says so: the accounts of drivers wait for every answer.
            if shard.send(Work::Judge(read, self.time, part)).is_err() {
                tracing::error!("a rules thread is gone");
            }
        }
        self.read.store(read, Ordering::Release);
        self.metrics
            .lag_events
            .set(i64::try_from(self.journal.head().saturating_sub(read)).unwrap_or(i64::MAX));
    }

    /// What no terminal sent: to every shard, in the journal's order, or to the one whose vehicle it is about.
    fn hand_on_notice(
        &self,
        ground: &Ground,
        record: &Record,
        notice: serde_json::Result<Notice>,
        parts: &mut [Vec<Item>],
    ) {
        let notice = match notice {
            Ok(notice) => notice,
            Err(error) => {
                tracing::warn!(%error, received = %record.received, "a record of the journal is neither frame nor notice");
                self.metrics.unreadable();
                return;
            }
        };
        let hearers = ground.hearers(&notice);
        match (&notice, &hearers) {
            // It has passed for every shard.
            (Notice::Time, _) => self.metrics.noticed(&notice, Noticed::Taken.as_str()),
            (_, Hearers::Nobody) => self.metrics.noticed(&notice, Noticed::Unknown.as_str()),
            (_, Hearers::All | Hearers::Owner(_)) => {}
        }
        let shards = parts.len();
        let word = Arc::new(Word { received: record.received, notice, record: record.frame.clone() });
        for (shard, part) in parts.iter_mut().enumerate() {
            let hears = match hearers {
                Hearers::All => true,
                Hearers::Nobody => false,
                Hearers::Owner(terminal) => terminal.fnv1a32() as usize % shards == shard,
            };
            if hears {
                part.push(Item::Noticed(Arc::clone(&word)));
            }
        }
    }

    fn save(&self, position: Position) {
        let observer = postcard::to_allocvec(&self.observer).expect("a state in memory can be encoded");
        // A stage that is gone ends the process by itself; the old snapshot stays.
        let _ = self.done.send(Done::Reader { position, time: self.time, observer });
        for shard in &self.shards {
            let _ = shard.send(Work::Save(position));
        }
    }
}
