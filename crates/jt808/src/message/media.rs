//! 0x0800 media event, 0x0801 media data, 0x8800 its answer (2011, 2013 and 2019).
//!
//! 0800 | media id 4 | kind 1 | format 1 | event 1 | channel 1 |
//! 0801 | media id 4 | kind 1 | format 1 | event 1 | channel 1 | base of 0200 28 | data … |      2013, 2019
//! 0801 | media id 4 | kind 1 | format 1 | event 1 | channel 1 | total 4, index 4 | data … |     2011
//! 8800 | media id 4 | count 1, package numbers 2 … where something is missing |                 2013, 2019
//! 8800 | serial 2 | media id 4 | count 1, package numbers 2 … where something is missing |      2011

use crate::field::{Field, Meaning, Show};
use crate::layout::{Body, body};
use crate::reader::Reader;
use crate::{DecodeError, Edition, Location};

body! {
    /// 0x0800: something was taken and is there to be uploaded.
    MediaEvent {
        /// Number of the media, above 0.
        id: u32,
        /// Picture, sound or film.
        kind: u8 = KINDS,
        /// How it is encoded.
        format: u8 = FORMATS,
        /// Why it was taken.
        event: u8 = EVENTS,
        /// Which camera or microphone.
        channel: u8,
    }
}

/// 0x0801: the media itself. Where it comes in several packages, this is the first one's beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaData<'a> {
    /// Number of the media, above 0.
    pub id: u32,
    /// Picture, sound or film.
    pub kind: u8,
    /// How it is encoded.
    pub format: u8,
    /// Why it was taken.
    pub event: u8,
    /// Which camera or microphone.
    pub channel: u8,
    /// What stands between head and data.
    pub place: MediaPlace<'a>,
    /// The media, as much of it as is in this body.
    pub data: &'a [u8],
}

/// What stands between the head of 0x0801 and its data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MediaPlace<'a> {
    /// Where and when it was taken: 2013 and 2019.
    Location(Location<'a>),
    /// Nothing.
    None,
    /// This body is one package of several: 2011, whose headers say nothing of it.
    Part {
        /// Packages in all.
        total: u32,
        /// From 1 to `total`.
        index: u32,
    },
}

/// Bytes of the base of a location report.
const BASE_BYTES: usize = 28;

impl<'a> MediaPlace<'a> {
    /// Nothing in the body names the edition. A location has a place on earth and a time, which data has by a chance of
    /// one in a million; a package of several has two small numbers in order.
    fn read(reader: &mut Reader<'a>) -> Self {
        let mut ahead = *reader;
        if let Some(location) = ahead.take(BASE_BYTES, "location").ok().and_then(plausible) {
            *reader = ahead;
            return Self::Location(location);
        }
        let mut ahead = *reader;
        if let (Ok(total), Ok(index)) = (ahead.u32("total"), ahead.u32("index"))
            && (1..=PARTS_MAX).contains(&total)
            && (1..=total).contains(&index)
        {
            *reader = ahead;
            return Self::Part { total, index };
        }
        Self::None
    }
}

/// Packages of one media of 2011: 64 MiB of them.
const PARTS_MAX: u32 = 65_535;

fn plausible(bytes: &[u8]) -> Option<Location<'_>> {
    let location = Location::decode(bytes).ok()?;
    // As sent: two's complement, which some send in the south, is what a picture begins like.
    let is_place = location.latitude <= 90_000_000 && location.longitude <= 180_000_000;
    (is_place && location.time.unix_ms().is_some()).then_some(location)
}

impl<'a> Body<'a> for MediaData<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.u32("media id")?,
            kind: reader.u8("kind")?,
            format: reader.u8("format")?,
            event: reader.u8("event")?,
            channel: reader.u8("channel")?,
            place: MediaPlace::read(&mut reader),
            data: reader.rest(),
        })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.id.to_be_bytes());
        into.extend_from_slice(&[self.kind, self.format, self.event, self.channel]);
        match self.place {
            MediaPlace::Location(location) => location.encode(into),
            MediaPlace::None => {}
            MediaPlace::Part { total, index } => {
                into.extend_from_slice(&total.to_be_bytes());
                into.extend_from_slice(&index.to_be_bytes());
            }
        }
        into.extend_from_slice(self.data);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("id", self.id);
        show.meant("kind", self.kind, KINDS);
        show.meant("format", self.format, FORMATS);
        show.meant("event", self.event, EVENTS);
        show.number("channel", self.channel);
        match self.place {
            MediaPlace::Location(location) => Body::show(&location, show),
            MediaPlace::None => {}
            MediaPlace::Part { total, index } => {
                show.number("total", total);
                show.number("index", index);
            }
        }
        show.hex("data", self.data);
    }
}

/// 0x8800: the media is kept, or these packages of it are missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaAnswer<'a> {
    /// The serial answered, which 2011 alone has.
    pub serial: Option<u16>,
    /// Number of the media.
    pub id: u32,
    /// Package numbers as sent, two bytes each. With nothing missing not even the count stands there.
    pub missing: Option<&'a [u8]>,
}

impl<'a> MediaAnswer<'a> {
    /// Packages one answer may ask for (2013 and 2019).
    pub const MISSING_MAX: usize = 125;

