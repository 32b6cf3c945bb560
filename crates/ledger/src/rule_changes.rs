//! Changes of the rules that people ask for in the console, and who decided on them.
//!
//! ```text
//! pending ─▶ in-force
//!    └─────▶ rejected
//! ```
//!
//! Each step is one transaction with its audit row. What a change means is not judged here.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use fleet::ReceiveTime;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::act::insert_audit;
use crate::handling::word_enum;
use crate::{AuditEntry, Ledger, Page, StoreError, Via};

/// Changes that may wait for a second person; more is a desk that nobody sits at. Beyond it [`ProposeError::Full`].
pub const RULE_CHANGES_PENDING_MAX: i64 = 50;

const COLUMNS: &str = "seq, state, at, by, via, note, changes, before, decided_at, decided_by, decision_note";

word_enum! {
    /// What became of a change.
    RuleChangeState {
        /// Nobody has decided.
        Pending = "pending",
        /// It has come into force; a later one may have changed the same keys.
        InForce = "in-force",
        /// It never came into force.
        Rejected = "rejected",
    }
}

/// A change somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRuleChange {
    /// When.
    pub at: ReceiveTime,
    /// Who.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// Why.
    pub note: String,
    /// What is to hold, an object of objects by rule and key.
    pub changes: Value,
    /// What holds now, in the same shape.
    pub before: Value,
}

/// A change and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleChange {
    /// Its number, from 1.
    pub id: u64,
    /// What became of it.
    pub state: RuleChangeState,
    /// When it was asked for.
    pub at: ReceiveTime,
    /// Who asked.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// Why.
    pub note: String,
    /// What is to hold, by rule and key; null: what the configuration says.
    pub changes: Value,
    /// What held before, in the same shape.
    pub before: Value,
    /// When it was decided.
    pub decided_at: Option<ReceiveTime>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why so.
    pub decision_note: Option<String>,
}

/// What somebody decides.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleDecision {
    /// In force, or rejected.
    pub state: RuleChangeState,
    /// When.
    pub at: ReceiveTime,
    /// Who.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// Why.
    pub note: String,
    /// For the audit log: what changes.
    pub detail: String,
}

/// Why a change is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// Too many wait already.
    #[error(
        "{RULE_CHANGES_PENDING_MAX} changes of the rules wait for a decision already, decide on them first"
    )]
    Full,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Takes in a change, pending.
    ///
    /// # Errors
    /// When too many wait, or the store fails.
    pub fn propose_rule_change(&self, new: &NewRuleChange) -> Result<RuleChange, ProposeError> {
        self.write(|transaction| {
            let waiting: i64 = transaction
                .query_row("SELECT count(*) FROM rule_change WHERE state = 'pending'", [], |row| row.get(0))
                .map_err(StoreError::from)?;
            if waiting >= RULE_CHANGES_PENDING_MAX {
                return Err(ProposeError::Full);
            }
            Ok(insert(transaction, new)?)
        })
    }

    /// Decides on a change; `None` when it is unknown or decided already.
    pub fn decide_rule_change(
        &self,
        id: u64,
        decision: &RuleDecision,
    ) -> Result<Option<RuleChange>, StoreError> {
        self.write(|transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE rule_change SET state = ?, decided_at = ?, decided_by = ?, decision_note = ?
                     WHERE seq = ? AND state = 'pending'",
                )?
                .execute(params![
                    decision.state.as_str(),
                    decision.at.ms(),
                    decision.by,
                    decision.note,
                    key(id)
                ])?;
            if changed == 0 {
                return Ok(None);
            }
            let entry = AuditEntry {
                at: decision.at,
                by: decision.by.clone(),
                via: decision.via,
                action: format!("rules-{}", decision.state),
                subject: id.to_string(),
                detail: decision.detail.clone(),
            };
            insert_audit(transaction, &entry)?;
            find(transaction, id)
        })
    }

    /// Takes back the newest decision that a change is in force, for one that never got there: the service stopped, or
    /// its file can't be written.
    pub fn reopen_rule_change(&self, id: u64, at: ReceiveTime, detail: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE rule_change SET state = 'pending', decided_at = NULL, decided_by = NULL, decision_note = NULL
                 WHERE seq = ? AND state = 'in-force'",
                [key(id)],
            )?;
            let (by, action) = ("roadwarden".to_owned(), "rules-reopened".to_owned());
            let (subject, detail) = (id.to_string(), detail.to_owned());
            Ok(insert_audit(transaction, &AuditEntry { at, by, via: Via::Service, action, subject, detail })?)
        })
    }

    /// One change.
    pub fn rule_change(&self, id: u64) -> Result<Option<RuleChange>, StoreError> {
        find(&self.reader(), id)
    }

    /// The two changes that came into force last, newest first.
    pub fn last_rule_changes(&self) -> Result<Vec<u64>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT seq FROM rule_change WHERE state = 'in-force' ORDER BY decided_at DESC, seq DESC LIMIT 2",
        )?;
        let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
        Ok(ids.map(|id| id.map(number)).collect::<Result<_, _>>()?)
    }

    /// A page of changes, newest first.
    pub fn rule_changes(&self, limit: usize, cursor: Option<&str>) -> Result<Page<RuleChange>, StoreError> {
        let before = match cursor {
            Some(text) => text.parse().map_err(|_| StoreError::Cursor(text.to_owned()))?,
            None => i64::MAX,
        };
        let sql = format!("SELECT {COLUMNS} FROM rule_change WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = statement.query_map([before, most], read)?;
        let mut items: Vec<RuleChange> = rows.collect::<Result<_, _>>()?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|change| change.id.to_string());
        Ok(Page { items, next })
    }
}

