//! A zone or a route is drawn, changed, closed or taken back.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::{Extension, Json};
use serde_json::Value;
use settings::{Change, Edit, Place, PlaceKind, check_feature};

use super::read::shown;
use super::{Of, refusal};
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::Body;
use crate::problem::Problem;
use crate::query::Params;
use crate::schema::{DrawRequest, RedrawRequest};

/// Name of the header with the version somebody saw.
pub(crate) const IF_MATCH: &str = "If-Match";

/// Longest note, in characters, as of an action on an alert.
const NOTE_CHARS_MAX: usize = 2_000;

pub(crate) async fn add<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(DrawRequest { feature, note, drawn_on }): Body<DrawRequest>,
) -> Result<(StatusCode, HeaderMap, Json<Value>), Problem> {
    let place = checked(K::KIND, &feature, drawn_on.as_deref())?;
    let id = place.id().to_owned();
    let edit = Edit { kind: K::KIND, changes: vec![Change::Add(place)], seen: None, note };
    let (heads, place) = put(&app, caller, edit, &id).await?;
    Ok((StatusCode::CREATED, heads, place))
}

pub(crate) async fn replace<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    heads: HeaderMap,
    Body(RedrawRequest { feature, closed, note, drawn_on }): Body<RedrawRequest>,
) -> Result<(HeaderMap, Json<Value>), Problem> {
    let seen = seen(&heads)?;
    let change = match (feature, closed) {
        (None, true) => Change::Close(id.clone()),
        (Some(mut feature), false) => {
            name(&mut feature, &id)?;
            Change::Replace(checked(K::KIND, &feature, drawn_on.as_deref())?)
        }
        (Some(_), true) | (None, false) => {
            let detail = "either feature is given, or closed is true: expected one of both";
            return Err(Problem::body("feature", detail));
        }
    };
    put(&app, caller, Edit { kind: K::KIND, changes: vec![change], seen, note }, &id).await
}

pub(crate) async fn remove<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(id): Path<String>,
    heads: HeaderMap,
) -> Result<StatusCode, Problem> {
    let (seen, note) = (seen(&heads)?, params.one::<String>("note")?.unwrap_or_default());
    let edit = Edit { kind: K::KIND, changes: vec![Change::Remove(id)], seen, note };
    redrawn(&app, caller, edit, false, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts one place into force and shows it.
async fn put(
    app: &Shared,
    caller: Caller,
    edit: Edit,
    id: &str,
) -> Result<(HeaderMap, Json<Value>), Problem> {
    let kind = edit.kind;
    let reference = redrawn(app, caller, edit, false, "feature").await?;
    shown(&reference, kind, id)
}

/// The set after an edit; with `is_trial` nothing comes into force.
pub(super) async fn redrawn(
    app: &Shared,
    caller: Caller,
    edit: Edit,
    is_trial: bool,
    pointer: &'static str,
) -> Result<std::sync::Arc<settings::Reference>, Problem> {
    let chars = edit.note.chars().count();
    if chars > NOTE_CHARS_MAX {
        let detail = format!("note has {chars} characters, expected at most {NOTE_CHARS_MAX}");
        return Err(Problem::body("note", detail));
    }
    let dir = app.parts.reference.borrow().drawn.dir.clone();
    let kind = edit.kind;
    app.blocking(move |parts| (parts.redraw)(&edit, caller.name(), caller.via(), is_trial))
        .await?
        .map_err(|refused| refusal(kind, &dir, pointer, refused))
}

/// What a feature of a body draws.
pub(super) fn checked(kind: PlaceKind, feature: &Value, drawn_on: Option<&str>) -> Result<Place, Problem> {
    let is_shifted = match drawn_on {
        None | Some("wgs84") => false,
        Some("gcj02") => true,
        Some(other) => {
            let detail = format!("drawn_on {other:?} is unknown, expected \"wgs84\" or \"gcj02\"");
            return Err(Problem::body("drawn_on", detail));
        }
    };
    check_feature(kind, feature, is_shifted).map_err(|problems| {
        let first = problems.first();
        let pointer = first.and_then(|problem| problem.pointer.as_deref()).unwrap_or_default();
        let pointer = format!("feature/{pointer}");
        let text = first.map_or("expected a GeoJSON feature", |problem| problem.text.as_str());
        let all = problems.iter().map(|problem| {
            let pointer = problem.pointer.as_deref().unwrap_or_default();
            serde_json::json!({ "pointer": format!("body/feature/{pointer}"), "detail": problem.text })
        });
        Problem::body(pointer.trim_end_matches('/'), text).with("errors", all.collect())
    })
}

/// The id of the path is that of the feature, which may leave it out.
fn name(feature: &mut Value, id: &str) -> Result<(), Problem> {
    let properties = feature.get_mut("properties").and_then(Value::as_object_mut);
    let properties =
        properties.ok_or_else(|| Problem::body("feature/properties", "expected an object of properties"))?;
    let given = properties.entry("id").or_insert_with(|| id.into());
    if given.as_str() == Some(id) {
        return Ok(());
    }
    let detail = format!("id {given} is not the one in the path, expected {id:?} or none");
    Err(Problem::body("feature/properties/id", detail))
}

/// The version in `If-Match`; `None`: any will do.
fn seen(heads: &HeaderMap) -> Result<Option<u64>, Problem> {
    let value = heads.get(header::IF_MATCH).map(HeaderValue::to_str);
    let Some(value) = value else {
        let detail = "the header If-Match is missing, expected the ETag of what is to be changed, or *";
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match-missing", detail));
    };
    let text = value.unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let version = tag.and_then(|tag| tag.parse().ok());
    version.map(Some).ok_or_else(|| {
        let detail = format!("If-Match {text:?} is no ETag of a zone or a route, expected one such as \"7\"");
        Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
    })
}
