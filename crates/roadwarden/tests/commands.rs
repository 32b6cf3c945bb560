//! The command line as its users meet it: exit codes, texts, and the same bytes from the same input.

mod harness;

use std::fs;
use std::net::TcpListener;

use harness::{Home, frame, hex, location, run};

#[test]
fn wrong_usage_is_2() {
    assert_eq!(run(&["fly"]).status.code(), Some(2));
    assert_eq!(run(&["serve"]).status.code(), Some(2));
}

#[test]
fn check_names_every_mistake_and_serve_refuses_with_the_same_text() {
    let home = Home::new("check", "\n[rules.speeding]\nhold = \"soon\"\nholt = \"10s\"\n");
    home.write("vehicles.csv", "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un\n1,藏A00001,pink,lorry,OP1,540102,,,\n");
    home.write("zones.geojson", "{\"type\": \"FeatureCollection\", \"features\": [\n{\"type\": \"Feature\", \"properties\": {\"id\": \"z\", \"kind\": \"moat\", \"name_zh\": \"壕\", \"name_en\": \"Moat\", \"division\": \"540102\"}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[91, 29], [92, 29], [92, 30], [91, 30]]]}}\n]}\n");
    let config = home.config();
    let config = config.to_str().unwrap();
    let checked = run(&["check", "--config", config]);
    let text = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(1), "{text}");
    for mistake in [
        "roadwarden.toml:",
        "vehicles.csv:2:",
        "zones.geojson:2:",
        "soon",
        "holt",
        "pink",
        "lorry",
        "moat",
        "close",
    ] {
        assert!(text.contains(mistake), "{mistake} is not named in:\n{text}");
    }
    let served = run(&["serve", "--config", config]);
    assert_eq!(served.status.code(), Some(1));
    assert_eq!(String::from_utf8(served.stderr).unwrap(), text);
}

#[test]
fn a_missing_file_is_named() {
    let home = Home::new("missing", "");
    fs::remove_file(home.path.join("vehicles.csv")).unwrap();
    let checked = run(&["check", "--config", home.config().to_str().unwrap()]);
    let text = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.status.code() == Some(1) && text.contains("vehicles.csv"), "{text}");
    let nowhere = run(&["check", "--config", "/nonexistent/roadwarden.toml"]);
    let text = String::from_utf8(nowhere.stderr).unwrap();
    assert!(nowhere.status.code() == Some(1) && text.contains("/nonexistent/roadwarden.toml"), "{text}");
}

#[test]
fn a_port_that_is_taken_is_3_and_named() {
    for table in ["gateway", "mqtt", "http"] {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let port = taken.local_addr().unwrap().port().to_string();
        let home = Home::new(&format!("taken-{table}"), "");
        let config = fs::read_to_string(home.config()).unwrap();
        let from = format!("[{table}]\nlisten = \"127.0.0.1:0\"");
        assert!(config.contains(&from));
        home.write("roadwarden.toml", &config.replace(&from, &format!("[{table}]\nlisten = \"{address}\"")));
        let served = run(&["serve", "--config", home.config().to_str().unwrap()]);
        let text = String::from_utf8(served.stderr).unwrap();
        assert!(
            served.status.code() == Some(3) && text.contains(&port),
            "{table}: {:?}\n{text}",
            served.status.code()
        );
    }
}

#[test]
fn replay_gives_the_same_bytes_every_time() {
    let home = Home::new("replay", "");
    let mut recording = String::new();
    // A dangerous-goods truck at 30 m/s, straight through the water-source area.
    for second in 0..400_i64 {
        let at_ms = 1_767_225_600_000 + second * 1000;
        let lon = 91.15 + second as f64 * 0.000_31;
        let frame = frame(0x0200, "13800000001", second as u16, &location(at_ms, lon, 29.6, 108.0, 0));
        let hex = hex(&frame);
        recording.push_str(&format!(
            "{{\"at\": \"{}\", \"hex\": \"{hex}\"}}\n",
            fleet::ReceiveTime::from_ms(at_ms + 300)
        ));
    }
    home.write("drive.jsonl", &recording);
    let recording = home.path.join("drive.jsonl");
    let replay = || {
        let output =
            run(&["replay", "--config", home.config().to_str().unwrap(), recording.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let first = replay();
    assert_eq!(first, replay());
    let text = String::from_utf8(first).unwrap();
    let alerts: Vec<fleet::Alert> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen = |rule: &str, state: fleet::State| {
        alerts.iter().filter(|a| a.rule.as_str() == rule && a.state == state).count()
    };
    assert_eq!(seen("speeding", fleet::State::Raised), 1, "{text}");
    assert_eq!(seen("hazmat-zone", fleet::State::Raised), 1, "{text}");
    assert_eq!(seen("hazmat-zone", fleet::State::Cleared), 1, "{text}");
    assert!(alerts.iter().all(|alert| !alert.basis.is_empty() && !alert.departments.is_empty()));
}

#[test]
fn a_bad_line_of_a_recording_is_named() {
    let home = Home::new("badline", "");
    home.write("bad.jsonl", "\n{\"at\": \"2026-01-01T08:00:00+08:00\", \"hex\": \"7g\"}\n");
    home.write(
        "bad.csv",
        "terminal,time,lon,lat,speed_kmh,heading\n1,2026-01-01T08:00:00+08:00,91,29,fast,\n",
    );
    for (name, expected) in [("bad.jsonl", "bad.jsonl:2"), ("bad.csv", "bad.csv:2")] {
        let path = home.path.join(name);
        let output = run(&["replay", "--config", home.config().to_str().unwrap(), path.to_str().unwrap()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && text.contains(expected), "{text}");
    }
}

#[test]
fn decode_prints_a_frame_and_fails_at_the_end() {
    let good = hex(&frame(0x0200, "13800000001", 7, &location(1_767_225_600_000, 91.1, 29.6, 62.0, 2)));
    let output = run(&["decode", &good]);
    assert!(output.status.success());
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["id"], "0200");
    assert_eq!(value["name"], "location-report");
    assert_eq!(value["edition"], "2013");
    assert_eq!(value["terminal"], "13800000001");
    assert_eq!(value["serial"], 7);
    assert_eq!(value["packet"], serde_json::Value::Null);
    assert_eq!(value["body"]["speed_kmh"], 62.0);
    assert_eq!(value["body"]["lon"], 91.1);
    assert_eq!(value["body"]["time"], "2026-01-01T08:00:00+08:00");
    let bad = format!("{}007e", &good[..good.len() - 4]);
    let output = run(&["decode", &bad, &good]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() == 2 && lines[0]["error"].is_string() && lines[1]["id"] == "0200", "{lines:?}");
}
