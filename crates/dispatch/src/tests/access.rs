//! Who is let in, over what, and what happens when that changes. Each line of the broker advisories that a test stands for is
//! named beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rumqttc::Transport;
use rumqttc::tokio_rustls::rustls::crypto::ring;
use rumqttc::tokio_rustls::rustls::pki_types::pem::PemObject;
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rumqttc::tokio_rustls::rustls::{ClientConfig, RootCertStore};
use settings::{MqttAccount, MqttTls};
use tokio::net::TcpStream;

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub fn transport(with_certificate: bool) -> Transport {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = if with_certificate {
        let chain = vec![CertificateDer::from_pem_file(fixture("client.pem")).unwrap()];
        builder
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(fixture("client.key")).unwrap())
            .unwrap()
    } else {
        builder.with_no_client_auth()
    };
    Transport::tls_with_config(config.into())
}

fn with_tls(accounts: Vec<MqttAccount>, client_ca: Option<PathBuf>) -> Mqtt {
    let tls = MqttTls {
        listen: world::LOOPBACK,
        cert: fixture("server.pem"),
        key: fixture("server.key"),
        client_ca,
    };
    Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts,
        anonymous: false,
        positions: false,
        tls: Some(tls),
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    }
}

#[tokio::test]
async fn over_tls_a_department_gets_its_alerts_though_others_connect_and_say_nothing() {
    let world = World::new("tls");
    let dispatch = world.start(&with_tls(world::accounts(), None)).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(dispatch.tls_addr().unwrap()).await.unwrap());
    }
    let mut police = Client::connect_tls(&dispatch, "police", false).await.expect("let in");
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    assert!(!police.subscribe("roadwarden/v1/alerts/transport/#").await);
    world.record(0..1);
    assert_eq!(police.next().await.json()["id"], alert(0).id.to_string());
    drop(silent);
    dispatch.stop().await;
}

#[tokio::test]
async fn where_a_client_certificate_is_asked_for_nobody_is_heard_without() {
    let world = World::new("mutual");
    let dispatch = world.start(&with_tls(world::accounts(), Some(fixture("ca.pem")))).await;
    assert!(Client::connect_tls(&dispatch, "police", false).await.is_none());
    assert!(Client::connect_tls(&dispatch, "police", true).await.is_some());
    assert!(Client::connect_tls(&dispatch, "army", true).await.is_none(), "a certificate is no account");
    assert!(
        Client::connect_tls(&dispatch, "transport", true).await.is_none(),
        "the certificate is of police"
    );
    dispatch.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_none_is_named() {
    let world = World::new("pem");
    let Mqtt::Embedded { tls: Some(tls), .. } = with_tls(vec![], None) else { unreachable!("just made") };
    for (cert, key) in [("server.key", "server.key"), ("server.pem", "ca.pem"), ("absent.pem", "server.key")]
    {
        let tls = MqttTls { cert: fixture(cert), key: fixture(key), ..tls.clone() };
        let mqtt = Mqtt::Embedded {
            listen: world::LOOPBACK,
            accounts: vec![],
            anonymous: false,
            positions: false,
            tls: Some(tls),
            receipts: settings::Receipts::default(),
            alerts_per_second: std::collections::BTreeMap::new(),
        };
        let error = world.try_start(&mqtt).await.err().unwrap();
        let error = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.contains(".pem can't be used") | error.contains(".key can't be used"), "{error}");
    }
}

