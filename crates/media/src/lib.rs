//! Files of evidence on disk: pictures, sound and films of terminals, under the alert they prove.
//!
//! ```text
//! begin ─▶ row in index.db ─ write (any order, repeated, overlapping) ─▶ partial/ID ─ finish ─▶ whole/ID, row complete
//! ```
//!
//! Files are named here, by the number of their row; what a terminal calls them is kept as data and never becomes a
//! path. What came first stands: bytes that are there already are not written again.
//!
//! What is promised: [`Finished::Complete`] is said only after the data is synced, its length is what was announced,
//! its SHA-256 is known, it lies under its last name with both directories synced, and its row is committed. Of a file
//! under way the index lists runs of bytes only after they were synced ([`Media::keep`]); what came since is asked for
//! again after a crash. Calls block. This crate does **not** talk to terminals or judge what a file shows.

mod index;
mod kind;
mod metrics;
mod partial;
mod ranges;
mod refused;
mod spool;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::{AlertId, EventTime, ReceiveTime, TerminalId};
use rusqlite::Connection;

pub use crate::index::Entry;
pub use crate::kind::{Form, Kind};
pub use crate::refused::{OpenError, Refused, StoreError};
pub use crate::spool::PackageKey;

use crate::index::Row;
use crate::metrics::Metrics;
use crate::partial::Partial;
use crate::spool::Spool;

/// Files of one alert: what one byte of an alarm sign can announce. Further ones are refused.
const FILES_OF_ALERT_MAX: u32 = 255;
/// Bytes of a name a terminal may give; what is longer is no name of the standard.
pub const NAME_BYTES_MAX: usize = 255;

/// Where files are kept, and how many bytes of them.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory, made when it is missing.
    pub dir: PathBuf,
    /// Bytes on disk of one terminal.
    pub terminal_bytes_max: u64,
    /// Bytes on disk of all terminals.
    pub bytes_max: u64,
}

/// What a file belongs to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Origin {
    /// An alert, by the alarm sign under which the terminal holds its files.
    Alert {
        /// Which.
        alert: AlertId,
        /// As the terminal sent it; one alert may rest on several alarms of a device.
        sign: Vec<u8>,
    },
    /// Media a terminal sends of itself (0x0801).
    Event {
        /// The terminal's number for it.
        id: u32,
        /// When it was taken.
        taken: EventTime,
    },
}

/// A file that is to come.
#[derive(Clone, Debug)]
pub struct Announced<'a> {
    /// What it belongs to.
    pub origin: Origin,
    /// Who sends it.
    pub terminal: TerminalId,
    /// What the terminal calls it; at most [`NAME_BYTES_MAX`] bytes are kept.
    pub name: &'a [u8],
    /// What the terminal says it holds, as in 0x1211.
    pub kind: u8,
    /// Camera or microphone, where the terminal tells.
    pub channel: Option<u8>,
    /// Bytes of the whole file. Nothing is reserved for them.
    pub bytes: u32,
}

/// Number of a file in the index.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileId(i64);

/// What became of an announcement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begun {
    /// It is whole already.
    Complete(FileId),
    /// Data is taken.
    Open(FileId),
}

/// Whether a file is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finished {
    /// It is on disk for good.
    Complete,
    /// These bytes are missing: offset and length, in order.
    Missing(Vec<(u32, u32)>),
}

/// The store; clones share it.
#[derive(Clone)]
pub struct Media {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    /// Files that somebody sends now: a few a connection.
    open: Mutex<HashMap<FileId, Open>>,
    used: Mutex<Used>,
    spool: Spool,
    metrics: Metrics,
}

/// A file that somebody sends, and how many connections do.
struct Open {
    partial: Arc<Mutex<Partial>>,
    users: usize,
}

/// Bytes on disk.
#[derive(Debug, Default)]
struct Used {
    all: u64,
    /// One entry for each terminal that has files.
    terminals: HashMap<TerminalId, u64>,
}

impl Used {
    fn of(&self, terminal: TerminalId) -> u64 {
        self.terminals.get(&terminal).copied().unwrap_or_default()
    }
}

