//! Segments on disk: one SQLite file each, named by its first position.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use fleet::ReceiveTime;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::follower::ReadError;
use crate::shared::{Sealed, lock};
use crate::{Batch, Position, Trimmed, blob};

/// Layout of the files, in `user_version`.
const FORMAT: i64 = 1;

/// Why a segment can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system.
    #[error("can't use {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite.
    #[error("can't use journal segment {path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A batch doesn't fit its checksum.
    #[error("journal segment {path} is damaged in the batch at record {first}, its checksum differs")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Its first record.
        first: Position,
    },
    /// Records are missing between others.
    #[error("journal segment {path} misses record {position}, records have no gaps")]
    Missing {
        /// Which file.
        path: PathBuf,
        /// The one missing.
        position: Position,
    },
    /// Written by a newer version.
    #[error("journal segment {path} has format {found}, this version reads up to {FORMAT}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
}

/// Where group commits go; the seam for faults in tests.
pub(crate) trait Disk: Send {
    /// On disk and synced when it returns.
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<(), StoreError>;
}

/// What is known of every segment, oldest first; the last one is being written.
pub(crate) struct Segments {
    dir: PathBuf,
    index: Mutex<Vec<Segment>>,
    head: Position,
}

#[derive(Clone, Debug)]
struct Segment {
    first: Position,
    end: Position,
    last_received: ReceiveTime,
    bytes: u64,
}

/// A follower's open segment.
pub(crate) struct Reader {
    first: Position,
    connection: Connection,
}

/// The segment being written.
pub(crate) struct SegmentWriter {
    connection: Connection,
    path: PathBuf,
    bytes_max: u64,
}

impl Segments {
    pub fn open(dir: &Path, bytes_max: u64) -> Result<(Self, SegmentWriter), StoreError> {
        fs::create_dir_all(dir).map_err(|source| StoreError::File { path: dir.to_owned(), source })?;
        let mut index = Vec::new();
        for first in segment_names(dir)? {
            let path = segment_path(dir, first);
            let connection = open_segment(&path)?;
            let segment = describe(&connection, &path, first).map_err(|e| e.into_store(&path))?;
            if let Some(end) = index.last().map(|before: &Segment| before.end).filter(|end| *end != first) {
                return Err(StoreError::Missing { path, position: end });
            }
            index.push(segment);
        }
        if index.is_empty() {
            index.push(Segment { first: 0, end: 0, last_received: ReceiveTime::default(), bytes: 0 });
        }
        let (first, head) = index.last().map_or((0, 0), |last| (last.first, last.end));
        let path = segment_path(dir, first);
        let writer = SegmentWriter { connection: open_segment(&path)?, path, bytes_max };
        sync_dir(dir)?;
        Ok((Self { dir: dir.to_owned(), index: Mutex::new(index), head }, writer))
    }

    /// The position after the last record at opening.
    pub const fn head(&self) -> Position {
        self.head
    }

    pub fn first(&self) -> Position {
        lock(&self.index).first().map_or(0, |segment| segment.first)
    }

    /// The first record of the segment that may hold what was received at `at`, or where the stored records end.
    pub fn position_at(&self, at: ReceiveTime) -> Position {
        let index = lock(&self.index);
        let end = index.last().map_or(0, |last| last.end);
        index.iter().find(|segment| segment.last_received >= at).map_or(end, |segment| segment.first)
    }

    /// The stored batch that holds `position`.
    pub fn read(&self, position: Position, reader: Option<Reader>) -> Result<(Batch, Reader), ReadError> {
        let first = {
            let index = lock(&self.index);
            let after = index.partition_point(|segment| segment.first <= position);
            let oldest = index.first().map_or(0, |segment| segment.first);
            match after.checked_sub(1).and_then(|at| index.get(at)) {
                Some(segment) => segment.first,
                None => return Err(ReadError::Trimmed { position, first: oldest }),
            }
        };
        let path = segment_path(&self.dir, first);
        let reader = match reader {
            Some(reader) if reader.first == first => reader,
            _ => Reader { first, connection: open_reader(&path)? },
        };
        let batch = read_batch(&reader.connection, &path, position)?;
        Ok((batch, reader))
    }

    pub fn trim(
        &self,
        needed_from: Position,
        keep_from: ReceiveTime,
        disk_bytes_max: u64,
    ) -> Result<Trimmed, StoreError> {
        let mut index = lock(&self.index);
        let mut total: u64 = index.iter().map(|segment| segment.bytes).sum();
        let mut trimmed = Trimmed::default();
        while index.len() > 1 {
            let oldest = &index[0];
            let droppable = oldest.last_received < keep_from || total > disk_bytes_max;
            if oldest.end > needed_from || !droppable {
                break;
            }
            remove_segment(&segment_path(&self.dir, oldest.first))?;
            total = total.saturating_sub(oldest.bytes);
            trimmed.segments += 1;
            trimmed.bytes += oldest.bytes;
            index.remove(0);
        }
        Ok(trimmed)
    }
}

