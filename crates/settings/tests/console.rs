//! What the console sets over the configuration, and keeps.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use settings::{RuleChanges, console_rules, load, load_changed, rule_mistakes};

const CONFIG: &str = "data_dir = \"data\"\ngateway.admission = \"open\"\n\
    [rules.speeding]\nhold = \"20s\"\ncoach_kmh = 90\n\
    [[rules.override]]\nclass = \"school-bus\"\n[rules.override.speeding]\ncoach_kmh = 70\n";

fn home(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console").join(test);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(dir.join("data")).unwrap();
    std::fs::write(dir.join("r.toml"), CONFIG).unwrap();
    dir.join("r.toml")
}

fn changes(value: serde_json::Value) -> RuleChanges {
    serde_json::from_value(value).unwrap()
}

#[test]
fn what_the_console_sets_is_laid_over_the_file_and_read_back() {
    let config = home("laid-over");
    let before = load(&config).unwrap().reference;
    let set = changes(json!({
        "speeding": { "hold": "10s", "night_factor": 0.75, "cautions": ["steep", "crossing"], "wet": true },
        "night-ban": { "exempt_routes": ["\"接驳\"\\1\n"] }, "clone-plate": { "sightings": 4 } }));
    assert_eq!(rule_mistakes(&set), []);
    let changed = load_changed(&config, &set, 7).unwrap();
    std::fs::write(console_rules(&changed.settings.data_dir), changed.reference.rules.text()).unwrap();
    let read = load(&config).unwrap().reference;
    assert_eq!(
        (&read.version, &read.book, &read.rules),
        (&changed.reference.version, &changed.reference.book, &changed.reference.rules)
    );
    assert_ne!(before.version, read.version);
    let base = read.book.base();
    assert_eq!((base.speeding.hold, base.speeding.wet), (Duration::from_secs(10), true));
    assert_eq!(base.night_ban.exempt_routes, ["\"接驳\"\\1\n"]);
    assert!(
        read.rules.is_by_console("speeding", "hold") && !read.rules.is_by_console("speeding", "coach_kmh")
    );
    assert!(read.rules.is_by_file("speeding", "coach_kmh") && read.rules.last_change() == 7);
    let (_, buses) = read.book.overrides().next().unwrap();
    assert_eq!((buses.speeding.hold, buses.speeding.coach_kmh), (Duration::from_secs(10), 70.0));
    assert!(before.changes(&read).contains(&"speeding.hold 20s → 10s".to_owned()));

    // Back to what the file says, not to the default.
    let back = load_changed(&config, &changes(json!({ "speeding": { "hold": null } })), 8).unwrap().reference;
    assert_eq!(back.book.base().speeding.hold, Duration::from_secs(20));
    assert!(back.book.base().speeding.wet);
    // Without the configuration's files the same books come out, as a trial needs them.
    let tried = read.rules.with(&changes(json!({ "speeding": { "hold": null } })));
    assert_eq!(tried.books(&read.registry), *back.book);
}

#[test]
fn a_mistake_names_rule_key_value_and_what_was_expected() {
    let wrong = changes(json!({
        "speedign": { "hold": "1s" }, "speeding": { "hold": "soon", "holds": 1, "night_factor": 1.5, "wet": {}, "coach_kmh": -1 },
        "clone-plate": { "sightings": 3.5 } }));
    let said: Vec<String> = rule_mistakes(&wrong)
        .into_iter()
        .map(|mistake| format!("{}: {}", mistake.place, mistake.text))
        .collect();
    assert_eq!(
        said,
        [
            "clone-plate/sightings: clone-plate.sightings is 3.5, expected a whole number from 1 to 255",
            "speedign: unknown rule speedign, expected perhaps speeding",
            "speeding/coach_kmh: speeding.coach_kmh is -1, expected a number from 0 to 1000 km/h",
            "speeding/hold: speeding.hold is \"soon\", expected a duration such as \"10s\", at most 366d",
            "speeding/holds: unknown key speeding.holds, expected perhaps hold",
            "speeding/night_factor: speeding.night_factor is 1.5, expected a number from 0 to 1",
            "speeding/wet: speeding.wet is {}, expected true or false",
        ]
    );
}
