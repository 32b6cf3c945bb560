//! What the gateway does with commands: takes, settles, expires and forgets them.

use std::time::Duration;

use fleet::{ReceiveTime, TerminalId, Title};
use rusqlite::{Transaction, params};
use serde_json::Value;

use super::{COLUMNS, CommandId, CommandRecord, CommandState, GATEWAY, audit, find, read, update};
use crate::outbox::word;
use crate::{Ledger, StoreError, Via};

/// How long an ended command stays to be asked for; its audit rows stay longer.
const KEEP: Duration = Duration::from_secs(180 * 24 * 3600);
/// Ended commands kept at most, some 300 MB; the oldest go first. What ends between two prunings comes on top.
const ENDED_MAX: i64 = 500_000;
/// Commands changed in one transaction; what is left over comes with the next.
const BATCH_MAX: i64 = 500;

/// What became of a command that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Which.
    pub id: CommandId,
    /// Serial of the message that carried it, where one did.
    pub serial: Option<u16>,
    /// What.
    pub to: Settlement,
}

/// See [`Settled`].
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// The terminal has done it; what it sent besides.
    Acknowledged(Option<Value>),
    /// The terminal's result, where it gave one, and what that means.
    Failed(Option<u8>, Title),
    /// It left and brought no answer: it is to be sent again.
    Requeued(Title),
    /// It brought no answer and is not sent again.
    TimedOut(Title),
    /// Nothing of it left: it waits as if it had not been taken.
    Unsent(Title),
}

impl Ledger {
    /// Takes the oldest queued commands of these terminals, at most so many of each: they are `sent` when this returns,
    /// durably, so that none is sent twice unknowingly. Expired ones are passed over.
    pub fn take_commands(
        &self,
        wanted: &[(TerminalId, usize)],
        at: ReceiveTime,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        let taken = self.write(|transaction| -> Result<Vec<CommandRecord>, StoreError> {
            let mut taken = Vec::new();
            for (terminal, most) in wanted {
                taken.extend(take(transaction, *terminal, *most, at)?);
            }
            Ok(taken)
        })?;
        self.moved(CommandState::Queued, &taken);
        Ok(taken)
    }

    /// Enters what became of commands that were taken; one that is not `sent` stays as it is. What changed.
    pub fn settle_commands(
        &self,
        settled: &[Settled],
        at: ReceiveTime,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        let changed = self.write(|transaction| -> Result<Vec<CommandRecord>, StoreError> {
            let mut changed = Vec::new();
            for settled in settled {
                let sent = find(transaction, settled.id)?.filter(|record| record.state == CommandState::Sent);
                if let Some(record) = sent {
                    let record = settle(record, settled, at);
                    change(transaction, &record)?;
                    changed.push(record);
                }
            }
            Ok(changed)
        })?;
        self.moved(CommandState::Sent, &changed);
        Ok(changed)
    }

    /// Ends queued commands whose time is over, at most 500 at once; gives those it ended.
    pub fn expire_commands(&self, reason: &Title, at: ReceiveTime) -> Result<Vec<CommandRecord>, StoreError> {
        let expired = self.write(|transaction| -> Result<Vec<CommandRecord>, StoreError> {
            let sql = format!(
                "SELECT {COLUMNS} FROM command WHERE state = 'queued' AND expires <= ? ORDER BY expires LIMIT ?"
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let mut due: Vec<CommandRecord> =
                statement.query_map([at.ms(), BATCH_MAX], read)?.collect::<Result<_, _>>()?;
            for record in &mut due {
                (record.state, record.updated_at) = (CommandState::TimedOut, at);
                record.reason = Some(reason.clone());
                change(transaction, record)?;
            }
            Ok(due)
        })?;
        self.moved(CommandState::Queued, &expired);
        Ok(expired)
    }

    /// Every command that was taken and has not been settled: after a start, what the last run left.
    pub fn sent_commands(&self) -> Result<Vec<CommandRecord>, StoreError> {
        let reader = self.reader();
        let sql = format!("SELECT {COLUMNS} FROM command WHERE state = 'sent' ORDER BY seq");
        let mut statement = reader.prepare_cached(&sql)?;
        Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// Terminals that commands wait for.
    pub fn terminals_with_commands(&self) -> Result<Vec<TerminalId>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT DISTINCT terminal FROM command WHERE state = 'queued'")?;
        let rows = statement.query_map([], |row| word(row, 0, TerminalId::parse))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets ended commands older than half a year, and beyond half a million the oldest; returns how many went.
    pub fn prune_commands(&self, at: ReceiveTime) -> Result<u64, StoreError> {
        self.prune_commands_beyond(at, ENDED_MAX)
    }

    pub(super) fn prune_commands_beyond(&self, at: ReceiveTime, most: i64) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let old = at.ms() - i64::try_from(KEEP.as_millis()).unwrap_or(i64::MAX);
            let ended = "state NOT IN ('queued', 'sent')";
            let gone = transaction
                .execute(&format!("DELETE FROM command WHERE {ended} AND updated < ?"), [old])?
                + transaction.execute(
                    &format!(
                        "DELETE FROM command WHERE seq IN
                         (SELECT seq FROM command WHERE {ended} ORDER BY updated DESC, seq DESC LIMIT -1 OFFSET ?)"
                    ),
                    [most],
                )?;
            Ok(gone as u64)
        })
    }

    fn moved(&self, from: CommandState, records: &[CommandRecord]) {
        for record in records {
            self.inner.metrics.command_moved(Some(from), record.state);
            self.announce(record);
        }
    }
}

fn take(
    transaction: &Transaction<'_>,
    terminal: TerminalId,
    most: usize,
    at: ReceiveTime,
) -> Result<Vec<CommandRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM command WHERE terminal = ? AND state = 'queued' AND expires > ? ORDER BY seq LIMIT ?"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = transaction.prepare_cached(&sql)?;
    let rows = statement.query_map(params![terminal.as_str(), at.ms(), most], read)?;
    let mut taken: Vec<CommandRecord> = rows.collect::<Result<_, _>>()?;
    for record in &mut taken {
        (record.state, record.updated_at) = (CommandState::Sent, at);
        record.attempts += 1;
        (record.serial, record.reason) = (None, None);
        change(transaction, record)?;
    }
    Ok(taken)
}

fn settle(record: CommandRecord, settled: &Settled, at: ReceiveTime) -> CommandRecord {
    let mut record = CommandRecord { updated_at: at, serial: settled.serial, ..record };
    match settled.to.clone() {
        Settlement::Acknowledged(answer) => {
            (record.state, record.result, record.answer) = (CommandState::Acknowledged, Some(0), answer);
        }
        Settlement::Failed(result, reason) => {
            (record.state, record.result, record.reason) = (CommandState::Failed, result, Some(reason));
        }
        Settlement::Requeued(reason) => {
            (record.state, record.reason) = (CommandState::Queued, Some(reason));
        }
        Settlement::TimedOut(reason) => {
            (record.state, record.reason) = (CommandState::TimedOut, Some(reason));
        }
        Settlement::Unsent(reason) => {
            (record.state, record.reason) = (CommandState::Queued, Some(reason));
            record.attempts = record.attempts.saturating_sub(1);
        }
    }
    record
}

fn change(transaction: &Transaction<'_>, record: &CommandRecord) -> Result<(), rusqlite::Error> {
    update(transaction, record)?;
    audit(transaction, record, GATEWAY, Via::Service)
}
