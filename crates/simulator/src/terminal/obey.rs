//! What a terminal does when the platform asks.

use super::{Edition, Terminal};
use crate::wire;

/// Areas and routes a terminal keeps; a real one keeps some two dozen. Further ones are refused.
const AREAS_MAX: usize = 24;
/// Pictures of one command.
const PICTURES_MAX: u16 = 10;

/// Results of 0x0001.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const WRONG: u8 = 2;
const UNSUPPORTED: u8 = 3;

/// An area or a route: its kind as in 0x8608, its id, and the body it came with.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    kind: u8,
    id: u32,
    body: Vec<u8>,
}

const POLYGON: u8 = 3;
const ROUTE: u8 = 4;

/// Doors locked, in the status of a report.
const DOORS_LOCKED: u32 = 1 << 12;

impl Terminal {
    /// Answers a command that asks for nothing more than 0x0001, or for an answer of its own.
    pub(super) fn obey(&mut self, now_ms: i64, frame: &wire::Down) {
        let is_2019 = self.identity.edition == Edition::V2019;
        let is_2011 = self.identity.edition == Edition::V2011;
        let result = match frame.id {
            0x8500 => self.control_vehicle(now_ms, frame),
            0x8604 => self.watch(POLYGON, frame),
            0x8605 => self.watch_no_more(POLYGON, frame),
            0x8606 => self.watch(ROUTE, frame),
            0x8607 => self.watch_no_more(ROUTE, frame),
            0x8608 if is_2019 => self.tell_areas(now_ms, frame),
            0x8700 => self.tell_recorder(now_ms, frame),
            0x8702 if !is_2011 => self.tell_driver(now_ms),
            0x8801 if !is_2011 => self.take_pictures(now_ms, frame),
            0x8802 => self.tell_media(now_ms, frame),
            // The older editions have no such message.
            0x8608 | 0x8702 => Some(UNSUPPORTED),
            _ => Some(DONE),
        };
        if let Some(result) = result {
            self.answer(now_ms, frame, result);
        }
    }

    /// 0x0500: the newest report with the doors as they are now. Until 2013 a flag, where 1 locks; from 2019 on a list
    /// of controls, where the value 0 of the doors locks.
    fn control_vehicle(&mut self, now_ms: i64, frame: &wire::Down) -> Option<u8> {
        let locks = match (self.identity.edition, frame.body.as_slice()) {
            (Edition::V2011 | Edition::V2013, [flags, ..]) => flags & 1 == 1,
            (Edition::V2019, [_, _, 0, 1, value, ..]) => *value == 0,
            _ => return Some(WRONG),
        };
        let Some((alarm, [a, b, c, d, rest @ ..])) = self.newest.split_first_chunk::<4>() else {
            return Some(FAILED);
        };
        let status = u32::from_be_bytes([*a, *b, *c, *d]);
        let status = if locks { status | DOORS_LOCKED } else { status & !DOORS_LOCKED };
        let body = [&frame.serial.to_be_bytes(), alarm.as_slice(), &status.to_be_bytes(), rest].concat();
        self.write(now_ms, 0x0500, &body);
        None
    }

    fn watch(&mut self, kind: u8, frame: &wire::Down) -> Option<u8> {
        let Some((id, _)) = frame.body.split_first_chunk::<4>() else { return Some(WRONG) };
        let id = u32::from_be_bytes(*id);
        self.watched.retain(|known| known.kind != kind || known.id != id);
        if self.watched.len() >= AREAS_MAX {
            return Some(FAILED);
        }
        self.watched.push(Watched { kind, id, body: frame.body.clone() });
        Some(DONE)
    }

    /// None named: all go.
    fn watch_no_more(&mut self, kind: u8, frame: &wire::Down) -> Option<u8> {
        let (_, ids) = frame.body.split_first()?;
        let ids = ids.as_chunks::<4>().0;
        let goes =
            |known: &Watched| known.kind == kind && (ids.is_empty() || ids.contains(&known.id.to_be_bytes()));
        self.watched.retain(|known| !goes(known));
        Some(DONE)
    }

    /// 0x0608: the bodies the areas came with.
    fn tell_areas(&mut self, now_ms: i64, frame: &wire::Down) -> Option<u8> {
        let Some((kind, ids)) = frame.body.split_first() else { return Some(WRONG) };
        let ids = ids.get(4..).unwrap_or_default().as_chunks::<4>().0;
        let is_asked = |known: &&Watched| {
            known.kind == *kind && (ids.is_empty() || ids.contains(&known.id.to_be_bytes()))
        };
        let found: Vec<&[u8]> =
            self.watched.iter().filter(is_asked).map(|known| known.body.as_slice()).collect();
        let count = u32::try_from(found.len()).unwrap_or_default();
        let body = [&[*kind], count.to_be_bytes().as_slice(), &found.concat()].concat();
        // What one frame has no room for a simulated terminal does not tell.
        if body.len() > 1_023 {
            return Some(FAILED);
        }
        self.write(now_ms, 0x0608, &body);
        None
    }

    /// 0x0700: the clock, in a packet of GB/T 19056; this recorder has nothing else.
    fn tell_recorder(&mut self, now_ms: i64, frame: &wire::Down) -> Option<u8> {
        if frame.body.first() != Some(&0x02) {
            return Some(UNSUPPORTED);
        }
        let mut packet = vec![0x55, 0x7a, 0x02, 0x00, 0x06, 0x00];
        wire::device_time(now_ms, &mut packet);
        packet.push(packet.iter().fold(0, |check, byte| check ^ byte));
        let body = [frame.serial.to_be_bytes().as_slice(), &[0x02], &packet].concat();
        self.write(now_ms, 0x0700, &body);
        None
    }

    /// 0x0702: the card that was put in last, or that there is none.
    fn tell_driver(&mut self, now_ms: i64) -> Option<u8> {
        let mut body = self.card.clone();
        if body.is_empty() {
            body.push(0x02);
            wire::device_time(now_ms, &mut body);
        }
        let is_queued = self.queue(0x0702, body, 0);
        (!is_queued).then_some(FAILED)
    }

    /// 0x0805: the ids of the pictures; a film is one of them.
    fn take_pictures(&mut self, now_ms: i64, frame: &wire::Down) -> Option<u8> {
        let [_, high, low, ..] = frame.body.as_slice() else { return Some(WRONG) };
        let count = match u16::from_be_bytes([*high, *low]) {
            u16::MAX => 1,
            pictures => pictures.min(PICTURES_MAX),
        };
        let first = self.media + 1;
        self.media += u32::from(count);
        let mut body = [frame.serial.to_be_bytes().as_slice(), &[0], &count.to_be_bytes()].concat();
        (first..=self.media).for_each(|id| body.extend(id.to_be_bytes()));
        self.write(now_ms, 0x0805, &body);
        None
    }

    /// 0x0802: it keeps none.
    fn tell_media(&mut self, now_ms: i64, frame: &wire::Down) -> Option<u8> {
        let body = [frame.serial.to_be_bytes(), [0, 0]].concat();
        self.write(now_ms, 0x0802, &body);
        None
    }
}
