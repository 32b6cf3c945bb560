//! What the service finds by itself: patterns in the alerts of operators, and entries that are past their date.
//!
//! Both are asked now and then with the time passed in. What was found before is known by its key or its pattern, so asking
//! again, or after a restart, lists nothing twice.

#[cfg(test)]
mod tests;

use std::time::Duration;

use fleet::{AlertId, EventTime, Month, ReceiveTime, RuleId};
use rusqlite::{Connection, Transaction, params};
use serde_json::json;

use super::{
    DANGER_ALERTS_MAX, Danger, DangerEntry, DangerId, DangerLevel, DangerStatus, NewDanger, Source,
    SourceKind, Trigger, store,
};
use crate::{Ledger, StoreError, Via, lock};

/// The name the service's own steps stand under.
const SERVICE: &str = "dangers";
/// Entries one search lists or extends at most; what is left is found by the next.
const FOUND_MAX: usize = 200;
/// Entries one round escalates at most; what is left is escalated by the next.
const ESCALATED_MAX: i64 = 500;
/// Escalation ends here, after a year: who did not hear 365 times does not hear the next.
const ESCALATION_MAX: u32 = 365;
const DAY_MS: i64 = 86_400_000;
/// How far back alerts that nobody handled are looked for beyond their month: a first start does not list years.
const LOOK_BACK: Duration = Duration::from_secs(90 * 86_400);

/// From which figures on a pattern is a danger.
#[derive(Clone, Debug, PartialEq)]
pub struct DangerThresholds {
    /// Below this share of handled alerts in a month, per cent.
    pub handling_percent_min: u64,
    /// With fewer alerts in the month the share says nothing.
    pub handling_alerts_min: u64,
    /// How long after its end a month is judged: the last day's alerts need their time too.
    pub handling_grace: Duration,
    /// The window of the two counts below.
    pub window: Duration,
    /// So many speeding alerts within the window.
    pub speeding_alerts: u64,
    /// So many slips within the window.
    pub slips: u64,
    /// A speeding or fatigue alert is a slip when nobody has handled it for this long.
    pub slip_after: Duration,
    /// A speeding or fatigue alert that nobody has handled for this long is a danger by itself.
    pub unhandled_after: Duration,
}

/// What one search has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Watched {
    /// Entries listed.
    pub listed: usize,
    /// Entries that name more alerts than before.
    pub extended: usize,
}

/// A pattern of an operator that is a danger.
struct Pattern {
    trigger: Trigger,
    operator: String,
    /// A month, or the day it was found: with trigger and operator the key.
    period: String,
    total: i64,
    handled: i64,
    alerts: Vec<AlertId>,
}

/// Which alerts a pattern counts.
struct Counted {
    trigger: Trigger,
    /// SQL that tells the period of an alert.
    period: &'static str,
    /// SQL over one alert; `?1` and `?2` are the borders of its time.
    which: &'static str,
    /// SQL over the sums `total` and `handled`; `?3` and `?4` are the figures.
    when: &'static str,
    /// SQL over one alert: those that show it.
    shows: &'static str,
    from: ReceiveTime,
    to: ReceiveTime,
    figures: (u64, u64),
}

const HANDLED: &str = "status IN ('handled', 'closed')";
const UNHANDLED: &str = "status NOT IN ('handled', 'closed')";
/// 三超一疲劳 as far as a position tells it.
const SERIOUS_UNHANDLED: &str =
    "rule IN ('speeding', 'fatigue') AND severity <> 'info' AND status NOT IN ('handled', 'closed')";
/// The month in China an alert was raised in.
const MONTH: &str = "strftime('%Y-%m', raised_at / 1000 + 28800, 'unixepoch')";

impl Ledger {
    /// Lists what the alerts up to `now` show and nobody has listed. `division_of` tells where an operator is registered.
    /// Reads up to four months of alerts; blocks.
    pub fn find_dangers(
        &self,
        thresholds: &DangerThresholds,
        now: ReceiveTime,
        division_of: &dyn Fn(&str) -> String,
    ) -> Result<Watched, StoreError> {
        let mut done = Watched::default();
        for counted in searches(thresholds, now) {
            let patterns = search(&lock(&self.inner.pattern_reader), &counted, now)?;
            for pattern in patterns {
                if done.listed + done.extended >= FOUND_MAX {
                    return Ok(done);
                }
                let division = division_of(&pattern.operator);
                match self.write(|transaction| list(transaction, &pattern, thresholds, division, now))? {
                    Some(danger) if danger.version == 0 => {
                        done.listed += 1;
                        self.announce_danger(&danger);
                    }
                    Some(danger) => {
                        done.extended += 1;
                        self.announce_danger(&danger);
                    }
                    None => {}
                }
            }
        }
        Ok(done)
    }

