//! The table of files: what each belongs to, how much of it is there.

use std::path::Path;
use std::time::Duration;

use fleet::{AlertId, EventTime, ReceiveTime, TerminalId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::kind::{Form, Kind};
use crate::ranges::Ranges;
use crate::{
    Announced, FILES_OF_ALERT_MAX, FileId, NAME_BYTES_MAX, OpenError, Origin, Refused, StoreError, Used,
};

const FORMAT: i64 = 1;

/// `alert` is empty for media a terminal sent of itself; `mark` is the alarm sign or the media's number.
const TABLES: &str = "
BEGIN;
CREATE TABLE IF NOT EXISTS file (
    id INTEGER PRIMARY KEY AUTOINCREMENT, alert BLOB NOT NULL, mark BLOB NOT NULL, terminal TEXT NOT NULL,
    name BLOB NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, channel INTEGER, taken INTEGER,
    bytes INTEGER NOT NULL, stored INTEGER NOT NULL, ranges BLOB NOT NULL, began INTEGER NOT NULL,
    changed INTEGER NOT NULL, sha256 BLOB, extension TEXT NOT NULL DEFAULT 'bin',
    UNIQUE (alert, terminal, mark, name));
CREATE INDEX IF NOT EXISTS file_under_way ON file (id) WHERE sha256 IS NULL;
CREATE INDEX IF NOT EXISTS file_by_terminal ON file (terminal, taken) WHERE taken IS NOT NULL;
CREATE INDEX IF NOT EXISTS file_by_age ON file (changed);
PRAGMA user_version = 1;
COMMIT;";

pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let wrong = |source| OpenError::Database { path: path.to_owned(), source };
    let connection = Connection::open(path).map_err(wrong)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
    if found > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    connection.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .and_then(|()| connection.execute_batch(TABLES))
        .map_err(wrong)?;
    Ok(connection)
}

pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.busy_timeout(Duration::from_secs(5)).map(|()| connection))
        .map_err(|source| OpenError::Database { path: path.to_owned(), source })
}

/// A file as the store needs it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: FileId,
    pub alert: Option<AlertId>,
    pub terminal: TerminalId,
    pub bytes: u32,
    pub ranges: Ranges,
    pub changed: ReceiveTime,
    pub sha256: Option<[u8; 32]>,
    pub form: Form,
}

impl Row {
    /// Bytes it takes on disk.
    pub(crate) fn stored(&self) -> u64 {
        if self.sha256.is_some() { self.bytes.into() } else { self.ranges.bytes() }
    }
}

/// A file as others see it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the index.
    pub id: FileId,
    /// Its number among the files of its alert, from 1.
    pub number: u32,
    /// Who sent it.
    pub terminal: TerminalId,
    /// What the terminal calls it: any bytes at all.
    pub name: Vec<u8>,
    /// What the terminal says it holds.
    pub announced: Kind,
    /// Camera or microphone: 0 to 37 as in JT/T 1076, 64 ADAS, 65 DSM, where the terminal tells.
    pub channel: Option<u8>,
    /// When it was taken; for media a terminal sent of itself.
    pub taken: Option<EventTime>,
    /// Bytes of the whole file.
    pub bytes: u32,
    /// Bytes that are on disk for sure.
    pub stored_bytes: u64,
    /// When it was announced.
    pub began: ReceiveTime,
    /// When something was added to it last: for a whole file when it became so.
    pub changed: ReceiveTime,
    /// Of a whole file.
    pub sha256: Option<[u8; 32]>,
    /// What its bytes say it is; of a whole file.
    pub form: Form,
}

impl Entry {
    /// The name made here, of its number in the index; no two files have one.
    pub fn file_name(&self) -> String {
        let extension = if self.sha256.is_some() { self.form.extension } else { "part" };
        format!("{:06}.{extension}", self.id.0)
    }

    /// What it holds: by its bytes, and where they do not say by the terminal's word.
    pub fn kind(&self) -> Kind {
        self.form.kind.filter(|_| self.sha256.is_some()).unwrap_or(self.announced)
    }

