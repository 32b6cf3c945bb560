//! What the peer can get wrong, by operation.

use thiserror::Error;

/// Why the bytes between two delimiters are not a frame.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FrameError {
    /// 0x7d is followed by something else than 0x01 or 0x02.
    #[error("escape 0x7d at byte {at} is followed by neither 0x01 nor 0x02")]
    BadEscape {
        /// Offset in the escaped content.
        at: usize,
    },
    /// The check byte differs from the XOR of header and body.
    #[error("checksum is {found:#04x}, expected {computed:#04x}")]
    Checksum {
        /// What the bytes give.
        computed: u8,
        /// What was sent.
        found: u8,
    },
    /// Sub-package fields out of range.
    #[error("sub-package index {index} of total {total}, expected 1 to total")]
    Packet {
        /// Index as sent, from 1.
        index: u16,
        /// Total as sent.
        total: u16,
    },
    /// Too few bytes for a header.
    #[error("frame has {len} bytes, expected at least {needed} for its header")]
    Short {
        /// Bytes present.
        len: usize,
        /// Bytes the header needs.
        needed: usize,
    },
    /// More bytes than the longest legal frame.
    #[error("frame has {len} bytes, expected at most {max}")]
    TooLong {
        /// Bytes present.
        len: usize,
        /// The bound.
        max: usize,
    },
}

impl FrameError {
    /// The reason in Chinese, beside the English of `Display`.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::BadEscape { at } => format!("第 {at} 字节的转义符 0x7d 后不是 0x01 或 0x02"),
            Self::Checksum { computed, found } => format!("校验码为 {found:#04x}，应为 {computed:#04x}"),
            Self::Packet { index, total } => format!("包序号 {index}、总包数 {total}，序号应为 1 至总包数"),
            Self::Short { len, needed } => format!("共 {len} 字节，消息头至少需要 {needed} 字节"),
            Self::TooLong { len, max } => format!("共 {len} 字节，最多 {max} 字节"),
        }
    }
}

/// Why a body is not the message its id says.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DecodeError {
    /// The body belongs to one package of a longer message.
    #[error("body is package {index} of {total}, expected a whole message")]
    Packaged {
        /// Index, from 1.
        index: u16,
        /// Packages in all.
        total: u16,
    },
    /// The body is encrypted.
    #[error("body is encrypted, expected plain bytes")]
    Encrypted,
    /// A field reaches past the end.
    #[error("{field} needs {needed} bytes, {left} are left")]
    Missing {
        /// The field by name.
        field: &'static str,
        /// Bytes left.
        left: usize,
        /// Bytes it needs.
        needed: usize,
    },
}

impl DecodeError {
    /// The reason in Chinese, beside the English of `Display`.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Packaged { index, total } => format!("分包消息第 {index} 包，共 {total} 包"),
            Self::Encrypted => "消息体已加密".into(),
            Self::Missing { field, left, needed } => {
                let name = field.replace(' ', "_");
                let word = crate::chinese_word(&name).unwrap_or(field);
                format!("{word} 需要 {needed} 字节，只剩 {left} 字节")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Edition, Frame, Message, unescape};

