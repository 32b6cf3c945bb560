//! What machines ask about the service itself.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::{Encoder, TextEncoder};
use serde_json::{Map, Value, json};

use crate::app::Shared;
use crate::problem::Problem;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

pub(crate) async fn ready(State(app): State<Shared>) -> Response {
    let checks = (app.parts.ready)();
    let is_ready = checks.iter().all(|(_, is_well)| *is_well);
    let by_name: Map<String, Value> =
        checks.into_iter().map(|(name, well)| (name.to_owned(), well.into())).collect();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": is_ready, "checks": by_name }))).into_response()
}

pub(crate) async fn metrics(State(app): State<Shared>) -> Result<Response, Problem> {
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    encoder.encode(&app.parts.metrics.gather(), &mut text).map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response())
}

pub(crate) async fn openapi() -> Json<Value> {
    Json(crate::openapi::document())
}
