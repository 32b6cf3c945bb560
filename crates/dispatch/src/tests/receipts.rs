//! Departments that owe receipts, at a real broker.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet::AlertId;
use fleet::Department::{Police, Transport};
use ledger::{Delivery, DeliveryState};
use prometheus::core::Collector as _;
use serde_json::{Value, json};
use settings::{Mqtt, MqttAccount, Receipts};

use super::client::Client;
use super::schema;
use super::world::{self, World, alert, fast};
use crate::{Dispatch, Pace};

/// So few that a list is longer, and so short that a test does not wait.
fn quick() -> Receipts {
    let (after, pause_max) = (Duration::from_millis(100), Duration::from_millis(400));
    Receipts { after, pause_max, in_flight: 7 }
}

/// The embedded broker, at which these accounts give receipts.
fn embedded(giving: &[&str]) -> Mqtt {
    let accounts = world::accounts().into_iter();
    let accounts =
        accounts.map(|one| MqttAccount { receipts: giving.contains(&one.name.as_str()), ..one }).collect();
    Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts,
        anonymous: false,
        positions: false,
        tls: None,
        receipts: quick(),
        alerts_per_second: std::collections::BTreeMap::new(),
    }
}

/// A broker outside; police owes receipts.
fn outside(url: &str) -> Mqtt {
    match world::external(url) {
        Mqtt::External { url, username, password, positions, alerts_per_second, .. } => Mqtt::External {
            url,
            username,
            password,
            positions,
            receipts: quick(),
            alerts_per_second,
            owing: vec![Police],
        },
        embedded @ Mqtt::Embedded { .. } => embedded,
    }
}

fn entry(number: i64) -> Value {
    json!({"alert_id": alert(number).id, "revision": 1})
}

fn delivery(world: &World, number: i64, department: fleet::Department) -> Delivery {
    let all = world.ledger.deliveries(alert(number).id).unwrap();
    all.into_iter().find(|delivery| delivery.department == department).unwrap()
}

/// Until the ledger says so of every alert.
async fn until(world: &World, numbers: i64, state: DeliveryState) {
    let reached = async {
        while !(0..numbers).all(|number| delivery(world, number, Police).state == state) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.unwrap();
}

/// Until nothing waits for the police; of other departments that owe receipts something may.
async fn until_nothing_waits(world: &World) {
    let empty = async {
        while world.ledger.receipts_waiting().unwrap().contains_key(&Police) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), empty).await.unwrap();
}

/// Reads alerts and gives a receipt for each until `count` different ones are there.
async fn receive(police: &mut Client, count: usize) {
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < count {
        let message = police.next().await.json();
        let id = message["id"].as_str().unwrap().to_owned();
        police.receipt(&json!([{"alert_id": id, "revision": message["revision"]}])).await;
        seen.insert(id);
    }
}

