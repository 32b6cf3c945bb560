//! The machine's clock is set by hours and years while terminals report and call for help, and set back over a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fleet::EventTime;
use serde_json::Value;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::api::Api;
use crate::audit::{Span, compare};
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::report::{Alarms, number};
use crate::service::{Launch, Service};
use crate::shim::{self, Shim};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// SOS of JT/T 808, bit 0 of the alarm word.
const SOS: u32 = 1;
/// Every fifth second another group of terminals begins to call for help, and goes on with it.
const CALL_EVERY: u32 = 5;
const GROUPS: u32 = 40;
/// How far ahead the clock is in the run that only waits: longer than a vehicle may be silent.
const AHEAD_MS: i64 = 3_600_000;
/// How long alerts may take to be listed, and a journal to be folded anew.
const PATIENCE: Duration = Duration::from_secs(60);
const USER: (&str, &str) = ("wang", "a password of the rig's");

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// By how many seconds the clock is set against the right time, one after the other
    #[arg(
        long,
        value_delimiter = ',',
        allow_hyphen_values = true,
        default_value = "21600,-21600,630720000,0"
    )]
    pub jumps_s: Vec<i64>,
    /// How long it stays there, ms
    #[arg(long, default_value_t = 20_000)]
    pub stay_ms: u64,
    /// Terminals; each reports once a second
    #[arg(long, default_value_t = 1_000)]
    pub terminals: usize,
}

const fn alarm(terminal: usize, n: u32) -> Alarms {
    Alarms { bits: if n >= first_call(terminal) { SOS } else { 0 }, items: &[] }
}

/// The report with which a terminal begins to call.
const fn first_call(terminal: usize) -> u32 {
    terminal as u32 % GROUPS * CALL_EVERY
}

/// One jump after the other, a restart with the clock set back, and then the journal folded anew.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("clock");
    let mut site =
        Site::new("clock", &Setup { terminals: options.terminals, ..Setup::default() }, &rig.binary)?;
    site.add_user(&rig.binary, USER)?;
    let shim = Shim::compile(&site.path)?;
    let ledger = Arc::new(Ledger::live(options.terminals));
    let service = Service::start(&rig.binary, &site, &shim.clock(&site)).await?;
    let mut session = service.api().sign_in(USER).await?;
    let a_second = u32::try_from(options.terminals)?;
    let rate = Rate { alarm, ..rig.rate(0..options.terminals, a_second) };
    let load = Load::start(&ledger, service.gateway, &rate);
    let stay = Duration::from_millis(options.stay_ms);
    sleep(stay).await;
    let mut told = 0;
    for by_s in &options.jumps_s {
        let place = format!("set by {by_s} s");
        if rig.plant != Plant::Harmless {
            shim::set_clock(&site, by_s * 1_000)?;
        }
        sleep(stay).await;
        let lines = service.log().lines().filter(|line| line.contains("the machine's clock")).count();
        if lines <= told {
            verdict.broken(format!("{place}: the service does not tell it"));
        }
        told = lines;
        if session.get("/api/v1/me").await?.0 != 200 {
            verdict.broken(format!("{place}: a session of the console ended"));
        }
        if session.ready().await != Some(true) {
            verdict.broken(format!("{place}: /readyz says that not all is well"));
        }
        verdict.progress(format!("{place}: {} acknowledged", ledger.acknowledged()));
    }
    let mut total = load.stop().await;
    verdict.figure("latency_ms", total.latency_ms());
    if total.tally.connections != options.terminals as u64 || !total.problems.is_empty() {
        verdict.broken(format!("connections were closed: {:?}", total.problems));
    }
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    let called = judge_alerts(&ledger, &mut service.api(), &mut verdict).await?;
    service.stop("the end", &mut verdict).await?;
    set_back(&site, (rig, &shim), &called, &mut verdict, async |service| {
        let load = Load::start(&ledger, service.gateway, &rate);
        sleep(stay).await;
        load.stop().await;
    })
    .await?;
    let live = kept(&site, rig, &mut verdict).await?;
    let differing = fold_anew(&mut site, rig, &live, &mut verdict).await?;
    verdict.figure("jumps", options.jumps_s.len());
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    verdict.figure("invented", compared.invented);
    verdict.figure("alerts", live.len());
    verdict.figure("alerts_differing_when_folded_anew", differing);
    Ok(verdict)
}

/// Alerts by id, as they are listed.
type Alerts = BTreeMap<String, Value>;

async fn list(api: &mut Api) -> Result<Alerts> {
    let alerts = api.list("/api/v1/alerts").await?;
    alerts.into_iter().map(|alert| Ok((alert["id"].as_str().context("no id")?.to_owned(), alert))).collect()
}

