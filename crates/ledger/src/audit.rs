//! The audit log, read back.

use fleet::ReceiveTime;
use rusqlite::Row;
use rusqlite::types::Value;

use crate::query::Filter;
use crate::{AuditEntry, Ledger, Page, StoreError, Via};

/// The most rows of a page (contract section 6).
const LIMIT_MAX: usize = 1000;

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
