//! A process that dies while it brings a file up to date: reliability goal E13.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use fleet::{ReceiveTime, State};
use rusqlite::Connection;

use super::FORMAT;
use crate::tests::{Dir, action, alert};
use crate::{Action, ActionKind, Outcome, Owner, Query, Ruled, verify};

/// Told to the process that is killed: which file to bring up to date.
const PATH: &str = "LEDGER_BROUGHT_UP_TO_DATE";
const NAME: &str = "schema::tests::e13_a_file_whose_migration_was_killed_opens_with_equal_answers";
const ALERTS: i64 = 300;
const AUDIT_ROWS: i64 = 4_000;

/// Fifty kills with `KILLS=full`, without it six.
#[test]
fn e13_a_file_whose_migration_was_killed_opens_with_equal_answers() {
    if let Some(path) = std::env::var_os(PATH) {
        drop(crate::Ledger::open(Path::new(&path), &prometheus::Registry::new()).unwrap());
        return;
    }
    let kills = if std::env::var_os("KILLS").is_some_and(|value| value == "full") { 50 } else { 6 };
    let (old, calm) = (Dir::new(), Dir::new());
    make_format_1(&old);
    copy(&old, &calm);
    let (mut child, mut log_bytes) = (migrate(&calm), 0);
    while child.try_wait().unwrap().is_none() {
        log_bytes = log_bytes.max(log_length(&calm));
    }
    let expected = answers(&calm);
    let mut killed_on_the_way = 0;
    for kill in 0..kills {
        let dir = Dir::new();
        copy(&old, &dir);
        let mut child = migrate(&dir);
        // Killed once so much of it is written, whatever the time.
        let target = 1 + log_bytes * kill / kills;
        while log_length(&dir) < target && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let format = format_of(&dir);
        assert!(format == 1 || format == FORMAT, "all of it or nothing, not format {format}");
        killed_on_the_way += u64::from(format == 1);
        assert_eq!(answers(&dir), expected, "kill {kill}, left with format {format}");
    }
    assert!(killed_on_the_way > 0, "none was on its way: this shows nothing");
}

fn migrate(dir: &Dir) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(PATH, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn log_length(dir: &Dir) -> u64 {
    std::fs::metadata(dir.path().with_extension("sqlite-wal")).map_or(0, |log| log.len())
}

fn format_of(dir: &Dir) -> i64 {
    let connection = Connection::open(dir.path()).unwrap();
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn copy(from: &Dir, to: &Dir) {
    std::fs::create_dir_all(to.path().parent().unwrap()).unwrap();
    std::fs::copy(from.path(), to.path()).unwrap();
}

/// What people see of it; without the row that says when it was put under the chain.
fn answers(dir: &Dir) -> Vec<String> {
    let ledger = dir.open();
    let page = ledger.alerts(&Query { limit: 1_000, ..Query::default() }).unwrap().items;
    let mut answers: Vec<String> = page.iter().map(|listed| format!("{listed:?}")).collect();
    assert_eq!(answers.len(), usize::try_from(ALERTS).unwrap());
    for listed in page.iter().step_by(50) {
        let id = listed.alert.id;
        let (frames, revisions) = (ledger.frames(id).unwrap(), ledger.revisions(id).unwrap());
        answers.push(format!("{:?} {frames:?} {revisions:?}", ledger.timeline(id).unwrap()));
    }
    let audit = ledger.audit_log(1_000).unwrap();
    answers.extend(audit.iter().filter(|row| row.action != "begin-chain").map(|row| format!("{row:?}")));
    answers.push(format!("{:?}", ledger.users().unwrap()));
    answers.push(format!("{:?} {:?}", ledger.check_token("one").unwrap(), ledger.tokens().unwrap()));
    answers.push(format!("{:?}", ledger.views(&Owner::User("fire".into())).unwrap()));
    answers.push(format!("{:?}", ledger.outbox_next(0, 1_000).unwrap()));
    let found = verify(&dir.path(), &[], |_, _| {}).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
    answers.push(format!("{} {} {}", found.audit, found.revisions, found.entries));
    answers
}

/// What this version writes today, in the tables of format 1.
fn make_format_1(dir: &Dir) {
    let new = Dir::new();
    let ledger = new.open();
    for number in 0..ALERTS {
        let ruled = |revision, state| Ruled {
            alert: Arc::new(alert(number, revision, state)),
            frames: vec![(ReceiveTime::from_ms(number), Bytes::from(format!("7e {number} {revision} 7e")))],
        };
        ledger.record_ruled(&[ruled(1, State::Raised), ruled(2, State::Cleared)]).unwrap();
    }
    for number in (0..ALERTS).step_by(7) {
        let id = alert(number, 1, State::Raised).id;
        ledger.act(&Action { alert: id, ..action(ActionKind::Acknowledge) }).unwrap();
        let result = Some(Outcome::Warned);
        ledger.act(&Action { alert: id, result, ..action(ActionKind::Handle) }).unwrap();
    }
    drop(ledger);
    std::fs::create_dir_all(dir.path().parent().unwrap()).unwrap();
    let connection = Connection::open(dir.path()).unwrap();
    connection.execute_batch(include_str!("../../fixtures/format-1.sql")).unwrap();
    connection.execute("ATTACH ? AS new", [new.path().to_str().unwrap()]).unwrap();
    let columns =
        "id, revision, revision_seq, state, rule, severity, plate, terminal, operator, division, departments,
         raised_at, status, handling";
    let waiting = "seq, kind, department, division, rule, revision_seq, payload, created, published";
    connection
        .execute_batch(&format!(
            "BEGIN; INSERT INTO alert ({columns}) SELECT {columns} FROM new.alert;
             INSERT INTO revision SELECT * FROM new.revision; INSERT INTO frame SELECT * FROM new.frame;
             INSERT INTO timeline SELECT * FROM new.timeline; INSERT INTO outbox SELECT {waiting} FROM new.outbox;
             INSERT INTO audit (at, by, via, action, subject, detail)
                 SELECT at, by, via, action, subject, detail FROM new.audit;"
        ))
        .unwrap();
    let mut row = connection
        .prepare("INSERT INTO audit (at, by, via, action, subject, detail) VALUES (?, 'fire', 'console', 'comment', ?, '')")
        .unwrap();
    for number in 0..AUDIT_ROWS {
        row.execute((1_000 + number, format!("alert {number}"))).unwrap();
    }
    drop(row);
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(format_of(dir), 1);
}
