//! 0x0900 data passed through to the platform, 0x0901 compressed data, 0x0a00 the terminal's RSA key (2013 and 2019).
//!
//! 0900   | kind 1 | content … |      0901 | length 4 | gzip … |      0a00 | e 4 | n 128 |
//! f7, f8 | count 1 | peripheral 1, length 1, content … |                       T/JSATL 12-2017
//! f7     | state 1 | faults 4 |      f8 | maker, product, hardware, firmware, device id, customer 1+n each |

use super::passthrough::KINDS;
use super::upgrade;
use crate::field::{Meaning, Show};
use crate::layout::{Body, Data32, Text8, body, entry};
use crate::layout::{List, Part};
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// Data of what is connected to a terminal.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TransparentUplink<'a> {
    /// Whose they are.
    pub kind: u8,
    /// The data, as sent.
    pub content: &'a [u8],
}

entry! {
    /// One peripheral of a terminal.
    Peripheral<'e> {
        /// 0x64 to 0x67, as the items of its alarms.
        id: u8 = upgrade::KINDS,
        /// [`PeripheralState`] or [`PeripheralInformation`].
        content: Text8<'e>,
    }
}

body! {
    /// 0xf7: how a peripheral works.
    PeripheralState {
        /// What it does.
        state: u8 = Meaning::Codes(&[
            (1, "正常工作", "works"), (2, "待机", "stands by"), (3, "升级维护", "is upgraded"), (4, "设备异常", "faulty"),
            (0x10, "断开连接", "disconnected"),
        ]),
        /// What is wrong.
        faults: u32 = Meaning::Bits(&[
            (0, "摄像头异常", "camera"), (1, "主存储器异常", "main storage"), (2, "辅存储器异常", "backup storage"),
            (3, "红外补光异常", "infrared lamp"), (4, "扬声器异常", "speaker"), (5, "电池异常", "battery"),
            (10, "通讯模块异常", "radio"), (11, "定位模块异常", "GNSS module"),
        ]),
    }
}

body! {
    /// 0xf8: what a peripheral is.
    PeripheralInformation {
        /// Its maker.
        maker: Text8<'a>,
        /// Its product code.
        product: Text8<'a>,
        /// Version of its hardware.
        hardware_version: Text8<'a>,
        /// Version of its software.
        firmware_version: Text8<'a>,
        /// Its own id.
        device_id: Text8<'a>,
        /// Code of the customer.
        customer: Text8<'a>,
    }
}

impl TransparentUplink<'_> {
    /// State of peripherals.
    pub const STATE: u8 = 0xf7;
    /// Information on peripherals.
    pub const INFORMATION: u8 = 0xf8;
}

impl<'a> TransparentUplink<'a> {
    /// The peripherals of kinds 0xf7 and 0xf8; none of any other kind.
    pub fn peripherals(&self) -> impl Iterator<Item = Peripheral<'a>> + use<'a> {
        self.list().into_iter().flat_map(|(list, _)| list.iter())
    }

    /// The list, and what stands behind it.
    fn list(&self) -> Option<(List<'a, u8, Peripheral<'a>>, &'a [u8])> {
        if !matches!(self.kind, Self::STATE | Self::INFORMATION) {
            return None;
        }
        let mut reader = Reader::new(self.content);
        let list = Part::read(&mut reader, "peripherals").ok()?;
        Some((list, reader.rest()))
    }
}

impl<'a> Body<'a> for TransparentUplink<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.u8("kind")?, content: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.kind);
        into.extend_from_slice(self.content);
    }

    fn show(&self, show: &mut dyn Show) {
        show.meant("kind", self.kind, KINDS);
        let Some((list, left)) = self.list() else { return show.hex("content", self.content) };
        show.number("count", list.count);
        list.iter().for_each(|peripheral| peripheral.show_as(self.kind, show));
        show.trailing(left);
    }
}

impl Peripheral<'_> {
    fn show_as(&self, kind: u8, show: &mut dyn Show) {
        show.begin("peripherals");
        show.meant("id", self.id, upgrade::KINDS);
        let content = self.content.0.0;
        show.number("length", u8::try_from(content.len()).unwrap_or(u8::MAX));
        let shown = if kind == TransparentUplink::STATE {
            shown::<PeripheralState<'_>>(content, show)
        } else {
            shown::<PeripheralInformation<'_>>(content, show)
        };
        if !shown {
            show.hex("content", content);
        }
        show.end();
    }
}

fn shown<'a, T: Body<'a>>(content: &'a [u8], show: &mut dyn Show) -> bool {
    // Neither has a layout of its own in any edition.
    let body = T::decode(Reader::new(content), Edition::V2013);
    body.iter().for_each(|body| body.show(show));
    body.is_ok()
}

body! {
    /// Any message, compressed: bounded inflation is the receiver's.
    CompressedUplink {
        /// The message, by gzip.
        gzip: Data32<'a>,
    }
}

body! {
    /// The public key {e, n} of a terminal.
    TerminalKey {
        /// Public exponent.
        e: u32,
        /// Modulus, 128 bytes.
        n: &'a [u8],
    }
}
