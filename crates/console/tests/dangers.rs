//! The list of major dangers over HTTP: listed, given out, put right, closed by somebody else, and kept to its scope.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use client::{Client, Reply};
use common::World;
use desk::{Desk, OWN};
use ledger::Role;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/dangers";
const OTHER: &str = "OP002";

async fn listed(client: &Client, body: &Value) -> Value {
    let reply = client.send("POST", PATH, Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()
}

async fn act(client: &Client, id: &Value, body: Value) -> Reply {
    client.send("POST", &format!("{PATH}/{}/actions", id.as_str().unwrap()), Some(&body)).await
}

fn refusal(reply: &Reply) -> (u16, String, String) {
    let problem = reply.json();
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    (reply.status, pointer, problem["detail"].as_str().unwrap().to_owned())
}

fn kind(reply: &Reply) -> (u16, String) {
    let problem = reply.json();
    (reply.status, problem["type"].as_str().unwrap().trim_start_matches("urn:roadwarden:problem:").to_owned())
}

#[tokio::test]
async fn a_danger_is_assigned_put_right_and_closed_by_somebody_else() {
    let desk = Desk::over(World::new(10)).await;
    let (duty, operator, admin) =
        (desk.token(Role::Duty), desk.token(Role::Operator), desk.token(Role::Admin));
    let body =
        json!({ "title": "长期超速", "operator": OWN, "category": "第三条第（三）项", "note": "seen" });
    let reply = duty.send("POST", PATH, Some(&body)).await;
    let danger = reply.json();
    assert_eq!(reply.head("location"), format!("{PATH}/{}", danger["id"].as_str().unwrap()));
    assert_eq!((&danger["level"], &danger["division"]), (&json!("major"), &json!("540102")));
    assert_eq!(danger["source"]["kind"], "manual");
    let id = &danger["id"];
    let assign = json!({ "action": "assign", "unit": "安全科", "due_at": "2099-01-01T00:00:00+08:00", "expected_version": 0 });
    let assigned = act(&duty, id, assign.clone()).await.json();
    assert_eq!(
        (&assigned["status"], &assigned["assigned_to"]["unit"]),
        (&json!("assigned"), &json!("安全科"))
    );
    assert_eq!(assigned["due_at"], "2099-01-01T00:00:00.000+08:00");
    // Who rests on what is past learns what is.
    let stale = act(&duty, id, assign).await;
    assert_eq!(kind(&stale), (409, "stale-version".into()));
    assert_eq!((&stale.json()["danger"]["version"], &stale.json()["danger"]["id"]), (&json!(1), id));
    let measures = json!({ "action": "request-close", "measures": "limiters sealed" });
    let closing = act(&operator, id, measures).await.json();
    assert_eq!((&closing["status"], &closing["requested_by"]), (&json!("closing"), &json!("operator")));
    let close = json!({ "action": "close", "note": "limiters checked" });
    assert_eq!(act(&operator, id, close.clone()).await.status, 403);
    assert_eq!(act(&duty, id, close.clone()).await.status, 403);
    let closed = act(&admin, id, close.clone()).await.json();
    assert_eq!((&closed["status"], &closed["inspector"]), (&json!("closed"), &json!("admin")));
    assert_eq!(kind(&act(&admin, id, close).await), (409, "not-allowed-now".into()));
    let story = operator.get(&format!("{PATH}/{}/timeline", id.as_str().unwrap())).await.json();
    let actions: Vec<_> =
        story["items"].as_array().unwrap().iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "assign", "request-close", "close"]);
    assert_eq!(story["items"][1]["detail"]["due_at"], "2099-01-01T00:00:00.000+08:00");
    let audit = admin.get("/api/v1/audit?limit=1").await.json();
    assert_eq!((&audit["items"][0]["action"], &audit["items"][0]["subject"]), (&json!("danger-close"), id));
}

