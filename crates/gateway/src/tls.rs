//! TLS for terminals: certificates as files, read again while the service runs.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
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
    /// Who may sign the certificates of terminals; without it terminals need none.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS can't be spoken with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate or key in a file.
    #[error("{} can't be used, expected {expected} in PEM", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Why not.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key don't belong together, or are of a kind nobody speaks.
    #[error("{} and {} can't be used together", cert.display(), key.display())]
    Pair {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// A certificate of the authority that is none.
    #[error("{} holds no authority that could sign certificates of terminals", path.display())]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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
    pub fn load(options: TlsOptions) -> Result<Self, TlsError> {
        let config = RwLock::new(Arc::new(config(&options)?));
        Ok(Self(Arc::new(Inner { options, config })))
    }

    /// Reads the files again, for connections from now on.
    ///
    /// # Errors
    /// When they hold nothing that TLS could be spoken with; what was in force stays in force.
    pub fn reload(&self) -> Result<(), TlsError> {
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
}

fn config(options: &TlsOptions) -> Result<ServerConfig, TlsError> {
    let TlsOptions { cert, key, client_ca, .. } = options;
    let chain = certificates(cert)?;
    let file = |source| TlsError::File { path: key.clone(), expected: "a private key", source };
    let private = PrivateKeyDer::from_pem_file(key).map_err(file)?;
    let pair = |source| TlsError::Pair { cert: cert.clone(), key: key.clone(), source };
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(pair)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider);
            let verifier = verifier.build().map_err(|source| authority(path, source))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder.with_single_cert(chain, private).map_err(pair)
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::File { path: path.to_owned(), expected: "certificates", source };
    let chain = CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(wrong)?;
    if chain.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|source| authority(path, source))?;
    }
    Ok(roots)
}

fn authority(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> TlsError {
    TlsError::Authority { path: path.to_owned(), source: Box::new(source) }
}
