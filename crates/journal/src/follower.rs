//! Reads from any position on: from disk while behind, from the live tail once caught up.

use std::sync::Arc;

use tokio::sync::watch;

use crate::segment::Reader;
use crate::shared::Shared;
use crate::{Batch, Position, StoreError};

/// Why records can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// They were dropped by a trim.
    #[error("record {position} was trimmed, the oldest kept is {first}")]
    Trimmed {
        /// The one asked for.
        position: Position,
        /// The oldest there is.
        first: Position,
    },
    /// A file can't be read, or what it holds is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal stopped after a failed write.
    #[error("the journal stopped after a failed write: {0}")]
    Failed(Arc<str>),
    /// The blocking read was cancelled.
    #[error("reading the journal was cut off: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// A position in the journal that moves on, over what is damaged too; holds no records, so a slow one costs nothing.
pub struct Follower {
    shared: Arc<Shared>,
    position: Position,
    published: watch::Receiver<Position>,
    stopped: watch::Receiver<bool>,
    reader: Option<Reader>,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, position: Position) -> Self {
        let published = shared.published.subscribe();
        let stopped = shared.stopped.subscribe();
        Self { shared, position, published, stopped, reader: None }
    }

    /// The position of the next record.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The next records; `None` once the journal is closed and all are read.
    pub async fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        loop {
            let stopped = *self.stopped.borrow_and_update();
            if self.position < *self.published.borrow_and_update() {
                let batch = match self.shared.live(self.position) {
                    Some(batch) => batch,
                    None => match self.stored().await {
                        Ok(batch) => batch,
                        Err(ReadError::Store(error)) if error.is_damage() => {
                            self.pass_over(&error).await?;
                            continue;
                        }
                        Err(error) => return Err(error),
                    },
                };
                return Ok(Some(self.advance(batch)));
            }
            if stopped {
                return self.shared.failure().map_or(Ok(None), |text| Err(ReadError::Failed(text)));
            }
            // Neither sender can go away before `shared`, which we hold.
            tokio::select! {
                _ = self.published.changed() => {}
                _ = self.stopped.changed() => {}
            }
        }
    }

    async fn stored(&mut self) -> Result<Arc<Batch>, ReadError> {
        let (shared, position, reader) = (Arc::clone(&self.shared), self.position, self.reader.take());
        let (batch, reader) =
            tokio::task::spawn_blocking(move || shared.segments.read(position, reader)).await??;
        self.reader = Some(reader);
        Ok(Arc::new(batch))
    }

    /// What can't be read is lost; what comes behind it is not.
    async fn pass_over(&mut self, error: &StoreError) -> Result<(), ReadError> {
        let (shared, position) = (Arc::clone(&self.shared), self.position);
        let next = tokio::task::spawn_blocking(move || shared.segments.next_after(position)).await?;
        let lost = next - position;
        tracing::error!(%error, position, lost, "records of the journal are damaged and passed over");
        self.shared.metrics.damaged.inc_by(lost);
        self.position = next;
        Ok(())
    }

    fn advance(&mut self, batch: Arc<Batch>) -> Arc<Batch> {
        let skip = usize::try_from(self.position - batch.first).unwrap_or(usize::MAX);
        let first = self.position;
        self.position = batch.first + batch.records.len() as u64;
        if skip == 0 {
            return batch;
        }
        Arc::new(Batch { first, records: batch.records[skip..].to_vec() })
    }
}
