//! The body of 0x0200: 28 bytes and items.

use crate::wire;

/// What an active-safety device adds to a report (items 0x64 and 0x65).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SafetyItem {
    /// 0x64 ADAS or 0x65 DSM.
    pub item: u8,
    /// Type in the dialect's table.
    pub kind: u8,
    /// Guangdong (40-byte alarm sign, 粤标) instead of Jiangsu (16-byte, 苏标).
    pub guangdong: bool,
    /// Running number of the device.
    pub number: u32,
}

/// Files the device holds of each event: a picture and a text.
const FILES: u8 = 2;

/// One position with everything that goes into its report.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Device time, Unix milliseconds.
    pub at_ms: i64,
    /// Degrees, WGS-84.
    pub lon: f64,
    /// Degrees, WGS-84.
    pub lat: f64,
    /// Metres.
    pub altitude_m: u16,
    /// km/h.
    pub speed_kmh: f64,
    /// Degrees.
    pub heading_deg: u16,
    /// Alarm bits.
    pub alarm: u32,
    /// Ignition on.
    pub acc: bool,
    /// A fix, not a repetition.
    pub positioned: bool,
    /// Odometer in tenths of a km.
    pub odometer_tenth_km: u32,
    /// Device events.
    pub safety: Option<SafetyItem>,
}

impl Position {
    /// Appends the body.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend(self.alarm.to_be_bytes());
        into.extend((u32::from(self.acc) | u32::from(self.positioned) << 1).to_be_bytes());
        into.extend(micro(self.lat).to_be_bytes());
        into.extend(micro(self.lon).to_be_bytes());
        into.extend(self.altitude_m.to_be_bytes());
        let tenths = tenths(self.speed_kmh).to_be_bytes();
        into.extend(tenths);
        into.extend((self.heading_deg % 360).to_be_bytes());
        wire::device_time(self.at_ms, into);
        item(0x01, &self.odometer_tenth_km.to_be_bytes(), into);
        item(0x02, &fuel_tenth_l(self.odometer_tenth_km).to_be_bytes(), into);
        item(0x03, &tenths, into);
        item(0x30, &[if self.positioned { 27 } else { 9 }], into);
        item(0x31, &[if self.positioned { 14 } else { 0 }], into);
        if let Some(safety) = &self.safety {
            self.encode_safety(safety, into);
        }
    }

    /// T/JSATL 12-2017 tables 4-15 and 4-17; T/GDRTA 002-2020 differs in the alarm sign.
    fn encode_safety(&self, safety: &SafetyItem, into: &mut Vec<u8>) {
        let mut body = safety.number.to_be_bytes().to_vec();
        // Flag 0: no beginning or end; level 2 from 50 km/h on.
        body.extend([0, safety.kind, if self.speed_kmh >= 50.0 { 2 } else { 1 }]);
        let fatigue = safety.item == 0x65 && safety.kind == 1;
        body.extend([if fatigue { 6 } else { 0 }, 0, 0, 0, 0]);
        body.push(u8::try_from(tenths(self.speed_kmh) / 10).unwrap_or(u8::MAX));
        body.extend(self.altitude_m.to_be_bytes());
        body.extend(micro(self.lat).to_be_bytes());
        body.extend(micro(self.lon).to_be_bytes());
        wire::device_time(self.at_ms, &mut body);
        body.extend([0x04, 0x01]);
        let (id_bytes, reserved) = if safety.guangdong { (30, 2) } else { (7, 1) };
        let mut id = b"SIM0001".to_vec();
        id.resize(id_bytes, 0);
        body.extend(id);
        wire::device_time(self.at_ms, &mut body);
        body.extend([0, FILES]);
        body.resize(body.len() + reserved, 0);
        item(safety.item, &body, into);
    }
}

fn item(id: u8, value: &[u8], into: &mut Vec<u8>) {
    into.extend([id, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    into.extend(value);
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the field")]
fn micro(degrees: f64) -> u32 {
    (degrees * 1e6).round().clamp(0.0, 180e6) as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the field")]
fn tenths(kmh: f64) -> u16 {
    (kmh * 10.0).round().clamp(0.0, 2200.0) as u16
}

/// A tank of 300 l, 25 l on 100 km, filled when it is nearly empty.
fn fuel_tenth_l(odometer_tenth_km: u32) -> u16 {
    u16::try_from(3000 - odometer_tenth_km / 4 % 2700).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safety_items_have_the_lengths_of_their_dialects() {
        let position = |safety| Position {
            at_ms: 0,
            lon: 91.1,
            lat: 29.6,
            altitude_m: 3650,
            speed_kmh: 60.0,
            heading_deg: 0,
            alarm: 0,
            acc: true,
            positioned: true,
            odometer_tenth_km: 1,
            safety,
        };
        for (guangdong, expected) in [(false, 47), (true, 71)] {
            let (mut bare, mut with) = (Vec::new(), Vec::new());
            position(None).encode(&mut bare);
            position(Some(SafetyItem { item: 0x65, kind: 2, guangdong, number: 1 })).encode(&mut with);
            assert_eq!((with[bare.len()], usize::from(with[bare.len() + 1])), (0x65, expected));
            assert_eq!(with.len(), bare.len() + 2 + expected);
        }
    }
}
