//! What a terminal has shown of itself holds on its next connection, after a restart, and behind another port.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::time::Duration;

use jt808::{Edition, Header, Packet, Phone};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::site::{LOCATION, Site, frame, options, report, terminal};

const PATIENCE: Duration = Duration::from_secs(20);
/// 2013: province, city, maker 5, model 20, id 7, colour and plate.
const REGISTRATION_2013: &[u8] =
    b"\x00\x36\x00\x01MAKERMODEL-1\0\0\0\0\0\0\0\0\0\0\0\0\0T000001\x02\xb2\xd8A12345";

/// A frame of terminal 1 with the header of 2019.
fn flagged(id: u16, serial: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits("1", Edition::V2019).unwrap();
    let mut wire = Vec::new();
    jt808::encode_frame(&Header::new(id, Edition::V2019, phone, serial), body, &mut wire);
    wire
}

#[tokio::test]
async fn the_edition_of_its_bodies_is_remembered_over_a_restart() {
    let site = Site::start("profiles", |_, _| ()).await;
    let mut client = site.connect().await;
    client.write(&flagged(0x0100, 1, REGISTRATION_2013)).await;
    assert_eq!(client.frame().await.map(|(id, ..)| id), Some(0x8100));
    let site = site.restart(options(), |_| ()).await;
    let mut client = site.connect().await;
    // Without what was learnt it would be of 2019, with a type before the text.
    site.queue_text();
    client.write(&flagged(0x0002, 9, &[])).await;
    assert_eq!(client.text().await, [8, b'A']);
    let profile = site.ledger.profile(terminal(1)).unwrap();
    assert_eq!(
        profile.as_deref(),
        Some(r#"{"edition":"2013","province":54,"maker":"MAKER","model":"MODEL-1"}"#)
    );
    site.stop().await;
}

#[tokio::test]
async fn a_terminal_whose_port_changes_goes_on_behind_the_new_one() {
    let site = Site::start("ports", |options, _| options.udp = true).await;
    let (old, new) =
        (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let to = site.gateway.local_addr();
    let part = |serial, index, body: &[u8]| {
        let phone = Phone::from_digits("1", Edition::V2013).unwrap();
        let mut header = Header::new(0x0704, Edition::V2013, phone, serial);
        header.packet = Some(Packet { total: 2, index });
        let mut wire = Vec::new();
        jt808::encode_frame(&header, body, &mut wire);
        wire
    };
    let [first, second] = [&[&[0, 2, 1, 0, 28][..], &LOCATION].concat(), &[&[0, 28][..], &LOCATION].concat()];
    for (socket, wire) in [
        (&old, report(1, 1)),
        (&old, part(2, 1, first)),
        (&new, part(3, 2, second)),
        (&new, report(1, 4)),
        (&old, frame(1, 0x0002, 5, &[])),
    ] {
        socket.send_to(&wire, to).await.unwrap();
        let mut buffer = [0; 256];
        let (len, _) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
        let mut plain = Vec::new();
        jt808::unescape(&buffer[..len], &mut plain).unwrap();
        let answer = jt808::Frame::decode(&plain).unwrap();
        let mut sent = Vec::new();
        jt808::unescape(&wire, &mut sent).unwrap();
        let serial = jt808::Frame::decode(&sent).unwrap().header.serial.to_be_bytes();
        assert_eq!((answer.header.id, &answer.body[..2], answer.body[4]), (0x8001, &serial[..], 0));
    }
    site.stop().await;
}
