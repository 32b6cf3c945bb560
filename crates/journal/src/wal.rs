//! SQLite's write-ahead log, as a process left it. SQLite takes the first frame whose checksum is wrong for the end of
//! the log. After a torn write that is right, and nothing behind it was ever called durable. But a commit is synced before
//! the next one begins: where a later commit is whole, the frame before it was whole too and has rotted since, and what
//! stands behind it was acknowledged. Such a log is mended: its checksums are made anew, so that SQLite reads on, and the
//! hash of each row tells which of them is damaged.
//!
//! Layout: <https://sqlite.org/fileformat2.html#walformat>.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::StoreError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The lowest bit says that checksums read their words as big-endian.
const MAGIC: u32 = 0x377f_0682;
/// A log is folded in every 1,000 pages; one as large as this was never written by us.
const LOG_BYTES_MAX: u64 = 1 << 30;

type Sum = (u32, u32);

/// Mends the log at `path` where it has rotted; says how many frames were behind the first damage.
pub(crate) fn mend(path: &Path) -> Result<Option<usize>, StoreError> {
    match fs::metadata(path) {
        Ok(found) if found.len() <= LOG_BYTES_MAX => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(path)(error)),
    }
    let bytes = fs::read(path).map_err(StoreError::file(path))?;
    let Some((mended, behind)) = Log::read(bytes).and_then(Log::mended) else { return Ok(None) };
    // In place: the same length, and a second try finds it mended or not.
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(&mended).and_then(|()| file.sync_all()))
        .map_err(StoreError::file(path))?;
    Ok(Some(behind))
}

struct Log {
    bytes: Vec<u8>,
    frame_bytes: usize,
    salts: [u8; 8],
    is_big_endian: bool,
}

impl Log {
    fn read(bytes: Vec<u8>) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let is_big_endian = word(header, 0) & 1 == 1;
        let page_bytes = usize::try_from(word(header, 8)).ok()?;
        if word(header, 0) & !1 != MAGIC || !(512..=65_536).contains(&page_bytes) {
            return None;
        }
        let salts = header.get(16..24)?.try_into().ok()?;
        Some(Self { frame_bytes: FRAME_HEADER_BYTES + page_bytes, salts, is_big_endian, bytes })
    }

    fn frames(&self) -> usize {
        (self.bytes.len() - HEADER_BYTES) / self.frame_bytes
    }

    fn frame(&self, at: usize) -> &[u8] {
        let start = HEADER_BYTES + at * self.frame_bytes;
        &self.bytes[start..start + self.frame_bytes]
    }

    /// The checksum that stands before frame `at`: of the frame before it, or of the header.
    fn before(&self, at: usize) -> Sum {
        match at.checked_sub(1) {
            Some(before) => (word(self.frame(before), 16), word(self.frame(before), 20)),
            None => (word(&self.bytes, 24), word(&self.bytes, 28)),
        }
    }

    fn sum(&self, from: Sum, frame: &[u8]) -> Sum {
        let sum = checksum(from, &frame[..8], self.is_big_endian);
        checksum(sum, &frame[FRAME_HEADER_BYTES..], self.is_big_endian)
    }

    /// Whether a frame belongs to this log and goes on from what stands before it.
    fn is_whole(&self, at: usize) -> bool {
        let frame = self.frame(at);
        frame[8..16] == self.salts && self.sum(self.before(at), frame) == (word(frame, 16), word(frame, 20))
    }

    fn is_commit(&self, at: usize) -> bool {
        word(self.frame(at), 4) != 0
    }

    /// The log with its checksums made anew from the first damage to the last commit that is whole; `None` where no
    /// later commit proves that there is damage.
    fn mended(mut self) -> Option<(Vec<u8>, usize)> {
        let header = checksum((0, 0), &self.bytes[..24], self.is_big_endian);
        let is_header_whole = header == (word(&self.bytes, 24), word(&self.bytes, 28));
        let bad = if is_header_whole { (0..self.frames()).find(|at| !self.is_whole(*at))? } else { 0 };
        let ended = if is_header_whole { (bad..self.frames()).find(|at| self.is_commit(*at))? } else { 0 };
        let last = (ended + 1..self.frames()).rev().find(|at| self.is_whole(*at) && self.is_commit(*at))?;
        if !is_header_whole {
            self.put(24, header);
        }
        let mut sum = self.before(bad);
        for at in bad..=last {
            sum = self.sum(sum, self.frame(at));
            let start = HEADER_BYTES + at * self.frame_bytes;
            self.bytes[start + 8..start + 16].copy_from_slice(&self.salts);
            self.put(start + 16, sum);
        }
        Some((self.bytes, last - bad))
    }

    fn put(&mut self, at: usize, sum: Sum) {
        self.bytes[at..at + 4].copy_from_slice(&sum.0.to_be_bytes());
        self.bytes[at + 4..at + 8].copy_from_slice(&sum.1.to_be_bytes());
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn checksum((mut first, mut second): Sum, bytes: &[u8], is_big_endian: bool) -> Sum {
    let read = |four: &[u8]| {
        let four = [four[0], four[1], four[2], four[3]];
        if is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(read(&pair[..4])).wrapping_add(second);
        second = second.wrapping_add(read(&pair[4..])).wrapping_add(first);
    }
    (first, second)
}
