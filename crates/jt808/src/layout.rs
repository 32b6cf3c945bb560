//! Bodies as a list of fields: the struct, how it is read, written and shown are made from one description.

mod edition;
mod rest;

use std::marker::PhantomData;

pub use self::edition::EditionList;
pub(crate) use self::edition::{EditionPart, by_edition};
pub use self::rest::{Data32, Tail};
use crate::field::{Meaning, Show};
use crate::reader::{Reader, put_counted, put_fixed};
use crate::text::Text;
use crate::{DecodeError, DeviceTime, Edition};

/// The body of a message. `encode` gives back the bytes `decode` was given.
pub(crate) trait Body<'a>: Sized {
    /// Reads the whole body; `edition` is the header's.
    fn decode(reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError>;
    /// Appends the body.
    fn encode(&self, edition: Edition, into: &mut Vec<u8>);
    /// Hands over every field in wire order.
    fn show(&self, show: &mut dyn Show);
}

/// A field, or a group of fields in a list. Each takes at least one byte, so that a list of them ends.
pub(crate) trait Part<'a>: Sized {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError>;
    fn write(&self, into: &mut Vec<u8>);
    fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show);
}

/// Declares a body. After its fields every body has `trailing`: bytes behind the layout, as sent.
///
/// A field is `name: Type`, or `name: Type = Meaning` where its numbers have a meaning. Types are those that are a
/// [`Part`]: `u8`, `u16`, `u32`, `[u8; N]`, [`DeviceTime`], [`Padded`], [`Text8`], [`Text16`], [`Data32`], [`List`],
/// an `Option` of one, which is there where the body goes on; and, taking all that is left, [`Text`], `&[u8]`, [`Tail`].
macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty $(= $meaning:expr)?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        pub struct $name<'a> {
            $($(#[$field_doc])* pub $field: $kind,)*
            /// Bytes behind the layout, as sent.
            pub trailing: &'a [u8],
        }

        impl<'a> $crate::layout::Body<'a> for $name<'a> {
            #[allow(unused_mut, reason = "a body may have no field")]
            fn decode(mut reader: $crate::reader::Reader<'a>, _: $crate::Edition) -> Result<Self, $crate::DecodeError> {
                Ok(Self {
                    $($field: $crate::layout::Part::read(&mut reader, stringify!($field))?,)*
                    trailing: reader.rest(),
                })
            }

            fn encode(&self, _: $crate::Edition, into: &mut Vec<u8>) {
                $($crate::layout::Part::write(&self.$field, into);)*
                into.extend_from_slice(self.trailing);
            }

            fn show(&self, show: &mut dyn $crate::field::Show) {
                $($crate::layout::Part::show(
                    &self.$field, stringify!($field), $crate::layout::meaning!($($meaning)?), show,
                );)*
                show.trailing(self.trailing);
            }
        }
    };
}

/// Declares an entry of a [`List`], with fields as those of a body; at least one of them.
macro_rules! entry {
    ($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? { $($(#[$field_doc:meta])* $field:ident: $kind:ty $(= $meaning:expr)?),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        pub struct $name $(<$life>)? {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl<'e> $crate::layout::Part<'e> for $crate::layout::life!($name 'e $($life)?) {
            fn read(reader: &mut $crate::reader::Reader<'e>, _: &'static str) -> Result<Self, $crate::DecodeError> {
                Ok(Self { $($field: $crate::layout::Part::read(reader, stringify!($field))?,)* })
            }

            fn write(&self, into: &mut Vec<u8>) {
                $($crate::layout::Part::write(&self.$field, into);)*
            }

            fn show(&self, name: &'static str, _: $crate::field::Meaning, show: &mut dyn $crate::field::Show) {
                show.begin(name);
                $($crate::layout::Part::show(
                    &self.$field, stringify!($field), $crate::layout::meaning!($($meaning)?), show,
                );)*
                show.end();
            }
        }
    };
}

macro_rules! life {
    ($name:ident $mine:lifetime $life:lifetime) => { $name<$mine> };
    ($name:ident $mine:lifetime) => { $name };
}

macro_rules! meaning {
    () => {
        $crate::field::Meaning::Plain
    };
    ($meaning:expr) => {
        $meaning
    };
}

pub(crate) use {body, entry, life, meaning};

macro_rules! numbers {
    ($($kind:ident)*) => {$(
        impl<'a> Part<'a> for $kind {
            fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
                reader.$kind(field)
            }

            fn write(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(&self.to_be_bytes());
            }

            fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show) {
                show.meant(name, *self, meaning);
            }
        }
    )*};
}

