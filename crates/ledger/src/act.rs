//! Actions: one transaction of handling, timeline, audit, outbox and request id.

use fleet::{AlertId, Department, ReceiveTime};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::handling::{ActionKind, Handling, HandlingStatus, Outcome, Reason, Via};
use crate::seal::{Kind, seal};
use crate::{Ledger, StoreError, record};

/// What somebody wants to do with an alert.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Action {
    /// With which.
    pub alert: AlertId,
    /// What.
    pub kind: ActionKind,
    /// Who.
    pub by: String,
    /// For which department.
    pub department: Option<Department>,
    /// Which way it came.
    pub via: Via,
    /// A text.
    pub note: Option<String>,
    /// For `handle`, and for `decide-appeal` upheld or rejected.
    pub result: Option<Outcome>,
    /// For `false-alarm`.
    pub reason: Option<Reason>,
    /// For `assign` and `dispatch`.
    pub assignee: Option<String>,
    /// For `defer`: until when; for `assign` and `dispatch`: when it is due.
    pub until: Option<ReceiveTime>,
    /// The version it rests on; `None` acts on any.
    pub expected_version: Option<u32>,
    /// The same one twice acts once.
    pub request_id: Option<String>,
    /// When.
    pub at: ReceiveTime,
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No such alert.
    #[error("alert {0} is unknown")]
    UnknownAlert(AlertId),
    /// Somebody was faster.
    #[error("the handling has changed, its version is {}", current.version)]
    Stale {
        /// As it is now.
        current: Box<Handling>,
    },
    /// Not from this state.
    #[error("{action} is not allowed when {status}, only when {}", list(from))]
    NotAllowed {
        /// What was asked.
        action: ActionKind,
        /// As it is.
        status: HandlingStatus,
        /// From where it would be.
        from: &'static [HandlingStatus],
    },
    /// Something is not given.
    #[error("{action} needs a {what}")]
    Missing {
        /// What was asked.
        action: ActionKind,
        /// What it needs.
        what: &'static str,
    },
    /// There is one already.
    #[error("an appeal is pending already")]
    AppealPending,
    /// There is none to decide.
    #[error("no appeal is pending")]
    NoAppeal,
    /// This request id was done before; nothing was done again.
    #[error("this request was done already")]
    Duplicate {
        /// The answer it got.
        handling: Box<Handling>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ActError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for ActError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

/// One row of an alert's story: a revision by the engine or an action by a person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// When.
    pub at: ReceiveTime,
    /// Who; empty for the engine.
    pub by: String,
    /// For which department.
    pub department: Option<Department>,
    /// Which way.
    pub via: Via,
    /// An action, or `raised`, `updated`, `cleared`.
    pub action: String,
    /// A text.
    pub note: Option<String>,
    /// Status before; `None` for the engine.
    pub from: Option<HandlingStatus>,
    /// Status after; `None` for the engine.
    pub to: Option<HandlingStatus>,
}

/// One row of the audit log, which is only ever added to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: ReceiveTime,
    /// Who.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// More; never a secret.
    pub detail: String,
}

impl AuditEntry {
    /// What the service does of itself.
    pub fn by_itself(at: ReceiveTime, action: &str, subject: &str, detail: String) -> Self {
        let (by, action, subject) = ("roadwarden".to_owned(), action.to_owned(), subject.to_owned());
        Self { at, by, via: Via::Service, action, subject, detail }
    }
}

impl Ledger {
    /// Does one action, or says why not and changes nothing.
    pub fn act(&self, action: &Action) -> Result<Handling, ActError> {
        let handling = self.write(|transaction| act_in(transaction, action))?;
        self.inner.outbox.notify_one();
        // Nobody listening is no error.
        let _ = self.inner.handling.send((action.alert, handling.clone()));
        Ok(handling)
    }

    /// Adds to the audit log.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(|transaction| Ok(insert_audit(transaction, entry)?))
    }
}

