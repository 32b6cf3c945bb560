//! Who is believed to be a terminal, where only those on file may speak.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::net::SocketAddr;

use fleet::{ReceiveTime, Threat};
use gateway::Admission;
use ledger::{Author, Via};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::timeout;

use crate::site::{Acknowledgement, Client, PATIENCE, Site, frame, now, report, terminal};

/// A registration of 2013 with this terminal id of seven bytes.
fn registration(number: u64, serial: u16, device: &[u8; 7]) -> Vec<u8> {
    // 藏A12345, yellow.
    let plate = [0x02, 0xb2, 0xd8, 0x41, 0x31, 0x32, 0x33, 0x34, 0x35];
    frame(number, 0x0100, serial, &[&[0, 54, 0, 1][..], b"MAKER", &[0; 20], device, &plate].concat())
}

async fn strict(name: &str) -> Site {
    Site::start(name, |options, _| options.admission = Admission::Registry).await
}

/// The result and the code of the next frame, which has to be an answer to a registration.
async fn registered(client: &mut Client) -> (u8, Vec<u8>) {
    let (id, _, _, body) = client.frame().await.unwrap();
    assert_eq!(id, 0x8100);
    (body[2], body[3..].to_vec())
}

/// Registers and authenticates with serials 1 and 2.
async fn log_in(client: &mut Client, number: u64) -> Vec<u8> {
    client.write(&registration(number, 1, b"0000001")).await;
    let (result, code) = registered(client).await;
    assert_eq!(result, 0);
    client.write(&frame(number, 0x0102, 2, &code)).await;
    assert_eq!(client.acknowledgement().await, Some((number, 2, 0x0102, 0)));
    code
}

async fn asked(client: &mut Client, bytes: &[u8]) -> Option<Acknowledgement> {
    client.write(bytes).await;
    client.acknowledgement().await
}

/// A client whose connection comes from this host of the machine.
async fn connect_from(site: &Site, host: [u8; 4]) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((host, 0))).unwrap();
    let stream = socket.connect(site.gateway.local_addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    Client::new(stream)
}

