//! What is to be published, at least once, in order.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use fleet::{AlertId, Department, Division, ReceiveTime, RuleId};
use rusqlite::types::Type;
use rusqlite::{Row, Transaction, params};
use tokio::sync::Notify;

use crate::deliveries::{published_in, sent_again_in};
use crate::{Ledger, Moment, Owing, Receipt, StoreError, lock};

/// What a message is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OutgoingKind {
    /// A revision of an alert.
    Alert,
    /// A change of its handling.
    Handling,
}

/// One message for one department.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outgoing {
    /// Its place in the order.
    pub seq: i64,
    /// What it is about.
    pub kind: OutgoingKind,
    /// For whom.
    pub department: Department,
    /// Where.
    pub division: Division,
    /// Which rule.
    pub rule: RuleId,
    /// The message, JSON.
    pub payload: Vec<u8>,
    /// When it was put in.
    pub created: ReceiveTime,
}

/// Where a message waits: a department's urgent ones go before its others.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Lane {
    /// Whose.
    pub department: Department,
    /// Whether it holds revisions of critical severity, and what of the same alerts was still waiting when those came.
    pub is_urgent: bool,
}

/// What waits for one department.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Waiting {
    /// Messages, those on their way included.
    pub messages: u64,
    /// Of these the urgent ones.
    pub urgent: u64,
    /// When the oldest was put in.
    pub since: Option<ReceiveTime>,
    /// The most frequent kinds, most first: at most [`Waiting::KINDS_MAX`].
    pub kinds: Vec<(RuleId, Division, u64)>,
}

impl Waiting {
    /// Kinds that are told apart.
    pub const KINDS_MAX: usize = 20;
}

/// What the broker took.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sent {
    /// Rows of the outbox, by their number.
    pub rows: Vec<i64>,
    /// Alerts that were sent again, with how often they had been sent before.
    pub again: Vec<(Receipt, u32)>,
}

/// Messages of one lane.
const LANE: &str =
    "SELECT o.seq, o.kind, o.department, o.division, o.rule, coalesce(o.payload, r.document), o.created
     FROM outbox o LEFT JOIN revision r ON r.seq = o.revision_seq
     WHERE o.published IS NULL AND o.department = ? AND o.urgent = ? AND o.seq > ? ORDER BY o.seq LIMIT ?";

/// What waits of an alert for a department and is not urgent. The index by name: the planner would read all that waits for
/// the department.
const CALM: &str =
    "FROM outbox INDEXED BY outbox_unsent WHERE published IS NULL AND urgent = 0 AND department = ?1
    AND revision_seq IN (SELECT seq FROM revision WHERE id = ?2)";

impl Ledger {
    /// At most `limit` unpublished messages of a lane after `after`, by rising number.
    pub fn outbox_lane(&self, lane: Lane, after: i64, limit: usize) -> Result<Vec<Outgoing>, StoreError> {
        let reader = lock(&self.inner.outbox_reader);
        let mut statement = reader.prepare_cached(LANE)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let wanted = params![lane.department.as_str(), lane.is_urgent, after, limit];
        let rows = statement.query_map(wanted, read_outgoing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What waits for a department: reads all of it, a second for a million messages, and holds nobody up.
    pub fn outbox_waiting(&self, department: Department) -> Result<Waiting, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT rule, division, count(*), sum(urgent), min(created) FROM outbox
             WHERE published IS NULL AND department = ? GROUP BY rule, division ORDER BY count(*) DESC, rule, division",
        )?;
        let mut rows = statement.query([department.as_str()])?;
        let mut waiting = Waiting::default();
        while let Some(row) = rows.next()? {
            let (count, urgent): (i64, i64) = (row.get(2)?, row.get(3)?);
            let since = ReceiveTime::from_ms(row.get(4)?);
            waiting.messages += count.cast_unsigned();
            waiting.urgent += urgent.cast_unsigned();
            waiting.since = Some(waiting.since.map_or(since, |before| before.min(since)));
            if waiting.kinds.len() < Waiting::KINDS_MAX {
                let kind =
                    (word(row, 0, RuleId::parse)?, word(row, 1, Division::parse)?, count.cast_unsigned());
                waiting.kinds.push(kind);
            }
        }
        Ok(waiting)
    }

