//! Zones and routes as they are, and how they came to be.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::{Extension, Json};
use fleet::{Division, ZoneKind};
use ledger::Scope;
use serde_json::{Value, json};
use settings::{PlaceKind, Reference};

use super::{Of, absent, describe};
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::{page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::vehicles::divisions;

pub(crate) async fn list<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let filter = Filter::from_params(&params, &caller)?;
    let limit = params.limit()?;
    let after = params.one::<String>("cursor")?.unwrap_or_default();
    let reference = Arc::clone(&app.parts.reference.borrow());
    let ids = ids(&reference, K::KIND, &filter);
    let mut later = ids.into_iter().filter(|id| after.is_empty() || **id > *after);
    let shown: Vec<String> = later.by_ref().take(limit).collect();
    let next = later.next().and(shown.last().cloned());
    let items: Result<_, _> =
        shown.iter().filter_map(|id| describe(&reference, K::KIND, id)).map(|item| to_http(&item)).collect();
    Ok(page(items?, next))
}

/// Those that hold and those that are closed, by id.
fn ids(reference: &Reference, kind: PlaceKind, filter: &Filter) -> BTreeSet<String> {
    let closed = |id: &String| reference.drawn.of(kind).places.get(id).is_some_and(|p| p.feature.is_none());
    let mut ids = BTreeSet::new();
    match kind {
        PlaceKind::Zones => {
            let beneath = reference.drawn.beneath_zones.iter().filter(|(id, _)| closed(id));
            let zones =
                beneath.map(|(_, (zone, _))| zone).chain(reference.atlas.zones().map(|(zone, _)| zone));
            ids.extend(zones.filter(|zone| filter.lets_zone(zone)).map(|zone| zone.id.clone()));
        }
        PlaceKind::Routes => {
            let beneath = reference.drawn.beneath_routes.keys().filter(|id| closed(id));
            let routes = beneath.chain(reference.atlas.routes().map(|route| &route.id));
            ids.extend(routes.filter(|id| filter.lets_text(&[id])).cloned());
        }
    }
    ids
}

pub(crate) async fn one<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<(HeaderMap, Json<Value>), Problem> {
    let reference = Arc::clone(&app.parts.reference.borrow());
    must_see(&caller, &reference, K::KIND, &id)?;
    shown(&reference, K::KIND, &id)
}

/// A zone outside the caller's divisions is not there. A route has no division.
fn must_see(caller: &Caller, reference: &Reference, kind: PlaceKind, id: &str) -> Result<(), Problem> {
    let place = describe(reference, kind, id);
    let division = place.as_ref().and_then(|place| Division::parse(place["division"].as_str()?).ok());
    let is_seen = division.is_none_or(|division| caller.scope.sees_place(division));
    is_seen.then_some(()).ok_or_else(|| absent(kind))
}

/// A place with its ETag.
pub(super) fn shown(
    reference: &Reference,
    kind: PlaceKind,
    id: &str,
) -> Result<(HeaderMap, Json<Value>), Problem> {
    let place = to_http(&describe(reference, kind, id).ok_or_else(|| absent(kind))?)?;
    let tag = format!("\"{}\"", reference.place_version(kind, id));
    let tag = HeaderValue::from_str(&tag).map_err(Problem::internal)?;
    Ok((HeaderMap::from_iter([(header::ETAG, tag)]), Json(place)))
}

/// Those of one that is gone are shown too, as long as they are kept.
pub(crate) async fn versions<K: Of>(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    must_see(&caller, &app.parts.reference.borrow(), K::KIND, &id)?;
    let is_there = app.parts.reference.borrow().place(K::KIND, &id).is_some();
    let rows = app.blocking(move |parts| parts.ledger.place_versions(K::KIND.one(), &id)).await?;
    let rows = rows.map_err(Problem::internal)?;
    if rows.is_empty() && !is_there {
        return Err(absent(K::KIND));
    }
    let item = |row: &ledger::PlaceVersion| {
        to_http(&json!({
            "version": row.version, "at": row.at, "by": row.by, "via": row.via, "action": row.action,
            "note": row.note, "before": row.before, "feature": row.feature,
        }))
    };
    Ok(page(rows.iter().map(item).collect::<Result<_, _>>()?, None))
}

struct Filter {
    kinds: Vec<ZoneKind>,
    divisions: Vec<String>,
    /// In small letters.
    text: Option<String>,
    scope: Scope,
}

impl Filter {
    fn from_params(params: &Params, caller: &Caller) -> Result<Self, Problem> {
        let text = params.one::<String>("q")?.map(|text| text.to_lowercase());
        let (kinds, divisions) = (params.all("kind")?, divisions(params)?);
        Ok(Self { kinds, divisions, text, scope: caller.scope.clone() })
    }

    fn lets_zone(&self, zone: &fleet::Zone) -> bool {
        let division = zone.division.to_string();
        (self.kinds.is_empty() || self.kinds.contains(&zone.kind))
            && (self.divisions.is_empty() || self.divisions.iter().any(|prefix| division.starts_with(prefix)))
            && self.scope.sees_place(zone.division)
            && self.lets_text(&[&zone.id, &zone.name_zh, &zone.name_en])
    }

    fn lets_text(&self, texts: &[&str]) -> bool {
        let wanted = self.text.as_deref();
        wanted.is_none_or(|wanted| texts.iter().any(|text| text.to_lowercase().contains(wanted)))
    }
}
