//! One segment: a SQLite file that one process writes once.
//!
//! | table | |
//! |---|---|
//! | `begin` | the chain before its first record |
//! | `batch` | a row a group commit: its records, their hash, the chain after it |
//! | `seal` | written when nothing more comes: where it ends |

use std::path::Path;

use bytes::Bytes;
use fleet::{Chain, ReceiveTime};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::chain;
use crate::shared::Sealed;
use crate::{Batch, Position, StoreError, blob, format1, wal};

/// Layout of the files, in `user_version`.
pub(crate) const FORMAT: i64 = 2;

const TABLES: &str = "
BEGIN;
CREATE TABLE begin (chain BLOB NOT NULL);
CREATE TABLE batch (
    first INTEGER PRIMARY KEY, count INTEGER NOT NULL, last_received INTEGER NOT NULL,
    hash BLOB NOT NULL, chain BLOB NOT NULL, frames BLOB NOT NULL);
CREATE TABLE seal (end INTEGER NOT NULL, last_received INTEGER NOT NULL, bytes INTEGER NOT NULL, chain BLOB NOT NULL);";

/// An open segment.
pub(crate) struct SegmentFile {
    connection: Connection,
    path: std::path::PathBuf,
    format: i64,
}

/// Where a segment ends, and what it holds up to there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Extent {
    pub end: Position,
    pub last_received: ReceiveTime,
    pub bytes: u64,
    pub chain: Chain,
}

/// One row, as it stands.
pub(crate) struct Stored {
    pub first: Position,
    pub batch: Batch,
    /// `None` in format 1.
    pub links: Option<(chain::Content, Chain)>,
}

