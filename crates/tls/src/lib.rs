//! TLS as a server: certificates out of PEM files, and whom a client's certificate names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig, ServerConnection};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The files, all in PEM.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The server's certificate and what leads from it to its root.
    pub cert: &'a Path,
    /// Its private key.
    pub key: &'a Path,
    /// Who may sign the certificates of clients; without it they need none.
    pub client_ca: Option<&'a Path>,
}

/// Why TLS can't be spoken with these files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    #[error("{} holds no authority that could sign certificates of clients", path.display())]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// TLS 1.2 and 1.3 with these files.
///
/// # Errors
/// When they hold nothing that TLS could be spoken with.
pub fn server(files: Files<'_>) -> Result<ServerConfig, Error> {
    let Files { cert, key, client_ca } = files;
    let chain = certificates(cert)?;
    let file = |source| Error::File { path: key.to_owned(), expected: "a private key", source };
    let private = PrivateKeyDer::from_pem_file(key).map_err(file)?;
    let pair = |source| Error::Pair { cert: cert.to_owned(), key: key.to_owned(), source };
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

/// The common name in the subject of the certificate that the client has shown and whose key it has: RFC 5280, 4.1.2.6.
/// Nothing where it showed none, or one without.
pub fn client_name(connection: &ServerConnection) -> Option<String> {
    let shown = connection.peer_certificates()?.first()?;
    let certificate = Certificate::from_der(shown).ok()?;
    certificate.tbs_certificate().subject().common_name().ok()?.map(|name| name.value().into_owned())
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |source| Error::File { path: path.to_owned(), expected: "certificates", source };
    let chain = CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(wrong)?;
    if chain.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|source| authority(path, source))?;
    }
    Ok(roots)
}

fn authority(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Authority { path: path.to_owned(), source: Box::new(source) }
}
