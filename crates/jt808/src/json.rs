//! A body as JSON: an object whose keys are the names of its fields, in wire order.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::field::{Field, Show, Shown};
use crate::{Item, Items, Location, Message};

impl Serialize for Message<'_> {
    /// A position has the keys `alarm`, `status`, `lon`, `lat`, `altitude_m`, `speed_kmh`, `heading_deg`, `time`, `items`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Json::Object(body(self)).serialize(serializer)
    }
}

fn body(message: &Message<'_>) -> Entries {
    match message {
        Message::LocationReport(report) => location(report),
        Message::LocationAnswer(answer) => {
            let mut entries = vec![("answered_serial", Json::Number(answer.serial.into()))];
            entries.extend(location(&answer.location));
            entries
        }
        Message::LocationBatch(batch) => {
            let reports = batch.iter().map(|report| match report {
                Ok(report) => Json::Object(location(&report)),
                Err(reason) => Json::Object(vec![("error", Json::Text(reason.to_string()))]),
            });
            vec![
                ("count", Json::Number(batch.count.into())),
                ("kind", Json::Number(batch.kind.into())),
                ("reports", Json::List(reports.collect())),
            ]
        }
        message => {
            let mut object = Object::default();
            message.show(&mut object);
            object.entries
        }
    }
}

fn location(report: &Location<'_>) -> Entries {
    let time = report.time.unix_ms().map_or(Json::Null, |_| {
        let text = report.time.to_string();
        Json::Text(text.replacen(' ', "T", 1).replace(' ', ""))
    });
    let tail = report.items.fixed_tail();
    // What stands in place of items is none, though it may look like some.
    let items = if tail.is_some() { Items::default() } else { report.items };
    let mut entries = vec![
        ("alarm", Json::Number(report.alarm.into())),
        ("status", Json::Number(report.status.into())),
        ("lon", Json::Real(f64::from(report.longitude_microdegrees()) / 1e6)),
        ("lat", Json::Real(f64::from(report.latitude_microdegrees()) / 1e6)),
        ("altitude_m", Json::Number(report.altitude_m().into())),
        ("speed_kmh", Json::Real(f64::from(report.speed_tenths) / 10.0)),
        ("heading_deg", Json::Number(report.heading.into())),
        ("time", time),
        ("items", Json::List(items.iter().map(item).collect())),
    ];
    if let Some(tail) = tail {
        let mut object = Object::default();
        tail.show(&mut object);
        entries.push(("tail", Json::Object(object.entries)));
    }
    entries
}

fn item(item: Item<'_>) -> Json {
    let mut object = Object::default();
    object.entries.push(("id", Json::Text(format!("{:02x}", item.id))));
    item.value().show(&mut object);
    Json::Object(object.entries)
}

/// Makes an object of what a body shows.
#[derive(Default)]
struct Object {
    entries: Entries,
    /// The lists whose entries are being made, each with the object around it.
    outer: Vec<(&'static str, Entries)>,
}

type Entries = Vec<(&'static str, Json)>;

impl Object {
    /// Several under one name become a list.
    fn list(&mut self, name: &'static str, value: Json) {
        match self.entries.iter_mut().find(|(key, _)| *key == name) {
            Some((_, Json::List(list))) => list.push(value),
            _ => self.entries.push((name, Json::List(vec![value]))),
        }
    }
}

impl Show for Object {
    #[expect(clippy::cast_precision_loss, reason = "no field has 2^53 tenths")]
    fn field(&mut self, Shown { name, value, .. }: Shown<'_>) {
        let json = match value {
            Field::Microdegrees(degrees) => Json::Real(f64::from(degrees) / 1e6),
            Field::Number(number) => Json::Number(number),
            Field::Tenths(tenths) => Json::Real(tenths as f64 / 10.0),
            Field::Bytes(_) | Field::Entry(_) | Field::Text(_) => Json::Text(value.to_string()),
        };
        if matches!(value, Field::Entry(_)) { self.list(name, json) } else { self.entries.push((name, json)) }
    }

    fn begin(&mut self, name: &'static str) {
        self.outer.push((name, std::mem::take(&mut self.entries)));
    }

    fn end(&mut self) {
        if let Some((name, outer)) = self.outer.pop() {
            let inner = std::mem::replace(&mut self.entries, outer);
            self.list(name, Json::Object(inner));
        }
    }
}

/// JSON whose objects keep the order they were built in.
enum Json {
    List(Vec<Json>),
    Null,
    Number(i64),
    Object(Entries),
    Real(f64),
    Text(String),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::List(list) => serializer.collect_seq(list),
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Real(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}
