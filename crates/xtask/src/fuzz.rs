//! Coverage-guided fuzzing with libFuzzer on the stable toolchain: the instrumentation is a pass of LLVM that any
//! compiler has; what needs a nightly one are the sanitizers, and code without `unsafe` has no use for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::house;

/// What can be run, with the crate it lies in.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Any stream of an attachment connection: frames and blocks of files
    Block,
    /// Any stream of bytes, sliced in any way, through the deframer
    Framing,
    /// Any body under any message id and edition
    Message,
    /// Any parts of any sub-packaged messages, through a link and an observer
    Parts,
}

impl Target {
    /// Crate, name, and the bytes of the longest input: two frames, a body, the steps that are looked at.
    const fn facts(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::Block => ("jt808", "block", 4_096),
            Self::Framing => ("jt808", "framing", 4_096),
            Self::Message => ("jt808", "message", 1_100),
            Self::Parts => ("session", "parts", 192),
        }
    }
}

#[derive(Args)]
pub struct Options {
    target: Target,
    /// How many inputs to try
    #[arg(long, default_value_t = 1_000_000)]
    executions: u64,
    /// Afterwards keep the fewest inputs that reach every branch that was reached, in the crate's `fuzz/`
    #[arg(long)]
    keep: bool,
}

/// The flags of `cargo fuzz` without a sanitizer; arithmetic and assertions are checked as in a debug build.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=on -Coverflow-checks=on -Ccodegen-units=1";

/// What one input may cost: longer than this it hangs, beyond this it grows without bound.
const LIMITS: [&str; 2] = ["-timeout=5", "-rss_limit_mb=512"];

/// Builds the target, writes its seeds, runs the engine and says where findings lie.
pub fn run(options: &Options) -> Result<()> {
    let (package, name, len_max) = options.target.facts();
    let kept = house::root().join("crates").join(package).join("fuzz").join(format!("{name}.txt"));
    let place =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| house::root().join("target"), PathBuf::from);
    let place = place.join("fuzz");
    let inputs = directory(&place.join("corpus").join(name))?;
    let example = format!("fuzz-{name}");
    let arguments = ["run", "--quiet", "--package", package, "--example", &example, "--"];
    finish(cargo().args(arguments).arg(&inputs)).context("cannot write the seeds")?;
    unpack(&kept, &inputs)?;
    let engine = build(package, &example, &place)?;
    let findings = directory(&place.join("findings"))?.join(format!("{name}-"));
    let mut command = Command::new(&engine);
    command
        .args(LIMITS)
        .arg("-print_final_stats=1")
        .arg(format!("-max_len={len_max}"))
        .arg(format!("-runs={}", options.executions));
    command.arg(format!("-artifact_prefix={}", findings.display())).arg(&inputs);
    finish(&mut command)
        .with_context(|| format!("an input was found, see {}*: make it a test", findings.display()))?;
    if options.keep { keep(&engine, &inputs, &kept) } else { Ok(()) }
}

/// An own place to build in: all code is built anew with the flags, and ordinary builds stay what they are. Naming the
/// machine's own triple keeps the flags away from build scripts.
fn build(package: &str, example: &str, place: &Path) -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().context("cannot ask rustc for its host")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let arguments = ["build", "--release", "--package", package, "--example", example, "--target", host];
    finish(cargo().args(arguments).env("CARGO_TARGET_DIR", place).env("RUSTFLAGS", FLAGS))
        .context("cannot build the target")?;
    Ok(place.join(host).join("release/examples").join(example))
}

/// The inputs kept are one file a target, one input a line in hex: small, and a change can be read.
fn unpack(kept: &Path, inputs: &Path) -> Result<()> {
    let text = fs::read_to_string(kept).unwrap_or_default();
    for (place, line) in text.lines().enumerate() {
        let bytes: Option<Vec<u8>> =
            (0..line.len()).step_by(2).map(|at| u8::from_str_radix(line.get(at..at + 2)?, 16).ok()).collect();
        let bytes = bytes.with_context(|| format!("{}:{}: no hex", kept.display(), place + 1))?;
        fs::write(inputs.join(format!("kept-{place:03}")), bytes)?;
    }
    Ok(())
}

/// A smaller set that covers the same replaces what was kept.
fn keep(engine: &Path, inputs: &Path, kept: &Path) -> Result<()> {
    let smallest = inputs.with_extension("smallest");
    if smallest.exists() {
        fs::remove_dir_all(&smallest)?;
    }
    directory(&smallest)?;
    let mut merge = Command::new(engine);
    // Which branches, and not how often: a tenth of the inputs. What needs more bytes than these repeats itself.
    merge.args(["-max_len=512", "-set_cover_merge=1", "-use_counters=0"]);
    finish(merge.arg(&smallest).arg(inputs)).context("cannot merge")?;
    let mut lines = Vec::new();
    for entry in fs::read_dir(&smallest)? {
        lines.push(fs::read(entry?.path())?.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    lines.sort_by_key(|line| (line.len(), line.clone()));
    fs::write(kept, lines.join("\n") + "\n").with_context(|| format!("cannot write {}", kept.display()))
}

fn directory(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path.to_owned())
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.current_dir(house::root());
    command
}
