//! What departments say they have: read strictly, kept once; who says nothing wrong gets no answer.

use fleet::{AlertId, Department};
use ledger::{Receipt, Receiving};
use serde::{Deserialize, Serialize};

/// A longer message is none; as many entries as there may be fit twice.
const BYTES_MAX: usize = 16 * 1024;

/// Entries of one message: what a consumer takes in at a time, and little enough that one message holds nobody up.
const ENTRIES_MAX: usize = 100;

/// A message on `roadwarden/v1/receipts/{department}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    alerts: Vec<Entry>,
}

/// A revision that a department has, and all before it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    alert_id: AlertId,
    revision: u32,
}

/// On `roadwarden/v1/receipts/{department}/results`, where something was wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    ok: bool,
    problem: String,
    unknown: Vec<Entry>,
}

/// How a receipt ended, a label of the metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Known,
    Malformed,
    New,
    Unknown,
}

impl Outcome {
    pub(crate) const ALL: [Self; 4] = [Self::Known, Self::Malformed, Self::New, Self::Unknown];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Malformed => "malformed",
            Self::New => "new",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Receiving> for Outcome {
    fn from(receiving: Receiving) -> Self {
        match receiving {
            Receiving::Known => Self::Known,
            Receiving::New => Self::New,
            Receiving::Unknown => Self::Unknown,
        }
    }
}

/// What a department says it has, or the answer to what can't be read.
pub(crate) fn parse(department: Department, payload: &[u8]) -> Result<Vec<Receipt>, Answer> {
    let wrong = |problem: String| Answer { ok: false, problem, unknown: Vec::new() };
    let message = read(payload).map_err(wrong)?;
    Ok(message
        .alerts
        .into_iter()
        .map(|Entry { alert_id, revision }| Receipt { department, alert: alert_id, revision })
        .collect())
}

/// The answer to what was read; `None` where nothing is wrong.
pub(crate) fn answer(receipts: &[Receipt], became: &[Receiving]) -> Option<Answer> {
    let unknown: Vec<Entry> = receipts
        .iter()
        .zip(became)
        .filter(|(_, became)| **became == Receiving::Unknown)
        .map(|(receipt, _)| Entry { alert_id: receipt.alert, revision: receipt.revision })
        .collect();
    // Another department's alert looks like none at all: whether it exists is not theirs to learn.
    let problem = format!("{} of {} revisions of alerts are unknown", unknown.len(), receipts.len());
    (!unknown.is_empty()).then_some(Answer { ok: false, problem, unknown })
}

fn read(payload: &[u8]) -> Result<Message, String> {
    if payload.len() > BYTES_MAX {
        return Err(format!("the message has {} bytes, expected at most {BYTES_MAX}", payload.len()));
    }
    // A list would be read as the values of the keys in order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err("the message is no JSON object".to_owned());
    }
    let message: Message = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let count = message.alerts.len();
    if count == 0 || count > ENTRIES_MAX {
        return Err(format!("alerts has {count} entries, expected 1 to {ENTRIES_MAX}"));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_none_says_what_was_expected() {
        let entry = r#"{"alert_id":"6d3c0e0e-5d5c-5c0b-9c57-2f4f7a0b1c2d","revision":3}"#;
        let of = |count: usize| format!(r#"{{"alerts":[{}]}}"#, vec![entry; count].join(","));
        let read = |text: &str| parse(Department::Police, text.as_bytes());
        assert_eq!(read(&of(100)).unwrap().len(), 100);
        assert_eq!(read(&of(1)).unwrap()[0].revision, 3);
        for (text, problem) in [
            (of(0), "alerts has 0 entries, expected 1 to 100"),
            (of(101), "alerts has 101 entries, expected 1 to 100"),
            ("[]".to_owned(), "the message is no JSON object"),
            ("{}".to_owned(), "missing field `alerts` at line 1 column 2"),
            (
                format!(r#"{{"alerts":[{entry}],"x":1}}"#),
                "unknown field `x`, expected `alerts` at line 1 column 80",
            ),
            (
                r#"{"alerts":[{"alert_id":"6d3c0e0e-5d5c-5c0b-9c57-2f4f7a0b1c2d","revision":-1}]}"#
                    .to_owned(),
                "invalid value: integer `-1`, expected u32 at line 1 column 75",
            ),
            (" ".repeat(20_000), "the message has 20000 bytes, expected at most 16384"),
        ] {
            assert_eq!(read(&text).unwrap_err().problem, problem, "{text}");
        }
    }

    #[test]
    fn only_what_is_wrong_is_answered() {
        let id = AlertId::parse("6d3c0e0e-5d5c-5c0b-9c57-2f4f7a0b1c2d").unwrap();
        let receipt = |revision| Receipt { department: Department::Police, alert: id, revision };
        let receipts = [receipt(1), receipt(2), receipt(3)];
        assert!(answer(&receipts, &[Receiving::New, Receiving::Known, Receiving::New]).is_none());
        let answer = answer(&receipts, &[Receiving::New, Receiving::Known, Receiving::Unknown]).unwrap();
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"ok":false,"problem":"1 of 3 revisions of alerts are unknown","unknown":[{"alert_id":"6d3c0e0e-5d5c-5c0b-9c57-2f4f7a0b1c2d","revision":3}]}"#
        );
    }
}
