//! The inbox over HTTP: filters, order, counts, one action on many, the tree of the fleet and the search.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use std::collections::BTreeSet;

use client::Client;
use desk::{Desk, OWN};
use ledger::Role;
use serde_json::{Value, json};

const ACTIONS: &str = "/api/v1/alerts/actions";

async fn items(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/api/v1/alerts?limit=1000&{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["items"].as_array().unwrap().clone()
}

async fn refusal(client: &Client, body: Value) -> (u16, String, String) {
    let reply = client.send("POST", ACTIONS, Some(&body)).await;
    let document = reply.json();
    let pointer = document["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    (reply.status, document["type"].as_str().unwrap_or_default().to_owned(), pointer)
}

#[tokio::test]
async fn the_list_counts_sorts_and_finds_by_part_of_a_plate() {
    let desk = Desk::start().await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let page = duty.get("/api/v1/alerts?limit=2&count=true").await.json();
    assert_eq!((&page["count"], &page["count_is_exact"]), (&json!(30), &json!(true)));
    assert_eq!(operator.get("/api/v1/alerts?limit=2&count=true").await.json()["count"], 6);
    assert!(duty.get("/api/v1/alerts?limit=2").await.json().get("count").is_none());

    let rank =
        |alert: &Value| ["critical", "major", "minor", "info"].iter().position(|it| alert["severity"] == *it);
    let (mut ranks, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = duty.get(&format!("/api/v1/alerts?sort=severity&limit=4&cursor={cursor}")).await.json();
        ranks
            .extend(page["items"].as_array().unwrap().iter().map(|it| (rank(it).unwrap(), it["id"].clone())));
        let Some(next) = page["next"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert!(ranks.is_sorted_by_key(|(rank, _)| *rank));
    assert_eq!(ranks.iter().map(|(_, id)| id.to_string()).collect::<BTreeSet<_>>().len(), 30);

    let plate = common::vehicle(7).plate;
    let part: String = plate.chars().skip(2).collect();
    let found = items(&duty, &format!("q={part}")).await;
    assert!(
        !found.is_empty() && found.iter().all(|it| it["vehicle"]["plate"].as_str().unwrap().contains(&part))
    );
    assert_eq!(items(&duty, "q=13800000007").await.len(), 1);
    assert_eq!(items(&duty, "q=zzz").await.len(), 0);
    assert_eq!(items(&operator, "q=13800000007").await.len(), 0, "another operator's");
    assert_eq!(duty.get("/api/v1/alerts?sort=worst").await.status, 400);
}

#[tokio::test]
async fn what_changed_and_whose_it_is_can_be_asked() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let all = items(&duty, "").await;
    let path = format!("/api/v1/alerts/{}/actions", all[3]["id"].as_str().unwrap());
    let assign = json!({ "action": "assign", "assignee": "duty-07" });
    let handling = duty.send("POST", &path, Some(&assign)).await.json();
    let at = handling["updated_at"].as_str().unwrap();
    let changed = items(&duty, &format!("updated_since={}", at.replace('+', "%2B"))).await;
    assert_eq!(changed.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&all[3]["id"]]);
    assert_eq!(items(&duty, "updated_since=2020-01-01T00:00:00Z").await.len(), 30);
    assert_eq!(items(&duty, "assignee=duty-07").await[0]["id"], all[3]["id"]);
    assert_eq!(items(&duty, "assignee=duty-08").await.len(), 0);
    assert_eq!(
        items(&desk.token(Role::Operator), "assignee=duty-07").await.len(),
        usize::from(all[3]["vehicle"]["operator"] == OWN)
    );
}

#[tokio::test]
async fn the_summary_adds_up_and_keeps_to_the_scope() {
    let desk = Desk::start().await;
    let sum = |counts: &Value| counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    for (role, total) in [(Role::Duty, 30), (Role::Operator, 6)] {
        let summary = desk.token(role).get("/api/v1/alerts/summary").await.json();
        assert_eq!(summary["total"], total);
        for part in ["by_severity", "by_handling", "by_rule"] {
            assert_eq!(sum(&summary[part]), total, "{part}");
        }
    }
    let critical = desk.token(Role::Duty).get("/api/v1/alerts/summary?severity=critical&q=138").await.json();
    assert_eq!(critical["total"], critical["by_severity"]["critical"]);
    assert_eq!(critical["by_severity"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn one_action_on_all_that_a_filter_matches_unless_there_are_more_by_now() {
    let desk = Desk::start().await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let majors = items(&duty, "severity=major").await.len();
    let body = |seen: usize| json!({ "action": "acknowledge", "note": "seen", "filter": { "severity": ["major"], "handling": "new" }, "count_seen": seen });
    let changed = duty.send("POST", ACTIONS, Some(&body(majors - 1))).await;
    assert_eq!(
        (changed.status, &changed.json()["type"]),
        (409, &json!("urn:roadwarden:problem:count-changed"))
    );
    assert_eq!(items(&duty, "handling=acknowledged").await.len(), 0);

    // An operator's filter is over its own alerts.
    let own = items(&operator, "severity=major").await.len();
    let done = operator.send("POST", ACTIONS, Some(&body(own))).await.json();
    assert_eq!(done["items"].as_array().unwrap().len(), own);
    let done = duty.send("POST", ACTIONS, Some(&body(majors))).await.json();
    assert!(done["items"].as_array().unwrap().iter().all(|it| it["ok"] == true));
    assert_eq!(items(&duty, "handling=acknowledged").await.len(), majors);
    assert!(items(&duty, "handling=acknowledged").await.iter().all(|it| it["severity"] == "major"));

    let act = |more: Value| {
        let mut body = json!({ "action": "comment", "note": "x" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let invalid = |pointer: &str| (422, "urn:roadwarden:problem:invalid-body".to_owned(), pointer.to_owned());
    assert_eq!(refusal(&duty, act(json!({}))).await, invalid("body/ids"));
    assert_eq!(refusal(&duty, act(json!({ "filter": {} }))).await, invalid("body/ids"));
    assert_eq!(
        refusal(&duty, act(json!({ "ids": [], "filter": {}, "count_seen": 9 }))).await,
        invalid("body/ids")
    );
    let unknown = act(json!({ "filter": { "colour": "red" }, "count_seen": 9 }));
    assert_eq!(refusal(&duty, unknown).await, invalid("body/filter/colour"));
    let number = act(json!({ "filter": { "severity": 3 }, "count_seen": 9 }));
    assert_eq!(refusal(&duty, number).await, invalid("body/filter/severity"));
}

#[tokio::test]
async fn the_tree_and_the_search_show_what_the_caller_may_see() {
    let desk = Desk::start().await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let tree = duty.get("/api/v1/fleet/tree").await.json();
    let division = &tree["divisions"][0];
    assert_eq!(
        (&division["division"], &division["total"], &division["online"]),
        (&json!("540102"), &json!(30), &json!(27))
    );
    let operators = division["operators"].as_array().unwrap();
    assert_eq!(operators.len(), 5);
    assert_eq!(
        operators[0],
        json!({ "operator": OWN, "name": "藏运1公司", "total": 6, "online": 6, "worst_open": "critical" })
    );
    let own = operator.get("/api/v1/fleet/tree").await.json();
    assert_eq!(
        (&own["divisions"][0]["total"], own["divisions"][0]["operators"].as_array().unwrap().len()),
        (&json!(6), 1)
    );

    let search = async |client: &Client, q: &str| {
        client.send("POST", "/api/v1/search", Some(&json!({ "q": q }))).await
    };
    let found = search(&duty, "13800000007").await.json();
    assert_eq!(found["vehicles"].as_array().unwrap().len(), 1);
    assert_eq!(found["vehicles"][0]["plate"], common::vehicle(7).plate);
    assert_eq!(search(&duty, "藏").await.json()["vehicles"].as_array().unwrap().len(), 20, "at most 20");
    assert_eq!(search(&duty, "op00").await.json()["operators"].as_array().unwrap().len(), 5);
    assert_eq!(search(&duty, "galashan").await.json()["zones"][0]["id"], "galashan");
    let found = search(&operator, "13800000007").await.json();
    assert_eq!(found["vehicles"], json!([]), "another operator's");
    assert_eq!(search(&operator, "op00").await.json()["operators"].as_array().unwrap().len(), 1);
    assert_eq!(search(&operator, "藏").await.json()["vehicles"].as_array().unwrap().len(), 6);
    for wrong in ["", "   ", &"x".repeat(41)] {
        let refused = search(&duty, wrong).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("body/q")));
    }
}