    /// Raises the escalation of every entry that is past its date: 1 at once, one more each 24 hours. How many it were.
    pub fn escalate_dangers(&self, now: ReceiveTime) -> Result<usize, StoreError> {
        let escalated = self.write(|transaction| {
            let due = {
                let mut statement = transaction.prepare_cached(
                    "SELECT year, number FROM danger WHERE status <> 'closed' AND due < ?1
                     AND escalation < min(?2, 1 + (?1 - due) / ?3) ORDER BY due LIMIT ?4",
                )?;
                let rows = statement
                    .query_map(params![now.ms(), ESCALATION_MAX, DAY_MS, ESCALATED_MAX], |row| {
                        Ok(DangerId { year: row.get(0)?, number: row.get(1)? })
                    })?;
                rows.collect::<Result<Vec<_>, _>>()?
            };
            due.into_iter()
                .filter_map(|id| escalate(transaction, id, now).transpose())
                .collect::<Result<Vec<_>, StoreError>>()
        })?;
        escalated.iter().for_each(|danger| self.announce_danger(danger));
        Ok(escalated.len())
    }
}

fn escalate(
    transaction: &Transaction<'_>,
    id: DangerId,
    now: ReceiveTime,
) -> Result<Option<Danger>, StoreError> {
    let Some(current) = store::find(transaction, id)? else { return Ok(None) };
    let Some(due) = current.due_at else { return Ok(None) };
    let days = u32::try_from(now.since(due).as_secs() / 86_400).unwrap_or(u32::MAX);
    let escalation = days.saturating_add(1).min(ESCALATION_MAX);
    let detail = json!({ "escalation": escalation, "due_at": due });
    step(transaction, Danger { escalation, ..current }, "escalate", detail, now).map(Some)
}

/// A step of the service's own, which changes no status.
fn step(
    transaction: &Transaction<'_>,
    mut danger: Danger,
    action: &str,
    detail: serde_json::Value,
    now: ReceiveTime,
) -> Result<Danger, StoreError> {
    danger.version = danger.version.saturating_add(1);
    danger.updated_at = now;
    let danger = danger.seen_at(now);
    store::update(transaction, &danger)?;
    let entry = DangerEntry {
        at: now,
        by: SERVICE.to_owned(),
        via: Via::Service,
        action: action.to_owned(),
        note: None,
        from: Some(danger.status),
        to: danger.status,
        detail,
    };
    store::tell(transaction, danger.id, &entry)?;
    Ok(danger)
}

fn searches(thresholds: &DangerThresholds, now: ReceiveTime) -> [Counted; 4] {
    let ms = |time: EventTime| ReceiveTime::from_ms(time.ms());
    let month = Month::of(now.minus(thresholds.handling_grace).as_event()).previous();
    let unhandled = now.minus(thresholds.unhandled_after);
    [
        Counted {
            trigger: Trigger::HandlingRate,
            period: MONTH,
            which: "severity <> 'info'",
            when: "total >= ?3 AND 100 * handled < ?4 * total",
            shows: UNHANDLED,
            from: ms(month.start()),
            to: ms(month.end()),
            figures: (thresholds.handling_alerts_min, thresholds.handling_percent_min),
        },
        Counted {
            trigger: Trigger::SpeedingCount,
            period: "''",
            which: "rule = 'speeding'",
            when: "total >= ?3 AND ?4 = 0",
            shows: "1",
            from: now.minus(thresholds.window),
            to: now,
            figures: (thresholds.speeding_alerts, 0),
        },
        Counted {
            trigger: Trigger::HandlingSlips,
            period: "''",
            which: SERIOUS_UNHANDLED,
            when: "total >= ?3 AND ?4 = 0",
            shows: "1",
            from: now.minus(thresholds.window),
            to: now.minus(thresholds.slip_after),
            figures: (thresholds.slips, 0),
        },
        Counted {
            trigger: Trigger::UnhandledMonth,
            period: MONTH,
            which: SERIOUS_UNHANDLED,
            when: "total >= ?3 AND ?4 = 0",
            shows: "1",
            from: unhandled.minus(LOOK_BACK),
            to: unhandled,
            figures: (1, 0),
        },
    ]
}

