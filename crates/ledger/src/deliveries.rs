//! What each department got of an alert: when the broker took it, and when the department itself said that it has it.
//!
//! One row an alert and department, made when the broker took a revision. Who owes receipts and has not said so has a
//! `due`: from then on the newest revision is sent again. A receipt for a revision covers lower ones.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fleet::{AlertId, Department, Division, ReceiveTime, RuleId};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::handling::word_enum;
use crate::outbox::word;
use crate::{Ledger, StoreError, lock, record};

/// Rows that are let go in one transaction, so that others come in between.
const RELEASE_ROWS: usize = 10_000;

/// A moment on two clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The machine's clock, for people.
    pub at: ReceiveTime,
    /// One that never jumps, for pauses and for what happened shortly before.
    pub steady: ReceiveTime,
}

/// Who owes receipts, and how long one may take.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Owing {
    /// These departments.
    pub departments: Vec<Department>,
    /// What has no receipt this long after the broker took it is sent again.
    pub after: Duration,
    /// The pause doubles each time, up to this.
    pub pause_max: Duration,
}

impl Owing {
    /// The pause after an alert was sent `sent` times.
    fn pause(&self, sent: u32) -> Duration {
        let doubled = 1_u32.checked_shl(sent.saturating_sub(1)).unwrap_or(u32::MAX);
        self.after.saturating_mul(doubled).min(self.pause_max)
    }
}

/// A department has a revision of an alert, and all before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Who has it.
    pub department: Department,
    /// Which alert.
    pub alert: AlertId,
    /// Which revision.
    pub revision: u32,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Receiving {
    /// Said before.
    Known,
    /// Kept now.
    New,
    /// No such revision, or not this department's: nothing was changed.
    Unknown,
}

/// An alert to be sent to a department again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Again {
    /// Which alert, whose receipt, and which revision goes.
    pub receipt: Receipt,
    /// How often that revision went out.
    pub sent: u32,
    /// Where.
    pub division: Division,
    /// Which rule.
    pub rule: RuleId,
    /// The message, JSON.
    pub payload: Vec<u8>,
}

word_enum! {
    /// How far an alert has come to a department.
    DeliveryState {
        /// In the outbox.
        Queued = "queued",
        /// The broker took it; no receipt is owed.
        Delivered = "delivered",
        /// The broker took it; the department has not said that it has it.
        Waiting = "waiting",
        /// The department said that it has it.
        Received = "received",
    }
}

/// An alert as one department got it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// Whose.
    pub department: Department,
    /// How far it has come.
    pub state: DeliveryState,
    /// The newest revision that the broker took; `None` before the first.
    pub revision: Option<u32>,
    /// When it took that for the first time.
    pub published_at: Option<ReceiveTime>,
    /// How often it took it.
    pub times_sent: u32,
    /// Since when a receipt is owed; `None` where none is.
    pub waiting_since: Option<ReceiveTime>,
    /// The newest revision that the department has.
    pub received_revision: Option<u32>,
    /// When it said so.
    pub received_at: Option<ReceiveTime>,
}

