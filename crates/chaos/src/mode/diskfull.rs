//! The disk of the data directory fills up: no false acknowledgement, it is told, and once there is room it goes on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::mount::Mount;
use crate::report::{Alarms, number};
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::subscriber::Subscriber;
use crate::verdict::Verdict;

/// Within this it says that it stores nothing.
const TOLD_MAX: Duration = Duration::from_secs(5);
/// Within this of there being room it stores again.
const BACK_MAX: Duration = Duration::from_secs(10);
/// How long alerts may take to be listed and received.
const PATIENCE: Duration = Duration::from_secs(60);
/// SOS of JT/T 808, bit 0 of the alarm word.
const SOS: u32 = 1;
/// One report in so many calls for help.
const SOS_EVERY: u32 = 20;
/// Blocks in which the disk is filled.
const BLOCK_BYTES: usize = 64 << 10;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often the disk is filled
    #[arg(long, default_value_t = 20)]
    pub rounds: u32,
    /// Its size
    #[arg(long, default_value_t = 64)]
    pub size_mib: u32,
    /// Reports a second
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 50)]
    pub terminals: usize,
    /// How long it stays full, ms
    #[arg(long, default_value_t = 2_000)]
    pub full_ms: u64,
}

/// How it came back.
#[derive(Default)]
struct Back {
    by_itself: u32,
    by_its_end: u32,
    by_hand: u32,
    told_ms: Vec<u64>,
    back_ms: Vec<u64>,
}

const fn alarm(_: usize, n: u32) -> Alarms {
    Alarms { bits: if n % SOS_EVERY == SOS_EVERY / 2 { SOS } else { 0 }, items: &[] }
}

/// Fills and frees, so many times.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("diskfull");
    let disk = Mount::tmpfs(options.size_mib)?;
    let site = Site::new("diskfull", &setup(options, &disk), &rig.binary)?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let mut back = Back::default();
    let mut received = BTreeSet::new();
    let mut service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    for round in 0..options.rounds {
        let place = format!("round {round}");
        let broker = service.mqtt.context("no broker")?;
        let police = Subscriber::start(broker, Some(("police", "chaos-police")), "chaos-diskfull")?;
        let rate = Rate { is_persistent: true, alarm, ..rig.rate(0..options.terminals, options.rate) };
        let load = Load::start(&ledger, service.gateway, &rate);
        sleep(Duration::from_secs(1)).await;
        let ballast = disk.path.join("ballast");
        if rig.plant != Plant::Harmless {
            fill(&ballast)?;
        }
        back.told_ms.extend(tell(&mut service, &place, &mut verdict).await?);
        sleep(Duration::from_millis(options.full_ms)).await;
        fs::remove_file(&ballast)
            .or_else(|error| if rig.plant == Plant::Harmless { Ok(()) } else { Err(error) })?;
        let is_back = come_back(&mut service, &mut back, &place, &mut verdict).await?;
        load.stop().await;
        if !is_back {
            service = Service::start(&rig.binary, &site, &Launch::default()).await?;
        }
        let compared = compare(&ledger, &service, Span::New, rig.plant).await?;
        compared.judge(&place, &mut verdict);
        let again = Subscriber::start(
            service.mqtt.context("no broker")?,
            Some(("police", "chaos-police")),
            "chaos-again",
        )?;
        follow_up(&ledger, &service, (&police, &again), &mut received, &place, &mut verdict).await?;
        service.check_log(&place, &mut verdict);
        verdict.progress(format!(
            "{place}: {} acknowledged, back {:?} ms",
            ledger.acknowledged(),
            back.back_ms.last()
        ));
    }
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    service.stop("the end", &mut verdict).await?;
    let Back { by_itself, by_its_end, by_hand, told_ms, back_ms } = back;
    verdict.figure("rounds", options.rounds);
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    verdict.figure("invented", compared.invented);
    verdict.figure("alerts_received", received.len());
    verdict.figure("back", json!({ "by_itself": by_itself, "by_its_end": by_its_end, "by_hand": by_hand }));
    verdict.figure("told_ms_max", told_ms.iter().max().copied());
    verdict.figure("back_ms_max", back_ms.iter().max().copied());
    Ok(verdict)
}

