//! What is said about every kind of mistake: `mistakes/*.txt` holds the files that are wrong, and below `---` what is
//! said about them. The first file is the configuration; `\xNN` stands for a byte. `UPDATE_EXPECT=1` rewrites.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use settings::load_with;

#[test]
fn every_mistake_is_said_as_recorded() {
    let mut paths: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "{paths:?}");
    let wrong: Vec<String> = paths.iter().filter_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is said now, if it is not what is recorded.
fn check(path: &Path) -> Option<String> {
    let recorded = fs::read_to_string(path).unwrap();
    let (input, expected) = recorded.split_once("\n---\n").unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    let said = said(name, input);
    if said == expected.trim_end() {
        return None;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, format!("{input}\n---\n{said}\n")).unwrap();
    }
    Some(format!("{name} says\n{said}\nexpected\n{expected}"))
}

/// Writes the files into a directory of their own, loads the first, and gives what is said without the directory.
fn said(name: &str, input: &str) -> String {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes").join(name);
    fs::create_dir_all(&dir).unwrap();
    let files: Vec<(&str, &str)> =
        input.split("== ").skip(1).filter_map(|file| file.split_once('\n')).collect();
    for (file, text) in &files {
        fs::write(dir.join(file), bytes(text)).unwrap();
    }
    let config = dir.join(files[0].0);
    let problems = load_with(&config, &|name| (name == "EMPTY").then(String::new)).unwrap_err();
    problems.to_string().replace(&format!("{}/", dir.display()), "")
}

fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    bytes
}
