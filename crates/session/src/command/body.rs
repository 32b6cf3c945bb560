//! Commands to bodies.

use jt808::{AlarmConfirmation, AttachmentRequest, Edition, Message, TemporaryTracking, Text, Text8};

use super::{Command, area, control, media, parameters};
use crate::alarm_number;

/// What the length field of a header can say.
pub(crate) const BODY_BYTES_MAX: usize = 1_023;
/// A command has at most 64 packages: a route of some 2,500 points. With [`crate::Policy::commands_max`] this bounds
/// what waits for its answer on one connection to 4 MiB.
const COMMAND_BYTES_MAX: usize = 64 * BODY_BYTES_MAX;

/// The body of a command, or nothing where it is too long.
pub(crate) fn command_body(command: &Command, edition: Edition) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let into = &mut body;
    match command {
        Command::ConfirmAlarm { serial, bits } => {
            let confirmation = AlarmConfirmation { serial: *serial, alarms: *bits, trailing: &[] };
            Message::AlarmConfirmation(confirmation).encode_body(edition, into);
        }
        Command::Control(control) => control.body(edition, into),
        Command::ControlVehicle { doors } => control::vehicle(*doors, edition, into),
        Command::DeleteShapes { shape, ids } => area::delete(*shape, ids, edition, into),
        Command::Photo(photo) => photo.body(edition, into),
        Command::QueryAreas { shape, ids } => area::query(*shape, ids, edition, into),
        Command::QueryDriverIdentity
        | Command::QueryLocation
        | Command::QueryParameters
        | Command::QueryProperties => {}
        Command::QueryRecorder(query) => query.body(edition, into),
        Command::QuerySomeParameters { ids } => parameters::query(ids, edition, into),
        Command::Record(record) => record.body(edition, into),
        Command::RequestAttachments { address, tcp_port, sign, alert } => {
            let request = AttachmentRequest {
                address: Text8(Text(address.as_bytes())),
                tcp_port: *tcp_port,
                // There is no port for datagrams.
                udp_port: 0,
                sign,
                number: alarm_number(*alert),
                reserved: AttachmentRequest::RESERVED,
            };
            Message::AttachmentRequest(request).encode_body(edition, into);
        }
        Command::SearchMedia(media) => media.search(edition, into),
        Command::SetCircles { action, areas } => area::circles(*action, areas, edition, into),
        Command::SetParameters(list) => parameters::set(list, edition, into),
        Command::SetPolygon(polygon) => polygon.body(edition, into),
        Command::SetRecorder(setting) => setting.body(edition, into),
        Command::SetRectangles { action, areas } => area::rectangles(*action, areas, edition, into),
        Command::SetRoute(route) => route.body(edition, into),
        Command::Text(text) => text.body(edition, into),
        Command::Track { interval_s, valid_s } => {
            let valid_s = (*interval_s > 0).then_some(*valid_s);
            let tracking = TemporaryTracking { interval_s: *interval_s, valid_s, trailing: &[] };
            Message::TemporaryTracking(tracking).encode_body(edition, into);
        }
        Command::UploadMedia(media) => media.upload(edition, into),
        Command::UploadOne { id, delete } => media::upload_one(*id, *delete, edition, into),
    }
    (body.len() <= COMMAND_BYTES_MAX).then_some(body)
}
