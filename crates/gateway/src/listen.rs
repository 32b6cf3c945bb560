//! Accepting TCP connections: as many at once as there is room for, until everything stops.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events;
use crate::limits::{Accepts, Place};

/// Connections that may wait to be accepted; the kernel has its own bound beside (`net.core.somaxconn`, 4,096). Past it
/// terminals find nobody and dial again after a second, then after two, four, eight.
const BACKLOG: u32 = 4_096;
/// Connections that are accepted before those there are have their turn again.
const ACCEPTS_AT_ONCE: u32 = 32;
/// While a turn of everything that is ready takes longer than this, nobody is accepted for as long: a sign-in costs some
/// hundred times an acknowledgement, and whoever is accepted first is served first. Twice an acknowledgement in calm.
const TURN_MAX: Duration = Duration::from_millis(2);
/// But for no longer than this: some hundred connections a second are accepted however busy everything is.
const GIVE_WAY_MAX: Duration = Duration::from_millis(20);
/// The pause after the system refused to accept, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A peer that acknowledges no byte for this long is gone: its terminal comes back on another connection.
const PEER_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection without a byte for this long is asked whether it lives; three such questions fit the time above.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);

/// A port and its bounds.
pub(crate) struct Listening {
    pub listener: TcpListener,
    /// Room for connections; further ones are closed at once. Ports may share it.
    pub room: Arc<Semaphore>,
    /// How fast they may come; ports may share it.
    pub accepts: Arc<Accepts>,
    pub tasks: TaskTracker,
    pub stopping: CancellationToken,
}

impl Listening {
    /// Serves each connection in a task of its own; `refused` is told why of each that is closed at once.
    pub(crate) async fn run<S: Future<Output = ()> + Send + 'static>(
        self,
        serve: impl Fn(TcpStream, SocketAddr, Place) -> S,
        refused: impl Fn(&'static str),
    ) {
        let mut spare = Spare::new();
        let mut accepted_since = 0;
        loop {
            if accepted_since >= ACCEPTS_AT_ONCE {
                give_way().await;
                accepted_since = 0;
            }
            accepted_since += 1;
            let accepted = tokio::select! {
                () = self.stopping.cancelled() => return,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match self.enter(peer) {
                    Ok((permit, place)) => {
                        watch(&stream);
                        let served = serve(stream, peer, place);
                        self.tasks.spawn(async move {
                            served.await;
                            drop(permit);
                        });
                    }
                    Err(why) => refused(why),
                },
                Err(error) => {
                    if spare.shed(&self.listener).await {
                        refused("descriptors");
                    } else {
                        events::accept_failed(&error);
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        while let Some(moment) = self.accepts.next(Instant::now()) {
            sleep_until(moment).await;
        }
        self.listener.accept().await
    }

    fn enter(&self, peer: SocketAddr) -> Result<(tokio::sync::OwnedSemaphorePermit, Place), &'static str> {
        let place = self.accepts.enter(Instant::now(), peer.ip()).map_err(|why| why.as_str())?;
        let permit = Arc::clone(&self.room).try_acquire_owned().map_err(|_| "connections-max")?;
        Ok((permit, place))
    }
}

/// Waits until everything that is ready has had its turn, and where that took long, as long again.
async fn give_way() {
    let asked = Instant::now();
    yield_now().await;
    let turn = asked.elapsed();
    if turn > TURN_MAX {
        sleep(turn.min(GIVE_WAY_MAX)).await;
    }
}

/// Binds a port of TCP and listens.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // After a restart connections of the last run may still be ending.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A file descriptor that is kept for the moment when there is no other. Without one, connections that find none would
/// wait where nobody sees them, and their terminals with them.
struct Spare(Option<File>);

impl Spare {
    fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    /// Takes the oldest connection that waits and closes it. Says whether there was one and a descriptor for it.
    async fn shed(&mut self, listener: &TcpListener) -> bool {
        if self.0.take().is_none() {
            *self = Self::new();
            return false;
        }
        let accepted = poll_fn(|context| match listener.poll_accept(context) {
            Poll::Ready(accepted) => Poll::Ready(accepted.ok()),
            Poll::Pending => Poll::Ready(None),
        });
        let is_shed = accepted.await.map(drop).is_some();
        *self = Self::new();
        is_shed
    }
}

/// Half-open connections end by themselves. A socket that refuses it works all the same, until it is idle for too long.
fn watch(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE_EVERY).with_retries(3);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(PEER_TIMEOUT));
    // Without it an acknowledgement may wait 40 ms for the next one.
    let _ = socket.set_tcp_nodelay(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn t14_a_connection_is_watched_by_the_kernel() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        watch(&stream);
        let socket = SockRef::from(&stream);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(PEER_TIMEOUT));
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap() * 3 + KEEPALIVE, PEER_TIMEOUT);
    }

    #[tokio::test]
    async fn e10_a_spare_descriptor_turns_away_who_waits_and_is_kept_for_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut spare = Spare::new();
        assert!(!spare.shed(&listener).await);
        for _ in 0..2 {
            let address = listener.local_addr().unwrap();
            let other = TcpStream::connect(address).await.unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            // Whoever is taken first, the runtime knows since that somebody waits.
            let (_first, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, other.local_addr().unwrap());
            assert!(spare.shed(&listener).await);
            let mut byte = [0];
            client.readable().await.unwrap();
            assert!(matches!(client.try_read(&mut byte), Ok(0) | Err(_)));
        }
    }
}
