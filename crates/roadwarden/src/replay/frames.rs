//! A line of recorded frames: `{"at": "2026-01-01T08:00:00+08:00", "hex": "7e…7e"}`.

use anyhow::{Context, Result};
use fleet::ReceiveTime;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    at: ReceiveTime,
    #[serde(borrow)]
    hex: std::borrow::Cow<'a, str>,
}

/// When it was received, and the frame's bytes.
pub fn parse(line: &str) -> Result<(ReceiveTime, Vec<u8>)> {
    let line: Line = serde_json::from_str(line)
        .context("expected {\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7e…7e\"}")?;
    Ok((line.at, from_hex(&line.hex)?))
}

/// Bytes from hex digits; blanks between them are allowed.
pub fn from_hex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    anyhow::ensure!(odd.is_empty(), "an odd number of hex digits ({})", digits.len());
    pairs
        .iter()
        .map(|pair| {
            let text = std::str::from_utf8(pair).ok();
            text.and_then(|text| u8::from_str_radix(text, 16).ok())
                .with_context(|| format!("{:?} are no hex digits", String::from_utf8_lossy(pair)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_time_and_hex() {
        let (at, frame) = parse(r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7e 00 7E"}"#).unwrap();
        assert_eq!(
            (at.to_string().as_str(), frame.as_slice()),
            ("2026-01-01T08:00:00+08:00", &[0x7e, 0, 0x7e][..])
        );
        for (line, expected) in [
            (r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7e0"}"#, "an odd number of hex digits (3)"),
            (r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7x"}"#, "\"7x\" are no hex digits"),
            (
                r#"{"at": "today", "hex": ""}"#,
                "expected {\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7e…7e\"}",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), expected);
        }
    }
}
