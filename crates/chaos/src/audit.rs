//! Holds what was acknowledged against what the HTTP interface shows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fleet::EventTime;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Plant;
use crate::api::{Api, escape};
use crate::ledger::{Ledger, Seen};
use crate::report::{Said, number};
use crate::service::Service;
use crate::verdict::Verdict;

/// Terminals that are asked for side by side.
const ASKERS: usize = 4;
/// How long the service may take until what it acknowledged is in its tracks.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two looks at a track that lacks something.
const AGAIN: Duration = Duration::from_millis(200);
/// Examples that are named.
const EXAMPLES_MAX: usize = 5;

/// Which reports are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Span {
    All,
    /// Those since the last comparison.
    New,
}

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub acknowledged: u64,
    pub found: u64,
    pub lost: u64,
    pub invented: u64,
    pub twice: u64,
    pub examples: Vec<String>,
}

impl Compared {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.found += other.found;
        self.lost += other.lost;
        self.invented += other.invented;
        self.twice += other.twice;
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES_MAX);
    }

    /// Enters what is wrong; `place` says where it was looked at.
    pub fn judge(&self, place: &str, verdict: &mut Verdict) {
        let Self { lost, invented, twice, examples, acknowledged, .. } = self;
        if *lost > 0 {
            verdict.broken(format!(
                "{place}: {lost} of {acknowledged} acknowledged reports are lost: {examples:?}"
            ));
        }
        if *invented > 0 {
            verdict.broken(format!("{place}: {invented} places were never sent so: {examples:?}"));
        }
        if *twice > 0 {
            verdict.broken(format!("{place}: {twice} reports stand in their track twice: {examples:?}"));
        }
    }
}

/// Asks for every track; waits until what was acknowledged is there, or [`PATIENCE`] is over.
pub async fn compare(ledger: &Arc<Ledger>, service: &Service, span: Span, plant: Plant) -> Result<Compared> {
    // What is missing because of a plant never comes.
    let patience = if plant == Plant::None { PATIENCE } else { PATIENCE / 30 };
    compare_within(ledger, service, span, plant, patience).await
}

/// The same with a patience of one's own.
pub async fn compare_within(
    ledger: &Arc<Ledger>,
    service: &Service,
    span: Span,
    plant: Plant,
    patience: Duration,
) -> Result<Compared> {
    let until = Instant::now() + patience;
    let mut tasks = JoinSet::new();
    for asker in 0..ASKERS {
        let (ledger, api) = (Arc::clone(ledger), service.api());
        tasks.spawn(async move { ask(&ledger, api, (asker, span, plant), until).await });
    }
    let mut all = Compared::default();
    while let Some(ended) = tasks.join_next().await {
        all.add(ended.context("an asker ended badly")??);
    }
    Ok(all)
}

async fn ask(
    ledger: &Ledger,
    mut api: Api,
    (asker, span, plant): (usize, Span, Plant),
    until: Instant,
) -> Result<Compared> {
    let mut all = Compared::default();
    for terminal in (asker..ledger.terminals()).step_by(ASKERS) {
        if plant == Plant::Invent {
            ledger.book(terminal).acknowledged.pop();
        }
        let (from, sent) = {
            let book = ledger.book(terminal);
            (if span == Span::All { 0 } else { book.compared }, book.acknowledged.len())
        };
        if sent == 0 {
            continue;
        }
        let compared = loop {
            let compared = look(ledger, &mut api, terminal, from).await?;
            if compared.lost == 0 || Instant::now() >= until {
                break compared;
            }
            sleep(AGAIN).await;
        };
        all.add(compared);
        ledger.book(terminal).compared = sent as u32;
    }
    Ok(all)
}

/// One look at one track, from a report on.
async fn look(ledger: &Ledger, api: &mut Api, terminal: usize, from: u32) -> Result<Compared> {
    // What was acknowledged before the question must be in the answer.
    let acknowledged = ledger.book(terminal).acknowledged.clone();
    let first = EventTime::from_ms(ledger.said(terminal, from).unix_ms).to_rfc3339_ms();
    let number = number(terminal);
    let track = api.list(&format!("/api/v1/vehicles/{number}/track?from={}", escape(&first))).await?;
    let mut compared = Compared::default();
    let mut found = BTreeSet::new();
    for item in &track {
        match place(item).map(|said| ledger.find(terminal, &said)) {
            Some(Seen::Report(n)) if found.insert(n) => compared.found += 1,
            Some(Seen::Report(n)) => {
                compared.twice += 1;
                compared.examples.push(format!("{number} report {n} twice"));
            }
            Some(Seen::Invented) | None => {
                compared.invented += 1;
                compared.examples.push(format!("{number} never said {item}"));
            }
        }
    }
    for (n, _) in acknowledged.iter().enumerate().skip(from as usize).filter(|(_, is)| **is) {
        compared.acknowledged += 1;
        if !found.contains(&(n as u32)) {
            compared.lost += 1;
            compared.examples.push(format!("{number} lost report {n}"));
        }
    }
    compared.examples.truncate(EXAMPLES_MAX);
    Ok(compared)
}

/// A place of a track in the units of the wire; `None` where it is not what the contract says.
fn place(item: &Value) -> Option<Said> {
    let time: EventTime = item["time"].as_str()?.parse().ok()?;
    let scaled = |key: &str, by: f64| {
        let scaled = item[key].as_f64()? * by;
        // Nothing between two steps of the wire: that would be another number.
        ((scaled - scaled.round()).abs() < 1e-3).then(|| scaled.round() as i64)
    };
    Some(Said {
        unix_ms: time.ms(),
        lon_e6: scaled("lon", 1e6)?,
        lat_e6: scaled("lat", 1e6)?,
        altitude_m: scaled("altitude_m", 1.0)?,
        speed_tenths: scaled("speed_kmh", 10.0)?,
        heading_deg: scaled("heading_deg", 1.0)?,
    })
}
