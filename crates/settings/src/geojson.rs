//! Zones, routes, roads and divisions as GeoJSON. A mistake is reported at the line its feature begins at.
//!
//! A file is in memory as text while it is read, and of its features one at a time.

mod feature;
mod road;
mod zone;

use std::collections::HashMap;
use std::sync::Arc;

use atlas::{Atlas, Route, Shape};
use fleet::{Division, LonLat, Road, Zone};
use geo::{LineString, MultiPolygon};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::problem::{Collector, line_at};
use feature::Feature;

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
    pub(crate) fn read(&mut self, kind: Kind, file: &str, text: &str, out: &mut Collector) {
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
            match kind {
                Kind::Divisions => self.division(&mut feature),
                Kind::Roads => self.road(&mut feature),
                Kind::Routes => self.route(&mut feature),
                Kind::Zones => self.zone(&mut feature),
            }
        }
    }

    pub(crate) fn has_route(&self, id: &str) -> bool {
        self.seen.contains_key(&("route", id.to_owned()))
    }

    pub(crate) fn has_zone(&self, id: &str) -> bool {
        self.seen.contains_key(&("zone", id.to_owned()))
    }

    /// Reports zones on roads that are in no file, once all files have been read.
    pub(crate) fn check_roads(&self, out: &mut Collector) {
        let known = !self.road_files.is_empty() && !self.failed.contains(&Kind::Roads);
        let has = |road: &str| self.road_ids.contains_key(road);
        for (file, line, road) in self.zone_roads.iter().filter(|(_, _, road)| known && !has(road)) {
            out.add(file, *line, format!("road {road:?} is in no roads file, expected the id of a road"));
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
            Some(stops) => feature.positions(&stops).unwrap_or_default(),
        };
        let line = feature.line_string();
        let (Some(id), Some(line), false) = (id, line, feature.bad) else { return };
        let stops = stops.into_iter().map(|c| LonLat::from_degrees(c.x, c.y)).collect();
        self.routes.push(Route { id, line, corridor_m, hours, stops });
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
