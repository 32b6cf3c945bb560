//! Whether the ledger is what was written: every seal, every link of the chain, every row under it, and what was noted of
//! the chain elsewhere.

mod alerts;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fleet::{Chain, ReceiveTime};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use crate::audit::{AUDIT_KEEP_MIN, NOTE, TRIM, Tombstone};
use crate::schema::{FORMAT, open_reader};
use crate::seal::{Head, Kind, Seal, row_hash};
use crate::{OpenError, StoreError};

/// The most findings that are written out; more are counted.
const FINDINGS_MAX: usize = 100;

/// What the ledger noted of the journal's chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JournalNote {
    /// After the records below this.
    pub position: u64,
    /// The chain over them.
    pub chain: Chain,
}

/// What [`verify`] found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verified {
    /// Rows of the audit log that are what was written.
    pub audit: u64,
    /// Alerts as they were published, with their frames, that are what was written.
    pub revisions: u64,
    /// Rows of the alerts' timelines that are what was written.
    pub entries: u64,
    /// Rows that were deleted in order.
    pub gone: u64,
    /// How many of the anchors were met and right.
    pub anchors: usize,
    /// The end of the chain; `None` where there is none.
    pub end: Option<Head>,
    /// What it noted of the journal, oldest first.
    pub journal: Vec<JournalNote>,
    /// What is wrong, for people; at most 100.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub wrong: usize,
}

/// Reads the ledger at `path`, also while a service writes there. Tells `progress` how far it is and where it ends.
///
/// # Errors
/// Where the file is not there or can't be read; what is wrong in it is a finding.
pub fn verify(
    path: &Path,
    anchors: &[Head],
    mut progress: impl FnMut(u64, u64),
) -> Result<Verified, OpenError> {
    let connection = open_reader(path)?;
    let mut check = || -> Result<Verified, StoreError> {
        // One state of it, whatever is written meanwhile.
        let transaction = connection.unchecked_transaction()?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let mut walk = Walk::new(&transaction, anchors);
        if found < 4 {
            walk.wrong(format!(
                "the ledger has format {found}, which has no chain; a start of the service makes it"
            ));
            return Ok(walk.found);
        }
        if found > FORMAT {
            walk.wrong(format!("the ledger has format {found}, this version reads up to {FORMAT}"));
            return Ok(walk.found);
        }
        walk.gone = gone(&transaction)?;
        walk.tombstones = tombstones(&transaction)?;
        walk.begun = begun(&transaction)?;
        walk.seals(&mut progress)?;
        walk.unsealed()?;
        walk.alerts()?;
        walk.found.journal = journal_notes(&transaction)?;
        Ok(walk.end())
    };
    check().map_err(|error| match error {
        StoreError::Database(source) => OpenError::Database { path: path.to_owned(), source },
        other => OpenError::Unreadable { path: path.to_owned(), source: Box::new(other) },
    })
}

struct Walk<'c> {
    connection: &'c Connection,
    /// Those not met yet; what was noted twice of one place is compared twice.
    anchors: BTreeMap<u64, Vec<Chain>>,
    /// Up to which seal a row, by its kind and key, is not vouched for any more.
    gone: HashMap<(Kind, i64), i64>,
    tombstones: Vec<Tombstone>,
    /// The last row of the audit log that was there before the chain.
    begun: i64,
    /// The last row of the audit log that has a seal.
    audited: i64,
    last: Head,
    found: Verified,
}

impl<'c> Walk<'c> {
    fn new(connection: &'c Connection, anchors: &[Head]) -> Self {
        let mut noted: BTreeMap<u64, Vec<Chain>> = BTreeMap::new();
        for anchor in anchors {
            noted.entry(anchor.seq).or_default().push(anchor.chain);
        }
        let (gone, tombstones, last) = (HashMap::new(), Vec::new(), Head { seq: 0, chain: Chain::START });
        let found = Verified::default();
        Self { connection, anchors: noted, gone, tombstones, begun: 0, audited: 0, last, found }
    }

    fn wrong(&mut self, finding: String) {
        self.found.wrong += 1;
        if self.found.findings.len() < FINDINGS_MAX {
            self.found.findings.push(finding);
        }
    }

