//! 0x0200 location report, 0x0201 the answer to 0x8201, 0x0704 batch (2013 and 2019, sections 8.18, 8.20 and 8.49).
//!
//! 0200 | alarm 4 | status 4 | latitude 4 | longitude 4 | altitude 2 | speed 2 | heading 2 | time BCD\[6\] | items … |
//! 0201 | serial 2 | 0200 |      0704 | count 2 | kind 1 | length 2, 0200 … |

use std::fmt;

use crate::field::{Each, Field, Hex};
use crate::item::{ItemValue, Items, number};
use crate::reader::Reader;
use crate::{DecodeError, DeviceTime};

/// Where a vehicle is and what its terminal says of it. Decoding allocates nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Location<'a> {
    /// Alarm bits.
    pub alarm: u32,
    /// Status bits.
    pub status: u32,
    /// Latitude as sent; see [`Location::latitude_microdegrees`].
    pub latitude: u32,
    /// Longitude as sent; see [`Location::longitude_microdegrees`].
    pub longitude: u32,
    /// Altitude as sent; see [`Location::altitude_m`].
    pub altitude: u16,
    /// 0.1 km/h.
    pub speed_tenths: u16,
    /// Degrees clockwise from north.
    pub heading: u16,
    /// The terminal's clock.
    pub time: DeviceTime,
    /// Additional items, read on demand.
    pub items: Items<'a>,
}

impl<'a> Location<'a> {
    /// Message id.
    pub const ID: u16 = 0x0200;

    /// Reads a body; items are not looked at.
    ///
    /// # Errors
    /// When the 28 bytes of the base are cut.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            alarm: reader.u32("alarm")?,
            status: reader.u32("status")?,
            latitude: reader.u32("latitude")?,
            longitude: reader.u32("longitude")?,
            altitude: reader.u16("altitude")?,
            speed_tenths: reader.u16("speed")?,
            heading: reader.u16("heading")?,
            time: reader.time("time")?,
            items: Items::new(reader.rest()),
        })
    }

    /// Appends the body.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.alarm.to_be_bytes());
        into.extend_from_slice(&self.status.to_be_bytes());
        into.extend_from_slice(&self.latitude.to_be_bytes());
        into.extend_from_slice(&self.longitude.to_be_bytes());
        into.extend_from_slice(&self.altitude.to_be_bytes());
        into.extend_from_slice(&self.speed_tenths.to_be_bytes());
        into.extend_from_slice(&self.heading.to_be_bytes());
        into.extend_from_slice(&self.time.bcd());
        into.extend_from_slice(self.items.bytes());
    }

    /// North is positive; may lie outside ±90° where the terminal sends nonsense.
    #[must_use]
    pub fn latitude_microdegrees(&self) -> i32 {
        signed(self.latitude, 90_000_000, self.status & 1 << 2 != 0)
    }

    /// East is positive; may lie outside ±180° where the terminal sends nonsense.
    #[must_use]
    pub fn longitude_microdegrees(&self) -> i32 {
        signed(self.longitude, 180_000_000, self.status & 1 << 3 != 0)
    }

    /// Below sea level terminals send two's complement.
    #[must_use]
    pub const fn altitude_m(&self) -> i16 {
        i16::from_be_bytes(self.altitude.to_be_bytes())
    }

    /// Status bit 1: the position is a fix, not the last one repeated.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.status & 1 << 1 != 0
    }
}

/// The standard wants a magnitude and a status bit; some send two's complement instead, or as well.
fn signed(sent: u32, max: u32, negative: bool) -> i32 {
    let value = i32::from_be_bytes(sent.to_be_bytes());
    if sent > max || !negative { value } else { -value }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names_line(f, "alarm", alarm_names(self.alarm))?;
        names_line(f, "status", status_names(self.status))?;
        let (latitude, longitude) = (self.latitude_microdegrees(), self.longitude_microdegrees());
        let (north, east) = (if latitude < 0 { 'S' } else { 'N' }, if longitude < 0 { 'W' } else { 'E' });
        let (lat, lon) = (Degrees(latitude), Degrees(longitude));
        writeln!(f, "  at       {lat} {north}  {lon} {east}  {} m", self.altitude_m())?;
        let speed = Field::Tenths(i64::from(self.speed_tenths));
        writeln!(f, "  moving   {speed} km/h  heading {}", self.heading)?;
        writeln!(f, "  time     {}", self.time)?;
        for item in self.items {
            item_line(f, &item.value())?;
        }
        let leftover = self.items.leftover();
        if leftover.is_empty() { Ok(()) } else { writeln!(f, "  leftover {}", Hex(leftover)) }
    }
}

fn names_line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    names: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    write!(f, "  {label:<8}")?;
    let mut some = false;
    for name in names {
        write!(f, " {name}")?;
        some = true;
    }
    writeln!(f, "{}", if some { "" } else { " none" })
}

fn item_line(f: &mut fmt::Formatter<'_>, value: &ItemValue<'_>) -> fmt::Result {
    write!(f, "  {:<8}", value.name())?;
    match value {
        ItemValue::Mileage(tenths) => return writeln!(f, " {} km", Field::Tenths(i64::from(*tenths))),
        ItemValue::Fuel(tenths) => return writeln!(f, " {} L", Field::Tenths(i64::from(*tenths))),
        ItemValue::RecorderSpeed(tenths) => {
            return writeln!(f, " {} km/h", Field::Tenths(i64::from(*tenths)));
        }
        ItemValue::Raw { id, bytes: [] } => return writeln!(f, " {id:02x}"),
        ItemValue::Raw { id, bytes } => return writeln!(f, " {id:02x} {}", Hex(bytes)),
        _ => {}
    }
    let mut result = Ok(());
    value.fields(&mut |name, field| {
        result = result.and_then(|()| write!(f, " {name}={field}"));
    });
    result.and_then(|()| writeln!(f))
}

