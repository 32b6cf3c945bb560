//! Which connection a terminal speaks on. The newest login wins; who lost is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::TerminalId;
use session::{Command, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::SendError;
use crate::metrics::Metrics;

/// Orders that wait for one connection. Beyond it [`crate::Gateway::send`] waits and a superseded connection is closed
/// outright.
pub(crate) const ORDERS_MAX: usize = 64;

/// What others ask of a connection.
#[derive(Debug)]
pub(crate) enum Order {
    Command { terminal: TerminalId, command: Command, reply: oneshot::Sender<Result<Outcome, SendError>> },
    Superseded(TerminalId),
}

/// How to reach the task of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The connection's number, never used again: a late goodbye of an old connection removes nothing of a newer one.
    pub link: u64,
    pub orders: mpsc::Sender<(u64, Order)>,
    pub kick: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct Routes {
    /// Bounded by connections times terminals on each.
    by_terminal: Mutex<HashMap<TerminalId, Route>>,
    next_link: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Routes {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { by_terminal: Mutex::default(), next_link: AtomicU64::new(0), metrics }
    }

    pub(crate) fn next_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn login(&self, terminal: TerminalId, route: &Route) {
        let old = self.lock().insert(terminal, route.clone());
        match old {
            None => self.metrics.terminals.inc(),
            Some(old) if old.link == route.link => {}
            Some(old) => {
                if old.orders.try_send((old.link, Order::Superseded(terminal))).is_err() {
                    old.kick.cancel();
                }
            }
        }
    }

    pub(crate) fn logout(&self, terminal: TerminalId, link: u64) {
        let mut routes = self.lock();
        if routes.get(&terminal).is_some_and(|route| route.link == link) {
            routes.remove(&terminal);
            self.metrics.terminals.dec();
        }
    }

    pub(crate) fn find(&self, terminal: TerminalId) -> Option<Route> {
        self.lock().get(&terminal).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Route>> {
        self.by_terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
