//! TLS before the embedded broker: ends it here and hands the bytes on over loopback.
//!
//! The broker has a listener for TLS of its own, which does one handshake after another without a deadline: a client that
//! connects and says nothing keeps everybody else out. Here each handshake has its own task and its time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::tokio_rustls::TlsAcceptor;
use rumqttc::tokio_rustls::rustls::ServerConfig;
use settings::MqttTls;
use tls::Files;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::StartError;
use crate::broker::CLIENTS_MAX;

/// A handshake takes three packets; who needs longer is let go.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Who is behind a connection that comes to the broker.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Where it really comes from.
    pub ip: IpAddr,
    /// Whom its certificate is of, where it was asked for one: empty where of nobody.
    pub certified: Option<String>,
}

/// Those that come to the broker over loopback.
#[derive(Clone, Default)]
pub(crate) struct Peers(Arc<Mutex<HashMap<SocketAddr, Peer>>>);

impl Peers {
    /// The client behind a connection.
    pub(crate) fn real(&self, from: SocketAddr) -> Peer {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&from).cloned();
        known.unwrap_or(Peer { ip: from.ip(), certified: None })
    }

    fn set(&self, from: SocketAddr, real: Option<Peer>) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match real {
            Some(real) => peers.insert(from, real),
            None => peers.remove(&from),
        };
    }
}

/// A listener that has its address and its certificate, and hears nobody yet.
pub(crate) struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
    greeter: Greeter,
}

/// How TLS begins.
#[derive(Clone)]
struct Greeter {
    acceptor: TlsAcceptor,
    asks: bool,
}

impl Bound {
    /// Reads the certificates and takes the port.
    pub(crate) async fn new(tls: &MqttTls) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { listen: tls.listen, source };
        let acceptor = TlsAcceptor::from(Arc::new(config(tls)?));
        let greeter = Greeter { acceptor, asks: tls.client_ca.is_some() };
        let listener = TcpListener::bind(tls.listen).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, addr, greeter })
    }

    /// Hands on to `broker` from now on.
    pub(crate) fn serve(self, broker: SocketAddr, peers: Peers) -> Front {
        let stop = CancellationToken::new();
        tokio::spawn(accept(self.listener, self.greeter, (broker, peers), stop.clone()));
        Front { addr: self.addr, stop }
    }
}

/// A listener that ends TLS.
pub(crate) struct Front {
    addr: SocketAddr,
    stop: CancellationToken,
}

impl Front {
    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it and every connection through it.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    greeter: Greeter,
    (broker, peers): (SocketAddr, Peers),
    stop: CancellationToken,
) {
    // As many as the broker takes: handshakes that wait count too.
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: wait for some to come back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (greeter, peers, stop) = (greeter.clone(), peers.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = relay(stream, peer, &greeter, (broker, &peers)) => {}
            }
            drop(place);
        });
    }
}

async fn relay(
    stream: TcpStream,
    peer: SocketAddr,
    greeter: &Greeter,
    (broker, peers): (SocketAddr, &Peers),
) {
    let greeting = greeter.acceptor.accept(stream);
    let Ok(Ok(mut outside)) = tokio::time::timeout(HANDSHAKE_MAX, greeting).await else {
        return tracing::debug!(%peer, "no TLS handshake");
    };
    let Ok(mut inside) = TcpStream::connect(broker).await else { return };
    let Ok(from) = inside.local_addr() else { return };
    let named = Named { peers, from };
    let certified = greeter.asks.then(|| tls::client_name(outside.get_ref().1).unwrap_or_default());
    peers.set(from, Some(Peer { ip: peer.ip(), certified }));
    // Either end may go when it likes.
    let _ = copy_bidirectional(&mut outside, &mut inside).await;
    drop(named);
}

/// Takes the name of a connection back however it ends.
struct Named<'a> {
    peers: &'a Peers,
    from: SocketAddr,
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        self.peers.set(self.from, None);
    }
}

fn config(tls: &MqttTls) -> Result<ServerConfig, tls::Error> {
    let MqttTls { cert, key, client_ca, .. } = tls;
    let mut config = tls::server(Files { cert, key, client_ca: client_ca.as_deref() })?;
    config.alpn_protocols = vec![b"mqtt".to_vec()];
    Ok(config)
}
