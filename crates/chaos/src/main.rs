//! `chaos MODE …`: one kind of fault against the real binary; `cargo xtask chaos` builds both and runs it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use chaos::mode::{self, Rig};
use chaos::{Binary, Plant, Verdict};
use clap::{Parser, Subcommand};
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(about = "Breaks the real binary from outside and compares what it acknowledged with what it shows")]
struct Arguments {
    /// The roadwarden that is broken
    #[arg(long)]
    binary: PathBuf,
    /// Makes something wrong on purpose: the mode must fail
    #[arg(long, value_enum, default_value_t)]
    plant: Plant,
    /// Of what looks like chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// More alerts than anybody can read
    Alertstorm(mode::alertstorm::Options),
    /// Damaged files of the data directory
    Bitrot(mode::bitrot::Options),
    /// A broker that is killed, stopped, or forgets
    Broker(mode::broker::Options),
    /// The machine's clock is set by hours and years; needs a C compiler
    Clock(mode::clock::Options),
    /// A disk that fills up; needs root
    Diskfull(mode::diskfull::Options),
    /// Hostile terminals under a ceiling of memory, which a control group holds where that is root's
    Hostile(mode::hostile::Options),
    /// The k-th system call fails
    Iofail(mode::iofail::Options),
    /// kill -9 under load
    Kill9(mode::kill9::Options),
    /// Links that go silent; needs root, or --proxy
    Netcut(mode::netcut::Options),
    /// Power that goes at any moment; needs root and xfsprogs
    Powercut(mode::powercut::Options),
    /// Broken configuration and reference files, read again
    Reload(mode::reload::Options),
    /// SIGTERM under load, and a second one
    Sigterm(mode::sigterm::Options),
    /// A long run with faults now and then
    Soak(mode::soak::Options),
    /// Everybody dials at once
    Storm(mode::storm::Options),
    /// A second process on the same data
    Twin(mode::twin::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { binary, plant, seed, mode } = Arguments::parse();
    let rig = Rig { binary: Binary(binary), plant, seed };
    // Whatever ends it takes mounts, namespaces and services down: they go where the run is dropped.
    let ended = tokio::select! {
        ended = run(mode, &rig) => ended,
        told = told_to_stop() => told,
    };
    match ended {
        Ok(verdict) => {
            println!("{}", verdict.line());
            if verdict.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("chaos: the rig itself can't go on: {error:#}");
            ExitCode::from(3)
        }
    }
}

async fn told_to_stop() -> Result<Verdict> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => bail!("it was told to stop"),
        _ = ctrl_c() => bail!("it was told to stop"),
    }
}

async fn run(mode: Mode, rig: &Rig) -> Result<Verdict> {
    ensure!(rig.binary.0.exists(), "{} is missing", rig.binary.0.display());
    match mode {
        Mode::Alertstorm(options) => mode::alertstorm::run(&options, rig).await,
        Mode::Bitrot(options) => mode::bitrot::run(&options, rig).await,
        Mode::Broker(options) => mode::broker::run(&options, rig).await,
        Mode::Clock(options) => mode::clock::run(&options, rig).await,
        Mode::Diskfull(options) => mode::diskfull::run(&options, rig).await,
        Mode::Hostile(options) => mode::hostile::run(&options, rig).await,
        Mode::Iofail(options) => mode::iofail::run(&options, rig).await,
        Mode::Kill9(options) => mode::kill9::run(&options, rig).await,
        Mode::Netcut(options) => mode::netcut::run(&options, rig).await,
        Mode::Powercut(options) => mode::powercut::run(&options, rig).await,
        Mode::Reload(options) => mode::reload::run(&options, rig).await,
        Mode::Sigterm(options) => mode::sigterm::run(&options, rig).await,
        Mode::Soak(options) => mode::soak::run(&options, rig).await,
        Mode::Storm(options) => mode::storm::run(&options, rig).await,
        Mode::Twin(options) => mode::twin::run(&options, rig).await,
    }
}
