//! 0x8604 one polygon (2013 tables 56 to 69, 2019 tables 45 to 61).
//!
//! | id 4 | attributes 2 | start, end BCD\[6\] | limit 2, seconds 1 | count 2 | latitude 4, longitude 4 … | night limit 2 (2019) | name 2+n (2019) |

use super::area::{ATTRIBUTES, AreaLimit, Hours, Point, with_presence};
use crate::field::{Meaning, Show};
use crate::layout::{Body, List, Part, Text16, by_edition};
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// An area by its corners.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Polygon<'a> {
    /// Its id.
    pub id: u32,
    /// Attributes; bits 0 and 1 are written as `hours` and `limit` are there.
    pub attributes: u16,
    /// When it is in force; always where nothing.
    pub hours: Option<Hours>,
    /// How fast a vehicle may be in it.
    pub limit: Option<AreaLimit>,
    /// Corners in order; the last is joined to the first.
    pub vertices: List<'a, u16, Point>,
    /// Its name (2019).
    pub name: Option<Text16<'a>>,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

impl<'a> Polygon<'a> {
    /// With the fields an edition has a place for.
    #[must_use]
    pub fn fitted(self, edition: Edition) -> Self {
        let name = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(self.name.unwrap_or_default()),
        };
        Self { limit: self.limit.map(|limit| limit.fitted(edition)), name, ..self }
    }

    fn decode_as(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let (id, attributes) = (reader.u32("area id")?, reader.u16("attributes")?);
        let hours = Hours::read(&mut reader, attributes)?;
        let mut limit = AreaLimit::read(&mut reader, attributes)?;
        let vertices = Part::read(&mut reader, "vertices")?;
        AreaLimit::read_night(&mut limit, &mut reader, edition)?;
        let name = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(Part::read(&mut reader, "name")?),
        };
        Ok(Self { id, attributes, hours, limit, vertices, name, trailing: reader.rest() })
    }
}

impl<'a> Body<'a> for Polygon<'a> {
    fn decode(reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        by_edition(
            edition,
            |edition| Self::decode_as(reader, edition),
            |found| {
                found.trailing.is_empty()
                    && found.vertices.iter().count() == usize::from(found.vertices.count)
            },
        )
    }

    /// Writes what is there: see [`Polygon::fitted`].
    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.id.to_be_bytes());
        let attributes = with_presence(self.attributes, self.hours.is_some(), self.limit.is_some());
        into.extend_from_slice(&attributes.to_be_bytes());
        self.hours.iter().for_each(|hours| hours.write(into));
        self.limit.iter().for_each(|limit| limit.write(into));
        self.vertices.write(into);
        self.limit.and_then(|limit| limit.night_kmh).iter().for_each(|night| night.write(into));
        self.name.iter().for_each(|name| name.write(into));
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("id", self.id);
        show.meant("attributes", self.attributes, ATTRIBUTES);
        self.hours.iter().for_each(|hours| hours.show(show));
        self.limit.iter().for_each(|limit| limit.show(show));
        show.number("count", self.vertices.count);
        for vertex in self.vertices.iter() {
            show.begin("vertices");
            vertex.show_signed(["lat", "lon"], self.attributes, show);
            show.end();
        }
        let night = self.limit.and_then(|limit| limit.night_kmh);
        night.iter().for_each(|night| show.number("night_kmh", *night));
        self.name.iter().for_each(|name| name.show("name", Meaning::Plain, show));
        show.trailing(self.trailing);
    }
}
