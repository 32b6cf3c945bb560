//! STRING fields: GBK by the standard, kept as sent.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::GB18030;

/// Text as sent, decoded on demand; GB18030 is the superset of the GBK the standard names (2013 and 2019, section 4.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Text<'a>(pub &'a [u8]);

impl<'a> Text<'a> {
    /// The bytes without zeros and spaces on either end: terminals pad with either, on either side.
    #[must_use]
    pub fn trimmed(self) -> &'a [u8] {
        let padding = |byte: &u8| *byte == 0 || *byte == b' ';
        let Some(start) = self.0.iter().position(|byte| !padding(byte)) else { return &[] };
        let end = self.0.iter().rposition(|byte| !padding(byte)).map_or(0, |last| last + 1);
        self.0.get(start..end).unwrap_or_default()
    }

    /// The text, with U+FFFD where bytes mean nothing.
    #[must_use]
    pub fn decode(self) -> Cow<'a, str> {
        GB18030.decode_without_bom_handling(self.trimmed()).0
    }

    /// The text, or nothing where some bytes mean nothing.
    #[must_use]
    pub fn decode_strict(self) -> Option<Cow<'a, str>> {
        GB18030.decode_without_bom_handling_and_without_replacement(self.trimmed())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.decode().chars() {
            // A control character would break the one-line listing.
            if letter.is_control() {
                write!(f, "{}", letter.escape_default())?
            } else {
                write!(f, "{letter}")?
            }
        }
        Ok(())
    }
}

/// Text to the bytes of a STRING field; letters GBK lacks become GB18030's four bytes.
#[must_use]
pub fn encode_text(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}
