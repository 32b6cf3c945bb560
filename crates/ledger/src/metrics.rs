//! What the ledger measures.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::CommandState;

pub(crate) struct Metrics {
    pub write_failures: IntCounter,
    pub outbox_depth: IntGauge,
    commands: IntGaugeVec,
    commands_ended: IntCounterVec,
}

impl Metrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            write_failures: IntCounter::new(
                "roadwarden_store_write_failures_total",
                "Ledger transactions that failed.",
            )?,
            outbox_depth: IntGauge::new("roadwarden_outbox_depth", "Messages not yet published.")?,
            commands: IntGaugeVec::new(
                Opts::new("roadwarden_commands", "Commands to terminals that have not ended, by state."),
                &["state"],
            )?,
            commands_ended: IntCounterVec::new(
                Opts::new("roadwarden_commands_ended_total", "Commands to terminals that ended, by how."),
                &["state"],
            )?,
        };
        // Every label is there from the start: a rate begins at 0.
        for state in CommandState::ALL {
            if state.is_end() {
                metrics.commands_ended.with_label_values(&[state.as_str()]);
            } else {
                metrics.commands.with_label_values(&[state.as_str()]);
            }
        }
        registry.register(Box::new(metrics.write_failures.clone()))?;
        registry.register(Box::new(metrics.outbox_depth.clone()))?;
        registry.register(Box::new(metrics.commands.clone()))?;
        registry.register(Box::new(metrics.commands_ended.clone()))?;
        Ok(metrics)
    }

    /// What an earlier run left.
    pub fn count_open_commands(&self, counts: &[(String, i64)]) {
        for (state, count) in counts {
            self.commands.with_label_values(&[state.as_str()]).set(*count);
        }
    }

    /// Commands that have not ended.
    pub fn commands_open(&self) -> i64 {
        let open = CommandState::ALL.iter().filter(|state| !state.is_end());
        open.map(|state| self.commands.with_label_values(&[state.as_str()]).get()).sum()
    }

    pub fn command_moved(&self, from: Option<CommandState>, to: CommandState) {
        if let Some(from) = from {
            self.commands.with_label_values(&[from.as_str()]).dec();
        }
        if to.is_end() {
            self.commands_ended.with_label_values(&[to.as_str()]).inc();
        } else {
            self.commands.with_label_values(&[to.as_str()]).inc();
        }
    }
}
