//! Frames and data blocks of a driving recorder (GB/T 19056-2012 appendix A), as 0x0700, 0x8700 and 0x8701 carry them.
//!
//! | aa 75 or 55 7a | command 1 | length 2 | reserved 1 | data block … | check 1 |
//! | 55 7a | fa or fb | reserved 1 | check 1 |                     an answer that it cannot be done
//!
//! The check byte is the XOR of all before it. Blocks are lists of records of fixed width from 0x08 on, read on demand.

mod block;
mod part;

pub use self::block::{
    Accident, DriverEvent, OvertimeDriving, ParameterChange, PositionHour, PowerEvent, RecorderAccidents,
    RecorderBlock, RecorderClock, RecorderDriver, RecorderDriverEvents, RecorderEdition, RecorderMileage,
    RecorderNumber, RecorderOvertime, RecorderParameterChanges, RecorderPositions, RecorderPower,
    RecorderPulses, RecorderRange, RecorderSignals, RecorderSpeedLog, RecorderSpeeds, RecorderVehicle,
    SpeedLog, SpeedMinute,
};
pub use self::part::{Digits, Mileage, Place, PositionSample, Run, SpeedPair, SpeedSample};
use crate::field::Show;
use crate::message::recorder_command::COMMANDS;

/// What stands behind the command byte of 0x0700, 0x8700 and 0x8701.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecorderContent<'a> {
    /// The whole packet, as JT/T 808 asks for.
    Frame(RecorderFrame<'a>),
    /// The data block alone, as some send it.
    Block(&'a [u8]),
}

/// One packet of a recorder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecorderFrame<'a> {
    /// 0xaa75 to the recorder, 0x557a from it.
    pub head: u16,
    /// Command word; 0xfa where reading, 0xfb where setting cannot be done.
    pub command: u8,
    /// As sent.
    pub reserved: u8,
    /// The data block; nothing in an answer that it cannot be done, which has no length either.
    pub data: Option<&'a [u8]>,
    /// As sent.
    pub check: u8,
    /// Whether that is the XOR of all before it.
    pub is_checked: bool,
    /// Bytes behind the packet, as sent.
    pub trailing: &'a [u8],
}

impl<'a> RecorderFrame<'a> {
    /// From the platform to the recorder.
    pub const DOWN: u16 = 0xaa75;
    /// From the recorder to the platform.
    pub const UP: u16 = 0x557a;
    /// Reading cannot be done.
    pub const READ_FAILED: u8 = 0xfa;
    /// Setting cannot be done.
    pub const SET_FAILED: u8 = 0xfb;

    /// Reads a packet; nothing where these bytes are none, or where it is cut.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<2>()?;
        let head = u16::from_be_bytes(*head);
        if !matches!(head, Self::DOWN | Self::UP) {
            return None;
        }
        match rest {
            [command @ (Self::READ_FAILED | Self::SET_FAILED), reserved, check] => {
                Self::of(head, *command, *reserved, None, *check, bytes.get(..4)?, &[])
            }
            [command, high, low, reserved, rest @ ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                let (data, rest) = rest.split_at_checked(len)?;
                let (check, trailing) = rest.split_first()?;
                Self::of(head, *command, *reserved, Some(data), *check, bytes.get(..6 + len)?, trailing)
            }
            _ => None,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields in wire order")]
    fn of(
        head: u16,
        command: u8,
        reserved: u8,
        data: Option<&'a [u8]>,
        check: u8,
        checked: &[u8],
        trailing: &'a [u8],
    ) -> Option<Self> {
        let is_checked = xor(checked) == check;
        Some(Self { head, command, reserved, data, check, is_checked, trailing })
    }

    /// Appends a packet to the recorder, with its check byte; data beyond 65,535 bytes are cut.
    pub fn encode(command: u8, data: &[u8], into: &mut Vec<u8>) {
        let start = into.len();
        let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
        into.extend_from_slice(&Self::DOWN.to_be_bytes());
        into.push(command);
        into.extend_from_slice(&len.to_be_bytes());
        into.push(0);
        into.extend(data.iter().take(usize::from(len)));
        into.push(xor(into.get(start..).unwrap_or_default()));
    }

    fn show(&self, show: &mut dyn Show) {
        show.text("head", 2, &format_args!("{:04x}", self.head));
        show.meant("frame_command", self.command, COMMANDS);
        if let Some(data) = self.data {
            show.number("length", u16::try_from(data.len()).unwrap_or(u16::MAX));
        }
        show.number("reserved", self.reserved);
        if let Some(data) = self.data {
            RecorderBlock::decode(self.command, self.head == Self::UP, data).show(show);
        }
        let verdict = if self.is_checked { "right" } else { "wrong" };
        show.text("check", 1, &format_args!("{:02x} {verdict}", self.check));
        show.trailing(self.trailing);
    }
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |check, byte| check ^ byte)
}

impl<'a> RecorderContent<'a> {
    /// A packet where the bytes are one, else the block alone.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        RecorderFrame::decode(bytes).map_or(Self::Block(bytes), Self::Frame)
    }

    /// The data block, by the command of the packet or, without one, of the message. `up` is from the recorder.
    #[must_use]
    pub fn block(&self, command: u8, up: bool) -> RecorderBlock<'a> {
        match self {
            Self::Frame(frame) => RecorderBlock::decode(
                frame.command,
                frame.head == RecorderFrame::UP,
                frame.data.unwrap_or_default(),
            ),
            Self::Block(bytes) if is_cut(bytes) => RecorderBlock::Raw(bytes),
            Self::Block(bytes) => RecorderBlock::decode(command, up, bytes),
        }
    }

    pub(crate) fn show(&self, command: u8, up: bool, show: &mut dyn Show) {
        match self {
            Self::Frame(frame) => frame.show(show),
            Self::Block(_) => self.block(command, up).show(show),
        }
    }
}

/// A packet that did not come whole; no block begins like one.
fn is_cut(bytes: &[u8]) -> bool {
    let head = bytes.first_chunk::<2>().map(|head| u16::from_be_bytes(*head));
    matches!(head, Some(RecorderFrame::DOWN | RecorderFrame::UP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_written_and_read() {
        let mut bytes = Vec::new();
        RecorderFrame::encode(0x05, &[], &mut bytes);
        assert_eq!(bytes, [0xaa, 0x75, 5, 0, 0, 0, 0xda]);
        let frame = RecorderFrame::decode(&bytes).unwrap();
        assert!(frame.is_checked && frame.trailing.is_empty());
        assert_eq!((frame.head, frame.command, frame.data), (RecorderFrame::DOWN, 5, Some(&[][..])));
        bytes[6] = 0;
        assert!(!RecorderFrame::decode(&bytes).unwrap().is_checked);
    }

    #[test]
    fn what_cannot_be_done_has_no_length() {
        let frame = RecorderFrame::decode(&[0x55, 0x7a, 0xfa, 0, 0xd5]).unwrap();
        assert!(frame.is_checked);
        assert_eq!((frame.command, frame.data), (RecorderFrame::READ_FAILED, None));
    }

    #[test]
    fn a_cut_packet_is_none() {
        for bytes in [&[0x55][..], &[0x55, 0x7a], &[0x55, 0x7a, 8, 0, 1, 0, 9], &[0x12, 0x34, 8, 0, 0, 0, 0]]
        {
            assert_eq!(RecorderContent::of(bytes), RecorderContent::Block(bytes));
            let raw = RecorderContent::of(bytes).block(0x01, true) == RecorderBlock::Raw(bytes);
            assert!(raw, "{bytes:02x?}");
        }
    }
}
