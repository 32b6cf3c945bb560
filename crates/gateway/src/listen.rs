//! Accepting TCP connections: as many at once as there is room for, until everything stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events;

/// The pause after the system refused to accept, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A port and its bounds.
pub(crate) struct Listening {
    pub listener: TcpListener,
    /// Further connections are closed at once.
    pub connections_max: usize,
    pub tasks: TaskTracker,
    pub stopping: CancellationToken,
}

impl Listening {
    /// Serves each connection in a task of its own; `full` is told of each that found no room.
    pub(crate) async fn run<S: Future<Output = ()> + Send + 'static>(
        self,
        serve: impl Fn(TcpStream, SocketAddr) -> S,
        full: impl Fn(),
    ) {
        let room = Arc::new(Semaphore::new(self.connections_max));
        loop {
            let accepted = tokio::select! {
                () = self.stopping.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match Arc::clone(&room).try_acquire_owned() {
                    Ok(permit) => {
                        let served = serve(stream, peer);
                        self.tasks.spawn(async move {
                            served.await;
                            drop(permit);
                        });
                    }
                    Err(_) => full(),
                },
                Err(error) => {
                    events::accept_failed(&error);
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
