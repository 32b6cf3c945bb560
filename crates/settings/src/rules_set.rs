//! How the rules are set: by the configuration's `[rules]`, and over it by the console, in `rules.toml` of the data folder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use fleet::{Registry, TerminalId, Vehicle, VehicleClass};
use rules::{Book, Rulebook, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::near;
use crate::reference::hex;
use crate::rulebook::{expected, is_sound};

/// What the console changes, by rule and key; `null`: back to what the configuration says.
pub type RuleChanges = BTreeMap<String, BTreeMap<String, Json>>;

pub(crate) const PLAIN: &str = "a rule book is plain data";
const TRIED: &str = "each of its keys was tried alone";

/// Where the console keeps what it sets.
pub fn console_rules(data_dir: &Path) -> PathBuf {
    data_dir.join("rules.toml")
}

/// A mistake in changes of the console.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleMistake {
    /// `speeding/hold`.
    pub place: String,
    /// What is wrong, what was expected.
    pub text: String,
}

/// Every mistake in changes; what has none can be set.
pub fn rule_mistakes(changes: &RuleChanges) -> Vec<RuleMistake> {
    let defaults = serde_json::to_value(Book::default()).expect(PLAIN);
    let mut mistakes = Vec::new();
    for (rule, keys) in changes {
        let Some(known) = defaults.get(rule).and_then(Json::as_object) else {
            let names = rules::about().map(|about| about.id);
            let text = format!("unknown rule {rule}, expected {}", near::expected(rule, names));
            mistakes.push(RuleMistake { place: rule.clone(), text });
            continue;
        };
        for (key, value) in keys {
            let text = if !known.contains_key(key) {
                let expected = near::expected(key, known.keys().map(String::as_str));
                format!("unknown key {rule}.{key}, expected {expected}")
            } else if value.is_null() || to_toml(value).is_some_and(|value| is_sound(rule, key, &value)) {
                continue;
            } else {
                format!("{rule}.{key} is {value}, expected {}", expected(rule, key))
            };
            mistakes.push(RuleMistake { place: format!("{rule}/{key}"), text });
        }
    }
    mistakes
}

fn to_toml(value: &Json) -> Option<Value> {
    Value::deserialize(value).ok()
}

/// Where the figures of the rules come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RulesSet {
    pub(crate) two_person: bool,
    /// What the configuration says.
    pub(crate) file: Table,
    /// What the console says over it.
    pub(crate) console: Table,
    /// Number of the last change in it.
    pub(crate) change: u64,
    pub(crate) overrides: Vec<(Selector, Table)>,
}

impl RulesSet {
    /// Whether a change of the console comes into force only when a second person says so.
    pub const fn two_person(&self) -> bool {
        self.two_person
    }

    /// Number of the last change that the console's file has, 0 without one.
    pub const fn last_change(&self) -> u64 {
        self.change
    }

    /// Whether the console has set a key.
    pub fn is_by_console(&self, rule: &str, key: &str) -> bool {
        holds(&self.console, rule, key)
    }

    /// Whether the configuration's file has set a key.
    pub fn is_by_file(&self, rule: &str, key: &str) -> bool {
        holds(&self.file, rule, key)
    }

