//! Readings of bridge and tunnel monitors: read strictly, in the journal before they are acknowledged.

use fleet::{EventTime, Notice};
use serde::Deserialize;

/// A longer message is no reading.
const BYTES_MAX: usize = 4 * 1024;

/// Longest id of a structure, in bytes.
const ID_BYTES_MAX: usize = 128;

/// A message on `roadwarden/v1/structures/{id}/displacement`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    at: EventTime,
    displacement_mm: f64,
    #[serde(default)]
    level: Option<u8>,
}

/// How a reading ended, a label of the metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Failed,
    Kept,
    Malformed,
}

impl Outcome {
    pub(crate) const ALL: [Self; 3] = [Self::Failed, Self::Kept, Self::Malformed];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Kept => "kept",
            Self::Malformed => "malformed",
        }
    }
}

/// What it says, or what is wrong with it. Whether it can be true is for the rules to say.
pub(crate) fn parse(structure: &str, payload: &[u8]) -> Result<Notice, String> {
    if structure.is_empty() || structure.len() > ID_BYTES_MAX {
        return Err(format!("the id has {} bytes, expected 1 to {ID_BYTES_MAX}", structure.len()));
    }
    if payload.len() > BYTES_MAX {
        return Err(format!("the message has {} bytes, expected at most {BYTES_MAX}", payload.len()));
    }
    // A list would be read as the values of the keys in order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err("the message is no JSON object".to_owned());
    }
    let reading: Reading = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    Ok(Notice::Displacement {
        structure: structure.to_owned(),
        at: reading.at,
        displacement_mm: reading.displacement_mm,
        level: reading.level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_none_says_what_was_expected() {
        let at = r#""at":"2026-01-01T08:00:00+08:00""#;
        let read = |text: &str| parse("bridge", text.as_bytes());
        let Ok(Notice::Displacement { structure, displacement_mm, level, .. }) =
            read(&format!(r#"{{{at},"displacement_mm":12.5,"level":1}}"#))
        else {
            panic!("it is a reading");
        };
        assert_eq!((structure.as_str(), displacement_mm, level), ("bridge", 12.5, Some(1)));
        assert!(read(&format!(r#"{{{at},"displacement_mm":-3,"level":null}}"#)).is_ok());
        for (text, problem) in [
            ("12.5".to_owned(), "the message is no JSON object"),
            ("[]".to_owned(), "the message is no JSON object"),
            ("{}".to_owned(), "missing field `at` at line 1 column 2"),
            (
                format!(r#"{{{at},"displacement_mm":"x"}}"#),
                "invalid type: string \"x\", expected f64 at line 1 column 55",
            ),
            (
                format!(r#"{{{at},"displacement_mm":1,"levle":2}}"#),
                "unknown field `levle`, expected one of `at`, `displacement_mm`, `level` at line 1 column 61",
            ),
            (
                format!(r#"{{{at},"displacement_mm":1,"level":300}}"#),
                "invalid value: integer `300`, expected u8 at line 1 column 65",
            ),
            (" ".repeat(5_000), "the message has 5000 bytes, expected at most 4096"),
        ] {
            assert_eq!(read(&text).unwrap_err(), problem, "{text}");
        }
        assert_eq!(parse(&"x".repeat(200), b"{}").unwrap_err(), "the id has 200 bytes, expected 1 to 128");
    }
}
