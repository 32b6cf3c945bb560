//! Messages: one variant for each id with a meaning here; everything else is carried whole.

pub(crate) mod acknowledgement;
pub(crate) mod attributes;
pub(crate) mod authentication;
pub(crate) mod driver;
pub(crate) mod location;
pub(crate) mod parameters;
pub(crate) mod registration;
pub(crate) mod resend;
pub(crate) mod text_message;

use std::fmt;

use self::acknowledgement::Acknowledgement;
use self::attributes::Attributes;
use self::authentication::Authentication;
use self::driver::DriverIdentity;
use self::location::{Location, LocationAnswer, LocationBatch};
use self::parameters::{Parameters, ParametersAnswer};
use self::registration::{Registration, RegistrationAnswer};
use self::resend::Resend;
use self::text_message::{AlarmConfirmation, TextMessage};
use crate::field::{Field, Hex, trailing};
use crate::item::number;
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// A message without a type here, as sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unknown<'a> {
    /// Message id.
    pub id: u16,
    /// Body as sent.
    pub body: &'a [u8],
}

/// Declares the messages once: variant, content, id, name, how to read it.
macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident($content:ty) = $id:literal $name:literal, |$reader:pat_param, $edition:pat_param| $decode:expr;)*) => {
        /// One message, either direction.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Message<'a> {
            $($(#[$doc])* $variant($content),)*
            /// Any other id.
            Unknown(Unknown<'a>),
        }

        impl<'a> Message<'a> {
            /// Reads a body by its id; `edition` is the header's.
            ///
            /// # Errors
            /// When a field of the layout reaches past the end.
            #[inline]
            pub fn decode(id: u16, edition: Edition, body: &'a [u8]) -> Result<Self, DecodeError> {
                // Nearly all messages are positions; they are read where they are used.
                if id == Location::ID {
                    return Location::decode(body).map(Self::LocationReport);
                }
                Self::decode_any(id, edition, body)
            }

            #[inline(never)]
            fn decode_any(id: u16, edition: Edition, body: &'a [u8]) -> Result<Self, DecodeError> {
                Ok(match id {
                    $($id => {
                        let ($reader, $edition) = (Reader::new(body), edition);
                        Self::$variant($decode)
                    })*
                    id => Self::Unknown(Unknown { id, body }),
                })
            }

            /// The message id.
            #[must_use]
            pub const fn id(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $id,)*
                    Self::Unknown(unknown) => unknown.id,
                }
            }
        }

        const TYPED: &[(u16, &str)] = &[$(($id, $name)),*];
    };
}

