//! `verify`: whoever changes what was received is found, also where every hash was made right again.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::fs;

use harness::{Home, Server, Terminal, frame, location, now_ms, run};

const TERMINAL: &str = "13800000001";

#[test]
fn a_journal_is_whole_until_somebody_changes_it() {
    let home = Home::new("verify", "");
    let at_ms = now_ms() / 1000 * 1000 - 60_000;
    let body = location(at_ms, 91.1, 29.6, 42.0, 0);
    report(&home, &body);

    let config = home.config();
    let config = config.to_str().unwrap();
    let whole = run(&["verify", "--config", config]);
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
    let noted = String::from_utf8(whole.stdout).unwrap();
    assert!(noted.starts_with("journal ") && noted.split(' ').count() == 3, "{noted}");
    home.write("noted.txt", &noted);
    let against = config.replace("roadwarden.toml", "noted.txt");

    // It goes on from there, and what was noted still holds.
    report(&home, &location(at_ms + 10_000, 91.1, 29.6, 42.0, 0));
    let later = run(&["verify", "--config", config, "--against", &against]);
    let said = String::from_utf8_lossy(&later.stderr).into_owned();
    assert!(later.status.success() && said.contains("1 of 1 noted values hold"), "{said}");

    // One bit of the first report.
    let dir = fs::read_dir(config.replace("roadwarden.toml", "data/journal")).unwrap();
    let mut edited = 0;
    for path in dir.map(|entry| entry.unwrap().path()) {
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(body.len()).position(|window| window == body) {
            bytes[at + 20] ^= 1;
            fs::write(&path, bytes).unwrap();
            edited += 1;
        }
    }
    assert_eq!(edited, 1, "the report stands in one file");
    let forged = run(&["verify", "--config", config, "--against", &against]);
    let said = String::from_utf8_lossy(&forged.stderr).into_owned();
    assert_eq!(forged.status.code(), Some(1), "{said}");
    assert!(said.contains("is damaged in the batch at record"), "{said}");
    assert!(forged.stdout.is_empty(), "nothing to keep of a journal that is wrong");
}

#[test]
fn a_value_that_was_noted_of_another_journal_does_not_hold() {
    let home = Home::new("verify-other", "");
    report(&home, &location(now_ms() / 1000 * 1000, 91.1, 29.6, 42.0, 0));
    let config = home.config();
    let config = config.to_str().unwrap();
    let against = config.replace("roadwarden.toml", "noted.txt");
    for (line, expected) in [
        (format!("journal 1 {}", "0".repeat(64)), "noted"),
        (format!("journal 900 {}", "0".repeat(64)), "records up to 900 were noted, the journal ends at"),
        ("journal 1".to_owned(), "noted.txt:1: expected `journal RECORD HASH`"),
    ] {
        home.write("noted.txt", &line);
        let found = run(&["verify", "--config", config, "--against", &against]);
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(found.status.code() == Some(1) && said.contains(expected), "{line}: {said}");
    }
}

/// One more report, acknowledged, in a life of its own.
fn report(home: &Home, body: &[u8]) {
    let server = Server::start(home);
    let mut terminal = Terminal::connect(server.gateway).unwrap();
    terminal.sign_in(TERMINAL);
    terminal.send(&frame(0x0200, TERMINAL, 100, body)).unwrap();
    terminal.read_until("the report is acknowledged", |it| it.acknowledged.contains(&100));
    let (code, log) = server.stop();
    assert_eq!(code, 0, "{log:#?}");
}