/// The embedded broker with an account, everything on that disk.
fn setup(options: &Options, disk: &Mount) -> Setup {
    let mqtt = "listen = \"127.0.0.1:0\"\n[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = \"chaos-police\"";
    Setup {
        terminals: options.terminals,
        data_dir: Some(disk.path.join("data")),
        mqtt: Some(mqtt.to_owned()),
        // The disk is small: what the service keeps free by itself would be all of it.
        more: "[journal]\nreserve_mb = 16\n".to_owned(),
        ..Setup::default()
    }
}

/// Writes until there is no room.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path).context("cannot make the ballast")?;
    for bytes in [BLOCK_BYTES, 512, 1] {
        while file.write_all(&vec![0x55; bytes]).is_ok() {}
    }
    Ok(())
}

/// Waits until `/readyz` says that not everything is well, or it ends.
async fn tell(service: &mut Service, place: &str, verdict: &mut Verdict) -> Result<Option<u64>> {
    let started = Instant::now();
    let mut api = service.api();
    while started.elapsed() < TOLD_MAX {
        if service.ended()?.is_some() || api.ready().await == Some(false) {
            return Ok(Some(u64::try_from(started.elapsed().as_millis())?));
        }
        sleep(Duration::from_millis(20)).await;
    }
    verdict.broken(format!("{place}: the disk is full for {TOLD_MAX:?} and /readyz says all is well"));
    Ok(None)
}

/// Waits until it is well again by itself; false where it has to be started.
async fn come_back(
    service: &mut Service,
    back: &mut Back,
    place: &str,
    verdict: &mut Verdict,
) -> Result<bool> {
    let started = Instant::now();
    let mut api = service.api();
    while started.elapsed() < BACK_MAX {
        if let Some(status) = service.ended()? {
            back.by_its_end += 1;
            if status.code() != Some(3) {
                verdict.broken(format!("{place}: it ended with {status}, expected code 3"));
            }
            return Ok(false);
        }
        if api.ready().await == Some(true) {
            back.by_itself += 1;
            back.back_ms.push(u64::try_from(started.elapsed().as_millis())?);
            return Ok(true);
        }
        sleep(Duration::from_millis(50)).await;
    }
    back.by_hand += 1;
    verdict.broken(format!(
        "{place}: {BACK_MAX:?} after there was room it neither stores again nor has ended: somebody has to restart it"
    ));
    service.signal("TERM")?;
    service.end(Duration::from_secs(60)).await?;
    Ok(false)
}

/// Every terminal whose call for help was acknowledged has an alert, and every alert reaches the police.
async fn follow_up(
    ledger: &Ledger,
    service: &Service,
    (police, again): (&Subscriber, &Subscriber),
    received: &mut BTreeSet<String>,
    place: &str,
    verdict: &mut Verdict,
) -> Result<()> {
    let mut api = service.api();
    let until = Instant::now() + PATIENCE;
    loop {
        received.extend(police.summary().ids);
        received.extend(again.summary().ids);
        let alerts = api.list("/api/v1/alerts?rule=sos").await?;
        let listed: BTreeSet<&str> =
            alerts.iter().filter_map(|alert| alert["vehicle"]["terminal"].as_str()).collect();
        let unlisted = (0..ledger.terminals())
            .filter(|terminal| has_called(ledger, *terminal) && !listed.contains(number(*terminal).as_str()))
            .count();
        let ids = alerts.iter().filter_map(|alert| alert["id"].as_str());
        let unreceived = ids.filter(|id| !received.contains(*id)).count();
        if unlisted == 0 && unreceived == 0 {
            return Ok(());
        }
        if Instant::now() >= until {
            verdict.broken(format!("{place}: calls for help of {unlisted} terminals are no alerts, {unreceived} alerts were not received"));
            return Ok(());
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether a call for help of this terminal was acknowledged. Further ones fall into the same episode.
fn has_called(ledger: &Ledger, terminal: usize) -> bool {
    let book = ledger.book(terminal);
    book.acknowledged.iter().zip(0..).any(|(is, n)| *is && alarm(terminal, n).bits == SOS)
}
