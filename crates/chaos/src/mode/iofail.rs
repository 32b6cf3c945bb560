//! The k-th call of a kind fails in the data directory: no false acknowledgement, and after a restart all is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Compared, Span, compare_within};
use crate::ledger::Ledger;
use crate::load::{Load, Total};
use crate::service::{Launch, Service, Started, check_text};
use crate::shim::{Fault, Shim, struck};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// Kinds of calls: what Rust's files and SQLite's use.
const CALLS: [&str; 6] = ["fsync", "fdatasync", "write", "pwrite64", "rename", "open"];
/// What becomes of the calls after the k-th.
const MODES: [&str; 2] = ["once", "always"];
/// How long what was acknowledged may take to be in the tracks after the restart.
const PATIENCE: Duration = Duration::from_secs(20);
/// From a fault to the report that must not be acknowledged any more: one that was on its way may be.
const ON_ITS_WAY_MS: i64 = 50;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The last call that is failed
    #[arg(long, default_value_t = 500)]
    pub max_k: u32,
    /// Every call up to this one is failed, then ever fewer
    #[arg(long, default_value_t = 12)]
    pub dense_k: u32,
    /// Reports a second
    #[arg(long, default_value_t = 400)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 20)]
    pub terminals: usize,
    /// How long each one is under load, ms
    #[arg(long, default_value_t = 500)]
    pub life_ms: u64,
}

/// What became of the services with a fault.
#[derive(Default)]
struct Ends {
    /// Trials in which the fault struck, by call.
    struck: BTreeMap<&'static str, u32>,
    trials: u32,
    refused_to_start: u32,
    ended: u32,
    not_ready: u32,
    went_on: u32,
}

/// Fails one call after the other.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("iofail");
    // Small segments and frequent snapshots: all kinds of calls come soon.
    let more = "[pipeline]\nsnapshot_every = \"1s\"\n[journal]\nsegment_mb = 1\n".to_owned();
    let setup = Setup { terminals: options.terminals, more, ..Setup::default() };
    let site = Site::new("iofail", &setup, &rig.binary)?;
    let shim = Shim::compile(&site.path)?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let (mut ends, mut all) = (Ends::default(), Compared::default());
    for call in CALLS {
        for mode in MODES {
            for k in ks(options) {
                let mode = if rig.plant == Plant::Lie { "lie" } else { mode };
                let fault = Fault { call, k, mode };
                let place = format!("{call} {k} {mode}");
                strike(&ledger, &site, (&shim, fault), (options, rig), &mut ends, &mut verdict).await?;
                let compared = restart(&ledger, &site, rig, &place, &mut verdict).await?;
                all.acknowledged += compared.acknowledged;
                all.lost += compared.lost;
                all.invented += compared.invented;
            }
            verdict.progress(format!(
                "{call} {mode}: {} trials, {:?} struck",
                ends.trials,
                ends.struck.get(call)
            ));
        }
    }
    for call in CALLS.iter().filter(|call| !ends.struck.contains_key(*call)) {
        verdict.progress(format!("{call}: the service makes no such call in its data directory"));
    }
    if ends.struck.len() < 3 {
        verdict.broken("the faults hardly struck anything: the rig does not work");
    }
    verdict.figure("max_k", options.max_k);
    verdict.figure("trials", ends.trials);
    verdict.figure("struck", json!(ends.struck));
    verdict.figure("refused_to_start", ends.refused_to_start);
    verdict.figure("ended_by_itself", ends.ended);
    verdict.figure("stayed_not_ready", ends.not_ready);
    verdict.figure("went_on", ends.went_on);
    verdict.figure("acknowledged", all.acknowledged);
    verdict.figure("lost", all.lost);
    verdict.figure("invented", all.invented);
    Ok(verdict)
}

/// 1, 2, 3 … and then a third more each time.
fn ks(options: &Options) -> Vec<u32> {
    let dense = 1..=options.dense_k.min(options.max_k);
    let sparse =
        std::iter::successors(Some(options.dense_k + options.dense_k / 3 + 1), |k| Some(k + k / 3 + 1));
    dense.chain(sparse.take_while(|k| *k <= options.max_k)).collect()
}

/// One service with one fault, under load.
async fn strike(
    ledger: &Arc<Ledger>,
    site: &Site,
    (shim, fault): (&Shim, Fault<'_>),
    (options, rig): (&Options, &Rig),
    ends: &mut Ends,
    verdict: &mut Verdict,
) -> Result<()> {
    let place = format!("{} {} {}", fault.call, fault.k, fault.mode);
    ends.trials += 1;
    let launch = shim.launch(site, fault);
    let call = CALLS.into_iter().find(|call| *call == fault.call).unwrap_or_default();
    match Service::try_start(&rig.binary, site, &launch).await? {
        Started::Ended(code, log) => {
            ends.refused_to_start += 1;
            check_text(&log, &place, verdict);
            if !matches!(code, Some(1 | 3)) || log.trim().is_empty() {
                verdict.broken(format!(
                    "{place}: it ended with {code:?} saying {log:?}, expected 1 or 3 and why"
                ));
            }
        }
        Started::Listening(mut service) => {
            let rate =
                crate::load::Rate { is_persistent: true, ..rig.rate(0..options.terminals, options.rate) };
            let load = Load::start(ledger, service.gateway, &rate);
            sleep(Duration::from_millis(options.life_ms)).await;
            match service.ended()? {
                Some(_) => ends.ended += 1,
                None if service.api().ready().await == Some(true) => ends.went_on += 1,
                None => ends.not_ready += 1,
            }
            service.check_log(&place, verdict);
            // What is on its way is answered or not before the end.
            let total = tokio::join!(load.stop(), service.kill());
            total.1?;
            judge_sync(fault, site, &total.0, verdict);
        }
    }
    if struck(site).is_some() {
        *ends.struck.entry(call).or_default() += 1;
    }
    Ok(())
}

/// After a failed sync of what a report was written to, none that was sent later may be acknowledged.
fn judge_sync(fault: Fault<'_>, site: &Site, total: &Total, verdict: &mut Verdict) {
    let Some(struck) = struck(site).filter(|_| fault.call.ends_with("sync") && fault.mode != "lie") else {
        return;
    };
    // Before it listened nothing was on its way: what a start syncs had been synced before.
    let is_journal =
        struck.at_ms > total.since_ms && struck.path.contains("/journal/") && struck.path.ends_with("-wal");
    if is_journal && total.tally.newest_ms > struck.at_ms + ON_ITS_WAY_MS {
        let late_ms = total.tally.newest_ms - struck.at_ms;
        verdict.broken(format!(
            "{} {} {}: a report sent {late_ms} ms after the sync of {} failed was acknowledged",
            fault.call, fault.k, fault.mode, struck.path
        ));
    }
}

/// Without the fault everything acknowledged is there.
async fn restart(
    ledger: &Arc<Ledger>,
    site: &Site,
    rig: &Rig,
    place: &str,
    verdict: &mut Verdict,
) -> Result<Compared> {
    let service = match Service::try_start(&rig.binary, site, &Launch::default()).await? {
        Started::Listening(service) => service,
        Started::Ended(code, log) => {
            verdict.broken(format!("{place}: without the fault it does not start, {code:?}: {log}"));
            anyhow::bail!("{place}: no service to compare with");
        }
    };
    let compared = compare_within(ledger, &service, Span::New, rig.plant, PATIENCE).await?;
    compared.judge(place, verdict);
    service.check_log(place, verdict);
    service.kill().await?;
    Ok(compared)
}
