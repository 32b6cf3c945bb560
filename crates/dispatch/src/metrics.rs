//! What dispatch measures. The outbox's depth is the ledger's own metric.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::disposition::Verdict;
use crate::reading::Outcome;

#[derive(Clone)]
pub(crate) struct Metrics {
    pub outbox_age: Gauge,
    pub published: IntCounterVec,
    pub failures: IntCounterVec,
    pub reconnects: IntCounter,
    pub republished: IntCounter,
    pub connected: IntGauge,
    pub dispositions: IntCounterVec,
    pub readings: IntCounterVec,
    pub positions: IntCounter,
    pub positions_dropped: IntCounter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| register(registry, IntCounter::new(name, help)?);
        let labelled = |name: &str, help: &str, label: &str| {
            register(registry, IntCounterVec::new(Opts::new(name, help), &[label])?)
        };
        let metrics = Self {
            outbox_age: register(
                registry,
                Gauge::new(
                    "roadwarden_outbox_oldest_seconds",
                    "Age of the oldest message not yet published.",
                )?,
            )?,
            published: labelled(
                "roadwarden_mqtt_published_total",
                "Messages of the outbox that the broker acknowledged, by kind.",
                "kind",
            )?,
            failures: labelled(
                "roadwarden_mqtt_publish_failures_total",
                "Times publishing stopped, by reason.",
                "reason",
            )?,
            reconnects: counter(
                "roadwarden_mqtt_reconnects_total",
                "Connections to the broker after the first.",
            )?,
            republished: counter(
                "roadwarden_mqtt_republished_total",
                "Messages published again because the broker may have lost them.",
            )?,
            connected: register(
                registry,
                IntGauge::new("roadwarden_mqtt_connected", "1 while the broker is connected.")?,
            )?,
            dispositions: labelled(
                "roadwarden_mqtt_dispositions_total",
                "Dispositions of departments, by outcome.",
                "outcome",
            )?,
            readings: labelled(
                "roadwarden_mqtt_readings_total",
                "Readings of bridge and tunnel monitors, by outcome.",
                "outcome",
            )?,
            positions: counter("roadwarden_mqtt_positions_total", "Positions handed to the broker.")?,
            positions_dropped: counter(
                "roadwarden_mqtt_positions_dropped_total",
                "Positions dropped because the broker was away or slow.",
            )?,
        };
        for verdict in
            [Verdict::Done, Verdict::Duplicate, Verdict::Failed, Verdict::Malformed, Verdict::Refused]
        {
            metrics.dispositions.with_label_values(&[verdict.as_str()]);
        }
        for outcome in Outcome::ALL {
            metrics.readings.with_label_values(&[outcome.as_str()]);
        }
        Ok(metrics)
    }
}

fn register<M: Clone + prometheus::core::Collector + 'static>(
    registry: &Registry,
    metric: M,
) -> Result<M, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
