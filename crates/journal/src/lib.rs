//! Raw frames on disk before anything is acknowledged: an append-only journal in SQLite segments.
//!
//! ```text
//! append ─▶ pending blob ─ writer thread ─▶ live tail ─▶ followers
//!                                   └─▶ one row a group commit, synced ─▶ durable
//! ```
//!
//! A row is one group commit: every frame of it in one blob under one hash, which is chained to all before it. Only a
//! commit whose sync succeeded makes a [`Durable`]. While the disk is full nothing is stored, appends wait, and it goes
//! on by itself; after any other failed write nothing is taken or called durable again until a restart has read what
//! there is. What is damaged is reported, counted and passed over. This crate does **not** look inside a frame.

mod blob;
mod chain;
mod error;
mod file;
mod follower;
mod format1;
mod metrics;
mod segment;
mod shared;
mod verify;
mod wal;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fleet::ReceiveTime;
use tokio::sync::watch;

pub use crate::error::StoreError;
pub use crate::follower::{Follower, ReadError};
pub use crate::segment::Durable;
pub use crate::verify::{Anchor, Verified, verify};

use crate::metrics::Metrics;
use crate::segment::{Disk, SegmentWriter, Segments};
use crate::shared::Shared;

/// Number of a record, from 0, without gaps.
pub type Position = u64;

/// Where and how the journal is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of the segments, made when it is missing.
    pub dir: PathBuf,
    /// How long a group commit gathers.
    pub commit_every: Duration,
    /// A group commit of this size starts at once.
    pub batch_bytes_max: usize,
    /// A segment past this size is closed and a new one begun.
    pub segment_bytes_max: u64,
    /// How long frames are kept.
    pub keep: Duration,
    /// How much disk all segments may take together.
    pub disk_bytes_max: u64,
    /// Where less of the disk is free, nothing is stored: the rest is for alerts and the audit log.
    pub reserve_bytes: u64,
}

impl Options {
    /// The usual values: 3 ms, 1 MiB, 256 MiB, seven days, 32 GiB, 64 MiB.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            commit_every: Duration::from_millis(3),
            batch_bytes_max: 1 << 20,
            segment_bytes_max: 256 << 20,
            keep: Duration::from_secs(7 * 86_400),
            disk_bytes_max: 32 << 30,
            reserve_bytes: 64 << 20,
        }
    }
}

/// One frame as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// When it was received: taken by the gateway, and by the journal where it had to wait for room.
    pub received: ReceiveTime,
    /// Who sent it, as the connection said; `None` for what came another way.
    pub source: Option<SocketAddr>,
    /// The raw bytes, `7e…7e`.
    pub frame: Bytes,
}

/// Consecutive records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// Position of the first one.
    pub first: Position,
    /// All of them, in order; never empty.
    pub records: Vec<Record>,
}

/// Why the journal can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or the directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The metrics are registered already.
    #[error("can't register the journal's metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// No thread.
    #[error("can't start the journal's writer thread: {0}")]
    Thread(std::io::Error),
}

/// Why a record was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// A write or sync failed before; nothing is taken until a restart.
    #[error("the journal stopped after a failed write: {0}")]
    Failed(Arc<str>),
    /// [`Journal::close`] was called.
    #[error("the journal is closed")]
    Closed,
}

/// What [`Journal::trim`] dropped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Trimmed {
    /// How many segments.
    pub segments: usize,
    /// Their size together.
    pub bytes: u64,
}

/// The journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    options: Options,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.start_closing();
    }
}

impl Journal {
    /// Opens or makes the journal and starts its writer thread.
    pub fn open(options: Options, metrics: &prometheus::Registry) -> Result<Self, OpenError> {
        Self::open_on(options, metrics, |disk| Box::new(disk))
    }

