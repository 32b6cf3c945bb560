//! What terminals have shown of themselves, from one connection to the next.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleet::TerminalId;
use ledger::Ledger;
use session::Profile;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::connection::now;
use crate::events;

/// How often what was learnt is written, so that a terminal that shows another face with each frame costs one row a
/// second. What a crash takes with it is learnt again.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Profiles that wait to be written, some hundred times what a fleet that comes back after an outage learns in a
/// second. Beyond it what is learnt holds for its connection alone.
const UNWRITTEN_MAX: usize = 100_000;

/// The ledger's profiles, and before them those not written yet.
pub(crate) struct Profiles {
    ledger: Ledger,
    unwritten: Mutex<HashMap<TerminalId, Arc<Profile>>>,
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles").field("unwritten", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Profiles {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, unwritten: Mutex::default() }
    }

    /// Asked once a login: a row by its key. What can't be read, or was written by another version, is learnt again.
    pub(crate) fn find(&self, terminal: TerminalId) -> Option<Arc<Profile>> {
        if let Some(profile) = self.lock().get(&terminal) {
            return Some(Arc::clone(profile));
        }
        let text = self.ledger.profile(terminal).ok()??;
        serde_json::from_str(&text).ok().map(Arc::new)
    }

    pub(crate) fn learn(&self, terminal: TerminalId, profile: Arc<Profile>) {
        let mut unwritten = self.lock();
        if unwritten.len() < UNWRITTEN_MAX || unwritten.contains_key(&terminal) {
            unwritten.insert(terminal, profile);
        }
    }

    /// Writes what was learnt until everything stops.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(FLUSH_EVERY) => self.flush().await,
            }
        }
    }

    /// Writes what was learnt; what can't be written waits for the next time.
    pub(crate) async fn flush(&self) {
        let learnt: Vec<_> = self.lock().iter().map(|(terminal, it)| (*terminal, Arc::clone(it))).collect();
        if learnt.is_empty() {
            return;
        }
        let text = |profile: &Profile| serde_json::to_string(profile).unwrap_or_default();
        let rows: Vec<_> = learnt.iter().map(|(terminal, profile)| (*terminal, text(profile))).collect();
        let ledger = self.ledger.clone();
        let written = tokio::task::spawn_blocking(move || ledger.put_profiles(&rows, now())).await;
        match written {
            Ok(Ok(())) => {
                let mut unwritten = self.lock();
                for (terminal, profile) in learnt {
                    if unwritten.get(&terminal).is_some_and(|newest| Arc::ptr_eq(newest, &profile)) {
                        unwritten.remove(&terminal);
                    }
                }
            }
            Ok(Err(error)) => events::profiles_failed(&error),
            // The runtime is on its way down.
            Err(_) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Arc<Profile>>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
