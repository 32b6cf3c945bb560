//! The rules of the house that a machine can hold: which crate may use which, what pure means, what stands at the root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The table of `ARCHITECTURE.md`: a crate uses rows below its own, never its own row, never above.
const ROWS: &[(&str, u8)] = &[
    ("roadwarden", 5),
    ("gateway", 4),
    ("dispatch", 4),
    ("console", 4),
    ("simulator", 4),
    ("pipeline", 3),
    ("journal", 2),
    ("ledger", 2),
    ("history", 2),
    ("settings", 2),
    ("media", 2),
    ("osm", 2),
    ("tls", 2),
    ("rules", 1),
    ("session", 1),
    ("atlas", 1),
    ("clock", 1),
    ("jt808", 0),
    ("fleet", 0),
];

/// Tools beside the table: they know the wire and the words at most.
const BESIDE: &[&str] = &["chaos", "xtask"];

/// Crates without async, sockets, files, clock, globals or randomness.
const PURE: &[&str] = &["jt808", "fleet", "rules", "session", "atlas"];

/// What a pure crate's source may not say.
const IMPURE: &[&str] = &[
    "tokio",
    "std::net",
    "std::fs",
    "std::thread",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "static mut",
    "thread_local!",
    "rand::",
];

/// What may stand at the root.
const ROOT: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "config",
    "crates",
    "deny.toml",
    "deploy",
    "protocol",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "seeds",
    "target",
];

/// The top of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Checks all rules and reports every breach at once.
pub fn check() -> Result<()> {
    let mut breaches = layers()?;
    breaches.extend(purity()?);
    breaches.extend(root_entries()?);
    breaches.extend(rule_table()?);
    breaches.extend(crate::asvs::check(&root())?);
    breaches.extend(crate::supply::pages(&root())?);
    ensure!(breaches.is_empty(), "the house rules are broken:\n  {}", breaches.join("\n  "));
    Ok(())
}

/// Every crate stands in the table and depends on lower rows only.
fn layers() -> Result<Vec<String>> {
    let rows: BTreeMap<&str, u8> = ROWS.iter().copied().collect();
    let mut breaches = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let path = entry?.path();
        let name =
            path.file_name().and_then(|n| n.to_str()).context("a crate's folder has no name")?.to_owned();
        if BESIDE.contains(&name.as_str()) {
            let manifest = fs::read_to_string(path.join("Cargo.toml"))?;
            let used = dependencies(&manifest).filter(|used| rows.get(used).is_some_and(|&row| row > 0));
            breaches.extend(
                used.map(|used| format!("crates/{name} breaks the service from outside and uses {used}")),
            );
            continue;
        }
        let Some(&row) = rows.get(name.as_str()) else {
            breaches.push(format!("crates/{name} has no row in the table"));
            continue;
        };
        let manifest = fs::read_to_string(path.join("Cargo.toml"))?;
        for used in dependencies(&manifest) {
            if rows.get(used).is_some_and(|&below| below >= row) {
                breaches.push(format!(
                    "crates/{name} (row {row}) uses {used} (row {}), which is not below it",
                    rows[used]
                ));
            }
        }
    }
    Ok(breaches)
}

/// Names in `[dependencies]`; what tests use is not a layer.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
}

/// No pure crate reaches for the world. Tests may.
fn purity() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for name in PURE {
        for file in sources(&root().join("crates").join(name).join("src"))? {
            let text = fs::read_to_string(&file)?;
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in
                shipped.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                if let Some(word) = IMPURE.iter().find(|word| line.contains(**word)) {
                    breaches.push(format!("{}:{}: a pure crate says `{word}`", file.display(), number + 1));
                }
            }
        }
    }
    Ok(breaches)
}

/// Source files that ship; files of tests only (`tests.rs`, a `tests/` folder) don't.
fn sources(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
    Ok(found)
}

/// The table of rules in the README has a row for each rule id, and links every folder of scenarios and no other.
fn rule_table() -> Result<Vec<String>> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let alert = fs::read_to_string(root().join("crates/fleet/src/alert.rs"))?;
    // The second mention is the list itself; the first is the macro that takes it.
    let block = alert.split("rule_ids! {").last().unwrap_or_default();
    let ids: Vec<&str> =
        block.lines().take_while(|line| *line != "}").filter_map(|line| line.split('"').nth(1)).collect();
    ensure!(ids.len() > 20, "crates/fleet/src/alert.rs: only {} rule ids were found", ids.len());
    let rows = |id: &str| readme.lines().filter(|line| line.starts_with(&format!("| `{id}` |"))).count();
    let mut breaches: Vec<String> = ids
        .into_iter()
        .filter(|id| rows(id) != 1)
        .map(|id| format!("README.md: the rule {id} has {} rows in the table, expected one", rows(id)))
        .collect();
    let links = readme.split("](crates/rules/scenarios/").skip(1);
    let linked: Vec<&str> = links.filter_map(|rest| rest.split(')').next()).collect();
    let scenarios = root().join("crates/rules/scenarios");
    for entry in fs::read_dir(&scenarios)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !linked.contains(&name.as_str()) {
            breaches.push(format!("README.md: no rule links crates/rules/scenarios/{name}"));
        }
    }
    for name in linked.iter().filter(|name| !scenarios.join(name).is_dir()) {
        breaches.push(format!("README.md: crates/rules/scenarios/{name} is linked and not there"));
    }
    Ok(breaches)
}

fn root_entries() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for entry in fs::read_dir(root())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !ROOT.contains(&name.as_str()) {
            breaches.push(format!("{name} has no place at the root"));
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_rules_hold() {
        check().unwrap();
    }

    #[test]
    fn only_dependencies_count_as_a_layer() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nfleet.workspace = true\ngeo = \"1\"\n\n[dev-dependencies]\njournal = \"1\"\n";
        assert_eq!(dependencies(manifest).collect::<Vec<_>>(), ["fleet", "geo"]);
    }
}
