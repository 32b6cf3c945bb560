//! A command outlives a `kill -9` at any moment and reaches its terminal.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use harness::{Home, Server, Terminal, eventually, frame, http};
use serde_json::{Value, json};

const TERMINAL: &str = "13800000001";

fn queue(server: &Server, token: &str, command: &Value) -> String {
    let path = format!("/api/v1/vehicles/{TERMINAL}/commands");
    let body = json!({ "command": command }).to_string();
    let (status, answer) = http(server.http, "POST", token, &path, &body);
    assert_eq!(status, 202, "{answer}");
    serde_json::from_str::<Value>(&answer).unwrap()["id"].as_str().unwrap().to_owned()
}

/// Serials and bodies of the texts a terminal has got.
fn texts(link: &Terminal) -> Vec<(u16, Vec<u8>)> {
    link.commands
        .iter()
        .filter(|(id, ..)| *id == 0x8300)
        .map(|(_, serial, body)| (*serial, body.clone()))
        .collect()
}

/// What the audit log says of a command, oldest first.
fn story(server: &Server, token: &str, id: &str) -> Vec<String> {
    let rows = server.get_json(token, "/api/v1/audit?limit=1000");
    let rows = rows["items"].as_array().unwrap();
    let own = rows.iter().rev().filter(|row| row["subject"] == id);
    own.map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

fn acknowledge(link: &mut Terminal, serial: u16) {
    let [high, low] = serial.to_be_bytes();
    link.send(&frame(0x0001, TERMINAL, 9, &[high, low, 0x83, 0, 0])).unwrap();
}

fn until_acknowledged(server: &Server, token: &str, id: &str) -> Value {
    eventually("the command is acknowledged", || {
        let command = server.get_json(token, &format!("/api/v1/commands/{id}"));
        (command["state"] == "acknowledged").then_some(command)
    })
}

#[test]
fn a_text_queued_before_a_kill_reaches_its_terminal_once_after_it() {
    let home = Home::new("downlink", "");
    let token = home.token("admin");
    let server = Server::start(&home);
    let id = queue(&server, &token, &json!({ "kind": "text", "text": "hello" }));
    server.kill();

    let server = Server::start(&home);
    let waiting = server.get_json(&token, &format!("/api/v1/commands/{id}"));
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("queued"), &json!(0)));
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(TERMINAL);
    link.read_until("the text", |link| !texts(link).is_empty());
    let (serial, body) = texts(&link).remove(0);
    assert_eq!(body, b"\x08hello");
    acknowledge(&mut link, serial);
    let done = until_acknowledged(&server, &token, &id);
    assert_eq!((&done["attempts"], &done["result"], &done["serial"]), (&json!(1), &json!(0), &json!(serial)));
    let expected = ["command-queued", "command-sent", "command-acknowledged"];
    assert_eq!(story(&server, &token, &id), expected);

    // Killed between the send and the answer: it may have been lost on the way, so it comes again.
    let id = queue(&server, &token, &json!({ "kind": "text", "text": "again" }));
    link.read_until("the second text", |link| texts(link).len() == 2);
    server.kill();
    let server = Server::start(&home);
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(TERMINAL);
    link.read_until("the second text once more", |link| !texts(link).is_empty());
    let (serial, body) = texts(&link).remove(0);
    assert_eq!(body, b"\x08again");
    acknowledge(&mut link, serial);
    assert_eq!(until_acknowledged(&server, &token, &id)["attempts"], 2);
    let expected =
        ["command-queued", "command-sent", "command-queued", "command-sent", "command-acknowledged"];
    assert_eq!(story(&server, &token, &id), expected);
    link.finish();
    assert_eq!(texts(&link).len(), 1, "nothing is sent once more than it has to be");
    let (_, metrics) = server.get("", "/metrics");
    let line = "roadwarden_commands_ended_total{state=\"acknowledged\"} 1";
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
    let (code, log) = server.stop();
    assert_eq!(code, 0, "{log:#?}");
}
