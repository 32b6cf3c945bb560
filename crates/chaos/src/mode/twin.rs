//! A second process on the same data directory is refused, and the first one goes on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::audit::{Span, compare};
use crate::ledger::Ledger;
use crate::load::Load;
use crate::service::{Launch, Service, Started};
use crate::site::{Setup, Site};
use crate::verdict::Verdict;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How often a second one is started
    #[arg(long, default_value_t = 20)]
    pub tries: u32,
    /// Reports a second
    #[arg(long, default_value_t = 1_000)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 100)]
    pub terminals: usize,
}

/// Starts second ones beside the first.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("twin");
    // A broker of the service's own might lock its part of the data: one outside, which is not there.
    let mqtt = Some("mode = \"external\"\nurl = \"mqtt://127.0.0.1:1\"".to_owned());
    let setup = Setup { terminals: options.terminals, mqtt, ..Setup::default() };
    let site = Site::new("twin", &setup, &rig.binary)?;
    let mut apart = Site::new("twin-apart", &setup, &rig.binary)?;
    if rig.plant != Plant::Harmless {
        // Another configuration with other ports: only the data are the same.
        apart.move_data(&site.data_dir)?;
    }
    let ledger = Arc::new(Ledger::new(options.terminals));
    let first = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let load = Load::start(&ledger, first.gateway, &rig.rate(0..options.terminals, options.rate));
    let mut refused = 0;
    for number in 0..options.tries {
        sleep(Duration::from_millis(100)).await;
        match Service::try_start(&rig.binary, &apart, &Launch::default()).await? {
            Started::Ended(Some(1 | 3), log) => {
                refused += 1;
                if !log.contains(&site.data_dir.display().to_string()) {
                    verdict
                        .broken(format!("try {number}: the refusal does not name the data directory: {log}"));
                }
            }
            Started::Ended(code, log) => {
                verdict.broken(format!("try {number}: it ended with {code:?}, expected 1 or 3: {log}"));
            }
            Started::Listening(second) => {
                verdict.broken(format!("try {number}: two processes serve {}", site.data_dir.display()));
                second.kill().await?;
            }
        }
    }
    let mut total = load.stop().await;
    verdict.figure("latency_ms", total.latency_ms());
    if total.tally.refused > 0 || !total.problems.is_empty() {
        verdict
            .broken(format!("the first one faltered: {} refused, {:?}", total.tally.refused, total.problems));
    }
    let compared = compare(&ledger, &first, Span::All, rig.plant).await?;
    compared.judge("the end", &mut verdict);
    first.stop("the end", &mut verdict).await?;
    // What a killed process leaves behind refuses nobody.
    let second = Service::start(&rig.binary, &site, &Launch::default()).await?;
    second.kill().await?;
    let third = Service::start(&rig.binary, &site, &Launch::default()).await?;
    third.stop("after a kill", &mut verdict).await?;
    verdict.figure("tries", options.tries);
    verdict.figure("refused", refused);
    verdict.figure("acknowledged", compared.acknowledged);
    verdict.figure("lost", compared.lost);
    Ok(verdict)
}
