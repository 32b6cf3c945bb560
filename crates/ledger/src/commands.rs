//! Commands to terminals: queued by people and programs, sent by the gateway, ended by an answer or by time.
//!
//! ```text
//! queued ─take─▶ sent ─settle─▶ acknowledged | failed | timed-out
//!   │  ◀──────────┘ requeued
//!   ├─cancel─▶ cancelled
//!   └─expire─▶ timed-out
//! ```
//!
//! Each step is one transaction with its audit row. What a command says and means is not judged here.

mod life;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fleet::{ReceiveTime, TerminalId, Title};
use rusqlite::types::{Type, Value as SqlValue};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

pub use self::life::{Settled, Settlement};
use crate::act::insert_audit;
use crate::handling::word_enum;
use crate::outbox::word;
use crate::query::Filter;
use crate::{AuditEntry, Ledger, Page, StoreError, Via, accounts};

/// The id of a command.
pub type CommandId = Uuid;

/// Commands that may wait for one terminal: a terminal takes some a second, more is somebody's mistake. Beyond it
/// [`QueueError::Full`].
const OPEN_MAX_EACH: i64 = 64;
/// Commands that may wait for all terminals, about 50 MB. Beyond it [`QueueError::Full`].
const OPEN_MAX: i64 = 100_000;
/// The longest a command may wait for its terminal; a longer wish is cut to it.
pub const COMMAND_LASTS_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// The name transitions of the service stand under in the audit log.
const GATEWAY: &str = "gateway";

/// The columns of a row in the order of [`read`].
const COLUMNS: &str = "seq, id, terminal, body, state, by, via, created, expires, attempts, serial, result, reason, answer, updated";

word_enum! {
    /// How far a command is.
    CommandState {
        /// Waits for its terminal.
        Queued = "queued",
        /// On its way; the answer is missing.
        Sent = "sent",
        /// The terminal has done it, or sent what was asked for.
        Acknowledged = "acknowledged",
        /// The terminal has refused it, or it can't be sent.
        Failed = "failed",
        /// The terminal didn't come or didn't answer in time.
        TimedOut = "timed-out",
        /// Taken back before it was sent.
        Cancelled = "cancelled",
    }
}

impl CommandState {
    /// Whether nothing more happens to it.
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Queued | Self::Sent)
    }
}

/// What somebody asks of a terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCommand {
    /// Whom.
    pub terminal: TerminalId,
    /// What, an object with its `kind`.
    pub command: Value,
    /// Who.
    pub by: String,
    /// Which way it came.
    pub via: Via,
    /// How long it waits for its terminal, at most [`COMMAND_LASTS_MAX`].
    pub lasts: Duration,
    /// The same key twice queues once.
    pub request_key: Option<String>,
}

/// A command and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommandRecord {
    /// Its id.
    pub id: CommandId,
    /// Whom it is for.
    pub terminal: TerminalId,
    /// What it asks, an object with its `kind`.
    pub command: Value,
    /// How far.
    pub state: CommandState,
    /// Who asked.
    pub by: String,
    /// Which way it came.
    pub via: Via,
    /// When it was queued.
    pub created_at: ReceiveTime,
    /// When it is given up if its terminal hasn't come.
    pub expires_at: ReceiveTime,
    /// How often it was sent.
    pub attempts: u32,
    /// Serial of the message that carried it last.
    pub serial: Option<u16>,
    /// The terminal's result: 0 done, 1 failed, 2 wrong, 3 unsupported.
    pub result: Option<u8>,
    /// Why it is no further, or ended without success.
    pub reason: Option<Title>,
    /// What the terminal sent in answer, where that is more than a result.
    pub answer: Option<Value>,
    /// When it last changed.
    pub updated_at: ReceiveTime,
}

impl CommandRecord {
    /// What kind of command it is.
    pub fn kind(&self) -> &str {
        self.command.get("kind").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Which commands of a terminal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandQuery {
    /// Whose.
    pub terminal: TerminalId,
    /// In one of these states; empty: in any.
    pub states: Vec<CommandState>,
    /// At most so many.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// Why a command was not queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Too many wait already.
    #[error("{waiting} commands wait for {whom} already, at most {most} may")]
    Full {
        /// So many.
        waiting: i64,
        /// For `this terminal` or `all terminals`.
        whom: &'static str,
        /// The bound.
        most: i64,
    },
    /// The key stands for another command.
    #[error("the key was used for another command")]
    KeyReused,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a command was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// No such command.
    #[error("command {0} is unknown")]
    Unknown(CommandId),
    /// It is queued no more.
    #[error("the command is {}, only a queued one can be cancelled", current.state)]
    NotQueued {
        /// As it is.
        current: Box<CommandRecord>,
    },
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
    )+};
}
store_errors! { QueueError CancelError }

