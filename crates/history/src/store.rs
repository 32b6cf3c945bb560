//! Chunks on disk. A chunk lies within one day (UTC+8), so that a day can be dropped whole.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use fleet::{EventTime, Fix, TerminalId};
use rusqlite::{Connection, OpenFlags, Transaction, params};

use crate::chunk::{key, pack, unpack};
use crate::{CHUNK_FIXES_MAX, OpenError, StoreError};

const FORMAT: i64 = 1;

const TABLES: &str = "
BEGIN;
CREATE TABLE IF NOT EXISTS chunk (
    seq INTEGER PRIMARY KEY, terminal TEXT NOT NULL, day INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, count INTEGER NOT NULL, fixes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunk_by_terminal ON chunk (terminal, day, first);
CREATE INDEX IF NOT EXISTS chunk_by_day ON chunk (day);
PRAGMA user_version = 1;
COMMIT;";

pub(crate) fn open(dir: &Path) -> Result<(Connection, Connection), OpenError> {
    std::fs::create_dir_all(dir).map_err(|source| OpenError::Directory { path: dir.to_owned(), source })?;
    let path = dir.join("history.sqlite");
    let wrong = |source| OpenError::Database { path: path.clone(), source };
    let writer = Connection::open(&path).map_err(wrong)?;
    let found: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
    if found > FORMAT {
        return Err(OpenError::Newer { path, found, known: FORMAT });
    }
    writer.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
    writer
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .and_then(|()| writer.execute_batch(TABLES))
        .map_err(wrong)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(&path, flags).map_err(wrong)?;
    reader.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
    Ok((writer, reader))
}

/// One transaction: every vehicle's fixes, merged with the newest chunk of their day while that has room.
pub(crate) fn write(
    writer: &mut Connection,
    fixes: &HashMap<TerminalId, Vec<Fix>>,
) -> Result<(), StoreError> {
    let transaction = writer.transaction()?;
    for (terminal, fixes) in fixes {
        let mut days: BTreeMap<i64, Vec<Fix>> = BTreeMap::new();
        for fix in fixes {
            days.entry(fix.at.day()).or_default().push(*fix);
        }
        for (day, fixes) in days {
            write_day(&transaction, *terminal, day, fixes)?;
        }
    }
    Ok(transaction.commit()?)
}

fn write_day(
    transaction: &Transaction<'_>,
    terminal: TerminalId,
    day: i64,
    mut fixes: Vec<Fix>,
) -> Result<(), StoreError> {
    sort(&mut fixes);
    let (Some(first), Some(last)) = (fixes.first(), fixes.last()) else { return Ok(()) };
    // What is stored in this span already: a replay brings the same fixes again.
    let stored = chunks(transaction, terminal, (day, day), (first.at.ms(), last.at.ms()))?;
    let known: std::collections::HashSet<_> =
        stored.iter().flat_map(|(_, fixes)| fixes.iter().map(key)).collect();
    fixes.retain(|fix| !known.contains(&key(fix)));
    if fixes.is_empty() {
        return Ok(());
    }
    let newest: Option<(i64, i64)> = transaction
        .prepare_cached(
            "SELECT seq, count FROM chunk WHERE terminal = ? AND day = ? ORDER BY first DESC, seq DESC LIMIT 1",
        )?
        .query_map(params![terminal.as_str(), day], |row| Ok((row.get(0)?, row.get(1)?)))?
        .next()
        .transpose()?;
    if let Some((seq, _)) = newest.filter(|(_, count)| *count < CHUNK_FIXES_MAX as i64) {
        let bytes: Vec<u8> = transaction
            .prepare_cached("DELETE FROM chunk WHERE seq = ? RETURNING fixes")?
            .query_row([seq], |row| row.get(0))?;
        fixes.extend(unpack(&bytes).ok_or(StoreError::Damaged { seq, terminal })?);
        sort(&mut fixes);
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO chunk (terminal, day, first, last, count, fixes) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for part in fixes.chunks(CHUNK_FIXES_MAX) {
        let (first, last) = (part[0].at.ms(), part[part.len() - 1].at.ms());
        insert.execute(params![terminal.as_str(), day, first, last, part.len() as i64, pack(part)])?;
    }
    Ok(())
}

pub(crate) fn read(
    reader: &Connection,
    terminal: TerminalId,
    from: EventTime,
    to: EventTime,
) -> Result<Vec<Fix>, StoreError> {
    let chunks = chunks(reader, terminal, (from.day(), to.day()), (from.ms(), to.ms()))?;
    Ok(chunks.into_iter().flat_map(|(_, fixes)| fixes).collect())
}

/// Chunks that touch a span of days and of milliseconds, both ends included.
fn chunks(
    connection: &Connection,
    terminal: TerminalId,
    days: (i64, i64),
    span: (i64, i64),
) -> Result<Vec<(i64, Vec<Fix>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, fixes FROM chunk
         WHERE terminal = ? AND day BETWEEN ? AND ? AND first <= ? AND last >= ? ORDER BY day, first",
    )?;
    let rows = statement.query_map(params![terminal.as_str(), days.0, days.1, span.1, span.0], |row| {
        Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (seq, bytes) = row?;
        let fixes = unpack(&bytes).ok_or(StoreError::Damaged { seq, terminal })?;
        Ok((seq, fixes))
    })
    .collect()
}

pub(crate) fn trim(writer: &Connection, day: i64) -> Result<u64, rusqlite::Error> {
    Ok(writer.execute("DELETE FROM chunk WHERE day < ?", [day])? as u64)
}

/// By time, then place; the first of equal ones stays.
pub(crate) fn sort(fixes: &mut Vec<Fix>) {
    fixes.sort_by_key(key);
    fixes.dedup_by_key(|fix| key(fix));
}
