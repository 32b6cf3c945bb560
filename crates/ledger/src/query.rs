//! Alerts out: one, a page, a story, counts.

use std::collections::BTreeMap;

use fleet::{
    Alert, AlertId, Department, EventTime, ReceiveTime, RuleId, Severity, State, TerminalId, VehicleClass,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::handling::{Handling, HandlingStatus, Via};
use crate::{Ledger, Scope, StoreError, TimelineEntry, record, scope, tally};

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
    /// Whose they are, exact.
    pub assignees: Vec<String>,
    /// Recorded, revised or acted on at or after; some a moment older may come along.
    pub updated_since: Option<ReceiveTime>,
    /// Part of a plate or of a terminal number, in capitals.
    pub text: Option<String>,
    /// Of these terminals only, however few; `None` is no bound.
    pub among: Option<Vec<TerminalId>>,
    /// What comes first.
    pub sort: Sort,
    /// What the account that asks sees: nothing else is ever listed or counted.
    pub scope: Scope,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Age,
    /// Critical before major before minor before info, each newest first.
    Severity,
}

impl std::str::FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "age" => Ok(Self::Age),
            "severity" => Ok(Self::Severity),
            other => Err(format!("{other:?} is no order, expected age or severity")),
        }
    }
}

#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// A condition that few alerts may meet, and the index that finds those.
struct Probe {
    /// Follows `FROM alert a`.
    index: &'static str,
    sql: String,
    values: Vec<Value>,
}