#[tokio::test]
async fn who_asked_for_closing_does_not_close() {
    let desk = Desk::over(World::new(10)).await;
    let admin = desk.token(Role::Admin);
    let id = &listed(&admin, &json!({ "title": "x", "operator": OWN })).await["id"];
    let assign = json!({ "action": "assign", "unit": "u", "due_at": "2099-01-01T00:00:00+08:00" });
    assert_eq!(act(&admin, id, assign).await.status, 200);
    assert_eq!(act(&admin, id, json!({ "action": "request-close", "measures": "m" })).await.status, 200);
    let refused = act(&admin, id, json!({ "action": "close", "note": "well" })).await;
    assert_eq!(kind(&refused), (409, "same-person".into()));
}

#[tokio::test]
async fn an_operator_sees_and_hears_of_its_own_only() {
    let desk = Desk::over(World::new(10)).await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let mut feed = operator.stream("/api/v1/live", None).await;
    feed.next("summary").await;
    let theirs = listed(&duty, &json!({ "title": "theirs", "operator": OTHER })).await;
    let ours = listed(&duty, &json!({ "title": "ours", "operator": OWN })).await;
    assert_eq!(feed.next("danger").await["title"], "ours");
    let all = duty.get(&format!("{PATH}?count=true")).await.json();
    assert_eq!((&all["count"], &all["count_is_exact"]), (&json!(2), &json!(true)));
    assert_eq!(all["items"][0]["id"], ours["id"]);
    for query in ["", "?count=true", "?operator=OP001&operator=OP002", "?division=54", "?status=open"] {
        let list = operator.get(&format!("{PATH}{query}")).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(list["items"][0]["operator"], OWN, "{query}");
        assert!(list["count"].is_null() || list["count"] == 1, "{query}");
    }
    assert_eq!(operator.get(&format!("{PATH}?operator=OP002")).await.json()["items"], json!([]));
    let their = format!("{PATH}/{}", theirs["id"].as_str().unwrap());
    assert_eq!(operator.get(&their).await.status, 404);
    assert_eq!(operator.get(&format!("{their}/timeline")).await.status, 404);
    // Even a step the role never has says no more than that the entry is not there.
    assert_eq!(act(&operator, &theirs["id"], json!({ "action": "close" })).await.status, 404);
}

#[tokio::test]
async fn a_danger_made_of_alerts_takes_over_what_they_tell() {
    let desk = Desk::over(World::new(10)).await;
    let duty = desk.token(Role::Duty);
    let alerts = duty.get("/api/v1/alerts?operator=OP001&limit=2").await.json();
    let alerts = alerts["items"].as_array().unwrap();
    let ids = json!([alerts[0]["id"], alerts[1]["id"], alerts[0]["id"]]);
    let danger = listed(&duty, &json!({ "title": "x", "level": "general", "alert_ids": ids })).await;
    assert_eq!(danger["source"]["alert_ids"], json!([alerts[0]["id"], alerts[1]["id"]]));
    assert_eq!((&danger["operator"], &danger["level"]), (&json!(OWN), &json!("general")));
    assert_eq!((&danger["source"]["kind"], &danger["terminal"]), (&json!("alert"), &Value::Null));
    let one = listed(&duty, &json!({ "title": "x", "alert_ids": [alerts[0]["id"]] })).await;
    assert_eq!(one["terminal"], alerts[0]["vehicle"]["terminal"]);
    assert_eq!(one["driver"], alerts[0]["driver"]["certificate"]);
    assert_eq!(one["source"]["rule"], alerts[0]["rule"]);
    let other = duty.get("/api/v1/alerts?operator=OP002&limit=1").await.json();
    let mixed = json!({ "title": "x", "alert_ids": [alerts[0]["id"], other["items"][0]["id"]] });
    assert_eq!(
        refusal(&duty.send("POST", PATH, Some(&mixed)).await),
        (
            422,
            "body/alert_ids".into(),
            "alert_ids: not all of them are of the operator OP001, expected those of one".into()
        )
    );
}

