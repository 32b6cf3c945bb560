//! Bridges and tunnels with a monitor, and what cameras saw: both reach the rules through the journal.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use fleet::{Division, EventTime, LonLat, Map, Notice, PlateColor, ZoneLabel};
use journal::{AppendError, Record};
use ledger::AuditEntry;
use pipeline::Structure;
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::problem::Problem;
use crate::schema::{ReopenRequest, SightingRequest};

/// Longest note, in characters, as of an action on an alert.
const NOTE_CHARS_MAX: usize = 2_000;
/// Longest plate, in characters.
const PLATE_CHARS_MAX: usize = 16;
/// Longest name of a camera, in characters.
const CAMERA_CHARS_MAX: usize = 128;
/// A time further ahead of ours than this can't be right.
const AHEAD_MAX: Duration = Duration::from_secs(300);

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let atlas = std::sync::Arc::clone(&app.parts.reference.borrow().atlas);
    let structures = app.parts.live.structures();
    let seen =
        structures.iter().filter(|structure| caller.scope.sees_place(division(&*atlas, &structure.id)));
    let items = seen.map(|structure| describe(&*atlas, structure)).collect::<Result<_, _>>()?;
    Ok(page(items, None))
}

/// Where a structure is, as far as the map knows.
fn division(map: &dyn Map, id: &str) -> Division {
    map.zone_index(id).map_or(Division::UNKNOWN, |index| map.zone(index).division)
}

fn describe(map: &dyn Map, structure: &Structure) -> Result<Value, Problem> {
    let zone = map.zone_index(&structure.id).map(|index| map.zone(index));
    let label = zone.map(|zone| ZoneLabel {
        id: zone.id.clone(),
        kind: zone.kind,
        name_zh: zone.name_zh.clone(),
        name_en: zone.name_en.clone(),
    });
    to_http(&json!({
        "id": structure.id,
        "zone": label,
        "division": zone.map(|zone| zone.division),
        "closed_at": structure.closed.map(|closed| closed.since),
        "closed_level": structure.closed.map(|closed| closed.level),
        "last": structure.last.map(|last| json!({
            "at": last.at, "displacement_mm": last.displacement_mm, "level": last.level,
        })),
        "reopened_at": structure.reopened.as_ref().map(|opened| opened.at),
        "reopened_by": structure.reopened.as_ref().map(|opened| &opened.by),
    }))
}

/// Opens what a monitor closed. The audit log says who did and why.
pub(crate) async fn reopen(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(ReopenRequest { note }): Body<ReopenRequest>,
) -> Result<StatusCode, Problem> {
    length("note", &note, NOTE_CHARS_MAX)?;
    let structures = app.parts.live.structures();
    let place = division(&*app.parts.reference.borrow().atlas, &id);
    let known = structures.iter().find(|known| known.id == id && caller.scope.sees_place(place));
    let closed = known.ok_or_else(|| Problem::not_found("such structure"))?.closed;
    let closed = closed.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "not-closed", "it is open"))?;
    let entry = AuditEntry {
        at: now(),
        by: caller.name().to_owned(),
        via: caller.via(),
        action: "structure-reopen".to_owned(),
        subject: id.clone(),
        detail: json!({ "note": note, "closed_at": closed.since, "closed_level": closed.level }).to_string(),
    };
    app.blocking(move |parts| parts.ledger.audit(&entry)).await?.map_err(Problem::internal)?;
    keep(&app, &Notice::Reopen { structure: id, at: now().as_event(), by: caller.identity.name }).await
}

pub(crate) async fn sighting(
    State(app): State<Shared>,
    Body(request): Body<SightingRequest>,
) -> Result<StatusCode, Problem> {
    let SightingRequest { plate, color, at, lon, lat, camera } = request;
    length("plate", &plate, PLATE_CHARS_MAX)?;
    length("camera", &camera, CAMERA_CHARS_MAX)?;
    let color: PlateColor =
        color.parse().map_err(|error| Problem::body("color", format!("color: {error}")))?;
    let at: EventTime = at.parse().map_err(|error| Problem::body("at", format!("at: {error}")))?;
    if at.ahead_of(now()) > AHEAD_MAX {
        return Err(Problem::body("at", "at lies in the future"));
    }
    for (member, value, most) in [("lon", lon, 180.0), ("lat", lat, 90.0)] {
        if !value.is_finite() || value.abs() > most {
            return Err(Problem::body(member, format!("{member} is {value}, expected -{most} to {most}")));
        }
    }
    let position = LonLat::from_degrees(lon, lat);
    keep(&app, &Notice::Sighting { plate, color, at, position, camera }).await
}

fn length(member: &str, text: &str, most: usize) -> Result<(), Problem> {
    let chars = text.chars().count();
    if text.trim().is_empty() || chars > most {
        return Err(Problem::body(member, format!("{member} has {chars} characters, expected 1 to {most}")));
    }
    Ok(())
}

/// Answered once it is on disk.
async fn keep(app: &Shared, notice: &Notice) -> Result<StatusCode, Problem> {
    let frame = serde_json::to_vec(notice).map_err(Problem::internal)?.into();
    let kept = app.parts.journal.keep(Record { received: now(), source: None, frame }).await;
    kept.map(|_| StatusCode::ACCEPTED).map_err(|error: AppendError| Problem::internal(error))
}
