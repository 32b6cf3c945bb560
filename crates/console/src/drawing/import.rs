//! A whole collection drawn at once: all of it or nothing.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};
use settings::{Change, Edit, PLACES_MAX, Place, PlaceKind, Reference, check_feature};

use super::Of;
use super::write::redrawn;
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::Body;
use crate::problem::Problem;
use crate::query::Params;

/// A collection of some thousand places in fair detail; other bodies are held to less, see [`crate::app`].
pub(crate) const IMPORT_BYTES_MAX: usize = 4 << 20;

/// Mistakes named in one answer; the rest are counted.
const ERRORS_MAX: usize = 200;

/// What a collection would do.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    added: Vec<String>,
    changed: Vec<String>,
    unchanged: usize,
    errors: Vec<Value>,
    /// Features with a mistake.
    wrong: usize,
}

pub(crate) async fn import<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Body(collection): Body<Value>,
) -> Result<Json<Value>, Problem> {
    let is_trial = params.one::<bool>("dry_run")?.unwrap_or_default();
    let note = params.one::<String>("note")?.unwrap_or_default();
    let (features, is_shifted) = features(collection)?;
    let reference = std::sync::Arc::clone(&app.parts.reference.borrow());
    let mut found = app.blocking(move |_| find(&reference, K::KIND, &features, is_shifted)).await?;
    if found.wrong > 0 && !is_trial {
        let detail = format!("{} features are wrong, nothing was drawn", found.wrong);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", detail)
            .with("errors", found.errors.into()));
    }
    // With mistakes in it the rest is not judged: what it names may stand in a feature that is wrong.
    let changes = std::mem::take(&mut found.changes);
    if found.wrong == 0 && !changes.is_empty() {
        let edit = Edit { kind: K::KIND, changes, seen: None, note };
        redrawn(&app, caller, edit, is_trial, "features").await?;
    }
    Ok(Json(json!({
        "dry_run": is_trial, "added": found.added, "changed": found.changed, "unchanged": found.unchanged,
        "wrong": found.wrong, "errors": found.errors,
    })))
}

/// The features of a collection, and whether their coordinates are GCJ-02.
fn features(mut collection: Value) -> Result<(Vec<Value>, bool), Problem> {
    if collection["type"] != "FeatureCollection" {
        return Err(Problem::body("type", "expected \"FeatureCollection\""));
    }
    let is_shifted = match collection["coordinate_system"].as_str() {
        None if collection["coordinate_system"].is_null() => false,
        Some("wgs84") => false,
        Some("gcj02") => true,
        _ => return Err(Problem::body("coordinate_system", "expected \"wgs84\" or \"gcj02\"")),
    };
    let Value::Array(features) = collection["features"].take() else {
        return Err(Problem::body("features", "expected an array of features"));
    };
    if features.len() > PLACES_MAX {
        let detail = format!("{} features, expected at most {PLACES_MAX}", features.len());
        return Err(Problem::body("features", detail));
    }
    Ok((features, is_shifted))
}

fn find(reference: &Reference, kind: PlaceKind, features: &[Value], is_shifted: bool) -> Found {
    let (mut found, mut seen) = (Found::default(), BTreeSet::new());
    for (index, feature) in features.iter().enumerate() {
        let wrong: Vec<(String, String)> = match check_feature(kind, feature, is_shifted) {
            Ok(place) if seen.insert(place.id().to_owned()) => {
                found.take(reference, kind, place);
                continue;
            }
            Ok(place) => {
                let text =
                    format!("{} {:?} stands in it twice, expected each id once", kind.one(), place.id());
                vec![("properties/id".to_owned(), text)]
            }
            Err(problems) => problems
                .into_iter()
                .map(|problem| (problem.pointer.unwrap_or_default(), problem.text))
                .collect(),
        };
        found.wrong += 1;
        let room = ERRORS_MAX.saturating_sub(found.errors.len());
        let id = feature["properties"]["id"].as_str();
        found.errors.extend(wrong.into_iter().take(room).map(|(inner, text)| {
            let pointer = format!("body/features/{index}/{inner}");
            json!({ "index": index, "id": id, "pointer": pointer.trim_end_matches('/'), "detail": text })
        }));
    }
    found
}

impl Found {
    fn take(&mut self, reference: &Reference, kind: PlaceKind, place: Place) {
        let is_closed =
            reference.drawn.of(kind).places.get(place.id()).is_some_and(|known| known.feature.is_none());
        match reference.place(kind, place.id()) {
            Some(known) if known == place && !is_closed => {
                self.unchanged += 1;
                return;
            }
            Some(_) => self.changed.push(place.id().to_owned()),
            None => self.added.push(place.id().to_owned()),
        }
        self.changes.push(Change::Put(place));
    }
}
