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
    fn a_body_that_cannot_be_read_alone_says_why() {
        let check = |attributes: u8, expected| {
            let frame = [8, 1, attributes, 0, 1, 2, 3, 4, 5, 6, 0, 9, 0, 3, 0, 2];
            assert_eq!(Frame::decode(&frame).unwrap().message().unwrap_err().to_string(), expected);
        };
        check(0x20, "body is package 2 of 3, expected a whole message");
        check(0x24, "body is encrypted, expected plain bytes");
    }
}
