//! What comes from others: whether we may ship it, where it comes from, what is known against it, and the list of it
//! all that goes with a release.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{house, web};

/// Tools of their own communities, in the versions whose answers we know. Built once, under the target folder.
const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9" };

/// What pages may be built with beyond what may be shipped: the tool runs here and leaves nothing of itself in them.
const BUILD_ONLY: &[&str] = &["MPL-2.0", "Python-2.0", "CC0-1.0"];

struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Args)]
pub struct Options {
    /// Also look for advisories: a clone of the RustSec database, as a folder of `cargo deny`'s `db-path`; fetched where
    /// there is a network and none is given
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "")]
    advisories: Option<String>,
    /// Write the lists of all parts (`CycloneDX` JSON) here: one of the binary, one of the pages
    #[arg(long, value_name = "FOLDER")]
    sbom: Option<PathBuf>,
}

/// Checks licences, sources and bans offline; the rest where asked.
pub fn run(options: &Options) -> Result<()> {
    let deny = DENY.installed()?;
    let checks = ["--workspace", "check", "licenses", "sources", "bans"];
    finish(Command::new(&deny).args(checks).current_dir(house::root()))?;
    let wrong = pages(&house::root())?;
    ensure!(wrong.is_empty(), "parts of the pages that may not be there:\n  {}", wrong.join("\n  "));
    eprintln!("== licences and sources hold");
    if let Some(folder) = &options.advisories {
        advisories(&deny, folder)?;
    }
    options.sbom.as_deref().map_or(Ok(()), lists)
}

fn advisories(deny: &Path, folder: &str) -> Result<()> {
    let mut command = Command::new(deny);
    command.current_dir(house::root());
    if folder.is_empty() {
        return finish(command.args(["--workspace", "check", "advisories"]));
    }
    // The folder can be named in the configuration only.
    let folder = Path::new(folder).canonicalize().with_context(|| format!("{folder} is not there"))?;
    let rules = fs::read_to_string(house::root().join("deny.toml")).context("cannot read deny.toml")?;
    let with_folder = web::target()?.join("deny.toml");
    fs::write(
        &with_folder,
        format!("{rules}\n[advisories]\ndb-path = {:?}\n", folder.display().to_string()),
    )?;
    let arguments = ["--offline", "--workspace", "--config"];
    finish(command.args(arguments).arg(&with_folder).args(["check", "advisories"]))
}

/// The lists of parts. What the binary is built from is read off its own graph of crates, what the pages are off their
/// lock file: neither needs a build.
fn lists(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let crates = house::root().join("crates/roadwarden");
    let mut command = Command::new(CYCLONEDX.installed()?);
    command.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    command.args(["--override-filename", "roadwarden.cdx", "--manifest-path"]).arg(crates.join("Cargo.toml"));
    finish(&mut command)?;
    // It writes one file beside every manifest; that of the binary holds all that is in it, and where our crates lie
    // on this machine.
    let here = house::root().canonicalize()?.display().to_string();
    let list =
        fs::read_to_string(crates.join("roadwarden.cdx.json")).context("no list of the binary's parts")?;
    fs::write(folder.join("roadwarden.cdx.json"), list.replace(&here, ""))?;
    for entry in fs::read_dir(house::root().join("crates"))? {
        let _ = fs::remove_file(entry?.path().join("roadwarden.cdx.json"));
    }
    let _ = fs::remove_file(house::root().join("benches/roadwarden.cdx.json"));
    let arguments = ["sbom", "--package-lock-only", "--omit", "dev", "--sbom-format", "cyclonedx"];
    let pages = Command::new("npm").args(arguments).current_dir(web::web()).output();
    let pages = pages.context("cannot run npm: https://nodejs.org")?;
    ensure!(pages.status.success(), "npm sbom failed:\n{}", String::from_utf8_lossy(&pages.stderr));
    fs::write(folder.join("pages.cdx.json"), pages.stdout)?;
    for name in ["roadwarden.cdx.json", "pages.cdx.json"] {
        let text = fs::read(folder.join(name)).with_context(|| format!("{name} was not made"))?;
        let list: serde_json::Value =
            serde_json::from_slice(&text).with_context(|| format!("{name} is no JSON"))?;
        let parts = list["components"].as_array().map_or(0, Vec::len);
        ensure!(parts > 0, "{name} lists no part");
        eprintln!("{parts} parts in {}", folder.join(name).display());
    }
    Ok(())
}

