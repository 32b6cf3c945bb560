//! Alerts counted, by one key or by month and rule. The database adds up, from an index that holds all it needs.

use std::fmt;
use std::str::FromStr;

use fleet::{EventTime, RuleId};
use rusqlite::Row;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use crate::handling::word_enum;
use crate::outbox::word;
use crate::query::{Filter, listed, read_pair};
use crate::{Ledger, Listed, Query, StoreError};

word_enum! {
    /// What alerts are counted by.
    By {
        /// Rule id.
        Rule = "rule",
        /// Severity.
        Severity = "severity",
        /// Hour of the day in China, `00` to `23`.
        Hour = "hour",
        /// Day in China, `2026-01-01`.
        Day = "day",
        /// Operator id; empty where the vehicle was not on file.
        Operator = "operator",
        /// Division, six digits.
        Division = "division",
        /// Class of vehicle.
        Class = "class",
    }
}

/// How many alerts, and what became of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AlertCount {
    /// Of what; see [`By`].
    pub key: String,
    /// All.
    pub total: u64,
    /// Of these by severity.
    pub critical: u64,
    /// See `critical`.
    pub major: u64,
    /// See `critical`.
    pub minor: u64,
    /// See `critical`.
    pub info: u64,
    /// Whose condition still holds.
    pub open: u64,
    /// Handled or closed by people, false alarms among them.
    pub handled: u64,
    /// Found to be none.
    pub false_alarm: u64,
    /// Handled in time: before the moment a result was due, or with no such moment set.
    pub due_handled: u64,
    /// Reported too late to count as live.
    pub late: u64,
}

/// The alerts of one rule in one month.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MonthCount {
    /// In China, `2026-01`.
    pub month: String,
    /// Which rule.
    pub rule: RuleId,
    /// How many; the key is empty.
    pub count: AlertCount,
}

const SUMS: &str =
    "count(*), sum(a.severity = 'critical'), sum(a.severity = 'major'), sum(a.severity = 'minor'),
    sum(a.severity = 'info'), sum(a.state <> 'cleared'), sum(a.status IN ('handled', 'closed')),
    sum(a.status IN ('handled', 'closed') AND a.result IS 'false-alarm'),
    sum(a.status IN ('handled', 'closed') AND (a.due_at IS NULL OR a.handled_at <= a.due_at)), sum(a.late)";
/// China Standard Time is so much ahead, milliseconds.
const CST_MS: &str = "28800000";

impl Ledger {
    /// Alerts counted by a key: hours and days rise, of others the one with most comes first. At most `limit`.
    /// Limit and cursor of the query don't count.
    pub fn count_by(&self, query: &Query, by: By, limit: usize) -> Result<Vec<AlertCount>, StoreError> {
        let reader = self.stats_reader();
        let mut filter = Filter::conditions(&Query { cursor: None, ..query.clone() }, &reader)?;
        filter.values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let key = match by {
            By::Rule => "a.rule".to_owned(),
            By::Severity => "a.severity".to_owned(),
            By::Hour => format!("(a.raised_at + {CST_MS}) / 3600000 % 24"),
            By::Day => format!("(a.raised_at + {CST_MS}) / 86400000"),
            By::Operator => "a.operator".to_owned(),
            By::Division => "a.division".to_owned(),
            By::Class => "a.class".to_owned(),
        };
        let order = if matches!(by, By::Hour | By::Day) { "1" } else { "2 DESC, 1" };
        let sql = format!(
            "SELECT {key}, {SUMS} FROM alert a WHERE 1{} GROUP BY 1 ORDER BY {order} LIMIT ?",
            filter.sql
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(filter.values), |row| {
            let key = match by {
                By::Hour => format!("{:02}", row.get::<_, i64>(0)?),
                By::Day => EventTime::of_day(row.get(0)?).date(),
                _ => row.get(0)?,
            };
            Ok(AlertCount { key, ..read(row, 1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Alerts counted by month in China and rule, months rising. There are as many rows as months times rules.
    pub fn count_by_month(&self, query: &Query) -> Result<Vec<MonthCount>, StoreError> {
        let reader = self.stats_reader();
        let filter = Filter::conditions(&Query { cursor: None, ..query.clone() }, &reader)?;
        let sql = format!(
            "SELECT strftime('%Y-%m', (a.raised_at + {CST_MS}) / 1000, 'unixepoch'), a.rule, {SUMS}
             FROM alert a WHERE 1{} GROUP BY 1, 2 ORDER BY 1, 2",
            filter.sql
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(filter.values), |row| {
            Ok(MonthCount { month: row.get(0)?, rule: word(row, 1, RuleId::parse)?, count: read(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The gravest alerts, of equals the newest first.
    pub fn worst(&self, query: &Query, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let reader = self.stats_reader();
        let mut filter = Filter::conditions(&Query { cursor: None, ..query.clone() }, &reader)?;
        filter.values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT r.document, a.handling FROM alert a JOIN revision r ON r.seq = a.revision_seq
             WHERE a.rowid IN (SELECT a.rowid FROM alert a WHERE 1{} ORDER BY {RANK} DESC, a.raised_at DESC, a.id DESC
                LIMIT ?)
             ORDER BY {RANK} DESC, a.raised_at DESC, a.id DESC",
            filter.sql
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let rows: Vec<(Vec<u8>, String)> = statement
            .query_map(rusqlite::params_from_iter(filter.values), read_pair)?
            .collect::<Result<_, _>>()?;
        rows.into_iter().map(listed).collect()
    }
}

const RANK: &str =
    "CASE a.severity WHEN 'critical' THEN 3 WHEN 'major' THEN 2 WHEN 'minor' THEN 1 ELSE 0 END";

/// `SUMS` from a column on.
fn read(row: &Row<'_>, first: usize) -> Result<AlertCount, rusqlite::Error> {
    let sum = |at: usize| row.get::<_, i64>(first + at).map(i64::cast_unsigned);
    Ok(AlertCount {
        key: String::new(),
        total: sum(0)?,
        critical: sum(1)?,
        major: sum(2)?,
        minor: sum(3)?,
        info: sum(4)?,
        open: sum(5)?,
        handled: sum(6)?,
        false_alarm: sum(7)?,
        due_handled: sum(8)?,
        late: sum(9)?,
    })
}
