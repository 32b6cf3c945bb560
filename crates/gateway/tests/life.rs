//! Start, stop, and the end of the disk.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::Options;
use journal::Journal;
use jt808::Frame;
use tokio::net::{TcpStream, UdpSocket};

use crate::site::{Client, Site, frame, options, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let site = Site::start("taken", |_, _| {}).await;
    let tcp = site.gateway.local_addr();
    let error = start_again(&site, Options { listen: tcp, ..options() }).await;
    assert_eq!(
        error,
        format!("cannot listen for terminals on TCP {tcp}: Address already in use (os error 98)")
    );
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let udp = socket.local_addr().unwrap();
    let error = start_again(&site, Options { listen: udp, udp: true, ..options() }).await;
    assert_eq!(
        error,
        format!("cannot listen for terminals on UDP {udp}: Address already in use (os error 98)")
    );
    let codes_path = site.dir.clone();
    let started = site.start_beside(Options { codes_path: codes_path.clone(), ..options() }).await;
    let expected =
        format!("cannot read or make the secret of authentication codes in {}", codes_path.display());
    assert_eq!(started.unwrap_err().to_string(), expected);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let site = Site::start("stop", |_, _| {}).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (1..=20)
        .map(|terminal| {
            tokio::spawn(report_for_ever(site.gateway.local_addr(), terminal, Arc::clone(&acknowledged)))
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < 2_000 {
        tokio::task::yield_now().await;
    }
    let Site { gateway, journal, dir, .. } = site;
    gateway.stop().await;
    journal.close().await;
    let mut safe = BTreeSet::new();
    for client in clients {
        safe.extend(client.await.unwrap());
    }
    assert!(safe.len() >= 2_000);
    drop(journal);
    let stored = stored(&dir).await;
    assert!(safe.is_subset(&stored), "{:?}", safe.difference(&stored).next());
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_when_the_journal_fails() {
    let site = Site::start("failed", |_, journal| journal.segment_bytes_max = 1).await;
    let (mut first, mut second, mut silent) =
        (site.connect().await, site.connect().await, site.connect().await);
    first.write(&report(1, 1)).await;
    assert_eq!(first.acknowledgement().await, Some((1, 1, 0x0200, 0)));
    silent.write(&frame(3, 0x0002, 1, &[])).await;
    assert_eq!(silent.acknowledgement().await, Some((3, 1, 0x0002, 0)));
    // The next group commit begins a segment where there is no directory any more.
    std::fs::remove_dir_all(site.dir.join("journal")).unwrap();
    first.write(&report(1, 2)).await;
    second.write(&report(2, 1)).await;
    assert!(first.is_closed().await);
    assert!(second.is_closed().await);
    assert!(silent.is_closed().await);
    assert_eq!(site.metric("roadwarden_frames_acknowledged_total"), 1.0);
    while TcpStream::connect(site.gateway.local_addr()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    site.stop().await;
}

async fn start_again(site: &Site, options: Options) -> String {
    let options = Options { codes_path: site.dir.join("codes"), ..options };
    let error = site.start_beside(options).await.unwrap_err();
    format!("{error}: {}", std::error::Error::source(&error).unwrap())
}

/// Eight reports a write until the gateway closes; gives what was acknowledged.
async fn report_for_ever(
    addr: std::net::SocketAddr,
    terminal: u64,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<(u64, u16)> {
    let mut client = Client::connect(addr).await;
    let mut safe = Vec::new();
    for first in (0..60_000).step_by(8) {
        let bytes: Vec<u8> = (first..first + 8).flat_map(|serial| report(terminal, serial)).collect();
        // The gateway may have closed; what it acknowledged before can still be read.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &bytes).await;
        for _ in 0..8 {
            let Some((terminal, serial, id, result)) = client.acknowledgement().await else {
                return safe;
            };
            assert_eq!((id, result), (0x0200, 0));
            safe.push((terminal, serial));
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
    safe
}

async fn stored(dir: &std::path::Path) -> BTreeSet<(u64, u16)> {
    let journal =
        Journal::open(journal::Options::new(dir.join("journal")), &prometheus::Registry::new()).unwrap();
    let mut follower = journal.follow(0);
    journal.close().await;
    let mut stored = BTreeSet::new();
    while let Some(batch) = follower.next().await.unwrap() {
        for record in &batch.records {
            let mut plain = Vec::new();
            jt808::unescape(&record.frame, &mut plain).unwrap();
            let header = Frame::decode(&plain).unwrap().header;
            stored.insert((header.phone.digits().parse().unwrap(), header.serial));
        }
    }
    stored
}
