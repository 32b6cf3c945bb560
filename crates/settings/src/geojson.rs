//! Zones, routes, roads and divisions as GeoJSON. A mistake is reported at the line its feature begins at.

use std::collections::HashMap;
use std::str::FromStr;

use atlas::{Route, Shape, gcj02_to_wgs84};
use fleet::{DailyHours, Division, LonLat, VehicleClass, Zone, ZoneKind};
use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::csvs::is_hazmat_class;
use crate::problem::{Collector, line_at};

/// What a file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Divisions,
    Roads,
    Routes,
    Zones,
}

/// Features read so far.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) zones: Vec<(Zone, Shape)>,
    pub(crate) routes: Vec<Route>,
    pub(crate) divisions: Vec<(Division, MultiPolygon<f64>)>,
    /// A file of routes could not be read at all, or it is not known which there are.
    pub(crate) routes_failed: bool,
    /// Where each id stood first.
    seen: HashMap<(&'static str, String), String>,
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow, rename = "type")]
    kind: &'a RawValue,
    #[serde(borrow)]
    coordinate_system: Option<&'a RawValue>,
    #[serde(borrow)]
    features: Vec<&'a RawValue>,
}

impl Reader {
    pub(crate) fn read(&mut self, kind: Kind, file: &str, text: &str, out: &mut Collector) {
        let Some(collection) = collection(file, text, out) else {
            self.routes_failed |= kind == Kind::Routes;
            return;
        };
        if collection.kind.get() != "\"FeatureCollection\"" {
            let written = collection.kind.get();
            let problem = format!("type {written} is wrong, expected \"FeatureCollection\"");
            out.add(file, line_at(text, offset(text, collection.kind)), problem);
        }
        let shifted = match collection.coordinate_system.map(|system| (system, system.get())) {
            None | Some((_, "\"wgs84\"")) => false,
            Some((_, "\"gcj02\"")) => true,
            Some((system, other)) => {
                let problem =
                    format!("coordinate_system {other} is unknown, expected \"wgs84\" or \"gcj02\"");
                out.add(file, line_at(text, offset(text, system)), problem);
                false
            }
        };
        let (mut counted, mut line) = (0, 1);
        for raw in collection.features {
            let offset = offset(text, raw);
            line += line_at(text.get(counted..offset).unwrap_or_default(), usize::MAX) - 1;
            counted = offset;
            let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            let mut feature = Feature { file, line, value: &value, shifted, bad: false, out };
            match kind {
                Kind::Divisions => self.division(&mut feature),
                Kind::Roads => drop(feature.line_string()),
                Kind::Routes => self.route(&mut feature),
                Kind::Zones => self.zone(&mut feature),
            }
        }
    }

    pub(crate) fn has_route(&self, id: &str) -> bool {
        self.seen.contains_key(&("route", id.to_owned()))
    }

    fn zone(&mut self, feature: &mut Feature<'_, '_>) {
        let id = self.id("zone", feature);
        let kind = feature.needed("kind").and_then(|text| feature.parse("kind", &text, ZoneKind::from_str));
        let names = (feature.text("name_zh"), feature.text("name_en"));
        if names.0.is_none() && names.1.is_none() {
            feature.wrong("name_zh and name_en are blank, expected at least one".to_owned());
        }
        let division =
            feature.text("division").and_then(|text| feature.parse("division", &text, Division::parse));
        let classes = feature.texts("classes").map(|texts| {
            texts.iter().filter_map(|text| feature.parse("classes", text, VehicleClass::from_str)).collect()
        });
        let hazmat_classes = feature.texts("hazmat_classes").unwrap_or_default();
        for class in hazmat_classes.iter().filter(|class| !is_hazmat_class(class)) {
            feature.wrong(format!(
                "hazmat_classes {class:?} is wrong, expected a class of GB 6944 such as 3 or 2.1"
            ));
        }
        let hours = feature.hours();
        let [limit_kmh, length_m, approach_m] =
            ["limit_kmh", "length_m", "approach_m"].map(|key| feature.number(key));
        if kind == Some(ZoneKind::SpeedLimit) && limit_kmh.is_none() {
            feature.wrong("limit_kmh is missing, expected the limit of this speed-limit zone".to_owned());
        }
        let shape = feature.shape();
        let (Some(id), Some(kind), Some(shape), false) = (id, kind, shape, feature.bad) else { return };
        let name_zh = names.0.clone().or(names.1.clone()).unwrap_or_default();
        let name_en = names.1.or(names.0).unwrap_or_default();
        let classes = classes.unwrap_or_else(|| default_classes(kind));
        let division = division.unwrap_or_default();
        let zone = Zone {
            name_zh,
            name_en,
            division,
            classes,
            hazmat_classes,
            hours,
            limit_kmh,
            length_m,
            approach_m,
            ..Zone::new(&id, kind)
        };
        self.zones.push((zone, shape));
    }

