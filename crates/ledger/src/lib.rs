//! What people and the law ask for later: alerts, what was done about them, who may see them, what is to be sent, and
//! what terminals were asked to do, and the list of major dangers.
//!
//! One SQLite file. An alert's revision and the outbox rows that announce it are one transaction; so are an action,
//! its timeline row, its audit row and its outbox rows. Calls block. This crate does **not** judge or send anything.

mod accounts;
mod act;
mod audit;
mod commands;
mod dangers;
mod deliveries;
mod export;
mod factors;
mod handling;
mod metrics;
mod outbox;
mod passwords;
mod period;
mod places;
mod profiles;
mod quality;
mod query;
mod record;
mod rule_changes;
mod schema;

mod scope;
mod seal;
mod security;
mod sessions;
mod stats;
mod tally;
#[cfg(test)]
mod tests;
mod totp;
mod trim;
mod verify;
mod views;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::now;
use fleet::AlertId;
use rusqlite::Connection;
use tokio::sync::{Notify, broadcast, watch};

pub use crate::accounts::{AccountError, Author, Identity, Role, Token, Unfit, User};
pub use crate::act::{ActError, Action, AuditEntry, TimelineEntry};
pub use crate::audit::{AUDIT_KEEP_MIN, AuditQuery, Noted};
pub use crate::commands::{
    COMMAND_LASTS_MAX, CancelError, CommandId, CommandQuery, CommandRecord, CommandState, NewCommand,
    QueueError, Settled, Settlement,
};
pub use crate::dangers::{
    Announced, AssignedTo, Bulletin, BulletinError, BulletinItem, BulletinOperator, BulletinPart,
    BulletinSums, BulletinTitle, CreateDangerError, DANGER_ALERTS_MAX, Danger, DangerAction,
    DangerActionKind, DangerEntry, DangerError, DangerId, DangerLevel, DangerPart, DangerQuery, DangerStatus,
    DangerThresholds, NewDanger, Report, Reports, Source, SourceKind, Trigger, Watched,
};
pub use crate::deliveries::{Again, Delivery, DeliveryState, Moment, Owing, Receipt, Receiving};
pub use crate::export::Exported;
pub use crate::factors::{Confirmed, FactorCheck, FactorError, FactorState, NewFactor, RECOVERY_CODES};
pub use crate::handling::{ActionKind, Appeal, Handling, HandlingStatus, Outcome, Reason, Via};
pub use crate::outbox::{Lane, Outgoing, OutgoingKind, Sent, Waiting};
pub use crate::period::Whose;
pub use crate::places::{PLACE_VERSIONS_MAX, PlaceVersion};
pub use crate::quality::{QualityQuery, QualityRow};
pub use crate::query::{Listed, Page, Query, Sort};
pub use crate::record::{KeptFrame, Ruled};
pub use crate::rule_changes::{
    NewRuleChange, ProposeError, RULE_CHANGES_PENDING_MAX, RuleChange, RuleChangeState, RuleDecision,
};

pub use crate::scope::{Scope, Within};
pub use crate::seal::Head;
pub use crate::security::{SECURITY_EVENTS_MAX, STRANGERS_MAX, SecurityEvent, Stranger};
pub use crate::sessions::{Origin, Session, SessionLimits, SignedIn, Use, session_id};
pub use crate::stats::{AlertCount, By, MonthCount};
pub use crate::tally::Tally;
pub use crate::verify::{JournalNote, Verified, verify};
pub use crate::views::{Owner, VIEWS_MAX, View, ViewError};

use crate::metrics::Metrics;

/// Lists that are read at a time: a long count holds up nobody else, and a handful of cores are busy. Each keeps up to 2 MB
/// of pages.
const READERS: usize = 4;
/// Changes of handling that a slow subscriber may lag behind before it loses the oldest.
const HANDLING_BACKLOG: usize = 1024;
/// The same for changes of commands.
const COMMANDS_BACKLOG: usize = 1024;
/// The same for changes of major dangers.
const DANGERS_BACKLOG: usize = 1024;

