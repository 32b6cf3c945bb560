mod access;
mod caps;
mod client;
mod receipts;
mod schema;
mod world;

use std::time::Duration;

use fleet::Department::{Police, Transport};
use ledger::HandlingStatus;
use serde_json::{Value, json};

use super::*;
use crate::tests::client::Client;
use crate::tests::world::{World, alert, fast};

#[tokio::test]
async fn a_department_subscribes_to_its_own_topics_only() {
    let world = World::new("acl");
    let dispatch = world.start(&world.embedded()).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    for (filter, granted) in [
        ("roadwarden/v1/alerts/police/54/5401/#", true),
        ("roadwarden/v1/alerts/police/#", true),
        ("roadwarden/v1/alerts/transport/#", false),
        ("roadwarden/v1/handling/police/#", true),
        ("roadwarden/v1/heartbeat/police", true),
        ("roadwarden/v1/dispositions/police/results", true),
        ("roadwarden/v1/dispositions/police", false),
        ("roadwarden/v1/positions/#", false),
        ("roadwarden/v1/status", true),
        ("#", false),
        ("+/v1/alerts/police/#", false),
        ("roadwarden/+/alerts/police/#", false),
        ("roadwarden/v1/alerts/+/54/#", false),
        ("$share/desk/roadwarden/v1/alerts/police/#", false),
        ("$SYS/#", false),
    ] {
        assert_eq!(police.subscribe(filter).await, granted, "{filter}");
    }
    dispatch.stop().await;
}

#[tokio::test]
async fn a_forged_alert_or_will_reaches_nobody() {
    let world = World::new("forged");
    let dispatch = world.start(&world.embedded()).await;
    let mut transport = Client::connect(&dispatch, "transport", "transport-desk").await;
    assert!(transport.subscribe("roadwarden/v1/alerts/transport/#").await);
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/dispositions/police/results").await);
    let topic = "roadwarden/v1/alerts/transport/54/5401/540102/sos";
    police.publish(topic, b"forged").await;
    Client::die_with_will(&dispatch, "police", topic).await;
    // A will that is allowed is answered, so the forged one before it has been judged too.
    Client::die_with_will(&dispatch, "police", "roadwarden/v1/dispositions/police").await;
    assert_eq!(police.next().await.json()["ok"], false);
    world.record(0..1);
    let first = transport.next().await;
    assert_eq!(first.json()["id"], alert(0).id.to_string());
    dispatch.stop().await;
}

#[tokio::test]
async fn nobody_connects_without_the_right_password_or_under_our_name() {
    let world = World::new("password");
    let dispatch = world.start(&world.embedded()).await;
    for login in [Some(("police", "wrong")), Some(("army", "pw-army")), Some((SERVICE, "")), None] {
        assert!(!Client::is_admitted(&dispatch, login, "x").await, "{login:?}");
    }
    assert!(Client::is_admitted(&dispatch, Some(("police", "pw-police")), "x").await);
    assert!(
        !Client::is_admitted(&dispatch, Some(("transport", "pw-transport")), "x").await,
        "client id of another"
    );
    dispatch.stop().await;
}

