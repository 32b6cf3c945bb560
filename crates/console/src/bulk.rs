//! One action on many alerts: on those named, or on all that a filter matches, if they are no more than the person saw.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::Query;
use serde_json::{Value, json};

use crate::alerts::{self, Wanted};
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::to_http;
use crate::problem::Problem;
use crate::query::Params;
use crate::routes::SUMMARY_FILTERS;
use crate::schema::{ActionRequest, BulkRequest};

/// Alerts in one bulk action.
const BULK_MAX: usize = 1000;

pub(crate) async fn act(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    crate::json::Body(request): crate::json::Body<BulkRequest>,
) -> Result<Json<Value>, Problem> {
    let BulkRequest { action, note, result, reason, assignee, until, ids, filter, count_seen } = request;
    let (expected_version, request_id) = (None, None);
    let request =
        ActionRequest { action, note, result, reason, assignee, until, expected_version, request_id };
    let wanted = Wanted::parse(&caller, request)?;
    let ids = match (ids, filter, count_seen) {
        (Some(ids), None, None) => ids,
        (None, Some(filter), Some(seen)) => matching(&app, &caller, filter, seen).await?,
        _ => return Err(Problem::body("ids", "expected either ids, or filter together with count_seen")),
    };
    if ids.is_empty() || ids.len() > BULK_MAX {
        return Err(Problem::body("ids", format!("{} alerts, expected 1 to {BULK_MAX}", ids.len())));
    }
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(match wanted.act(&app, &caller, &id).await {
            Ok(handling) => json!({ "id": id, "ok": true, "problem": null, "handling": to_http(&handling)? }),
            Err(problem) => json!({ "id": id, "ok": false, "problem": problem.to_json(), "handling": null }),
        });
    }
    Ok(Json(json!({ "items": items })))
}

/// The alerts a filter matches now; refused where they are more than were seen, for then some were not.
async fn matching(
    app: &Shared,
    caller: &Caller,
    filter: BTreeMap<String, Value>,
    seen: u64,
) -> Result<Vec<String>, Problem> {
    let params = Params::from_members(&filter, SUMMARY_FILTERS)?;
    let mut query = Query { limit: BULK_MAX, ..alerts::query(&params, caller)? };
    alerts::look_up_text(app, &mut query);
    let (found, count) = app
        .blocking(move |parts| {
            let count = parts.ledger.count(&query, seen.max(BULK_MAX as u64) + 1)?;
            Ok::<_, ledger::StoreError>((parts.ledger.alerts(&query)?, count))
        })
        .await?
        .map_err(alerts::refused)?;
    if count > seen {
        let detail = format!("the filter matches more than the {seen} that were seen: look again");
        let problem = Problem::new(StatusCode::CONFLICT, "count-changed", detail);
        return Err(problem.about("body/count_seen".to_owned()).with("count", json!(count)));
    }
    if count > BULK_MAX as u64 {
        return Err(Problem::body("filter", format!("the filter matches over {BULK_MAX} alerts: narrow it")));
    }
    Ok(found.items.iter().map(|listed| listed.alert.id.to_string()).collect())
}
