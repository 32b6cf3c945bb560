use std::sync::Arc;

use fleet::{Department, State, Tally};
use rusqlite::Connection;

use super::*;
use crate::tests::{Dir, action, alert, record};
use crate::{Action, ActionKind, Moment, Outcome, Owing, Query, Sent};

const LATE: ReceiveTime = ReceiveTime::from_ms(4_000_000_000_000);

/// Everything that waits is taken by the broker.
fn publish(ledger: &Ledger) {
    let rows = ledger.outbox_next(0, usize::MAX).unwrap().iter().map(|row| row.seq).collect();
    let taken = Moment { at: LATE, steady: LATE };
    ledger.outbox_published(&Sent { rows, again: Vec::new() }, taken, &Owing::default()).unwrap();
}

fn left(ledger: &Ledger) -> Vec<AlertId> {
    let page = ledger.alerts(&Query { limit: 1_000, ..Query::default() }).unwrap();
    page.items.iter().map(|listed| listed.alert.id).collect()
}

#[test]
fn what_is_open_worked_on_appealed_named_by_a_danger_or_unsent_stays() {
    let dir = Dir::new();
    let ledger = dir.open();
    let id = |number| alert(number, 1, State::Raised).id;
    record(&ledger, 8);
    let over: Vec<_> = (1..8).map(|number| Arc::new(alert(number, 2, State::Cleared))).collect();
    ledger.record(&over).unwrap();
    let act = |number, kind| {
        let result = (kind == ActionKind::Handle).then_some(Outcome::Warned);
        let note = Some("told the driver".to_owned());
        ledger.act(&Action { alert: id(number), result, note, ..action(kind) }).unwrap();
    };
    act(2, ActionKind::Acknowledge);
    for number in [3, 4] {
        act(number, ActionKind::Handle);
    }
    act(4, ActionKind::Appeal);
    Connection::open(dir.path())
        .unwrap()
        .execute(
            "INSERT INTO danger VALUES (2026, 1, NULL, NULL, 'major', 'OP1', '540102', 0, 0, 'closed', NULL, 0, 0, ?)",
            [json!({ "source": { "alert_ids": [id(5)] } }).to_string()],
        )
        .unwrap();
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 0, "nothing has been sent");
    publish(&ledger);
    // The seventh is told of once more.
    ledger.record(&[Arc::new(alert(7, 3, State::Cleared))]).unwrap();
    assert_eq!(
        ledger.trim_alerts(ReceiveTime::from_ms(over[0].raised_at.ms())).unwrap(),
        0,
        "none is that old"
    );
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 3);
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 0);
    let mut stay = [0, 2, 4, 5, 7].map(id).to_vec();
    stay.reverse();
    assert_eq!(left(&ledger), stay);
    // With all that belongs to it, and nothing of the others.
    assert_eq!(ledger.alert(id(3)).unwrap().map(|listed| listed.alert.id), None);
    assert!(ledger.timeline(id(3)).unwrap().is_empty() && ledger.revisions(id(3)).unwrap().is_empty());
    assert_eq!((ledger.timeline(id(4)).unwrap().len(), ledger.revisions(id(4)).unwrap().len()), (4, 2));
    assert!(ledger.deliveries(id(3)).unwrap().is_empty() && !ledger.deliveries(id(4)).unwrap().is_empty());
    publish(&ledger);
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 1, "it has been sent");
    let found = crate::verify(&dir.path(), &[], |_, _| {}).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
}

#[test]
fn a_slice_is_bounded_and_the_oldest_go_first() {
    let dir = Dir::new();
    let ledger = dir.open();
    let alerts: Vec<_> =
        (0..ALERTS_MAX + 30).map(|number| Arc::new(alert(number, 1, State::Cleared))).collect();
    ledger.record(&alerts).unwrap();
    publish(&ledger);
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), ALERTS_MAX.unsigned_abs());
    let newest: Vec<_> = alerts.iter().rev().take(30).map(|alert| alert.id).collect();
    assert_eq!(left(&ledger), newest);
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 30);
    assert_eq!(ledger.trim_alerts(LATE).unwrap(), 0);
}

#[test]
fn messages_that_were_sent_requests_and_days_of_quality_go_by_their_age() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 2);
    ledger.act(&Action { request_id: Some("r-1".into()), ..action(ActionKind::Acknowledge) }).unwrap();
    let count = fleet::DayCount { day: 20_000, seen: 1, ..fleet::DayCount::default() };
    let terminal = alert(0, 1, State::Raised).vehicle.terminal;
    ledger.record_quality(&[Tally { terminal, operator: "OP1".into(), count }]).unwrap();
    let connection = Connection::open(dir.path()).unwrap();
    let count = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    let waiting = ledger.outbox_depth().unwrap().0;
    let (old, new) = (ReceiveTime::from_ms(1), LATE.plus(std::time::Duration::from_secs(86_400)));
    assert_eq!(ledger.trim_rows(new, old).unwrap(), 0, "nothing was sent");
    publish(&ledger);
    assert_eq!(ledger.trim_rows(old, old).unwrap(), 0);
    assert_eq!(ledger.trim_rows(new, old).unwrap(), waiting);
    assert_eq!((count("outbox"), count("request"), count("quality")), (0, 1, 1));
    assert_eq!(ledger.trim_rows(old, new).unwrap(), 2);
    assert_eq!((count("request"), count("quality"), count("alert")), (0, 0, 2));
    assert!(
        ledger
            .alert(alert(0, 1, State::Raised).id)
            .unwrap()
            .unwrap()
            .alert
            .departments
            .contains(&Department::Police)
    );
}
