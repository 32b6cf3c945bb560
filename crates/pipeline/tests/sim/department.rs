//! The way out: rows of the outbox to a broker that may forget what it acknowledged, and a department that keeps what
//! is new to it.

use std::collections::{BTreeMap, VecDeque};

use fleet::AlertId;

use crate::chance::Chance;
use crate::store::{Disk, Key};

/// Rows on their way at once.
const INFLIGHT_MAX: usize = 8;
/// What was published this long before the link was last seen alive is published again.
const REPUBLISH_MS: i64 = 30_000;
/// What the broker has and the department has not, is at most this old.
const HELD_MS: i64 = 10_000;

/// The service's end of the link; it ends with the process.
#[derive(Default)]
pub struct Session {
    is_up: bool,
    cursor: usize,
    inflight: Vec<usize>,
    retry_at: i64,
}

/// The broker and the department behind it.
#[derive(Default)]
pub struct Department {
    /// When the link was last seen alive: the service keeps this on disk.
    alive_at: i64,
    held: VecDeque<(i64, Key, String)>,
    /// What it has, once each.
    pub has: BTreeMap<Key, String>,
    newest: BTreeMap<AlertId, u32>,
    pub doubles: usize,
}

impl Session {
    /// The link is lost, and with it what the broker had not handed on, now and then.
    pub fn lose(&mut self, now: i64, department: &mut Department, chance: &mut Chance) {
        self.is_up = false;
        self.inflight.clear();
        self.retry_at = now + chance.between(500, 20_000);
        if chance.one_in(2) {
            department.held.clear();
        }
    }

    /// Takes acknowledgements, then fills up what may be on its way.
    pub fn step(&mut self, now: i64, disk: &mut Disk, department: &mut Department, chance: &mut Chance) {
        let outbox = &mut disk.ledger.outbox;
        if !self.is_up {
            if now < self.retry_at {
                return;
            }
            let since = department.alive_at - REPUBLISH_MS;
            for row in outbox.iter_mut().filter(|row| row.published.is_some_and(|at| at >= since)) {
                row.published = None;
            }
            *self = Self { is_up: true, ..Self::default() };
        }
        department.alive_at = now;
        for row in self.inflight.drain(..) {
            outbox[row].published = Some(now);
        }
        while self.inflight.len() < INFLIGHT_MAX && self.cursor < outbox.len() {
            let row = self.cursor;
            self.cursor += 1;
            let key = outbox[row].key;
            if outbox[row].published.is_none() {
                let document = disk.ledger.revisions[&key].clone();
                department.hold(now + chance.between(0, HELD_MS), key, document);
                self.inflight.push(row);
            }
        }
    }

    pub fn is_dry(&self, disk: &Disk) -> bool {
        self.is_up && self.inflight.is_empty() && self.cursor == disk.ledger.outbox.len()
    }
}

impl Department {
    fn hold(&mut self, at: i64, key: Key, document: String) {
        let at = self.held.back().map_or(at, |(last, ..)| at.max(*last));
        self.held.push_back((at, key, document));
    }

    pub fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes what the broker hands on: each revision once, in order, and the same bytes where it comes again.
    pub fn step(&mut self, now: i64, complaints: &mut Vec<String>) {
        while let Some((_, key, document)) = self.held.pop_front_if(|(at, ..)| *at <= now) {
            if let Some(known) = self.has.get(&key) {
                self.doubles += 1;
                if *known != document {
                    complaints.push(format!("{key:?} comes again with other bytes"));
                }
                continue;
            }
            let newest = self.newest.insert(key.0, key.1).unwrap_or(0);
            if key.1 != newest + 1 {
                complaints.push(format!("{key:?} reaches the department after revision {newest}"));
            }
            self.has.insert(key, document);
        }
    }
}
