//! Golden frames in `protocol/jt808/vectors`: decode, print below the line, encode again as above it.
//!
//! A directory is named by id and message, a file by what it shows; `refused` holds what is no frame. Lines from `#`
//! are remarks, all else above `---` is hex. `UPDATE_EXPECT=1` rewrites what stands below; the diff is to be reviewed.

mod property;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use jt808::{Edition, Frame, Message, Warnings, annotate, encode_frame, name_of, unescape};
use property::vectors::{files, root};

#[test]
fn every_vector_reads_and_encodes_as_written() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let (above, below) = text.split_once("---\n").expect("a line of three dashes");
        let listing = listing(&from_hex(above), directory(&path));
        if update {
            fs::write(&path, format!("{above}---\n{listing}")).unwrap();
        } else if listing != below {
            wrong.push(format!("{}\nexpected\n{below}found\n{listing}", path.display()));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 0, "no vectors in {}", root().display());
}

#[test]
fn every_message_with_a_type_has_a_vector() {
    let has_type = |id: &u16| !matches!(Message::decode(*id, Edition::V2013, &[]), Ok(Message::Unknown(_)));
    let missing: Vec<String> = (0..=u16::MAX)
        .filter(has_type)
        .map(|id| format!("{id:04x}-{}", name_of(id)))
        .filter(|name| !files().iter().any(|path| directory(path) == name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_table_of_messages_has_every_name() {
    let table = fs::read_to_string(root().join("../../README.md")).unwrap();
    let named = (0..=u16::MAX).filter(|id| name_of(*id) != "unknown").map(|id| (id, name_of(id)));
    let has_row = |id: u16, name: &str| {
        let start = format!("| {id:04x} |");
        table.lines().any(|line| line.starts_with(&start) && line.contains(&format!("| `{name}` |")))
    };
    let missing: Vec<String> =
        named.filter(|(id, name)| !has_row(*id, name)).map(|(id, name)| format!("{id:04x} {name}")).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let links =
        files().into_iter().filter(|path| !table.contains(&format!("(jt808/vectors/{})", directory(path))));
    assert_eq!(links.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn every_field_of_a_vector_has_a_chinese_word() {
    let mut missing = BTreeMap::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let (above, _) = text.split_once("---\n").expect("a line of three dashes");
        let notes = annotate(&from_hex(above)).notes;
        for note in notes.iter().filter(|note| note.chinese.is_empty()) {
            missing.entry(note.name).or_insert_with(|| directory(&path).to_owned());
        }
    }
    let rows: String =
        missing.iter().map(|(name, vector)| format!("    (\"{name}\", \"…\"), // {vector}\n")).collect();
    assert!(
        missing.is_empty(),
        "{} names have no Chinese word; add them to WORDS in crates/jt808/src/words.rs, sorted, the unit at their end left \
         out where it changes nothing:\n{rows}",
        missing.len()
    );
}

/// What a frame says, and how it is encoded again where that differs from what was sent.
fn listing(raw: &[u8], directory: &str) -> String {
    let mut plain = Vec::new();
    let decoded =
        unescape(raw, &mut plain).and_then(|warnings| Frame::decode(&plain).map(|frame| (frame, warnings)));
    let (mut frame, warnings) = match decoded {
        Ok(decoded) => decoded,
        Err(reason) => {
            assert_eq!(directory, "refused", "{reason}");
            return format!("refused  {reason}\n");
        }
    };
    frame.warnings.insert(warnings);
    assert_eq!(directory, format!("{:04x}-{}", frame.header.id, name_of(frame.header.id)));
    let mut text = frame.to_string();
    let again = encoded(&frame);
    if again != raw {
        let repaired = [Warnings::LENGTH_FIELD, Warnings::UNESCAPED_CHECKSUM];
        assert!(repaired.iter().any(|warning| frame.warnings.contains(*warning)), "{text}{again:02x?}");
        writeln!(text, "encoded  {}", to_hex(&again)).expect("a string takes everything");
    }
    text
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let (mut body, mut wire) = (Vec::new(), Vec::new());
    match frame.message() {
        Ok(message) => message.encode_body(frame.header.edition, &mut body),
        Err(_) => body.extend_from_slice(frame.body),
    }
    encode_frame(&frame.header, &body, &mut wire);
    wire
}

fn directory(path: &Path) -> &str {
    let name = path.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    name.expect("vectors lie in directories with plain names")
}

fn from_hex(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines
        .flat_map(str::chars)
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| {
            letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).expect("hex above the line")
        })
        .collect();
    assert!(digits.len().is_multiple_of(2), "two digits a byte");
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
