//! The test of hostile terminals with as many connections as the machine lets a process have.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::house;

#[derive(Args)]
pub struct Options {
    /// Connections that say nothing; half as many others send what they should not. 16,500 files are open at each end
    #[arg(long, default_value_t = 10_000)]
    connections: u32,
}

/// Builds the service as it ships and prints what the connections cost it.
pub fn run(options: &Options) -> Result<()> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    let arguments =
        ["test", "--release", "--package", "roadwarden", "--test", "hostile", "--", "--nocapture"];
    command.args(arguments).current_dir(house::root());
    command.env("HOSTILE_CONNECTIONS", options.connections.to_string());
    let status = command.status().context("cannot run cargo")?;
    ensure!(status.success(), "the service did not stand it: {status}");
    Ok(())
}
