//! 0x0802 answer to 0x8802, 0x0805 answer to 0x8801 (2013 and 2019; 0805 is not in 2011).
//!
//! 0802 | serial 2 | count 2 | media id 4, kind 1, channel 1, event 1, base of 0200 28 … |      no media id in 2011
//! 0805 | serial 2 | result 1 | count 2 | media id 4 … |

use super::media::{EVENTS, KINDS};
use crate::field::{Meaning, Show};
use crate::layout::{Body, List, body};
use crate::reader::Reader;
use crate::{DecodeError, Edition, Location};

/// The media a search has found in a terminal's memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaSearchAnswer<'a> {
    /// Serial of the search.
    pub serial: u16,
    /// How many were found in all; the bytes decide how many stand here.
    pub count: u16,
    /// The media, as sent.
    pub bytes: &'a [u8],
    /// Whether each has its id: 2013 and 2019.
    pub identified: bool,
}

/// One of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaFound<'a> {
    /// Number of the media, above 0; nothing in 2011.
    pub id: Option<u32>,
    /// Picture, sound or film.
    pub kind: u8,
    /// Which camera or microphone.
    pub channel: u8,
    /// Why it was taken.
    pub event: u8,
    /// Where and when it began.
    pub location: Location<'a>,
}

/// Bytes of the base of a location report.
const BASE_BYTES: usize = 28;

impl<'a> Body<'a> for MediaSearchAnswer<'a> {
    /// Nothing in the body names the edition: entries of 2011 are taken where only they fill it.
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let (serial, count, bytes) = (reader.u16("answered serial")?, reader.u16("count")?, reader.rest());
        let fills = |entry: usize| bytes.len() == usize::from(count) * entry;
        let identified = fills(7 + BASE_BYTES) || !fills(3 + BASE_BYTES);
        Ok(Self { serial, count, bytes, identified })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        into.extend_from_slice(&self.count.to_be_bytes());
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        show.number("count", self.count);
        for found in self.iter() {
            show.begin("media");
            found.id.iter().for_each(|id| show.number("id", *id));
            show.meant("kind", found.kind, KINDS);
            show.number("channel", found.channel);
            show.meant("event", found.event, EVENTS);
            Body::show(&found.location, show);
            show.end();
        }
        let used = self.bytes.len() / self.entry_bytes() * self.entry_bytes();
        show.trailing(self.bytes.get(used..).unwrap_or_default());
    }
}

impl<'a> MediaSearchAnswer<'a> {
    /// The media that are whole, in order.
    pub fn iter(&self) -> impl Iterator<Item = MediaFound<'a>> + use<'a> {
        let identified = self.identified;
        let entries = self.bytes.chunks_exact(self.entry_bytes());
        entries.filter_map(move |entry| MediaFound::read(Reader::new(entry), identified).ok())
    }

    const fn entry_bytes(&self) -> usize {
        if self.identified { 7 + BASE_BYTES } else { 3 + BASE_BYTES }
    }
}

impl<'a> MediaFound<'a> {
    fn read(mut reader: Reader<'a>, identified: bool) -> Result<Self, DecodeError> {
        Ok(Self {
            id: if identified { Some(reader.u32("media id")?) } else { None },
            kind: reader.u8("kind")?,
            channel: reader.u8("channel")?,
            event: reader.u8("event")?,
            location: Location::decode(reader.rest())?,
        })
    }
}

body! {
    /// What became of an order to take pictures.
    PhotoAnswer {
        /// Serial of the order.
        answered_serial: u16,
        /// How it went.
        result: u8 = Meaning::Codes(&[(0, "成功", "done"), (1, "失败", "failed"), (2, "通道不支持", "channel not supported")]),
        /// Numbers of the pictures; absent where it failed.
        media: Option<List<'a, u16, u32>>,
    }
}
