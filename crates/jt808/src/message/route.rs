//! 0x8606 one route (2013 tables 56 to 69, 2019 tables 45 to 61).
//!
//! route | id 4 | attributes 2 | start, end BCD\[6\] | count 2 | points … | name 2+n (2019) |
//! point | id 4 | segment id 4 | latitude 4 | longitude 4 | width 1 | attributes 1 | longest 2, shortest 2 | limit 2, seconds 1, night limit 2 (2019) |

use super::area::{AreaLimit, Hours, Point, with_presence};
use crate::field::{Meaning, Show};
use crate::layout::{Body, EditionList, EditionPart, Part, Text16, by_edition};
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// A way a vehicle has to keep to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route<'a> {
    /// Its id.
    pub id: u32,
    /// Attributes; bit 0 is written as `hours` is there.
    pub attributes: u16,
    /// When it is in force; always where nothing.
    pub hours: Option<Hours>,
    /// Its turning points in order, in the layout of their edition.
    pub points: EditionList<'a, u16, RoutePoint>,
    /// Its name (2019).
    pub name: Option<Text16<'a>>,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

/// A turning point, and what holds from there to the next.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RoutePoint {
    /// Its id.
    pub id: u32,
    /// Id of the segment that begins here.
    pub segment: u32,
    /// Where.
    pub point: Point,
    /// Width of the segment.
    pub width_m: u8,
    /// Bits 2 south and 3 west; 0 and 1 are written as `duration` and `limit` are there.
    pub attributes: u8,
    /// How long the segment may take.
    pub duration: Option<SegmentDuration>,
    /// How fast a vehicle may be on it.
    pub limit: Option<AreaLimit>,
}

/// How long a segment may take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SegmentDuration {
    /// Longer is too long.
    pub longest_s: u16,
    /// Shorter is too short.
    pub shortest_s: u16,
}

impl<'a> Route<'a> {
    fn decode_as(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let (id, attributes) = (reader.u32("route id")?, reader.u16("attributes")?);
        let hours = Hours::read(&mut reader, attributes)?;
        let points = EditionList::read(&mut reader, edition)?;
        let name = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(Part::read(&mut reader, "name")?),
        };
        Ok(Self { id, attributes, hours, points, name, trailing: reader.rest() })
    }
}

impl<'a> Body<'a> for Route<'a> {
    fn decode(reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        by_edition(
            edition,
            |edition| Self::decode_as(reader, edition),
            |found| found.trailing.is_empty() && found.points.is_whole(),
        )
    }

    /// In the layout of its points; a route of 2019 has a name, though it may be empty.
    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.id.to_be_bytes());
        // Bit 1 says nothing here and stays as it is.
        let attributes = with_presence(self.attributes, self.hours.is_some(), self.attributes & 2 != 0);
        into.extend_from_slice(&attributes.to_be_bytes());
        self.hours.iter().for_each(|hours| hours.write(into));
        self.points.write(into);
        match self.points.edition {
            Edition::V2011 | Edition::V2013 => {}
            Edition::V2019 => self.name.unwrap_or_default().write(into),
        }
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("id", self.id);
        show.meant("attributes", self.attributes, ATTRIBUTES);
        self.hours.iter().for_each(|hours| hours.show(show));
        self.points.show("points", show);
        self.name.iter().for_each(|name| name.show("name", Meaning::Plain, show));
        show.trailing(self.trailing);
    }
}

impl<'a> EditionPart<'a> for RoutePoint {
    fn read(reader: &mut Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let (id, segment) = (reader.u32("point id")?, reader.u32("segment id")?);
        let point = Point::read(reader, "point")?;
        let (width_m, attributes) = (reader.u8("width")?, reader.u8("attributes")?);
        let duration = match attributes & DURATION {
            0 => None,
            _ => {
                let (longest_s, shortest_s) = (reader.u16("longest time")?, reader.u16("shortest time")?);
                Some(SegmentDuration { longest_s, shortest_s })
            }
        };
        // Bit 1 is the limit here as in an area.
        let mut limit = AreaLimit::read(reader, attributes.into())?;
        AreaLimit::read_night(&mut limit, reader, edition)?;
        Ok(Self { id, segment, point, width_m, attributes, duration, limit })
    }

    fn write(&self, edition: Edition, into: &mut Vec<u8>) {
        self.id.write(into);
        self.segment.write(into);
        self.point.write(into);
        let duration = if self.duration.is_some() { DURATION } else { 0 };
        let limit = if self.limit.is_some() { LIMIT } else { 0 };
        into.extend([self.width_m, self.attributes & !(DURATION | LIMIT) | duration | limit]);
        if let Some(SegmentDuration { longest_s, shortest_s }) = self.duration {
            longest_s.write(into);
            shortest_s.write(into);
        }
        if let Some(limit) = self.limit.map(|limit| limit.fitted(edition)) {
            limit.write(into);
            limit.night_kmh.iter().for_each(|night| night.write(into));
        }
    }

    fn show(&self, name: &'static str, show: &mut dyn Show) {
        show.begin(name);
        show.number("id", self.id);
        show.number("segment", self.segment);
        // South and west are four bits further on in an area.
        self.point.show_signed(["lat", "lon"], u16::from(self.attributes) << 4, show);
        show.number("width_m", self.width_m);
        show.meant("attributes", self.attributes, SEGMENT_ATTRIBUTES);
        if let Some(SegmentDuration { longest_s, shortest_s }) = self.duration {
            show.number("longest_s", longest_s);
            show.number("shortest_s", shortest_s);
        }
        if let Some(limit) = self.limit {
            limit.show(show);
            limit.night_kmh.iter().for_each(|night| show.number("night_kmh", *night));
        }
        show.end();
    }
}

const DURATION: u8 = 1 << 0;
const LIMIT: u8 = 1 << 1;

const ATTRIBUTES: Meaning = Meaning::Bits(&[
    (0, "根据时间", "by time"),
    (2, "进路线报警给驾驶员", "driver told on entering"),
    (3, "进路线报警给平台", "platform told on entering"),
    (4, "出路线报警给驾驶员", "driver told on leaving"),
    (5, "出路线报警给平台", "platform told on leaving"),
]);

const SEGMENT_ATTRIBUTES: Meaning = Meaning::Bits(&[
    (0, "行驶时间", "driving time"),
    (1, "限速", "speed limit"),
    (2, "南纬", "south"),
    (3, "西经", "west"),
]);
