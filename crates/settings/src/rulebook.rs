//! `[rules]`: every key is tried alone, so that every mistake is found with its own line.

use fleet::{RULES, duration_text};
use rules::Book;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::near;
use crate::problem::{Collector, line_at};
use crate::table::{Source, written};

/// The rule book of a configuration; where something is wrong, what remains of it.
pub(crate) fn lower(source: Source<'_>, root: &DeTable<'_>, out: &mut Collector) -> Book {
    let Some(rules) = root.get("rules") else { return Book::default() };
    let Some(rules) = rules.get_ref().as_table() else {
        let line = line_at(source.text, rules.span().start);
        out.add(source.file, line, format!("rules is {}, expected a table", written(source, rules)));
        return Book::default();
    };
    let defaults = serde_json::to_value(Book::default()).expect("a rule book is plain data");
    let mut sound = Table::new();
    for (name, table) in rules {
        let line = line_at(source.text, name.span().start);
        let name = name.get_ref().as_ref();
        let Some(defaults) = defaults.get(name).and_then(Json::as_object) else {
            let expected = near::expected(name, RULES.iter().copied().chain(["common"]));
            out.add(source.file, line, format!("unknown rule rules.{name}, expected {expected}"));
            continue;
        };
        match table.get_ref().as_table() {
            Some(table) => drop(sound.insert(name.to_owned(), keys(source, (name, defaults), table, out))),
            None => {
                let text = format!("rules.{name} is {}, expected a table", written(source, table));
                out.add(source.file, line, text);
            }
        }
    }
    Book::deserialize(Value::Table(sound)).expect("each of its keys was tried alone")
}

/// The keys of one rule that are right.
fn keys(
    source: Source<'_>,
    (rule, defaults): (&str, &Map<String, Json>),
    table: &DeTable<'_>,
    out: &mut Collector,
) -> Value {
    let mut sound = Table::new();
    for (name, item) in table {
        let (key, value) = (name.get_ref().as_ref(), value(item));
        let problem = match defaults.get(key) {
            None => {
                let expected = near::expected(key, defaults.keys().map(String::as_str));
                Some(format!("unknown key rules.{rule}.{key}, expected {expected}"))
            }
            Some(_) if is_sound(rule, key, &value) => None,
            Some(default) => {
                let (written, expected) = (written(source, item), expected(default));
                Some(format!("rules.{rule}.{key} is {written}, expected {expected}"))
            }
        };
        match problem {
            None => drop(sound.insert(key.to_owned(), value)),
            Some(text) => out.add(source.file, line_at(source.text, name.span().start), text),
        }
    }
    Value::Table(sound)
}

/// Whether a key can be set to a value; no figure of a rule is negative or endless.
fn is_sound(rule: &str, key: &str, value: &Value) -> bool {
    let alone = Table::from_iter([(key.to_owned(), value.clone())]);
    let book = Table::from_iter([(rule.to_owned(), Value::Table(alone))]);
    let number = value.as_float().unwrap_or_default();
    let is_negative = number < 0.0 || value.as_integer().is_some_and(i64::is_negative);
    number.is_finite() && !is_negative && Book::deserialize(Value::Table(book)).is_ok()
}

/// What a key takes, told by what it holds when it is left out.
fn expected(default: &Json) -> &'static str {
    match default {
        Json::Array(_) => "an array of texts",
        Json::Bool(_) => "true or false",
        Json::Number(number) if number.is_u64() => "a whole number from 0 to 255",
        Json::Number(_) => "a number of at least 0",
        Json::String(text) if duration_text::parse(text).is_ok() => "a duration such as \"10s\"",
        Json::String(_) => "hours of the day such as \"22:00-06:00\"",
        Json::Null | Json::Object(_) => "something else",
    }
}

fn value(written: &Spanned<DeValue<'_>>) -> Value {
    match written.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(n) => i64::from_str_radix(&n.as_str().replace('_', ""), n.radix())
            .map_or_else(|_| Value::String(n.as_str().to_owned()), Value::Integer),
        DeValue::Float(n) => n
            .as_str()
            .replace('_', "")
            .parse()
            .map_or_else(|_| Value::String(n.as_str().to_owned()), Value::Float),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(items) => Value::Array(items.iter().map(value).collect()),
        DeValue::Table(table) => {
            Value::Table(table.iter().map(|(key, item)| (key.get_ref().to_string(), value(item))).collect())
        }
    }
}
