//! Every row of `deploy/FAULTS.md` is there once, and each test and mode it names exists.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

use std::fs;
use std::path::Path;

#[test]
fn the_table_of_faults_is_whole_and_names_what_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = fs::read_to_string(root.join("deploy/FAULTS.md")).unwrap();
    let mut sources = String::new();
    read(&root.join("crates"), &mut sources);
    let rows = [('T', 16), ('E', 20), ('C', 14)];
    for (letter, last) in rows {
        for number in 1..=last {
            let head = format!("| {letter}{number} |");
            assert_eq!(table.lines().filter(|line| line.starts_with(&head)).count(), 1, "{head}");
        }
    }
    let modes = fs::read_to_string(root.join("crates/chaos/src/mode.rs")).unwrap();
    let mut named = 0;
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.split('|').nth(4).unwrap_or_default();
        for name in cell.split('`').skip(1).step_by(2) {
            named += 1;
            let exists = match name.strip_prefix("chaos ") {
                Some(mode) => modes.contains(&format!("pub mod {mode};")),
                None => sources.contains(&format!("fn {name}(")),
            };
            assert!(exists, "{name} is named and not there: {line}");
        }
        assert!(
            cell.contains('`')
                || line.contains("**open**")
                || cell.contains("shown by")
                || cell.contains("---"),
            "{line}"
        );
    }
    assert!(named > 40, "only {named} names were found");
}

fn read(dir: &Path, into: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            read(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
