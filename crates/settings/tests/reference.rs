//! `config/reference.toml` has every key with its default. Its part about the rules is made here, from the rule book and
//! what its fields say about themselves; `UPDATE_EXPECT=1` rewrites it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fleet::Department;
use rules::{Book, about, setting};
use serde_json::Value;
use settings::{Loaded, Problems, Settings, load_with};

const BOOK: &str = include_str!("../../rules/src/book.rs");
const HEAD: &str = "[rules]";
const WIDTH: usize = 118;
const OVERRIDE: &str = "\
# What holds for some vehicles only: any keys of any of these tables, in [[rules.override]], as often as needed.
# class, operator, division (2, 4 or 6 digits) and terminal say for whom: at least one of them, and all that are given
# must fit. The last that fits a vehicle holds. It stands on the base and on every earlier override that is for all of its
# vehicles; of two that merely overlap, the later one holds alone.
# 只对部分车辆生效的参数：[[rules.override]] 可写多段；给出的条件须全部满足，最后一段满足的生效。
# [[rules.override]]
# class = \"hazmat-truck\"
# operator = \"OP001\"
# division = \"5401\"
# terminal = \"13800000001\"
# [rules.override.speeding]
# hold = \"20s\"
";

const TWO_PERSON: &str = "\
# What the console changes is kept in rules.toml of data_dir, in the same tables, and laid over those here whenever the
# configuration is read, by serve, check and replay alike. Overrides stand on both.
# 控制台修改的参数存于 data_dir 下的 rules.toml，读取配置时覆盖此处的同名键。
# Whether such a change comes into force only when a second person approves it. 规则修改须双人复核
two_person = false
";

#[test]
fn the_part_about_the_rules_is_what_the_rule_book_says() {
    let path = reference();
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, written) = text.split_once(&format!("\n{HEAD}\n")).unwrap_or((&text, ""));
    let said = rules_part();
    if written != said && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{}\n\n{HEAD}\n{said}", before.trim_end())).unwrap();
    }
    let told = written.lines().zip(said.lines()).find(|(written, said)| written != said);
    assert!(written == said, "UPDATE_EXPECT=1 rewrites it: {told:?}");
}

#[test]
fn the_reference_names_every_key_and_its_default() {
    let text = std::fs::read_to_string(reference()).unwrap();
    let open = text.replace("admission = \"registry\"", "admission = \"open\"");
    let written = check("reference", &open).unwrap();
    let defaults = check("defaults", "gateway.admission = \"open\"\n").unwrap();
    assert_eq!(
        written.settings,
        Settings { data_dir: written.settings.data_dir.clone(), ..defaults.settings }
    );
    assert_eq!(written.reference.book, defaults.reference.book);
    // An unknown key makes each table list the keys it has.
    let heads = [
        "",
        "[gateway]",
        "[gateway.limits]",
        "[fleet]",
        "[atlas]",
        "[mqtt]",
        "[mqtt.alerts_per_second]",
        "[[mqtt.accounts]]",
        "[http]",
        "[access]",
        "[alerts]",
        "[audit]",
        "[map]",
        "[influxdb]",
        "[journal]",
        "[media]",
        "[pipeline]",
        "[[rules.override]]",
    ];
    let nonsense: String = heads.iter().map(|head| format!("{head}\nx = 1\n")).collect();
    let said = check("nonsense", &nonsense).unwrap_err().to_string();
    let lists = said.lines().filter(|line| line.contains("unknown key"));
    let keys: Vec<&str> =
        lists.flat_map(|line| line.split("expected one of ").nth(1).unwrap().split(", ")).collect();
    assert!(keys.len() > 30, "{said}");
    for key in keys.into_iter().filter(|key| *key != "rules") {
        let stands = text.contains(&format!("{key} = "))
            || text.contains(&format!("[{key}]"))
            || text.contains(&format!("[gateway.{key}]"))
            || text.contains(&format!("[mqtt.{key}]"))
            || text.contains(&format!("[rules.{key}]"))
            || ["mqtt", "rules"].iter().any(|table| text.contains(&format!("[[{table}.{key}]]")));
        assert!(stands, "{key}");
    }
}

/// The documents as the README calls them, and the same in full.
const SHORT: [(&str, &str); 18] = [
    ("《道路交通安全法》", "《中华人民共和国道路交通安全法》"),
    ("道路交通安全法", "《中华人民共和国道路交通安全法》"),
    ("实施条例", "《中华人民共和国道路交通安全法实施条例》"),
    ("危货办法", "《危险货物道路运输安全管理办法》（2019年第29号令）"),
    ("校车条例", "《校车安全管理条例》"),
    ("动态监督办法", "《道路运输车辆动态监督管理办法》"),
    ("客运企业规范", "《道路旅客运输企业安全管理规范》（交运规〔2023〕4号）"),
    ("客运站管理规定", "《道路旅客运输及客运站管理规定》"),
    ("公路安全保护条例", "《公路安全保护条例》"),
    ("水污染防治法", "《中华人民共和国水污染防治法》"),
    ("道路运输条例", "《中华人民共和国道路运输条例》"),
    ("联网联控考核办法", "《全国重点营运车辆联网联控系统考核管理办法》"),
    ("危化品条例", "《危险化学品安全管理条例》"),
    ("JT/T 1078", "JT/T 1078-2016"),
    ("JT/T 1037", "JT/T 1037-2022"),
    ("JT/T 617.3", "JT/T 617.3-2018"),
    ("T/JSATL 12", "T/JSATL 12-2017"),
    ("ADR", "ADR"),
];

