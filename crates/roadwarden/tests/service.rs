//! A frame comes in over TCP, and a moment later its alert is on MQTT, in the list, and in a replay.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use harness::{Home, PATIENCE, Server, Terminal, eventually, frame, hex, location, now_ms};

const SOS: u32 = 1;

#[test]
fn an_emergency_is_on_mqtt_for_its_departments_alone() {
    if !Path::new("/usr/bin/mosquitto_sub").exists() {
        eprintln!("skipped: mosquitto_sub is not installed (Debian: mosquitto-clients)");
        return;
    }
    let accounts =
        "\n[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = \"secret-of-police\"\n";
    let home = Home::new("mqtt", accounts);
    let server = Server::start(&home);
    let mut subscriber = Command::new("/usr/bin/mosquitto_sub")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &server.mqtt.port().to_string(),
            "-u",
            "police",
            "-P",
            "secret-of-police",
        ])
        .args(["-q", "1", "-v", "-t", "roadwarden/v1/alerts/police/54/5401/#", "-t", "roadwarden/v1/status"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = channel();
    let stdout = BufReader::new(subscriber.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    // Retained: once it is here, the subscription stands.
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "roadwarden/v1/status {\"state\":\"online\"}");

    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000002");
    let call = frame(0x0200, "13800000002", 5, &location(now_ms(), 91.1, 29.6, 40.0, SOS));
    link.send(&call).unwrap();
    link.read_until("the acknowledgement", |t| t.acknowledged.contains(&5));

    // The status may be said again in between.
    let said = std::iter::repeat_with(|| lines.recv_timeout(PATIENCE).unwrap());
    let line = said.into_iter().find(|line| !line.starts_with("roadwarden/v1/status")).unwrap();
    let (topic, payload) = line.split_once(' ').unwrap();
    assert_eq!(topic, "roadwarden/v1/alerts/police/54/5401/540102/sos");
    let alert: fleet::Alert = serde_json::from_str(payload).unwrap();
    assert_eq!((alert.vehicle.plate.as_str(), alert.severity), ("藏A00002", fleet::Severity::Critical));
    assert_eq!(alert.position.lon, 91.1);

    let token = home.token("duty");
    let listed = server.list(&token, "/api/v1/alerts?rule=sos");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], alert.id.to_string());
    assert_eq!(listed[0]["handling"]["status"], "new");
    let evidence = server.get_json(&token, &format!("/api/v1/alerts/{}/evidence", alert.id));
    let hex = hex(&call);
    assert_eq!((&evidence["frames"][0]["revision"], &evidence["frames"][0]["hex"]), (&1.into(), &hex.into()));
    subscriber.kill().unwrap();
    subscriber.wait().unwrap();
    assert_eq!(server.stop().0, 0);
}

#[test]
fn the_button_is_heard_before_the_terminal_knows_time_or_place() {
    let home = Home::new("button", "");
    let server = Server::start(&home);
    let token = home.token("duty");
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000003");
    let mut body = location(0, 0.0, 0.0, 0.0, SOS);
    body[4..8].copy_from_slice(&[0; 4]); // No fix.
    body[22..28].copy_from_slice(&[0; 6]); // No time.
    link.send(&frame(0x0200, "13800000003", 5, &body)).unwrap();
    let alerts = eventually("the alert", || {
        Some(server.list(&token, "/api/v1/alerts?rule=sos")).filter(|alerts| !alerts.is_empty())
    });
    assert_eq!((alerts.len(), &alerts[0]["vehicle"]["plate"]), (1, &"藏A00003".into()));
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_bad_frame_costs_itself_only() {
    let home = Home::new("bad", "");
    let server = Server::start(&home);
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000002");
    let now = now_ms();
    let good = |serial: u16| {
        frame(
            0x0200,
            "13800000002",
            serial,
            &location(now + i64::from(serial) * 1000 - 60_000, 91.1, 29.6, 40.0, 0),
        )
    };
    let mut stream = good(10);
    let mut broken = good(11);
    broken[20] ^= 0x10; // A wrong checksum now.
    stream.extend(broken);
    stream.extend(b"$$ junk");
    stream.extend(good(12));
    stream.extend(frame(0x0200, "13800000002", 13, &[0; 9])); // Too short for a location.
    let mut impossible = location(now, 91.1, 29.6, 40.0, 0);
    impossible[22..28].copy_from_slice(&[0x26, 0x13, 0x45, 0x99, 0x99, 0x99]);
    stream.extend(frame(0x0200, "13800000002", 14, &impossible));
    stream.extend(good(15));
    for piece in stream.chunks(7) {
        link.send(piece).unwrap();
    }
    link.read_until("the frames around the bad ones", |t| {
        [10, 12, 15].iter().all(|serial| t.acknowledged.contains(serial))
    });
    link.read_until("a refusal of the short one", |t| {
        t.answers.iter().any(|(id, b)| *id == 0x8001 && b[..2] == [0, 13] && b[4] != 0)
    });
    assert!(!link.acknowledged.contains(&11));
    let (_, metrics) = server.get("", "/metrics");
    let rejected = metrics
        .lines()
        .filter(|line| line.starts_with("roadwarden_frames_rejected_total") && !line.ends_with(" 0"))
        .count();
    assert!(rejected >= 1, "nothing was counted as rejected:\n{metrics}");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn what_serve_raised_a_replay_of_the_same_frames_raises_again() {
    let home = Home::new("same", "");
    let server = Server::start(&home);
    let token = home.token("duty");
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000001");
    let start = (now_ms() / 1000 - 300) * 1000;
    let mut recording = String::new();
    for second in 0..290_i64 {
        let at = start + second * 1000;
        let sent = frame(
            0x0200,
            "13800000001",
            second as u16 + 10,
            &location(at, 91.17 + second as f64 * 0.000_31, 29.6, 108.0, 0),
        );
        link.send(&sent).unwrap();
        let hex = hex(&sent);
        recording.push_str(&format!(
            "{{\"at\": \"{}\", \"hex\": \"{hex}\"}}\n",
            fleet::ReceiveTime::from_ms(start + 300_000)
        ));
    }
    link.read_until("all acknowledgements", |t| t.acknowledged.len() == 290);
    home.write("drive.jsonl", &recording);
    let output = harness::run(&[
        "replay",
        "--config",
        home.config().to_str().unwrap(),
        home.path.join("drive.jsonl").to_str().unwrap(),
    ]);
    let replayed: Vec<fleet::Alert> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut expected: Vec<(String, u64)> = Vec::new();
    for alert in &replayed {
        expected.retain(|(id, _)| *id != alert.id.to_string());
        expected.push((alert.id.to_string(), u64::from(alert.revision)));
    }
    expected.sort();
    assert!(expected.len() >= 2, "{replayed:#?}");
    eventually("the same alerts in the same revisions", || {
        let mut listed: Vec<(String, u64)> = server
            .list(&token, "/api/v1/alerts?terminal=13800000001")
            .iter()
            .map(|alert| (alert["id"].as_str().unwrap().to_owned(), alert["revision"].as_u64().unwrap()))
            .collect();
        listed.sort();
        (listed == expected).then_some(())
    });
    assert_eq!(server.stop().0, 0);
}

#[test]
fn health_says_alive_and_ready() {
    let home = Home::new("health", "");
    let server = Server::start(&home);
    assert_eq!(server.get("", "/healthz").0, 200);
    assert_eq!(server.get("", "/readyz").0, 200);
    assert_eq!(server.get("", "/api/v1/alerts").0, 401);
    assert_eq!(server.stop().0, 0);
}
