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
