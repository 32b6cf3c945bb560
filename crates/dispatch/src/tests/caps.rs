//! A department that takes so many messages a second.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleet::Department::Police;
use fleet::{Alert, Severity};
use settings::Mqtt;

use super::client::Client;
use super::schema;
use super::world::{World, alert};

/// The embedded broker; police takes this many a second.
fn capped(world: &World, rate: u32) -> Mqtt {
    match world.embedded() {
        Mqtt::Embedded { listen, accounts, anonymous, positions, tls, receipts, .. } => {
            let alerts_per_second = BTreeMap::from([(Police, rate)]);
            Mqtt::Embedded { listen, accounts, anonymous, positions, tls, receipts, alerts_per_second }
        }
        external @ Mqtt::External { .. } => external,
    }
}

fn record(world: &World, severity: Severity, numbers: std::ops::Range<i64>) {
    let alerts: Vec<_> = numbers.map(|number| Arc::new(Alert { severity, ..alert(number) })).collect();
    world.ledger.record(&alerts).unwrap();
}

const ALERTS: i64 = 60;

#[tokio::test]
async fn who_takes_one_a_second_is_told_what_waits_gets_what_is_urgent_first_and_holds_nobody_up() {
    let world = World::new("capped");
    let dispatch = world.start(&capped(&world, 1)).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    let mut sums = Client::connect(&dispatch, "police", "sums").await;
    assert!(sums.subscribe("roadwarden/v1/summaries/police").await);
    let mut transport = Client::connect(&dispatch, "transport", "hall").await;
    assert!(transport.subscribe("roadwarden/v1/alerts/transport/#").await);
    record(&world, Severity::Minor, 0..ALERTS);
    for number in 0..ALERTS {
        assert_eq!(transport.next().await.json()["id"], alert(number).id.to_string());
    }
    let summary = sums.next().await.json();
    schema::check("summary.schema.json", &summary);
    let waiting = summary["waiting"].as_u64().unwrap();
    // What went was acknowledged or is on its way, and counts as waiting until that is marked.
    assert!((1..=ALERTS.unsigned_abs()).contains(&waiting), "{summary}");
    assert_eq!(summary["urgent"], 0);
    assert_eq!(summary["messages_per_second"], 1);
    assert_eq!(summary["kinds"][0]["count"], waiting);
    assert_eq!((&summary["kinds"][0]["rule"], &summary["others"]), (&"hazmat-zone".into(), &0.into()));
    // Something urgent, and an alert that waits and becomes urgent, overtake what waits.
    record(&world, Severity::Critical, ALERTS..ALERTS + 1);
    let last = alert(ALERTS - 1);
    let worse = Alert { revision: 2, ..last.clone() };
    world.ledger.record(&[Arc::new(worse)]).unwrap();
    let mut went = Vec::new();
    while went.last() != Some(&(last.id.to_string(), 2)) {
        let message = police.next().await.json();
        went.push((message["id"].as_str().unwrap().to_owned(), message["revision"].as_u64().unwrap()));
    }
    let urgent: Vec<_> = went[went.len() - 3..].to_vec();
    let id = |number| alert(number).id.to_string();
    assert_eq!(urgent, [(id(ALERTS), 1), (id(ALERTS - 1), 1), (id(ALERTS - 1), 2)]);
    let calm: Vec<_> = (0..).map(|number| (id(number), 1)).take(went.len() - 3).collect();
    assert_eq!(went[..went.len() - 3], calm, "in the order they were put in");
    dispatch.stop().await;
}

#[tokio::test]
async fn what_waited_for_its_turn_arrives_and_the_department_is_told_that_it_is_over() {
    let world = World::new("capped-over");
    let dispatch = world.start(&capped(&world, 20)).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    assert!(police.subscribe("roadwarden/v1/summaries/police").await);
    record(&world, Severity::Minor, 0..50);
    let (mut seen, mut sent, mut is_on) = (Vec::new(), 0, false);
    loop {
        let message = police.next().await;
        let json = message.json();
        if message.topic == "roadwarden/v1/summaries/police" {
            sent += json["sent"].as_u64().unwrap();
            if is_on && json["waiting"] == 0 {
                break;
            }
            is_on = true;
        } else {
            seen.push(json["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen, (0..50).map(|number| alert(number).id.to_string()).collect::<Vec<_>>());
    assert_eq!(sent, 50, "the summaries add up to what went");
    world.until_empty().await;
    dispatch.stop().await;
}
