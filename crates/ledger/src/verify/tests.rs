//! Whoever edits, adds, removes or moves what is evidence is found.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fleet::State;
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::*;
use crate::tests::{Dir, action, alert};
use crate::{Action, ActionKind, AuditEntry, Moment, Outcome, Owing, Ruled, Sent};

const DAY: Duration = Duration::from_secs(86_400);
const ALERTS: i64 = 8;

fn entry(number: i64) -> AuditEntry {
    let at = ReceiveTime::from_ms(1_780_000_000_000 + number);
    AuditEntry::by_itself(at, "export", &format!("violations {number}"), "csv".into())
}

/// Alerts with frames and a second revision, some of them handled, and rows of the audit log; all in one file.
fn made(dir: &Dir) -> Head {
    let ledger = dir.open();
    for number in 0..ALERTS {
        let frame = |at: i64| (ReceiveTime::from_ms(at), Bytes::from(format!("7e {number} {at} 7e")));
        let (first, second) = (alert(number, 1, State::Raised), alert(number, 2, State::Cleared));
        ledger.record_ruled(&[Ruled { alert: Arc::new(first), frames: vec![frame(1), frame(2)] }]).unwrap();
        ledger.record_ruled(&[Ruled { alert: Arc::new(second), frames: vec![frame(3)] }]).unwrap();
        ledger.audit(&entry(number)).unwrap();
    }
    for number in 0..ALERTS / 2 {
        for kind in [ActionKind::Acknowledge, ActionKind::Comment, ActionKind::Handle] {
            let result = (kind == ActionKind::Handle).then_some(Outcome::Warned);
            let alert = alert(number, 1, State::Raised).id;
            let note = Some("called the driver".to_owned());
            ledger.act(&Action { alert, note, result, ..action(kind) }).unwrap();
        }
    }
    ledger.note_chains(Some((40, Chain::START.after(&[1; 32]))), "test", ReceiveTime::from_ms(1)).unwrap();
    let head = ledger.head().unwrap();
    drop(ledger);
    Connection::open(dir.path()).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    head
}

