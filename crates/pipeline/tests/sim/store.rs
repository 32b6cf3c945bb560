//! Doubles of what lies on disk, with what a crash may do to it: a journal of group commits, alerts with their outbox,
//! one snapshot.

use std::collections::BTreeMap;

use fleet::{Alert, AlertId, Notice, ReceiveTime};
use pipeline::Time;

use crate::chance::Chance;

/// One frame as it came.
#[derive(Clone)]
pub struct Record {
    pub received: ReceiveTime,
    pub frame: Vec<u8>,
}

impl Record {
    /// Nothing but when it was kept.
    pub fn time(received: ReceiveTime) -> Self {
        Self { received, frame: serde_json::to_vec(&Notice::Time).unwrap() }
    }

    pub fn is_time(&self) -> bool {
        self.frame.starts_with(b"{")
    }
}

/// What survives a process.
#[derive(Default)]
pub struct Disk {
    /// Records that were written.
    pub journal: Vec<Record>,
    /// How many of them no crash takes away.
    pub synced: usize,
    pub ledger: LedgerDisk,
    pub snapshot: Option<Saved>,
}

/// The whole fold before the record at `position`, encoded.
#[derive(Clone)]
pub struct Saved {
    pub position: usize,
    pub time: Time,
    pub observer: Vec<u8>,
    pub engines: Vec<Vec<u8>>,
    pub crews: Vec<u8>,
}

impl Disk {
    /// The power goes: what was not synced is lost, kept, or cut somewhere.
    pub fn crash(&mut self, chance: &mut Chance) {
        let unsynced = self.journal.len() - self.synced;
        let kept = match chance.below(3) {
            0 => 0,
            1 => unsynced,
            _ => chance.below(unsynced + 1),
        };
        self.journal.truncate(self.synced + kept);
        // Whoever opens it again reads it whole and syncs it before anything else.
        self.synced = self.journal.len();
    }
}

/// The journal of a running process; its calls are those of `journal::Journal`.
pub struct Journal {
    /// Taken, not yet in a group commit.
    pending: Vec<Record>,
    /// What is being written: it may be read already, and is not durable.
    pub writing: Vec<Record>,
    first: usize,
    /// Every record below this is said to be durable.
    pub durable: usize,
    pub failed: bool,
    capacity: usize,
}

impl Journal {
    pub fn open(disk: &Disk, capacity: usize) -> Self {
        let head = disk.journal.len();
        Self { pending: Vec::new(), writing: Vec::new(), first: head, durable: head, failed: false, capacity }
    }

    pub fn head(&self) -> usize {
        self.first + self.writing.len() + self.pending.len()
    }

    /// Every record below this can be read.
    pub fn published(&self) -> usize {
        self.first + self.writing.len()
    }

    pub fn held(&self) -> usize {
        self.pending.len()
    }

    /// The position of the first one; `None` while there is no room.
    pub fn append(&mut self, records: &[Record]) -> Option<usize> {
        if self.pending.len() >= self.capacity {
            return None;
        }
        let at = self.head();
        self.pending.extend_from_slice(records);
        Some(at)
    }

    /// Begins a group commit and shows it to readers; says whether there is one.
    pub fn seal(&mut self) -> bool {
        if self.failed || !self.writing.is_empty() || self.pending.is_empty() {
            return false;
        }
        self.writing = std::mem::take(&mut self.pending);
        true
    }

    /// The disk has taken it.
    pub fn commit(&mut self, disk: &mut Disk, with_sync: bool) {
        self.first += self.writing.len();
        disk.journal.append(&mut self.writing);
        if with_sync {
            disk.synced = disk.journal.len();
        }
        self.durable = self.first;
    }

    /// The sync failed: nobody knows what the disk holds of it.
    pub fn fail(&mut self, disk: &mut Disk) {
        disk.journal.append(&mut self.writing);
        self.failed = true;
    }

    /// A crash in the midst of a write.
    pub fn abandon(&mut self, disk: &mut Disk) {
        disk.journal.append(&mut self.writing);
    }

    pub fn record<'a>(&'a self, disk: &'a Disk, position: usize) -> &'a Record {
        match position.checked_sub(self.first) {
            Some(at) => &self.writing[at],
            None => &disk.journal[position],
        }
    }
}

/// (`id`, `revision`).
pub type Key = (AlertId, u32);
/// Every revision of every alert, as bytes.
pub type Revisions = BTreeMap<Key, String>;

/// Takes a revision; one that was met before changes nothing. Says whether it was new.
pub fn put(revisions: &mut Revisions, alert: &Alert) -> bool {
    let key = (alert.id, alert.revision);
    let is_new = !revisions.contains_key(&key);
    if is_new {
        revisions.insert(key, serde_json::to_string(alert).unwrap());
    }
    is_new
}

/// Alerts and what is to be published, in one transaction.
#[derive(Default)]
pub struct LedgerDisk {
    pub revisions: Revisions,
    pub outbox: Vec<Outgoing>,
    /// Every call, where somebody wants to know.
    pub calls: Option<Vec<Vec<Alert>>>,
}

pub struct Outgoing {
    pub key: Key,
    /// When the broker acknowledged it, on a clock that only goes on.
    pub published: Option<i64>,
}

impl LedgerDisk {
    /// New revisions, and whether each goes out.
    pub fn record(&mut self, alerts: &[Alert]) {
        let new = self.put_all(alerts);
        self.post(&new);
    }

    pub fn put_all(&mut self, alerts: &[Alert]) -> Vec<Key> {
        if let Some(calls) = &mut self.calls {
            calls.push(alerts.to_vec());
        }
        let new = alerts.iter().filter(|alert| put(&mut self.revisions, alert));
        new.map(|alert| (alert.id, alert.revision)).collect()
    }

    pub fn post(&mut self, new: &[Key]) {
        self.outbox.extend(new.iter().map(|key| Outgoing { key: *key, published: None }));
    }
}