impl Disk for SegmentWriter {
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<(), StoreError> {
        let first = sealed.batch.first;
        let full = lock(&segments.index).last().is_some_and(|last| last.bytes >= self.bytes_max);
        if full {
            self.path = segment_path(&segments.dir, first);
            self.connection = open_segment(&self.path)?;
            sync_dir(&segments.dir)?;
            lock(&segments.index).push(Segment {
                first,
                end: first,
                last_received: ReceiveTime::default(),
                bytes: 0,
            });
        }
        let count = sealed.batch.records.len();
        let last_received = sealed.batch.records.iter().map(|record| record.received).max();
        let last_received = last_received.unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT INTO batch (first, count, last_received, checksum, frames) VALUES (?, ?, ?, ?, ?)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    first.cast_signed(),
                    i64::try_from(count).unwrap_or(i64::MAX),
                    last_received.ms(),
                    blob::checksum(first, count, &sealed.blob),
                    &sealed.blob[..]
                ])
            })
            .map_err(|source| StoreError::Database { path: self.path.clone(), source })?;
        if let Some(last) = lock(&segments.index).last_mut() {
            last.end = sealed.end();
            last.last_received = last.last_received.max(last_received);
            last.bytes += sealed.blob.len() as u64;
        }
        Ok(())
    }
}

fn read_batch(connection: &Connection, path: &Path, position: Position) -> Result<Batch, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT first, count, checksum, frames FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([position.cast_signed()], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?))
                })
                .optional()
        })
        .map_err(|source| StoreError::Database { path: path.to_owned(), source })?;
    let missing = || StoreError::Missing { path: path.to_owned(), position };
    let (first, count, checksum, frames): (i64, i64, i64, Vec<u8>) = row.ok_or_else(missing)?;
    let first = first.cast_unsigned();
    let damaged = || StoreError::Damaged { path: path.to_owned(), first };
    let count = usize::try_from(count).map_err(|_| damaged())?;
    if blob::checksum(first, count, &frames) != checksum {
        return Err(damaged());
    }
    let records = blob::parse(Bytes::from(frames), count).ok_or_else(damaged)?;
    if position >= first + records.len() as u64 {
        return Err(missing());
    }
    Ok(Batch { first, records })
}

/// Either kind of failure while a segment is described.
enum DescribeError {
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl DescribeError {
    fn into_store(self, path: &Path) -> StoreError {
        match self {
            Self::Sqlite(source) => StoreError::Database { path: path.to_owned(), source },
            Self::Store(error) => error,
        }
    }
}

/// The last batch is checked too: a torn tail is cut off by SQLite, what is left must be whole.
fn describe(connection: &Connection, path: &Path, first: Position) -> Result<Segment, DescribeError> {
    let sums =
        "SELECT max(first), coalesce(max(last_received), 0), coalesce(sum(length(frames)), 0) FROM batch";
    let (last, last_received, bytes): (Option<i64>, i64, i64) = connection
        .query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(DescribeError::Sqlite)?;
    let end = match last {
        None => first,
        Some(last) => {
            let batch = read_batch(connection, path, last.cast_unsigned()).map_err(DescribeError::Store)?;
            batch.first + batch.records.len() as u64
        }
    };
    let last_received = ReceiveTime::from_ms(last_received);
    Ok(Segment { first, end, last_received, bytes: bytes.cast_unsigned() })
}

fn open_segment(path: &Path) -> Result<Connection, StoreError> {
    let wrong = |source| StoreError::Database { path: path.to_owned(), source };
    let connection = Connection::open(path).map_err(wrong)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found });
    }
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA busy_timeout = 5000;
             CREATE TABLE IF NOT EXISTS batch (
                 first INTEGER PRIMARY KEY, count INTEGER NOT NULL, last_received INTEGER NOT NULL,
                 checksum INTEGER NOT NULL, frames BLOB NOT NULL);
             PRAGMA user_version = 1;",
        )
        .map_err(wrong)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags);
    connection
        .and_then(|connection| {
            connection.busy_timeout(std::time::Duration::from_secs(5)).map(|()| connection)
        })
        .map_err(|source| StoreError::Database { path: path.to_owned(), source })
}

fn segment_path(dir: &Path, first: Position) -> PathBuf {
    dir.join(format!("{first:020}.sqlite"))
}

fn segment_names(dir: &Path) -> Result<Vec<Position>, StoreError> {
    let wrong = |source| StoreError::File { path: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(wrong)? {
        let name = entry.map_err(wrong)?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".sqlite")).map(str::parse);
        if let Some(Ok(first)) = first {
            names.push(first);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn remove_segment(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { path: name.into(), source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// A new file's name is durable only once its directory is.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|file| file.sync_all())
        .map_err(|source| StoreError::File { path: dir.to_owned(), source })
}
