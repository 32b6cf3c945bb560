//! The console's pages: types, tests of their logic, one build that every cargo step then embeds, tests in a browser.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::house;

/// Oldest Node the build tools run on.
const NODE: (u32, u32) = (20, 19);

/// Checks and builds the pages; the folder of the build, for `CONSOLE_WEB`, and how many tests passed.
pub fn build() -> Result<(PathBuf, u64)> {
    node()?;
    let pages = target()?.join("console-pages");
    let out = pages.to_str().context("the target folder's path is not UTF-8")?;
    npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    npm(&["run", "--silent", "check"])?;
    let passed = counted(&["run", "--silent", "test", "--", "--reporter=json"], &[])?;
    npm(&["run", "--silent", "build", "--", "--outDir", out, "--emptyOutDir"])?;
    Ok((pages, passed))
}

/// Runs the pages in Chromium against the binary `cargo build` made; how many tests passed.
pub fn browse() -> Result<u64> {
    let binary = target()?.join("debug/roadwarden");
    let binary = binary.to_str().context("the target folder's path is not UTF-8")?;
    counted(&["run", "--silent", "browse", "--", "--reporter=json"], &[("ROADWARDEN_BINARY", binary)])
}

fn node() -> Result<()> {
    let wanted =
        format!("the console's pages need Node {}.{} or newer with npm: https://nodejs.org", NODE.0, NODE.1);
    let output = Command::new("node").arg("--version").output().context(wanted.clone())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= NODE => Ok(()),
        _ => bail!("{wanted} (found {})", text.trim()),
    }
}

/// The target folder.
pub fn target() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| house::root().join("target"), PathBuf::from);
    std::fs::create_dir_all(&target)?;
    target.canonicalize().with_context(|| format!("{} is not there", target.display()))
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(args).current_dir(web());
    command
}

pub fn web() -> PathBuf {
    Path::new(&house::root()).join("crates/console/web")
}

fn npm(args: &[&str]) -> Result<()> {
    let output = command(args).output().with_context(|| format!("cannot run npm {}", args.join(" ")))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("npm {} failed:\n{}", args.join(" "), String::from_utf8_lossy(&said));
    }
    Ok(())
}

/// Runs tests that report as JSON on standard output; what they say besides goes to standard error.
fn counted(args: &[&str], env: &[(&str, &str)]) -> Result<u64> {
    let output = command(args).envs(env.iter().copied()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = text.lines().rev().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let Some(report) = report else { bail!("npm {} gave no report:\n{text}", args.join(" ")) };
    let failures: Vec<String> =
        report["testResults"].as_array().into_iter().flatten().flat_map(failed).collect();
    if !output.status.success() || !failures.is_empty() {
        bail!("npm {} failed:\n{}", args.join(" "), failures.join("\n"));
    }
    match report["numPassedTests"].as_u64() {
        Some(passed) if passed > 0 => Ok(passed),
        _ => bail!("npm {} ran no test", args.join(" ")),
    }
}

/// What of a file of tests failed: a test with its messages, or the file itself.
fn failed(file: &serde_json::Value) -> Vec<String> {
    let name = file["name"].as_str().unwrap_or_default();
    let message = file["message"].as_str().filter(|message| !message.is_empty());
    let tests = file["assertionResults"].as_array().into_iter().flatten();
    let failed = tests.filter(|test| test["status"] == "failed").map(|test| {
        let messages = test["failureMessages"].as_array().into_iter().flatten().filter_map(|it| it.as_str());
        format!(
            "{name}: {}\n{}",
            test["fullName"].as_str().unwrap_or_default(),
            messages.collect::<Vec<_>>().join("\n")
        )
    });
    failed.chain(message.map(|message| format!("{name}: {message}"))).collect()
}