numbers! { u8 u16 u32 }

impl<'a, const N: usize> Part<'a> for [u8; N] {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.array(field)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.hex(name, self);
    }
}

impl<'a> Part<'a> for DeviceTime {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.time(field)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.bcd());
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, 6, self);
    }
}

/// Text of a fixed width, padded; longer text is cut when it is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Padded<'a, const N: usize>(pub Text<'a>);

impl<'a, const N: usize> Part<'a> for Padded<'a, N> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.take(N, field).map(|bytes| Self(Text(bytes)))
    }

    fn write(&self, into: &mut Vec<u8>) {
        put_fixed(self.0.0, N, into);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, N, &self.0);
    }
}

/// Text behind a length of one byte; at most 255 bytes of it are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Text8<'a>(pub Text<'a>);

impl<'a> Part<'a> for Text8<'a> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.counted(field).map(|bytes| Self(Text(bytes)))
    }

    fn write(&self, into: &mut Vec<u8>) {
        put_counted(self.0.0, into);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, 1 + self.0.0.len(), &self.0);
    }
}

/// Text behind a length of two bytes; at most 65,535 bytes of it are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Text16<'a>(pub Text<'a>);

impl<'a> Part<'a> for Text16<'a> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        let len = reader.u16(field)?;
        reader.take(usize::from(len), field).map(|bytes| Self(Text(bytes)))
    }

    fn write(&self, into: &mut Vec<u8>) {
        let len = u16::try_from(self.0.0.len()).unwrap_or(u16::MAX);
        into.extend_from_slice(&len.to_be_bytes());
        into.extend(self.0.0.iter().take(usize::from(len)));
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, 2 + self.0.0.len(), &self.0);
    }
}

/// The number that stands before a list: `u8`, `u16` or `u32`.
pub(crate) trait Count: for<'a> Part<'a> + Copy + Into<u32> + Into<i64> {
    /// The number, at most what fits.
    fn of(entries: usize) -> Self;
}

macro_rules! counts {
    ($($kind:ident)*) => {$(
        impl Count for $kind {
            fn of(entries: usize) -> Self {
                Self::try_from(entries).unwrap_or(Self::MAX)
            }
        }
    )*};
}

counts! { u8 u16 u32 }

/// A list behind its count `C`, kept as sent and read on demand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct List<'a, C, T> {
    /// How many the sender announces; the bytes decide.
    pub count: C,
    bytes: &'a [u8],
    entries: PhantomData<T>,
}

impl<C: Default, T> Default for List<'_, C, T> {
    fn default() -> Self {
        Self { count: C::default(), bytes: &[], entries: PhantomData }
    }
}

#[expect(private_bounds, reason = "entries are declared in this crate alone")]
impl<'a, C: Count, T: Part<'a>> List<'a, C, T> {
    /// The whole entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, C, T> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || T::read(&mut reader, "entry").ok())
    }

    /// Appends entries to `bytes` and lends the list of them; as many as `C` can count.
    pub fn build(entries: &[T], bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        let count = C::of(entries.len());
        let kept: u32 = count.into();
        entries.iter().take(usize::try_from(kept).unwrap_or(usize::MAX)).for_each(|entry| entry.write(bytes));
        Self { count, bytes, entries: PhantomData }
    }
}

