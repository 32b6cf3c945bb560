//! Accounts over HTTP: people, programs, sessions and views, and what of it is told to whom.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;

use client::{Client, Credential, Reply};
use common::World;
use console::Console;
use ledger::Role;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

struct Desk {
    world: World,
    console: Console,
}

impl Desk {
    async fn start() -> Self {
        let world = World::new(6);
        let console = Console::start("127.0.0.1:0".parse().unwrap(), world.parts(false)).await.unwrap();
        Self { world, console }
    }

    fn client(&self, credential: Credential) -> Client {
        Client { address: self.console.local_addr(), credential }
    }

    fn token(&self, role: Role) -> Client {
        self.client(Credential::Token(common::token(&self.world.ledger, role, None)))
    }

    async fn sign_in(&self, name: &str, password: &str) -> Reply {
        let body = json!({ "name": name, "password": password });
        self.client(Credential::None).send("POST", "/api/v1/session", Some(&body)).await
    }

    /// A signed-in browser.
    async fn browser(&self, name: &str, password: &str) -> Client {
        let reply = self.sign_in(name, password).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let cookie = reply.head("set-cookie").split(';').next().unwrap().to_owned();
        self.client(Credential::Cookie(cookie, true))
    }
}

fn refusal(reply: &Reply) -> (u16, String, String) {
    let problem = reply.json();
    let kind = problem["type"].as_str().unwrap().trim_start_matches("urn:roadwarden:problem:");
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
    (reply.status, kind.to_owned(), pointer.to_owned())
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_are_added_changed_and_removed_and_the_last_admin_stays() {
    let desk = Desk::start().await;
    let admin = desk.token(Role::Admin);
    let chief = json!({ "name": "chief", "role": "admin", "password": PASSWORD });
    assert_eq!(admin.send("POST", "/api/v1/users", Some(&chief)).await.status, 201);
    let leader =
        json!({ "name": "值班长", "role": "supervisor", "divisions": ["5401"], "password": PASSWORD });
    let made = admin.send("POST", "/api/v1/users", Some(&leader)).await;
    assert_eq!(
        (made.status, made.json()),
        (
            201,
            json!({ "name": "值班长", "role": "supervisor", "department": null, "operators": [], "divisions": ["5401"] })
        )
    );
    let again = admin.send("POST", "/api/v1/users", Some(&leader)).await;
    assert_eq!(refusal(&again), (409, "name-taken".into(), String::new()));
    assert_eq!(names(&admin.get("/api/v1/users").await.json()), ["chief", "值班长"]);
    let browser = desk.browser("值班长", PASSWORD).await;
    assert_eq!(browser.get("/api/v1/me").await.json()["divisions"], json!(["5401"]));
    let path = "/api/v1/users/%E5%80%BC%E7%8F%AD%E9%95%BF";
    let narrower = json!({ "role": "operator", "operators": ["OP001"] });
    assert_eq!(admin.send("PUT", path, Some(&narrower)).await.status, 200);
    // Whoever was signed in as more than that is no longer.
    assert_eq!(browser.get("/api/v1/me").await.status, 401);
    let me = desk.sign_in("值班长", PASSWORD).await.json();
    assert_eq!((&me["role"], &me["operator"]), (&json!("operator"), &json!("OP001")));
    for (method, body) in [("DELETE", None), ("PUT", Some(json!({ "role": "duty" })))] {
        let reply = admin.send(method, "/api/v1/users/chief", body.as_ref()).await;
        assert_eq!(refusal(&reply).1, "last-admin");
    }
    assert_eq!(admin.send("DELETE", path, None).await.status, 204);
    assert_eq!(admin.send("DELETE", path, None).await.status, 404);
    assert_eq!(desk.sign_in("值班长", PASSWORD).await.status, 401);
    let log = admin
        .get("/api/v1/audit?subject=%E5%80%BC%E7%8F%AD%E9%95%BF&action=user-add&action=user-remove")
        .await;
    let log = log.json();
    let told: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["user-remove", "user-add"]);
    assert!(!log.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn an_account_that_is_wrong_is_refused_by_its_member() {
    let desk = Desk::start().await;
    let admin = desk.token(Role::Admin);
    let good = json!({ "name": "x", "role": "duty", "password": PASSWORD });
    for (member, wrong) in [
        ("name", json!("")),
        ("role", json!("king")),
        ("role", json!("operator")),
        ("department", json!("fire")),
        ("divisions", json!(["54010"])),
        ("operators", json!([" "])),
        ("password", json!("short")),
    ] {
        let mut bad = good.clone();
        bad[member] = wrong;
        let reply = admin.send("POST", "/api/v1/users", Some(&bad)).await;
        let at = if bad["role"] == "operator" { "operators" } else { member };
        assert_eq!(refusal(&reply), (422, "invalid-body".into(), format!("body/{at}")), "{bad}");
    }
    let same = json!({ "name": "long enough", "role": "duty", "password": "Long Enough" });
    assert_eq!(refusal(&admin.send("POST", "/api/v1/users", Some(&same)).await).2, "body/password");
    assert!(names(&admin.get("/api/v1/users").await.json()).is_empty());
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_revoked() {
    let desk = Desk::start().await;
    let admin = desk.token(Role::Admin);
    let wanted = json!({ "name": "fleet", "role": "operator", "operators": ["OP001", "OP002"] });
    let made = admin.send("POST", "/api/v1/tokens", Some(&wanted)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["created_by"], "admin");
    let list = admin.get("/api/v1/tokens").await;
    assert_eq!(names(&list.json()), ["admin", "fleet"]);
    assert!(!list.body.contains(&secret));
    let program = desk.client(Credential::Token(secret));
    assert_eq!(program.get("/api/v1/me").await.json()["operators"], json!(["OP001", "OP002"]));
    assert_eq!(program.get("/api/v1/vehicles").await.json()["items"].as_array().unwrap().len(), 3);
    assert_eq!(refusal(&admin.send("POST", "/api/v1/tokens", Some(&wanted)).await).1, "name-taken");
    assert_eq!(admin.send("DELETE", "/api/v1/tokens/fleet", None).await.status, 204);
    assert_eq!(admin.send("DELETE", "/api/v1/tokens/fleet", None).await.status, 404);
    assert_eq!(program.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_other_sessions_end() {
    let desk = Desk::start().await;
    common::user(&desk.world.ledger, "duty", PASSWORD, Role::Duty);
    let (here, there) = (desk.browser("duty", PASSWORD).await, desk.browser("duty", PASSWORD).await);
    let change = async |old: &str, new: &str| {
        here.send("POST", "/api/v1/me/password", Some(&json!({ "old": old, "new": new }))).await
    };
    assert_eq!(refusal(&change("wrong", "battery staple").await).2, "body/old");
    assert_eq!(refusal(&change(PASSWORD, "battery").await).2, "body/new");
    let changed = change(PASSWORD, "battery staple").await;
    let cookie = changed.head("set-cookie").split(';').next().unwrap().to_owned();
    let fresh = desk.client(Credential::Cookie(cookie, true));
    assert_eq!((changed.status, fresh.get("/api/v1/me").await.status), (204, 200));
    assert_eq!(there.get("/api/v1/me").await.status, 401);
    assert_eq!(desk.sign_in("duty", PASSWORD).await.status, 401);
    assert_eq!(desk.sign_in("duty", "battery staple").await.status, 200);
    let body = json!({ "old": PASSWORD, "new": "battery staple" });
    assert_eq!(desk.token(Role::Duty).send("POST", "/api/v1/me/password", Some(&body)).await.status, 403);
}

#[tokio::test]
async fn sessions_are_ones_own_and_a_revoked_one_ends_its_feed() {
    let desk = Desk::start().await;
    for (name, role) in [("duty", Role::Duty), ("other", Role::Duty), ("chief", Role::Admin)] {
        common::user(&desk.world.ledger, name, PASSWORD, role);
    }
    let (duty, other, chief) = (
        desk.browser("duty", PASSWORD).await,
        desk.browser("other", PASSWORD).await,
        desk.browser("chief", PASSWORD).await,
    );
    let own = duty.get("/api/v1/sessions").await.json();
    assert_eq!(names(&own), ["duty"]);
    let item = &own["items"][0];
    assert_eq!((&item["current"], &item["address"]), (&json!(true), &json!("127.0.0.1")));
    let path = format!("/api/v1/sessions/{}", item["id"].as_str().unwrap());
    assert_eq!(duty.get("/api/v1/sessions?all=true").await.status, 403);
    assert_eq!(chief.get("/api/v1/sessions?all=true").await.json()["items"].as_array().unwrap().len(), 3);
    assert_eq!(other.send("DELETE", &path, None).await.status, 404);
    let mut feed = duty.stream("/api/v1/live", None).await;
    feed.next("summary").await;
    assert_eq!(chief.send("DELETE", &path, None).await.status, 204);
    assert_eq!(duty.get("/api/v1/me").await.status, 401);
    assert!(feed.ended().await);
}

#[tokio::test]
async fn views_are_kept_for_their_owner() {
    let desk = Desk::start().await;
    let (duty, admin) = (desk.token(Role::Duty), desk.token(Role::Admin));
    let put = async |name: &str, query: &str| {
        duty.send("PUT", &format!("/api/v1/views/{name}"), Some(&json!({ "query": query }))).await
    };
    assert_eq!(put("night", "severity=critical").await.json()["query"], "severity=critical");
    assert_eq!(refusal(&put(&"n".repeat(61), "").await), (400, "invalid-name".into(), "path/name".into()));
    assert_eq!(refusal(&put("night", &"n".repeat(2001)).await).2, "body/query");
    assert_eq!(names(&duty.get("/api/v1/views").await.json()), ["night"]);
    assert!(names(&admin.get("/api/v1/views").await.json()).is_empty());
    assert_eq!(admin.send("DELETE", "/api/v1/views/night", None).await.status, 404);
    assert_eq!(duty.send("DELETE", "/api/v1/views/night", None).await.status, 204);
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_walked_in_pages() {
    let desk = Desk::start().await;
    let auditor = desk.token(Role::Auditor);
    let duty = desk.token(Role::Duty);
    for n in 0..5 {
        duty.send("PUT", &format!("/api/v1/views/v{n}"), Some(&json!({ "query": "" }))).await;
    }
    let mut path = "/api/v1/audit?by=duty&action=view-put&limit=2".to_owned();
    let mut subjects = Vec::new();
    loop {
        let page = auditor.get(&path).await.json();
        let items = page["items"].as_array().unwrap().clone();
        subjects.extend(items.iter().map(|row| row["subject"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/audit?by=duty&action=view-put&limit=2&cursor={next}");
    }
    assert_eq!(subjects, ["v4", "v3", "v2", "v1", "v0"]);
    assert!(
        auditor.get("/api/v1/audit?to=2020-01-01T00:00:00Z").await.json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(refusal(&auditor.get("/api/v1/audit?cursor=x").await).2, "query/cursor");
}
