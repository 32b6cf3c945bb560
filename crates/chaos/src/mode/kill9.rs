//! `kill -9` at any moment under load: nothing acknowledged is lost, nothing is made up, it comes up again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::audit::{Span, compare};
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// How long it may take to be ready; the time itself is measured, not judged.
const READY_MAX: Duration = Duration::from_secs(120);

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often it is killed
    #[arg(long, default_value_t = 300)]
    pub cycles: u32,
    /// Reports a second
    #[arg(long, default_value_t = 5_000)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 500)]
    pub terminals: usize,
    /// Longest time under load before a kill, ms
    #[arg(long, default_value_t = 2_000)]
    pub life_ms: u64,
    /// `pipeline.snapshot_every`
    #[arg(long, default_value = "5m")]
    pub snapshot_every: String,
}

/// Kills, starts, compares, so many times.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("kill9");
    let more = format!("[pipeline]\nsnapshot_every = \"{}\"\n", options.snapshot_every);
    let setup = Setup { terminals: options.terminals, more, ..Setup::default() };
    let site = Site::new("kill9", &setup, &rig.binary)?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let mut chance = Chance::new(rig.seed);
    let mut ready_ms = Vec::new();
    let mut refused = 0;
    for cycle in 0..options.cycles {
        let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
        let load = Load::start(&ledger, service.gateway, &rig.rate(0..options.terminals, options.rate));
        // Some are killed while terminals sign in, most while they report.
        let life = if cycle % 10 == 9 { chance.below(50) } else { chance.below(options.life_ms) };
        sleep(Duration::from_millis(life)).await;
        let place = format!("cycle {cycle}");
        service.check_log(&place, &mut verdict);
        service.kill().await?;
        let total = load.join().await;
        refused += total.tally.refused;
        if total.tally.strange > 0 {
            verdict.broken(format!("{place}: {} acknowledgements of nothing", total.tally.strange));
        }
        // Every tenth time the tracks are compared; between, it is killed again while it still catches up.
        if cycle % 10 == 4 || cycle + 1 == options.cycles {
            let ready = look(&ledger, &site, rig, Span::New, &place, &mut verdict).await?;
            ready_ms.push(u64::try_from(ready.as_millis())?);
        }
        if cycle % 10 == 4 {
            let told = format!("{place}: {} sent, {} acknowledged", ledger.sent(), ledger.acknowledged());
            verdict.progress(format!("{told}, ready after {:?} ms", ready_ms.last()));
        }
    }
    look(&ledger, &site, rig, Span::All, "the end", &mut verdict).await?;
    ready_ms.sort_unstable();
    verdict.figure("cycles", options.cycles);
    verdict.figure("sent", ledger.sent());
    verdict.figure("acknowledged", ledger.acknowledged());
    verdict.figure("refused", refused);
    let worst = ready_ms.last().copied();
    verdict.figure("ready_ms", json!({ "p50": ready_ms.get(ready_ms.len() / 2), "max": worst }));
    if ledger.acknowledged() < u64::from(options.cycles) {
        verdict.broken("the rig got too little acknowledged to say anything");
    }
    Ok(verdict)
}

/// Starts it, compares, and kills it again.
async fn look(
    ledger: &Arc<Ledger>,
    site: &Site,
    rig: &Rig,
    span: Span,
    place: &str,
    verdict: &mut Verdict,
) -> Result<Duration> {
    let service = Service::start(&rig.binary, site, &Launch::default()).await?;
    let ready = service.ready(READY_MAX).await.context("it never was ready")?;
    let compared = compare(ledger, &service, span, rig.plant).await?;
    compared.judge(place, verdict);
    for (key, count) in [("lost", compared.lost), ("invented", compared.invented), ("twice", compared.twice)]
    {
        let before = verdict.get(key).as_u64().unwrap_or(0);
        verdict.figure(key, before + count);
    }
    service.check_log(place, verdict);
    service.kill().await?;
    Ok(ready)
}
