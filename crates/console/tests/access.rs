//! How people prove who they are, for how long that holds, and that it ends at once when it ends.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod factor;

use std::sync::Arc;
use std::time::Duration;

use client::{Client, Credential, Feed, Reply};
use common::World;
use console::Console;
use factor::App;
use fleet::ReceiveTime;
use ledger::{Author, Identity, Ledger, Role, Via};
use serde_json::{Value, json};
use settings::{Access, AccessProfile, SecondFactor};

const PASSWORD: &str = "correct horse battery";
const STRONG: &str = "Yak on the 3rd pass";

struct Desk {
    world: World,
    console: Console,
}

impl Desk {
    async fn start(access: Access) -> Self {
        Self::start_as(access, false).await
    }

    async fn start_as(access: Access, behind_tls: bool) -> Self {
        let world = World::new(6);
        let parts = console::Parts { access: Arc::new(access), behind_tls, ..world.parts(false) };
        let console = Console::start("127.0.0.1:0".parse().unwrap(), parts).await.unwrap();
        Self { world, console }
    }

    fn ledger(&self) -> &Ledger {
        &self.world.ledger
    }

    fn client(&self, credential: Credential) -> Client {
        Client { address: self.console.local_addr(), credential }
    }

    fn token(&self, role: Role) -> Client {
        self.client(Credential::Token(common::token(self.ledger(), role, None)))
    }

    async fn sign_in(&self, name: &str, password: &str, code: Option<&str>) -> Reply {
        let body = json!({ "name": name, "password": password, "code": code });
        self.client(Credential::None).send("POST", "/api/v1/session", Some(&body)).await
    }

    async fn browser(&self, name: &str, password: &str, code: Option<&str>) -> Client {
        let reply = self.sign_in(name, password, code).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        self.client(cookie(&reply))
    }

    /// An account whose password is its owner's choice.
    fn own_user(&self, name: &str, password: &str, role: Role) {
        self.own_user_at(name, password, role, common::author().at);
    }

    fn own_user_at(&self, name: &str, password: &str, role: Role, at: ReceiveTime) {
        let author = Author { by: name.to_owned(), via: Via::Console, at };
        self.ledger().add_user(&Identity::new(name, role), password, &author).unwrap();
    }
}

fn cookie(reply: &Reply) -> Credential {
    Credential::Cookie(reply.head("set-cookie").split(';').next().unwrap().to_owned(), true)
}

fn kind(reply: &Reply) -> (u16, String) {
    let text = reply.json()["type"].as_str().unwrap_or_default().to_owned();
    (reply.status, text.trim_start_matches("urn:roadwarden:problem:").to_owned())
}

