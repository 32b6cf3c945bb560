//! What appenders, the writer thread and followers share.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fleet::ReceiveTime;
use tokio::sync::{Notify, watch};

use crate::metrics::Metrics;
use crate::segment::Segments;
use crate::{AppendError, Batch, Durable, Position, Record, blob};

/// Batches that waiting appends may fill while one is being written. With it the memory of the buffer is at most
/// this many times `batch_bytes_max` and one append more.
const BUFFER_BATCHES: usize = 4;

/// Memory of the live tail, all in: some ten seconds of 5,000 records a second. A follower that is further behind reads
/// from disk.
const TAIL_BYTES_MAX: usize = 16 << 20;

/// What a batch takes beside its bytes and its records: two counted boxes, what its bytes are shared by, their place in
/// the tail, and what the allocator adds to each. Where little comes, each record is a batch of its own.
const BATCH_OVERHEAD_BYTES: usize = 256;

pub(crate) struct Shared {
    pub segments: Segments,
    pub metrics: Metrics,
    pub batch_bytes_max: usize,
    pending: Mutex<Pending>,
    /// Rung when there is something to write or to end.
    work: Condvar,
    /// Rung when the buffer has been taken or the journal ended.
    pub room: Notify,
    tail: Mutex<Tail>,
    pub durable: watch::Sender<Durable>,
    /// Every record below this is in the tail or on disk.
    pub published: watch::Sender<Position>,
    pub stopped: watch::Sender<bool>,
}

struct Pending {
    first: Position,
    count: usize,
    blob: Vec<u8>,
    /// Of the last record in `blob`.
    source: Option<SocketAddr>,
    since: Option<Instant>,
    closing: bool,
    failed: Option<Arc<str>>,
    /// Why nothing is stored at the moment.
    suspended: Option<Arc<str>>,
}

/// One group commit.
pub(crate) struct Sealed {
    pub batch: Arc<Batch>,
    pub blob: Bytes,
}

/// The newest batches, at most [`TAIL_BYTES_MAX`] of them, or one that is larger.
#[derive(Default)]
struct Tail {
    batches: VecDeque<Arc<Sealed>>,
    bytes: usize,
}

impl Sealed {
    /// What it takes in memory.
    fn bytes(&self) -> usize {
        self.blob.len() + self.batch.records.capacity() * size_of::<Record>() + BATCH_OVERHEAD_BYTES
    }

    pub fn end(&self) -> Position {
        self.batch.first + self.batch.records.len() as u64
    }

    pub fn last_received(&self) -> ReceiveTime {
        self.batch.records.iter().map(|record| record.received).max().unwrap_or_default()
    }
}

impl Shared {
    pub fn new(segments: Segments, metrics: Metrics, batch_bytes_max: usize) -> Self {
        let opened = segments.opened();
        let head = opened.upto();
        Self {
            segments,
            metrics,
            batch_bytes_max: batch_bytes_max.max(1),
            pending: Mutex::new(Pending {
                first: head,
                count: 0,
                blob: Vec::new(),
                source: None,
                since: None,
                closing: false,
                failed: None,
                suspended: None,
            }),
            work: Condvar::new(),
            room: Notify::new(),
            tail: Mutex::default(),
            durable: watch::Sender::new(opened),
            published: watch::Sender::new(head),
            stopped: watch::Sender::new(false),
        }
    }

    /// `None` when the buffer is full.
    pub fn try_append(&self, records: &[Record]) -> Result<Option<Position>, AppendError> {
        let mut pending = lock(&self.pending);
        if let Some(failed) = &pending.failed {
            return Err(AppendError::Failed(Arc::clone(failed)));
        }
        if pending.closing {
            return Err(AppendError::Closed);
        }
        if pending.blob.len() >= self.batch_bytes_max.saturating_mul(BUFFER_BATCHES) {
            return Ok(None);
        }
        let position = pending.first + pending.count as u64;
        if records.is_empty() {
            return Ok(Some(position));
        }
        pending.blob.reserve(records.iter().map(blob::record_bytes).sum());
        for record in records {
            let before = pending.source;
            blob::put_record(&mut pending.blob, record, before);
            pending.source = record.source;
        }
        pending.count += records.len();
        let was_idle = pending.since.is_none();
        pending.since.get_or_insert_with(Instant::now);
        if was_idle || pending.blob.len() >= self.batch_bytes_max {
            self.work.notify_one();
        }
        Ok(Some(position))
    }

