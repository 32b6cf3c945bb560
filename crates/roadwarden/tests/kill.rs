//! `kill -9` at any moment loses no acknowledged report and raises no alert twice.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};

use harness::{Home, Server, Terminal, eventually, frame, location, now_ms};

const ROUNDS: u64 = 20;
const STEP_MS: i64 = 1000;
/// One a second; all rounds together stay inside the live window.
const REPORTS_A_ROUND: u16 = 25;

#[test]
fn killing_the_service_loses_no_acknowledged_report_and_raises_nothing_twice() {
    let home = Home::new("kill", "");
    let token = home.token("admin");
    let terminals = ["13800000001", "13800000002"];
    let start_ms = (now_ms() / 1000 - 500) * 1000;
    // What every terminal has to report, oldest first; a report stays here until it is acknowledged.
    let mut next: BTreeMap<&str, i64> = terminals.iter().map(|t| (*t, 0)).collect();
    let mut acknowledged: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();

    for round in 0..ROUNDS {
        let server = Server::start(&home);
        for terminal in terminals {
            let first = next[terminal];
            let done = drive(&server, terminal, start_ms, first, round);
            acknowledged.entry(terminal).or_default().extend(&done);
            // Everything up to the first gap is acknowledged; the rest is sent again, as a terminal does.
            let all = &acknowledged[terminal];
            let upto = (first..).find(|n| !all.contains(n)).unwrap();
            next.insert(terminal, upto);
        }
        if round % 4 == 3 {
            // The next start goes on from a snapshot, the others fold the journal from its beginning.
            await_snapshot(&server, terminals[1], start_ms);
        }
        server.kill();
    }

    let server = Server::start(&home);
    for terminal in terminals {
        let expected = &acknowledged[terminal];
        assert!(
            expected.len() > usize::from(REPORTS_A_ROUND),
            "the test itself got too little acknowledged: {}",
            expected.len()
        );
        eventually("every acknowledged report is in the track", || {
            let times: BTreeSet<String> = server
                .list(&token, &format!("/api/v1/vehicles/{terminal}/track"))
                .iter()
                .map(|p| p["time"].as_str().unwrap().to_owned())
                .collect();
            expected.iter().all(|n| times.contains(&rfc3339_ms(start_ms + n * STEP_MS))).then_some(())
        });
    }
    // The drive breaks one rule once: the truck is over its limit from the beginning to the end.
    let alerts = eventually("the truck's speeding is listed", || {
        let alerts = server.list(&token, "/api/v1/alerts?rule=speeding&terminal=13800000001");
        (!alerts.is_empty()).then_some(alerts)
    });
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), alerts.len(), "an alert is listed twice");
    assert_eq!(alerts.len(), 1, "one episode, one alert: {alerts:#?}");
    let (code, log) = server.stop();
    assert_eq!(code, 0, "{log:#?}");
}

/// Sends reports from number `first` on and returns those acknowledged before the connection is given up.
fn drive(server: &Server, terminal: &str, start_ms: i64, first: i64, round: u64) -> Vec<i64> {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(terminal);
    let count = i64::from(REPORTS_A_ROUND);
    for step in 0..count {
        let number = first + step;
        // 100 km/h eastwards, past a truck's 80 and within a coach's 100.
        let lon = 90.0 + f64::from(u32::try_from(number).unwrap()) * 0.000_287;
        let body = location(start_ms + number * STEP_MS, lon, 29.3, 100.0, 0);
        link.send(&frame(0x0200, terminal, u16::try_from(step).unwrap() + 10, &body)).unwrap();
    }
    // Another moment each round: from "hardly anything answered" to "all of it".
    let wanted = usize::try_from((round * 17) % (u64::from(REPORTS_A_ROUND) + 1)).unwrap();
    link.read_until("some acknowledgements", |t| t.acknowledged.len() >= wanted);
    link.acknowledged.iter().map(|serial| first + i64::from(*serial) - 10).collect()
}

/// Sends what is known already until a snapshot has been written.
fn await_snapshot(server: &Server, terminal: &str, start_ms: i64) {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(terminal);
    eventually("a snapshot", || {
        link.send(&frame(0x0200, terminal, 9, &location(start_ms, 90.0, 29.3, 100.0, 0))).unwrap();
        link.read().unwrap();
        let (_, metrics) = server.get("", "/metrics");
        metrics
            .lines()
            .any(|line| line.strip_prefix("roadwarden_snapshots_total ").is_some_and(|n| n != "0"))
            .then_some(())
    });
}

fn rfc3339_ms(ms: i64) -> String {
    fleet::EventTime::from_ms(ms).to_rfc3339_ms()
}
