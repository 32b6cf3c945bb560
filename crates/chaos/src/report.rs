//! What a terminal reports: computed from its number and the report's, so that the ledger needs no copy of it.

use jt808::{DeviceTime, Edition, Header, Items, Location, Phone, encode_frame};

use crate::chance::mix;

/// Degrees × 10⁶ between two reports, 16.6 m at 29.6° north: at a second each that is the speed they claim.
const STEP: u64 = 172;
/// Reports after which a terminal turns round.
const LEG: u64 = 5_000;
/// ACC on, positioned.
const STATUS: u32 = 3;
/// The number of the first terminal.
pub const FIRST: u64 = 13_900_000_000;

/// The number of a terminal as the registry has it.
pub fn number(terminal: usize) -> String {
    (FIRST + terminal as u64).to_string()
}

/// The terminal of a number; `None` where it is none of the rig's.
pub fn terminal(number: &str) -> Option<usize> {
    usize::try_from(number.parse::<u64>().ok()?.checked_sub(FIRST)?).ok()
}

/// What a report says, in the units of the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Said {
    pub unix_ms: i64,
    pub lon_e6: i64,
    pub lat_e6: i64,
    pub altitude_m: i64,
    pub speed_tenths: i64,
    pub heading_deg: i64,
}

/// Report `n` of a terminal, a second after the one before; `start_ms` is the time of its first.
pub fn said(start_ms: i64, terminal: usize, n: u32) -> Said {
    let chance = mix((terminal as u64) << 32 | u64::from(n));
    let (leg, along) = (u64::from(n) / LEG, u64::from(n) % LEG);
    let is_back = leg % 2 == 1;
    let steps = if is_back { LEG - along } else { along };
    let lane = terminal as u64;
    Said {
        unix_ms: start_ms + i64::from(n) * 1_000,
        lon_e6: (90_000_000 + steps * STEP + lane % 50 * 20).cast_signed(),
        lat_e6: (29_000_000 + lane % 2_000 * 500 + chance % 16).cast_signed(),
        altitude_m: (3_000 + chance / 16 % 1_000).cast_signed(),
        speed_tenths: (590 + chance / 65_536 % 20).cast_signed(),
        heading_deg: if is_back { 270 } else { 90 },
    }
}

/// What a report raises besides its place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alarms {
    /// The alarm word.
    pub bits: u32,
    /// Additional items as they stand in the body.
    pub items: &'static [u8],
}

/// Body of 0x0200 with these alarms.
pub fn body(said: &Said, alarms: Alarms, into: &mut Vec<u8>) {
    let small = |number: i64| u16::try_from(number).unwrap_or(u16::MAX);
    let wide = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let location = Location {
        alarm: alarms.bits,
        status: STATUS,
        latitude: wide(said.lat_e6),
        longitude: wide(said.lon_e6),
        altitude: small(said.altitude_m),
        speed_tenths: small(said.speed_tenths),
        heading: small(said.heading_deg),
        time: DeviceTime::from_unix_ms(said.unix_ms).unwrap_or(DeviceTime::from_bcd([0; 6])),
        items: Items::new(alarms.items),
    };
    location.encode(into);
}

/// A frame of the edition of 2013.
pub fn frame(number: &str, id: u16, serial: u16, body: &[u8], into: &mut Vec<u8>) {
    let phone = Phone::from_digits(number, Edition::V2013).expect("eleven digits fit six bytes");
    encode_frame(&Header::new(id, Edition::V2013, phone, serial), body, into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_decoded_as_it_was_said() {
        let said = said(1_780_000_000_000, 7, 5_123);
        let mut bytes = Vec::new();
        body(&said, Alarms { bits: 1, items: &[] }, &mut bytes);
        let location = Location::decode(&bytes).unwrap();
        assert_eq!(i64::from(location.longitude_microdegrees()), said.lon_e6);
        assert_eq!(i64::from(location.latitude_microdegrees()), said.lat_e6);
        assert_eq!(i64::from(location.altitude_m()), said.altitude_m);
        assert_eq!(location.time.unix_ms(), Some(said.unix_ms));
        assert_eq!((location.alarm, location.heading), (1, 270));
    }
}
