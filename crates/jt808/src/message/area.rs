//! 0x8600 circles, 0x8602 rectangles; 0x8601, 0x8603, 0x8605, 0x8607 delete; 0x8608 query (2013 tables 56 to 69, 2019
//! tables 45 to 61). A field whose bit in the attributes is 0 is absent, not zero.
//!
//! 8600, 8602 | action 1 | count 1 | areas … |
//! area       | id 4 | attributes 2 | shape | start, end BCD\[6\] | limit 2, seconds 1, night limit 2 (2019) | name 2+n (2019) |
//! circle     | latitude 4 | longitude 4 | radius 4 |      rectangle | two corners of 4, 4 |
//! 860x       | count 1 | id 4 … |      8608 | kind 1 | count 4 | id 4 … |

use std::fmt;

use crate::field::{Field, Meaning, Show};
use crate::layout::{Body, EditionList, EditionPart, List, Part, Text16, body, by_edition};
use crate::reader::Reader;
use crate::{DecodeError, DeviceTime, Edition};

/// 0x8600 or 0x8602, by the shape of the areas.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SetAreas<'a, S> {
    /// 0 replaces those the terminal has, 1 adds, 2 changes.
    pub action: u8,
    /// The areas, in the layout of their edition.
    pub areas: EditionList<'a, u8, Area<'a, S>>,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

/// One area around which a terminal watches its vehicle.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Area<'e, S> {
    /// Its id.
    pub id: u32,
    /// Attributes; bits 0 and 1 are written as `hours` and `limit` are there.
    pub attributes: u16,
    /// Where it is.
    pub shape: S,
    /// When it is in force; always where nothing.
    pub hours: Option<Hours>,
    /// How fast a vehicle may be in it.
    pub limit: Option<AreaLimit>,
    /// Its name (2019).
    pub name: Option<Text16<'e>>,
}

/// A circle.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Circle {
    /// Its middle.
    pub center: Point,
    /// Metres.
    pub radius_m: u32,
}

/// A rectangle along the meridians.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rectangle {
    /// North-west.
    pub top_left: Point,
    /// South-east.
    pub bottom_right: Point,
}

/// A place without its signs: south and west are bits of the attributes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Point {
    /// Millionths of a degree.
    pub latitude: u32,
    /// Millionths of a degree.
    pub longitude: u32,
}

/// When an area is in force, in GMT+8; year, month and day are 0 where it is so every day.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hours {
    /// From.
    pub start: DeviceTime,
    /// To.
    pub end: DeviceTime,
}

/// How fast a vehicle may be in an area.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AreaLimit {
    /// km/h.
    pub max_kmh: u16,
    /// For so long it may be faster.
    pub duration_s: u8,
    /// km/h at night (2019).
    pub night_kmh: Option<u16>,
}

impl Point {
    /// The place, and the bits 6 (south) and 7 (west) of an area's attributes it needs. All places of one area share
    /// them.
    #[must_use]
    pub const fn new(latitude_microdegrees: i32, longitude_microdegrees: i32) -> (Self, u16) {
        let south = if latitude_microdegrees < 0 { SOUTH } else { 0 };
        let west = if longitude_microdegrees < 0 { WEST } else { 0 };
        let (latitude, longitude) =
            (latitude_microdegrees.unsigned_abs(), longitude_microdegrees.unsigned_abs());
        (Self { latitude, longitude }, south | west)
    }

    /// `names` are those of latitude and longitude, `bits` are south and west where they stand for an area.
    pub(super) fn show_signed(self, names: [&'static str; 2], bits: u16, show: &mut dyn Show) {
        let signed = [(self.latitude, bits & SOUTH), (self.longitude, bits & WEST)];
        for (name, (magnitude, bit)) in names.into_iter().zip(signed) {
            let value = match i32::try_from(magnitude) {
                Ok(magnitude) if bit != 0 => Field::Microdegrees(-magnitude),
                Ok(magnitude) => Field::Microdegrees(magnitude),
                Err(_) => Field::Number(magnitude.into()),
            };
            show.value(name, 4, value);
        }
    }
}

impl<'a> Part<'a> for Point {
    fn read(reader: &mut Reader<'a>, _: &'static str) -> Result<Self, DecodeError> {
        Ok(Self { latitude: reader.u32("latitude")?, longitude: reader.u32("longitude")? })
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.latitude.write(into);
        self.longitude.write(into);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.begin(name);
        self.show_signed(["lat", "lon"], 0, show);
        show.end();
    }
}

impl Hours {
    /// Between two clock times every day, hours and minutes in GMT+8; nothing where those are no clock times.
    #[must_use]
    pub fn daily(start: (u8, u8), end: (u8, u8)) -> Option<Self> {
        let clock = |(hour, minute): (u8, u8)| {
            let bcd = |number: u8| number / 10 * 16 + number % 10;
            (hour < 24 && minute < 60).then(|| DeviceTime::from_bcd([0, 0, 0, bcd(hour), bcd(minute), 0]))
        };
        Some(Self { start: clock(start)?, end: clock(end)? })
    }

