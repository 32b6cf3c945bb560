//! `[rules]` and `[[rules.override]]`: every key is tried alone, so that every mistake is found with its own line.

use fleet::{RULES, TerminalId, VehicleClass, duration_text};
use rules::{Book, Selector, SettingKind};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::csvs::{self, has_province};
use crate::near;
use crate::problem::{Collector, line_at};
use crate::rules_set::{PLAIN, RulesSet};
use crate::table::{Source, written};

/// Where overrides stand among the rules.
const OVERRIDE: &str = "override";
/// Whom an override may be for.
const SELECTORS: [&str; 4] = ["class", "operator", "division", "terminal"];

/// Besides the tables of rules: whether a change needs a second person.
const TWO_PERSON: &str = "two_person";

/// What a configuration says about the rules; where something is wrong, what remains of it.
pub(crate) fn lower(
    source: Source<'_>,
    root: &DeTable<'_>,
    rows: &csvs::Reader,
    out: &mut Collector,
) -> RulesSet {
    let Some(table) = tables_of(source, root, out) else { return RulesSet::default() };
    let reader = Reader::new(source, rows);
    let two_person = table.get(TWO_PERSON).is_some_and(|value| {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let line = line_at(source.text, value.span().start);
            let written = written(source, value);
            out.add(source.file, line, format!("rules.{TWO_PERSON} is {written}, expected true or false"));
        }
        flag.unwrap_or_default()
    });
    let file = reader.tables("rules", table, &[OVERRIDE, TWO_PERSON], out);
    let overrides = table.get(OVERRIDE).map_or(Vec::new(), |written| reader.overrides(written, out));
    RulesSet { two_person, file, overrides, ..RulesSet::default() }
}

/// What the console's own file says: tables of rules and nothing else.
pub(crate) fn lower_console(
    source: Source<'_>,
    root: &DeTable<'_>,
    rows: &csvs::Reader,
    out: &mut Collector,
) -> toml::Table {
    let table = tables_of(source, root, out);
    table.map_or_else(Table::new, |table| Reader::new(source, rows).tables("rules", table, &[], out))
}

fn tables_of<'a>(source: Source<'_>, root: &'a DeTable<'a>, out: &mut Collector) -> Option<&'a DeTable<'a>> {
    let rules = root.get("rules")?;
    let table = rules.get_ref().as_table();
    if table.is_none() {
        let line = line_at(source.text, rules.span().start);
        out.add(source.file, line, format!("rules is {}, expected a table", written(source, rules)));
    }
    table
}

/// Reads the tables of one configuration.
struct Reader<'a> {
    source: Source<'a>,
    defaults: Json,
    rows: &'a csvs::Reader,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>, rows: &'a csvs::Reader) -> Self {
        Self { source, defaults: serde_json::to_value(Book::default()).expect(PLAIN), rows }
    }

    /// The tables of rules that are right; `others` are read elsewhere.
    fn tables(&self, path: &str, rules: &DeTable<'_>, others: &[&str], out: &mut Collector) -> Table {
        let source = self.source;
        let noun = if path == "rules" { "rule" } else { "key" };
        let mut sound = Table::new();
        for (name, table) in rules {
            let line = line_at(source.text, name.span().start);
            let name = name.get_ref().as_ref();
            if others.contains(&name) {
                continue;
            }
            let Some(defaults) = self.defaults.get(name).and_then(Json::as_object) else {
                let known = RULES.iter().copied().chain(["common", "quality"]).chain(others.iter().copied());
                let expected = near::expected(name, known);
                out.add(source.file, line, format!("unknown {noun} {path}.{name}, expected {expected}"));
                continue;
            };
            match table.get_ref().as_table() {
                Some(table) => {
                    let keys = keys(source, (path, name, defaults), table, out);
                    sound.insert(name.to_owned(), keys);
                }
                None => {
                    let text = format!("{path}.{name} is {}, expected a table", written(source, table));
                    out.add(source.file, line, text);
                }
            }
        }
        sound
    }

    fn overrides(&self, written: &Spanned<DeValue<'_>>, out: &mut Collector) -> Vec<(Selector, Table)> {
        let items = written.get_ref().as_array().map(|items| items.iter().collect::<Vec<_>>());
        let tables: Option<Vec<_>> = items
            .and_then(|items| items.into_iter().map(|i| Some((i.span(), i.get_ref().as_table()?))).collect());
        let Some(tables) = tables else {
            let line = line_at(self.source.text, written.span().start);
            out.add(
                self.source.file,
                line,
                "rules.override is no array of tables, expected [[rules.override]]",
            );
            return Vec::new();
        };
        let path = format!("rules.{OVERRIDE}");
        let mut overrides = Vec::new();
        for (span, table) in tables {
            let line = line_at(self.source.text, span.start);
            let selector = self.selector(table, out);
            let keys = self.tables(&path, table, &SELECTORS, out);
            if SELECTORS.iter().all(|key| !table.contains_key(*key)) {
                let text = format!("{path} is for nobody, expected at least one of {}", SELECTORS.join(", "));
                out.add(self.source.file, line, text);
            }
            if table.iter().all(|(key, _)| SELECTORS.contains(&key.get_ref().as_ref())) {
                let text =
                    format!("{path} sets nothing, expected a table of a rule such as [{path}.speeding]");
                out.add(self.source.file, line, text);
            }
            overrides.push((selector, keys));
        }
        overrides
    }

    fn selector(&self, table: &DeTable<'_>, out: &mut Collector) -> Selector {
        let mut say = |key: &str, text: String| {
            let at = table.get_key_value(key).map_or(0, |(key, _)| key.span().start);
            out.add(self.source.file, line_at(self.source.text, at), text);
        };
        let mut word = |key: &str, expected: &str, is_right: &dyn Fn(&str) -> Result<(), String>| {
            let value = table.get(key)?;
            let Some(text) = value.get_ref().as_str() else {
                let written = written(self.source, value);
                say(key, format!("rules.override.{key} is {written}, expected {expected}"));
                return None;
            };
            match is_right(text) {
                Ok(()) => Some(text.to_owned()),
                Err(wrong) => {
                    say(key, format!("rules.override.{key}: {wrong}"));
                    None
                }
            }
        };
        let class = word("class", "a class of vehicle", &|text| said(text.parse::<VehicleClass>()));
        let operator = word("operator", "the id of an operator", &|text| {
            let wrong = || format!("operator {text:?} is in no operators file, expected one that is");
            self.rows.may_be_operator(text).then_some(()).ok_or_else(wrong)
        });
        let division = word("division", "two, four or six digits as a text", &is_division);
        let terminal = word("terminal", "the number of a terminal as a text", &|text| {
            let terminal = TerminalId::parse(text).map_err(|error| error.to_string())?;
            let wrong = || format!("terminal {text:?} is in no vehicles file, expected that of a vehicle");
            self.rows.may_be_terminal(terminal).then_some(()).ok_or_else(wrong)
        });
        Selector {
            class: class.and_then(|text| text.parse().ok()),
            operator,
            division,
            terminal: terminal.and_then(|text| TerminalId::parse(&text).ok()),
        }
    }
}