fn insert(transaction: &Transaction<'_>, new: &NewRuleChange) -> Result<RuleChange, StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO rule_change (state, at, by, via, note, changes, before) VALUES ('pending', ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.at.ms(),
            new.by,
            new.via.as_str(),
            new.note,
            new.changes.to_string(),
            new.before.to_string()
        ])?;
    let id = number(transaction.last_insert_rowid());
    let entry = AuditEntry {
        at: new.at,
        by: new.by.clone(),
        via: new.via,
        action: "rules-proposed".to_owned(),
        subject: id.to_string(),
        detail: serde_json::json!({ "changes": new.changes, "before": new.before, "note": new.note })
            .to_string(),
    };
    insert_audit(transaction, &entry)?;
    Ok(RuleChange {
        id,
        state: RuleChangeState::Pending,
        at: new.at,
        by: new.by.clone(),
        via: new.via,
        note: new.note.clone(),
        changes: new.changes.clone(),
        before: new.before.clone(),
        decided_at: None,
        decided_by: None,
        decision_note: None,
    })
}

fn find(connection: &Connection, id: u64) -> Result<Option<RuleChange>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rule_change WHERE seq = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([key(id)], read).optional()?)
}

fn key(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// Keys of the table are never negative.
fn number(key: i64) -> u64 {
    u64::try_from(key).unwrap_or_default()
}

fn read(row: &Row<'_>) -> Result<RuleChange, rusqlite::Error> {
    let wrong = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
    };
    let json = |column| {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map_err(|error| wrong(column, error.into()))
    };
    Ok(RuleChange {
        id: number(row.get(0)?),
        state: row.get::<_, String>(1)?.parse().map_err(|error: String| wrong(1, error.into()))?,
        at: ReceiveTime::from_ms(row.get(2)?),
        by: row.get(3)?,
        via: row.get::<_, String>(4)?.parse().map_err(|error: String| wrong(4, error.into()))?,
        note: row.get(5)?,
        changes: json(6)?,
        before: json(7)?,
        decided_at: row.get::<_, Option<i64>>(8)?.map(ReceiveTime::from_ms),
        decided_by: row.get(9)?,
        decision_note: row.get(10)?,
    })
}
