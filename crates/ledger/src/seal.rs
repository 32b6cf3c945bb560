//! The hash chain over what has to hold as evidence: the audit log, each alert as it was published with its frames, what
//! people did about it, and how that stands.
//!
//! ```text
//! seal n:  kind, key of the row, its time, SHA-256 over every column of it
//! chain n = SHA-256(chain n-1 | SHA-256(n, kind, key, time, SHA-256 of the row))
//! ```
//!
//! A seal is written in the transaction that writes its row, from the row as it is stored, and is never taken away: 75
//! bytes stay of a row that was deleted in order, and a seal of its own that says so.

use fleet::Chain;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::{Ledger, StoreError, lock};

/// Parts this chain from any other.
const DOMAIN: &[u8] = b"roadwarden.ledger/1";

pub(crate) const TABLE: &str = "
CREATE TABLE seal (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL,
    chain BLOB NOT NULL);";

/// What a seal is of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    /// A row of the audit log.
    Audit,
    /// An alert as it was published, with the frames that came with it.
    Revision,
    /// A row of an alert's timeline.
    Entry,
    /// How an alert stands after that row.
    Handling,
    /// The revision was deleted in order, or will be once it was sent.
    RevisionGone,
    /// The row of the timeline was deleted in order.
    EntryGone,
}

impl Kind {
    /// Stored: never renumber.
    pub const fn number(self) -> i64 {
        match self {
            Self::Audit => 1,
            Self::Revision => 2,
            Self::Entry => 3,
            Self::Handling => 4,
            Self::RevisionGone => 5,
            Self::EntryGone => 6,
        }
    }

    pub fn from_number(number: i64) -> Option<Self> {
        let all =
            [Self::Audit, Self::Revision, Self::Entry, Self::Handling, Self::RevisionGone, Self::EntryGone];
        all.into_iter().find(|kind| kind.number() == number)
    }

    /// What of the ledger is under it, by the key of the seal.
    const fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Audit => &["SELECT seq, at, by, via, action, subject, detail FROM audit WHERE seq = ?"],
            Self::Revision => &[
                "SELECT seq, id, revision, state, at, document FROM revision WHERE seq = ?",
                "SELECT place, received, frame FROM frame
                 WHERE (id, revision) = (SELECT id, revision FROM revision WHERE seq = ?) ORDER BY place",
            ],
            Self::Entry => &["SELECT seq, id, at, entry FROM timeline WHERE seq = ?"],
            // What came after it has a seal of its own.
            Self::Handling => &["SELECT alert.id, status, handling, result, due_at, handled_at, handled_by
                 FROM timeline JOIN alert ON alert.id = timeline.id WHERE timeline.seq = ?
                 AND NOT EXISTS (SELECT 1 FROM timeline AS later WHERE later.id = timeline.id AND later.seq > timeline.seq)"],
            Self::RevisionGone | Self::EntryGone => &[],
        }
    }
}

/// One row of the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seal {
    /// From 1, without gaps.
    pub seq: i64,
    /// As it is stored; may be none of ours in a ledger that somebody changed.
    pub kind: i64,
    pub key: i64,
    /// Milliseconds of the time of the row.
    pub at: i64,
    pub hash: [u8; 32],
}

impl Seal {
    pub fn link(&self, before: Chain) -> Chain {
        let numbers = [self.seq, self.kind, self.key, self.at];
        let content = numbers
            .iter()
            .fold(Sha256::new().chain_update(DOMAIN), |hash, number| hash.chain_update(number.to_le_bytes()))
            .chain_update(self.hash);
        before.after(&content.finalize().into())
    }
}

/// A value of the ledger's chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// How many seals there are up to it.
    pub seq: u64,
    /// The chain over them.
    pub chain: Chain,
}

impl Ledger {
    /// Where the chain is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn head(&self) -> Result<Head, StoreError> {
        Ok(head(&lock(&self.inner.profile_reader))?)
    }
}

/// Seals a row that was just written.
pub(crate) fn seal(
    transaction: &Transaction<'_>,
    kind: Kind,
    key: i64,
    at: i64,
) -> Result<(), rusqlite::Error> {
    let hash = row_hash(transaction, kind, key)?.unwrap_or_default();
    append(transaction, kind, key, at, hash)
}

/// Says that a row is not vouched for any more.
pub(crate) fn seal_gone(
    transaction: &Transaction<'_>,
    kind: Kind,
    key: i64,
    at: i64,
) -> Result<(), rusqlite::Error> {
    append(transaction, kind, key, at, [0; 32])
}

fn append(
    transaction: &Transaction<'_>,
    kind: Kind,
    key: i64,
    at: i64,
    hash: [u8; 32],
) -> Result<(), rusqlite::Error> {
    let before = head(transaction)?;
    let seal = Seal { seq: before.seq.cast_signed() + 1, kind: kind.number(), key, at, hash };
    transaction
        .prepare_cached("INSERT INTO seal (seq, kind, key, at, hash, chain) VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![seal.seq, seal.kind, key, at, hash, seal.link(before.chain).as_bytes()])?;
    Ok(())
}

pub(crate) fn head(connection: &Connection) -> Result<Head, rusqlite::Error> {
    let newest = connection
        .prepare_cached("SELECT seq, chain FROM seal ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Head { seq: row.get::<_, i64>(0)?.cast_unsigned(), chain: Chain::from_bytes(row.get(1)?) })
        })
        .optional()?;
    Ok(newest.unwrap_or(Head { seq: 0, chain: Chain::START }))
}

/// SHA-256 over every column of what a seal is of, each with its type and length; `None` where it is not there.
pub(crate) fn row_hash(
    connection: &Connection,
    kind: Kind,
    key: i64,
) -> Result<Option<[u8; 32]>, rusqlite::Error> {
    let mut hash = Sha256::new();
    for (at, sql) in kind.rows().iter().enumerate() {
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([key])?;
        let mut is_there = false;
        while let Some(row) = rows.next()? {
            is_there = true;
            (0..columns).try_for_each(|column| row.get_ref(column).map(|value| add(&mut hash, value)))?;
        }
        if at == 0 && !is_there {
            return Ok(None);
        }
    }
    Ok(Some(hash.finalize().into()))
}

fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let mut put = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => put(0, &[]),
        ValueRef::Integer(number) => put(1, &number.to_le_bytes()),
        ValueRef::Real(number) => put(2, &number.to_le_bytes()),
        ValueRef::Text(text) => put(3, text),
        ValueRef::Blob(blob) => put(4, blob),
    }
}
