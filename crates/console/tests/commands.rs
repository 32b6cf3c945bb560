//! Commands over HTTP: what is taken, what is refused and how, and what people see of a command's life.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use client::{Client, Reply};
use common::World;
use desk::Desk;
use fleet::ReceiveTime;
use ledger::{Role, Settled, Settlement};
use serde_json::{Value, json};

/// Of the operator OP001.
const OWN: &str = "/api/v1/vehicles/13800000000/commands";
/// Of the operator OP002.
const OTHER: &str = "/api/v1/vehicles/13800000001/commands";

impl Desk {
    fn now(&self) -> ReceiveTime {
        ReceiveTime::from_ms(self.world.now().ms())
    }

    /// Does what the gateway does when the terminal has come.
    fn take(&self, number: usize) {
        self.world.ledger.take_commands(&[(common::terminal(number), 9)], self.now()).unwrap();
    }
}

fn text(text: &str) -> Value {
    json!({ "command": { "kind": "text", "text": text } })
}

async fn queue(client: &Client, path: &str, body: &Value) -> Value {
    let reply = client.send("POST", path, Some(body)).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    reply.json()
}

fn refusal(reply: &Reply) -> (u16, String, String) {
    let problem = reply.json();
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    (reply.status, pointer, problem["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_queued_command_is_described_and_followed_to_its_end() {
    let desk = Desk::over(World::new(5)).await;
    let duty = desk.token(Role::Duty);
    let reply = duty.send("POST", OWN, Some(&text("前方限速"))).await;
    let queued = reply.json();
    let id = queued["id"].as_str().unwrap();
    assert_eq!((reply.status, reply.head("location")), (202, format!("/api/v1/commands/{id}").as_str()));
    assert_eq!((&queued["state"], &queued["attempts"]), (&json!("queued"), &json!(0)));
    assert_eq!((&queued["by"], &queued["via"]), (&json!("duty"), &json!("api")));
    let spoken = json!({
        "kind": "text", "text": "前方限速", "purpose": "notice", "display": false, "speak": true, "advertise": false,
    });
    assert_eq!(queued["command"], spoken);
    let document = console::openapi_document();
    let described: Vec<&String> =
        document["components"]["schemas"]["Command"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(queued.as_object().unwrap().keys().collect::<Vec<_>>(), described);
    // A day, unless something else is asked for.
    let time = |value: &Value| value.as_str().unwrap().parse::<fleet::EventTime>().unwrap().ms();
    assert_eq!(time(&queued["expires_at"]) - time(&queued["created_at"]), 86_400_000);
    let short = json!({ "command": { "kind": "query-location" }, "expires_in_s": 60 });
    let short = queue(&duty, OWN, &short).await;
    assert_eq!(time(&short["expires_at"]) - time(&short["created_at"]), 60_000);

    desk.take(0);
    let id = id.parse().unwrap();
    let answer = Some(json!({ "id": "0201" }));
    let done = Settled { id, serial: Some(3), to: Settlement::Acknowledged(answer.clone()) };
    desk.world.ledger.settle_commands(&[done], desk.now()).unwrap();
    let shown = duty.get(&format!("/api/v1/commands/{id}")).await.json();
    assert_eq!((&shown["state"], &shown["result"]), (&json!("acknowledged"), &json!(0)));
    assert_eq!((&shown["serial"], &shown["answer"]), (&json!(3), &json!(answer)));
    assert_eq!(duty.get(&format!("{OWN}?state=acknowledged")).await.json()["items"], json!([shown]));
    assert_eq!(duty.get(&format!("{OWN}?state=queued")).await.json()["items"], json!([]));
    assert_eq!(duty.get(OTHER).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_command_is_refused_with_what_was_expected() {
    let desk = Desk::over(World::new(5)).await;
    let admin = desk.token(Role::Admin);
    let ask = async |body: Value| refusal(&admin.send("POST", OWN, Some(&body)).await);
    let wrong = |pointer: &str, detail: &str| (422, pointer.to_owned(), detail.to_owned());
    let (_, pointer, detail) = ask(json!({ "command": { "kind": "dance" } })).await;
    assert_eq!(pointer, "body/command");
    assert!(detail.starts_with("command: unknown variant `dance`, expected one of `"), "{detail}");
    assert_eq!(
        ask(json!({ "command": { "kind": "text" } })).await,
        wrong("body/command", "command: missing field `text`")
    );
    assert_eq!(ask(text(" ")).await, wrong("body/command/text", "text doesn't fit, expected some text"));
    let empty = json!({ "command": { "kind": "set-parameters", "parameters": [] } });
    let expected = "parameters doesn't fit, expected 1 to 255 parameters";
    assert_eq!(ask(empty).await, wrong("body/command/parameters", expected));
    for seconds in [0, 604_801] {
        let body = json!({ "command": { "kind": "query-location" }, "expires_in_s": seconds });
        let expected = format!("expires_in_s is {seconds}, expected 1 to 604800");
        assert_eq!(ask(body).await, wrong("body/expires_in_s", &expected));
    }
    let none = admin.send("POST", "/api/v1/vehicles/19999999999/commands", Some(&text("a"))).await;
    assert_eq!(refusal(&none), (404, String::new(), "there is no such vehicle".to_owned()));
    for id in ["00000000-0000-4000-8000-000000000000", "7"] {
        let none = admin.get(&format!("/api/v1/commands/{id}")).await;
        assert_eq!(refusal(&none), (404, String::new(), "there is no such command".to_owned()));
    }
    let body = json!({ "command": { "kind": "query-properties" } });
    let police = desk.token(Role::Police).send("POST", OWN, Some(&body)).await;
    let expected = "the role police may not send query-properties";
    assert_eq!(refusal(&police), (403, "body/command/kind".to_owned(), expected.to_owned()));
    assert_eq!(desk.world.ledger.terminals_with_commands().unwrap(), []);
}

#[tokio::test]
async fn zones_and_routes_of_the_map_become_commands() {
    let desk = Desk::over(World::new(5)).await;
    let admin = desk.token(Role::Admin);
    let command = |command: Value| json!({ "command": command });
    let set = command(json!({ "kind": "set-areas", "zones": ["source", "galashan"] }));
    let items = queue(&admin, OWN, &set).await["items"].clone();
    let short: Vec<_> = (0..2).map(|at| (&items[at]["command"]["kind"], &items[at]["beyond_m"])).collect();
    assert_eq!(short, [(&json!("set-polygon"), &json!(0.1)), (&json!("set-route"), &json!(0.1))]);
    assert_eq!(items[0]["command"]["terms"]["name"], "拉萨北郊水源地");
    assert_eq!(items[1]["command"]["points"][0], json!({ "at": [90.94, 29.34], "width_m": 60 }));
    let listed = admin.get(OWN).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let route = command(json!({ "kind": "set-routes", "routes": ["lhasa-shigatse"] }));
    assert_eq!(queue(&admin, OWN, &route).await["items"][0]["is_narrow"], json!(false));
    let delete = command(json!({ "kind": "delete-areas", "zones": ["galashan"] }));
    let gone = queue(&admin, OWN, &delete).await["items"].clone();
    let id = &items[1]["command"]["id"];
    assert_eq!(gone[1]["command"], json!({ "kind": "delete-shapes", "shape": "route", "ids": [id] }));

    let ask = async |client: &Client, body: Value| refusal(&client.send("POST", OWN, Some(&body)).await);
    let unknown = command(json!({ "kind": "set-areas", "zones": ["nowhere"] }));
    let expected = "\"nowhere\" is not on the map, expected the id of a zone";
    assert_eq!(ask(&admin, unknown).await, (422, "body/command/zones".to_owned(), expected.to_owned()));
    let police = ask(&desk.token(Role::Police), set).await;
    let expected = "the role police may not send set-polygon";
    assert_eq!(police, (403, "body/command/kind".to_owned(), expected.to_owned()));
}

#[tokio::test]
async fn the_same_key_queues_once_for_one_caller() {
    let desk = Desk::over(World::new(5)).await;
    let (duty, police) = (desk.token(Role::Duty), desk.token(Role::Police));
    let first = duty.send_keyed(OWN, &text("a"), "k1").await;
    let again = duty.send_keyed(OWN, &text("a"), "k1").await;
    assert_eq!((first.status, again.status, first.json()), (202, 202, again.json()));
    let reused = duty.send_keyed(OWN, &text("b"), "k1").await;
    let expected =
        (422, "header/Idempotency-Key".to_owned(), "the key was used for another command".to_owned());
    assert_eq!(refusal(&reused), expected);
    let another = police.send_keyed(OWN, &text("b"), "k1").await;
    assert_ne!(another.json()["id"], first.json()["id"]);
    let long = duty.send_keyed(OWN, &text("a"), &"k".repeat(129)).await;
    assert_eq!(refusal(&long).0, 400);
    assert_eq!(duty.get(OWN).await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_command_is_taken_back_by_its_sender_or_the_desk_while_it_is_queued() {
    let desk = Desk::over(World::new(5)).await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let place = |command: &Value| format!("/api/v1/commands/{}", command["id"].as_str().unwrap());
    let (own, desks) = (queue(&operator, OWN, &text("a")).await, queue(&duty, OWN, &text("b")).await);
    let refused = operator.send("DELETE", &place(&desks), None).await;
    let expected = "only who sent a command, or the duty desk, takes it back";
    assert_eq!(refusal(&refused), (403, String::new(), expected.to_owned()));
    let cancelled = operator.send("DELETE", &place(&own), None).await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    desk.take(0);
    let late = duty.send("DELETE", &place(&desks), None).await;
    let expected = "the command is sent, only a queued one can be cancelled";
    assert_eq!(refusal(&late), (409, String::new(), expected.to_owned()));
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let desk = Desk::over(World::new(5)).await;
    let duty = desk.token(Role::Duty);
    for n in 0..64 {
        queue(&duty, OWN, &text(&n.to_string())).await;
    }
    let full = duty.send("POST", OWN, Some(&text("more"))).await;
    let expected = "64 commands wait for this terminal already, at most 64 may";
    assert_eq!(refusal(&full), (429, String::new(), expected.to_owned()));
    let page = duty.get(&format!("{OWN}?limit=40")).await.json();
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &page["items"][0]["command"]["text"]),
        (40, &json!("63"))
    );
    let rest = duty.get(&format!("{OWN}?limit=40&cursor={}", page["next"].as_str().unwrap())).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (24, &Value::Null));
    let wrong = duty.get(&format!("{OWN}?cursor=x")).await;
    assert_eq!(refusal(&wrong).1, "query/cursor");
    assert_eq!(refusal(&duty.get(&format!("{OWN}?state=lost")).await).1, "query/state");
}

#[tokio::test]
async fn the_live_feed_tells_of_commands_to_those_who_see_the_vehicle() {
    let desk = Desk::over(World::new(5)).await;
    let (duty, operator) = (desk.token(Role::Duty), desk.token(Role::Operator));
    let mut all = duty.stream("/api/v1/live", None).await;
    let mut own = operator.stream("/api/v1/live", None).await;
    // The summary comes first: the subscription stands.
    all.next("summary").await;
    own.next("summary").await;
    let (other, mine) = (queue(&duty, OTHER, &text("a")).await, queue(&duty, OWN, &text("b")).await);
    assert_eq!(all.next("command").await, other);
    assert_eq!(all.next("command").await, mine);
    assert_eq!(own.next("command").await, mine);
    desk.take(0);
    let sent = own.next("command").await;
    assert_eq!((&sent["id"], &sent["state"]), (&mine["id"], &json!("sent")));
}
