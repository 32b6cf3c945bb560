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

/// A truck that speeds, a truck that speeds a little, and a button that is pressed, as a track.
fn drives() -> String {
    let mut rows = String::from("terminal,time,lon,lat,speed_kmh,heading,alarm,status\n");
    // One degree of longitude is 96.7 km here.
    let (mut one, mut two) = (91.0, 91.0);
    for second in 0..600_i64 {
        let time = fleet::EventTime::from_ms(1_767_225_600_000 + second * 1000);
        let (fast, little) = match second {
            0..60 | 300.. => (60.0, 60.0),
            60..100 => (95.0, 87.0),
            _ => (115.0, 87.0),
        };
        one += fast / 3.6 / 96_700.0;
        two += little / 3.6 / 96_700.0;
        let alarm = u32::from((400..420).contains(&second));
        rows += &format!("13800000001,{time},{one:.6},29.7,{fast},90,0,3\n");
        rows += &format!("13800000004,{time},{two:.6},29.7,{little},90,{alarm},3\n");
    }
    rows
}

#[test]
fn two_configurations_are_compared_over_one_recording() {
    let home = Home::new("compare", "");
    home.write("drive.csv", &drives());
    let config = fs::read_to_string(home.config()).unwrap();
    let path = |name: &str| home.path.join(name).to_str().unwrap().to_owned();
    let compare = |name: &str, more: &str| {
        home.write(name, &format!("{config}{more}"));
        let (base, other, drive) = (path("roadwarden.toml"), path(name), path("drive.csv"));
        let output = run(&["replay", "--config", &base, "--compare", &other, &drive]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines, said, text)
    };
    // Every figure is stricter or more lenient for one vehicle, and the button is not asked any more.
    let other = "[rules.sos]\nenabled = false\n[[rules.override]]\nclass = \"hazmat-truck\"\n\
        [rules.override.speeding]\nhazmat_truck_kmh = 100\n[[rules.override]]\nclass = \"heavy-truck\"\n\
        [rules.override.speeding]\nheavy_truck_kmh = 80\n";
    let (lines, said, text) = compare("other.toml", other);
    let changes: Vec<_> = lines
        .iter()
        .map(|line| {
            let alert = &line["alert"];
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            (text(&line["change"]), text(&alert["rule"]), text(&alert["vehicle"]["terminal"]))
        })
        .collect();
    let row = |change: &str, rule: &str, terminal: &str| (change.into(), rule.into(), terminal.into());
    assert_eq!(
        changes,
        [
            row("gained", "speeding", "13800000004"),
            row("changed", "speeding", "13800000001"),
            row("lost", "sos", "13800000004"),
        ],
        "{text}"
    );
    // One event, seen later and weighed less; both sides are shown.
    let changed = &lines[1];
    let started = |alert: &serde_json::Value| alert["started_at"].as_str().unwrap().to_owned();
    assert!(started(&changed["before"]).starts_with("2026-01-01T08:01:0"), "{changed}");
    assert!(started(&changed["alert"]).starts_with("2026-01-01T08:01:4"), "{changed}");
    let fields: Vec<&str> =
        changed["fields"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    for field in ["severity", "started_at", "raised_at", "measure"] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    assert!(
        said.contains("compared 比较: 1 gained 新增, 1 lost 消失, 1 changed 变化, 0 the same 相同"),
        "{said}"
    );
    assert!(
        said.contains("\n  speeding: gained 1 lost 0 changed 1\n  sos: gained 0 lost 1 changed 0\n"),
        "{said}"
    );
    assert_eq!(compare("other.toml", other).2, text, "the same bytes every time");

    let (lines, said, _) = compare("same.toml", "[rules.fatigue]\nlimit = \"5h\"\n");
    assert!(
        lines.is_empty() && said.contains("0 gained 新增, 0 lost 消失, 0 changed 变化, 2 the same 相同"),
        "{said}"
    );
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

#[test]
fn decode_fails_alike_in_every_format() {
    let good = hex(&frame(0x0200, "13800000001", 7, &location(1_767_225_600_000, 91.1, 29.6, 62.0, 2)));
    let cut = hex(&frame(0x0200, "13800000001", 8, &[0; 9]));
    for format in ["json", "text", "annotated"] {
        let code =
            |frames: &[&str]| run(&[&["decode", "--format", format][..], frames].concat()).status.code();
        assert_eq!(code(&[&good]), Some(0), "{format}");
        assert_eq!(code(&[&cut, &good]), Some(1), "{format}");
        assert_eq!(code(&["7e"]), Some(1), "{format}");
        assert_eq!(code(&["no hex"]), Some(1), "{format}");
    }
    assert_eq!(run(&["decode", "--format", "prose", &good]).status.code(), Some(2));
    let output = run(&["decode", "--format", "annotated", "--full", &cut]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("纬度 需要 4 字节，只剩 1 字节 / latitude needs 4 bytes, 1 are left"), "{text}");
}
