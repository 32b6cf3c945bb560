//! The fault rig: breaks the real binary from outside, and holds what it acknowledged against what it can still show.
//!
//! ```text
//! mode ─ starts, kills, starves, cuts ─▶ roadwarden ◀─ JT/T 808 ─ sessions ─▶ ledger: sent, acknowledged
//!                                            └─ HTTP interface ─▶ audit ─ compares ─┘─▶ one line of JSON, exit code
//! ```
//!
//! The contract: an acknowledgement that came over a socket is in the ledger, whatever became of the service after it;
//! each of them must be found in the track the HTTP interface gives, once and as it was sent, and nothing else may be
//! there. No counter of the product is asked. Every mode is bounded in count and time, speaks on loopback or in
//! namespaces of its own, ends with one line of JSON, and fails where a promise is broken. `--plant` breaks the rig's own
//! view, or the disk under the service, on purpose: a mode that passes with a plant is worth nothing.
//!
//! It knows nothing of how the service is built and reads none of its files, except to damage them.

mod alerts;
mod api;
#[path = "../../gateway/tests/attack/mod.rs"]
mod attack;
mod audit;
mod broker;
mod chance;
mod ledger;
mod link;
mod load;
pub mod mode;
mod mount;
mod outside;
mod plant;
mod proc;
mod relay;
mod report;
mod service;
mod session;
mod shim;
mod site;
mod subscriber;
mod tools;
mod verdict;

pub use crate::plant::Plant;
pub use crate::service::Binary;
pub use crate::verdict::Verdict;
