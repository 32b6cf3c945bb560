//! Hostile terminals by the thousand under a ceiling of memory, while good ones report.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Rig;
use crate::attack::{self, KINDS};
use crate::audit::{Span, compare};
use crate::ledger::Ledger;
use crate::load::{Apart, Load, Total};
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::tools;
use crate::verdict::Verdict;
use crate::{Plant, report};

/// Between two looks at the service's memory.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// Between two bytes of one that trickles.
const TRICKLE_EVERY: Duration = Duration::from_secs(5);
/// How long one that sends frames waits to be closed, or to be able to write on.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Writes of the same bytes on one connection: a flood is to be closed long before.
const AGAIN: usize = 20;
/// Hostile connections come from these last parts of 127.0.9.x, so that none of the limits by address stands before them
/// alone and the good ones share nothing with them.
const ADDRESSES: u64 = 200;
/// How much more the service may hold in the last quarter than in the third: what is left of allocators' noise, and what
/// the reports of good terminals leave until their places are packed. Without anybody hostile that is 50 to 105 bytes a report.
const GROWTH_MIB_MAX: f64 = 8.0;
const REPORT_BYTES_MAX: f64 = 128.0;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Hostile frames, of every kind there is
    #[arg(long, default_value_t = 1_000_000)]
    pub frames: u64,
    /// Connections at once that send them
    #[arg(long, default_value_t = 200)]
    pub floods: u64,
    /// Connections that send a byte now and then
    #[arg(long, default_value_t = 5_000)]
    pub trickling: u64,
    /// Good terminals; each reports once a second
    #[arg(long, default_value_t = 2_000)]
    pub good: usize,
    /// How much memory the service may hold, MiB; as root a control group sees to it
    #[arg(long, default_value_t = 512)]
    pub memory_mib: u64,
    /// How long it takes at least, ms
    #[arg(long, default_value_t = 120_000)]
    pub least_ms: u64,
    /// No control group, as without root
    #[arg(long)]
    pub is_sampled: bool,
}

/// Shared by everybody who is hostile.
struct Siege {
    port: u16,
    terminals: u64,
    sent: AtomicU64,
    closed: AtomicU64,
    is_over: AtomicBool,
}

impl Siege {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    async fn dial(&self, number: u64) -> Result<TcpStream> {
        let last = u8::try_from(number % ADDRESSES + 1)?;
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 9, last)), self.port);
        Ok(timeout(Duration::from_secs(20), TcpStream::connect(address)).await.context("dialling")??)
    }
}

/// Everybody at once.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("hostile");
    // Hostile terminals are on file as well: what they send is taken as far as it can be.
    let on_file = options.good + usize::try_from(options.floods + options.trickling)?;
    let setup = Setup { terminals: on_file, listen: Some("0.0.0.0".to_owned()), ..Setup::default() };
    let site = Site::new("hostile", &setup, &rig.binary)?;
    let ceiling = if options.is_sampled { None } else { Ceiling::of(options.memory_mib) };
    let launch = ceiling.as_ref().map_or_else(Launch::default, Ceiling::launch);
    let mut service = Service::start(&rig.binary, &site, &launch).await?;
    let ledger = Arc::new(Ledger::new(options.good));
    let apart = Apart::start()?;
    let gateway = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), service.gateway.port());
    let good = Load::start(&ledger, gateway, &rig.rate(0..options.good, u32::try_from(options.good)?));
    sleep(Duration::from_secs(2)).await;
    let (siege, mut enemies) = besiege(service.gateway.port(), options, rig, &apart);
    let memory = watch(&mut service, options, &siege, &mut verdict).await?;
    siege.is_over.store(true, Ordering::Relaxed);
    enemies.abort_all();
    while let Some(ended) = enemies.join_next().await {
        ensure!(
            ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()),
            "one that was hostile panicked"
        );
    }
    judge_good(good.stop().await, options, &mut verdict);
    let frames = siege.sent.load(Ordering::Relaxed);
    if frames < options.frames {
        verdict.broken(format!("only {frames} of {} hostile frames could be sent", options.frames));
    }
    judge_memory(&memory, options, ledger.acknowledged() / 4, &mut verdict);
    let compared = compare(&ledger, &service, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    verdict.figure("hostile_frames", frames);
    verdict.figure("hostile_connections_closed", siege.closed.load(Ordering::Relaxed));
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    verdict.figure("ceiling", if ceiling.is_some() { "control group" } else { "sampled" });
    service.stop("the end", &mut verdict).await?;
    Ok(verdict)
}

