//! Broken configuration and reference files are read again: refused as a whole, with the line, and what was in force stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::Rig;
use crate::Plant;
use crate::api::Api;
use crate::chance::Chance;
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// The reference data of the demo, all kinds of files.
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../seeds");
/// Files that are broken.
const FILES: [&str; 9] = [
    "roadwarden.toml",
    "vehicles.csv",
    "drivers.csv",
    "operators.csv",
    "permits.csv",
    "zones.geojson",
    "routes.geojson",
    "roads.geojson",
    "divisions.geojson",
];
/// What shows which set is in force.
const SHOWN: [&str; 6] =
    ["rules", "map/zones", "map/routes", "operators?limit=1000", "drivers?limit=1000", "vehicles?limit=1000"];
/// Mutations that may turn out harmless before the rig gives up, for each one that is not.
const HARMLESS_MAX: u32 = 20;
/// Files a service may open in the trial that leaves it none.
const FILES_MAX: u32 = 96;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Broken sets of files
    #[arg(long, default_value_t = 200)]
    pub rounds: u32,
    /// Leaves out the trial without files to open
    #[arg(long)]
    pub with_files: bool,
}

/// Breaks one file after the other and asks for it to be read.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("reload");
    let site = Site::new("reload", &Setup::default(), &rig.binary)?;
    let good = settle(&site)?;
    let few = Launch { by: vec!["prlimit".into(), format!("--nofile={FILES_MAX}")], ..Launch::default() };
    let service = Service::start(&rig.binary, &site, &few).await?;
    let mut api = service.api();
    let in_force = shown(&mut api).await?;
    ensure!(ask(&mut api).await?.0 == 200, "the good files are not taken");
    let mut chance = Chance::new(rig.seed);
    let (mut broken, mut harmless) = (0, 0);
    while broken < options.rounds {
        let (file, text) = &good[chance.below(good.len() as u64) as usize];
        let (what, mutated) = mutate(file, text, &mut chance);
        let place = format!("{file} {what}");
        if rig.plant != Plant::Harmless {
            replace(&site, file, mutated.as_deref())?;
        }
        let found = check(&rig.binary.0, &site)?;
        if found.is_empty() && rig.plant != Plant::Harmless {
            harmless += 1;
            judge_empty(&place, mutated.as_deref(), &mut verdict);
            ensure!(harmless <= HARMLESS_MAX * options.rounds, "hardly a mutation breaks anything");
        } else {
            broken += 1;
            judge(&mut api, &found, &in_force, &place, &mut verdict).await?;
        }
        replace(&site, file, Some(text))?;
        if broken % 50 == 0 && !found.is_empty() {
            verdict.progress(format!("{broken} broken, {harmless} harmless"));
        }
    }
    if !options.with_files {
        starve(&service, &mut api, &in_force, &mut verdict).await?;
    }
    ensure!(ask(&mut api).await?.0 == 200, "the good files are not taken at the end");
    service.stop("the end", &mut verdict).await?;
    verdict.figure("broken_sets", broken);
    verdict.figure("harmless_sets", harmless);
    Ok(verdict)
}

/// The seeds with ports and data of the site's own; what each file holds.
fn settle(site: &Site) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut good = Vec::new();
    for file in FILES {
        let path = Path::new(SEEDS).join(file);
        let mut text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if file == "roadwarden.toml" {
            let own = String::from_utf8(text)?;
            text = [":6808", ":6809", ":1883", ":8080"]
                .iter()
                .fold(own, |text, port| text.replace(port, ":0"))
                .into_bytes();
        }
        fs::write(site.path.join(file), &text)?;
        good.push((file, text));
    }
    Ok(good)
}

/// One of the ways in which files break; `None`: the file is gone.
fn mutate(file: &str, text: &[u8], chance: &mut Chance) -> (&'static str, Option<Vec<u8>>) {
    let at = chance.below(text.len() as u64) as usize;
    let mut bytes = text.to_vec();
    let line =
        |bytes: &[u8]| bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    match chance.below(9) {
        0 => return ("is gone", None),
        1 => return ("is empty", Some(Vec::new())),
        2 => {
            bytes.truncate(at);
            return ("is half written", Some(bytes));
        }
        3 => bytes[at] = 0xff,
        4 => bytes[at] = 0,
        5 => {
            // A digit becomes a letter, wherever the next one is.
            if let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit) {
                bytes[at + digit] = b'x';
            }
        }
        6 => {
            bytes.remove(at);
        }
        7 => {
            let from = line(&bytes);
            let end =
                bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| from + n + 1);
            let again = bytes[from..end].to_vec();
            bytes.splice(from..from, again);
        }
        _ => {
            let word: &[u8] = if file.ends_with(".toml") { b"\nspeling = 1\n" } else { b",surplus," };
            bytes.splice(at..at, word.iter().copied());
        }
    }
    ("has a mistake", Some(bytes))
}

