//! Who tried to be a terminal, and what a person does about it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::{SecurityEvent, Stranger};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::guard::Caller;
use crate::json::page;
use crate::problem::Problem;
use crate::vehicles::visible;

/// Numbers that are not on file, one row each however often they came. They are nobody's: who sees a part of the fleet alone
/// sees none.
pub(crate) async fn strangers(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    if !caller.sees_vehicle(None) {
        return Ok(page(Vec::new(), None));
    }
    let found = app.blocking(move |parts| parts.ledger.strangers()).await?.map_err(Problem::internal)?;
    Ok(page(found.iter().map(stranger).collect(), None))
}

/// What was suspicious, one row a kind and terminal; of terminals the caller sees.
pub(crate) async fn events(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let found =
        app.blocking(move |parts| parts.ledger.security_events()).await?.map_err(Problem::internal)?;
    let registry = app.parts.reference.borrow().registry.clone();
    let items = found.iter().filter_map(|found| {
        let vehicle = found.terminal.and_then(|terminal| registry.vehicle(terminal));
        let plate = vehicle.map(|vehicle| vehicle.plate.as_str());
        caller.sees_vehicle(vehicle).then(|| event(found, plate))
    });
    Ok(page(items.collect(), None))
}

/// Binds a terminal to nothing: the next device that registers under its number has it from then on.
pub(crate) async fn release(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(terminal): Path<String>,
) -> Result<StatusCode, Problem> {
    let (terminal, _) = visible(&app, &caller, &terminal)?;
    let author = caller.author();
    let released = app.blocking(move |parts| parts.ledger.release_terminal(terminal, &author)).await?;
    released.map_err(Problem::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

fn stranger(it: &Stranger) -> Value {
    json!({
        "number": it.number, "plate": it.plate, "device": it.device, "maker": it.maker, "address": it.address,
        "first_at": it.first.as_event().to_rfc3339_ms(), "last_at": it.last.as_event().to_rfc3339_ms(),
        "tries": it.tries,
    })
}

fn event(it: &SecurityEvent, plate: Option<&str>) -> Value {
    json!({
        "kind": it.threat, "terminal": it.terminal, "plate": plate, "addresses": it.addresses,
        "first_at": it.first.as_event().to_rfc3339_ms(), "last_at": it.last.as_event().to_rfc3339_ms(),
        "count": it.count,
    })
}
