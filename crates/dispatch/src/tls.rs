//! TLS before the embedded broker: ends it here and hands the bytes on over loopback.
//!
//! The broker has a listener for TLS of its own, which does one handshake after another without a deadline: a client that
//! connects and says nothing keeps everybody else out. Here each handshake has its own task and its time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::tokio_rustls::TlsAcceptor;
use rumqttc::tokio_rustls::rustls::crypto::ring;
use rumqttc::tokio_rustls::rustls::pki_types::pem::PemObject;
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rumqttc::tokio_rustls::rustls::server::WebPkiClientVerifier;
use rumqttc::tokio_rustls::rustls::{RootCertStore, ServerConfig};
use settings::MqttTls;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::StartError;
use crate::broker::CLIENTS_MAX;

/// A handshake takes three packets; who needs longer is let go.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Where connections that come to the broker over loopback really come from.
#[derive(Clone, Default)]
pub(crate) struct Peers(Arc<Mutex<HashMap<SocketAddr, IpAddr>>>);

impl Peers {
    /// The address of the client behind a connection.
    pub(crate) fn real(&self, from: SocketAddr) -> IpAddr {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&from).copied().unwrap_or(from.ip())
    }

    fn set(&self, from: SocketAddr, real: Option<IpAddr>) {
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
    acceptor: TlsAcceptor,
}

impl Bound {
    /// Reads the certificates and takes the port.
    pub(crate) async fn new(tls: &MqttTls) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { listen: tls.listen, source };
        let acceptor = TlsAcceptor::from(Arc::new(config(tls)?));
        let listener = TcpListener::bind(tls.listen).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, addr, acceptor })
    }

    /// Hands on to `broker` from now on.
    pub(crate) fn serve(self, broker: SocketAddr, peers: Peers) -> Front {
        let stop = CancellationToken::new();
        tokio::spawn(accept(self.listener, self.acceptor, (broker, peers), stop.clone()));
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
    acceptor: TlsAcceptor,
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
        let (acceptor, peers, stop) = (acceptor.clone(), peers.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = relay(stream, peer, &acceptor, (broker, &peers)) => {}
            }
            drop(place);
        });
    }
}

async fn relay(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: &TlsAcceptor,
    (broker, peers): (SocketAddr, &Peers),
) {
    let Ok(Ok(mut outside)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await else {
        return tracing::debug!(%peer, "no TLS handshake");
    };
    let Ok(mut inside) = TcpStream::connect(broker).await else { return };
    let Ok(from) = inside.local_addr() else { return };
    let named = Named { peers, from };
    peers.set(from, Some(peer.ip()));
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

fn config(tls: &MqttTls) -> Result<ServerConfig, StartError> {
    let unfit = |path: &Path, problem: String| StartError::Pem { path: path.to_owned(), problem };
    let certificates = |path: &Path| {
        let read: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let read = read.map_err(|error| unfit(path, error.to_string()))?;
        if read.is_empty() { Err(unfit(path, "it holds no certificate".to_owned())) } else { Ok(read) }
    };
    let chain = certificates(&tls.cert)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unfit(&tls.key, error.to_string()))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(StartError::Tls)?;
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(StartError::Tls)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unfit(path, error.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(StartError::Tls)?;
    config.alpn_protocols = vec![b"mqtt".to_vec()];
    Ok(config)
}