fn replace(site: &Site, file: &str, bytes: Option<&[u8]>) -> Result<()> {
    let path = site.path.join(file);
    match bytes {
        Some(bytes) => fs::write(&path, bytes)?,
        None => fs::remove_file(&path)?,
    }
    Ok(())
}

/// What `check` says of it, a mistake a line; nothing where it is good.
fn check(binary: &PathBuf, site: &Site) -> Result<Vec<String>> {
    let output = Command::new(binary).args(["check", "--config"]).arg(site.config()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(Vec::new()),
        Some(1) => Ok(said.lines().map(str::to_owned).collect()),
        code => anyhow::bail!("check ended with {code:?}, expected 0 or 1: {said}"),
    }
}

/// A file that says nothing at all must not switch off what it stood for.
fn judge_empty(place: &str, mutated: Option<&[u8]>, verdict: &mut Verdict) {
    if mutated.is_none_or(<[u8]>::is_empty) && !place.starts_with("roadwarden.toml") {
        verdict.broken(format!("{place}, and that is taken as good"));
    }
}

async fn judge(
    api: &mut Api,
    found: &[String],
    in_force: &[String],
    place: &str,
    verdict: &mut Verdict,
) -> Result<()> {
    let (status, body) = ask(api).await?;
    let answer: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let mistakes = answer["mistakes"].as_array().cloned().unwrap_or_default();
    if status != 422 || mistakes.is_empty() {
        verdict.broken(format!("{place}: status {status}, expected 422 and the mistakes: {body}"));
    }
    for mistake in mistakes.iter().filter_map(Value::as_str) {
        if !names_a_line(mistake) {
            verdict.broken(format!("{place}: {mistake:?} names no line, expected file:line: what is wrong"));
        }
    }
    if mistakes.len() > found.len() {
        verdict.broken(format!("{place}: {} mistakes, check has found {}", mistakes.len(), found.len()));
    }
    if shown(api).await? != in_force {
        verdict.broken(format!("{place}: another set is in force than before"));
    }
    Ok(())
}

/// `file:line: …`
fn names_a_line(mistake: &str) -> bool {
    let mut parts = mistake.splitn(3, ':');
    parts.next().is_some_and(|file| !file.is_empty())
        && parts.next().is_some_and(|line| line.parse::<u32>().is_ok())
}

/// Without a file to open nothing is read again, nothing is forgotten, and nobody is let in who was not before.
async fn starve(service: &Service, api: &mut Api, in_force: &[String], verdict: &mut Verdict) -> Result<()> {
    let mut stranger = Api::new(service.http, "none");
    ensure!(stranger.get("/api/v1/rules").await?.0 == 401, "a stranger is let in");
    let mut held = Vec::new();
    while held.len() < 2 * FILES_MAX as usize {
        held.push(TcpStream::connect(service.gateway).await?);
    }
    let (status, body) = ask(api).await?;
    if status == 200 {
        verdict.broken(format!("files were read although none could be opened: {body}"));
    }
    let (status, _) = stranger.get("/api/v1/rules").await?;
    if status != 401 {
        verdict.broken(format!("without files a stranger gets status {status}, expected 401"));
    }
    drop(held);
    let mut now = Vec::new();
    for _ in 0..100 {
        now = shown(api).await.unwrap_or_default();
        if now == in_force {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    if now != in_force {
        verdict.broken("without files another set came into force");
    }
    verdict.figure("without_files", json!(body.lines().next()));
    Ok(())
}

async fn ask(api: &mut Api) -> Result<(u16, String)> {
    api.ask("POST", "/api/v1/reload", "").await
}

/// Everything that tells one set from another.
async fn shown(api: &mut Api) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for path in SHOWN {
        all.push(api.json(&format!("/api/v1/{path}")).await?.to_string());
    }
    Ok(all)
}
