//! Zones and routes drawn over HTTP are in force at once, outlive a restart, and give way to the files again.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::time::Duration;

use harness::{Home, Server, Terminal, eventually, frame, hex, http_with, location, now_ms};
use serde_json::{Value, json};

/// What speaks HTTP for one token.
struct Desk<'s> {
    server: &'s Server,
    token: String,
}

impl Desk<'_> {
    /// Status, ETag, document.
    fn send(&self, method: &str, path: &str, seen: &str, body: &Value) -> (u16, String, Value) {
        let seen = if seen.is_empty() { String::new() } else { format!("If-Match: {seen}\r\n") };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, heads, body) = http_with(self.server.http, method, &self.token, path, &seen, &body);
        let tag = heads.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default().to_owned();
        (status, tag, serde_json::from_str(&body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> Value {
        self.server.get_json(&self.token, path)
    }
}

/// A closed square of about 2 km around a place, for everybody.
fn square(id: &str, lon: f64, lat: f64) -> Value {
    let (west, east, south, north) = (lon - 0.01, lon + 0.01, lat - 0.01, lat + 0.01);
    json!({
        "type": "Feature",
        "properties": { "id": id, "kind": "closed", "name_zh": "塌方路段" },
        "geometry": { "type": "Polygon", "coordinates":
            [[[west, south], [east, south], [east, north], [west, north], [west, south]]] },
    })
}

/// Half a minute of a vehicle inside a place, a report a second; what was sent.
fn stand(server: &Server, terminal: &str, (lon, lat): (f64, f64)) -> Vec<Vec<u8>> {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(terminal);
    let start = (now_ms() / 1000 - 60) * 1000;
    let frames: Vec<_> = (0..50_i64)
        .map(|second| {
            let at = start + second * 1000;
            let body = location(at, lon + second as f64 * 0.000_05, lat, 18.0, 0);
            frame(0x0200, terminal, second as u16 + 10, &body)
        })
        .collect();
    frames.iter().for_each(|sent| link.send(sent).unwrap());
    link.read_until("the acknowledgements", |t| t.acknowledged.len() == frames.len());
    frames
}

fn entries(server: &Server, token: &str, terminal: &str) -> Vec<Value> {
    server.list(token, &format!("/api/v1/alerts?rule=closed-structure&terminal={terminal}"))
}

#[test]
fn what_is_drawn_catches_the_next_vehicle_and_outlives_a_restart() {
    let home = Home::new("zones", "");
    let server = Server::start(&home);
    let token = home.token("admin");
    let desk = Desk { server: &server, token: token.clone() };
    let path = (91.05, 29.7);
    stand(&server, "13800000002", path);
    let (status, tag, drawn) = desk.send(
        "POST",
        "/api/v1/zones",
        "",
        &json!({ "feature": square("slide-1", 91.05, 29.7), "note": "rain" }),
    );
    assert_eq!((status, tag.as_str()), (201, "\"1\""), "{drawn}");
    assert_eq!((&drawn["source"], &drawn["updated_by"]), (&"console".into(), &"test".into()));
    // Who drove there before is not accused after the event.
    assert_eq!(entries(&server, &desk.token, "13800000002"), Vec::<Value>::new());
    let frames = stand(&server, "13800000003", path);
    let alert = eventually("the alert", || entries(&server, &desk.token, "13800000003").pop());
    assert_eq!(alert["place"]["zone"]["id"], "slide-1");
    let version = alert["evidence"]["map_version"].as_str().unwrap().to_owned();
    assert_eq!(server.stop().0, 0);

    // The same frames, the same files: the same alert.
    let lines = frames.iter().map(|sent| {
        format!("{}\n", json!({ "at": fleet::ReceiveTime::from_ms(now_ms()), "hex": hex(sent) }))
    });
    home.write("drive.jsonl", &lines.collect::<String>());
    let config = home.config();
    let recording = home.path.join("drive.jsonl");
    let replayed =
        harness::run(&["replay", "--config", config.to_str().unwrap(), recording.to_str().unwrap()]);
    let replayed = String::from_utf8(replayed.stdout).unwrap();
    let again: fleet::Alert = serde_json::from_str(replayed.lines().next().unwrap()).unwrap();
    assert_eq!(
        (again.id.to_string().as_str(), again.evidence.map_version),
        (alert["id"].as_str().unwrap(), version)
    );
    let checked = harness::run(&["check", "--config", config.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&checked.stderr).contains("2 zones"), "{checked:?}");

    let server = Server::start(&home);
    let desk = Desk { server: &server, token: token.clone() };
    assert_eq!(desk.get("/api/v1/zones/slide-1")["version"], 1);
    stand(&server, "13800000004", path);
    eventually("the alert after the restart", || entries(&server, &desk.token, "13800000004").pop());
    let map = desk.get("/api/v1/map/zones");
    assert_eq!(map["features"].as_array().unwrap().len(), 2);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_zone_of_a_file_is_replaced_closed_and_comes_back() {
    let home = Home::new("zones-file", "");
    let server = Server::start(&home);
    let desk = Desk { server: &server, token: home.token("admin") };
    let item = |id: &str| desk.get(&format!("/api/v1/zones/{id}"));
    let of_file = item("w1");
    assert_eq!(
        (&of_file["source"], &of_file["version"], &of_file["in_file"]),
        (&"file".into(), &0.into(), &true.into())
    );

    let body = json!({ "feature": square("w1", 91.3, 29.6), "note": "moved" });
    assert_eq!(desk.send("POST", "/api/v1/zones", "", &body).0, 409);
    assert_eq!(desk.send("PUT", "/api/v1/zones/w1", "", &body).0, 428);
    assert_eq!(
        desk.send("PUT", "/api/v1/zones/w9", "*", &json!({ "feature": square("w9", 91.3, 29.6) })).0,
        404
    );
    let (status, tag, now) = desk.send("PUT", "/api/v1/zones/w1", "\"0\"", &body);
    assert_eq!(
        (status, tag.as_str(), &now["source"], &now["kind"]),
        (200, "\"1\"", &"console".into(), &"closed".into())
    );
    let (status, _, stale) = desk.send("PUT", "/api/v1/zones/w1", "\"0\"", &body);
    assert_eq!((status, &stale["version"]), (412, &1.into()));

    let (status, tag, closed) = desk.send("PUT", "/api/v1/zones/w1", "\"1\"", &json!({ "closed": true }));
    assert_eq!((status, tag.as_str(), &closed["closed"]), (200, "\"2\"", &true.into()));
    assert_eq!(closed["kind"], "water-source", "what is closed is shown as the file has it");
    assert_eq!(desk.get("/api/v1/map/zones")["features"], json!([]));
    assert_eq!(server.list(&desk.token, "/api/v1/zones?kind=water-source").len(), 1);

    assert_eq!(desk.send("DELETE", "/api/v1/zones/w1", "\"1\"", &Value::Null).0, 412);
    assert_eq!(desk.send("DELETE", "/api/v1/zones/w1?note=dry", "\"2\"", &Value::Null).0, 204);
    assert_eq!(item("w1"), of_file);
    let (status, _, refused) = desk.send("DELETE", "/api/v1/zones/w1", "\"0\"", &Value::Null);
    assert_eq!((status, &refused["type"]), (409, &"urn:roadwarden:problem:in-file".into()));

    let versions = desk.get("/api/v1/zones/w1/versions");
    let said: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (&v["version"], v["action"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [(&3.into(), "remove"), (&2.into(), "close"), (&1.into(), "change")]);
    let last = &versions["items"][2];
    assert_eq!((&last["note"], &last["by"], &last["via"]), (&"moved".into(), &"test".into(), &"api".into()));
    assert_eq!(last["before"]["properties"]["kind"], "water-source");
    assert_eq!(last["feature"]["properties"]["kind"], "closed");
    assert_eq!(versions["items"][1]["feature"], Value::Null);

    let audit = server.list(&desk.token, "/api/v1/audit");
    let said: Vec<_> =
        audit.iter().map(|row| (row["action"].as_str().unwrap(), row["subject"].as_str().unwrap())).collect();
    assert_eq!(said[..3], [("zone-remove", "w1"), ("zone-close", "w1"), ("zone-change", "w1")]);
    assert!(audit[0]["detail"].as_str().unwrap().ends_with("note: dry"), "{}", audit[0]);
    assert_eq!(server.stop().0, 0);
}

/// What makes a square wrong: where in it, the wrong value, the pointer, a word of what is said.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("/geometry/coordinates/0", "[[91.0,29.0],[91.1,29.1],[91.1,29.0],[91.0,29.1],[91.0,29.0]]", "geometry/coordinates/0/0", "cross"),
    ("/geometry/coordinates/0", "[[91.0,29.0],[91.1,29.0],[91.2,29.0],[91.0,29.0]]", "geometry/coordinates/0/0", "cross"),
    ("/geometry/coordinates/0", "[[91.0,29.0],[91.0,29.0],[91.0,29.0],[91.0,29.0]]", "geometry/coordinates/0", "area"),
    ("/geometry/coordinates/0", "[[91.0,29.0],[91.1,29.1],[91.0,29.0]]", "geometry/coordinates/0", "expected at least 4"),
    ("/geometry/coordinates/0", "[[91.0,29.0],[91.1,29.0],[29.1,191.0],[91.0,29.0]]", "geometry/coordinates/0/2", "longitude first"),
    ("/geometry", r#"{"type":"Point","coordinates":[91,29]}"#, "geometry/type", "Polygon"),
    ("/properties/kind", r#""speed-limit""#, "properties/limit_kmh", "missing"),
    ("/properties/aproach_m", "500", "properties/aproach_m", "perhaps approach_m"),
    ("/properties/approach_m", "500000", "properties/approach_m", "at most 50000"),
    ("/properties/id", "null", "properties/id", "missing"),
    ("/properties/hours", r#""8-9""#, "properties/hours", "daily window"),
];

#[test]
fn a_mistake_names_its_pointer_and_changes_nothing() {
    let home = Home::new("zones-wrong", "");
    let server = Server::start(&home);
    let desk = Desk { server: &server, token: home.token("admin") };
    let draw = |desk: &Desk<'_>, feature: &Value, on: &str| {
        let (status, _, problem) =
            desk.send("POST", "/api/v1/zones", "", &json!({ "feature": feature, "drawn_on": on }));
        (status, problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned(), problem)
    };
    let good = square("x", 91.3, 29.6);
    for (at, value, pointer, said) in MISTAKES {
        let mut feature = good.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        let parent = feature.pointer_mut(parent).unwrap();
        let value: Value = serde_json::from_str(value).unwrap();
        match key.parse::<usize>() {
            Ok(place) => parent[place] = value,
            Err(_) => parent[key] = value,
        }
        let (status, told, problem) = draw(&desk, &feature, "wgs84");
        assert_eq!((status, told), (422, format!("body/feature/{pointer}")), "{at}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{at}: {problem}");
    }
    assert_eq!(draw(&desk, &good, "bd09").1, "body/drawn_on");
    // A mistake anywhere else in the files keeps a good zone out too.
    home.write("operators.csv", "operator,name,division\nOP1,拉萨运输,Lhasa\n");
    let (status, _, problem) = draw(&desk, &good, "wgs84");
    assert_eq!((status, &problem["type"]), (422, &"urn:roadwarden:problem:invalid-reference".into()));
    assert!(problem["mistakes"][0].as_str().unwrap().contains("operators.csv:2"), "{problem}");
    assert_eq!(server.list(&desk.token, "/api/v1/zones").len(), 1);
    assert!(!home.path.join("data/atlas/zones.geojson").exists());

    home.write("operators.csv", "operator,name,division\nOP1,拉萨运输,540102\n");
    for role in ["duty", "police"] {
        let other = Desk { server: &server, token: home.token(role) };
        assert_eq!(draw(&other, &good, "wgs84").0, 403);
        assert_eq!(other.get("/api/v1/zones")["items"].as_array().unwrap().len(), 1);
    }
    assert_eq!(draw(&desk, &good, "wgs84").0, 201);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn what_is_drawn_on_a_shifted_map_lies_where_it_is() {
    let home = Home::new("zones-gcj02", "");
    let server = Server::start(&home);
    let desk = Desk { server: &server, token: home.token("admin") };
    // 116.404 E 39.915 N is shown at this place of a GCJ-02 map.
    let (lon, lat) = (116.410_244_5, 39.916_404_3);
    let route = json!({
        "type": "Feature", "properties": { "id": "r1", "stops": [[lon, lat], [lon + 0.1, lat]] },
        "geometry": { "type": "LineString", "coordinates": [[lon, lat], [lon + 0.1, lat]] },
    });
    let body = json!({ "feature": route, "drawn_on": "gcj02" });
    let (status, _, drawn) = desk.send("POST", "/api/v1/routes", "", &body);
    assert_eq!(status, 201, "{drawn}");
    for at in [&drawn["geometry"]["coordinates"][0], &drawn["stops"][0]] {
        let off = (at[0].as_f64().unwrap() - 116.404).abs().max((at[1].as_f64().unwrap() - 39.915).abs());
        assert!(off < 0.000_005, "{at}");
    }
    assert_eq!(drawn["corridor_m"], 100.0);
    assert_eq!(server.list(&desk.token, "/api/v1/routes?q=R").len(), 1);
    // As another place is: no slip of a zone into a path of routes.
    assert_eq!(desk.send("GET", "/api/v1/zones/r1", "", &Value::Null).0, 404);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_collection_is_drawn_whole_or_not_at_all() {
    let home = Home::new("zones-import", "");
    let server = Server::start(&home);
    let desk = Desk { server: &server, token: home.token("admin") };
    let of_file =
        serde_json::from_str::<Value>(&std::fs::read_to_string(home.path.join("zones.geojson")).unwrap());
    let same = of_file.unwrap()["features"][0].clone();
    let collection = |features: &[Value]| json!({ "type": "FeatureCollection", "features": features });
    let mut bad = square("c", 91.5, 29.6);
    bad["geometry"]["coordinates"][0][1] = json!([500, 29]);
    let some = [square("a", 91.3, 29.6), same, square("b", 91.4, 29.6), bad, square("a", 91.6, 29.6)];
    let (status, _, told) = desk.send("POST", "/api/v1/zones/import?dry_run=true", "", &collection(&some));
    assert_eq!(
        (status, &told["added"], &told["unchanged"], &told["wrong"]),
        (200, &json!(["a", "b"]), &1.into(), &2.into())
    );
    let pointers: Vec<_> =
        told["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["body/features/3/geometry/coordinates/0/1", "body/features/4/properties/id"]);
    assert_eq!(desk.send("POST", "/api/v1/zones/import", "", &collection(&some)).0, 422);
    let good = collection(&some[..3]);
    assert_eq!(desk.send("POST", "/api/v1/zones/import?dry_run=true", "", &good).0, 200);
    assert_eq!(server.list(&desk.token, "/api/v1/zones").len(), 1);

    // Larger than what other paths take.
    let mut good = good;
    good["name"] = "x".repeat(300 * 1024).into();
    assert_eq!(desk.send("POST", "/api/v1/zones/import?note=plan", "", &good).0, 200);
    assert_eq!(desk.send("POST", "/api/v1/zones", "", &good).0, 413);
    let listed = server.list(&desk.token, "/api/v1/zones");
    let said: Vec<_> =
        listed.iter().map(|z| (z["id"].as_str().unwrap(), z["version"].as_u64().unwrap())).collect();
    assert_eq!(said, [("a", 1), ("b", 1), ("w1", 0)]);
    assert_eq!(desk.get("/api/v1/zones/b/versions")["items"][0]["note"], "plan");
    assert_eq!(server.list(&desk.token, "/api/v1/audit")[0]["action"], "zones-import");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_trial_tells_who_passed_and_draws_nothing() {
    let home = Home::new("zones-trial", "");
    let server = Server::start(&home);
    let desk = Desk { server: &server, token: home.token("admin") };
    stand(&server, "13800000003", (91.05, 29.7));
    stand(&server, "13800000002", (91.30, 29.7));
    let at = |ms: i64| fleet::ReceiveTime::from_ms(ms).to_string();
    let ask = |feature: Value, from: i64| {
        let body = json!({ "feature": feature, "from": at(from), "to": at(now_ms() + 60_000) });
        desk.send("POST", "/api/v1/zones/trial", "", &body)
    };
    let hour = 3_600_000;
    let told = eventually("the history", || {
        let (status, _, told) = ask(square("x", 91.05, 29.7), now_ms() - hour);
        assert_eq!(status, 200, "{told}");
        (told["points"] == 50).then_some(told)
    });
    let vehicles = told["vehicles"].as_array().unwrap();
    assert_eq!(
        (vehicles.len(), &vehicles[0]["terminal"], &told["complete"]),
        (1, &"13800000003".into(), &true.into())
    );
    assert_eq!((&vehicles[0]["plate"], &vehicles[0]["left_at"]), (&"藏A00003".into(), &Value::Null));
    let mut trucks = square("x", 91.05, 29.7);
    trucks["properties"]["classes"] = json!(["hazmat-truck"]);
    assert_eq!(ask(trucks, now_ms() - hour).2["vehicles"], json!([]));
    assert_eq!(ask(square("x", 91.05, 29.7), now_ms() - 8 * 24 * hour).0, 422);
    assert_eq!(server.list(&desk.token, "/api/v1/zones").len(), 1);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_crash_at_any_moment_leaves_the_old_or_the_new() {
    let home = Home::new("zones-crash", "");
    let token = home.token("admin");
    let mut made = 0;
    for round in 0..6_u64 {
        let server = Server::start(&home);
        let desk = Desk { server: &server, token: token.clone() };
        let versions = |id: &str| desk.get(&format!("/api/v1/zones/{id}/versions"))["items"].clone();
        if round > 0 {
            let now = desk.get("/api/v1/zones/x");
            let newest = &versions("x")[0];
            // What holds is what was written down last, to the last point.
            assert_eq!(newest["version"], now["version"], "round {round}");
            assert_eq!(newest["feature"]["geometry"], now["geometry"], "round {round}");
            assert!(now["version"].as_u64().unwrap() >= made, "{now} after {made} answers");
        }
        let (address, writer) = (server.http, token.clone());
        let writing = std::thread::spawn(move || {
            let mut last = 0;
            for step in 0.. {
                let body = json!({ "feature": square("x", 91.0 + f64::from(step) * 0.01, 29.6) });
                let (method, path) = if round == 0 && step == 0 {
                    ("POST", "/api/v1/zones")
                } else {
                    ("PUT", "/api/v1/zones/x")
                };
                let answer = std::panic::catch_unwind(|| {
                    http_with(address, method, &writer, path, "If-Match: *\r\n", &body.to_string())
                });
                match answer {
                    Ok((200 | 201, _, body)) => {
                        last = serde_json::from_str::<Value>(&body).unwrap()["version"].as_u64().unwrap();
                    }
                    _ => return last,
                }
            }
            last
        });
        // Long enough for some changes, and at another moment of one each time.
        std::thread::sleep(Duration::from_millis(400 + round * 37));
        server.kill();
        made = writing.join().unwrap().max(made);
    }
    assert!(made > 6, "too few changes to show anything: {made}");
}