#[tokio::test]
async fn an_alert_is_sent_again_until_there_is_a_receipt_and_to_nobody_else() {
    let world = World::new("receipt");
    let dispatch = world.start(&embedded(&["police"])).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    let mut transport = Client::connect(&dispatch, "transport", "transport-desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    assert!(transport.subscribe("roadwarden/v1/alerts/transport/#").await);
    world.record(0..3);
    let mut times: BTreeMap<AlertId, u32> = BTreeMap::new();
    while times.len() < 3 || times.values().any(|count| *count < 3) {
        let message = police.next().await;
        assert_eq!(message.topic, "roadwarden/v1/alerts/police/54/5401/540102/hazmat-zone");
        *times.entry(serde_json::from_value(message.json()["id"].clone()).unwrap()).or_default() += 1;
    }
    until(&world, 3, DeliveryState::Waiting).await;
    let receipt = json!([entry(0), entry(1), entry(2)]);
    schema::check("receipt.schema.json", &json!({ "alerts": receipt }));
    police.receipt(&receipt).await;
    until(&world, 3, DeliveryState::Received).await;
    let told = delivery(&world, 0, Police);
    // The third may not be marked yet; the second was, or there would be no third.
    assert!(told.times_sent >= 2 && told.received_at.is_some() && told.waiting_since.is_none(), "{told:?}");
    assert!(world.ledger.receipts_waiting().unwrap().is_empty());
    // Transport had each once: the next it gets is a new one.
    assert_eq!(transport.distinct(3).await.len(), 3);
    world.record(3..4);
    assert_eq!(transport.next().await.json()["id"], json!(alert(3).id));
    assert_eq!(delivery(&world, 0, Transport).state, DeliveryState::Delivered);
    dispatch.stop().await;
}

#[tokio::test]
async fn a_broker_that_forgets_what_it_took_loses_nothing() {
    let world = World::new("forgets");
    let (broker, url) = world.broker(None).await;
    let dispatch = world.start(&outside(&url)).await;
    // Nobody has subscribed: the broker takes each and keeps none.
    world.record(0..60);
    world.until_empty().await;
    let mut police = Client::connect_to(broker.addr(), "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    receive(&mut police, 60).await;
    until(&world, 60, DeliveryState::Received).await;
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn what_is_owed_outlives_the_service_and_the_broker() {
    let world = World::new("outlives");
    let (broker, url) = world.broker(None).await;
    let dispatch = world.start(&outside(&url)).await;
    world.record(0..20);
    world.until_empty().await;
    dispatch.stop().await;
    let addr = broker.addr();
    broker.stop().await;
    std::fs::remove_dir_all(world.dir.join("outside")).unwrap();
    let (broker, _) = world.broker(Some(addr)).await;
    let mut police = Client::connect_to(addr, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    // Nothing goes out again for having gone out shortly before.
    let pace = Pace { republish: Duration::ZERO, ..fast() };
    let registry = prometheus::Registry::new();
    let mqtt = outside(&url);
    let dispatch = Dispatch::start_with(&mqtt, &world.dir, world.stores(), &registry, pace).await.unwrap();
    receive(&mut police, 20).await;
    until(&world, 20, DeliveryState::Received).await;
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_receipt_that_is_wrong_is_answered_and_changes_nothing() {
    let world = World::new("wrong-receipt");
    let dispatch = world.start(&embedded(&["police", "ecology"])).await;
    world.record(0..1);
    world.until_empty().await;
    let before = world.ledger.deliveries(alert(0).id).unwrap();
    let mut ecology = Client::connect(&dispatch, "ecology", "ecology-desk").await;
    assert!(ecology.subscribe("roadwarden/v1/receipts/ecology/results").await);
    let nobody = json!({"alert_id": "00000000-0000-0000-0000-000000000000", "revision": 1});
    let higher = json!({"alert_id": alert(0).id, "revision": 2});
    for (alerts, problem, unknown) in [
        (json!([]), "alerts has 0 entries, expected 1 to 100", json!([])),
        (json!([{"alert_id": "x", "revision": 1}]), "UUID parsing failed", json!([])),
        (json!([entry(0)]), "1 of 1 revisions of alerts are unknown", json!([entry(0)])),
        (json!([nobody, higher]), "2 of 2 revisions of alerts are unknown", json!([nobody, higher])),
    ] {
        ecology.receipt(&alerts).await;
        let answer = ecology.next().await.json();
        schema::check("receipt-result.schema.json", &answer);
        assert!(answer["problem"].as_str().unwrap().starts_with(problem), "{answer}");
        assert_eq!(answer["unknown"], unknown);
    }
    let after = world.ledger.deliveries(alert(0).id).unwrap();
    let received = |all: &[Delivery]| all.iter().map(|one| one.received_at).collect::<Vec<_>>();
    assert_eq!(received(&after), received(&before));
    // What is right in a message counts beside what is wrong.
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/receipts/police/results").await);
    police.receipt(&json!([nobody, entry(0)])).await;
    assert_eq!(police.next().await.json()["unknown"], json!([nobody]));
    until(&world, 1, DeliveryState::Received).await;
    dispatch.stop().await;
}

#[tokio::test]
async fn a_reload_decides_who_owes_receipts_and_puts_nobody_out() {
    let world = World::new("owes");
    let dispatch = world.start(&embedded(&[])).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    world.record(0..2);
    police.distinct(2).await;
    // An account that gives none is not heard: it is still delivered after the word of one that is.
    police.receipt(&json!([entry(0)])).await;
    dispatch.set_accounts(&embedded(&["police"])).unwrap();
    police.receipt(&json!([entry(1)])).await;
    let second = async {
        while delivery(&world, 1, Police).state != DeliveryState::Received {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), second).await.unwrap();
    assert_eq!(delivery(&world, 0, Police).state, DeliveryState::Delivered);
    // From here on it owes them, over the same connection, until it does not any more.
    world.record(2..3);
    let third = json!(alert(2).id);
    for _ in 0..2 {
        while police.next().await.json()["id"] != third {}
    }
    assert_eq!(world.ledger.receipts_waiting().unwrap()[&Police].0, 1);
    dispatch.set_accounts(&embedded(&[])).unwrap();
    until_nothing_waits(&world).await;
    assert_eq!(delivery(&world, 2, Police).state, DeliveryState::Delivered);
    dispatch.stop().await;
}

#[tokio::test]
async fn what_is_owed_is_counted_of_those_alone_who_owe_receipts() {
    let world = World::new("counted");
    let dispatch = world.start(&embedded(&["police"])).await;
    world.record(0..2);
    let counts = async |wanted: &[(&str, f64)]| {
        let counted = || -> Vec<(String, f64)> {
            let families = dispatch.metrics.receipts.waiting.collect();
            let series = families[0].get_metric().iter();
            series.map(|one| (one.get_label()[0].value().to_owned(), one.get_gauge().get_value())).collect()
        };
        let reached = async {
            while counted().iter().map(|(name, count)| (name.as_str(), *count)).ne(wanted.iter().copied()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), reached).await.unwrap();
    };
    counts(&[("police", 2.0)]).await;
    dispatch.set_accounts(&embedded(&["transport"])).unwrap();
    counts(&[("transport", 0.0)]).await;
    dispatch.stop().await;
}

#[tokio::test]
async fn who_owes_none_after_a_restart_is_not_waited_for() {
    let world = World::new("owed");
    let dispatch = world.start(&embedded(&["police"])).await;
    world.record(0..3);
    until(&world, 3, DeliveryState::Waiting).await;
    dispatch.stop().await;
    assert_eq!(world.ledger.receipts_waiting().unwrap()[&Police].0, 3);
    let dispatch = world.start(&embedded(&["transport"])).await;
    until_nothing_waits(&world).await;
    dispatch.stop().await;
}

#[tokio::test]
async fn fresh_alerts_overtake_what_is_sent_again() {
    let world = World::new("overtake");
    let (broker, url) = world.broker(None).await;
    let dispatch = world.start(&outside(&url)).await;
    world.record(0..40);
    until(&world, 40, DeliveryState::Waiting).await;
    dispatch.stop().await;
    world.record(40..400);
    let mut police = Client::connect_to(broker.addr(), "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    let pace = Pace { republish: Duration::ZERO, ..fast() };
    let (mqtt, registry) = (outside(&url), prometheus::Registry::new());
    let started = Dispatch::start_with(&mqtt, &world.dir, world.stores(), &registry, pace).await;
    let dispatch = started.unwrap();
    for number in 40..400 {
        assert_eq!(police.next().await.json()["id"], json!(alert(number).id), "{number}");
    }
    let old: Vec<_> = (0..40).map(|number| json!(alert(number).id)).collect();
    assert!(old.contains(&police.next().await.json()["id"]));
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_silent_department_is_written_down_and_holds_up_nothing_fresh() {
    let world = World::new("silent");
    let dispatch = world.start(&embedded(&["police"])).await;
    world.record(0..40);
    let actions = || -> Vec<String> {
        let log = world.ledger.audit_log(99).unwrap();
        let mut actions: Vec<_> =
            log.into_iter().filter(|entry| entry.subject == "police").map(|entry| entry.action).collect();
        // On a slow machine a department may look silent more than once.
        actions.sort();
        actions.dedup();
        actions
    };
    let told = async |expected: &[&str]| {
        while actions() != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told(&["receipts-silent"])).await.unwrap();
    let mut transport = Client::connect(&dispatch, "transport", "transport-desk").await;
    assert!(transport.subscribe("roadwarden/v1/alerts/transport/#").await);
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    world.record(40..41);
    assert_eq!(transport.next().await.json()["id"], json!(alert(40).id));
    receive(&mut police, 41).await;
    until(&world, 41, DeliveryState::Received).await;
    let both = ["receipts-back", "receipts-silent"];
    tokio::time::timeout(Duration::from_secs(60), told(&both)).await.unwrap();
    dispatch.stop().await;
}