messages! {
    /// 0x0001.
    TerminalAcknowledgement(Acknowledgement<'a>) = 0x0001 "terminal-acknowledgement",
        |reader, _| Acknowledgement::decode(reader)?;
    /// 0x0002, with what some trackers append.
    Heartbeat(&'a [u8]) = 0x0002 "heartbeat", |reader, _| reader.rest();
    /// 0x0003, empty by the standard.
    Logout(&'a [u8]) = 0x0003 "logout", |reader, _| reader.rest();
    /// 0x0004 (2019), empty by the standard.
    TimeQuery(&'a [u8]) = 0x0004 "time-query", |reader, _| reader.rest();
    /// 0x0005 (2019).
    TerminalResend(Resend<'a>) = 0x0005 "terminal-resend", |reader, _| Resend::decode(reader)?;
    /// 0x0100.
    Registration(Registration<'a>) = 0x0100 "registration",
        |reader, edition| Registration::decode(reader, edition)?;
    /// 0x0102.
    Authentication(Authentication<'a>) = 0x0102 "authentication",
        |reader, edition| Authentication::decode(reader, edition)?;
    /// 0x0104.
    ParametersAnswer(ParametersAnswer<'a>) = 0x0104 "parameters-answer",
        |reader, _| ParametersAnswer::decode(reader)?;
    /// 0x0107.
    Attributes(Attributes<'a>) = 0x0107 "attributes", |reader, edition| Attributes::decode(reader, edition)?;
    /// 0x0200.
    LocationReport(Location<'a>) = 0x0200 "location-report", |reader, _| Location::decode(reader.rest())?;
    /// 0x0201.
    LocationAnswer(LocationAnswer<'a>) = 0x0201 "location-answer", |reader, _| LocationAnswer::decode(reader)?;
    /// 0x0702.
    DriverIdentity(DriverIdentity<'a>) = 0x0702 "driver-identity", |reader, _| DriverIdentity::decode(reader)?;
    /// 0x0704.
    LocationBatch(LocationBatch<'a>) = 0x0704 "location-batch", |reader, _| LocationBatch::decode(reader)?;
    /// 0x8001.
    PlatformAcknowledgement(Acknowledgement<'a>) = 0x8001 "platform-acknowledgement",
        |reader, _| Acknowledgement::decode(reader)?;
    /// 0x8003.
    PlatformResend(Resend<'a>) = 0x8003 "platform-resend", |reader, _| Resend::decode(reader)?;
    /// 0x8004 (2019): UTC, unlike every other time.
    TimeAnswer(TimeAnswer<'a>) = 0x8004 "time-answer", |reader, _| TimeAnswer::decode(reader)?;
    /// 0x8100.
    RegistrationAnswer(RegistrationAnswer<'a>) = 0x8100 "registration-answer",
        |reader, _| RegistrationAnswer::decode(reader)?;
    /// 0x8103.
    SetParameters(Parameters<'a>) = 0x8103 "set-parameters", |mut reader, _| Parameters::decode(&mut reader)?;
    /// 0x8104, empty by the standard.
    ParametersQuery(&'a [u8]) = 0x8104 "parameters-query", |reader, _| reader.rest();
    /// 0x8107, empty by the standard.
    AttributesQuery(&'a [u8]) = 0x8107 "attributes-query", |reader, _| reader.rest();
    /// 0x8201, empty by the standard.
    LocationQuery(&'a [u8]) = 0x8201 "location-query", |reader, _| reader.rest();
    /// 0x8203.
    AlarmConfirmation(AlarmConfirmation<'a>) = 0x8203 "alarm-confirmation",
        |reader, _| AlarmConfirmation::decode(reader)?;
    /// 0x8300.
    TextMessage(TextMessage<'a>) = 0x8300 "text-message", |reader, edition| TextMessage::decode(reader, edition)?;
    /// 0x8702, empty by the standard.
    DriverIdentityRequest(&'a [u8]) = 0x8702 "driver-identity-request", |reader, _| reader.rest();
}

/// 0x8004 (2019 section 8.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimeAnswer<'a> {
    /// Year to second in UTC, unlike every other time.
    pub utc: [u8; 6],
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

impl<'a> TimeAnswer<'a> {
    fn decode(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { utc: reader.array("time")?, trailing: reader.rest() })
    }
}

impl Message<'_> {
    /// Appends the body. Bodies whose layout shows in the bytes carry it; `edition` decides the rest, which is
    /// whether 0x8300 has a type byte.
    #[inline]
    pub fn encode_body(&self, edition: Edition, into: &mut Vec<u8>) {
        match self {
            Self::TerminalAcknowledgement(m) | Self::PlatformAcknowledgement(m) => m.encode(into),
            Self::Heartbeat(rest)
            | Self::Logout(rest)
            | Self::TimeQuery(rest)
            | Self::ParametersQuery(rest)
            | Self::AttributesQuery(rest)
            | Self::LocationQuery(rest)
            | Self::DriverIdentityRequest(rest) => into.extend_from_slice(rest),
            Self::TerminalResend(m) | Self::PlatformResend(m) => m.encode(into),
            Self::Registration(m) => m.encode(into),
            Self::Authentication(m) => m.encode(into),
            Self::ParametersAnswer(m) => m.encode(into),
            Self::Attributes(m) => m.encode(into),
            Self::LocationReport(m) => m.encode(into),
            Self::LocationAnswer(m) => m.encode(into),
            Self::DriverIdentity(m) => m.encode(into),
            Self::LocationBatch(m) => m.encode(into),
            Self::TimeAnswer(m) => {
                into.extend_from_slice(&m.utc);
                into.extend_from_slice(m.trailing);
            }
            Self::RegistrationAnswer(m) => m.encode(into),
            Self::SetParameters(m) => m.encode(into),
            Self::AlarmConfirmation(m) => m.encode(into),
            Self::TextMessage(m) => m.encode(edition, into),
            Self::Unknown(m) => into.extend_from_slice(m.body),
        }
    }

    /// The name of the message.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name_of(self.id())
    }

    /// Hands over every field by name, in wire order. Locations have a richer face: match on them first.
    pub fn fields(&self, each: &mut dyn FnMut(&'static str, Field<'_>)) {
        match self {
            Self::TerminalAcknowledgement(m) | Self::PlatformAcknowledgement(m) => m.fields(each),
            Self::Heartbeat(rest)
            | Self::Logout(rest)
            | Self::TimeQuery(rest)
            | Self::ParametersQuery(rest)
            | Self::AttributesQuery(rest)
            | Self::LocationQuery(rest)
            | Self::DriverIdentityRequest(rest) => trailing(rest, each),
            Self::TerminalResend(m) | Self::PlatformResend(m) => m.fields(each),
            Self::Registration(m) => m.fields(each),
            Self::Authentication(m) => m.fields(each),
            Self::ParametersAnswer(m) => m.fields(each),
            Self::Attributes(m) => m.fields(each),
            Self::LocationReport(m) => each("location", Field::Text(m)),
            Self::LocationAnswer(m) => number(each, "answered_serial", m.serial),
            Self::DriverIdentity(m) => m.fields(each),
            Self::LocationBatch(m) => m.fields(each),
            Self::TimeAnswer(m) => {
                each("utc", Field::Text(&Hex(&m.utc)));
                trailing(m.trailing, each);
            }
            Self::RegistrationAnswer(m) => m.fields(each),
            Self::SetParameters(m) => m.fields(each),
            Self::AlarmConfirmation(m) => m.fields(each),
            Self::TextMessage(m) => m.fields(each),
            Self::Unknown(m) => each("raw", Field::Bytes(m.body)),
        }
    }
}

impl fmt::Display for Message<'_> {
    /// One line a field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::LocationReport(location) = self {
            return location.fmt(f);
        }
        let mut result = Ok(());
        self.fields(&mut |name, field| {
            let line = format!("  {name:<8} {field}");
            result = result.and_then(|()| writeln!(f, "{}", line.trim_end()));
        });
        result?;
        match self {
            Self::LocationAnswer(answer) => answer.location.fmt(f),
            Self::LocationBatch(batch) => batch.fmt(f),
            _ => Ok(()),
        }
    }
}

/// The name of a message id, `unknown` where the standards list none.
#[must_use]
pub fn name_of(id: u16) -> &'static str {
    let known = TYPED.iter().chain(CARRIED).find(|(known, _)| *known == id);
    known.map_or("unknown", |(_, name)| name)
}

/// Ids of the standards that are carried whole: JT/T 808-2019 table B.1, JT/T 1078-2016, T/JSATL 12-2017.
const CARRIED: &[(u16, &str)] = &[
    (0x0108, "upgrade-result"),
    (0x0301, "event-report"),
    (0x0302, "question-answer"),
    (0x0303, "information-demand"),
    (0x0500, "vehicle-control-answer"),
    (0x0608, "area-query-answer"),
    (0x0700, "recorder-data"),
    (0x0701, "waybill"),
    (0x0705, "can-data"),
    (0x0800, "media-event"),
    (0x0801, "media-data"),
    (0x0802, "media-search-answer"),
    (0x0805, "photo-answer"),
    (0x0900, "transparent-uplink"),
    (0x0901, "compressed-uplink"),
    (0x0a00, "terminal-key"),
    (0x1003, "media-attributes"),
    (0x1005, "passenger-flow"),
    (0x1205, "video-list"),
    (0x1206, "video-upload-done"),
    (0x1210, "attachment-list"),
    (0x1211, "attachment-start"),
    (0x1212, "attachment-done"),
    (0x8105, "terminal-control"),
    (0x8106, "parameters-query-some"),
    (0x8108, "upgrade"),
    (0x8202, "temporary-tracking"),
    (0x8204, "link-check"),
    (0x8301, "event-set"),
    (0x8302, "question"),
    (0x8303, "information-menu"),
    (0x8304, "information"),
    (0x8400, "callback"),
    (0x8401, "phone-book"),
    (0x8500, "vehicle-control"),
    (0x8600, "set-circles"),
    (0x8601, "delete-circles"),
    (0x8602, "set-rectangles"),
    (0x8603, "delete-rectangles"),
    (0x8604, "set-polygon"),
    (0x8605, "delete-polygons"),
    (0x8606, "set-route"),
    (0x8607, "delete-routes"),
    (0x8608, "area-query"),
    (0x8700, "recorder-query"),
    (0x8701, "recorder-set"),
    (0x8800, "media-answer"),
    (0x8801, "photo"),
    (0x8802, "media-search"),
    (0x8803, "media-upload"),
    (0x8804, "recording"),
    (0x8805, "media-single-upload"),
    (0x8900, "transparent-downlink"),
    (0x8a00, "platform-key"),
    (0x9003, "media-attributes-query"),
    (0x9101, "video-live"),
    (0x9102, "video-live-control"),
    (0x9105, "video-live-state"),
    (0x9201, "video-playback"),
    (0x9202, "video-playback-control"),
    (0x9205, "video-search"),
    (0x9206, "video-upload"),
    (0x9207, "video-upload-control"),
    (0x9208, "attachment-request"),
    (0x9212, "attachment-answer"),
    (0x9301, "camera-turn"),
    (0x9302, "camera-focus"),
    (0x9303, "camera-aperture"),
    (0x9304, "camera-wiper"),
    (0x9305, "camera-infrared"),
    (0x9306, "camera-zoom"),
];
