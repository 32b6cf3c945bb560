//! 0x8300 text (2013 table 37, 2019 table 41) and 0x8203 alarm confirmed by hand (2013 and 2019).
//!
//! 8300 | flags 1 | type 1 (2019) | text … |      8203 | serial 2 | alarm bits 4 |

use super::location::ALARMS;
use crate::field::Show;
use crate::layout::Body;
use crate::reader::Reader;
use crate::text::Text;
use crate::{DecodeError, Edition};

/// Text for the driver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TextMessage<'a> {
    /// 2013: bit 0 emergency, 2 display, 3 speech, 4 advertising screen. 2019: bits 0-1 are 1 service, 2 emergency,
    /// 3 notice.
    pub flags: u8,
    /// 1 notice, 2 service; only in 2019.
    pub kind: Option<u8>,
    /// GBK; at most 1,021 bytes fit one frame.
    pub text: Text<'a>,
}

impl<'a> Body<'a> for TextMessage<'a> {
    fn decode(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let flags = reader.u8("flags")?;
        let kind = match edition {
            Edition::V2011 | Edition::V2013 => None,
            Edition::V2019 => Some(reader.u8("type")?),
        };
        Ok(Self { flags, kind, text: Text(reader.rest()) })
    }

    /// In 2019 a text without a type is a notice; the older layout has no type.
    fn encode(&self, edition: Edition, into: &mut Vec<u8>) {
        into.push(self.flags);
        match edition {
            Edition::V2011 | Edition::V2013 => {}
            Edition::V2019 => into.push(self.kind.unwrap_or(1)),
        }
        into.extend_from_slice(self.text.0);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("flags", self.flags);
        self.kind.iter().for_each(|kind| show.number("kind", *kind));
        show.text("text", self.text.0.len(), &self.text);
    }
}

/// Alarms a person has confirmed: the pulse-type bits 0, 3, 20, 21, 22, 27 and 28.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlarmConfirmation<'a> {
    /// Serial of the report with the alarm; 0 for all of those kinds.
    pub serial: u16,
    /// Alarm bits.
    pub alarms: u32,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

impl<'a> Body<'a> for AlarmConfirmation<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { serial: reader.u16("serial")?, alarms: reader.u32("alarms")?, trailing: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        into.extend_from_slice(&self.alarms.to_be_bytes());
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("report_serial", self.serial);
        show.meant("alarms", self.alarms, ALARMS);
        show.trailing(self.trailing);
    }
}