impl Media {
    /// Opens or makes the store, and brings in order what a crash left half done.
    pub fn open(options: Options, metrics: &prometheus::Registry) -> Result<Self, OpenError> {
        for path in [&options.dir, &partial_dir(&options.dir), &whole_dir(&options.dir)] {
            fs::create_dir_all(path)
                .map_err(|source| OpenError::Directory { path: path.to_owned(), source })?;
        }
        let spool = options.dir.join("spool");
        let spool =
            Spool::open(spool.clone()).map_err(|source| OpenError::Directory { path: spool, source })?;
        let path = options.dir.join("index.db");
        let inner = Inner {
            writer: Mutex::new(index::open_writer(&path)?),
            reader: Mutex::new(index::open_reader(&path)?),
            open: Mutex::default(),
            used: Mutex::default(),
            spool,
            metrics: Metrics::register(metrics)?,
            options,
        };
        let media = Self { inner: Arc::new(inner) };
        for row in media.reading(index::partials)? {
            media.recover(&row)?;
        }
        *lock(&media.inner.used) = media.reading(index::used)?;
        media.show_used();
        Ok(media)
    }

    /// Takes an announcement. The same file announced again goes on where it is; with another length it begins anew,
    /// unless it is whole. Each [`Begun::Open`] wants its [`Media::leave`] where the file does not become whole.
    pub fn begin(&self, file: &Announced<'_>, now: ReceiveTime) -> Result<Begun, StoreError> {
        let begun = self.begin_in(file, now);
        if let Err(StoreError::Refused(why)) = begun {
            self.inner.metrics.refuse(why);
            tracing::warn!(terminal = %file.terminal, bytes = file.bytes, reason = why.as_str(), "a file of evidence is refused");
        }
        begun
    }

    fn begin_in(&self, file: &Announced<'_>, now: ReceiveTime) -> Result<Begun, StoreError> {
        self.check_room(file.terminal, u64::from(file.bytes), 0)?;
        let (row, given_up) = index::begin(&mut lock(&self.inner.writer), file, now)?;
        if row.sha256.is_some() {
            return Ok(Begun::Complete(row.id));
        }
        let shared = {
            let mut open = lock(&self.inner.open);
            if let Some(known) = open.get_mut(&row.id) {
                known.users += 1;
                Arc::clone(&known.partial)
            } else {
                let partial = Partial::open(&partial_dir(&self.inner.options.dir), row.clone())?;
                let partial = Arc::new(Mutex::new(partial));
                open.insert(row.id, Open { partial: Arc::clone(&partial), users: 1 });
                partial
            }
        };
        let mut partial = lock(&shared);
        if let Some(listed) = given_up {
            // One that is open already may have more than the index lists.
            let there = partial.row.ranges.bytes().max(listed);
            partial.restart(row.clone())?;
            self.release(row.terminal, there);
        }
        Ok(Begun::Open(row.id))
    }

    /// Writes data at an offset; what is there already stays as it is, and what lies behind the end is dropped.
    pub fn write(&self, file: FileId, offset: u64, data: &[u8]) -> Result<(), StoreError> {
        let partial = self.under_way(file)?;
        let mut partial = lock(&partial);
        let result = self.write_to(&mut partial, offset, data);
        if let Err(StoreError::Refused(why)) = result {
            self.inner.metrics.refuse(why);
            if !std::mem::replace(&mut partial.is_refused, true) {
                tracing::warn!(terminal = %partial.row.terminal, file = file.0, reason = why.as_str(), "data of a file of evidence is refused");
            }
        }
        result
    }

    fn write_to(&self, partial: &mut Partial, offset: u64, data: &[u8]) -> Result<(), StoreError> {
        let end = offset.saturating_add(data.len() as u64);
        let (Ok(from), size) = (u32::try_from(offset), partial.row.bytes) else {
            return Err(Refused::Outside.into());
        };
        let to = u32::try_from(end).unwrap_or(u32::MAX).min(size);
        for (from, to) in partial.row.ranges.gaps(from, to) {
            let new = u64::from(to - from);
            self.take_room(partial.row.terminal, new)?;
            let at = usize::try_from(u64::from(from) - offset).unwrap_or(usize::MAX);
            let run = data.get(at..).and_then(|rest| rest.get(..usize::try_from(new).unwrap_or(usize::MAX)));
            if let Err(error) = partial.write(from, run.unwrap_or_default()) {
                self.release(partial.row.terminal, new);
                return Err(error);
            }
        }
        if end > u64::from(size) { Err(Refused::Outside.into()) } else { Ok(()) }
    }