    fn seals(&mut self, progress: &mut impl FnMut(u64, u64)) -> Result<(), StoreError> {
        let connection = self.connection;
        let end: Option<i64> = connection.query_row("SELECT max(seq) FROM seal", [], |row| row.get(0))?;
        let end = end.unwrap_or_default().cast_unsigned();
        let mut statement =
            connection.prepare("SELECT seq, kind, key, at, hash, chain FROM seal ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            if seq % 1024 == 0 {
                progress(seq.cast_unsigned(), end);
            }
            match read_seal(row) {
                Ok((seal, chain)) => self.seal(&seal, chain)?,
                Err(_) => self.wrong(format!("seal {seq} is none that was written")),
            }
        }
        Ok(())
    }

    fn seal(&mut self, seal: &Seal, chain: Chain) -> Result<(), StoreError> {
        let kind = Kind::from_number(seal.kind);
        let what = match kind {
            Some(Kind::Audit) => format!("audit row {}", seal.key),
            Some(Kind::Revision) => format!("revision {} of an alert", seal.key),
            Some(Kind::Entry) => format!("timeline row {}", seal.key),
            Some(Kind::Handling) => format!("handling after timeline row {}", seal.key),
            Some(Kind::RevisionGone) => format!("deletion of revision {}", seal.key),
            Some(Kind::EntryGone) => format!("deletion of timeline row {}", seal.key),
            None => format!("kind {} with key {}", seal.kind, seal.key),
        };
        let (seq, expected) = (seal.seq.cast_unsigned(), self.last.seq + 1);
        if seq != expected {
            self.wrong(format!("seals {expected} to {seq} are missing, before that of {what}"));
        } else if seal.link(self.last.chain) != chain {
            self.wrong(format!("the chain breaks at seal {seq}, of {what}"));
        }
        for noted in self.anchors.remove(&seq).unwrap_or_default() {
            if noted == chain {
                self.found.anchors += 1;
            } else {
                self.wrong(format!("at seal {seq}, of {what}, the chain is not the one that was noted"));
            }
        }
        self.last = Head { seq, chain };
        match kind {
            Some(kind) => self.row(seal, kind, &what),
            None => Ok(()),
        }
    }

    fn row(&mut self, seal: &Seal, kind: Kind, what: &str) -> Result<(), StoreError> {
        if kind == Kind::Audit {
            if seal.key != self.audited + 1 && seal.key > self.begun {
                let (after, key) = (self.audited, seal.key);
                self.wrong(format!("after audit row {after} comes {key}: what was between them is gone"));
            }
            self.audited = seal.key;
        }
        if self.is_gone(seal, kind) {
            self.found.gone += 1;
            return Ok(());
        }
        match (row_hash(self.connection, kind, seal.key)?, kind) {
            (_, Kind::RevisionGone | Kind::EntryGone) => {}
            (Some(hash), _) if hash != seal.hash => self.wrong(format!("{what} is not what was written")),
            (Some(_), Kind::Audit) => self.found.audit += 1,
            (Some(_), Kind::Revision) => self.found.revisions += 1,
            (Some(_), Kind::Entry) => self.found.entries += 1,
            // Something was done after it.
            (Some(_) | None, Kind::Handling) => {}
            (None, _) => self.wrong(format!("{what} is missing")),
        }
        Ok(())
    }

    /// Whether a row was deleted in order: those of the audit log by age, those of alerts one by one.
    fn is_gone(&self, seal: &Seal, kind: Kind) -> bool {
        let (kind, key) = match kind {
            Kind::Audit => {
                let covers = |it: &Tombstone| seal.key < it.below && seal.at < it.before.ms();
                return self.tombstones.iter().any(covers) && !self.is_there("audit", seal.key);
            }
            Kind::Revision => (Kind::Revision, seal.key),
            Kind::Entry | Kind::Handling => (Kind::Entry, seal.key),
            Kind::RevisionGone | Kind::EntryGone => return false,
        };
        self.gone.get(&(kind, key)).is_some_and(|gone| *gone > seal.seq)
    }

    fn is_there(&self, table: &str, key: i64) -> bool {
        let sql = format!("SELECT 1 FROM {table} WHERE seq = ?");
        // What can't be read is there.
        self.connection.prepare_cached(&sql).and_then(|mut it| it.exists([key])).unwrap_or(true)
    }

    /// Rows that nobody wrote through the service.
    fn unsealed(&mut self) -> Result<(), StoreError> {
        for (kind, table, what) in [
            (Kind::Audit, "audit", "audit row"),
            (Kind::Revision, "revision", "revision"),
            (Kind::Entry, "timeline", "timeline row"),
        ] {
            let sql =
                format!("SELECT seq FROM {table} WHERE seq NOT IN (SELECT key FROM seal WHERE kind = ?)");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([kind.number()])?;
            while let Some(row) = rows.next()? {
                self.wrong(format!("{what} {} was put there by somebody else", row.get::<_, i64>(0)?));
            }
        }
        let again = "SELECT max(seq) FROM seal WHERE kind = ?1 AND key = ?2";
        let gone: Vec<(i64, i64)> = self
            .gone
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Entry)
            .map(|((_, key), seq)| (*key, *seq))
            .filter(|(key, _)| self.is_there("timeline", *key))
            .collect();
        for (key, seq) in gone {
            let newest: Option<i64> =
                self.connection.query_row(again, [Kind::Entry.number(), key], |row| row.get(0))?;
            if newest < Some(seq) {
                self.wrong(format!("timeline row {key} was deleted and is there again"));
            }
        }
        Ok(())
    }

    fn end(mut self) -> Verified {
        let written: Option<i64> = self
            .connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'audit'", [], |row| row.get(0))
            .optional()
            .unwrap_or_default();
        if written.unwrap_or_default() != self.audited {
            let (written, audited) = (written.unwrap_or_default(), self.audited);
            self.wrong(format!("{written} audit rows were written, the last that is sealed is {audited}"));
        }
        let end = self.last.seq;
        for (seq, _) in std::mem::take(&mut self.anchors) {
            if seq > end {
                self.wrong(format!("{seq} seals were noted, the ledger ends at {end}"));
            } else if seq > 0 {
                self.wrong(format!("seal {seq}, which was noted, is missing"));
            }
        }
        self.found.end = Some(self.last);
        self.found
    }
}

