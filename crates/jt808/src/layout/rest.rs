//! Fields whose end is that of the body, or that only a longer body has.

use std::marker::PhantomData;

use super::Part;
use crate::DecodeError;
use crate::field::{Meaning, Show};
use crate::reader::Reader;
use crate::text::Text;

/// All that is left, as bytes.
impl<'a> Part<'a> for &'a [u8] {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.take(reader.rest().len(), field)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.hex(name, self);
    }
}

/// All that is left, as text.
impl<'a> Part<'a> for Text<'a> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        Part::read(reader, field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.0);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, self.0.len(), self);
    }
}

/// A field that is absent where the body ends before it.
impl<'a, T: Part<'a>> Part<'a> for Option<T> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        let mut end = *reader;
        let read = T::read(&mut end, field).ok();
        if read.is_some() {
            *reader = end;
        }
        Ok(read)
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.iter().for_each(|part| part.write(into));
    }

    fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show) {
        self.iter().for_each(|part| part.show(name, meaning, show));
    }
}

/// Bytes behind a length of four bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Data32<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Data32<'a> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        let len = reader.u32(field)?;
        reader.take(usize::try_from(len).unwrap_or(usize::MAX), field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        let len = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        into.extend_from_slice(&len.to_be_bytes());
        into.extend(self.0.iter().take(usize::try_from(len).unwrap_or(usize::MAX)));
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.number("length", u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        show.hex(name, self.0);
    }
}

/// Entries up to the end of the body, without a count; kept as sent and read on demand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tail<'a, T> {
    bytes: &'a [u8],
    entries: PhantomData<T>,
}

impl<T> Default for Tail<'_, T> {
    fn default() -> Self {
        Self { bytes: &[], entries: PhantomData }
    }
}

#[expect(private_bounds, reason = "entries are declared in this crate alone")]
impl<'a, T: Part<'a>> Tail<'a, T> {
    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || T::read(&mut reader, "entry").ok())
    }

    /// Writes entries to `bytes` and lends the list of them.
    pub fn build(entries: &[T], bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        entries.iter().for_each(|entry| entry.write(bytes));
        Self { bytes, entries: PhantomData }
    }
}

impl<'a, T: Part<'a>> Part<'a> for Tail<'a, T> {
    /// Takes the entries that are whole; what is left is the next field's.
    fn read(reader: &mut Reader<'a>, _: &'static str) -> Result<Self, DecodeError> {
        let start = reader.rest();
        let mut end = *reader;
        while T::read(&mut end, "entry").is_ok() {
            *reader = end;
        }
        let len = start.len() - reader.rest().len();
        Ok(Self { bytes: start.get(..len).unwrap_or_default(), entries: PhantomData })
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show) {
        self.iter().for_each(|entry| entry.show(name, meaning, show));
    }
}
