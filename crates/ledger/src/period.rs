//! The quality of data over a period: each operator's vehicles added up, a vehicle that was heard or drifted once counted once.

use std::collections::BTreeMap;

use fleet::{EventTime, TerminalId};
use rusqlite::types::Value;
use rusqlite::{Row, params};

use crate::{Ledger, QualityRow, StoreError};

/// Whose data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Whose<'a> {
    /// Every operator's.
    All,
    /// An operator's.
    Operator(&'a str),
    /// A vehicle's, for each operator that had it.
    Vehicle(TerminalId),
}

impl Ledger {
    /// What was counted from a day on and before another, by operator. An operator without any data is
    /// not there. The row's day is the first; alerts are counted where everybody is asked for.
    pub fn quality_of_period(
        &self,
        (from, to): (i32, i32),
        drift_jumps: u16,
        whose: Whose<'_>,
    ) -> Result<BTreeMap<String, QualityRow>, StoreError> {
        let mut values: Vec<Value> =
            [drift_jumps.into(), from, to].map(|n: i32| Value::Integer(n.into())).into();
        let only = match whose {
            Whose::All => "",
            Whose::Operator(operator) => {
                values.push(Value::Text(operator.to_owned()));
                " AND operator = ?4"
            }
            Whose::Vehicle(terminal) => {
                values.push(Value::Text(terminal.to_string()));
                " AND terminal = ?4"
            }
        };
        let sql = format!(
            "SELECT operator, sum(heard), sum(drifted), sum(reports), sum(invalid), sum(unlocated), sum(continuous_dm),
                 sum(broken_dm), sum(fatigue_s), sum(jumps), sum(overspeeds), sum(tampers)
             FROM (SELECT operator, max(heard) AS heard, max(jumps >= ?1) AS drifted, sum(reports) AS reports,
                     sum(invalid) AS invalid, sum(unlocated) AS unlocated, sum(continuous_dm) AS continuous_dm,
                     sum(broken_dm) AS broken_dm, sum(fatigue_s) AS fatigue_s, sum(jumps) AS jumps,
                     sum(overspeeds) AS overspeeds, sum(tampers) AS tampers
                 FROM quality WHERE day >= ?2 AND day < ?3{only} GROUP BY operator, terminal)
             GROUP BY operator"
        );
        let reader = self.stats_reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let found = statement.query_map(rusqlite::params_from_iter(values), |row| read(row, from))?;
        let mut rows = BTreeMap::new();
        for row in found {
            let row = row?;
            rows.insert(row.operator.clone(), row);
        }
        if whose == Whose::All {
            let midnight = |day: i32| EventTime::of_day(day.into()).ms();
            let mut statement = reader.prepare_cached(
                "SELECT operator, count(*), sum(status IN ('handled', 'closed')) FROM alert
                 WHERE raised_at >= ? AND raised_at < ? GROUP BY operator",
            )?;
            let handled = statement.query_map(params![midnight(from), midnight(to)], |row| {
                Ok((row.get::<_, String>(0)?, sum(row, 1)?, sum(row, 2)?))
            })?;
            for found in handled {
                let (operator, alerts, handled) = found?;
                let row = rows.entry(operator.clone()).or_insert_with(|| QualityRow {
                    day: from,
                    operator,
                    ..QualityRow::default()
                });
                (row.alerts, row.handled) = (alerts, handled);
            }
        }
        Ok(rows)
    }
}

fn read(row: &Row<'_>, day: i32) -> Result<QualityRow, rusqlite::Error> {
    Ok(QualityRow {
        day,
        operator: row.get(0)?,
        online: row.get(1)?,
        drifted: row.get(2)?,
        reports: sum(row, 3)?,
        invalid: sum(row, 4)?,
        unlocated: sum(row, 5)?,
        continuous_dm: sum(row, 6)?,
        broken_dm: sum(row, 7)?,
        fatigue_s: sum(row, 8)?,
        jumps: sum(row, 9)?,
        overspeeds: sum(row, 10)?,
        tampers: sum(row, 11)?,
        ..QualityRow::default()
    })
}

fn sum(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
