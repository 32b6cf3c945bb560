//! Bulletins about major dangers: made once a month or more often, and shown to each as far as it may see.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use fleet::Month;
use ledger::{BulletinError, DangerPart};
use serde_json::Value;

use crate::app::{Shared, now};
use crate::dangers::{NOTE_MAX, member, must_have, sees, text};
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::schema::BulletinRequest;

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit()?;
    let titles =
        app.blocking(move |parts| parts.ledger.bulletins(limit)).await?.map_err(Problem::internal)?;
    Ok(page(titles.iter().map(to_http).collect::<Result<_, _>>()?, None))
}

pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = app.blocking(move |parts| parts.ledger.bulletin(&id)).await?.map_err(Problem::internal)?;
    let bulletin = found.ok_or_else(|| Problem::not_found("such bulletin"))?;
    to_http(&bulletin.narrowed(|item| sees(&caller, &item.operator, &item.division))).map(Json)
}

pub(crate) async fn create(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<BulletinRequest>,
) -> Result<Response, Problem> {
    must_have(&caller, DangerPart::Closer, "make a bulletin")?;
    let month: Month = member("month", &request.month)?;
    let note = text("note", request.note, NOTE_MAX)?;
    let (by, via) = (caller.name().to_owned(), caller.via());
    let made = app.blocking(move |parts| parts.ledger.make_bulletin(month, note, &by, via, now())).await?;
    let bulletin = made.map_err(|error| match error {
        BulletinError::Future(_) => Problem::body("month", format!("month: {error}")),
        BulletinError::Full { .. } => Problem::new(StatusCode::CONFLICT, "full", error.to_string()),
        BulletinError::Store(error) => Problem::internal(error),
    })?;
    let place = format!("/api/v1/dangers/bulletins/{}", bulletin.title.id);
    let shown = bulletin.narrowed(|item| sees(&caller, &item.operator, &item.division));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(to_http(&shown)?)).into_response())
}