/// Microdegrees without their sign.
struct Degrees(i32);

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        write!(f, "{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000)
    }
}

/// Names of the alarm bits that are set (2019 table 25; bits 3 and 31 meant something else in 2013).
pub fn alarm_names(alarm: u32) -> impl Iterator<Item = &'static str> {
    set_bits(alarm, &ALARMS)
}

/// Names of the status bits that are set (2019 table 24); the load of bits 8 and 9 reads as two bits.
pub fn status_names(status: u32) -> impl Iterator<Item = &'static str> {
    set_bits(status, &STATUS)
}

fn set_bits(bits: u32, names: &'static [&'static str; 32]) -> impl Iterator<Item = &'static str> {
    names.iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 != 0).map(|(_, name)| *name)
}

const ALARMS: [&str; 32] = [
    "emergency",
    "overspeed",
    "fatigue",
    "dangerous-driving",
    "gnss-fault",
    "antenna-open",
    "antenna-short",
    "power-low",
    "power-lost",
    "display-fault",
    "tts-fault",
    "camera-fault",
    "card-reader-fault",
    "overspeed-warning",
    "fatigue-warning",
    "violation-driving",
    "tyre-pressure",
    "right-blind-spot",
    "daily-driving-exceeded",
    "parking-too-long",
    "area-crossed",
    "route-crossed",
    "segment-time",
    "route-deviation",
    "vss-fault",
    "fuel-abnormal",
    "stolen",
    "illegal-ignition",
    "illegal-displacement",
    "collision",
    "rollover-warning",
    "illegal-door",
];

const STATUS: [&str; 32] = [
    "acc-on",
    "positioned",
    "south",
    "west",
    "out-of-service",
    "encrypted-position",
    "forward-collision-warning",
    "lane-departure-warning",
    "load-bit-0",
    "load-bit-1",
    "fuel-cut",
    "power-cut",
    "doors-locked",
    "front-door-open",
    "middle-door-open",
    "rear-door-open",
    "driver-door-open",
    "custom-door-open",
    "gps",
    "beidou",
    "glonass",
    "galileo",
    "moving",
    "bit-23",
    "bit-24",
    "bit-25",
    "bit-26",
    "bit-27",
    "bit-28",
    "bit-29",
    "bit-30",
    "bit-31",
];

/// 0x0201.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocationAnswer<'a> {
    /// Serial of the query answered.
    pub serial: u16,
    /// The position.
    pub location: Location<'a>,
}

impl<'a> LocationAnswer<'a> {
    pub(crate) fn decode(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { serial: reader.u16("answered serial")?, location: Location::decode(reader.rest())? })
    }

    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        self.location.encode(into);
    }
}

/// 0x0704: reports in one message; one bad report does not cost the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocationBatch<'a> {
    /// How many the terminal announces; the bytes decide.
    pub count: u16,
    /// 0 as usual, 1 stored without coverage.
    pub kind: u8,
    /// The reports, each behind its length.
    pub bytes: &'a [u8],
}

impl<'a> LocationBatch<'a> {
    pub(crate) fn decode(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { count: reader.u16("count")?, kind: reader.u8("kind")?, bytes: reader.rest() })
    }

    /// Every report whose bytes are there, in order; ends at one that reaches past the end.
    pub fn iter(&self) -> impl Iterator<Item = Result<Location<'a>, DecodeError>> + use<'a> {
        self.bodies().map(Location::decode)
    }

    fn bodies(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || {
            let len = reader.u16("length").ok()?;
            reader.take(usize::from(len), "report").ok()
        })
    }

    /// What stands behind the last whole report.
    #[must_use]
    pub fn leftover(&self) -> &'a [u8] {
        let used: usize = self.bodies().map(|body| body.len() + 2).sum();
        self.bytes.get(used..).unwrap_or_default()
    }

    /// Appends one report behind its length, to build [`LocationBatch::bytes`].
    pub fn push(location: &Location<'_>, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&[0; 2]);
        location.encode(into);
        let len = u16::try_from(into.len() - start - 2).unwrap_or(u16::MAX);
        if let Some(slot) = into.get_mut(start..start + 2) {
            slot.copy_from_slice(&len.to_be_bytes());
        }
    }

    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.count.to_be_bytes());
        into.push(self.kind);
        into.extend_from_slice(self.bytes);
    }

    pub(crate) fn fields(&self, each: Each<'_>) {
        number(each, "count", self.count);
        number(each, "kind", self.kind);
    }
}

impl fmt::Display for LocationBatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, location) in (1..).zip(self.iter()) {
            writeln!(f, "  report   {place}")?;
            match location {
                Ok(location) => location.fmt(f)?,
                Err(error) => writeln!(f, "  error    {error}")?,
            }
        }
        let leftover = self.leftover();
        if leftover.is_empty() { Ok(()) } else { writeln!(f, "  leftover {}", Hex(leftover)) }
    }
}
