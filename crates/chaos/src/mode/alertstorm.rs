//! More alerts than anybody can read: each is stored by itself, and terminals notice nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::alerts::{ALL, HELP, Of, Owed};
use crate::ledger::{Ledger, now_ms};
use crate::load::{Load, Rate};
use crate::proc::Sampler;
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::subscriber::{Consumer, Subscriber};
use crate::verdict::Verdict;

/// How long all of it may take to be stored and received after the storm.
const PATIENCE: Duration = Duration::from_secs(300);

/// Between two looks at what a department was told.
const AGAIN: Duration = Duration::from_millis(250);

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
    /// Messages a second that transport takes at most; 0 for no such department
    #[arg(long, default_value_t = 0)]
    pub cap: u32,
}

/// Messages that may be on their way, or acknowledged and not yet marked so: they count as waiting and as received.
const UNDERWAY_MAX: u64 = 64 + 1_024;

/// Storms once.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("alertstorm");
    let mut mqtt = format!("listen = \"127.0.0.1:0\"\n{}", account("police"));
    if options.cap > 0 {
        let cap = format!("{}[mqtt.alerts_per_second]\ntransport = {}\n", account("transport"), options.cap);
        mqtt.push_str(&cap);
    }
    let setup = Setup {
        terminals: 2 * options.terminals,
        mqtt: Some(mqtt),
        more: ALL.settings(),
        ..Setup::default()
    };
    let site = Site::new("alertstorm", &setup, &rig.binary)?;
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let broker = service.mqtt.context("no broker")?;
    let police = Subscriber::follow(broker, consumer("police", rig.plant));
    let transport = (options.cap > 0).then(|| Subscriber::follow(broker, consumer("transport", Plant::None)));
    let quiet = rig.rate(options.terminals..2 * options.terminals, options.rate);
    let calm = Arc::new(Ledger::new(2 * options.terminals));
    verdict.figure("acknowledged_after_calm_ms", report(&calm, &service, &quiet, options.calm_s).await.1);
    let sampler = Sampler::start(service.pid(), &site.data_dir);
    let ledger = Arc::new(Ledger::new(options.terminals));
    let alarm = if rig.plant == Plant::Harmless { quiet.alarm } else { ALL.alarm };
    let storm = Rate { alarm, terminals: 0..options.terminals, ..quiet };
    let began_ms = now_ms();
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
    if let Some(transport) = transport {
        let patience = patience + Duration::from_secs(transport_s(listed.len(), options.cap));
        let left = HELP.drain(&transport, &mut HELP.calls(&ledger, Of::Acknowledged), patience).await;
        until_over(&transport, patience).await;
        judge_cap(&transport, (options.cap, began_ms), left, &mut verdict);
    }
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

fn account(name: &str) -> String {
    format!("[[mqtt.accounts]]\nname = \"{name}\"\ndepartment = \"{name}\"\npassword = \"chaos-{name}\"\n")
}

fn consumer(department: &'static str, plant: Plant) -> Consumer {
    let client = format!("chaos-{department}");
    Consumer {
        department,
        account: Some((department.to_owned(), client.clone())),
        client,
        with_receipts: false,
        plant,
    }
}

/// How long all messages of so many alerts take at most, s.
fn transport_s(alerts: usize, cap: u32) -> u64 {
    2 * alerts as u64 / u64::from(cap.max(1))
}

/// Until it was told that nothing waits any more.
async fn until_over(department: &Subscriber, patience: Duration) {
    let until = Instant::now() + patience;
    while department.sums().last().is_none_or(|sum| sum.waiting > 0) && Instant::now() < until {
        sleep(AGAIN).await;
    }
}

/// Never more than a second's worth above the rate, from the first message to each; everything arrived; and what it was told
/// of what waits is what came after.
fn judge_cap(department: &Subscriber, (cap, began_ms): (u32, i64), left: usize, verdict: &mut Verdict) {
    let sums = department.sums();
    let got = department.got();
    if left > 0 {
        verdict.broken(format!("{left} calls for help never came to the department with a rate"));
    }
    for (count, got) in (1_i64..).zip(got.iter()) {
        let most = i64::from(cap) * (got.at_ms - began_ms) / 1_000 + i64::from(cap) + 1;
        if count > most {
            let text = format!(
                "{count} messages in {} ms, at {cap} a second expected {most} at most",
                got.at_ms - began_ms
            );
            return verdict.broken(text);
        }
    }
    let Some(most) = sums.iter().map(|sum| sum.waiting).max().filter(|most| *most > 0) else {
        return verdict.broken("the department with a rate was never told that something waits".to_owned());
    };
    if sums.last().is_none_or(|sum| sum.waiting > 0) {
        verdict.broken("the department with a rate was never told that nothing waits any more".to_owned());
    }
    let total = got.len() as u64;
    for sum in &sums {
        let after = total - sum.had as u64;
        if sum.waiting > after + UNDERWAY_MAX {
            verdict.broken(format!("told that {} messages wait, {after} came after that", sum.waiting));
        }
    }
    verdict.figure("capped_messages", total);
    verdict.figure("capped_waiting_most", most);
    verdict.figure("capped_summaries", sums.len());
}
