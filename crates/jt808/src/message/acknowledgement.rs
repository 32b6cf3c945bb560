//! 0x0001 terminal and 0x8001 platform general acknowledgement (2013 and 2019, sections 8.1 and 8.2).
//!
//! | serial 2 | id 2 | result 1 |

use crate::field::{Meaning, Show};
use crate::layout::Body;
use crate::reader::Reader;
use crate::{DecodeError, Edition};

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

/// What the result of a general acknowledgement means.
pub(crate) const RESULTS: Meaning = Meaning::Codes(&[
    (0, "成功/确认", "done"),
    (1, "失败", "failed"),
    (2, "消息有误", "wrong message"),
    (3, "不支持", "not supported"),
    (4, "报警处理确认", "alarm handled"),
]);

impl Acknowledgement<'_> {
    /// Nothing but the standard's fields.
    #[must_use]
    pub const fn new(serial: u16, id: u16, result: u8) -> Self {
        Self { serial, id, result, trailing: &[] }
    }
}

impl<'a> Body<'a> for Acknowledgement<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self {
            serial: reader.u16("answered serial")?,
            id: reader.u16("answered id")?,
            result: reader.u8("result")?,
            trailing: reader.rest(),
        })
    }

    #[inline]
    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        let ([a, b], [c, d]) = (self.serial.to_be_bytes(), self.id.to_be_bytes());
        into.extend_from_slice(&[a, b, c, d, self.result]);
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        show.text("answered_id", 2, &format_args!("{:04x}", self.id));
        show.meant("result", self.result, RESULTS);
        show.trailing(self.trailing);
    }
}
