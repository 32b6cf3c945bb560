//! The quality of vehicles' data, day by day: counts as the rules hand them over, and sums of them.

use std::collections::BTreeMap;

use fleet::{DayCount, EventTime, FAULT_BITS, Tally, TerminalId};
use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params};

use crate::outbox::word;
use crate::{Ledger, Scope, StoreError};

/// The most items of a page (contract section 6).
const LIMIT_MAX: usize = 1000;

/// What was counted on one day, of one vehicle or of all of an operator.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QualityRow {
    /// Days since 1970-01-01 in China Standard Time.
    pub day: i32,
    /// Whose, as the registry said when it was counted; empty where the vehicle was not on file.
    pub operator: String,
    /// The vehicle, where it is of one.
    pub terminal: Option<TerminalId>,
    /// Vehicles something was received from.
    pub online: u32,
    /// Vehicles that drifted.
    pub drifted: u32,
    /// Position reports, of these invalid, and those without a fix.
    pub reports: u64,
    /// See [`DayCount::invalid`].
    pub invalid: u64,
    /// See [`DayCount::unlocated`].
    pub unlocated: u64,
    /// See [`DayCount::continuous_dm`].
    pub continuous_dm: u64,
    /// See [`DayCount::broken_dm`].
    pub broken_dm: u64,
    /// See [`DayCount::fatigue_s`].
    pub fatigue_s: u64,
    /// See [`DayCount::jumps`].
    pub jumps: u64,
    /// See [`DayCount::overspeeds`].
    pub overspeeds: u64,
    /// See [`DayCount::tampers`].
    pub tampers: u64,
    /// Reports with each of the alarm bits 4 to 12.
    pub faults: [u64; FAULT_BITS],
    /// Alerts raised on this day.
    pub alerts: u64,
    /// Of these handled or closed by people.
    pub handled: u64,
}

/// Which vehicles' days. An empty list allows all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QualityQuery {
    /// The first day.
    pub from: i32,
    /// The first day no longer wanted.
    pub to: i32,
    /// Vehicles.
    pub terminals: Vec<TerminalId>,
    /// Operators asked for.
    pub operators: Vec<String>,
    /// What the account that asks sees: days that were counted for its operators.
    pub scope: Scope,
    /// With these: the vehicles of the scope's divisions, as the registry has them.
    pub also: Vec<TerminalId>,
    /// Jumps from which on a vehicle drifted.
    pub drift_jumps: u16,
    /// At most so many, at most 1000.
    pub limit: usize,
    /// The last row of the page before.
    pub after: Option<(i32, TerminalId)>,
}

const SUMS: &str = "sum(heard), sum(jumps >= ?1), sum(reports), sum(invalid), sum(unlocated), sum(continuous_dm),
    sum(broken_dm), sum(fatigue_s), sum(jumps), sum(overspeeds), sum(tampers), sum(f4), sum(f5), sum(f6), sum(f7),
    sum(f8), sum(f9), sum(f10), sum(f11), sum(f12)";

impl Ledger {
    /// Takes counts over. Each is the whole day's; one that knows less of the day than what is there changes nothing.
    pub fn record_quality(&self, tallies: &[Tally]) -> Result<(), StoreError> {
        self.write(|transaction| tallies.iter().try_for_each(|tally| record(transaction, tally)))
    }

    /// Vehicles' days, newest first, then by terminal; and whether there are more.
    pub fn quality_of_vehicles(&self, query: &QualityQuery) -> Result<(Vec<QualityRow>, bool), StoreError> {
        let limit = query.limit.clamp(1, LIMIT_MAX);
        let mut values = vec![Value::Integer(query.drift_jumps.into())];
        let mut sql =
            format!("SELECT day, operator, terminal, {SUMS} FROM quality WHERE day >= ? AND day < ?");
        values.extend([Value::Integer(query.from.into()), Value::Integer(query.to.into())]);
        let mut one_of = |column: &str, among: Vec<&str>| {
            if !among.is_empty() {
                sql.push_str(&format!(" AND {column} IN ({})", vec!["?"; among.len()].join(",")));
                values.extend(among.into_iter().map(|text| Value::Text(text.to_owned())));
            }
        };
        one_of("terminal", query.terminals.iter().map(TerminalId::as_str).collect());
        one_of("operator", query.operators.iter().map(String::as_str).collect());
        if let Some(within) = &query.scope.within {
            let also: Vec<&str> = query.also.iter().map(TerminalId::as_str).collect();
            let mine = |texts: &[&str]| Ok::<_, StoreError>(Value::Text(serde_json::to_string(texts)?));
            sql.push_str(
                " AND (operator IN (SELECT value FROM json_each(?)) OR terminal IN (SELECT value FROM json_each(?)))",
            );
            let operators: Vec<&str> = within.operators.iter().map(String::as_str).collect();
            values.extend([mine(&operators)?, mine(&also)?]);
        }
        if let Some((day, terminal)) = &query.after {
            sql.push_str(" AND (day < ? OR day = ? AND terminal > ?)");
            values.extend([Value::Integer((*day).into()), Value::Integer((*day).into())]);
            values.push(Value::Text(terminal.as_str().to_owned()));
        }
        sql.push_str(" GROUP BY day, terminal ORDER BY day DESC, terminal LIMIT ?");
        values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            let terminal = Some(word(row, 2, TerminalId::parse)?);
            Ok(QualityRow { terminal, ..read(row, row.get(0)?, row.get(1)?)? })
        })?;
        let mut rows: Vec<QualityRow> = rows.collect::<Result<_, _>>()?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        for row in &mut rows {
            let terminal = row.terminal.map_or_else(String::new, |terminal| terminal.to_string());
            let (from, to) = bounds(row.day);
            (row.alerts, row.handled) = reader
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(status IN ('handled', 'closed')), 0) FROM alert
                     WHERE terminal = ? AND raised_at >= ? AND raised_at < ?",
                )?
                .query_row(params![terminal, from, to], |row| Ok((sum(row, 0)?, sum(row, 1)?)))?;
        }
        Ok((rows, more))
    }

    /// One day of every operator that had something on it.
    pub fn quality_of_operators(
        &self,
        day: i32,
        drift_jumps: u16,
    ) -> Result<BTreeMap<String, QualityRow>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&format!(
            "SELECT day, operator, '', {SUMS} FROM quality WHERE day = ?2 GROUP BY operator"
        ))?;
        let mut rows = BTreeMap::new();
        let found = statement.query_map(params![drift_jumps, day], |row| read(row, day, row.get(1)?))?;
        for row in found {
            let row = row?;
            rows.insert(row.operator.clone(), row);
        }
        let (from, to) = bounds(day);
        let mut statement = reader.prepare_cached(
            "SELECT operator, count(*), sum(status IN ('handled', 'closed')) FROM alert
             WHERE raised_at >= ? AND raised_at < ? GROUP BY operator",
        )?;
        let handled = statement
            .query_map([from, to], |row| Ok((row.get::<_, String>(0)?, sum(row, 1)?, sum(row, 2)?)))?;
        for found in handled {
            let (operator, alerts, handled) = found?;
            let row = rows.entry(operator.clone()).or_insert_with(|| QualityRow {
                day,
                operator,
                ..QualityRow::default()
            });
            (row.alerts, row.handled) = (alerts, handled);
        }
        Ok(rows)
    }

    /// How many of each operator's vehicles were ever heard up to a day.
    pub fn networked(&self, day: i32) -> Result<BTreeMap<String, u32>, StoreError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached("SELECT operator, count(*) FROM heard WHERE first_day <= ? GROUP BY operator")?;
        let rows = statement.query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The last day a vehicle was heard; `None`: never.
    pub fn last_heard(&self, terminal: TerminalId) -> Result<Option<i32>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached("SELECT last_day FROM heard WHERE terminal = ?")?;
        let mut rows = statement.query_map([terminal.as_str()], |row| row.get(0))?;
        Ok(rows.next().transpose()?)
    }
}

