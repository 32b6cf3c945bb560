//! The small messages that are not in the outbox.

use std::collections::BTreeMap;

use fleet::{Department, Division, ReceiveTime, Severity};
use ledger::{Ledger, StoreError, Waiting};
use serde::Serialize;

use crate::caps::Holding;

/// Retained on the status topic while we are connected.
pub(crate) const ONLINE: &[u8] = br#"{"state":"online"}"#;

/// Retained there by the last will, and before an orderly stop.
pub(crate) const OFFLINE: &[u8] = br#"{"state":"offline"}"#;

/// A department's dead-man's switch.
#[derive(Debug, Serialize)]
struct Heartbeat {
    at: ReceiveTime,
    /// From 1 at each start of the service.
    seq: u64,
    open: BTreeMap<&'static str, u64>,
}

/// One heartbeat for each department; blocks on the ledger. Every severity is named, also where nothing is open.
pub(crate) fn heartbeats(
    ledger: &Ledger,
    at: ReceiveTime,
    seq: u64,
) -> Result<Vec<(Department, Vec<u8>)>, StoreError> {
    let one = |department: &Department| {
        let counts = ledger.open_counts(*department)?;
        let open = Severity::ALL
            .iter()
            .map(|severity| (severity.as_str(), counts.get(severity).copied().unwrap_or_default()))
            .collect();
        Ok((*department, serde_json::to_vec(&Heartbeat { at, seq, open })?))
    };
    Department::ALL.iter().map(one).collect()
}

/// What waits for a department that takes so many messages a second.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    at: ReceiveTime,
    /// Messages a second it takes.
    messages_per_second: u32,
    /// Messages that went to it since the last summary.
    sent: u64,
    /// Messages that wait, those on their way included; 0 where none has to any more.
    waiting: u64,
    /// Of these the critical ones.
    urgent: u64,
    /// When the oldest was put in.
    since: Option<ReceiveTime>,
    /// The most frequent kinds, most first.
    kinds: Vec<Kind<'a>>,
    /// What waits and is of none of these kinds.
    others: u64,
}

#[derive(Debug, Serialize)]
struct Kind<'a> {
    rule: &'a str,
    division: Division,
    count: u64,
}

/// The message of one.
pub(crate) fn summary(
    at: ReceiveTime,
    holding: &Holding,
    waiting: &Waiting,
) -> Result<Vec<u8>, serde_json::Error> {
    let kinds = waiting.kinds.iter();
    let kinds: Vec<_> = kinds
        .map(|(rule, division, count)| Kind { rule: rule.as_str(), division: *division, count: *count })
        .collect();
    let named: u64 = kinds.iter().map(|kind| kind.count).sum();
    serde_json::to_vec(&Summary {
        at,
        messages_per_second: holding.rate,
        sent: holding.sent,
        waiting: waiting.messages,
        urgent: waiting.urgent,
        since: waiting.since,
        kinds,
        others: waiting.messages.saturating_sub(named),
    })
}