fn act_in(transaction: &Transaction<'_>, action: &Action) -> Result<Handling, ActError> {
    if let Some(request) = &action.request_id {
        let known: Option<String> = transaction
            .prepare_cached("SELECT handling FROM request WHERE id = ?")?
            .query_row([request], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            return Err(ActError::Duplicate { handling: serde_json::from_str(&known)? });
        }
    }
    let row: Option<(String, u32, String, String, i64)> = transaction
        .prepare_cached("SELECT handling, revision, division, rule, departments FROM alert WHERE id = ?")?
        .query_row([action.alert.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let (current, revision, division, rule, departments) = row.ok_or(ActError::UnknownAlert(action.alert))?;
    let current: Handling = serde_json::from_str(&current)?;
    if action.expected_version.is_some_and(|expected| expected != current.version) {
        return Err(ActError::Stale { current: Box::new(current) });
    }
    let next = current.after(action)?;
    let text = serde_json::to_string(&next)?;
    // Who handled it stays known until somebody takes it up again.
    let finishes = next.status == HandlingStatus::Handled && current.status != HandlingStatus::Handled;
    transaction
        .prepare_cached(
            "UPDATE alert SET status = ?1, handling = ?2, result = ?3, due_at = ?4,
                 handled_at = CASE WHEN ?5 THEN ?6 WHEN ?1 IN ('handled', 'closed') THEN handled_at END,
                 handled_by = CASE WHEN ?5 THEN ?7 WHEN ?1 IN ('handled', 'closed') THEN handled_by END
             WHERE id = ?8",
        )?
        .execute(params![
            next.status.as_str(),
            text,
            next.result.map(Outcome::as_str),
            next.due_at.map(ReceiveTime::ms),
            finishes,
            action.at.ms(),
            action.by,
            action.alert.as_bytes()
        ])?;
    let entry = insert_story(transaction, action, &current, &next)?;
    seal(transaction, Kind::Entry, entry, action.at.ms())?;
    seal(transaction, Kind::Handling, entry, action.at.ms())?;
    if let Some(request) = &action.request_id {
        transaction
            .prepare_cached("INSERT INTO request (id, at, handling) VALUES (?, ?, ?)")?
            .execute(params![request, action.at.ms(), text])?;
    }
    let payload =
        json!({"alert_id": action.alert, "revision": revision, "handling": next}).to_string().into_bytes();
    for department in record::departments_of(departments) {
        transaction
            .prepare_cached(
                "INSERT INTO outbox (kind, department, division, rule, payload, created) VALUES ('handling', ?, ?, ?, ?, ?)",
            )?
            .execute(params![department.as_str(), division, rule, payload, action.at.ms()])?;
    }
    Ok(next)
}

/// Gives the number of the row of the timeline.
fn insert_story(
    transaction: &Transaction<'_>,
    action: &Action,
    current: &Handling,
    next: &Handling,
) -> Result<i64, ActError> {
    let entry = TimelineEntry {
        at: action.at,
        by: action.by.clone(),
        department: action.department,
        via: action.via,
        action: action.kind.to_string(),
        note: action.note.clone(),
        from: Some(current.status),
        to: Some(next.status),
    };
    transaction.prepare_cached("INSERT INTO timeline (id, at, entry) VALUES (?, ?, ?)")?.execute(params![
        action.alert.as_bytes(),
        action.at.ms(),
        serde_json::to_string(&entry)?
    ])?;
    let number = transaction.last_insert_rowid();
    let audit = AuditEntry {
        at: action.at,
        by: action.by.clone(),
        via: action.via,
        action: action.kind.to_string(),
        subject: action.alert.to_string(),
        detail: format!("{} to {}", current.status, next.status),
    };
    insert_audit(transaction, &audit)?;
    Ok(number)
}

/// The one place that writes a row of the audit log, and its seal.
pub(crate) fn insert_audit(transaction: &Transaction<'_>, entry: &AuditEntry) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("INSERT INTO audit (at, by, via, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![
            entry.at.ms(),
            entry.by,
            entry.via.as_str(),
            entry.action,
            entry.subject,
            entry.detail
        ])?;
    seal(transaction, Kind::Audit, transaction.last_insert_rowid(), entry.at.ms())
}

fn list(statuses: &[HandlingStatus]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ")
}
