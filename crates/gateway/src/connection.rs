//! What a TCP connection and a UDP peer have in common: a link, and the outputs it asks for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub(crate) use clock::now;
use fleet::{Binding, ReceiveTime, Registry, TerminalId, Threat};
use journal::{AppendError, Durable, Journal, Record};
use media::Media;
use session::{
    Busy, Carries, CloseReason, Directory, Link, MediaPackage, Output, Policy, Profile, Proof, Records,
};
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bindings::Bindings;
use crate::durable::Waiters;
use crate::guard::Guard;
use crate::metrics::Metrics;
use crate::networks::Networks;
use crate::profiles::Profiles;
use crate::routes::{Answer, Order, Route, Routes};
use crate::uploads;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub journal: Journal,
    pub media: Media,
    pub registry: watch::Receiver<Arc<Registry>>,
    pub metrics: Arc<Metrics>,
    pub routes: Arc<Routes>,
    pub profiles: Arc<Profiles>,
    pub bindings: Arc<Bindings>,
    pub guard: Arc<Guard>,
    /// Whose connections carry many terminals.
    pub relays: Networks,
    pub durable: Arc<Waiters>,
    pub policy: Policy,
    pub stopping: CancellationToken,
    /// Cancelled together with `stopping` when the journal takes no more.
    pub failed: CancellationToken,
}

/// A link with its place among the routes and the callers that wait for its terminals' answers.
pub(crate) struct Conversation {
    /// Acknowledges with the journal's own proof of durability and with nothing else.
    pub link: Link<Durable>,
    route: Route,
    peer: SocketAddr,
    transport: Transport,
    registry: watch::Receiver<Arc<Registry>>,
    /// At most [`Policy::commands_max`].
    callers: HashMap<(TerminalId, u16), oneshot::Sender<Result<Answer, Busy>>>,
}

/// The other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub addr: SocketAddr,
    /// The terminal that its certificate is of, where it was asked for one.
    pub certified: Option<TerminalId>,
}

/// How it comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Tcp,
    /// The port that a terminal comes from may be another one with every datagram.
    Udp,
}

/// What a drained link leaves to its socket.
#[derive(Default)]
pub(crate) struct Drained {
    pub transmit: Vec<u8>,
    pub close: Option<CloseReason>,
    pub wait: Option<ReceiveTime>,
}

impl Conversation {
    pub(crate) fn new(shared: &Shared, route: Route, peer: Peer, transport: Transport) -> Self {
        let Peer { addr: peer, certified } = peer;
        let carries = if shared.relays.contains(route.peer) { Carries::Relay } else { Carries::Terminal };
        Self {
            link: Link::new(now(), Policy { carries, certified, ..shared.policy.clone() }),
            route,
            peer,
            transport,
            registry: shared.registry.clone(),
            callers: HashMap::new(),
        }
    }

    /// Bytes of a stream; gives how many frames they ended, good and bad.
    pub(crate) fn handle_input(&mut self, shared: &Shared, bytes: &[u8]) -> u64 {
        self.handle_registry(shared);
        let Self { link, route, transport, registry, .. } = self;
        let directory = OnFile { registry: &registry.borrow(), route, transport: *transport, shared };
        let before = link.received();
        link.handle_input(now(), bytes, &directory);
        link.received() - before
    }

    /// One datagram.
    pub(crate) fn handle_datagram(&mut self, shared: &Shared, bytes: &[u8]) {
        self.handle_registry(shared);
        let Self { link, route, transport, registry, .. } = self;
        let directory = OnFile { registry: &registry.borrow(), route, transport: *transport, shared };
        link.handle_datagram(now(), bytes, &directory);
    }

    pub(crate) fn handle_timeout(&mut self, shared: &Shared) {
        self.handle_registry(shared);
        self.link.handle_timeout(now());
    }

    /// Where the registry has changed since, terminals no longer on file are dropped.
    fn handle_registry(&mut self, shared: &Shared) {
        // An error says that nobody can change it any more.
        if self.registry.has_changed().unwrap_or(false) {
            let Self { link, route, transport, registry, .. } = self;
            let registry = registry.borrow_and_update();
            let directory = OnFile { registry: &registry, route, transport: *transport, shared };
            link.handle_directory(now(), &directory);
        }
    }