    /// At most `limit` unpublished messages of all lanes after `after`, by rising number.
    pub fn outbox_next(&self, after: i64, limit: usize) -> Result<Vec<Outgoing>, StoreError> {
        let reader = lock(&self.inner.outbox_reader);
        let mut statement = reader.prepare_cached(
            "SELECT o.seq, o.kind, o.department, o.division, o.rule, coalesce(o.payload, r.document), o.created
             FROM outbox o LEFT JOIN revision r ON r.seq = o.revision_seq
             WHERE o.published IS NULL AND o.seq > ? ORDER BY o.seq LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([after, limit], read_outgoing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The broker took these.
    pub fn outbox_published(&self, sent: &Sent, taken: Moment, owing: &Owing) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut statement =
                transaction.prepare_cached("UPDATE outbox SET published = ? WHERE seq = ?")?;
            for seq in &sent.rows {
                statement.execute(params![taken.steady.ms(), seq])?;
                published_in(transaction, *seq, taken, owing)?;
            }
            for again in &sent.again {
                sent_again_in(transaction, *again, taken, owing)?;
            }
            Ok(())
        })
    }

    /// What was published at or after `since`, by the clock that never jumps, is to be published again; returns how many
    /// that are.
    pub fn outbox_republish_since(&self, since: ReceiveTime) -> Result<u64, StoreError> {
        let count = self.write(|transaction| -> Result<usize, StoreError> {
            Ok(transaction
                .execute("UPDATE outbox SET published = NULL WHERE published >= ?", [since.ms()])?)
        })?;
        if count > 0 {
            self.inner.outbox.notify_one();
        }
        Ok(count as u64)
    }

    /// How many wait, and since when the oldest does.
    pub fn outbox_depth(&self) -> Result<(u64, Option<ReceiveTime>), StoreError> {
        let reader = lock(&self.inner.outbox_reader);
        let (depth, oldest): (i64, Option<i64>) = reader
            .prepare_cached(
                "SELECT count(*), min(created) FROM outbox INDEXED BY outbox_lane WHERE published IS NULL",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.inner.metrics.outbox_depth.set(depth);
        Ok((depth.cast_unsigned(), oldest.map(ReceiveTime::from_ms)))
    }

    /// Rung after each change that added messages.
    pub fn outbox_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.outbox)
    }
}

/// What still waits of an alert that has become urgent for `department` goes to the urgent lane, behind what is there and
/// before what is put in after it. It gets new numbers, so that whoever reads that lane has not passed them yet.
pub(crate) fn hurry(
    transaction: &Transaction<'_>,
    alert: AlertId,
    department: Department,
) -> Result<(), rusqlite::Error> {
    let of = params![department.as_str(), alert.as_bytes()];
    let moved = transaction
        .prepare_cached(&format!(
            "INSERT INTO outbox (kind, department, division, rule, revision_seq, created, urgent)
             SELECT kind, department, division, rule, revision_seq, created, 1 {CALM} ORDER BY seq"
        ))?
        .execute(of)?;
    if moved > 0 {
        transaction.prepare_cached(&format!("DELETE {CALM}"))?.execute(of)?;
    }
    Ok(())
}

fn read_outgoing(row: &Row<'_>) -> Result<Outgoing, rusqlite::Error> {
    let kind = match row.get::<_, String>(1)?.as_str() {
        "alert" => OutgoingKind::Alert,
        _ => OutgoingKind::Handling,
    };
    Ok(Outgoing {
        seq: row.get(0)?,
        kind,
        department: word(row, 2, str::parse)?,
        division: word(row, 3, Division::parse)?,
        rule: word(row, 4, RuleId::parse)?,
        payload: row.get(5)?,
        created: ReceiveTime::from_ms(row.get(6)?),
    })
}

/// A column that holds an identifier.
pub(crate) fn word<T, E: std::error::Error + Send + Sync + 'static>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, rusqlite::Error> {
    parse(&row.get::<_, String>(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
