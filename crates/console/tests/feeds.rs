//! What is told of the feeds that leave the service.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use console::Console;
use desk::Desk;
use ledger::Role;
use prometheus::{Gauge, IntGaugeVec, Opts};
use serde_json::json;

#[tokio::test]
async fn consumers_the_outbox_and_what_is_owed_are_told() {
    let world = common::World::new(3);
    let parts = world.parts(false);
    let metrics = parts.metrics.clone();
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
    let desk = Desk { world, console };
    let admin = desk.token(Role::Admin);
    let feeds = admin.get("/api/v1/feeds").await.json();
    assert_eq!(
        feeds["accounts"],
        json!([
            {"name": "police-5401", "department": "police", "connections": 2, "seen_at": "2026-01-02T11:04:05.000+08:00"},
            {"name": "transport-54", "department": "transport", "connections": 0, "seen_at": null},
        ])
    );
    assert_eq!(feeds["broker"]["mode"], "embedded");
    assert_eq!((&feeds["receipts"], &feeds["held"]), (&json!([]), &json!([])));
    assert_eq!(feeds["influxdb"], json!(null));
    let oldest = Gauge::new("roadwarden_outbox_oldest_seconds", "Oldest.").unwrap();
    let of = |name: &str| IntGaugeVec::new(Opts::new(name, "Owed."), &["department"]).unwrap();
    let held = of("roadwarden_mqtt_held");
    metrics.register(Box::new(held.clone())).unwrap();
    held.with_label_values(&["transport"]).set(12_840);
    let (waiting, spool) =
        (of("roadwarden_receipts_waiting"), Gauge::new("roadwarden_influxdb_spool_bytes", "Spool.").unwrap());
    metrics.register(Box::new(oldest.clone())).unwrap();
    metrics.register(Box::new(waiting.clone())).unwrap();
    metrics.register(Box::new(spool.clone())).unwrap();
    oldest.set(12.5);
    spool.set(4096.0);
    waiting.with_label_values(&["police"]).set(7);
    let feeds = admin.get("/api/v1/feeds").await.json();
    assert_eq!(feeds["outbox"]["oldest_s"], json!(12.5));
    assert_eq!(feeds["receipts"], json!([{"department": "police", "waiting": 7, "oldest_s": null}]));
    assert_eq!(feeds["held"], json!([{"department": "transport", "waiting": 12_840}]));
    assert_eq!(feeds["influxdb"]["spool_bytes"], json!(4096));
    assert_eq!(desk.token(Role::Duty).get("/api/v1/feeds").await.status, 403);
}
