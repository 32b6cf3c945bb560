//! SIGTERM under load: an end in order within 15 seconds, nothing acknowledged lost; a second SIGTERM ends it at once.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::broker::Deaf;
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// The promise of an end in order.
const END_MAX: Duration = Duration::from_secs(15);
/// What "at once" may take for the second signal, on a loaded machine.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Between the two signals.
const SECOND_AFTER: Duration = Duration::from_millis(20);

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often it is stopped
    #[arg(long, default_value_t = 100)]
    pub cycles: u32,
    /// Reports a second
    #[arg(long, default_value_t = 5_000)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 500)]
    pub terminals: usize,
    /// Every so manieth stop gets a second signal
    #[arg(long, default_value_t = 5)]
    pub second_every: u32,
}

/// Stops it under load, so many times.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("sigterm");
    // A broker that takes nothing holds up an end in order, so that a second signal has something to cut short.
    let broker = Deaf::start().await?;
    let mqtt = Some(format!("mode = \"external\"\nurl = \"mqtt://{}\"", broker.address));
    let setup = Setup { terminals: options.terminals, mqtt, ..Setup::default() };
    let site = Site::new("sigterm", &setup, &rig.binary)?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let mut chance = Chance::new(rig.seed);
    let (mut ends_ms, mut seconds_ms, mut unanswered) = (Vec::new(), Vec::new(), 0);
    for cycle in 0..options.cycles {
        let mut service = Service::start(&rig.binary, &site, &Launch::default()).await?;
        let load = Load::start(&ledger, service.gateway, &rig.rate(0..options.terminals, options.rate));
        sleep(Duration::from_millis(chance.between(200, 1_500))).await;
        let place = format!("stop {cycle}");
        let has_second = options.second_every > 0 && cycle % options.second_every == options.second_every - 1;
        let started = Instant::now();
        if rig.plant != Plant::Harmless {
            service.signal("TERM")?;
        }
        if has_second && rig.plant != Plant::Harmless {
            sleep(SECOND_AFTER).await;
            // It may be gone already, which is what is asked for.
            let _ = service.signal("TERM");
        }
        let status = service.end(END_MAX).await?;
        let took = started.elapsed();
        let total = load.join().await;
        unanswered += total.tally.sent.saturating_sub(total.tally.acknowledged);
        service.check_log(&place, &mut verdict);
        judge(&place, (status, took, has_second), (&mut ends_ms, &mut seconds_ms), &mut verdict);
        if cycle % 10 == 9 {
            verdict.progress(format!(
                "{place}: {} acknowledged, {:?} ms",
                ledger.acknowledged(),
                ends_ms.last()
            ));
        }
    }
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    ends_ms.sort_unstable();
    seconds_ms.sort_unstable();
    verdict.figure("cycles", options.cycles);
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    verdict.figure("invented", compared.invented);
    verdict.figure("unanswered", unanswered);
    verdict.figure("end_ms", json!({ "p50": ends_ms.get(ends_ms.len() / 2), "max": ends_ms.last() }));
    verdict.figure("second_ms_max", seconds_ms.last().copied());
    service.stop("the end", &mut verdict).await?;
    Ok(verdict)
}

/// One end, with what it took.
fn judge(
    place: &str,
    (status, took, has_second): (Option<ExitStatus>, Duration, bool),
    (ends_ms, seconds_ms): (&mut Vec<u64>, &mut Vec<u64>),
    verdict: &mut Verdict,
) {
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match status {
        None => verdict.broken(format!("{place}: no end within {END_MAX:?}")),
        Some(_) if has_second => {
            seconds_ms.push(took_ms);
            if took > SECOND_AFTER + AT_ONCE {
                verdict.broken(format!("{place}: {took:?} until a second SIGTERM had ended it"));
            }
        }
        Some(status) if !status.success() => {
            verdict.broken(format!("{place}: it ended with {status}, expected 0"));
        }
        Some(_) => ends_ms.push(took_ms),
    }
}
