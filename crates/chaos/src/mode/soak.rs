//! A long run at half of the load, with a fault now and then: nothing lost, and nothing grows that should not.
//!
//! In the first half there are all faults; those of the second half leave the process its life, so that what it holds can
//! be followed.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::alerts::{HELP_NOW_AND_THEN, Owed};
use crate::audit::{Span, compare};
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::mount::Mount;
use crate::outside::{Memory, Outside};
use crate::proc::{Sample, Sampler};
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::subscriber::{Consumer, Subscriber};
use crate::tools;
use crate::verdict::Verdict;

/// How long a fault lasts that has a length, of the time between two.
const FAULT_SHARE: f64 = 0.25;
/// What the second half may grow by: what an idle database or a pool of threads comes and goes by.
const FILES_GROWTH_MAX: i64 = 8;
const THREADS_GROWTH_MAX: i64 = 16;
/// Connections that are opened and never closed, twice a turn, where that is planted.
const LEAKED: u32 = 8;
/// How long alerts may take to be received in the end.
const PATIENCE: Duration = Duration::from_secs(120);
/// In such blocks the rest of a disk is filled.
const BLOCK_BYTES: usize = 64 << 10;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How long
    #[arg(long, default_value_t = 480.0)]
    pub minutes: f64,
    /// Reports a second
    #[arg(long, default_value_t = 2_500)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 500)]
    pub terminals: usize,
    /// From one fault to the next, s
    #[arg(long, default_value_t = 300.0)]
    pub every_s: f64,
    /// Data on a disk of this size that fills up now and then, which needs root; 0 for none
    #[arg(long, default_value_t = 0)]
    pub disk_mib: u64,
    /// What the resident set may grow by in the second half, MiB
    #[arg(long, default_value_t = 64)]
    pub growth_max_mib: i64,
    /// The rig's own broker, also where Debian's mosquitto is installed
    #[arg(long)]
    pub own: bool,
}

/// What is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    BrokerDead,
    BrokerFrozen,
    /// A broken file is read again, and a good one after it.
    BrokenFile,
    DiskFull,
    /// Everybody dials anew.
    Redial,
    Kill9,
    Terminate,
}

const ALL: [Trouble; 7] = [
    Trouble::Kill9,
    Trouble::BrokerDead,
    Trouble::BrokenFile,
    Trouble::Terminate,
    Trouble::BrokerFrozen,
    Trouble::DiskFull,
    Trouble::Redial,
];

impl Trouble {
    const fn ends_the_process(self) -> bool {
        match self {
            Self::Kill9 | Self::Terminate => true,
            Self::BrokenFile | Self::BrokerDead | Self::BrokerFrozen | Self::DiskFull | Self::Redial => false,
        }
    }
}

struct World<'a> {
    rig: &'a Rig,
    ledger: Arc<Ledger>,
    service: Service,
    police: Subscriber,
    broker: Outside,
    site: Site,
    disk: Option<Mount>,
    rate: Rate,
    sampler: Sampler,
    /// Never closed.
    leaked: Vec<TcpStream>,
}

/// Goes on for so long.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("soak");
    let mut world = build(options, rig).await?;
    let (started, whole) = (Instant::now(), Duration::from_secs_f64(options.minutes * 60.0));
    let mut chance = Chance::new(rig.seed);
    let (mut half_s, mut turn, mut lost) = (0.0, 0, 0);
    while started.elapsed() < whole {
        let is_second_half = started.elapsed() >= whole / 2;
        let fits = |trouble: &Trouble| {
            (options.disk_mib > 0 || *trouble != Trouble::DiskFull)
                && !(is_second_half && trouble.ends_the_process())
        };
        if is_second_half && half_s == 0.0 {
            half_s = started.elapsed().as_secs_f64();
        }
        let fitting: Vec<Trouble> = ALL.into_iter().filter(fits).collect();
        // In turn at first, so that a short run has them too.
        let choice = if turn < ALL.len() as u64 { turn } else { chance.next() };
        let trouble = fitting[choice as usize % fitting.len()];
        turn += 1;
        let place = format!("turn {turn}, {trouble:?}");
        world.turn(options, trouble, &place, &mut verdict).await?;
        let compared = compare(&world.ledger, &world.service, Span::New, rig.plant).await?;
        compared.judge(&place, &mut verdict);
        lost += compared.lost;
        verdict
            .progress(format!("{place}: {} acknowledged, {lost} lost so far", world.ledger.acknowledged()));
    }
    verdict.figure("turns", turn);
    verdict.figure("broker", world.broker.name());
    world.judge(options, half_s, &mut verdict).await?;
    Ok(verdict)
}