    /// The error of a frame given as escaped bytes without its delimiters.
    fn check_frame(raw: &[u8], expected: &str) {
        let mut plain = Vec::new();
        let error = unescape(raw, &mut plain).and_then(|_| Frame::decode(&plain).map(|_| ()));
        assert_eq!(error.unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_frame_says_what_is_wrong_with_it() {
        check_frame(&[], "frame has 0 bytes, expected at least 12 for its header");
        check_frame(&[0, 2, 2], "frame has 2 bytes, expected at least 12 for its header");
        check_frame(&[0, 2, 0x40, 0, 1, 0x43], "frame has 5 bytes, expected at least 17 for its header");
        check_frame(&[0, 2, 0, 0, 1, 4], "checksum is 0x04, expected 0x03");
        check_frame(&[0, 0x7d, 3, 0], "escape 0x7d at byte 1 is followed by neither 0x01 nor 0x02");
        check_frame(&[0; 2_093], "frame has 2093 bytes, expected at most 2092");
    }

    #[test]
    fn package_numbers_go_from_one_to_the_total() {
        let check = |total: u8, index: u8, expected| {
            let frame = [8, 1, 0x20, 0, 1, 2, 3, 4, 5, 6, 0, 9, 0, total, 0, index];
            let error = Frame::decode(&frame).map(|frame| frame.header.packet).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(3, 0, "sub-package index 0 of total 3, expected 1 to total");
        check(3, 4, "sub-package index 4 of total 3, expected 1 to total");
        check(0, 0, "sub-package index 0 of total 0, expected 1 to total");
        check(0, 1, "sub-package index 1 of total 0, expected 1 to total");
    }

    #[test]
    fn a_body_cut_inside_a_field_names_it() {
        let check = |id, edition, body: &[u8], expected| {
            assert_eq!(Message::decode(id, edition, body).unwrap_err().to_string(), expected);
        };
        check(0x8001, Edition::V2013, &[0], "answered serial needs 2 bytes, 1 are left");
        check(0x0100, Edition::V2019, &[0; 20], "terminal id needs 7 bytes, 3 are left");
        check(0x0107, Edition::V2013, &[0; 30], "terminal id needs 7 bytes, 3 are left");
        check(0x0200, Edition::V2013, &[0; 17], "altitude needs 2 bytes, 1 are left");
        check(0x0702, Edition::V2013, &[1, 0, 0, 0, 0, 0, 0, 0, 9], "name needs 9 bytes, 0 are left");
        check(0x0704, Edition::V2013, &[0, 1], "kind needs 1 bytes, 0 are left");
        check(0x8003, Edition::V2013, &[0, 1, 2, 0, 1], "package numbers needs 4 bytes, 2 are left");
        check(0x8004, Edition::V2019, &[0; 5], "utc needs 6 bytes, 5 are left");
        check(0x8300, Edition::V2019, &[0], "type needs 1 bytes, 0 are left");
    }

    #[test]
    fn a_reason_is_said_in_chinese_too() {
        let frame = |raw: &[u8]| {
            let mut plain = Vec::new();
            unescape(raw, &mut plain).and_then(|_| Frame::decode(&plain).map(|_| ())).unwrap_err().chinese()
        };
        assert_eq!(frame(&[]), "共 0 字节，消息头至少需要 12 字节");
        assert_eq!(frame(&[0, 2, 0, 0, 1, 4]), "校验码为 0x04，应为 0x03");
        assert_eq!(frame(&[0, 0x7d, 3, 0]), "第 1 字节的转义符 0x7d 后不是 0x01 或 0x02");
        assert_eq!(frame(&[0; 2_093]), "共 2093 字节，最多 2092 字节");
        let packet = crate::FrameError::Packet { index: 4, total: 3 };
        assert_eq!(packet.chinese(), "包序号 4、总包数 3，序号应为 1 至总包数");
        let missing = Message::decode(0x0100, Edition::V2019, &[0; 20]).unwrap_err();
        assert_eq!(missing.chinese(), "终端 ID 需要 7 字节，只剩 3 字节");
        let packaged = crate::DecodeError::Packaged { index: 2, total: 3 };
        assert_eq!(packaged.chinese(), "分包消息第 2 包，共 3 包");
        assert_eq!(crate::DecodeError::Encrypted.chinese(), "消息体已加密");
    }

    #[test]
    fn a_body_that_cannot_be_read_alone_says_why() {
        let check = |attributes: u8, expected| {
            let frame = [8, 1, attributes, 0, 1, 2, 3, 4, 5, 6, 0, 9, 0, 3, 0, 2];
            assert_eq!(Frame::decode(&frame).unwrap().message().unwrap_err().to_string(), expected);
        };
        check(0x20, "body is package 2 of 3, expected a whole message");
        check(0x24, "body is encrypted, expected plain bytes");
    }
}