/// Each terminal that called for help has one alert, raised live with its first call, and still open; there is no other.
async fn judge_alerts(ledger: &Ledger, api: &mut Api, verdict: &mut Verdict) -> Result<Alerts> {
    let has_called = |terminal: &usize| {
        ledger.book(*terminal).acknowledged.get(first_call(*terminal) as usize).copied().unwrap_or(false)
    };
    let calling: BTreeSet<usize> = (0..ledger.terminals()).filter(has_called).collect();
    ensure!(!calling.is_empty(), "nobody has called for help: the run is too short");
    let alerts = wait(api, |alerts| alerts.len() >= calling.len()).await?;
    let mut wrong = Vec::new();
    let mut missing: BTreeMap<String, usize> = calling.iter().map(|it| (number(*it), *it)).collect();
    for alert in alerts.values() {
        let expected = alert["vehicle"]["terminal"].as_str().and_then(|it| missing.remove(it));
        let is_right = expected.is_some_and(|terminal| {
            let raised_ms = ledger.said(terminal, first_call(terminal)).unix_ms;
            let said: Option<EventTime> = alert["raised_at"].as_str().and_then(|text| text.parse().ok());
            alert["rule"] == "sos"
                && alert["late"] != true
                && alert["state"] != "cleared"
                && said == Some(EventTime::from_ms(raised_ms))
        });
        if !is_right {
            wrong.push(alert);
        }
    }
    if !wrong.is_empty() {
        let (count, first) = (wrong.len(), wrong[0]);
        verdict.broken(format!("{count} alerts are none that a terminal called for, or not so: {first}"));
    }
    if !missing.is_empty() {
        verdict.broken(format!(
            "{} calls for help are no alerts: {:?}",
            missing.len(),
            missing.first_key_value()
        ));
    }
    Ok(alerts)
}

/// Ahead of its time nothing comes, and all that was called for is over: nobody was heard for an hour. After a kill the clock
/// is right again, and who goes on calling calls anew.
async fn set_back(
    site: &Site,
    (rig, shim): (&Rig, &Shim),
    called: &Alerts,
    verdict: &mut Verdict,
    go_on: impl AsyncFnOnce(&Service),
) -> Result<()> {
    let open = |alerts: &Alerts| alerts.values().filter(|alert| alert["state"] != "cleared").count();
    shim::set_clock(site, AHEAD_MS)?;
    let service = Service::start(&rig.binary, site, &shim.clock(site)).await?;
    let left = wait(&mut service.api(), |alerts| open(alerts) == 0).await?;
    if open(&left) > 0 {
        verdict.broken(format!("an hour ahead: {} alerts of who is silent are not cleared", open(&left)));
    }
    service.kill().await?;
    shim::set_clock(site, 0)?;
    let service = Service::start(&rig.binary, site, &shim.clock(site)).await?;
    go_on(&service).await;
    let anew = wait(&mut service.api(), |alerts| open(alerts) >= called.len()).await?;
    if open(&anew) < called.len() {
        verdict.broken(format!("set back: {} of {} call for help anew", open(&anew), called.len()));
    }
    service.stop("set back", verdict).await
}

/// The alerts once they are so, or patience ends.
async fn wait(api: &mut Api, is_so: impl Fn(&Alerts) -> bool) -> Result<Alerts> {
    let until = Instant::now() + PATIENCE;
    loop {
        let alerts = list(api).await?;
        if is_so(&alerts) || Instant::now() >= until {
            return Ok(alerts);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// What the runs before have left.
async fn kept(site: &Site, rig: &Rig, verdict: &mut Verdict) -> Result<Alerts> {
    let service = Service::start(&rig.binary, site, &Launch::default()).await?;
    let alerts = list(&mut service.api()).await?;
    service.stop("kept", verdict).await?;
    Ok(alerts)
}

/// Without ledger and snapshot the journal has to bring back the same alerts; gives how many differ.
async fn fold_anew(site: &mut Site, rig: &Rig, live: &Alerts, verdict: &mut Verdict) -> Result<usize> {
    for entry in fs::read_dir(&site.data_dir)? {
        let (path, name) = entry.map(|it| (it.path(), it.file_name().to_string_lossy().into_owned()))?;
        if name.starts_with("ledger.db") || name.starts_with("snapshot") {
            fs::remove_file(path)?;
        }
    }
    site.renew_token(&rig.binary)?;
    let service = Service::start(&rig.binary, site, &Launch::default()).await?;
    let (mut api, until) = (service.api(), Instant::now() + PATIENCE);
    let differing = loop {
        let anew = list(&mut api).await?;
        let ids: BTreeSet<&String> = live.keys().chain(anew.keys()).collect();
        let differs = |id: &&&String| story(live.get(**id)) != story(anew.get(**id));
        let differing: Vec<_> = ids.iter().filter(differs).collect();
        let Some(first) = differing.first() else { break 0 };
        if Instant::now() >= until {
            let (was, is) = (live.get(**first), anew.get(**first));
            verdict
                .broken(format!("{} alerts differ once folded anew: {was:?}, then {is:?}", differing.len()));
            break differing.len();
        }
        sleep(Duration::from_millis(200)).await;
    };
    service.stop("folded anew", verdict).await?;
    Ok(differing)
}

/// What the rules made of it; how people handle it is another story, and was in the ledger alone.
fn story(alert: Option<&Value>) -> Option<[Value; 6]> {
    let keys = ["rule", "state", "revision", "raised_at", "ended_at", "late"];
    alert.map(|alert| keys.map(|key| alert[key].clone()))
}
