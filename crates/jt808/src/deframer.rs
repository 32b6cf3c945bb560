//! Cuts a stream into frames; survives what real links do to it.

use memchr::memchr;

use crate::frame::{DELIMITER, plain};
use crate::{FrameError, Warnings, unescape};

/// The longest legal frame with every byte escaped and its two delimiters: 2 × (21 + 1,023 + 1) + 2. What is longer
/// is not a frame and is skipped up to the next delimiter.
pub const FRAME_BYTES_MAX: usize = 2_092;

/// One run of bytes between two delimiters.
#[derive(Debug)]
pub struct Piece<'a> {
    /// As received, 7e…7e; delimiters stand here also where the next frame shares them.
    pub raw: &'a [u8],
    /// Header and body, checksum verified and cut off.
    pub unescaped: Result<&'a [u8], FrameError>,
    /// What was odd about the escapes.
    pub warnings: Warnings,
}

/// Reads 0x7e as a separator: shared and doubled delimiters are the same to it, empty runs are dropped, bytes before
/// the first delimiter and runs beyond [`FRAME_BYTES_MAX`] are skipped and counted. Any slicing gives the same pieces.
#[derive(Debug, Default)]
pub struct Deframer {
    /// Empty before the first delimiter, otherwise that and what came since; bounded by `FRAME_BYTES_MAX`.
    pending: Vec<u8>,
    /// The pending run has outgrown the bound and is being skipped.
    oversized: bool,
    scratch: Vec<u8>,
    skipped_bytes: u64,
}

impl Deframer {
    /// Takes the next bytes of the stream and hands over every run they complete.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        let mut start = 0;
        while let Some(found) = memchr(DELIMITER, bytes.get(start..).unwrap_or_default()) {
            let end = start + found;
            self.complete(bytes, start, end, each);
            self.pending.clear();
            self.pending.push(DELIMITER);
            self.oversized = false;
            start = end + 1;
        }
        self.hold(bytes.get(start..).unwrap_or_default());
    }

    /// Whether a run has begun and not ended: at least one byte has come since the last delimiter.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.pending.len() > 1 || self.oversized
    }

    /// Bytes skipped so far: junk before the first delimiter and runs too long for a frame.
    #[must_use]
    pub const fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes
    }

    /// The run that ends at the delimiter `bytes[end]`; its beginning is pending where the slice began inside it.
    fn complete(&mut self, bytes: &[u8], start: usize, end: usize, each: &mut dyn FnMut(Piece<'_>)) {
        let whole = start.checked_sub(1).and_then(|before| bytes.get(before..=end));
        if let Some(raw) = whole {
            if raw.len() <= 2 {
                return;
            }
            if raw.len() > FRAME_BYTES_MAX {
                self.skip(raw.len() - 2);
                return;
            }
            return each(piece(raw, &mut self.scratch));
        }
        self.hold(bytes.get(start..end).unwrap_or_default());
        if self.oversized || self.pending.len() <= 1 {
            return;
        }
        self.pending.push(DELIMITER);
        each(piece(&self.pending, &mut self.scratch));
    }

    /// Keeps what may become a frame, one byte less than the bound for the closing delimiter.
    fn hold(&mut self, bytes: &[u8]) {
        if self.pending.is_empty() || self.oversized {
            self.skip(bytes.len());
        } else if self.pending.len() + bytes.len() >= FRAME_BYTES_MAX {
            self.oversized = true;
            self.skip(self.pending.len() - 1 + bytes.len());
            self.pending.truncate(1);
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }

    fn skip(&mut self, len: usize) {
        self.skipped_bytes = self.skipped_bytes.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

/// Most frames hold nothing to unescape and are lent as they stand.
fn piece<'p>(raw: &'p [u8], scratch: &'p mut Vec<u8>) -> Piece<'p> {
    let content = raw.get(1..raw.len() - 1).unwrap_or_default();
    if let Some(unescaped) = plain(content) {
        return Piece { raw, unescaped, warnings: Warnings::default() };
    }
    match unescape(raw, scratch) {
        Ok(warnings) => Piece { raw, unescaped: Ok(scratch), warnings },
        Err(error) => Piece { raw, unescaped: Err(error), warnings: Warnings::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces as received and what was skipped.
    fn check(stream: &[u8], pieces: &[&[u8]], skipped_bytes: u64) {
        let (mut deframer, mut found) = (Deframer::default(), Vec::new());
        deframer.push(stream, &mut |piece| found.push(piece.raw.to_vec()));
        assert_eq!(found, pieces);
        assert_eq!(deframer.skipped_bytes(), skipped_bytes);
    }

    #[test]
    fn a_delimiter_may_be_shared_doubled_or_come_after_junk() {
        check(&[0x7e, 1, 1, 0x7e, 2, 2, 0x7e], &[&[0x7e, 1, 1, 0x7e], &[0x7e, 2, 2, 0x7e]], 0);
        check(&[0x7e, 1, 1, 0x7e, 0x7e, 2, 2, 0x7e], &[&[0x7e, 1, 1, 0x7e], &[0x7e, 2, 2, 0x7e]], 0);
        check(&[0x24, 0x24, 0x7e, 1, 1, 0x7e], &[&[0x7e, 1, 1, 0x7e]], 2);
        check(&[0x7e, 1], &[], 0);
    }

    #[test]
    fn a_run_too_long_for_a_frame_is_skipped_and_counted() {
        let run = |len| [&[0x7e][..], &vec![0x55; len], &[0x7e, 1, 1, 0x7e]].concat();
        let longest = run(FRAME_BYTES_MAX - 2);
        check(&longest, &[&longest[..FRAME_BYTES_MAX], &[0x7e, 1, 1, 0x7e]], 0);
        check(&run(FRAME_BYTES_MAX - 1), &[&[0x7e, 1, 1, 0x7e]], 2_091);
    }

    #[test]
    fn a_bad_frame_is_handed_over_with_its_reason() {
        let mut errors = Vec::new();
        let stream = [0x7e, 1, 3, 0x7e, 0x7d, 9, 0x7e, 5, 0x7d, 0x7e];
        Deframer::default().push(&stream, &mut |piece| errors.push(piece.unescaped.map(<[u8]>::to_vec)));
        let checksum = |found, computed| Err(FrameError::Checksum { computed, found });
        assert_eq!(errors, [checksum(3, 1), Err(FrameError::BadEscape { at: 0 }), checksum(0x7d, 5)]);
    }
}