/// What the gateway has written of it once it has stopped.
async fn events(site: Site) -> Vec<(Threat, Option<String>, Vec<String>, u64)> {
    let ledger = site.ledger.clone();
    site.stop().await;
    let events = ledger.security_events().unwrap().into_iter();
    events.map(|it| (it.threat, it.terminal.map(|it| it.to_string()), it.addresses, it.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_nothing_without_a_code_displaces_a_terminal_that_gave_it() {
    let site = strict("t2").await;
    let (mut good, mut bad) = (site.connect().await, site.connect().await);
    log_in(&mut good, 1).await;
    assert_eq!(asked(&mut bad, &report(1, 1)).await, Some((1, 1, 0x0200, 1)));
    assert_eq!(asked(&mut bad, &frame(1, 0x0002, 2, &[])).await, Some((1, 2, 0x0002, 1)));
    assert_eq!(asked(&mut bad, &frame(1, 0x0102, 3, b"guess")).await, Some((1, 3, 0x0102, 1)));
    // Even its registration changes nothing, nor does another device's.
    bad.write(&registration(1, 4, b"0000002")).await;
    assert_eq!(registered(&mut bad).await, (1, Vec::new()));
    bad.write(&registration(1, 5, b"0000001")).await;
    assert_eq!(registered(&mut bad).await.0, 0);
    assert_eq!(asked(&mut bad, &report(1, 6)).await, Some((1, 6, 0x0200, 1)));
    assert_eq!(asked(&mut good, &report(1, 3)).await, Some((1, 3, 0x0200, 0)));
    assert!(site.gateway.is_online(terminal(1)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_the_newest_that_gives_the_code_wins() {
    let site = strict("t2-newest").await;
    let (mut old, mut new) = (site.connect().await, site.connect().await);
    let code = log_in(&mut old, 1).await;
    assert_eq!(asked(&mut new, &frame(1, 0x0102, 1, &code)).await, Some((1, 1, 0x0102, 0)));
    assert!(old.is_closed().await);
    assert_eq!(asked(&mut new, &report(1, 2)).await, Some((1, 2, 0x0200, 0)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_clone_is_frozen_and_named_with_both_addresses() {
    let site = strict("t2-clone").await;
    let mut first = connect_from(&site, [127, 0, 0, 2]).await;
    let code = log_in(&mut first, 1).await;
    let mut holder = first;
    for swap in 1..=5_u16 {
        let mut next = connect_from(&site, [127, 0, 0, 2 + u8::try_from(swap % 2).unwrap()]).await;
        assert_eq!(asked(&mut next, &frame(1, 0x0102, swap, &code)).await, Some((1, swap, 0x0102, 0)));
        assert!(holder.is_closed().await);
        holder = next;
    }
    let mut newcomer = connect_from(&site, [127, 0, 0, 2]).await;
    assert_eq!(asked(&mut newcomer, &frame(1, 0x0102, 9, &code)).await, Some((1, 9, 0x0102, 1)));
    assert_eq!(asked(&mut newcomer, &report(1, 10)).await, Some((1, 10, 0x0200, 1)));
    assert_eq!(asked(&mut holder, &report(1, 11)).await, Some((1, 11, 0x0200, 0)));
    let both = vec!["127.0.0.3".to_owned(), "127.0.0.2".into()];
    assert_eq!(events(site).await, [(Threat::ClonedTerminal, Some("1".into()), both, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_a_connection_speaks_for_the_terminal_that_authenticated_on_it_alone() {
    let site = strict("t3").await;
    let mut client = site.connect().await;
    log_in(&mut client, 1).await;
    for serial in 1..=9 {
        assert_eq!(asked(&mut client, &report(2, serial)).await, Some((2, serial, 0x0200, 1)));
        let own = 100 + serial;
        assert_eq!(asked(&mut client, &report(1, own)).await, Some((1, own, 0x0200, 0)));
    }
    assert_eq!(asked(&mut client, &report(2, 10)).await, Some((2, 10, 0x0200, 1)));
    assert!(client.is_closed().await);
    // The registration and the nine of its own.
    assert_eq!(site.journal.durable().borrow().upto(), 10);
    assert_eq!(site.metric("roadwarden_security_events_total"), 10.0);
    let from = vec!["127.0.0.1".to_owned()];
    assert_eq!(events(site).await, [(Threat::ForeignNumber, Some("2".into()), from, 10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_a_relay_speaks_for_many_and_takes_none_that_gave_its_code() {
    let adapt = |options: &mut gateway::Options, _: &mut journal::Options| {
        options.admission = Admission::Registry;
        options.relays = vec!["127.0.0.9/32".parse().unwrap()];
    };
    let site = Site::start("t3-relay", adapt).await;
    let (mut own, mut relay) = (site.connect().await, connect_from(&site, [127, 0, 0, 9]).await);
    log_in(&mut own, 1).await;
    assert_eq!(asked(&mut relay, &report(1, 1)).await, Some((1, 1, 0x0200, 0)));
    assert_eq!(asked(&mut relay, &report(2, 1)).await, Some((2, 1, 0x0200, 0)));
    // A stranger on it does not end it.
    for serial in 0..20 {
        assert_eq!(asked(&mut relay, &report(3, serial)).await, Some((3, serial, 0x0200, 1)));
    }
    assert_eq!(asked(&mut own, &report(1, 3)).await, Some((1, 3, 0x0200, 0)));
    assert_eq!(asked(&mut relay, &report(2, 2)).await, Some((2, 2, 0x0200, 0)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_a_stranger_is_refused_and_listed_once_however_often_he_comes() {
    let site = strict("t4").await;
    for connection in 1..=3_u16 {
        let mut client = site.connect().await;
        client.write(&registration(77, connection, b"STRANGE")).await;
        assert_eq!(registered(&mut client).await, (4, Vec::new()));
        assert_eq!(asked(&mut client, &report(77, 9)).await, Some((77, 9, 0x0200, 1)));
    }
    assert_eq!(site.journal.durable().borrow().upto(), 0);
    let ledger = site.ledger.clone();
    site.stop().await;
    let strangers = ledger.strangers().unwrap();
    let [it] = strangers.as_slice() else { panic!("{strangers:?}") };
    assert_eq!((it.number.as_str(), it.plate.as_str(), it.device.as_str()), ("77", "藏A12345", "STRANGE"));
    assert_eq!((it.maker.as_str(), it.address.as_str(), it.tries), ("MAKER", "127.0.0.1", 6));
    assert_eq!(ledger.binding(terminal(77)).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_five_wrong_codes_make_even_the_right_one_wait() {
    let site = strict("t5").await;
    let mut client = site.connect().await;
    client.write(&registration(1, 1, b"0000001")).await;
    let (_, code) = registered(&mut client).await;
    for serial in 2..=6 {
        assert_eq!(
            asked(&mut client, &frame(1, 0x0102, serial, b"guess")).await,
            Some((1, serial, 0x0102, 1))
        );
    }
    assert_eq!(asked(&mut client, &frame(1, 0x0102, 7, &code)).await, Some((1, 7, 0x0102, 1)));
    // Another terminal behind the same address is not made to wait.
    let mut other = site.connect().await;
    log_in(&mut other, 2).await;
    let from = vec!["127.0.0.1".to_owned()];
    assert_eq!(events(site).await, [(Threat::WrongCode, Some("1".into()), from, 5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_a_code_holds_over_a_restart_until_a_person_releases_the_terminal() {
    let site = strict("t5-release").await;
    let mut client = site.connect().await;
    let code = log_in(&mut client, 1).await;
    let options = gateway::Options { admission: Admission::Registry, ..site::options() };
    let site = site.restart(options, |_| {}).await;
    let mut client = site.connect().await;
    assert_eq!(asked(&mut client, &frame(1, 0x0102, 1, &code)).await, Some((1, 1, 0x0102, 0)));
    let by = Author { by: "root".into(), via: Via::Console, at: now() };
    site.ledger.release_terminal(terminal(1), &by).unwrap();
    assert!(client.is_closed().await);
    let mut client = site.connect().await;
    assert_eq!(asked(&mut client, &frame(1, 0x0102, 2, &code)).await, Some((1, 2, 0x0102, 1)));
    // Now another device may have the number, and the one before may not.
    client.write(&registration(1, 3, b"0000002")).await;
    let (result, new) = registered(&mut client).await;
    assert_eq!(result, 0);
    assert_ne!(new, code);
    client.write(&registration(1, 4, b"0000001")).await;
    assert_eq!(registered(&mut client).await, (1, Vec::new()));
    assert_eq!(asked(&mut client, &frame(1, 0x0102, 5, &new)).await, Some((1, 5, 0x0102, 0)));
    let ledger = site.ledger.clone();
    site.stop().await;
    let bound = ledger.binding(terminal(1)).unwrap().unwrap();
    assert_eq!(
        (bound.generation, bound.device.as_deref(), bound.plate.as_str()),
        (1, Some("0000002"), "藏A12345")
    );
    assert!(bound.since > ReceiveTime::from_ms(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_reports_before_authentication_are_not_kept_and_end_the_connection() {
    let site = strict("t6").await;
    let mut client = site.connect().await;
    for serial in 1..=10 {
        assert_eq!(asked(&mut client, &report(1, serial)).await, Some((1, serial, 0x0200, 1)));
    }
    assert!(client.is_closed().await);
    assert_eq!(site.journal.durable().borrow().upto(), 0);
    assert!(!site.gateway.is_online(terminal(1)));
    let from = vec!["127.0.0.1".to_owned()];
    assert_eq!(events(site).await, [(Threat::Unauthenticated, Some("1".into()), from, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_over_udp_another_port_of_the_same_address_goes_on() {
    let adapt = |options: &mut gateway::Options, _: &mut journal::Options| {
        options.admission = Admission::Registry;
        options.udp = true;
    };
    let site = Site::start("t6-udp", adapt).await;
    let mut client = site.connect().await;
    log_in(&mut client, 1).await;
    let to = site.gateway.local_addr();
    let said = async |host: &str, serial: u16| {
        let socket = UdpSocket::bind((host, 0)).await.unwrap();
        socket.send_to(&report(1, serial), to).await.unwrap();
        let mut buffer = [0; 128];
        let (len, _) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
        // The result stands before the check byte and the delimiter.
        buffer[len - 3]
    };
    assert_eq!(said("127.0.0.2", 5).await, 1);
    assert_eq!(said("127.0.0.1", 6).await, 0);
    assert_eq!(said("127.0.0.1", 7).await, 0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t8_a_flood_of_broken_frames_ends_its_connection_and_no_other() {
    let site = strict("t8").await;
    let (mut good, mut bad) = (site.connect().await, site.connect().await);
    log_in(&mut good, 1).await;
    bad.write(&[0x7e, 1, 2, 3].repeat(200)).await;
    assert!(bad.is_closed().await);
    assert_eq!(asked(&mut good, &report(1, 3)).await, Some((1, 3, 0x0200, 0)));
    let from = vec!["127.0.0.1".to_owned()];
    assert_eq!(events(site).await, [(Threat::FrameFlood, None, from, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_taken_from_the_registry_is_acknowledged_no_more() {
    let site = strict("removed").await;
    let mut client = site.connect().await;
    log_in(&mut client, 1).await;
    assert_eq!(asked(&mut client, &report(1, 3)).await, Some((1, 3, 0x0200, 0)));
    site.registry.send_replace(std::sync::Arc::default());
    assert_eq!(asked(&mut client, &report(1, 4)).await, Some((1, 4, 0x0200, 1)));
    assert!(!site.gateway.is_online(terminal(1)));
    site.stop().await;
}
