//! Files of the data directory are damaged while it is down: the start says so, the rest is served, nothing is made up.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Compared, Span, compare, compare_within};
use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::service::{Launch, Service, Started, check_text};
use crate::site::{Setup, Site};
use crate::tools;
use crate::verdict::Verdict;

/// How long a damaged one may take to show what it still has.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of all reports, what one flipped bit may cost: those of its group commit, some hundredths.
const BIT_COSTS_MAX: u64 = 10;
/// Words with which a damage is told, in any case of letters.
const TOLD: [&str; 6] = ["damaged", "corrupt", "malformed", "misses record", "not a database", "cannot"];

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Damages of each kind of file
    #[arg(long, default_value_t = 60)]
    pub rounds: u32,
    /// Reports that are there before
    #[arg(long, default_value_t = 4_000)]
    pub reports: u64,
    /// Terminals
    #[arg(long, default_value_t = 20)]
    pub terminals: usize,
    /// Only these kinds of files, by name; all where none is named
    #[arg(long, value_delimiter = ',')]
    pub kinds: Vec<String>,
}

/// Files that are damaged together with what else is taken away, so that it has to be read.
struct Kind {
    name: &'static str,
    /// Below the data directory.
    dir: &'static str,
    ending: &'static str,
    /// What would stand in for it, below the data directory.
    removed: &'static [&'static str],
}

const KINDS: [Kind; 5] = [
    Kind { name: "journal", dir: "journal", ending: ".sqlite", removed: &["history", "snapshot"] },
    Kind { name: "journal-wal", dir: "journal", ending: ".sqlite-wal", removed: &["history", "snapshot"] },
    Kind { name: "ledger", dir: "", ending: "ledger.db", removed: &[] },
    Kind { name: "history", dir: "history", ending: ".sqlite", removed: &[] },
    Kind { name: "snapshot", dir: "", ending: "snapshot", removed: &["history"] },
];

/// What became of the damages of one kind.
#[derive(Default)]
struct Ends {
    refused: u32,
    served: u32,
    whole: u32,
    lost: u64,
    silent: u32,
}

/// Damages, starts, compares, so many times.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("bitrot");
    let setup = Setup { terminals: options.terminals, ..Setup::default() };
    let site = Site::new("bitrot", &setup, &rig.binary)?;
    let ledger = Arc::new(Ledger::new(options.terminals));
    let saved = fill(&ledger, &site, options, rig, &mut verdict).await?;
    let mut chance = Chance::new(rig.seed);
    let wanted = |kind: &Kind| options.kinds.is_empty() || options.kinds.iter().any(|name| name == kind.name);
    for kind in KINDS.into_iter().filter(wanted) {
        let mut ends = Ends::default();
        for round in 0..options.rounds {
            restore(&site, &saved)?;
            for name in kind.removed {
                remove(&site.data_dir.join(name))?;
            }
            let Some(damage) = damage(&site.data_dir, &kind, &mut chance, rig.plant)? else { continue };
            let place = format!("{} {round}: {damage}", kind.name);
            start(&ledger, &site, rig, &place, &mut ends, &mut verdict).await?;
        }
        verdict.progress(format!("{}: {} served, {} refused", kind.name, ends.served, ends.refused));
        let Ends { refused, served, whole, lost, silent } = ends;
        let told = json!({ "served": served, "of_these_whole": whole, "reports_lost": lost, "refused_to_start": refused, "silent": silent });
        verdict.figure(kind.name, told);
    }
    verdict.figure("acknowledged", ledger.acknowledged());
    Ok(verdict)
}

/// Two lives: one that ended in order, one that was killed and left a log of its last commits.
async fn fill(
    ledger: &Arc<Ledger>,
    site: &Site,
    options: &Options,
    rig: &Rig,
    verdict: &mut Verdict,
) -> Result<PathBuf> {
    for half in 1..=2 {
        let service = Service::start(&rig.binary, site, &Launch::default()).await?;
        let load = Load::start(ledger, service.gateway, &rig.rate(0..options.terminals, 2_000));
        while ledger.acknowledged() < options.reports * half / 2 {
            sleep(Duration::from_millis(20)).await;
        }
        load.stop().await;
        let compared = compare(ledger, &service, Span::All, Plant::None).await?;
        compared.judge("before any damage", verdict);
        if half == 1 {
            service.stop("before any damage", verdict).await?;
        } else {
            service.kill().await?;
        }
    }
    let saved = site.path.join("saved");
    tools::run("cp", ["-a".as_ref(), site.data_dir.as_os_str(), saved.as_os_str()])?;
    Ok(saved)
}

