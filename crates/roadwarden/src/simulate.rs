//! `simulate`: terminals for tests and load.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use simulator::{Edition, LoadOptions, Report, SimulateArgs, SimulateError, run_simulate};

use crate::args;
use crate::exit::Unavailable;
use crate::log::log_to_stderr;
use crate::serve;

/// Drives the terminals for as long as asked and prints what was sent, acknowledged and how fast.
pub fn run(args: &args::Simulate) -> Result<()> {
    log_to_stderr("warn");
    serve::runtime()?.block_on(async {
        let target = tokio::net::lookup_host(&args.target)
            .await
            .with_context(|| format!("{}: expected HOST:PORT", args.target))?
            .next()
            .with_context(|| format!("{} has no address", args.target))?;
        let load = LoadOptions {
            vehicles: args.vehicles,
            interval_s: i64::try_from(args.interval.as_secs()).unwrap_or(i64::MAX),
            batch: args.batch,
            window: args.window,
            edition: Edition::V2013,
            seed: args.seed,
        };
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{elapsed_precise} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        let stop = async {
            let _ = serve::stop_signal().await;
        };
        let arguments = SimulateArgs { target, duration: Some(args.duration), load };
        let report = run_simulate(arguments, stop, |report| bar.set_message(line(report))).await;
        bar.finish_and_clear();
        let report = report.map_err(|error| match error {
            SimulateError::Unreachable { .. } => {
                Unavailable(format!("{:#}", anyhow::Error::from(error))).into()
            }
            SimulateError::Seeds(_) => anyhow::Error::from(error),
        })?;
        println!("{}", line(&report));
        Ok(())
    })
}

/// The figures of a run on one line.
pub fn line(report: &Report) -> String {
    let Report { online, sent, acknowledged, unacknowledged, refused, files, reconnects, latency } = report;
    format!(
        "online 在线 {online}, sent 已发 {sent}, acknowledged 已应答 {acknowledged}, unacknowledged 未应答 {unacknowledged}, \
         refused 拒绝 {refused}, files 附件 {files}, reconnects 重连 {reconnects}, latency 时延 p50 {} p90 {} p99 {} max {} ms",
        latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms
    )
}
