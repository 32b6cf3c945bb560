//! What dispatch measures. The outbox's depth is the ledger's own metric.

use fleet::Department;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::disposition::Verdict;
use crate::reading::Outcome;
use crate::receipt;

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
    held: IntGaugeVec,
    pub receipts: Receipts,
}

const POSITIONS_DROPPED: (&str, &str) =
    ("roadwarden_mqtt_positions_dropped_total", "Positions dropped because the broker was away or slow.");

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
            positions_dropped: counter(POSITIONS_DROPPED.0, POSITIONS_DROPPED.1)?,
            held: register(registry, held()?)?,
            receipts: Receipts::register(registry)?,
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

    pub(crate) fn set_held(&self, department: Department, messages: u64) {
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        self.held.with_label_values(&[department.as_str()]).set(messages);
    }
}

fn held() -> Result<IntGaugeVec, prometheus::Error> {
    let help = "Messages that wait because a department takes no more a second; as last summed up.";
    IntGaugeVec::new(Opts::new("roadwarden_mqtt_held", help), &["department"])
}

/// What departments say they have.
#[derive(Clone)]
pub(crate) struct Receipts {
    pub came: IntCounterVec,
    pub waiting: IntGaugeVec,
    pub oldest: GaugeVec,
    pub resent: IntCounterVec,
}

impl Receipts {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let came = Opts::new(
            "roadwarden_receipts_total",
            "Receipts of departments for alerts, by outcome; messages where they can't be read.",
        );
        let waiting = Opts::new(
            "roadwarden_receipts_waiting",
            "Alerts a department owes a receipt for; not of those that owe none.",
        );
        let oldest = Opts::new(
            "roadwarden_receipts_oldest_seconds",
            "How long the oldest alert has waited for a department's receipt; 0 where none does.",
        );
        let resent = Opts::new(
            "roadwarden_receipts_resent_total",
            "Alerts sent again because a department gave no receipt.",
        );
        let metrics = Self {
            came: register(registry, IntCounterVec::new(came, &["outcome"])?)?,
            waiting: register(registry, IntGaugeVec::new(waiting, &["department"])?)?,
            oldest: register(registry, GaugeVec::new(oldest, &["department"])?)?,
            resent: register(registry, IntCounterVec::new(resent, &["department"])?)?,
        };
        for outcome in receipt::Outcome::ALL {
            metrics.came.with_label_values(&[outcome.as_str()]);
        }
        for department in Department::ALL {
            metrics.resent.with_label_values(&[department.as_str()]);
        }
        Ok(metrics)
    }

    /// How many wait, and for how many seconds the oldest does.
    pub(crate) fn set_waiting(&self, department: Department, count: u64, age_s: f64) {
        self.waiting.with_label_values(&[department.as_str()]).set(count.cast_signed());
        self.oldest.with_label_values(&[department.as_str()]).set(age_s);
    }

    /// Takes a department out that owes no receipts: a zero would say that it has given them all.
    pub(crate) fn owes_none(&self, department: Department) {
        // The only error is that it is not there.
        let _ = self.waiting.remove_label_values(&[department.as_str()]);
        let _ = self.oldest.remove_label_values(&[department.as_str()]);
    }
}

fn register<M: Clone + prometheus::core::Collector + 'static>(
    registry: &Registry,
    metric: M,
) -> Result<M, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
