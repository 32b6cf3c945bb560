//! Zones and routes drawn in the console: shown with those of the files, changed with their versions. Whether it holds together is told by the same load as a reload.

mod import;
mod read;
mod trial;
mod write;

use std::sync::Arc;

use axum::http::StatusCode;
use ledger::Via;
use serde_json::{Value, json};
use settings::{Edit, PlaceKind, Problems, Reference, Unfit};

use crate::problem::Problem;

pub(crate) use import::{IMPORT_BYTES_MAX, import};
pub(crate) use read::{list, one, versions};
pub(crate) use trial::trial;
pub(crate) use write::{IF_MATCH, add, remove, replace};

/// Puts an edit of somebody, by name and way, into force, or only checks it where the last argument is true; blocks.
/// Gives the set that holds after it.
pub type Redraw = Arc<dyn Fn(&Edit, &str, Via, bool) -> Result<Arc<Reference>, NotRedrawn> + Send + Sync>;

/// Why what was drawn before stays in force.
#[derive(Debug)]
pub enum NotRedrawn {
    /// It does not fit what is there.
    Unfit(Unfit),
    /// With it, or with something else in the files, the set does not hold together.
    Mistakes(Problems),
    /// Nothing that the caller could mend.
    Unavailable(String),
}

/// What a group of paths is about.
pub(crate) trait Of {
    const KIND: PlaceKind;
}

/// `/api/v1/zones`.
pub(crate) struct Zones;

/// `/api/v1/routes`.
pub(crate) struct Routes;

impl Of for Zones {
    const KIND: PlaceKind = PlaceKind::Zones;
}

impl Of for Routes {
    const KIND: PlaceKind = PlaceKind::Routes;
}

fn absent(kind: PlaceKind) -> Problem {
    Problem::not_found(match kind {
        PlaceKind::Routes => "such route",
        PlaceKind::Zones => "such zone",
    })
}

/// A place as the interface shows it; `None`: there is none.
fn describe(reference: &Reference, kind: PlaceKind, id: &str) -> Option<Value> {
    let mut feature = reference.place(kind, id)?.to_feature();
    let mark = reference.drawn.of(kind).places.get(id);
    let in_file = mark.is_none() || reference.drawn.beneath(kind, id).is_some();
    let mut shown = feature["properties"].take();
    shown["geometry"] = feature["geometry"].take();
    shown["source"] = json!(if mark.is_some() { "console" } else { "file" });
    shown["in_file"] = json!(in_file);
    shown["closed"] = json!(mark.is_some_and(|place| place.feature.is_none()));
    shown["version"] = json!(mark.map_or(0, |place| place.mark.version));
    shown["updated_at"] = json!(mark.map(|place| place.mark.at.to_string()));
    shown["updated_by"] = json!(mark.map(|place| &place.mark.by));
    Some(shown)
}

/// What is said of a change that did not come into force. `pointer` leads to the feature in the body.
fn refusal(kind: PlaceKind, dir: &std::path::Path, pointer: &str, refused: NotRedrawn) -> Problem {
    match refused {
        NotRedrawn::Unfit(unfit) => unfits(kind, &unfit),
        NotRedrawn::Unavailable(reason) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", reason)
        }
        NotRedrawn::Mistakes(problems) => {
            let ours = kind.file(dir).display().to_string();
            let own = problems.problems.iter().find(|problem| problem.file == ours);
            if let Some(own) = own {
                let place = own.pointer.as_deref().map(|inner| format!("/{inner}")).unwrap_or_default();
                return Problem::body(&format!("{pointer}{place}"), own.text.clone());
            }
            let detail = "with this change the files do not hold together, what was there stays in force";
            let mistakes: Vec<String> = problems.to_string().lines().map(str::to_owned).collect();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-reference", detail)
                .with("mistakes", mistakes.into())
        }
    }
}

fn unfits(kind: PlaceKind, unfit: &Unfit) -> Problem {
    let detail = format!("{}: {unfit}", kind.one());
    match unfit {
        Unfit::Absent(_) => absent(kind),
        Unfit::Exists(_) => Problem::new(StatusCode::CONFLICT, "exists", detail),
        Unfit::InFile(_) => Problem::new(StatusCode::CONFLICT, "in-file", detail),
        Unfit::Stale(version) => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail).with("version", json!(version))
        }
        Unfit::TooMuch(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too-much", detail),
    }
}