fn said<T, E: std::fmt::Display>(parsed: Result<T, E>) -> Result<(), String> {
    parsed.map(drop).map_err(|error| error.to_string())
}

/// The first two or four digits of a division, or all six.
fn is_division(text: &str) -> Result<(), String> {
    let digits = matches!(text.len(), 2 | 4 | 6) && text.bytes().all(|b| b.is_ascii_digit());
    let wrong =
        || format!("{text:?} is wrong, expected two, four or six digits of GB/T 2260 such as \"5401\"");
    (digits && has_province(text)).then_some(()).ok_or_else(wrong)
}

/// The keys of one rule that are right.
fn keys(
    source: Source<'_>,
    (path, rule, defaults): (&str, &str, &Map<String, Json>),
    table: &DeTable<'_>,
    out: &mut Collector,
) -> Value {
    let mut sound = Table::new();
    for (name, item) in table {
        let (key, value) = (name.get_ref().as_ref(), value(item));
        let problem = match defaults.get(key) {
            None => {
                let expected = near::expected(key, defaults.keys().map(String::as_str));
                Some(format!("unknown key {path}.{rule}.{key}, expected {expected}"))
            }
            Some(_) if is_sound(rule, key, &value) => None,
            Some(_) => {
                let (written, expected) = (written(source, item), expected(rule, key));
                Some(format!("{path}.{rule}.{key} is {written}, expected {expected}"))
            }
        };
        match problem {
            None => drop(sound.insert(key.to_owned(), value)),
            Some(text) => out.add(source.file, line_at(source.text, name.span().start), text),
        }
    }
    Value::Table(sound)
}

/// Whether a key can be set to a value; the bounds are those people are told.
pub(crate) fn is_sound(rule: &str, key: &str, value: &Value) -> bool {
    let alone = Table::from_iter([(key.to_owned(), value.clone())]);
    let book = Table::from_iter([(rule.to_owned(), Value::Table(alone))]);
    rules::setting(rule, key).is_some_and(|setting| is_within(setting.kind, value))
        && Book::deserialize(Value::Table(book)).is_ok()
}

fn is_within(kind: SettingKind, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.len() <= SettingKind::ITEMS_MAX,
        Value::Float(number) => kind.bounds().is_some_and(|(least, most)| (least..=most).contains(number)),
        Value::Integer(number) => kind.bounds().is_some_and(|(least, most)| {
            i32::try_from(*number).is_ok_and(|number| (least..=most).contains(&f64::from(number)))
        }),
        Value::String(text) if kind == SettingKind::Duration => {
            duration_text::parse(text).is_ok_and(|duration| duration <= SettingKind::DURATION_MAX)
        }
        Value::Boolean(_) | Value::Datetime(_) | Value::String(_) | Value::Table(_) => true,
    }
}

/// What a key takes.
pub(crate) fn expected(rule: &str, key: &str) -> String {
    let Some(setting) = rules::setting(rule, key) else { return "something else".to_owned() };
    let kind = setting.kind;
    let items = SettingKind::ITEMS_MAX;
    match kind {
        SettingKind::Choice(words) => format!("one of {}", words.join(", ")),
        SettingKind::Choices(words) => format!("an array of any of {}", words.join(", ")),
        SettingKind::Count(least, most) => format!("a whole number from {least} to {most}"),
        SettingKind::Duration => {
            let most = duration_text::print(SettingKind::DURATION_MAX);
            format!("a duration such as \"10s\", at most {most}")
        }
        SettingKind::Flag => "true or false".to_owned(),
        SettingKind::Hours => "hours of the day such as \"22:00-06:00\"".to_owned(),
        SettingKind::HoursList => {
            format!("an array of at most {items} hours of the day such as \"22:00-06:00\"")
        }
        SettingKind::Texts => format!("an array of at most {items} texts"),
        SettingKind::Acceleration
        | SettingKind::Angle
        | SettingKind::Displacement
        | SettingKind::Distance
        | SettingKind::Share
        | SettingKind::Speed => {
            let (least, most) = kind.bounds().unwrap_or_default();
            let unit = kind.unit().map_or(String::new(), |unit| format!(" {unit}"));
            format!("a number from {least} to {most}{unit}")
        }
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
