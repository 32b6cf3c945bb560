//! Terminals in: TCP and UDP sockets around [`session::Link`], reports into the journal, acknowledgements and commands
//! out.
//!
//! ```text
//! socket ─read─▶ Link ─▶ Journal::append        one append a wake-up
//! socket ◀─write─ Link ◀─ Journal::durable      one write a wake-up
//!                 Link ◀─ Downlink ◀─▶ Ledger   commands, and what became of them
//! ```
//!
//! A report is acknowledged only once the journal says it is durable. When the journal fails, every connection is
//! closed and none accepted: terminals keep their reports. A connection holds the unfinished rest of a
//! frame and bounded tables, no read buffer: 64 KiB at most for one that is hostile, as the test of hostile terminals
//! in the binary holds. The newest login of a terminal wins, and none without its code over one with it. Where only
//! terminals on file may speak a connection carries one of them, unless it comes from a relay's network. Who is refused is
//! added up for people ([`ledger::Stranger`], [`ledger::SecurityEvent`]). It does **not** know what a message means: `session` does.

mod answer;
mod attachments;
mod bell;
mod bindings;
mod cipher;
mod connection;
mod downlink;
mod durable;
mod events;
mod guard;
mod limits;
mod listen;
mod metrics;
mod networks;
mod profiles;
mod routes;
mod secret;
mod socket;
mod tcp;
mod tls;
mod udp;
mod uploads;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fleet::{Registry, TerminalId};
use ipnet::IpNet;
use journal::Journal;
use ledger::Ledger;
use media::Media;
use session::Policy;
pub use session::{Admission, AttachmentPolicy};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use crate::attachments::{AskError, Asker, AttachmentOptions, Attachments};
pub use crate::limits::Limits;
pub use crate::tls::{Tls, TlsOptions};

use crate::bell::Bell;
use crate::bindings::Bindings;
use crate::cipher::Rsa;
use crate::connection::Shared;
use crate::downlink::Downlink;
use crate::durable::Waiters;
use crate::guard::Guard;
use crate::limits::Accepts;
use crate::listen::Listening;
use crate::metrics::Metrics;
use crate::networks::Networks;
use crate::profiles::Profiles;
use crate::routes::Routes;

