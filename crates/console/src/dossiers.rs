//! All that is known of one vehicle, operator or driver over a time: counts, what became of them, the gravest alerts, the
//! quality of its data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use fleet::{EventTime, TerminalId};
use ledger::{AlertCount, AuditEntry, MonthCount, Query, Whose};
use serde_json::{Map, Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::to_http;
use crate::problem::Problem;
use crate::query::Params;
use crate::{alerts, drivers, indicators, operators, stats, vehicles};

/// How far back a dossier goes unless told.
const RANGE_DEFAULT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Days of one dossier: alerts are kept for three years and more.
const DAYS_MAX: i64 = 5 * 366;
/// The gravest alerts that are shown.
const WORST: usize = 10;
/// From this share of handled alerts on an operator does its duty (dynamic supervision measures, article 35).
const TARGET: f64 = 0.9;

/// Whose data's quality belongs to a dossier.
enum Data {
    Vehicle(TerminalId),
    Operator(String),
    None,
}

pub(crate) async fn of_vehicle(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(terminal): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (terminal, known) = vehicles::visible(&app, &caller, &terminal)?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let subject = vehicles::describe(&registry, terminal, &known)?;
    let query = Query { terminals: vec![terminal], ..alerts::query(&params, &caller)? };
    dossier(&app, query, subject, Data::Vehicle(terminal)).await.map(Json)
}

pub(crate) async fn of_operator(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(operator): Path<String>,
) -> Result<Json<Value>, Problem> {
    let subject = operators::one(&app, &caller, &operator)?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let query = Query { operators: vec![operator.clone()], ..alerts::query(&params, &caller)? };
    let mut dossier = dossier(&app, query, subject, Data::Operator(operator.clone())).await?;
    dossier["vehicles"] = dossier["subject"]["vehicles"].clone();
    dossier["drivers"] = json!(registry.drivers().filter(|driver| driver.operator == operator).count());
    Ok(Json(dossier))
}

/// Who reads a driver's dossier stands in the audit log before it is shown.
pub(crate) async fn of_driver(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(certificate): Path<String>,
) -> Result<Json<Value>, Problem> {
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let driver = drivers::find(&registry, &caller, &certificate)?;
    let subject = drivers::describe(&registry, driver, &caller)?;
    let query = Query { drivers: vec![certificate.clone()], ..alerts::query(&params, &caller)? };
    let dossier = dossier(&app, query, subject, Data::None).await?;
    note_reading(&app, &caller, certificate, "driver").await?;
    Ok(Json(dossier))
}

/// Puts who reads what a driver did into the audit log.
pub(crate) async fn note_reading(
    app: &Shared,
    caller: &Caller,
    certificate: String,
    detail: &str,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        at: now(),
        by: caller.name().to_owned(),
        via: caller.via(),
        action: "read-dossier".to_owned(),
        subject: certificate,
        detail: detail.to_owned(),
    };
    app.blocking(move |parts| parts.ledger.audit(&entry)).await?.map_err(Problem::internal)
}

async fn dossier(app: &Shared, query: Query, subject: Value, data: Data) -> Result<Value, Problem> {
    let (from, to) = stats::range(&query, RANGE_DEFAULT)?;
    let days = (from.day(), EventTime::from_ms(to.ms() - 1).day() + 1);
    if days.1 - days.0 > DAYS_MAX {
        return Err(Problem::parameter("from", format!("from and to hold over {DAYS_MAX} days")));
    }
    let query = Query { from: Some(from), to: Some(to), ..query };
    let drift_jumps = app.parts.reference.borrow().book.base().quality.drift_jumps;
    let (months, worst, row) = app
        .blocking(move |parts| {
            let day = |day: i64| i32::try_from(day).unwrap_or_default();
            let of = |whose| parts.ledger.quality_of_period((day(days.0), day(days.1)), drift_jumps, whose);
            let rows = match &data {
                Data::Vehicle(terminal) => of(Whose::Vehicle(*terminal))?,
                Data::Operator(operator) => of(Whose::Operator(operator))?,
                Data::None => BTreeMap::new(),
            };
            // A vehicle may have had several operators.
            let row = rows.into_values().reduce(|sum, row| indicators::plus(sum, &row));
            Ok((parts.ledger.count_by_month(&query)?, parts.ledger.worst(&query, WORST)?, row))
        })
        .await?
        .map_err(alerts::refused)?;
    let total = months.iter().fold(AlertCount::default(), |sum, month| plus(sum, &month.count));
    let range = to_http(&json!({ "from_at": from, "to_at": to }))?;
    let worst: Vec<Value> = worst.iter().map(to_http).collect::<Result<_, _>>()?;
    Ok(json!({
        "subject": subject,
        "from": range["from_at"],
        "to": range["to_at"],
        "totals": {
            "alerts": total.total,
            "open": total.open,
            "handled": total.handled,
            "false_alarm": total.false_alarm,
            "late": total.late,
        },
        "by_rule": by_rule(&months),
        "by_month": by_month(&months),
        "handling": {
            "due": total.total,
            "handled": total.handled,
            "rate": rules::rate(total.handled as f64, total.total as f64),
            "target": TARGET,
        },
        "quality": row.map(|row| indicators::rates(&row)),
        "worst": worst,
    }))
}

/// Most alerts first.
fn by_rule(months: &[MonthCount]) -> Vec<Value> {
    let mut sums: BTreeMap<&str, AlertCount> = BTreeMap::new();
    for month in months {
        let sum = sums.entry(month.rule.as_str()).or_default();
        *sum = plus(std::mem::take(sum), &month.count);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.total));
    let item = |(rule, sum): &(&str, AlertCount)| {
        json!({
            "rule": rule,
            "total": sum.total,
            "critical": sum.critical,
            "major": sum.major,
            "minor": sum.minor,
            "info": sum.info,
            "handled": sum.handled,
            "false_alarm": sum.false_alarm,
        })
    };
    sums.iter().map(item).collect()
}

fn by_month(months: &[MonthCount]) -> Vec<Value> {
    let mut sums: BTreeMap<&str, (u64, Map<String, Value>)> = BTreeMap::new();
    for month in months {
        let (total, rules) = sums.entry(&month.month).or_default();
        *total += month.count.total;
        rules.insert(month.rule.to_string(), json!(month.count.total));
    }
    sums.into_iter()
        .map(|(month, (total, rules))| json!({ "month": month, "total": total, "by_rule": rules }))
        .collect()
}

fn plus(sum: AlertCount, more: &AlertCount) -> AlertCount {
    AlertCount {
        key: sum.key,
        total: sum.total + more.total,
        critical: sum.critical + more.critical,
        major: sum.major + more.major,
        minor: sum.minor + more.minor,
        info: sum.info + more.info,
        open: sum.open + more.open,
        handled: sum.handled + more.handled,
        false_alarm: sum.false_alarm + more.false_alarm,
        due_handled: sum.due_handled + more.due_handled,
        late: sum.late + more.late,
    }
}
