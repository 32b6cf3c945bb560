//! Real sockets, a real journal.

use std::sync::Arc;
use std::time::Duration;

use fleet::Registry;
use gateway::{Admission, Gateway, Options};
use journal::Journal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::time::timeout;

const LOCATION: &str = "000000000000000301c4aa90056e8d200e420258005a260101080000";

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_acknowledged_when_it_is_durable_however_it_is_cut() {
    let (gateway, journal) = start("cut").await;
    let mut stream = TcpStream::connect(gateway.local_addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for serial in 0..20_u16 {
        let frame = report(serial);
        let (head, tail) = frame.split_at(usize::from(serial) + 1);
        stream.write_all(head).await.unwrap();
        stream.write_all(&report(serial)[head.len()..]).await.unwrap();
        assert_eq!(tail.len() + head.len(), frame.len());
        assert_eq!(answer(&mut stream).await, acknowledged(serial));
        assert!(*journal.durable().borrow() > u64::from(serial));
    }
    gateway.stop().await;
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_login_wins_and_the_old_connection_ends() {
    let (gateway, journal) = start("supersede").await;
    let mut old = TcpStream::connect(gateway.local_addr()).await.unwrap();
    old.write_all(&report(1)).await.unwrap();
    assert_eq!(answer(&mut old).await, acknowledged(1));
    let mut new = TcpStream::connect(gateway.local_addr()).await.unwrap();
    new.write_all(&report(2)).await.unwrap();
    assert_eq!(answer(&mut new).await, acknowledged(2));
    assert_eq!(timeout(Duration::from_secs(5), old.read(&mut [0; 64])).await.unwrap().unwrap(), 0);
    assert!(gateway.is_online("13800000001".parse().unwrap()));
    gateway.stop().await;
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datagram_is_answered_where_it_came_from() {
    let (gateway, journal) = start("udp").await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&report(7), gateway.local_addr()).await.unwrap();
    let mut buffer = [0; 128];
    let (len, from) = timeout(Duration::from_secs(5), socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(from, gateway.local_addr());
    assert_eq!(body(&buffer[..len]), acknowledged(7));
    gateway.stop().await;
    journal.close().await;
}

async fn start(name: &str) -> (Gateway, Journal) {
    let dir = std::env::temp_dir().join(format!("gateway-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let metrics = prometheus::Registry::new();
    let journal = Journal::open(journal::Options::new(dir.join("journal")), &metrics).unwrap();
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        udp: true,
        admission: Admission::Open,
        idle_timeout: Duration::from_secs(60),
        connections_max: 10,
        codes_path: dir.join("codes"),
    };
    let (_, registry) = watch::channel(Arc::new(Registry::default()));
    (Gateway::start(options, journal.clone(), registry, &metrics).await.unwrap(), journal)
}

fn report(serial: u16) -> Vec<u8> {
    let phone = jt808::Phone::from_digits("13800000001", jt808::Edition::V2013).unwrap();
    let body: Vec<u8> = (0..LOCATION.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&LOCATION[at..at + 2], 16).unwrap())
        .collect();
    let mut frame = Vec::new();
    jt808::encode_frame(&jt808::Header::new(0x0200, jt808::Edition::V2013, phone, serial), &body, &mut frame);
    frame
}

fn acknowledged(serial: u16) -> Vec<u8> {
    let [high, low] = serial.to_be_bytes();
    vec![high, low, 2, 0, 0]
}

async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = [0; 128];
    let len = timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap().unwrap();
    body(&buffer[..len])
}

fn body(frame: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    jt808::unescape(frame, &mut plain).unwrap();
    jt808::Frame::decode(&plain).unwrap().body.to_vec()
}
