//! The fields of a body, by what it shows of itself.

use super::{State, Walk};
use crate::field::{Field, Meaning, Show, Shown};
use crate::{DecodeError, Edition, Message, chinese_name_of, name_of, unit_of};

/// Zeros put behind a cut body to find its fields; more than the longest field of two bytes' length.
const ZEROS_MAX: usize = 70_000;
/// Times a cut body is tried with more zeros; each finds one more field, and no layout has so many of their own.
const TRIES_MAX: usize = 64;

impl Walk<'_> {
    /// The rest is the body of a message.
    pub(super) fn message(&mut self, id: u16, edition: Edition) {
        let body = self.rest();
        match Message::decode(id, edition, body) {
            Ok(message) => {
                self.show(&message);
                if self.left() > 0 {
                    self.note(usize::MAX, "trailing", "").state = State::Opaque;
                }
            }
            Err(reason) => {
                self.cut(id, edition, reason);
                self.not_understood(&reason.chinese(), &reason.to_string());
            }
        }
    }

    /// Notes the fields before the one that reaches past the end. Zeros stand in for what is missing: the fields
    /// that are whole do not depend on them.
    fn cut(&mut self, id: u16, edition: Edition, mut reason: DecodeError) {
        let mut padded = self.rest().to_vec();
        let most = padded.len() + ZEROS_MAX;
        for _ in 0..TRIES_MAX {
            let DecodeError::Missing { left, needed, .. } = reason else { return };
            let more = needed.saturating_sub(left).max(1);
            if padded.len() + more > most {
                return;
            }
            padded.resize(padded.len() + more, 0);
            match Message::decode(id, edition, &padded) {
                Ok(message) => return self.show(&message),
                Err(next) => reason = next,
            }
        }
    }

    fn show(&mut self, message: &Message<'_>) {
        let depth = self.depth;
        let mut fields = Fields { walk: self, stopped: false, entries: Vec::new() };
        message.show(&mut fields);
        self.depth = depth;
    }
}

/// Takes notes of what a body shows, until a field has more bytes than are left.
struct Fields<'w, 'p> {
    walk: &'w mut Walk<'p>,
    stopped: bool,
    /// How many entries of a list have begun, by depth; the list around the present one stands before it.
    entries: Vec<(usize, &'static str, usize)>,
}

impl Show for Fields<'_, '_> {
    fn field(&mut self, field: Shown<'_>) {
        self.stopped |= field.bytes > self.walk.left();
        let nothing = matches!(field.value, Field::Bytes([]));
        if self.stopped || nothing {
            return;
        }
        let sent = self.walk.rest();
        let (value, unit) = written(&field);
        let note = self.walk.note(field.bytes, field.name, value);
        note.unit = unit;
        if !field.chinese.is_empty() {
            note.chinese = field.chinese;
        }
        match field.name {
            "raw" | "other_length" | "trailing" | "leftover" => note.state = State::Opaque,
            "check" => {
                let right = note
                    .value
                    .split_once(' ')
                    .map(|(digits, verdict)| (digits.to_owned(), verdict == "right"));
                let Some((digits, right)) = right else { return };
                note.value = digits;
                if right {
                    note.means(State::Plain, "正确", "right");
                } else {
                    note.means(State::Odd, "错误", "wrong");
                }
            }
            "error" => note.state = State::Odd,
            "answered_id" => {
                if let Some(id) = sent.first_chunk().map(|id| u16::from_be_bytes(*id)) {
                    note.means(State::Plain, chinese_name_of(id), name_of(id));
                }
            }
            _ => {}
        }
        if let Field::Number(number) = field.value {
            self.meant(number, field.meaning);
        }
    }

    fn begin(&mut self, name: &'static str) {
        if self.stopped {
            return;
        }
        let depth = self.walk.depth;
        let place = match self.entries.iter_mut().find(|(at, known, _)| (*at, *known) == (depth, name)) {
            Some((_, _, place)) => {
                *place += 1;
                *place
            }
            None => {
                self.entries.push((depth, name, 1));
                1
            }
        };
        self.walk.note(0, name, format_args!("#{place}"));
        self.walk.depth += 1;
    }

    fn end(&mut self) {
        if self.stopped {
            return;
        }
        self.entries.retain(|(depth, ..)| *depth < self.walk.depth);
        self.walk.depth = self.walk.depth.saturating_sub(1);
    }

    fn in_full(&self) -> bool {
        true
    }
}

impl Fields<'_, '_> {
    /// Every bit that is set has a line of its own.
    fn meant(&mut self, number: i64, meaning: Meaning) {
        match meaning {
            Meaning::Plain => {}
            Meaning::Codes(_) | Meaning::Except(_) | Meaning::SafetyKind(..) => {
                let Some(note) = self.walk.notes.last_mut() else { return };
                match meaning.of(number).next() {
                    Some((chinese, english)) => note.means(State::Plain, chinese, english),
                    None if matches!(meaning, Meaning::Except(_)) => {}
                    None => note.means(State::Opaque, "表中未列", "not in the list"),
                }
            }
            Meaning::Bits(bits) => self.bits(number, bits),
            Meaning::BitsOf(mask, bits) => self.bits(number & i64::from(mask), bits),
        }
    }

    fn bits(&mut self, number: i64, bits: &[(u8, &str, &str)]) {
        self.walk.depth += 1;
        for place in (0..64_u8).filter(|place| number >> place & 1 != 0) {
            let note = self.walk.note(0, "bit", place);
            match bits.iter().find(|(bit, ..)| *bit == place) {
                Some((_, chinese, english)) => note.means(State::Plain, chinese, english),
                None => note.means(State::Opaque, "表中未列", "not in the list"),
            }
        }
        self.walk.depth -= 1;
    }
}

/// The value as people write it, and its unit. Bytes stand beside it as they are already.
fn written(field: &Shown<'_>) -> (String, &'static str) {
    let unit = unit_of(field.name);
    let digits = field.bytes * 2;
    match (field.value, field.meaning) {
        (Field::Bytes(_), _) => (String::new(), unit),
        (Field::Microdegrees(_), _) => (field.value.to_string(), "°"),
        (Field::Number(number), _) if field.name.ends_with("_100ms") => {
            (Field::Tenths(number).to_string(), unit)
        }
        (Field::Number(number), _) if field.name.ends_with("_e6") => (
            i32::try_from(number)
                .map_or_else(|_| number.to_string(), |e6| Field::Microdegrees(e6).to_string()),
            unit,
        ),
        // Whatever its name ends in, a set of bits has no unit.
        (Field::Number(number), Meaning::Bits(_) | Meaning::BitsOf(..)) => {
            (format!("0x{number:0digits$x}"), "")
        }
        // Several values in one have their units among them.
        (Field::Entry(entry), _) => (entry.to_string(), ""),
        // An id of a list is known by its hexadecimal digits, in the standards too.
        (Field::Number(number), Meaning::Codes(_)) if field.name == "id" => {
            (format!("0x{number:0digits$x}"), unit)
        }
        (value, _) => (value.to_string(), unit),
    }
}