#[tokio::test]
async fn anonymous_reads_everything_of_ours_and_writes_nothing() {
    let world = World::new("anonymous");
    let mqtt = Mqtt::Embedded {
        listen: world::LOOPBACK,
        accounts: vec![],
        anonymous: true,
        positions: true,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    let dispatch = world.start(&mqtt).await;
    let mut reader = Client::connect(&dispatch, "", "reader").await;
    assert!(reader.subscribe("roadwarden/v1/positions/#").await);
    assert!(reader.subscribe("roadwarden/v1/alerts/#").await);
    assert!(!reader.subscribe("#").await);
    reader.publish("roadwarden/v1/alerts/police/54/5401/540102/sos", b"forged").await;
    dispatch.offer_position(&world::vehicle(), &world::fix());
    let position = reader.next().await;
    assert_eq!(position.topic, "roadwarden/v1/positions/54/5401/540102/13800000001");
    schema::check("position.schema.json", &position.json());
    dispatch.stop().await;
}

#[tokio::test]
async fn alerts_arrive_in_order_on_the_topic_of_department_place_and_rule() {
    let world = World::new("order");
    let dispatch = world.start(&world.embedded()).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    world.record(0..300);
    for n in 0..300 {
        let message = police.next().await;
        assert_eq!(message.topic, "roadwarden/v1/alerts/police/54/5401/540102/hazmat-zone");
        assert_eq!(message.json(), serde_json::to_value(alert(n)).unwrap());
        assert!(!message.retain);
    }
    world.until_empty().await;
    dispatch.stop().await;
}

#[tokio::test]
async fn a_broker_that_was_away_gets_everything_in_order_when_it_is_back() {
    let world = World::new("away");
    let (broker, url) = world.broker(None).await;
    let dispatch = world.start(&world::external(&url)).await;
    let mut police = Client::connect_to(broker.addr(), "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    world.record(0..20);
    let mut seen = police.distinct(20).await;
    let addr = broker.addr();
    broker.stop().await;
    world.record(20..200);
    let (broker, _) = world.broker(Some(addr)).await;
    let mut police = Client::connect_to(addr, "police", "desk").await;
    police.seen = seen;
    seen = police.distinct(200).await;
    assert_eq!(seen, (0..200).map(|n| alert(n).id.to_string()).collect::<Vec<_>>());
    world.until_empty().await;
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn what_was_published_shortly_before_goes_out_again_to_a_broker_that_lost_it() {
    let world = World::new("again");
    let (broker, url) = world.broker(None).await;
    let dispatch = world.start(&world::external(&url)).await;
    world.record(0..5);
    world.until_empty().await;
    dispatch.stop().await;
    let addr = broker.addr();
    broker.stop().await;
    std::fs::remove_dir_all(world.dir.join("outside")).unwrap();
    let (broker, _) = world.broker(Some(addr)).await;
    let mut police = Client::connect_to(addr, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    let dispatch = world.start(&world::external(&url)).await;
    assert_eq!(police.distinct(5).await, (0..5).map(|n| alert(n).id.to_string()).collect::<Vec<_>>());
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn restarts_lose_no_row_of_the_outbox() {
    let world = World::new("restart");
    let addr = std::net::TcpListener::bind(world::LOOPBACK).unwrap().local_addr().unwrap();
    let mqtt = world::external(&format!("mqtt://{addr}"));
    world.record(0..50);
    for _ in 0..2 {
        world.start(&mqtt).await.stop().await;
        assert_eq!(world.ledger.outbox_depth().unwrap().0, 100, "two departments each");
    }
    let (broker, _) = world.broker(Some(addr)).await;
    let mut police = Client::connect_to(addr, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/alerts/police/#").await);
    for _ in 0..2 {
        world.start(&mqtt).await.stop().await;
    }
    let dispatch = world.start(&mqtt).await;
    assert_eq!(police.distinct(50).await, (0..50).map(|n| alert(n).id.to_string()).collect::<Vec<_>>());
    dispatch.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_disposition_acts_once_and_is_answered_each_time() {
    let world = World::new("disposition");
    let dispatch = world.start(&world.embedded()).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/dispositions/police/results").await);
    world.record(0..1);
    world.until_empty().await;
    let id = alert(0).id;
    let request = json!({"request_id": "r1", "alert_id": id, "action": "acknowledge", "by": "wang", "note": "去看看",
        "at": "2026-01-01T08:00:00+08:00"});
    schema::check("disposition.schema.json", &request);
    for _ in 0..2 {
        let answer = police.ask(&request).await;
        schema::check("disposition-result.schema.json", &answer);
        assert_eq!((&answer["request_id"], &answer["ok"]), (&json!("r1"), &json!(true)));
        assert_eq!(answer["handling"]["version"], 1);
    }
    let listed = world.ledger.alert(id).unwrap().unwrap();
    assert_eq!(listed.handling.status, HandlingStatus::Acknowledged);
    assert_eq!(listed.handling.department, Some(Police));
    let actions = world.ledger.timeline(id).unwrap();
    assert_eq!(actions.iter().filter(|entry| entry.action == "acknowledge").count(), 1);
    dispatch.stop().await;
}

#[tokio::test]
async fn a_disposition_that_is_wrong_is_answered_with_the_problem() {
    let world = World::new("problem");
    let dispatch = world.start(&world.embedded()).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/dispositions/police/results").await);
    world.record(0..1);
    world.until_empty().await;
    let id = alert(0).id;
    let request = |action: &str, alert: Value| json!({"request_id": action, "alert_id": alert, "action": action, "by": "wang"});
    let nobody = "00000000-0000-0000-0000-000000000000";
    for (request, problem) in [
        (json!([1]), "the message is no JSON object"),
        (json!({"request_id": "r", "x": 1}), "unknown field `x`"),
        (request("close", json!(id)), "close is not allowed when new, only when handled"),
        (request("close", json!(nobody)), "alert 00000000-0000-0000-0000-000000000000 is unknown"),
    ] {
        let answer = police.ask(&request).await;
        schema::check("disposition-result.schema.json", &answer);
        assert_eq!(answer["ok"], false);
        let text = answer["problem"].as_str().unwrap();
        assert!(text.starts_with(problem), "{text}");
    }
    assert_eq!(police.ask(&request("false-alarm", json!(id))).await["handling"]["reason"], "other");
    dispatch.stop().await;
}

#[tokio::test]
async fn another_departments_alert_is_unknown() {
    let world = World::new("theirs");
    let dispatch = world.start(&world.embedded()).await;
    let mut ecology = Client::connect(&dispatch, "ecology", "desk").await;
    assert!(ecology.subscribe("roadwarden/v1/dispositions/ecology/results").await);
    world.record(0..1);
    world.until_empty().await;
    let request = json!({"request_id": "r", "alert_id": alert(0).id, "action": "acknowledge", "by": "li"});
    let answer = ecology.ask(&request).await;
    assert_eq!(answer["problem"], format!("alert {} is unknown", alert(0).id));
    dispatch.stop().await;
}

#[tokio::test]
async fn status_is_retained_online_and_offline_by_will_or_stop() {
    let world = World::new("status");
    let (broker, url) = world.broker(None).await;
    let mut police = Client::connect_to(broker.addr(), "police", "desk").await;
    let dispatch = world.start(&world::external(&url)).await;
    world.record(0..1);
    world.until_empty().await;
    assert!(police.subscribe("roadwarden/v1/status").await);
    let online = police.next().await;
    assert_eq!((online.json(), online.retain), (json!({"state": "online"}), true));
    dispatch.task.abort();
    assert_eq!(police.next().await.json(), json!({"state": "offline"}), "by will");
    let dispatch = world.start(&world::external(&url)).await;
    assert_eq!(police.next().await.json(), json!({"state": "online"}));
    dispatch.stop().await;
    let offline = police.next().await.json();
    schema::check("status.schema.json", &offline);
    assert_eq!(offline, json!({"state": "offline"}), "by stop");
    broker.stop().await;
}

#[tokio::test]
async fn heartbeats_are_retained_and_count_what_is_open() {
    let world = World::new("heartbeat");
    world.record(0..3);
    let dispatch = world.start(&world.embedded()).await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    assert!(police.subscribe("roadwarden/v1/heartbeat/police").await);
    let first = police.next().await.json();
    schema::check("heartbeat.schema.json", &first);
    // One that is sent while we subscribe comes twice: as it is sent, and as the retained one.
    let mut second = police.next().await.json();
    while second == first {
        second = police.next().await.json();
    }
    assert_eq!(first["open"], json!({"critical": 3, "major": 0, "minor": 0, "info": 0}));
    assert_eq!(second["seq"].as_u64(), first["seq"].as_u64().map(|seq| seq + 1));
    dispatch.stop().await;
}

#[tokio::test]
async fn what_is_published_is_what_the_schemas_say() {
    let world = World::new("schema");
    let dispatch = world.start(&world.embedded()).await;
    let mut transport = Client::connect(&dispatch, "transport", "desk").await;
    for filter in ["alerts/transport/#", "handling/transport/#", "dispositions/transport/results", "status"] {
        assert!(transport.subscribe(&format!("roadwarden/v1/{filter}")).await, "{filter}");
    }
    world.record(0..2);
    world.until_empty().await;
    let request = json!({"request_id": "r", "alert_id": alert(0).id, "action": "dispatch", "by": "zhao"});
    transport.publish(&topic::dispositions(Transport), request.to_string().as_bytes()).await;
    let mut kinds = std::collections::BTreeSet::new();
    while kinds.len() < 4 {
        let message = transport.next().await;
        let kind = message.topic.split('/').nth(2).unwrap().to_owned();
        schema::check(schema::of(&kind), &message.json());
        kinds.insert(kind);
    }
    dispatch.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_name_that_is_ours_are_named() {
    let world = World::new("taken");
    let taken = std::net::TcpListener::bind(world::LOOPBACK).unwrap();
    let listen = taken.local_addr().unwrap();
    let mqtt = |listen, accounts| Mqtt::Embedded {
        listen,
        accounts,
        anonymous: false,
        positions: false,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    let error = world.try_start(&mqtt(listen, vec![])).await.err().unwrap().to_string();
    let expected =
        format!("mqtt can't listen on port {} of 127.0.0.1: Address already in use", listen.port());
    assert!(error.starts_with(&expected), "{error}");
    let ours = world::account(SERVICE, Police);
    let error = world.try_start(&mqtt(world::LOOPBACK, vec![ours])).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "mqtt account \"roadwarden\" is there twice or reserved, expected a name of its own"
    );
    let error = world.try_start(&world::external("tcp://x")).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "\"tcp://x\" is no broker url, expected mqtt://host:port or mqtts://host:port"
    );
}

#[tokio::test]
async fn positions_never_wait_for_a_broker_that_is_away() {
    let world = World::new("positions");
    let url =
        format!("mqtt://{}", std::net::TcpListener::bind(world::LOOPBACK).unwrap().local_addr().unwrap());
    let mqtt = Mqtt::External {
        url,
        username: None,
        password: None,
        positions: true,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
        owing: vec![],
    };
    let pace = Pace { retry_min: Duration::from_secs(600), ..fast() };
    let dispatch =
        Dispatch::start_with(&mqtt, &world.dir, world.stores(), &prometheus::Registry::new(), pace)
            .await
            .unwrap();
    (0..POSITIONS_MAX + 7).for_each(|_| dispatch.offer_position(&world::vehicle(), &world::fix()));
    assert_eq!(dispatch.metrics.positions_dropped.get(), 7);
    dispatch.stop().await;
}

#[tokio::test]
async fn a_reading_of_a_monitor_is_in_the_journal_and_a_bad_one_is_counted() {
    let world = World::new("reading");
    let registry = prometheus::Registry::new();
    let dispatch =
        Dispatch::start_with(&world.embedded(), &world.dir, world.stores(), &registry, fast()).await.unwrap();
    let mut transport = Client::connect(&dispatch, "transport", "monitor").await;
    let mut police = Client::connect(&dispatch, "police", "desk").await;
    let topic = "roadwarden/v1/structures/galashan/displacement";
    let reading = json!({ "at": "2026-01-01T08:00:00+08:00", "displacement_mm": 25.5, "level": 2 });
    schema::check("displacement.schema.json", &reading);
    world.record(0..1);
    world.until_empty().await; // the service listens
    police.publish(topic, b"{}").await; // not theirs to write
    transport.publish(topic, b"no reading").await;
    transport.publish(topic, reading.to_string().as_bytes()).await;
    let mut follower = world.journal.follow(0);
    let batch =
        tokio::time::timeout(Duration::from_secs(30), follower.next()).await.unwrap().unwrap().unwrap();
    let expected = json!({ "notice": "displacement", "structure": "galashan", "at": reading["at"], "displacement_mm": 25.5, "level": 2 });
    let kept: Value = serde_json::from_slice(&batch.records[0].frame).unwrap();
    assert_eq!((batch.records.len(), kept), (1, expected));
    world.journal.durable().wait_for(|durable| durable.upto() == 1).await.unwrap();
    let count = |outcome: &str| {
        let families = registry.gather();
        let family = families.iter().find(|f| f.name() == "roadwarden_mqtt_readings_total").unwrap();
        let metric = family.get_metric().iter().find(|m| m.get_label()[0].value() == outcome).unwrap();
        metric.get_counter().get_value()
    };
    let counted = async {
        while count("kept") < 1.0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), counted).await.unwrap();
    dispatch.stop().await;
    assert_eq!((count("kept"), count("malformed"), count("failed")), (1.0, 1.0, 0.0));
}
