//! `[rules]`: every key is tried alone, so that every mistake is found with its own line.

use fleet::RULES;
use rules::Book;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::problem::{Collector, line_at};
use crate::table::Source;

/// The rule book of a configuration; where something is wrong, what remains of it.
pub(crate) fn lower(source: Source<'_>, root: &DeTable<'_>, out: &mut Collector) -> Book {
    let Some(rules) = root.get("rules") else { return Book::default() };
    let Some(rules) = rules.get_ref().as_table() else {
        let line = line_at(source.text, rules.span().start);
        out.add(source.file, line, "rules is wrong, expected a table");
        return Book::default();
    };
    let mut sound = Table::new();
    for (name, table) in rules {
        let line = line_at(source.text, name.span().start);
        let name = name.get_ref().as_ref();
        if name != "common" && !RULES.contains(&name) {
            let text = format!("unknown rule {name}, expected common or one of {}", RULES.join(", "));
            out.add(source.file, line, text);
            continue;
        }
        match table.get_ref().as_table() {
            Some(table) => drop(sound.insert(name.to_owned(), keys(source, name, table, out))),
            None => out.add(source.file, line, format!("rules.{name} is wrong, expected a table")),
        }
    }
    Book::deserialize(Value::Table(sound)).expect("each of its keys was tried alone")
}

/// The keys of one rule that are right.
fn keys(source: Source<'_>, rule: &str, table: &DeTable<'_>, out: &mut Collector) -> Value {
    let mut sound = Table::new();
    for (key, written) in table {
        let value = value(written);
        let alone = Table::from_iter([(key.get_ref().to_string(), value.clone())]);
        let book = Table::from_iter([(rule.to_owned(), Value::Table(alone.clone()))]);
        let problem = match Book::deserialize(Value::Table(book)) {
            Err(error) => Some(error.message().to_owned()),
            Ok(_) => negative(&value),
        };
        match problem {
            None => sound.extend(alone),
            Some(problem) => {
                let text = format!("rules.{rule}.{}: {problem}", key.get_ref());
                out.add(source.file, line_at(source.text, key.span().start), text);
            }
        }
    }
    Value::Table(sound)
}

/// No figure of a rule is negative or endless.
fn negative(value: &Value) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "only the sign is used")]
    let number = value.as_float().or(value.as_integer().map(|n| n as f64))?;
    (!number.is_finite() || number < 0.0)
        .then(|| format!("{number} is wrong, expected a number of at least 0"))
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