    /// The console's file. JSON's numbers, texts and arrays of them read the same in TOML.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# What the console has set over [rules] of the configuration; it writes this file.\n\
             # 控制台设置的规则参数，由控制台写入。\nchange = {}\n",
            self.change
        );
        for (rule, keys) in &self.console {
            text += &format!("\n[rules.{rule}]\n");
            for (key, value) in keys.as_table().into_iter().flatten() {
                text += &format!("{key} = {}\n", serde_json::to_value(value).expect(PLAIN));
            }
        }
        text
    }

    /// With further changes of the console; a key with a mistake is left as it is.
    #[must_use]
    pub fn with(&self, changes: &RuleChanges) -> Self {
        let mut changed = self.clone();
        for (rule, keys) in changes {
            for (key, value) in keys {
                changed.change(rule, key, value);
            }
        }
        changed
    }

    fn change(&mut self, rule: &str, key: &str, value: &Json) {
        if value.is_null() {
            let Some(Value::Table(keys)) = self.console.get_mut(rule) else { return };
            keys.remove(key);
            if keys.is_empty() {
                self.console.remove(rule);
            }
        } else if let Some(value) = to_toml(value).filter(|value| is_sound(rule, key, value)) {
            let keys = self.console.entry(rule).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(keys) = keys {
                keys.insert(key.to_owned(), value);
            }
        }
    }

    /// The books that hold for these vehicles: for each override the base, what earlier overrides say to all of the same
    /// vehicles, and its own.
    pub fn books(&self, registry: &Registry) -> Rulebook {
        let Self { overrides, .. } = self;
        let book = |table: &Table| Book::deserialize(Value::Table(table.clone())).expect(TRIED);
        let mut base = self.file.clone();
        lay_over(&mut base, &self.console);
        let named: HashSet<TerminalId> =
            overrides.iter().filter_map(|(selector, _)| selector.terminal).collect();
        let vehicles: HashMap<TerminalId, &Vehicle> =
            named.into_iter().filter_map(|terminal| Some((terminal, registry.vehicle(terminal)?))).collect();
        let mut books = Vec::new();
        for (index, (selector, own)) in overrides.iter().enumerate() {
            let vehicle = selector.terminal.and_then(|terminal| vehicles.get(&terminal).copied());
            let mut table = base.clone();
            for (earlier, keys) in overrides.iter().take(index) {
                if holds_for_all(earlier, selector, vehicle) {
                    lay_over(&mut table, keys);
                }
            }
            lay_over(&mut table, own);
            books.push((selector.clone(), book(&table)));
        }
        let base = book(&base);
        let version = version(&base, &books);
        Rulebook::new(base, books, version)
    }
}

fn holds(table: &Table, rule: &str, key: &str) -> bool {
    table.get(rule).and_then(Value::as_table).is_some_and(|keys| keys.contains_key(key))
}

fn lay_over(table: &mut Table, more: &Table) {
    for (rule, keys) in more {
        let below = table.entry(rule.clone()).or_insert_with(|| Value::Table(Table::new()));
        if let (Value::Table(below), Value::Table(keys)) = (below, keys) {
            below.extend(keys.clone());
        }
    }
}

/// Whether an override is for every vehicle that a narrower one is for; of one vehicle on file it is known.
fn holds_for_all(wide: &Selector, narrow: &Selector, vehicle: Option<&Vehicle>) -> bool {
    if let Some(vehicle) = vehicle {
        return wide.fits(vehicle.terminal, vehicle.class, Some(vehicle));
    }
    let within = |wide: &String| narrow.division.as_ref().is_some_and(|narrow| narrow.starts_with(wide));
    wide.class.is_none_or(|class| narrow.class == Some(class))
        && wide.terminal.is_none_or(|terminal| narrow.terminal == Some(terminal))
        && wide.operator.as_ref().is_none_or(|operator| narrow.operator.as_ref() == Some(operator))
        && wide.division.as_ref().is_none_or(within)
}

/// The first 12 hexadecimal digits of a SHA-256 over the books as JSON.
fn version(base: &Book, overrides: &[(Selector, Book)]) -> String {
    #[derive(Serialize)]
    struct All<'a> {
        base: &'a Book,
        overrides: Vec<One<'a>>,
    }

    #[derive(Serialize)]
    struct One<'a> {
        class: Option<VehicleClass>,
        operator: Option<&'a str>,
        division: Option<&'a str>,
        terminal: Option<TerminalId>,
        book: &'a Book,
    }
    let overrides = overrides.iter().map(|(selector, book)| One {
        class: selector.class,
        operator: selector.operator.as_deref(),
        division: selector.division.as_deref(),
        terminal: selector.terminal,
        book,
    });
    let all = All { base, overrides: overrides.collect() };
    hex(Sha256::digest(serde_json::to_vec(&all).expect(PLAIN)))
}
