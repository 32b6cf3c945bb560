//! 0x0701 electronic waybill (2013 and 2019).
//!
//! | length 4 | content … |
//!
//! The standard gives the content no layout: each fleet has its own. It is kept whole, and this reading of it is ours.
//! Some leave the length out, so that text begins at once. Text is GBK or UTF-8; JSON, XML, or `key: value` lines. A
//! field is given only where its key stands there, in Chinese or English ([`WaybillFields`] lists them), and UN numbers
//! also where UN and four digits stand; what is not unmistakable is absent.

mod keys;
mod pairs;

use std::borrow::Cow;
use std::fmt;

use encoding_rs::GB18030;

pub use self::keys::WaybillField;
use self::pairs::each_pair;
use crate::field::{Field, Show};
use crate::layout::Body;
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// What a vehicle carries, as its fleet says it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waybill<'a> {
    /// As sent, where there is one; it may be wrong.
    pub length: Option<u32>,
    /// The waybill itself.
    pub content: &'a [u8],
    /// Bytes behind the length, as sent.
    pub trailing: &'a [u8],
}

impl<'a> Body<'a> for Waybill<'a> {
    /// No text begins with a control byte, and no body is so long that its length begins with anything else.
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let whole = reader.rest();
        let (Some(0..=8), Ok(length)) = (whole.first(), reader.u32("length")) else {
            return Ok(Self { length: None, content: whole, trailing: &[] });
        };
        let rest = reader.rest();
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        let (content, trailing) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        Ok(Self { length: Some(length), content, trailing })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        self.length.iter().for_each(|length| into.extend_from_slice(&length.to_be_bytes()));
        into.extend_from_slice(self.content);
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        self.length.iter().for_each(|length| show.number("length", *length));
        match self.text() {
            Some(text) => show.text("text", self.content.len(), &OneLine(&text)),
            None => show.hex("raw", self.content),
        }
        self.fields().show(show);
        show.trailing(self.trailing);
    }
}

/// Fields are looked for in so many bytes: more than any waybill of one message needs, and little work to go over.
const TEXT_BYTES_MAX: usize = 64 * 1_024;

impl<'a> Waybill<'a> {
    /// The content as text; nothing where it is none.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let text = decoded(self.content)?;
        let is_binary = |letter: char| letter.is_control() && !letter.is_whitespace() && letter != '\0';
        (!text.is_empty() && !text.contains(is_binary)).then_some(text)
    }

    /// What the text says unmistakably; nothing at all where it is no text.
    #[must_use]
    pub fn fields(&self) -> WaybillFields {
        let content = self.content.get(..TEXT_BYTES_MAX).unwrap_or(self.content);
        let shortened = Self { content, ..*self };
        // A cut in the middle of a letter must not cost the rest.
        let text = (0..4).find_map(|less| {
            let end = content.len().checked_sub(less)?;
            Waybill { content: content.get(..end)?, ..shortened }.text()
        });
        text.map_or_else(WaybillFields::default, |text| WaybillFields::read(&text))
    }
}

/// UTF-8 first: text of another encoding is hardly ever valid in it.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
    }
}

/// What a waybill says, each field where its key stands in the text; the first where several do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WaybillFields {
    fields: Vec<(WaybillField, String)>,
    /// UN numbers of what is carried, in the order they stand; at most eight.
    pub un_numbers: Vec<u16>,
}

/// UN numbers of one load: a vehicle with more kinds is not seen.
const UN_NUMBERS_MAX: usize = 8;

/// Letters of a value; a longer one is no single field.
const VALUE_LETTERS_MAX: usize = 256;