/// CVE-2021-34434: a subscription outlived the right to it.
#[tokio::test]
async fn who_loses_the_account_or_its_department_is_disconnected_and_hears_nothing_more() {
    let world = World::new("evicted");
    let mqtt = |accounts| Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts,
        anonymous: false,
        positions: false,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    let dispatch = world.start(&mqtt(world::accounts())).await;
    let mut clients = Vec::new();
    for name in ["police", "transport", "ecology"] {
        let mut client = Client::connect(&dispatch, name, name).await;
        assert!(client.subscribe(&format!("roadwarden/v1/heartbeat/{name}")).await);
        client.next().await;
        clients.push(client);
    }
    let mut changed = world::accounts();
    changed.retain(|account| account.name != "police");
    let moved = changed.iter_mut().find(|account| account.name == "transport").unwrap();
    moved.department = Police;
    dispatch.set_accounts(&mqtt(changed)).unwrap();
    let mut ecology = clients.pop().unwrap();
    for mut client in clients {
        client.rest().await;
    }
    assert!(!Client::is_admitted(&dispatch, Some(("police", "pw-police")), "police").await);
    // Back under another department: the subscription of before is not there, and is not granted.
    let mut moved = Client::connect(&dispatch, "transport", "transport").await;
    assert!(!moved.subscribe("roadwarden/v1/alerts/transport/#").await);
    assert!(moved.subscribe("roadwarden/v1/heartbeat/police").await);
    for _ in 0..3 {
        assert_eq!(moved.next().await.topic, "roadwarden/v1/heartbeat/police");
    }
    // Who changed nothing was not touched.
    ecology.next().await;
    dispatch.stop().await;
}

/// CVE-2017-7652: a reload that failed left the broker with its defaults, which let everybody in.
#[tokio::test]
async fn accounts_that_can_not_be_taken_over_leave_the_old_ones_in_force() {
    let world = World::new("refused");
    let dispatch = world.start(&world.embedded()).await;
    let twice = vec![world::account("a", Police), world::account("a", Transport)];
    let mqtt = Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts: twice,
        anonymous: true,
        positions: false,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    assert!(matches!(dispatch.set_accounts(&mqtt), Err(StartError::Account { .. })));
    assert!(Client::is_admitted(&dispatch, Some(("police", "pw-police")), "x").await);
    assert!(!Client::is_admitted(&dispatch, None, "y").await, "anonymous is not reloaded");
    dispatch.stop().await;
}

/// CVE-2018-12550: an empty file of rights gave every right.
#[tokio::test]
async fn without_accounts_nobody_is_let_in_and_the_service_goes_on() {
    let world = World::new("empty");
    let dispatch = world.start(&world.embedded()).await;
    let mqtt = Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts: vec![],
        anonymous: false,
        positions: false,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    dispatch.set_accounts(&mqtt).unwrap();
    for login in [Some(("police", "pw-police")), Some(("police", "")), Some(("", "")), None] {
        assert!(!Client::is_admitted(&dispatch, login, "x").await, "{login:?}");
    }
    world.record(0..1);
    world.until_empty().await;
    dispatch.stop().await;
}

/// What the broker tells of comes a moment later.
async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the broker tells of it");
}

#[tokio::test]
async fn who_is_there_is_told_by_account_and_a_lost_account_is_told_no_more() {
    let world = World::new("presence");
    let mqtt = world.embedded();
    let dispatch = world.start(&mqtt).await;
    let of = |dispatch: &Dispatch, name: &str| {
        dispatch.consumers().unwrap().into_iter().find(|consumer| consumer.name == name)
    };
    let absent = of(&dispatch, "police").unwrap();
    assert_eq!((absent.connections, absent.seen_at), (0, None));
    assert_eq!(absent.department, Some(fleet::Department::Police));
    let police = Client::connect(&dispatch, "police", "desk").await;
    until(|| of(&dispatch, "police").unwrap().connections == 1).await;
    let began = of(&dispatch, "police").unwrap().seen_at.expect("it was seen");
    drop(police);
    until(|| of(&dispatch, "police").unwrap().connections == 0).await;
    assert!(of(&dispatch, "police").unwrap().seen_at.unwrap() >= began);
    assert!(of(&dispatch, SERVICE).is_none(), "ourselves is no consumer");
    dispatch
        .set_accounts(&Mqtt::Embedded {
            listen: world::LOOPBACK,
            accounts: Vec::new(),
            anonymous: false,
            positions: false,
            tls: None,
            receipts: settings::Receipts::default(),
            alerts_per_second: std::collections::BTreeMap::new(),
        })
        .unwrap();
    assert_eq!(dispatch.consumers().unwrap(), []);
    dispatch.stop().await;
}