/// Why the ledger can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite.
    #[error("can't open ledger {path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Its directory.
    #[error("can't make the directory of ledger {path}: {source}")]
    Directory {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Written by a newer version.
    #[error("ledger {path} has format {found}, this version reads up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It holds what this version can't read.
    #[error("can't read ledger {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is in it.
        source: Box<StoreError>,
    },
    /// The metrics are registered already.
    #[error("can't register the ledger's metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Why the ledger can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("ledger: {0}")]
    Database(#[from] rusqlite::Error),
    /// A stored document can't be read.
    #[error("ledger holds a document that can't be read: {0}")]
    Document(#[from] serde_json::Error),
    /// A cursor that this ledger didn't give.
    #[error("{0:?} is no cursor of this list")]
    Cursor(String),
    /// A division filter that is no prefix of one.
    #[error("{0:?} is no division, expected 2, 4 or 6 digits of GB/T 2260")]
    Division(String),
    /// A password can't be hashed.
    #[error("can't hash the password: {0}")]
    Password(argon2::password_hash::Error),
    /// No random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(String),
}

/// The ledger; clones share it.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    /// For lists and single alerts, and for who is asking.
    readers: [Mutex<Connection>; READERS],
    /// Whose turn it is to be waited for when all are taken.
    turn: AtomicUsize,
    /// For the outbox, so that a long list doesn't hold up sending.
    outbox_reader: Mutex<Connection>,
    /// For statistics and exports, which may take seconds.
    stats_reader: Mutex<Connection>,
    /// For profiles, which a login waits for.
    profile_reader: Mutex<Connection>,
    /// For patterns over months of alerts, so that the search for them doesn't hold up lists.
    pattern_reader: Mutex<Connection>,
    metrics: Metrics,
    outbox: Arc<Notify>,
    handling: broadcast::Sender<(AlertId, Handling)>,
    commands: broadcast::Sender<CommandRecord>,
    dangers: broadcast::Sender<Danger>,
    /// Counts endings of credentials.
    access: watch::Sender<u64>,
    factor_key: factors::FactorKey,
    /// Last, for fields are dropped in order: only who writes can bring the log of the file into it when it is closed, and
    /// whoever closes it last does.
    writer: Mutex<Connection>,
}

impl Ledger {
    /// Opens or makes the ledger at `path`.
    pub fn open(path: &Path, metrics: &prometheus::Registry) -> Result<Self, OpenError> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .map_err(|source| OpenError::Directory { path: path.to_owned(), source })?;
        }
        let writer = schema::open_writer(path)?;
        let open_commands = schema::open_commands(&writer, path)?;
        let metrics = Metrics::register(metrics)?;
        metrics.count_open_commands(&open_commands);
        // One opened is not cloned: each is its own.
        let readers = [
            schema::open_reader(path)?,
            schema::open_reader(path)?,
            schema::open_reader(path)?,
            schema::open_reader(path)?,
        ];
        let inner = Inner {
            readers: readers.map(Mutex::new),
            turn: AtomicUsize::new(0),
            outbox_reader: Mutex::new(schema::open_reader(path)?),
            stats_reader: Mutex::new(schema::open_reader(path)?),
            profile_reader: Mutex::new(schema::open_reader(path)?),
            pattern_reader: Mutex::new(schema::open_reader(path)?),
            metrics,
            outbox: Arc::new(Notify::new()),
            handling: broadcast::Sender::new(HANDLING_BACKLOG),
            commands: broadcast::Sender::new(COMMANDS_BACKLOG),
            dangers: broadcast::Sender::new(DANGERS_BACKLOG),
            access: watch::Sender::new(0),
            factor_key: factors::FactorKey::beside(path),
            writer: Mutex::new(writer),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Every change of handling from now on.
    pub fn subscribe_handling(&self) -> broadcast::Receiver<(AlertId, Handling)> {
        self.inner.handling.subscribe()
    }

    /// One transaction; a failed one is counted and changes nothing.
    fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.inner.writer);
        let failed = |error: rusqlite::Error| {
            self.inner.metrics.write_failures.inc();
            E::from(StoreError::Database(error))
        };
        let transaction =
            writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    /// The same for what may end a credential: who watches [`Ledger::access_changes`] asks again.
    fn write_access<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let done = self.write(work)?;
        self.announce_access();
        Ok(done)
    }

    /// Changes whenever a credential may have ended: whoever serves somebody at length then asks who that is. What another
    /// process does is seen through [`Ledger::access_epoch`].
    pub fn access_changes(&self) -> watch::Receiver<u64> {
        self.inner.access.subscribe()
    }

    /// Wakes whoever watches [`Ledger::access_changes`].
    pub fn announce_access(&self) {
        self.inner.access.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Grows with each credential that ended, whichever process ended it.
    pub fn access_epoch(&self) -> Result<i64, StoreError> {
        let reader = lock(&self.inner.profile_reader);
        Ok(reader.prepare_cached("SELECT epoch FROM access_epoch")?.query_row([], |row| row.get(0))?)
    }

    /// One that is free, or else one after the other.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        let Inner { readers, turn, .. } = &*self.inner;
        readers.iter().find_map(|reader| reader.try_lock().ok()).unwrap_or_else(|| {
            // The remainder is below the number of readers.
            lock(&readers[turn.fetch_add(1, Ordering::Relaxed) % READERS])
        })
    }

    fn stats_reader(&self) -> MutexGuard<'_, Connection> {
        lock(&self.inner.stats_reader)
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A panic inside a transaction rolled it back; the connection is still good.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