impl Ledger {
    /// Every change of a command from now on. A subscriber that lags loses the oldest and has to ask anew.
    pub fn subscribe_commands(&self) -> broadcast::Receiver<CommandRecord> {
        self.inner.commands.subscribe()
    }

    /// Queues a command; durable when this returns. A request key met before changes nothing and gives the command it
    /// stands for, as it is now.
    ///
    /// # Errors
    /// When too many wait, the key stands for another command, or the store fails.
    pub fn queue_command(&self, new: &NewCommand, at: ReceiveTime) -> Result<CommandRecord, QueueError> {
        let waiting = self.inner.metrics.commands_open();
        let id = uuid::Builder::from_random_bytes(accounts::random()?).into_uuid();
        let record = CommandRecord {
            id,
            terminal: new.terminal,
            command: new.command.clone(),
            state: CommandState::Queued,
            by: new.by.clone(),
            via: new.via,
            created_at: at,
            expires_at: at.plus(new.lasts.min(COMMAND_LASTS_MAX)),
            attempts: 0,
            serial: None,
            result: None,
            reason: None,
            answer: None,
            updated_at: at,
        };
        let known = self.write(|transaction| {
            if let Some(known) = find_by_key(transaction, new.request_key.as_deref())? {
                let same = known.terminal == new.terminal && known.command == new.command;
                return if same { Ok(Some(known)) } else { Err(QueueError::KeyReused) };
            }
            let each: i64 = transaction
                .prepare_cached(
                    "SELECT count(*) FROM command WHERE terminal = ? AND (state = 'queued' OR state = 'sent')",
                )?
                .query_row([new.terminal.as_str()], |row| row.get(0))?;
            for (waiting, whom, most) in
                [(each, "this terminal", OPEN_MAX_EACH), (waiting, "all terminals", OPEN_MAX)]
            {
                if waiting >= most {
                    return Err(QueueError::Full { waiting, whom, most });
                }
            }
            insert(transaction, &record, new.request_key.as_deref())?;
            audit(transaction, &record, &record.by, record.via)?;
            Ok(None)
        })?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.inner.metrics.command_moved(None, record.state);
        self.announce(&record);
        Ok(record)
    }

    /// Takes back a command that is still queued.
    ///
    /// # Errors
    /// When it is unknown or queued no more, or the store fails.
    pub fn cancel_command(
        &self,
        id: CommandId,
        by: &str,
        via: Via,
        at: ReceiveTime,
    ) -> Result<CommandRecord, CancelError> {
        let cancelled = self.write(|transaction| {
            let current = find(transaction, id)?.ok_or(CancelError::Unknown(id))?;
            if current.state != CommandState::Queued {
                return Err(CancelError::NotQueued { current: Box::new(current) });
            }
            let cancelled = CommandRecord { state: CommandState::Cancelled, updated_at: at, ..current };
            update(transaction, &cancelled)?;
            audit(transaction, &cancelled, by, via)?;
            Ok(cancelled)
        })?;
        self.inner.metrics.command_moved(Some(CommandState::Queued), cancelled.state);
        self.announce(&cancelled);
        Ok(cancelled)
    }

    /// One command.
    pub fn command(&self, id: CommandId) -> Result<Option<CommandRecord>, StoreError> {
        find(&self.reader(), id)
    }

    /// Whether a command with a request key that begins so was ever queued for this terminal and is remembered.
    pub fn has_command(&self, terminal: TerminalId, key_prefix: &str) -> Result<bool, StoreError> {
        let reader = self.reader();
        // The last letter there is closes the range that the index of keys can search.
        let mut statement = reader.prepare_cached(
            "SELECT 1 FROM command WHERE request_key >= ?1 AND request_key < ?1 || char(1114111) AND terminal = ?2",
        )?;
        Ok(statement.exists([key_prefix, terminal.as_str()])?)
    }

