//! The rules over HTTP: every setting with its figure, its bounds and its law.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;

use client::{Client, Credential};
use common::World;
use console::Console;
use ledger::Role;
use serde_json::{Value, json};

async fn start(world: &World) -> Console {
    Console::start("127.0.0.1:0".parse().unwrap(), world.parts(false)).await.unwrap()
}

fn client(world: &World, console: &Console, role: Role) -> Client {
    let token = common::token(&world.ledger, role, None);
    Client { address: console.local_addr(), credential: Credential::Token(token) }
}

fn rule<'a>(list: &'a Value, id: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

fn setting<'a>(rule: &'a Value, key: &str) -> &'a Value {
    rule["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_is_listed_with_its_settings_bounds_and_law() {
    let world = World::new(3);
    let mut book = rules::Book::default();
    book.speeding.coach_kmh = 90.0;
    let mut hazmat = book.clone();
    hazmat.sos.enabled = false;
    let class = rules::Selector { class: Some(fleet::VehicleClass::HazmatTruck), ..Default::default() };
    world.set_book(rules::Rulebook::new(book, vec![(class, hazmat)], "4f1c0a92d7be".to_owned()));
    let console = start(&world).await;
    let list = client(&world, &console, Role::Admin).get("/api/v1/rules").await.json();

    assert_eq!(list["version"], "4f1c0a92d7be");
    let ids: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!((ids[..2].to_vec(), ids[2..].to_vec()), (vec!["common", "quality"], fleet::RULES.to_vec()));

    let speeding = rule(&list, "speeding");
    assert_eq!((&speeding["title_zh"], &speeding["enabled"]), (&json!("超速"), &json!(true)));
    assert_eq!(speeding["departments"], json!(["police", "transport", "education"]));
    let limit = json!({ "document": "《中华人民共和国道路交通安全法》", "article": "第四十二条" });
    assert!(speeding["basis"].as_array().unwrap().contains(&limit), "{}", speeding["basis"]);
    assert_eq!((&speeding["changed"], &rule(&list, "fatigue")["changed"]), (&json!(true), &json!(false)));
    assert_eq!(
        *setting(speeding, "coach_kmh"),
        json!({ "key": "coach_kmh", "kind": "speed", "value": 90.0, "default": 100.0, "changed": true, "unit": "km/h",
            "min": 0.0, "max": 1000.0, "choices": [], "title_zh": "客车限速", "title_en": "Cap of coaches",
            "law": "《中华人民共和国道路交通安全法》第四十二条；《中华人民共和国道路交通安全法实施条例》第七十八条" })
    );
    let hold = setting(speeding, "hold");
    assert_eq!((&hold["value"], &hold["min"], &hold["max"]), (&json!("30s"), &json!("0ms"), &json!("366d")));
    assert_eq!(setting(rule(&list, "common"), "hazmat_loaded")["choices"], json!(["always", "waybill"]));
    assert_eq!(rule(&list, "common")["enabled"], Value::Null);

    let of_class = json!([{ "class": "hazmat-truck", "operator": null, "division": null, "terminal": null,
        "values": { "enabled": false } }]);
    assert_eq!((&rule(&list, "sos")["overrides"], &speeding["overrides"]), (&of_class, &json!([])));
    console.stop().await;
}