    /// The package numbers, from 1.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        let bytes = self.missing.unwrap_or_default();
        bytes.as_chunks::<2>().0.iter().map(|number| u16::from_be_bytes(*number))
    }

    fn read(mut reader: Reader<'a>, has_serial: bool) -> Result<Self, DecodeError> {
        let serial = if has_serial { Some(reader.u16("answered serial")?) } else { None };
        let id = reader.u32("media id")?;
        if reader.rest().is_empty() {
            return Ok(Self { serial, id, missing: None });
        }
        let needed = usize::from(reader.u8("count")?) * 2;
        let missing = reader.rest();
        if missing.len() != needed {
            return Err(DecodeError::Missing { field: "package numbers", left: missing.len(), needed });
        }
        Ok(Self { serial, id, missing: Some(missing) })
    }
}

impl<'a> Body<'a> for MediaAnswer<'a> {
    /// The form whose count fits the bytes.
    fn decode(reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let newer = Self::read(reader, false);
        if newer.is_ok() {
            return newer;
        }
        Self::read(reader, true).or(newer)
    }

    /// At most 255 numbers, since a byte counts them.
    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend(self.serial.iter().flat_map(|serial| serial.to_be_bytes()));
        into.extend_from_slice(&self.id.to_be_bytes());
        if let Some(missing) = self.missing {
            let count = u8::try_from(missing.len() / 2).unwrap_or(u8::MAX);
            into.push(count);
            into.extend(missing.iter().take(usize::from(count) * 2));
        }
    }

    fn show(&self, show: &mut dyn Show) {
        if let Some(serial) = self.serial {
            show.number("answered_serial", serial);
        }
        show.number("id", self.id);
        if let Some(missing) = self.missing {
            show.number("count", u8::try_from(missing.len() / 2).unwrap_or(u8::MAX));
        }
        for package in self.numbers() {
            show.value("package", 2, Field::Entry(&package));
        }
    }
}

pub(super) const KINDS: Meaning =
    Meaning::Codes(&[(0, "图像", "picture"), (1, "音频", "sound"), (2, "视频", "film")]);

const FORMATS: Meaning = Meaning::Codes(&[
    (0, "JPEG", "JPEG"),
    (1, "TIF", "TIF"),
    (2, "MP3", "MP3"),
    (3, "WAV", "WAV"),
    (4, "WMV", "WMV"),
]);

pub(super) const EVENTS: Meaning = Meaning::Codes(&[
    (0, "平台下发指令", "ordered"),
    (1, "定时动作", "timer"),
    (2, "抢劫报警触发", "robbery"),
    (3, "碰撞侧翻报警触发", "collision or rollover"),
    (4, "门开拍照", "door opened"),
    (5, "门关拍照", "door closed"),
    (6, "车门由开变关且车速从小于 20 公里到超过 20 公里", "door closed and moving"),
    (7, "定距拍照", "distance"),
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn place(rest: &[u8]) -> (&'static str, usize) {
        let body = [&[0, 0, 0, 9, 0, 0, 3, 1][..], rest].concat();
        let Ok(Message::MediaData(media)) = Message::decode(0x0801, Edition::V2013, &body) else { panic!() };
        let place = match media.place {
            MediaPlace::Location(_) => "location",
            MediaPlace::None => "none",
            MediaPlace::Part { .. } => "part",
        };
        (place, media.data.len())
    }

    #[test]
    fn what_stands_before_the_data_shows_in_the_bytes() {
        let mut base = [0; 28];
        base[8..16].copy_from_slice(&[1, 0xdc, 0x89, 0xd0, 7, 0x3d, 0x8a, 0xa5]);
        base[22..].copy_from_slice(&[0x26, 1, 2, 3, 4, 5]);
        let jpeg = [&[0xff, 0xd8, 0xff, 0xe0, 0, 16][..], b"JFIF\0", &[1; 30]].concat();
        assert_eq!(place(&[&base[..], &jpeg].concat()), ("location", 41));
        assert_eq!(place(&[&[0, 0, 0, 12, 0, 0, 0, 1][..], &jpeg].concat()), ("part", 41));
        assert_eq!(place(&jpeg), ("none", 41));
        // No package 13 of 12, and no place without a time.
        assert_eq!(place(&[&[0, 0, 0, 12, 0, 0, 0, 13][..], &jpeg].concat()), ("none", 49));
        base[22..].fill(0);
        assert_eq!(place(&[&base[..], &jpeg].concat()), ("none", 69));
    }

    #[test]
    fn an_answer_has_the_form_its_count_fits() {
        let check = |body: &[u8], expected: (Option<u16>, u32, Option<Vec<u16>>)| {
            let Ok(Message::MediaAnswer(answer)) = Message::decode(0x8800, Edition::V2013, body) else {
                panic!()
            };
            let missing = answer.missing.map(|_| answer.numbers().collect());
            assert_eq!((answer.serial, answer.id, missing), expected);
        };
        check(&[0, 0, 0, 7], (None, 7, None));
        check(&[0, 0, 0, 7, 0], (None, 7, Some(vec![])));
        check(&[0, 0, 0, 7, 2, 0, 1, 0, 3], (None, 7, Some(vec![1, 3])));
        check(&[0, 9, 0, 0, 0, 7], (Some(9), 7, None));
        check(&[0, 9, 0, 0, 0, 7, 1, 0, 4], (Some(9), 7, Some(vec![4])));
        let short = Message::decode(0x8800, Edition::V2013, &[0, 0, 0, 7, 2, 0, 1]).unwrap_err();
        assert_eq!(short.to_string(), "package numbers needs 4 bytes, 2 are left");
    }
}
