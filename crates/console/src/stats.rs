//! How many alerts, by rule, severity, hour, day, operator, division or class: added up by the ledger.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{EventTime, Registry, Severity, VehicleClass};
use ledger::{AlertCount, By, Query};
use rules::About;
use serde_json::{Value, json};

use crate::alerts;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::to_http;
use crate::problem::Problem;
use crate::query::Params;

/// How far back is counted unless told.
const RANGE_DEFAULT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Keys in one answer; with more, those with most alerts.
pub(crate) const KEYS_MAX: usize = 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What is asked: alerts within the caller's scope, a range, a key.
pub(crate) struct Asked {
    pub(crate) by: By,
    pub(crate) from: EventTime,
    pub(crate) to: EventTime,
    pub(crate) query: Query,
}

pub(crate) async fn alerts(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::from_params(&params, &caller)?;
    let (counts, more) = asked.counts(&app).await?;
    let registry = app.parts.reference.borrow().registry.clone();
    let items: Vec<Value> = counts.iter().map(|count| describe(count, asked.by, &registry)).collect();
    let (from_at, to_at) = (asked.from, asked.to);
    let range = to_http(&json!({ "from_at": from_at, "to_at": to_at }))?;
    Ok(Json(json!({
        "from": range["from_at"],
        "to": range["to_at"],
        "by": asked.by.as_str(),
        "more": more,
        "items": items,
    })))
}

impl Asked {
    pub(crate) fn from_params(params: &Params, caller: &Caller) -> Result<Self, Problem> {
        let by = params.one::<By>("by")?.ok_or_else(|| {
            let known: Vec<_> = By::ALL.iter().map(|by| by.as_str()).collect();
            Problem::parameter("by", format!("by is missing, expected one of {}", known.join(", ")))
        })?;
        let query = alerts::query(params, caller)?;
        let (from, to) = range(&query, RANGE_DEFAULT)?;
        let days_max = i64::try_from(KEYS_MAX).unwrap_or(i64::MAX);
        if by == By::Day && (to.ms() - from.ms()) / DAY_MS >= days_max {
            return Err(Problem::parameter("from", format!("from and to hold over {days_max} days")));
        }
        Ok(Self { by, from, to, query: Query { from: Some(from), to: Some(to), ..query } })
    }

    /// The counts, and whether keys were left out.
    pub(crate) async fn counts(&self, app: &Shared) -> Result<(Vec<AlertCount>, bool), Problem> {
        let (query, by) = (self.query.clone(), self.by);
        let mut counts = app
            .blocking(move |parts| parts.ledger.count_by(&query, by, KEYS_MAX + 1))
            .await?
            .map_err(alerts::refused)?;
        let more = counts.len() > KEYS_MAX;
        counts.truncate(KEYS_MAX);
        Ok((counts, more))
    }
}

/// The range asked for: up to now unless told, and as far back as given from there.
pub(crate) fn range(query: &Query, back: Duration) -> Result<(EventTime, EventTime), Problem> {
    // A terminal's clock may be ahead of ours.
    let to = query.to.unwrap_or_else(|| now().as_event().plus(Duration::from_secs(3600)));
    let from = query.from.unwrap_or_else(|| to.minus(back));
    if from >= to {
        return Err(Problem::parameter("from", "from is not before to"));
    }
    Ok((from, to))
}

fn describe(count: &AlertCount, by: By, registry: &Registry) -> Value {
    let (zh, en) = names(&count.key, by, registry);
    json!({
        "key": count.key,
        "name_zh": zh,
        "name_en": en,
        "total": count.total,
        "critical": count.critical,
        "major": count.major,
        "minor": count.minor,
        "info": count.info,
        "open": count.open,
        "handled": count.handled,
        "false_alarm": count.false_alarm,
        "due_handled": count.due_handled,
    })
}

/// What people call a key; the key itself where it has no name of its own.
pub(crate) fn names(key: &str, by: By, registry: &Registry) -> (String, String) {
    let same = |text: &str| (text.to_owned(), text.to_owned());
    match by {
        By::Rule => (title(key, |about| about.title_zh), title(key, |about| about.title_en)),
        By::Severity => key
            .parse::<Severity>()
            .map_or_else(|_| same(key), |severity| (severity.zh().to_owned(), phrase(severity.as_str()))),
        By::Class => key
            .parse::<VehicleClass>()
            .map_or_else(|_| same(key), |class| (class.zh().to_owned(), phrase(class.as_str()))),
        By::Hour => (format!("{key}时"), format!("{key}:00")),
        By::Operator if key.is_empty() => ("未登记".to_owned(), "Not on file".to_owned()),
        By::Operator => same(registry.operator(key).map_or(key, |operator| operator.name.as_str())),
        By::Day | By::Division => same(key),
    }
}

/// What people call a rule; its id where it has no title.
pub(crate) fn title(rule: &str, of: impl FnOnce(&About) -> &'static str) -> String {
    static RULES: LazyLock<BTreeMap<&str, &About>> =
        LazyLock::new(|| rules::about().map(|about| (about.id, about)).collect());
    RULES.get(rule).map_or(rule, |about| of(about)).to_owned()
}

/// `hazmat-truck` as people read it: `Hazmat truck`.
pub(crate) fn phrase(id: &str) -> String {
    let mut letters = id.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| if letter == '-' { ' ' } else { letter })).collect()
}
