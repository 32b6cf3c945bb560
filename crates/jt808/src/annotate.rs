//! A frame explained byte by byte: whatever the bytes are, each stands in the explanation once.
//!
//! What can be read is read the way [`Frame::decode`](crate::Frame::decode) and
//! [`Message::decode`](crate::Message::decode) read it; what they refuse is explained as far as it goes.

mod body;
mod header;

use crate::frame::{DELIMITER, ESCAPE};
use crate::{DecodeError, Edition, FrameError, chinese_word, unescape};

/// The explanation of a frame or of a body.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Annotation {
    /// What is explained: of a frame all bytes with their escapes undone, delimiters and check byte included.
    pub plain: Vec<u8>,
    /// In the order of their bytes; together they hold every byte of `plain` once.
    pub notes: Vec<Note>,
}

impl Annotation {
    /// Whether frame and body are what the standard says; one package of several and an encrypted body are.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.notes.iter().all(|note| note.state != State::Wrong)
    }

    /// The bytes of one of the notes.
    #[must_use]
    pub fn bytes(&self, note: &Note) -> &[u8] {
        self.plain.get(note.at..note.at + note.len).unwrap_or_default()
    }
}

/// One line of an explanation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// Where its bytes begin.
    pub at: usize,
    /// How many it has; none where it says more about the note above it, or what notes below it have in common.
    pub len: usize,
    /// How far it is nested; 0 outside.
    pub depth: usize,
    /// How well it is understood.
    pub state: State,
    /// The field's name, as everywhere else.
    pub name: &'static str,
    /// Its name in Chinese; empty where there is no word.
    pub chinese: &'static str,
    /// What the bytes say, in `unit`.
    pub value: String,
    /// As people write it; often empty.
    pub unit: &'static str,
    /// What the value means, Chinese and English; often empty.
    pub meaning: Option<(String, String)>,
}

/// How well something is understood.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum State {
    /// As the standard says.
    #[default]
    Plain,
    /// Against the standard, and understood all the same.
    Odd,
    /// Not understood here, and shown as sent.
    Opaque,
    /// The frame or its body is refused for it.
    Wrong,
}

/// Explains one frame, with or without its delimiters. Escapes that are wrong are left as they stand.
#[must_use]
pub fn annotate(raw: &[u8]) -> Annotation {
    let refused = unescape(raw, &mut Vec::new()).err();
    let content = escaped_content(raw);
    let (plain, escapes) = lenient(raw);
    let mut walk = Walk::new(&plain);
    walk.delimiter(raw.first() == Some(&DELIMITER));
    walk.escapes(&escapes, refused);
    walk.end = plain.len() - usize::from(raw.len() > 1 && raw.last() == Some(&DELIMITER));
    if content.contains(&DELIMITER) {
        walk.remark(
            State::Odd,
            "delimiter",
            "帧内有 0x7e，可能不止一帧",
            "one more inside, maybe more frames than one",
        );
    }
    let bare = content.last() == Some(&ESCAPE);
    match refused {
        Some(error @ FrameError::TooLong { .. }) => walk.not_understood(&error.chinese(), &error.to_string()),
        _ => walk.frame(bare),
    }
    walk.end = plain.len();
    walk.delimiter(walk.left() > 0);
    let notes = walk.notes;
    Annotation { plain, notes }
}

/// Explains the body of a message, such as one put together from its packages; offsets are those in the body.
#[must_use]
pub fn annotate_body(id: u16, edition: Edition, body: &[u8]) -> Annotation {
    let mut walk = Walk::new(body);
    walk.end = body.len();
    walk.message(id, edition);
    let notes = walk.notes;
    Annotation { plain: body.to_vec(), notes }
}

/// What stands between the delimiters, as `unescape` has it.
fn escaped_content(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_prefix(&[DELIMITER]).unwrap_or(raw);
    raw.strip_suffix(&[DELIMITER]).unwrap_or(raw)
}

/// Undoes the escapes that are some, and says where in the outcome they stood.
fn lenient(raw: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut plain, mut escapes, mut rest) = (Vec::with_capacity(raw.len()), Vec::new(), raw);
    while let Some((byte, mut after)) = rest.split_first() {
        let mut byte = *byte;
        if let ([1 | 2, behind @ ..], ESCAPE) = (after, byte) {
            escapes.push(plain.len());
            byte = if after.first() == Some(&1) { ESCAPE } else { DELIMITER };
            after = behind;
        }
        plain.push(byte);
        rest = after;
    }
    (plain, escapes)
}

