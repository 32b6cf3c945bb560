//! Every route of the description × every role × what is its own and what is not: nobody gets further than the right
//! and the scope of the role, and no answer names what is somebody else's.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;

use client::{Client, Credential};
use common::World;
use console::Console;
use fleet::Department;
use ledger::{Identity, Role};
use serde_json::{Value, json};

const OWN: &str = "OP001";

/// Somebody, whether the foreign objects are hidden from them, and whether their own are.
struct Who {
    client: Client,
    label: String,
    rights: Vec<String>,
    actions: Vec<String>,
    role: Role,
    sees_foreign: bool,
    sees_own: bool,
}

/// An object of a kind of path: its id for a vehicle of one's own, and of another's.
struct Objects {
    prefix: &'static str,
    own: String,
    foreign: String,
}

struct Stage {
    world: World,
    console: Console,
}

impl Stage {
    async fn start() -> Self {
        let world = World::new(30);
        let console = Console::start("127.0.0.1:0".parse().unwrap(), world.parts(false)).await.unwrap();
        Self { world, console }
    }

    fn client(&self, identity: &Identity) -> Client {
        let credential = Credential::Token(common::token_of(&self.world.ledger, identity));
        Client { address: self.console.local_addr(), credential }
    }

    async fn who(&self, label: &str, identity: Identity, sees: [bool; 2]) -> Who {
        let client = self.client(&identity);
        let me = client.get("/api/v1/me").await.json();
        let texts = |key: &str| -> Vec<String> { serde_json::from_value(me[key].clone()).unwrap() };
        let (rights, actions) = (texts("rights"), texts("actions"));
        let [sees_own, sees_foreign] = sees;
        Who { client, label: label.to_owned(), rights, actions, role: identity.role, sees_foreign, sees_own }
    }

    /// One of each role, and some with a scope.
    async fn everybody(&self) -> Vec<Who> {
        let plain = |role: Role| Identity::new(role.as_str(), role);
        let of = |role, operators: &[&str], divisions: &[&str]| Identity {
            operators: operators.iter().map(|text| (*text).to_owned()).collect(),
            divisions: divisions.iter().map(|text| (*text).to_owned()).collect(),
            ..plain(role)
        };
        let for_department =
            |department| Identity { department: Some(department), ..plain(Role::Department) };
        let all = [
            ("duty", plain(Role::Duty), [true, true]),
            ("supervisor", plain(Role::Supervisor), [true, true]),
            ("police", plain(Role::Police), [true, true]),
            ("transport", for_department(Department::Transport), [true, true]),
            ("analyst", plain(Role::Analyst), [true, true]),
            ("admin", plain(Role::Admin), [true, true]),
            ("auditor", plain(Role::Auditor), [false, false]),
            ("operator", of(Role::Operator, &[OWN], &[]), [true, false]),
            ("nobody's operator", plain(Role::Operator), [false, false]),
            ("duty of an operator", of(Role::Duty, &[OWN], &[]), [true, false]),
            ("duty here", of(Role::Duty, &[], &["5401"]), [true, true]),
            ("duty elsewhere", of(Role::Duty, &[], &["5402"]), [false, false]),
        ];
        let mut everybody = Vec::new();
        for (label, identity, sees) in all {
            everybody.push(self.who(label, identity, sees).await);
        }
        everybody
    }

