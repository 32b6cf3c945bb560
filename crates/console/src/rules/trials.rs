//! Trials: what changed rules would have made of the frames of some time, before anybody puts them into force.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use fleet::{Alert, EventTime, ReceiveTime};
use serde::Serialize;
use serde_json::{Value, json};
use settings::RuleChanges;

use super::changes::check;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{Body, to_http};
use crate::problem::Problem;
use crate::schema::TrialRequest;

/// The longest time of one trial: what the journal keeps unless told.
const SPAN_MAX: Duration = Duration::from_secs(7 * 86_400);

/// What is to be tried.
#[derive(Clone, Debug, Serialize)]
pub struct TrialAsk {
    /// Laid over the rules in force.
    pub changes: RuleChanges,
    /// From when on frames were received.
    pub from: ReceiveTime,
    /// Until before when.
    pub to: ReceiveTime,
    /// Who asks.
    pub by: String,
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialState {
    /// Under way.
    Running,
    /// At its end.
    Done,
    /// Given up; the reason says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A trial and, once it is done, what it found.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Its number since the service started, from 1.
    pub id: u64,
    /// What is tried.
    #[serde(flatten)]
    pub ask: TrialAsk,
    /// Names the rules it is compared with.
    pub rules_version: String,
    /// How far.
    pub state: TrialState,
    /// Why it failed.
    pub reason: Option<String>,
    /// From 0 to 1.
    pub progress: f64,
    /// Frames judged so far.
    pub frames: u64,
    /// By rule; rules without any alert are left out.
    #[serde(rename = "by_rule")]
    pub counts: Vec<TrialCount>,
    /// At most 50 gained, 50 lost and 50 changed ones, by time; without their positions.
    pub samples: Vec<TrialSample>,
}

/// Alerts of one rule under both sets of rules.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrialCount {
    /// Rule id.
    pub rule: &'static str,
    /// Under the rules in force.
    pub before: u64,
    /// Under the changed ones.
    pub after: u64,
    /// Only under the changed ones.
    pub gained: u64,
    /// Only under those in force.
    pub lost: u64,
    /// Under both, not alike.
    pub changed: u64,
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub struct TrialSample {
    /// `gained`, `lost` or `changed`.
    pub what: &'static str,
    /// What differs in a changed one.
    pub fields: Vec<&'static str>,
    /// Under the changed rules; a lost one under those in force.
    pub alert: Alert,
    /// A changed one under the rules in force.
    pub before: Option<Alert>,
}

/// Why a trial does not begin.
#[derive(Clone, Debug)]
pub enum TrialRefused {
    /// That one runs.
    Busy(u64),
    /// The system has no thread for it.
    Failed(String),
}

/// Who runs trials.
pub trait Trials: Send + Sync {
    /// Begins one.
    fn start(&self, ask: TrialAsk) -> Result<Trial, TrialRefused>;
    /// How far one is; `None` where it is forgotten or never was.
    fn get(&self, id: u64) -> Option<Trial>;
    /// Stops one; whether there is such a one.
    fn cancel(&self, id: u64) -> bool;
}

pub(crate) async fn start(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(TrialRequest { changes, from, to }): Body<TrialRequest>,
) -> Result<Response, Problem> {
    let reference = app.parts.reference.borrow().clone();
    check(&changes, &reference)?;
    let (from, to) = span(from.as_deref(), to.as_deref())?;
    let ask = TrialAsk { changes, from, to, by: caller.name().to_owned() };
    let trials = Arc::clone(&app.parts.trials);
    let begun = app.blocking(move |_| trials.start(ask)).await?;
    let trial = begun.map_err(|refused| match refused {
        TrialRefused::Busy(id) => {
            let detail = format!("trial {id} runs; one at a time");
            Problem::new(StatusCode::CONFLICT, "busy", detail).with("id", id.into())
        }
        TrialRefused::Failed(cause) => Problem::internal(cause),
    })?;
    Ok((StatusCode::ACCEPTED, shown(&trial)?).into_response())
}

pub(crate) async fn one(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let trial = id.parse().ok().and_then(|number| app.parts.trials.get(number));
    shown(&trial.ok_or_else(|| Problem::not_found(&format!("trial {id}")))?)
}

pub(crate) async fn cancel(State(app): State<Shared>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let is_there = id.parse().is_ok_and(|number| app.parts.trials.cancel(number));
    is_there.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found(&format!("trial {id}")))
}

fn shown(trial: &Trial) -> Result<Json<Value>, Problem> {
    let mut value = to_http(trial)?;
    for (member, count) in [
        ("gained", trial.counts.iter().map(|count| count.gained).sum::<u64>()),
        ("lost", trial.counts.iter().map(|count| count.lost).sum()),
        ("changed", trial.counts.iter().map(|count| count.changed).sum()),
    ] {
        value[member] = json!(count);
    }
    for (member, at) in [("from", trial.ask.from), ("to", trial.ask.to)] {
        value[member] = json!(at.as_event().to_rfc3339_ms());
    }
    Ok(Json(value))
}

/// Which time; yesterday in China unless told.
fn span(from: Option<&str>, to: Option<&str>) -> Result<(ReceiveTime, ReceiveTime), Problem> {
    let time = |member: &str, text: Option<&str>| {
        let parsed = text.map(|text| text.parse::<EventTime>());
        parsed.transpose().map_err(|error| Problem::body(member, format!("{member}: {error}")))
    };
    let today = EventTime::of_day(now().as_event().day());
    let to = time("to", to)?.unwrap_or(today);
    let from = time("from", from)?.unwrap_or_else(|| to.minus(Duration::from_secs(86_400)));
    let most = i64::try_from(SPAN_MAX.as_millis()).unwrap_or(i64::MAX);
    let span = to.ms().saturating_sub(from.ms());
    if !(1..=most).contains(&span) {
        return Err(Problem::body("from", "from must lie before to, at most 7 days"));
    }
    Ok((ReceiveTime::from_ms(from.ms()), ReceiveTime::from_ms(to.ms())))
}
