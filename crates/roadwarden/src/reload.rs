//! Rules and reference files, read again while the service runs: all of it or nothing. The audit log says what changed
//! and who asked for it, before it comes into force.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fleet::Map;
use ledger::{AuditEntry, Ledger, StoreError, Via};
use pipeline::Pipeline;
use settings::{Loaded, Problems, Reference, Settings};
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
    /// Too late.
    Stopping,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => problems.fmt(f),
            Self::Ledger(error) => write!(f, "the audit log can't be written: {error}"),
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
        let is_stopping = self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner);
        let pipeline = self.pipeline.upgrade().filter(|_| !*is_stopping).ok_or(Refused::Stopping)?;
        let running = Arc::clone(&self.reference.borrow());
        let loaded = match settings::load(&self.config) {
            Ok(loaded) => loaded,
            Err(problems) => {
                self.audit((by, via), ("reload-refused", &running.version), refusal(&problems))?;
                return Err(Refused::Problems(problems));
            }
        };
        let changes = running.changes(&loaded.reference);
        let detail = story(&running, &loaded.reference, &changes);
        self.audit((by, via), ("reload", &loaded.reference.version), detail)?;
        tracing::info!(version = loaded.reference.version, ?changes, by, "reference files reloaded");
        self.put_into_force(&pipeline, loaded);
        Ok(changes)
    }

    /// From here on nothing can fail.
    fn put_into_force(&self, pipeline: &Pipeline, loaded: Loaded) -> Arc<Reference> {
        let reference = Arc::new(loaded.reference);
        pipeline.reload(&ground(&reference));
        self.registry.send_replace(Arc::clone(&reference.registry));
        if loaded.settings != self.settings {
            tracing::warn!("settings outside [rules] and the reference files hold after the next start only");
        }
        self.reference.send_replace(Arc::clone(&reference));
        reference
    }

    /// Writes down what holds from the start on.
    pub fn started(&self) -> Result<(), StoreError> {
        let reference = Arc::clone(&self.reference.borrow());
        let detail = format!("rules {}; map {}", reference.book.version(), map_version(&reference));
        self.audit(("roadwarden", Via::Service), ("start", &reference.version), detail)
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
