//! Whole configurations: the examples load, and every mistake is named.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};

use settings::{Loaded, Problems, load_with};

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

/// Writes files into a directory of their own and loads the first.
fn check(test: &str, files: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in files {
        std::fs::write(dir.join(name), text).unwrap();
    }
    load_with(&dir.join(files[0].0), &|name| (name == "SET").then(|| "secret".to_owned()))
}

/// What is said, without the directory.
fn said(test: &str, files: &[(&str, &str)]) -> String {
    let dir = format!("{}/{test}/", env!("CARGO_TARGET_TMPDIR"));
    check(test, files).unwrap_err().to_string().replace(&dir, "")
}

#[test]
fn the_example_has_no_problems() {
    let loaded = load_with(&config("one-machine/roadwarden.toml"), &|_| Some("secret".to_owned())).unwrap();
    assert_eq!(loaded.reference.registry.vehicles().len(), 5);
    assert_eq!(loaded.reference.atlas.zones().len(), 4);
    assert_eq!(loaded.reference.version.len(), 12);
}

#[test]
fn the_reference_names_every_key_and_its_default() {
    let text = std::fs::read_to_string(config("reference.toml")).unwrap();
    let open = text.replace("admission = \"registry\"", "admission = \"open\"");
    let written = check("reference", &[("r.toml", &open)]).unwrap();
    let defaults = check("reference", &[("d.toml", "gateway.admission = \"open\"\n")]).unwrap();
    assert_eq!(written.settings, defaults.settings);
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
        "[pipeline]",
    ];
    let nonsense: String = heads.iter().map(|head| format!("{head}\nx = 1\n")).collect();
    let said = said("reference-keys", &[("r.toml", &nonsense)]);
    let lists = said.lines().filter(|line| line.contains("unknown key"));
    let keys: Vec<&str> =
        lists.flat_map(|line| line.split("expected one of ").nth(1).unwrap().split(", ")).collect();
    assert!(keys.len() > 30, "{said}");
    for key in keys.into_iter().filter(|key| *key != "rules") {
        let stands = text.contains(&format!("{key} = "))
            || text.contains(&format!("[{key}]"))
            || text.contains(&format!("mqtt.{key}]]"));
        assert!(stands, "{key}");
    }
}

#[test]
fn ten_mistakes_are_named_in_one_run() {
    let toml = "\
data_dri = \"x\"
[gateway]
listen = \"nowhere\"
udp = 1
idle_timeout = \"3 minutes\"
[fleet]
vehicles = \"v.csv\"
[atlas]
zones = [\"z.geojson\", \"gone.geojson\"]
[[mqtt.accounts]]
name = \"police\"
department = \"army\"
password = { env = \"UNSET\" }
[rules.speeding]
hold = 10
holds = \"1s\"
[rules.speedy]
";
    let vehicles = "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un
1,藏A12345,yellow,lorry,OP1,540102,,,
1,,yellow,heavy-truck,OP1,54,,x,12
2,藏A2,blue,heavy-truck
";
    let zones = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "a", "kind": "bridge", "name_zh": "桥"}, "geometry": {"type": "LineString", "coordinates": [[91, 29], [91.1, 29]]}},
{"type": "Feature", "properties": {"id": "a", "kind": "river", "name_zh": "河", "hours": "22"}, "geometry": {"type": "Polygon", "coordinates": [[[91, 29], [91.1, 29], [91.1, 29.1], [91, 29.1]]]}},
{"type": "Feature", "properties": {"id": "b", "kind": "closed", "name_zh": "关", "classes": ["bus"]}, "geometry": {"type": "Polygon", "coordinates": [[[29, 91], [91.1, 29], [91, 29]]]}},
{"type": "Feature", "properties": {"id": "c", "kind": "closed", "name_zh": "关"}, "geometry": {"type": "Polygon", "coordinates": [[[91, 29], [91.1, 29], [91, 29]]]}}
]}"#;
    let files = [("r.toml", toml), ("v.csv", vehicles), ("z.geojson", zones)];
    let said = said("ten", &files);
    let expected = include_str!("ten-mistakes.txt");
    assert_eq!(said, expected.trim_end(), "\n{said}");
}

#[test]
fn a_missing_vehicles_file_is_named_under_registry_admission() {
    assert_eq!(
        said("registry", &[("r.toml", "")]),
        "r.toml:1: fleet.vehicles is missing, expected the path of a vehicles file, or gateway.admission = \"open\" to let any terminal in"
    );
}

#[test]
fn the_same_contents_give_the_same_version() {
    let version = |test, rules| check(test, &[("r.toml", rules)]).unwrap().reference.version;
    let plain = version("version-a", "gateway.admission = \"open\"\n");
    assert_eq!(plain, version("version-b", "gateway.admission = \"open\"\n"));
    assert_ne!(plain, version("version-c", "gateway.admission = \"open\"\nrules.speeding.hold = \"9s\"\n"));
}