    pub(super) fn read(reader: &mut Reader<'_>, attributes: u16) -> Result<Option<Self>, DecodeError> {
        if attributes & HOURS == 0 {
            return Ok(None);
        }
        Ok(Some(Self { start: reader.time("start")?, end: reader.time("end")? }))
    }

    pub(super) fn write(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.start.bcd());
        into.extend_from_slice(&self.end.bcd());
    }

    pub(super) fn show(self, show: &mut dyn Show) {
        show.text("start", 6, &Clock(self.start));
        show.text("end", 6, &Clock(self.end));
    }
}

/// A time, or one of every day.
struct Clock(DeviceTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, clock @ ..] = self.0.bcd();
        let [hour, minute, second] = clock;
        let some_day = DeviceTime::from_bcd([0, 1, 1, hour, minute, second]);
        match some_day.fields() {
            Some([.., hour, minute, second]) if [year, month, day] == [0; 3] => {
                write!(f, "daily {hour:02}:{minute:02}:{second:02} +08:00")
            }
            Some(_) | None => self.0.fmt(f),
        }
    }
}

impl AreaLimit {
    /// What stands before the night limit, which is behind the corners in a polygon.
    pub(super) fn read(reader: &mut Reader<'_>, attributes: u16) -> Result<Option<Self>, DecodeError> {
        if attributes & LIMIT == 0 {
            return Ok(None);
        }
        let (max_kmh, duration_s) = (reader.u16("speed limit")?, reader.u8("speed limit")?);
        Ok(Some(Self { max_kmh, duration_s, night_kmh: None }))
    }

    pub(super) fn read_night(
        limit: &mut Option<Self>,
        reader: &mut Reader<'_>,
        edition: Edition,
    ) -> Result<(), DecodeError> {
        match (limit, edition) {
            (Some(limit), Edition::V2019) => limit.night_kmh = Some(reader.u16("night limit")?),
            (Some(_), Edition::V2011 | Edition::V2013) | (None, _) => {}
        }
        Ok(())
    }

    pub(super) fn write(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.max_kmh.to_be_bytes());
        into.push(self.duration_s);
    }

    pub(super) fn show(self, show: &mut dyn Show) {
        show.number("max_kmh", self.max_kmh);
        show.number("duration_s", self.duration_s);
    }

    /// What an edition has a place for: 2019 wants a night limit, the same as by day where none was given.
    #[must_use]
    pub fn fitted(self, edition: Edition) -> Self {
        let night_kmh = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(self.night_kmh.unwrap_or(self.max_kmh)),
        };
        Self { night_kmh, ..self }
    }
}

/// The attributes with bits 0 and 1 as those fields are there.
pub(super) const fn with_presence(attributes: u16, hours: bool, limit: bool) -> u16 {
    let bits = if hours { HOURS } else { 0 } | if limit { LIMIT } else { 0 };
    attributes & !(HOURS | LIMIT) | bits
}

impl<'e, S: Shape> EditionPart<'e> for Area<'e, S> {
    fn read(reader: &mut Reader<'e>, edition: Edition) -> Result<Self, DecodeError> {
        let (id, attributes) = (reader.u32("area id")?, reader.u16("attributes")?);
        let (shape, hours) = (S::read(reader)?, Hours::read(reader, attributes)?);
        let mut limit = AreaLimit::read(reader, attributes)?;
        AreaLimit::read_night(&mut limit, reader, edition)?;
        let name = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(Part::read(reader, "name")?),
        };
        Ok(Self { id, attributes, shape, hours, limit, name })
    }

    fn write(&self, edition: Edition, into: &mut Vec<u8>) {
        let attributes = with_presence(self.attributes, self.hours.is_some(), self.limit.is_some());
        into.extend_from_slice(&self.id.to_be_bytes());
        into.extend_from_slice(&attributes.to_be_bytes());
        self.shape.write(into);
        self.hours.iter().for_each(|hours| hours.write(into));
        if let Some(limit) = self.limit.map(|limit| limit.fitted(edition)) {
            limit.write(into);
            limit.night_kmh.iter().for_each(|night| night.write(into));
        }
        match edition {
            Edition::V2011 | Edition::V2013 => {}
            Edition::V2019 => self.name.unwrap_or_default().write(into),
        }
    }

    fn show(&self, name: &'static str, show: &mut dyn Show) {
        show.begin(name);
        show.number("id", self.id);
        show.meant("attributes", self.attributes, ATTRIBUTES);
        self.shape.show(self.attributes, show);
        self.hours.iter().for_each(|hours| hours.show(show));
        if let Some(limit) = self.limit {
            limit.show(show);
            limit.night_kmh.iter().for_each(|night| show.number("night_kmh", *night));
        }
        self.name.iter().for_each(|name| name.show("name", Meaning::Plain, show));
        show.end();
    }
}

