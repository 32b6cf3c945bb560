//! What the journal measures.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

pub(crate) struct Metrics {
    pub append_seconds: Histogram,
    pub sync_seconds: Histogram,
    pub bytes: IntCounter,
    pub records: IntCounter,
    pub failed: IntGauge,
    pub suspended: IntGauge,
    pub damaged: IntCounter,
}

impl Metrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let buckets = || prometheus::exponential_buckets(0.000_01, 4.0, 10);
        let metrics = Self {
            append_seconds: Histogram::with_opts(
                HistogramOpts::new("roadwarden_journal_append_seconds", "Time until records were taken.")
                    .buckets(buckets()?),
            )?,
            sync_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "roadwarden_journal_sync_seconds",
                    "Time of a group commit with its sync.",
                )
                .buckets(buckets()?),
            )?,
            bytes: IntCounter::new("roadwarden_journal_bytes_total", "Bytes committed.")?,
            records: IntCounter::new("roadwarden_journal_records_total", "Frames committed.")?,
            failed: IntGauge::new("roadwarden_journal_failed", "1 after a failed write: nothing is taken.")?,
            suspended: IntGauge::new(
                "roadwarden_journal_suspended",
                "1 while the disk is full: nothing is stored or acknowledged.",
            )?,
            damaged: IntCounter::new(
                "roadwarden_journal_damaged_records_total",
                "Stored records that could not be read and were passed over.",
            )?,
        };
        registry.register(Box::new(metrics.append_seconds.clone()))?;
        registry.register(Box::new(metrics.sync_seconds.clone()))?;
        registry.register(Box::new(metrics.bytes.clone()))?;
        registry.register(Box::new(metrics.records.clone()))?;
        registry.register(Box::new(metrics.failed.clone()))?;
        registry.register(Box::new(metrics.suspended.clone()))?;
        registry.register(Box::new(metrics.damaged.clone()))?;
        Ok(metrics)
    }
}
