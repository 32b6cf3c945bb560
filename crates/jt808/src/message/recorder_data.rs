//! 0x0700 data of the driving recorder (2013 section 8.44): the answer to 0x8700.
//!
//! | serial 2 | command 1 | packet or data block of GB/T 19056 … |

use super::recorder_command::COMMANDS;
use crate::field::Show;
use crate::layout::Body;
use crate::reader::Reader;
use crate::recorder::{RecorderBlock, RecorderContent};
use crate::{DecodeError, Edition};

/// What a driving recorder holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RecorderData<'a> {
    /// Serial of the query.
    pub serial: u16,
    /// Command word of GB/T 19056.
    pub command: u8,
    /// The packet of that standard, or its data block alone, as sent.
    pub data: &'a [u8],
}

impl<'a> RecorderData<'a> {
    /// The packet, or the block alone.
    #[must_use]
    pub fn content(&self) -> RecorderContent<'a> {
        RecorderContent::of(self.data)
    }

    /// The data block.
    #[must_use]
    pub fn block(&self) -> RecorderBlock<'a> {
        self.content().block(self.command, true)
    }
}

impl<'a> Body<'a> for RecorderData<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self {
            serial: reader.u16("answered serial")?,
            command: reader.u8("command")?,
            data: reader.rest(),
        })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        into.push(self.command);
        into.extend_from_slice(self.data);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        show.meant("command", self.command, COMMANDS);
        self.content().show(self.command, true, show);
    }
}
