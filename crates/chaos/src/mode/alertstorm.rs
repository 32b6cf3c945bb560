//! More alerts than anybody can read: each is stored by itself, and terminals notice nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::alerts::{ALL, Of, Owed};
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::proc::Sampler;
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::subscriber::{Consumer, Subscriber};
use crate::verdict::Verdict;

/// How long all of it may take to be stored and received after the storm.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How long it storms, s
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// The same rate of reports without alarms before, s
    #[arg(long, default_value_t = 20)]
    pub calm_s: u64,
    /// Reports a second; every second one raises six alerts, and the next ends them
    #[arg(long, default_value_t = 1_700)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 500)]
    pub terminals: usize,
}

/// Storms once.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("alertstorm");
    let mqtt = "listen = \"127.0.0.1:0\"\n[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = \"chaos-police\"";
    let setup = Setup {
        terminals: 2 * options.terminals,
        mqtt: Some(mqtt.to_owned()),
        more: ALL.settings(),
        ..Setup::default()
    };
    let site = Site::new("alertstorm", &setup, &rig.binary)?;
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let police = Consumer {
        department: "police",
        account: Some(("police".to_owned(), "chaos-police".to_owned())),
        client: "chaos-police".to_owned(),
        with_receipts: false,
        plant: rig.plant,
    };
    let police = Subscriber::follow(service.mqtt.context("no broker")?, police);
    let quiet = rig.rate(options.terminals..2 * options.terminals, options.rate);
    let calm = Arc::new(Ledger::new(2 * options.terminals));
    verdict.figure("acknowledged_after_calm_ms", report(&calm, &service, &quiet, options.calm_s).await.1);
    let sampler = Sampler::start(service.pid(), &site.data_dir);
    let ledger = Arc::new(Ledger::new(options.terminals));
    let alarm = if rig.plant == Plant::Harmless { quiet.alarm } else { ALL.alarm };
    let storm = Rate { alarm, terminals: 0..options.terminals, ..quiet };
    let (took, wait) = report(&ledger, &service, &storm, options.seconds).await;
    verdict.figure("acknowledged_after_storm_ms", wait);
    let calls = ALL.calls(&ledger, Of::Acknowledged).len();
    verdict.figure("alerts_a_second", (2.0 * calls as f64 / took.as_secs_f64()).round());
    verdict.progress(format!("{calls} alerts, and their ends, are on their way"));
    let (ended, received) = (Instant::now(), police.got().len());
    let patience = if rig.plant == Plant::None { PATIENCE } else { PATIENCE / 30 };
    // What waits for the department goes out at the pace of the broker: only then the list is read, which costs as much.
    let left = ALL.drain(&police, &mut ALL.calls(&ledger, Of::Acknowledged), patience).await;
    verdict.figure("drained_ms", u64::try_from(ended.elapsed().as_millis())?);
    verdict.figure("messages_during", received);
    verdict.progress(format!("{left} alerts were not received after {:?}", ended.elapsed()));
    let listed = ALL.settle(&service, (&ledger, &police), Owed::Revisions, patience).await?;
    verdict.figure("alerts", listed.len());
    verdict.figure("acknowledged", ledger.acknowledged());
    ALL.compare(&ledger, (&listed, &police), Owed::Revisions).judge(Owed::Revisions, &mut verdict);
    let samples = sampler.stop().await;
    verdict.figure("memory_kib", samples.figure(|sample| sample.memory_kib));
    verdict.figure("disk_bytes", samples.figure(|sample| sample.disk_bytes));
    service.stop("the end", &mut verdict).await?;
    Ok(verdict)
}

/// Reports for so long; how long that was, and how long acknowledgements took.
async fn report(ledger: &Arc<Ledger>, service: &Service, rate: &Rate, seconds: u64) -> (Duration, Value) {
    let (load, started) = (Load::start(ledger, service.gateway, rate), Instant::now());
    sleep(Duration::from_secs(seconds)).await;
    let took = started.elapsed();
    (took, load.stop().await.latency_ms())
}
