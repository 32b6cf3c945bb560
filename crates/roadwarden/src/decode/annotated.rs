//! One line a field: where it stands, its bytes, its names, what it says and means.

use std::fmt::Write;

use jt808::{Annotation, DecodeError, Frame, FrameError, Note, State};

use super::packages::Packages;
use crate::hex;

/// Bytes in a line; a field with more is cut short, or goes on in lines below it.
const BYTES_A_LINE: usize = 16;
/// A column is as wide as its widest cell, but no wider than this; what is wider pushes the rest to the right.
const COLUMN_MAX: usize = 44;

const LEGEND: &str = "偏移 offset · 原始字节 bytes · 字段 field · 值 value · 含义 meaning    ? 未解析 not understood    ! 有误 wrong\n";

/// Explains frame after frame.
pub struct Listing {
    full: bool,
    begun: bool,
    packages: Packages,
}

impl Listing {
    /// `full` shows all bytes of long fields.
    pub fn new(full: bool) -> Self {
        Self { full, begun: false, packages: Packages::default() }
    }

    /// The explanation of a frame, behind the last package that of the whole message; and whether the frame could
    /// be decoded.
    pub fn frame(&mut self, raw: &[u8]) -> (String, bool) {
        let annotation = jt808::annotate(raw);
        let mut text = self.start();
        let mut plain = Vec::new();
        let unescaped = jt808::unescape(raw, &mut plain);
        match unescaped.and_then(|warnings| Frame::decode(&plain).map(|frame| (frame, warnings))) {
            Err(error) => {
                text.push_str(&refusal(&error));
                self.rows(&annotation, &mut text);
            }
            Ok((mut frame, warnings)) => {
                frame.warnings.insert(warnings);
                text.push_str(&title(&frame));
                self.rows(&annotation, &mut text);
                if let Some(body) = self.packages.insert(&frame) {
                    let header = &frame.header;
                    let names = names(header.id);
                    let _ = writeln!(
                        text,
                        "\n合并 joined  {names}  terminal={} bytes={}",
                        header.phone,
                        body.len()
                    );
                    self.rows(&jt808::annotate_body(header.id, header.edition, &body), &mut text);
                }
            }
        }
        (text, annotation.is_whole())
    }

    /// What stands in the place of a frame and is none.
    pub fn refuse(&mut self, reason: &str, text: &str) -> (String, bool) {
        (format!("{}拒收 refused  应为十六进制文本，每字节两位 / {reason}\n  {text}\n", self.start()), false)
    }

    /// The legend once, and an empty line between frames.
    fn start(&mut self) -> String {
        if std::mem::replace(&mut self.begun, true) { "\n".to_owned() } else { format!("{LEGEND}\n") }
    }

    fn rows(&self, annotation: &Annotation, text: &mut String) {
        let rows: Vec<Row> = annotation.notes.iter().map(|note| self.row(annotation, note)).collect();
        let column =
            |cell: &dyn Fn(&Row) -> usize| rows.iter().map(cell).filter(|width| *width <= COLUMN_MAX).max();
        let widths = [
            column(&|row| width(row.bytes.first().map_or("", String::as_str))),
            column(&|row| width(&row.field)),
            column(&|row| if row.meaning.is_empty() { 0 } else { width(&row.value) }),
        ];
        rows.iter().for_each(|row| row.write(widths.map(Option::unwrap_or_default), text));
    }

    fn row(&self, annotation: &Annotation, note: &Note) -> Row {
        let bytes = annotation.bytes(note);
        let lines = match bytes.get(..BYTES_A_LINE) {
            Some(head) if !self.full && bytes.len() > BYTES_A_LINE => {
                vec![format!("{}… {} B", hex::print(head), bytes.len())]
            }
            _ => bytes.chunks(BYTES_A_LINE).map(hex::print).collect(),
        };
        let unit = if note.unit == "°" { note.unit.to_owned() } else { format!(" {}", note.unit) };
        let meaning = match &note.meaning {
            Some((chinese, english)) if chinese == english => english.clone(),
            Some((chinese, english)) => format!("{chinese} / {english}"),
            None if note.state == State::Opaque => "未解析 / not understood".to_owned(),
            None => String::new(),
        };
        Row {
            mark: match note.state {
                State::Plain => ' ',
                State::Opaque => '?',
                State::Odd | State::Wrong => '!',
            },
            at: note.at,
            bytes: lines,
            field: format!("{:indent$}{} {}", "", note.chinese, note.name, indent = note.depth * 2),
            value: format!("{}{unit}", note.value).trim_end().to_owned(),
            meaning,
        }
    }
}

/// The cells of one note.
struct Row {
    mark: char,
    at: usize,
    /// One a line.
    bytes: Vec<String>,
    field: String,
    value: String,
    meaning: String,
}

impl Row {
    fn write(&self, [bytes_width, field_width, value_width]: [usize; 3], text: &mut String) {
        let offset = if self.bytes.is_empty() { String::new() } else { self.at.to_string() };
        let bytes = padded(self.bytes.first().map_or("", String::as_str), bytes_width);
        let (field, value) = (padded(&self.field, field_width), padded(&self.value, value_width));
        let line = format!("{} {offset:>5}  {bytes}  {field}  {value}  {}", self.mark, self.meaning);
        text.push_str(line.trim_end());
        text.push('\n');
        for (line, bytes) in self.bytes.iter().enumerate().skip(1) {
            let _ = writeln!(text, "  {:>5}  {bytes}", self.at + line * BYTES_A_LINE);
        }
    }
}

/// The first line of what could be decoded.
fn title(frame: &Frame<'_>) -> String {
    let header = &frame.header;
    let (phone, serial) = (header.phone, header.serial);
    let mut line =
        format!("{}  terminal={phone} serial={serial} edition={}", names(header.id), header.edition.as_str());
    if let Some(packet) = header.packet {
        let _ = write!(line, " packet={}/{}", packet.index, packet.total);
    }
    for warning in frame.warnings.names() {
        let _ = write!(line, " warning={warning}");
    }
    if let Err(error @ DecodeError::Missing { .. }) = frame.message() {
        let _ = write!(line, "\n拒收 refused  {} / {error}", error.chinese());
    }
    line.push('\n');
    line
}

fn refusal(error: &FrameError) -> String {
    format!("拒收 refused  {} / {error}\n", error.chinese())
}

fn names(id: u16) -> String {
    format!("{id:04x} {} {}", jt808::chinese_name_of(id), jt808::name_of(id))
}

fn padded(text: &str, column: usize) -> String {
    format!("{text}{:1$}", "", column.saturating_sub(width(text)))
}

/// Columns a terminal gives to a text: two to a letter of China, Japan and Korea and to their signs, else one.
fn width(text: &str) -> usize {
    let wide = |letter: char| {
        matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|letter| if wide(letter) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_letter_takes_two_columns() {
        assert_eq!(width("里程 mileage_km"), 15);
        assert_eq!(width("共 3 字节，最多 2 字节…°"), 24);
        assert_eq!(padded("里程", 6), "里程  ");
    }
}
