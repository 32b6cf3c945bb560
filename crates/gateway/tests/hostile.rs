//! Hostile terminals and a good one: whatever they send, it is acknowledged. How much memory they cost is measured on
//! the whole service, in the tests of the binary.

mod attack;
mod site;

use tokio::io::AsyncWriteExt;

use crate::attack::KINDS;
use crate::site::{Client, Site, report};

/// Connections of each kind, beside one that is good.
const EACH: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_good_terminal_is_served_beside_every_kind_of_hostile_one() {
    let site = Site::start("hostile", |options, _| options.connections_max = 1_000).await;
    let mut good = site.connect().await;
    let mut held = Vec::new();
    for (serial, (name, bytes)) in (1..).zip(KINDS) {
        for number in 0..EACH {
            let mut client = site.connect().await;
            client.write(&bytes(1_000 + number)).await;
            held.push(client);
        }
        good.write(&report(1, serial)).await;
        assert_eq!(good.acknowledgement().await, Some((1, serial, 0x0200, 0)), "beside {name}");
    }
    drop(held);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_at_a_time_costs_nobody_else() {
    let site = Site::start("bytewise", |options, _| options.connections_max = 1_000).await;
    let (mut good, mut slow) = (site.connect().await, site.connect().await);
    for (serial, byte) in (1..).zip(report(2, 9)) {
        slow.write(&[byte]).await;
        good.write(&report(1, serial)).await;
        assert_eq!(good.acknowledgement().await, Some((1, serial, 0x0200, 0)));
    }
    assert_eq!(slow.acknowledgement().await, Some((2, 9, 0x0200, 0)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_not_read_from_and_holds_nobody_up() {
    let site = Site::start("unread", |options, _| options.connections_max = 1_000).await;
    let mut good = site.connect().await;
    let mut held = Vec::new();
    for number in 0..EACH {
        let client = Client::connect(site.gateway.local_addr()).await;
        held.push(until_full(client, &attack::heartbeats(1_000 + number)).await);
    }
    for serial in 1..=20 {
        good.write(&report(1, serial)).await;
        assert_eq!(good.acknowledgement().await, Some((1, serial, 0x0200, 0)));
    }
    drop(held);
    site.stop().await;
}

/// Writes until the gateway takes no more: then all buffers on the way are full, in both directions.
async fn until_full(mut client: Client, bytes: &[u8]) -> Client {
    let patience = std::time::Duration::from_millis(200);
    while tokio::time::timeout(patience, client.stream.write_all(bytes)).await.is_ok() {}
    client
}