    fn route(&mut self, feature: &mut Feature<'_, '_>) {
        let id = self.id("route", feature);
        let corridor_m = feature.number("corridor_m").unwrap_or(100.0);
        let hours = feature.hours();
        let stops = match feature.property("stops") {
            None => Vec::new(),
            Some(stops) => feature.positions(stops).unwrap_or_default(),
        };
        let line = feature.line_string();
        let (Some(id), Some(line), false) = (id, line, feature.bad) else { return };
        let stops = stops.into_iter().map(|c| LonLat::from_degrees(c.x, c.y)).collect();
        self.routes.push(Route { id, line, corridor_m, hours, stops });
    }

    fn division(&mut self, feature: &mut Feature<'_, '_>) {
        let division =
            feature.needed("division").and_then(|text| feature.parse("division", &text, Division::parse));
        let area = feature.area();
        if let (Some(division), Some(area), false) = (division, area, feature.bad) {
            self.divisions.push((division, area));
        }
    }

    fn id(&mut self, kind: &'static str, feature: &mut Feature<'_, '_>) -> Option<String> {
        let id = feature.needed("id")?;
        let place = format!("{}:{}", feature.file, feature.line);
        if let Some(first) = self.seen.get(&(kind, id.clone())) {
            feature.wrong(format!("{kind} {id:?} stands at {first} already, expected each id once"));
        } else {
            self.seen.insert((kind, id.clone()), place);
        }
        Some(id)
    }
}

/// The collection in a file, its parts still as written.
fn collection<'a>(file: &str, text: &'a str, out: &mut Collector) -> Option<Collection<'a>> {
    if !text.trim_start().starts_with('{') {
        out.add(file, 1, "is no JSON object, expected a GeoJSON FeatureCollection");
        return None;
    }
    let wrong = |error: serde_json::Error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let (line, column) = (error.line().max(1), error.column());
        out.add(file, line, format!("{message} at column {column}, expected a GeoJSON FeatureCollection"));
    };
    serde_json::from_str(text).map_err(wrong).ok()
}

