//! 0x0608 answer to a query of areas or routes (2019).
//!
//! | kind 1 | count 4 | data … |
//!
//! The standard does not say whether the data are bare areas or whole bodies of 0x8600 to 0x8606. Bare areas are taken
//! where they fill the data to the last byte, a single body next; anything else is kept as sent.

use super::area::{Area, Circle, KINDS, Rectangle, SetAreas};
use super::polygon::Polygon;
use super::route::Route;
use crate::field::Show;
use crate::layout::{Body, EditionList, EditionPart, by_edition};
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// The areas or routes a terminal has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AreaQueryAnswer<'a> {
    /// 1 circle, 2 rectangle, 3 polygon, 4 route.
    pub kind: u8,
    /// How many the terminal announces, as sent.
    pub count: u32,
    /// What follows, as sent.
    pub data: &'a [u8],
    /// The header's edition, by which the data are read.
    pub edition: Edition,
}

/// How the data of [`AreaQueryAnswer`] can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AreaData<'a> {
    /// Bare circles, behind the count.
    Circles(EditionList<'a, u32, Area<'a, Circle>>),
    /// Bare rectangles, behind the count.
    Rectangles(EditionList<'a, u32, Area<'a, Rectangle>>),
    /// The body of 0x8600.
    SetCircles(SetAreas<'a, Circle>),
    /// The body of 0x8602.
    SetRectangles(SetAreas<'a, Rectangle>),
    /// The body of 0x8604.
    Polygon(Polygon<'a>),
    /// The body of 0x8606.
    Route(Route<'a>),
    /// Anything else.
    Raw(&'a [u8]),
}

impl<'a> Body<'a> for AreaQueryAnswer<'a> {
    fn decode(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.u8("kind")?, count: reader.u32("count")?, data: reader.rest(), edition })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.kind);
        into.extend_from_slice(&self.count.to_be_bytes());
        into.extend_from_slice(self.data);
    }

    fn show(&self, show: &mut dyn Show) {
        show.meant("kind", self.kind, KINDS);
        show.number("count", self.count);
        match self.areas() {
            AreaData::Circles(list) => list.iter().for_each(|area| area.show("areas", show)),
            AreaData::Rectangles(list) => list.iter().for_each(|area| area.show("areas", show)),
            AreaData::SetCircles(areas) => areas.show(show),
            AreaData::SetRectangles(areas) => areas.show(show),
            AreaData::Polygon(polygon) => polygon.show(show),
            AreaData::Route(route) => route.show(show),
            AreaData::Raw(data) => show.trailing(data),
        }
    }
}

impl<'a> AreaQueryAnswer<'a> {
    /// The areas, as far as the data can be read as such.
    #[must_use]
    pub fn areas(&self) -> AreaData<'a> {
        let read = match self.kind {
            1 => self.bare().map(AreaData::Circles).or_else(|| {
                self.whole(|areas: &SetAreas<'_, _>| areas.trailing.is_empty() && areas.areas.is_whole())
                    .map(AreaData::SetCircles)
            }),
            2 => self.bare().map(AreaData::Rectangles).or_else(|| {
                self.whole(|areas: &SetAreas<'_, _>| areas.trailing.is_empty() && areas.areas.is_whole())
                    .map(AreaData::SetRectangles)
            }),
            3 if self.count == 1 => {
                self.whole(|polygon: &Polygon<'_>| polygon.trailing.is_empty()).map(AreaData::Polygon)
            }
            4 if self.count == 1 => {
                self.whole(|route: &Route<'_>| route.trailing.is_empty()).map(AreaData::Route)
            }
            _ => None,
        };
        read.unwrap_or(AreaData::Raw(self.data))
    }

    fn bare<T: EditionPart<'a>>(&self) -> Option<EditionList<'a, u32, T>> {
        let read = |edition| {
            let mut reader = Reader::new(self.data);
            let list = EditionList::of(self.count, &mut reader, edition);
            Ok((list, reader.rest()))
        };
        let (list, left) =
            by_edition(self.edition, read, |(list, left)| left.is_empty() && list.is_whole()).ok()?;
        (left.is_empty() && list.is_whole() && self.count > 0).then_some(list)
    }

    fn whole<T: Body<'a>>(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        T::decode(Reader::new(self.data), self.edition).ok().filter(fits)
    }
}
