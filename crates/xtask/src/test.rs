//! Everything that has to pass, in the order in which a mistake is cheapest to find.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{house, web};

/// Debian packages the end-to-end tests use, each with a file it brings. A test says so when one is missing and
/// can't be installed, and fails here rather than pass unseen.
const PACKAGES: &[(&str, &str)] = &[
    ("mosquitto-clients", "/usr/bin/mosquitto_sub"),
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("victoria-metrics", "/usr/bin/victoria-metrics"),
    ("faketime", "/usr/bin/faketime"),
    ("xfsprogs", "/sbin/mkfs.xfs"),
    ("iptables", "/usr/sbin/iptables"),
    ("iproute2", "/usr/bin/ip"),
    ("gcc", "/usr/bin/cc"),
    ("chromium", "/usr/bin/chromium"),
    ("fonts-noto-cjk", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
];

/// Runs all steps and closes on one line that counts the tests.
pub fn run() -> Result<()> {
    let started = Instant::now();
    install()?;
    step("formatting", cargo(&["fmt", "--all", "--check"]))?;
    house::check()?;
    eprintln!("== house rules hold");
    eprintln!("== pages");
    let (pages, in_node) = web::build()?;
    // Every cargo step takes this build instead of making its own.
    let with_pages = |args: &[&str]| {
        let mut command = cargo(args);
        command.env("CONSOLE_WEB", &pages);
        command
    };
    step("lints", with_pages(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    // The end-to-end tests start the real binary.
    step("the binary", with_pages(&["build", "--package", "roadwarden"]))?;
    let in_rust = tests(with_pages(&["test", "--workspace", "--no-fail-fast"]))?;
    eprintln!("== pages in a browser");
    let in_browser = web::browse()?;
    let counted = in_rust + in_node + in_browser;
    eprintln!("{in_rust} in Rust, {in_node} of the pages' logic, {in_browser} in a browser");
    println!("{counted} tests passed, 0 failed, in {} s", started.elapsed().as_secs());
    Ok(())
}

/// Installs what is missing of [`PACKAGES`].
pub fn install() -> Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(_, file)| !Path::new(file).exists()).map(|(package, _)| *package).collect();
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

fn step(name: &str, mut command: Command) -> Result<()> {
    eprintln!("== {name}");
    let status = command.status().with_context(|| format!("cannot run cargo for {name}"))?;
    if !status.success() {
        bail!("{name} failed ({command:?})");
    }
    Ok(())
}

/// Runs every test and returns how many passed, by the harness's own lines.
fn tests(mut command: Command) -> Result<u64> {
    eprintln!("== tests");
    let output = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).output()?;
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
