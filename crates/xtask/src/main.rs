//! Chores and the tests of the house rules.
//!
//! `cargo xtask test` installs what the tests need from Debian's packages, then runs formatting, lints, the house
//! rules and every test, and closes on one counted line.

mod asvs;
mod chaos;
mod fuzz;
mod house;
mod supply;
mod test;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Chores of the Roadwarden workspace")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// The fault rig: kills, cuts and starves the service as it ships
    Chaos(chaos::Options),
    /// Runs a fuzz target
    Fuzz(fuzz::Options),
    /// Only the rules of the house: layers, root files, words
    House,
    /// Licences, sources and advisories of what comes from others; the list of it for a release
    Supply(supply::Options),
    /// Everything that has to pass before a change lands
    Test,
}

fn main() -> ExitCode {
    let result = match Args::parse().chore {
        Chore::Chaos(options) => chaos::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::House => house::check(),
        Chore::Supply(options) => supply::run(&options),
        Chore::Test => test::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