/// Sets up a second factor; the client with its new secret, the app, and the codes on paper.
async fn enrol(desk: &Desk, browser: &Client, password: &str) -> (Client, App, Vec<String>) {
    let proof = json!({ "password": password });
    let begun = browser.send("POST", "/api/v1/me/second-factor", Some(&proof)).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    assert!(begun.json()["qr_svg"].as_str().unwrap().contains("<svg"));
    let app = App::new(begun.json()["secret"].as_str().unwrap());
    let code = json!({ "code": app.code(0) });
    let done = browser.send("POST", "/api/v1/me/second-factor/confirm", Some(&code)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let codes = serde_json::from_value(done.json()["recovery_codes"].clone()).unwrap();
    (desk.client(cookie(&done)), app, codes)
}

#[tokio::test]
async fn a_second_factor_is_shown_once_and_asked_for_in_a_second_step() {
    let desk = Desk::start(Access::default()).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let before = desk.browser("duty", PASSWORD, None).await;
    assert_eq!(kind(&begin(&before, "wrong password").await).0, 422, "an unlocked screen is not enough");
    let (browser, app, codes) = enrol(&desk, &before, PASSWORD).await;
    assert_eq!((before.get("/api/v1/me").await.status, codes.len()), (401, 10));
    let state = browser.get("/api/v1/me/second-factor").await.json();
    assert_eq!((&state["is_on"], &state["recovery_codes_left"]), (&json!(true), &json!(10)));
    for path in ["/api/v1/me", "/api/v1/me/second-factor", "/api/v1/sessions"] {
        assert!(!browser.get(path).await.body.contains(app.secret()), "{path}");
    }
    assert_eq!(kind(&desk.sign_in("duty", PASSWORD, None).await), (401, "second-factor-needed".into()));
    assert_eq!(kind(&desk.sign_in("duty", "wrong", None).await), (401, "wrong-credentials".into()));
    let next = app.code(1);
    assert_eq!(desk.sign_in("duty", "wrong", Some(&next)).await.status, 401, "the code is not used up");
    let me = desk.sign_in("duty", PASSWORD, Some(&next)).await.json();
    assert_eq!((&me["second_factor"], &me["must"]), (&json!(true), &Value::Null));
    assert_eq!(
        kind(&desk.sign_in("duty", PASSWORD, Some(&next)).await),
        (401, "wrong-code".into()),
        "replayed"
    );
    assert_eq!(desk.sign_in("duty", PASSWORD, Some(&codes[0])).await.status, 200);
    assert_eq!(kind(&desk.sign_in("duty", PASSWORD, Some(&codes[0])).await).1, "wrong-code");
    let log = desk.ledger().audit_log(1000).unwrap();
    assert!(log.iter().any(|row| row.action == "recovery-code-used" && row.detail == "9 left"));
}

async fn begin(browser: &Client, password: &str) -> Reply {
    let proof = json!({ "password": password });
    browser.send("POST", "/api/v1/me/second-factor", Some(&proof)).await
}

#[tokio::test]
async fn guessing_codes_gets_slower_though_the_password_is_right() {
    let desk = Desk::start(Access::default()).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let browser = desk.browser("duty", PASSWORD, None).await;
    let (_, _, codes) = enrol(&desk, &browser, PASSWORD).await;
    let mut refused = None;
    for n in 0..8 {
        // The first step between two guesses forgives nothing.
        assert!(matches!(desk.sign_in("duty", PASSWORD, None).await.status, 401 | 429));
        let reply = desk.sign_in("duty", PASSWORD, Some("000000")).await;
        if reply.status == 429 {
            refused = Some(n);
            break;
        }
    }
    assert!(refused.is_some(), "never slowed down");
    assert_eq!(desk.sign_in("duty", PASSWORD, Some(&codes[0])).await.status, 429);
}

#[tokio::test]
async fn a_second_factor_is_dropped_with_its_code_and_replaced_with_it() {
    let desk = Desk::start(Access::default()).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let browser = desk.browser("duty", PASSWORD, None).await;
    let (browser, _, codes) = enrol(&desk, &browser, PASSWORD).await;
    assert_eq!(begin(&browser, PASSWORD).await.status, 422, "the code is needed too");
    let remove = async |code: Option<&str>| {
        let proof = json!({ "password": PASSWORD, "code": code });
        browser.send("POST", "/api/v1/me/second-factor/remove", Some(&proof)).await
    };
    assert_eq!(remove(None).await.status, 422);
    let done = remove(Some(&codes[0])).await;
    assert_eq!((done.status, browser.get("/api/v1/me").await.status), (204, 401));
    let fresh = desk.client(cookie(&done));
    assert_eq!(fresh.get("/api/v1/me").await.json()["second_factor"], false);
    assert_eq!(desk.sign_in("duty", PASSWORD, None).await.status, 200);
}

#[tokio::test]
async fn an_admin_resets_anothers_second_factor_and_not_the_own() {
    let desk = Desk::start(Access::default()).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    common::user(desk.ledger(), "chief", PASSWORD, Role::Admin);
    let (duty, chief) =
        (desk.browser("duty", PASSWORD, None).await, desk.browser("chief", PASSWORD, None).await);
    let (duty, ..) = enrol(&desk, &duty, PASSWORD).await;
    let (chief, ..) = enrol(&desk, &chief, PASSWORD).await;
    let reset = async |who: &Client, name: &str| {
        who.send("DELETE", &format!("/api/v1/users/{name}/second-factor"), None).await.status
    };
    assert_eq!(reset(&duty, "chief").await, 403);
    assert_eq!(reset(&chief, "chief").await, 403);
    assert_eq!(reset(&chief, "duty").await, 204);
    assert_eq!(reset(&chief, "duty").await, 404);
    assert_eq!(duty.get("/api/v1/me").await.status, 401);
    assert_eq!(desk.sign_in("duty", PASSWORD, None).await.status, 200);
}

#[tokio::test]
async fn who_needs_a_second_factor_can_do_nothing_but_set_one_up() {
    let access = Access { second_factor_roles: vec!["admin"], ..Access::default() };
    let desk = Desk::start(access).await;
    common::user(desk.ledger(), "chief", PASSWORD, Role::Admin);
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let duty = desk.browser("duty", PASSWORD, None).await;
    assert_eq!(duty.get("/api/v1/alerts").await.status, 200, "the role may go without");
    let chief = desk.browser("chief", PASSWORD, None).await;
    let document = chief.get("/api/openapi.json").await.json();
    let open =
        ["getMe", "signOut", "changePassword", "getSecondFactor", "beginSecondFactor", "confirmSecondFactor"];
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if operation["x-right"].is_null() || open.contains(&id) {
                continue;
            }
            let target: String =
                path.split('{').next().unwrap().to_owned() + if path.contains('{') { "x" } else { "" };
            let tail = path.split_once('}').map_or("", |(_, tail)| tail).replace("{file}", "x");
            let reply = chief.send(&method.to_uppercase(), &format!("{target}{tail}"), None).await;
            assert_eq!(kind(&reply), (403, "set-up-second-factor".into()), "{id}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
    assert_eq!(chief.get("/api/v1/me").await.json()["must"], "set-up-second-factor");
    let (chief, _, codes) = enrol(&desk, &chief, PASSWORD).await;
    assert_eq!(chief.get("/api/v1/users").await.status, 200);
    let proof = json!({ "password": PASSWORD, "code": codes[0] });
    let remove = chief.send("POST", "/api/v1/me/second-factor/remove", Some(&proof)).await;
    assert_eq!(kind(&remove), (409, "second-factor-required".into()));
}

#[tokio::test]
async fn a_second_factor_that_is_switched_off_is_not_asked_for() {
    let desk = Desk::start(Access { second_factor: SecondFactor::Off, ..Access::default() }).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let browser = desk.browser("duty", PASSWORD, None).await;
    assert_eq!(kind(&begin(&browser, PASSWORD).await), (409, "second-factor-off".into()));
}

#[tokio::test]
async fn a_session_gets_a_new_secret_on_signing_in_and_with_a_new_password() {
    let desk = Desk::start(Access::default()).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let planted = desk.client(Credential::Cookie("roadwarden_session=planted".into(), true));
    let body = json!({ "name": "duty", "password": PASSWORD });
    let reply = planted.send("POST", "/api/v1/session", Some(&body)).await;
    assert_eq!((reply.status, planted.get("/api/v1/me").await.status), (200, 401));
    let first = desk.client(cookie(&reply));
    let again = first.send("POST", "/api/v1/session", Some(&body)).await;
    assert_eq!(
        (again.status, first.get("/api/v1/me").await.status),
        (200, 401),
        "the one it came with ended"
    );
    let old = desk.client(cookie(&again));
    let body = json!({ "old": PASSWORD, "new": "another good sentence" });
    let changed = old.send("POST", "/api/v1/me/password", Some(&body)).await;
    assert_eq!((changed.status, old.get("/api/v1/me").await.status), (204, 401));
    assert_eq!(desk.client(cookie(&changed)).get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_this_host_and_over_http_it_works() {
    let plain = Desk::start(Access::default()).await;
    common::user(plain.ledger(), "duty", PASSWORD, Role::Duty);
    let reply = plain.sign_in("duty", PASSWORD, None).await;
    let set = reply.head("set-cookie");
    assert!(set.starts_with("roadwarden_session=") && !set.contains("Secure"), "{set}");
    assert_eq!(reply.head("strict-transport-security"), "");
    let value = set.split(['=', ';']).nth(1).unwrap();
    // A proxy says that the browser came over HTTPS: the cookie of plain HTTP is not looked at.
    let heads = |cookie: &str| format!("X-Forwarded-Proto: https\r\nCookie: {cookie}={value}\r\n");
    let nobody = plain.client(Credential::None);
    assert_eq!(nobody.get_with("/api/v1/me", &heads("roadwarden_session")).await.status, 401);
    assert_eq!(nobody.get_with("/api/v1/me", &heads("__Host-roadwarden_session")).await.status, 200);
    let secure = Desk::start_as(Access::default(), true).await;
    common::user(secure.ledger(), "duty", PASSWORD, Role::Duty);
    let reply = secure.sign_in("duty", PASSWORD, None).await;
    let set = reply.head("set-cookie");
    assert!(set.starts_with("__Host-roadwarden_session="), "{set}");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure") && !set.contains("Domain"), "{set}");
    assert_eq!(reply.head("strict-transport-security"), "max-age=31536000");
    let browser = secure.client(cookie(&reply));
    let out = browser.send("DELETE", "/api/v1/session", None).await;
    assert!(out.head("set-cookie").starts_with("__Host-roadwarden_session=; Path=/"));
    assert_eq!(browser.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn sessions_last_as_long_as_the_settings_say_and_end_everywhere_at_ones_wish() {
    let access = Access { session_max: Duration::from_secs(3_600), ..Access::default() };
    let desk = Desk::start(access).await;
    common::user(desk.ledger(), "duty", PASSWORD, Role::Duty);
    let (here, there) =
        (desk.browser("duty", PASSWORD, None).await, desk.browser("duty", PASSWORD, None).await);
    let item = here.get("/api/v1/sessions").await.json()["items"][0].clone();
    let time = |key: &str| item[key].as_str().unwrap().parse::<fleet::EventTime>().unwrap().ms();
    assert_eq!(time("expires_at") - time("started_at"), 3_600_000);
    let token = desk.token(Role::Duty);
    assert_eq!(token.send("DELETE", "/api/v1/sessions", None).await.status, 403);
    let out = here.send("DELETE", "/api/v1/sessions", None).await;
    assert_eq!(out.status, 204);
    assert!(out.head("set-cookie").contains("Max-Age=0"));
    assert_eq!((here.get("/api/v1/me").await.status, there.get("/api/v1/me").await.status), (401, 401));
}

/// Ways in which what somebody may see ends. CVE-2021-34434 is what happens without.
#[derive(Clone, Copy, Debug)]
enum End {
    Role,
    Scope,
    Removal,
    Password,
    SessionByAdmin,
    SignOut,
    Everywhere,
    Factor,
    OtherProcess,
}

impl End {
    const ALL: [Self; 9] = [
        Self::Role,
        Self::Scope,
        Self::Removal,
        Self::Password,
        Self::SessionByAdmin,
        Self::SignOut,
        Self::Everywhere,
        Self::Factor,
        Self::OtherProcess,
    ];

    async fn happen(self, desk: &Desk, name: &str, browser: &Client) {
        let admin = desk.token(Role::Admin);
        let user = format!("/api/v1/users/{name}");
        let put = async |body: Value| admin.send("PUT", &user, Some(&body)).await.status;
        let status = match self {
            Self::Role => put(json!({ "role": "auditor" })).await,
            Self::Scope => put(json!({ "role": "duty", "divisions": ["99"] })).await,
            Self::Password => put(json!({ "role": "duty", "password": "another good sentence" })).await,
            Self::Removal => admin.send("DELETE", &user, None).await.status,
            Self::SessionByAdmin => {
                let list = browser.get("/api/v1/sessions").await.json();
                let id = list["items"][0]["id"].as_str().unwrap().to_owned();
                admin.send("DELETE", &format!("/api/v1/sessions/{id}"), None).await.status
            }
            Self::SignOut => browser.send("DELETE", "/api/v1/session", None).await.status,
            Self::Everywhere => browser.send("DELETE", "/api/v1/sessions", None).await.status,
            Self::Factor => admin.send("DELETE", &format!("{user}/second-factor"), None).await.status,
            Self::OtherProcess => {
                let ledger =
                    Ledger::open(&desk.world.dir.join("ledger.db"), &prometheus::Registry::new()).unwrap();
                assert!(ledger.remove_user(name, &common::author()).unwrap());
                return;
            }
        };
        assert!((200..300).contains(&status), "{self:?}: {status}");
    }
}

#[tokio::test]
async fn what_ends_a_credential_ends_its_feed_before_the_next_event() {
    let desk = Desk::start(Access::default()).await;
    let admin = desk.token(Role::Admin);
    let list = admin.get("/api/v1/alerts?limit=1").await.json();
    let path = format!("/api/v1/alerts/{}/actions", list["items"][0]["id"].as_str().unwrap());
    for end in End::ALL {
        let name = format!("{end:?}").to_lowercase();
        common::user(desk.ledger(), &name, PASSWORD, Role::Duty);
        let mut browser = desk.browser(&name, PASSWORD, None).await;
        if matches!(end, End::Factor) {
            browser = enrol(&desk, &browser, PASSWORD).await.0;
        }
        let mut feed = browser.stream("/api/v1/live?topics=handling,summary", None).await;
        feed.next("summary").await;
        end.happen(&desk, &name, &browser).await;
        if matches!(end, End::OtherProcess) {
            // Its end is looked for four times a second.
            assert!(feed.ended().await, "{end:?}");
            continue;
        }
        let body = json!({ "action": "comment", "note": "after the end" });
        assert_eq!(admin.send("POST", &path, Some(&body)).await.status, 200);
        assert_eq!(rest(&mut feed).await, Vec::<String>::new(), "{end:?}");
    }
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() {
    let desk = Desk::start(Access::default()).await;
    let admin = desk.token(Role::Admin);
    let list = admin.get("/api/v1/alerts?limit=1").await.json();
    let path = format!("/api/v1/alerts/{}/actions", list["items"][0]["id"].as_str().unwrap());
    let program = desk.token(Role::Duty);
    let mut feed = program.stream("/api/v1/live?topics=handling,summary", None).await;
    feed.next("summary").await;
    assert_eq!(admin.send("DELETE", "/api/v1/tokens/duty", None).await.status, 204);
    let body = json!({ "action": "comment", "note": "after the end" });
    assert_eq!(admin.send("POST", &path, Some(&body)).await.status, 200);
    assert_eq!(rest(&mut feed).await, Vec::<String>::new());
}

/// Names of the events of handling that still come, until the feed ends.
async fn rest(feed: &mut Feed) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((name, _)) = feed.event_or_end().await {
        if name == "handling" {
            names.push(name);
        }
    }
    names
}

fn dengbao3() -> Access {
    Access { second_factor: SecondFactor::Optional, ..Access::of(AccessProfile::Dengbao3) }
}

#[tokio::test]
async fn c14_a_track_is_shown_to_who_says_why_and_the_audit_log_keeps_it() {
    let desk = Desk::start(dengbao3()).await;
    let duty = desk.token(Role::Duty);
    assert_eq!(duty.get("/api/v1/me").await.json()["track_reason"], true);
    let now = fleet::EventTime::from_ms(common::author().at.ms() / 1000 * 1000);
    let ago = |hours: u64| now.minus(Duration::from_secs(hours * 3_600)).to_string();
    let (early, from, to, late) = (ago(49), ago(48), ago(1), ago(0));
    let path = format!("/api/v1/vehicles/{}/track?limit=5", common::terminal(0));
    let track = |from: &str, to: &str| format!("{path}&from={from}&to={to}").replace('+', "%2B");
    let long = format!("&reason={}", "x".repeat(201));
    for wrong in ["", "&reason=", "&reason=%20x%20", "&reason=a%0ab", &long] {
        let reply = duty.get(&format!("{}{wrong}", track(&from, &to))).await;
        assert_eq!(kind(&reply), (400, "invalid-parameter".into()), "{wrong}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "query/reason");
        assert!(reply.body.contains("what this track is needed for"), "{}", reply.body);
    }
    let rows = || {
        let log = desk.ledger().audit_log(100).unwrap();
        log.into_iter().filter(|row| row.action == "view-track").rev().collect::<Vec<_>>()
    };
    assert!(rows().is_empty(), "what was refused was not seen");
    // Page by page it is one look; for something else, or of another time, it is another.
    let asked = |from: &str, to: &str| format!("{}&reason=%E6%89%A7%E6%B3%95", track(from, to));
    let page = duty.get(&asked(&from, &to)).await.json();
    let cursor = page["next"].as_str().expect("there are more than five");
    assert_eq!(duty.get(&format!("{}&cursor={cursor}", asked(&from, &to))).await.status, 200);
    assert_eq!(duty.get(&asked(&early, &to)).await.status, 200);
    assert_eq!(duty.get(&asked(&early, &late)).await.status, 200);
    assert_eq!(duty.get(&format!("{}&reason=lost%20load", track(&from, &to))).await.status, 200);
    let rows = rows();
    let whose = common::terminal(0).to_string();
    assert!(rows.iter().all(|row| row.subject == whose && !row.by.is_empty()), "{rows:?}");
    let expected = json!({ "from": from, "reason": "执法", "to": to }).to_string();
    assert_eq!((rows.len(), rows[0].detail.as_str()), (4, expected.as_str()));

    let open = Desk::start(Access::default()).await;
    let duty = open.token(Role::Duty);
    assert_eq!(duty.get("/api/v1/me").await.json()["track_reason"], false);
    assert_eq!(duty.get(&track(&from, &to)).await.status, 200);
    assert_eq!(duty.get(&format!("{}&reason=lost%20load", track(&from, &to))).await.status, 200);
    let log = open.ledger().audit_log(100).unwrap();
    assert_eq!(log.iter().filter(|row| row.action == "view-track").count(), 1, "one that is given is kept");
}

#[tokio::test]
async fn dengbao3_locks_an_account_after_failures_in_a_row() {
    let desk = Desk::start(Access { lock_after: 3, ..dengbao3() }).await;
    desk.own_user("duty", STRONG, Role::Duty);
    for _ in 0..3 {
        assert_eq!(desk.sign_in("duty", "wrong", None).await.status, 401);
    }
    let locked = desk.sign_in("duty", STRONG, None).await;
    assert_eq!(kind(&locked), (429, "too-many-attempts".into()));
    assert!(locked.head("retry-after").parse::<u64>().unwrap() > 1_700);
    desk.own_user("other", STRONG, Role::Duty);
    assert_eq!(desk.sign_in("other", STRONG, None).await.status, 200, "others are not");
    let log = desk.ledger().audit_log(100).unwrap();
    let locks: Vec<_> = log.iter().filter(|row| row.action == "account-lock").collect();
    assert_eq!((locks.len(), locks[0].subject.as_str()), (1, "duty"));
}

#[tokio::test]
async fn failed_sign_ins_stand_in_the_audit_log_and_fill_no_disk() {
    let desk = Desk::start(Access { lock_after: 0, ..Access::of(AccessProfile::Asvs) }).await;
    desk.own_user("duty", STRONG, Role::Duty);
    for _ in 0..5 {
        assert_eq!(desk.sign_in("duty", "a wrong one", None).await.status, 401);
    }
    // A password where the name belongs, and names that are made up.
    for number in 0..20 {
        desk.sign_in(&format!("{STRONG} {number}"), "x", None).await;
    }
    let rows = || {
        let log = desk.ledger().audit_log(100).unwrap();
        log.into_iter().filter(|row| row.action == "sign-in-failed").rev().collect::<Vec<_>>()
    };
    // They are written behind the answers.
    let written = async {
        while rows().len() < 14 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.expect("rows of failed sign-ins");
    let told = rows();
    let mut whose: Vec<&str> = told.iter().map(|row| row.subject.as_str()).collect();
    whose.sort_unstable();
    assert_eq!((whose.len(), &whose[..2]), (14, &["duty", "duty"][..]));
    assert!(whose[2..].iter().all(|name| *name == "unknown-account"), "{whose:?}");
    let of_duty: Vec<_> =
        told.iter().filter(|row| row.subject == "duty").map(|row| row.detail.as_str()).collect();
    let detail = |count: u32| format!(r#"{{"address":"127.0.0.1","failures":{count},"left_out":0}}"#);
    assert_eq!(of_duty, [detail(1), detail(5)]);
    assert!(!format!("{told:?}").contains(STRONG), "a password that was typed as a name is kept nowhere");
}

#[tokio::test]
async fn dengbao3_wants_old_and_given_passwords_changed_before_anything_else() {
    let desk = Desk::start(dengbao3()).await;
    let old = common::author().at.minus(Duration::from_secs(91 * 86_400));
    desk.own_user_at("old", STRONG, Role::Duty, old);
    desk.own_user("fresh", STRONG, Role::Duty);
    common::user(desk.ledger(), "given", STRONG, Role::Duty);
    assert_eq!(desk.browser("fresh", STRONG, None).await.get("/api/v1/alerts").await.status, 200);
    for name in ["old", "given"] {
        let browser = desk.browser(name, STRONG, None).await;
        assert_eq!(kind(&browser.get("/api/v1/alerts").await), (403, "change-password".into()), "{name}");
        assert_eq!(browser.get("/api/v1/me").await.json()["must"], "change-password");
        let body = json!({ "old": STRONG, "new": "Yak on the 4th pass" });
        let changed = browser.send("POST", "/api/v1/me/password", Some(&body)).await;
        assert_eq!(changed.status, 204, "{}", changed.body);
        assert_eq!(desk.client(cookie(&changed)).get("/api/v1/alerts").await.status, 200);
    }
}

#[tokio::test]
async fn dengbao3_refuses_one_of_the_last_five_passwords() {
    let desk = Desk::start(dengbao3()).await;
    desk.own_user("duty", STRONG, Role::Duty);
    let mut browser = desk.browser("duty", STRONG, None).await;
    let change = async |browser: &Client, old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        browser.send("POST", "/api/v1/me/password", Some(&body)).await
    };
    let passwords: Vec<String> = (3..9).map(|n| format!("Yak on the {n}th pass")).collect();
    let mut now = STRONG.to_owned();
    for next in &passwords[1..] {
        assert_eq!(change(&browser, &now, STRONG).await.status, 422, "{now}");
        let changed = change(&browser, &now, next).await;
        assert_eq!(changed.status, 204, "{}", changed.body);
        browser = desk.client(cookie(&changed));
        now.clone_from(next);
    }
    assert_eq!(change(&browser, &now, STRONG).await.status, 204, "five came after it");
}

#[tokio::test]
async fn dengbao3_separates_who_keeps_accounts_from_who_reads_the_log() {
    let desk = Desk::start(dengbao3()).await;
    let (admin, auditor) = (desk.token(Role::Admin), desk.token(Role::Auditor));
    assert_eq!(
        (admin.get("/api/v1/audit").await.status, auditor.get("/api/v1/audit").await.status),
        (403, 200)
    );
    let rights = admin.get("/api/v1/me").await.json()["rights"].clone();
    assert!(!rights.as_array().unwrap().contains(&json!("audit")));
    for (name, role, other) in [("wang", "admin", "auditor"), ("li", "auditor", "admin")] {
        let user = json!({ "name": name, "role": role, "password": STRONG });
        assert_eq!(admin.send("POST", "/api/v1/users", Some(&user)).await.status, 201);
        let token = json!({ "name": name, "role": other });
        let reply = admin.send("POST", "/api/v1/tokens", Some(&token)).await;
        assert_eq!(kind(&reply), (409, "combined-duties".into()));
        assert_eq!(
            admin.send("POST", "/api/v1/tokens", Some(&json!({ "name": name, "role": role }))).await.status,
            201
        );
    }
    // With the profile asvs an administrator reads the log too.
    let desk = Desk::start(Access::default()).await;
    assert_eq!(desk.token(Role::Admin).get("/api/v1/audit").await.status, 200);
}
