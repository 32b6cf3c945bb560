//! What the pipeline counts. Labels come from closed sets, never from a vehicle.

use fleet::{Alert, Notice};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use rules::Verdict;
use session::Refused;

pub(crate) struct Metrics {
    verdicts: IntCounterVec,
    refused: IntCounterVec,
    notices: IntCounterVec,
    alerts: IntCounterVec,
    pub latency: Histogram,
    pub lag_events: IntGauge,
    pub snapshots: IntCounter,
    pub store_failures: IntCounter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let latency = HistogramOpts::new(
            "roadwarden_frame_to_alert_seconds",
            "From the reception of the deciding frame to its alert standing in the ledger.",
        )
        .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0]);
        let metrics = Self {
            verdicts: IntCounterVec::new(
                Opts::new("roadwarden_observations_total", "Observations by what the rules made of them."),
                &["verdict"],
            )?,
            refused: IntCounterVec::new(
                Opts::new(
                    "roadwarden_frames_refused_total",
                    "Journaled frames that gave no observation, by reason.",
                ),
                &["reason"],
            )?,
            notices: IntCounterVec::new(
                Opts::new(
                    "roadwarden_notices_total",
                    "Readings of monitors, reopenings, sightings and the time itself, by what the rules made of them.",
                ),
                &["notice", "verdict"],
            )?,
            alerts: IntCounterVec::new(
                Opts::new("roadwarden_alerts_total", "New alert revisions by rule, severity and state."),
                &["rule", "severity", "state"],
            )?,
            latency: Histogram::with_opts(latency)?,
            lag_events: IntGauge::new(
                "roadwarden_engine_lag_events",
                "Journaled frames the rules have not seen yet.",
            )?,
            snapshots: IntCounter::new(
                "roadwarden_snapshots_total",
                "Snapshots of the engine state written.",
            )?,
            store_failures: IntCounter::new(
                "roadwarden_pipeline_store_failures_total",
                "Failed writes to ledger, history or snapshot; each is tried again.",
            )?,
        };
        registry.register(Box::new(metrics.verdicts.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.notices.clone()))?;
        registry.register(Box::new(metrics.alerts.clone()))?;
        registry.register(Box::new(metrics.latency.clone()))?;
        registry.register(Box::new(metrics.lag_events.clone()))?;
        registry.register(Box::new(metrics.snapshots.clone()))?;
        registry.register(Box::new(metrics.store_failures.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn judged(&self, verdict: Verdict) {
        self.verdicts.with_label_values(&[verdict.as_str()]).inc();
    }

    pub(crate) fn refused(&self, reason: &Refused) {
        self.refused.with_label_values(&[reason.as_str()]).inc();
    }

    pub(crate) fn noticed(&self, notice: &Notice, verdict: &str) {
        let kind = match notice {
            Notice::Displacement { .. } => "displacement",
            Notice::Reopen { .. } => "reopen",
            Notice::Sighting { .. } => "sighting",
            Notice::Time => "time",
        };
        self.notices.with_label_values(&[kind, verdict]).inc();
    }

    /// A record that is neither frame nor notice.
    pub(crate) fn unreadable(&self) {
        self.notices.with_label_values(&["unknown", "unreadable"]).inc();
    }

    pub(crate) fn alert(&self, alert: &Alert) {
        let labels = [alert.rule.as_str(), alert.severity.as_str(), alert.state.as_str()];
        self.alerts.with_label_values(&labels).inc();
    }
}
