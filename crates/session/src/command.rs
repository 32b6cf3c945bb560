//! What the platform can ask of a terminal.

mod answer;
pub(crate) mod area;
mod body;
mod control;
mod hex;
mod media;
mod parameters;
mod recorder;
mod text;

use fleet::AlertId;
use jt808::AlarmSign;
use serde::{Deserialize, Serialize};

pub(crate) use self::answer::Answer;
pub use self::area::{
    AreaAction, AreaShape, AreaTerms, CircleArea, PolygonArea, RectangleArea, RouteLine, RouteTurn,
    SpeedLimit, Spot, Takes, Told,
};
pub(crate) use self::body::{BODY_BYTES_MAX, command_body};
pub use self::control::{Control, Doors, Firmware, Server};
pub use self::media::{MediaCause, MediaKind, Photo, Rate, Record, Resolution, Shoot, StoredMedia};
pub use self::recorder::{RecorderQuery, RecorderSetting};
pub use self::text::{DriverText, TextPurpose};

/// A downlink message. As JSON: `{"kind": "text", "text": "…"}`, the kind in kebab case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// 0x8203: alarms confirmed by hand. `serial` 0 confirms all of the kind.
    ConfirmAlarm {
        /// Serial of the report that carried them.
        serial: u16,
        /// Which (bits 0, 3, 20, 21, 22, 27, 28).
        bits: u32,
    },
    /// 0x8105: what the terminal shall do with itself.
    Control(Control),
    /// 0x8500: what the terminal shall do with its vehicle.
    ControlVehicle {
        /// The doors.
        doors: Doors,
    },
    /// 0x8601, 0x8603, 0x8605 or 0x8607: areas or routes go.
    DeleteShapes {
        /// Of what kind.
        shape: AreaShape,
        /// Which, at most 125; all where none is named.
        #[serde(default)]
        ids: Vec<u32>,
    },
    /// 0x8801: pictures or a film at once.
    Photo(Photo),
    /// 0x8608: which areas or routes do you have? Terminals know it from 2019 on.
    QueryAreas {
        /// Of what kind.
        shape: AreaShape,
        /// Which, at most 125; all where none is named.
        #[serde(default)]
        ids: Vec<u32>,
    },
    /// 0x8702: who drives?
    QueryDriverIdentity,
    /// 0x8201: where are you?
    QueryLocation,
    /// 0x8104: all parameters.
    QueryParameters,
    /// 0x8107: what are you?
    QueryProperties,
    /// 0x8700: what has the driving recorder?
    QueryRecorder(RecorderQuery),
    /// 0x8106: some parameters.
    QuerySomeParameters {
        /// Which; as JSON hex digits such as `"0055"`.
        #[serde(with = "parameters::ids")]
        ids: Vec<u32>,
    },
    /// 0x8804: sound.
    Record(Record),
    /// 0x9208: send the files of an alarm to the attachment port. As JSON the sign is hex digits.
    RequestAttachments {
        /// Host name or address in digits that terminals can reach.
        address: String,
        /// TCP port there.
        tcp_port: u16,
        /// The alarm sign as the terminal sent it: 16, 38, 39 or 40 bytes.
        #[serde(with = "hex")]
        sign: Vec<u8>,
        /// The alert the files prove; the alarm number is its id.
        alert: AlertId,
    },
    /// 0x8802: which media do you have?
    SearchMedia(StoredMedia),
    /// 0x8600: circles to watch.
    SetCircles {
        /// What becomes of those that are there; they stay where nothing is said.
        #[serde(default)]
        action: AreaAction,
        /// The circles, at most 125.
        areas: Vec<CircleArea>,
    },
    /// 0x8103: parameters, each an id and its value. As JSON:
    /// `{"kind": "set-parameters", "parameters": [{"id": "0055", "value": "00000050"}]}`, both in hex digits.
    #[serde(with = "parameters")]
    SetParameters(Vec<(u32, Vec<u8>)>),
    /// 0x8604: a polygon to watch.
    SetPolygon(PolygonArea),
    /// 0x8701: something is set in the driving recorder.
    SetRecorder(RecorderSetting),
    /// 0x8602: rectangles to watch.
    SetRectangles {
        /// What becomes of those that are there; they stay where nothing is said.
        #[serde(default)]
        action: AreaAction,
        /// The rectangles, at most 125.
        areas: Vec<RectangleArea>,
    },
    /// 0x8606: a route to keep to.
    SetRoute(RouteLine),
    /// 0x8300: text to show and speak.
    Text(DriverText),
    /// 0x8202: reports at another interval for a while.
    Track {
        /// Seconds between two reports; 0 ends it.
        interval_s: u16,
        /// For how many seconds; 0, the default, where it ends.
        #[serde(default)]
        valid_s: u32,
    },
    /// 0x8803: media out of the terminal's memory.
    UploadMedia(StoredMedia),
    /// 0x8805: one medium out of the terminal's memory.
    UploadOne {
        /// Its id, above 0.
        id: u32,
        /// Deleted once it is sent.
        #[serde(default)]
        delete: bool,
    },
}

