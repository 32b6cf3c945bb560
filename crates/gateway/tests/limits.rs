//! One address or one terminal takes nothing from the others.

mod site;

use gateway::{Limits, Options};

use crate::site::{Client, Site, frame, report};

fn limited(limits: Limits) -> impl FnOnce(&mut Options, &mut journal::Options) {
    move |options, _| {
        options.connections_max = 1_000;
        options.limits = Limits { unlimited: Vec::new(), ..limits };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_an_address_has_so_many_connections_and_those_there_are_stay() {
    let limits = Limits { address_connections: 3, ..Limits::default() };
    let site = Site::start("t1-address", limited(limits)).await;
    let mut held = Vec::new();
    for number in 1..=3 {
        let mut client = site.connect().await;
        client.write(&report(number, 1)).await;
        assert_eq!(client.acknowledgement().await, Some((number, 1, 0x0200, 0)));
        held.push(client);
    }
    for _ in 0..20 {
        assert!(site.connect().await.is_closed().await);
    }
    for (number, client) in (1..).zip(&mut held) {
        client.write(&report(number, 2)).await;
        assert_eq!(client.acknowledgement().await, Some((number, 2, 0x0200, 0)));
    }
    // Room that is given up is taken by the next.
    drop(held.pop());
    let mut next = loop {
        let mut client = site.connect().await;
        // One that is refused may be reset while it is written to.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &report(4, 1)).await;
        if client.acknowledgement().await.is_some() {
            break client;
        }
    };
    next.write(&report(4, 2)).await;
    assert_eq!(next.acknowledgement().await, Some((4, 2, 0x0200, 0)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_storm_of_connections_is_accepted_to_the_last_at_the_pace_there_is() {
    let limits = Limits { accepts_per_second: 200, address_accepts_per_second: 100_000, ..Limits::default() };
    let site = Site::start("t1-storm", limited(limits)).await;
    let mut good = site.connect().await;
    let storm: Vec<_> = (1..=600_u64)
        .map(|number| {
            let address = site.gateway.local_addr();
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                client.write(&frame(10 + number, 0x0002, 1, &[])).await;
                client.acknowledgement().await
            })
        })
        .collect();
    // Who is there already is served meanwhile.
    for serial in 1..=20 {
        good.write(&report(1, serial)).await;
        assert_eq!(good.acknowledgement().await, Some((1, serial, 0x0200, 0)));
    }
    for (number, client) in (11..).zip(storm) {
        assert_eq!(client.await.unwrap(), Some((number, 1, 0x0002, 0)));
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_floods_is_not_read_while_the_others_are() {
    let limits = Limits { connection_frames_per_second: 1, ..Limits::default() };
    let site = Site::start("flood", limited(limits)).await;
    let (mut flood, mut good) = (site.connect().await, site.connect().await);
    let frames: Vec<u8> = (1..=1_000).flat_map(|serial| report(2, serial)).collect();
    flood.write(&frames).await;
    assert_eq!(flood.acknowledgement().await, Some((2, 1, 0x0200, 0)));
    // Two at once are free.
    for serial in 1..=2 {
        good.write(&report(1, serial)).await;
        assert_eq!(good.acknowledgement().await, Some((1, serial, 0x0200, 0)));
    }
    // One read, and minutes before the next.
    let one_read = u64::try_from(16 * 1_024 / report(2, 1).len()).unwrap();
    assert!(site.journal.durable().borrow().upto() <= one_read + 2);
    drop(flood);
    site.stop().await;
}