    /// What the terminal calls it, for reading: what is no letter shows as U+FFFD.
    pub fn terminal_name(&self) -> String {
        let text = String::from_utf8_lossy(&self.name);
        text.chars()
            .map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter })
            .collect()
    }
}

const ROW: &str = "id, alert, terminal, bytes, ranges, changed, sha256, extension";

fn read_row(row: &rusqlite::Row<'_>) -> Result<Row, rusqlite::Error> {
    let alert: Vec<u8> = row.get(1)?;
    Ok(Row {
        id: FileId(row.get(0)?),
        alert: alert.try_into().ok().map(AlertId::from_bytes),
        terminal: terminal(row, 2)?,
        bytes: row.get(3)?,
        ranges: Ranges::from_bytes(&row.get::<_, Vec<u8>>(4)?),
        changed: ReceiveTime::from_ms(row.get(5)?),
        sha256: sha256(row, 6)?,
        form: Form::with(&row.get::<_, String>(7)?),
    })
}

fn terminal(row: &rusqlite::Row<'_>, at: usize) -> Result<TerminalId, rusqlite::Error> {
    let text: String = row.get(at)?;
    TerminalId::parse(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn sha256(row: &rusqlite::Row<'_>, at: usize) -> Result<Option<[u8; 32]>, rusqlite::Error> {
    Ok(row.get::<_, Option<Vec<u8>>>(at)?.and_then(|bytes| bytes.try_into().ok()))
}

/// The row of a file, made or brought in line with what is announced; and where it begins anew, how many bytes the
/// index listed of it.
pub(crate) fn begin(
    writer: &mut Connection,
    file: &Announced<'_>,
    now: ReceiveTime,
) -> Result<(Row, Option<u64>), StoreError> {
    let (alert, mark, taken) = match &file.origin {
        Origin::Alert { alert, sign } => (alert.as_bytes().to_vec(), sign.clone(), None),
        Origin::Event { id, taken } => (Vec::new(), id.to_be_bytes().to_vec(), Some(taken.ms())),
    };
    let terminal = file.terminal.as_str();
    let name = file.name.get(..NAME_BYTES_MAX).unwrap_or(file.name);
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let find = format!("SELECT {ROW} FROM file WHERE alert = ? AND terminal = ? AND mark = ? AND name = ?");
    let found = transaction
        .prepare_cached(&find)?
        .query_row(params![alert, terminal, mark, name], read_row)
        .optional()?;
    if let Some(mut row) = found {
        let mut given_up = None;
        if row.sha256.is_none() && row.bytes != file.bytes {
            given_up = Some(row.ranges.bytes());
            transaction.execute(
                "UPDATE file SET bytes = ?, stored = 0, ranges = x'', changed = ? WHERE id = ?",
                params![file.bytes, now.ms(), row.id.0],
            )?;
            (row.bytes, row.ranges) = (file.bytes, Ranges::default());
        }
        transaction.commit()?;
        return Ok((row, given_up));
    }
    let last: u32 = transaction.query_row(
        "SELECT coalesce(max(number), 0) FROM file WHERE alert = ? AND alert <> x''",
        [&alert],
        |row| row.get(0),
    )?;
    if last >= FILES_OF_ALERT_MAX {
        return Err(Refused::Files.into());
    }
    transaction.execute(
        "INSERT INTO file (alert, mark, terminal, name, number, kind, channel, taken, bytes, stored, ranges, began, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, x'', ?10, ?10)",
        params![alert, mark, terminal, name, last + 1, file.kind, file.channel, taken, file.bytes, now.ms()],
    )?;
    let id = FileId(transaction.last_insert_rowid());
    transaction.commit()?;
    let row = Row {
        id,
        alert: alert.try_into().ok().map(AlertId::from_bytes),
        terminal: file.terminal,
        bytes: file.bytes,
        ranges: Ranges::default(),
        changed: now,
        sha256: None,
        form: Form::with(""),
    };
    Ok((row, None))
}

pub(crate) fn keep(writer: &Connection, row: &Row) -> Result<(), rusqlite::Error> {
    let stored = i64::try_from(row.ranges.bytes()).unwrap_or(i64::MAX);
    let mut statement = writer.prepare_cached("UPDATE file SET stored = ?, ranges = ? WHERE id = ?")?;
    statement.execute(params![stored, row.ranges.to_bytes(), row.id.0]).map(|_| ())
}

pub(crate) fn complete(writer: &Connection, row: &Row, now: ReceiveTime) -> Result<(), rusqlite::Error> {
    let mut statement = writer.prepare_cached(
        "UPDATE file SET stored = bytes, ranges = x'', changed = ?, sha256 = ?, extension = ? WHERE id = ?",
    )?;
    let sha256 = row.sha256.as_ref().map(|sha256| &sha256[..]);
    statement.execute(params![now.ms(), sha256, row.form.extension, row.id.0]).map(|_| ())
}

pub(crate) fn remove(writer: &Connection, id: FileId) -> Result<(), rusqlite::Error> {
    writer.execute("DELETE FROM file WHERE id = ?", [id.0]).map(|_| ())
}

pub(crate) fn partials(reader: &Connection) -> Result<Vec<Row>, rusqlite::Error> {
    let mut statement = reader.prepare(&format!("SELECT {ROW} FROM file WHERE sha256 IS NULL"))?;
    statement.query_map([], read_row)?.collect()
}

pub(crate) fn older(reader: &Connection, before: ReceiveTime) -> Result<Vec<Row>, rusqlite::Error> {
    let mut statement =
        reader.prepare(&format!("SELECT {ROW} FROM file WHERE changed < ? ORDER BY changed"))?;
    statement.query_map([before.ms()], read_row)?.collect()
}

pub(crate) fn used(reader: &Connection) -> Result<Used, rusqlite::Error> {
    let mut used = Used::default();
    let mut statement = reader.prepare("SELECT terminal, sum(stored) FROM file GROUP BY terminal")?;
    let rows =
        statement.query_map([], |row| Ok((terminal(row, 0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
    for row in rows {
        let (terminal, bytes) = row?;
        used.all += bytes;
        used.terminals.insert(terminal, bytes);
    }
    Ok(used)
}

pub(crate) fn is_complete(reader: &Connection, id: FileId) -> Result<bool, rusqlite::Error> {
    let sha256: Option<Option<Vec<u8>>> =
        reader.query_row("SELECT sha256 FROM file WHERE id = ?", [id.0], |row| row.get(0)).optional()?;
    Ok(sha256.flatten().is_some())
}

const ENTRY: &str =
    "id, number, terminal, name, kind, channel, taken, bytes, stored, began, changed, sha256, extension";

fn read_entry(row: &rusqlite::Row<'_>) -> Result<Entry, rusqlite::Error> {
    Ok(Entry {
        id: FileId(row.get(0)?),
        number: row.get(1)?,
        terminal: terminal(row, 2)?,
        name: row.get(3)?,
        announced: Kind::from_code(row.get(4)?),
        channel: row.get(5)?,
        taken: row.get::<_, Option<i64>>(6)?.map(EventTime::from_ms),
        bytes: row.get(7)?,
        stored_bytes: row.get::<_, i64>(8)?.cast_unsigned(),
        began: ReceiveTime::from_ms(row.get(9)?),
        changed: ReceiveTime::from_ms(row.get(10)?),
        sha256: sha256(row, 11)?,
        form: Form::with(&row.get::<_, String>(12)?),
    })
}

pub(crate) fn of_alert(reader: &Connection, alert: AlertId) -> Result<Vec<Entry>, rusqlite::Error> {
    let sql = format!("SELECT {ENTRY} FROM file WHERE alert = ? ORDER BY number");
    reader.prepare_cached(&sql)?.query_map([&alert.as_bytes()[..]], read_entry)?.collect()
}

pub(crate) fn of_terminal(
    reader: &Connection,
    terminal: TerminalId,
    from: EventTime,
    to: EventTime,
    limit: usize,
) -> Result<Vec<Entry>, rusqlite::Error> {
    let sql = format!(
        "SELECT {ENTRY} FROM file WHERE terminal = ? AND taken BETWEEN ? AND ? ORDER BY taken, id LIMIT ?"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = params![terminal.as_str(), from.ms(), to.ms(), limit];
    reader.prepare_cached(&sql)?.query_map(values, read_entry)?.collect()
}
