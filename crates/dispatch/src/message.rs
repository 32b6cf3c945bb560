//! The small messages that are not in the outbox.

use std::collections::BTreeMap;

use fleet::{Department, ReceiveTime, Severity};
use ledger::{Ledger, StoreError};
use serde::Serialize;

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
