//! Rules and reference files, read again while the service runs: all of it or nothing. The audit log says what changed
//! and who asked for it, before it comes into force.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use dispatch::Dispatch;
use fleet::Map;
use ledger::{AuditEntry, Ledger, RuleChange, RuleChangeState, RuleDecision, StoreError, Via};
use pipeline::Pipeline;
use settings::{Loaded, Mqtt, Problems, Reference, RuleChanges, Settings};
use tokio::sync::watch;

use crate::clock;
use crate::service::ground;

mod redraw;

pub use redraw::NotRedrawn;

/// Puts new sets into force, one at a time.
pub struct Reloader {
    /// What is read again.
    pub config: PathBuf,
    /// What holds until the next start.
    pub settings: Settings,
    /// Where it is written down.
    pub ledger: Ledger,
    /// The rules.
    pub pipeline: Weak<Pipeline>,
    /// Who is let in.
    pub registry: watch::Sender<Arc<fleet::Registry>>,
    /// The set in force.
    pub reference: watch::Sender<Arc<Reference>>,
    /// Whose accounts at the broker change with it; set once it runs.
    pub dispatch: OnceLock<Weak<Dispatch>>,
    /// Whether the service stops; locked while a set comes into force.
    pub is_stopping: Mutex<bool>,
}

/// Why the running set stays in force.
#[derive(Debug)]
pub enum Refused {
    /// Something in the configuration or in a reference file is wrong.
    Problems(Problems),
    /// What can't be written down does not come into force.
    Ledger(StoreError),
    /// The console's file with the rules it has set.
    File(PathBuf, std::io::Error),
    /// Too late.
    Stopping,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => problems.fmt(f),
            Self::Ledger(error) => write!(f, "the audit log can't be written: {error}"),
            Self::File(path, error) => write!(f, "{} can't be written: {error}", path.display()),
            Self::Stopping => f.write_str("the service is stopping"),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error)
    }
}

impl Reloader {
    /// Reads everything again and puts it into force; blocks. Gives what changed, in words.
    pub fn reload(&self, by: &str, via: Via) -> Result<Vec<String>, Refused> {
        let turn = self.turn()?;
        let loaded = settings::load(&self.config).or_else(|problems| {
            self.audit((by, via), ("reload-refused", &turn.running.version), refusal(&problems))?;
            Err(Refused::Problems(problems))
        })?;
        let changes = turn.running.changes(&loaded.reference);
        let detail = story(&turn.running, &loaded.reference, &changes);
        self.audit((by, via), ("reload", &loaded.reference.version), detail)?;
        self.put_in_force(&turn, loaded, &changes, by);
        Ok(changes)
    }

    /// Puts a change of the rules into force that waits for it, with everything that a reload reads, and keeps it in the
    /// console's file; blocks. `None`: nothing of this number waits.
    pub fn change_rules(
        &self,
        id: u64,
        (by, via): (&str, Via),
        note: &str,
    ) -> Result<Option<RuleChange>, Refused> {
        let turn = self.turn()?;
        let pending = |change: &RuleChange| change.state == RuleChangeState::Pending;
        let Some(asked) = self.ledger.rule_change(id)?.filter(pending) else { return Ok(None) };
        let changes: RuleChanges = serde_json::from_value(asked.changes).map_err(StoreError::from)?;
        let loaded = settings::load_changed(&self.config, &changes, id).or_else(|problems| {
            self.audit((by, via), ("rules-refused", &id.to_string()), refusal(&problems))?;
            Err(Refused::Problems(problems))
        })?;
        let path = settings::console_rules(&loaded.settings.data_dir);
        let unwritten = |error| Refused::File(path.clone(), error);
        let fresh = beside(&path, &loaded.reference.rules.text()).map_err(unwritten)?;
        let said = turn.running.changes(&loaded.reference);
        let detail = story(&turn.running, &loaded.reference, &said);
        let decision = RuleDecision {
            state: RuleChangeState::InForce,
            at: clock::now(),
            by: by.to_owned(),
            via,
            note: note.to_owned(),
            detail: format!("{detail}; asked by {}: {}", asked.by, asked.note),
        };
        let Some(decided) = self.ledger.decide_rule_change(id, &decision)? else { return Ok(None) };
        if let Err(error) = take_place(&fresh, &path) {
            self.ledger.reopen_rule_change(id, clock::now(), &format!("{}: {error}", path.display()))?;
            return Err(Refused::File(path, error));
        }
        self.put_in_force(&turn, loaded, &said, by);
        Ok(Some(decided))
    }

