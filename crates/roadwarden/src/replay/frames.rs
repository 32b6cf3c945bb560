//! A line of a recording: a frame, `{"at": "2026-01-01T08:00:00+08:00", "hex": "7e…7e"}`, or something no terminal
//! sent, `{"at": "…", "notice": {"notice": "reopen", …}}`.

use anyhow::{Context, Result, bail};
use fleet::{Notice, ReceiveTime};
use serde::Deserialize;

use crate::hex;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    at: ReceiveTime,
    #[serde(borrow, default)]
    hex: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    notice: Option<Notice>,
}

/// What a line brings.
#[derive(Debug, PartialEq)]
pub enum Recorded {
    /// A frame's bytes.
    Frame(Vec<u8>),
    /// What no terminal sent.
    Notice(Notice),
}

const EXPECTED: &str = "expected {\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7e…7e\"}";

/// When it was received, and what.
pub fn parse(line: &str) -> Result<(ReceiveTime, Recorded)> {
    let line: Line = serde_json::from_str(line).context(EXPECTED)?;
    match (line.hex, line.notice) {
        (Some(hex), None) => Ok((line.at, Recorded::Frame(hex::parse(&hex)?))),
        (None, Some(notice)) => Ok((line.at, Recorded::Notice(notice))),
        (Some(_), Some(_)) | (None, None) => bail!("{EXPECTED}, or \"notice\" in the place of \"hex\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_time_and_hex() {
        let (at, frame) = parse(r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7e 00 7E"}"#).unwrap();
        assert_eq!(at.to_string(), "2026-01-01T08:00:00+08:00");
        assert_eq!(frame, Recorded::Frame(vec![0x7e, 0, 0x7e]));
        let notice = r#"{"at": "2026-01-01T08:00:00+08:00", "notice": {"notice": "reopen", "structure": "b1", "at": "2026-01-01T07:59:59+08:00", "by": "duty"}}"#;
        let (_, notice) = parse(notice).unwrap();
        assert!(matches!(notice, Recorded::Notice(Notice::Reopen { structure, .. }) if structure == "b1"));
        for (line, expected) in [
            (r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7e0"}"#, "an odd number of hex digits (3)"),
            (r#"{"at": "2026-01-01T08:00:00+08:00", "hex": "7x"}"#, "\"7x\" are no hex digits"),
            (
                r#"{"at": "2026-01-01T08:00:00+08:00"}"#,
                "expected {\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7e…7e\"}, or \"notice\" in the place of \"hex\"",
            ),
            (
                r#"{"at": "today", "hex": ""}"#,
                "expected {\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7e…7e\"}",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), expected);
        }
    }
}
