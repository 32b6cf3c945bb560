//! A changed rule takes effect without a restart, all or nothing, and the ledger says what changed and who asked.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use harness::{Home, Server, Terminal, eventually, frame, http, location, now_ms};
use ledger::{AuditEntry, Ledger, Via};

const SOS: u32 = 1;

#[test]
fn what_a_reload_changes_is_in_force_and_in_the_ledger() {
    let home = Home::new("reload", "[rules.sos]\nenabled = false\n");
    let config = std::fs::read_to_string(home.config()).unwrap();
    let server = Server::start(&home);
    let token = home.token("duty");
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in("13800000002");
    // A report speaks of a whole second; two of one second are one report.
    let first_ms = now_ms() - 10_000;
    let mut call = |serial: u16| {
        let at_ms = first_ms + i64::from(serial) * 1000;
        let sent = frame(0x0200, "13800000002", serial, &location(at_ms, 91.1, 29.6, 40.0, SOS));
        link.send(&sent).unwrap();
        link.read_until("the acknowledgement", |t| t.acknowledged.contains(&serial));
    };
    let calls = || server.list(&token, "/api/v1/alerts?rule=sos").len();
    call(5);

    let override_ = "[[rules.override]]\nclass = \"hazmat-truck\"\n[rules.override.sos]\nhold = \"1s\"\n";
    home.write(
        "roadwarden.toml",
        &(config.replace("[rules.sos]\nenabled = false\n", "[rules.speeding]\nhold = \"10s\"\n") + override_),
    );
    server.hang_up("reference files reloaded");
    // What was not a call under the old rules is none under the new ones; the next word is.
    assert_eq!(calls(), 0);
    call(6);
    eventually("the call", || (calls() == 1).then_some(()));

    home.write("roadwarden.toml", &format!("{config}[rules.speeding]\nhold = \"soon\"\n"));
    server.hang_up("reload refused");
    home.write("roadwarden.toml", &config.replace("[rules.sos]\nenabled = false\n", ""));
    home.write("zones.geojson", "{\"type\": \"FeatureCollection\", \"features\": []}\n");
    let admin = home.token("admin");
    let (status, body) = http(server.http, "POST", &admin, "/api/v1/reload", "");
    assert!(status == 200 && body.contains("override for class hazmat-truck removed"), "{status} {body}");
    let shown = server.list(&admin, "/api/v1/audit");
    assert_eq!((&shown[0]["action"], &shown[0]["by"]), (&"reload".into(), &"test".into()));
    assert_eq!(server.stop().0, 0);
    check(&audit(&home));
}

fn audit(home: &Home) -> Vec<AuditEntry> {
    let ledger = Ledger::open(&home.path.join("data/ledger.db"), &prometheus::Registry::new()).unwrap();
    let mut rows = ledger.audit_log(99).unwrap();
    rows.reverse();
    // Tokens of the tests are accounts, and stand there too; so do the values of the chains.
    rows.retain(|row| !["token-add", "note-chains"].contains(&row.action.as_str()));
    rows
}

fn check(rows: &[AuditEntry]) {
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["start", "reload", "reload-refused", "reload"], "{rows:#?}");
    let by: Vec<(&str, Via)> = rows.iter().map(|row| (row.by.as_str(), row.via)).collect();
    let hangup = ("SIGHUP", Via::Service);
    assert_eq!(by, [("roadwarden", Via::Service), hangup, hangup, ("test", Via::Api)]);
    let [start, first, refused, second] = rows else { panic!("{rows:#?}") };
    let (rules, map) = start.detail.strip_prefix("rules ").unwrap().split_once("; map ").unwrap();
    let said = first.detail.strip_prefix(&format!("rules {rules} → ")).unwrap();
    let (changed, said) = said.split_once(&format!("; map {map} unchanged; ")).unwrap();
    assert_eq!(
        said,
        "sos.enabled false → true; speeding.hold 30s → 10s; override for class hazmat-truck added: sos.hold 1s"
    );
    let place = refused.detail.strip_prefix("1 mistakes, the first at ").unwrap();
    assert!(
        place.contains("roadwarden.toml:") && place.ends_with("the running set stays in force"),
        "{place}"
    );
    // A refused set has left no trace: the next one is compared with the one in force.
    assert_eq!((&refused.subject, changed.len(), rules.len(), map.len()), (&first.subject, 12, 12, 12));
    let said = second.detail.strip_prefix(&format!("rules {changed} → ")).unwrap();
    let said = said.split_once("; ").unwrap().1;
    let said = said.strip_prefix(&format!("map {map} → ")).unwrap().split_once("; ").unwrap().1;
    assert_eq!(
        said,
        "speeding.hold 10s → 30s; override for class hazmat-truck removed; places: zones 1 → 0, routes 0 → 0, roads 0 → 0"
    );
}
