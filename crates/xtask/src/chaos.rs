//! The fault rig against the binary as it ships.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{house, test, web};

#[derive(Args)]
pub struct Options {
    /// Mode and its options; `--help` names them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// Builds both in release, installs what the modes use, and runs one.
pub fn run(options: &Options) -> Result<()> {
    test::install()?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--package", "roadwarden", "--package", "chaos"]);
    let status = build.current_dir(house::root()).status().context("cannot run cargo")?;
    ensure!(status.success(), "the build failed: {status}");
    let release = web::target()?.join("release");
    let mut rig = Command::new(release.join("chaos"));
    rig.arg("--binary").arg(release.join("roadwarden")).args(&options.arguments);
    let status = rig.status().context("cannot run the rig")?;
    ensure!(status.success(), "a promise is broken or the rig could not go on: {status}");
    Ok(())
}
