//! The platform's side of a JT/T 808 conversation, and what the terminals' messages mean to the rules.
//!
//! ```text
//! bytes ─▶ Link ─▶ Record ─▶ (journal) ─▶ Observer ─▶ fleet::Observation
//!      ◀─ answers ─┘   ▲ handle_durable
//! ```
//!
//! [`Link`] answers; it releases the acknowledgement of a report only when told that the report is durable.
//! [`Observer`] reads the same frames back out of the journal. [`AttachmentLink`] takes the files that prove an alarm on
//! a connection of their own. [`Places`] turns zones and routes of the map into areas that terminals watch. All are pure:
//! `now` is an argument, there is no socket, file, clock or chance in here. This crate does **not** judge what a vehicle does.

mod attachment;
mod cipher;
mod code;
mod command;
mod counts;
mod link;
mod observe;
mod package;
mod places;
mod policy;
mod profile;
mod reassembly;
mod refused;
mod safety;

pub use attachment::{
    Arrival, AttachmentClose, AttachmentCounts, AttachmentLink, AttachmentOutput, AttachmentPolicy,
    AttachmentRefused, FileBegun, FileFinished, Issued, Wanted, alarm_number, wanted,
};
pub use cipher::{BLOCK_BYTES, Cipher, Meter, PLAIN_BYTES, PublicKey, Sealed};
pub use command::{
    AreaAction, AreaShape, AreaTerms, Busy, CircleArea, Command, Control, Doors, DriverText, Firmware,
    MediaCause, MediaKind, Photo, PolygonArea, Rate, Record, RecorderQuery, RecorderSetting, RectangleArea,
    Resolution, RouteLine, RouteTurn, Server, Shoot, SpeedLimit, Spot, StoredMedia, Takes, TextPurpose, Told,
    Unfit,
};
pub use counts::{Counts, Rejected};
pub use link::{Claim, CloseReason, Content, Link, MediaPackage, Outcome, Output, Records, Stranger};
pub use observe::Observer;
pub use places::{All, Ground, Misplaced, Named, Outline, Placed, Places, Way, place_route, place_zone};
pub use policy::{Admission, Carries, Directory, Policy, Proof};
pub use profile::Profile;
pub use refused::Refused;
