//! UDP: one task for all peers. A datagram holds whole frames; answers go to the address it came from.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use journal::{Durable, Position};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use crate::connection::{Conversation, Peer, Shared, Transport, now};
use crate::routes::{ORDERS_MAX, Order, Route};

/// Addresses that are spoken with at once; a datagram from a further one is dropped and its terminal sends again.
const PEERS_MAX: usize = 65_536;
/// Datagrams whose acknowledgement waits for the disk; with more, reading stops.
const WAITING_MAX: usize = 65_536;
/// The largest datagram there is.
const DATAGRAM_BYTES: usize = 65_535;
/// How often peers that fell silent are forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// As for TCP.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(socket: UdpSocket, shared: Shared) {
    let (sender, mut orders) = mpsc::channel(ORDERS_MAX);
    let mut peers = Peers {
        socket,
        shared: shared.clone(),
        sender,
        table: HashMap::new(),
        links: HashMap::new(),
        waiting: VecDeque::new(),
    };
    let mut durable = shared.journal.durable();
    let mut sweep = interval(SWEEP_EVERY);
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let mut stop_at = None;
    loop {
        if stop_at.is_some_and(|at| peers.waiting.is_empty() || Instant::now() >= at) {
            break;
        }
        let reads = stop_at.is_none() && peers.waiting.len() < WAITING_MAX;
        let taken = tokio::select! {
            biased;
            () = shared.stopping.cancelled(), if stop_at.is_none() => {
                stop_at = Some(Instant::now() + STOP_TIMEOUT);
                Ok(())
            }
            changed = durable.changed(), if !peers.waiting.is_empty() => {
                if changed.is_err() {
                    break;
                }
                let proof = *durable.borrow_and_update();
                peers.handle_durable(proof).await
            }
            Some((link, order)) = orders.recv() => peers.handle_order(link, order).await,
            received = peers.socket.recv_from(&mut buffer), if reads => match received {
                Ok((len, peer)) => peers.handle_datagram(peer, buffer.get(..len).unwrap_or_default()).await,
                // What the peer's host said of an earlier answer; nothing was received.
                Err(_) => Ok(()),
            },
            _ = sweep.tick() => peers.handle_timeout().await,
        };
        if taken.is_err() || shared.failed.is_cancelled() {
            break;
        }
    }
    peers.end();
}

struct Peers {
    socket: UdpSocket,
    shared: Shared,
    sender: mpsc::Sender<(u64, Order)>,
    /// At most [`PEERS_MAX`].
    table: HashMap<SocketAddr, Conversation>,
    /// One entry for each in `table`.
    links: HashMap<u64, SocketAddr>,
    /// Who has a report before this position that is not acknowledged; at most [`WAITING_MAX`].
    waiting: VecDeque<(Position, SocketAddr)>,
}

impl Peers {
    async fn handle_datagram(&mut self, peer: SocketAddr, bytes: &[u8]) -> Result<(), journal::AppendError> {
        if !self.table.contains_key(&peer) {
            if self.table.len() >= PEERS_MAX {
                self.shared.metrics.closed("peers-max");
                return Ok(());
            }
            let link = self.shared.routes.next_link();
            let (address, orders) = (peer.ip().to_canonical(), self.sender.clone());
            let route = Route { link, peer: address, orders, kick: CancellationToken::new() };
            self.table.insert(
                peer,
                Conversation::new(&self.shared, route, Peer { addr: peer, certified: None }, Transport::Udp),
            );
            self.links.insert(link, peer);
        }
        if let Some(conversation) = self.table.get_mut(&peer) {
            let before = conversation.link.unacknowledged();
            conversation.handle_datagram(&self.shared, bytes);
            if conversation.link.unacknowledged() > before {
                self.flush(peer).await?;
                // The newest position is below the head by now.
                self.waiting.push_back((self.shared.journal.head(), peer));
                return Ok(());
            }
        }
        self.flush(peer).await
    }

    async fn handle_durable(&mut self, proof: Durable) -> Result<(), journal::AppendError> {
        while let Some((position, peer)) = self.waiting.front().copied() {
            let Some(conversation) = self.table.get_mut(&peer) else {
                self.waiting.pop_front();
                continue;
            };
            conversation.link.handle_durable(now(), proof);
            if conversation.link.unacknowledged() > 0 && position > proof.upto() {
                return self.flush(peer).await;
            }
            self.waiting.pop_front();
            self.flush(peer).await?;
        }
        Ok(())
    }

    async fn handle_order(&mut self, link: u64, order: Order) -> Result<(), journal::AppendError> {
        let Some(peer) = self.links.get(&link).copied() else {
            return Ok(()); // The peer is gone; a caller learns it from the dropped channel.
        };
        if let Some(conversation) = self.table.get_mut(&peer) {
            conversation.handle_order(order);
        }
        self.flush(peer).await
    }

    async fn handle_timeout(&mut self) -> Result<(), journal::AppendError> {
        let peers: Vec<SocketAddr> = self.table.keys().copied().collect();
        for peer in peers {
            if let Some(conversation) = self.table.get_mut(&peer) {
                conversation.handle_timeout(&self.shared);
            }
            self.flush(peer).await?;
        }
        Ok(())
    }

    /// Does what the link asks for and sends its answers in one datagram.
    async fn flush(&mut self, peer: SocketAddr) -> Result<(), journal::AppendError> {
        let Some(conversation) = self.table.get_mut(&peer) else {
            return Ok(());
        };
        let drained = conversation.drain(&self.shared).await?;
        if !drained.transmit.is_empty() {
            // A datagram may be lost on any way; the terminal sends again.
            let _: io::Result<usize> = self.socket.try_send_to(&drained.transmit, peer);
        }
        if let Some(reason) = drained.close {
            self.shared.metrics.closed(reason.as_str());
            if let Some(conversation) = self.table.remove(&peer) {
                self.links.remove(&conversation.number());
                conversation.end(&self.shared);
            }
        }
        Ok(())
    }

    fn end(self) {
        for (_, conversation) in self.table {
            conversation.end(&self.shared);
        }
    }
}
