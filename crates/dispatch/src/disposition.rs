//! What departments send back: read strictly, done once, always answered.

use fleet::{AlertId, Department, EventTime, ReceiveTime};
use ledger::{ActError, Action, ActionKind, Handling, Ledger, Outcome, Reason, Via};
use serde::{Deserialize, Serialize};

/// A longer message is no disposition; a note of 2,000 characters fits three times.
const BYTES_MAX: usize = 16 * 1024;

/// Longest `request_id` and `by`, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Longest `note`, in characters, as on the console.
const NOTE_CHARS_MAX: usize = 2_000;

/// A message on `roadwarden/v1/dispositions/{department}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disposition {
    request_id: String,
    alert_id: AlertId,
    action: Kind,
    by: String,
    #[serde(default)]
    note: Option<String>,
    /// When the person did it, by the department's clock; the ledger keeps when we heard of it.
    #[serde(default, rename = "at")]
    _at: Option<EventTime>,
    #[serde(default)]
    result: Option<Outcome>,
    #[serde(default)]
    reason: Option<Reason>,
}

/// What a department may do.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Acknowledge,
    Close,
    Dispatch,
    FalseAlarm,
    Handle,
}

/// The answer on `roadwarden/v1/dispositions/{department}/results`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    request_id: Option<String>,
    alert_id: Option<AlertId>,
    ok: bool,
    problem: Option<String>,
    handling: Option<Handling>,
    #[serde(skip)]
    pub(crate) outcome: Verdict,
}

/// How a disposition ended, a label of the metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Done,
    Duplicate,
    Failed,
    Malformed,
    Refused,
}

impl Verdict {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Duplicate => "duplicate",
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
        }
    }
}

/// Does what a department asks; blocks on the ledger.
pub(crate) fn handle(ledger: &Ledger, department: Department, payload: &[u8], now: ReceiveTime) -> Answer {
    let disposition = match parse(payload) {
        Ok(disposition) => disposition,
        Err(problem) => return malformed(payload, problem),
    };
    let (outcome, handling) = match act(ledger, department, &disposition, now) {
        Ok(handling) => (Ok(Verdict::Done), Some(handling)),
        Err(ActError::Duplicate { handling }) => (Ok(Verdict::Duplicate), Some(*handling)),
        Err(ActError::Store(error)) => {
            tracing::error!(%error, "a disposition could not be stored");
            (Err((Verdict::Failed, "the service can't store it now, send it again".to_owned())), None)
        }
        Err(refused) => {
            (Err((Verdict::Refused, refused.to_string())), current(ledger, &refused, &disposition))
        }
    };
    Answer {
        request_id: Some(disposition.request_id),
        alert_id: Some(disposition.alert_id),
        ok: outcome.is_ok(),
        problem: outcome.as_ref().err().map(|(_, problem)| problem.clone()),
        handling,
        outcome: outcome.unwrap_or_else(|(verdict, _)| verdict),
    }
}

fn parse(payload: &[u8]) -> Result<Disposition, String> {
    if payload.len() > BYTES_MAX {
        return Err(format!("the message has {} bytes, expected at most {BYTES_MAX}", payload.len()));
    }
    // A list would be read as the values of the keys in order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err("the message is no JSON object".to_owned());
    }
    let disposition: Disposition = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    for (key, text) in [("request_id", &disposition.request_id), ("by", &disposition.by)] {
        if text.trim().is_empty() || text.len() > NAME_BYTES_MAX {
            return Err(format!("{key} has {} bytes, expected 1 to {NAME_BYTES_MAX}", text.len()));
        }
    }
    let chars = disposition.note.as_deref().map_or(0, |note| note.chars().count());
    if chars > NOTE_CHARS_MAX {
        return Err(format!("note has {chars} characters, expected at most {NOTE_CHARS_MAX}"));
    }
    Ok(disposition)
}

/// Names the request where it can still be read, so that its sender recognises the answer.
fn malformed(payload: &[u8], problem: String) -> Answer {
    let loose = (payload.len() <= BYTES_MAX)
        .then(|| serde_json::from_slice::<serde_json::Value>(payload).ok())
        .flatten()
        .unwrap_or_default();
    let text = |key: &str| loose.get(key).and_then(|value| value.as_str());
    Answer {
        request_id: text("request_id").filter(|id| id.len() <= NAME_BYTES_MAX).map(str::to_owned),
        alert_id: text("alert_id").and_then(AlertId::parse),
        ok: false,
        problem: Some(problem),
        handling: None,
        outcome: Verdict::Malformed,
    }
}