/// Everybody who is hostile, from now on.
fn besiege(port: u16, options: &Options, rig: &Rig, apart: &Apart) -> (Arc<Siege>, JoinSet<()>) {
    let siege = Arc::new(Siege {
        port,
        terminals: options.good as u64,
        sent: AtomicU64::new(0),
        closed: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
    });
    let mut enemies = JoinSet::new();
    if rig.plant != Plant::Harmless {
        for number in 0..options.floods {
            enemies.spawn_on(flood(Arc::clone(&siege), number), apart.handle());
        }
        for number in 0..options.trickling {
            enemies.spawn_on(trickle(Arc::clone(&siege), options.floods + number), apart.handle());
        }
    }
    (siege, enemies)
}

/// No good terminal may have lost its connection, or wait for an answer.
fn judge_good(mut total: Total, options: &Options, verdict: &mut Verdict) {
    verdict.figure("latency_ms", total.latency_ms());
    if total.tally.sent != total.tally.acknowledged || total.tally.connections != options.good as u64 {
        let (sent, acknowledged) = (total.tally.sent, total.tally.acknowledged);
        verdict.broken(format!(
            "good terminals: {acknowledged} of {sent} reports acknowledged over {} connections: {:?}",
            total.tally.connections, total.problems
        ));
    }
}

/// Resident memory of the service until everything was sent and the time is over, MiB.
async fn watch(
    service: &mut Service,
    options: &Options,
    siege: &Siege,
    verdict: &mut Verdict,
) -> Result<Vec<f64>> {
    let (started, least) = (Instant::now(), Duration::from_millis(options.least_ms));
    let (mut samples, mut told) = (Vec::new(), Instant::now());
    // Ten times as long and it is not going to be.
    while started.elapsed() < least
        || (siege.sent.load(Ordering::Relaxed) < options.frames && started.elapsed() < least * 10)
    {
        if let Some(status) = service.ended()? {
            verdict.broken(format!("the service ended with {status}"));
            break;
        }
        samples.push(resident_mib(service.pid())?);
        if told.elapsed() > Duration::from_secs(15) {
            told = Instant::now();
            let (sent, closed) = (siege.sent.load(Ordering::Relaxed), siege.closed.load(Ordering::Relaxed));
            let now = samples.last().copied().unwrap_or_default();
            verdict.progress(format!("{sent} hostile frames, {closed} connections closed, {now:.0} MiB"));
        }
        sleep(SAMPLE_EVERY).await;
    }
    Ok(samples)
}

fn judge_memory(samples: &[f64], options: &Options, reports: u64, verdict: &mut Verdict) {
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let quarter = samples.len() / 4;
    let (third, last) = (&samples[quarter * 2..quarter * 3], &samples[quarter * 3..]);
    let most = samples.iter().copied().fold(0.0, f64::max);
    let growth = mean(last) - mean(third);
    if most > options.memory_mib as f64 {
        verdict.broken(format!("the service held {most:.0} MiB, at most {} are allowed", options.memory_mib));
    }
    let growth_max = GROWTH_MIB_MAX + reports as f64 * REPORT_BYTES_MAX / f64::from(1 << 20);
    if growth > growth_max {
        verdict.broken(format!(
            "the service held {growth:.1} MiB more in the last quarter than in the one before, at most {growth_max:.1} are noise and reports"
        ));
    }
    let tenths = |mib: f64| (mib * 10.0).round() / 10.0;
    verdict.figure("resident_mib_max", tenths(most));
    verdict.figure("resident_mib_growth_last_quarter", tenths(growth));
}

