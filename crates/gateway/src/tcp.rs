//! TCP: one task a connection; read, feed, drain, write, sleep.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::connection::{Conversation, Drained, Peer, Shared, Transport, now, until};
use crate::events;
use crate::limits::{Pace, Place};
use crate::listen::Listening;
use crate::routes::{ORDERS_MAX, Order, Route};
use crate::socket::Socket;
use crate::tls::Tls;

/// One read: some hundred frames; more waits in the kernel.
const READ_BYTES: usize = 16 * 1024;
/// How long a stop waits for the journal; what is not acknowledged then, its terminal sends again.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

thread_local! {
    /// One read buffer a thread: a link keeps the unfinished rest of a frame and nothing else.
    static BUFFER: RefCell<Box<[u8; READ_BYTES]>> = RefCell::new(Box::new([0; READ_BYTES]));
}

pub(crate) async fn accept(listening: Listening, shared: Shared) {
    let serve = |stream, peer, place: Place| {
        let shared = shared.clone();
        async move {
            let pace = place.pace(Instant::now());
            converse(Socket::Plain(stream), Peer { addr: peer, certified: None }, pace, &shared).await;
            drop(place);
        }
    };
    listening.run(serve, |why| shared.metrics.closed(why)).await;
}

pub(crate) async fn accept_tls(listening: Listening, tls: Tls, shared: Shared) {
    let serve = |stream, peer, place: Place| {
        let (shared, tls) = (shared.clone(), tls.clone());
        async move {
            match greet(stream, peer, &tls, &shared).await {
                Ok((socket, peer)) => converse(socket, peer, place.pace(Instant::now()), &shared).await,
                Err(error) => {
                    shared.metrics.closed("tls");
                    events::greeting_failed(peer, &error);
                }
            }
            drop(place);
        }
    };
    listening.run(serve, |why| shared.metrics.closed(why)).await;
}

/// A relay's certificate is its own: it carries many terminals.
async fn greet(
    stream: TcpStream,
    addr: SocketAddr,
    tls: &Tls,
    shared: &Shared,
) -> io::Result<(Socket, Peer)> {
    let stream = tls.accept(stream).await?;
    let is_relay = shared.relays.contains(addr.ip().to_canonical());
    let certified = if is_relay { None } else { tls.terminal(&stream)? };
    Ok((Socket::Tls(Box::new(stream)), Peer { addr, certified }))
}

async fn converse(socket: Socket, from: Peer, pace: Pace, shared: &Shared) {
    let peer = from.addr;
    events::opened(peer);
    shared.metrics.connections.inc();
    let mut connection = Connection::new(socket, from, pace, shared);
    let reason = connection.run(shared).await;
    connection.conversation.end(shared);
    shared.metrics.connections.dec();
    shared.metrics.closed(reason);
    events::closed(peer, reason);
}

struct Connection {
    socket: Socket,
    conversation: Conversation,
    orders: mpsc::Receiver<(u64, Order)>,
    kick: CancellationToken,
    /// Rung when the oldest report here is durable.
    durable: Arc<Notify>,
    /// What it was last set to.
    awaited: Option<journal::Position>,
    alarm: Pin<Box<Sleep>>,
    /// Set once no more is read and only acknowledgements are waited for.
    stop_at: Option<Instant>,
    pace: Pace,
    /// No more is read before this moment.
    read_at: Option<Instant>,
}

impl Connection {
    fn new(socket: Socket, from: Peer, pace: Pace, shared: &Shared) -> Self {
        let (sender, orders) = mpsc::channel(ORDERS_MAX);
        // A child: that everything stops is heard without a lock that all connections share.
        let kick = shared.stopping.child_token();
        let (link, peer) = (shared.routes.next_link(), from.addr.ip().to_canonical());
        let route = Route { link, peer, orders: sender, kick: kick.clone() };
        Self {
            socket,
            conversation: Conversation::new(shared, route, from, Transport::Tcp),
            orders,
            kick,
            durable: Arc::default(),
            awaited: None,
            alarm: Box::pin(sleep(shared.policy.idle)),
            stop_at: None,
            pace,
            read_at: None,
        }
    }

    /// Says why it ended.
    async fn run(&mut self, shared: &Shared) -> &'static str {
        loop {
            let drained = match self.conversation.drain(shared).await {
                Ok(drained) => drained,
                Err(_) => return "journal",
            };
            if !drained.transmit.is_empty() && self.socket.write(&drained.transmit).await.is_err() {
                return "write";
            }
            if let Some(reason) = drained.close {
                return reason.as_str();
            }
            if shared.failed.is_cancelled() {
                return "journal";
            }
            if self.is_stopped() {
                self.socket.shutdown().await;
                return "stop";
            }
            self.read_at = self.read_at.filter(|moment| *moment > Instant::now());
            self.set_alarm(&drained);
            if let Err(reason) = self.wait(shared).await {
                return reason;
            }
        }
    }

    /// Waits for one thing to happen and feeds it to the link.
    async fn wait(&mut self, shared: &Shared) -> Result<(), &'static str> {
        let link = &self.conversation.link;
        let (reads, awaited) =
            (self.read_at.is_none() && self.stop_at.is_none() && !link.is_full(), link.awaits());
        if let Some(position) = awaited
            && self.awaited != awaited
        {
            shared.durable.wake(position, &self.durable);
            self.awaited = awaited;
        }
        tokio::select! {
            biased;
            () = self.kick.cancelled(), if self.stop_at.is_none() => {
                if !shared.stopping.is_cancelled() {
                    return Err("superseded");
                }
                self.stop_at = Some(Instant::now() + STOP_TIMEOUT);
            }
            () = self.durable.notified(), if awaited.is_some() => {
                self.conversation.link.handle_durable(now(), shared.durable.proof());
            }
            Some((_, order)) = self.orders.recv() => self.conversation.handle_order(order),
            read = poll_fn(|context| poll_read(&mut self.socket, context, &mut self.conversation, shared)), if reads => {
                let (bytes, frames) = read?;
                self.read_at = self.pace.read(Instant::now(), bytes, frames);
            }
            () = &mut self.alarm => self.conversation.handle_timeout(shared),
        }
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.stop_at.is_some_and(|at| self.conversation.link.unacknowledged() == 0 || Instant::now() >= at)
    }

    /// A deadline that moved later needs no reset: the alarm goes off, nothing is due, and it is set again.
    fn set_alarm(&mut self, drained: &Drained) {
        let next = drained.wait.map(|moment| Instant::now() + until(moment));
        if let Some(next) = next.into_iter().chain(self.stop_at).chain(self.read_at).min()
            && (self.alarm.is_elapsed() || next < self.alarm.deadline())
        {
            self.alarm.as_mut().reset(next);
        }
    }
}

/// Feeds what is there to the link. A read that leaves room in the buffer has emptied the socket, which the runtime
/// takes into account: no second read to learn it. Gives how many bytes and frames there were.
fn poll_read(
    socket: &mut Socket,
    context: &mut Context<'_>,
    conversation: &mut Conversation,
    shared: &Shared,
) -> Poll<Result<(usize, u64), &'static str>> {
    BUFFER.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(&mut buffer[..]);
        let read = ready!(socket.poll_read(context, &mut buffer));
        Poll::Ready(match read {
            Ok(()) if buffer.filled().is_empty() => Err("peer"),
            Ok(()) => {
                let frames = conversation.handle_input(shared, buffer.filled());
                Ok((buffer.filled().len(), frames))
            }
            Err(_) => Err("read"),
        })
    })
}