    /// An alert, a vehicle, a command and a danger of the own and of another operator.
    async fn objects(&self) -> Vec<Objects> {
        let admin = self.client(&Identity::new("maker", Role::Admin));
        let list = admin.get("/api/v1/alerts?limit=1000").await.json();
        let alert = |is_own: bool| {
            let items = list["items"].as_array().unwrap();
            items.iter().find(|alert| (alert["vehicle"]["operator"] == OWN) == is_own).unwrap().clone()
        };
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let terminal = |alert: &Value| alert["vehicle"]["terminal"].as_str().unwrap().to_owned();
        let command = async |alert: &Value| {
            let path = format!("/api/v1/vehicles/{}/commands", terminal(alert));
            let reply = admin.send("POST", &path, Some(&text_command())).await;
            assert_eq!(reply.status, 202, "{}", reply.body);
            id(&reply.json())
        };
        let danger = async |alert: &Value| {
            let body = json!({ "title": "x", "operator": alert["vehicle"]["operator"] });
            id(&admin.send("POST", "/api/v1/dangers", Some(&body)).await.json())
        };
        let (own, foreign) = (alert(true), alert(false));
        vec![
            Objects { prefix: "/api/v1/alerts/{id}", own: id(&own), foreign: id(&foreign) },
            Objects {
                prefix: "/api/v1/vehicles/{terminal}",
                own: terminal(&own),
                foreign: terminal(&foreign),
            },
            Objects {
                prefix: "/api/v1/commands/{id}",
                own: command(&own).await,
                foreign: command(&foreign).await,
            },
            Objects {
                prefix: "/api/v1/dangers/{id}",
                own: danger(&own).await,
                foreign: danger(&foreign).await,
            },
        ]
    }
}

fn text_command() -> Value {
    json!({ "command": { "kind": "text", "text": "慢行" } })
}

/// A body that a route with an object takes, so that only who asks decides.
fn body_of(operation: &str) -> Option<Value> {
    match operation {
        "actOnAlert" | "actOnDanger" => Some(json!({ "action": "comment", "note": "x" })),
        "queueCommand" => Some(text_command()),
        _ => None,
    }
}

/// What a role that holds the right is answered for its own, besides success: what the table of actions and commands says.
fn is_refused_by_kind(operation: &str, who: &Who) -> bool {
    match operation {
        "actOnAlert" => !who.actions.iter().any(|action| action == "comment"),
        // Who neither sent it nor is the desk.
        "cancelCommand" => !who.rights.iter().any(|right| right == "commands.cancel"),
        _ => false,
    }
}

/// Method, path, right, operation of every route that needs one.
fn routes(document: &Value) -> Vec<(String, String, String, String)> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(right) = operation["x-right"].as_str() else { continue };
            let id = operation["operationId"].as_str().unwrap();
            routes.push((method.to_uppercase(), path.clone(), right.to_owned(), id.to_owned()));
        }
    }
    routes
}