/// How often a journal is asked whether it has failed: well within the time a peer is given to take an answer.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// How long a command waits for its answer before it is sent again: terminals repeat and answer late, so longer than one
/// round trip of theirs.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Where and for whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of the TCP port, and of the UDP port where `udp` is set.
    pub listen: SocketAddr,
    /// TLS on a port of its own, beside the plain one.
    pub tls: Option<TlsOptions>,
    /// Whether datagrams are taken as well.
    pub udp: bool,
    /// Who may speak.
    pub admission: Admission,
    /// Networks of other platforms: a connection from them carries many terminals and vouches for them. Where everybody may
    /// speak, so does any connection.
    pub relays: Vec<IpNet>,
    /// A connection without a good frame for this long is closed.
    pub idle_timeout: Duration,
    /// A command without an answer for this long is sent again, or given up.
    pub command_timeout: Duration,
    /// TCP connections at once; further ones are closed at once and counted.
    pub connections_max: usize,
    /// How fast they are accepted and read.
    pub limits: Limits,
    /// For bodies encrypted by RSA, 1,024 bits; without it they are not supported.
    pub rsa_key: Option<rsa::PrivateKey>,
    /// File with the 32 secret bytes that authentication codes are derived from; made when it is missing.
    pub codes_path: PathBuf,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or the address is not ours.
    #[error("cannot listen for terminals on {protocol} {address}")]
    Listen {
        /// TCP or UDP.
        protocol: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What the last run left of its commands can't be read or written.
    #[error("cannot settle the commands that were on their way")]
    Commands(#[source] ledger::StoreError),
    /// Who came in the last run can't be read.
    #[error("cannot read the security events of the last run")]
    Guard(#[source] ledger::StoreError),
    /// A metric of the same name exists already.
    #[error("cannot register the gateway's metrics")]
    Metrics(#[from] prometheus::Error),
    /// The key is none that terminals can be told of.
    #[error("the RSA key doesn't fit JT/T 808, expected 1024 bits and an exponent of at most 32")]
    RsaKey,
    /// TLS can't be spoken with the files there are.
    #[error("cannot speak TLS to terminals")]
    Tls(#[from] ::tls::Error),
    /// The secret can neither be read nor made.
    #[error("cannot read or make the secret of authentication codes in {}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    local_addr: SocketAddr,
    tls: Option<(Tls, SocketAddr)>,
    routes: Arc<Routes>,
    profiles: Arc<Profiles>,
    bindings: Arc<Bindings>,
    guard: Arc<Guard>,
    tasks: TaskTracker,
    /// Runs until every connection has heard the last it waits for.
    durable: JoinHandle<()>,
    stopping: CancellationToken,
}

impl Gateway {
    /// Binds the ports and starts to accept.
    ///
    /// # Errors
    /// When a port is taken, the secret is out of reach, the ledger fails, or the metrics exist already.
    pub async fn start(
        options: Options,
        journal: Journal,
        ledger: Ledger,
        media: Media,
        registry: watch::Receiver<Arc<Registry>>,
        metrics: &prometheus::Registry,
    ) -> Result<Self, StartError> {
        let policy = policy(&options)?;
        let tls = options.tls.clone().map(Tls::load).transpose()?;
        let (listener, local_addr) = listen(options.listen)?;
        let metrics = Arc::new(Metrics::register(metrics)?);
        let bell = Arc::new(Bell::default());
        let routes = Arc::new(Routes::new(Arc::clone(&metrics), Arc::clone(&bell)));
        let profiles = Arc::new(Profiles::new(ledger.clone()));
        let bindings = Arc::new(Bindings::new(ledger.clone()));
        let accepts = Arc::new(Accepts::new(Instant::now(), options.limits, &options.relays));
        let relays = Networks::new(options.relays);
        let guard = Guard::open(ledger.clone(), Arc::clone(&metrics), relays.clone());
        let guard = Arc::new(guard.map_err(StartError::Guard)?);
        let downlink =
            Downlink::open(ledger, Arc::clone(&routes), bell).await.map_err(StartError::Commands)?;
        let mut committed = journal.durable();
        let durable = Arc::new(Waiters::new(*committed.borrow_and_update()));
        let stopping = CancellationToken::new();
        let failed = CancellationToken::new();
        let shared = Shared {
            journal,
            media,
            registry,
            metrics,
            routes: Arc::clone(&routes),
            profiles: Arc::clone(&profiles),
            bindings: Arc::clone(&bindings),
            guard: Arc::clone(&guard),
            relays,
            durable: Arc::clone(&durable),
            policy,
            stopping: stopping.clone(),
            failed,
        };
        let tasks = TaskTracker::new();
        tasks.spawn(watch_journal(shared.clone()));
        tasks.spawn(downlink.run(stopping.clone()));
        tasks.spawn(Arc::clone(&profiles).run(stopping.clone()));
        tasks.spawn(Arc::clone(&bindings).run(Arc::clone(&routes), stopping.clone()));
        tasks.spawn(Arc::clone(&guard).run(stopping.clone()));
        if options.udp {
            let socket = UdpSocket::bind(local_addr).await;
            let socket = socket.map_err(|source| listen_error("UDP", local_addr, source))?;
            tasks.spawn(udp::run(socket, shared.clone()));
        }
        let room = Arc::new(Semaphore::new(options.connections_max));
        let ports = Ports { room, accepts, tasks: tasks.clone(), stopping: stopping.clone() };
        let tls = ports.open(listener, tls, shared).await?;
        let durable = tokio::spawn(durable.run(committed));
        Ok(Self { local_addr, tls, routes, profiles, bindings, guard, tasks, durable, stopping })
    }

    /// Where terminals connect to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where terminals connect to over TLS.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|(_, address)| *address)
    }

    /// The certificates, so that they can be read again.
    pub fn tls(&self) -> Option<Tls> {
        self.tls.as_ref().map(|(tls, _)| tls.clone())
    }

    /// Whether a terminal is connected.
    pub fn is_online(&self, terminal: TerminalId) -> bool {
        self.routes.is_known(terminal)
    }

    /// Stops accepting and reading, waits until what was read is durable and acknowledged, then closes;
    /// commands without an answer go back into their queue or end.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.profiles.flush().await;
        self.bindings.flush().await;
        self.guard.flush().await;
        self.durable.abort();
        // It was cancelled, which is what was asked for.
        let _ = self.durable.await;
    }
}

/// What the ports of TCP share.
struct Ports {
    room: Arc<Semaphore>,
    accepts: Arc<Accepts>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Ports {
    async fn open(
        self,
        plain: TcpListener,
        tls: Option<Tls>,
        shared: Shared,
    ) -> Result<Option<(Tls, SocketAddr)>, StartError> {
        let mut opened = None;
        if let Some(tls) = tls {
            let (listener, address) = listen(tls.listen())?;
            self.tasks.spawn(tcp::accept_tls(self.listening(listener), tls.clone(), shared.clone()));
            opened = Some((tls, address));
        }
        self.tasks.spawn(tcp::accept(self.listening(plain), shared));
        Ok(opened)
    }

    fn listening(&self, listener: TcpListener) -> Listening {
        Listening {
            listener,
            room: Arc::clone(&self.room),
            accepts: Arc::clone(&self.accepts),
            tasks: self.tasks.clone(),
            stopping: self.stopping.clone(),
        }
    }
}

fn policy(options: &Options) -> Result<Policy, StartError> {
    let secret = secret::load_or_make(&options.codes_path)
        .map_err(|source| StartError::Secret { path: options.codes_path.clone(), source })?;
    let cipher = options.rsa_key.clone().map(|key| Rsa::new(key).ok_or(StartError::RsaKey)).transpose()?;
    Ok(Policy {
        cipher: cipher.map(|cipher| Arc::new(cipher) as _),
        idle: options.idle_timeout,
        command_timeout: options.command_timeout,
        ..Policy::new(options.admission, secret)
    })
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| listen_error("TCP", address, source);
    let listener = listen::bind(address).map_err(failed)?;
    let local_addr = listener.local_addr().map_err(failed)?;
    Ok((listener, local_addr))
}

/// A connection that only waits would never learn it: a journal that has failed says nothing.
async fn watch_journal(shared: Shared) {
    let mut every = interval(WATCH_EVERY);
    loop {
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Some(error) = shared.journal.failure() {
            events::journal_failed(&error);
            shared.failed.cancel();
            return shared.stopping.cancel();
        }
    }
}

fn listen_error(protocol: &'static str, address: SocketAddr, source: io::Error) -> StartError {
    StartError::Listen { protocol, address, source }
}
