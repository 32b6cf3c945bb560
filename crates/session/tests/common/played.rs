//! Texts that hold what goes in and what comes out. `UPDATE_EXPECT=1` rewrites what came out.

use std::fs;
use std::path::{Path, PathBuf};

/// Plays a text with its input in slices of so many bytes, and gives it with what came out.
pub type Play = fn(&str, usize) -> String;

/// Each text of a folder of `protocol/jt808` goes as written; there are at least so many.
pub fn goes_as_written(folder: &str, least: usize, play: Play) {
    let paths = texts(folder);
    assert!(paths.len() >= least, "only {} texts in {folder}", paths.len());
    let mut wrong = Vec::new();
    for path in paths {
        let written = fs::read_to_string(&path).unwrap();
        let played = play(&written, usize::MAX);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &played).unwrap();
        } else if written != played {
            wrong.push(format!("{}:\n{played}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Any slicing gives the same.
pub fn goes_in_slices(folder: &str, slices: &[usize], play: Play) {
    for path in texts(folder) {
        let written = fs::read_to_string(&path).unwrap();
        let whole = play(&written, usize::MAX);
        for slice in slices {
            assert_eq!(play(&written, *slice), whole, "{} in slices of {slice}", path.display());
        }
    }
}

fn texts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/jt808").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}