/// The patterns that reach their figures and are not on the list as they are.
fn search(reader: &Connection, counted: &Counted, now: ReceiveTime) -> Result<Vec<Pattern>, StoreError> {
    let Counted { trigger, period, which, when, shows, from, to, figures } = counted;
    let sql = format!(
        "SELECT operator, {period} AS period, count(*) AS total, sum({HANDLED}) AS handled FROM alert
         WHERE raised_at >= ?1 AND raised_at < ?2 AND operator <> '' AND {which}
         GROUP BY operator, period HAVING {when} ORDER BY operator, period"
    );
    let figure = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
    let borders = params![from.ms(), to.ms(), figure(figures.0), figure(figures.1)];
    let mut statement = reader.prepare_cached(&sql)?;
    let mut patterns = statement
        .query_map(borders, |row| {
            Ok(Pattern {
                trigger: *trigger,
                operator: row.get(0)?,
                period: row.get(1)?,
                total: row.get(2)?,
                handled: row.get(3)?,
                alerts: Vec::new(),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for pattern in &mut patterns {
        let of_period = if pattern.period.is_empty() { "1" } else { period };
        let sql = format!(
            "SELECT id FROM alert WHERE operator = ?1 AND raised_at >= ?2 AND raised_at < ?3 AND {which} AND {shows}
             AND ({of_period} = ?4 OR ?4 = '') ORDER BY raised_at, id LIMIT ?5"
        );
        let at_most = i64::try_from(DANGER_ALERTS_MAX).unwrap_or(i64::MAX);
        let values = params![pattern.operator, from.ms(), to.ms(), pattern.period, at_most];
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(values, |row| Ok(AlertId::from_bytes(row.get(0)?)))?;
        pattern.alerts = rows.collect::<Result<_, _>>()?;
        if pattern.period.is_empty() {
            pattern.period = now.as_event().date();
        }
    }
    Ok(patterns)
}

/// Lists a pattern, or lets its entry name the alerts it doesn't name yet. `None`: it is known as it is.
fn list(
    transaction: &Transaction<'_>,
    pattern: &Pattern,
    thresholds: &DangerThresholds,
    division: String,
    now: ReceiveTime,
) -> Result<Option<Danger>, StoreError> {
    let Pattern { trigger, operator, period, .. } = pattern;
    let key = format!("trigger/{trigger}/{operator}/{period}");
    if let Some(known) = store::find_by_key(transaction, Some(&key))? {
        return extend(transaction, known, pattern, now);
    }
    if matches!(trigger, Trigger::HandlingSlips | Trigger::SpeedingCount)
        && is_listed(transaction, pattern, now.minus(thresholds.window))?
    {
        return Ok(None);
    }
    let (level, category) = trigger.basis();
    let new = NewDanger {
        title: pattern.title(thresholds),
        category: category.to_owned(),
        level,
        source: Source {
            kind: SourceKind::Trigger,
            rule: (*trigger == Trigger::SpeedingCount).then_some(RuleId::SPEEDING),
            alert_ids: pattern.alerts.clone(),
            trigger: Some(*trigger),
        },
        operator: operator.clone(),
        terminal: None,
        driver: None,
        division,
        discovered_at: now,
        note: None,
        by: SERVICE.to_owned(),
        via: Via::Service,
        key: Some(key),
    };
    store::insert(transaction, &new, now).map(Some)
}

/// Whether the pattern is being dealt with, or was found within the window: then its alerts have been counted already.
fn is_listed(
    transaction: &Transaction<'_>,
    pattern: &Pattern,
    since: ReceiveTime,
) -> Result<bool, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT 1 FROM danger WHERE operator = ? AND pattern = ? AND (discovered >= ? OR status <> 'closed')",
    )?;
    Ok(statement.exists(params![pattern.operator, pattern.trigger.as_str(), since.ms()])?)
}

/// Of a month whose alerts grow old one by one, the entry names those that have since.
fn extend(
    transaction: &Transaction<'_>,
    known: Danger,
    pattern: &Pattern,
    now: ReceiveTime,
) -> Result<Option<Danger>, StoreError> {
    let ids = &known.source.alert_ids;
    let room = DANGER_ALERTS_MAX.saturating_sub(ids.len());
    let more: Vec<AlertId> =
        pattern.alerts.iter().filter(|id| !ids.contains(id)).take(room).copied().collect();
    if pattern.trigger != Trigger::UnhandledMonth || known.status == DangerStatus::Closed || more.is_empty() {
        return Ok(None);
    }
    let detail = json!({ "alert_ids": more });
    let mut next = known;
    next.source.alert_ids.extend(more);
    step(transaction, next, "evidence", detail, now).map(Some)
}

impl Trigger {
    /// How bad it is, and the article that says so.
    const fn basis(self) -> (DangerLevel, &'static str) {
        match self {
            Self::HandlingRate => (DangerLevel::General, "《道路运输车辆动态监督管理办法》第三十五条"),
            Self::SpeedingCount | Self::HandlingSlips | Self::UnhandledMonth => {
                (DangerLevel::Major, "《道路运输重大事故隐患判定标准（试行）》第三条第（三）项")
            }
        }
    }
}

impl Pattern {
    fn title(&self, thresholds: &DangerThresholds) -> String {
        let Self { period, total, handled, .. } = self;
        let days = thresholds.window.as_secs() / 86_400;
        match self.trigger {
            Trigger::HandlingRate => {
                let (percent, least) = (100 * handled / total.max(&1), thresholds.handling_percent_min);
                format!(
                    "{period} 报警处理率 {percent}%（{handled}/{total}），低于 {least}% · \
                     {handled} of {total} alerts of {period} handled, below {least} %"
                )
            }
            Trigger::SpeedingCount => {
                format!("{days} 天内超速报警 {total} 次 · {total} speeding alerts within {days} days")
            }
            Trigger::HandlingSlips => format!(
                "{days} 天内超速、疲劳报警 {total} 次未按时处理 · \
                 {total} speeding and fatigue alerts within {days} days not handled in time"
            ),
            Trigger::UnhandledMonth => format!(
                "{period} 超速、疲劳报警满一个月未处理 · \
                 Speeding and fatigue alerts of {period} not handled within a month"
            ),
        }
    }
}
