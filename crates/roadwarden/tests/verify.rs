//! `verify`: whoever changes what was received or what was done is found, also where every hash was made right again.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::fs;
use std::path::Path;

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
    let lines: Vec<&str> = noted.lines().collect();
    assert!(lines[0].starts_with("journal ") && lines[1].starts_with("ledger "), "{noted}");
    assert!(lines.len() == 2 && lines.iter().all(|line| line.split(' ').count() == 3), "{noted}");
    home.write("noted.txt", &noted);
    let against = config.replace("roadwarden.toml", "noted.txt");

    // It goes on from there, and what was noted still holds.
    report(&home, &location(at_ms + 10_000, 91.1, 29.6, 42.0, 0));
    let later = run(&["verify", "--config", config, "--against", &against]);
    let said = String::from_utf8_lossy(&later.stderr).into_owned();
    // Of the ledger the value above; of the journal that, and what was noted at two stops and one start.
    assert!(later.status.success() && said.contains("1 of 1 noted values hold"), "{said}");
    assert!(said.contains("4 of 4 noted values hold"), "{said}");

    // One bit of the first report.
    flip(&home.path.join("data/journal"), &body, 20);
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
        (
            format!("ledger 1 {}", "0".repeat(64)),
            "at seal 1, of audit row 1, the chain is not the one that was noted",
        ),
        (format!("ledger 900 {}", "0".repeat(64)), "900 seals were noted, the ledger ends at"),
        ("journal 1".to_owned(), "noted.txt:1: expected `journal NUMBER HASH`"),
    ] {
        home.write("noted.txt", &line);
        let found = run(&["verify", "--config", config, "--against", &against]);
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(found.status.code() == Some(1) && said.contains(expected), "{line}: {said}");
    }
}

#[test]
fn who_changes_the_audit_log_is_found() {
    let home = Home::new("verify-audit", "");
    report(&home, &location(now_ms() / 1000 * 1000, 91.1, 29.6, 42.0, 0));
    let config = home.config();
    let config = config.to_str().unwrap();
    flip(&home.path.join("data"), br#""occasion":"start""#, 13);
    let found = run(&["verify", "--config", config]);
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.code() == Some(1) && said.contains("audit row 2 is not what was written"), "{said}");
}

#[test]
fn what_is_gone_of_the_journal_is_told_by_the_ledger_and_by_a_file_elsewhere() {
    let home = Home::new("verify-gone", "[audit]\nanchors = \"anchors.txt\"\n");
    let (config, at_ms) = (home.config(), now_ms() / 1000 * 1000 - 60_000);
    let config = config.to_str().unwrap();
    report(&home, &location(at_ms, 91.1, 29.6, 42.0, 0));
    report(&home, &location(at_ms + 10_000, 91.1, 29.6, 42.0, 0));
    let anchors = home.path.join("anchors.txt");
    let noted = fs::read_to_string(&anchors).unwrap();
    let count = |word: &str| noted.lines().filter(|line| line.starts_with(word)).count();
    // Of the first start there is nothing of the journal yet.
    assert_eq!((count("# "), count("journal "), count("ledger ")), (4, 3, 4), "{noted}");
    let anchors = anchors.to_str().unwrap();
    let whole = run(&["verify", "--config", config, "--against", anchors]);
    let said = String::from_utf8_lossy(&whole.stderr).into_owned();
    assert!(whole.status.success() && said.contains("4 of 4 noted values hold"), "{said}");

    // The second life's file of the journal, and with it all that could be compared in itself.
    let mut files: Vec<_> =
        fs::read_dir(home.path.join("data/journal")).unwrap().collect::<Result<_, _>>().unwrap();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let (first, last) = (files.first().unwrap().path(), files.last().unwrap().path());
    let second = last.with_extension("sqlite");
    assert_ne!(first.with_extension("sqlite"), second);
    for file in files.iter().map(fs::DirEntry::path).filter(|file| file.with_extension("sqlite") == second) {
        fs::remove_file(file).unwrap();
    }
    let found = run(&["verify", "--config", config]);
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.code() == Some(1) && said.contains("were noted, the journal ends at"), "{said}");

    // The ledger with it: only what is kept elsewhere tells.
    fs::remove_file(home.path.join("data/ledger.db")).unwrap();
    report(&home, &location(at_ms + 20_000, 91.1, 29.6, 42.0, 0));
    assert!(run(&["verify", "--config", config]).status.success());
    home.write("kept.txt", &noted);
    let kept = home.path.join("kept.txt");
    let found = run(&["verify", "--config", config, "--against", kept.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(
        found.status.code() == Some(1) && said.contains("the chain is not the one that was noted"),
        "{said}"
    );
}

/// One bit, in the one file of a folder that holds these bytes.
fn flip(dir: &Path, what: &[u8], at: usize) {
    let mut edited = 0;
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let mut bytes = fs::read(&path).unwrap();
        if let Some(found) = bytes.windows(what.len()).position(|window| window == what) {
            bytes[found + at] ^= 1;
            fs::write(&path, bytes).unwrap();
            edited += 1;
        }
    }
    assert_eq!(edited, 1, "it stands in one file");
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
