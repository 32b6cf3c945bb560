//! The two files, one feature a line. Numbers are written from whole units, so that the same input gives the same bytes.

use std::io::{self, Write};

use fleet::{Along, PostedLimit};
use serde_json::{Map, Value, json};

use crate::facts::Facts;
use crate::pieces::Piece;
use crate::plane::Point;
use crate::zones::{Shape, Zone};

/// Whose data it is and under which licence; stands in both files.
pub const ATTRIBUTION: &str =
    "© OpenStreetMap contributors, ODbL 1.0, https://www.openstreetmap.org/copyright";

/// A collection being written.
pub struct Collection<'a> {
    out: &'a mut dyn Write,
    features: u64,
}

impl<'a> Collection<'a> {
    /// Begins a file.
    pub fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        let attribution = Value::from(ATTRIBUTION);
        writeln!(
            out,
            "{{\"type\": \"FeatureCollection\", \"attribution\": {attribution}, \"coordinate_system\": \"wgs84\", \"features\": ["
        )?;
        Ok(Self { out, features: 0 })
    }

    /// Writes a piece of road.
    pub fn road(&mut self, piece: &Piece, facts: &Facts) -> io::Result<()> {
        let properties = road(piece, facts);
        self.feature(&properties, "LineString", |out| line(out, &piece.line))
    }

    /// Writes a zone.
    pub fn zone(&mut self, zone: &Zone) -> io::Result<()> {
        let properties = zone_properties(zone);
        match &zone.shape {
            Shape::Corridor { line: points, .. } => {
                self.feature(&properties, "LineString", |out| line(out, points))
            }
            Shape::Area(polygons) => self.feature(&properties, "MultiPolygon", |out| {
                list(out, polygons, |out, polygon| list(out, polygon, |out, ring| line(out, ring)))
            }),
        }
    }

    /// Ends the file; how many features it has.
    pub fn end(self) -> io::Result<u64> {
        self.out.write_all(if self.features == 0 { b"]}\n" } else { b"\n]}\n" })?;
        self.out.flush()?;
        Ok(self.features)
    }

    fn feature(
        &mut self,
        properties: &Map<String, Value>,
        kind: &str,
        coordinates: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.features > 0 {
            self.out.write_all(b",\n")?;
        }
        self.features += 1;
        self.out.write_all(b"{\"type\": \"Feature\", \"properties\": ")?;
        serde_json::to_writer(&mut self.out, properties)?;
        write!(self.out, ", \"geometry\": {{\"type\": \"{kind}\", \"coordinates\": ")?;
        coordinates(self.out)?;
        self.out.write_all(b"}}")
    }
}

fn road(piece: &Piece, facts: &Facts) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |key: &str, value: Value| properties.insert(key.to_owned(), value);
    put("id", json!(piece.id));
    put("class", json!(facts.class));
    if facts.open != Along::Both {
        put("open", json!(facts.open));
    }
    if let Some(name) = facts.name.as_deref() {
        put("name", json!(name));
    }
    if let Some(reference) = facts.reference.as_deref() {
        put("ref", json!(reference));
    }
    if let Some(lanes) = facts.lanes {
        put("lanes", json!(lanes));
    }
    if let Some(centre_line) = facts.centre_line {
        put("centre_line", json!(centre_line));
    }
    if let Some(structure) = facts.structure {
        put("structure", json!(structure));
    }
    if !piece.cautions.is_empty() {
        put("cautions", json!(piece.cautions));
    }
    if !facts.limits.is_empty() {
        put("limits", facts.limits.iter().map(limit).collect());
    }
    properties
}

fn zone_properties(zone: &Zone) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |key: &str, value: Value| properties.insert(key.to_owned(), value);
    put("id", json!(zone.id));
    put("kind", json!(zone.kind));
    put("name_zh", json!(zone.name_zh));
    put("name_en", json!(zone.name_en));
    if !zone.classes.is_empty() {
        put("classes", json!(zone.classes));
    }
    if !zone.hazmat_classes.is_empty() {
        put("hazmat_classes", json!(zone.hazmat_classes));
    }
    if let Some(category) = zone.tunnel_category {
        put("tunnel_category", json!(category));
    }
    if let Some(hours) = zone.hours {
        put("hours", json!(hours));
    }
    if let Some(length_m) = zone.length_m {
        put("length_m", number(length_m));
    }
    if let Shape::Corridor { width_m, .. } = zone.shape {
        put("width_m", number(width_m));
    }
    if !zone.roads.is_empty() {
        put("roads", json!(zone.roads));
    }
    properties
}

fn limit(limit: &PostedLimit) -> Value {
    let mut written = Map::new();
    let mut put = |key: &str, value: Value| written.insert(key.to_owned(), value);
    put("kmh", number(limit.kmh));
    if limit.along != Along::Both {
        put("along", json!(limit.along));
    }
    if !limit.classes.is_empty() {
        put("classes", json!(limit.classes));
    }
    if let Some(hours) = limit.hours {
        put("hours", json!(hours));
    }
    if limit.wet {
        put("wet", json!(true));
    }
    written.into()
}

/// A number without a fraction where it has none.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e9 { json!(number as i64) } else { json!(number) }
}

/// `[[lon,lat],…]`.
fn line(out: &mut dyn Write, line: &[Point]) -> io::Result<()> {
    list(out, line, |out, point| write!(out, "[{},{}]", degrees(point.lon), degrees(point.lat)))
}

fn list<T>(
    out: &mut dyn Write,
    items: &[T],
    item: impl Fn(&mut dyn Write, &T) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, each) in items.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        item(out, each)?;
    }
    out.write_all(b"]")
}

/// Degrees of ten-millionths, without zeros at the end.
fn degrees(units: i32) -> String {
    let (sign, units) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let text = format!("{sign}{}.{:07}", units / 10_000_000, units % 10_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_exact() {
        for (units, text) in [
            (910_000_000, "91"),
            (-1, "-0.0000001"),
            (295_123_450, "29.512345"),
            (-1_800_000_000, "-180"),
            (0, "0"),
        ] {
            assert_eq!(degrees(units), text);
        }
    }
}
