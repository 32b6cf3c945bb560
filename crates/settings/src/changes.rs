//! What one set of reference data says otherwise than another, for people who want to know what was changed.

use std::collections::BTreeMap;

use fleet::Map;
use rules::{Book, Rulebook, Selector};
use serde_json::Value;

use crate::Reference;

/// More changes than this are counted, not named: the row they go into is read by people.
const CHANGES_MAX: usize = 100;

/// Keys of rules, `speeding.hold`, with what they are set to.
type Keys = BTreeMap<String, String>;

/// Every change in words, `speeding.hold 30s → 10s`; empty where both say the same.
pub(crate) fn between(old: &Reference, new: &Reference) -> Vec<String> {
    let mut changes = keys(&everything(old.book.base()), &everything(new.book.base()));
    changes.extend(overrides(&old.book, &new.book));
    let (was, is) = (old.rules.two_person(), new.rules.two_person());
    if was != is {
        changes.push(format!("two_person {was} → {is}"));
    }
    changes.extend(files(&old.files, &new.files));
    if old.atlas.version() != new.atlas.version() {
        changes.push(counts(old, new));
    }
    let more = changes.len().saturating_sub(CHANGES_MAX);
    if more > 0 {
        changes.truncate(CHANGES_MAX);
        changes.push(format!("and {more} more"));
    }
    changes
}

/// Keys that stand on one side only are not in the books: both sides have all of them.
fn keys(old: &Keys, new: &Keys) -> Vec<String> {
    let changed = new.iter().filter_map(|(key, to)| Some((key, old.get(key)?, to)));
    changed.filter(|(_, from, to)| from != to).map(|(key, from, to)| format!("{key} {from} → {to}")).collect()
}

fn overrides(old: &Rulebook, new: &Rulebook) -> Vec<String> {
    let (before, after) = (own_keys(old), own_keys(new));
    let mut changes = Vec::new();
    for (whom, keys) in &after {
        match before.get(whom) {
            None => changes.push(format!("override for {whom} added: {}", listed(keys))),
            Some(earlier) => changes.extend(own_changes(whom, earlier, keys)),
        }
    }
    let gone = before.keys().filter(|whom| !after.contains_key(*whom));
    changes.extend(gone.map(|whom| format!("override for {whom} removed")));
    let order = |books: &Rulebook| books.overrides().map(|(selector, _)| named(selector)).collect::<Vec<_>>();
    if before.keys().eq(after.keys()) && order(old) != order(new) {
        changes.push("overrides stand in another order".to_owned());
    }
    changes
}

/// Of each override, by whom it is for, the keys that differ from the base.
fn own_keys(books: &Rulebook) -> BTreeMap<String, Keys> {
    let base = everything(books.base());
    let mut all = BTreeMap::new();
    for (selector, book) in books.overrides() {
        let mut keys = everything(book);
        keys.retain(|key, value| base.get(key) != Some(value));
        // Of two for the same vehicles the later one holds, and has the earlier one's keys.
        all.insert(named(selector), keys);
    }
    all
}

fn own_changes(whom: &str, old: &Keys, new: &Keys) -> Vec<String> {
    const BASE: &str = "(as for all)";
    let all: BTreeMap<&String, ()> = old.keys().chain(new.keys()).map(|key| (key, ())).collect();
    let said = |keys: &Keys, key: &String| keys.get(key).cloned().unwrap_or_else(|| BASE.to_owned());
    all.into_keys()
        .map(|key| (key, said(old, key), said(new, key)))
        .filter(|(_, from, to)| from != to)
        .map(|(key, from, to)| format!("override for {whom}: {key} {from} → {to}"))
        .collect()
}

fn listed(keys: &Keys) -> String {
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if keys.is_empty() { "nothing that is not so for all".to_owned() } else { keys.join(", ") }
}

fn named(selector: &Selector) -> String {
    let Selector { class, operator, division, terminal } = selector;
    let parts = [
        class.map(|class| format!("class {class}")),
        operator.as_ref().map(|operator| format!("operator {operator}")),
        division.as_ref().map(|division| format!("division {division}")),
        terminal.map(|terminal| format!("terminal {terminal}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Every key of a book.
fn everything(book: &Book) -> Keys {
    let book = serde_json::to_value(book).expect("a rule book is plain data");
    let tables = book.as_object().into_iter().flatten();
    let keys = tables.flat_map(|(rule, table)| {
        let keys = table.as_object().into_iter().flatten();
        keys.map(move |(key, value)| (format!("{rule}.{key}"), shown(value)))
    });
    keys.collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn files(old: &BTreeMap<&'static str, String>, new: &BTreeMap<&'static str, String>) -> Vec<String> {
    let mut changes = Vec::new();
    for (key, digest) in new {
        match old.get(key) {
            None => changes.push(format!("fleet.{key} added")),
            Some(earlier) if earlier != digest => changes.push(format!("fleet.{key} {earlier} → {digest}")),
            Some(_) => {}
        }
    }
    changes
        .extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| format!("fleet.{key} removed")));
    changes
}

/// How much of what is on the map.
fn counts(old: &Reference, new: &Reference) -> String {
    let counts = |reference: &Reference| {
        let atlas = &reference.atlas;
        [("zones", atlas.zones().len()), ("routes", atlas.routes().len()), ("roads", atlas.roads().len())]
    };
    let counts: Vec<String> = counts(old)
        .into_iter()
        .zip(counts(new))
        .map(|((what, from), (_, to))| format!("{what} {from} → {to}"))
        .collect();
    format!("places: {}", counts.join(", "))
}