#[tokio::test]
async fn a_key_lists_once() {
    let desk = Desk::over(World::new(10)).await;
    let duty = desk.token(Role::Duty);
    let body = json!({ "title": "x", "operator": OWN });
    let first = duty.send_keyed(PATH, &body, "k1").await.json();
    assert_eq!(duty.send_keyed(PATH, &body, "k1").await.json()["id"], first["id"]);
    let reused = duty.send_keyed(PATH, &json!({ "title": "y", "operator": OWN }), "k1").await;
    assert_eq!(kind(&reused), (422, "key-reused".into()));
    assert_eq!(duty.get(&format!("{PATH}?count=true")).await.json()["count"], 1);
}

#[tokio::test]
async fn what_is_no_danger_and_no_filter_is_refused_by_name() {
    let desk = Desk::over(World::new(10)).await;
    let duty = desk.token(Role::Duty);
    for (body, pointer, detail) in [
        (json!({ "title": " ", "operator": OWN }), "title", "title is blank, expected one line"),
        (json!({ "title": "x".repeat(201), "operator": OWN }), "title", "title is over 200 characters"),
        (
            json!({ "title": "x" }),
            "operator",
            "operator is missing, expected one, or a terminal or alerts that tell it",
        ),
        (json!({ "title": "x", "operator": "OP9" }), "operator", "operator: there is no operator \"OP9\""),
        (json!({ "title": "x", "terminal": "1" }), "terminal", "terminal: there is no vehicle \"1\""),
        (
            json!({ "title": "x", "terminal": "13800000000", "operator": OTHER }),
            "terminal",
            "terminal: the vehicle is not of the operator OP002",
        ),
        (json!({ "title": "x", "alert_ids": ["1"] }), "alert_ids", "alert_ids: there is no alert \"1\""),
        (
            json!({ "title": "x", "alert_ids": vec!["1"; 101] }),
            "alert_ids",
            "alert_ids holds 101, expected at most 100",
        ),
        (
            json!({ "title": "x", "operator": OWN, "level": "bad" }),
            "level",
            "level: \"bad\" is unknown, expected one of major, general",
        ),
        (
            json!({ "title": "x", "operator": OWN, "discovered_at": "2999-01-01T08:00:00+08:00" }),
            "discovered_at",
            "discovered_at 2999-01-01T08:00:00+08:00 is not past",
        ),
    ] {
        let reply = duty.send("POST", PATH, Some(&body)).await;
        assert_eq!(refusal(&reply), (422, format!("body/{pointer}"), detail.to_owned()));
    }
    assert_eq!(duty.get(&format!("{PATH}?count=true")).await.json()["count"], 0);
    assert_eq!(refusal(&duty.get(&format!("{PATH}?overdue=maybe")).await).1, "query/overdue");
    assert_eq!(refusal(&duty.get(&format!("{PATH}?cursor=x")).await).1, "query/cursor");
}

#[tokio::test]
async fn a_step_without_what_it_needs_is_refused_by_name() {
    let desk = Desk::over(World::new(10)).await;
    let duty = desk.token(Role::Duty);
    let id = &listed(&duty, &json!({ "title": "x", "operator": OWN })).await["id"];
    for (body, pointer, detail) in [
        (
            json!({ "action": "strike" }),
            "action",
            "action: \"strike\" is unknown, expected one of assign, progress, report, extend, request-close, close, return, announce, comment, reopen",
        ),
        (json!({ "action": "assign" }), "unit", "assign needs unit: who has to put it right"),
        (json!({ "action": "comment", "note": " " }), "note", "comment needs a note"),
        (json!({ "action": "comment", "note": "x".repeat(2001) }), "note", "note is over 2000 characters"),
        (
            json!({ "action": "report", "which": "police" }),
            "which",
            "which: \"police\" is unknown, expected one of department, congress",
        ),
    ] {
        assert_eq!(refusal(&act(&duty, id, body).await), (422, format!("body/{pointer}"), detail.to_owned()));
    }
}