impl<'a, C: Count, T: Part<'a>> Part<'a> for List<'a, C, T> {
    /// Takes the announced entries as far as they are whole; what is left is the next field's.
    fn read(reader: &mut Reader<'a>, _: &'static str) -> Result<Self, DecodeError> {
        let count = C::read(reader, "count")?;
        let (start, mut announced): (&'a [u8], u32) = (reader.rest(), count.into());
        let mut end = *reader;
        while announced > 0 && T::read(&mut end, "entry").is_ok() {
            *reader = end;
            announced -= 1;
        }
        let len = start.len() - reader.rest().len();
        Ok(Self { count, bytes: start.get(..len).unwrap_or_default(), entries: PhantomData })
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.count.write(into);
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show) {
        show.number("count", self.count);
        self.iter().for_each(|entry| entry.show(name, meaning, show));
    }
}

/// A body that is empty by the standard, with what some append.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Empty<'a> {
    /// What was sent all the same.
    pub trailing: &'a [u8],
}

impl<'a> Body<'a> for Empty<'a> {
    fn decode(reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { trailing: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(self.trailing);
    }

    fn show(&self, show: &mut dyn Show) {
        show.trailing(self.trailing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Meaning::Codes;

    entry! {
        /// A pair.
        Pair<'e> {
            /// A key.
            key: u8,
            /// A text.
            word: Text8<'e>,
        }
    }

    body! {
        /// Some of everything.
        Sample {
            /// A code.
            kind: u8 = Codes(&[(1, "一", "one")]),
            /// A list.
            pairs: List<'a, u16, Pair<'a>>,
            /// A text.
            name: Text16<'a>,
            /// A text.
            padded: Padded<'a, 3>,
        }
    }

    #[derive(Default)]
    struct Seen(Vec<String>, usize);

    impl Show for Seen {
        fn field(&mut self, field: crate::Shown<'_>) {
            self.0.push(format!("{}={}", field.name, field.value));
            self.1 += field.bytes;
        }

        fn begin(&mut self, name: &'static str) {
            self.0.push(format!("{name}("));
        }

        fn end(&mut self) {
            self.0.push(")".into());
        }
    }

    fn check(body: &[u8], expected: &str) {
        let sample = Sample::decode(Reader::new(body), Edition::V2013).unwrap();
        let (mut again, mut seen) = (Vec::new(), Seen::default());
        sample.encode(Edition::V2013, &mut again);
        sample.show(&mut seen);
        assert_eq!((again.as_slice(), seen.0.join(" ").as_str(), seen.1), (body, expected, body.len()));
    }

    #[test]
    fn a_body_is_read_written_and_shown_by_one_description() {
        check(
            &[1, 0, 2, 7, 1, b'a', 8, 0, 0, 1, b'n', b'x', 0, 0, 9],
            "kind=1 count=2 pairs( key=7 word=a ) pairs( key=8 word= ) name=n padded=x trailing=09",
        );
    }

    #[test]
    fn what_a_body_ends_before_is_absent() {
        let mut reader = Reader::new(&[0, 0, 0, 2, 7, 8, 1, 2, 3, 0, 1, b'a', 4]);
        assert_eq!(Data32::read(&mut reader, "data"), Ok(Data32(&[7, 8])));
        assert_eq!(Option::<u16>::read(&mut reader, "word"), Ok(Some(0x0102)));
        let tail: Tail<'_, Pair<'_>> = Part::read(&mut reader, "tail").unwrap();
        assert_eq!(tail.iter().map(|pair| pair.key).collect::<Vec<_>>(), [3]);
        assert_eq!(reader.rest(), [1, b'a', 4]);
        assert_eq!(Option::<u32>::read(&mut reader, "long"), Ok(None));
        assert_eq!(<&[u8]>::read(&mut reader, "rest"), Ok(&[1, b'a', 4][..]));
        let error = Data32::read(&mut Reader::new(&[0xff; 9]), "data").unwrap_err();
        assert_eq!(error.to_string(), "data needs 4294967295 bytes, 5 are left");
    }

    #[test]
    fn a_list_that_announces_too_many_ends_where_its_bytes_end() {
        let mut reader = Reader::new(&[0xff, 1, 2, 3]);
        let list: List<'_, u8, u16> = Part::read(&mut reader, "list").unwrap();
        assert_eq!((list.count, list.iter().collect::<Vec<_>>()), (255, vec![0x0102]));
        assert_eq!(reader.rest(), [3]);
        let mut bytes = Vec::new();
        let built = List::<u8, u16>::build(&[9; 300], &mut bytes);
        assert_eq!((built.count, built.iter().count()), (255, 255));
    }
}
