//! Media a terminal sends of itself (0x0801): packages to the shell as they come, and the answer once all is kept.
//!
//! Each package is acknowledged by 0x8001 as every message is; 0x8800 follows once, when the store says that the media
//! is durable (terminals stop at a second one). What is missing is asked for by 0x8003, as of any message. The
//! 2011 edition splits media inside the body: what is missing there is not asked for, its terminal sends it all again.

use fleet::{ReceiveTime, TerminalId};
use jt808::{Header, MediaAnswer, MediaData, MediaPlace, Message, Packet};

use super::parts::Came;
use super::{Link, Output};
use crate::package::first_serial;

/// A package of media.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaPackage {
    /// Who sends it.
    pub terminal: TerminalId,
    /// Of its frame: what the answer repeats of it.
    pub header: Header,
    /// What tells its media from others of the terminal and the same `total`.
    pub number: u64,
    /// Packages in all.
    pub total: u16,
    /// From 1 to `total`.
    pub index: u16,
    /// All bodies of a media one behind the other are one body of 0x0801.
    pub body: Vec<u8>,
}

/// Marks the numbers of the 2011 edition, which are those of the media.
const SPLIT_IN_BODY: u64 = 1 << 32;

impl MediaPackage {
    /// Whether it is split as in 2011, which wants the serial in the answer.
    pub const fn is_split_in_body(&self) -> bool {
        self.number & SPLIT_IN_BODY != 0
    }
}

impl<D: Into<u64>> Link<D> {
    /// The media of this package, with this id, is durable.
    pub fn handle_media(&mut self, _now: ReceiveTime, package: &MediaPackage, id: u32) {
        let serial = package.is_split_in_body().then_some(package.header.serial);
        self.answer(&package.header, &Message::MediaAnswer(MediaAnswer { serial, id, missing: None }));
    }

    /// One of several frames.
    pub(super) fn handle_media_part(&mut self, header: &Header, packet: Packet, came: Came, body: &[u8]) {
        if matches!(came, Came::New | Came::Whole) {
            let number = first_serial(header, packet);
            self.hand_over(header, u64::from(number), (packet.total, packet.index), body.to_vec());
        }
    }

    /// A whole frame, and in 2011 perhaps one of several all the same.
    pub(super) fn handle_media_data(&mut self, header: &Header, media: &MediaData<'_>) {
        let mut body = Vec::new();
        let MediaPlace::Part { total, index } = media.place else {
            Message::MediaData(*media).encode_body(header.edition, &mut body);
            return self.hand_over(header, u64::from(header.serial), (1, 1), body);
        };
        let (Ok(total), Ok(index)) = (u16::try_from(total), u16::try_from(index)) else { return };
        if index == 1 {
            let head = MediaData { place: MediaPlace::None, ..*media };
            Message::MediaData(head).encode_body(header.edition, &mut body);
        } else {
            body.extend_from_slice(media.data);
        }
        self.hand_over(header, SPLIT_IN_BODY | u64::from(media.id), (total, index), body);
    }

    fn hand_over(&mut self, header: &Header, number: u64, (total, index): (u16, u16), body: Vec<u8>) {
        let Some(speaker) = self.speakers.get(self.last_speaker) else { return };
        let package =
            MediaPackage { terminal: speaker.terminal, header: *header, number, total, index, body };
        self.events.push_back(Output::Media(package));
    }
}
