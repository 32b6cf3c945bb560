//! The rules over HTTP: every setting with its figure, its bounds and its law.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;

use std::sync::{Arc, Mutex};

use client::{Client, Credential};
use common::World;
use console::{Console, NotReloaded, Parts, Trial, TrialAsk};
use ledger::{Identity, Role, RuleChangeState, RuleDecision};
use serde_json::{Value, json};

/// A console whose changes of the rules come into force in the ledger.
async fn start(world: &World) -> Console {
    let ledger = world.ledger.clone();
    let change_rules: console::ChangeRules = Arc::new(move |id, (by, via), note| {
        let (state, at) = (RuleChangeState::InForce, fleet::ReceiveTime::from_ms(1));
        let (by, note, detail) = (by.to_owned(), note.to_owned(), String::new());
        Ok(ledger.decide_rule_change(id, &RuleDecision { state, at, by, via, note, detail }).unwrap())
    });
    let parts = Parts { change_rules, ..world.parts(false) };
    Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap()
}

fn named(world: &World, console: &Console, name: &str) -> Client {
    let token = common::token_of(&world.ledger, &Identity::new(name, Role::Admin));
    Client { address: console.local_addr(), credential: Credential::Token(token) }
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
        json!({ "key": "coach_kmh", "kind": "speed", "value": 90.0, "default": 100.0, "changed": true, "set_by": null, "unit": "km/h",
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

const CHANGES: &str = "/api/v1/rules/changes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_one_person_is_in_force_at_once_and_listed() {
    let world = World::new(3);
    world.set_config("[rules.speeding]\nhold = \"20s\"\n");
    let console = start(&world).await;
    let admin = named(&world, &console, "wang");
    let shown = admin.get("/api/v1/rules").await.json();
    assert_eq!(
        (&shown["two_person"], &setting(rule(&shown, "speeding"), "hold")["set_by"]),
        (&json!(false), &json!("file"))
    );

    let asked = json!({ "changes": { "speeding": { "hold": "10s", "wet": true } }, "note": "new road" });
    let made = admin.send("POST", CHANGES, Some(&asked)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let made = made.json();
    assert_eq!(
        (&made["state"], &made["by"], &made["decided_by"]),
        (&json!("in-force"), &json!("wang"), &json!("wang"))
    );
    assert_eq!(made["before"], json!({ "speeding": { "hold": "20s", "wet": false } }));
    let list = admin.get(CHANGES).await.json();
    assert_eq!((&list["items"][0], &list["next"]), (&made, &Value::Null));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_change_names_key_value_and_what_was_expected() {
    let world = World::new(3);
    world.set_config("");
    let console = start(&world).await;
    let admin = named(&world, &console, "wang");
    for (body, status, pointer, detail) in [
        (
            json!({ "changes": { "speeding": { "hold": "soon" } }, "note": "x" }),
            422,
            "body/changes/speeding/hold",
            "speeding.hold is \"soon\", expected a duration such as \"10s\", at most 366d",
        ),
        (
            json!({ "changes": { "speeding": { "holds": "1s" } }, "note": "x" }),
            422,
            "body/changes/speeding/holds",
            "unknown key speeding.holds, expected perhaps hold",
        ),
        (
            json!({ "changes": { "speeding": { "hold": "30s" } }, "note": "x" }),
            422,
            "body/changes",
            "the rules in force say so already, expected a change",
        ),
        (
            json!({ "changes": { "speeding": { "hold": "10s" } }, "note": " " }),
            422,
            "body/note",
            "note has 0 characters, expected 1 to 2000",
        ),
    ] {
        let refused = admin.send("POST", CHANGES, Some(&body)).await;
        let said = refused.json();
        let told = (
            refused.status,
            said["errors"][0]["pointer"].as_str().unwrap(),
            said["detail"].as_str().unwrap(),
        );
        assert_eq!(told, (status, pointer, detail));
    }
    assert_eq!(admin.get(CHANGES).await.json()["items"], json!([]));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_two_persons_somebody_else_decides_and_only_once() {
    let world = World::new(3);
    world.set_config("[rules]\ntwo_person = true\n");
    let console = start(&world).await;
    let (wang, li) = (named(&world, &console, "wang"), named(&world, &console, "li"));
    let asked = json!({ "changes": { "speeding": { "hold": "10s" } }, "note": "new road" });
    let change = wang.send("POST", CHANGES, Some(&asked)).await.json();
    assert_eq!((&change["state"], &change["decided_by"]), (&json!("pending"), &Value::Null));
    let decide = format!("{CHANGES}/{}/decide", change["id"]);
    let yes = json!({ "approve": true, "note": "seen" });
    let own = wang.send("POST", &decide, Some(&yes)).await;
    assert_eq!((own.status, &own.json()["type"]), (409, &json!("urn:roadwarden:problem:same-person")));
    let made = li.send("POST", &decide, Some(&yes)).await.json();
    assert_eq!(
        (&made["state"], &made["decided_by"], &made["decision_note"]),
        (&json!("in-force"), &json!("li"), &json!("seen"))
    );
    let again = li.send("POST", &decide, Some(&json!({ "approve": false, "note": "" }))).await;
    assert_eq!((again.status, &again.json()["type"]), (409, &json!("urn:roadwarden:problem:decided")));

    // Whoever asked may take it back.
    let change = wang.send("POST", CHANGES, Some(&asked)).await.json();
    let decide = format!("{CHANGES}/{}/decide", change["id"]);
    let taken = wang.send("POST", &decide, Some(&json!({ "approve": false, "note": "no" }))).await.json();
    assert_eq!(taken["state"], "rejected");
    assert_eq!(li.send("POST", &format!("{CHANGES}/99/decide"), Some(&yes)).await.status, 404);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_can_not_come_into_force_waits_for_nobody() {
    let world = World::new(3);
    world.set_config("");
    let wrong = "zones.geojson:3: zone \"w1\" stands twice, expected one".to_owned();
    let mistakes = vec![wrong.clone()];
    let change_rules: console::ChangeRules =
        Arc::new(move |_, _, _| Err(NotReloaded::Mistakes(mistakes.clone())));
    let parts = Parts { change_rules, ..world.parts(false) };
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
    let admin = named(&world, &console, "wang");
    let asked = json!({ "changes": { "speeding": { "hold": "10s" } }, "note": "new road" });
    let refused = admin.send("POST", CHANGES, Some(&asked)).await;
    assert_eq!((refused.status, &refused.json()["mistakes"]), (422, &json!([wrong])));
    assert_eq!(admin.get(CHANGES).await.json()["items"][0]["state"], "rejected");
    console.stop().await;
}

/// Remembers what is to be tried and says that it runs.
#[derive(Default)]
struct Desk(Mutex<Option<TrialAsk>>);

impl console::Trials for Desk {
    fn start(&self, ask: TrialAsk) -> Result<Trial, console::TrialRefused> {
        let mut asked = self.0.lock().unwrap();
        if asked.is_some() {
            return Err(console::TrialRefused::Busy(1));
        }
        *asked = Some(ask.clone());
        let (rules_version, state) = ("4f1c0a92d7be".to_owned(), console::TrialState::Running);
        let (counts, samples) = (Vec::new(), Vec::new());
        Ok(Trial {
            id: 1,
            ask,
            rules_version,
            state,
            reason: None,
            progress: 0.0,
            frames: 0,
            counts,
            samples,
        })
    }

    fn get(&self, _: u64) -> Option<Trial> {
        None
    }

    fn cancel(&self, id: u64) -> bool {
        id == 1
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_of_yesterday_unless_told_and_one_at_a_time() {
    let world = World::new(3);
    world.set_config("");
    let desk = Arc::new(Desk::default());
    let trials: Arc<dyn console::Trials> = Arc::<Desk>::clone(&desk);
    let parts = Parts { trials, ..world.parts(false) };
    let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
    let admin = named(&world, &console, "wang");
    let changes = json!({ "speeding": { "hold": "10s" } });
    let path = "/api/v1/rules/trial";
    for (ask, pointer) in [
        (json!({ "changes": { "speeding": { "hold": 1 } } }), "body/changes/speeding/hold"),
        (json!({ "changes": changes, "from": "yesterday" }), "body/from"),
        (
            json!({ "changes": changes, "from": "2026-01-02T00:00:00+08:00", "to": "2026-01-01T00:00:00+08:00" }),
            "body/from",
        ),
        (
            json!({ "changes": changes, "from": "2026-01-01T00:00:00+08:00", "to": "2026-01-08T00:00:01+08:00" }),
            "body/from",
        ),
    ] {
        let refused = admin.send("POST", path, Some(&ask)).await;
        assert_eq!(
            (refused.status, &refused.json()["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{ask}"
        );
    }
    let begun = admin.send("POST", path, Some(&json!({ "changes": changes }))).await;
    assert_eq!(begun.status, 202, "{}", begun.body);
    let begun = begun.json();
    assert_eq!((&begun["id"], &begun["state"], &begun["changes"]), (&json!(1), &json!("running"), &changes));
    let ask = desk.0.lock().unwrap().clone().unwrap();
    let today = fleet::EventTime::of_day(world.now().day()).ms();
    assert_eq!((ask.from.ms(), ask.to.ms(), &*ask.by), (today - 86_400_000, today, "wang"));
    assert!(begun["from"].as_str().unwrap().ends_with("T00:00:00.000+08:00"), "{begun}");
    let second = admin.send("POST", path, Some(&json!({ "changes": changes }))).await;
    assert_eq!((second.status, &second.json()["id"]), (409, &json!(1)));
    assert_eq!(admin.send("DELETE", "/api/v1/rules/trials/1", None).await.status, 204);
    assert_eq!(admin.send("DELETE", "/api/v1/rules/trials/2", None).await.status, 404);
    console.stop().await;
}
