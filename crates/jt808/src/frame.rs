//! Frames: header, body and check byte (2013 and 2019, section 4.4).

use std::fmt;

use memchr::{memchr, memchr2};

use crate::field::Hex;
use crate::{DecodeError, FrameError, Header, Message, Warnings};

/// One frame, unescaped and without its check byte.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What stands before the body.
    pub header: Header,
    /// The body as sent.
    pub body: &'a [u8],
    /// What was odd.
    pub warnings: Warnings,
}

impl<'a> Frame<'a> {
    /// Splits header and body; `unescaped` has no delimiters and no check byte.
    ///
    /// # Errors
    /// When the header is cut or its sub-package fields are out of range.
    pub fn decode(unescaped: &'a [u8]) -> Result<Self, FrameError> {
        let (header, len, warnings) = Header::decode(unescaped)?;
        Ok(Self { header, body: unescaped.get(len..).unwrap_or_default(), warnings })
    }

    /// The body as a message.
    ///
    /// # Errors
    /// When it is encrypted, one package of several, or not what its id says.
    pub fn message(&self) -> Result<Message<'a>, DecodeError> {
        if self.header.encrypted() {
            return Err(DecodeError::Encrypted);
        }
        match self.header.packet {
            Some(packet) if packet.total > 1 => {
                Err(DecodeError::Packaged { index: packet.index, total: packet.total })
            }
            Some(_) | None => Message::decode(self.header.id, self.header.edition, self.body),
        }
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { id, phone, serial, packet, .. } = &self.header;
        write!(f, "{}  terminal={phone} serial={serial}", crate::name_of(*id))?;
        if let Some(packet) = packet {
            write!(f, " packet={}/{}", packet.index, packet.total)?;
        }
        for warning in self.warnings.names() {
            write!(f, " warning={warning}")?;
        }
        writeln!(f)?;
        match self.message() {
            Ok(message) => message.fmt(f),
            Err(error) => {
                writeln!(f, "  error    {error}")?;
                writeln!(f, "  raw      {}", Hex(self.body))
            }
        }
    }
}

/// Undoes the escapes of one frame, with or without its delimiters, checks the check byte and cuts it off.
/// `into` is cleared first and holds header and body afterwards.
///
/// # Errors
/// When an escape or the check byte is wrong.
pub fn unescape(raw: &[u8], into: &mut Vec<u8>) -> Result<Warnings, FrameError> {
    into.clear();
    let content = raw.strip_prefix(&[DELIMITER]).unwrap_or(raw);
    let content = content.strip_suffix(&[DELIMITER]).unwrap_or(content);
    if content.len() > crate::FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { len: content.len(), max: crate::FRAME_BYTES_MAX });
    }
    let mut warnings = Warnings::default();
    let (mut rest, mut at) = (content, 0);
    while let Some(place) = memchr(ESCAPE, rest) {
        let (plain, tail) = rest.split_at(place);
        into.extend_from_slice(plain);
        at += place;
        let used = match tail {
            [_, 1, ..] => (ESCAPE, 2),
            [_, 2, ..] => (DELIMITER, 2),
            // Some terminals forget to escape the check byte; it is that one only where it is the last.
            [_] => {
                warnings.insert(Warnings::UNESCAPED_CHECKSUM);
                (ESCAPE, 1)
            }
            _ => return Err(FrameError::BadEscape { at }),
        };
        into.push(used.0);
        at += used.1;
        rest = tail.get(used.1..).unwrap_or_default();
    }
    into.extend_from_slice(rest);
    let found = into.pop().ok_or(FrameError::Short { len: 0, needed: 12 })?;
    verify(into, found)?;
    Ok(warnings)
}

/// Compares the check byte with header and body.
pub(crate) fn verify(bytes: &[u8], found: u8) -> Result<(), FrameError> {
    let computed = checksum(bytes);
    if computed == found { Ok(()) } else { Err(FrameError::Checksum { computed, found }) }
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Appends a whole frame: delimiters, header, body, check byte, escapes. A body of more than 1,023 bytes does not
/// fit the length field: split it with [`Header::packet`].
pub fn encode_frame(header: &Header, body: &[u8], into: &mut Vec<u8>) {
    into.reserve(body.len() + 24);
    into.push(DELIMITER);
    let start = into.len();
    header.encode(body.len(), into);
    into.extend_from_slice(body);
    let check = checksum(into.get(start..).unwrap_or_default());
    into.push(check);
    if memchr2(ESCAPE, DELIMITER, into.get(start..).unwrap_or_default()).is_some() {
        escape_tail(start, into);
    }
    into.push(DELIMITER);
}

#[cold]
fn escape_tail(start: usize, into: &mut Vec<u8>) {
    let plain = into.split_off(start);
    for byte in plain {
        match byte {
            ESCAPE => into.extend_from_slice(&[ESCAPE, 1]),
            DELIMITER => into.extend_from_slice(&[ESCAPE, 2]),
            byte => into.push(byte),
        }
    }
}

pub(crate) const DELIMITER: u8 = 0x7e;
pub(crate) const ESCAPE: u8 = 0x7d;