#[tokio::test]
async fn a_bulletin_is_made_by_who_closes_and_shows_each_its_own() {
    let desk = Desk::over(World::new(10)).await;
    let (duty, operator, admin) =
        (desk.token(Role::Duty), desk.token(Role::Operator), desk.token(Role::Admin));
    for (title, whose) in [("ours", OWN), ("theirs", OTHER), ("theirs too", OTHER)] {
        listed(&duty, &json!({ "title": title, "operator": whose })).await;
    }
    let path = format!("{PATH}/bulletins");
    let month = &desk.world.now().date()[..7];
    let body = json!({ "month": month, "note": "for the meeting" });
    assert_eq!(duty.send("POST", &path, Some(&body)).await.status, 403);
    let reply = admin.send("POST", &path, Some(&body)).await;
    let made = reply.json();
    assert_eq!((reply.status, &made["totals"]["new"], &made["by"]), (201, &json!(3), &json!("admin")));
    assert_eq!(made["operators"][1], json!({ "operator": OTHER, "new": 2, "closed": 0, "overdue": 0 }));
    let place = reply.head("location").to_owned();
    let own = operator.get(&place).await;
    assert_eq!((&own.json()["totals"]["new"], &own.json()["items"][0]["title"]), (&json!(1), &json!("ours")));
    assert!(!own.body.contains(OTHER) && !own.body.contains("theirs"), "{}", own.body);
    let titles = operator.get(&path).await;
    assert_eq!(titles.json()["items"][0]["id"], made["id"]);
    assert!(titles.json()["items"][0]["totals"].is_null());
    let entry = operator.get(PATH).await.json();
    assert_eq!(entry["items"][0]["announced"][0]["bulletin"], made["id"]);
    for (month, detail) in [
        ("2026-13", "month: \"2026-13\" is no month such as 2026-01, of the years 2000 to 2099"),
        ("2099-01", "month: the month 2099-01 has not begun"),
    ] {
        let refused = admin.send("POST", &path, Some(&json!({ "month": month }))).await;
        assert_eq!(refusal(&refused), (422, "body/month".into(), detail.into()));
    }
}

#[tokio::test]
async fn the_export_runs_no_formula_and_shows_an_operator_its_own() {
    let desk = Desk::over(World::new(10)).await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    listed(&duty, &json!({ "title": "=HYPERLINK(1)", "operator": OWN, "driver": "540102198001010000X" }))
        .await;
    listed(&duty, &json!({ "title": "theirs", "operator": OTHER })).await;
    let all = duty.get("/api/v1/exports/dangers.csv").await;
    assert_eq!(all.head("content-type"), "text/csv; charset=utf-8");
    assert!(all.body.starts_with("\u{feff}\"编号\","), "{}", all.body);
    let english = duty.get("/api/v1/exports/dangers.csv?lang=en").await;
    assert!(english.body.starts_with("\u{feff}\"Number\","), "{}", english.body);
    assert_eq!(all.body.lines().count(), 3);
    let own = operator.get("/api/v1/exports/dangers.csv?operator=OP001&operator=OP002").await;
    let rows: Vec<_> = own.body.lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows[1].contains(",\"'=HYPERLINK(1)\",") && rows[1].contains(",\"'540102198001010000X\","),
        "{}",
        rows[1]
    );
    assert_eq!(rows[0].split(',').count(), rows[1].split(',').count());
    assert!(!own.body.contains("theirs") && !own.body.contains(OTHER));
    assert_eq!(duty.get("/api/v1/exports/dangers.csv?status=closed").await.body.lines().count(), 1);
    assert_eq!(refusal(&duty.get("/api/v1/exports/dangers.csv?limit=1").await).1, "query/limit");
}
