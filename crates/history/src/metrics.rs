//! What the history measures.

use prometheus::{IntCounter, Registry};

pub(crate) struct Metrics {
    pub fixes: IntCounter,
    pub dropped: IntCounter,
    pub write_failures: IntCounter,
}

impl Metrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            fixes: IntCounter::new("roadwarden_history_positions_total", "Positions written.")?,
            dropped: IntCounter::new(
                "roadwarden_history_positions_dropped_total",
                "Positions dropped because memory was full and the disk refused.",
            )?,
            write_failures: IntCounter::new(
                "roadwarden_history_write_failures_total",
                "History transactions that failed.",
            )?,
        };
        for counter in [&metrics.fixes, &metrics.dropped, &metrics.write_failures] {
            registry.register(Box::new(counter.clone()))?;
        }
        Ok(metrics)
    }
}