    fn open_on(
        options: Options,
        metrics: &prometheus::Registry,
        wrap: impl FnOnce(SegmentWriter) -> Box<dyn Disk>,
    ) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&options.dir).map_err(StoreError::file(&options.dir))?;
        let metrics = Metrics::register(metrics)?;
        let (segments, disk) = Segments::open(&options)?;
        let shared = Arc::new(Shared::new(segments, metrics, options.batch_bytes_max));
        writer::start(Arc::clone(&shared), wrap(disk), options.commit_every).map_err(OpenError::Thread)?;
        Ok(Self { handle: Arc::new(Handle { shared, options }) })
    }

    /// Takes records and returns the position of the first one. Waits while the buffer is full (back-pressure), and counts
    /// that time to when they were received: what came meanwhile stands before them. Durable only once
    /// [`Journal::durable`] is past them. An empty `records` takes nothing.
    pub async fn append(&self, mut records: Vec<Record>) -> Result<Position, AppendError> {
        let shared = &self.handle.shared;
        let started = Instant::now();
        let mut waited = Duration::ZERO;
        loop {
            let room = shared.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if let Some(position) = shared.try_append(&records)? {
                shared.metrics.append_seconds.observe(started.elapsed().as_secs_f64());
                return Ok(position);
            }
            room.await;
            let more = started.elapsed() - waited;
            records.iter_mut().for_each(|record| record.received = record.received.plus(more));
            waited += more;
        }
    }

    /// Takes one record and waits until it is on disk, synced.
    pub async fn keep(&self, record: Record) -> Result<Position, AppendError> {
        let shared = &self.handle.shared;
        let (mut durable, mut stopped) = (shared.durable.subscribe(), shared.stopped.subscribe());
        let position = self.append(vec![record]).await?;
        // The senders live in `shared`, which we hold: neither wait ends for want of one.
        tokio::select! {
            _ = durable.wait_for(|durable| durable.upto() > position) => return Ok(position),
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        // The writer stops after its last commit, or after the one that failed.
        if durable.borrow().upto() > position {
            return Ok(position);
        }
        Err(self.failure().map_or(AppendError::Closed, AppendError::Failed))
    }

    /// What is on disk, synced.
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.handle.shared.durable.subscribe()
    }

    /// The position that the next record will get.
    pub fn head(&self) -> Position {
        self.handle.shared.head()
    }

    /// The oldest position that is still kept.
    pub fn first(&self) -> Position {
        self.handle.shared.segments.first()
    }

    /// Where to read from for all that was received at `at` or later: at most a segment before it.
    pub fn position_at(&self, at: ReceiveTime) -> Position {
        self.handle.shared.segments.position_at(at)
    }

    /// Why the journal stopped, if it did.
    pub fn failure(&self) -> Option<Arc<str>> {
        self.handle.shared.failure()
    }

    /// Waits until the journal has stopped after a failed write, and says why; for ever where it never does.
    pub async fn failed(&self) -> Arc<str> {
        let mut stopped = self.handle.shared.stopped.subscribe();
        // The sender lives in `shared`, which we hold.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        match self.failure() {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Why nothing is stored at the moment, if so; it goes on by itself.
    pub fn suspension(&self) -> Option<Arc<str>> {
        self.handle.shared.suspension()
    }

    /// Everything from `from` on: stored records first, then live ones, in order, also before their sync.
    pub fn follow(&self, from: Position) -> Follower {
        Follower::new(Arc::clone(&self.handle.shared), from)
    }

    /// Drops whole segments that lie below `needed_from` and are past `keep` or beyond `disk_bytes_max`, oldest first.
    pub fn trim(&self, needed_from: Position, now: ReceiveTime) -> Result<Trimmed, StoreError> {
        let options = &self.handle.options;
        self.handle.shared.segments.trim(needed_from, now.minus(options.keep), options.disk_bytes_max)
    }

    /// Commits what is pending, then stops the writer.
    pub async fn close(&self) {
        let mut stopped = self.handle.shared.stopped.subscribe();
        self.handle.shared.start_closing();
        // The sender lives in `shared`, which we hold: the wait ends with the writer thread.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}

#[cfg(test)]
mod tests;