fn resident_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse::<f64>()? / 1_024.0)
}

/// One connection after the other, each of another kind, until it is over.
async fn flood(siege: Arc<Siege>, number: u64) {
    let mut kind = usize::try_from(number).unwrap_or_default();
    while siege.goes_on() {
        let bytes = match KINDS.get(kind % (KINDS.len() + 1)) {
            Some((_, bytes)) => bytes(terminal(&siege, number)),
            None => attack::heartbeats(terminal(&siege, number)),
        };
        kind += 1;
        if one_flood(&siege, number, &bytes).await.is_ok() {
            siege.closed.fetch_add(1, Ordering::Relaxed);
        }
        tokio::task::yield_now().await;
    }
}

/// Writes the same again and again and reads nothing, until it is closed or takes no more.
async fn one_flood(siege: &Siege, number: u64, bytes: &[u8]) -> Result<()> {
    let mut stream = siege.dial(number).await?;
    // A frame has two delimiters and fifteen bytes; what has none counts as one.
    let delimiters = bytes.iter().filter(|byte| **byte == 0x7e).count();
    let frames = (delimiters / 2).min(bytes.len() / 15).max(1) as u64;
    for _ in 0..AGAIN {
        match timeout(WAIT_MAX, stream.write_all(bytes)).await {
            Ok(Ok(())) => siege.sent.fetch_add(frames, Ordering::Relaxed),
            Ok(Err(_)) => return Ok(()),
            Err(_) => break,
        };
    }
    // Whether it was closed shows where something is read.
    let mut buffer = [0; 4096];
    while timeout(WAIT_MAX, stream.read(&mut buffer)).await.context("it is still open")?? > 0 {}
    Ok(())
}

/// A byte of a good frame now and then; dials again whenever it is closed.
async fn trickle(siege: Arc<Siege>, number: u64) {
    let mut frame = Vec::new();
    report::frame(&terminal(&siege, number).to_string(), 0x0002, 1, &[], &mut frame);
    // Not all in step.
    sleep(Duration::from_millis(number * 7 % 5_000)).await;
    while siege.goes_on() {
        if let Ok(mut stream) = siege.dial(number).await {
            for byte in frame.iter().cycle().skip(usize::try_from(number % 7).unwrap_or_default()) {
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
                // The service says nothing to one that never ends a frame: what can be read is its end.
                let mut buffer = [0; 256];
                if let Ok(Ok(0) | Err(_)) = timeout(TRICKLE_EVERY, stream.read(&mut buffer)).await {
                    break;
                }
            }
            siege.closed.fetch_add(1, Ordering::Relaxed);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The number of a hostile terminal, behind those of the good ones.
fn terminal(siege: &Siege, number: u64) -> u64 {
    report::FIRST + siege.terminals + number
}

/// A control group of version 1 that bounds the memory; removed when dropped.
struct Ceiling(PathBuf);

impl Ceiling {
    /// Where this is root's and the kernel's to give.
    fn of(mib: u64) -> Option<Self> {
        tools::need_root("a control group").ok()?;
        let path = PathBuf::from(format!("/sys/fs/cgroup/memory/chaos-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let ceiling = Self(path);
        fs::write(ceiling.0.join("memory.limit_in_bytes"), (mib << 20).to_string()).ok()?;
        Some(ceiling)
    }

    /// Puts the service into it before it begins.
    fn launch(&self) -> Launch {
        let into = format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", self.0.display());
        Launch { by: vec!["/bin/sh".to_owned(), "-c".to_owned(), into], ..Launch::default() }
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
