//! A monitor reports a displaced bridge over MQTT: who is on it is told at once, and it stays closed over a restart until
//! a person opens it.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fleet::{Alert, EventTime, RuleId, State};
use harness::{Home, PATIENCE, Server, Terminal, eventually, frame, hex, http, location, now_ms};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

const TRUCK: &str = "13800000001";
const ACCOUNTS: &str = r#"
[[mqtt.accounts]]
name = "highways"
department = "transport"
password = "secret-of-highways"
"#;
/// A bridge that forbids nothing to dangerous goods.
const BRIDGE: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "bridge", "kind": "bridge", "name_zh": "雅江大桥", "name_en": "Yajiang bridge", "division": "540102", "classes": ["school-bus"]},
 "geometry": {"type": "LineString", "coordinates": [[91.09, 29.60], [91.11, 29.60]]}}
]}"#;

/// A connection of the highway department: publishes readings, hears alerts.
fn highways(server: &Server, id: &str) -> (Client, Receiver<Alert>) {
    let mut options = MqttOptions::new(id, server.mqtt.ip().to_string(), server.mqtt.port());
    options.set_credentials("highways", "secret-of-highways");
    let (client, mut connection) = Client::new(options, 16);
    client.subscribe("roadwarden/v1/alerts/transport/#", QoS::AtLeastOnce).unwrap();
    let (sender, alerts) = channel();
    let (ready, subscribed) = channel();
    std::thread::spawn(move || {
        for event in connection.iter() {
            match event {
                Ok(Event::Incoming(Packet::SubAck(_))) => ready.send(()).unwrap(),
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    if sender.send(serde_json::from_slice(&publish.payload).unwrap()).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    subscribed.recv_timeout(PATIENCE).unwrap();
    (client, alerts)
}

fn publish(client: &Client, at_ms: i64, displacement_mm: f64) -> EventTime {
    let at = EventTime::from_ms(at_ms / 1000 * 1000);
    let reading = format!(r#"{{"at": "{at}", "displacement_mm": {displacement_mm}}}"#);
    client.publish("roadwarden/v1/structures/bridge/displacement", QoS::AtLeastOnce, false, reading).unwrap();
    at
}

fn structures(server: &Server, token: &str) -> Vec<serde_json::Value> {
    server.get_json(token, "/api/v1/structures")["items"].as_array().unwrap().clone()
}

/// The truck stands on the bridge.
fn report(server: &Server, serial: u16) {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(TRUCK);
    link.send(&frame(0x0200, TRUCK, serial, &location(now_ms(), 91.10, 29.60, 0.0, 0))).unwrap();
    link.read_until("the acknowledgement", |t| t.acknowledged.contains(&serial));
}

#[test]
fn a_displaced_bridge_is_closed_until_a_person_opens_it() {
    let home = Home::new("structures", ACCOUNTS);
    home.write("zones.geojson", &BRIDGE.replace("\"classes\"", "\"width_m\": 60, \"classes\""));
    let server = Server::start(&home);
    let token = home.token("duty");
    let (monitor, alerts) = highways(&server, "before");
    report(&server, 5);
    eventually("the truck on the map", || {
        Some(server.get_json(&token, &format!("/api/v1/vehicles/{TRUCK}")))
            .filter(|v| !v["position"].is_null())
    });
    let now = now_ms();
    publish(&monitor, now - 2_000, 25.0);
    let at = publish(&monitor, now, 26.5);
    let raised = alerts.recv_timeout(PATIENCE).unwrap();
    assert_eq!(
        (raised.rule, raised.state, raised.vehicle.plate.as_str()),
        (RuleId::CLOSED_STRUCTURE, State::Raised, "藏A00001")
    );
    let listed = structures(&server, &token);
    assert_eq!(
        (&listed[0]["closed_level"], &listed[0]["last"]["displacement_mm"]),
        (&2.into(), &26.5.into())
    );
    let evidence = server.get_json(&token, &format!("/api/v1/alerts/{}/evidence", raised.id));
    let frames = evidence["frames"].as_array().unwrap();
    let reading = format!(
        r#"{{"notice":"displacement","structure":"bridge","at":"{at}","displacement_mm":26.5,"level":null}}"#
    );
    assert_eq!(frames.last().unwrap()["hex"], hex(reading.as_bytes()), "{evidence}");

    assert_eq!(server.stop().0, 0);
    let server = Server::start(&home);
    let (monitor, alerts) = highways(&server, "after");
    assert_eq!(structures(&server, &token)[0]["closed_level"], 2);
    report(&server, 6);
    publish(&monitor, now_ms() + 1_000, 1.0); // calm readings open nothing
    publish(&monitor, now_ms() + 2_000, 1.0);
    eventually("the calm reading", || {
        let listed = structures(&server, &token);
        Some(()).filter(|()| listed[0]["last"]["displacement_mm"] == 1.0 && listed[0]["closed_level"] == 2)
    });
    // The broker may give out the first alert again; nothing else has been said.
    let said = std::iter::from_fn(|| alerts.recv_timeout(Duration::from_millis(300)).ok());
    assert!(said.map(|alert| (alert.id, alert.revision)).all(|seen| seen == (raised.id, 1)));

    let body = r#"{"note": "巡检无异常"}"#;
    let (status, answer) = http(server.http, "POST", &token, "/api/v1/structures/bridge/reopen", body);
    assert_eq!(status, 202, "{answer}");
    let cleared = alerts.recv_timeout(PATIENCE).unwrap();
    assert_eq!((cleared.id, cleared.state), (raised.id, State::Cleared));
    let listed = eventually("the bridge open", || {
        Some(structures(&server, &token)).filter(|listed| listed[0]["closed_at"].is_null())
    });
    assert_eq!(
        (&listed[0]["reopened_by"], &listed[0]["closed_level"]),
        (&"test".into(), &serde_json::Value::Null)
    );
    assert_eq!(http(server.http, "POST", &token, "/api/v1/structures/bridge/reopen", body).0, 409);
    assert_eq!(server.stop().0, 0);
}