async fn build<'a>(options: &Options, rig: &'a Rig) -> Result<World<'a>> {
    let broker = Outside::start(Memory::Keeps, options.own).await?;
    let disk = if options.disk_mib > 0 { Some(disk(options.disk_mib)?) } else { None };
    let setup = Setup {
        terminals: options.terminals,
        data_dir: disk.as_ref().map(|disk| disk.path.join("data")),
        mqtt: Some(format!("mode = \"external\"\nurl = \"mqtt://{}\"", broker.address())),
        more: HELP_NOW_AND_THEN.settings(),
        ..Setup::default()
    };
    let site = Site::new("soak", &setup, &rig.binary)?;
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let police = Consumer {
        department: "police",
        account: None,
        client: "chaos-police".to_owned(),
        with_receipts: false,
        plant: rig.plant,
    };
    let police = Subscriber::follow(broker.address(), police);
    let alarm = HELP_NOW_AND_THEN.alarm;
    let rate = Rate { alarm, is_persistent: true, ..rig.rate(0..options.terminals, options.rate) };
    let sampler = Sampler::start(service.pid(), &site.data_dir);
    let ledger = Arc::new(Ledger::new(options.terminals));
    let leaked = Vec::new();
    Ok(World { rig, ledger, service, police, broker, site, disk, rate, sampler, leaked })
}

/// An ext4 of its own on an image that nobody else sees.
fn disk(mib: u64) -> Result<Mount> {
    tools::need_root("a disk that fills up")?;
    let image = std::env::temp_dir().join(format!("chaos-soak-{}.img", std::process::id()));
    File::create(&image)?.set_len(mib << 20)?;
    tools::run("mkfs.ext4", ["-q".as_ref(), "-F".as_ref(), image.as_os_str()])?;
    let mount = Mount::image(&image);
    // The loop device holds it; its room is free again with the mount.
    fs::remove_file(&image)?;
    mount
}

