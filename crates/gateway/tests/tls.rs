//! Terminals over TLS: what they say is taken as over plain TCP, and certificates change while they speak.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gateway::{Options, TlsOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use crate::site::{Client, PATIENCE, Site, frame, report};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/site/tls").join(name)
}

/// Its own copies of these files.
fn options(name: &str, pair: &str, client_ca: Option<&str>) -> TlsOptions {
    let dir = std::env::temp_dir().join(format!("gateway-certificates-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    put(&dir, pair);
    TlsOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        cert: dir.join("cert.pem"),
        key: dir.join("key.pem"),
        client_ca: client_ca.map(file),
    }
}

/// A gateway with such files, and where they lie.
async fn start(name: &str, pair: &str, client_ca: Option<&str>) -> (Site, PathBuf) {
    let tls = options(name, pair, client_ca);
    let dir = tls.cert.parent().unwrap().to_owned();
    (Site::start(name, |options, _| options.tls = Some(tls)).await, dir)
}

fn put(dir: &Path, pair: &str) {
    fs::copy(file(&format!("{pair}.pem")), dir.join("cert.pem")).unwrap();
    fs::copy(file(&format!("{pair}.key")), dir.join("key.pem")).unwrap();
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(file(name)).unwrap()
}

struct Greeting {
    version: &'static SupportedProtocolVersion,
    own: Option<&'static str>,
}

const PLAIN: Greeting = Greeting { version: &version::TLS13, own: None };

async fn connect(address: SocketAddr, greeting: Greeting) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[greeting.version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match greeting.own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from_pem_file(file(&format!("{own}.key"))).unwrap();
            builder.with_client_auth_cert(vec![certificate(&format!("{own}.pem"))], key).unwrap()
        }
    };
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect("gateway.test".try_into().unwrap(), stream).await
}

/// Sends a report and reads its acknowledgement, the so manieth answer.
async fn report_over(stream: &mut TlsStream<TcpStream>, serial: u16, answer: u16) -> std::io::Result<()> {
    stream.write_all(&report(1, serial)).await?;
    let [high, low] = serial.to_be_bytes();
    let mut expected = frame(1, 0x8001, answer, &[high, low, 2, 0, 0]);
    let mut got = vec![0; expected.len()];
    timeout(PATIENCE, stream.read_exact(&mut got)).await??;
    assert_eq!(got, std::mem::take(&mut expected));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_over_tls_is_acknowledged_beside_one_over_plain_tcp() {
    let (site, dir) = start("tls", "first", None).await;
    let address = site.gateway.tls_addr().unwrap();
    for version in [&version::TLS12, &version::TLS13] {
        let mut stream = connect(address, Greeting { version, own: None }).await.unwrap();
        report_over(&mut stream, 1, 0).await.unwrap();
        report_over(&mut stream, 2, 1).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    let mut plain = site.connect().await;
    plain.write(&report(2, 7)).await;
    assert_eq!(plain.acknowledgement().await, Some((2, 7, 0x0200, 0)));
    // Nothing is said in plain where TLS is spoken.
    let mut wrong = Client::connect(address).await;
    wrong.write(&report(2, 8)).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, wrong.stream.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.contains(&0x7e), "{answer:?}");
    assert_eq!(site.journal.durable().borrow().upto(), 5);
    site.stop().await;
    fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_read_again_and_broken_ones_change_nothing() {
    let (site, dir) = start("tls-reload", "first", None).await;
    let (address, tls) = (site.gateway.tls_addr().unwrap(), site.gateway.tls().unwrap());
    let shown = |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let mut old = connect(address, PLAIN).await.unwrap();
    assert_eq!(shown(&old), certificate("first.pem"));
    put(&dir, "second");
    tls.reload().unwrap();
    assert_eq!(shown(&connect(address, PLAIN).await.unwrap()), certificate("second.pem"));
    // Who spoke before speaks on.
    report_over(&mut old, 1, 0).await.unwrap();
    let mistakes = [
        ("cert.pem", "", "cert.pem can't be used, expected certificates in PEM"),
        ("key.pem", "-----BEGIN NONSENSE-----", "key.pem can't be used, expected a private key in PEM"),
        ("key.pem", &fs::read_to_string(file("first.key")).unwrap(), "key.pem can't be used together"),
    ];
    for (name, text, said) in mistakes {
        put(&dir, "second");
        fs::write(dir.join(name), text).unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.ends_with(said), "{error}");
        assert_eq!(shown(&connect(address, PLAIN).await.unwrap()), certificate("second.pem"));
    }
    site.stop().await;
    fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_authority_is_named_only_its_terminals_are_heard() {
    let (site, dir) = start("tls-client", "first", Some("ca.pem")).await;
    let address = site.gateway.tls_addr().unwrap();
    let own = |own| Greeting { own: Some(own), ..PLAIN };
    let mut good = connect(address, own("terminal")).await.unwrap();
    report_over(&mut good, 1, 0).await.unwrap();
    // In TLS 1.3 a client learns with its first read that it is not wanted. A server's certificate is no terminal's.
    // A certificate is of one terminal: of none, and nobody is heard; of this one, and no other is.
    for greeting in [PLAIN, own("first"), own("relay")] {
        let said = match connect(address, greeting).await {
            Ok(mut stream) => report_over(&mut stream, 2, 0).await,
            Err(error) => Err(error),
        };
        said.unwrap_err();
    }
    for stream in [&mut good, &mut connect(address, own("terminal")).await.unwrap()] {
        stream.write_all(&report(2, 9)).await.unwrap();
        let expected = frame(2, 0x8001, 0, &[0, 9, 2, 0, 1]);
        let mut got = vec![0; expected.len()];
        timeout(PATIENCE, stream.read_exact(&mut got)).await.unwrap().unwrap();
        assert_eq!(got, expected, "refused");
    }
    assert_eq!(site.journal.durable().borrow().upto(), 1);
    site.stop().await;
    fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_shows_a_certificate_of_its_own_and_speaks_for_many() {
    let tls = options("tls-relay", "first", Some("ca.pem"));
    let dir = tls.cert.parent().unwrap().to_owned();
    let site = Site::start("tls-relay", |options, _| {
        options.tls = Some(tls);
        options.relays = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let own = Greeting { own: Some("relay"), ..PLAIN };
    let mut relay = connect(site.gateway.tls_addr().unwrap(), own).await.unwrap();
    report_over(&mut relay, 1, 0).await.unwrap();
    report_over(&mut relay, 2, 1).await.unwrap();
    relay.write_all(&report(2, 3)).await.unwrap();
    let expected = frame(2, 0x8001, 0, &[0, 3, 2, 0, 0]);
    let mut got = vec![0; expected.len()];
    timeout(PATIENCE, relay.read_exact(&mut got)).await.unwrap().unwrap();
    assert_eq!(got, expected);
    site.stop().await;
    fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_its_certificate_does_not_start() {
    let site = Site::start("tls-none", |_, _| {}).await;
    let tls = TlsOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        cert: file("none.pem"),
        key: file("first.key"),
        client_ca: None,
    };
    let options = Options { tls: Some(tls), codes_path: site.dir.join("codes"), ..site::options() };
    let error = site.start_beside(options).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot speak TLS to terminals");
    site.stop().await;
}