    /// Waits until nothing else comes into force.
    fn turn(&self) -> Result<Turn<'_>, Refused> {
        let is_stopping = self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner);
        let pipeline = self.pipeline.upgrade().filter(|_| !*is_stopping).ok_or(Refused::Stopping)?;
        let running = Arc::clone(&self.reference.borrow());
        Ok(Turn { _is_stopping: is_stopping, pipeline, running })
    }

    /// From here on nothing can fail.
    fn put_in_force(&self, turn: &Turn<'_>, loaded: Loaded, changes: &[String], by: &str) -> Arc<Reference> {
        let reference = Arc::new(loaded.reference);
        turn.pipeline.reload(&ground(&reference));
        self.registry.send_replace(Arc::clone(&reference.registry));
        tracing::info!(version = reference.version, ?changes, by, "reference files reloaded");
        self.change_accounts(&loaded.settings);
        let running = Settings {
            mqtt: with_accounts(&self.settings.mqtt, &loaded.settings.mqtt),
            ..self.settings.clone()
        };
        if loaded.settings != running {
            tracing::warn!(
                "settings outside [rules], [[mqtt.accounts]] and the reference files hold after the next start only"
            );
        }
        self.reference.send_replace(Arc::clone(&reference));
        reference
    }

    /// Whoever lost an account of the embedded broker, or its department, is put out. The demo has no accounts.
    fn change_accounts(&self, settings: &Settings) {
        let Mqtt::Embedded { anonymous: false, .. } = self.settings.mqtt else { return };
        let Some(dispatch) = self.dispatch.get().and_then(Weak::upgrade) else { return };
        if let Err(error) = dispatch.set_accounts(&settings.mqtt) {
            tracing::error!(%error, "accounts of the broker can't be taken over, those of before stay in force");
        }
    }

    /// Writes down what holds from the start on.
    pub fn started(&self) -> Result<(), StoreError> {
        let reference = Arc::clone(&self.reference.borrow());
        self.mend(reference.rules.last_change())?;
        let detail = format!("rules {}; map {}", reference.book.version(), map_version(&reference));
        self.audit(("roadwarden", Via::Service), ("start", &reference.version), detail)
    }

    /// A change that was written down as in force, but whose file did not take its place before the service went down,
    /// waits again.
    fn mend(&self, kept: u64) -> Result<(), StoreError> {
        let last = self.ledger.last_rule_changes()?;
        let Some(newest) = last.first().copied() else { return Ok(()) };
        if newest == kept || kept != last.get(1).copied().unwrap_or_default() {
            return Ok(());
        }
        let detail = "the service stopped before it was in force; it waits for a decision again";
        tracing::warn!(change = newest, "{detail}");
        self.ledger.reopen_rule_change(newest, clock::now(), detail)
    }

    /// From now on nothing comes into force; waits for what is just coming.
    pub fn stop(&self) {
        *self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    fn audit(
        &self,
        (by, via): (&str, Via),
        (action, version): (&str, &str),
        detail: String,
    ) -> Result<(), StoreError> {
        let (by, action, subject) = (by.to_owned(), action.to_owned(), version.to_owned());
        self.ledger.audit(&AuditEntry { at: clock::now(), by, via, action, subject, detail })
    }
}

/// One set after the other.
struct Turn<'a> {
    _is_stopping: MutexGuard<'a, bool>,
    pipeline: Arc<Pipeline>,
    running: Arc<Reference>,
}

/// What runs, with the accounts of another.
fn with_accounts(running: &Mqtt, read: &Mqtt) -> Mqtt {
    match (running.clone(), read) {
        (
            Mqtt::Embedded { listen, anonymous, positions, tls, receipts, alerts_per_second, .. },
            Mqtt::Embedded { accounts, .. },
        ) => Mqtt::Embedded {
            listen,
            accounts: accounts.clone(),
            anonymous,
            positions,
            tls,
            receipts,
            alerts_per_second,
        },
        (running, _) => running,
    }
}

/// Writes a file that is to take the place of another, and makes it durable.
fn beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let fresh = path.with_extension("toml.new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(fresh)
}

fn take_place(fresh: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(fresh, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// `rules 1f… → 2a…; map 77… unchanged; speeding.hold 30s → 10s`
fn story(old: &Reference, new: &Reference, changes: &[String]) -> String {
    let turn = |what: &str, from: &str, to: &str| {
        if from == to { format!("{what} {to} unchanged") } else { format!("{what} {from} → {to}") }
    };
    let rules = turn("rules", old.book.version(), new.book.version());
    let map = turn("map", map_version(old), map_version(new));
    let said = if changes.is_empty() { "nothing changed".to_owned() } else { changes.join("; ") };
    format!("{rules}; {map}; {said}")
}

/// Where the mistakes are; what they say may hold words that belong in no log for ever.
fn refusal(problems: &Problems) -> String {
    let count = problems.problems.len() + problems.left_off;
    let first = problems.problems.first().map(|first| format!("{}:{}", first.file, first.line));
    format!("{count} mistakes, the first at {}; the running set stays in force", first.unwrap_or_default())
}

fn map_version(reference: &Reference) -> &str {
    let version = reference.atlas.version();
    if version.is_empty() { "(none)" } else { version }
}
