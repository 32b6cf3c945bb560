//! What the gateway counts. Labels come from closed enums, never from a terminal.

use fleet::Threat;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use session::{Counts, Rejected};

#[derive(Debug)]
pub(crate) struct Metrics {
    pub terminals: IntGauge,
    pub connections: IntGauge,
    received: IntCounter,
    acknowledged: IntCounter,
    /// In the order of [`Rejected::ALL`].
    rejected: Vec<IntCounter>,
    closed: IntCounterVec,
    /// In the order of [`Threat::ALL`].
    suspicious: Vec<IntCounter>,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let rejected = IntCounterVec::new(
            Opts::new("roadwarden_frames_rejected_total", "Frames that were not taken, by reason."),
            &["reason"],
        )?;
        let suspicious = IntCounterVec::new(
            Opts::new(
                "roadwarden_security_events_total",
                "Messages that may come from somebody else, by kind.",
            ),
            &["kind"],
        )?;
        let metrics = Self {
            terminals: IntGauge::new("roadwarden_terminals_connected", "Terminals connected.")?,
            connections: IntGauge::new("roadwarden_connections", "TCP connections open.")?,
            received: IntCounter::new("roadwarden_frames_received_total", "Frames received, good and bad.")?,
            acknowledged: IntCounter::new(
                "roadwarden_frames_acknowledged_total",
                "Reports acknowledged after they were durable.",
            )?,
            rejected: Rejected::ALL.iter().map(|why| rejected.with_label_values(&[why.as_str()])).collect(),
            closed: IntCounterVec::new(
                Opts::new("roadwarden_connections_closed_total", "Connections that ended, by reason."),
                &["reason"],
            )?,
            suspicious: Threat::ALL
                .iter()
                .map(|threat| suspicious.with_label_values(&[threat.as_str()]))
                .collect(),
        };
        registry.register(Box::new(rejected))?;
        registry.register(Box::new(suspicious))?;
        for gauge in [&metrics.terminals, &metrics.connections] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for counter in [&metrics.received, &metrics.acknowledged] {
            registry.register(Box::new(counter.clone()))?;
        }
        registry.register(Box::new(metrics.closed.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn count(&self, counts: &Counts) {
        for (counter, by) in [(&self.received, counts.received), (&self.acknowledged, counts.acknowledged)] {
            if by > 0 {
                counter.inc_by(by);
            }
        }
        for (counter, by) in self.rejected.iter().zip(counts.rejected) {
            if by > 0 {
                counter.inc_by(by);
            }
        }
    }

    pub(crate) fn suspicious(&self, threat: Threat) {
        if let Some(counter) = self.suspicious.get(threat as usize) {
            counter.inc();
        }
    }

    pub(crate) fn closed(&self, reason: &str) {
        self.closed.with_label_values(&[reason]).inc();
    }
}
