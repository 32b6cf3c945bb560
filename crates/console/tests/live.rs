//! The live feed: who comes back goes on where it stopped, and hears what it asked for and may hear.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use std::sync::Arc;

use client::Feed;
use desk::Desk;
use fleet::{Alert, Division, Severity};
use ledger::Role;
use serde_json::{Value, json};

impl Desk {
    /// A new alert of vehicle `n`, of kind `kind`.
    fn raise(&self, kind: usize, n: usize, change: impl FnOnce(&mut Alert)) {
        let mut alert = common::alert(kind, self.world.now(), common::vehicle(n));
        alert.id =
            fleet::AlertId::derive(alert.vehicle.terminal, alert.rule, &kind.to_string(), self.world.now());
        change(&mut alert);
        let alert = Arc::new(alert);
        self.world.ledger.record(&[Arc::clone(&alert)]).unwrap();
        self.world.live.publish_alert(alert);
    }
}

/// The vehicles of the next alerts and the id of the last.
async fn alerts(feed: &mut Feed, count: usize) -> (Vec<String>, String) {
    let (mut terminals, mut last) = (Vec::new(), String::new());
    while terminals.len() < count {
        let (name, id, data) = feed.event().await;
        assert_ne!(name, "resync");
        if name == "alert" {
            terminals.push(data["vehicle"]["terminal"].as_str().unwrap().to_owned());
            last = id;
        }
    }
    (terminals, last)
}

fn terminals(of: &[usize]) -> Vec<String> {
    of.iter().map(|n| common::terminal(*n).to_string()).collect()
}

#[tokio::test]
async fn who_comes_back_goes_on_after_the_last_event_it_saw() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let mut feed = duty.stream("/api/v1/live?topics=alerts,summary", None).await;
    feed.next("summary").await;
    for n in [1, 2, 3] {
        desk.raise(n, n, |_| {});
    }
    let (seen, last) = alerts(&mut feed, 2).await;
    assert_eq!(seen, terminals(&[1, 2]));
    drop(feed);
    desk.raise(4, 5, |_| {});
    desk.raise(5, 6, |_| {});
    let mut back = duty.stream("/api/v1/live?topics=alerts", Some(&last)).await;
    assert_eq!(alerts(&mut back, 3).await.0, terminals(&[3, 5, 6]));
    let mut back = duty.stream(&format!("/api/v1/live?topics=alerts&after={last}"), None).await;
    assert_eq!(alerts(&mut back, 3).await.0, terminals(&[3, 5, 6]));
    // A summary's id is where the feed has come to.
    let mut quiet = duty.stream("/api/v1/live?topics=summary", None).await;
    let (_, id, _) = quiet.event().await;
    desk.raise(6, 7, |_| {});
    let mut back = duty.stream("/api/v1/live?topics=alerts", Some(&id)).await;
    assert_eq!(alerts(&mut back, 1).await.0, terminals(&[7]));
    // What came by is nobody else's: an operator that goes on hears of its own.
    let mut own = desk.token(Role::Operator).stream("/api/v1/live?topics=alerts", Some(&last)).await;
    assert_eq!(alerts(&mut own, 1).await.0, terminals(&[5]));
}

#[tokio::test]
async fn who_was_away_too_long_is_told_to_ask_anew() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let mut feed = duty.stream("/api/v1/live?topics=summary", None).await;
    let (_, id, _) = feed.event().await;
    let (boot, seq) = id.split_once('-').unwrap();
    let future = format!("{boot}-{}", seq.parse::<u64>().unwrap() + 1);
    for old in ["1-1", "nonsense", &future] {
        let (name, id, data) = duty.stream("/api/v1/live?topics=alerts", Some(old)).await.event().await;
        assert_eq!((name.as_str(), data["reason"].is_string()), ("resync", true), "{old}");
        assert!(id.starts_with(boot), "{id}");
    }
}

#[tokio::test]
async fn a_feed_has_the_topics_severities_and_divisions_asked_for() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let mut critical = duty.stream("/api/v1/live?topics=alerts,summary&severity=critical", None).await;
    let mut nyingchi = duty.stream("/api/v1/live?topics=alerts,summary&division=5404", None).await;
    let mut handling = duty.stream("/api/v1/live?topics=handling,summary", None).await;
    for feed in [&mut critical, &mut nyingchi, &mut handling] {
        feed.next("summary").await;
    }
    desk.world.drive(1);
    desk.raise(0, 1, |alert| alert.severity = Severity::Major);
    desk.raise(1, 2, |alert| alert.severity = Severity::Critical);
    desk.raise(3, 3, |alert| alert.place.division = Division::parse("540402").unwrap());
    let first = async |feed: &mut Feed| -> (String, Value) {
        loop {
            let (name, _, data) = feed.event().await;
            if name != "summary" {
                return (name, data);
            }
        }
    };
    let (name, alert) = first(&mut critical).await;
    assert_eq!((name.as_str(), &alert["vehicle"]["terminal"]), ("alert", &json!("13800000002")));
    let path = format!("/api/v1/alerts/{}/actions", alert["id"].as_str().unwrap());
    assert_eq!(duty.send("POST", &path, Some(&json!({ "action": "acknowledge" }))).await.status, 200);
    let (name, data) = first(&mut nyingchi).await;
    assert_eq!((name.as_str(), &data["vehicle"]["terminal"]), ("alert", &json!("13800000003")));
    let (name, data) = first(&mut handling).await;
    assert_eq!((name.as_str(), &data["alert_id"]), ("handling", &alert["id"]));
    let refused = duty.get("/api/v1/live?topics=alerts,weather").await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["pointer"].clone()),
        (400, json!("query/topics"))
    );
    assert!(refused.body.contains("\\\"weather\\\" is no topic"), "{}", refused.body);
}

#[tokio::test]
async fn the_summary_counts_what_nobody_has_acknowledged_within_the_scope() {
    let desk = Desk::start().await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let sum = |counts: &Value| counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    let mut feed = duty.stream("/api/v1/live?topics=summary", None).await;
    let summary = feed.next("summary").await;
    assert_eq!((sum(&summary["unacknowledged"]), sum(&summary["open"])), (30, 20));
    assert_eq!((&summary["vehicles_total"], &summary["vehicles_online"]), (&json!(30), &json!(27)));
    let mut own = operator.stream("/api/v1/live?topics=summary", None).await;
    let summary = own.next("summary").await;
    assert_eq!((sum(&summary["unacknowledged"]), &summary["vehicles_total"]), (6, &json!(6)));
    let alert = duty.get("/api/v1/alerts?limit=1").await.json()["items"][0].clone();
    let path = format!("/api/v1/alerts/{}/actions", alert["id"].as_str().unwrap());
    duty.send("POST", &path, Some(&json!({ "action": "acknowledge" }))).await;
    let severity = alert["severity"].as_str().unwrap();
    while sum(&feed.next("summary").await["unacknowledged"]) != 29 {}
    assert!(feed.next("summary").await["unacknowledged"][severity].is_u64());
}
