//! What terminals are bound to, from one connection to the next.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleet::{Binding, TerminalId};
use ledger::{Ledger, StoreError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::events;
use crate::routes::Routes;

/// How often what was bound is written and what was released is looked for. A terminal whose binding a crash takes along is
/// refused once with the code it has and registers again.
const TURN_EVERY: Duration = Duration::from_secs(1);
/// Bindings that wait to be written, as for profiles. Beyond it a terminal has to register again.
const UNWRITTEN_MAX: usize = 100_000;

/// The ledger's bindings, and before them those not written yet.
pub(crate) struct Bindings {
    ledger: Ledger,
    unwritten: Mutex<HashMap<TerminalId, Arc<Binding>>>,
}

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bindings").field("unwritten", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Bindings {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, unwritten: Mutex::default() }
    }

    /// Asked once a registration and an authentication: a row by its key. Of two generations the newer one holds. Where the
    /// ledger can't be read, nothing is known, and the terminal is refused: it has another code.
    pub(crate) fn find(&self, terminal: TerminalId) -> Option<Arc<Binding>> {
        let unwritten = self.lock().get(&terminal).map(Arc::clone);
        let written = self.ledger.binding(terminal).ok().flatten();
        match (unwritten, written) {
            (Some(new), Some(old)) if old.generation > new.generation => Some(Arc::new(old)),
            (Some(new), _) => Some(new),
            (None, old) => old.map(Arc::new),
        }
    }

    pub(crate) fn bind(&self, terminal: TerminalId, binding: Arc<Binding>) {
        let mut unwritten = self.lock();
        if unwritten.len() < UNWRITTEN_MAX || unwritten.contains_key(&terminal) {
            unwritten.insert(terminal, binding);
        }
    }

    /// Writes what was bound and tells connections whose terminals were released, in this process or by a command in
    /// another one, until everything stops.
    pub(crate) async fn run(self: Arc<Self>, routes: Arc<Routes>, stopping: CancellationToken) {
        let mut seen = None;
        loop {
            match self.released(seen).await {
                Ok((newest, terminals)) => {
                    // What was released before the start has no connection yet.
                    let terminals = if seen.is_some() { terminals } else { Vec::new() };
                    terminals.into_iter().for_each(|terminal| routes.release(terminal));
                    seen = Some(newest);
                }
                Err(error) => events::bindings_failed(&error),
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(TURN_EVERY) => self.flush().await,
            }
        }
    }

    /// Writes what was bound; what can't be written waits for the next time.
    pub(crate) async fn flush(&self) {
        let bound: Vec<_> = self.lock().iter().map(|(terminal, it)| (*terminal, Arc::clone(it))).collect();
        if bound.is_empty() {
            return;
        }
        let rows: Vec<_> = bound.iter().map(|(terminal, it)| (*terminal, (**it).clone())).collect();
        let ledger = self.ledger.clone();
        match spawn_blocking(move || ledger.put_bindings(&rows)).await {
            Ok(Ok(())) => {
                let mut unwritten = self.lock();
                for (terminal, binding) in bound {
                    if unwritten.get(&terminal).is_some_and(|newest| Arc::ptr_eq(newest, &binding)) {
                        unwritten.remove(&terminal);
                    }
                }
            }
            Ok(Err(error)) => events::bindings_failed(&error),
            // The runtime is on its way down.
            Err(_) => {}
        }
    }

    async fn released(&self, seen: Option<i64>) -> Result<(i64, Vec<TerminalId>), StoreError> {
        let ledger = self.ledger.clone();
        let read = spawn_blocking(move || ledger.released_since(seen.unwrap_or(0))).await;
        read.unwrap_or(Ok((seen.unwrap_or(0), Vec::new())))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Arc<Binding>>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