/// A cursor over what is explained, and the notes so far.
struct Walk<'p> {
    plain: &'p [u8],
    at: usize,
    /// Where the part at hand ends.
    end: usize,
    depth: usize,
    notes: Vec<Note>,
}

impl<'p> Walk<'p> {
    fn new(plain: &'p [u8]) -> Self {
        Self { plain, at: 0, end: plain.len(), depth: 0, notes: Vec::new() }
    }

    /// Bytes up to the end of the part at hand.
    fn rest(&self) -> &'p [u8] {
        self.plain.get(self.at..self.end).unwrap_or_default()
    }

    fn left(&self) -> usize {
        self.rest().len()
    }

    /// The next note, of at most so many bytes as are left; change it where it is not plain.
    fn note(&mut self, len: usize, name: &'static str, value: impl ToString) -> &mut Note {
        let len = len.min(self.left());
        let chinese = chinese_word(name).unwrap_or_default();
        let note = Note {
            at: self.at,
            len,
            depth: self.depth,
            state: State::Plain,
            name,
            chinese,
            value: value.to_string(),
            unit: "",
            meaning: None,
        };
        self.at += len;
        self.notes.push_mut(note)
    }

    /// A note without bytes.
    fn remark(&mut self, state: State, name: &'static str, chinese: impl ToString, english: impl ToString) {
        self.note(0, name, "").means(state, chinese, english);
    }

    /// All that is left, which may be nothing, and why it says nothing.
    fn not_understood(&mut self, chinese: &str, english: &str) {
        self.note(usize::MAX, "not_understood", "").means(State::Wrong, chinese, english);
    }

    fn delimiter(&mut self, present: bool) {
        if present {
            self.note(1, "delimiter", "");
        } else {
            self.remark(State::Odd, "delimiter", "缺少", "missing");
        }
    }

    /// Says once how offsets here and on the wire differ.
    fn escapes(&mut self, escapes: &[usize], refused: Option<FrameError>) {
        if let Some(error @ FrameError::BadEscape { .. }) = refused {
            self.remark(State::Wrong, "escapes", error.chinese(), error);
        }
        if escapes.is_empty() {
            return;
        }
        // Enough to find the others by hand.
        let mut places: Vec<String> = escapes.iter().take(8).map(ToString::to_string).collect();
        if places.len() < escapes.len() {
            places.push("…".to_owned());
        }
        let places = places.join(", ");
        let chinese = format!("以下偏移处的字节在线上各占 2 字节：{places}");
        let english = format!("two bytes each on the wire: those at {places}");
        self.note(0, "escapes", escapes.len()).means(State::Plain, chinese, english);
    }

    /// Header, body and check byte.
    fn frame(&mut self, bare_check_byte: bool) {
        let Some((found, covered)) = self.rest().split_last() else {
            let error = FrameError::Short { len: 0, needed: 12 };
            return self.not_understood(&error.chinese(), &error.to_string());
        };
        let computed = covered.iter().fold(0, |sum, byte| sum ^ byte);
        let end = self.end;
        self.end -= 1;
        self.header_and_body();
        self.end = end;
        let note = self.note(1, "check_byte", format_args!("{found:#04x}"));
        if computed != *found {
            note.means(
                State::Wrong,
                format!("错误，应为 {computed:#04x}"),
                format!("wrong, expected {computed:#04x}"),
            );
        } else if bare_check_byte {
            note.means(State::Odd, "正确，但未转义", "right, but not escaped");
        } else {
            note.means(State::Plain, "正确", "right");
        }
    }

    fn header_and_body(&mut self) {
        let Some(header) = self.header() else { return };
        let carried = match (header.encrypted, header.packet) {
            (true, _) => DecodeError::Encrypted,
            (false, Some(packet)) if packet.total > 1 => {
                DecodeError::Packaged { index: packet.index, total: packet.total }
            }
            (false, _) => return self.message(header.id, header.edition),
        };
        if self.left() > 0 {
            let name = if header.encrypted { "encrypted_body" } else { "package_body" };
            self.note(usize::MAX, name, "").means(State::Opaque, carried.chinese(), carried);
        }
    }
}

impl Note {
    fn means(&mut self, state: State, chinese: impl ToString, english: impl ToString) {
        self.state = state;
        self.meaning = Some((chinese.to_string(), english.to_string()));
    }
}