#[test]
fn the_readme_names_rules_laws_and_departments_as_the_table_does() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    for about in about().filter(|about| about.is_rule()) {
        let head = format!("| `{}` | {} ", about.id, about.title_zh);
        let row = readme.lines().find(|line| line.starts_with(&head)).unwrap_or_else(|| panic!("no {head}"));
        let cells: Vec<&str> = row.split(" | ").collect();
        let basis = about.basis();
        for cited in cells[2].split("; ") {
            let (name, full) = *SHORT.iter().find(|(short, _)| cited.starts_with(short)).unwrap();
            for article in cited[name.len()..].split(',').map(str::trim) {
                let number = article.split('(').next().unwrap().parse().unwrap_or(0);
                let told = basis.iter().filter(|basis| basis.document == full);
                let wanted = if number > 0 { format!("第{}条", chinese(number)) } else { String::new() };
                assert!(
                    told.clone().any(|b| b.article.starts_with(&wanted)),
                    "{}: {cited}: {told:?}",
                    about.id
                );
            }
        }
        let named = |department: &Department| cells[4].contains(&department.to_string());
        for department in Department::ALL {
            assert_eq!(
                named(department),
                about.departments().contains(department),
                "{} {department}",
                about.id
            );
        }
    }
}

/// 1 to 99.
fn chinese(number: usize) -> String {
    let digit = |n: usize| ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"][n];
    match (number / 10, number % 10) {
        (0, ones) => digit(ones).to_owned(),
        (1, ones) => format!("十{}", digit(ones)),
        (tens, ones) => format!("{}十{}", digit(tens), digit(ones)),
    }
}

/// Writes a configuration into a directory of its own and loads it.
fn check(test: &str, text: &str) -> Result<Loaded, Problems> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("r.toml"), text).unwrap();
    load_with(&dir.join("r.toml"), &|_| None)
}

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/reference.toml")
}

/// Every table of the rule book with its defaults; a kind of table that stands several times is explained once.
fn rules_part() -> String {
    let defaults = serde_json::to_value(Book::default()).unwrap();
    let tables = tables();
    let mut text = comment(
        "One table a rule, named as in its alerts. A key that is left out has the figure of the norm, or one of ours \
         where no norm gives any: those say “design”. Figures are at least 0, in the unit that the key or its comment \
         names; hours of the day are China Standard Time. Every rule has enabled, whether it runs, and",
    );
    for key in ["hold", "clear_hold"] {
        text += &comment(&format!("{key}: {}", tables["Timing"].about(key)));
    }
    text += &comment(
        "规则参数：每条规则一个表，表名即警报中的规则编号；未写的键取规范值，规范未规定的取设计值（design）。",
    );
    text += OVERRIDE;
    text += TWO_PERSON;
    let mut explained: BTreeMap<&str, &str> = BTreeMap::new();
    for (rule, kind) in rules() {
        let table = &tables[kind];
        let name = about().find(|about| about.id == rule).unwrap().title_zh;
        let earlier = explained.get(kind).copied();
        text += &format!("\n# {name}\n");
        text += &earlier.map_or(comment(&table.about), |earlier| format!("# As [rules.{earlier}].\n"));
        text += &format!("[rules.{rule}]\n");
        for (key, about) in &table.keys {
            if earlier.is_none() && key != "enabled" {
                text += &comment(&format!("{}: {about}", setting(rule, key).unwrap().title_zh));
            }
            text += &format!("{key} = {}\n", written(&defaults[rule][key]));
        }
        explained.entry(kind).or_insert(rule);
    }
    text
}

/// A struct of the rule book and what it says about itself and its fields.
#[derive(Default)]
struct Table {
    about: String,
    keys: Vec<(String, String)>,
}

impl Table {
    fn about(&self, key: &str) -> &str {
        &self.keys.iter().find(|(known, _)| known == key).unwrap().1
    }
}

/// All structs of the rule book, by name.
fn tables() -> BTreeMap<&'static str, Table> {
    let mut tables = BTreeMap::new();
    let (mut about, mut current) = (Vec::new(), None::<&str>);
    for line in BOOK.lines().map(str::trim) {
        let field = line.strip_prefix("pub ").unwrap_or(line).split_once(": ").map(|(name, _)| name);
        let head = line.strip_prefix("pub struct ").unwrap_or(line).strip_suffix(" {");
        let head = head.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
        if let Some(words) = line.strip_prefix("///") {
            about.push(words.trim());
        } else if let Some(name) = head {
            tables.insert(name, Table { about: about.join(" "), keys: Vec::new() });
            current = Some(name);
            about.clear();
        } else if let (Some(name), Some(field)) = (current, field.filter(|_| !about.is_empty())) {
            tables.entry(name).or_default().keys.push((field.to_owned(), about.join(" ")));
            about.clear();
        } else if !line.starts_with("#[") {
            about.clear();
            current = current.filter(|_| !line.starts_with('}'));
        }
    }
    tables
}

/// The rules with the kinds of their tables, what holds for all first.
fn rules() -> Vec<(&'static str, &'static str)> {
    let rows = BOOK.split("\nbook! {\n").nth(1).unwrap().split("\n}\n").next().unwrap();
    let rules = rows.lines().filter_map(|line| {
        let (left, rule) = line.trim().strip_suffix("\";")?.split_once(", \"")?;
        Some((rule, left.split_once(": ")?.1.split(' ').next()?))
    });
    let rules: Vec<_> = [("common", "Common"), ("quality", "Quality")].into_iter().chain(rules).collect();
    assert_eq!(rules.len(), about().count());
    rules
}

fn comment(words: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in words.split_whitespace() {
        if lines.last().unwrap().chars().count() + word.chars().count() >= WIDTH {
            lines.push(String::from("#"));
        }
        let line = lines.last_mut().unwrap();
        line.push(' ');
        line.push_str(&word.replace('`', ""));
    }
    lines.join("\n") + "\n"
}

fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
