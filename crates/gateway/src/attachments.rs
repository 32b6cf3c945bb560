//! Files of evidence in: TCP connections around [`session::AttachmentLink`], data into [`media`].
//!
//! ```text
//! socket ─read─▶ Desk (AttachmentLink, Media, Ledger) ─write─▶ socket
//! Asker: alert ─▶ the signs in its frames ─▶ request-attachments in the ledger's queue
//! ```
//!
//! One read of a connection is worked off on a thread that may block, so a connection holds one read buffer and no more.
//! There is no port for datagrams: 0x9208 says 0 for it.

mod ask;
mod desk;
mod metrics;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ledger::Ledger;
use media::Media;
use session::AttachmentPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::ask::{AskError, Asker};

use self::desk::{Desk, Drained};
use self::metrics::Metrics;
use crate::connection::{now, until};
use crate::limits::{Accepts, Limits};
use crate::listen::Listening;
use crate::{StartError, events, listen_error};

/// One read: a whole block.
const READ_BYTES: usize = 64 * 1024;
/// A peer that takes no answer for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where files come in.
#[derive(Clone, Debug)]
pub struct AttachmentOptions {
    /// Address of the TCP port.
    pub listen: SocketAddr,
    /// Connections at once; further ones are closed at once and counted, and their terminals come again. Each has a
    /// buffer of 64 KiB and at most nine open files.
    pub connections_max: usize,
    /// When a connection is closed that sends nothing of use.
    pub policy: AttachmentPolicy,
}

impl AttachmentOptions {
    /// The bounds of the service: 256 connections at once, 16 MiB of buffers.
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, connections_max: 256, policy: AttachmentPolicy::default() }
    }
}

/// A running port for files.
#[derive(Debug)]
pub struct Attachments {
    local_addr: SocketAddr,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    media: Media,
    ledger: Ledger,
    policy: AttachmentPolicy,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
}

impl Attachments {
    /// Binds the port and starts to accept.
    ///
    /// # Errors
    /// When the port is taken or the metrics exist already.
    pub async fn start(
        options: AttachmentOptions,
        media: Media,
        ledger: Ledger,
        metrics: &prometheus::Registry,
    ) -> Result<Self, StartError> {
        let wrong = |source| listen_error("TCP", options.listen, source);
        let listener = TcpListener::bind(options.listen).await.map_err(wrong)?;
        let local_addr = listener.local_addr().map_err(wrong)?;
        let metrics = Arc::new(Metrics::register(metrics)?);
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let shared = Shared { media, ledger, policy: options.policy, metrics, stopping: stopping.clone() };
        let listening = Listening {
            listener,
            room: Arc::new(Semaphore::new(options.connections_max)),
            accepts: Arc::new(Accepts::new(Instant::now(), Limits::default(), &[])),
            tasks: tasks.clone(),
            stopping: stopping.clone(),
        };
        tasks.spawn(accept(listening, shared));
        Ok(Self { local_addr, tasks, stopping })
    }

    /// Where terminals connect to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops accepting and reading; what has come is kept, and terminals go on where they were.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listening: Listening, shared: Shared) {
    let serve = |stream, peer, place| {
        let shared = shared.clone();
        async move {
            receive(stream, peer, &shared).await;
            drop(place);
        }
    };
    listening.run(serve, |why| shared.metrics.closed(why)).await;
}

async fn receive(stream: TcpStream, peer: SocketAddr, shared: &Shared) {
    events::opened(peer);
    shared.metrics.connections.inc();
    let reason = converse(stream, shared).await;
    shared.metrics.connections.dec();
    shared.metrics.closed(reason);
    events::closed(peer, reason);
}

/// Says why it ended.
async fn converse(mut stream: TcpStream, shared: &Shared) -> &'static str {
    let desk = Desk::new(now(), shared.policy, shared.media.clone(), shared.ledger.clone());
    let mut wait = now().plus(shared.policy.hello);
    let (mut turn, reason) = (Turn { desk, buffer: vec![0; READ_BYTES], len: 0 }, "stop");
    let reason = loop {
        let read = tokio::select! {
            () = shared.stopping.cancelled() => break reason,
            read = timeout(until(wait), stream.read(&mut turn.buffer)) => read,
        };
        turn.len = match read {
            Ok(Ok(0)) => break "peer",
            Ok(Ok(len)) => len,
            Ok(Err(_)) => break "read",
            // Time has passed.
            Err(_) => 0,
        };
        let Ok((back, drained)) = spawn_blocking(move || turn.take()).await else {
            return "panic";
        };
        turn = back;
        shared.metrics.count(&turn.desk.take_counts());
        if !drained.transmit.is_empty() && write(&mut stream, &drained.transmit).await.is_err() {
            break "write";
        }
        if let Some(reason) = drained.close {
            break reason;
        }
        wait = drained.wait;
    };
    // What has come of unfinished files is kept for the next connection.
    let left = spawn_blocking(move || turn.desk.leave()).await;
    if left.is_err() { "panic" } else { reason }
}

/// One turn of a connection, on a thread that may block.
struct Turn {
    desk: Desk,
    buffer: Vec<u8>,
    /// How much of the buffer was read; nothing where only time has passed.
    len: usize,
}

impl Turn {
    fn take(mut self) -> (Self, Drained) {
        let drained = match self.buffer.get(..self.len) {
            Some(bytes) if !bytes.is_empty() => self.desk.handle_input(now(), bytes),
            Some(_) | None => self.desk.handle_timeout(now()),
        };
        (self, drained)
    }
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await?
}
