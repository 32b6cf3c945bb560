//! The golden frames, where mutation begins.

use std::fs;
use std::path::{Path, PathBuf};

use jt808::{Frame, unescape};

/// The frames of `protocol/jt808/vectors`, in the order of their names.
pub fn frames() -> Vec<Vec<u8>> {
    files().iter().map(|path| raw(&fs::read_to_string(path).expect("vectors can be read"))).collect()
}

/// What the targets begin with: frames for the one, bodies for the other.
pub fn framing_seeds() -> Vec<Vec<u8>> {
    frames().into_iter().map(|frame| [&[3][..], &frame].concat()).collect()
}

/// See [`framing_seeds`].
pub fn message_seeds() -> Vec<Vec<u8>> {
    let mut plain = Vec::new();
    let mut seeds = Vec::new();
    for raw in frames() {
        if unescape(&raw, &mut plain).is_ok()
            && let Ok(frame) = Frame::decode(&plain)
        {
            seeds.push(super::message::input(frame.header.id, frame.header.edition, frame.body));
        }
    }
    seeds
}

/// What a fuzz target does where no engine runs it: it writes its seeds into a directory.
pub fn write_seeds(seeds: &[Vec<u8>]) {
    let directory = PathBuf::from(std::env::args_os().nth(1).expect("usage: TARGET DIRECTORY"));
    for (place, seed) in seeds.iter().enumerate() {
        fs::write(directory.join(format!("seed-{place:03}")), seed).expect("the directory can be written");
    }
}

/// The vectors, a directory a message.
pub fn files() -> Vec<PathBuf> {
    let list = |path: &Path| {
        let entries = fs::read_dir(path).expect("directories lie here alone");
        entries.map(|entry| entry.expect("the directory can be listed").path())
    };
    let mut files: Vec<PathBuf> = list(&root()).flat_map(|directory| list(&directory)).collect();
    files.sort();
    files
}

/// Where they lie.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/jt808/vectors")
}

/// The bytes that stand above the line; lines from `#` are remarks.
pub fn raw(text: &str) -> Vec<u8> {
    let lines = text.lines().take_while(|line| *line != "---").filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines
        .flat_map(str::chars)
        .filter_map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}
