//! Layout of a row's frames: for each record receive time (i64), source, length (u32), frame; little-endian. A source is
//! one byte (0 none, 1 that of the record before, 4 or 6 for the family) and, for 4 and 6, address and port.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::{Buf, Bytes};
use fleet::ReceiveTime;

use crate::Record;

const TIME_BYTES: usize = 8;
const LENGTH_BYTES: usize = 4;
const KIND_NONE: u8 = 0;
const KIND_SAME: u8 = 1;
const KIND_V4: u8 = 4;
const KIND_V6: u8 = 6;
/// The least a record takes.
const RECORD_BYTES_MIN: usize = TIME_BYTES + 1 + LENGTH_BYTES;

/// Adds a record; `before` is the source of the one before it in this blob.
pub(crate) fn put_record(blob: &mut Vec<u8>, record: &Record, before: Option<SocketAddr>) {
    blob.extend_from_slice(&record.received.ms().to_le_bytes());
    match record.source {
        None => blob.push(KIND_NONE),
        same if same == before => blob.push(KIND_SAME),
        Some(SocketAddr::V4(v4)) => {
            blob.push(KIND_V4);
            blob.extend_from_slice(&v4.ip().octets());
            blob.extend_from_slice(&v4.port().to_le_bytes());
        }
        Some(SocketAddr::V6(v6)) => {
            blob.push(KIND_V6);
            blob.extend_from_slice(&v6.ip().octets());
            blob.extend_from_slice(&v6.port().to_le_bytes());
        }
    }
    let length = u32::try_from(record.frame.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&length.to_le_bytes());
    blob.extend_from_slice(&record.frame);
}

/// The most bytes [`put_record`] adds.
pub(crate) fn record_bytes(record: &Record) -> usize {
    RECORD_BYTES_MIN + 18 + record.frame.len()
}

/// The records of a blob, sharing its memory; `None` where it isn't `count` whole records.
pub(crate) fn parse(mut blob: Bytes, count: usize) -> Option<Vec<Record>> {
    // A count that was damaged must not make us reserve more than the blob can hold.
    let mut records = Vec::with_capacity(count.min(blob.len() / RECORD_BYTES_MIN));
    let mut before = None;
    while blob.has_remaining() {
        let received = ReceiveTime::from_ms(blob.try_get_i64_le().ok()?);
        let source = match blob.try_get_u8().ok()? {
            KIND_NONE => None,
            KIND_SAME => Some(before?),
            KIND_V4 => {
                let ip = Ipv4Addr::from_bits(blob.try_get_u32().ok()?);
                Some(SocketAddr::from((ip, blob.try_get_u16_le().ok()?)))
            }
            KIND_V6 => {
                let ip = Ipv6Addr::from_bits(blob.try_get_u128().ok()?);
                Some(SocketAddr::from((ip, blob.try_get_u16_le().ok()?)))
            }
            _ => return None,
        };
        before = source;
        let length = usize::try_from(blob.try_get_u32_le().ok()?).ok()?;
        if blob.len() < length {
            return None;
        }
        records.push(Record { received, source, frame: blob.split_to(length) });
    }
    (records.len() == count).then_some(records)
}
