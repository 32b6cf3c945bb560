//! Entries out: one, a page, a story, a count.

use fleet::ReceiveTime;
use rusqlite::types::Value;

use super::{Danger, DangerEntry, DangerId, DangerLevel, DangerStatus, store};
use crate::query::Filter;
use crate::{Ledger, Page, Scope, StoreError};

/// The most items of a page (contract section 6).
const LIMIT_MAX: usize = 1000;

/// Which entries. An empty list allows all; several values of one list are OR, different lists AND.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DangerQuery {
    /// How far.
    pub statuses: Vec<DangerStatus>,
    /// How bad.
    pub levels: Vec<DangerLevel>,
    /// Operators asked for.
    pub operators: Vec<String>,
    /// Divisions: 2, 4 or 6 digits, everything that begins so.
    pub divisions: Vec<String>,
    /// Overdue ones, or those that are not.
    pub overdue: Option<bool>,
    /// Found at or after.
    pub from: Option<ReceiveTime>,
    /// Found before.
    pub to: Option<ReceiveTime>,
    /// At most so many, 1 to 1000.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// What the account that asks sees: nothing else is ever listed or counted. Dangers are addressed to no department.
    pub scope: Scope,
}

impl Ledger {
    /// One entry, as it is at `now`.
    pub fn danger(&self, id: DangerId, now: ReceiveTime) -> Result<Option<Danger>, StoreError> {
        Ok(store::find(&self.reader(), id)?.map(|danger| danger.seen_at(now)))
    }

    /// A page, the highest numbers first, as they are at `now`.
    pub fn dangers(&self, query: &DangerQuery, now: ReceiveTime) -> Result<Page<Danger>, StoreError> {
        let limit = query.limit.clamp(1, LIMIT_MAX);
        let mut filter = filter(query, now)?;
        if let Some(cursor) = &query.cursor {
            let id: DangerId = cursor.parse().map_err(|_| StoreError::Cursor(cursor.clone()))?;
            filter.and("(a.year, a.number) < (?, ?)", Value::Integer(id.year.into()));
            filter.values.push(Value::Integer(id.number.into()));
        }
        filter.values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT a.document FROM danger a WHERE 1{} ORDER BY a.year DESC, a.number DESC LIMIT ?",
            filter.sql
        );
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement
            .query_map(rusqlite::params_from_iter(filter.values), |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        let more = rows.len() > limit;
        let read = |document: &String| -> Result<Danger, StoreError> {
            Ok(serde_json::from_str::<Danger>(document)?.seen_at(now))
        };
        let items = rows.iter().take(limit).map(read).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { items, next })
    }

    /// How many match at `now`, up to `at_most`; cursor and limit don't count.
    pub fn count_dangers(
        &self,
        query: &DangerQuery,
        now: ReceiveTime,
        at_most: u64,
    ) -> Result<u64, StoreError> {
        let mut filter = filter(query, now)?;
        filter.values.push(Value::Integer(i64::try_from(at_most).unwrap_or(i64::MAX)));
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM danger a WHERE 1{} LIMIT ?)", filter.sql);
        let reader = self.reader();
        let count: i64 = reader
            .prepare_cached(&sql)?
            .query_row(rusqlite::params_from_iter(filter.values), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// The story of an entry, oldest first; empty for an unknown one.
    pub fn danger_timeline(&self, id: DangerId) -> Result<Vec<DangerEntry>, StoreError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached("SELECT entry FROM danger_timeline WHERE year = ? AND number = ? ORDER BY seq")?;
        let rows =
            statement.query_map([i64::from(id.year), i64::from(id.number)], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
    }
}

fn filter(query: &DangerQuery, now: ReceiveTime) -> Result<Filter, StoreError> {
    let mut filter = Filter::default();
    filter.one_of("a.status", query.statuses.iter().map(|status| status.as_str()));
    filter.one_of("a.level", query.levels.iter().map(|level| level.as_str()));
    filter.one_of("a.operator", query.operators.iter().map(String::as_str));
    filter.within(query.scope.within.as_ref())?;
    filter.divisions(&query.divisions)?;
    match query.overdue {
        None => {}
        Some(true) => filter.and("a.status <> 'closed' AND a.due < ?", Value::Integer(now.ms())),
        Some(false) => {
            filter.and("NOT (a.status <> 'closed' AND coalesce(a.due < ?, 0))", Value::Integer(now.ms()))
        }
    }
    if let Some(from) = query.from {
        filter.and("a.discovered >= ?", Value::Integer(from.ms()));
    }
    if let Some(to) = query.to {
        filter.and("a.discovered < ?", Value::Integer(to.ms()));
    }
    Ok(filter)
}
