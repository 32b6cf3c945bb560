//! The power goes at any moment under load: what the disk had received by then, mounted anew, holds all that was acknowledged.
//!
//! An XFS image with reflinks holds the image of an ext4 disk. A reflinked copy of the inner one is what the disk had
//! received and nothing of what was still in memory. It models a disk that keeps what it was told to flush, and does
//! not put writes between two flushes in another order.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::mount::Mount;
use crate::service::{Launch, Service};
use crate::shim::{Fault, Shim};
use crate::site::{Setup, Site};
use crate::tools::{need, run as tool};
use crate::verdict::Verdict;

/// The disk that loses its power, and the one that holds it and its copies.
const DISK_BYTES: u64 = 2 << 30;
const HOLDER_BYTES: u64 = 12 << 30;
/// A service that has seen so many cuts is begun anew on an empty disk, so that the disk and the tracks stay small.
const CUTS_A_LIFE: u32 = 25;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often the power goes
    #[arg(long, default_value_t = 200)]
    pub cuts: u32,
    /// Reports a second
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 100)]
    pub terminals: usize,
}

/// Cuts, so many times.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    need("/sbin/mkfs.xfs", "xfsprogs")?;
    let mut verdict = Verdict::new("powercut");
    let dir = std::env::temp_dir().join(format!("chaos-power-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let holder = image(&dir.join("holder.img"), HOLDER_BYTES)?;
    tool("mkfs.xfs", ["-q".as_ref(), "-m".as_ref(), "reflink=1".as_ref(), holder.as_os_str()])?;
    let ended = lives(options, rig, &Mount::image(&holder)?, &mut verdict).await;
    fs::remove_dir_all(&dir)?;
    ended?;
    verdict.figure("cuts", options.cuts);
    Ok(verdict)
}

async fn lives(options: &Options, rig: &Rig, holder: &Mount, verdict: &mut Verdict) -> Result<()> {
    let mut chance = Chance::new(rig.seed);
    let (mut done, mut sums, mut copies_ms) = (0, [0; 4], Vec::new());
    while done < options.cuts {
        let disk = image(&holder.path.join("disk.img"), DISK_BYTES)?;
        tool("mkfs.ext4", ["-q".as_ref(), "-F".as_ref(), disk.as_os_str()])?;
        let mounted = Mount::image(&disk)?;
        let setup = Setup {
            terminals: options.terminals,
            data_dir: Some(mounted.path.join("data")),
            more: "[pipeline]\nsnapshot_every = \"2s\"\n".to_owned(),
            ..Setup::default()
        };
        let mut site = Site::new("powercut", &setup, &rig.binary)?;
        let ledger = Arc::new(Ledger::new(options.terminals));
        let service = Service::start(&rig.binary, &site, &launch(&site, rig)?).await?;
        let rate = Rate { is_persistent: true, ..rig.rate(0..options.terminals, options.rate) };
        let load = Load::start(&ledger, service.gateway, &rate);
        let mut cuts = Vec::new();
        for _ in 0..CUTS_A_LIFE.min(options.cuts - done) {
            sleep(Duration::from_millis(chance.between(100, 1_500))).await;
            // What is acknowledged by now must be there; more may.
            let known = Arc::new(ledger.snapshot());
            let started = Instant::now();
            let copy = holder.path.join(format!("cut-{}.img", cuts.len()));
            tool("cp", ["--reflink=always".as_ref(), disk.as_os_str(), copy.as_os_str()])?;
            copies_ms.push(u64::try_from(started.elapsed().as_millis())?);
            cuts.push((known, copy));
        }
        load.stop().await;
        service.check_log("under load", verdict);
        service.kill().await?;
        // Later reports are no inventions of the copies.
        let all = ledger.snapshot();
        for (known, copy) in cuts {
            let place = format!("cut {done}");
            known.take_sent(&all);
            let counts = look(&known, &copy, &mut site, rig, &place, verdict).await?;
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            fs::remove_file(copy)?;
            done += 1;
        }
        verdict.progress(format!("{done} cuts, {} acknowledged before them, {} lost", sums[0], sums[1]));
        drop(mounted);
        fs::remove_file(disk)?;
    }
    copies_ms.sort_unstable();
    let [acknowledged, lost, invented, ready_ms] = sums;
    verdict.figure("acknowledged", acknowledged);
    verdict.figure("lost", lost);
    verdict.figure("invented", invented);
    verdict.figure("ready_ms_mean", ready_ms / u64::from(options.cuts.max(1)));
    verdict.figure("copy_ms", json!({ "p50": copies_ms.get(copies_ms.len() / 2), "max": copies_ms.last() }));
    Ok(())
}

/// With a disk that keeps nothing it is told to keep, where that is planted.
fn launch(site: &Site, rig: &Rig) -> Result<Launch> {
    if rig.plant != Plant::NoSync {
        return Ok(Launch::default());
    }
    Ok(Shim::compile(&site.path)?.launch(site, Fault { call: "sync", k: 1, mode: "lie" }))
}

/// What one copy holds: acknowledged, lost, invented, ms until it was ready.
async fn look(
    known: &Arc<Ledger>,
    copy: &Path,
    site: &mut Site,
    rig: &Rig,
    place: &str,
    verdict: &mut Verdict,
) -> Result<[u64; 4]> {
    let mounted = Mount::image(copy)?;
    site.move_data(&mounted.path.join("data"))?;
    let service = Service::start(&rig.binary, site, &Launch::default()).await.context(place.to_owned())?;
    let ready = service.ready(Duration::from_secs(60)).await.context("it never was ready")?;
    let compared = compare(known, &service, Span::All, rig.plant).await?;
    compared.judge(place, verdict);
    service.check_log(place, verdict);
    service.kill().await?;
    Ok([compared.acknowledged, compared.lost, compared.invented, u64::try_from(ready.as_millis())?])
}

/// A file of this size that takes no room yet.
fn image(path: &Path, bytes: u64) -> Result<PathBuf> {
    File::create(path)
        .and_then(|file| file.set_len(bytes))
        .with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path.to_owned())
}