impl World<'_> {
    /// Load, trouble in its middle, load.
    async fn turn(
        &mut self,
        options: &Options,
        trouble: Trouble,
        place: &str,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let calm = Duration::from_secs_f64(options.every_s * (1.0 - FAULT_SHARE) / 2.0);
        let long = Duration::from_secs_f64(options.every_s * FAULT_SHARE);
        let mut load = Load::start(&self.ledger, self.service.gateway, &self.rate);
        self.leak(calm).await;
        match trouble {
            Trouble::BrokerDead => {
                self.broker.kill().await?;
                sleep(long).await;
                self.broker.revive().await?;
            }
            Trouble::BrokerFrozen => {
                self.broker.freeze()?;
                sleep(long).await;
                self.broker.thaw()?;
            }
            Trouble::BrokenFile => {
                let good = fs::read_to_string(self.site.path.join("zones.geojson"))?;
                self.site.write("zones.geojson", "{\"type\": \"FeatureCollection\", \"features\": [7]}")?;
                self.service.signal("HUP")?;
                sleep(long).await;
                self.site.write("zones.geojson", &good)?;
                self.service.signal("HUP")?;
            }
            Trouble::DiskFull => {
                let ballast = self.disk.as_ref().context("no disk of its own")?.path.join("ballast");
                fill(&ballast)?;
                sleep(long).await;
                fs::remove_file(&ballast)?;
            }
            Trouble::Redial => {
                load.stop().await;
                load = Load::start(&self.ledger, self.service.gateway, &self.rate);
            }
            Trouble::Kill9 | Trouble::Terminate => {
                load = self.restart(load, trouble, place, verdict).await?;
            }
        }
        self.leak(calm).await;
        load.stop().await;
        self.service.check_log(place, verdict);
        Ok(())
    }

    /// The load of the next life.
    async fn restart(
        &mut self,
        load: Load,
        trouble: Trouble,
        place: &str,
        verdict: &mut Verdict,
    ) -> Result<Load> {
        self.sampler.watch(0);
        // Terminals that dial for ever are told to end once nobody is there.
        if trouble == Trouble::Kill9 {
            self.service.check_log(place, verdict);
            self.service.signal("KILL")?;
            self.service.end(PATIENCE).await?;
        } else {
            self.service.signal("TERM")?;
            let status = self.service.end(PATIENCE).await?;
            if !status.is_some_and(|status| status.success()) {
                verdict.broken(format!("{place}: SIGTERM ended with {status:?}, expected 0"));
            }
        }
        load.stop().await;
        self.service = Service::start(&self.rig.binary, &self.site, &Launch::default()).await?;
        self.sampler.watch(self.service.pid());
        Ok(Load::start(&self.ledger, self.service.gateway, &self.rate))
    }

    /// Waits; a planted leak opens connections before.
    async fn leak(&mut self, time: Duration) {
        let count = if self.rig.plant == Plant::Leak { LEAKED } else { 0 };
        for _ in 0..count {
            self.leaked.extend(TcpStream::connect(self.service.http).await.ok());
        }
        sleep(time).await;
    }

    async fn judge(self, options: &Options, half_s: f64, verdict: &mut Verdict) -> Result<()> {
        let patience = if self.rig.plant == Plant::None { PATIENCE } else { PATIENCE / 30 };
        // What is asked for below costs memory too.
        let samples = self.sampler.stop().await.since(half_s);
        let accounts = (&*self.ledger, &self.police);
        let listed = HELP_NOW_AND_THEN.settle(&self.service, accounts, Owed::Revisions, patience).await?;
        let received = HELP_NOW_AND_THEN.compare(&self.ledger, (&listed, &self.police), Owed::Revisions);
        received.judge(Owed::Revisions, verdict);
        let compared = compare(&self.ledger, &self.service, Span::All, self.rig.plant).await?;
        compared.judge("the end", verdict);
        verdict.figure("acknowledged", compared.acknowledged);
        verdict.figure("lost", compared.lost);
        verdict.figure("alerts", listed.len());
        let growths = [
            Bound("memory_kib", |sample| sample.memory_kib, options.growth_max_mib << 10),
            Bound("files", |sample| sample.files, FILES_GROWTH_MAX),
            Bound("threads", |sample| sample.threads, THREADS_GROWTH_MAX),
        ];
        for Bound(key, of, most) in growths {
            let growth = samples.growth(of);
            verdict.figure(key, json!({ "growth": growth, "second_half": samples.figure(of) }));
            if growth > most {
                verdict
                    .broken(format!("{key}: grew by {growth} in the second half, expected {most} at most"));
            }
        }
        verdict.figure("disk_bytes", samples.figure(|sample| sample.disk_bytes));
        self.service.stop("the end", verdict).await
    }
}

/// What may grow, and by how much.
struct Bound(&'static str, fn(&Sample) -> u64, i64);

/// Takes the room there is at once, and what is left of it in blocks.
fn fill(ballast: &Path) -> Result<()> {
    let dir = ballast.parent().context("a folder")?;
    let free = tools::run("df", ["--output=avail".as_ref(), "-B1".as_ref(), dir.as_os_str()])?;
    let free: usize = free.lines().last().context("df says nothing")?.trim().parse()?;
    let at_once = free.saturating_sub(BLOCK_BYTES * 64).to_string();
    tools::run("fallocate", ["-l".as_ref(), at_once.as_ref(), ballast.as_os_str()])?;
    let mut file = File::options().append(true).open(ballast)?;
    while file.write_all(&[0x55; BLOCK_BYTES]).is_ok() {}
    Ok(())
}
