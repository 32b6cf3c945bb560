//! Layout of a row: for each record receive time (i64), length (u32), frame; little-endian.

use bytes::Bytes;
use fleet::ReceiveTime;

use crate::{Position, Record};

const HEAD_BYTES: usize = 12;

pub(crate) fn put_record(blob: &mut Vec<u8>, record: &Record) {
    let length = u32::try_from(record.frame.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&record.received.ms().to_le_bytes());
    blob.extend_from_slice(&length.to_le_bytes());
    blob.extend_from_slice(&record.frame);
}

/// The bytes [`put_record`] adds.
pub(crate) fn record_bytes(record: &Record) -> usize {
    HEAD_BYTES + record.frame.len()
}

/// The records of a blob, sharing its memory; `None` where it isn't `count` whole records.
pub(crate) fn parse(mut blob: Bytes, count: usize) -> Option<Vec<Record>> {
    // A count that was damaged must not make us reserve more than the blob can hold.
    let mut records = Vec::with_capacity(count.min(blob.len() / HEAD_BYTES));
    while !blob.is_empty() {
        let received = i64::from_le_bytes(blob.get(..8)?.try_into().ok()?);
        let length = u32::from_le_bytes(blob.get(8..HEAD_BYTES)?.try_into().ok()?);
        let end = HEAD_BYTES.checked_add(usize::try_from(length).ok()?)?;
        if blob.len() < end {
            return None;
        }
        let record = blob.split_to(end);
        records.push(Record { received: ReceiveTime::from_ms(received), frame: record.slice(HEAD_BYTES..) });
    }
    (records.len() == count).then_some(records)
}

/// FNV-1a over 64-bit words, position, count and length first. Each step is a bijection of the state, so damage
/// inside one word is always seen.
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
