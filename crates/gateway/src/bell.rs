//! Tells the sender of commands which of the terminals it waits for has come. Logins of all others cost a look.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fleet::TerminalId;
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Terminals with queued commands: bounded by the ledger's bound on these.
    waited_for: HashSet<TerminalId>,
    /// Those of them that have come since.
    come: HashSet<TerminalId>,
}

impl Bell {
    /// From now on this terminal's coming is told.
    pub(crate) fn wait_for(&self, terminal: TerminalId) {
        self.lock().waited_for.insert(terminal);
    }

    /// Nothing waits for it any more.
    pub(crate) fn forget(&self, terminal: TerminalId) {
        let mut state = self.lock();
        state.waited_for.remove(&terminal);
        state.come.remove(&terminal);
    }

    /// A terminal takes commands.
    pub(crate) fn ring(&self, terminal: TerminalId) {
        let mut state = self.lock();
        if state.waited_for.contains(&terminal) {
            state.come.insert(terminal);
            self.wake.notify_one();
        }
    }

    /// Waits until one has come; some may have come before.
    pub(crate) async fn rung(&self) {
        self.wake.notified().await;
    }

    /// Who has come since the last call.
    pub(crate) fn take(&self) -> HashSet<TerminalId> {
        std::mem::take(&mut self.lock().come)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
