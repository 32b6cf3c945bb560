//! Zones, routes, roads and divisions as GeoJSON. A mistake is reported at the line its feature begins at.
//!
//! A file is in memory as text while it is read, and of its features one at a time.

mod drawn;
mod feature;
mod road;
mod write;
mod zone;

use std::collections::HashMap;
use std::sync::Arc;

use atlas::{Atlas, Route, Shape};
use fleet::{Division, LonLat, Road, Zone};
use geo::{LineString, MultiPolygon};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::drawn::Drawn;
use crate::problem::{Collector, line_at};
use feature::Feature;

pub(crate) use drawn::check;
pub use write::Place;

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
    pub(crate) roads: Vec<(Road, LineString<f64>)>,
    pub(crate) divisions: Vec<(Division, MultiPolygon<f64>)>,
    /// What stands in a file and was replaced or closed in the console.
    pub(crate) beneath_zones: Vec<(Zone, Shape)>,
    pub(crate) beneath_routes: Vec<Route>,
    /// What was drawn or closed in the console, and whether it is closed.
    drawn: HashMap<(&'static str, String), bool>,
    /// Kinds of which a file could not be read at all, or of which it is not known which there are.
    pub(crate) failed: Vec<Kind>,
    /// Where each id stood first.
    seen: HashMap<(&'static str, String), String>,
    /// The same of roads: the place of a file among `road_files`, and the line.
    road_ids: HashMap<Arc<str>, (u32, u32)>,
    road_files: Vec<String>,
    words: road::Words,
    /// Roads that zones lie on, and where that stands.
    zone_roads: Vec<(String, usize, String)>,
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
    /// Says before any file is read what was drawn in the console, and what was closed there.
    pub(crate) fn draw_over(&mut self, kind: &'static str, drawn: &Drawn) {
        let places = drawn.places.iter().map(|(id, place)| ((kind, id.clone()), place.feature.is_none()));
        self.drawn.extend(places);
    }

    /// Reads a file of the configuration.
    pub(crate) fn read(&mut self, kind: Kind, file: &str, text: &str, out: &mut Collector) {
        self.features((kind, false), file, text, out);
    }

    /// Reads what was drawn in the console: held to more, see [`drawn`].
    pub(crate) fn read_drawn(&mut self, kind: Kind, file: &str, text: &str, out: &mut Collector) {
        self.features((kind, true), file, text, out);
    }

    fn features(&mut self, (kind, is_drawn): (Kind, bool), file: &str, text: &str, out: &mut Collector) {
        let Some(collection) = collection(file, text, out) else {
            self.failed.push(kind);
            return;
        };
        if kind == Kind::Roads {
            self.road_files.push(file.to_owned());
        }
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
            let mut feature = Feature::new((file, line), raw, shifted, out);
            feature.is_drawn = is_drawn;
            self.feature(kind, &mut feature);
        }
    }

    fn feature(&mut self, kind: Kind, feature: &mut Feature<'_, '_>) {
        match kind {
            Kind::Divisions => self.division(feature),
            Kind::Roads => self.road(feature),
            Kind::Routes => self.route(feature),
            Kind::Zones => self.zone(feature),
        }
        feature.check_keys(kind);
    }

    pub(crate) fn has_route(&self, id: &str) -> bool {
        self.has("route", id)
    }

    pub(crate) fn has_zone(&self, id: &str) -> bool {
        self.has("zone", id)
    }

    fn has(&self, kind: &'static str, id: &str) -> bool {
        let key = (kind, id.to_owned());
        self.drawn.get(&key).map_or_else(|| self.seen.contains_key(&key), |is_closed| !is_closed)
    }

    /// Whether the console's word holds for a place, not a file's.
    fn is_drawn_over(&self, kind: &'static str, id: &str) -> bool {
        self.drawn.contains_key(&(kind, id.to_owned()))
    }

    /// Reports zones on roads that are in no file, once all files have been read.
    pub(crate) fn check_roads(&self, out: &mut Collector) {
        let known = !self.road_files.is_empty() && !self.failed.contains(&Kind::Roads);
        let has = |road: &str| self.road_ids.contains_key(road);
        for (file, line, road) in self.zone_roads.iter().filter(|(_, _, road)| known && !has(road)) {
            let text = format!("road {road:?} is in no roads file, expected the id of a road");
            out.add_at((file, *line), "properties/roads", text);
        }
    }

    /// What was read, indexed.
    pub(crate) fn into_atlas(self) -> Atlas {
        let Self { zones, routes, divisions, roads, .. } = self;
        Atlas::build(zones, routes, divisions).with_roads(roads)
    }

    fn route(&mut self, feature: &mut Feature<'_, '_>) {
        let id = self.id("route", feature);
        let corridor_m = feature.number("corridor_m").unwrap_or(100.0);
        let hours = feature.hours();
        let stops = match feature.take("stops") {
            None => Vec::new(),
            Some(stops) => feature.positions(&stops, "properties/stops").unwrap_or_default(),
        };
        let line = feature.line_string();
        let (Some(id), Some(line), false) = (id, line, feature.bad) else { return };
        let stops = stops.into_iter().map(|c| LonLat::from_degrees(c.x, c.y)).collect();
        let is_beneath = !feature.is_drawn && self.is_drawn_over("route", &id);
        let routes = if is_beneath { &mut self.beneath_routes } else { &mut self.routes };
        routes.push(Route { id, line, corridor_m, hours, stops });
    }

    fn division(&mut self, feature: &mut Feature<'_, '_>) {
        let division = feature.needed_word("division", Division::parse);
        let area = feature.area();
        if let (Some(division), Some(area), false) = (division, area, feature.bad) {
            self.divisions.push((division, area));
        }
    }

    fn id(&mut self, kind: &'static str, feature: &mut Feature<'_, '_>) -> Option<String> {
        let id = feature.needed("id")?;
        feature.check_id(&id);
        let place = format!("{}:{}", feature.file, feature.line);
        // A place of the console may have the id of one in a file: it stands over it.
        let group = match (feature.is_drawn, kind) {
            (false, kind) => kind,
            (true, "zone") => "drawn zone",
            (true, _) => "drawn route",
        };
        let key = (group, id.clone());
        if let Some(first) = self.seen.get(&key) {
            feature.wrong_in("id", format!("{kind} {id:?} stands at {first} already, expected each id once"));
        } else {
            self.seen.insert(key, place);
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