fn checked(dir: &Dir, anchors: &[Head]) -> Verified {
    verify(&dir.path(), anchors, |_, _| {}).unwrap()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn what_was_written_is_found_whole_also_while_it_goes_on() {
    let dir = Dir::new();
    let head = made(&dir);
    let found = checked(&dir, &[head]);
    assert_eq!(found.findings, none());
    assert_eq!((found.audit, found.revisions, found.entries), (21, 16, 12));
    assert_eq!((found.gone, found.anchors, found.end), (0, 1, Some(head)));
    assert_eq!(found.journal, [JournalNote { position: 40, chain: Chain::START.after(&[1; 32]) }]);
    let ledger = dir.open();
    ledger.act(&Action { alert: alert(7, 1, State::Raised).id, ..action(ActionKind::Comment) }).unwrap();
    let found = checked(&dir, &[head]);
    assert_eq!((found.findings, found.anchors, found.audit), (none(), 1, 22));
}

#[test]
fn a_file_of_an_earlier_format_is_put_under_the_chain_and_says_so() {
    let dir = Dir::new();
    std::fs::create_dir_all(dir.path().parent().unwrap()).unwrap();
    let connection = Connection::open(dir.path()).unwrap();
    connection.execute_batch(include_str!("../../fixtures/format-1.sql")).unwrap();
    assert_eq!(
        checked(&dir, &[]).findings,
        ["the ledger has format 1, which has no chain; a start of the service makes it"]
    );
    drop(dir.open());
    let found = checked(&dir, &[]);
    assert_eq!((found.findings, found.audit), (none(), 2));
    let said = dir.open().audit_log(1).unwrap().remove(0);
    assert_eq!((said.action.as_str(), said.via), ("begin-chain", crate::Via::Service));
    assert_eq!(said.detail, r#"{"audit":1,"entries":0,"handlings":0,"revisions":0}"#);
    connection.execute("UPDATE audit SET by = 'nobody' WHERE seq = 1", []).unwrap();
    assert_eq!(checked(&dir, &[]).findings, ["audit row 1 is not what was written"]);
}

/// Format 3 had all that is under the chain, and no chain.
#[test]
fn what_an_earlier_format_held_is_whole_under_the_chain() {
    let dir = Dir::new();
    made(&dir);
    let connection = Connection::open(dir.path()).unwrap();
    connection
        .execute_batch("DROP TABLE seal; DELETE FROM audit WHERE seq = 5; PRAGMA user_version = 3")
        .unwrap();
    drop(dir.open());
    let found = checked(&dir, &[]);
    assert_eq!(found.findings, none());
    assert_eq!((found.audit, found.revisions, found.entries), (21, 16, 12));
    connection.execute("UPDATE alert SET handling = replace(handling, 'warned', 'false-alarm')", []).unwrap();
    assert_eq!(checked(&dir, &[]).wrong, 4);
}

#[test]
fn the_audit_log_is_trimmed_by_age_and_proves_what_remains() {
    let dir = Dir::new();
    let ledger = dir.open();
    let at = |day: u32| ReceiveTime::from_ms(1_700_000_000_000).plus(DAY * day);
    for day in 0..300 {
        ledger.audit(&AuditEntry { at: at(day), ..entry(day.into()) }).unwrap();
    }
    let head = ledger.head().unwrap();
    // Asked for more than the law lets go.
    assert_eq!(ledger.trim_audit(at(299), at(300)).unwrap(), 116);
    assert_eq!(ledger.trim_audit(at(299), at(300)).unwrap(), 0);
    let rows = ledger.audit_log(1000).unwrap();
    assert_eq!((rows.len(), rows[184].at), (185 - 1 + 1, at(116)));
    assert_eq!(rows[0].action, "trim-audit");
    assert!(rows[0].detail.starts_with(r#"{"below":117,"rows":116,"before":"#), "{}", rows[0].detail);
    let found = checked(&dir, &[head]);
    assert_eq!((found.findings, found.audit, found.gone, found.anchors), (none(), 185, 116, 1));
    // One more than it says, or one that comes back.
    let connection = Connection::open(dir.path()).unwrap();
    connection.execute("DELETE FROM audit WHERE seq = 117", []).unwrap();
    assert_eq!(checked(&dir, &[]).findings, ["audit row 117 is missing"]);
}

#[test]
fn a_trim_of_more_than_it_may_is_found() {
    let dir = Dir::new();
    let ledger = dir.open();
    for number in 0..9 {
        ledger.audit(&entry(number)).unwrap();
    }
    // Written through the service, so the chain holds: but these rows were a moment old.
    let detail = format!(r#"{{"below":6,"rows":5,"before":"{}"}}"#, entry(100).at);
    ledger.audit(&AuditEntry { detail, action: TRIM.into(), ..entry(200) }).unwrap();
    Connection::open(dir.path()).unwrap().execute("DELETE FROM audit WHERE seq < 6", []).unwrap();
    assert_eq!(checked(&dir, &[]).wrong, 5);
    // Nor does it help to say that they were old.
    let long_ago = entry(0).at.minus(AUDIT_KEEP_MIN);
    let detail = format!(r#"{{"below":6,"rows":5,"before":"{long_ago}"}}"#);
    ledger.audit(&AuditEntry { detail, action: TRIM.into(), ..entry(300) }).unwrap();
    assert_eq!(checked(&dir, &[]).wrong, 5);
}

#[test]
fn alerts_that_are_deleted_in_order_are_told_and_are_no_tampering() {
    let dir = Dir::new();
    let head = made(&dir);
    let ledger = dir.open();
    let rows = ledger.outbox_next(0, 999).unwrap().iter().map(|row| row.seq).collect();
    let at = Moment { at: ReceiveTime::from_ms(9), steady: ReceiveTime::from_ms(9) };
    ledger.outbox_published(&Sent { rows, again: Vec::new() }, at, &Owing::default()).unwrap();
    assert_eq!(ledger.trim_alerts(ReceiveTime::from_ms(1_767_225_606_000)).unwrap(), 6);
    let found = checked(&dir, &[head]);
    assert_eq!((found.findings, found.revisions, found.gone), (none(), 4, 36));
    let log = ledger.audit_log(99).unwrap();
    let said = log.iter().find(|entry| entry.action == "trim-alerts").unwrap();
    assert!(said.detail.contains(r#""entries":12,"revisions":12"#), "{}", said.detail);
    // The numbers of rows that are gone are given again.
    ledger.record(&[Arc::new(alert(90, 1, State::Raised))]).unwrap();
    assert_eq!(checked(&dir, &[head]).findings, none());
    let connection = Connection::open(dir.path()).unwrap();
    connection.execute("DELETE FROM revision WHERE seq = (SELECT max(seq) FROM revision)", []).unwrap();
    assert!(checked(&dir, &[head]).wrong > 0);
}

#[test]
fn what_was_cut_off_the_end_is_found_by_one_noted_value() {
    let dir = Dir::new();
    let head = made(&dir);
    let connection = Connection::open(dir.path()).unwrap();
    // The newest row of the audit log with its seal; then its number too.
    connection
        .execute_batch("DELETE FROM audit WHERE seq = 21; DELETE FROM seal WHERE kind = 1 AND key = 21")
        .unwrap();
    assert_eq!(checked(&dir, &[]).findings, ["21 audit rows were written, the last that is sealed is 20"]);
    connection.execute("UPDATE sqlite_sequence SET seq = 20 WHERE name = 'audit'", []).unwrap();
    assert_eq!(checked(&dir, &[]).findings, none());
    let lost = format!("{} seals were noted, the ledger ends at {}", head.seq, head.seq - 1);
    assert_eq!(checked(&dir, &[head]).findings, [lost]);
}

#[test]
fn a_chain_that_was_made_anew_is_found_by_one_noted_value() {
    let dir = Dir::new();
    let head = made(&dir);
    let connection = Connection::open(dir.path()).unwrap();
    connection.execute("UPDATE audit SET by = 'somebody' WHERE seq = 3", []).unwrap();
    forge(&connection);
    assert_eq!(checked(&dir, &[]).findings, none(), "it fits in itself");
    assert_eq!(checked(&dir, &[head]).wrong, 1);
}

/// Every hash and link made right again.
fn forge(connection: &Connection) {
    let mut chain = Chain::START;
    let seals: Vec<Seal> = connection
        .prepare("SELECT seq, kind, key, at, hash, chain FROM seal ORDER BY seq")
        .unwrap()
        .query_map([], |row| Ok(read_seal(row)?.0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for mut seal in seals {
        let kind = Kind::from_number(seal.kind).unwrap();
        seal.hash = row_hash(connection, kind, seal.key).unwrap().unwrap_or(seal.hash);
        chain = seal.link(chain);
        connection
            .execute(
                "UPDATE seal SET hash = ?, chain = ? WHERE seq = ?",
                params![seal.hash, chain.as_bytes(), seal.seq],
            )
            .unwrap();
    }
}

/// A thousand ways, drawn at random, each on a ledger of its own; `TAMPER=full` tries them all, without it a hundred.
#[test]
fn every_edit_addition_removal_and_move_is_found() {
    let tries = if std::env::var_os("TAMPER").is_some_and(|value| value == "full") { 1000 } else { 100 };
    let dir = Dir::new();
    let head = made(&dir);
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    for number in 0..tries {
        let copy = Dir::new();
        std::fs::create_dir_all(copy.path().parent().unwrap()).unwrap();
        std::fs::copy(dir.path(), copy.path()).unwrap();
        let what = tamper(&copy.path(), &mut draw);
        match verify(&copy.path(), &[head], |_, _| {}) {
            Ok(found) => assert!(found.wrong > 0, "try {number}: {what} was not found"),
            // A type that is never written there.
            Err(OpenError::Database { .. }) => {}
            Err(error) => panic!("try {number}: {what}: {error}"),
        }
    }
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

const TABLES: [&str; 6] = ["audit", "revision", "frame", "timeline", "alert", "seal"];

fn tamper(path: &Path, draw: &mut Draw) -> String {
    let table = Table::read(Connection::open(path).unwrap(), draw.one(&TABLES));
    table.connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN").unwrap();
    let row = draw.one(&table.rows);
    let what = match draw.below(5) {
        0 | 1 => {
            let at = draw.below(row.len());
            let mut edited = row.clone();
            edited[at] = other(&row[at], draw);
            table.delete(&row);
            table.insert(&edited);
            format!("column {at} edited")
        }
        2 => {
            table.delete(&row);
            "row deleted".to_owned()
        }
        3 => {
            // A copy under a key of its own.
            let mut added = row.clone();
            added[0] = match &added[0] {
                Value::Integer(seq) => Value::Integer(seq + 1000),
                _ => Value::Blob(vec![7; 16]),
            };
            table.insert(&added);
            "row added".to_owned()
        }
        _ => {
            let is_other = |second: &&Vec<Value>| second[0] != row[0] && second[1..] != row[1..];
            let second = table.rows.iter().find(is_other).unwrap();
            let (mut one, mut two) = (row.clone(), second.clone());
            std::mem::swap(&mut one[0], &mut two[0]);
            [&row, second].into_iter().for_each(|row| table.delete(row));
            [&one, &two].into_iter().for_each(|row| table.insert(row));
            "rows changed places".to_owned()
        }
    };
    // Now and then with every hash made right again.
    let is_forged = table.name != "seal" && draw.below(3) == 0;
    if is_forged {
        forge(&table.connection);
    }
    table.connection.execute_batch("COMMIT").unwrap();
    format!("{}: {what} ({row:?}){}", table.name, if is_forged { ", chain made anew" } else { "" })
}

struct Table {
    connection: Connection,
    name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    fn read(connection: Connection, name: &'static str) -> Self {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect()).unwrap();
        let rows = rows.collect::<Result<_, _>>().unwrap();
        drop(statement);
        Self { connection, name, columns, rows }
    }

    fn delete(&self, row: &[Value]) {
        let parts: Vec<String> = self.columns.iter().map(|column| format!("{column} IS ?")).collect();
        let sql = format!("DELETE FROM {} WHERE {}", self.name, parts.join(" AND "));
        assert_eq!(self.connection.execute(&sql, params_from_iter(row)).unwrap(), 1);
    }

    fn insert(&self, row: &[Value]) {
        let sql =
            format!("INSERT OR REPLACE INTO {} VALUES ({})", self.name, vec!["?"; row.len()].join(", "));
        self.connection.execute(&sql, params_from_iter(row)).unwrap();
    }
}

/// Another value of the same type.
fn other(value: &Value, draw: &mut Draw) -> Value {
    match value {
        Value::Null => Value::Integer(1),
        Value::Integer(number) => Value::Integer(number + 1 + i64::try_from(draw.below(9)).unwrap()),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text} ")),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let at = draw.below(bytes.len());
            bytes[at] ^= 1 << draw.below(8);
            Value::Blob(bytes)
        }
    }
}
