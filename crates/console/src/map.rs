//! The map in force as GeoJSON, for drawing.

use atlas::Shape;
use axum::Json;
use axum::extract::State;
use fleet::LonLat;
use serde_json::{Value, json};

use crate::app::Shared;

pub(crate) async fn zones(State(app): State<Shared>) -> Json<Value> {
    let atlas = std::sync::Arc::clone(&app.parts.reference.borrow().atlas);
    let features = atlas.zones().map(|(zone, shape)| {
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

pub(crate) async fn routes(State(app): State<Shared>) -> Json<Value> {
    let atlas = std::sync::Arc::clone(&app.parts.reference.borrow().atlas);
    let features = atlas.routes().map(|route| {
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
