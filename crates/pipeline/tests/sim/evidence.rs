//! What was sent and what was seen acknowledged, kept by the terminals' side alone, and what has to hold of it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use fleet::{Alert, News, Notice, ReceiveTime, TerminalId};
use pipeline::{Ground, Time};
use session::Observer;

use crate::fold::Fold;
use crate::store::{Disk, Record, Revisions, put};

/// Reports of one terminal among which a second one like it is known for what it is; the rules promise 64.
const KNOWN_MAX: usize = 40;

#[derive(Default)]
pub struct Evidence {
    /// How often each frame was sent.
    sent: HashMap<Vec<u8>, usize>,
    /// The order in which frames were first sent on each connection.
    order: HashMap<(usize, Vec<u8>), usize>,
    /// Connection and frame, in the order the acknowledgements came.
    acknowledged: Vec<(usize, Vec<u8>)>,
}

impl Evidence {
    pub fn sent(&mut self, wire: usize, frame: &[u8]) {
        *self.sent.entry(frame.to_vec()).or_default() += 1;
        let next = self.order.len();
        self.order.entry((wire, frame.to_vec())).or_insert(next);
    }

    pub fn acknowledged(&mut self, wire: usize, frame: Vec<u8>) {
        self.acknowledged.push((wire, frame));
    }

    pub fn count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Every acknowledged report is there, in order for each connection; nothing is there that nobody sent.
    pub fn check(&self, journal: &[Record], complaints: &mut Vec<String>) {
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (position, record) in journal.iter().enumerate().filter(|(_, record)| !record.is_time()) {
            places.entry(&record.frame).or_default().push(position);
        }
        for (frame, at) in &places {
            if at.len() > self.sent.get(*frame).copied().unwrap_or(0) {
                complaints.push(format!("the journal has at {at:?} what nobody sent so often"));
            }
        }
        let mut newest: HashMap<usize, (usize, usize)> = HashMap::new();
        for (wire, frame) in &self.acknowledged {
            let Some(places) = places.get(frame.as_slice()) else {
                complaints.push(format!("an acknowledged report is lost: {}", hex(frame)));
                continue;
            };
            let order = self.order[&(*wire, frame.clone())];
            let (least, before) = newest.get(wire).copied().unwrap_or_default();
            let Some(place) = places.iter().find(|place| **place >= least) else {
                complaints.push(format!("connection {wire}: kept out of order: {}", hex(frame)));
                continue;
            };
            if order < before {
                complaints.push(format!("connection {wire}: acknowledged out of order: {}", hex(frame)));
            }
            newest.insert(*wire, (place + 1, order));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the time goes back but where a process begins: at these records.
pub fn check_order(journal: &[Record], begins: &HashSet<usize>, complaints: &mut Vec<String>) {
    let mut newest = ReceiveTime::from_ms(i64::MIN / 2);
    for (position, record) in journal.iter().enumerate() {
        if begins.contains(&position) {
            newest = record.received;
        }
        newest = newest.max(record.received);
        if record.received < Time::at(newest).due() {
            complaints.push(format!("received at {} behind {newest}", record.received));
        }
    }
}

/// After a crash: whatever is stored follows from what is durable.
pub fn check_stored(disk: &Disk, ground: &Ground, complaints: &mut Vec<String>) {
    let mut alerts = Vec::new();
    let mut fold = Fold::new(ground, 1);
    fold.judge_each(&disk.journal, &mut alerts);
    let told = first_of(&alerts);
    for (key, document) in &disk.ledger.revisions {
        match told.get(key) {
            Some(known) if known == document => {}
            Some(known) => complaints.push(format!("stored otherwise than it follows: {document}\n{known}")),
            None => complaints.push(format!("stored, and follows from nothing durable: {document}")),
        }
    }
}

/// At the end: the store is the fold over the journal, on one thread, from its beginning; and so is a fold over the
/// reports without those that came twice, but for terminals whose clock is far off.
pub fn check_end(disk: &Disk, ground: &Ground, sane: &HashSet<TerminalId>, complaints: &mut Vec<String>) {
    let mut alerts = Vec::new();
    let mut fold = pipeline::Fold::new(ground);
    for record in &disk.journal {
        if let Err(error) = fold.handle_frame(record.received, &record.frame, &mut alerts, &mut |_, _| {}) {
            complaints.push(format!("{error}: {}", hex(&record.frame)));
        }
    }
    compare("a fold from the beginning", &first_of(&alerts), &disk.ledger.revisions, complaints);
    compare("a fold without doubles", &single(disk, ground, sane), &disk.ledger.revisions, complaints);
}

fn single(disk: &Disk, ground: &Ground, sane: &HashSet<TerminalId>) -> Revisions {
    let (mut observer, mut fold) = (Observer::default(), pipeline::Fold::new(ground));
    let (mut alerts, mut observations) = (Vec::new(), Vec::new());
    let mut known: HashMap<TerminalId, VecDeque<_>> = HashMap::new();
    for record in &disk.journal {
        fold.handle_notice(record.received, &Notice::Time, &mut alerts);
        // Complained of already where it can't be read.
        let _ = observer.handle_frame(record.received, &record.frame, &mut observations);
        for observation in observations.drain(..) {
            if let News::Report(report) = &observation.news
                && sane.contains(&observation.terminal)
            {
                let known = known.entry(observation.terminal).or_default();
                let print = (report.fix, report.alarms, report.status);
                if known.contains(&print) {
                    continue;
                }
                known.push_back(print);
                if known.len() > KNOWN_MAX {
                    known.pop_front();
                }
            }
            fold.handle_observation(&observation, &mut alerts);
        }
    }
    first_of(&alerts)
}

fn compare(what: &str, told: &Revisions, stored: &Revisions, complaints: &mut Vec<String>) {
    let differs = |(key, document): &(&_, &String)| stored.get(*key) != Some(*document);
    for (key, document) in told.iter().filter(differs) {
        let instead = stored.get(key).map_or("nothing", String::as_str);
        complaints.push(format!("{what} gives what is not stored: {document}\nbut {instead}"));
    }
    for (_, document) in stored.iter().filter(|(key, _)| !told.contains_key(*key)) {
        complaints.push(format!("{what} does not give what is stored: {document}"));
    }
}

/// No revision of an alert is missing.
pub fn check_revisions(stored: &Revisions, complaints: &mut Vec<String>) {
    let mut newest = BTreeMap::new();
    for (id, revision) in stored.keys() {
        let before = newest.insert(*id, *revision).unwrap_or(0);
        if *revision != before + 1 {
            complaints.push(format!("{id:?}: revision {revision} comes after {before}"));
        }
    }
}

fn first_of(alerts: &[Alert]) -> Revisions {
    let mut revisions = Revisions::new();
    for alert in alerts {
        put(&mut revisions, alert);
    }
    revisions
}
