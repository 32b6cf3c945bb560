//! One feature: its properties as they are asked for, its shape as numbers.

use std::borrow::Cow;
use std::fmt;

use atlas::{Shape, gcj02_to_wgs84};
use fleet::{DailyHours, LonLat, VehicleClass};
use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::Collector;

/// Where the positions of a feature stand.
pub(super) const COORDINATES: &str = "geometry/coordinates";

#[derive(Default, Deserialize)]
struct Outline<'a> {
    #[serde(default)]
    properties: Value,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Geometry<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
}

/// A feature while it is read; what is wrong with it is reported at the line it begins at.
pub(super) struct Feature<'a, 'o> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    properties: Value,
    kind: Cow<'a, str>,
    coordinates: Option<&'a RawValue>,
    shifted: bool,
    /// Drawn in the console: also held to what [`super::drawn`] says.
    pub(super) is_drawn: bool,
    /// Points read so far.
    pub(super) points: usize,
    pub(super) bad: bool,
    out: &'o mut Collector,
}

impl<'a, 'o> Feature<'a, 'o> {
    /// `shifted`: the coordinates are GCJ-02.
    pub(super) fn new(
        (file, line): (&'a str, usize),
        raw: &'a RawValue,
        shifted: bool,
        out: &'o mut Collector,
    ) -> Self {
        let outline: Outline<'a> = serde_json::from_str(raw.get()).unwrap_or_default();
        let geometry = outline.geometry.and_then(|raw| serde_json::from_str::<Geometry<'a>>(raw.get()).ok());
        let Geometry { kind, coordinates } = geometry.unwrap_or_default();
        let kind = kind.unwrap_or(Cow::Borrowed("null"));
        let properties = outline.properties;
        Self {
            file,
            line,
            properties,
            kind,
            coordinates,
            shifted,
            is_drawn: false,
            points: 0,
            bad: false,
            out,
        }
    }

    /// A property that is not null, taken out.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.properties.get_mut(key).map(Value::take).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => {
                let trimmed = text.trim();
                (!trimmed.is_empty())
                    .then(|| if trimmed.len() == text.len() { text.clone() } else { trimmed.to_owned() })
            }
            other => {
                self.wrong_in(key, format!("{key} {other} is wrong, expected a text"));
                None
            }
        }
    }

    pub(super) fn needed(&mut self, key: &str) -> Option<String> {
        let bad = std::mem::take(&mut self.bad);
        let text = self.text(key);
        if text.is_none() && !self.bad {
            self.wrong_in(key, format!("{key} is missing, expected a text"));
        }
        self.bad |= bad;
        text
    }

    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        let texts =
            value.as_array().and_then(|items| items.iter().map(|i| i.as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong_in(key, format!("{key} {value} is wrong, expected an array of texts"));
        }
        texts
    }

    /// An array of words, each one of a kind.
    pub(super) fn words<T, E: fmt::Display>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let texts = self.texts(key)?;
        Some(texts.iter().filter_map(|text| self.parse(key, text, &parse)).collect())
    }

    pub(super) fn classes(&mut self) -> Option<Vec<VehicleClass>> {
        self.words("classes", str::parse::<VehicleClass>)
    }

    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.take(key)?;
        let number = value.as_f64().filter(|number| *number > 0.0 && number.is_finite());
        if number.is_none() {
            self.wrong_in(key, format!("{key} {value} is wrong, expected a number above 0"));
        }
        if let Some(number) = number {
            self.check_number(key, number);
        }
        number
    }

    pub(super) fn hours(&mut self) -> Option<DailyHours> {
        self.word("hours", DailyHours::parse)
    }

    /// A text that stands for something.
    pub(super) fn word<T, E: fmt::Display>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key)?;
        self.parse(key, &text, parse)
    }

    /// The same, and it must be given.
    pub(super) fn needed_word<T, E: fmt::Display>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.needed(key)?;
        self.parse(key, &text, parse)
    }

    fn parse<T, E: fmt::Display>(
        &mut self,
        key: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text).map_err(|error| self.wrong_in(key, format!("{key}: {error}"))).ok()
    }

    pub(super) fn shape(&mut self) -> Option<Shape> {
        if self.kind != "LineString" {
            return self.area_or("Polygon, MultiPolygon, or LineString with width_m").map(Shape::Area);
        }
        let given = self.properties.get("width_m").is_some_and(|width| !width.is_null());
        let width_m = self.number("width_m");
        if !given {
            let text = "width_m is missing, expected the width of this LineString in metres";
            self.wrong_in("width_m", text.to_owned());
        }
        let line = self.line_string()?;
        Some(Shape::Corridor { line, width_m: width_m? })
    }

    pub(super) fn area(&mut self) -> Option<MultiPolygon<f64>> {
        self.area_or("Polygon or MultiPolygon")
    }

    fn area_or(&mut self, expected: &str) -> Option<MultiPolygon<f64>> {
        let coordinates = self.coordinates.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let coordinates: Value = coordinates.unwrap_or_default();
        match &*self.kind {
            "Polygon" => Some(MultiPolygon::new(vec![self.polygon(&coordinates, COORDINATES)?])),
            "MultiPolygon" => {
                let items = self.items(&coordinates, COORDINATES)?.iter().enumerate();
                let polygons = items
                    .map(|(place, item)| self.polygon(item, &format!("{COORDINATES}/{place}")))
                    .collect::<Option<_>>()?;
                Some(MultiPolygon::new(polygons))
            }
            other => {
                let text = format!("geometry {other} is wrong, expected {expected}");
                self.wrong_at("geometry/type", text);
                None
            }
        }
    }

    pub(super) fn line_string(&mut self) -> Option<LineString<f64>> {
        if self.kind != "LineString" {
            self.wrong_at("geometry/type", format!("geometry {} is wrong, expected LineString", self.kind));
            return None;
        }
        // Most lines are right: they are read as numbers at once. A wrong one is read again, to say what is wrong.
        let text = self.coordinates.map_or("null", RawValue::get);
        let points: Vec<_> = match serde_json::from_str::<Vec<Degrees>>(text) {
            Ok(line) => line.into_iter().map(|Degrees(lon, lat)| self.coord(lon, lat)).collect(),
            Err(_) => self.positions(&serde_json::from_str(text).unwrap_or_default(), COORDINATES)?,
        };
        if points.len() < 2 {
            let text = format!("a LineString of {} points, expected at least 2", points.len());
            self.wrong_at(COORDINATES, text);
        }
        self.check_line(&points);
        Some(LineString::new(points))
    }

    fn polygon(&mut self, coordinates: &Value, pointer: &str) -> Option<Polygon<f64>> {
        let items = self.items(coordinates, pointer)?.iter().enumerate();
        let rings: Option<Vec<_>> =
            items.map(|(place, item)| self.ring(item, &format!("{pointer}/{place}"))).collect();
        let rings = rings?;
        self.check_rings(&rings, pointer);
        let mut rings = rings.into_iter();
        let Some(outer) = rings.next() else {
            self.wrong_at(pointer, "a polygon without rings, expected at least one".to_owned());
            return None;
        };
        Some(Polygon::new(outer, rings.collect()))
    }

    fn ring(&mut self, coordinates: &Value, pointer: &str) -> Option<LineString<f64>> {
        let points = self.positions(coordinates, pointer)?;
        if points.len() < 4 {
            self.wrong_at(pointer, format!("a ring of {} points, expected at least 4", points.len()));
        } else if points.first() != points.last() {
            let text = "a ring that is not closed, expected the first point again at its end";
            self.wrong_at(pointer, text.to_owned());
        }
        Some(LineString::new(points))
    }

    pub(super) fn positions(&mut self, coordinates: &Value, pointer: &str) -> Option<Vec<Coord<f64>>> {
        let items = self.items(coordinates, pointer)?;
        self.count_points(items.len(), pointer)?;
        items.iter().enumerate().map(|(place, item)| self.position(item, (pointer, place))).collect()
    }

    fn position(&mut self, value: &Value, (pointer, place): (&str, usize)) -> Option<Coord<f64>> {
        let degrees = |place: usize| value.get(place).and_then(Value::as_f64);
        match (degrees(0), degrees(1)) {
            (Some(lon), Some(lat)) if is_on_earth(lon, lat) => Some(self.coord(lon, lat)),
            _ => {
                let text = format!(
                    "position {value} is wrong, expected [longitude, latitude] in degrees, longitude first"
                );
                self.wrong_at(&format!("{pointer}/{place}"), text);
                None
            }
        }
    }

    fn coord(&self, lon: f64, lat: f64) -> Coord<f64> {
        if !self.shifted {
            return Coord { x: lon, y: lat };
        }
        let at = gcj02_to_wgs84(LonLat::from_degrees(lon, lat));
        Coord { x: at.lon(), y: at.lat() }
    }

    fn items<'v>(&mut self, value: &'v Value, pointer: &str) -> Option<&'v Vec<Value>> {
        let items = value.as_array();
        if items.is_none() {
            self.wrong_at(pointer, "coordinates are missing, expected an array".to_owned());
        }
        items
    }

    /// Of the properties that nobody asked for and that are not null, the first.
    pub(super) fn left(&self) -> Option<&str> {
        let properties = self.properties.as_object()?;
        properties.iter().find(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str())
    }

    pub(super) fn wrong(&mut self, text: String) {
        self.wrong_at("", text);
    }

    /// A property is wrong.
    pub(super) fn wrong_in(&mut self, key: &str, text: String) {
        self.wrong_at(&format!("properties/{key}"), text);
    }

    /// A part of it is wrong, `geometry/coordinates/0/3`.
    pub(super) fn wrong_at(&mut self, pointer: &str, text: String) {
        self.bad = true;
        self.out.add_at((self.file, self.line), pointer, text);
    }
}

fn is_on_earth(lon: f64, lat: f64) -> bool {
    lon.abs() <= 180.0 && lat.abs() <= 90.0
}

/// Longitude and latitude of a position that is right; a height behind them is dropped.
struct Degrees(f64, f64);

impl<'de> Deserialize<'de> for Degrees {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;

        impl<'de> Visitor<'de> for Pair {
            type Value = Degrees;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[longitude, latitude]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Degrees, A::Error> {
                let (lon, lat) = (seq.next_element::<f64>()?, seq.next_element::<f64>()?);
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                match (lon, lat) {
                    (Some(lon), Some(lat)) if is_on_earth(lon, lat) => Ok(Degrees(lon, lat)),
                    _ => Err(serde::de::Error::custom("no position")),
                }
            }
        }
        deserializer.deserialize_seq(Pair)
    }
}
