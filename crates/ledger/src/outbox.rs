//! What is to be published, at least once, in order.

use std::sync::Arc;

use fleet::{Department, Division, ReceiveTime, RuleId};
use rusqlite::types::Type;
use rusqlite::{Row, params};
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

/// What the broker took.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sent {
    /// Rows of the outbox, by their number.
    pub rows: Vec<i64>,
    /// Alerts that were sent again, with how often they had been sent before.
    pub again: Vec<(Receipt, u32)>,
}

impl Ledger {
    /// At most `limit` unpublished messages after `after`, by rising number.
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
            .prepare_cached("SELECT count(*), min(created) FROM outbox WHERE published IS NULL")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.inner.metrics.outbox_depth.set(depth);
        Ok((depth.cast_unsigned(), oldest.map(ReceiveTime::from_ms)))
    }

    /// Rung after each change that added messages.
    pub fn outbox_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.outbox)
    }
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
