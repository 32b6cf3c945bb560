//! Everything that has to pass, in the order in which a mistake is cheapest to find.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::house;

/// Debian packages the end-to-end tests use, each with a program it brings. A test says so when one is missing and
/// can't be installed, and fails here rather than pass unseen.
const PACKAGES: &[(&str, &str)] = &[
    ("mosquitto-clients", "/usr/bin/mosquitto_sub"),
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("victoria-metrics", "/usr/bin/victoria-metrics"),
];

/// Runs all steps and closes on one line that counts the tests.
pub fn run() -> Result<()> {
    let started = Instant::now();
    install()?;
    step("formatting", &["fmt", "--all", "--check"])?;
    step("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    house::check()?;
    eprintln!("== house rules hold");
    // The end-to-end tests start the real binary.
    step("the binary", &["build", "--package", "roadwarden"])?;
    let counted = tests()?;
    println!("{counted} tests passed, 0 failed, in {} s", started.elapsed().as_secs());
    Ok(())
}

fn install() -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, program)| !Path::new(program).exists())
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("== installing {}", missing.join(", "));
    run_quiet(Command::new("apt-get").args(["update", "-qq"]))?;
    run_quiet(
        Command::new("apt-get").args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing),
    )
    .with_context(|| format!("install {} by hand, the tests use them", missing.join(", ")))
}

fn run_quiet(command: &mut Command) -> Result<()> {
    let output = command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn step(name: &str, args: &[&str]) -> Result<()> {
    eprintln!("== {name}");
    let status = cargo(args).status().with_context(|| format!("cannot run cargo for {name}"))?;
    if !status.success() {
        bail!("{name} failed (cargo {})", args.join(" "));
    }
    Ok(())
}

/// Runs every test and returns how many passed, by the harness's own lines.
fn tests() -> Result<u64> {
    eprintln!("== tests");
    let output = cargo(&["test", "--workspace", "--no-fail-fast"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        bail!("tests failed");
    }
    let passed = text
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u64>().ok());
    match passed.sum() {
        0 => bail!("no test ran"),
        counted => Ok(counted),
    }
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(args).current_dir(house::root());
    command
}