    /// Does what the link asks for, until it asks for nothing more.
    pub(crate) async fn drain(&mut self, shared: &Shared) -> Result<Drained, AppendError> {
        let mut drained = Drained::default();
        loop {
            match self.link.poll_output() {
                Output::Answered { terminal, serial, outcome, content } => {
                    if let Some(caller) = self.callers.remove(&(terminal, serial)) {
                        // A caller that has gone needs no answer.
                        let _ = caller.send(Ok(Answer { serial, outcome, content }));
                    }
                }
                Output::Bound { terminal, binding } => shared.bindings.bind(terminal, binding),
                Output::Close(reason) => {
                    drained.close = Some(reason);
                    break;
                }
                Output::Learned { terminal, profile } => shared.profiles.learn(terminal, profile),
                Output::Login { terminal, proof } => {
                    shared.routes.login(Instant::now(), terminal, &self.route, proof);
                    if proof == Proof::Code {
                        shared.guard.succeeded(terminal);
                    }
                }
                Output::Logout(terminal) => shared.routes.logout(terminal, self.route.link),
                Output::Media(package) => self.keep_media(shared, package).await,
                Output::Ready(terminal) => shared.routes.ready(terminal, self.route.link),
                Output::Record(records) => {
                    let count = records.ends.len();
                    let first = shared.journal.append(cut(records, self.peer)).await?;
                    self.link.handle_recorded(now(), first, count);
                }
                Output::Stranger(stranger) => shared.guard.stranger(now(), stranger, self.route.peer),
                Output::Suspicious { threat, terminal } => {
                    shared.guard.suspicious(now(), threat, terminal, &[self.route.peer]);
                }
                Output::Transmit(bytes) if drained.transmit.is_empty() => drained.transmit = bytes,
                Output::Transmit(bytes) => drained.transmit.extend_from_slice(&bytes),
                Output::Wait(until) => {
                    drained.wait = until;
                    break;
                }
            }
        }
        shared.metrics.count(&self.link.take_counts());
        Ok(drained)
    }

    async fn keep_media(&mut self, shared: &Shared, package: MediaPackage) {
        let media = shared.media.clone();
        let kept = spawn_blocking(move || (uploads::keep(&media, &package, now()), package)).await;
        if let Ok((Some(id), package)) = kept {
            self.link.handle_media(now(), &package, id);
        }
    }

    pub(crate) fn handle_order(&mut self, order: Order) {
        match order {
            Order::Command { terminal, command, reply } => {
                match self.link.handle_command(now(), terminal, &command) {
                    Ok(serial) => {
                        self.callers.insert((terminal, serial), reply);
                    }
                    Err(busy) => {
                        let _ = reply.send(Err(busy));
                    }
                }
            }
            Order::Released(terminal) => self.link.handle_released(now(), terminal),
            Order::Superseded(terminal) => self.link.handle_superseded(now(), terminal),
        }
    }

    /// The number of its route.
    pub(crate) fn number(&self) -> u64 {
        self.route.link
    }

    /// Gives up the routes; callers that wait are told by the end of their channel.
    pub(crate) fn end(self, shared: &Shared) {
        for terminal in self.link.terminals() {
            shared.routes.logout(terminal, self.route.link);
        }
    }
}

/// The registry of the moment, and all that is known of terminals, as a link asks for it.
struct OnFile<'a> {
    registry: &'a Registry,
    route: &'a Route,
    transport: Transport,
    shared: &'a Shared,
}

impl Directory for OnFile<'_> {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.registry.vehicle(terminal).is_some()
    }

    fn profile(&self, terminal: TerminalId) -> Option<Arc<Profile>> {
        self.shared.profiles.find(terminal)
    }

    fn binding(&self, terminal: TerminalId) -> Option<Arc<Binding>> {
        self.shared.bindings.find(terminal)
    }

    fn may_authenticate(&self, terminal: TerminalId) -> bool {
        let Shared { guard, routes, .. } = self.shared;
        if let Some(holder) = routes.frozen(Instant::now(), terminal, self.route.link) {
            let both = [holder, self.route.peer];
            guard.suspicious(now(), Threat::ClonedTerminal, Some(terminal), &both);
            return false;
        }
        guard.may_try(now(), terminal, self.route.peer)
    }

    fn goes_on_here(&self, terminal: TerminalId) -> bool {
        self.transport == Transport::Udp && self.shared.routes.is_proven_from(terminal, self.route.peer)
    }
}

/// Slices of one buffer: no copy a frame.
fn cut(records: Records, peer: SocketAddr) -> Vec<Record> {
    let bytes = Bytes::from(records.bytes);
    let starts = std::iter::once(0).chain(records.ends.iter().copied());
    let slices = starts.zip(records.ends.iter().copied());
    let record =
        |(from, to)| Record { received: records.received, source: Some(peer), frame: bytes.slice(from..to) };
    slices.map(record).collect()
}

/// How long to sleep until a moment; a millisecond more, so that it has come for sure.
pub(crate) fn until(moment: ReceiveTime) -> Duration {
    moment.since(now()) + Duration::from_millis(1)
}
