use std::sync::Arc;

use fleet::Department::{Ecology, Police, Transport};
use fleet::{Alert, State};
use rusqlite::Connection;

use super::*;
use crate::tests::{Dir, alert, record};
use crate::{Ruled, Sent};

fn owing() -> Owing {
    let (after, pause_max) = (Duration::from_millis(10), Duration::from_millis(50));
    Owing { departments: vec![Police], after, pause_max }
}

/// The machine's clock is far ahead of the one that never jumps.
fn moment(steady: i64) -> Moment {
    Moment { at: ReceiveTime::from_ms(1_000_000 + steady), steady: ReceiveTime::from_ms(steady) }
}

fn at(ms: i64) -> Option<ReceiveTime> {
    Some(ReceiveTime::from_ms(1_000_000 + ms))
}

/// Everything that waits is taken by the broker.
fn publish(ledger: &Ledger, steady: i64, owing: &Owing) {
    let rows = ledger.outbox_next(0, 1_000).unwrap().iter().map(|out| out.seq).collect();
    ledger.outbox_published(&Sent { rows, again: Vec::new() }, moment(steady), owing).unwrap();
}

fn due(ledger: &Ledger, steady: i64) -> Vec<(AlertId, u32, u32)> {
    let again = ledger.to_send_again(Police, ReceiveTime::from_ms(steady), 100).unwrap();
    again.iter().map(|again| (again.receipt.alert, again.receipt.revision, again.sent)).collect()
}

fn receipt(number: i64, revision: u32) -> Receipt {
    Receipt { department: Police, alert: alert(number, 1, State::Raised).id, revision }
}

fn of_police(ledger: &Ledger, number: i64) -> Delivery {
    let id = alert(number, 1, State::Raised).id;
    ledger.deliveries(id).unwrap().into_iter().find(|delivery| delivery.department == Police).unwrap()
}

fn state(ledger: &Ledger, number: i64) -> DeliveryState {
    of_police(ledger, number).state
}

#[test]
fn what_has_no_receipt_is_due_again_and_again_after_growing_pauses() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    assert_eq!(state(&ledger, 0), DeliveryState::Queued);
    publish(&ledger, 100, &owing());
    assert_eq!(due(&ledger, 109), []);
    let mut steady = 110;
    for (sent, pause) in [(1, 20), (2, 40), (3, 50), (4, 50)] {
        let found = due(&ledger, steady);
        assert_eq!(found, [(receipt(0, 1).alert, 1, sent)], "after {sent}");
        let again = vec![(receipt(0, 1), sent)];
        ledger.outbox_published(&Sent { rows: vec![], again }, moment(steady), &owing()).unwrap();
        assert_eq!(due(&ledger, steady + pause - 1), []);
        steady += pause;
    }
    // Also over a restart.
    drop(ledger);
    let ledger = dir.open();
    assert_eq!(due(&ledger, steady).len(), 1);
    assert_eq!(ledger.receipts_waiting().unwrap()[&Police], (1, at(100).unwrap()));
    let told = of_police(&ledger, 0);
    assert_eq!((told.state, told.times_sent, told.waiting_since), (DeliveryState::Waiting, 5, at(100)));
    // Transport owes none.
    let others = ledger.to_send_again(Transport, ReceiveTime::from_ms(i64::MAX), 9).unwrap();
    assert_eq!((others.len(), ledger.receipts_waiting().unwrap().len()), (0, 1));
}

#[test]
fn a_receipt_ends_it_and_is_kept_once() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 2);
    publish(&ledger, 100, &owing());
    let told = ReceiveTime::from_ms(5);
    assert_eq!(
        ledger.receive(&[receipt(0, 1), receipt(0, 1)], told).unwrap(),
        [Receiving::New, Receiving::Known]
    );
    assert_eq!(ledger.receive(&[receipt(0, 1)], ReceiveTime::from_ms(9)).unwrap(), [Receiving::Known]);
    assert_eq!(due(&ledger, 1_000).len(), 1, "the other one");
    // Sent again at the same time, and published again because the broker may have lost it.
    ledger
        .outbox_published(&Sent { rows: vec![], again: vec![(receipt(0, 1), 1)] }, moment(200), &owing())
        .unwrap();
    assert_eq!(ledger.outbox_republish_since(ReceiveTime::from_ms(100)).unwrap(), 4);
    publish(&ledger, 300, &owing());
    assert_eq!(due(&ledger, 1_000).len(), 1);
    let told = of_police(&ledger, 0);
    assert_eq!(
        (told.state, told.received_revision, told.received_at, told.waiting_since, told.published_at),
        (DeliveryState::Received, Some(1), Some(ReceiveTime::from_ms(5)), None, at(100))
    );
    drop(ledger);
    assert_eq!(state(&dir.open(), 0), DeliveryState::Received);
}

