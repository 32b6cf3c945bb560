//! Terminals for tests, load and demo that speak real JT/T 808 over TCP.
//!
//! ```text
//! seeds ─▶ Plan ─▶ Actor { Drive, Act } ─ report ─▶ Terminal ─ bytes ─▶ TCP ─▶ gateway
//!                                                      ▲ unacknowledged reports wait here
//! ```
//!
//! [`Terminal`] and [`Actor`] are pure: the same plan, seed and times give the same frames. [`Simulator`] runs them on
//! sockets. A report is kept until it is acknowledged and sent again after a reconnect; it is never dropped. The frames
//! are written here and not by `jt808`, so that a mistake in the codec is not mirrored by its own terminals; tests read
//! them with `jt808`. This crate does **not** measure rules: it only breaks them.

mod act;
mod actor;
mod chance;
mod command;
mod drive;
mod latency;
mod picture;
mod plan;
mod report;
mod seeds;
mod simulator;
mod terminal;
mod upload;
mod wire;

pub use act::{ACTS, Act, Deed, Section};
pub use actor::{Actor, Noise};
pub use command::{SimulateArgs, SimulateError, run_simulate};
pub use drive::Drive;
pub use latency::{Latency, Percentiles};
pub use plan::{LoadOptions, Plan};
pub use report::{Position, SafetyItem};
pub use seeds::{Road, Seeds, SeedsError};
pub use simulator::{Options, Report, Simulator};
pub use terminal::{Edition, Identity, Output, Terminal};
pub use upload::{Request, Upload};