    /// A page of the commands of a terminal, newest first.
    pub fn commands(&self, query: &CommandQuery) -> Result<Page<CommandRecord>, StoreError> {
        let mut filter = Filter::default();
        filter.and("terminal = ?", SqlValue::Text(query.terminal.as_str().to_owned()));
        filter.one_of("state", query.states.iter().map(|state| state.as_str()));
        if let Some(cursor) = &query.cursor {
            let seq = i64::from_str_radix(cursor, 16).map_err(|_| StoreError::Cursor(cursor.clone()))?;
            filter.and("seq < ?", SqlValue::Integer(seq));
        }
        filter.values.push(SqlValue::Integer(i64::try_from(query.limit + 1).unwrap_or(i64::MAX)));
        let sql = format!("SELECT {COLUMNS} FROM command WHERE 1{} ORDER BY seq DESC LIMIT ?", filter.sql);
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows: Vec<(i64, CommandRecord)> = statement
            .query_map(rusqlite::params_from_iter(filter.values), |row| Ok((row.get(0)?, read(row)?)))?
            .collect::<Result<_, _>>()?;
        let more = rows.len() > query.limit;
        let shown: Vec<_> = rows.into_iter().take(query.limit).collect();
        let next = shown.last().filter(|_| more).map(|(seq, _)| format!("{seq:x}"));
        Ok(Page { items: shown.into_iter().map(|(_, record)| record).collect(), next })
    }

    fn announce(&self, record: &CommandRecord) {
        // Nobody listening is no error.
        let _ = self.inner.commands.send(record.clone());
    }
}

fn insert(
    transaction: &Transaction<'_>,
    record: &CommandRecord,
    key: Option<&str>,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO command (id, terminal, kind, body, state, by, via, created, expires, attempts, updated, request_key)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        )?
        .execute(params![
            record.id.to_string(),
            record.terminal.as_str(),
            record.kind(),
            record.command.to_string(),
            record.state.as_str(),
            record.by,
            record.via.as_str(),
            record.created_at.ms(),
            record.expires_at.ms(),
            record.updated_at.ms(),
            key
        ])
        .map(drop)
}

/// Everything of a row that a step may change.
fn update(transaction: &Transaction<'_>, record: &CommandRecord) -> Result<(), rusqlite::Error> {
    let reason = record.reason.as_ref().map(|Title { zh, en }| json!({ "zh": zh, "en": en }).to_string());
    transaction
        .prepare_cached(
            "UPDATE command SET state = ?, attempts = ?, serial = ?, result = ?, reason = ?, answer = ?, updated = ?
             WHERE id = ?",
        )?
        .execute(params![
            record.state.as_str(),
            record.attempts,
            record.serial,
            record.result,
            reason,
            record.answer.as_ref().map(Value::to_string),
            record.updated_at.ms(),
            record.id.to_string()
        ])
        .map(drop)
}

/// The audit row of the step that led to this. What the command says stays in its row: a parameter may be a secret.
fn audit(
    transaction: &Transaction<'_>,
    record: &CommandRecord,
    by: &str,
    via: Via,
) -> Result<(), rusqlite::Error> {
    let detail = json!({
        "terminal": record.terminal,
        "kind": record.kind(),
        "attempts": record.attempts,
        "result": record.result,
        "reason": record.reason.as_ref().map(|reason| &reason.en),
    });
    let entry = AuditEntry {
        at: record.updated_at,
        by: by.to_owned(),
        via,
        action: format!("command-{}", record.state),
        subject: record.id.to_string(),
        detail: detail.to_string(),
    };
    insert_audit(transaction, &entry)
}

fn find(connection: &rusqlite::Connection, id: CommandId) -> Result<Option<CommandRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM command WHERE id = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([id.to_string()], read).optional()?)
}

fn find_by_key(
    connection: &rusqlite::Connection,
    key: Option<&str>,
) -> Result<Option<CommandRecord>, rusqlite::Error> {
    let Some(key) = key else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM command WHERE request_key = ?");
    connection.prepare_cached(&sql)?.query_row([key], read).optional()
}

/// A row of [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<CommandRecord, rusqlite::Error> {
    let time = |column| row.get(column).map(ReceiveTime::from_ms);
    Ok(CommandRecord {
        id: word(row, 1, Uuid::parse_str)?,
        terminal: word(row, 2, TerminalId::parse)?,
        command: document(row, 3)?.unwrap_or_default(),
        state: word(row, 4, |text| CommandState::from_str(text).map_err(std::io::Error::other))?,
        by: row.get(5)?,
        via: word(row, 6, |text| Via::from_str(text).map_err(std::io::Error::other))?,
        created_at: time(7)?,
        expires_at: time(8)?,
        attempts: row.get(9)?,
        serial: row.get(10)?,
        result: row.get(11)?,
        reason: document(row, 12)?,
        answer: document(row, 13)?,
        updated_at: time(14)?,
    })
}

/// A column that holds JSON or nothing.
fn document<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>, rusqlite::Error> {
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(wrong)).transpose()
}