impl Command {
    /// Its message id.
    pub const fn id(&self) -> u16 {
        match self {
            Self::ConfirmAlarm { .. } => 0x8203,
            Self::Control(_) => 0x8105,
            Self::ControlVehicle { .. } => 0x8500,
            Self::DeleteShapes { shape, .. } => shape.deletion(),
            Self::Photo(_) => 0x8801,
            Self::QueryAreas { .. } => 0x8608,
            Self::QueryDriverIdentity => 0x8702,
            Self::QueryLocation => 0x8201,
            Self::QueryParameters => 0x8104,
            Self::QueryProperties => 0x8107,
            Self::QueryRecorder(_) => 0x8700,
            Self::QuerySomeParameters { .. } => 0x8106,
            Self::Record(_) => 0x8804,
            Self::RequestAttachments { .. } => 0x9208,
            Self::SearchMedia(_) => 0x8802,
            Self::SetCircles { .. } => 0x8600,
            Self::SetParameters(_) => 0x8103,
            Self::SetPolygon(_) => 0x8604,
            Self::SetRecorder(_) => 0x8701,
            Self::SetRectangles { .. } => 0x8602,
            Self::SetRoute(_) => 0x8606,
            Self::Text(_) => 0x8300,
            Self::Track { .. } => 0x8202,
            Self::UploadMedia(_) => 0x8803,
            Self::UploadOne { .. } => 0x8805,
        }
    }