    /// Syncs what has come of a file under way and lists it in the index: it need not be sent again after a restart.
    pub fn keep(&self, file: FileId) -> Result<(), StoreError> {
        let partial = self.under_way(file)?;
        let mut partial = lock(&partial);
        self.keep_partial(&mut partial)
    }

    fn keep_partial(&self, partial: &mut Partial) -> Result<(), StoreError> {
        if partial.sync()? {
            index::keep(&lock(&self.inner.writer), &partial.row)?;
        }
        Ok(())
    }

    /// The terminal says that all of it was sent. Where nothing is missing the file is whole and durable afterwards;
    /// else what has come is kept, and at most `gaps_max` gaps are told.
    pub fn finish(&self, file: FileId, gaps_max: usize, now: ReceiveTime) -> Result<Finished, StoreError> {
        let shared = match self.under_way(file) {
            // Another connection may have finished it just now.
            Err(StoreError::Unknown(_)) if self.is_complete(file)? => return Ok(Finished::Complete),
            shared => shared?,
        };
        let mut partial = lock(&shared);
        if partial.is_done {
            return Ok(Finished::Complete);
        }
        let gaps = partial.row.ranges.gaps(0, partial.row.bytes);
        if !gaps.is_empty() {
            self.keep_partial(&mut partial)?;
            let gaps = gaps.into_iter().take(gaps_max).map(|(from, to)| (from, to - from)).collect();
            return Ok(Finished::Missing(gaps));
        }
        partial.complete(&whole_dir(&self.inner.options.dir))?;
        self.commit(&partial.row, now)?;
        partial.is_done = true;
        // Never both locks at once in this order: `begin` takes them in the other one.
        drop(partial);
        lock(&self.inner.open).remove(&file);
        Ok(Finished::Complete)
    }

    /// The connection that began this file sends no more of it. What has come is kept.
    pub fn leave(&self, file: FileId) -> Result<(), StoreError> {
        let shared = match lock(&self.inner.open).get_mut(&file) {
            Some(open) => {
                open.users = open.users.saturating_sub(1);
                Arc::clone(&open.partial)
            }
            None => return Ok(()),
        };
        let kept = self.keep_partial(&mut lock(&shared));
        let mut open = lock(&self.inner.open);
        if open.get(&file).is_some_and(|open| open.users == 0) {
            open.remove(&file);
        }
        kept
    }

    /// Keeps one package of media that comes in several, in any order and again; where it was the last one missing `join`
    /// is given all of it, up to 16 MB, one media at a time. Nothing is promised of a media before that.
    pub fn package<T>(
        &self,
        key: PackageKey,
        index: u16,
        bytes: &[u8],
        join: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        let joined = self.inner.spool.insert(key, index, bytes, join);
        if let Err(StoreError::Refused(why)) = joined {
            self.inner.metrics.refuse(why);
        }
        joined
    }

    /// The files of an alert, in the order they began.
    pub fn of_alert(&self, alert: AlertId) -> Result<Vec<Entry>, StoreError> {
        self.reading(|reader| index::of_alert(reader, alert))
    }

    /// The files a terminal sent of itself, taken between two moments, oldest first; at most `limit`.
    pub fn of_terminal(
        &self,
        terminal: TerminalId,
        (from, to): (EventTime, EventTime),
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.reading(|reader| index::of_terminal(reader, terminal, from, to, limit))
    }

    /// A whole file, for reading.
    pub fn read(&self, file: FileId) -> Result<File, StoreError> {
        Ok(File::open(path_of(&whole_dir(&self.inner.options.dir), file))?)
    }

