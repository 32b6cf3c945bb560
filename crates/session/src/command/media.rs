//! 0x8801 to 0x8805: pictures, sound and films.

use fleet::EventTime;
use jt808::{DeviceTime, Edition, MediaSearch, MediaSingleUpload, MediaUpload, Message, Recording};
use serde::{Deserialize, Serialize};

use super::Unfit;

/// What a camera shall take at once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Photo {
    /// Channel, from 1; the default.
    pub channel: u8,
    /// Pictures, a video, or an end of what is being taken.
    pub shoot: Shoot,
    /// How many pictures, 1 by default.
    pub pictures: u16,
    /// Seconds between two pictures, or the length of a video; 0 as short as can be, or on and on.
    pub interval_s: u16,
    /// Kept in the terminal; sent at once by default.
    pub keep: bool,
    /// By default 640x480.
    pub resolution: Resolution,
    /// 1 best to 10 smallest, 5 by default.
    pub quality: u8,
    /// 0 to 255, 128 by default.
    pub brightness: u8,
    /// 0 to 127, 64 by default.
    pub contrast: u8,
    /// 0 to 127, 64 by default.
    pub saturation: u8,
    /// 0 to 255, 128 by default.
    pub chroma: u8,
}

impl Default for Photo {
    fn default() -> Self {
        Self {
            channel: 1,
            shoot: Shoot::Pictures,
            pictures: 1,
            interval_s: 0,
            keep: false,
            resolution: Resolution::R640x480,
            quality: 5,
            brightness: 128,
            contrast: 64,
            saturation: 64,
            chroma: 128,
        }
    }
}

/// What a camera takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shoot {
    /// Pictures.
    #[default]
    Pictures,
    /// Nothing more.
    Stop,
    /// A film.
    Video,
}

/// How many points a picture has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Resolution {
    /// The lowest the camera has (2019).
    #[serde(rename = "lowest")]
    Lowest = 0,
    /// 320 by 240.
    #[serde(rename = "320x240")]
    R320x240 = 1,
    /// 640 by 480.
    #[default]
    #[serde(rename = "640x480")]
    R640x480 = 2,
    /// 800 by 600.
    #[serde(rename = "800x600")]
    R800x600 = 3,
    /// 1024 by 768.
    #[serde(rename = "1024x768")]
    R1024x768 = 4,
    /// QCIF.
    #[serde(rename = "176x144")]
    R176x144 = 5,
    /// CIF.
    #[serde(rename = "352x288")]
    R352x288 = 6,
    /// Half D1.
    #[serde(rename = "704x288")]
    R704x288 = 7,
    /// D1.
    #[serde(rename = "704x576")]
    R704x576 = 8,
    /// The highest the camera has (2019).
    #[serde(rename = "highest")]
    Highest = 0xff,
}

impl Photo {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, expected| Err(Unfit { field, expected });
        match self {
            Self { channel: 0, .. } => unfit("channel", "a channel from 1"),
            Self { pictures: 0 | u16::MAX, .. } => unfit("pictures", "1 to 65534"),
            Self { quality, .. } if !(1..=10).contains(quality) => unfit("quality", "1 to 10"),
            Self { contrast: 128.., .. } => unfit("contrast", "0 to 127"),
            Self { saturation: 128.., .. } => unfit("saturation", "0 to 127"),
            Self { .. } => Ok(()),
        }
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let command = match self.shoot {
            Shoot::Pictures => self.pictures,
            Shoot::Stop => 0,
            Shoot::Video => 0xffff,
        };
        let photo = jt808::Photo {
            channel: self.channel,
            command,
            interval_s: self.interval_s,
            keep: u8::from(self.keep),
            resolution: self.resolution as u8,
            quality: self.quality,
            brightness: self.brightness,
            contrast: self.contrast,
            saturation: self.saturation,
            chroma: self.chroma,
            trailing: &[],
        };
        Message::Photo(photo).encode_body(edition, body);
    }
}

