//! Lists whose entries have fields that only one edition knows.

use std::marker::PhantomData;

use super::Count;
use crate::field::Show;
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// An entry of an [`EditionList`]; it takes at least one byte, so that a list of them ends.
pub(crate) trait EditionPart<'a>: Sized {
    fn read(reader: &mut Reader<'a>, edition: Edition) -> Result<Self, DecodeError>;
    fn write(&self, edition: Edition, into: &mut Vec<u8>);
    fn show(&self, name: &'static str, show: &mut dyn Show);
}

/// A list behind its count `C` in the layout of one edition, kept as sent and read on demand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EditionList<'a, C, T> {
    /// The layout of the entries.
    pub edition: Edition,
    /// How many the sender announces; the bytes decide.
    pub count: C,
    bytes: &'a [u8],
    entries: PhantomData<T>,
}

#[expect(private_bounds, reason = "entries are declared in this crate alone")]
impl<'a, C: Count, T: EditionPart<'a>> EditionList<'a, C, T> {
    /// The whole entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, C, T> {
        let (mut reader, edition) = (Reader::new(self.bytes), self.edition);
        std::iter::from_fn(move || T::read(&mut reader, edition).ok())
    }

    /// Writes entries to `bytes` and lends the list of them; as many as `C` can count. What the edition has no place
    /// for is left out.
    pub fn build(edition: Edition, entries: &[T], bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        let count = C::of(entries.len());
        let kept: u32 = count.into();
        let kept = entries.iter().take(usize::try_from(kept).unwrap_or(usize::MAX));
        kept.for_each(|entry| entry.write(edition, bytes));
        Self { edition, count, bytes, entries: PhantomData }
    }

    /// Takes the announced entries as far as they are whole; what is left is the next field's.
    pub(crate) fn read(reader: &mut Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let count = C::read(reader, "count")?;
        Ok(Self::of(count, reader, edition))
    }

    /// As [`EditionList::read`], where the count has been read.
    pub(crate) fn of(count: C, reader: &mut Reader<'a>, edition: Edition) -> Self {
        let (start, mut announced): (&'a [u8], u32) = (reader.rest(), count.into());
        let mut end = *reader;
        while announced > 0 && T::read(&mut end, edition).is_ok() {
            *reader = end;
            announced -= 1;
        }
        let len = start.len() - reader.rest().len();
        Self { edition, count, bytes: start.get(..len).unwrap_or_default(), entries: PhantomData }
    }

    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        self.count.write(into);
        into.extend_from_slice(self.bytes);
    }

    pub(crate) fn show(&self, name: &'static str, show: &mut dyn Show) {
        show.number("count", self.count);
        self.iter().for_each(|entry| entry.show(name, show));
    }

    /// Whether all that were announced are there.
    pub(crate) fn is_whole(&self) -> bool {
        let announced: u32 = self.count.into();
        usize::try_from(announced).is_ok_and(|announced| self.iter().count() == announced)
    }
}

/// Reads by the header's edition, or by the other layout where only that fits to the last byte: bit 14 lies, and some
/// terminals of 2019 want areas of 2013.
pub(crate) fn by_edition<T>(
    header: Edition,
    read: impl Fn(Edition) -> Result<T, DecodeError>,
    fits: impl Fn(&T) -> bool,
) -> Result<T, DecodeError> {
    let first = read(header);
    if first.as_ref().is_ok_and(&fits) {
        return first;
    }
    let other = match header {
        Edition::V2011 | Edition::V2013 => Edition::V2019,
        Edition::V2019 => Edition::V2013,
    };
    read(other).ok().filter(fits).map_or(first, Ok)
}
