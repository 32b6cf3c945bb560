//! The audit log, read back and kept for its time, and what is noted in it of the chains.

use std::time::Duration;

use fleet::{Chain, ReceiveTime};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::act::insert_audit;
use crate::query::Filter;
use crate::seal::{Head, head};
use crate::{AuditEntry, Ledger, Page, StoreError, Via};

/// How long a row of the audit log is kept at least: six months, the longest of them (网络安全法 article 21 (3)).
pub const AUDIT_KEEP_MIN: Duration = Duration::from_secs(184 * 86_400);
/// Rows that are deleted at a time: the writer is held up for a moment only, and a clock that jumped ahead costs no more
/// than these until somebody sees it.
const TRIM_ROWS_MAX: i64 = 10_000;
/// Action of the rows that note the chains.
pub(crate) const NOTE: &str = "note-chains";
/// Action of the rows that say what was deleted of the audit log.
pub(crate) const TRIM: &str = "trim-audit";

/// The most rows of a page (contract section 6).
const LIMIT_MAX: usize = 1000;

/// The detail of a row that says what was deleted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Tombstone {
    /// The oldest row that was left.
    pub below: i64,
    /// How many rows there were.
    pub rows: u64,
    /// All of them were older.
    pub before: ReceiveTime,
}

/// Values of both chains at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Noted {
    /// How many records were in the journal, and the chain over them.
    pub journal: Option<(u64, Chain)>,
    /// The ledger's, with the row that notes them.
    pub ledger: Head,
}

/// Which rows. An empty list allows all; several values of one list are OR, different lists AND.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuditQuery {
    /// At or after.
    pub from: Option<ReceiveTime>,
    /// Before.
    pub to: Option<ReceiveTime>,
    /// Who did it.
    pub by: Vec<String>,
    /// What was done.
    pub actions: Vec<String>,
    /// On what.
    pub subjects: Vec<String>,
    /// At most so many, at most 1000.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

impl Ledger {
    /// A page of the audit log, newest first.
    pub fn audit_page(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        let limit = query.limit.clamp(1, LIMIT_MAX);
        let mut filter = Filter::default();
        filter.one_of("by", query.by.iter().map(String::as_str));
        filter.one_of("action", query.actions.iter().map(String::as_str));
        filter.one_of("subject", query.subjects.iter().map(String::as_str));
        if let Some(from) = query.from {
            filter.and("at >= ?", Value::Integer(from.ms()));
        }
        if let Some(to) = query.to {
            filter.and("at < ?", Value::Integer(to.ms()));
        }
        if let Some(cursor) = &query.cursor {
            let (at, seq) = read_cursor(cursor).ok_or_else(|| StoreError::Cursor(cursor.clone()))?;
            filter.and("(at, seq) < (?, ?)", Value::Integer(at));
            filter.values.push(Value::Integer(seq));
        }
        filter.values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT at, by, via, action, subject, detail, seq FROM audit WHERE 1{} ORDER BY at DESC, seq DESC LIMIT ?",
            filter.sql
        );
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(filter.values), read)?;
        let mut rows: Vec<(AuditEntry, i64)> = rows.collect::<Result<_, _>>()?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(entry, seq)| format!("{}.{seq}", entry.at.ms()));
        Ok(Page { items: rows.into_iter().map(|(entry, _)| entry).collect(), next })
    }

    /// Notes both chains in the audit log and gives what to keep elsewhere.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn note_chains(
        &self,
        journal: Option<(u64, Chain)>,
        occasion: &str,
        at: ReceiveTime,
    ) -> Result<Noted, StoreError> {
        self.write(|transaction| {
            let value =
                |(number, chain): (u64, Chain)| json!({ "number": number, "chain": chain.to_string() });
            let before = head(transaction)?;
            let detail = json!({
                "occasion": occasion,
                "journal": journal.map(value),
                "ledger": value((before.seq, before.chain)),
            });
            insert_audit(transaction, &AuditEntry::by_itself(at, NOTE, "chains", detail.to_string()))?;
            Ok(Noted { journal, ledger: head(transaction)? })
        })
    }

    /// Deletes the oldest rows of the audit log where they are older than `before`, some at a time, and says so in it;
    /// none that is younger than [`AUDIT_KEEP_MIN`]. How many there were.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn trim_audit(&self, before: ReceiveTime, now: ReceiveTime) -> Result<u64, StoreError> {
        let before = before.min(now.minus(AUDIT_KEEP_MIN));
        self.write(|transaction| {
            let first: Option<i64> =
                transaction.query_row("SELECT min(seq) FROM audit", [], |row| row.get(0))?;
            let Some(first) = first else { return Ok(0) };
            // In the order they were written: a row of a clock that was wrong keeps what comes after it.
            let stays: Option<i64> = transaction
                .prepare_cached("SELECT seq FROM audit NOT INDEXED WHERE at >= ? ORDER BY seq LIMIT 1")?
                .query_row([before.ms()], |row| row.get(0))
                .optional()?;
            let most = first.saturating_add(TRIM_ROWS_MAX);
            let below = stays.map_or(most, |stays| stays.min(most));
            let rows = transaction.execute("DELETE FROM audit WHERE seq < ?", [below])? as u64;
            if rows > 0 {
                let detail = serde_json::to_string(&Tombstone { below, rows, before })?;
                insert_audit(transaction, &AuditEntry::by_itself(now, TRIM, "audit", detail))?;
            }
            Ok(rows)
        })
    }

    /// The newest rows of the audit log, newest first.
    pub fn audit_log(&self, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.audit_page(&AuditQuery { limit, ..AuditQuery::default() })?.items)
    }
}

fn read(row: &Row<'_>) -> Result<(AuditEntry, i64), rusqlite::Error> {
    let entry = AuditEntry {
        at: ReceiveTime::from_ms(row.get(0)?),
        by: row.get(1)?,
        via: row.get::<_, String>(2)?.parse().unwrap_or(Via::Rule),
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    };
    Ok((entry, row.get(6)?))
}

fn read_cursor(cursor: &str) -> Option<(i64, i64)> {
    let (at, seq) = cursor.split_once('.')?;
    Some((at.parse().ok()?, seq.parse().ok()?))
}
