//! Which connection a terminal speaks on. The newest login wins; who lost is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::TerminalId;
use session::{Busy, Command, Content, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::bell::Bell;
use crate::metrics::Metrics;

/// Orders that wait for one connection. Beyond it a command goes back into its queue and a superseded connection is
/// closed outright.
pub(crate) const ORDERS_MAX: usize = 64;

/// How a command ended on its connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub serial: u16,
    pub outcome: Outcome,
    /// What was asked for.
    pub content: Option<Content>,
}

/// What others ask of a connection.
#[derive(Debug)]
pub(crate) enum Order {
    Command { terminal: TerminalId, command: Command, reply: oneshot::Sender<Result<Answer, Busy>> },
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
    by_terminal: Mutex<HashMap<TerminalId, Known>>,
    next_link: AtomicU64,
    metrics: Arc<Metrics>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Known {
    route: Route,
    /// Whether the terminal takes commands there.
    is_ready: bool,
}

impl Routes {
    pub(crate) fn new(metrics: Arc<Metrics>, bell: Arc<Bell>) -> Self {
        Self { by_terminal: Mutex::default(), next_link: AtomicU64::new(0), metrics, bell }
    }

    pub(crate) fn next_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn login(&self, terminal: TerminalId, route: &Route) {
        let known = Known { route: route.clone(), is_ready: false };
        let old = self.lock().insert(terminal, known).map(|known| known.route);
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

    /// A terminal takes commands on the connection where it has logged in.
    pub(crate) fn ready(&self, terminal: TerminalId, link: u64) {
        let mut routes = self.lock();
        let known = routes.get_mut(&terminal).filter(|known| known.route.link == link);
        let is_known = known.map(|known| known.is_ready = true).is_some();
        drop(routes);
        if is_known {
            self.bell.ring(terminal);
        }
    }

    pub(crate) fn logout(&self, terminal: TerminalId, link: u64) {
        let mut routes = self.lock();
        if routes.get(&terminal).is_some_and(|known| known.route.link == link) {
            routes.remove(&terminal);
            self.metrics.terminals.dec();
        }
    }

    pub(crate) fn is_known(&self, terminal: TerminalId) -> bool {
        self.lock().contains_key(&terminal)
    }

    /// The way to a terminal that takes commands.
    pub(crate) fn find_ready(&self, terminal: TerminalId) -> Option<Route> {
        self.lock().get(&terminal).filter(|known| known.is_ready).map(|known| known.route.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Known>> {
        self.by_terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
