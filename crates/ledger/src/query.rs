//! Alerts out: one, a page, a story, counts.

use std::collections::BTreeMap;

use fleet::{
    Alert, AlertId, Department, EventTime, ReceiveTime, RuleId, Severity, State, TerminalId, VehicleClass,
};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::handling::{Handling, HandlingStatus, Via};
use crate::{Ledger, Scope, StoreError, TimelineEntry, record, scope};

/// The most items of a page (contract section 6).
const LIMIT_MAX: usize = 1000;

/// An alert with its handling; serialises as the alert message with `handling` beside its other keys.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Listed {
    /// The message.
    #[serde(flatten)]
    pub alert: Alert,
    /// The people's side.
    pub handling: Handling,
}

/// Part of a list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// Which alerts. An empty list allows all; several values of one list are OR, different lists AND.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// The engine's side.
    pub states: Vec<State>,
    /// The people's side.
    pub handling: Vec<HandlingStatus>,
    /// Rules.
    pub rules: Vec<RuleId>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Plates, exact.
    pub plates: Vec<String>,
    /// Terminals.
    pub terminals: Vec<TerminalId>,
    /// Operators asked for.
    pub operators: Vec<String>,
    /// Classes of vehicle.
    pub classes: Vec<VehicleClass>,
    /// Certificates of drivers.
    pub drivers: Vec<String>,
    /// Divisions: 2, 4 or 6 digits, everything that begins so; `540100` means all of `5401`.
    pub divisions: Vec<String>,
    /// Departments that got it.
    pub departments: Vec<Department>,
    /// Raised at or after.
    pub from: Option<EventTime>,
    /// Raised before.
    pub to: Option<EventTime>,
    /// At most so many, at most 1000; 0 is the default of 100.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// What the account that asks sees: nothing else is ever listed or counted.
    pub scope: Scope,
}

