//! Who tried to be a terminal, over HTTP: listed for who looks after it, released by an administrator.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use client::Credential;
use desk::Desk;
use fleet::{Binding, ReceiveTime, TerminalId, Threat};
use ledger::{Identity, Role, SecurityEvent, Stranger};
use serde_json::json;

const FIRST: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);
const LAST: ReceiveTime = ReceiveTime::from_ms(1_767_225_660_000);

fn put(desk: &Desk, terminals: &[TerminalId]) {
    let stranger = Stranger {
        number: "13900000000".into(),
        plate: "藏A00000<b>".into(),
        device: "D1".into(),
        maker: "M".into(),
        address: "192.0.2.7".into(),
        first: FIRST,
        last: LAST,
        tries: 12,
    };
    let event = |terminal: &TerminalId| SecurityEvent {
        threat: Threat::ClonedTerminal,
        terminal: Some(*terminal),
        addresses: vec!["192.0.2.1".into(), "192.0.2.2".into()],
        first: FIRST,
        last: LAST,
        count: 3,
    };
    let events: Vec<_> = terminals.iter().map(event).collect();
    desk.world.ledger.put_security(&[stranger], &events).unwrap();
}

#[tokio::test]
async fn strangers_and_events_are_listed_for_supervisors_and_administrators() {
    let desk = Desk::start().await;
    let vehicle = common::vehicle(0);
    put(&desk, &[vehicle.terminal]);
    for role in [Role::Supervisor, Role::Admin] {
        let client = desk.token(role);
        let said = client.get("/api/v1/strangers").await.json();
        assert_eq!(
            said,
            json!({ "next": null, "items": [{
                "number": "13900000000", "plate": "藏A00000<b>", "device": "D1", "maker": "M",
                "address": "192.0.2.7", "first_at": "2026-01-01T08:00:00.000+08:00",
                "last_at": "2026-01-01T08:01:00.000+08:00", "tries": 12,
            }] })
        );
        let said = client.get("/api/v1/security-events").await.json();
        assert_eq!(
            said,
            json!({ "next": null, "items": [{
                "kind": "cloned-terminal", "terminal": vehicle.terminal, "plate": vehicle.plate,
                "addresses": ["192.0.2.1", "192.0.2.2"], "first_at": "2026-01-01T08:00:00.000+08:00",
                "last_at": "2026-01-01T08:01:00.000+08:00", "count": 3,
            }] })
        );
    }
    assert_eq!(desk.token(Role::Duty).get("/api/v1/strangers").await.status, 403);
}

#[tokio::test]
async fn who_sees_a_part_of_the_fleet_sees_its_events_and_no_strangers() {
    let desk = Desk::start().await;
    let own = (0..30).map(common::vehicle).find(|it| it.operator == "OP001").unwrap();
    let other = (0..30).map(common::vehicle).find(|it| it.operator != "OP001").unwrap();
    put(&desk, &[own.terminal, other.terminal, TerminalId::parse("999").unwrap()]);
    let identity =
        Identity { operators: vec!["OP001".to_owned()], ..Identity::new("part", Role::Supervisor) };
    let client = desk.client(Credential::Token(common::token_of(&desk.world.ledger, &identity)));
    assert_eq!(client.get("/api/v1/strangers").await.json()["items"], json!([]));
    let events = client.get("/api/v1/security-events").await.json();
    let terminals: Vec<_> = events["items"].as_array().unwrap().iter().map(|it| &it["terminal"]).collect();
    assert_eq!(terminals, [&json!(own.terminal)]);
}

#[tokio::test]
async fn an_administrator_releases_a_terminal_and_the_audit_log_says_so() {
    let desk = Desk::start().await;
    let terminal = common::vehicle(0).terminal;
    let bound = Binding { device: Some("D1".into()), ..Binding::default() };
    desk.world.ledger.put_bindings(&[(terminal, bound)]).unwrap();
    let path = format!("/api/v1/vehicles/{terminal}/release");
    assert_eq!(desk.token(Role::Supervisor).send("POST", &path, None).await.status, 403);
    assert_eq!(desk.token(Role::Admin).send("POST", &path, None).await.status, 204);
    let binding = desk.world.ledger.binding(terminal).unwrap().unwrap();
    assert_eq!((binding.generation, binding.device), (1, None));
    let audit = desk.world.ledger.audit_log(1).unwrap();
    assert_eq!((audit[0].action.as_str(), &audit[0].subject), ("release-terminal", &terminal.to_string()));
    let none = desk.token(Role::Admin).send("POST", "/api/v1/vehicles/424242/release", None).await;
    assert_eq!(none.status, 404);
}
