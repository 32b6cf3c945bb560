//! Bytes as hex digits.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len() / 2);
    while let Some(high) = bytes.next() {
        out.push(digit(high)? << 4 | digit(bytes.next()?)?);
    }
    Some(out)
}

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    bytes(&text)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is wrong, expected hex digits, two a byte")))
}