    /// Its kind, as in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ConfirmAlarm { .. } => "confirm-alarm",
            Self::Control(_) => "control",
            Self::ControlVehicle { .. } => "control-vehicle",
            Self::DeleteShapes { .. } => "delete-shapes",
            Self::Photo(_) => "photo",
            Self::QueryAreas { .. } => "query-areas",
            Self::QueryDriverIdentity => "query-driver-identity",
            Self::QueryLocation => "query-location",
            Self::QueryParameters => "query-parameters",
            Self::QueryProperties => "query-properties",
            Self::QueryRecorder(_) => "query-recorder",
            Self::QuerySomeParameters { .. } => "query-some-parameters",
            Self::Record(_) => "record",
            Self::RequestAttachments { .. } => "request-attachments",
            Self::SearchMedia(_) => "search-media",
            Self::SetCircles { .. } => "set-circles",
            Self::SetParameters(_) => "set-parameters",
            Self::SetPolygon(_) => "set-polygon",
            Self::SetRecorder(_) => "set-recorder",
            Self::SetRectangles { .. } => "set-rectangles",
            Self::SetRoute(_) => "set-route",
            Self::Text(_) => "text",
            Self::Track { .. } => "track",
            Self::UploadMedia(_) => "upload-media",
            Self::UploadOne { .. } => "upload-one",
        }
    }

    /// Whether it may be sent again where nobody knows if the terminal got it: after a crash, a lost connection, no
    /// answer. Twice must do what once does, or do no harm. The one place where a kind says so; none says it by default.
    pub const fn is_repeatable(&self) -> bool {
        match self {
            Self::ConfirmAlarm { .. }
            | Self::DeleteShapes { .. }
            | Self::QueryAreas { .. }
            | Self::QueryDriverIdentity
            | Self::QueryLocation
            | Self::QueryParameters
            | Self::QueryProperties
            | Self::QueryRecorder(_)
            | Self::QuerySomeParameters { .. }
            | Self::RequestAttachments { .. }
            | Self::SearchMedia(_)
            | Self::SetCircles { .. }
            | Self::SetParameters(_)
            | Self::SetPolygon(_)
            | Self::SetRectangles { .. }
            | Self::SetRoute(_)
            | Self::Text(_)
            | Self::Track { .. } => true,
            // A terminal that resets answers late or never; doors, pictures, sound and deletions belong to their moment;
            // a recorder's clock would be set to a time that is over.
            Self::Control(_)
            | Self::ControlVehicle { .. }
            | Self::Photo(_)
            | Self::Record(_)
            | Self::SetRecorder(_)
            | Self::UploadMedia(_)
            | Self::UploadOne { .. } => false,
        }
    }

    /// What is wrong with it before any terminal is asked: the field, and what was expected there.
    ///
    /// # Errors
    /// The first field that no message can carry.
    pub fn check(&self) -> Result<(), Unfit> {
        match self {
            Self::ConfirmAlarm { bits, .. } => wanted(
                *bits != 0 && *bits & !CONFIRMABLE == 0,
                "bits",
                "some of the bits 0, 3, 20, 21, 22, 27 and 28",
            ),
            Self::Control(control) => control.check(),
            Self::DeleteShapes { ids, .. } | Self::QueryAreas { ids, .. } => {
                wanted(ids.len() <= area::AREAS_MAX, "ids", "at most 125 ids")
            }
            Self::Photo(photo) => photo.check(),
            Self::QueryRecorder(query) => query.check(),
            Self::QuerySomeParameters { ids } => {
                let fits = (1..=parameters::PARAMETERS_MAX).contains(&ids.len());
                wanted(fits, "ids", "1 to 255 ids")
            }
            Self::RequestAttachments { address, tcp_port, sign, .. } => {
                wanted(AlarmSign::new(sign).is_some(), "sign", "16, 38, 39 or 40 bytes")?;
                let is_name =
                    (1..=64).contains(&address.len()) && address.bytes().all(|byte| byte.is_ascii_graphic());
                wanted(is_name, "address", "a host name or address of at most 64 letters")?;
                wanted(*tcp_port > 0, "tcp_port", "a port from 1 to 65535")
            }
            Self::SearchMedia(media) => media.check_search(),
            Self::SetCircles { areas, .. } => area::check_circles(areas),
            Self::SetParameters(list) => {
                let fits = (1..=parameters::PARAMETERS_MAX).contains(&list.len());
                wanted(fits, "parameters", "1 to 255 parameters")?;
                let fit = list.iter().all(|(_, value)| value.len() <= 255);
                wanted(fit, "parameters", "values of at most 255 bytes")
            }
            Self::SetPolygon(polygon) => polygon.check(),
            Self::SetRecorder(setting) => setting.check(),
            Self::SetRectangles { areas, .. } => area::check_rectangles(areas),
            Self::SetRoute(route) => route.check(),
            Self::Text(text) => text.check(),
            Self::Track { interval_s, valid_s } => {
                let ends_or_lasts = (*interval_s == 0) == (*valid_s == 0);
                wanted(ends_or_lasts, "valid_s", "seconds, and none where interval_s is 0")
            }
            Self::UploadMedia(media) => media.check(),
            Self::UploadOne { id, .. } => wanted(*id != 0, "id", "an id above 0"),
            Self::ControlVehicle { .. }
            | Self::QueryDriverIdentity
            | Self::QueryLocation
            | Self::QueryParameters
            | Self::QueryProperties
            | Self::Record(_) => Ok(()),
        }?;
        // The longest body is of the 2019 edition.
        let fits = command_body(self, jt808::Edition::V2019).is_some();
        wanted(fits, "command", "at most 65,472 bytes on the wire")
    }
}

fn wanted(holds: bool, field: &'static str, expected: &'static str) -> Result<(), Unfit> {
    if holds { Ok(()) } else { Err(Unfit { field, expected }) }
}

/// Alarms that a person can confirm (2013 and 2019, 0x8203).
const CONFIRMABLE: u32 = 1 << 0 | 1 << 3 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 27 | 1 << 28;

/// A field of a command that no message can carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} doesn't fit, expected {expected}")]
pub struct Unfit {
    /// Which; `command` for all of it.
    pub field: &'static str,
    /// What was expected.
    pub expected: &'static str,
}

/// Why a command was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Busy {
    /// The terminal is not on this connection.
    #[error("the terminal is not on this connection")]
    Absent,
    /// Too many commands wait for their answer.
    #[error("too many commands wait for their answer")]
    Full,
    /// The message does not fit 64 packages of 1,023 bytes.
    #[error("the message is longer than 64 packages of 1,023 bytes")]
    TooLong,
}

#[cfg(test)]
mod tests;
