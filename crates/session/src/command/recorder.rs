//! 0x8700 and 0x8701: commands to the driving recorder, in packets of GB/T 19056-2012.

use fleet::EventTime;
use jt808::recorder::RecorderFrame;
use jt808::{Edition, Message, RecorderCommand};
use serde::{Deserialize, Serialize};

use super::Unfit;
use super::hex;
use super::media::{CENTURY, device};

/// What is asked of a recorder. The command words from 0x08 to 0x15 are about a time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecorderQuery {
    /// Command word of GB/T 19056.
    pub command: u8,
    /// From; with `to` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<EventTime>,
    /// To.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<EventTime>,
    /// How many blocks at most, 1 by default.
    #[serde(default = "one")]
    pub blocks: u16,
}

const fn one() -> u16 {
    1
}

impl RecorderQuery {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, expected| Err(Unfit { field, expected });
        match (self.from, self.to) {
            (None, None) if (0x08..=0x15).contains(&self.command) => {
                unfit("from", "from and to for the command words 8 to 21")
            }
            (None, None) => Ok(()),
            (None, Some(_)) => unfit("from", "a time, since to is there"),
            (Some(_), None) => unfit("to", "a time, since from is there"),
            (Some(from), _) if device(from).is_none() => unfit("from", CENTURY),
            (_, Some(to)) if device(to).is_none() => unfit("to", CENTURY),
            (Some(from), Some(to)) if to < from => unfit("to", "a time not before from"),
            (Some(_), Some(_)) if self.blocks == 0 => unfit("blocks", "at least 1"),
            (Some(_), Some(_)) => Ok(()),
        }
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let mut block = Vec::new();
        for time in [self.from, self.to].into_iter().flatten().filter_map(device) {
            block.extend_from_slice(&time.bcd());
        }
        if !block.is_empty() {
            block.extend_from_slice(&self.blocks.to_be_bytes());
        }
        let data = packet(self.command, &block);
        let query = RecorderCommand { command: self.command, data: &data };
        Message::RecorderQuery(query).encode_body(edition, body);
    }
}

/// What is set in a recorder.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecorderSetting {
    /// Command word of GB/T 19056: 0x82 to 0x84, 0xc2 to 0xc4.
    pub command: u8,
    /// The block of the packet; as JSON hex digits.
    #[serde(with = "hex")]
    pub block: Vec<u8>,
}

impl RecorderSetting {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        match self {
            Self { command: ..0x80, .. } => {
                Err(Unfit { field: "command", expected: "a command word that sets something, from 128" })
            }
            Self { block, .. } if block.len() > BLOCK_BYTES_MAX => {
                Err(Unfit { field: "block", expected: "at most 1,000 bytes" })
            }
            Self { .. } => Ok(()),
        }
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let data = packet(self.command, &self.block);
        let setting = RecorderCommand { command: self.command, data: &data };
        Message::RecorderSet(setting).encode_body(edition, body);
    }
}

/// With what stands around it in one frame.
const BLOCK_BYTES_MAX: usize = 1_000;

fn packet(command: u8, block: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    RecorderFrame::encode(command, block, &mut packet);
    packet
}