impl SegmentFile {
    /// A new one; its name is durable once the directory is synced.
    pub fn create(path: &Path, begin: Chain) -> Result<Self, StoreError> {
        let make = || {
            let connection = Connection::open(path)?;
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
            )?;
            connection.execute_batch(TABLES)?;
            connection.execute("INSERT INTO begin (chain) VALUES (?)", [begin.as_bytes()])?;
            connection.execute_batch(&format!("PRAGMA user_version = {FORMAT}; COMMIT;"))?;
            Ok(connection)
        };
        let connection = make().map_err(StoreError::database(path))?;
        Ok(Self { connection, path: path.to_owned(), format: FORMAT })
    }

    /// One that a process left behind, with what its write-ahead log holds copied into it and synced anew: where a sync
    /// had failed, nobody knows what of the log is on disk. `None` where it never came to be.
    pub fn recover(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        if let Some(frames) = wal::mend(Path::new(&log))? {
            tracing::error!(log = %log.display(), frames, "the log of a journal segment is damaged; what can be is read");
        }
        let connection = Connection::open(path).map_err(StoreError::database(path))?;
        let Some(file) = Self::on(connection, path)? else { return Ok(None) };
        let fold = || {
            file.connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
            file.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        };
        match fold().map_err(StoreError::database(path))? {
            0 => Ok(Some(file)),
            _ => Err(StoreError::database(path)(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                Some("another process reads or writes it".to_owned()),
            ))),
        }
    }

    /// For reading, also while it is written.
    pub fn open_reader(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                connection.busy_timeout(std::time::Duration::from_secs(5)).map(|()| connection)
            })
            .map_err(StoreError::database(path))?;
        let file = Self::on(connection, path)?;
        file.ok_or_else(|| StoreError::database(path)(rusqlite::Error::QueryReturnedNoRows))
    }

    fn on(connection: Connection, path: &Path) -> Result<Option<Self>, StoreError> {
        let found = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(StoreError::database(path))?;
        match found {
            0 => Ok(None),
            1..=FORMAT => Ok(Some(Self { connection, path: path.to_owned(), format: found })),
            _ => Err(StoreError::Newer { path: path.to_owned(), found }),
        }
    }

    /// On disk and synced when it returns; gives the chain after it.
    pub fn commit(&self, sealed: &Sealed, before: Chain) -> Result<Chain, StoreError> {
        let (first, count) = (sealed.batch.first, sealed.batch.records.len());
        let last_received = sealed.last_received().ms();
        let hash = chain::content(first, count, last_received, &sealed.blob);
        let chain = before.after(&hash);
        let insert =
            "INSERT INTO batch (first, count, last_received, hash, chain, frames) VALUES (?, ?, ?, ?, ?, ?)";
        self.connection
            .prepare_cached(insert)
            .and_then(|mut statement| {
                statement.execute(params![
                    first.cast_signed(),
                    i64::try_from(count).unwrap_or(i64::MAX),
                    last_received,
                    hash,
                    chain.as_bytes(),
                    &sealed.blob[..]
                ])
            })
            .map_err(StoreError::database(&self.path))?;
        Ok(chain)
    }

    /// Nothing more comes.
    pub fn seal(&self, extent: &Extent) -> Result<(), StoreError> {
        let values = params![
            extent.end.cast_signed(),
            extent.last_received.ms(),
            extent.bytes.cast_signed(),
            extent.chain.as_bytes()
        ];
        self.connection
            .execute("INSERT INTO seal (end, last_received, bytes, chain) VALUES (?, ?, ?, ?)", values)
            .map_err(StoreError::database(&self.path))?;
        Ok(())
    }

    /// The same, where it is not done yet.
    pub fn seal_once(&self, extent: &Extent) -> Result<(), StoreError> {
        match self.sealed()? {
            Some(_) => Ok(()),
            None => self.seal(extent),
        }
    }

    /// After a failed write: closing it must not write once more.
    pub fn abandon(self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// The chain before its first record.
    pub fn begin(&self) -> Result<Chain, StoreError> {
        if self.format < FORMAT {
            return Ok(Chain::START);
        }
        self.connection
            .query_row("SELECT chain FROM begin", [], |row| row.get(0))
            .map(Chain::from_bytes)
            .map_err(StoreError::database(&self.path))
    }

    /// What its seal says; without one what its rows say, the last of which is checked.
    pub fn extent(&self, first: Position) -> Result<Extent, StoreError> {
        if let Some(sealed) = self.sealed()? {
            return Ok(sealed);
        }
        let sums =
            "SELECT max(first), coalesce(max(last_received), 0), coalesce(sum(length(frames)), 0) FROM batch";
        let (last, last_received, bytes): (Option<i64>, i64, i64) = self
            .connection
            .query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(StoreError::database(&self.path))?;
        let (end, chain) = match last {
            None => (first, self.begin()?),
            Some(last) => {
                let stored = self.read(last.cast_unsigned())?;
                (stored.end(), stored.links.map_or(Chain::START, |(_, chain)| chain))
            }
        };
        let last_received = ReceiveTime::from_ms(last_received);
        Ok(Extent { end, last_received, bytes: bytes.cast_unsigned(), chain })
    }

    /// What its seal says.
    pub fn sealed(&self) -> Result<Option<Extent>, StoreError> {
        if self.format < FORMAT {
            return Ok(None);
        }
        let read = |row: &Row<'_>| {
            Ok(Extent {
                end: row.get::<_, i64>(0)?.cast_unsigned(),
                last_received: ReceiveTime::from_ms(row.get(1)?),
                bytes: row.get::<_, i64>(2)?.cast_unsigned(),
                chain: Chain::from_bytes(row.get(3)?),
            })
        };
        self.connection
            .query_row("SELECT end, last_received, bytes, chain FROM seal", [], read)
            .optional()
            .map_err(StoreError::database(&self.path))
    }

    /// The row that holds `position`.
    pub fn read(&self, position: Position) -> Result<Stored, StoreError> {
        let missing = || StoreError::Missing { path: self.path.clone(), position };
        let columns = if self.format < FORMAT { "0, x'', checksum" } else { "last_received, hash, chain" };
        let sql = format!(
            "SELECT first, count, frames, {columns} FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1"
        );
        let stored = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row([position.cast_signed()], |row| self.parse(row)).optional()
            })
            .map_err(StoreError::database(&self.path))?
            .ok_or_else(missing)??;
        if position >= stored.end() { Err(missing()) } else { Ok(stored) }
    }

    fn parse(&self, row: &Row<'_>) -> Result<Result<Stored, StoreError>, rusqlite::Error> {
        let first = row.get::<_, i64>(0)?.cast_unsigned();
        let frames = Bytes::from(row.get::<_, Vec<u8>>(2)?);
        let damaged = StoreError::Damaged { path: self.path.clone(), first };
        let Ok(count) = usize::try_from(row.get::<_, i64>(1)?) else { return Ok(Err(damaged)) };
        let (records, links) = if self.format < FORMAT {
            let is_whole = format1::checksum(first, count, &frames) == row.get::<_, i64>(5)?;
            (is_whole.then(|| format1::parse(frames, count)).flatten(), None)
        } else {
            let hash: chain::Content = row.get(4)?;
            let is_whole = chain::content(first, count, row.get(3)?, &frames) == hash;
            let records = is_whole.then(|| blob::parse(frames, count)).flatten();
            (records, Some((hash, Chain::from_bytes(row.get(5)?))))
        };
        Ok(match records {
            Some(records) if !records.is_empty() => {
                Ok(Stored { first, batch: Batch { first, records }, links })
            }
            _ => Err(damaged),
        })
    }

    /// The first position of the next row after `position`.
    pub fn next_after(&self, position: Position) -> Result<Option<Position>, StoreError> {
        self.connection
            .prepare_cached("SELECT min(first) FROM batch WHERE first > ?")
            .and_then(|mut statement| {
                statement.query_row([position.cast_signed()], |row| row.get::<_, Option<i64>>(0))
            })
            .map(|next| next.map(i64::cast_unsigned))
            .map_err(StoreError::database(&self.path))
    }

    /// Where its last row says that it ends, damaged or not.
    pub fn claimed_end(&self) -> Option<Position> {
        let sql = "SELECT first + count FROM batch WHERE count > 0 ORDER BY first DESC LIMIT 1";
        self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).ok().map(i64::cast_unsigned)
    }

    /// Whether its rows carry a chain.
    pub const fn is_chained(&self) -> bool {
        self.format >= FORMAT
    }
}

impl Stored {
    pub fn end(&self) -> Position {
        self.batch.first + self.batch.records.len() as u64
    }
}
