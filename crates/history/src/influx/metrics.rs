//! What the sink measures.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Why lines were dropped, a label.
#[derive(Clone, Copy)]
pub(super) enum Dropped {
    Disk,
    Queue,
    Refused,
    Spool,
}

impl Dropped {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Queue => "queue",
            Self::Refused => "refused",
            Self::Spool => "spool",
        }
    }
}

#[derive(Clone)]
pub(super) struct Metrics {
    pub written: IntCounter,
    pub failures: IntCounter,
    pub dropped: IntCounterVec,
    spool_bytes: IntGauge,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            written: IntCounter::new(
                "roadwarden_influxdb_lines_written_total",
                "Positions and alerts that InfluxDB stored.",
            )?,
            failures: IntCounter::new(
                "roadwarden_influxdb_failures_total",
                "Requests to InfluxDB that failed and are sent again.",
            )?,
            dropped: IntCounterVec::new(
                Opts::new(
                    "roadwarden_influxdb_lines_dropped_total",
                    "Positions and alerts that InfluxDB will not get, by reason.",
                ),
                &["reason"],
            )?,
            spool_bytes: IntGauge::new(
                "roadwarden_influxdb_spool_bytes",
                "What waits on disk for InfluxDB.",
            )?,
        };
        registry.register(Box::new(metrics.written.clone()))?;
        registry.register(Box::new(metrics.failures.clone()))?;
        registry.register(Box::new(metrics.dropped.clone()))?;
        registry.register(Box::new(metrics.spool_bytes.clone()))?;
        Ok(metrics)
    }

    pub(super) fn count_dropped(&self, why: Dropped, lines: u64) {
        self.dropped.with_label_values(&[why.as_str()]).inc_by(lines);
    }

    pub(super) fn spool_bytes(&self, bytes: u64) {
        self.spool_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
