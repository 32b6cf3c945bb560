use std::sync::Arc;

use fleet::Department::{Ecology, Police, Transport};
use fleet::{Alert, Severity, State};
use rusqlite::Connection;

use super::*;
use crate::tests::{Dir, action, alert};
use crate::{Action, ActionKind};

/// Of a severity, for these departments.
fn told(number: i64, revision: u32, severity: Severity, departments: &[Department]) -> Arc<Alert> {
    let state = if revision == 1 { State::Raised } else { State::Updated };
    Arc::new(Alert { severity, departments: departments.to_vec(), ..alert(number, revision, state) })
}

fn lane(ledger: &Ledger, department: Department, is_urgent: bool, after: i64) -> Vec<(AlertId, u32)> {
    let rows = ledger.outbox_lane(Lane { department, is_urgent }, after, 100).unwrap();
    assert!(rows.is_sorted_by_key(|row| row.seq) && rows.iter().all(|row| row.department == department));
    let alerts = rows.iter().filter(|row| row.kind == OutgoingKind::Alert);
    alerts
        .map(|row| serde_json::from_slice::<Alert>(&row.payload).unwrap())
        .map(|a| (a.id, a.revision))
        .collect()
}

#[test]
fn what_waits_of_an_alert_that_becomes_critical_goes_with_it_in_its_order() {
    let dir = Dir::new();
    let ledger = dir.open();
    let id = |number| alert(number, 1, State::Raised).id;
    let both = [Police, Transport];
    ledger
        .record(&[
            told(1, 1, Severity::Minor, &both),
            told(2, 1, Severity::Minor, &both),
            told(1, 2, Severity::Major, &both),
            told(3, 1, Severity::Critical, &both),
        ])
        .unwrap();
    // A department read this far before the alert became urgent for it.
    let read = ledger.outbox_lane(Lane { department: Police, is_urgent: true }, 0, 9).unwrap();
    let read = read.last().unwrap().seq;
    // For the transport department it is none any more: what that has not got yet stays where it is.
    ledger.record(&[told(1, 3, Severity::Critical, &[Police])]).unwrap();
    assert_eq!(lane(&ledger, Police, true, read), [(id(1), 1), (id(1), 2), (id(1), 3)]);
    assert_eq!(lane(&ledger, Police, true, 0)[0], (id(3), 1));
    assert_eq!(lane(&ledger, Police, false, 0), [(id(2), 1)]);
    assert_eq!(lane(&ledger, Transport, false, 0), [(id(1), 1), (id(2), 1), (id(1), 2)]);
    assert_eq!(lane(&ledger, Transport, true, 0), [(id(3), 1)]);
    assert_eq!(lane(&ledger, Ecology, true, 0), []);
    // Urgent for that one too: what waits there goes along.
    ledger.record(&[told(1, 4, Severity::Critical, &both)]).unwrap();
    assert_eq!(lane(&ledger, Transport, true, 0)[1..], [(id(1), 1), (id(1), 2), (id(1), 4)]);
}

#[test]
fn what_was_published_of_it_before_does_not_go_again() {
    let dir = Dir::new();
    let ledger = dir.open();
    ledger.record(&[told(1, 1, Severity::Minor, &[Police])]).unwrap();
    let rows = ledger.outbox_next(0, 9).unwrap().iter().map(|row| row.seq).collect();
    let at = Moment { at: ReceiveTime::from_ms(5), steady: ReceiveTime::from_ms(5) };
    ledger.outbox_published(&Sent { rows, again: Vec::new() }, at, &Owing::default()).unwrap();
    ledger.record(&[told(1, 2, Severity::Critical, &[Police])]).unwrap();
    assert_eq!(lane(&ledger, Police, true, 0), [(alert(1, 1, State::Raised).id, 2)]);
    assert_eq!(lane(&ledger, Police, false, 0), []);
}

#[test]
fn what_waits_is_counted_by_rule_and_place_and_adds_up() {
    let dir = Dir::new();
    let ledger = dir.open();
    assert_eq!(ledger.outbox_waiting(Police).unwrap(), Waiting::default());
    let all: Vec<_> =
        (0..12).map(|number| told(number, 1, alert(number, 1, State::Raised).severity, &[Police])).collect();
    ledger.record(&all).unwrap();
    // A person's word about it is a message too.
    ledger.act(&Action { alert: all[1].id, ..action(ActionKind::Acknowledge) }).unwrap();
    let waiting = ledger.outbox_waiting(Police).unwrap();
    let kinds: Vec<_> = waiting
        .kinds
        .iter()
        .map(|(rule, division, count)| (rule.as_str(), division.to_string(), *count))
        .collect();
    let kind = |rule, division: &str, count| (rule, division.to_owned(), count);
    assert_eq!(
        kinds,
        [kind("fatigue", "540202", 7), kind("speeding", "540102", 3), kind("speeding", "540202", 3)]
    );
    assert_eq!((waiting.messages, waiting.urgent), (13, 4));
    assert_eq!(waiting.since, ledger.outbox_depth().unwrap().1);
    assert_eq!(ledger.outbox_waiting(Transport).unwrap(), Waiting::default());
}

/// However much waits, sending reads what it sends and nothing else.
#[test]
fn a_lane_and_what_an_urgent_alert_left_behind_are_found_by_their_index() {
    let dir = Dir::new();
    drop(dir.open());
    let connection = Connection::open(dir.path()).unwrap();
    let plan = |sql: &str| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3)).map(Result::unwrap);
        steps.collect::<Vec<_>>().join("; ")
    };
    let steps = plan(LANE);
    assert!(steps.contains("outbox_lane (department=? AND urgent=? AND seq>?)"), "{steps}");
    assert!(!steps.contains("TEMP B-TREE"), "{steps}");
    let steps = plan(&format!("SELECT seq {CALM}"));
    assert!(steps.contains("outbox_unsent (revision_seq=?)") && !steps.contains("SCAN"), "{steps}");
}
