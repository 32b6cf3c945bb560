//! One description of a body's fields, from which listings, JSON and the annotated frame of `decode` are made.

use std::fmt;

use crate::safety::{Dialect, SafetyKind};

/// The value of one field.
#[derive(Clone, Copy)]
pub enum Field<'f> {
    /// Bytes without a meaning known here.
    Bytes(&'f [u8]),
    /// One of several values under the same name.
    Entry(&'f dyn fmt::Display),
    /// Millionths of a degree.
    Microdegrees(i32),
    /// A whole number.
    Number(i64),
    /// A number of tenths.
    Tenths(i64),
    /// Text.
    Text(&'f dyn fmt::Display),
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => Hex(bytes).fmt(f),
            Self::Entry(text) | Self::Text(text) => text.fmt(f),
            Self::Microdegrees(degrees) => {
                let (sign, magnitude) = (if *degrees < 0 { "-" } else { "" }, degrees.unsigned_abs());
                write!(f, "{sign}{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000)
            }
            Self::Number(number) => number.fmt(f),
            Self::Tenths(tenths) => {
                let sign = if *tenths < 0 { "-" } else { "" };
                write!(f, "{sign}{}.{}", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
            }
        }
    }
}

/// What the value of a number means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Meaning {
    /// The number is what it is.
    #[default]
    Plain,
    /// Each bit that is set: number of the bit, Chinese, English.
    Bits(&'static [(u8, &'static str, &'static str)]),
    /// As [`Meaning::Bits`], but of the bits in the mask alone; the others are a number that is shown beside it.
    BitsOf(u32, &'static [(u8, &'static str, &'static str)]),
    /// One of a list of codes: code, Chinese, English.
    Codes(&'static [(u32, &'static str, &'static str)]),
    /// The number is what it is, but for these codes.
    Except(&'static [(u32, &'static str, &'static str)]),
    /// A type of this item of active safety in this dialect.
    SafetyKind(Dialect, u8),
}

impl Meaning {
    /// Chinese and English for what `number` says; nothing where the list does not know it.
    pub fn of(self, number: i64) -> impl Iterator<Item = (&'static str, &'static str)> {
        let (bits, codes) = match self {
            Self::Plain | Self::SafetyKind(..) => (&[][..], &[][..]),
            Self::Bits(bits) | Self::BitsOf(_, bits) => (bits, &[][..]),
            Self::Codes(codes) | Self::Except(codes) => (&[][..], codes),
        };
        let is_set = move |bit: u8| number.checked_shr(bit.into()).unwrap_or(0) & 1 != 0;
        let set = bits.iter().filter(move |(bit, ..)| is_set(*bit)).map(|(_, zh, en)| (*zh, *en));
        let one = codes.iter().filter(move |(code, ..)| i64::from(*code) == number);
        set.chain(one.map(|(_, zh, en)| (*zh, *en))).chain(self.safety_kind(number))
    }

    fn safety_kind(self, number: i64) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SafetyKind(dialect, item) => {
                SafetyKind::of(dialect, item, u8::try_from(number).ok()?).map(SafetyKind::names)
            }
            Self::Plain | Self::Bits(_) | Self::BitsOf(..) | Self::Codes(_) | Self::Except(_) => None,
        }
    }
}

/// One field as it stands on the wire.
#[derive(Clone, Copy)]
pub struct Shown<'f> {
    /// Its name; where it has a unit the name ends in it.
    pub name: &'static str,
    /// Its name in Chinese where it differs from [`chinese_word`](crate::chinese_word)'s, as that of a parameter may; else empty.
    pub chinese: &'static str,
    /// Bytes on the wire, those of a length before it included; 0 for what other fields imply.
    pub bytes: usize,
    /// Its value.
    pub value: Field<'f>,
    /// What a number means.
    pub meaning: Meaning,
}

/// Receives the fields of a body in wire order; together they have as many bytes as the body.
pub trait Show {
    /// The next field.
    fn field(&mut self, field: Shown<'_>);
    /// The fields up to [`Show::end`] are one entry of the list `name`.
    fn begin(&mut self, name: &'static str);
    /// Ends what the latest [`Show::begin`] began.
    fn end(&mut self);
    /// Whether an entry that is one [`Field::Entry`] comes field by field instead.
    fn in_full(&self) -> bool {
        false
    }
}

/// Short forms for what bodies show.
impl dyn Show + '_ {
    pub(crate) fn number<N: Copy + Into<i64>>(&mut self, name: &'static str, value: N) {
        self.meant(name, value, Meaning::Plain);
    }

    pub(crate) fn meant<N: Copy + Into<i64>>(&mut self, name: &'static str, value: N, meaning: Meaning) {
        self.field(Shown {
            name,
            chinese: "",
            bytes: size_of::<N>(),
            value: Field::Number(value.into()),
            meaning,
        });
    }

    pub(crate) fn tenths<N: Copy + Into<i64>>(&mut self, name: &'static str, value: N) {
        self.value(name, size_of::<N>(), Field::Tenths(value.into()));
    }

    pub(crate) fn text(&mut self, name: &'static str, bytes: usize, value: &dyn fmt::Display) {
        self.value(name, bytes, Field::Text(value));
    }

    pub(crate) fn hex(&mut self, name: &'static str, bytes: &[u8]) {
        self.value(name, bytes.len(), Field::Bytes(bytes));
    }

    /// Leftover bytes are shown only where there are some.
    pub(crate) fn trailing(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.hex("trailing", bytes);
        }
    }

    pub(crate) fn value(&mut self, name: &'static str, bytes: usize, value: Field<'_>) {
        self.field(Shown { name, chinese: "", bytes, value, meaning: Meaning::Plain });
    }
}

/// Bytes as lower-case hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Writes one line a field, entries of lists two columns further in.
pub(crate) struct Lines<'l, 'f> {
    f: &'l mut fmt::Formatter<'f>,
    depth: usize,
    result: fmt::Result,
}

impl<'l, 'f> Lines<'l, 'f> {
    pub(crate) fn new(f: &'l mut fmt::Formatter<'f>) -> Self {
        Self { f, depth: 1, result: Ok(()) }
    }

    pub(crate) fn finish(self) -> fmt::Result {
        self.result
    }

    fn line(&mut self, name: &str, text: &str) {
        let line = format!("{:indent$}{name:<8} {text}", "", indent = self.depth * 2);
        self.result = self.result.and_then(|()| writeln!(self.f, "{}", line.trim_end()));
    }
}

impl Show for Lines<'_, '_> {
    fn field(&mut self, field: Shown<'_>) {
        let mut text = field.value.to_string();
        if let Field::Number(number) = field.value {
            let meant: Vec<_> = field.meaning.of(number).map(|(_, english)| english).collect();
            if !meant.is_empty() {
                text = format!("{text} ({})", meant.join(", "));
            }
        }
        self.line(field.name, &text);
    }

    fn begin(&mut self, name: &'static str) {
        self.line(name, "");
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_means_what_its_list_says() {
        let check = |meaning: Meaning, number, expected: &[&str]| {
            assert_eq!(meaning.of(number).map(|(_, english)| english).collect::<Vec<_>>(), expected);
        };
        let codes = Meaning::Codes(&[(0, "成功", "done"), (0xffff_ffff, "全部", "all")]);
        check(codes, 0, &["done"]);
        check(codes, 0xffff_ffff, &["all"]);
        check(codes, 1, &[]);
        let bits = Meaning::Bits(&[(0, "甲", "first"), (31, "乙", "last")]);
        check(bits, 0x8000_0001, &["first", "last"]);
        check(bits, 2, &[]);
        check(Meaning::Plain, 1, &[]);
        check(Meaning::BitsOf(1, &[(0, "甲", "first")]), 3, &["first"]);
        check(Meaning::Except(&[(0xff, "不修改", "as it is")]), 0xff, &["as it is"]);
        check(Meaning::Except(&[(0xff, "不修改", "as it is")]), 3, &[]);
    }

    #[test]
    fn parts_of_a_degree_keep_their_sign_and_places() {
        assert_eq!(Field::Microdegrees(-1).to_string(), "-0.000001");
        assert_eq!(Field::Microdegrees(121_473_701).to_string(), "121.473701");
    }
}
