//! What both tests stand on: a map with nothing on it, and frames of the 2013 edition.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that fails here says where")]

use fleet::{DailyHours, Division, EventTime, Leg, LonLat, Map, RouteIndex, Zone, ZoneHit, ZoneIndex};

pub struct Nowhere;

impl Map for Nowhere {
    fn zones(&self, _: Leg, hits: &mut Vec<ZoneHit>) {
        hits.clear();
    }
    fn clearance_m(&self, _: LonLat) -> f64 {
        f64::INFINITY
    }
    fn zone(&self, _: ZoneIndex) -> &Zone {
        unreachable!("it gave out no index")
    }
    fn zone_index(&self, _: &str) -> Option<ZoneIndex> {
        None
    }
    fn route(&self, _: &str) -> Option<RouteIndex> {
        None
    }
    fn off_route_m(&self, _: RouteIndex, _: LonLat) -> f64 {
        0.0
    }
    fn route_hours(&self, _: RouteIndex) -> Option<DailyHours> {
        None
    }
    fn division(&self, _: LonLat) -> Option<Division> {
        None
    }
}

pub fn frame(id: u16, terminal: &str, serial: u16, body: &[u8]) -> Vec<u8> {
    let digits = format!("{terminal:0>12}");
    let mut inner = id.to_be_bytes().to_vec();
    inner.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    inner.extend((0..6).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()));
    inner.extend(serial.to_be_bytes());
    inner.extend(body);
    inner.push(inner.iter().fold(0, |sum, byte| sum ^ byte));
    let mut frame = vec![0x7e];
    for byte in inner {
        match byte {
            0x7e => frame.extend([0x7d, 0x02]),
            0x7d => frame.extend([0x7d, 0x01]),
            byte => frame.push(byte),
        }
    }
    frame.push(0x7e);
    frame
}

pub fn bcd(at_ms: i64) -> Vec<u8> {
    let text = EventTime::from_ms(at_ms).to_string();
    let digits: Vec<u8> = text[2..19].bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A position, ACC on; heading east.
pub fn location(at_ms: i64, lon_e6: u32, speed_kmh: u16) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(3_u32.to_be_bytes()); // ACC on, positioned
    body.extend(29_600_000_u32.to_be_bytes());
    body.extend(lon_e6.to_be_bytes());
    body.extend(3650_u16.to_be_bytes());
    body.extend((speed_kmh * 10).to_be_bytes());
    body.extend(90_u16.to_be_bytes());
    body.extend(bcd(at_ms));
    body
}
