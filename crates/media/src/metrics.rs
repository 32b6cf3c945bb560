//! What the store counts. Labels come from closed enums, never from a terminal.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::Refused;

pub(crate) struct Metrics {
    pub completed: IntCounter,
    pub bytes: IntGauge,
    refused: IntCounterVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            completed: IntCounter::new(
                "roadwarden_media_completed_total",
                "Files of evidence that are whole and on disk.",
            )?,
            bytes: IntGauge::new("roadwarden_media_bytes", "Bytes of files of evidence on disk.")?,
            refused: IntCounterVec::new(
                Opts::new("roadwarden_media_refused_total", "Files or data that were not taken, by reason."),
                &["reason"],
            )?,
        };
        for why in Refused::ALL {
            metrics.refused.with_label_values(&[why.as_str()]);
        }
        registry.register(Box::new(metrics.completed.clone()))?;
        registry.register(Box::new(metrics.bytes.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn refuse(&self, why: Refused) {
        self.refused.with_label_values(&[why.as_str()]).inc();
    }
}
