//! A line of recorded frames: `{"at": "2026-01-01T08:00:00+08:00", "hex": "7e…7e"}`.

use anyhow::{Context, Result};
use fleet::ReceiveTime;
use serde::Deserialize;

use crate::hex;

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
    Ok((line.at, hex::parse(&line.hex)?))
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