#[tokio::test]
async fn nobody_gets_past_right_and_scope() {
    let stage = Stage::start().await;
    let (everybody, objects) = (stage.everybody().await, stage.objects().await);
    let document = everybody[0].client.get("/api/openapi.json").await.json();
    let routes = routes(&document);
    assert!(routes.len() > 40, "{}", routes.len());
    let mut wrong = Vec::new();
    for (method, path, right, operation) in &routes {
        let object = objects.iter().find(|object| path.starts_with(object.prefix));
        for who in &everybody {
            let ids = object.map_or_else(
                || vec![("x".to_owned(), true, false)],
                |object| {
                    vec![
                        (object.foreign.clone(), who.sees_foreign, true),
                        (object.own.clone(), who.sees_own, true),
                    ]
                },
            );
            for (id, is_seen, is_object) in ids {
                // A file nobody sent, and what would end the session or the command for those who come after.
                if operation == "getAlertAttachment" || operation == "signOut" {
                    continue;
                }
                let (start, end) = path.split_once('{').unwrap_or((path, ""));
                let target = match end.split_once('}') {
                    Some((_, rest)) => format!("{start}{id}{}", rest.replace("{file}", "x")),
                    None => start.to_owned(),
                };
                let status = who.client.send(method, &target, body_of(operation).as_ref()).await.status;
                let has_right = who.rights.contains(right);
                let fits = match (has_right, is_object) {
                    (false, _) => status == 403,
                    (true, true) if !is_seen => status == 404,
                    (true, true) if is_refused_by_kind(operation, who) => status == 403,
                    // Taken back already: it was there for this caller.
                    (true, true) if operation == "cancelCommand" => matches!(status, 200 | 409),
                    (true, true) => (200..300).contains(&status),
                    (true, false) => !matches!(status, 401 | 405 | 500),
                };
                if !fits {
                    wrong.push(format!("{method} {target} as {}: {status}", who.label));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_answer_names_what_is_somebody_elses() {
    let stage = Stage::start().await;
    let everybody = stage.everybody().await;
    stage.objects().await;
    let document = everybody[0].client.get("/api/openapi.json").await.json();
    let foreign: Vec<_> = (0..30).map(common::vehicle).filter(|vehicle| vehicle.operator != OWN).collect();
    let narrow = |who: &&Who| !who.sees_foreign && who.role != Role::Auditor;
    for who in everybody.iter().filter(narrow) {
        for (method, path, right, _) in routes(&document) {
            if method != "GET" || path.contains('{') || path.contains("/live") || !who.rights.contains(&right)
            {
                continue;
            }
            let reply = who.client.get(&path).await;
            for vehicle in &foreign {
                let names = [vehicle.plate.as_str(), vehicle.terminal.as_str(), vehicle.operator.as_str()];
                let told = names.iter().find(|name| reply.body.contains(**name));
                assert_eq!(told, None, "GET {path} as {}", who.label);
            }
        }
        let mut feed = who.client.stream("/api/v1/live", None).await;
        let summary = feed.next("summary").await;
        let own = if who.sees_own { 6 } else { 0 };
        assert_eq!(summary["vehicles_total"], own, "{}", who.label);
        let open: u64 =
            summary["open"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(open > 0, who.sees_own, "{}", who.label);
    }
}

/// What a feed of events says while things of others and one's own happen; and what a refusal says of a thing of others.
#[tokio::test]
async fn no_feed_tells_of_what_is_somebody_elses() {
    let stage = Stage::start().await;
    let (everybody, objects) = (stage.everybody().await, stage.objects().await);
    let maker = stage.client(&Identity::new("maker", Role::Admin));
    let act = async |object: &Objects, is_own: bool| {
        let id = if is_own { &object.own } else { &object.foreign };
        let (path, body) = match object.prefix {
            "/api/v1/alerts/{id}" => ("actions", json!({ "action": "comment", "note": mark(is_own) })),
            "/api/v1/vehicles/{terminal}" => ("commands", text_command()),
            "/api/v1/dangers/{id}" => ("actions", json!({ "action": "comment", "note": mark(is_own) })),
            _ => return,
        };
        let target = format!("{}/{id}/{path}", object.prefix.split("/{").next().unwrap());
        let reply = maker.send("POST", &target, Some(&body)).await;
        assert!(matches!(reply.status, 200 | 202), "{target}: {}", reply.body);
    };
    let mut feeds = Vec::new();
    for who in everybody.iter().filter(|who| who.rights.iter().any(|right| right == "alerts")) {
        let mut feed = who.client.stream("/api/v1/live", None).await;
        feed.next("summary").await;
        feeds.push((who, feed));
    }
    assert!(feeds.len() > 9, "{}", feeds.len());
    for is_own in [false, true] {
        for object in &objects {
            act(object, is_own).await;
        }
    }
    for (who, mut feed) in feeds {
        let (mut heard, mut summaries) = (Vec::new(), 0);
        // Everything that is told is told by the third summary from here: they are two seconds apart.
        while summaries < 3 {
            let (name, _, data) = feed.event().await;
            summaries += usize::from(name == "summary");
            if matches!(name.as_str(), "handling" | "command" | "danger") {
                heard.push((name, data.to_string()));
            }
        }
        let tells = |id: &str| heard.iter().any(|(_, data)| data.contains(id));
        for object in objects.iter().filter(|object| !object.prefix.contains("commands")) {
            assert!(who.sees_foreign || !tells(&object.foreign), "{} of {}", who.label, object.prefix);
        }
        let alerts = &objects[0];
        assert_eq!(tells(&alerts.own), who.sees_own, "{} hears of its own alert", who.label);
        assert_eq!(tells(&alerts.foreign), who.sees_foreign, "{} hears of the others'", who.label);
    }
}

fn mark(is_own: bool) -> &'static str {
    if is_own { "own" } else { "foreign" }
}

#[tokio::test]
async fn a_refusal_says_no_more_of_what_is_there_than_of_what_is_not() {
    let stage = Stage::start().await;
    let (everybody, objects) = (stage.everybody().await, stage.objects().await);
    let document = everybody[0].client.get("/api/openapi.json").await.json();
    let absent = |prefix: &str| match prefix {
        "/api/v1/alerts/{id}" => "00000000-0000-5000-8000-000000000000",
        "/api/v1/vehicles/{terminal}" => "19999999999",
        "/api/v1/commands/{id}" => "00000000-0000-4000-8000-000000000000",
        _ => "2020-000999",
    };
    let mut compared = 0;
    for (method, path, right, operation) in routes(&document) {
        let Some(object) = objects.iter().find(|object| path.starts_with(object.prefix)) else { continue };
        for who in everybody.iter().filter(|who| who.rights.contains(&right) && !who.sees_foreign) {
            let ask = async |id: &str| {
                let target = format!(
                    "{}/{id}{}",
                    object.prefix.split("/{").next().unwrap(),
                    path[object.prefix.len()..].replace("{file}", "x")
                );
                let reply = who.client.send(&method, &target, body_of(&operation).as_ref()).await;
                (reply.status, reply.body.replace(id, "ID"))
            };
            assert_eq!(
                ask(&object.foreign).await,
                ask(absent(object.prefix)).await,
                "{method} {path} as {}",
                who.label
            );
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

#[tokio::test]
async fn searching_counting_and_acting_on_many_reach_nothing_of_others() {
    let stage = Stage::start().await;
    let everybody = stage.everybody().await;
    let foreign = (0..30).map(common::vehicle).find(|vehicle| vehicle.operator != OWN).unwrap();
    let objects = stage.objects().await;
    let by_filter = json!({
        "filter": { "terminal": [foreign.terminal.to_string()] }, "count_seen": 1000, "action": "comment", "note": "x",
    });
    let by_id = json!({ "ids": [objects[0].foreign], "action": "comment", "note": "x" });
    for who in everybody.iter().filter(|who| !who.sees_foreign && who.role != Role::Auditor) {
        for text in [foreign.plate.clone(), foreign.terminal.to_string(), foreign.operator.clone()] {
            let found = who.client.send("POST", "/api/v1/search", Some(&json!({ "q": text }))).await;
            let found = found.json();
            let count: usize = ["vehicles", "operators", "drivers"]
                .iter()
                .map(|kind| found[kind].as_array().unwrap().len())
                .sum();
            assert_eq!(count, 0, "{} finds {text}: {found}", who.label);
        }
        let terminal = foreign.terminal;
        for path in [
            format!("/api/v1/alerts?terminal={terminal}&count=true"),
            format!("/api/v1/alerts/summary?terminal={terminal}"),
            format!(
                "/api/v1/stats/alerts?by=rule&from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z&terminal={terminal}"
            ),
            format!("/api/v1/exports/violations.csv?terminal={terminal}"),
            format!("/api/v1/vehicles?terminal={terminal}"),
        ] {
            let (asked, nobody) = (
                who.client.get(&path).await.body,
                who.client.get(&path.replace(&terminal.to_string(), "19999999999")).await.body,
            );
            assert_eq!(asked, nobody, "{} counts at {path}", who.label);
        }
        for many in [&by_filter, &by_id] {
            let reply = who.client.send("POST", "/api/v1/alerts/actions", Some(many)).await;
            assert!(!reply.body.contains("\"ok\":true"), "{}: {}", who.label, reply.body);
        }
    }
}
