//! The list of major dangers is kept by itself: patterns are looked for, and what is overdue is escalated.

use std::sync::Arc;
use std::time::Duration;

use ledger::{DangerThresholds, Ledger};
use settings::Dangers;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

/// How often overdue entries are looked for: one query on an index.
const ESCALATE_EVERY: Duration = Duration::from_secs(60);
/// Patterns are looked for in every so many of these rounds, once an hour: it reads months of alerts.
const ROUNDS_PER_SEARCH: u32 = 60;

/// Searches and escalates now and then, the first time at once.
pub fn watch(
    ledger: Ledger,
    settings: &Dangers,
    registry: watch::Receiver<Arc<fleet::Registry>>,
) -> JoinHandle<()> {
    let thresholds = (!settings.manual_only).then(|| thresholds(settings));
    tokio::spawn(async move {
        let mut every = interval(ESCALATE_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut round: u32 = 0;
        loop {
            every.tick().await;
            let searched = thresholds.clone().filter(|_| round.is_multiple_of(ROUNDS_PER_SEARCH));
            round = round.wrapping_add(1);
            let (ledger, registry) = (ledger.clone(), Arc::clone(&registry.borrow()));
            match spawn_blocking(move || once(&ledger, searched.as_ref(), &registry)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the list of major dangers cannot be kept"),
                Err(error) => tracing::error!(%error, "keeping the list of major dangers has failed"),
            }
        }
    })
}

fn once(
    ledger: &Ledger,
    thresholds: Option<&DangerThresholds>,
    registry: &fleet::Registry,
) -> Result<(), ledger::StoreError> {
    let now = clock::now();
    let escalated = ledger.escalate_dangers(now)?;
    if escalated > 0 {
        tracing::info!(escalated, "major dangers are overdue");
    }
    let Some(thresholds) = thresholds else { return Ok(()) };
    let division = |operator: &str| {
        registry.operator(operator).map(|operator| operator.division.to_string()).unwrap_or_default()
    };
    let found = ledger.find_dangers(thresholds, now, &division)?;
    if found.listed + found.extended > 0 {
        tracing::info!(listed = found.listed, extended = found.extended, "major dangers were found");
    }
    Ok(())
}

fn thresholds(settings: &Dangers) -> DangerThresholds {
    DangerThresholds {
        handling_percent_min: settings.handling_percent_min,
        handling_alerts_min: settings.handling_alerts_min,
        handling_grace: settings.handling_grace,
        window: settings.window,
        speeding_alerts: settings.speeding_alerts,
        slips: settings.slips,
        slip_after: settings.slip_after,
        unhandled_after: settings.unhandled_after,
    }
}