#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Ledger {
    /// One alert.
    pub fn alert(&self, id: AlertId) -> Result<Option<Listed>, StoreError> {
        let reader = self.reader();
        let row = reader
            .prepare_cached(
                "SELECT r.document, a.handling FROM alert a JOIN revision r ON r.seq = a.revision_seq WHERE a.id = ?",
            )?
            .query_row([id.as_bytes()], read_pair)
            .optional()?;
        row.map(listed).transpose()
    }

    /// A page, newest first by (raised_at, id).
    pub fn alerts(&self, query: &Query) -> Result<Page<Listed>, StoreError> {
        let limit = if query.limit == 0 { 100 } else { query.limit.min(LIMIT_MAX) };
        let mut filter = Filter::of(query)?;
        filter.values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT r.document, a.handling FROM alert a JOIN revision r ON r.seq = a.revision_seq WHERE 1{}
             ORDER BY a.raised_at DESC, a.id DESC LIMIT ?",
            filter.sql
        );
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows: Vec<(Vec<u8>, String)> = statement
            .query_map(rusqlite::params_from_iter(filter.values), read_pair)?
            .collect::<Result<_, _>>()?;
        let more = rows.len() > limit;
        let items: Vec<Listed> = rows.into_iter().take(limit).map(listed).collect::<Result<_, _>>()?;
        let next = items.last().filter(|_| more);
        let next = next.map(|last| format!("{:x}.{}", last.alert.raised_at.ms(), last.alert.id));
        Ok(Page { items, next })
    }

    /// How many match, up to `at_most`; cursor and limit don't count.
    pub fn count(&self, query: &Query, at_most: u64) -> Result<u64, StoreError> {
        let mut filter = Filter::of(&Query { cursor: None, ..query.clone() })?;
        filter.values.push(Value::Integer(i64::try_from(at_most).unwrap_or(i64::MAX)));
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM alert a WHERE 1{} LIMIT ?)", filter.sql);
        let reader = self.reader();
        let count: i64 = reader
            .prepare_cached(&sql)?
            .query_row(rusqlite::params_from_iter(filter.values), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// The story of an alert, oldest first; empty for an unknown one.
    pub fn timeline(&self, id: AlertId) -> Result<Vec<TimelineEntry>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT at, state FROM revision WHERE id = ? ORDER BY revision")?;
        let revisions = statement.query_map([id.as_bytes()], |row| {
            Ok(TimelineEntry {
                at: ReceiveTime::from_ms(row.get(0)?),
                by: String::new(),
                department: None,
                via: Via::Rule,
                action: row.get(1)?,
                note: None,
                from: None,
                to: None,
            })
        })?;
        let mut entries: Vec<TimelineEntry> = revisions.collect::<Result<_, _>>()?;
        let mut statement = reader.prepare_cached("SELECT entry FROM timeline WHERE id = ? ORDER BY seq")?;
        for entry in statement.query_map([id.as_bytes()], |row| row.get::<_, String>(0))? {
            entries.push(serde_json::from_str(&entry?)?);
        }
        entries.sort_by_key(|entry| entry.at);
        Ok(entries)
    }

    /// Alerts of a department whose condition still holds, by severity.
    pub fn open_counts(&self, department: Department) -> Result<BTreeMap<Severity, u64>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT severity, count(*) FROM alert WHERE state <> 'cleared' AND departments & ? <> 0 GROUP BY severity",
        )?;
        let rows = statement.query_map([record::mask(&[department])], |row| {
            Ok((crate::outbox::word(row, 0, str::parse::<Severity>)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Filter {
    pub(crate) fn of(query: &Query) -> Result<Self, StoreError> {
        let mut filter = Self::default();
        filter.one_of("a.state", query.states.iter().map(|state| state.as_str()));
        filter.one_of("a.status", query.handling.iter().map(|status| status.as_str()));
        filter.one_of("a.rule", query.rules.iter().map(|rule| rule.as_str()));
        filter.one_of("a.severity", query.severities.iter().map(|severity| severity.as_str()));
        filter.one_of("a.plate", query.plates.iter().map(String::as_str));
        filter.one_of("a.terminal", query.terminals.iter().map(TerminalId::as_str));
        filter.one_of("a.operator", query.operators.iter().map(String::as_str));
        filter.scope(&query.scope)?;
        filter.one_of("a.class", query.classes.iter().map(|class| class.as_str()));
        if !query.drivers.is_empty() {
            // Says that the index by drivers is enough.
            filter.sql.push_str(" AND a.driver <> ''");
            filter.one_of("a.driver", query.drivers.iter().map(String::as_str));
        }
        filter.divisions(&query.divisions)?;
        if !query.departments.is_empty() {
            filter.and("a.departments & ? <> 0", Value::Integer(record::mask(&query.departments)));
        }
        if let Some(from) = query.from {
            filter.and("a.raised_at >= ?", Value::Integer(from.ms()));
        }
        if let Some(to) = query.to {
            filter.and("a.raised_at < ?", Value::Integer(to.ms()));
        }
        if let Some(cursor) = &query.cursor {
            let (at, id) = read_cursor(cursor).ok_or_else(|| StoreError::Cursor(cursor.clone()))?;
            filter.and("(a.raised_at, a.id) < (?, ?)", Value::Integer(at));
            filter.values.push(Value::Blob(id.as_bytes().to_vec()));
        }
        Ok(filter)
    }

    pub(crate) fn and(&mut self, condition: &str, value: Value) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value);
    }

    pub(crate) fn one_of<'a>(&mut self, column: &str, values: impl Iterator<Item = &'a str>) {
        let before = self.values.len();
        self.values.extend(values.map(|value| Value::Text(value.to_owned())));
        let count = self.values.len() - before;
        if count > 0 {
            self.sql.push_str(&format!(" AND {column} IN ({})", vec!["?"; count].join(",")));
        }
    }

    pub(crate) fn divisions(&mut self, divisions: &[String]) -> Result<(), StoreError> {
        if divisions.is_empty() {
            return Ok(());
        }
        for division in divisions {
            self.values.push(Value::Text(format!("{}*", scope::checked(division)?)));
        }
        self.sql.push_str(&format!(" AND ({})", vec!["a.division GLOB ?"; divisions.len()].join(" OR ")));
        Ok(())
    }
}

fn read_cursor(cursor: &str) -> Option<(i64, AlertId)> {
    let (at, id) = cursor.split_once('.')?;
    Some((i64::from_str_radix(at, 16).ok()?, AlertId::parse(id)?))
}

pub(crate) fn read_pair(row: &Row<'_>) -> Result<(Vec<u8>, String), rusqlite::Error> {
    Ok((row.get(0)?, row.get(1)?))
}

pub(crate) fn listed((document, handling): (Vec<u8>, String)) -> Result<Listed, StoreError> {
    Ok(Listed { alert: serde_json::from_slice(&document)?, handling: serde_json::from_str(&handling)? })
}
