//! Statistics over real sockets: they add up to the lists, and hold nobody else's.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use std::sync::Arc;

use client::{Client, Credential};
use desk::{Desk, OWN};
use fleet::Alert;
use ledger::Role;
use serde_json::{Value, json};

const KEYS: [&str; 7] = ["rule", "severity", "hour", "day", "operator", "division", "class"];

impl Desk {
    /// One more alert of vehicle `n`, made from one that is there.
    async fn add(&self, n: usize, change: impl FnOnce(&mut Alert)) -> Alert {
        let terminal = common::terminal(n);
        let path = format!("/api/v1/alerts?terminal={terminal}&limit=1");
        let mut item = self.token(Role::Duty).get(&path).await.json()["items"][0].take();
        item.as_object_mut().unwrap().remove("handling");
        let mut alert: Alert = serde_json::from_value(item).unwrap();
        change(&mut alert);
        alert.id = fleet::AlertId::derive(terminal, alert.rule, "more", alert.raised_at);
        self.world.ledger.record(&[Arc::new(alert.clone())]).unwrap();
        alert
    }
}

fn sum(answer: &Value, field: &str) -> u64 {
    answer["items"].as_array().unwrap().iter().map(|item| item[field].as_u64().unwrap()).sum()
}

async fn listed(client: &Client, filters: &str) -> Vec<Value> {
    client.get(&format!("/api/v1/alerts?limit=1000{filters}")).await.json()["items"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn numbers_add_up_to_the_list_whatever_they_are_counted_by() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let id = listed(&duty, "&rule=speeding").await[0]["id"].as_str().unwrap().to_owned();
    let body = json!({"action": "false-alarm", "reason": "device"});
    assert_eq!(duty.send("POST", &format!("/api/v1/alerts/{id}/actions"), Some(&body)).await.status, 200);
    for filters in
        ["", "&rule=speeding", "&operator=OP002&operator=OP003", "&severity=critical", "&division=5401"]
    {
        let list = listed(&duty, filters).await;
        let count = |holds: &dyn Fn(&Value) -> bool| list.iter().filter(|alert| holds(alert)).count() as u64;
        for by in KEYS {
            let answer = duty.get(&format!("/api/v1/stats/alerts?by={by}{filters}")).await.json();
            let what = format!("{by}{filters}");
            assert_eq!(sum(&answer, "total"), list.len() as u64, "{what}");
            for severity in ["critical", "major", "minor", "info"] {
                assert_eq!(sum(&answer, severity), count(&|alert| alert["severity"] == severity), "{what}");
            }
            assert_eq!(sum(&answer, "open"), count(&|alert| alert["state"] != "cleared"), "{what}");
            let handled = count(&|alert| alert["handling"]["status"] == "handled");
            assert_eq!(sum(&answer, "handled"), handled, "{what}");
            assert_eq!(sum(&answer, "false_alarm"), handled, "{what}");
            assert_eq!(sum(&answer, "due_handled"), handled, "{what}");
            assert_eq!((&answer["by"], &answer["more"]), (&json!(by), &json!(false)));
        }
    }
    let rules = duty.get("/api/v1/stats/alerts?by=rule").await.json();
    let list = listed(&duty, "").await;
    for item in rules["items"].as_array().unwrap() {
        let same = list.iter().filter(|alert| alert["rule"] == item["key"]).count();
        assert_eq!(item["total"], same, "{item}");
    }
    let speeding = rules["items"].as_array().unwrap().iter().find(|item| item["key"] == "speeding").unwrap();
    assert_eq!((&speeding["name_zh"], &speeding["name_en"]), (&json!("超速"), &json!("Speeding")));
}

#[tokio::test]
async fn an_operators_numbers_hold_nobody_elses() {
    let desk = Desk::start().await;
    let (own, duty) = (desk.token(Role::Operator), desk.token(Role::Duty));
    let mine = listed(&duty, &format!("&operator={OWN}")).await.len() as u64;
    assert!(mine > 0 && mine < 30);
    for by in KEYS {
        let answer = own.get(&format!("/api/v1/stats/alerts?by={by}")).await.json();
        assert_eq!(sum(&answer, "total"), mine, "{by}");
        let other = own.get(&format!("/api/v1/stats/alerts?by={by}&operator=OP002")).await.json();
        assert_eq!(other["items"], json!([]), "{by}");
    }
    let keys = own.get("/api/v1/stats/alerts?by=operator").await.json();
    assert_eq!((&keys["items"][0]["key"], &keys["items"][1]), (&json!(OWN), &Value::Null));
    // An account without an operator sees nothing.
    let token = common::token(&desk.world.ledger, Role::Operator, None);
    let nobody = Client { address: desk.console.local_addr(), credential: Credential::Token(token) };
    assert_eq!(nobody.get("/api/v1/stats/alerts?by=rule").await.json()["items"], json!([]));
}

#[tokio::test]
async fn hours_and_days_are_those_of_china() {
    let desk = Desk::start().await;
    // 15:59 and 16:00 in London: the last minute of a day in China, and the first.
    for time in ["2025-06-30T15:59:00Z", "2025-06-30T16:00:00Z"] {
        desk.add(0, |alert| alert.raised_at = time.parse().unwrap()).await;
    }
    let duty = desk.token(Role::Duty);
    let range = "from=2025-06-01T00:00:00Z&to=2025-08-01T00:00:00Z";
    let keys = async |by: &str| {
        let answer = duty.get(&format!("/api/v1/stats/alerts?by={by}&{range}")).await.json();
        let items = answer["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("day").await, ["2025-06-30", "2025-07-01"]);
    assert_eq!(keys("hour").await, ["00", "23"]);
    let answer = duty.get(&format!("/api/v1/stats/alerts?by=day&{range}")).await.json();
    assert_eq!(answer["from"], "2025-06-01T08:00:00.000+08:00");
}

#[tokio::test]
async fn a_count_that_cannot_be_made_says_why() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    for (query, pointer, says) in [
        ("", "query/by", "expected one of rule, severity, hour"),
        ("by=colour", "query/by", "colour"),
        ("by=rule&class=bus", "query/class", "expected one of scheduled-coach"),
        ("by=rule&limit=5", "query/limit", "no query key"),
        ("by=day&from=2020-01-01T00:00:00Z&to=2024-01-01T00:00:00Z", "query/from", "1000 days"),
        ("by=day&from=2024-01-01T00:00:00Z&to=2024-01-01T00:00:00Z", "query/from", "not before"),
    ] {
        let reply = duty.get(&format!("/api/v1/stats/alerts?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        let problem = reply.json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
}
