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
fn the_same_contents_give_the_same_version() {
    let version = |test, rules| check(test, &[("r.toml", rules)]).unwrap().reference.version;
    let plain = version("version-a", "gateway.admission = \"open\"\n");
    assert_eq!(plain, version("version-b", "gateway.admission = \"open\"\n"));
    assert_ne!(plain, version("version-c", "gateway.admission = \"open\"\nrules.speeding.hold = \"9s\"\n"));
}

#[test]
fn no_secret_is_printed_for_debugging() {
    let secrets = "\
gateway.admission = \"open\"
[influxdb]
url = \"http://localhost\"
org = \"o\"
bucket = \"b\"
token = \"hush-token\"
[mqtt]
url = \"mqtt://localhost\"
username = \"me\"
password = \"hush-external\"
accounts = [{ name = \"police\", department = \"police\", password = \"hush-account\" }]
";
    for (mode, shown) in [("embedded", "police"), ("external", "me")] {
        let text = format!("{secrets}mode = {mode:?}\n");
        let printed = format!("{:?}", check(mode, &[("r.toml", &text)]).unwrap().settings);
        assert!(printed.contains(shown) && !printed.contains("hush"), "{printed}");
    }
}