/// Where a condition that fewer meet is looked up instead of walking from the newest alert on.
const FEW_MAX: i64 = if cfg!(test) { 20 } else { 5000 };
/// As in the indexes on them, letter by letter.
const ASSIGNEE: &str = "json_extract(a.handling, '$.assignee')";
const ACTED: &str = "json_extract(a.handling, '$.updated_at')";

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

    /// A page in the order asked for.
    pub fn alerts(&self, query: &Query) -> Result<Page<Listed>, StoreError> {
        let limit = if query.limit == 0 { 100 } else { query.limit.min(LIMIT_MAX) };
        let mut rows = match query.sort {
            Sort::Age => self.newest(query, limit + 1)?,
            Sort::Severity => self.gravest(query, limit + 1)?,
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| match query.sort {
            Sort::Age => format!("{:x}.{}", last.alert.raised_at.ms(), last.alert.id),
            Sort::Severity => {
                format!("{}.{:x}.{}", last.alert.severity.as_str(), last.alert.raised_at.ms(), last.alert.id)
            }
        });
        Ok(Page { items: rows, next })
    }

    /// One severity after the other.
    fn gravest(&self, query: &Query, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let (first, cursor) = match &query.cursor {
            None => (None, None),
            Some(text) => {
                let wrong = || StoreError::Cursor(text.clone());
                let (severity, cursor) = text.split_once('.').ok_or_else(wrong)?;
                (Some(severity.parse::<Severity>().map_err(|_| wrong())?), Some(cursor.to_owned()))
            }
        };
        let mut rows = Vec::new();
        let asked = |severity: &Severity| {
            (query.severities.is_empty() || query.severities.contains(severity))
                && first.is_none_or(|first| *severity <= first)
        };
        for severity in Severity::ALL.iter().rev().filter(|severity| asked(severity)) {
            let cursor = cursor.clone().filter(|_| Some(*severity) == first);
            let part = Query { severities: vec![*severity], cursor, ..query.clone() };
            rows.extend(self.newest(&part, limit - rows.len())?);
            if rows.len() == limit {
                break;
            }
        }
        Ok(rows)
    }

    /// Newest first by (raised_at, id).
    fn newest(&self, query: &Query, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let reader = self.reader();
        let mut filter = Filter::of(query, &reader)?;
        filter.values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        // Documents are fetched for the page alone, not for all that are sorted.
        let sql = format!(
            "SELECT r.document, a.handling FROM (SELECT a.rowid AS row, a.raised_at, a.id FROM alert a{}
                 ORDER BY a.raised_at DESC, a.id DESC LIMIT ?) AS page
             JOIN alert a ON a.rowid = page.row JOIN revision r ON r.seq = a.revision_seq
             ORDER BY page.raised_at DESC, page.id DESC",
            filter.sql
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let rows: Vec<(Vec<u8>, String)> = statement
            .query_map(rusqlite::params_from_iter(filter.values), read_pair)?
            .collect::<Result<_, _>>()?;
        rows.into_iter().map(listed).collect()
    }

    /// How many match, up to `at_most`; cursor and limit don't count.
    pub fn count(&self, query: &Query, at_most: u64) -> Result<u64, StoreError> {
        let reader = self.reader();
        let query = Query { cursor: None, ..query.clone() };
        let mut filter = match tally::covering(&query) {
            Some(index) => Filter::along(index, &query, &reader)?,
            None => Filter::of(&query, &reader)?,
        };
        filter.values.push(Value::Integer(i64::try_from(at_most).unwrap_or(i64::MAX)));
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM alert a{} LIMIT ?)", filter.sql);
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
    /// What follows `FROM alert a`.
    fn of(query: &Query, reader: &Connection) -> Result<Self, StoreError> {
        let mut filter = Self::conditions(query, reader)?;
        let way = match query.updated_since {
            Some(since) if filter.look_up_changes(since, reader)? => " NOT INDEXED",
            _ => way(query, reader)?,
        };
        filter.sql = format!("{way} WHERE 1{}", filter.sql);
        Ok(filter)
    }

    /// What follows `FROM alert a`, by an index.
    pub(crate) fn along(index: &str, query: &Query, reader: &Connection) -> Result<Self, StoreError> {
        let mut filter = Self::conditions(query, reader)?;
        filter.sql = format!(" INDEXED BY {index} WHERE 1{}", filter.sql);
        Ok(filter)
    }

    /// Where few alerts changed since a moment, they are looked up by what changed.
    fn look_up_changes(&mut self, since: ReceiveTime, reader: &Connection) -> Result<bool, StoreError> {
        let recorded = "SELECT rowid FROM alert WHERE revision_seq >= ?";
        let acted = "SELECT rowid FROM alert WHERE json_extract(handling, '$.updated_at') >= ?";
        let values = [recorded_since(reader, since)?, acted_since(since)?];
        for (rows, value) in [recorded, acted].into_iter().zip(&values) {
            let sql = format!("SELECT count(*) FROM ({rows} LIMIT {FEW_MAX})");
            let count: i64 = reader.prepare_cached(&sql)?.query_row([value], |row| row.get(0))?;
            if count == FEW_MAX {
                return Ok(false);
            }
        }
        self.sql.push_str(&format!(" AND a.rowid IN ({recorded} UNION {acted})"));
        self.values.extend(values);
        Ok(true)
    }

    /// What follows `WHERE 1`.
    pub(crate) fn conditions(query: &Query, reader: &Connection) -> Result<Self, StoreError> {
        let mut filter = Self::default();
        filter.one_of("a.state", query.states.iter().map(|state| state.as_str()));
        if is_open(query) {
            filter.sql.push_str(" AND a.state <> 'cleared'");
        }
        filter.one_of("a.status", query.handling.iter().map(|status| status.as_str()));
        filter.one_of("a.rule", query.rules.iter().map(|rule| rule.as_str()));
        filter.one_of("a.severity", query.severities.iter().map(|severity| severity.as_str()));
        filter.one_of("a.plate", query.plates.iter().map(String::as_str));
        filter.one_of("a.terminal", query.terminals.iter().map(TerminalId::as_str));
        if let Some(among) = &query.among {
            filter.one_of("a.terminal", among.iter().map(TerminalId::as_str));
            if among.is_empty() {
                filter.sql.push_str(" AND 0");
            }
        }
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
        if !query.assignees.is_empty() {
            filter.one_of(ASSIGNEE, query.assignees.iter().map(String::as_str));
            filter.sql.push_str(&format!(" AND {ASSIGNEE} IS NOT NULL"));
        }
        if let Some(text) = &query.text {
            filter.and("(instr(a.plate, ?) > 0", Value::Text(text.clone()));
            filter.sql.push_str(" OR instr(a.terminal, ?) > 0)");
            filter.values.push(Value::Text(text.clone()));
        }
        if let Some(since) = query.updated_since {
            filter.and(&format!("(a.revision_seq >= ? OR {ACTED} >= ?)"), recorded_since(reader, since)?);
            filter.values.push(acted_since(since)?);
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

fn is_open(query: &Query) -> bool {
    !query.states.is_empty() && !query.states.contains(&State::Cleared)
}

/// Which index to go by. Where few alerts meet one condition, its own. Otherwise matches lie close together, and a walk from
/// the newest on, along an index that is in that order, finds a page soon.
fn way(query: &Query, reader: &Connection) -> Result<&'static str, StoreError> {
    let mut fewest = (None, FEW_MAX);
    for probe in probes(query) {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM alert a{} WHERE 1{} LIMIT {FEW_MAX})",
            probe.index, probe.sql
        );
        let values = rusqlite::params_from_iter(probe.values);
        let count: i64 = reader.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?;
        if count < fewest.1 {
            fewest = (Some(probe.index), count);
        }
    }
    Ok(fewest.0.unwrap_or(match (&query.terminals[..], operators(query), &query.rules[..]) {
        ([_], ..) => " INDEXED BY alert_by_terminal",
        (_, [_], _) => " INDEXED BY alert_by_operator",
        _ if is_open(query) => " INDEXED BY alert_open_by_time",
        (.., [_]) => " INDEXED BY alert_by_rule",
        _ if matches!(query.severities[..], [_]) && matches!(query.handling[..], [_]) => {
            " INDEXED BY alert_by_status"
        }
        _ if matches!(query.severities[..], [_]) => " INDEXED BY alert_by_severity",
        _ => " INDEXED BY alert_by_time",
    }))
}

