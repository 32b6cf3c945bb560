//! Real sockets, a real journal: what a terminal sees.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::time::Duration;

use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::timeout;

use crate::site::{Client, Site, frame, report, terminal};

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_acknowledged_when_it_is_durable_wherever_it_is_cut() {
    let site = Site::start("cut", |_, _| {}).await;
    let mut client = site.connect().await;
    let len = report(1, 0x7e01).len();
    for at in 1..len {
        // A byte that has to be escaped in each of them.
        let serial = 0x7e00 + u16::try_from(at).unwrap();
        let bytes = report(1, serial);
        client.write(&bytes[..at]).await;
        until_read(&client).await;
        client.write(&bytes[at..]).await;
        assert_eq!(client.acknowledgement().await, Some((1, serial, 0x0200, 0)), "cut at {at}");
        assert_eq!(site.journal.durable().borrow().upto(), u64::try_from(at).unwrap());
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_cost_the_good_ones_between_them_nothing() {
    let site = Site::start("bad", |_, _| {}).await;
    let mut client = site.connect().await;
    let mut wrong = report(1, 9);
    let last = wrong.len() - 2;
    wrong[last] ^= 1;
    let oversized = [&[0x7e][..], &[1; 5_000], &[0x7e]].concat();
    let mut bytes = b"$$".to_vec();
    for (serial, bad) in
        (1..).zip([wrong, oversized, vec![0x7e; 9], vec![0x7e, 0x7d, 0x7d, 0x7e], vec![0x7e, 2, 0, 0x7e]])
    {
        bytes.extend(bad);
        bytes.extend(report(1, serial));
    }
    client.write(&bytes).await;
    for serial in 1..=5 {
        assert_eq!(client.acknowledgement().await, Some((1, serial, 0x0200, 0)));
    }
    assert_eq!(site.metric("roadwarden_frames_rejected_total"), 3.0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_goes_on_when_one_of_its_terminals_leaves() {
    let site = Site::start("relay", |_, _| {}).await;
    let mut relay = site.connect().await;
    relay.write(&[report(1, 1), report(2, 1)].concat()).await;
    assert_eq!(relay.acknowledgement().await, Some((1, 1, 0x0200, 0)));
    assert_eq!(relay.acknowledgement().await, Some((2, 1, 0x0200, 0)));
    let mut own = site.connect().await;
    own.write(&report(2, 2)).await;
    assert_eq!(own.acknowledgement().await, Some((2, 2, 0x0200, 0)));
    relay.write(&report(1, 3)).await;
    assert_eq!(relay.acknowledgement().await, Some((1, 3, 0x0200, 0)));
    assert_eq!(site.metric("roadwarden_terminals_connected"), 2.0);
    drop(own);
    while site.gateway.is_online(terminal(2)) {
        tokio::task::yield_now().await;
    }
    assert!(site.gateway.is_online(terminal(1)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_login_wins_and_the_old_connection_ends() {
    let site = Site::start("supersede", |_, _| {}).await;
    let (mut old, mut new) = (site.connect().await, site.connect().await);
    old.write(&report(1, 1)).await;
    assert_eq!(old.acknowledgement().await, Some((1, 1, 0x0200, 0)));
    new.write(&report(1, 2)).await;
    assert_eq!(new.acknowledgement().await, Some((1, 2, 0x0200, 0)));
    assert!(old.is_closed().await);
    assert!(site.gateway.is_online(terminal(1)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed() {
    let site = Site::start("idle", |options, _| options.idle_timeout = Duration::from_millis(200)).await;
    let (mut silent, mut junk) = (site.connect().await, site.connect().await);
    junk.write(b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(silent.is_closed().await);
    assert!(junk.is_closed().await);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_and_bounded() {
    let site = Site::start("bounded", |options, _| options.connections_max = 2).await;
    let (mut first, mut second) = (site.connect().await, site.connect().await);
    for (terminal, client) in (1..).zip([&mut first, &mut second]) {
        client.write(&frame(terminal, 0x0002, 1, &[])).await;
        assert_eq!(client.acknowledgement().await, Some((terminal, 1, 0x0002, 0)));
    }
    assert!(site.connect().await.is_closed().await);
    drop(first);
    while site.metric("roadwarden_connections") > 1.0 {
        tokio::task::yield_now().await;
    }
    let mut third = site.connect().await;
    third.write(&frame(2, 0x0002, 1, &[])).await;
    assert_eq!(third.acknowledgement().await, Some((2, 1, 0x0002, 0)));
    drop(second);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datagram_is_answered_where_it_came_from() {
    let site = Site::start("udp", |options, _| options.udp = true).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&report(1, 7), site.gateway.local_addr()).await.unwrap();
    let mut buffer = [0; 128];
    let (len, from) = timeout(Duration::from_secs(5), socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(from, site.gateway.local_addr());
    assert_eq!(buffer[..len], frame(1, 0x8001, 0, &[0, 7, 2, 0, 0]));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_reads_holds_up_nobody_else() {
    let site = Site::start("slow", |_, _| {}).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.set_send_buffer_size(4_096).unwrap();
    let slow = socket.connect(site.gateway.local_addr()).await.unwrap();
    // Every heartbeat is answered, no answer is read: in the end nothing more is taken.
    let heartbeats = frame(1, 0x0002, 1, &[]).repeat(1_000);
    let mut taken = 0;
    while timeout(Duration::from_secs(1), slow.writable()).await.is_ok() {
        match slow.try_write(&heartbeats) {
            Ok(len) => taken += len,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        assert!(taken < 64 << 20, "{taken} bytes were taken");
    }
    let mut other = site.connect().await;
    for serial in 0..20 {
        other.write(&report(2, serial)).await;
        assert_eq!(other.acknowledgement().await, Some((2, serial, 0x0200, 0)));
    }
    drop(slow);
    site.stop().await;
}

/// Waits until the gateway has read all that was written; the kernel's table says so.
async fn until_read(client: &Client) {
    let port = |end: std::io::Result<std::net::SocketAddr>| format!(":{:04X}", end.unwrap().port());
    let (local, peer) = (port(client.stream.local_addr()), port(client.stream.peer_addr()));
    let is_empty = |from: &str, to: &str, table: &str| {
        table.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[1].ends_with(from) && fields[2].ends_with(to) && fields[4] == "00000000:00000000"
        })
    };
    loop {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        if is_empty(&local, &peer, &table) && is_empty(&peer, &local, &table) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// One package of a message: header bit 13, total and index.
fn package(serial: u16, (total, index): (u16, u16), body: &[u8]) -> Vec<u8> {
    let phone = jt808::Phone::from_digits("1", jt808::Edition::V2013).unwrap();
    let mut header = jt808::Header::new(0x0801, jt808::Edition::V2013, phone, serial);
    header.packet = Some(jt808::Packet { total, index });
    let mut bytes = Vec::new();
    jt808::encode_frame(&header, body, &mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn media_in_packages_is_answered_once_it_is_durable() {
    let site = Site::start("media", |_, _| {}).await;
    let mut client = site.connect().await;
    let head = [&[0, 0, 0, 5, 0, 0, 3, 1][..], &site::LOCATION, &[0xff, 0xd8, 0xff]].concat();
    for (serial, index, body) in [(12, 3, &[3; 7][..]), (10, 1, &head), (11, 2, &[2; 1_000])] {
        client.write(&package(serial, (3, index), body)).await;
        let acknowledged = client.frame().await.unwrap();
        assert_eq!((acknowledged.0, &acknowledged.3[..2]), (0x8001, &serial.to_be_bytes()[..]));
    }
    let (id, _, _, body) = client.frame().await.unwrap();
    assert_eq!((id, body.as_slice()), (0x8800, &[0, 0, 0, 5][..]));
    // 2026-01-01 08:00 in China, which is when it was taken.
    let taken = fleet::EventTime::from_ms(1_767_225_600_000);
    let kept = site.media.of_terminal(terminal(1), (taken, taken), 9).unwrap();
    let [entry] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((entry.file_name().as_str(), entry.channel), ("000001.jpg", Some(1)));
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut site.media.read(entry.id).unwrap(), &mut bytes).unwrap();
    assert_eq!(bytes, [&[0xff, 0xd8, 0xff][..], &[2; 1_000], &[3; 7]].concat());
    site.stop().await;
}
