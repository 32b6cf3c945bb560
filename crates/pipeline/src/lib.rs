//! From the journal to alerts: reads it in order, feeds the engine shards, writes ledger, history and outbox.

mod live;

pub use live::{Live, LiveEvent, LiveVehicle};
