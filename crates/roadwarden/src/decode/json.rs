//! One object a line, with the keys of the contract.

use anyhow::Context;
use jt808::{Edition, Field, Frame, Item, Items, Location, Message, Show, Shown};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::hex;

/// The object of one frame as a line, and whether the frame could be decoded.
pub fn line(raw: &[u8]) -> anyhow::Result<(String, bool)> {
    written(&described(raw))
}

/// The object of what is no frame at all.
pub fn refused(reason: &str, hex: &str) -> anyhow::Result<(String, bool)> {
    written(&error(reason, hex))
}

fn written(object: &Json) -> anyhow::Result<(String, bool)> {
    let text = serde_json::to_string(object).context("writing JSON")?;
    let decoded = !matches!(object, Json::Object(entries) if entries.iter().any(|(key, _)| *key == "error"));
    Ok((format!("{text}\n"), decoded))
}

fn error(reason: impl ToString, hex: &str) -> Json {
    Json::Object(vec![("error", Json::Text(reason.to_string())), ("hex", Json::Text(hex.into()))])
}

fn described(raw: &[u8]) -> Json {
    let mut plain = Vec::new();
    let unescaped = match jt808::unescape(raw, &mut plain) {
        Ok(warnings) => warnings,
        Err(reason) => return error(reason, &hex::print(raw)),
    };
    let mut frame = match Frame::decode(&plain) {
        Ok(frame) => frame,
        Err(reason) => return error(reason, &hex::print(raw)),
    };
    frame.warnings.insert(unescaped);
    let (header, message) = (frame.header, frame.message());
    let packet = header.packet.map_or(Json::Null, |packet| {
        Json::Object(vec![
            ("total", Json::Number(packet.total.into())),
            ("index", Json::Number(packet.index.into())),
        ])
    });
    let mut entries = vec![
        ("id", Json::Text(format!("{:04x}", header.id))),
        ("name", Json::Text(jt808::name_of(header.id).into())),
        ("edition", Json::Text(edition(header.edition, message.as_ref().ok()).as_str().into())),
        ("terminal", Json::Text(header.phone.digits())),
        ("serial", Json::Number(header.serial.into())),
        ("packet", packet),
    ];
    match message {
        Ok(message) => entries.push(("body", body(&message))),
        // One package of several, or an encrypted body, is a good frame whose body can't be read alone.
        Err(jt808::DecodeError::Packaged { .. } | jt808::DecodeError::Encrypted) => {
            entries.push(("body", Json::Object(vec![("raw", Json::Text(hex::print(frame.body)))])));
        }
        Err(reason) => {
            entries.push(("body", Json::Null));
            entries.push(("error", Json::Text(reason.to_string())));
        }
    }
    let warnings = frame.warnings.names().map(|name| Json::Text(name.into())).collect();
    entries.push(("warnings", Json::List(warnings)));
    Json::Object(entries)
}

/// Only a registration's body tells 2011 from 2013.
fn edition(header: Edition, message: Option<&Message<'_>>) -> Edition {
    match message {
        Some(Message::Registration(registration)) => registration.edition,
        _ => header,
    }
}

fn body(message: &Message<'_>) -> Json {
    if let Message::LocationReport(report) = message {
        return Json::Object(location(report));
    }
    let mut object = Object::default();
    match message {
        Message::LocationAnswer(answer) => {
            object.entries.push(("answered_serial", Json::Number(answer.serial.into())));
            object.entries.extend(location(&answer.location));
        }
        Message::LocationBatch(batch) => {
            object.entries.push(("count", Json::Number(batch.count.into())));
            object.entries.push(("kind", Json::Number(batch.kind.into())));
            let reports = batch.iter().map(|report| match report {
                Ok(report) => Json::Object(location(&report)),
                Err(reason) => Json::Object(vec![("error", Json::Text(reason.to_string()))]),
            });
            object.entries.push(("reports", Json::List(reports.collect())));
        }
        message => message.show(&mut object),
    }
    Json::Object(object.entries)
}

fn location(report: &Location<'_>) -> Vec<(&'static str, Json)> {
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
    Object(Vec<(&'static str, Json)>),
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
