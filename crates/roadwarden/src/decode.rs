//! `decode`: JT/T 808 frames to JSON, one object a line.

use std::io::{BufRead, BufReader, Read, Write};

use anyhow::Context;
use jt808::{Deframer, Edition, Field, Frame, Item, Location, Message, Show, Shown};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::hex;

/// Decodes the frames given as hex, or else those of `input` (hex, one a line, or with `raw` a byte stream), and
/// writes an object a line; says whether all could be decoded.
pub fn run(hex: &[String], raw: bool, input: impl Read, mut output: impl Write) -> anyhow::Result<bool> {
    let mut all = true;
    if !hex.is_empty() {
        for text in hex {
            all &= write(&from_hex(text), &mut output)?;
        }
        return Ok(all);
    }
    if raw {
        return run_raw(input, output);
    }
    for line in BufReader::new(input).lines() {
        let line = line.context("reading frames")?;
        if !line.trim().is_empty() {
            all &= write(&from_hex(&line), &mut output)?;
        }
    }
    Ok(all)
}

fn run_raw(mut input: impl Read, mut output: impl Write) -> anyhow::Result<bool> {
    let (mut deframer, mut chunk, mut all) = (Deframer::default(), [0; 16_384], true);
    loop {
        let len = input.read(&mut chunk).context("reading the byte stream")?;
        if len == 0 {
            return Ok(all);
        }
        let mut result = Ok(());
        deframer.push(chunk.get(..len).unwrap_or_default(), &mut |piece| {
            if result.is_ok() {
                result = write(&described(piece.raw), &mut output).map(|decoded| all &= decoded);
            }
        });
        result?;
    }
}

fn write(object: &Json, output: &mut impl Write) -> anyhow::Result<bool> {
    let text = serde_json::to_string(object).context("writing JSON")?;
    writeln!(output, "{text}").context("writing JSON")?;
    Ok(!matches!(object, Json::Object(entries) if entries.iter().any(|(key, _)| *key == "error")))
}

fn from_hex(text: &str) -> Json {
    match hex::parse(text) {
        Ok(bytes) if !bytes.is_empty() => described(&bytes),
        _ => error("hex text expected, two digits a byte", text.trim()),
    }
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
    vec![
        ("alarm", Json::Number(report.alarm.into())),
        ("status", Json::Number(report.status.into())),
        ("lon", Json::Real(f64::from(report.longitude_microdegrees()) / 1e6)),
        ("lat", Json::Real(f64::from(report.latitude_microdegrees()) / 1e6)),
        ("altitude_m", Json::Number(report.altitude_m().into())),
        ("speed_kmh", Json::Real(f64::from(report.speed_tenths) / 10.0)),
        ("heading_deg", Json::Number(report.heading.into())),
        ("time", time),
        ("items", Json::List(report.items.iter().map(item).collect())),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = "7e02000022013800138000007d02000000020000000301dc89d0073d8aa5000c0361005c2601020304050104000004e6967e";

    #[test]
    fn keys_come_in_the_order_of_the_contract() {
        let mut out = Vec::new();
        let all = run(&[FRAME.into(), "7e00".into()], false, std::io::empty(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (good, bad) = text.split_once('\n').unwrap();
        assert_eq!(
            good,
            "{\"id\":\"0200\",\"name\":\"location-report\",\"edition\":\"2013\",\"terminal\":\"13800138000\",\"serial\":126,\"packet\":null,\
             \"body\":{\"alarm\":2,\"status\":3,\"lon\":121.473701,\"lat\":31.230416,\"altitude_m\":12,\"speed_kmh\":86.5,\
             \"heading_deg\":92,\"time\":\"2026-01-02T03:04:05+08:00\",\"items\":[{\"id\":\"01\",\"mileage_km\":125.4}]},\"warnings\":[]}"
        );
        assert!(bad.contains("\"error\"") && !all);
        assert!(serde_json::to_value(described(&[])).unwrap().get("error").is_some());
    }

    /// Lines of JSON and whether all could be decoded.
    fn decoded(hex: &[String], raw: bool, input: impl Read) -> (Vec<serde_json::Value>, bool) {
        let mut out = Vec::new();
        let all = run(hex, raw, input, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), all)
    }

    #[test]
    fn lines_may_hold_spaces_and_capitals_and_empty_ones_are_passed_over() {
        let input = format!("\n{}\n  \n{} {}\n", FRAME.to_uppercase(), &FRAME[..20], &FRAME[20..]);
        let (objects, all) = decoded(&[], false, input.as_bytes());
        assert!(all);
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0], objects[1]);
        assert_eq!(objects[0]["serial"], 126);
    }

    #[test]
    fn a_line_that_is_no_frame_gives_its_reason_and_costs_no_other() {
        let input = format!("7g\n7e0\n{FRAME}\n{}97e\n", &FRAME[..FRAME.len() - 3]);
        let (objects, all) = decoded(&[], false, input.as_bytes());
        assert!(!all);
        let reasons: Vec<_> = objects.iter().map(|object| object["error"].as_str()).collect();
        let hex = Some("hex text expected, two digits a byte");
        assert_eq!(reasons, [hex, hex, None, Some("checksum is 0x99, expected 0x96")]);
        assert_eq!((&objects[0]["hex"], &objects[1]["hex"]), (&"7g".into(), &"7e0".into()));
    }

    #[test]
    fn a_byte_stream_is_cut_into_frames_wherever_a_read_ends() {
        let frame = hex::parse(FRAME).unwrap();
        // Junk, two frames that share a delimiter, and a third with a wrong check byte.
        let mut stream = [&[0x24, 0x24][..], &frame, &frame[1..]].concat();
        stream.extend([0x7e, 0x01, 0x02, 0x7e]);
        let (objects, all) = decoded(&[], true, stream.as_slice());
        assert!(!all);
        assert_eq!(objects.len(), 3);
        assert_eq!(objects[0], objects[1]);
        assert_eq!(objects[2]["error"], "checksum is 0x02, expected 0x01");
        assert_eq!(objects[2]["hex"], "7e01027e");
        let (first, second) = stream.split_at(31);
        assert_eq!(decoded(&[], true, first.chain(second)), (objects, all));
    }

    #[test]
    fn arguments_come_before_the_input() {
        let (objects, all) = decoded(&[FRAME.into()], true, &b"not read"[..]);
        assert_eq!((objects.len(), all), (1, true));
    }

    #[test]
    fn one_package_is_a_good_frame_with_a_raw_body() {
        let (objects, all) =
            decoded(&["7e080120020139890123450030000300020102cf7e".into()], false, std::io::empty());
        assert!(all, "{objects:?}");
        assert_eq!(objects[0]["packet"], serde_json::json!({"total": 3, "index": 2}));
        assert_eq!(objects[0]["body"], serde_json::json!({"raw": "0102"}));
    }

    #[test]
    fn what_was_odd_is_listed() {
        let wrong_length = FRAME.replacen("0022", "0023", 1).replace("967e", "977e");
        let (objects, all) = decoded(&[wrong_length], false, std::io::empty());
        assert!(all);
        assert_eq!(objects[0]["warnings"], serde_json::json!(["length-field"]));
    }
}