fn act(
    ledger: &Ledger,
    department: Department,
    disposition: &Disposition,
    now: ReceiveTime,
) -> Result<Handling, ActError> {
    let id = disposition.alert_id;
    // Another department's alert looks like none at all: whether it exists is not theirs to learn.
    let is_theirs = ledger.alert(id)?.is_some_and(|listed| listed.alert.departments.contains(&department));
    if !is_theirs {
        return Err(ActError::UnknownAlert(id));
    }
    let (kind, reason) = match disposition.action {
        Kind::Acknowledge => (ActionKind::Acknowledge, None),
        Kind::Close => (ActionKind::Close, None),
        Kind::Dispatch => (ActionKind::Dispatch, None),
        // The ledger asks for a reason, the message need not have one.
        Kind::FalseAlarm => (ActionKind::FalseAlarm, Some(disposition.reason.unwrap_or(Reason::Other))),
        Kind::Handle => (ActionKind::Handle, disposition.reason),
    };
    ledger.act(&Action {
        alert: id,
        kind,
        by: disposition.by.clone(),
        department: Some(department),
        via: Via::Mqtt,
        note: disposition.note.clone(),
        result: disposition.result,
        reason,
        assignee: None,
        until: None,
        expected_version: None,
        // Departments number their requests on their own.
        request_id: Some(format!("mqtt/{department}/{}", disposition.request_id)),
        at: now,
    })
}

/// As things stand, so that a department that was refused need not ask.
fn current(ledger: &Ledger, refused: &ActError, disposition: &Disposition) -> Option<Handling> {
    match refused {
        ActError::UnknownAlert(_) => None,
        ActError::AppealPending
        | ActError::Duplicate { .. }
        | ActError::Missing { .. }
        | ActError::NoAppeal
        | ActError::NotAllowed { .. }
        | ActError::Stale { .. }
        | ActError::Store(_) => {
            ledger.alert(disposition.alert_id).ok().flatten().map(|listed| listed.handling)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_none_says_what_was_expected() {
        let id = "6d3c0e0e-5d5c-5c0b-9c57-2f4f7a0b1c2d";
        let message = |action: &str, by: &str, more: &str| {
            format!(r#"{{"request_id":"r1","alert_id":"{id}","action":"{action}","by":"{by}"{more}}}"#)
        };
        let problem = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert!(
            parse(message("close", "wang", r#","note":"ok","at":"2026-01-01T08:00:00+08:00""#).as_bytes())
                .is_ok()
        );
        assert_eq!(
            problem(&message("erase", "wang", "")),
            "unknown variant `erase`, expected one of `acknowledge`, `close`, `dispatch`, `false-alarm`, `handle` at line 1 column 85"
        );
        assert_eq!(problem(&message("close", "", "")), "by has 0 bytes, expected 1 to 128");
        assert!(
            problem(&message("close", "wang", r#","x":1"#)).starts_with("unknown field `x`, expected one of")
        );
        assert_eq!(
            problem(&message("close", "wang", &format!(r#","note":"{}""#, "好".repeat(2_001)))),
            "note has 2001 characters, expected at most 2000"
        );
        assert_eq!(problem(&" ".repeat(20_000)), "the message has 20000 bytes, expected at most 16384");
        assert_eq!(problem("[]"), "the message is no JSON object");
        assert_eq!(problem("{}"), "missing field `request_id` at line 1 column 2");
    }

    #[test]
    fn the_answer_to_a_malformed_one_names_its_request() {
        let answer = malformed(br#"{"request_id":"r7","alert_id":3}"#, "…".to_owned());
        assert_eq!(answer.request_id.as_deref(), Some("r7"));
        assert_eq!((answer.alert_id, answer.ok, answer.outcome), (None, false, Verdict::Malformed));
        assert_eq!(malformed(b"\xff\x00", "…".to_owned()).request_id, None);
    }
}