/// The only operators an alert may be of: those asked for, or those of a scope that has nothing else. Empty is no bound.
fn operators(query: &Query) -> &[String] {
    match &query.scope.within {
        Some(within) if query.operators.is_empty() && within.divisions.is_empty() => &within.operators,
        _ => &query.operators,
    }
}

/// Conditions that an index can look up.
fn probes(query: &Query) -> Vec<Probe> {
    let mut probes = Vec::new();
    let mut add = |index, column, texts: Vec<&str>, more: &str| {
        let mut filter = Filter::default();
        filter.one_of(column, texts.into_iter());
        if !filter.values.is_empty() {
            probes.push(Probe { index, sql: filter.sql + more, values: filter.values });
        }
    };
    let among = query.among.as_deref().unwrap_or_default();
    let terminals = if query.terminals.is_empty() { among } else { &query.terminals[..] };
    let terminals = terminals.iter().map(TerminalId::as_str);
    add(" INDEXED BY alert_by_terminal", "a.terminal", terminals.collect(), "");
    add(" INDEXED BY alert_by_plate", "a.plate", query.plates.iter().map(String::as_str).collect(), "");
    let operators = operators(query).iter().map(String::as_str);
    add(" INDEXED BY alert_by_operator", "a.operator", operators.collect(), "");
    add(" INDEXED BY alert_by_rule", "a.rule", query.rules.iter().map(|rule| rule.as_str()).collect(), "");
    let assignees = query.assignees.iter().map(String::as_str).collect();
    add(" INDEXED BY alert_by_assignee", ASSIGNEE, assignees, &format!(" AND {ASSIGNEE} IS NOT NULL"));
    add(" INDEXED BY alert_by_status", "a.status", query.handling.iter().map(|it| it.as_str()).collect(), "");
    add(
        " INDEXED BY alert_by_severity",
        "a.severity",
        query.severities.iter().map(|it| it.as_str()).collect(),
        "",
    );
    if is_open(query) {
        let sql = " AND a.state <> 'cleared'".to_owned();
        probes.push(Probe { index: " INDEXED BY alert_open_by_time", sql, values: Vec::new() });
    }
    probes
}

/// The number of the first revision recorded at or after a moment. Numbers rise with time, so a search in halves finds it.
fn recorded_since(reader: &Connection, since: ReceiveTime) -> Result<Value, StoreError> {
    let newest: i64 = reader
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM revision")?
        .query_row([], |row| row.get(0))?;
    let mut at = reader.prepare_cached("SELECT at FROM revision WHERE seq >= ? ORDER BY seq LIMIT 1")?;
    let (mut low, mut high) = (1, newest + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let recorded: i64 = at.query_row([middle], |row| row.get(0))?;
        if recorded < since.ms() { low = middle + 1 } else { high = middle }
    }
    Ok(Value::Integer(low))
}

/// A moment as the stored handling prints it: in one zone, so that texts compare as times do.
fn acted_since(since: ReceiveTime) -> Result<Value, StoreError> {
    let text = serde_json::to_value(since)?;
    Ok(Value::Text(text.as_str().unwrap_or_default().to_owned()))
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

#[cfg(test)]
mod tests;
