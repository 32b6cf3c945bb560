use super::*;
use crate::dangers::tests::{at, by, new, step};
use crate::tests::Dir;
use crate::{DangerAction, DangerActionKind};

const DUE: &str = "2026-11-10T00:00:00+08:00";

fn make(ledger: &Ledger, month: &str, now: &str) -> Result<Bulletin, BulletinError> {
    ledger.make_bulletin(month.parse().unwrap(), None, "chief-01", Via::Console, at(now))
}

/// Listed at a moment; then, in this order and at the moment given, assigned and closed.
fn entry(
    ledger: &Ledger,
    operator: &str,
    listed: &str,
    assigned: Option<&str>,
    closed: Option<&str>,
) -> DangerId {
    let id = ledger.create_danger(&new(operator), at(listed)).unwrap().id;
    let act = |who: &str, kind, now: &str| {
        let action = DangerAction { due_at: Some(at(DUE)), at: at(now), ..step(id, kind) };
        ledger.act_on_danger(&by(who, action)).unwrap();
    };
    if let Some(now) = assigned {
        act("duty-01", DangerActionKind::Assign, now);
    }
    if let Some(now) = closed {
        act("worker", DangerActionKind::RequestClose, now);
        act("chief-01", DangerActionKind::Close, now);
    }
    id
}

fn parts(bulletin: &Bulletin) -> Vec<(String, Vec<&'static str>)> {
    let words = |item: &BulletinItem| item.parts.iter().map(|part| part.as_str()).collect();
    bulletin.items.iter().map(|item| (item.id.to_string(), words(item))).collect()
}

#[test]
fn a_bulletin_tells_new_closed_and_overdue_of_a_month_in_china() {
    let dir = Dir::new();
    let ledger = dir.open();
    let november = "2026-11-05T08:00:00+08:00";
    // The last moment of October and the first of November in China.
    entry(&ledger, "OP1", "2026-10-31T15:59:59Z", None, None);
    entry(&ledger, "OP1", "2026-10-31T16:00:00Z", None, None);
    // Closed at the last moment of November, and at the first of December: overdue until then.
    entry(&ledger, "OP2", november, Some(november), Some("2026-11-30T15:59:59Z"));
    entry(&ledger, "OP2", november, Some(november), Some("2026-11-30T16:00:00Z"));
    // From before, and overdue; from before, and closed before; from after.
    entry(&ledger, "OP2", "2026-10-01T08:00:00+08:00", Some("2026-10-02T08:00:00+08:00"), None);
    entry(
        &ledger,
        "OP1",
        "2026-10-01T08:00:00+08:00",
        Some("2026-10-02T08:00:00+08:00"),
        Some("2026-10-03T08:00:00+08:00"),
    );
    entry(&ledger, "OP1", "2026-12-01T00:00:00+08:00", None, None);
    let made = make(&ledger, "2026-11", "2026-12-02T09:00:00+08:00").unwrap();
    let told = |number: u32, parts: &[&'static str]| (format!("MD-2026-{number:06}"), parts.to_vec());
    assert_eq!(
        parts(&made),
        [told(2, &["new"]), told(3, &["new", "closed"]), told(4, &["new", "overdue"]), told(5, &["overdue"])]
    );
    assert_eq!((made.title.id.as_str(), made.title.month.as_str()), ("TB-2026-11-01", "2026-11"));
    assert_eq!(made.totals, BulletinSums { new: 3, closed: 1, overdue: 2 });
    let of = |operator: &str| made.operators.iter().find(|own| own.operator == operator).unwrap().sums;
    assert_eq!(of("OP1"), BulletinSums { new: 1, closed: 0, overdue: 0 });
    assert_eq!(of("OP2"), BulletinSums { new: 2, closed: 1, overdue: 2 });
    assert_eq!(made.to_at, at("2026-12-01T00:00:00+08:00"));
}

#[test]
fn a_bulletin_is_frozen_and_noted_at_its_entries() {
    let dir = Dir::new();
    let ledger = dir.open();
    let id = entry(&ledger, "OP1", "2026-11-05T08:00:00+08:00", None, None);
    let mut told = ledger.subscribe_dangers();
    let first = make(&ledger, "2026-11", "2026-11-06T08:00:00+08:00").unwrap();
    assert_eq!(first.to_at, first.title.at);
    let now = told.try_recv().unwrap();
    assert_eq!(now.announced, [Announced { at: first.title.at, bulletin: Some("TB-2026-11-01".into()) }]);
    let story = ledger.danger_timeline(id).unwrap();
    assert_eq!(
        (story[1].action.as_str(), &story[1].detail["bulletin"]),
        ("bulletin", &json!("TB-2026-11-01"))
    );
    assert_eq!(ledger.audit_log(2).unwrap()[1].detail, "1 entries");
    entry(&ledger, "OP1", "2026-11-07T08:00:00+08:00", None, None);
    ledger.act_on_danger(&step(id, DangerActionKind::Assign)).unwrap();
    let second = make(&ledger, "2026-11", "2026-11-08T08:00:00+08:00").unwrap();
    assert_eq!((second.title.id.as_str(), second.items.len()), ("TB-2026-11-02", 2));
    let kept = dir.open().bulletin("TB-2026-11-01").unwrap().unwrap();
    assert_eq!((&kept, kept.items[0].status), (&first, DangerStatus::Open));
    let ids: Vec<_> = ledger.bulletins(9).unwrap().into_iter().map(|title| title.id).collect();
    assert_eq!(ids, ["TB-2026-11-02", "TB-2026-11-01"]);
    assert_eq!(ledger.bulletins(1).unwrap().len(), 1);
    assert_eq!(ledger.bulletin("TB-2026-12-01").unwrap(), None);
}

#[test]
fn a_narrowed_bulletin_counts_only_what_it_shows() {
    let dir = Dir::new();
    let ledger = dir.open();
    for operator in ["OP1", "OP2", "OP2"] {
        entry(&ledger, operator, "2026-11-05T08:00:00+08:00", None, None);
    }
    let made = make(&ledger, "2026-11", "2026-11-30T08:00:00+08:00").unwrap();
    let own = made.narrowed(|item| item.operator == "OP1");
    assert_eq!((own.items.len(), own.totals.new, own.operators.len()), (1, 1, 1));
}

#[test]
fn a_month_to_come_and_one_issue_too_many_are_refused() {
    let dir = Dir::new();
    let ledger = dir.open();
    let early = make(&ledger, "2026-12", "2026-11-30T23:59:59+08:00").unwrap_err();
    assert_eq!(early.to_string(), "the month 2026-12 has not begun");
    let now = "2026-12-01T00:00:00+08:00";
    for _ in 0..ISSUES_MAX {
        make(&ledger, "2026-12", now).unwrap();
    }
    let full = make(&ledger, "2026-12", now).unwrap_err();
    assert_eq!(full.to_string(), "at most 31 bulletins of this month are possible");
}
