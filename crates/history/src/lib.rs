//! Where every vehicle was: positions in packed chunks, one SQLite row a chunk.
//!
//! Fixes gather in memory, one open chunk a vehicle, and go to disk by [`History::flush`] in one transaction. The
//! same fix met again, after the journal is replayed, is stored once. This crate does **not** judge positions.

mod chunk;
pub mod influx;
mod metrics;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::{EventTime, Fix, TerminalId};
use rusqlite::Connection;

use crate::metrics::Metrics;

/// Fixes of a chunk; a full one starts a flush of its own vehicle.
const CHUNK_FIXES_MAX: usize = 128;

/// Fixes in memory over all vehicles, about 32 MB; beyond it an append flushes.
const OPEN_FIXES_MAX: usize = 1 << 20;

/// Why the history can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory.
    #[error("can't make history directory {path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite.
    #[error("can't open history {path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Written by a newer version.
    #[error("history {path} has format {found}, this version reads up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The metrics are registered already.
    #[error("can't register the history's metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Why the history can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("history: {0}")]
    Database(#[from] rusqlite::Error),
    /// A chunk isn't whole.
    #[error("history chunk {seq} of terminal {terminal} is damaged, it holds no whole fixes")]
    Damaged {
        /// Its row.
        seq: i64,
        /// Whose.
        terminal: TerminalId,
    },
}

/// The history; clones share it.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    open: Mutex<Open>,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    metrics: Metrics,
}

/// What is not on disk yet.
#[derive(Default)]
struct Open {
    chunks: HashMap<TerminalId, Vec<Fix>>,
    fixes: usize,
}

impl History {
    /// Opens or makes the history in `dir`.
    pub fn open(dir: &Path, metrics: &prometheus::Registry) -> Result<Self, OpenError> {
        let (writer, reader) = store::open(dir)?;
        let inner = Inner {
            open: Mutex::default(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            metrics: Metrics::register(metrics)?,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes a fix, in memory. When memory is full everything is flushed first; if that fails the fix is dropped and counted.
    pub fn append(&self, terminal: TerminalId, fix: &Fix) {
        if lock(&self.inner.open).fixes >= OPEN_FIXES_MAX
            && let Err(error) = self.flush()
        {
            tracing::error!(%error, "history can't be written");
        }
        let mut open = lock(&self.inner.open);
        if open.fixes >= OPEN_FIXES_MAX {
            self.inner.metrics.dropped.inc();
            return;
        }
        open.chunks.entry(terminal).or_default().push(*fix);
        open.fixes += 1;
    }

    /// Everything taken before is on disk when it returns. After an error it is still in memory.
    pub fn flush(&self) -> Result<(), StoreError> {
        let mut writer = lock(&self.inner.writer);
        // Taken while the writer is held, so that two flushes can't pass each other; tracks see it in memory until it is on disk.
        let taken = lock(&self.inner.open).chunks.clone();
        if taken.is_empty() {
            return Ok(());
        }
        if let Err(error) = store::write(&mut writer, &taken) {
            self.inner.metrics.write_failures.inc();
            return Err(error);
        }
        let mut open = lock(&self.inner.open);
        for (terminal, written) in &taken {
            let Some(fixes) = open.chunks.get_mut(terminal) else { continue };
            fixes.drain(..written.len());
            if fixes.is_empty() {
                open.chunks.remove(terminal);
            }
            open.fixes -= written.len();
        }
        self.inner.metrics.fixes.inc_by(taken.values().map(|fixes| fixes.len() as u64).sum());
        Ok(())
    }

    /// At most `limit` fixes from `from` up to, not including, `to`, oldest first, with what is still in memory.
    pub fn track(
        &self,
        terminal: TerminalId,
        from: EventTime,
        to: EventTime,
        limit: usize,
    ) -> Result<Vec<Fix>, StoreError> {
        // Memory before disk: what a flush moves between the two reads is then seen twice, never missed.
        let mut fixes = lock(&self.inner.open).chunks.get(&terminal).cloned().unwrap_or_default();
        fixes.extend(store::read(&lock(&self.inner.reader), terminal, from, to)?);
        fixes.retain(|fix| (from..to).contains(&fix.at));
        store::sort(&mut fixes);
        fixes.truncate(limit);
        Ok(fixes)
    }

    /// Drops whole days (UTC+8) before that of `before`; returns how many chunks went.
    pub fn trim(&self, before: EventTime) -> Result<u64, StoreError> {
        Ok(store::trim(&lock(&self.inner.writer), before.day())?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
