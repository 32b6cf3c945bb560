//! The log of the real binary, while terminals, browsers and clients of the broker send line breaks and escape sequences.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use harness::{Home, Server, Terminal, frame, http};

const TERMINAL: &str = "13800000001";
/// Would begin a line, clear the screen, and turn what follows around.
const FORGED: &str = "x\r\n2026-01-01T00:00:00.000000Z  INFO FORGED\x1b[2J\x1b]0;FORGED\x07";

#[test]
fn c11_nothing_that_was_sent_begins_a_line_of_the_log() {
    let home = Home::new("log", "");
    // All there is, also of the libraries below.
    let server = Server::start_with(&home, &[("RUST_LOG", "trace")]);
    let mut terminal = Terminal::connect(server.gateway).unwrap();
    terminal.send(&frame(0x0100, TERMINAL, 0, &registration(FORGED))).unwrap();
    terminal.read_until("0x8100", |it| it.answers.iter().any(|(id, _)| *id == 0x8100));
    // An authentication code, and a text, of one who is not on file.
    terminal.send(&frame(0x0102, TERMINAL, 1, FORGED.as_bytes())).unwrap();
    terminal.read_until("an answer", |it| it.answers.iter().any(|(id, _)| *id == 0x8001));

    let sign_in = serde_json::json!({ "name": FORGED, "password": FORGED }).to_string();
    assert_eq!(http(server.http, "POST", "", "/api/v1/session", &sign_in).0, 401);
    let path = "/api/v1/alerts?plate=x%0d%0aFORGED%1b%5b2J&FORGED%0a=1";
    assert_eq!(http(server.http, "GET", "", path, "").0, 401);
    subscribe(server.mqtt);

    let (code, log) = server.stop();
    assert_eq!(code, 0);
    let named = log.iter().filter(|line| line.contains("FORGED")).count();
    assert!(named > 0, "nothing of it is logged, so this shows nothing");
    let year = now_year();
    for line in &log {
        let is_ours = line.starts_with(&year) && !line.starts_with("2026-01-01T00:00:00.000000Z");
        assert!(is_ours, "{line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

fn now_year() -> String {
    fleet::ReceiveTime::from_ms(harness::now_ms()).to_string()[..4].to_owned()
}

/// JT/T 808-2013 table 9: province, city, maker, model, id, colour, plate.
fn registration(plate: &str) -> Vec<u8> {
    let mut body = vec![0, 54, 0, 1];
    body.extend(b"A\r\n\x1b[");
    body.extend(b"M\r\n\x1b[2JFORGED\0\0\0\0\0\0\0\0\0");
    body.extend(b"I\r\nFOR\0");
    body.push(2);
    body.extend(plate.as_bytes());
    body
}

/// MQTT 3.1.1 CONNECT with a client id and a name that would begin a line; whatever the broker answers.
fn subscribe(broker: SocketAddr) {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0b1100_0010, 0, 30];
    for text in [FORGED, FORGED, "secret"] {
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.as_bytes());
    }
    let mut packet = vec![0x10];
    packet.extend([u8::try_from(body.len() & 0x7f).unwrap() | 0x80, u8::try_from(body.len() >> 7).unwrap()]);
    packet.extend(body);
    let mut connection = TcpStream::connect(broker).unwrap();
    connection.write_all(&packet).unwrap();
    let _ = connection.read(&mut [0; 16]);
}
