//! The header of a frame (2013 and 2019, section 4.4.3).
//!
//! 2011/2013 | id 2 | attributes 2 | phone BCD\[6\] | serial 2 | total 2, index 2 where sub-packaged |
//! 2019      | id 2 | attributes 2 | version 1 | phone BCD\[10\] | serial 2 | total 2, index 2 where sub-packaged |

use std::fmt;

use crate::FrameError;

/// Edition of the standard a frame or body follows. A header cannot tell 2011 from 2013.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Edition {
    /// JT/T 808-2011.
    V2011,
    /// JT/T 808-2013.
    #[default]
    V2013,
    /// JT/T 808-2019.
    V2019,
}

impl Edition {
    /// The year.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2011 => "2011",
            Self::V2013 => "2013",
            Self::V2019 => "2019",
        }
    }
}

/// A terminal's phone number as sent, 6 or 10 bytes, echoed exactly in answers.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Phone {
    bytes: [u8; 10],
    len: u8,
}

impl Phone {
    /// The bytes as sent; 6 or 10 of them.
    #[must_use]
    pub fn new(sent: &[u8]) -> Option<Self> {
        let len = u8::try_from(sent.len()).ok().filter(|len| matches!(len, 6 | 10))?;
        let mut bytes = [0; 10];
        bytes.iter_mut().zip(sent).for_each(|(to, from)| *to = *from);
        Some(Self { bytes, len })
    }

    /// Decimal digits to the bytes of an edition, zeros in front; at most 12, in 2019 at most 20.
    #[must_use]
    pub fn from_digits(digits: &str, edition: Edition) -> Option<Self> {
        let len: u8 = if edition == Edition::V2019 { 10 } else { 6 };
        let fits = digits.len() <= usize::from(len) * 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !fits {
            return None;
        }
        let mut bytes = [0; 10];
        for (place, digit) in digits.bytes().rev().enumerate() {
            let slot = bytes.get_mut(usize::from(len).checked_sub(place / 2 + 1)?)?;
            *slot |= (digit - b'0') << (4 * (place % 2));
        }
        Some(Self { bytes, len })
    }

    /// The bytes as sent.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The number without leading zeros; see [`Phone`]'s `Display`.
    #[must_use]
    pub fn digits(&self) -> String {
        self.to_string()
    }

    fn is_decimal(&self) -> bool {
        self.bytes().iter().all(|byte| byte >> 4 <= 9 && byte & 0x0f <= 9)
    }

    /// Six bytes that are no decimal number are an IMEI without its check digit, as a 48-bit number.
    fn imei(&self) -> Option<u64> {
        (self.len == 6 && !self.is_decimal())
            .then(|| self.bytes().iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({self})")
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.imei() {
            return write!(f, "{number}{}", luhn_digit(number));
        }
        // Ten bytes may hold a hexadecimal id; it reads as hex, which is decimal for a decimal one.
        let number = self.bytes().iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        write!(f, "{number:x}")
    }
}

/// The check digit that makes a number followed by it divisible (ISO/IEC 7812-1, annex B).
fn luhn_digit(mut number: u64) -> u64 {
    let (mut sum, mut doubled) = (0, true);
    while number > 0 {
        let digit = if doubled { number % 10 * 2 } else { number % 10 };
        sum += digit / 10 + digit % 10;
        doubled = !doubled;
        number /= 10;
    }
    (10 - sum % 10) % 10
}

/// Place of a frame in a message of several.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Packet {
    /// Packages in all, at least 1.
    pub total: u16,
    /// From 1 to `total`.
    pub index: u16,
}

/// What stands before the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Message id.
    pub id: u16,
    /// Layout of this header: `V2013` or `V2019`.
    pub edition: Edition,
    /// Terminal phone number as sent.
    pub phone: Phone,
    /// Serial number of the sender, which wraps.
    pub serial: u16,
    /// Set where the message is sub-packaged.
    pub packet: Option<Packet>,
    /// Key revision of the 2019 layout, from 1; 0 in the older layout.
    pub version: u8,
    /// Attribute bits 10-12, 14 and 15 as sent; length and bit 13 are made when encoding.
    pub flags: u16,
}

pub(crate) const LENGTH: u16 = 0x03ff;
pub(crate) const ENCRYPTION: u16 = 0x1c00;
const RSA: u16 = 0x0400;
pub(crate) const PACKAGED: u16 = 0x2000;
pub(crate) const VERSION_FLAG: u16 = 0x4000;

impl Header {
    /// A plain header of an edition; `V2011` has the layout of `V2013`.
    #[must_use]
    pub fn new(id: u16, edition: Edition, phone: Phone, serial: u16) -> Self {
        let (edition, version, flags) = match edition {
            Edition::V2011 | Edition::V2013 => (Edition::V2013, 0, 0),
            Edition::V2019 => (Edition::V2019, 1, VERSION_FLAG),
        };
        Self { id, edition, phone, serial, packet: None, version, flags }
    }

