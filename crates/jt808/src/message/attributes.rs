//! 0x0107 terminal attributes, the answer to 0x8107 (2013 and 2019, table 20).
//!
//! | kind 2 | maker 5 or 11 | model 20 or 30 | terminal id 7 or 30 | ICCID BCD\[10\] | hardware 1+n | firmware 1+m | GNSS 1 | comm 1 |

use crate::field::{Hex, Show};
use crate::layout::Body;
use crate::reader::{Reader, put_counted};
use crate::text::Text;
use crate::{DecodeError, Edition};

/// What a terminal is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attributes<'a> {
    /// Bit 0 passenger, 1 dangerous goods, 2 freight, 3 taxi, 6 disk recorder, 7 split type, 8 trailer (2019).
    pub kind: u16,
    /// Maker, padded to its width.
    pub maker: Text<'a>,
    /// Model, padded to its width.
    pub model: Text<'a>,
    /// Terminal id, padded to its width.
    pub terminal: Text<'a>,
    /// SIM card number, BCD.
    pub iccid: [u8; 10],
    /// Hardware version.
    pub hardware: Text<'a>,
    /// Firmware version.
    pub firmware: Text<'a>,
    /// Bit 0 GPS, 1 BeiDou, 2 GLONASS, 3 Galileo.
    pub gnss: u8,
    /// Bit 0 GPRS, 1 CDMA, 2 TD-SCDMA, 3 WCDMA, 4 CDMA2000, 5 TD-LTE, 7 other.
    pub comm: u8,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

/// Table and text of 2019 contradict each other, so the layout that consumes exactly the body is taken.
const LAYOUTS: [[usize; 3]; 5] = [[5, 20, 7], [5, 30, 30], [11, 30, 30], [5, 30, 7], [5, 8, 7]];

impl<'a> Body<'a> for Attributes<'a> {
    fn decode(reader: Reader<'a>, header: Edition) -> Result<Self, DecodeError> {
        let exact =
            |layout| Self::decode_as(reader, layout).ok().filter(|attributes| attributes.trailing.is_empty());
        if let Some(found) = LAYOUTS.into_iter().find_map(exact) {
            return Ok(found);
        }
        let stated = if header == Edition::V2019 { [5, 30, 30] } else { [5, 20, 7] };
        Self::decode_as(reader, stated)
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.kind.to_be_bytes());
        into.extend_from_slice(self.maker.0);
        into.extend_from_slice(self.model.0);
        into.extend_from_slice(self.terminal.0);
        into.extend_from_slice(&self.iccid);
        put_counted(self.hardware.0, into);
        put_counted(self.firmware.0, into);
        into.extend_from_slice(&[self.gnss, self.comm]);
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("kind", self.kind);
        show.text("maker", self.maker.0.len(), &self.maker);
        show.text("model", self.model.0.len(), &self.model);
        show.text("terminal_id", self.terminal.0.len(), &self.terminal);
        show.text("iccid", 10, &Hex(&self.iccid));
        show.text("hardware", 1 + self.hardware.0.len(), &self.hardware);
        show.text("firmware", 1 + self.firmware.0.len(), &self.firmware);
        show.number("gnss", self.gnss);
        show.number("comm", self.comm);
        show.trailing(self.trailing);
    }
}

impl<'a> Attributes<'a> {
    fn decode_as(mut reader: Reader<'a>, layout: [usize; 3]) -> Result<Self, DecodeError> {
        let [maker, model, terminal] = layout;
        Ok(Self {
            kind: reader.u16("kind")?,
            maker: Text(reader.take(maker, "maker")?),
            model: Text(reader.take(model, "model")?),
            terminal: Text(reader.take(terminal, "terminal id")?),
            iccid: reader.array("iccid")?,
            hardware: Text(reader.counted("hardware version")?),
            firmware: Text(reader.counted("firmware version")?),
            gnss: reader.u8("gnss")?,
            comm: reader.u8("comm")?,
            trailing: reader.rest(),
        })
    }
}
