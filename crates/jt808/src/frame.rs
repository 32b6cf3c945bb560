//! Frames: header, body and check byte (2013 and 2019, section 4.4).

use std::fmt;

use memchr::memchr;

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
    #[expect(clippy::inline_always, reason = "a header moved through memory costs more than reading it")]
    #[inline(always)]
    pub fn decode(unescaped: &'a [u8]) -> Result<Self, FrameError> {
        let (header, len, warnings) = Header::decode(unescaped)?;
        Ok(Self { header, body: unescaped.get(len..).unwrap_or_default(), warnings })
    }

    /// The body as a message.
    ///
    /// # Errors
    /// When it is encrypted, one package of several, or not what its id says.
    #[inline]
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
    let content = match raw {
        [DELIMITER, content @ .., DELIMITER] | [DELIMITER, content @ ..] | [content @ .., DELIMITER] => {
            content
        }
        content => content,
    };
    if content.len() > crate::FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { len: content.len(), max: crate::FRAME_BYTES_MAX });
    }
    let (sum, escaped) = scan::<EXACT>(content);
    if !escaped {
        into.extend_from_slice(cut(content, sum)?);
        return Ok(Warnings::default());
    }
    let (pairs, warnings) = unescape_content(content, into)?;
    // A pair stands for one byte and differs from it by 1: 0x7d ^ 0x01 is 0x7c, 0x7d ^ 0x02 is 0x7f.
    let len = cut(into, sum ^ pairs & 1)?.len();
    into.truncate(len);
    Ok(warnings)
}

/// Header and body where nothing is escaped, as in most frames: then they need no copy.
#[inline]
pub(crate) fn plain(content: &[u8]) -> Option<Result<&[u8], FrameError>> {
    let (sum, escaped) = scan::<EXACT>(content);
    if escaped { None } else { Some(cut(content, sum)) }
}

/// Cuts off the check byte; `sum` is that of all bytes and of the check byte, so it is 0 where they agree.
#[inline]
fn cut(bytes: &[u8], sum: u8) -> Result<&[u8], FrameError> {
    let Some((found, plain)) = bytes.split_last() else {
        return Err(FrameError::Short { len: 0, needed: 12 });
    };
    if sum == 0 { Ok(plain) } else { Err(FrameError::Checksum { computed: sum ^ found, found: *found }) }
}

/// Says how many pairs there were, modulo 256.
fn unescape_content(content: &[u8], into: &mut Vec<u8>) -> Result<(u8, Warnings), FrameError> {
    let (mut at, mut pairs) = (0, 0_u8);
    while let Some(place) = memchr(ESCAPE, content.get(at..).unwrap_or_default()) {
        into.extend_from_slice(content.get(at..at + place).unwrap_or_default());
        at += place;
        let byte = match content.get(at..) {
            Some([_, 1, ..]) => ESCAPE,
            Some([_, 2, ..]) => DELIMITER,
            // Some terminals forget to escape the check byte; it is that one only where it is the last.
            Some([_]) => {
                into.push(ESCAPE);
                return Ok((pairs, Warnings::UNESCAPED_CHECKSUM));
            }
            _ => return Err(FrameError::BadEscape { at }),
        };
        into.push(byte);
        pairs = pairs.wrapping_add(1);
        at += 2;
    }
    into.extend_from_slice(content.get(at..).unwrap_or_default());
    Ok((pairs, Warnings::default()))
}

/// Mask of [`scan`] that finds 0x7d alone.
const EXACT: u8 = 0xff;

/// Mask of [`scan`] that finds 0x7c to 0x7f, so every byte to escape and two others.
const NEAR: u8 = 0xfc;

/// The XOR of all bytes, and whether one of them is 0x7d under a mask, in one pass over eight at a time.
#[inline]
fn scan<const MASK: u8>(bytes: &[u8]) -> (u8, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    let (mut sum, mut hits) = (0, 0);
    let mut add = |word: u64| {
        sum ^= word;
        // A byte that becomes 0 borrows, which sets its high bit; a false hit would need a true one below it.
        let differs = (word ^ (ONES * 0x7d)) & (ONES * MASK as u64);
        hits |= differs.wrapping_sub(ONES) & !differs & HIGH;
    };
    words.iter().for_each(|word| add(u64::from_le_bytes(*word)));
    match bytes.last_chunk::<8>() {
        // The last word, from which those bytes are shifted out that have been added already.
        Some(last) => {
            let spare = 64 - 8 * rest.len() as u32;
            add(u64::from_le_bytes(*last).checked_shr(spare).unwrap_or(0));
        }
        None => add(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
    }
    sum ^= sum >> 32;
    sum ^= sum >> 16;
    sum ^= sum >> 8;
    let [sum, ..] = sum.to_le_bytes();
    (sum, hits != 0)
}

/// Appends a whole frame: delimiters, header, body, check byte, escapes. A body of more than 1,023 bytes does not
/// fit the length field: split it with [`Header::packet`].
pub fn encode_frame(header: &Header, body: &[u8], into: &mut Vec<u8>) {
    into.reserve(body.len() + 24);
    into.push(DELIMITER);
    let start = into.len();
    header.encode(body.len(), into);
    into.extend_from_slice(body);
    let (sum, special) = scan::<NEAR>(into.get(start..).unwrap_or_default());
    into.push(sum);
    if special || matches!(sum, ESCAPE | DELIMITER) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_escaped_wherever_it_stands() {
        let phone = crate::Phone::new(&[1; 6]).unwrap();
        let header = Header::new(0x0f01, crate::Edition::V2013, phone, 1);
        for place in 0..20 {
            for byte in [0x7c, 0x7d, 0x7e, 0x7f] {
                let mut body = vec![0x30; 20];
                body[place] = byte;
                let (mut wire, mut plain) = (Vec::new(), Vec::new());
                encode_frame(&header, &body, &mut wire);
                assert_eq!(wire.iter().filter(|byte| **byte == DELIMITER).count(), 2);
                assert_eq!(wire.len() > 35, matches!(byte, 0x7d | 0x7e), "{byte:02x} at {place}");
                assert_eq!(unescape(&wire, &mut plain), Ok(Warnings::default()));
                assert_eq!(Frame::decode(&plain).unwrap().body, body);
            }
        }
    }

    #[test]
    fn the_check_byte_counts_what_was_escaped_once() {
        let check = |raw: &[u8], expected: Result<&[u8], u8>| {
            let mut plain = Vec::new();
            let result = unescape(raw, &mut plain);
            match expected {
                Ok(expected) => assert_eq!((result.is_ok(), plain.as_slice()), (true, expected)),
                Err(computed) => {
                    let found = *plain.last().unwrap();
                    assert_eq!(result, Err(FrameError::Checksum { computed, found }));
                }
            }
        };
        check(&[0x30, 0x7d, 2, 8, 0x7d, 1, 0x55, 0x6e], Ok(&[0x30, 0x7e, 8, 0x7d, 0x55]));
        check(&[0x30, 0x7d, 2, 0x4e], Ok(&[0x30, 0x7e]));
        check(&[0x30, 0x7d, 2, 0x4f], Err(0x4e));
        check(&[0x40, 0x3d, 0x7d], Ok(&[0x40, 0x3d]));
    }
}
