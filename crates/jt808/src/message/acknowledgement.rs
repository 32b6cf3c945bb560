//! 0x0001 terminal and 0x8001 platform general acknowledgement (2013 and 2019, sections 8.1 and 8.2).
//!
//! | serial 2 | id 2 | result 1 |

use crate::DecodeError;
use crate::field::{Each, trailing};
use crate::item::number;
use crate::reader::Reader;

/// What became of one message of the other side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Acknowledgement<'a> {
    /// Serial of the message answered.
    pub serial: u16,
    /// Its id.
    pub id: u16,
    /// 0 done, 1 failed, 2 wrong message, 3 not supported, 4 alarm handled (platform).
    pub result: u8,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

impl<'a> Acknowledgement<'a> {
    /// Nothing but the standard's fields.
    #[must_use]
    pub const fn new(serial: u16, id: u16, result: u8) -> Self {
        Self { serial, id, result, trailing: &[] }
    }

    pub(crate) fn decode(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            serial: reader.u16("answered serial")?,
            id: reader.u16("answered id")?,
            result: reader.u8("result")?,
            trailing: reader.rest(),
        })
    }

    #[inline]
    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        let ([a, b], [c, d]) = (self.serial.to_be_bytes(), self.id.to_be_bytes());
        into.extend_from_slice(&[a, b, c, d, self.result]);
        into.extend_from_slice(self.trailing);
    }

    pub(crate) fn fields(&self, each: Each<'_>) {
        number(each, "answered_serial", self.serial);
        each("answered_id", crate::Field::Text(&format_args!("{:04x}", self.id)));
        number(each, "result", self.result);
        trailing(self.trailing, each);
    }
}
