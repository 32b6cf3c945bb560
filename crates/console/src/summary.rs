//! How much is open and how many vehicles are there: counted once a scope for everybody who asks within a moment.

use std::collections::BTreeMap;
use std::time::Instant;

use fleet::State;
use ledger::{HandlingStatus, Ledger, Query, StoreError};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::alerts;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::live::SUMMARY_EVERY;
use crate::problem::Problem;
use crate::slots::sees_group;

/// Counting stops here: a desk with so many open alerts needs no exact number.
pub(crate) const COUNT_MAX: u64 = 10_000;

/// Summaries by scope, as a query that asks for nothing else; those a second old are made anew.
#[derive(Default)]
pub(crate) struct Summaries(Mutex<Vec<(Query, Instant, Value)>>);

impl Summaries {
    /// What is open within a scope.
    pub(crate) async fn summary(&self, app: &Shared, caller: &Caller) -> Result<Value, Problem> {
        let mut made = self.0.lock().await;
        made.retain(|(_, at, _)| at.elapsed() < SUMMARY_EVERY / 2);
        let scope = alerts::within_scope(caller);
        if let Some((_, _, summary)) = made.iter().find(|(whose, _, _)| *whose == scope) {
            return Ok(summary.clone());
        }
        let query = scope.clone();
        let (open, unacknowledged) =
            app.blocking(move |parts| counts(&parts.ledger, query)).await?.map_err(alerts::refused)?;
        let (total, online) = vehicles(app, caller);
        let summary = json!({
            "at": now().to_rfc3339_ms(),
            "open": open,
            "unacknowledged": unacknowledged,
            "vehicles_online": online,
            "vehicles_total": total,
        });
        made.push((scope, Instant::now(), summary.clone()));
        Ok(summary)
    }
}

type Counts = BTreeMap<&'static str, u64>;

/// By severity, alerts whose condition holds and alerts nobody has acknowledged.
fn counts(ledger: &Ledger, scope: Query) -> Result<(Counts, Counts), StoreError> {
    let open = Query { states: vec![State::Raised, State::Updated], ..scope.clone() };
    let unacknowledged = Query { handling: vec![HandlingStatus::New], ..scope };
    let counts = |query| -> Result<Counts, StoreError> {
        let counts = ledger.count_severities(&query, COUNT_MAX)?;
        Ok(counts.into_iter().map(|(severity, count)| (severity.as_str(), count)).collect())
    };
    Ok((counts(open)?, counts(unacknowledged)?))
}

/// How many vehicles a caller sees, and how many of them are online.
fn vehicles(app: &Shared, caller: &Caller) -> (usize, usize) {
    let slots = app.fold.read();
    let groups: Vec<bool> = slots.groups().iter().map(|group| sees_group(caller, group)).collect();
    let mine = slots.known().filter(|(_, point)| groups.get(point.group_index()) == Some(&true));
    mine.fold((0, 0), |(total, online), (_, point)| (total + 1, online + usize::from(point.is_online())))
}
