//! Entries in: listed once, changed step by step, each step with its story.

use fleet::{Month, ReceiveTime, TerminalId};
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{
    Danger, DangerAction, DangerEntry, DangerError, DangerId, DangerLevel, DangerStatus, Reports, Source,
};
use crate::act::insert_audit;
use crate::{AuditEntry, Ledger, StoreError, Via};

/// Rows of one entry's story; the service's own are one a day at most. Beyond it [`DangerError::Full`] for every step that
/// leads nowhere: an entry can always be put right and closed.
const STORY_MAX: i64 = 2_000;

/// What is to be listed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDanger {
    /// One line.
    pub title: String,
    /// Which article makes it a danger.
    pub category: String,
    /// How bad.
    pub level: DangerLevel,
    /// What it rests on.
    pub source: Source,
    /// Whose it is.
    pub operator: String,
    /// The vehicle, where it is about one.
    pub terminal: Option<TerminalId>,
    /// Certificate of the driver, where it is about one.
    pub driver: Option<String>,
    /// Six digits of GB/T 2260; empty where unknown.
    pub division: String,
    /// When it was found.
    pub discovered_at: ReceiveTime,
    /// A text.
    pub note: Option<String>,
    /// Who lists it.
    pub by: String,
    /// Which way it came.
    pub via: Via,
    /// The same key twice lists once.
    pub key: Option<String>,
}

/// Why an entry was not listed.
#[derive(Debug, thiserror::Error)]
pub enum CreateDangerError {
    /// The key stands for another entry.
    #[error("the key was used for another entry, {0}")]
    KeyReused(DangerId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

macro_rules! store_errors {
    ($($error:ident)+) => {$(
        impl From<rusqlite::Error> for $error {
            fn from(error: rusqlite::Error) -> Self {
                Self::Store(error.into())
            }
        }

        impl From<serde_json::Error> for $error {
            fn from(error: serde_json::Error) -> Self {
                Self::Store(error.into())
            }
        }
    )+};
}
store_errors! { CreateDangerError DangerError }

impl Ledger {
    /// Lists a danger; durable when this returns. A key met before changes nothing and gives the entry it stands for, as
    /// it is now.
    ///
    /// # Errors
    /// When the key stands for another entry, or the store fails.
    pub fn create_danger(&self, new: &NewDanger, at: ReceiveTime) -> Result<Danger, CreateDangerError> {
        let (danger, is_new) = self.write(|transaction| {
            if let Some(known) = find_by_key(transaction, new.key.as_deref())? {
                let same = known.title == new.title
                    && known.operator == new.operator
                    && known.source.kind == new.source.kind;
                return if same { Ok((known, false)) } else { Err(CreateDangerError::KeyReused(known.id)) };
            }
            Ok((insert(transaction, new, at)?, true))
        })?;
        if is_new {
            self.announce_danger(&danger);
        }
        Ok(danger.seen_at(at))
    }

    /// Takes one step, or says why not and changes nothing.
    ///
    /// # Errors
    /// When the entry is unknown, has changed, or the step is not allowed; or the store fails.
    pub fn act_on_danger(&self, action: &DangerAction) -> Result<Danger, DangerError> {
        let danger = self.write(|transaction| {
            let current = find(transaction, action.danger)?.ok_or(DangerError::Unknown(action.danger))?;
            let next = current.after(action)?;
            let rows: i64 = transaction
                .prepare_cached("SELECT count(*) FROM danger_timeline WHERE year = ? AND number = ?")?
                .query_row([i64::from(next.id.year), i64::from(next.id.number)], |row| row.get(0))?;
            if rows >= STORY_MAX && next.status == current.status {
                return Err(DangerError::Full { what: "steps", most: STORY_MAX.unsigned_abs() });
            }
            update(transaction, &next)?;
            let entry = DangerEntry {
                at: action.at,
                by: action.by.clone(),
                via: action.via,
                action: action.kind.to_string(),
                note: action.note.clone(),
                from: Some(current.status),
                to: next.status,
                detail: detail(action),
            };
            tell(transaction, next.id, &entry)?;
            Ok(next)
        })?;
        self.announce_danger(&danger);
        Ok(danger)
    }
}

/// What was given with a step, without what was not.
fn detail(action: &DangerAction) -> Value {
    let mut detail = json!({
        "unit": action.unit, "person": action.person, "due_at": action.due_at, "measures": action.measures,
        "which": action.which,
    });
    if let Some(members) = detail.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    detail
}

/// Lists it under the next number of the year in China.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    new: &NewDanger,
    at: ReceiveTime,
) -> Result<Danger, StoreError> {
    let year = Month::of(at.as_event()).year();
    let number = transaction
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM danger WHERE year = ?")?
        .query_row([year], |row| row.get(0))?;
    let danger = listed(DangerId { year, number }, new, at);
    transaction
        .prepare_cached(
            "INSERT INTO danger (year, number, key, pattern, level, operator, division, discovered, created, status,
                 escalation, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        )?
        .execute(params![
            year,
            number,
            new.key,
            new.source.trigger.map(super::Trigger::as_str),
            danger.level.as_str(),
            danger.operator,
            danger.division,
            danger.discovered_at.ms(),
            at.ms(),
            danger.status.as_str(),
            serde_json::to_string(&danger)?
        ])?;
    let entry = DangerEntry {
        at,
        by: new.by.clone(),
        via: new.via,
        action: "create".to_owned(),
        note: new.note.clone(),
        from: None,
        to: danger.status,
        detail: json!({ "title": danger.title, "operator": danger.operator, "level": danger.level }),
    };
    tell(transaction, danger.id, &entry)?;
    Ok(danger)
}

/// An entry as it begins.
fn listed(id: DangerId, new: &NewDanger, at: ReceiveTime) -> Danger {
    Danger {
        id,
        title: new.title.clone(),
        category: new.category.clone(),
        level: new.level,
        source: new.source.clone(),
        operator: new.operator.clone(),
        terminal: new.terminal,
        driver: new.driver.clone(),
        division: new.division.clone(),
        discovered_at: new.discovered_at,
        created_at: at,
        status: DangerStatus::Open,
        assigned_to: None,
        assigned_at: None,
        due_at: None,
        overdue: false,
        escalation: 0,
        measures: None,
        requested_by: None,
        handled_by: Vec::new(),
        inspector: None,
        closed_at: None,
        announced: Vec::new(),
        reports: Reports::default(),
        version: 0,
        updated_at: at,
    }
}

/// Everything of a row that a step may change.
pub(super) fn update(transaction: &Transaction<'_>, danger: &Danger) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE danger SET status = ?, due = ?, closed = ?, escalation = ?, document = ?
             WHERE year = ? AND number = ?",
        )?
        .execute(params![
            danger.status.as_str(),
            danger.due_at.map(ReceiveTime::ms),
            danger.closed_at.map(ReceiveTime::ms),
            danger.escalation,
            serde_json::to_string(danger)?,
            danger.id.year,
            danger.id.number
        ])?;
    Ok(())
}

