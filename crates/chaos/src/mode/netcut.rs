//! Links that go silent, one way or both: of terminals and of departments.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::link::{Link, Side, Way};
use crate::load::{Load, Rate};
use crate::report::{Alarms, number};
use crate::service::Service;
use crate::site::{Setup, Site};
use crate::subscriber::Subscriber;
use crate::verdict::Verdict;

/// A peer that acknowledges nothing is given up by the kernel after a minute, or by silence where that is shorter; what a
/// busy machine takes to notice comes on top.
const KERNEL_MAX: Duration = Duration::from_secs(60);
const NOTICED_MAX: Duration = Duration::from_secs(15);
/// A vehicle that says nothing for three minutes is shown as not online.
const LOST_AFTER: Duration = Duration::from_secs(180);
/// After what has been mended the next acknowledgement comes within this: terminals and broker wait ever longer before they
/// try again.
const BACK_MAX: Duration = Duration::from_secs(60);
/// Reports unanswered for so long make a terminal dial again.
const TERMINAL_PATIENCE: Duration = Duration::from_secs(10);

/// SOS of JT/T 808, bit 0 of the alarm word.
const SOS: u32 = 1;
const ACCOUNT: &str =
    "[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = \"chaos-police\"";

/// Terminals call for help one after the other, and each for some seconds.
const fn alarm(terminal: usize, n: u32) -> Alarms {
    Alarms { bits: if n / 4 == terminal as u32 % 60 { SOS } else { 0 }, items: &[] }
}

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often a link is cut
    #[arg(long, default_value_t = 50)]
    pub rounds: u32,
    /// The longest cuts but the last, ms; most are a sixth of it
    #[arg(long, default_value_t = 9_000)]
    pub long_ms: u64,
    /// The last one, of terminals and both ways, ms
    #[arg(long, default_value_t = 190_000)]
    pub last_ms: u64,
    /// Terminals; each reports once a second
    #[arg(long, default_value_t = 200)]
    pub terminals: usize,
    /// Through a proxy that goes silent, without root, instead of a namespace whose packets are dropped
    #[arg(long)]
    pub proxy: bool,
    /// After how long without a frame the service closes a connection, ms
    #[arg(long, default_value_t = 180_000)]
    pub idle_ms: u64,
}

/// One cut after the other.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("netcut");
    let mut link = if options.proxy { Link::proxies() } else { Link::namespace()? };
    let listen = link.listen();
    let mqtt = format!("listen = \"{listen}:0\"\n{ACCOUNT}");
    let setup =
        Setup { terminals: options.terminals, listen: Some(listen), mqtt: Some(mqtt), ..Setup::default() };
    let site = Site::new("netcut", &setup, &rig.binary)?;
    let config = fs::read_to_string(site.config())?;
    let idle = format!("[gateway]\nidle_timeout = \"{}ms\"\n", options.idle_ms);
    site.write("roadwarden.toml", &config.replacen("[gateway]\n", &idle, 1))?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let service = Service::start(&rig.binary, &site, &link.launch()).await?;
    let [gateway, broker] = link.open(&service, service.mqtt.context("no broker")?).await?;
    let police = Subscriber::start(broker, Some(("police", "chaos-police")), "chaos-netcut")?;
    let rate = Rate {
        is_persistent: true,
        alarm,
        patience: Some(TERMINAL_PATIENCE),
        ..rig.rate(0..options.terminals, u32::try_from(options.terminals)?)
    };
    let load = Load::start(&ledger, gateway, &rate);
    sleep(Duration::from_secs(2)).await;
    let mut chance = Chance::new(rig.seed);
    let mut back_ms = Vec::new();
    for round in 0..options.rounds {
        let (side, way, length) = draw(options, round, &mut chance);
        let place = format!("round {round}, {side:?} {way:?} for {length:?}");
        if rig.plant != Plant::Harmless {
            link.cut(side, way)?;
        }
        if round + 1 == options.rounds {
            judge_last(options, &service, length, &mut verdict).await?;
        } else {
            sleep(length).await;
        }
        link.mend()?;
        back_ms.push(come_back(&ledger, &place, &mut verdict).await?);
        verdict.progress(format!(
            "{place}: {} acknowledged, back {:?} ms",
            ledger.acknowledged(),
            back_ms.last()
        ));
    }
    let mut total = load.stop().await;
    verdict.figure("latency_ms", total.latency_ms());
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    let received = judge_alerts(&ledger, &service, &police, &mut verdict).await?;
    service.stop("the end", &mut verdict).await?;
    verdict.figure("rounds", options.rounds);
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    verdict.figure("invented", compared.invented);
    verdict.figure("alerts_received", received);
    verdict.figure("connections", total.tally.connections);
    verdict.figure("back_ms_max", back_ms.iter().max().copied());
    Ok(verdict)
}

