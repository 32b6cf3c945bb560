//! One description of a message's fields, from which the listing for people and the JSON of `decode` are made.

use std::fmt;

/// The value of one field.
#[derive(Clone, Copy)]
pub enum Field<'f> {
    /// Bytes without a meaning known here.
    Bytes(&'f [u8]),
    /// One of several values under the same name.
    Entry(&'f dyn fmt::Display),
    /// A whole number.
    Number(i64),
    /// A number of tenths.
    Tenths(i64),
    /// Text.
    Text(&'f dyn fmt::Display),
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => Hex(bytes).fmt(f),
            Self::Entry(text) | Self::Text(text) => text.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Tenths(tenths) => {
                let sign = if *tenths < 0 { "-" } else { "" };
                write!(f, "{sign}{}.{}", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
            }
        }
    }
}

/// Receives fields by name, in wire order.
pub(crate) type Each<'e> = &'e mut dyn FnMut(&'static str, Field<'_>);

/// Bytes as lower-case hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Leftover bytes are shown only where there are some.
pub(crate) fn trailing(bytes: &[u8], each: Each<'_>) {
    if !bytes.is_empty() {
        each("trailing", Field::Bytes(bytes));
    }
}