    /// The header of an answer: same phone bytes, layout, version and version flag; plain and whole.
    #[must_use]
    pub fn reply(&self, id: u16, serial: u16) -> Self {
        Self { id, serial, packet: None, flags: self.flags & VERSION_FLAG, ..*self }
    }

    /// Whether any encryption bit is set.
    #[must_use]
    #[inline]
    pub fn encrypted(&self) -> bool {
        self.flags & ENCRYPTION != 0
    }

    /// Whether the body is encrypted by RSA (bit 10); the other two bits are reserved.
    #[must_use]
    #[inline]
    pub fn is_rsa(&self) -> bool {
        self.flags & ENCRYPTION == RSA
    }

    /// This header before a body encrypted by RSA.
    #[must_use]
    pub fn with_rsa(self) -> Self {
        Self { flags: self.flags & !ENCRYPTION | RSA, ..self }
    }

    /// This header before a plain body.
    #[must_use]
    pub fn plain(self) -> Self {
        Self { flags: self.flags & !ENCRYPTION, ..self }
    }

    /// Reads the header and says how long it is; `bytes` is header and body.
    #[inline(always)]
    pub(crate) fn decode(bytes: &[u8]) -> Result<(Self, usize, Warnings), FrameError> {
        let Layout { v2019, attributes, warnings } =
            Layout::of(bytes).ok_or(FrameError::Short { len: bytes.len(), needed: 12 })?;
        let len = header_len(v2019, attributes);
        let header = Self::read(bytes, v2019, attributes)
            .ok_or(FrameError::Short { len: bytes.len(), needed: len })?;
        if let Some(Packet { total, index }) = header.packet
            && (index == 0 || index > total)
        {
            return Err(FrameError::Packet { index, total });
        }
        Ok((header, len, warnings))
    }

    #[inline(always)]
    fn read(bytes: &[u8], v2019: bool, attributes: u16) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<2>()?;
        let rest = rest.get(2..)?;
        let (version, phone, rest) = if v2019 {
            let (version, rest) = rest.split_first()?;
            let (phone, rest) = rest.split_first_chunk::<10>()?;
            (*version, Phone { bytes: *phone, len: 10 }, rest)
        } else {
            let (phone, rest) = rest.split_first_chunk::<6>()?;
            let mut bytes = [0; 10];
            *bytes.first_chunk_mut::<6>()? = *phone;
            (0, Phone { bytes, len: 6 }, rest)
        };
        let (serial, rest) = rest.split_first_chunk::<2>()?;
        let packet = if attributes & PACKAGED == 0 {
            None
        } else {
            let [a, b, c, d] = *rest.first_chunk::<4>()?;
            Some(Packet { total: u16::from_be_bytes([a, b]), index: u16::from_be_bytes([c, d]) })
        };
        Some(Self {
            id: u16::from_be_bytes(*id),
            edition: if v2019 { Edition::V2019 } else { Edition::V2013 },
            phone,
            serial: u16::from_be_bytes(*serial),
            packet,
            version,
            flags: attributes & !(LENGTH | PACKAGED),
        })
    }

    /// Writes the header for a body of `body_len` bytes; the field has ten bits, so callers keep within 1,023.
    #[inline]
    pub(crate) fn encode(&self, body_len: usize, into: &mut Vec<u8>) {
        let packaged = if self.packet.is_some() { PACKAGED } else { 0 };
        let length = u16::try_from(body_len & usize::from(LENGTH)).unwrap_or(LENGTH);
        let attributes = self.flags & !(LENGTH | PACKAGED) | packaged | length;
        let ([a, b], [c, d], [s, t]) =
            (self.id.to_be_bytes(), attributes.to_be_bytes(), self.serial.to_be_bytes());
        // One array each, since a frame is written for every frame read.
        let [g, h, i, j, k, l, m, n, o, p] = self.phone.bytes;
        if self.phone.len == 10 {
            into.extend_from_slice(&[a, b, c, d, self.version, g, h, i, j, k, l, m, n, o, p, s, t]);
        } else {
            into.extend_from_slice(&[a, b, c, d, g, h, i, j, k, l, s, t]);
        }
        if let Some(Packet { total, index }) = self.packet {
            into.extend_from_slice(&total.to_be_bytes());
            into.extend_from_slice(&index.to_be_bytes());
        }
    }
}

/// Which of the two layouts a header has.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) v2019: bool,
    pub(crate) attributes: u16,
    pub(crate) warnings: Warnings,
}

impl Layout {
    /// `bytes` is header and body; nothing where the attributes are cut.
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let attributes = match bytes {
            [_, _, high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => return None,
        };
        let flagged = attributes & VERSION_FLAG != 0;
        let mut v2019 = flagged;
        let mut warnings = Warnings::default();
        let announced = usize::from(attributes & LENGTH);
        let agrees = |v2019| bytes.len() == header_len(v2019, attributes) + announced;
        if !agrees(v2019) {
            // Bit 14 lies both ways; the layout whose length field fits the bytes is the one in use.
            if agrees(!v2019) {
                v2019 = !v2019;
                warnings.insert(Warnings::VERSION_FLAG);
            } else {
                warnings.insert(Warnings::LENGTH_FIELD);
            }
        }
        Some(Self { v2019, attributes, warnings })
    }
}