impl Ledger {
    /// At most `limit` alerts that a department has no receipt for and that are due, the longest due first. One of which
    /// a newer revision is on its way is left out: that one tells more.
    pub fn to_send_again(
        &self,
        department: Department,
        steady: ReceiveTime,
        limit: usize,
    ) -> Result<Vec<Again>, StoreError> {
        let reader = lock(&self.inner.outbox_reader);
        let mut statement = reader.prepare_cached(
            "SELECT d.id, d.revision, d.sent, a.division, a.rule, r.document
             FROM delivery d JOIN alert a ON a.id = d.id JOIN revision r ON r.id = d.id AND r.revision = d.revision
             WHERE d.department = ?1 AND d.due <= ?2 AND (a.revision = d.revision OR a.departments & ?3 = 0)
             ORDER BY d.due LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mask = record::mask(&[department]);
        let rows = statement.query_map(params![department.as_str(), steady.ms(), mask, limit], |row| {
            Ok(Again {
                receipt: Receipt {
                    department,
                    alert: AlertId::from_bytes(row.get(0)?),
                    revision: row.get(1)?,
                },
                sent: row.get(2)?,
                division: word(row, 3, Division::parse)?,
                rule: word(row, 4, RuleId::parse)?,
                payload: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps receipts, and says of each what became of it; one transaction.
    pub fn receive(&self, receipts: &[Receipt], at: ReceiveTime) -> Result<Vec<Receiving>, StoreError> {
        self.write(|transaction| {
            receipts.iter().map(|receipt| Ok(receive_in(transaction, *receipt, at)?)).collect()
        })
    }

    /// From departments that are not in `owing` nothing is waited for any more. Returns how many alerts that were.
    pub fn release_receipts(&self, owing: &[Department]) -> Result<u64, StoreError> {
        let mut released = 0;
        for department in Department::ALL.iter().filter(|department| !owing.contains(department)) {
            loop {
                let rows = self.write(|transaction| -> Result<usize, StoreError> {
                    Ok(transaction
                        .prepare_cached(
                            "UPDATE delivery SET due = NULL, since = NULL WHERE (department, id) IN
                             (SELECT department, id FROM delivery WHERE department = ? AND due IS NOT NULL LIMIT ?)",
                        )?
                        .execute(params![department.as_str(), RELEASE_ROWS as i64])?)
                })?;
                released += rows as u64;
                if rows < RELEASE_ROWS {
                    break;
                }
            }
        }
        Ok(released)
    }

    /// How many alerts each department has no receipt for, and since when the oldest waits.
    pub fn receipts_waiting(&self) -> Result<BTreeMap<Department, (u64, ReceiveTime)>, StoreError> {
        let reader = lock(&self.inner.outbox_reader);
        let mut statement = reader.prepare_cached(
            "SELECT department, count(*), min(since) FROM delivery WHERE due IS NOT NULL GROUP BY department",
        )?;
        let rows = statement.query_map([], |row| {
            let count: i64 = row.get(1)?;
            Ok((word(row, 0, str::parse)?, (count.cast_unsigned(), ReceiveTime::from_ms(row.get(2)?))))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What each department got of an alert: those it concerns, and those it concerned; none of an unknown alert.
    pub fn deliveries(&self, id: AlertId) -> Result<Vec<Delivery>, StoreError> {
        let reader = self.reader();
        let alert: Option<(u32, i64)> = reader
            .prepare_cached("SELECT revision, departments FROM alert WHERE id = ?")?
            .query_row([&id.as_bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((newest, mask)) = alert else { return Ok(Vec::new()) };
        let mut statement = reader.prepare_cached(
            "SELECT department, revision, published, sent, since, due, received, received_at FROM delivery WHERE id = ?",
        )?;
        let rows = statement.query_map([&id.as_bytes()[..]], read_kept)?;
        let mut kept: BTreeMap<Department, Kept> = rows.collect::<Result<_, _>>()?;
        for department in record::departments_of(mask) {
            kept.entry(department).or_default().newest = newest;
        }
        Ok(kept.into_iter().map(|(department, kept)| kept.told(department)).collect())
    }
}

/// A row of `delivery`.
#[derive(Default)]
struct Kept {
    /// The revision that concerns the department; 0 where none does any more.
    newest: u32,
    revision: u32,
    published: Option<ReceiveTime>,
    sent: u32,
    since: Option<ReceiveTime>,
    is_owed: bool,
    received: u32,
    received_at: Option<ReceiveTime>,
}

impl Kept {
    fn told(self, department: Department) -> Delivery {
        let state = if self.received >= self.newest.max(self.revision) {
            DeliveryState::Received
        } else if self.newest > self.revision {
            DeliveryState::Queued
        } else if self.is_owed {
            DeliveryState::Waiting
        } else {
            DeliveryState::Delivered
        };
        let some = |revision: u32| (revision > 0).then_some(revision);
        Delivery {
            department,
            state,
            revision: some(self.revision),
            published_at: self.published,
            times_sent: self.sent,
            waiting_since: self.since,
            received_revision: some(self.received),
            received_at: self.received_at,
        }
    }
}

fn read_kept(row: &Row<'_>) -> Result<(Department, Kept), rusqlite::Error> {
    let time =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(ReceiveTime::from_ms));
    let kept = Kept {
        newest: 0,
        revision: row.get(1)?,
        published: time(2)?,
        sent: row.get(3)?,
        since: time(4)?,
        is_owed: time(5)?.is_some(),
        received: row.get(6)?,
        received_at: time(7)?,
    };
    Ok((word(row, 0, str::parse)?, kept))
}

/// The broker took the alert of an outbox row; a row that is about something else changes nothing.
pub(crate) fn published_in(
    transaction: &Transaction<'_>,
    seq: i64,
    taken: Moment,
    owing: &Owing,
) -> Result<(), rusqlite::Error> {
    let owed: Vec<&str> = owing.departments.iter().map(|department| department.as_str()).collect();
    transaction
        .prepare_cached(
            "INSERT INTO delivery (id, department, revision, published, sent, since, due, received)
             SELECT r.id, o.department, r.revision, ?2, 1, iif(instr(?3, ',' || o.department || ','), ?2, NULL),
                 iif(instr(?3, ',' || o.department || ','), ?4, NULL), 0
             FROM outbox o JOIN revision r ON r.seq = o.revision_seq WHERE o.seq = ?1 AND o.kind = 'alert'
             ON CONFLICT (id, department) DO UPDATE SET
                 published = iif(excluded.revision > revision, excluded.published, published),
                 sent = CASE WHEN excluded.revision > revision THEN 1 WHEN excluded.revision = revision THEN sent + 1
                     ELSE sent END,
                 since = iif(excluded.due IS NULL OR received >= max(revision, excluded.revision), NULL,
                     coalesce(since, excluded.since)),
                 due = iif(received >= max(revision, excluded.revision), NULL, excluded.due),
                 revision = max(revision, excluded.revision)",
        )?
        .execute(params![
            seq,
            taken.at.ms(),
            format!(",{},", owed.join(",")),
            taken.steady.plus(owing.pause(1)).ms()
        ])?;
    Ok(())
}

/// The broker took an alert once more; one whose receipt came meanwhile stays received.
pub(crate) fn sent_again_in(
    transaction: &Transaction<'_>,
    (receipt, sent): (Receipt, u32),
    taken: Moment,
    owing: &Owing,
) -> Result<(), rusqlite::Error> {
    let sent = sent.saturating_add(1);
    transaction
        .prepare_cached(
            "UPDATE delivery SET sent = ?4, due = iif(due IS NULL, NULL, ?5)
             WHERE id = ?1 AND department = ?2 AND revision = ?3",
        )?
        .execute(params![
            receipt.alert.as_bytes(),
            receipt.department.as_str(),
            receipt.revision,
            sent,
            taken.steady.plus(owing.pause(sent)).ms()
        ])?;
    Ok(())
}

fn receive_in(
    transaction: &Transaction<'_>,
    Receipt { department, alert, revision }: Receipt,
    at: ReceiveTime,
) -> Result<Receiving, rusqlite::Error> {
    let newest: Option<(u32, i64)> = transaction
        .prepare_cached("SELECT revision, departments FROM alert WHERE id = ?")?
        .query_row([&alert.as_bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let kept: Option<u32> = transaction
        .prepare_cached("SELECT received FROM delivery WHERE id = ? AND department = ?")?
        .query_row(params![alert.as_bytes(), department.as_str()], |row| row.get(0))
        .optional()?;
    let Some((newest, mask)) = newest else { return Ok(Receiving::Unknown) };
    // An alert that no longer concerns a department did once, where it got it.
    let is_theirs = kept.is_some() || mask & record::mask(&[department]) != 0;
    if !is_theirs || revision == 0 || revision > newest {
        return Ok(Receiving::Unknown);
    }
    if kept.is_some_and(|received| received >= revision) {
        return Ok(Receiving::Known);
    }
    // The row may not be there yet: a department can be quicker than the broker's word to us.
    transaction
        .prepare_cached(
            "INSERT INTO delivery (id, department, revision, sent, received, received_at) VALUES (?1, ?2, 0, 0, ?3, ?4)
             ON CONFLICT (id, department) DO UPDATE SET received = excluded.received, received_at = excluded.received_at,
                 since = CASE WHEN due IS NULL OR excluded.received >= revision THEN NULL ELSE published END,
                 due = iif(excluded.received >= revision, NULL, due)",
        )?
        .execute(params![alert.as_bytes(), department.as_str(), revision, at.ms()])?;
    Ok(Receiving::New)
}

#[cfg(test)]
mod tests;