fn read_seal(row: &Row<'_>) -> Result<(Seal, Chain), rusqlite::Error> {
    let seal =
        Seal { seq: row.get(0)?, kind: row.get(1)?, key: row.get(2)?, at: row.get(3)?, hash: row.get(4)? };
    Ok((seal, Chain::from_bytes(row.get(5)?)))
}

/// What was deleted of the alerts; each row that says so is a link of the chain.
fn gone(connection: &Connection) -> Result<HashMap<(Kind, i64), i64>, StoreError> {
    let mut gone = HashMap::new();
    for (kind, of) in [(Kind::RevisionGone, Kind::Revision), (Kind::EntryGone, Kind::Entry)] {
        let mut statement =
            connection.prepare("SELECT key, max(seq) FROM seal WHERE kind = ? GROUP BY key")?;
        let rows =
            statement.query_map([kind.number()], |row| Ok(((of, row.get::<_, i64>(0)?), row.get(1)?)))?;
        for row in rows {
            let (key, seq) = row?;
            gone.insert(key, seq);
        }
    }
    Ok(gone)
}

/// Those that deleted nothing too young.
fn tombstones(connection: &Connection) -> Result<Vec<Tombstone>, StoreError> {
    let mut statement = connection
        .prepare("SELECT at, detail FROM audit WHERE action = ? AND via = 'service' ORDER BY seq")?;
    let rows = statement.query_map([TRIM], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let mut tombstones = Vec::new();
    for row in rows {
        let (at, detail) = row?;
        let tombstone = serde_json::from_str(&detail).ok();
        let is_due = |it: &Tombstone| it.before <= ReceiveTime::from_ms(at).minus(AUDIT_KEEP_MIN);
        tombstones.extend(tombstone.filter(is_due));
    }
    Ok(tombstones)
}

/// The last row of the audit log that was there before the chain: those before it need not be without gaps.
fn begun(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT max(seq) FROM audit WHERE action = 'begin-chain' AND via = 'service'";
    let begun: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(begun.unwrap_or_default())
}

fn journal_notes(connection: &Connection) -> Result<Vec<JournalNote>, StoreError> {
    #[derive(Deserialize)]
    struct Detail {
        journal: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Value {
        number: u64,
        chain: String,
    }
    let mut statement =
        connection.prepare("SELECT detail FROM audit WHERE action = ? AND via = 'service' ORDER BY seq")?;
    let details = statement.query_map([NOTE], |row| row.get::<_, String>(0))?;
    let mut notes = Vec::new();
    for detail in details {
        let value = serde_json::from_str::<Detail>(&detail?).ok().and_then(|detail| detail.journal);
        notes.extend(value.and_then(|value| {
            Some(JournalNote { position: value.number, chain: value.chain.parse().ok()? })
        }));
    }
    Ok(notes)
}

#[cfg(test)]
mod tests;