/// What tells areas apart.
pub(crate) trait Shape: Sized {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
    fn write(&self, into: &mut Vec<u8>);
    fn show(&self, attributes: u16, show: &mut dyn Show);
}

impl Shape for Circle {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { center: Point::read(reader, "point")?, radius_m: reader.u32("radius")? })
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.center.write(into);
        self.radius_m.write(into);
    }

    fn show(&self, attributes: u16, show: &mut dyn Show) {
        self.center.show_signed(["center_lat", "center_lon"], attributes, show);
        show.number("radius_m", self.radius_m);
    }
}

impl Shape for Rectangle {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { top_left: Point::read(reader, "point")?, bottom_right: Point::read(reader, "point")? })
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.top_left.write(into);
        self.bottom_right.write(into);
    }

    fn show(&self, attributes: u16, show: &mut dyn Show) {
        self.top_left.show_signed(["top_left_lat", "top_left_lon"], attributes, show);
        self.bottom_right.show_signed(["bottom_right_lat", "bottom_right_lon"], attributes, show);
    }
}

impl<'a, S: Shape> Body<'a> for SetAreas<'a, S> {
    fn decode(reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let read = |edition| {
            let mut reader = reader;
            let action = reader.u8("action")?;
            let areas = EditionList::read(&mut reader, edition)?;
            Ok(Self { action, areas, trailing: reader.rest() })
        };
        by_edition(edition, read, |found| found.trailing.is_empty() && found.areas.is_whole())
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.action);
        self.areas.write(into);
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.meant("action", self.action, ACTIONS);
        self.areas.show("areas", show);
        show.trailing(self.trailing);
    }
}

body! {
    /// 0x8601, 0x8603, 0x8605 and 0x8607, by the kind of area the id of the message says.
    DeleteAreas {
        /// Ids, at most 125; none deletes all.
        ids: List<'a, u8, u32>,
    }
}

body! {
    /// 0x8608 (2019), answered by 0x0608.
    AreaQuery {
        /// What is asked for.
        kind: u8 = KINDS,
        /// Ids; none asks for all.
        ids: List<'a, u32, u32>,
    }
}

const HOURS: u16 = 1 << 0;
const LIMIT: u16 = 1 << 1;
/// Bit of an area's attributes.
const SOUTH: u16 = 1 << 6;
/// Bit of an area's attributes.
const WEST: u16 = 1 << 7;

const ACTIONS: Meaning =
    Meaning::Codes(&[(0, "更新区域", "replace"), (1, "追加区域", "add"), (2, "修改区域", "change")]);

/// Kinds of 0x8608 and 0x0608.
pub(crate) const KINDS: Meaning = Meaning::Codes(&[
    (1, "圆形区域", "circle"),
    (2, "矩形区域", "rectangle"),
    (3, "多边形区域", "polygon"),
    (4, "线路", "route"),
]);

pub(super) const ATTRIBUTES: Meaning = Meaning::Bits(&[
    (0, "根据时间", "by time"),
    (1, "限速", "speed limit"),
    (2, "进区域报警给驾驶员", "driver told on entering"),
    (3, "进区域报警给平台", "platform told on entering"),
    (4, "出区域报警给驾驶员", "driver told on leaving"),
    (5, "出区域报警给平台", "platform told on leaving"),
    (6, "南纬", "south"),
    (7, "西经", "west"),
    (8, "禁止开门", "doors stay shut"),
    (14, "进区域关闭通信模块", "no communication inside"),
    (15, "进区域采集GNSS详细定位数据", "detailed GNSS data inside"),
]);