/// When a day in China begins and ends, milliseconds.
fn bounds(day: i32) -> (i64, i64) {
    let midnight = |day: i64| EventTime::of_day(day).ms();
    (midnight(day.into()), midnight(i64::from(day) + 1))
}

fn record(transaction: &Transaction<'_>, tally: &Tally) -> Result<(), StoreError> {
    let Tally { terminal, operator, count } = tally;
    let faults = count.faults.as_deref().copied().unwrap_or_default();
    let [f4, f5, f6, f7, f8, f9, f10, f11, f12] = faults;
    let DayCount { day, seen, reports, invalid, unlocated, continuous_dm, broken_dm, fatigue_s, .. } = *count;
    transaction
        .prepare_cached(
            "INSERT INTO quality VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (day, terminal) DO UPDATE SET operator = excluded.operator, seen = excluded.seen,
                 reports = excluded.reports, invalid = excluded.invalid, unlocated = excluded.unlocated,
                 continuous_dm = excluded.continuous_dm, broken_dm = excluded.broken_dm,
                 fatigue_s = excluded.fatigue_s, jumps = excluded.jumps, overspeeds = excluded.overspeeds,
                 tampers = excluded.tampers, heard = excluded.heard, f4 = excluded.f4, f5 = excluded.f5,
                 f6 = excluded.f6, f7 = excluded.f7, f8 = excluded.f8, f9 = excluded.f9, f10 = excluded.f10,
                 f11 = excluded.f11, f12 = excluded.f12
             WHERE excluded.seen >= quality.seen",
        )?
        .execute(params![
            day,
            terminal.as_str(),
            operator,
            seen,
            reports,
            invalid,
            unlocated,
            continuous_dm,
            broken_dm,
            fatigue_s,
            count.jumps,
            count.overspeeds,
            count.tampers,
            count.heard,
            f4,
            f5,
            f6,
            f7,
            f8,
            f9,
            f10,
            f11,
            f12
        ])?;
    if count.heard {
        transaction
            .prepare_cached(
                "INSERT INTO heard VALUES (?1, ?2, ?3, ?3) ON CONFLICT (terminal) DO UPDATE SET
                     operator = excluded.operator, first_day = min(first_day, excluded.first_day),
                     last_day = max(last_day, excluded.last_day)",
            )?
            .execute(params![terminal.as_str(), operator, day])?;
    }
    Ok(())
}

/// A row of `SUMS`, which begin at the fourth column.
fn read(row: &Row<'_>, day: i32, operator: String) -> Result<QualityRow, rusqlite::Error> {
    let small = |column| -> Result<u32, rusqlite::Error> { row.get(column) };
    let mut faults = [0; FAULT_BITS];
    for (at, fault) in faults.iter_mut().enumerate() {
        *fault = sum(row, 14 + at)?;
    }
    Ok(QualityRow {
        day,
        operator,
        terminal: None,
        online: small(3)?,
        drifted: small(4)?,
        reports: sum(row, 5)?,
        invalid: sum(row, 6)?,
        unlocated: sum(row, 7)?,
        continuous_dm: sum(row, 8)?,
        broken_dm: sum(row, 9)?,
        fatigue_s: sum(row, 10)?,
        jumps: sum(row, 11)?,
        overspeeds: sum(row, 12)?,
        tampers: sum(row, 13)?,
        faults,
        alerts: 0,
        handled: 0,
    })
}

fn sum(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
