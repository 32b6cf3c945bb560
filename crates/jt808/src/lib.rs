//! The JT/T 808 wire format of 2011, 2013 and 2019: bytes to messages and back, nothing else.
//!
//! ```text
//! bytes ─ Deframer ─▶ Piece ─ Frame::decode ─▶ Frame ─ Frame::message ─▶ Message ─ items, lazily ─▶ ItemValue
//! bytes ◀─ encode_frame ─ Header + body ◀─ Message::encode_body ─ Message
//! ```
//!
//! The contract: any slicing of a stream gives the same pieces; no input panics; what was sent is never lost (unknown
//! ids, items and leftovers are carried and encoded again unchanged); a bad item never costs its report; decoding a
//! location allocates nothing.
//!
//! ```
//! use jt808::{Acknowledgement, Edition, Frame, Header, Message, Phone, encode_frame, unescape};
//! let phone = Phone::from_digits("13800138000", Edition::V2013).expect("eleven digits fit six bytes");
//! let mut body = Vec::new();
//! Message::PlatformAcknowledgement(Acknowledgement::new(7, 0x0200, 0)).encode_body(Edition::V2013, &mut body);
//! let mut wire = Vec::new();
//! encode_frame(&Header::new(0x8001, Edition::V2013, phone, 1), &body, &mut wire);
//! let mut plain = Vec::new();
//! unescape(&wire, &mut plain)?;
//! assert_eq!(Frame::decode(&plain)?.header.phone.digits(), "13800138000");
//! # Ok::<(), jt808::FrameError>(())
//! ```
//!
//! It does not read sockets, keep sessions, join sub-packages or judge what a message means.

mod annotate;
mod block;
mod deframer;
mod error;
mod field;
mod frame;
mod header;
mod item;
mod json;
mod layout;
mod message;
mod parameter;
mod reader;
pub mod recorder;
mod safety;
mod text;
mod time;
mod words;

pub use annotate::{Annotation, Note, State, annotate, annotate_body};
pub use block::{BLOCK_DATA_BYTES_MAX, BLOCK_MAGIC, Block, BlockDeframer, BlockName, Inflow, encode_block};
pub use deframer::{Deframer, FRAME_BYTES_MAX, Piece};
pub use error::{DecodeError, FrameError};
pub use field::{Field, Meaning, Show, Shown};
pub use frame::{Frame, encode_frame, unescape};
pub use header::{Edition, Header, Packet, Phone, Warnings};
pub use item::{FixedTail, Item, ItemValue, Items, ItemsIter};
pub use layout::{Data32, EditionList, Empty, List, Padded, Tail, Text8, Text16};
pub use message::acknowledgement::Acknowledgement;
pub use message::area::{Area, AreaLimit, AreaQuery, Circle, DeleteAreas, Hours, Point, Rectangle, SetAreas};
pub use message::area_answer::{AreaData, AreaQueryAnswer};
pub use message::attachment::{
    ATTACHMENT_NUMBER_BYTES, AttachmentAnswer, AttachmentFile, AttachmentGap, AttachmentList, AttachmentName,
    AttachmentRequest,
};
pub use message::attributes::Attributes;
pub use message::authentication::Authentication;
pub use message::camera::{CameraAperture, CameraFocus, CameraSwitch, CameraTurn, CameraZoom};
pub use message::can::{CanData, CanFrame, CanTime};
pub use message::control::{TerminalControl, VehicleControl};
pub use message::driver::{DriverCard, DriverIdentity};
pub use message::driver_answer::{EventReport, InformationDemand, QuestionAnswer};
pub use message::event::{EventChoice, EventSet};
pub use message::location::{Location, LocationAnswer, LocationBatch, alarm_names, status_names};
pub use message::media::{MediaAnswer, MediaData, MediaEvent, MediaPlace};
pub use message::media_found::{MediaFound, MediaSearchAnswer, PhotoAnswer};
pub use message::media_request::{MediaSearch, MediaSingleUpload, MediaUpload, Recording};
pub use message::parameters::{Parameter, ParameterId, Parameters, ParametersAnswer, ParametersQuerySome};
pub use message::passthrough::{PlatformKey, TransparentDownlink};
pub use message::phone_book::{Callback, Contact, PhoneBook};
pub use message::photo::Photo;
pub use message::polygon::Polygon;
pub use message::question::{AnswerChoice, Information, InformationChoice, InformationMenu, Question};
pub use message::recorder_command::RecorderCommand;
pub use message::recorder_data::RecorderData;
pub use message::registration::{Registration, RegistrationAnswer};
pub use message::resend::Resend;
pub use message::route::{Route, RoutePoint, SegmentDuration};
pub use message::text_message::{AlarmConfirmation, TextMessage};
pub use message::tracking::TemporaryTracking;
pub use message::transparent::{
    CompressedUplink, Peripheral, PeripheralInformation, PeripheralState, TerminalKey, TransparentUplink,
};
pub use message::upgrade::Upgrade;
pub use message::upgrade_result::{UpgradeProgress, UpgradeResult};
pub use message::video::{
    VideoLive, VideoLiveControl, VideoLiveState, VideoPlayback, VideoPlaybackControl, VideoSearch,
    VideoUpload, VideoUploadControl,
};
pub use message::video_answer::{MediaAttributes, PassengerFlow, VideoList, VideoRecording, VideoUploadDone};
pub use message::waybill::{Waybill, WaybillField, WaybillFields, WaybillQuantity, WaybillUnit};
pub use message::{Message, TimeAnswer, Unknown, chinese_name_of, name_of};
pub use parameter::{
    FieldKind, ParameterError, ParameterField, ParameterFields, ParameterInfo, ParameterSource,
    ParameterValue,
};
pub use safety::{
    Adas, AlarmSign, BlindSpot, Dialect, DriverState, HarshDriving, HunanAi, SafetyKind, Scene,
    SpeedingAlarm, TyreAlarm, TyreEntry,
};
pub use text::{Text, encode_text};
pub use time::DeviceTime;
pub use words::{chinese_word, unit_of};