/// Which link, which way, for how long; the last one is of terminals, both ways.
fn draw(options: &Options, round: u32, chance: &mut Chance) -> (Side, Way, Duration) {
    if round + 1 == options.rounds {
        return (Side::Terminals, Way::Both, Duration::from_millis(options.last_ms));
    }
    let side = if round % 3 == 2 { Side::Departments } else { Side::Terminals };
    let way = [Way::Both, Way::FromService, Way::ToService][round as usize / 3 % 3];
    let long = if round % 10 == 9 { options.long_ms } else { options.long_ms / 6 };
    (side, way, Duration::from_millis(chance.between(long / 2, long)))
}

/// Half-open connections are closed in time and, where it is cut for long enough, vehicles are shown as gone.
async fn judge_last(
    options: &Options,
    service: &Service,
    length: Duration,
    verdict: &mut Verdict,
) -> Result<()> {
    let limit = KERNEL_MAX.min(Duration::from_millis(options.idle_ms)) + NOTICED_MAX;
    let (started, mut closed_after) = (Instant::now(), None);
    while started.elapsed() < length {
        if closed_after.is_none() && service.established(service.gateway.port())? == 0 {
            closed_after = Some(started.elapsed());
        }
        sleep(Duration::from_millis(250)).await;
    }
    match closed_after {
        Some(after) if after <= limit => verdict.figure("half_open_closed_after_s", after.as_secs_f64()),
        after => verdict.broken(format!(
            "half-open connections were closed after {after:?} of a cut of {length:?}, at most {limit:?} are allowed"
        )),
    }
    if length > LOST_AFTER + Duration::from_secs(5) {
        let online = service.api().list("/api/v1/vehicles?online=true").await?.len();
        if online > 0 {
            verdict.broken(format!(
                "{online} vehicles are shown as online {length:?} after the last word of all"
            ));
        }
        verdict.figure("online_at_the_end_of_the_last_cut", online);
    }
    Ok(())
}

/// Every call for help that was acknowledged is an alert, and every alert reached the department; gives how many.
async fn judge_alerts(
    ledger: &Ledger,
    service: &Service,
    police: &Subscriber,
    verdict: &mut Verdict,
) -> Result<usize> {
    let has_called = |terminal: &usize| {
        let book = ledger.book(*terminal);
        book.acknowledged.iter().zip(0..).any(|(is, n)| *is && alarm(*terminal, n).bits == SOS)
    };
    let calling: BTreeSet<String> = (0..ledger.terminals()).filter(has_called).map(number).collect();
    let (mut api, until) = (service.api(), Instant::now() + BACK_MAX);
    loop {
        let alerts = api.list("/api/v1/alerts?rule=sos").await?;
        let listed = |alert: &serde_json::Value| alert["vehicle"]["terminal"].as_str().map(str::to_owned);
        let listed: BTreeSet<String> = alerts.iter().filter_map(listed).collect();
        let received = police.summary();
        let ids = alerts.iter().filter_map(|alert| alert["id"].as_str());
        let unreceived = ids.filter(|id| !received.ids.contains(*id)).count();
        let unlisted = calling.difference(&listed).count();
        if unlisted + unreceived == 0 || Instant::now() >= until {
            if unlisted + unreceived > 0 {
                verdict.broken(format!(
                    "calls for help of {unlisted} terminals are no alerts, {unreceived} alerts were not received"
                ));
            }
            if received.disordered > 0 {
                verdict.broken(format!("{} revisions overtook others", received.disordered));
            }
            return Ok(received.ids.len());
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until something is acknowledged again; how long it took, ms.
async fn come_back(ledger: &Ledger, place: &str, verdict: &mut Verdict) -> Result<u64> {
    let (started, before) = (Instant::now(), ledger.acknowledged());
    while ledger.acknowledged() == before {
        if started.elapsed() > BACK_MAX {
            verdict.broken(format!("{place}: nothing is acknowledged {BACK_MAX:?} after it was mended"));
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(u64::try_from(started.elapsed().as_millis())?)
}
