//! `config/reference.toml` has every key with its default. Its part about the rules is made here, from the rule book and
//! what its fields say about themselves; `UPDATE_EXPECT=1` rewrites it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rules::Book;
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

/// Names on screen; the English ones are in the comments of the tables.
const NAMES_ZH: [(&str, &str); 30] = [
    ("common", "所有规则"),
    ("quality", "数据质量考核"),
    ("speeding", "超速"),
    ("fatigue-warning", "疲劳驾驶预警"),
    ("fatigue", "疲劳驾驶"),
    ("night-ban", "夜间禁行"),
    ("off-route", "偏离线路"),
    ("hazmat-zone", "危险货物运输车驶入限制区域"),
    ("hazmat-zone-approach", "危险货物运输车接近限制区域"),
    ("no-parking", "禁停区停车"),
    ("charter-origin", "包车异地经营"),
    ("unqualified-driver", "驾驶员资质不符"),
    ("clone-plate", "套牌"),
    ("offline-move", "离线位移"),
    ("gnss-fault", "定位异常"),
    ("device-tamper", "终端遭人为干扰"),
    ("sos", "紧急报警"),
    ("collision", "碰撞侧翻"),
    ("closed-structure", "驶入封闭区域"),
    ("dsm-fatigue", "驾驶员监测：疲劳"),
    ("dsm-phone", "驾驶员监测：接打电话"),
    ("dsm-smoking", "驾驶员监测：抽烟"),
    ("dsm-distraction", "驾驶员监测：分神"),
    ("dsm-absent", "驾驶员监测：驾驶员不在位"),
    ("dsm-other", "驾驶员监测：其他"),
    ("adas-forward-collision", "驾驶辅助：前向碰撞"),
    ("adas-lane-departure", "驾驶辅助：车道偏离"),
    ("adas-headway", "驾驶辅助：车距过近"),
    ("adas-pedestrian", "驾驶辅助：行人碰撞"),
    ("adas-other", "驾驶辅助：其他"),
];

#[test]
fn the_part_about_the_rules_is_what_the_rule_book_says() {
    let path = reference();
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, written) = text.split_once(&format!("\n{HEAD}\n")).unwrap_or((&text, ""));
    let said = rules_part();
    if written != said && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{}\n\n{HEAD}\n{said}", before.trim_end())).unwrap();
    }
    assert_eq!(written, said);
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
        "[fleet]",
        "[atlas]",
        "[mqtt]",
        "[[mqtt.accounts]]",
        "[http]",
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
            || text.contains(&format!("[rules.{key}]"))
            || ["mqtt", "rules"].iter().any(|table| text.contains(&format!("[[{table}.{key}]]")));
        assert!(stands, "{key}");
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
    let mut explained: BTreeMap<&str, &str> = BTreeMap::new();
    for (rule, kind) in rules() {
        let table = &tables[kind];
        let name = NAMES_ZH.iter().find(|(known, _)| *known == rule).unwrap().1;
        let earlier = explained.get(kind).copied();
        text += &format!("\n# {name}\n");
        text += &earlier.map_or(comment(&table.about), |earlier| format!("# As [rules.{earlier}].\n"));
        text += &format!("[rules.{rule}]\n");
        for (key, about) in &table.keys {
            if earlier.is_none() && key != "enabled" {
                text += &comment(about);
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
    assert_eq!(rules.len(), NAMES_ZH.len());
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