    /// Drops files that nothing has been added to since `before`, but those of alerts `is_kept` says yes to: an alert
    /// that somebody still works on keeps its proof. Returns how many went.
    pub fn trim(
        &self,
        before: ReceiveTime,
        is_kept: &mut dyn FnMut(AlertId) -> bool,
    ) -> Result<u64, StoreError> {
        let mut gone = 0;
        for row in self.reading(|reader| index::older(reader, before))? {
            let Row { id, terminal, .. } = row;
            if row.alert.is_some_and(&mut *is_kept) || lock(&self.inner.open).contains_key(&id) {
                continue;
            }
            // First the file: a row without one is met again by the next trim, a file without a row never.
            for dir in [partial_dir(&self.inner.options.dir), whole_dir(&self.inner.options.dir)] {
                match fs::remove_file(path_of(&dir, id)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                    Ok(()) | Err(_) => {}
                }
            }
            index::remove(&lock(&self.inner.writer), id)?;
            self.release(terminal, row.stored());
            gone += 1;
        }
        Ok(gone)
    }

    fn commit(&self, row: &Row, now: ReceiveTime) -> Result<(), StoreError> {
        index::complete(&lock(&self.inner.writer), row, now)?;
        self.inner.metrics.completed.inc();
        Ok(())
    }

    /// A crash may lie between a file's last name and its row, or between its data and the sync of them.
    fn recover(&self, row: &Row) -> Result<(), StoreError> {
        let whole = path_of(&whole_dir(&self.inner.options.dir), row.id);
        let mut row = row.clone();
        if fs::metadata(&whole).is_ok_and(|there| there.len() == u64::from(row.bytes)) {
            partial::describe(&whole, &mut row)?;
            return self.commit(&row, row.changed);
        }
        let partial = path_of(&partial_dir(&self.inner.options.dir), row.id);
        let there = fs::metadata(&partial).map_or(0, |there| there.len());
        let before = row.ranges.clone();
        row.ranges.cut(u32::try_from(there).unwrap_or(u32::MAX));
        if row.ranges != before {
            tracing::warn!(
                file = row.id.0,
                "a file of evidence is shorter than its index, the rest is asked for again"
            );
            index::keep(&lock(&self.inner.writer), &row)?;
        }
        Ok(())
    }

    fn is_complete(&self, file: FileId) -> Result<bool, StoreError> {
        self.reading(|reader| index::is_complete(reader, file))
    }

    fn under_way(&self, file: FileId) -> Result<Arc<Mutex<Partial>>, StoreError> {
        let open = lock(&self.inner.open);
        open.get(&file).map(|open| Arc::clone(&open.partial)).ok_or(StoreError::Unknown(file))
    }

    fn reading<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        Ok(work(&lock(&self.inner.reader))?)
    }

    /// Whether so much more would fit, and a file of this size at all.
    fn check_room(&self, terminal: TerminalId, size: u64, new: u64) -> Result<(), Refused> {
        let Options { terminal_bytes_max, bytes_max, .. } = self.inner.options;
        let used = lock(&self.inner.used);
        if size > terminal_bytes_max || used.of(terminal) + new > terminal_bytes_max {
            Err(Refused::Share)
        } else if size > bytes_max || used.all + new > bytes_max {
            Err(Refused::Full)
        } else {
            Ok(())
        }
    }

    fn take_room(&self, terminal: TerminalId, new: u64) -> Result<(), StoreError> {
        self.check_room(terminal, 0, new)?;
        let mut used = lock(&self.inner.used);
        used.all += new;
        *used.terminals.entry(terminal).or_default() += new;
        drop(used);
        self.show_used();
        Ok(())
    }

    fn release(&self, terminal: TerminalId, gone: u64) {
        let mut used = lock(&self.inner.used);
        used.all = used.all.saturating_sub(gone);
        if let Some(of) = used.terminals.get_mut(&terminal) {
            *of = of.saturating_sub(gone);
            if *of == 0 {
                used.terminals.remove(&terminal);
            }
        }
        drop(used);
        self.show_used();
    }

    fn show_used(&self) {
        self.inner.metrics.bytes.set(i64::try_from(lock(&self.inner.used).all).unwrap_or(i64::MAX));
    }
}

fn partial_dir(dir: &Path) -> PathBuf {
    dir.join("partial")
}

fn whole_dir(dir: &Path) -> PathBuf {
    dir.join("whole")
}

/// The name is a number of ours.
fn path_of(dir: &Path, file: FileId) -> PathBuf {
    dir.join(format!("{:016x}", file.0))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked left a transaction that was rolled back, or a file whose runs say what is there.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
