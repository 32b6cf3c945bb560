//! How many alerts, each count up to a bound, out of indexes alone: a desk asks this every few seconds.

use std::collections::BTreeMap;

use fleet::{RuleId, Severity};
use serde::Serialize;

use crate::handling::HandlingStatus;
use crate::outbox::word;
use crate::query::Filter;
use crate::{Ledger, Query, Scope, StoreError};

/// Holds every column of [`is_summed`], in the order it is added up in.
const SUMMED: &str = "alert_by_work";

/// Counts of alerts, each up to a bound.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Tally {
    /// All that match.
    pub total: u64,
    /// By severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// By the status of the handling.
    pub by_handling: BTreeMap<&'static str, u64>,
    /// By rule, those with any.
    pub by_rule: BTreeMap<String, u64>,
}

impl Ledger {
    /// How many match by severity, by handling and by rule, each up to `at_most`.
    pub fn tally(&self, query: &Query, at_most: u64) -> Result<Tally, StoreError> {
        if is_summed(query) {
            return self.summed(query, at_most);
        }
        let mut tally = Tally { total: self.count(query, at_most)?, ..Tally::default() };
        for severity in chosen(Severity::ALL, &query.severities) {
            let part = Query { severities: vec![severity], ..query.clone() };
            tally.by_severity.insert(severity, self.count(&part, at_most)?);
        }
        for status in chosen(HandlingStatus::ALL, &query.handling) {
            let part = Query { handling: vec![status], ..query.clone() };
            tally.by_handling.insert(status.as_str(), self.count(&part, at_most)?);
        }
        let rules = if query.rules.is_empty() { self.rules_met()? } else { query.rules.clone() };
        for rule in rules {
            let part = Query { rules: vec![rule], ..query.clone() };
            let count = self.count(&part, at_most)?;
            if count > 0 {
                tally.by_rule.insert(rule.as_str().to_owned(), count);
            }
        }
        Ok(tally)
    }

    /// How many match by severity alone, each up to `at_most`.
    pub fn count_severities(
        &self,
        query: &Query,
        at_most: u64,
    ) -> Result<BTreeMap<Severity, u64>, StoreError> {
        if is_summed(query) {
            return Ok(self.summed(query, at_most)?.by_severity);
        }
        chosen(Severity::ALL, &query.severities)
            .map(|severity| {
                let part = Query { severities: vec![severity], ..query.clone() };
                Ok((severity, self.count(&part, at_most)?))
            })
            .collect()
    }

    /// One walk along an index that holds all that is asked about.
    fn summed(&self, query: &Query, at_most: u64) -> Result<Tally, StoreError> {
        let reader = self.reader();
        let filter = Filter::along(SUMMED, &Query { cursor: None, ..query.clone() }, &reader)?;
        let sql = format!(
            "SELECT a.status, a.rule, a.severity, count(*) FROM alert a{} GROUP BY a.status, a.rule, a.severity",
            filter.sql
        );
        let mut tally = Tally {
            by_severity: chosen(Severity::ALL, &query.severities).map(|severity| (severity, 0)).collect(),
            by_handling: chosen(HandlingStatus::ALL, &query.handling).map(|it| (it.as_str(), 0)).collect(),
            ..Tally::default()
        };
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(filter.values), |row| {
            let status = word(row, 0, |text| text.parse::<HandlingStatus>().map_err(std::io::Error::other))?;
            let (rule, severity) = (word(row, 1, RuleId::parse)?, word(row, 2, str::parse::<Severity>)?);
            Ok((status, rule, severity, row.get::<_, i64>(3)?.cast_unsigned()))
        })?;
        for row in rows {
            let (status, rule, severity, count) = row?;
            let add = |sum: &mut u64| *sum = (*sum + count).min(at_most);
            add(&mut tally.total);
            add(tally.by_severity.entry(severity).or_default());
            add(tally.by_handling.entry(status.as_str()).or_default());
            add(tally.by_rule.entry(rule.as_str().to_owned()).or_default());
        }
        Ok(tally)
    }

    /// Rules that ever raised an alert: one look into the index for each.
    fn rules_met(&self) -> Result<Vec<RuleId>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "WITH RECURSIVE met(rule) AS (SELECT min(rule) FROM alert UNION ALL
                 SELECT (SELECT min(rule) FROM alert WHERE rule > met.rule) FROM met WHERE met.rule IS NOT NULL)
             SELECT rule FROM met WHERE rule IS NOT NULL",
        )?;
        let rules = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rules.collect::<Result<Vec<_>, _>>()?.iter().filter_map(|rule| RuleId::parse(rule).ok()).collect())
    }
}

/// What of all is asked for.
fn chosen<T: Copy + PartialEq>(all: &'static [T], asked: &[T]) -> impl Iterator<Item = T> {
    all.iter().copied().filter(move |one| asked.is_empty() || asked.contains(one))
}

/// What a question is narrowed by beside handling, severity and rule.
#[derive(Eq, PartialEq)]
enum Narrowed {
    /// Nothing.
    Not,
    /// By what the index of sums holds too.
    Held,
    /// By something else, which few alerts meet as a rule.
    Else,
}

fn narrowed(query: &Query) -> Narrowed {
    let Query { states, handling: _, rules: _, severities: _, plates, terminals, operators, .. } = query;
    let Query { classes, drivers, divisions, departments, from, to, limit: _, cursor: _, .. } = query;
    let Query { assignees, updated_since, text, among, sort: _, scope, .. } = query;
    let is_else = !plates.is_empty()
        || !terminals.is_empty()
        || !drivers.is_empty()
        || !assignees.is_empty()
        || updated_since.is_some()
        || text.is_some()
        || among.is_some();
    let is_held = !states.is_empty()
        || !operators.is_empty()
        || !classes.is_empty()
        || !divisions.is_empty()
        || !departments.is_empty()
        || from.is_some()
        || to.is_some()
        || *scope != Scope::default();
    match (is_else, is_held) {
        (true, _) => Narrowed::Else,
        (false, true) => Narrowed::Held,
        (false, false) => Narrowed::Not,
    }
}

/// Whether one walk answers more cheaply than a count for each part would.
fn is_summed(query: &Query) -> bool {
    match narrowed(query) {
        // No index holds rule and severity first.
        Narrowed::Not => query.handling.is_empty() && !query.severities.is_empty(),
        Narrowed::Held => true,
        Narrowed::Else => false,
    }
}

/// The index a bounded count need not leave.
pub(crate) fn covering(query: &Query) -> Option<&'static str> {
    if narrowed(query) != Narrowed::Not {
        return None;
    }
    let Query { handling, severities, rules, .. } = query;
    match (handling.is_empty(), severities.is_empty(), rules.is_empty()) {
        (true, true, true) => Some("alert_by_time"),
        (true, false, true) => Some("alert_by_severity"),
        (true, true, false) => Some("alert_by_rule"),
        (true, false, false) => None,
        (false, _, true) => Some("alert_by_status"),
        (false, _, false) => Some(SUMMED),
    }
}
