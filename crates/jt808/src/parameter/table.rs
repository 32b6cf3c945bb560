//! One row of the tables of parameters.

use super::{jsatl12, jtt808, jtt1078};
use crate::Edition;
use crate::field::{Field, Hex, Meaning, Show, Shown};
use crate::text::Text;

/// How a value or a field of it is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldKind {
    /// A number of one byte.
    Byte,
    /// A number of two bytes.
    Word,
    /// A number of four bytes.
    Dword,
    /// A number of tenths, one byte.
    TenthsByte,
    /// A number of tenths, two bytes.
    TenthsWord,
    /// A number of tenths, four bytes.
    TenthsDword,
    /// Text as long as the value.
    Text,
    /// Text of a fixed width.
    Padded(usize),
    /// Digits, two a byte.
    Digits(usize),
    /// Bytes that are reserved.
    Bytes(usize),
    /// [`ParameterInfo::fields`], then [`ParameterInfo::entry`] again and again.
    Fields,
}

impl FieldKind {
    /// Bytes on the wire, where they are fixed.
    #[must_use]
    pub const fn width(self) -> Option<usize> {
        match self {
            Self::Byte | Self::TenthsByte => Some(1),
            Self::Word | Self::TenthsWord => Some(2),
            Self::Dword | Self::TenthsDword => Some(4),
            Self::Padded(width) | Self::Digits(width) | Self::Bytes(width) => Some(width),
            Self::Text | Self::Fields => None,
        }
    }

    pub(super) const fn is_tenths(self) -> bool {
        matches!(self, Self::TenthsByte | Self::TenthsWord | Self::TenthsDword)
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Byte | Self::Word | Self::Dword) || self.is_tenths()
    }
}

/// Which text knows a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterSource {
    /// JT/T 808, from one edition to another.
    Jtt808(Edition, Edition),
    /// JT/T 1078-2016.
    Jtt1078,
    /// T/JSATL 12-2017.
    Jsatl12,
    /// T/GDRTA 002-2020.
    Gdrta002,
}

/// Bits of a number that are a number of their own: name, Chinese, lowest bit, how many.
pub(super) type Bits = (&'static str, &'static str, u8, u8);

/// One field of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParameterField {
    /// Its name, which ends in its unit.
    pub name: &'static str,
    /// Its name in Chinese.
    pub chinese: &'static str,
    /// How it is written.
    pub kind: FieldKind,
    /// What its number means.
    pub meaning: Meaning,
    pub(super) bits: &'static [Bits],
}

impl ParameterField {
    pub(super) const fn new(name: &'static str, chinese: &'static str, kind: FieldKind) -> Self {
        Self { name, chinese, kind, meaning: Meaning::Plain, bits: &[] }
    }

    pub(super) const fn meant(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    pub(super) const fn with_bits(self, bits: &'static [Bits]) -> Self {
        Self { bits, ..self }
    }

    /// The number these bytes are; nothing where the field is none or they are too many or too few.
    #[must_use]
    pub fn number(&self, bytes: &[u8]) -> Option<u32> {
        number(self.kind, bytes)
    }

    pub(super) fn show(&self, bytes: &[u8], show: &mut dyn Show) {
        let number = self.number(bytes);
        let (text, digits) = (Text(bytes), Hex(bytes));
        let value = match (number, self.kind) {
            (Some(number), kind) if kind.is_tenths() => Field::Tenths(number.into()),
            (Some(number), _) => Field::Number(number.into()),
            (None, FieldKind::Text | FieldKind::Padded(_)) => Field::Text(&text),
            (None, FieldKind::Digits(_)) => Field::Text(&digits),
            (None, _) => Field::Bytes(bytes),
        };
        let (name, chinese, meaning) = (self.name, self.chinese, self.meaning);
        show.field(Shown { name, chinese, bytes: bytes.len(), value, meaning });
        for (name, chinese, lowest, count) in self.bits {
            let mask = 1_u64.checked_shl((*count).into()).map_or(u64::MAX, |bit| bit - 1);
            let part = u64::from(number.unwrap_or_default()) >> lowest & mask;
            let value = Field::Number(i64::try_from(part).unwrap_or(i64::MAX));
            show.field(Shown { name, chinese, bytes: 0, value, meaning: Meaning::Plain });
        }
    }
}

fn number(kind: FieldKind, bytes: &[u8]) -> Option<u32> {
    if !kind.is_number() || kind.width() != Some(bytes.len()) {
        return None;
    }
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// What the standards say of a parameter, or of several in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParameterInfo {
    /// Its id.
    pub id: u32,
    /// The last id this holds for; `id` unless there are several.
    pub last: u32,
    /// Its name, which ends in its unit.
    pub name: &'static str,
    /// Its name in Chinese.
    pub chinese: &'static str,
    /// Unit of its number as people write it; empty where it has none.
    pub unit: &'static str,
    /// How its value is written.
    pub kind: FieldKind,
    /// What its number means.
    pub meaning: Meaning,
    /// Which text knows it.
    pub source: ParameterSource,
    /// Fields of a structure.
    pub fields: &'static [ParameterField],
    /// Fields of one entry of the list behind them.
    pub entry: &'static [ParameterField],
    pub(super) bits: &'static [Bits],
}

impl ParameterInfo {
    /// All of them, by standard and id.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [jtt808::TABLE, jtt1078::TABLE, jsatl12::TABLE].into_iter().flatten()
    }

    /// By id.
    #[must_use]
    pub fn of(id: u32) -> Option<&'static Self> {
        Self::all().find(|info| (info.id..=info.last).contains(&id))
    }

    /// By name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|info| info.name == name)
    }

    /// Whether a structure can have so many bytes.
    #[must_use]
    pub fn fits(&self, len: usize) -> bool {
        let sum = |fields: &[ParameterField]| fields.iter().filter_map(|field| field.kind.width()).sum();
        let (head, entry): (usize, usize) = (sum(self.fields), sum(self.entry));
        match len.checked_sub(head) {
            Some(0) => true,
            Some(rest) => entry > 0 && rest.is_multiple_of(entry),
            None => false,
        }
    }

    pub(super) fn number(&self, bytes: &[u8]) -> Option<u32> {
        number(self.kind, bytes)
    }

    pub(super) const fn as_field(&self) -> ParameterField {
        let (name, chinese, kind) = (self.name, self.chinese, self.kind);
        ParameterField { name, chinese, kind, meaning: self.meaning, bits: self.bits }
    }

    pub(super) const fn new(
        id: u32,
        name: &'static str,
        chinese: &'static str,
        unit: &'static str,
        kind: FieldKind,
        source: ParameterSource,
    ) -> Self {
        let (meaning, fields, entry, bits): (_, &[ParameterField], &[ParameterField], &[Bits]) =
            (Meaning::Plain, &[], &[], &[]);
        Self { id, last: id, name, chinese, unit, kind, meaning, source, fields, entry, bits }
    }

    pub(super) const fn meant(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    pub(super) const fn with_bits(self, bits: &'static [Bits]) -> Self {
        Self { bits, ..self }
    }

    pub(super) const fn up_to(self, last: u32) -> Self {
        Self { last, ..self }
    }

    pub(super) const fn made_of(
        self,
        fields: &'static [ParameterField],
        entry: &'static [ParameterField],
    ) -> Self {
        Self { fields, entry, ..self }
    }
}
