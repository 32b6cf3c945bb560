//! What the ledger measures.

use prometheus::{IntCounter, IntGauge, Registry};

pub(crate) struct Metrics {
    pub write_failures: IntCounter,
    pub outbox_depth: IntGauge,
}

impl Metrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            write_failures: IntCounter::new(
                "roadwarden_store_write_failures_total",
                "Ledger transactions that failed.",
            )?,
            outbox_depth: IntGauge::new("roadwarden_outbox_depth", "Messages not yet published.")?,
        };
        registry.register(Box::new(metrics.write_failures.clone()))?;
        registry.register(Box::new(metrics.outbox_depth.clone()))?;
        Ok(metrics)
    }
}