    /// Waits for the next group commit; `None` when the journal is closed and everything is taken.
    pub fn take(&self, commit_every: Duration) -> Option<Arc<Sealed>> {
        let mut pending = lock(&self.pending);
        loop {
            let wait = match pending.since {
                None if pending.closing => return None,
                None => None,
                Some(since) => Some(commit_every.saturating_sub(since.elapsed())),
            };
            let full = pending.closing || pending.blob.len() >= self.batch_bytes_max;
            pending = match wait {
                Some(wait) if full || wait.is_zero() => break,
                Some(wait) => self.work.wait_timeout(pending, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.work.wait(pending).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let first = pending.first;
        let count = std::mem::take(&mut pending.count);
        let blob = std::mem::take(&mut pending.blob);
        pending.first = first + count as u64;
        (pending.since, pending.source) = (None, None);
        drop(pending);
        self.room.notify_waiters();
        // Of its own length: it grew by doubling, and stays in the tail for a while.
        let blob = Bytes::from(blob.into_boxed_slice());
        let records = blob::parse(blob.clone(), count).expect("the blob was made by put_record");
        Some(Arc::new(Sealed { batch: Arc::new(Batch { first, records }), blob }))
    }

    /// Shows a batch to followers, before it is written.
    pub fn publish(&self, sealed: &Arc<Sealed>) {
        let mut tail = lock(&self.tail);
        tail.batches.push_back(Arc::clone(sealed));
        tail.bytes += sealed.bytes();
        // All but the newest are on disk: the writer publishes one at a time.
        while tail.bytes > TAIL_BYTES_MAX && tail.batches.len() > 1 {
            tail.bytes -= tail.batches.pop_front().map_or(0, |sealed| sealed.bytes());
        }
        drop(tail);
        self.published.send_replace(sealed.end());
    }

    /// The batch of the live tail that holds `position`.
    pub fn live(&self, position: Position) -> Option<Arc<Batch>> {
        let tail = lock(&self.tail);
        let at = tail.batches.partition_point(|sealed| sealed.end() <= position);
        tail.batches
            .get(at)
            .filter(|sealed| sealed.batch.first <= position)
            .map(|sealed| Arc::clone(&sealed.batch))
    }

    /// Nothing is taken and nothing called durable from here on.
    pub fn fail(&self, text: &str) {
        lock(&self.pending).failed = Some(Arc::from(text));
        self.metrics.failed.set(1);
    }

    /// Nothing is stored until [`Self::resume`]; appends wait once the buffer is full.
    pub fn suspend(&self, text: &str) {
        lock(&self.pending).suspended = Some(Arc::from(text));
        self.metrics.suspended.set(1);
    }

    pub fn resume(&self) {
        lock(&self.pending).suspended = None;
        self.metrics.suspended.set(0);
    }

    pub fn suspension(&self) -> Option<Arc<str>> {
        lock(&self.pending).suspended.clone()
    }

    /// Rests until the next try; whether the journal is being closed meanwhile.
    pub fn rest(&self, wait: Duration) -> bool {
        let pending = lock(&self.pending);
        let is_open = |pending: &mut Pending| !pending.closing;
        let rested = self.work.wait_timeout_while(pending, wait, is_open);
        rested.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    pub fn failure(&self) -> Option<Arc<str>> {
        lock(&self.pending).failed.clone()
    }

    pub fn start_closing(&self) {
        lock(&self.pending).closing = true;
        self.work.notify_one();
        self.room.notify_waiters();
    }

    pub fn head(&self) -> Position {
        let pending = lock(&self.pending);
        pending.first + pending.count as u64
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
