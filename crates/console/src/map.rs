//! The map in force as GeoJSON, for drawing.

use std::collections::HashSet;

use atlas::Shape;
use axum::extract::State;
use axum::{Extension, Json};
use fleet::LonLat;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::guard::Caller;

/// What the map is drawn on. Nobody else's key is told to who is not signed in.
pub(crate) async fn settings(State(app): State<Shared>) -> Json<Value> {
    let tiles = app.parts.tiles.as_ref().map(|tiles| {
        json!({
            "urls": [tiles.url], "coordinate_system": tiles.datum.as_str(), "attribution": tiles.attribution,
            "size": tiles.tile_px, "max_zoom": tiles.max_zoom,
        })
    });
    Json(json!({ "tiles": tiles }))
}

pub(crate) async fn zones(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let atlas = std::sync::Arc::clone(&app.parts.reference.borrow().atlas);
    let seen = atlas.zones().filter(|(zone, _)| caller.scope.sees_place(zone.division));
    let features = seen.map(|(zone, shape)| {
        json!({
            "type": "Feature",
            "geometry": geometry(shape),
            "properties": {
                "id": zone.id, "kind": zone.kind, "name_zh": zone.name_zh, "name_en": zone.name_en, "division": zone.division,
                "classes": zone.classes, "hazmat_classes": zone.hazmat_classes, "hours": zone.hours, "limit_kmh": zone.limit_kmh,
                "length_m": zone.length_m, "width_m": width(shape),
            },
        })
    });
    collection(features.collect())
}

/// Routes have no place of their own: who doesn't see everything sees those of its vehicles.
pub(crate) async fn routes(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let reference = std::sync::Arc::clone(&app.parts.reference.borrow());
    let atlas = &reference.atlas;
    let own: Option<HashSet<&str>> = caller.scope.within.is_some().then(|| {
        let own = reference.registry.vehicles().filter(|vehicle| caller.sees_vehicle(Some(*vehicle)));
        own.filter_map(|vehicle| vehicle.route.as_deref()).collect()
    });
    let seen = atlas.routes().filter(|route| own.as_ref().is_none_or(|own| own.contains(route.id.as_str())));
    let features = seen.map(|route| {
        let stops: Vec<_> = route.stops.iter().map(|stop: &LonLat| [stop.lon(), stop.lat()]).collect();
        json!({
            "type": "Feature",
            "geometry": { "type": "LineString", "coordinates": line(&route.line) },
            "properties": { "id": route.id, "corridor_m": route.corridor_m, "hours": route.hours, "stops": stops },
        })
    });
    collection(features.collect())
}

fn collection(features: Vec<Value>) -> Json<Value> {
    Json(json!({ "type": "FeatureCollection", "features": features }))
}

fn geometry(shape: &Shape) -> Value {
    match shape {
        Shape::Area(area) => {
            let rings = |polygon: &geo::Polygon<f64>| -> Vec<_> {
                std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(line).collect()
            };
            json!({ "type": "MultiPolygon", "coordinates": area.0.iter().map(rings).collect::<Vec<_>>() })
        }
        Shape::Corridor { line: along, .. } => json!({ "type": "LineString", "coordinates": line(along) }),
    }
}

fn width(shape: &Shape) -> Option<f64> {
    match shape {
        Shape::Area(_) => None,
        Shape::Corridor { width_m, .. } => Some(*width_m),
    }
}

fn line(line: &geo::LineString<f64>) -> Vec<[f64; 2]> {
    line.0.iter().map(|at| [at.x, at.y]).collect()
}
