//! Rules changed in the console: in force at once or by a second person, kept over a restart, read by every command.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use harness::{Home, Server, Terminal, eventually, frame, http, location, now_ms, run};
use serde_json::{Value, json};

const CHANGES: &str = "/api/v1/rules/changes";

fn post(server: &Server, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = http(server.http, "POST", token, path, &body.to_string());
    (status, serde_json::from_str(&body).unwrap_or_default())
}

/// Value and origin of `speeding.hold` as the service shows it.
fn hold(server: &Server, token: &str) -> (Value, Value) {
    let list = server.get_json(token, "/api/v1/rules");
    let rule =
        list["items"].as_array().unwrap().iter().find(|rule| rule["id"] == "speeding").unwrap().clone();
    let hold = rule["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == "hold").unwrap();
    (hold["value"].clone(), hold["set_by"].clone())
}

#[test]
fn a_change_is_in_force_kept_over_a_restart_and_audited() {
    let home = Home::new("rules-change", "");
    let server = Server::start(&home);
    let admin = home.token("admin");
    assert_eq!(hold(&server, &admin), (json!("30s"), Value::Null));

    let wrong = json!({ "changes": { "speeding": { "hold": "soon" } }, "note": "x" });
    let (status, said) = post(&server, &admin, CHANGES, &wrong);
    assert_eq!(status, 422);
    assert_eq!(
        said["detail"],
        "speeding.hold is \"soon\", expected a duration such as \"10s\", at most 366d"
    );

    let asked = json!({ "changes": { "speeding": { "hold": "10s" } }, "note": "new road" });
    let (status, change) = post(&server, &admin, CHANGES, &asked);
    assert_eq!(
        (status, &change["state"], &change["before"]["speeding"]["hold"]),
        (200, &json!("in-force"), &json!("30s"))
    );
    assert_eq!(hold(&server, &admin), (json!("10s"), json!("console")));

    // A mistake elsewhere keeps the running set, and the change waits for nobody.
    let zones = std::fs::read_to_string(home.path.join("zones.geojson")).unwrap();
    home.write("zones.geojson", "{}");
    let more = json!({ "changes": { "speeding": { "hold": "5s" } }, "note": "more" });
    let (status, said) = post(&server, &admin, CHANGES, &more);
    assert!(
        status == 422 && said["mistakes"][0].as_str().unwrap().contains("zones.geojson"),
        "{status} {said}"
    );
    assert_eq!(hold(&server, &admin).0, "10s");
    home.write("zones.geojson", &zones);

    let rows = server.list(&admin, "/api/v1/audit");
    let told: Vec<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    let asked = ["rules-rejected", "rules-refused", "rules-proposed", "rules-in-force", "rules-proposed"];
    let expected = [&asked[..], &["token-add", "note-chains", "start"]].concat();
    assert_eq!(told, expected, "{rows:#?}");
    let detail = rows[3]["detail"].as_str().unwrap();
    assert!(detail.contains("speeding.hold 30s → 10s; asked by test: new road"), "{detail}");
    assert_eq!(server.stop().0, 0);

    let server = Server::start(&home);
    assert_eq!(hold(&server, &admin), (json!("10s"), json!("console")));
    let states: Vec<Value> =
        server.list(&admin, CHANGES).iter().map(|change| change["state"].clone()).collect();
    assert_eq!(states, ["rejected", "in-force"]);
    // What the file says holds again.
    let back = json!({ "changes": { "speeding": { "hold": null } }, "note": "as before" });
    assert_eq!(post(&server, &admin, CHANGES, &back).0, 200);
    assert_eq!(hold(&server, &admin), (json!("30s"), Value::Null));
    assert_eq!(server.stop().0, 0);

    home.write("data/rules.toml", "[rules.speeding]\nholds = \"1s\"\n");
    let config = home.config();
    let checked = run(&["check", "--config", config.to_str().unwrap()]);
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(!checked.status.success());
    assert!(
        said.contains("data/rules.toml:2: unknown key rules.speeding.holds, expected perhaps hold"),
        "{said}"
    );
}

#[test]
fn a_second_person_decides_and_a_change_cut_off_waits_again() {
    let home = Home::new("rules-two", "[rules]\ntwo_person = true\n");
    let server = Server::start(&home);
    let token = |name: &str| {
        let config = home.config();
        let made = run(&["token", "--config", config.to_str().unwrap(), "--name", name, "--role", "admin"]);
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (wang, li) = (token("wang"), token("li"));
    let asked = json!({ "changes": { "speeding": { "hold": "10s" } }, "note": "new road" });
    let (_, change) = post(&server, &wang, CHANGES, &asked);
    assert_eq!((&change["state"], &hold(&server, &wang).0), (&json!("pending"), &json!("30s")));
    let decide = format!("{CHANGES}/{}/decide", change["id"]);
    let yes = json!({ "approve": true, "note": "seen" });
    assert_eq!(post(&server, &wang, &decide, &yes).0, 409);
    assert_eq!(post(&server, &li, &decide, &yes).0, 200);
    assert_eq!(hold(&server, &li).0, "10s");
    assert_eq!(server.stop().0, 0);

    // As if the machine had gone down after the decision was written and before the file took its place.
    std::fs::remove_file(home.path.join("data/rules.toml")).unwrap();
    let server = Server::start(&home);
    assert_eq!(hold(&server, &li).0, "30s");
    let list = server.list(&li, CHANGES);
    assert_eq!((&list[0]["state"], &list[0]["decided_by"]), (&json!("pending"), &Value::Null));
    assert_eq!(post(&server, &li, &decide, &yes).0, 200);
    assert_eq!(hold(&server, &li).0, "10s");
    assert_eq!(server.stop().0, 0);
}

const METRES_A_DEGREE: f64 = 96_790.0;

/// A coach at 120 km/h for so many seconds until now, a report every five.
fn speed(server: &Server, seconds: i64) {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000002");
    let start_ms = now_ms() - seconds * 1000;
    for (serial, second) in (10_u16..).zip((0..=seconds).step_by(5)) {
        let lon = 91.1 + second as f64 * 120.0 / 3.6 / METRES_A_DEGREE;
        let body = location(start_ms + second * 1000, lon, 29.6, 120.0, 0);
        link.send(&frame(0x0200, "13800000002", serial, &body)).unwrap();
        link.read_until("the acknowledgement", |t| t.acknowledged.contains(&serial));
    }
}

#[test]
fn a_trial_says_what_a_change_would_lose_before_it_is_in_force() {
    let home = Home::new("rules-trial", "");
    let server = Server::start(&home);
    let admin = home.token("admin");
    speed(&server, 60);
    eventually("the alert", || {
        (server.list(&admin, "/api/v1/alerts?rule=speeding").len() == 1).then_some(())
    });
    let changes = json!({ "speeding": { "hold": "2m" } });
    let at = |ms: i64| fleet::EventTime::from_ms(ms).to_string();
    let try_it = |changes: &Value, from: i64, to: i64| {
        let ask = json!({ "changes": changes, "from": at(from), "to": at(to) });
        let (status, begun) = post(&server, &admin, "/api/v1/rules/trial", &ask);
        assert_eq!(status, 202, "{begun}");
        let path = format!("/api/v1/rules/trials/{}", begun["id"]);
        eventually("the trial's end", || {
            let trial = server.get_json(&admin, &path);
            (trial["state"] != "running").then_some(trial)
        })
    };
    let trial = try_it(&changes, now_ms() - 600_000, now_ms() + 600_000);
    assert_eq!((&trial["state"], &trial["progress"]), (&json!("done"), &json!(1.0)), "{trial}");
    assert_eq!(
        (&trial["gained"], &trial["lost"], &trial["changed"]),
        (&json!(0), &json!(1), &json!(0)),
        "{trial}"
    );
    let lost = json!({ "rule": "speeding", "before": 1, "after": 0, "gained": 0, "lost": 1, "changed": 0 });
    assert!(trial["by_rule"].as_array().unwrap().contains(&lost), "{trial}");
    let sample = &trial["samples"][0];
    assert_eq!((&sample["what"], &sample["alert"]["vehicle"]["plate"]), (&json!("lost"), &json!("藏A00002")));
    assert!(trial["frames"].as_u64().unwrap() >= 13, "{trial}");
    // Shorter, the same alert is raised earlier.
    let earlier = try_it(&json!({ "speeding": { "hold": "20s" } }), now_ms() - 600_000, now_ms() + 600_000);
    assert_eq!((&earlier["lost"], &earlier["changed"]), (&json!(0), &json!(1)), "{earlier}");
    assert!(earlier["samples"][0]["fields"].as_array().unwrap().contains(&json!("raised_at")), "{earlier}");
    // Before anything was received there is nothing to judge.
    let none = try_it(&changes, now_ms() - 7_200_000, now_ms() - 3_600_000);
    assert_eq!((&none["state"], &none["frames"], &none["lost"]), (&json!("done"), &json!(0), &json!(0)));
    // Nothing of it is in force, and nothing in the lists.
    assert_eq!(hold(&server, &admin).0, "30s");
    assert_eq!(server.list(&admin, "/api/v1/alerts?rule=speeding").len(), 1);

    assert_eq!(post(&server, &admin, CHANGES, &json!({ "changes": changes, "note": "tried" })).0, 200);
    assert_eq!(server.stop().0, 0);
    let server = Server::start(&home);
    assert_eq!(hold(&server, &admin), (json!("2m"), json!("console")));
    assert_eq!(server.stop().0, 0);
}