fn restore(site: &Site, saved: &Path) -> Result<()> {
    remove(&site.data_dir)?;
    tools::run("cp", ["-a".as_ref(), saved.as_os_str(), site.data_dir.as_os_str()]).map(drop)
}

fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(meta) if meta.is_dir() => Ok(fs::remove_dir_all(path)?),
        Ok(_) => Ok(fs::remove_file(path)?),
    }
}

/// Flips a bit, zeroes a stretch, or cuts the end of one file; what was done. `None`: there is no such file.
fn damage(data: &Path, kind: &Kind, chance: &mut Chance, plant: Plant) -> Result<Option<String>> {
    let dir = data.join(kind.dir);
    let mut files: Vec<PathBuf> = fs::read_dir(&dir)
        .with_context(|| format!("cannot list {}", dir.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(kind.ending))
        .filter(|path| path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0))
        .collect();
    files.sort();
    let Some(path) = files.get(chance.below(files.len() as u64) as usize) else { return Ok(None) };
    let mut bytes = fs::read(path)?;
    let at = chance.below(bytes.len() as u64) as usize;
    let name = path.strip_prefix(data).unwrap_or(path).display();
    let what = match chance.below(4) {
        0 | 1 => {
            bytes[at] ^= 1 << chance.below(8);
            format!("{name}: a bit of byte {at} flipped")
        }
        2 => {
            let end = (at + chance.between(1, 4_096) as usize).min(bytes.len());
            bytes[at..end].fill(0);
            format!("{name}: bytes {at} to {end} zeroed")
        }
        _ => {
            bytes.truncate(at);
            format!("{name}: cut to {at} bytes")
        }
    };
    if plant != Plant::Harmless {
        fs::write(path, bytes)?;
    }
    Ok(Some(what))
}

async fn start(
    ledger: &Arc<Ledger>,
    site: &Site,
    rig: &Rig,
    place: &str,
    ends: &mut Ends,
    verdict: &mut Verdict,
) -> Result<()> {
    let service = match Service::try_start(&rig.binary, site, &Launch::default()).await? {
        Started::Listening(service) => service,
        Started::Ended(code, log) => {
            ends.refused += 1;
            check_text(&log, place, verdict);
            if !matches!(code, Some(1 | 3)) || !is_told(&log) {
                verdict.broken(format!(
                    "{place}: it ended with {code:?}, expected 1 or 3 and the damage: {log}"
                ));
            }
            if place.starts_with("journal") {
                verdict.broken(format!("{place}: the rest is not served, it does not start: {}", last(&log)));
            }
            return Ok(());
        }
    };
    ends.served += 1;
    let compared = compare_within(ledger, &service, Span::All, rig.plant, PATIENCE).await;
    let (log, is_ready) = (service.log(), service.api().ready().await == Some(true));
    check_text(&log, place, verdict);
    match compared {
        Ok(compared) => judge(&compared, (is_told(&log), is_ready), place, ends, verdict),
        // A track that can't be read is told, which is all that can be asked.
        Err(error) if format!("{error:#}").contains("status 500") && is_told(&log) => ends.lost += 1,
        Err(error) => verdict.broken(format!("{place}: the tracks can't be asked for: {error:#}")),
    }
    service.kill().await?;
    ensure!(ledger.acknowledged() > 0, "nothing was acknowledged before the damage");
    Ok(())
}

fn judge(
    compared: &Compared,
    (is_told, is_ready): (bool, bool),
    place: &str,
    ends: &mut Ends,
    verdict: &mut Verdict,
) {
    if compared.invented > 0 || compared.twice > 0 {
        let only = Compared { lost: 0, ..compared.clone() };
        only.judge(place, verdict);
    }
    ends.lost += compared.lost;
    if place.ends_with("flipped") && compared.lost * 100 > compared.acknowledged * BIT_COSTS_MAX && is_told {
        let Compared { lost, acknowledged, .. } = compared;
        verdict.broken(format!(
            "{place}: a bit costs {lost} of {acknowledged} reports, what lies behind it is not served"
        ));
    }
    if compared.lost == 0 {
        ends.whole += 1;
    } else if !is_told && is_ready {
        ends.silent += 1;
        verdict.broken(format!("{place}: {} reports are lost, and nothing is said of it", compared.lost));
    }
}

fn is_told(log: &str) -> bool {
    let log = log.to_lowercase();
    TOLD.iter().any(|word| log.contains(word))
}

fn last(log: &str) -> &str {
    log.trim_end().lines().last().unwrap_or_default()
}
