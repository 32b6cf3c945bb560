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
