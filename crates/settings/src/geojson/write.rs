//! Zones and routes written as the features they are read from.

use atlas::{Route, Shape};
use fleet::{Division, Zone};
use geo::{LineString, Polygon};
use serde_json::{Map, Value, json};

/// A zone or a route.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A zone and where it lies.
    Zone(Box<Zone>, Shape),
    /// A route.
    Route(Route),
}

impl Place {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Zone(zone, _) => &zone.id,
            Self::Route(route) => &route.id,
        }
    }

    /// The feature that is read as this place, in WGS-84; properties that say nothing are left out.
    pub fn to_feature(&self) -> Value {
        let (properties, geometry) = match self {
            Self::Zone(zone, shape) => (zone_properties(zone, shape), shape_geometry(shape)),
            Self::Route(route) => (route_properties(route), line_geometry(&route.line)),
        };
        json!({ "type": "Feature", "properties": properties, "geometry": geometry })
    }
}

fn zone_properties(zone: &Zone, shape: &Shape) -> Map<String, Value> {
    let width_m = match shape {
        Shape::Area(_) => None,
        Shape::Corridor { width_m, .. } => Some(width_m),
    };
    let mut division = json!(zone.division);
    if zone.division == Division::UNKNOWN {
        division = Value::Null;
    }
    members([
        ("id", json!(zone.id)),
        ("kind", json!(zone.kind)),
        ("name_zh", json!(zone.name_zh)),
        ("name_en", json!(zone.name_en)),
        ("division", division),
        // An empty list is not the same as none: bridges, tunnels and water sources then are for hazmat trucks.
        ("classes", json!(zone.classes)),
        ("hazmat_classes", listed(&zone.hazmat_classes)),
        ("hazmat_un", listed(&zone.hazmat_un)),
        ("tunnel_category", json!(zone.tunnel_category)),
        ("hours", json!(zone.hours)),
        ("valid_from", json!(zone.valid_from)),
        ("valid_until", json!(zone.valid_until)),
        ("limit_kmh", json!(zone.limit_kmh)),
        ("length_m", json!(zone.length_m)),
        ("approach_m", json!(zone.approach_m)),
        ("document", json!(zone.document)),
        ("roads", listed(&zone.roads)),
        ("width_m", json!(width_m)),
    ])
}

fn route_properties(route: &Route) -> Map<String, Value> {
    let stops: Vec<[f64; 2]> = route.stops.iter().map(|stop| [stop.lon(), stop.lat()]).collect();
    let stops = if stops.is_empty() { Value::Null } else { json!(stops) };
    members([
        ("id", json!(route.id)),
        ("corridor_m", json!(route.corridor_m)),
        ("hours", json!(route.hours)),
        ("stops", stops),
    ])
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let given = members.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn listed(texts: &[String]) -> Value {
    if texts.is_empty() { Value::Null } else { json!(texts) }
}

fn shape_geometry(shape: &Shape) -> Value {
    let rings = |polygon: &Polygon<f64>| -> Vec<_> {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(points).collect()
    };
    match shape {
        Shape::Area(area) => match area.0.as_slice() {
            [polygon] => json!({ "type": "Polygon", "coordinates": rings(polygon) }),
            polygons => {
                let polygons: Vec<_> = polygons.iter().map(rings).collect();
                json!({ "type": "MultiPolygon", "coordinates": polygons })
            }
        },
        Shape::Corridor { line, .. } => line_geometry(line),
    }
}

fn line_geometry(line: &LineString<f64>) -> Value {
    json!({ "type": "LineString", "coordinates": points(line) })
}

fn points(line: &LineString<f64>) -> Vec<[f64; 2]> {
    line.0.iter().map(|at| [at.x, at.y]).collect()
}
