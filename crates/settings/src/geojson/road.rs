//! Roads: one feature a piece between two junctions. A country has millions, so a text that many pieces share is kept
//! once, and what is not there costs nothing.

use std::collections::HashSet;
use std::sync::Arc;

use fleet::{Along, Caution, DailyHours, PostedLimit, Road, RoadClass, Structure, VehicleClass};
use geo::LineString;
use serde_json::Value;

use super::{Feature, Reader};
use crate::near;

/// No road is posted faster than this, km/h; a greater figure is metres or a typing error.
const LIMIT_KMH_MAX: f64 = 150.0;
/// More lanes in one direction than any road has.
const LANES_MAX: u64 = 16;
/// What a posted limit may say.
const LIMIT_KEYS: [&str; 5] = ["kmh", "along", "classes", "hours", "wet"];

/// Names and numbers of roads, each kept once.
#[derive(Default)]
pub(super) struct Words(HashSet<Arc<str>>);

impl Words {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

impl Reader {
    pub(super) fn road(&mut self, feature: &mut Feature<'_, '_>) {
        let id = self.road_id(feature);
        let class = feature.needed_word("class", str::parse::<RoadClass>);
        let open = feature.word("open", str::parse::<Along>).unwrap_or(Along::Both);
        let [name, reference] =
            ["name", "ref"].map(|key| feature.text(key).map(|text| self.words.keep(&text)));
        let limits = limits(feature, open).into_boxed_slice();
        let lanes = lanes(feature);
        let centre_line = flag(feature, "centre_line");
        let structure = feature.word("structure", str::parse::<Structure>);
        let cautions =
            feature.words("cautions", str::parse::<Caution>).unwrap_or_default().into_boxed_slice();
        let line = line(feature);
        let (Some(id), Some(class), Some(line), false) = (id, class, line, feature.bad) else { return };
        let road = Road { id, class, open, name, reference, limits, lanes, centre_line, structure, cautions };
        self.roads.push((road, line));
    }

    fn road_id(&mut self, feature: &mut Feature<'_, '_>) -> Option<Arc<str>> {
        let id: Arc<str> = feature.needed("id")?.into();
        let line = u32::try_from(feature.line).unwrap_or(u32::MAX);
        let file = u32::try_from(self.road_files.len().saturating_sub(1)).unwrap_or(u32::MAX);
        if let Some((file, line)) = self.road_ids.get(&id) {
            let first = self.road_files.get(*file as usize).map_or("", String::as_str);
            feature.wrong(format!("road {id:?} stands at {first}:{line} already, expected each id once"));
        } else {
            self.road_ids.insert(Arc::clone(&id), (file, line));
        }
        Some(id)
    }
}

fn line(feature: &mut Feature<'_, '_>) -> Option<LineString<f64>> {
    let line = feature.line_string()?;
    if line.0.len() > 1 && line.0.iter().all(|point| Some(point) == line.0.first()) {
        feature.wrong("a LineString whose points are all one, expected a road of some length".to_owned());
    }
    Some(line)
}

fn lanes(feature: &mut Feature<'_, '_>) -> Option<u8> {
    let value = feature.take("lanes")?;
    let lanes = value.as_u64().filter(|lanes| (1..=LANES_MAX).contains(lanes));
    if lanes.is_none() {
        let expected = format!("expected whole lanes in each direction, 1 to {LANES_MAX}");
        feature.wrong(format!("lanes {value} is wrong, {expected}"));
    }
    lanes.and_then(|lanes| u8::try_from(lanes).ok())
}

fn flag(feature: &mut Feature<'_, '_>, key: &str) -> Option<bool> {
    let value = feature.take(key)?;
    if !value.is_boolean() {
        feature.wrong(format!("{key} {value} is wrong, expected true or false"));
    }
    value.as_bool()
}

fn limits(feature: &mut Feature<'_, '_>, open: Along) -> Vec<PostedLimit> {
    let Some(value) = feature.take("limits") else { return Vec::new() };
    let Value::Array(items) = value else {
        feature.wrong(format!("limits {value} is wrong, expected an array such as [{{\"kmh\": 80}}]"));
        return Vec::new();
    };
    items.iter().filter_map(|item| limit(item, open).map_err(|text| feature.wrong(text)).ok()).collect()
}

/// One posted limit, or what is wrong with it.
fn limit(item: &Value, open: Along) -> Result<PostedLimit, String> {
    let wrong = |key: &str, what: &str| format!("limits {item}: {key} is wrong, expected {what}");
    let Some(given) = item.as_object() else { return Err(wrong("it", "an object such as {\"kmh\": 80}")) };
    if let Some(key) = given.keys().find(|key| !LIMIT_KEYS.contains(&key.as_str())) {
        return Err(format!(
            "limits {item}: unknown key {key}, expected {}",
            near::expected(key, LIMIT_KEYS)
        ));
    }
    let get = |key: &str| given.get(key).filter(|value| !value.is_null());
    let kmh = get("kmh").and_then(Value::as_f64).filter(|kmh| *kmh > 0.0 && *kmh <= LIMIT_KMH_MAX);
    let kmh = kmh.ok_or_else(|| wrong("kmh", &format!("a number above 0, at most {LIMIT_KMH_MAX}")))?;
    let text =
        |key: &str| get(key).map(|value| value.as_str().ok_or_else(|| wrong(key, "a text"))).transpose();
    let said = |key: &str, error: String| format!("limits {item}: {key}: {error}");
    let along = text("along")?.map_or(Ok(Along::Both), |text| text.parse::<Along>());
    let along = along.map_err(|error| said("along", error.to_string()))?;
    if matches!((open, along), (Along::Forward, Along::Backward) | (Along::Backward, Along::Forward)) {
        return Err(format!(
            "limits {item}: nobody may drive {along} here, expected the direction that is open"
        ));
    }
    let hours = text("hours")?.map(DailyHours::parse).transpose().map_err(|error| said("hours", error))?;
    let wet = get("wet").map_or(Some(false), Value::as_bool);
    let wet = wet.ok_or_else(|| wrong("wet", "true or false"))?;
    let classes = match get("classes").map(Value::as_array) {
        None => Vec::new(),
        Some(None) => return Err(wrong("classes", "an array of texts")),
        Some(Some(items)) => {
            let parse = |item: &Value| item.as_str().unwrap_or_default().parse::<VehicleClass>();
            let classes: Result<Vec<_>, _> = items.iter().map(parse).collect();
            classes.map_err(|error| said("classes", error.to_string()))?
        }
    };
    Ok(PostedLimit { kmh, along, classes, hours, wet })
}
