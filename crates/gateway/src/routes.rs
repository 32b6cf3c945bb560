//! Which connection a terminal speaks on. The newest login wins; who lost is told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::TerminalId;
use session::{Busy, Command, Content, Outcome, Proof};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::bell::Bell;
use crate::metrics::Metrics;

/// Orders that wait for one connection. Beyond it a command goes back into its queue and a superseded connection is
/// closed outright.
pub(crate) const ORDERS_MAX: usize = 64;

/// How often a terminal may be taken by another connection in [`SWAPS_WINDOW`]. One that reconnects over a bad link does so
/// some times in a row; two that take it from each other do it as fast as they connect.
const SWAPS_MAX: u32 = 5;
/// The minute in which swaps are counted.
const SWAPS_WINDOW: Duration = Duration::from_secs(60);
/// How long nobody may take a terminal that was swapped too often, while the connection that has it lives. A half-open
/// one is closed long before.
const FROZEN: Duration = Duration::from_secs(600);

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
    Released(TerminalId),
    Superseded(TerminalId),
}

/// How to reach the task of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The connection's number, never used again: a late goodbye of an old connection removes nothing of a newer one.
    pub link: u64,
    /// Where it comes from.
    pub peer: IpAddr,
    pub orders: mpsc::Sender<(u64, Order)>,
    pub kick: CancellationToken,
}

impl Route {
    /// Where so many orders wait that this one finds no room, the connection ends.
    fn tell(&self, order: Order) {
        if self.orders.try_send((self.link, order)).is_err() {
            self.kick.cancel();
        }
    }
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
    /// Why it is believed there.
    proof: Proof,
    /// Whether the terminal takes commands there.
    is_ready: bool,
    swaps: Swaps,
}

/// How often a terminal was taken from one connection by another, lately.
#[derive(Clone, Copy, Debug)]
struct Swaps {
    since: Instant,
    count: u32,
    frozen_until: Option<Instant>,
}

impl Swaps {
    fn new(now: Instant) -> Self {
        Self { since: now, count: 0, frozen_until: None }
    }

    /// One more.
    fn count(self, now: Instant) -> Self {
        let swaps = if now.duration_since(self.since) >= SWAPS_WINDOW { Self::new(now) } else { self };
        Self { count: swaps.count + 1, ..swaps }
    }

    /// Whether another one would be too many, now or for a while.
    fn freeze(&mut self, now: Instant) -> bool {
        if self.count >= SWAPS_MAX && now.duration_since(self.since) < SWAPS_WINDOW {
            self.frozen_until = Some(now + FROZEN);
        }
        self.frozen_until.is_some_and(|until| now < until)
    }
}

impl Routes {
    pub(crate) fn new(metrics: Arc<Metrics>, bell: Arc<Bell>) -> Self {
        Self { by_terminal: Mutex::default(), next_link: AtomicU64::new(0), metrics, bell }
    }

    pub(crate) fn next_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    /// The newest login wins, but none takes the place of one that is proven better.
    pub(crate) fn login(&self, now: Instant, terminal: TerminalId, route: &Route, proof: Proof) {
        let mut routes = self.lock();
        let Some(known) = routes.get_mut(&terminal) else {
            let known = Known { route: route.clone(), proof, is_ready: false, swaps: Swaps::new(now) };
            routes.insert(terminal, known);
            return self.metrics.terminals.inc();
        };
        if known.route.link == route.link {
            known.proof = proof;
            return;
        }
        if proof < known.proof {
            return;
        }
        let swaps = known.swaps.count(now);
        let new = Known { route: route.clone(), proof, is_ready: false, swaps };
        let old = std::mem::replace(known, new).route;
        drop(routes);
        old.tell(Order::Superseded(terminal));
    }

    /// Where the terminal is that this connection may not take: two connections with its code took it from each other too
    /// often.
    pub(crate) fn frozen(&self, now: Instant, terminal: TerminalId, link: u64) -> Option<IpAddr> {
        let mut routes = self.lock();
        let known = routes.get_mut(&terminal).filter(|known| known.route.link != link)?;
        known.swaps.freeze(now).then_some(known.route.peer)
    }

    /// Whether the terminal has authenticated from this address and not left since.
    pub(crate) fn is_proven_from(&self, terminal: TerminalId, peer: IpAddr) -> bool {
        let routes = self.lock();
        routes.get(&terminal).is_some_and(|known| known.proof == Proof::Code && known.route.peer == peer)
    }

    /// The terminal is bound to nothing any more: its connection hears of it.
    pub(crate) fn release(&self, terminal: TerminalId) {
        let route = self.lock().get(&terminal).map(|known| known.route.clone());
        if let Some(route) = route {
            route.tell(Order::Released(terminal));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        Routes::new(Arc::new(metrics), Arc::default())
    }

    fn route(routes: &Routes, host: u8) -> Route {
        let (orders, _) = mpsc::channel(1);
        let (link, peer) = (routes.next_link(), IpAddr::from([192, 0, 2, host]));
        Route { link, peer, orders, kick: CancellationToken::new() }
    }

    #[test]
    fn two_that_take_a_terminal_from_each_other_are_told_apart_from_one_that_reconnects() {
        let (routes, mut now) = (routes(), Instant::now());
        let terminal = TerminalId::parse("1").unwrap();
        let (first, second) = (route(&routes, 1), route(&routes, 2));
        routes.login(now, terminal, &first, Proof::Code);
        for swap in 0..SWAPS_MAX {
            assert_eq!(routes.frozen(now, terminal, first.link), None, "{swap}");
            routes.login(now, terminal, if swap % 2 == 0 { &second } else { &first }, Proof::Code);
        }
        // The newcomer is told from where the terminal is held; the one that has it goes on.
        assert_eq!(routes.frozen(now, terminal, first.link), Some(second.peer));
        assert_eq!(routes.frozen(now, terminal, second.link), None);
        now += FROZEN - Duration::from_secs(1);
        assert_eq!(routes.frozen(now, terminal, first.link), Some(second.peer));
        now += Duration::from_secs(1);
        assert_eq!(routes.frozen(now, terminal, first.link), None);
        // One login every twenty seconds is a bad link.
        for _ in 0..20 {
            let again = route(&routes, 1);
            assert_eq!(routes.frozen(now, terminal, again.link), None);
            routes.login(now, terminal, &again, Proof::Code);
            now += Duration::from_secs(20);
        }
        // Once it has left, anybody with its code may come.
        routes.login(now, terminal, &first, Proof::Code);
        routes.logout(terminal, first.link);
        assert_eq!(routes.frozen(now, terminal, second.link), None);
    }

    #[test]
    fn a_claim_takes_no_terminal_that_has_given_its_code() {
        let (routes, now) = (routes(), Instant::now());
        let terminal = TerminalId::parse("1").unwrap();
        let (proven, claimed) = (route(&routes, 1), route(&routes, 2));
        routes.login(now, terminal, &proven, Proof::Code);
        routes.login(now, terminal, &claimed, Proof::Claimed);
        routes.ready(terminal, proven.link);
        assert_eq!(routes.find_ready(terminal).unwrap().link, proven.link);
        routes.logout(terminal, claimed.link);
        assert!(routes.is_known(terminal));
        // The other way round it does.
        routes.logout(terminal, proven.link);
        routes.login(now, terminal, &claimed, Proof::Claimed);
        routes.login(now, terminal, &proven, Proof::Code);
        assert!(routes.is_proven_from(terminal, proven.peer));
        assert!(!routes.is_proven_from(terminal, claimed.peer));
    }
}
