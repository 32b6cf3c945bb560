//! Who tried to be a terminal and was none: sums of it for people, and patience with those who try again and again.

mod backoff;
mod sums;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleet::{ReceiveTime, TerminalId, Threat};
use ledger::{Ledger, StoreError};
use session::Stranger;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::backoff::Backoff;
use self::sums::Sums;
use crate::events;
use crate::metrics::Metrics;
use crate::networks::{Networks, place};

/// How often sums are written, however many attempts there are: one transaction of some thousand rows at most.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Guard {
    ledger: Ledger,
    metrics: Arc<Metrics>,
    /// From which no failure is held against an address: it stands for many terminals.
    relays: Networks,
    state: Mutex<State>,
}

struct State {
    sums: Sums,
    backoff: Backoff,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// Goes on with the sums of the last run.
    pub(crate) fn open(ledger: Ledger, metrics: Arc<Metrics>, relays: Networks) -> Result<Self, StoreError> {
        let sums = Sums::new(ledger.strangers()?, ledger.security_events()?);
        let state = Mutex::new(State { sums, backoff: Backoff::default() });
        Ok(Self { ledger, metrics, relays, state })
    }

    pub(crate) fn stranger(&self, now: ReceiveTime, stranger: Stranger, from: IpAddr) {
        self.lock().sums.stranger(now, stranger, from);
    }

    /// One more suspicious message; what was tried with a code counts towards the back-off.
    pub(crate) fn suspicious(
        &self,
        now: ReceiveTime,
        threat: Threat,
        terminal: Option<TerminalId>,
        from: &[IpAddr],
    ) {
        self.metrics.suspicious(threat);
        let mut state = self.lock();
        if matches!(threat, Threat::WrongCode | Threat::DeviceChanged) {
            let address = from.first().copied().filter(|address| !self.relays.contains(*address));
            state.backoff.fail(now, terminal, address.map(place));
        }
        if let Some(count) = state.sums.suspicious(now, threat, terminal, from) {
            drop(state);
            events::suspicious(threat, terminal, from, count);
        }
    }

    /// Whether an authentication is looked at now.
    pub(crate) fn may_try(&self, now: ReceiveTime, terminal: TerminalId, from: IpAddr) -> bool {
        let address = (!self.relays.contains(from)).then(|| place(from));
        self.lock().backoff.may_try(now, terminal, address)
    }

    /// The terminal has given the right code.
    pub(crate) fn succeeded(&self, terminal: TerminalId) {
        self.lock().backoff.forget(terminal);
    }

    /// Writes the sums until everything stops.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(FLUSH_EVERY) => self.flush().await,
            }
        }
    }

    /// Writes the sums that have changed; what can't be written waits until it changes again.
    pub(crate) async fn flush(&self) {
        let (strangers, suspicions) = self.lock().sums.take_changed();
        if strangers.is_empty() && suspicions.is_empty() {
            return;
        }
        let ledger = self.ledger.clone();
        let written = spawn_blocking(move || ledger.put_security(&strangers, &suspicions)).await;
        if let Ok(Err(error)) = written {
            events::guard_failed(&error);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