/// Which media of a terminal's memory.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoredMedia {
    /// Pictures, sound or films.
    pub media: MediaKind,
    /// Channel; 0, the default, for all.
    #[serde(default)]
    pub channel: u8,
    /// What they were made for; `command` by default.
    #[serde(default)]
    pub event: MediaCause,
    /// From.
    pub from: EventTime,
    /// To.
    pub to: EventTime,
    /// Deleted once they are sent; only where they are sent.
    #[serde(default)]
    pub delete: bool,
}

/// What a medium is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    /// Pictures.
    Picture = 0,
    /// Sound.
    Sound = 1,
    /// Films.
    Video = 2,
}

/// What a medium was made for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaCause {
    /// The platform asked.
    #[default]
    Command = 0,
    /// It was time.
    Timer = 1,
    /// The robbery alarm.
    Robbery = 2,
    /// The collision or rollover alarm.
    Collision = 3,
}

impl StoredMedia {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        match (device(self.from), device(self.to)) {
            (None, _) => Err(Unfit { field: "from", expected: CENTURY }),
            (_, None) => Err(Unfit { field: "to", expected: CENTURY }),
            _ if self.to < self.from => Err(Unfit { field: "to", expected: "a time not before from" }),
            _ => Ok(()),
        }
    }

    pub(super) fn check_search(&self) -> Result<(), Unfit> {
        if self.delete {
            return Err(Unfit { field: "delete", expected: "false, a search deletes nothing" });
        }
        self.check()
    }

    pub(super) fn search(&self, edition: Edition, body: &mut Vec<u8>) {
        let search = MediaSearch {
            kind: self.media as u8,
            channel: self.channel,
            event: self.event as u8,
            start: device(self.from).unwrap_or_default(),
            end: device(self.to).unwrap_or_default(),
            trailing: &[],
        };
        Message::MediaSearch(search).encode_body(edition, body);
    }

    pub(super) fn upload(&self, edition: Edition, body: &mut Vec<u8>) {
        let upload = MediaUpload {
            kind: self.media as u8,
            channel: self.channel,
            event: self.event as u8,
            start: device(self.from).unwrap_or_default(),
            end: device(self.to).unwrap_or_default(),
            delete: u8::from(self.delete),
            trailing: &[],
        };
        Message::MediaUpload(upload).encode_body(edition, body);
    }
}

/// What a microphone shall record.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Ends what is being recorded.
    pub stop: bool,
    /// How long; 0, the default, on and on.
    pub duration_s: u16,
    /// Kept in the terminal; sent at once by default.
    pub keep: bool,
    /// By default 8.
    pub rate_khz: Rate,
}

/// Thousands of samples a second.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Rate {
    /// 8.
    #[default]
    R8 = 0,
    /// 11.
    R11 = 1,
    /// 23.
    R23 = 2,
    /// 32.
    R32 = 3,
}

impl TryFrom<u8> for Rate {
    type Error = String;

    fn try_from(khz: u8) -> Result<Self, String> {
        match khz {
            8 => Ok(Self::R8),
            11 => Ok(Self::R11),
            23 => Ok(Self::R23),
            32 => Ok(Self::R32),
            other => Err(format!("rate_khz is {other}, expected 8, 11, 23 or 32")),
        }
    }
}

impl From<Rate> for u8 {
    fn from(rate: Rate) -> Self {
        match rate {
            Rate::R8 => 8,
            Rate::R11 => 11,
            Rate::R23 => 23,
            Rate::R32 => 32,
        }
    }
}

impl Record {
    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let recording = Recording {
            command: u8::from(!self.stop),
            duration_s: self.duration_s,
            keep: u8::from(self.keep),
            rate: self.rate_khz as u8,
            trailing: &[],
        };
        Message::Recording(recording).encode_body(edition, body);
    }
}

pub(super) fn upload_one(id: u32, delete: bool, edition: Edition, body: &mut Vec<u8>) {
    let upload = MediaSingleUpload { id, delete: u8::from(delete), trailing: &[] };
    Message::MediaSingleUpload(upload).encode_body(edition, body);
}

/// The clock a terminal shows then.
pub(super) fn device(time: EventTime) -> Option<DeviceTime> {
    DeviceTime::from_unix_ms(time.ms())
}

pub(super) const CENTURY: &str = "a time from 2000 to 2099";
