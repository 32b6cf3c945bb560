//! What the service is told: one TOML file and the reference files it names.
//!
//! ```text
//! roadwarden.toml ─┐
//! *.csv, *.geojson ├─ load ─▶ Settings (once) + Reference (reloaded, all or nothing)
//! [rules]         ─┘     └──▶ Problems: every mistake in one run, `file:line: what is wrong, what was expected`
//! ```
//!
//! Every key has a default but those of accounts, of `[influxdb]` and of `[map]`; `config/reference.toml` lists them all.
//! Unknown keys are refused. This crate does **not** open sockets and does not watch files.

mod access;
mod audit;
mod changes;
mod csvs;
mod drawn;
mod geojson;
mod limits;
mod meant;
mod moment;
mod near;
mod problem;
mod reference;
mod rulebook;
mod rules_set;
mod table;
mod tiles;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use access::{Access, AccessProfile, ROLES, SecondFactor, TrackReason};
pub use audit::{Alerts, Audit};
pub use drawn::{
    BYTES_MAX, Change, Drawn, DrawnMap, DrawnPlace, Edit, Mark, PLACES_MAX, PlaceKind, Staged, Unfit,
    check_feature,
};
pub use geojson::Place;
pub use limits::Limits;
pub use meant::{
    Admission, Advertised, Dangers, Fleet, Gateway, GatewayTls, Http, Influxdb, Journal, Maps, Media, Mqtt,
    MqttAccount, MqttTls, Pipeline, Receipts, Settings,
};
pub use problem::{Problem, Problems};
use reference::Draft;
pub use rules_set::{RuleChanges, RuleMistake, RulesSet, console_rules, rule_mistakes};
pub use tiles::{Datum, Tiles};

/// Everything a configuration says.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What holds until the service is started again.
    pub settings: Settings,
    /// What may be reloaded.
    pub reference: Reference,
}

/// The reference files and the rules; one consistent set.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Vehicles, drivers, operators, permits.
    pub registry: Arc<fleet::Registry>,
    /// Zones, routes, roads, divisions; its version is the first 12 hexadecimal digits of a SHA-256 over the bytes of
    /// their files in the order of the configuration's keys: zones, routes, roads, divisions; what was drawn in the
    /// console comes after the files of its kind.
    pub atlas: Arc<atlas::Atlas>,
    /// The rules' figures.
    pub book: Arc<rules::Rulebook>,
    /// What of the zones and routes was drawn in the console.
    pub drawn: Arc<DrawnMap>,
    /// Where they come from.
    pub rules: Arc<RulesSet>,
    /// Digests of the files about vehicles and people, by their key in `[fleet]`.
    pub files: BTreeMap<&'static str, String>,
    /// The first 12 hexadecimal digits of a SHA-256 over all of it: the same contents, the same version.
    pub version: String,
}

impl Reference {
    /// What `newer` says otherwise, in words: `speeding.hold 30s → 10s`.
    pub fn changes(&self, newer: &Self) -> Vec<String> {
        changes::between(self, newer)
    }
}

/// Reads a configuration and everything it names, with secrets from the environment of the process.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    load_with(path, &of_process)
}

/// Reads the reference files and the rules again; on any mistake in them or in the configuration nothing is returned.
pub fn load_reference(path: &Path) -> Result<Reference, Problems> {
    load(path).map(|loaded| loaded.reference)
}

/// Like [`load`], with what would be drawn in the console in the place of its file.
pub fn load_drawn(path: &Path, kind: PlaceKind, drawn: &Drawn) -> Result<Loaded, Problems> {
    all_or_nothing(path, &of_process, Draft { drawn: Some((kind, drawn)), rules: None })
}

/// Like [`load`], with changes of the console laid over what it has set so far, as its change of this number. They
/// must have no [`rule_mistakes`]. Writes nothing: [`RulesSet::text`] is what belongs into [`console_rules`].
pub fn load_changed(path: &Path, changes: &RuleChanges, number: u64) -> Result<Loaded, Problems> {
    all_or_nothing(path, &of_process, Draft { drawn: None, rules: Some((changes, number)) })
}

/// Like [`load`], with the environment as an argument.
pub fn load_with(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    all_or_nothing(path, env, Draft::default())
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn all_or_nothing(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    draft: Draft<'_>,
) -> Result<Loaded, Problems> {
    let mut problems = problem::Collector::default();
    let loaded = reference::load(path, env, draft, &mut problems);
    match (loaded, problems.finish()) {
        (Some(loaded), None) => Ok(loaded),
        (_, Some(problems)) => Err(problems),
        (None, None) => Err(Problems::unreadable(path)),
    }
}
