//! What a TCP connection and a UDP peer have in common: a link, and the outputs it asks for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fleet::{ReceiveTime, Registry, TerminalId};
use journal::{AppendError, Durable, Journal, Record};
use media::Media;
use session::{Busy, CloseReason, Directory, Link, MediaPackage, Output, Policy, Profile, Records};
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::durable::Waiters;
use crate::metrics::Metrics;
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
    registry: watch::Receiver<Arc<Registry>>,
    profiles: Arc<Profiles>,
    /// At most [`Policy::commands_max`].
    callers: HashMap<(TerminalId, u16), oneshot::Sender<Result<Answer, Busy>>>,
}

/// What a drained link leaves to its socket.
#[derive(Default)]
pub(crate) struct Drained {
    pub transmit: Vec<u8>,
    pub close: Option<CloseReason>,
    pub wait: Option<ReceiveTime>,
}

impl Conversation {
    pub(crate) fn new(shared: &Shared, route: Route, peer: SocketAddr) -> Self {
        Self {
            link: Link::new(now(), shared.policy.clone()),
            route,
            peer,
            registry: shared.registry.clone(),
            profiles: Arc::clone(&shared.profiles),
            callers: HashMap::new(),
        }
    }

    /// Bytes of a stream.
    pub(crate) fn handle_input(&mut self, bytes: &[u8]) {
        self.handle_registry();
        self.link.handle_input(now(), bytes, &OnFile(&self.registry.borrow(), &self.profiles));
    }

    /// One datagram.
    pub(crate) fn handle_datagram(&mut self, bytes: &[u8]) {
        self.handle_registry();
        self.link.handle_datagram(now(), bytes, &OnFile(&self.registry.borrow(), &self.profiles));
    }

    pub(crate) fn handle_timeout(&mut self) {
        self.handle_registry();
        self.link.handle_timeout(now());
    }

    /// Where the registry has changed since, terminals no longer on file are dropped.
    fn handle_registry(&mut self) {
        // An error says that nobody can change it any more.
        if self.registry.has_changed().unwrap_or(false) {
            self.link.handle_directory(now(), &OnFile(&self.registry.borrow_and_update(), &self.profiles));
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
                Output::Close(reason) => {
                    drained.close = Some(reason);
                    break;
                }
                Output::Learned { terminal, profile } => shared.profiles.learn(terminal, profile),
                Output::Login(terminal) => shared.routes.login(terminal, &self.route),
                Output::Logout(terminal) => shared.routes.logout(terminal, self.route.link),
                Output::Media(package) => self.keep_media(shared, package).await,
                Output::Ready(terminal) => shared.routes.ready(terminal, self.route.link),
                Output::Record(records) => {
                    let count = records.ends.len();
                    let first = shared.journal.append(cut(records, self.peer)).await?;
                    self.link.handle_recorded(now(), first, count);
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

/// The registry of the moment as the link asks it.
struct OnFile<'a>(&'a Registry, &'a Profiles);

impl Directory for OnFile<'_> {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.0.vehicle(terminal).is_some()
    }

    fn profile(&self, terminal: TerminalId) -> Option<Arc<Profile>> {
        self.1.find(terminal)
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

pub(crate) fn now() -> ReceiveTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ReceiveTime::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How long to sleep until a moment; a millisecond more, so that it has come for sure.
pub(crate) fn until(moment: ReceiveTime) -> Duration {
    moment.since(now()) + Duration::from_millis(1)
}
