//! TLS for terminals: certificates as files, read again while the service runs.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use fleet::TerminalId;
use tls::Files;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take: some round trips of the slowest mobile link.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where TLS is spoken, and with which files, all in PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsOptions {
    /// Address of the port.
    pub listen: SocketAddr,
    /// The server's certificate and what leads from it to its root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who may sign the certificates of terminals; without it terminals need none. The common name of each is the number
    /// of the terminal that it is of.
    pub client_ca: Option<PathBuf>,
}

/// The certificates in force; clones share them.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    options: TlsOptions,
    config: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.options).finish()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When they hold nothing that TLS could be spoken with.
    pub fn load(options: TlsOptions) -> Result<Self, tls::Error> {
        let config = RwLock::new(Arc::new(config(&options)?));
        Ok(Self(Arc::new(Inner { options, config })))
    }

    /// Reads the files again, for connections from now on.
    ///
    /// # Errors
    /// When they hold nothing that TLS could be spoken with; what was in force stays in force.
    pub fn reload(&self) -> Result<(), tls::Error> {
        let config = Arc::new(config(&self.0.options)?);
        *self.0.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) fn listen(&self) -> SocketAddr {
        self.0.options.listen
    }

    /// Greets the peer, who may take [`HANDSHAKE`] for it.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.0.config.read().unwrap_or_else(PoisonError::into_inner));
        timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await?
    }

    /// The terminal that the peer's certificate is of; nothing where none is asked for.
    ///
    /// # Errors
    /// When it is of nothing that could be a terminal.
    pub(crate) fn terminal(&self, stream: &TlsStream<TcpStream>) -> io::Result<Option<TerminalId>> {
        if self.0.options.client_ca.is_none() {
            return Ok(None);
        }
        let name = tls::client_name(stream.get_ref().1).unwrap_or_default();
        let terminal = TerminalId::parse(&name).map_err(|error| {
            let said = format!(
                "the certificate is of {name:?}, expected a terminal's number as its common name: {error}"
            );
            io::Error::new(io::ErrorKind::InvalidData, said)
        });
        terminal.map(Some)
    }
}

fn config(options: &TlsOptions) -> Result<ServerConfig, tls::Error> {
    let TlsOptions { cert, key, client_ca, .. } = options;
    tls::server(Files { cert, key, client_ca: client_ca.as_deref() })
}
