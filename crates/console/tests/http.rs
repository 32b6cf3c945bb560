//! The console over real sockets: who may do what, what is refused and how, what the live feed says.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use client::{Client, Credential, Reply};
use common::World;
use console::Console;
use desk::{Desk, OWN};
use fleet::ReceiveTime;
use ledger::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

impl Desk {
    async fn any_alert(&self, of_own: bool) -> Value {
        let list = self.token(Role::Duty).get("/api/v1/alerts?limit=1000").await.json();
        let items = list["items"].as_array().unwrap().clone();
        items.into_iter().find(|alert| (alert["vehicle"]["operator"] == OWN) == of_own).unwrap()
    }
}

/// Method, path, status for: nobody, duty, police, operator, admin. `{own}` and `{other}` are alerts, `{OWN}` and `{OTHER}` terminals.
#[rustfmt::skip]
const ACCESS: &[(&str, &str, [u16; 5])] = &[
    ("GET", "/healthz", [200; 5]),
    ("GET", "/readyz", [200; 5]),
    ("GET", "/metrics", [200; 5]),
    ("GET", "/api/openapi.json", [200; 5]),
    ("GET", "/", [200; 5]),
    ("GET", "/api/v1/me", [401, 200, 200, 200, 200]),
    // Of people, not of programs.
    ("GET", "/api/v1/me/second-factor", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/me/second-factor", [401, 400, 400, 400, 400]),
    ("POST", "/api/v1/me/second-factor/confirm", [401, 400, 400, 400, 400]),
    ("POST", "/api/v1/me/second-factor/remove", [401, 400, 400, 400, 400]),
    ("DELETE", "/api/v1/sessions", [401, 403, 403, 403, 403]),
    ("DELETE", "/api/v1/users/{nobody}/second-factor", [401, 403, 403, 403, 404]),
    ("GET", "/api/v1/alerts", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{own}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/timeline", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/timeline", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/deliveries", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/deliveries", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/evidence", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/evidence", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/evidence.zip", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/evidence.zip", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/attachments", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/attachments", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/alerts/{own}/attachments/{file}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/{other}/attachments/{file}", [401, 404, 404, 404, 404]),
    ("POST", "/api/v1/alerts/{own}/actions comment", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/alerts/{other}/actions comment", [401, 200, 200, 404, 200]),
    ("POST", "/api/v1/alerts/{own}/actions assign", [401, 200, 403, 403, 200]),
    ("POST", "/api/v1/alerts/actions bulk", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/alerts/summary", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/fleet/tree", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/search search", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OWN}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OTHER}", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/vehicles/{OWN}/track", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OTHER}/track", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/vehicles/{OWN}/violations", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OTHER}/violations", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/vehicles/{OWN}/commands", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OTHER}/commands", [401, 200, 200, 404, 200]),
    ("POST", "/api/v1/vehicles/{OWN}/commands text", [401, 202, 202, 202, 202]),
    ("POST", "/api/v1/vehicles/{OTHER}/commands text", [401, 202, 202, 404, 202]),
    ("POST", "/api/v1/vehicles/{OWN}/commands query-location", [401, 202, 202, 202, 202]),
    ("POST", "/api/v1/vehicles/{OTHER}/commands query-location", [401, 202, 202, 404, 202]),
    ("POST", "/api/v1/vehicles/{OWN}/commands confirm-alarm", [401, 202, 403, 403, 202]),
    ("POST", "/api/v1/vehicles/{OWN}/commands query-parameters", [401, 202, 403, 403, 202]),
    ("POST", "/api/v1/vehicles/{OWN}/commands query-properties", [401, 202, 403, 403, 202]),
    ("POST", "/api/v1/vehicles/{OWN}/commands set-parameters", [401, 403, 403, 403, 202]),
    ("POST", "/api/v1/vehicles/{OTHER}/commands set-parameters", [401, 403, 403, 404, 202]),
    ("GET", "/api/v1/commands/{own-command}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/commands/{other-command}", [401, 200, 200, 404, 200]),
    // The duty desk takes it back; who is not allowed to learns no more.
    ("DELETE", "/api/v1/commands/{own-command}", [401, 200, 403, 403, 409]),
    ("DELETE", "/api/v1/commands/{other-command}", [401, 200, 403, 404, 409]),
    ("GET", "/api/v1/dangers", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/dangers danger", [401, 201, 403, 403, 201]),
    ("GET", "/api/v1/dangers/bulletins", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/dangers/bulletins bulletin", [401, 403, 403, 403, 201]),
    ("GET", "/api/v1/dangers/bulletins/{bulletin}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/exports/dangers.csv", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/exports/dangers.xlsx", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/dangers/{own-danger}", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/dangers/{other-danger}", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/dangers/{own-danger}/timeline", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/dangers/{other-danger}/timeline", [401, 200, 200, 404, 200]),
    ("POST", "/api/v1/dangers/{own-danger}/actions comment", [401, 200, 403, 200, 200]),
    ("POST", "/api/v1/dangers/{other-danger}/actions comment", [401, 200, 403, 404, 200]),
    // From open a step may be allowed to somebody and yet be none of this moment.
    ("POST", "/api/v1/dangers/{own-danger}/actions progress", [401, 409, 403, 409, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions request-close", [401, 409, 403, 409, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions extend", [401, 409, 403, 403, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions reopen", [401, 409, 403, 403, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions close", [401, 403, 403, 403, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions return", [401, 403, 403, 403, 409]),
    ("POST", "/api/v1/dangers/{own-danger}/actions announce", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/exports/violations.csv", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/exports/violations.xlsx", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/exports/stats.xlsx", [401, 400, 400, 400, 400]),
    ("GET", "/api/v1/exports/stats.xlsx?by=day", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/map/zones", [401, 200, 200, 200, 200]),
    ("GET", "/map/settings.json", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/map/routes", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/zones", [401, 200, 200, 403, 200]),
    ("POST", "/api/v1/zones zone", [401, 403, 403, 403, 503]),
    ("GET", "/api/v1/zones/{zone}", [401, 200, 200, 403, 200]),
    ("PUT", "/api/v1/zones/{zone} zone", [401, 403, 403, 403, 428]),
    ("DELETE", "/api/v1/zones/{zone}", [401, 403, 403, 403, 428]),
    ("GET", "/api/v1/zones/{zone}/versions", [401, 200, 200, 403, 200]),
    ("GET", "/api/v1/routes", [401, 200, 200, 403, 200]),
    ("POST", "/api/v1/routes route", [401, 403, 403, 403, 503]),
    ("GET", "/api/v1/routes/{route}", [401, 200, 200, 403, 200]),
    ("PUT", "/api/v1/routes/{route} route", [401, 403, 403, 403, 428]),
    ("DELETE", "/api/v1/routes/{route}", [401, 403, 403, 403, 428]),
    ("POST", "/api/v1/zones/import?dry_run=true import", [401, 403, 403, 403, 200]),
    ("POST", "/api/v1/zones/trial zone-trial", [401, 403, 403, 403, 200]),
    ("POST", "/api/v1/routes/import?dry_run=true import", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/routes/{route}/versions", [401, 200, 200, 403, 200]),
    ("GET", "/api/v1/quality", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/quality?by=operator", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/rules", [401, 200, 403, 403, 200]),
    ("GET", "/api/v1/stats/alerts", [401, 400, 400, 400, 400]),
    ("GET", "/api/v1/stats/alerts?by=rule", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/stats/indicators", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/stats/indicators?operator=OP002", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/operators", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/operators/{operator}/dossier", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/operators/{other-operator}/dossier", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/drivers", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/drivers/{driver}/dossier", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/drivers/{other-driver}/dossier", [401, 200, 200, 404, 200]),
    ("GET", "/api/v1/vehicles/{OWN}/dossier", [401, 200, 200, 200, 200]),
    ("GET", "/api/v1/vehicles/{OTHER}/dossier", [401, 200, 200, 404, 200]),
    ("POST", "/api/v1/rules/trial trial", [401, 403, 403, 403, 409]),
    ("GET", "/api/v1/rules/trials/{change}", [401, 404, 403, 403, 404]),
    ("DELETE", "/api/v1/rules/trials/{change}", [401, 403, 403, 403, 404]),
    ("GET", "/api/v1/rules/changes", [401, 200, 403, 403, 200]),
    ("POST", "/api/v1/rules/changes rules", [401, 403, 403, 403, 409]),
    ("POST", "/api/v1/rules/changes/{change}/decide decision", [401, 403, 403, 403, 404]),
    ("GET", "/api/v1/structures", [401, 200, 200, 200, 200]),
    ("POST", "/api/v1/structures/{structure}/reopen reopen", [401, 404, 403, 403, 404]),
    ("POST", "/api/v1/sightings sighting", [401, 403, 202, 403, 202]),
    ("GET", "/api/v1/live", [401, 200, 200, 200, 200]),
    // Whoever is let in learns that this is a WebSocket.
    ("GET", "/api/v1/live/positions", [401, 426, 426, 426, 426]),
    ("POST", "/api/v1/reload", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/audit", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/feeds", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/strangers", [401, 403, 403, 403, 200]),
    ("GET", "/api/v1/security-events", [401, 403, 403, 403, 200]),
    ("POST", "/api/v1/vehicles/{OWN}/release", [401, 403, 403, 403, 204]),
    ("POST", "/api/v1/vehicles/{OTHER}/release", [401, 403, 403, 403, 204]),
    ("POST", "/api/v1/me/password", [401, 400, 400, 400, 400]),
    ("GET", "/api/v1/sessions", [401, 200, 200, 200, 200]),
    ("DELETE", "/api/v1/sessions/{nobody}", [401, 404, 404, 404, 404]),
    ("GET", "/api/v1/views", [401, 200, 200, 200, 200]),
    ("PUT", "/api/v1/views/{nobody}", [401, 400, 400, 400, 400]),
    ("DELETE", "/api/v1/views/{nobody}", [401, 404, 404, 404, 404]),
    ("GET", "/api/v1/users", [401, 403, 403, 403, 200]),
    ("POST", "/api/v1/users", [401, 403, 403, 403, 400]),
    ("PUT", "/api/v1/users/{nobody}", [401, 403, 403, 403, 400]),
    ("DELETE", "/api/v1/users/{nobody}", [401, 403, 403, 403, 404]),
    ("GET", "/api/v1/tokens", [401, 403, 403, 403, 200]),
    ("POST", "/api/v1/tokens", [401, 403, 403, 403, 400]),
    ("DELETE", "/api/v1/tokens/{nobody}", [401, 403, 403, 403, 404]),
    ("POST", "/api/v1/session/ticket ticket", [401; 5]),
    ("POST", "/api/v1/session login", [401; 5]),
    ("DELETE", "/api/v1/session", [401, 204, 204, 204, 204]),
];

#[tokio::test]
async fn every_route_admits_whom_the_table_says() {
    let desk = Desk::start().await;
    let clients = [
        desk.client(Credential::None),
        desk.token(Role::Duty),
        desk.token(Role::Police),
        desk.token(Role::Operator),
        desk.token(Role::Admin),
    ];
    let (own, other) = (desk.any_alert(true).await, desk.any_alert(false).await);
    let command = async |alert: &Value| {
        let path = format!("/api/v1/vehicles/{}/commands", alert["vehicle"]["terminal"].as_str().unwrap());
        let body = json!({ "command": command_of("text") });
        let reply = clients[4].send("POST", &path, Some(&body)).await.json();
        reply["id"].as_str().unwrap().to_owned()
    };
    let (own_command, other_command) = (command(&own).await, command(&other).await);
    let danger = async |alert: &Value| {
        let body = json!({ "title": "x", "alert_ids": [alert["id"]] });
        clients[4].send("POST", "/api/v1/dangers", Some(&body)).await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (own_danger, other_danger) = (danger(&own).await, danger(&other).await);
    let file = keep(&desk, &own, "00_65_6501_0_x.jpg", &JPEG);
    for (method, row, expected) in ACCESS {
        let (path, body) = row.split_once(' ').unwrap_or((row, ""));
        let path = on_file(path)
            .replace("{own-command}", &own_command)
            .replace("{other-command}", &other_command)
            .replace("{bulletin}", "TB-2026-01-01")
            .replace("{own-danger}", &own_danger)
            .replace("{other-danger}", &other_danger)
            .replace("{file}", &file)
            .replace("{own}", own["id"].as_str().unwrap())
            .replace("{other}", other["id"].as_str().unwrap())
            .replace("{OWN}", own["vehicle"]["terminal"].as_str().unwrap())
            .replace("{OTHER}", other["vehicle"]["terminal"].as_str().unwrap());
        let body = body_of(body, &path, [&own, &other]);
        for (client, status) in clients.iter().zip(expected) {
            // Wrong sign-ins of one address slow each other down; five of them are free.
            assert_eq!(
                client.send(method, &path, body.as_ref()).await.status,
                *status,
                "{method} {row} {:?}",
                client.credential
            );
        }
    }
}

/// With the names of what is on file.
fn on_file(path: &str) -> String {
    path.replace("{structure}", "bridge")
        .replace("{zone}", "galashan")
        .replace("{route}", "lhasa-shigatse")
        .replace("{operator}", OWN)
        .replace("{other-operator}", "OP002")
        .replace("{driver}", &common::certificate(0))
        .replace("{other-driver}", &common::certificate(1))
        .replace("{change}", "99")
        .replace("{nobody}", "nobody")
}

/// What a row of the table sends.
fn body_of(kind: &str, path: &str, [own, other]: [&Value; 2]) -> Option<Value> {
    match kind {
        "" => None,
        "bulletin" => Some(json!({ "month": "2026-01" })),
        "bulk" => Some(json!({ "action": "comment", "note": "seen", "ids": [own["id"], other["id"]] })),
        "danger" => Some(json!({ "title": "x", "alert_ids": [own["id"]] })),
        step if path.starts_with("/api/v1/dangers") => Some(json!({ "action": step, "note": "seen" })),
        "search" => Some(json!({ "q": "藏" })),
        "reopen" => Some(json!({ "note": "checked on site" })),
        "sighting" => Some(sighting()),
        "zone" => Some(json!({ "feature": drawn("closed") })),
        "import" => Some(json!({ "type": "FeatureCollection", "features": [] })),
        "zone-trial" => Some(json!({
            "feature": drawn("closed"), "from": "2026-01-01T00:00:00+08:00", "to": "2026-01-02T00:00:00+08:00",
        })),
        "route" => Some(json!({ "feature": drawn("") })),
        "rules" => Some(json!({ "changes": { "speeding": { "hold": "9s" } }, "note": "x" })),
        "trial" => Some(json!({ "changes": { "speeding": { "hold": "9s" } } })),
        "decision" => Some(json!({ "approve": true, "note": "x" })),
        "ticket" => Some(json!({ "ticket": "none" })),
        "login" => Some(json!({ "name": "nobody", "password": "wrong" })),
        kind if path.ends_with("/commands") => Some(json!({ "command": command_of(kind) })),
        action => Some(json!({ "action": action, "note": "seen", "assignee": "duty-03" })),
    }
}

/// A command of this kind.
fn command_of(kind: &str) -> Value {
    match kind {
        "text" => json!({ "kind": kind, "text": "慢行" }),
        "confirm-alarm" => json!({ "kind": kind, "serial": 7, "bits": 1 }),
        "set-parameters" => json!({ "kind": kind, "parameters": [{ "id": "0055", "value": "00000050" }] }),
        _ => json!({ "kind": kind }),
    }
}

/// A line, as a zone of a kind or as a route.
fn drawn(kind: &str) -> Value {
    let route = json!({ "id": "new" });
    let zone = json!({ "id": "new", "kind": kind, "name_zh": "新", "width_m": 30 });
    json!({
        "type": "Feature",
        "properties": if kind.is_empty() { route } else { zone },
        "geometry": { "type": "LineString", "coordinates": [[91.0, 29.0], [91.1, 29.0]] },
    })
}

fn sighting() -> Value {
    json!({ "plate": "藏A00001", "color": "yellow", "at": "2026-01-01T08:00:00+08:00", "lon": 91.1, "lat": 29.6, "camera": "K1" })
}

#[tokio::test]
async fn what_a_camera_saw_is_in_the_journal_and_nonsense_is_not() {
    let desk = Desk::start().await;
    let police = desk.token(Role::Police);
    assert_eq!(police.send("POST", "/api/v1/sightings", Some(&sighting())).await.status, 202);
    let batch = desk.world.journal.follow(0).next().await.unwrap().unwrap();
    let kept: Value = serde_json::from_slice(&batch.records[0].frame).unwrap();
    assert_eq!(
        (&kept["notice"], &kept["plate"], &kept["camera"]),
        (&json!("sighting"), &json!("藏A00001"), &json!("K1"))
    );
    assert_eq!(desk.world.journal.durable().borrow().upto(), 1);
    for (member, wrong) in [
        ("plate", json!("")),
        ("color", json!("pink")),
        ("at", json!("today")),
        ("at", json!("2999-01-01T08:00:00+08:00")),
        ("lon", json!(181)),
        ("lat", json!(-91)),
        ("camera", json!("x".repeat(129))),
    ] {
        let mut bad = sighting();
        bad[member] = wrong;
        let reply = police.send("POST", "/api/v1/sightings", Some(&bad)).await;
        let pointer = reply.json()["errors"][0]["pointer"].clone();
        assert_eq!((reply.status, pointer), (422, json!(format!("body/{member}"))), "{bad}");
    }
    assert_eq!(desk.world.journal.head(), 1);
}

#[tokio::test]
async fn a_closed_structure_is_opened_by_the_duty_desk_with_a_reason() {
    let desk = Desk::start().await;
    let structure = |closed: Value| -> pipeline::Structure {
        serde_json::from_value(json!({
            "id": "bridge",
            "last": { "at": "2026-01-01T08:00:00+08:00", "displacement_mm": 25.5, "level": 2, "own": false },
            "closed": closed, "reopened": null, "runs": [2, 2, 0],
        }))
        .unwrap()
    };
    let duty = desk.token(Role::Duty);
    let reopen =
        async |body: Value| duty.send("POST", "/api/v1/structures/bridge/reopen", Some(&body)).await.status;
    let note = json!({ "note": "checked on site" });
    desk.world.live.set_structures(&[structure(Value::Null)]);
    assert_eq!(reopen(note.clone()).await, 409);
    desk.world.live.set_structures(&[structure(json!({ "since": "2026-01-01T08:00:00+08:00", "level": 2 }))]);
    let list = duty.get("/api/v1/structures").await.json();
    assert_eq!(list["items"][0]["closed_at"], "2026-01-01T08:00:00.000+08:00");
    assert_eq!(
        (&list["items"][0]["closed_level"], &list["items"][0]["last"]["level"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(reopen(json!({ "note": " " })).await, 422);
    assert_eq!(desk.world.journal.head(), 0);
    assert_eq!(reopen(note).await, 202);
    let batch = desk.world.journal.follow(0).next().await.unwrap().unwrap();
    let kept: Value = serde_json::from_slice(&batch.records[0].frame).unwrap();
    assert_eq!((&kept["notice"], &kept["structure"]), (&json!("reopen"), &json!("bridge")));
    let audit = desk.world.ledger.audit_log(1).unwrap();
    assert_eq!((audit[0].action.as_str(), audit[0].subject.as_str()), ("structure-reopen", "bridge"));
    assert!(audit[0].detail.contains("checked on site"), "{}", audit[0].detail);
}

#[test]
fn the_access_table_names_every_route() {
    let document = console::openapi_document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let fits = |row: &str| {
                let parts: Vec<_> = row.split([' ', '?']).next().unwrap().split('/').collect();
                let wanted: Vec<_> = path.split('/').collect();
                parts.len() == wanted.len()
                    && parts
                        .iter()
                        .zip(&wanted)
                        .all(|(a, b)| a == b || (a.starts_with('{') && b.starts_with('{')))
            };
            assert!(
                ACCESS.iter().any(|row| row.0.eq_ignore_ascii_case(method) && fits(row.1)),
                "{method} {path} has no row"
            );
        }
    }
}

#[tokio::test]
async fn vehicles_are_found_by_a_part_of_plate_or_terminal() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let wanted = common::vehicle(3);
    for part in [&wanted.plate[wanted.plate.len() - 4..], &wanted.terminal.to_string()[5..]] {
        let found = duty.get(&format!("/api/v1/vehicles?q={}", part.to_lowercase())).await.json();
        let items = found["items"].as_array().unwrap();
        assert!(items.iter().any(|item| item["plate"] == *wanted.plate), "{part}");
        let fits = |item: &Value| {
            item["plate"].as_str().unwrap().contains(part)
                || item["terminal"].as_str().unwrap().contains(part)
        };
        assert!(items.iter().all(fits), "{part}: {found}");
    }
}

#[tokio::test]
async fn an_operator_sees_its_own_in_lists_and_exports() {
    let desk = Desk::start().await;
    let client = desk.token(Role::Operator);
    for path in [
        "/api/v1/alerts?limit=1000",
        "/api/v1/alerts?limit=1000&operator=OP002",
        "/api/v1/vehicles?limit=1000",
    ] {
        let list = client.get(path).await.json();
        for item in list["items"].as_array().unwrap() {
            let operator =
                if item["vehicle"].is_object() { &item["vehicle"]["operator"] } else { &item["operator"] };
            assert_eq!(operator, OWN, "{path}");
        }
        assert_eq!(list["items"].as_array().unwrap().is_empty(), path.contains("OP002"), "{path}");
    }
    let csv = client.get("/api/v1/exports/violations.csv").await.body;
    assert!(csv.starts_with('\u{feff}') && csv.contains("\"OP001\"") && !csv.contains("\"OP002\""));
    let other = desk.any_alert(false).await;
    let request = json!({ "action": "comment", "note": "x", "ids": [other["id"]] });
    let answer = client.send("POST", "/api/v1/alerts/actions", Some(&request)).await.json();
    assert_eq!(
        (&answer["items"][0]["ok"], &answer["items"][0]["problem"]["status"]),
        (&json!(false), &json!(404))
    );
}

/// Name and text of every file in an archive.
fn unpacked(archive: &[u8]) -> Vec<(String, String)> {
    let archive = rawzip::ZipArchive::from_slice(archive).unwrap();
    let mut entries = archive.entries();
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = entry.file_path().try_normalize().unwrap().as_ref().to_owned();
        let packed = archive.get_entry(entry.wayfinder()).unwrap();
        let plain = flate2::read::DeflateDecoder::new(packed.data());
        let mut text = String::new();
        packed.verifying_reader(plain).read_to_string(&mut text).unwrap();
        files.push((name, text));
    }
    files
}

fn sha256(text: &[u8]) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

const JPEG: [u8; 300] = {
    let mut bytes = [7; 300];
    (bytes[0], bytes[1], bytes[2]) = (0xff, 0xd8, 0xff);
    bytes
};

/// A whole file of its terminal under an alert; gives its name here.
fn keep(desk: &Desk, alert: &Value, name: &str, bytes: &[u8]) -> String {
    let terminal = fleet::TerminalId::parse(alert["vehicle"]["terminal"].as_str().unwrap()).unwrap();
    keep_of(desk, alert, terminal, name, bytes)
}

fn keep_of(desk: &Desk, alert: &Value, terminal: fleet::TerminalId, name: &str, bytes: &[u8]) -> String {
    let alert = fleet::AlertId::parse(alert["id"].as_str().unwrap()).unwrap();
    let media = &desk.world.media;
    let now = fleet::ReceiveTime::from_ms(1_767_225_600_000);
    let announced = media::Announced {
        origin: media::Origin::Alert { alert, sign: vec![7; 16] },
        terminal,
        name: name.as_bytes(),
        kind: 0,
        channel: Some(65),
        bytes: u32::try_from(bytes.len()).unwrap(),
    };
    let media::Begun::Open(id) = media.begin(&announced, now).unwrap() else { panic!() };
    media.write(id, 0, bytes).unwrap();
    assert_eq!(media.finish(id, 9, now).unwrap(), media::Finished::Complete);
    media.of_alert(alert).unwrap().pop().unwrap().file_name()
}

#[tokio::test]
async fn a_file_is_served_as_its_bytes_say_and_never_to_be_shown() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let alert = desk.any_alert(true).await;
    let path = format!("/api/v1/alerts/{}/attachments", alert["id"].as_str().unwrap());
    let picture = keep(&desk, &alert, "<script>.html", &JPEG);
    let page = keep(&desk, &alert, "page.jpg", b"<html><script>alert(1)</script>");
    let items = duty.get(&path).await.json()["items"].clone();
    assert_eq!((&items[0]["name"], &items[0]["terminal_name"]), (&json!(picture), &json!("<script>.html")));
    assert_eq!((&items[0]["kind"], &items[0]["media_type"]), (&json!("picture"), &json!("image/jpeg")));
    assert_eq!((&items[0]["state"], &items[0]["bytes"]), (&json!("complete"), &json!(300)));
    assert_eq!((&items[0]["channel"], &items[0]["sha256"]), (&json!(65), &json!(sha256(&JPEG))));
    let reply = duty.get(&format!("{path}/{picture}")).await;
    assert_eq!((reply.status, reply.head("content-type"), &reply.bytes[..]), (200, "image/jpeg", &JPEG[..]));
    assert_eq!(reply.head("content-disposition"), format!("attachment; filename=\"{picture}\""));
    assert_eq!(reply.head("x-content-type-options"), "nosniff");
    assert_eq!(reply.head("etag"), format!("\"{}\"", sha256(&JPEG)));
    let reply = duty.get(&format!("{path}/{page}")).await;
    assert_eq!((reply.status, reply.head("content-type")), (200, "text/plain; charset=utf-8"));
    for name in ["..%2f..%2findex.db", "page.jpg", "000099.jpg", "%00"] {
        assert_eq!(duty.get(&format!("{path}/{name}")).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn media_a_terminal_sent_of_itself_stands_under_an_alert_of_the_same_minute() {
    let desk = Desk::start().await;
    let shown = desk.any_alert(true).await;
    let id = fleet::AlertId::parse(shown["id"].as_str().unwrap()).unwrap();
    let alert = desk.world.ledger.alert(id).unwrap().unwrap().alert;
    let media = &desk.world.media;
    let now = fleet::ReceiveTime::from_ms(1_767_225_600_000);
    let first = alert.started_at.ms() - 60_000;
    let last = alert.position.time.ms() + 60_000;
    for (id, ms) in (1..).zip([first - 1, first, last, last + 1]) {
        let taken = fleet::EventTime::from_ms(ms);
        let announced = media::Announced {
            origin: media::Origin::Event { id, taken },
            terminal: alert.vehicle.terminal,
            name: b"",
            kind: 0,
            channel: Some(1),
            bytes: 0,
        };
        let media::Begun::Open(file) = media.begin(&announced, now).unwrap() else { panic!() };
        assert_eq!(media.finish(file, 9, now).unwrap(), media::Finished::Complete);
    }
    let list = desk.token(Role::Duty).get(&format!("/api/v1/alerts/{id}/attachments")).await.json();
    let taken: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| item["taken_at"].clone()).collect();
    let expected = [first, last].map(|ms| json!(fleet::EventTime::from_ms(ms).to_rfc3339_ms()));
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn files_lie_in_the_archive_with_their_sums() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let alert = desk.any_alert(true).await;
    let name = keep(&desk, &alert, "a.txt", "速度 60".as_bytes());
    let reply = duty.get(&format!("/api/v1/alerts/{}/evidence.zip", alert["id"].as_str().unwrap())).await;
    let files = unpacked(&reply.bytes);
    let text = |name: &str| files.iter().find(|file| file.0 == name).unwrap().1.as_str();
    assert_eq!(text(&format!("attachments/{name}")), "速度 60");
    let sum = sha256("速度 60".as_bytes());
    assert!(text("SHA256SUMS").lines().any(|line| line == format!("{sum}  attachments/{name}")));
    let manifest: Value = serde_json::from_str(text("manifest.json")).unwrap();
    let attachment = &manifest["attachments"][0];
    assert_eq!((&attachment["name"], &attachment["in_archive"]), (&json!(name), &json!(true)));
    assert_eq!((&attachment["terminal_name"], &attachment["sha256"]), (&json!("a.txt"), &json!(sum)));
}

/// Names that leave the folder, name devices, or meet each other where case is no difference.
const HOSTILE_NAMES: [&str; 14] = [
    "../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "/etc/passwd",
    "C:\\autoexec.bat",
    "",
    ".",
    "..",
    "a/b.jpg",
    "CON",
    "x.jpg",
    "X.JPG",
    "alert.json",
    "SHA256SUMS",
    "a\0b\r\n.jpg",
];

#[tokio::test]
async fn c6_an_archive_holds_files_under_names_of_our_own_and_of_its_own_terminal_alone() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let (alert, other) = (desk.any_alert(true).await, desk.any_alert(false).await);
    for name in HOSTILE_NAMES {
        keep(&desk, &alert, name, name.as_bytes());
    }
    // Of another vehicle: under its own alert, and filed under this one as it never should be.
    keep(&desk, &other, "other.txt", b"of another operator");
    let foreign = fleet::TerminalId::parse(other["vehicle"]["terminal"].as_str().unwrap()).unwrap();
    let misfiled = keep_of(&desk, &alert, foreign, "foreign.txt", b"of another operator");
    let path = format!("/api/v1/alerts/{}", alert["id"].as_str().unwrap());
    assert_eq!(duty.get(&format!("{path}/attachments/{misfiled}")).await.status, 404);

    let files = unpacked(&duty.get(&format!("{path}/evidence.zip")).await.bytes);
    let mut names: Vec<String> = files.iter().map(|file| file.0.to_lowercase()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!((names.len(), count), (count, 8 + HOSTILE_NAMES.len()), "{names:?}");
    for name in &names {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || ".-/_".contains(c));
        let is_inside = name.strip_prefix("attachments/").is_none_or(|rest| !rest.contains('/'));
        assert!(plain && is_inside && !name.contains("..") && !name.starts_with('/'), "{name}");
    }
    let texts = || files.iter().filter(|file| file.0.starts_with("attachments/")).map(|file| file.1.as_str());
    assert!(HOSTILE_NAMES.iter().all(|name| texts().any(|text| text == *name)), "{files:?}");
    assert!(!texts().any(|text| text.contains("another operator")));
}

#[tokio::test]
async fn c6_what_is_too_big_for_an_archive_is_named_and_left_out() {
    let desk = Desk::start().await;
    let alert = desk.any_alert(true).await;
    let big = keep(&desk, &alert, "film.mp4", &vec![0; (64 << 20) + 1]);
    let small = keep(&desk, &alert, "a.txt", b"small");
    let path = format!("/api/v1/alerts/{}/evidence.zip", alert["id"].as_str().unwrap());
    let reply = desk.token(Role::Duty).get(&path).await;
    assert!(reply.bytes.len() < 1 << 20, "{}", reply.bytes.len());
    let files = unpacked(&reply.bytes);
    let has = |name: &str| files.iter().any(|file| file.0 == format!("attachments/{name}"));
    assert!(has(&small) && !has(&big));
    let manifest = files.iter().find(|file| file.0 == "manifest.json").unwrap();
    let manifest: Value = serde_json::from_str(&manifest.1).unwrap();
    let told: Vec<_> = manifest["attachments"].as_array().unwrap().iter().collect();
    assert_eq!((&told[0]["name"], &told[0]["in_archive"]), (&json!(big), &json!(false)));
    assert_eq!(told[0]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!((&told[1]["name"], &told[1]["in_archive"]), (&json!(small), &json!(true)));
}

#[tokio::test]
async fn an_archive_of_evidence_can_be_checked_by_its_sums() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let shown = desk.any_alert(true).await;
    let id = fleet::AlertId::parse(shown["id"].as_str().unwrap()).unwrap();
    // A second revision, with the frame that decided it.
    let mut alert = desk.world.ledger.alert(id).unwrap().unwrap().alert;
    alert.revision += 1;
    let frame = (fleet::ReceiveTime::from_ms(1_767_225_600_000), vec![0x7e, 0x02, 0x7e].into());
    let ruled = ledger::Ruled { alert: Arc::new(alert), frames: vec![frame] };
    desk.world.ledger.record_ruled(&[ruled]).unwrap();

    let path = format!("/api/v1/alerts/{id}/evidence.zip");
    let reply = duty.get(&path).await;
    assert_eq!((reply.status, reply.head("content-type")), (200, "application/zip"));
    let files = unpacked(&reply.bytes);
    let text = |name: &str| files.iter().find(|file| file.0 == name).unwrap().1.as_str();
    let sums: Vec<&str> = text("SHA256SUMS").lines().collect();
    assert_eq!(sums.len() + 1, files.len());
    for (name, text) in files.iter().filter(|file| file.0 != "SHA256SUMS") {
        let line = format!("{}  {name}", sha256(text.as_bytes()));
        assert!(sums.contains(&line.as_str()), "{line}");
        let altered = sha256(format!("{text} ").as_bytes());
        assert!(!sums.iter().any(|line| line.starts_with(&altered)), "{name}");
    }
    let manifest: Value = serde_json::from_str(text("manifest.json")).unwrap();
    assert_eq!((&manifest["alert"], &manifest["revision"]), (&shown["id"], &json!(2)));
    assert_eq!(manifest["files"][1]["sha256"], sha256(text("alert.json").as_bytes()));
    assert_eq!(text("revisions.jsonl").lines().count(), 2);
    assert_eq!(text("frames.jsonl"), "{\"at\":\"2026-01-01T08:00:00.000+08:00\",\"hex\":\"7e027e\"}\n");
    assert!(text("track.csv").lines().count() > 10, "{}", text("track.csv"));
    assert!(text("timeline.jsonl").contains("raised"));

    let again = duty.get(&path).await;
    assert!(again.bytes == reply.bytes, "the same state gives other bytes");
    let log = desk.world.ledger.audit_log(1).unwrap();
    assert_eq!((log[0].action.as_str(), log[0].subject.as_str()), ("take-evidence", id.to_string().as_str()));
    assert_eq!(log[0].detail, format!("sha256 {}", sha256(&reply.bytes)));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let desk = Desk::start().await;
    let client = desk.token(Role::Duty);
    let terminal = common::terminal(0);
    for list in [
        "/api/v1/alerts?x".to_owned(),
        "/api/v1/vehicles?x".to_owned(),
        format!("/api/v1/vehicles/{terminal}/track?x"),
    ] {
        let list = list.trim_end_matches('x');
        let whole =
            client.get(&format!("{list}limit=1000")).await.json()["items"].as_array().unwrap().clone();
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{list}limit=7{cursor}")).await.json();
            met.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
            assert!(met.len() <= whole.len(), "{list}");
        }
        // What changes while one reads is not what this asks about.
        let names = |items: &[Value]| -> Vec<_> {
            items
                .iter()
                .map(|item| (item["id"].clone(), item["terminal"].clone(), item["time"].clone()))
                .collect()
        };
        assert_eq!(names(&met), names(&whole), "{list}");
        assert!(whole.len() > 20, "{list}");
    }
}

#[tokio::test]
async fn refusals_say_what_is_wrong_and_where() {
    let desk = Desk::start().await;
    let client = desk.token(Role::Duty);
    let id = desk.any_alert(true).await["id"].as_str().unwrap().to_owned();
    for (path, status, pointer) in [
        ("/api/v1/alerts?colour=red", 400, json!("query/colour")),
        ("/api/v1/alerts?severity=bad", 400, json!("query/severity")),
        ("/api/v1/alerts?rule=bad", 400, json!("query/rule")),
        ("/api/v1/alerts?limit=1001", 400, json!("query/limit")),
        ("/api/v1/alerts?limit=0", 400, json!("query/limit")),
        ("/api/v1/quality?by=colour", 400, json!("query/by")),
        ("/api/v1/quality?by=operator&terminal=1", 400, json!("query/terminal")),
        ("/api/v1/quality?cursor=1", 400, json!("query/cursor")),
        (
            "/api/v1/quality?from=2026-01-02T00:00:00%2B08:00&to=2026-01-02T00:00:00%2B08:00",
            400,
            json!("query/from"),
        ),
        ("/api/v1/alerts?cursor=~", 400, json!("query/cursor")),
        ("/api/v1/alerts?division=5", 400, json!("query/division")),
        ("/api/v1/vehicles?online=maybe", 400, json!("query/online")),
        ("/api/v1/vehicles/13800000000/track?cursor=1", 400, json!("query/cursor")),
        ("/api/v1/nothing", 404, Value::Null),
        ("/nothing.js", 404, Value::Null),
        ("/api/v1/alerts/not-an-id", 404, Value::Null),
        ("/api/v1/alerts/actions", 405, Value::Null),
    ] {
        let reply = client.get(path).await;
        assert_eq!(
            (reply.status, reply.head("content-type")),
            (status, "application/problem+json"),
            "{path}"
        );
        let problem = reply.json();
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["status"]),
            (&pointer, &json!(status)),
            "{path}"
        );
        assert!(problem["type"].as_str().unwrap().starts_with("urn:roadwarden:problem:"), "{path}");
    }
    let actions = format!("/api/v1/alerts/{id}/actions");
    for (body, status) in [
        ("{\"action\":\"comment\",\"note\":1}", 422),
        ("{\"action\":\"dance\"}", 422),
        ("{\"action\":\"comment\",\"nota\":\"\"}", 422),
        ("{", 400),
    ] {
        assert_eq!(
            client.send_raw("POST", &actions, "application/json", body).await.status,
            status,
            "{body}"
        );
    }
    assert_eq!(client.send_raw("POST", &actions, "text/plain", "{}").await.status, 415);
    let large = format!("{{\"action\":\"comment\",\"note\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(client.send_raw("POST", &actions, "application/json", &large).await.status, 413);
}

#[tokio::test]
async fn the_second_of_two_learns_who_was_first() {
    let desk = Desk::start().await;
    let client = desk.token(Role::Duty);
    let alert = desk.any_alert(true).await;
    let path = format!("/api/v1/alerts/{}/actions", alert["id"].as_str().unwrap());
    let request = json!({ "action": "acknowledge", "expected_version": alert["handling"]["version"] });
    let first = client.send("POST", &path, Some(&request)).await;
    assert_eq!((first.status, &first.json()["status"]), (200, &json!("acknowledged")));
    let second = client.send("POST", &path, Some(&request)).await;
    assert_eq!((second.status, &second.json()["handling"]["status"]), (409, &json!("acknowledged")));
    let timeline = client.get(&path.replace("actions", "timeline")).await.json();
    let last = timeline["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["action"], last["via"].as_str()), (&json!("acknowledge"), Some("api")));
    assert_eq!(last["at"].as_str().unwrap().len(), "2026-01-01T08:00:00.000+08:00".len());
}

#[tokio::test]
async fn an_alert_tells_which_departments_got_it_and_which_have_not_said_so() {
    let desk = Desk::start().await;
    let client = desk.token(Role::Duty);
    let alert = desk.any_alert(true).await;
    let (id, revision) = (alert["id"].as_str().unwrap(), alert["revision"].as_u64().unwrap());
    let path = format!("/api/v1/alerts/{id}/deliveries");
    let queued = client.get(&path).await.json();
    let items = queued["items"].as_array().unwrap();
    let whose: Vec<_> = items.iter().map(|item| item["department"].clone()).collect();
    assert_eq!((json!(&whose), &queued["next"]), (alert["departments"].clone(), &Value::Null));
    assert!(items.iter().all(|item| item["state"] == "queued" && item["times_sent"] == 0), "{queued}");
    let first: fleet::Department = whose[0].as_str().unwrap().parse().unwrap();
    let owing = ledger::Owing {
        departments: vec![first],
        after: Duration::from_secs(60),
        pause_max: Duration::from_secs(60),
    };
    let at = ReceiveTime::from_ms(1_767_225_600_000);
    let rows = desk.world.ledger.outbox_next(0, 1_000).unwrap().iter().map(|out| out.seq).collect();
    let sent = ledger::Sent { rows, again: Vec::new() };
    desk.world.ledger.outbox_published(&sent, ledger::Moment { at, steady: at }, &owing).unwrap();
    let item = |list: &Value| list["items"][0].clone();
    assert_eq!(
        item(&client.get(&path).await.json()),
        json!({"department": first, "state": "waiting", "revision": revision, "times_sent": 1,
            "published_at": "2026-01-01T08:00:00.000+08:00", "waiting_since": "2026-01-01T08:00:00.000+08:00",
            "received_revision": null, "received_at": null})
    );
    let receipt = ledger::Receipt {
        department: first,
        alert: fleet::AlertId::parse(id).unwrap(),
        revision: u32::try_from(revision).unwrap(),
    };
    desk.world.ledger.receive(&[receipt], at).unwrap();
    let received = item(&client.get(&path).await.json());
    assert_eq!((&received["state"], &received["waiting_since"]), (&json!("received"), &Value::Null));
    assert_eq!(received["received_at"], "2026-01-01T08:00:00.000+08:00");
}

#[tokio::test]
async fn a_session_needs_its_header_for_writes_and_ends() {
    let desk = Desk::start().await;
    common::user(&desk.world.ledger, "duty", "correct horse", Role::Duty);
    let guest = desk.client(Credential::None);
    let reply = guest
        .send("POST", "/api/v1/session", Some(&json!({ "name": "duty", "password": "correct horse" })))
        .await;
    assert_eq!((reply.status, &reply.json()["role"]), (200, &json!("duty")));
    let cookie = reply.head("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let without = desk.client(Credential::Cookie(cookie.clone(), false));
    let with = desk.client(Credential::Cookie(cookie, true));
    assert_eq!(without.get("/api/v1/me").await.status, 200);
    assert_eq!(without.send("DELETE", "/api/v1/session", None).await.status, 403);
    assert_eq!(with.send("DELETE", "/api/v1/session", None).await.status, 204);
    assert_eq!(without.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let desk = Desk::start().await;
    let guest = desk.client(Credential::None);
    let guess = json!({ "name": "duty", "password": "wrong" });
    for _ in 0..5 {
        assert_eq!(guest.send("POST", "/api/v1/session", Some(&guess)).await.status, 401);
    }
    let reply = guest.send("POST", "/api/v1/session", Some(&guess)).await;
    assert_eq!(reply.status, 429);
    assert!(reply.head("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_ticket_signs_in_once() {
    let desk = Desk::start().await;
    let ticket = json!({ "ticket": common::ticket(&desk.world.ledger) });
    let guest = desk.client(Credential::None);
    assert_eq!(guest.send("POST", "/api/v1/session/ticket", Some(&ticket)).await.status, 200);
    assert_eq!(guest.send("POST", "/api/v1/session/ticket", Some(&ticket)).await.status, 401);
}

#[tokio::test]
async fn answers_carry_the_headers_that_keep_a_page_safe() {
    let desk = Desk::start().await;
    let page: Reply = desk.client(Credential::None).get("/").await;
    let policy = page.head("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert_eq!(policy.matches("unsafe").count(), policy.matches("style-src-attr 'unsafe-inline'").count());
    assert_eq!(
        (page.head("x-content-type-options"), page.head("x-frame-options"), page.head("cache-control")),
        ("nosniff", "DENY", "no-cache")
    );
    let list = desk.token(Role::Duty).get("/api/v1/alerts").await;
    assert_eq!((list.head("cache-control"), list.head("x-content-type-options")), ("no-store", "nosniff"));
}

#[tokio::test]
async fn tiles_from_elsewhere_open_the_policy_for_their_host_and_no_other() {
    let world = World::new(1);
    let tiles = settings::Tiles {
        url: "https://tiles.example.cn:8443/{z}/{x}/{y}.png?tk=s3cret".into(),
        origin: "https://tiles.example.cn:8443".into(),
        datum: settings::Datum::Gcj02,
        attribution: "某地图 GS(2026)1号".into(),
        max_zoom: 17,
        tile_px: 256,
    };
    let plain = Desk::start().await;
    let parts = console::Parts { tiles: Some(tiles), ..world.parts(false) };
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
    let desk = Desk { world, console };
    let without = plain.client(Credential::None).get("/").await.head("content-security-policy").to_owned();
    let with = desk.client(Credential::None).get("/").await.head("content-security-policy").to_owned();
    assert_eq!(with.replace(" https://tiles.example.cn:8443", ""), without);
    for source in ["img-src", "connect-src"] {
        let directive = with.split("; ").find(|part| part.starts_with(source)).unwrap();
        assert!(directive.ends_with(" https://tiles.example.cn:8443"), "{with}");
    }
    assert_eq!(with.matches("tiles.example.cn").count(), 2, "{with}");

    let guest = desk.client(Credential::None).get("/map/settings.json").await;
    assert_eq!((guest.status, guest.body.contains("s3cret")), (401, false));
    let told = desk.token(Role::Auditor).get("/map/settings.json").await.json();
    assert_eq!(told["tiles"]["urls"], json!(["https://tiles.example.cn:8443/{z}/{x}/{y}.png?tk=s3cret"]));
    assert_eq!(told["tiles"]["coordinate_system"], "gcj02");
    assert_eq!(plain.token(Role::Duty).get("/map/settings.json").await.json(), json!({ "tiles": null }));
}

#[tokio::test]
async fn a_place_of_the_application_is_its_first_page_and_a_missing_file_is_none() {
    let desk = Desk::start().await;
    let anybody = desk.client(Credential::None);
    let first = anybody.get("/").await;
    assert_eq!((first.status, first.head("content-type")), (200, "text/html; charset=utf-8"));
    let place = anybody.get("/dossiers/vehicle/13800000001?tab=2").await;
    assert_eq!((place.status, &place.body), (200, &first.body));
    for (method, path) in
        [("GET", "/assets/gone.js"), ("GET", "/api/v1/gone"), ("POST", "/gone"), ("GET", "/api/gone")]
    {
        let missing = anybody.send(method, path, None).await;
        assert_eq!(
            (missing.status, missing.head("content-type")),
            (404, "application/problem+json"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_page_that_a_browser_has_is_not_sent_again_and_goes_gzipped_where_that_is_known() {
    let desk = Desk::start().await;
    let anybody = desk.client(Credential::None);
    let plain = anybody.get("/").await;
    let tag = plain.head("etag").to_owned();
    let again = anybody.get_with("/", &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    let zipped = anybody.get_with("/", "Accept-Encoding: br, gzip\r\n").await;
    assert_eq!((zipped.head("content-encoding"), zipped.head("vary")), ("gzip", "accept-encoding"));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&zipped.bytes[..]), &mut text).unwrap();
    assert_eq!(text, plain.body);
}

#[tokio::test]
async fn the_live_feed_shows_news_and_to_an_operator_its_own_only() {
    let desk = Desk::start().await;
    let mut all = desk.token(Role::Duty).stream("/api/v1/live", None).await;
    let mut own = desk.token(Role::Operator).stream("/api/v1/live", None).await;
    // The summary comes first: the subscription stands.
    for feed in [&mut all, &mut own] {
        let summary = feed.next("summary").await;
        assert!(
            summary["open"]["critical"].as_u64().unwrap() > 0
                && summary["vehicles_total"].as_u64().unwrap() > 0
        );
    }
    let (theirs, ours) = (common::vehicle(1), common::vehicle(0));
    for vehicle in [theirs, ours] {
        let alert = Arc::new(common::alert(7, desk.world.now(), vehicle));
        desk.world.ledger.record(&[Arc::clone(&alert)]).unwrap();
        desk.world.live.publish_alert(alert);
    }
    assert_eq!(all.next("alert").await["vehicle"]["operator"], "OP002");
    assert_eq!(own.next("alert").await["vehicle"]["operator"], OWN);
    let shown = all.next("alert").await;
    assert_eq!((&shown["vehicle"]["operator"], &shown["handling"]["status"]), (&json!(OWN), &json!("new")));
    let path = format!("/api/v1/alerts/{}/actions", shown["id"].as_str().unwrap());
    desk.token(Role::Duty).send("POST", &path, Some(&json!({ "action": "acknowledge" }))).await;
    let handling = own.next("handling").await;
    assert_eq!(
        (&handling["alert_id"], &handling["handling"]["status"]),
        (&shown["id"], &json!("acknowledged"))
    );
    desk.world.drive(1);
    assert_eq!(own.next("vehicle").await["operator"], OWN);
    let mut back = desk.token(Role::Duty).stream("/api/v1/live", Some("1-1")).await;
    assert!(back.next("resync").await["reason"].is_string());
    desk.console.stop().await;
    assert!(back.ended().await);
}

#[tokio::test]
async fn a_reload_names_who_asked_and_a_refused_one_every_mistake() {
    let world = World::new(1);
    let mut parts = world.parts(false);
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts.clone()).await.unwrap();
    let admin = Credential::Token(common::token(&world.ledger, Role::Admin, None));
    let ask = async |console: &Console| {
        Client { address: console.local_addr(), credential: admin.clone() }
            .send("POST", "/api/v1/reload", None)
            .await
    };
    let reply = ask(&console).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"version": "made-up", "rules_version": "", "map_version": "", "changes": ["asked by admin over api"]})
    );
    let mistake = "zones.geojson:2: kind is missing, expected a text";
    for (refused, status, shown) in [
        (console::NotReloaded::Mistakes(vec![mistake.to_owned()]), 422, mistake),
        (
            console::NotReloaded::Unavailable("the service is stopping".to_owned()),
            503,
            "the service is stopping",
        ),
    ] {
        parts.reload = Arc::new(move |_, _| Err(refused.clone()));
        let console = Console::start("127.0.0.1:0".parse().unwrap(), parts.clone()).await.unwrap();
        let reply = ask(&console).await;
        assert_eq!(reply.status, status);
        assert!(reply.json().to_string().contains(shown), "{}", reply.json());
    }
}

#[tokio::test]
async fn one_failing_check_makes_the_service_unready_by_name() {
    let world = World::new(3);
    let mut parts = world.parts(false);
    parts.ready = Arc::new(|| vec![("journal", true), ("broker", false)]);
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
    let client = Client { address: console.local_addr(), credential: Credential::None };
    let reply = client.get("/readyz").await;
    assert_eq!(
        (reply.status, reply.json()),
        (503, json!({ "ready": false, "checks": { "journal": true, "broker": false } }))
    );
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let desk = Desk::start().await;
    let taken = desk.console.local_addr();
    let error = Console::start(taken, desk.world.parts(false)).await.err().unwrap();
    assert_eq!(error.to_string(), format!("http.listen {taken} can't be opened"));
}

/// Two operators over two days; a vehicle each of which the numbers are known.
fn count(desk: &Desk, n: usize, day: i32, change: impl FnOnce(&mut fleet::DayCount)) {
    let mut count = fleet::DayCount { day, seen: 9, heard: true, ..Default::default() };
    change(&mut count);
    let (terminal, operator) = (common::terminal(n), common::operator_id(n % 5 + 1));
    desk.world.ledger.record_quality(&[fleet::Tally { terminal, operator, count }]).unwrap();
}

const TWO_DAYS: &str = "from=2026-01-01T00:00:00%2B08:00&to=2026-01-03T00:00:00%2B08:00";

fn count_two_days(desk: &Desk) {
    let day = 20_454; // 2026-01-01
    // Six vehicles of OP001 are on file (0, 5, 10, …); two were heard on the first day, one on the second.
    count(desk, 0, day, |count| {
        (count.reports, count.invalid, count.unlocated) = (90, 9, 4);
        (count.continuous_dm, count.broken_dm) = (80_000, 0);
        (count.overspeeds, count.fatigue_s, count.jumps) = (3, 600, 2);
        count.faults = Some(Box::new([0, 0, 0, 0, 0, 0, 0, 7, 0]));
    });
    count(desk, 5, day, |count| {
        (count.reports, count.invalid) = (10, 1);
        (count.continuous_dm, count.broken_dm) = (0, 20_000);
    });
    count(desk, 1, day, |count| (count.overspeeds, count.tampers) = (9, 1));
    count(desk, 0, day + 1, |count| count.reports = 5);
}

#[tokio::test]
async fn the_quality_of_data_is_summed_scored_and_kept_to_its_scope() {
    let desk = Desk::start().await;
    count_two_days(&desk);
    let range = TWO_DAYS;
    let own = desk.token(Role::Operator);
    let list = own.get(&format!("/api/v1/quality?by=operator&{range}")).await.json();
    let days: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["day"].clone()).collect();
    assert_eq!(days, [json!("2026-01-02"), json!("2026-01-01")]);
    let item = &list["items"][1];
    assert_eq!((&item["operator"], &item["terminal"]), (&json!(OWN), &Value::Null));
    let near = |value: &Value, expected: f64| {
        assert!((value.as_f64().unwrap() - expected).abs() < 1e-9, "{value} {expected}");
    };
    assert_eq!((&item["registered"], &item["networked"], &item["online"]), (&json!(6), &json!(2), &json!(2)));
    near(&item["networked_rate"], 2.0 / 6.0);
    near(&item["online_rate"], 1.0);
    near(&item["track_rate"], 0.8);
    near(&item["valid_rate"], 0.9);
    near(&item["overspeeds_per_vehicle"], 1.5);
    near(&item["fatigue_s_per_vehicle"], 300.0);
    assert_eq!((&item["faults"]["camera"], &item["drifted"]), (&json!(7), &json!(0)));
    assert_eq!((&item["inspection_rate"], &item["truthful"]), (&Value::Null, &json!(true)));
    // The region has four speedings and 200 s a vehicle: 1.5 is under it, 300 over it.
    near(&item["score"]["region_overspeeds_per_vehicle"], 4.0);
    near(&item["score"]["overspeeds"], 16.25);
    near(&item["score"]["fatigue"], 5.0);
    near(&item["score"]["track"], 12.0);
    near(&item["score"]["total"], 0.0 + 5.0 + 12.0 + 13.5 + 10.0 + 16.25 + 5.0);
    near(&item["score"]["out_of"], 90.0);
    let duty = desk.token(Role::Duty);
    let all = duty.get(&format!("/api/v1/quality?by=operator&{range}&limit=3")).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let other = duty.get(&format!("/api/v1/quality?by=operator&operator=OP002&{range}")).await.json();
    assert_eq!(
        (&other["items"][1]["score"]["total"], &other["items"][1]["truthful"]),
        (&json!(0.0), &json!(false))
    );
}

#[tokio::test]
async fn vehicles_days_come_page_by_page_and_to_an_operator_its_own_only() {
    let desk = Desk::start().await;
    count_two_days(&desk);
    let (range, own, duty) = (TWO_DAYS, desk.token(Role::Operator), desk.token(Role::Duty));
    // By vehicle: three days of two vehicles, page by page, and never another operator's.
    let (mut met, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = own.get(&format!("/api/v1/quality?{range}&limit=1{cursor}")).await.json();
        met.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (item["day"].clone(), item["terminal"].clone())),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        assert!(met.len() < 9);
    }
    let terminal = |n| json!(common::terminal(n).to_string());
    assert_eq!(
        met,
        [
            (json!("2026-01-02"), terminal(0)),
            (json!("2026-01-01"), terminal(0)),
            (json!("2026-01-01"), terminal(5))
        ]
    );
    let one = common::terminal(1);
    let hidden = own.get(&format!("/api/v1/quality?{range}&terminal={one}&operator=OP002")).await.json();
    assert!(hidden["items"].as_array().unwrap().is_empty());
    let pages = duty.get(&format!("/api/v1/quality?{range}&terminal={one}")).await.json();
    assert_eq!(pages["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vehicle_shows_what_its_terminal_has_shown() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let terminal = desk.any_alert(true).await["vehicle"]["terminal"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/vehicles/{terminal}");
    assert_eq!(duty.get(&path).await.json()["profile"], Value::Null);
    let profile = json!({ "edition": "2011", "maker": "MAKER" });
    let put = |text: String| {
        desk.world.ledger.put_profiles(&[(terminal.parse().unwrap(), text)], ReceiveTime::default()).unwrap();
    };
    put(profile.to_string());
    assert_eq!(duty.get(&path).await.json()["profile"], profile);
    put("{".to_owned());
    assert_eq!(duty.get(&path).await.json()["profile"], Value::Null);
}
