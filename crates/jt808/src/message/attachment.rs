//! 0x1210, 0x1211, 0x1212, 0x9208 and 0x9212: files that prove an alarm (T/JSATL 12-2017, T/GDRTA 002-2020).
//!
//! 9208 | address 1+n | TCP port 2 | UDP port 2 | alarm sign S | alarm number 32 | reserved 16 |
//! 1210 | terminal id T | alarm sign S | alarm number 32 | kind 1 | count 1 | name 1+n, size 4 … |
//! 1211, 1212 | name 1+n | file kind 1 | size 4 |
//! 9212 | name 1+n | file kind 1 | result 1 | count 1 | offset 4, length 4 … |
//!
//! S and T follow the dialect: 苏 16 and 7, 黑 38 and none, 川 39 and 30, 粤 40 and 30.

use crate::field::{Meaning, Show};
use crate::layout::{Body, List, Part, Text8, body, entry};
use crate::reader::Reader;
use crate::text::Text;
use crate::{AlarmSign, DecodeError, Dialect, Edition};

body! {
    /// 0x1211 a file begins, 0x1212 a file has been sent.
    AttachmentFile {
        /// Its name, which the terminal chose.
        name: Text8<'a>,
        /// What it holds.
        kind: u8 = KINDS,
        /// Bytes of the whole file.
        size_bytes: u32,
    }
}

body! {
    /// 0x9212 the answer to 0x1212.
    AttachmentAnswer {
        /// The name as the terminal sent it.
        name: Text8<'a>,
        /// What it holds.
        kind: u8 = KINDS,
        /// Whether something is missing.
        result: u8 = RESULTS,
        /// What is to be sent again; a byte counts it.
        gaps: List<'a, u8, AttachmentGap>,
    }
}

entry! {
    /// A run of bytes that has not come.
    AttachmentGap {
        /// Where it begins in the file.
        offset: u32,
        /// How many bytes.
        length: u32,
    }
}

entry! {
    /// A file of a list.
    AttachmentName<'e> {
        /// Its name, which the terminal chose.
        name: Text8<'e>,
        /// Bytes of the whole file.
        size_bytes: u32,
    }
}

/// 0x9208: where the files of an alarm are to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttachmentRequest<'a> {
    /// Host name or address in digits.
    pub address: Text8<'a>,
    /// TCP port, 0 for none.
    pub tcp_port: u16,
    /// UDP port, 0 for none.
    pub udp_port: u16,
    /// The alarm sign as the terminal sent it; its width is the dialect's.
    pub sign: &'a [u8],
    /// What the platform calls the alarm; the terminal repeats it in 0x1210 and in the names of files.
    pub number: [u8; ATTACHMENT_NUMBER_BYTES],
    /// Sixteen reserved bytes, and what stands behind them.
    pub reserved: &'a [u8],
}

/// Bytes of the number a platform gives an alarm.
pub const ATTACHMENT_NUMBER_BYTES: usize = 32;

/// Reserved bytes behind the number in 0x9208.
const RESERVED_BYTES: usize = 16;

impl<'a> AttachmentRequest<'a> {
    /// The standard's reserved bytes.
    pub const RESERVED: &'static [u8] = &[0; RESERVED_BYTES];
}

impl<'a> Body<'a> for AttachmentRequest<'a> {
    /// What is left behind the ports tells the width of the sign; 16 where it fits none.
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let address = Text8::read(&mut reader, "address")?;
        let tcp_port = reader.u16("tcp_port")?;
        let udp_port = reader.u16("udp_port")?;
        let left = reader.rest().len();
        let fits =
            |dialect: &Dialect| left == dialect.sign_bytes() + ATTACHMENT_NUMBER_BYTES + RESERVED_BYTES;
        let dialect = Dialect::ALL.into_iter().find(fits).unwrap_or(Dialect::Jiangsu);
        Ok(Self {
            address,
            tcp_port,
            udp_port,
            sign: reader.take(dialect.sign_bytes(), "sign")?,
            number: reader.array("number")?,
            reserved: reader.rest(),
        })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        self.address.write(into);
        into.extend_from_slice(&self.tcp_port.to_be_bytes());
        into.extend_from_slice(&self.udp_port.to_be_bytes());
        into.extend_from_slice(self.sign);
        into.extend_from_slice(&self.number);
        into.extend_from_slice(self.reserved);
    }

    fn show(&self, show: &mut dyn Show) {
        self.address.show("address", Meaning::Plain, show);
        show.number("tcp_port", self.tcp_port);
        show.number("udp_port", self.udp_port);
        show.hex("sign", self.sign);
        show.text("number", self.number.len(), &Text(&self.number));
        show.hex("reserved", self.reserved);
    }
}

/// 0x1210: which files a terminal will send on this connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttachmentList<'a> {
    /// Terminal id, of 7 bytes, 30 or none.
    pub terminal: &'a [u8],
    /// The alarm sign.
    pub sign: AlarmSign<'a>,
    /// The number the platform gave in 0x9208.
    pub number: [u8; ATTACHMENT_NUMBER_BYTES],
    /// Whether the list is the first one or of what a broken connection left over.
    pub kind: u8,
    /// The files.
    pub files: List<'a, u8, AttachmentName<'a>>,
    /// Bytes behind the layout, as sent.
    pub trailing: &'a [u8],
}

