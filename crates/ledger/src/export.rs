//! Alerts with who handled them and when, page by page, for exports.

use fleet::{AlertId, ReceiveTime};
use rusqlite::types::Value;

use crate::query::{Filter, listed};
use crate::{Ledger, Listed, Query, StoreError};

/// An alert, and whose result it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The alert with its handling.
    pub listed: Listed,
    /// When the result that stands was entered.
    pub handled_at: Option<ReceiveTime>,
    /// By whom.
    pub handled_by: Option<String>,
}

impl Ledger {
    /// At most `limit` alerts, newest first, from behind `after` on. Limit and cursor of the query don't count.
    pub fn export_page(
        &self,
        query: &Query,
        after: Option<&Exported>,
        limit: usize,
    ) -> Result<Vec<Exported>, StoreError> {
        let reader = self.stats_reader();
        let mut filter = Filter::conditions(&Query { cursor: None, ..query.clone() }, &reader)?;
        if let Some(Exported { listed: Listed { alert, .. }, .. }) = after {
            filter.and("(a.raised_at, a.id) < (?, ?)", Value::Integer(alert.raised_at.ms()));
            filter.values.push(Value::Blob(AlertId::as_bytes(&alert.id).to_vec()));
        }
        filter.values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT r.document, a.handling, a.handled_at, a.handled_by
             FROM alert a JOIN revision r ON r.seq = a.revision_seq WHERE 1{}
             ORDER BY a.raised_at DESC, a.id DESC LIMIT ?",
            filter.sql
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(filter.values), |row| {
            let handled_at = row.get::<_, Option<i64>>(2)?.map(ReceiveTime::from_ms);
            Ok(((row.get(0)?, row.get(1)?), handled_at, row.get(3)?))
        })?;
        rows.map(|row| {
            let (pair, handled_at, handled_by) = row?;
            Ok(Exported { listed: listed(pair)?, handled_at, handled_by })
        })
        .collect()
    }

    /// Whether more than `than` match.
    pub fn are_more(&self, query: &Query, than: usize) -> Result<bool, StoreError> {
        let reader = self.stats_reader();
        let mut filter = Filter::conditions(&Query { cursor: None, ..query.clone() }, &reader)?;
        filter.values.push(Value::Integer(i64::try_from(than).unwrap_or(i64::MAX)));
        let sql = format!("SELECT 1 FROM alert a WHERE 1{} LIMIT 1 OFFSET ?", filter.sql);
        let mut statement = reader.prepare_cached(&sql)?;
        Ok(statement.exists(rusqlite::params_from_iter(filter.values))?)
    }
}
