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
//! in the binary holds. The newest login of a terminal wins. It does
//! **not** know what a message means: `session` does.

mod answer;
mod attachments;
mod bell;
mod cipher;
mod connection;
mod downlink;
mod durable;
mod events;
mod listen;
mod metrics;
mod profiles;
mod routes;
mod secret;
mod tcp;
mod udp;
mod uploads;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fleet::{Registry, TerminalId};
use journal::Journal;
use ledger::Ledger;
use media::Media;
use session::Policy;
pub use session::{Admission, AttachmentPolicy};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use crate::attachments::{AskError, Asker, AttachmentOptions, Attachments};

use crate::bell::Bell;
use crate::cipher::Rsa;
use crate::connection::Shared;
use crate::downlink::Downlink;
use crate::durable::Waiters;
use crate::listen::Listening;
use crate::metrics::Metrics;
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
    /// Whether datagrams are taken as well.
    pub udp: bool,
    /// Who may speak.
    pub admission: Admission,
    /// A connection without a good frame for this long is closed.
    pub idle_timeout: Duration,
    /// A command without an answer for this long is sent again, or given up.
    pub command_timeout: Duration,
    /// TCP connections at once; further ones are closed at once and counted.
    pub connections_max: usize,
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
    Commands(#[from] ledger::StoreError),
    /// A metric of the same name exists already.
    #[error("cannot register the gateway's metrics")]
    Metrics(#[from] prometheus::Error),
    /// The key is none that terminals can be told of.
    #[error("the RSA key doesn't fit JT/T 808, expected 1024 bits and an exponent of at most 32")]
    RsaKey,
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
    routes: Arc<Routes>,
    profiles: Arc<Profiles>,
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
        let secret = secret::load_or_make(&options.codes_path)
            .map_err(|source| StartError::Secret { path: options.codes_path.clone(), source })?;
        let listener = TcpListener::bind(options.listen).await;
        let listener = listener.map_err(|source| listen_error("TCP", options.listen, source))?;
        let local_addr =
            listener.local_addr().map_err(|source| listen_error("TCP", options.listen, source))?;
        let metrics = Arc::new(Metrics::register(metrics)?);
        let bell = Arc::new(Bell::default());
        let routes = Arc::new(Routes::new(Arc::clone(&metrics), Arc::clone(&bell)));
        let profiles = Arc::new(Profiles::new(ledger.clone()));
        let downlink = Downlink::open(ledger, Arc::clone(&routes), bell).await?;
        let mut committed = journal.durable();
        let durable = Arc::new(Waiters::new(*committed.borrow_and_update()));
        let cipher = options.rsa_key.map(|key| Rsa::new(key).ok_or(StartError::RsaKey)).transpose()?;
        let policy = Policy {
            cipher: cipher.map(|cipher| Arc::new(cipher) as _),
            idle: options.idle_timeout,
            command_timeout: options.command_timeout,
            ..Policy::new(options.admission, secret)
        };
        let stopping = CancellationToken::new();
        let failed = CancellationToken::new();
        let shared = Shared {
            journal,
            media,
            registry,
            metrics,
            routes: Arc::clone(&routes),
            profiles: Arc::clone(&profiles),
            durable: Arc::clone(&durable),
            policy,
            stopping: stopping.clone(),
            failed,
        };
        let tasks = TaskTracker::new();
        tasks.spawn(watch_journal(shared.clone()));
        tasks.spawn(downlink.run(stopping.clone()));
        tasks.spawn(Arc::clone(&profiles).run(stopping.clone()));
        if options.udp {
            let socket = UdpSocket::bind(local_addr).await;
            let socket = socket.map_err(|source| listen_error("UDP", local_addr, source))?;
            tasks.spawn(udp::run(socket, shared.clone()));
        }
        let listening = Listening {
            listener,
            connections_max: options.connections_max,
            tasks: tasks.clone(),
            stopping: stopping.clone(),
        };
        tasks.spawn(tcp::accept(listening, shared));
        let durable = tokio::spawn(durable.run(committed));
        Ok(Self { local_addr, routes, profiles, tasks, durable, stopping })
    }

    /// Where terminals connect to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
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
        self.durable.abort();
        // It was cancelled, which is what was asked for.
        let _ = self.durable.await;
    }
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