impl<'a> AttachmentList<'a> {
    /// The list of what a broken connection left over.
    pub const SUPPLEMENT: u8 = 1;

    fn read(mut reader: Reader<'a>, terminal: usize, dialect: Dialect) -> Result<Self, DecodeError> {
        let (terminal, sign) =
            (reader.take(terminal, "terminal")?, reader.take(dialect.sign_bytes(), "sign")?);
        let wrong = DecodeError::Missing { field: "sign", left: sign.len(), needed: dialect.sign_bytes() };
        Ok(Self {
            terminal,
            sign: AlarmSign::new(sign).ok_or(wrong)?,
            number: reader.array("number")?,
            kind: reader.u8("kind")?,
            files: List::read(&mut reader, "files")?,
            trailing: reader.rest(),
        })
    }

    /// Every announced file is there and nothing follows.
    fn is_exact(&self) -> bool {
        self.trailing.is_empty() && self.files.iter().count() == usize::from(self.files.count)
    }
}

/// Width of the terminal id, and dialect, the most common first. A terminal of 2019 may give its 30 bytes with the
/// sign of 2017.
const LISTS: [(usize, Dialect); 5] = [
    (7, Dialect::Jiangsu),
    (30, Dialect::Guangdong),
    (30, Dialect::Sichuan),
    (0, Dialect::Heilongjiang),
    (30, Dialect::Jiangsu),
];

impl<'a> Body<'a> for AttachmentList<'a> {
    /// Nothing in the body names the dialect: it is the one in which the files end where the body does.
    fn decode(reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let exact = LISTS.into_iter().find_map(|(terminal, dialect)| {
            Self::read(reader, terminal, dialect).ok().filter(Self::is_exact)
        });
        exact.map_or_else(|| Self::read(reader, 7, Dialect::Jiangsu), Ok)
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(self.terminal);
        into.extend_from_slice(self.sign.bytes());
        into.extend_from_slice(&self.number);
        into.push(self.kind);
        self.files.write(into);
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.text("terminal", self.terminal.len(), &Text(self.terminal));
        show.hex("sign", self.sign.bytes());
        show.text("number", self.number.len(), &Text(&self.number));
        show.meant("kind", self.kind, LIST_KINDS);
        self.files.show("file", Meaning::Plain, show);
        show.trailing(self.trailing);
    }
}

/// T/JSATL 12-2017. In 粤标 0 is a panorama, 4 a picture of the face and 5 anything else.
const KINDS: Meaning = Meaning::Codes(&[
    (0, "图片", "picture"),
    (1, "音频", "audio"),
    (2, "视频", "video"),
    (3, "文本", "text"),
    (4, "其他", "other"),
]);

const RESULTS: Meaning = Meaning::Codes(&[(0, "完成", "complete"), (1, "需要补传", "send the gaps again")]);

const LIST_KINDS: Meaning =
    Meaning::Codes(&[(0, "正常报警文件信息", "first"), (1, "补传报警文件信息", "supplement")]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    /// A list of two files in the widths of a dialect.
    fn list(terminal: usize, sign: usize) -> Vec<u8> {
        let mut body = vec![b'T'; terminal];
        body.extend(vec![0x20; sign]);
        body.extend([b'9'; 32]);
        body.extend([0, 2, 5]);
        body.extend(*b"a.jpg\0\x01\0\0\x05b.txt\0\0\0\x09");
        body
    }

    #[test]
    fn the_files_end_where_the_body_does_in_one_dialect() {
        for (terminal, dialect) in LISTS {
            let body = list(terminal, dialect.sign_bytes());
            let Ok(Message::AttachmentList(list)) = Message::decode(0x1210, Edition::V2013, &body) else {
                panic!("{dialect:?}");
            };
            assert_eq!((list.terminal.len(), list.sign.dialect()), (terminal, dialect));
            let names: Vec<_> = list.files.iter().map(|file| (file.name.0.0, file.size_bytes)).collect();
            assert_eq!(names, [(&b"a.jpg"[..], 65_536), (b"b.txt", 9)]);
        }
    }

    #[test]
    fn a_list_cut_short_gives_the_files_that_are_whole() {
        let body = list(7, 16);
        let cut = body.get(..body.len() - 1).unwrap();
        let Ok(Message::AttachmentList(list)) = Message::decode(0x1210, Edition::V2013, cut) else {
            panic!()
        };
        assert_eq!((list.files.count, list.files.iter().count(), list.trailing.len()), (2, 1, 9));
    }

    #[test]
    fn a_request_is_as_wide_as_its_sign() {
        for (sign, expected) in [(16, 16), (38, 38), (39, 39), (40, 40), (32, 16)] {
            let mut body = vec![1, b'h', 0x1a, 0x99, 0, 0];
            body.extend(vec![7; sign]);
            body.extend([b'9'; 32]);
            body.extend([0; 16]);
            let Ok(Message::AttachmentRequest(request)) = Message::decode(0x9208, Edition::V2013, &body)
            else {
                panic!("{sign}");
            };
            assert_eq!((request.sign.len(), request.tcp_port), (expected, 6_809));
        }
    }
}
