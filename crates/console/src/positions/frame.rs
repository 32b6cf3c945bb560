//! The binary frames of the feed of positions, little endian; `protocol/README.md` has the layout.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde::Serialize;

use crate::slots::Point;

/// Version of the layout.
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 16;
const POINT_BYTES: usize = 20;
const CELL_BYTES: usize = 16;

/// There is more in the view than a frame holds.
pub(crate) const CUT: u16 = 1;

/// What a frame holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Points that replace everything.
    Snapshot,
    /// Points that changed.
    Delta,
    /// Sums over squares; replace everything.
    Cells,
    /// What is on file about slots.
    Names,
}

impl Kind {
    const fn number(self) -> u8 {
        match self {
            Self::Snapshot => 1,
            Self::Delta => 2,
            Self::Cells => 3,
            Self::Names => 4,
        }
    }
}

/// A frame being written.
pub(crate) struct Frame {
    bytes: Vec<u8>,
    count: u32,
}

impl Frame {
    /// With the header of a frame made at `time_ms`.
    pub(crate) fn new(kind: Kind, time_ms: i64) -> Self {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&[kind.number(), VERSION, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&time_ms.to_le_bytes());
        Self { bytes, count: 0 }
    }

    /// A vehicle.
    pub(crate) fn push_point(&mut self, slot: u32, point: &Point) {
        let mut record = [0; POINT_BYTES];
        record[..4].copy_from_slice(&slot.to_le_bytes());
        record[4..8].copy_from_slice(&point.lon_e7.to_le_bytes());
        record[8..12].copy_from_slice(&point.lat_e7.to_le_bytes());
        record[12..16].copy_from_slice(&point.time_s.to_le_bytes());
        record[16..18].copy_from_slice(&point.speed.to_le_bytes());
        record[18] = point.heading;
        record[19] = point.state;
        self.bytes.extend_from_slice(&record);
        self.count += 1;
    }

    /// A vehicle that is no longer in the view.
    pub(crate) fn push_gone(&mut self, slot: u32) {
        let mut record = [0; POINT_BYTES];
        record[..4].copy_from_slice(&slot.to_le_bytes());
        record[4..8].copy_from_slice(&Point::NOWHERE.to_le_bytes());
        self.bytes.extend_from_slice(&record);
        self.count += 1;
    }

    /// A square: where its vehicles are on average, how many, how many of a thousand are online, the worst open severity.
    pub(crate) fn push_cell(
        &mut self,
        (lon_e7, lat_e7): (i32, i32),
        count: u32,
        permille: u16,
        severity: u8,
    ) {
        let mut record = [0; CELL_BYTES];
        record[..4].copy_from_slice(&lon_e7.to_le_bytes());
        record[4..8].copy_from_slice(&lat_e7.to_le_bytes());
        record[8..12].copy_from_slice(&count.to_le_bytes());
        record[12..14].copy_from_slice(&permille.to_le_bytes());
        record[14] = severity;
        self.bytes.extend_from_slice(&record);
        self.count += 1;
    }

    /// The whole frame.
    pub(crate) fn finish(mut self, flags: u16) -> Bytes {
        self.bytes[2..4].copy_from_slice(&flags.to_le_bytes());
        self.bytes[4..8].copy_from_slice(&self.count.to_le_bytes());
        self.bytes.into()
    }

    /// A frame of names.
    pub(crate) fn names(names: &BTreeMap<u32, Name<'_>>, time_ms: i64) -> Result<Bytes, serde_json::Error> {
        let mut frame = Self::new(Kind::Names, time_ms);
        serde_json::to_writer(&mut frame.bytes, names)?;
        frame.count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        Ok(frame.finish(0))
    }
}

/// What a slot is called.
#[derive(Debug, Serialize)]
pub(crate) struct Name<'a> {
    pub(crate) terminal: String,
    pub(crate) plate: &'a str,
    pub(crate) class: Option<fleet::VehicleClass>,
    pub(crate) operator: &'a str,
}