pub(crate) const fn header_len(v2019: bool, attributes: u16) -> usize {
    let fixed = if v2019 { 17 } else { 12 };
    if attributes & PACKAGED == 0 { fixed } else { fixed + 4 }
}

/// Odd but whole: what a frame did against the standard and was understood all the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Warnings(u8);

impl Warnings {
    /// The length field differs from the bytes present, which are trusted.
    pub const LENGTH_FIELD: Self = Self(1);
    /// Bit 14 names the other header layout.
    pub const VERSION_FLAG: Self = Self(2);
    /// The check byte 0x7d was not escaped.
    pub const UNESCAPED_CHECKSUM: Self = Self(4);

    /// Adds another set.
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, for people and labels.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (Self::LENGTH_FIELD, "length-field"),
            (Self::VERSION_FLAG, "version-flag"),
            (Self::UNESCAPED_CHECKSUM, "unescaped-checksum"),
        ]
        .into_iter()
        .filter(move |(warning, _)| self.contains(*warning))
        .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_read_as_digits_imei_or_hex() {
        let check = |sent: &[u8], expected: &str| assert_eq!(Phone::new(sent).unwrap().digits(), expected);
        check(&[0x01, 0x38, 0x00, 0x13, 0x80, 0x00], "13800138000");
        check(&[0; 6], "0");
        check(&[0x4e, 0xb6, 0xfb, 0x4a, 0xfd, 0x9e], "865478070102068");
        check(&[0, 0, 0, 0, 0, 0, 0x56, 0xae, 0xbc, 0x2a], "56aebc2a");
        let phone = Phone::from_digits("013800138000", Edition::V2019).unwrap();
        assert_eq!(phone.bytes(), [0, 0, 0, 0, 0x01, 0x38, 0x00, 0x13, 0x80, 0x00]);
        assert_eq!(Phone::from_digits("1380013800012", Edition::V2013), None);
    }

    /// Edition, warnings and length of the body of a frame with so many bytes behind its attributes.
    fn check_layout(attributes: u16, rest: usize, expected: (Edition, Warnings, usize)) {
        let mut bytes = vec![0x02, 0x00];
        bytes.extend(attributes.to_be_bytes());
        bytes.extend((0..rest).map(|place| u8::try_from(place % 10).unwrap()));
        let (header, len, warnings) = Header::decode(&bytes).unwrap();
        assert_eq!((header.edition, warnings, bytes.len() - len), expected, "{attributes:04x} {rest}");
    }

    #[test]
    fn the_layout_whose_length_fits_is_taken() {
        let (none, flag, length) = (Warnings::default(), Warnings::VERSION_FLAG, Warnings::LENGTH_FIELD);
        check_layout(0x0005, 13, (Edition::V2013, none, 5));
        check_layout(0x4005, 18, (Edition::V2019, none, 5));
        check_layout(0x4005, 13, (Edition::V2013, flag, 5));
        check_layout(0x0005, 18, (Edition::V2019, flag, 5));
        check_layout(0x0005, 15, (Edition::V2013, length, 7));
        check_layout(0x4005, 20, (Edition::V2019, length, 7));
        check_layout(0x0000, 8, (Edition::V2013, none, 0));
    }

    #[test]
    fn only_the_lowest_of_three_bits_is_rsa() {
        for (attributes, encrypted, is_rsa) in
            [(0x0000, false, false), (0x0400, true, true), (0x0800, true, false), (0x1400, true, false)]
        {
            let mut frame = vec![2, 0];
            frame.extend(u16::to_be_bytes(attributes));
            frame.extend([1, 0x38, 0, 0x13, 0x80, 0, 0, 7]);
            let (header, ..) = Header::decode(&frame).unwrap();
            assert_eq!((header.encrypted(), header.is_rsa()), (encrypted, is_rsa), "{attributes:04x}");
            assert!(!header.plain().encrypted() && header.with_rsa().is_rsa());
        }
    }

    #[test]
    fn an_answer_keeps_phone_layout_and_flag() {
        let frame = [2, 0, 0x40, 0, 1, 0x38, 0, 0x13, 0x80, 0, 0, 7];
        let (header, _, warnings) = Header::decode(&frame).unwrap();
        assert_eq!(warnings.names().collect::<Vec<_>>(), ["version-flag"]);
        let mut answer = Vec::new();
        header.reply(0x8001, 9).encode(5, &mut answer);
        assert_eq!(answer, [0x80, 1, 0x40, 5, 1, 0x38, 0, 0x13, 0x80, 0, 0, 9]);
    }
}