/// Where a part of a text begins.
fn offset(text: &str, part: &RawValue) -> usize {
    (part.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Bridges, tunnels and water sources restrict dangerous goods unless they say otherwise.
fn default_classes(kind: ZoneKind) -> Vec<VehicleClass> {
    match kind {
        ZoneKind::Bridge | ZoneKind::Tunnel | ZoneKind::WaterSource => vec![VehicleClass::HazmatTruck],
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => Vec::new(),
    }
}

struct Feature<'a, 'o> {
    file: &'a str,
    line: usize,
    value: &'a Value,
    shifted: bool,
    bad: bool,
    out: &'o mut Collector,
}

impl<'a> Feature<'a, '_> {
    fn property(&self, key: &str) -> Option<&'a Value> {
        self.value.get("properties")?.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.property(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(format!("{key} {value} is wrong, expected a text"));
        }
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn needed(&mut self, key: &str) -> Option<String> {
        let bad = self.bad;
        let text = self.text(key);
        if text.is_none() && self.bad == bad {
            self.wrong(format!("{key} is missing, expected a text"));
        }
        text
    }

    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.property(key)?;
        let texts =
            value.as_array().and_then(|items| items.iter().map(|i| i.as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong(format!("{key} {value} is wrong, expected an array of texts"));
        }
        texts
    }

    fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.property(key)?;
        let number = value.as_f64().filter(|number| *number > 0.0 && number.is_finite());
        if number.is_none() {
            self.wrong(format!("{key} {value} is wrong, expected a number above 0"));
        }
        number
    }

    fn hours(&mut self) -> Option<DailyHours> {
        let text = self.text("hours")?;
        self.parse("hours", &text, DailyHours::parse)
    }

    fn parse<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text).map_err(|error| self.wrong(format!("{key}: {error}"))).ok()
    }

    fn geometry(&self) -> (&'a str, &'a Value) {
        let geometry = self.value.get("geometry").unwrap_or(&Value::Null);
        let kind = geometry.get("type").and_then(Value::as_str).unwrap_or("null");
        (kind, geometry.get("coordinates").unwrap_or(&Value::Null))
    }

    fn shape(&mut self) -> Option<Shape> {
        if self.geometry().0 != "LineString" {
            return self.area_or("Polygon, MultiPolygon, or LineString with width_m").map(Shape::Area);
        }
        let bad = self.bad;
        let width_m = self.number("width_m");
        if width_m.is_none() && self.property("width_m").is_none() {
            self.bad = bad;
            self.wrong("width_m is missing, expected the width of this LineString in metres".to_owned());
        }
        let line = self.line_string()?;
        Some(Shape::Corridor { line, width_m: width_m? })
    }

    fn area(&mut self) -> Option<MultiPolygon<f64>> {
        self.area_or("Polygon or MultiPolygon")
    }

    fn area_or(&mut self, expected: &str) -> Option<MultiPolygon<f64>> {
        let (kind, coordinates) = self.geometry();
        match kind {
            "Polygon" => Some(MultiPolygon::new(vec![self.polygon(coordinates)?])),
            "MultiPolygon" => {
                let polygons =
                    self.items(coordinates)?.iter().map(|item| self.polygon(item)).collect::<Option<_>>()?;
                Some(MultiPolygon::new(polygons))
            }
            other => {
                self.wrong(format!("geometry {other} is wrong, expected {expected}"));
                None
            }
        }
    }

    fn line_string(&mut self) -> Option<LineString<f64>> {
        let (kind, coordinates) = self.geometry();
        if kind != "LineString" {
            self.wrong(format!("geometry {kind} is wrong, expected LineString"));
            return None;
        }
        let points = self.positions(coordinates)?;
        if points.len() < 2 {
            self.wrong(format!("a LineString of {} points, expected at least 2", points.len()));
        }
        Some(LineString::new(points))
    }

    fn polygon(&mut self, coordinates: &'a Value) -> Option<Polygon<f64>> {
        let mut rings = self
            .items(coordinates)?
            .iter()
            .map(|item| self.ring(item))
            .collect::<Option<Vec<_>>>()?
            .into_iter();
        let Some(outer) = rings.next() else {
            self.wrong("a polygon without rings, expected at least one".to_owned());
            return None;
        };
        Some(Polygon::new(outer, rings.collect()))
    }

    fn ring(&mut self, coordinates: &'a Value) -> Option<LineString<f64>> {
        let points = self.positions(coordinates)?;
        if points.len() < 4 {
            self.wrong(format!("a ring of {} points, expected at least 4", points.len()));
        } else if points.first() != points.last() {
            self.wrong("a ring that is not closed, expected the first point again at its end".to_owned());
        }
        Some(LineString::new(points))
    }

    fn positions(&mut self, coordinates: &'a Value) -> Option<Vec<Coord<f64>>> {
        self.items(coordinates)?.iter().map(|item| self.position(item)).collect()
    }

    fn position(&mut self, value: &'a Value) -> Option<Coord<f64>> {
        let degrees =
            |place: usize, max: f64| value.get(place)?.as_f64().filter(|degrees| degrees.abs() <= max);
        let (Some(lon), Some(lat)) = (degrees(0, 180.0), degrees(1, 90.0)) else {
            self.wrong(format!(
                "position {value} is wrong, expected [longitude, latitude] in degrees, longitude first"
            ));
            return None;
        };
        if !self.shifted {
            return Some(Coord { x: lon, y: lat });
        }
        let at = gcj02_to_wgs84(LonLat::from_degrees(lon, lat));
        Some(Coord { x: at.lon(), y: at.lat() })
    }

    fn items(&mut self, value: &'a Value) -> Option<&'a Vec<Value>> {
        let items = value.as_array();
        if items.is_none() {
            self.wrong("coordinates are missing, expected an array".to_owned());
        }
        items
    }

    fn wrong(&mut self, text: String) {
        self.bad = true;
        self.out.add(self.file, self.line, text);
    }
}
