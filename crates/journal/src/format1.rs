//! Segments of format 1, read only: no source, no chain, a checksum a row.

use bytes::{Buf, Bytes};
use fleet::ReceiveTime;

use crate::{Position, Record};

const HEAD_BYTES: usize = 12;

/// The records of a blob: for each receive time (i64), length (u32), frame; little-endian.
pub(crate) fn parse(mut blob: Bytes, count: usize) -> Option<Vec<Record>> {
    let mut records = Vec::with_capacity(count.min(blob.len() / HEAD_BYTES));
    while blob.has_remaining() {
        let received = ReceiveTime::from_ms(blob.try_get_i64_le().ok()?);
        let length = usize::try_from(blob.try_get_u32_le().ok()?).ok()?;
        if blob.len() < length {
            return None;
        }
        records.push(Record { received, source: None, frame: blob.split_to(length) });
    }
    (records.len() == count).then_some(records)
}

/// FNV-1a over 64-bit words, position, count and length first.
pub(crate) fn checksum(first: Position, count: usize, blob: &[u8]) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |word: u64| {
        hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    };
    mix(first);
    mix(count as u64);
    mix(blob.len() as u64);
    let mut words = blob.chunks_exact(8);
    for word in &mut words {
        mix(u64::from_le_bytes(word.try_into().expect("chunks of eight")));
    }
    let mut rest = [0; 8];
    rest[..words.remainder().len()].copy_from_slice(words.remainder());
    mix(u64::from_le_bytes(rest));
    hash.cast_signed()
}