/// What the lock file of the pages holds that may not be there: a part without a checksum, or under a licence that
/// `deny.toml` does not allow for what is shipped.
pub fn pages(root: &Path) -> Result<Vec<String>> {
    let rules = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let lock = root.join("crates/console/web/package-lock.json");
    let lock = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    mistakes(&rules, &serde_json::from_slice(&lock).context("package-lock.json is no JSON")?)
}

fn mistakes(rules: &str, lock: &serde_json::Value) -> Result<Vec<String>> {
    let allowed = rules.lines().find_map(|line| line.strip_prefix("allow = [")?.strip_suffix(']'));
    let allowed: Vec<&str> = allowed
        .context("deny.toml: no line allow = […]")?
        .split(", ")
        .map(|it| it.trim_matches('"'))
        .collect();
    let parts = lock["packages"].as_object().context("package-lock.json: no packages")?;
    let mut wrong = Vec::new();
    // The part without a name is the project itself.
    for (name, part) in parts.iter().filter(|(name, _)| !name.is_empty()) {
        if part["integrity"].as_str().is_none() {
            wrong.push(format!("package-lock.json: {name} has no checksum"));
        }
        let is_for_building = part["dev"] == true;
        let licence = part["license"].as_str().unwrap_or("none");
        let choices = licence.trim_matches(['(', ')']).split(" OR ");
        let mut choices =
            choices.filter(|it| allowed.contains(it) || is_for_building && BUILD_ONLY.contains(it));
        if choices.next().is_none() {
            wrong.push(format!(
                "package-lock.json: {name} is under {licence}, expected one that deny.toml allows"
            ));
        }
    }
    Ok(wrong)
}

impl Tool {
    /// Where its binary lies; builds it where it is not there yet.
    fn installed(&self) -> Result<PathBuf> {
        let place = web::target()?.join("tools").join(format!("{}-{}", self.name, self.version));
        let binary = place.join("bin").join(self.name);
        if !binary.exists() {
            eprintln!("== building {} {}, once", self.name, self.version);
            let mut command = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
            command.args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"]);
            // Its artefacts are of no further use to anybody.
            finish(command.arg(&place).env("CARGO_TARGET_DIR", place.join("build")))?;
            fs::remove_dir_all(place.join("build"))?;
        }
        Ok(binary)
    }
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_that_may_not_be_shipped_is_named() -> Result<()> {
        let rules = "[licenses]\nallow = [\"MIT\", \"ISC\"]\n";
        let lock = json!({"packages": {
            "": {"name": "ours"},
            "good": {"license": "MIT", "integrity": "sha512-x"},
            "one-of-two": {"license": "(MPL-2.0 OR ISC)", "integrity": "sha512-x"},
            "tool": {"license": "MPL-2.0", "integrity": "sha512-x", "dev": true},
            "copyleft": {"license": "MPL-2.0", "integrity": "sha512-x"},
            "unsaid": {"integrity": "sha512-x", "dev": true},
            "unchecked": {"license": "MIT"},
        }});
        assert_eq!(
            mistakes(rules, &lock)?,
            [
                "package-lock.json: copyleft is under MPL-2.0, expected one that deny.toml allows",
                "package-lock.json: unchecked has no checksum",
                "package-lock.json: unsaid is under none, expected one that deny.toml allows",
            ]
        );
        Ok(())
    }

    #[test]
    fn the_pages_are_built_of_what_may_be_there() -> Result<()> {
        assert_eq!(pages(&house::root())?, Vec::<String>::new());
        Ok(())
    }
}