#[test]
fn a_receipt_for_a_revision_covers_lower_ones_and_no_higher_one() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    publish(&ledger, 100, &owing());
    ledger.record(&[Arc::new(alert(0, 2, State::Updated))]).unwrap();
    // The second revision is on its way: the first is not sent again.
    assert_eq!((due(&ledger, 1_000), state(&ledger, 0)), (vec![], DeliveryState::Queued));
    publish(&ledger, 200, &owing());
    assert_eq!(of_police(&ledger, 0).waiting_since, at(100));
    assert_eq!(ledger.receive(&[receipt(0, 1)], moment(0).at).unwrap(), [Receiving::New]);
    assert_eq!((state(&ledger, 0), of_police(&ledger, 0).waiting_since), (DeliveryState::Waiting, at(200)));
    assert_eq!(due(&ledger, 1_000), [(receipt(0, 1).alert, 2, 1)]);
    assert_eq!(ledger.receive(&[receipt(0, 2)], moment(0).at).unwrap(), [Receiving::New]);
    assert_eq!((state(&ledger, 0), due(&ledger, 1_000)), (DeliveryState::Received, vec![]));
    ledger.record(&[Arc::new(alert(0, 3, State::Cleared))]).unwrap();
    publish(&ledger, 300, &owing());
    assert_eq!((state(&ledger, 0), of_police(&ledger, 0).waiting_since), (DeliveryState::Waiting, at(300)));
}

#[test]
fn a_department_may_be_quicker_than_the_brokers_word() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    assert_eq!(ledger.receive(&[receipt(0, 1)], moment(0).at).unwrap(), [Receiving::New]);
    assert_eq!(state(&ledger, 0), DeliveryState::Received);
    publish(&ledger, 100, &owing());
    assert_eq!((state(&ledger, 0), due(&ledger, 1_000)), (DeliveryState::Received, vec![]));
    assert_eq!(of_police(&ledger, 0).published_at, at(100));
}

#[test]
fn a_receipt_for_what_a_department_never_got_changes_nothing() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    publish(&ledger, 100, &owing());
    let before = ledger.deliveries(receipt(0, 1).alert).unwrap();
    let wrong = [
        receipt(7, 1),
        receipt(0, 0),
        receipt(0, 2),
        receipt(0, u32::MAX),
        Receipt { department: Ecology, ..receipt(0, 1) },
    ];
    assert_eq!(ledger.receive(&wrong, moment(0).at).unwrap(), [Receiving::Unknown; 5]);
    assert_eq!(ledger.deliveries(receipt(0, 1).alert).unwrap(), before);
    assert_eq!(ledger.deliveries(receipt(7, 1).alert).unwrap(), []);
}

#[test]
fn an_alert_that_no_longer_concerns_a_department_is_still_owed_and_received() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    publish(&ledger, 100, &owing());
    let moved = Alert { departments: vec![Transport], ..alert(0, 2, State::Updated) };
    ledger.record_ruled(&[Ruled { alert: Arc::new(moved), frames: vec![] }]).unwrap();
    assert_eq!((due(&ledger, 1_000).len(), state(&ledger, 0)), (1, DeliveryState::Waiting));
    assert_eq!(ledger.receive(&[receipt(0, 1)], moment(0).at).unwrap(), [Receiving::New]);
    assert_eq!((due(&ledger, 1_000).len(), state(&ledger, 0)), (0, DeliveryState::Received));
}

#[test]
fn who_owes_none_any_more_is_not_waited_for() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 3);
    let both = Owing { departments: vec![Police, Transport], ..owing() };
    publish(&ledger, 100, &both);
    assert_eq!(ledger.release_receipts(&[Transport]).unwrap(), 3);
    assert_eq!(ledger.release_receipts(&[Transport]).unwrap(), 0);
    assert_eq!((due(&ledger, 1_000), state(&ledger, 0)), (vec![], DeliveryState::Delivered));
    assert_eq!(ledger.receipts_waiting().unwrap().into_keys().collect::<Vec<_>>(), [Transport]);
    // From now on nobody owes any.
    assert_eq!(ledger.outbox_republish_since(ReceiveTime::from_ms(0)).unwrap(), 6);
    publish(&ledger, 200, &Owing::default());
    assert!(ledger.receipts_waiting().unwrap().is_empty());
}

#[test]
fn a_file_of_format_3_knows_what_was_delivered() {
    let dir = Dir::new();
    let path = dir.path();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path).unwrap().execute_batch(include_str!("../../fixtures/format-3.sql")).unwrap();
    for _ in 0..2 {
        let ledger = dir.open();
        // Three alerts for police and transport; the outbox had sent the first four of its eight rows.
        assert_eq!(
            [0, 1, 2].map(|number| state(&ledger, number)),
            [DeliveryState::Queued, DeliveryState::Delivered, DeliveryState::Queued]
        );
        let told = of_police(&ledger, 1);
        assert_eq!(
            (told.revision, told.published_at, told.times_sent),
            (Some(1), Some(ReceiveTime::from_ms(200)), 1)
        );
        assert_eq!(of_police(&ledger, 0).revision, Some(1));
        assert_eq!(ledger.outbox_depth().unwrap().0, 4);
        assert!(ledger.receipts_waiting().unwrap().is_empty());
    }
}
