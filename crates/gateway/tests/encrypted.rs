//! Real keys over real sockets: what a terminal that encrypts sees.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use gateway::Options;
use jt808::{Edition, Header, Phone};
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey, PublicKey};

use crate::site::{Client, LOCATION, Site, frame, options, report, terminal};

/// Made for these tests and used by nobody.
const PLATFORM: &str = include_str!("site/platform.pem");
const TERMINAL: &str = include_str!("site/terminal.pem");

fn key(pem: &str) -> PrivateKey {
    PrivateKey::from_pkcs8_pem(pem).unwrap()
}

fn with_key() -> Options {
    Options { rsa_key: Some(key(PLATFORM)), ..options() }
}

/// A frame of terminal 1 with this body as it is, and bit 10.
fn marked(id: u16, serial: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits("1", Edition::V2013).unwrap();
    let mut wire = Vec::new();
    jt808::encode_frame(&Header::new(id, Edition::V2013, phone, serial).with_rsa(), body, &mut wire);
    wire
}

fn encrypt(key: &PublicKey, body: &[u8]) -> Vec<u8> {
    body.chunks(117).flat_map(|plain| key.pkcs1v15_encrypt(plain).unwrap()).collect()
}

/// Exchanges keys and gives the platform's, taken from what it sent.
async fn exchange(client: &mut Client) -> PublicKey {
    let own = key(TERMINAL);
    let body = [&[0, 1, 0, 1][..], &own.n_bytes()].concat();
    client.write(&frame(1, 0x0a00, 1, &body)).await;
    let (id, _, _, body) = client.frame().await.unwrap();
    assert_eq!((id, body.len()), (0x8a00, 132));
    let (e, n) = body.split_at(4);
    let number = BoxedUint::from_be_slice_vartime;
    PublicKey::new(number(n), number(e)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_report_is_in_the_journal_in_plain_before_it_is_acknowledged() {
    let site = Site::start("encrypted", |options, _| options.rsa_key = with_key().rsa_key).await;
    let mut client = site.connect().await;
    let platform = exchange(&mut client).await;
    client.write(&marked(0x0200, 2, &encrypt(&platform, &LOCATION))).await;
    assert_eq!(client.acknowledgement().await, Some((1, 2, 0x0200, 0)));
    assert_eq!(site.journal.durable().borrow().upto(), 1);
    let batch = site.journal.follow(0).next().await.unwrap().unwrap();
    assert_eq!(batch.records[0].frame, report(1, 2));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decrypted_costs_its_sender_only() {
    let site = Site::start("undecryptable", |options, _| options.rsa_key = with_key().rsa_key).await;
    let (mut client, mut other) = (site.connect().await, site.connect().await);
    let platform = exchange(&mut client).await;
    let good = encrypt(&platform, &LOCATION);
    let for_itself = encrypt(&key(TERMINAL).to_public_key(), &LOCATION);
    let mut damaged = good.clone();
    damaged[64] ^= 1;
    for (serial, body) in (2..).zip([&for_itself[..], &damaged, &good[..127], &[0xff; 128], &LOCATION]) {
        client.write(&marked(0x0200, serial, body)).await;
        assert_eq!(client.acknowledgement().await, Some((1, serial, 0x0200, 2)));
    }
    assert_eq!(site.metric("roadwarden_frames_rejected_total"), 5.0);
    other.write(&report(2, 1)).await;
    assert_eq!(other.acknowledgement().await, Some((2, 1, 0x0200, 0)));
    client.write(&marked(0x0200, 9, &good)).await;
    assert_eq!(client.acknowledgement().await, Some((1, 9, 0x0200, 0)));
    assert_eq!(site.journal.durable().borrow().upto(), 2);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_put_off_and_others_go_on() {
    let site = Site::start("flood", |options, _| options.rsa_key = with_key().rsa_key).await;
    let (mut client, mut other) = (site.connect().await, site.connect().await);
    let platform = exchange(&mut client).await;
    // More at once than a connection may have decrypted: seven blocks each.
    let long = marked(0x0900, 2, &encrypt(&platform, &[0x41; 7 * 117]));
    client.write(&long.repeat(60)).await;
    let mut results = [0; 2];
    for _ in 0..60 {
        let (_, _, id, result) = client.acknowledgement().await.unwrap();
        assert_eq!(id, 0x0900);
        results[usize::from(result)] += 1;
    }
    assert!(results[0] >= 4 && results[1] > 0, "{results:?}");
    other.write(&report(2, 1)).await;
    assert_eq!(other.acknowledgement().await, Some((2, 1, 0x0200, 0)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_encrypted_for_a_terminal_that_encrypts_over_a_restart() {
    let site = Site::start("commands-rsa", |options, _| options.rsa_key = with_key().rsa_key).await;
    let mut client = site.connect().await;
    exchange(&mut client).await;
    let site = site.restart(with_key(), |_| ()).await;
    // The key was learnt on another connection of another run.
    site.queue_text();
    let mut client = site.connect().await;
    client.write(&marked(0x0002, 1, &[])).await;
    let body = client.text().await;
    assert_eq!(key(TERMINAL).pkcs1v15_decrypt(&body).unwrap(), [8, b'A']);
    let profile = site.ledger.profile(terminal(1)).unwrap().unwrap();
    assert!(profile.starts_with(r#"{"key":"00010001"#), "{profile}");
    site.stop().await;
}

#[tokio::test]
async fn without_a_key_encrypted_bodies_are_not_supported() {
    let site = Site::start("no-key", |_, _| {}).await;
    let mut client = site.connect().await;
    client.write(&marked(0x0200, 1, &[7; 128])).await;
    assert_eq!(client.acknowledgement().await, Some((1, 1, 0x0200, 3)));
    site.stop().await;
}