/// A row of the story and one of the audit log.
pub(super) fn tell(
    transaction: &Transaction<'_>,
    id: DangerId,
    entry: &DangerEntry,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO danger_timeline (year, number, at, entry) VALUES (?, ?, ?, ?)")?
        .execute(params![id.year, id.number, entry.at.ms(), serde_json::to_string(entry)?])?;
    let from = entry.from.map_or("new", |from| from.as_str());
    let audit = AuditEntry {
        at: entry.at,
        by: entry.by.clone(),
        via: entry.via,
        action: format!("danger-{}", entry.action),
        subject: id.to_string(),
        detail: format!("{from} to {}", entry.to),
    };
    Ok(insert_audit(transaction, &audit)?)
}

pub(super) fn find(connection: &rusqlite::Connection, id: DangerId) -> Result<Option<Danger>, StoreError> {
    let found: Option<String> = connection
        .prepare_cached("SELECT document FROM danger WHERE year = ? AND number = ?")?
        .query_row([i64::from(id.year), i64::from(id.number)], |row| row.get(0))
        .optional()?;
    Ok(found.map(|document| serde_json::from_str(&document)).transpose()?)
}

pub(super) fn find_by_key(
    connection: &rusqlite::Connection,
    key: Option<&str>,
) -> Result<Option<Danger>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let found: Option<String> = connection
        .prepare_cached("SELECT document FROM danger WHERE key = ?")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(found.map(|document| serde_json::from_str(&document)).transpose()?)
}
