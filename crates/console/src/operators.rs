//! Operators: who is on file, and how its vehicles stand now.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{Operator, Severity};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::guard::Caller;
use crate::json::page;
use crate::problem::Problem;
use crate::query::Params;
use crate::vehicles;

/// An operator's vehicles that a caller sees.
#[derive(Clone, Copy, Debug, Default)]
struct Now {
    vehicles: u64,
    online: u64,
    open_alerts: u64,
    worst_open: Option<Severity>,
}

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit()?;
    let after = params.one::<String>("cursor")?;
    let wanted = params.one::<String>("q")?.map(|text| text.to_lowercase());
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let fits = |operator: &&Operator| {
        let holds = |text: &str, wanted: &String| text.to_lowercase().contains(wanted);
        let found = |wanted: &String| holds(&operator.operator, wanted) || holds(&operator.name, wanted);
        caller.sees_operator(operator)
            && after.as_ref().is_none_or(|after| operator.operator > *after)
            && wanted.as_ref().is_none_or(found)
    };
    let mut found: Vec<&Operator> = registry.operators().filter(fits).collect();
    found.sort_by(|a, b| a.operator.cmp(&b.operator));
    let more = found.len() > limit;
    found.truncate(limit);
    let now = now(&app, &caller);
    let of = |operator: &str| now.get(operator).copied().unwrap_or_default();
    let items = found.iter().map(|operator| describe(operator, of(&operator.operator))).collect();
    let next = found.last().filter(|_| more).map(|last| last.operator.clone());
    Ok(page(items, next))
}

/// One operator as the list shows it, if this caller may see it; otherwise it is not there.
pub(crate) fn one(app: &Shared, caller: &Caller, id: &str) -> Result<Value, Problem> {
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let operator = registry.operator(id).filter(|operator| caller.sees_operator(operator));
    let operator = operator.ok_or_else(|| Problem::not_found("such operator"))?;
    Ok(describe(operator, now(app, caller).remove(id).unwrap_or_default()))
}

fn describe(operator: &Operator, now: Now) -> Value {
    json!({
        "operator": operator.operator,
        "name": operator.name,
        "division": operator.division,
        "vehicles": now.vehicles,
        "online": now.online,
        "open_alerts": now.open_alerts,
        "worst_open": now.worst_open,
    })
}

/// Every vehicle on file that the caller sees, added up by operator.
fn now(app: &Shared, caller: &Caller) -> BTreeMap<String, Now> {
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let mut all: BTreeMap<String, Now> = BTreeMap::new();
    for (_, known) in vehicles::everything(app, &registry) {
        let Some(vehicle) = known.0.as_ref().filter(|_| vehicles::sees(caller, &known)) else { continue };
        let sum = all.entry(vehicle.operator.clone()).or_default();
        sum.vehicles += 1;
        sum.online += u64::from(vehicles::is_online(known.1.as_deref()));
        if let Some(live) = &known.1 {
            sum.open_alerts += u64::from(live.open_alerts);
            sum.worst_open = sum.worst_open.max(live.worst_open);
        }
    }
    all
}