impl WaybillFields {
    /// What stands for a field.
    #[must_use]
    pub fn get(&self, field: WaybillField) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == field).map(|(_, value)| value.as_str())
    }

    /// How much is carried.
    #[must_use]
    pub fn quantity(&self) -> Option<WaybillQuantity> {
        let unit = self.get(WaybillField::QuantityUnit);
        WaybillQuantity::parse(self.get(WaybillField::Quantity)?, unit)
    }

    fn read(text: &str) -> Self {
        let mut read = Self::default();
        each_pair(text, &mut |key, value| read.put(key, value));
        for number in un_numbers(text) {
            read.put_un(number);
        }
        read
    }

    fn put(&mut self, field: WaybillField, value: &str) {
        let value = value.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
        let none = value.is_empty() || value == "null" || value.chars().nth(VALUE_LETTERS_MAX).is_some();
        if field == WaybillField::UnNumber {
            let bare = value.parse().ok().filter(|_| value.len() == 4);
            bare.into_iter().chain(un_numbers(value)).for_each(|number| self.put_un(number));
        } else if !none && self.get(field).is_none() {
            self.fields.push((field, value.into()));
        }
    }

    fn put_un(&mut self, number: u16) {
        if self.un_numbers.len() < UN_NUMBERS_MAX && !self.un_numbers.contains(&number) {
            self.un_numbers.push(number);
        }
    }

    fn show(&self, show: &mut dyn Show) {
        for field in WaybillField::ALL {
            self.get(field).iter().for_each(|value| show.text(field.as_str(), 0, &OneLine(value)));
        }
        for number in &self.un_numbers {
            show.value("un_number", 0, Field::Entry(&format_args!("{number:04}")));
        }
    }
}

/// UN, four digits and no fifth; no letter stands before it.
fn un_numbers(text: &str) -> impl Iterator<Item = u16> {
    let bytes = text.as_bytes();
    let starts = (0..bytes.len()).filter(move |at| {
        let found = bytes.get(*at..at + 2).is_some_and(|two| two.eq_ignore_ascii_case(b"un"));
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        found && before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    });
    starts.filter_map(move |at| {
        let rest = bytes.get(at + 2..)?;
        let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"-")).unwrap_or(rest);
        let (digits, after) = rest.split_first_chunk::<4>()?;
        if !digits.iter().all(u8::is_ascii_digit) || after.first().is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
    })
}

/// How much, in a unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WaybillQuantity {
    /// Thousandths of the unit.
    pub thousandths: u64,
    /// Nothing where the text has none.
    pub unit: Option<WaybillUnit>,
}

/// A unit of what is carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaybillUnit {
    /// 吨.
    Tonne,
    /// 千克, 公斤.
    Kilogram,
    /// 升.
    Litre,
    /// 立方米, 方.
    CubicMetre,
    /// 件, 桶, 箱, 瓶.
    Piece,
}

impl WaybillQuantity {
    fn parse(value: &str, unit: Option<&str>) -> Option<Self> {
        let value = value.trim();
        let end = value.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(value.len());
        let (number, behind) = value.split_at_checked(end)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let part: u64 = format!("{part:0<3}").parse().ok()?;
        let thousandths = whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(part)?;
        let behind = behind.trim();
        // A unit that is not known makes the number one of something else.
        let unit = match (behind.is_empty(), unit) {
            (true, None) => None,
            (true, Some(unit)) => Some(WaybillUnit::parse(unit)?),
            (false, _) => Some(WaybillUnit::parse(behind)?),
        };
        Some(Self { thousandths, unit })
    }
}

impl WaybillUnit {
    fn parse(unit: &str) -> Option<Self> {
        Some(match unit.trim().to_ascii_lowercase().as_str() {
            "吨" | "t" | "ton" | "tons" => Self::Tonne,
            "千克" | "公斤" | "kg" => Self::Kilogram,
            "升" | "l" => Self::Litre,
            "立方米" | "立方" | "方" | "m3" | "m³" => Self::CubicMetre,
            "件" | "桶" | "箱" | "瓶" => Self::Piece,
            _ => return None,
        })
    }
}

/// Text in one line.
struct OneLine<'t>(&'t str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            if letter.is_control() {
                write!(f, "{}", letter.escape_default())?;
            } else {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
