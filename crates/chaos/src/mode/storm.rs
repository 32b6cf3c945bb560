//! Everybody dials at once, in waves as large as the files of a process allow, while others go on reporting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::ledger::Ledger;
use crate::load::{Apart, Load};
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// How long a wave may take before the rig gives up.
const WAVE_MAX: Duration = Duration::from_secs(120);

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Sign-ins, all waves together
    #[arg(long, default_value_t = 100_000)]
    pub total: usize,
    /// Of one wave
    #[arg(long, default_value_t = 16_000)]
    pub wave: usize,
    /// Terminals that were there before and go on
    #[arg(long, default_value_t = 1_000)]
    pub steady: usize,
}

/// One wave after the other.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("storm");
    let all = options.steady + options.total;
    let site = Site::new("storm", &Setup { terminals: all, ..Setup::default() }, &rig.binary)?;
    let ledger = Arc::new(Ledger::new(all));
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let reports = u32::try_from(options.steady)?;
    // Sixteen thousand that dial keep a runtime busy: those whose waiting is measured are served by another.
    let apart = Apart::start()?;
    let started = Instant::now();
    let calm = Load::start(&ledger, service.gateway, &rig.rate(0..options.steady, reports));
    sleep(Duration::from_secs(5)).await;
    verdict.figure("latency_before_ms", calm.stop().await.latency_ms());
    let before = ledger.acknowledged();
    let steady = Load::start(&ledger, service.gateway, &rig.rate(0..options.steady, reports));
    // They are there before anybody dials.
    while ledger.acknowledged() < before + 2 * options.steady as u64 {
        ensure!(started.elapsed() < WAVE_MAX, "{} terminals don't report", options.steady);
        sleep(Duration::from_millis(20)).await;
    }
    let (mut from, mut signed_in, mut sign_in_ms) = (options.steady, 0, 0);
    while from < all {
        let to = all.min(from + options.wave);
        let started = Instant::now();
        // Hardly a report: what is tried is the sign-in.
        let dialling = if rig.plant == Plant::Harmless { from..to - 1 } else { from..to };
        let load = Load::start_on(apart.handle(), &ledger, service.gateway, &rig.rate(dialling, 1));
        let has_signed_in = |terminal: &usize| ledger.book(*terminal).code.is_some();
        while rig.plant != Plant::Harmless
            && started.elapsed() < WAVE_MAX
            && !(from..to).rev().all(|terminal| has_signed_in(&terminal))
        {
            sleep(Duration::from_millis(20)).await;
        }
        sign_in_ms += u64::try_from(started.elapsed().as_millis())?;
        let total = load.stop().await;
        signed_in += total.tally.signed_in;
        if total.tally.signed_in != (to - from) as u64 {
            let (got, first) = (total.tally.signed_in, total.problems.first());
            verdict.broken(format!("{got} of {} signed in from {from} on: {first:?}", to - from));
        }
        verdict.progress(format!("{signed_in} signed in, {sign_in_ms} ms so far"));
        from = to;
    }
    let mut total = steady.stop().await;
    verdict.figure("latency_during_ms", total.latency_ms());
    if total.tally.connections != options.steady as u64 || !total.problems.is_empty() {
        verdict.broken(format!("those that were there were disturbed: {:?}", total.problems));
    }
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    verdict.figure("signed_in", signed_in);
    verdict.figure("sign_in_ms", sign_in_ms);
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    service.stop("the end", &mut verdict).await?;
    Ok(verdict)
}
