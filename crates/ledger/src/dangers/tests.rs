use std::time::Duration;

use super::*;
use crate::tests::Dir;
use crate::{StoreError, Via};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn at(text: &str) -> ReceiveTime {
    text.parse().unwrap()
}

fn noon() -> ReceiveTime {
    at("2026-11-26T12:00:00+08:00")
}

pub(crate) fn new(operator: &str) -> NewDanger {
    NewDanger {
        title: "长期超速无人处理".into(),
        category: "第三条第（三）项".into(),
        level: DangerLevel::Major,
        source: Source { kind: SourceKind::Manual, rule: None, alert_ids: Vec::new(), trigger: None },
        operator: operator.into(),
        terminal: None,
        driver: None,
        division: "540102".into(),
        discovered_at: noon(),
        note: None,
        by: "duty-01".into(),
        via: Via::Console,
        key: None,
    }
}

/// A step with all that any step needs, by a person who has had no part.
pub(crate) fn step(danger: DangerId, kind: DangerActionKind) -> DangerAction {
    DangerAction {
        danger,
        kind,
        by: "chief-01".into(),
        via: Via::Console,
        note: Some("seen on site".into()),
        unit: Some("安全科".into()),
        person: Some("扎西".into()),
        due_at: Some(noon().plus(HOUR * 24 * 30)),
        measures: Some("training".into()),
        which: Some(Report::Congress),
        expected_version: None,
        at: noon().plus(HOUR),
    }
}

pub(crate) fn by(who: &str, action: DangerAction) -> DangerAction {
    DangerAction { by: who.into(), ..action }
}

/// An entry brought to a status by other people than `step` names.
fn brought_to(ledger: &Ledger, status: DangerStatus) -> Danger {
    use DangerActionKind as Kind;
    let mut danger = ledger.create_danger(&new("OP1"), noon()).unwrap();
    for (reached, kind) in [
        (DangerStatus::Assigned, Kind::Assign),
        (DangerStatus::Rectifying, Kind::Progress),
        (DangerStatus::Closing, Kind::RequestClose),
        (DangerStatus::Closed, Kind::Close),
    ] {
        if danger.status < status {
            let who = if kind == Kind::Close { "inspector" } else { "operator-01" };
            let due_at = Some(noon().plus(HOUR * 24));
            danger =
                ledger.act_on_danger(&DangerAction { due_at, ..by(who, step(danger.id, kind)) }).unwrap();
            assert_eq!(danger.status, reached);
        }
    }
    danger
}

/// Each step from open, assigned, rectifying, closing, closed: the status it leads to; `-` where it is refused.
#[rustfmt::skip]
const STEPS: &[(DangerActionKind, [&str; 5])] = &[
    (DangerActionKind::Assign,       ["assigned", "assigned",   "assigned",   "-",          "-"]),
    (DangerActionKind::Progress,     ["-",        "rectifying", "rectifying", "-",          "-"]),
    (DangerActionKind::Report,       ["open",     "assigned",   "rectifying", "closing",    "closed"]),
    (DangerActionKind::Extend,       ["-",        "assigned",   "rectifying", "-",          "-"]),
    (DangerActionKind::RequestClose, ["-",        "closing",    "closing",    "-",          "-"]),
    (DangerActionKind::Close,        ["-",        "-",          "-",          "closed",     "-"]),
    (DangerActionKind::Return,       ["-",        "-",          "-",          "rectifying", "-"]),
    (DangerActionKind::Announce,     ["open",     "assigned",   "rectifying", "closing",    "closed"]),
    (DangerActionKind::Comment,      ["open",     "assigned",   "rectifying", "closing",    "closed"]),
    (DangerActionKind::Reopen,       ["-",        "-",          "-",          "-",          "open"]),
];

#[test]
fn each_step_is_legal_where_the_table_says_and_nowhere_else() {
    let dir = Dir::new();
    let ledger = dir.open();
    assert_eq!(STEPS.iter().map(|row| row.0).collect::<Vec<_>>(), DangerActionKind::ALL);
    for (kind, expected) in STEPS {
        for (status, expected) in DangerStatus::ALL.iter().zip(expected) {
            let before = brought_to(&ledger, *status);
            let answer = ledger.act_on_danger(&step(before.id, *kind));
            let found = ledger.danger(before.id, noon()).unwrap().unwrap();
            match answer {
                Ok(after) => {
                    assert_eq!(
                        (after.status.as_str(), after.version),
                        (*expected, before.version + 1),
                        "{kind} from {status}"
                    );
                    assert_eq!(found.status, after.status);
                }
                Err(DangerError::NotAllowed { .. }) => {
                    assert_eq!("-", *expected, "{kind} from {status}");
                    assert_eq!(found, before);
                }
                Err(other) => panic!("{kind} from {status}: {other}"),
            }
        }
    }
}

#[test]
fn whoever_put_it_right_does_not_close_it() {
    let dir = Dir::new();
    let ledger = dir.open();
    let danger = ledger.create_danger(&new("OP1"), noon()).unwrap();
    let act = |who: &str, kind| ledger.act_on_danger(&by(who, step(danger.id, kind)));
    act("duty-01", DangerActionKind::Assign).unwrap();
    act("worker", DangerActionKind::Progress).unwrap();
    act("manager", DangerActionKind::RequestClose).unwrap();
    // Who asked, who worked on it, and who is responsible by name.
    for who in ["manager", "worker", "扎西"] {
        let refused = act(who, DangerActionKind::Close).unwrap_err();
        assert!(matches!(&refused, DangerError::SamePerson { by } if by == who), "{refused}");
    }
    assert_eq!(
        act("worker", DangerActionKind::Close).unwrap_err().to_string(),
        "worker took part in putting it right, somebody else has to close it"
    );
    // Going round once more does not wash it off.
    act("chief-01", DangerActionKind::Return).unwrap();
    act("duty-01", DangerActionKind::RequestClose).unwrap();
    assert!(matches!(act("worker", DangerActionKind::Close), Err(DangerError::SamePerson { .. })));
    assert!(matches!(act("duty-01", DangerActionKind::Close), Err(DangerError::SamePerson { .. })));
    let closed = act("chief-01", DangerActionKind::Close).unwrap();
    assert_eq!(
        (closed.inspector.as_deref(), closed.requested_by.as_deref()),
        (Some("chief-01"), Some("duty-01"))
    );
    assert_eq!(closed.closed_at, Some(noon().plus(HOUR)));
    let again = act("duty-02", DangerActionKind::Reopen).unwrap();
    assert_eq!((again.inspector, again.closed_at, again.assigned_to, again.due_at), (None, None, None, None));
}

#[test]
fn a_step_says_what_it_needs() {
    let dir = Dir::new();
    let ledger = dir.open();
    let danger = ledger.create_danger(&new("OP1"), noon()).unwrap();
    let bare = |kind| DangerAction {
        note: None,
        unit: None,
        person: None,
        due_at: None,
        measures: None,
        which: None,
        ..step(danger.id, kind)
    };
    let refusal = |action: DangerAction| ledger.act_on_danger(&action).unwrap_err().to_string();
    assert_eq!(refusal(bare(DangerActionKind::Assign)), "assign needs unit: who has to put it right");
    let late = "due_at: a time that is later than now and than the one before";
    let past = DangerAction { due_at: Some(noon()), ..step(danger.id, DangerActionKind::Assign) };
    assert_eq!(refusal(past), format!("assign needs {late}"));
    assert_eq!(refusal(bare(DangerActionKind::Comment)), "comment needs a note");
    assert_eq!(refusal(bare(DangerActionKind::Announce)), "announce needs a note: where and how");
    assert_eq!(refusal(bare(DangerActionKind::Report)), "report needs which: department or congress");
    assert_eq!(refusal(bare(DangerActionKind::Close)), "close is not allowed when open, only when closing");
    ledger.act_on_danger(&step(danger.id, DangerActionKind::Assign)).unwrap();
    assert_eq!(refusal(bare(DangerActionKind::Progress)), "progress needs a note or measures");
    assert_eq!(
        refusal(bare(DangerActionKind::RequestClose)),
        "request-close needs measures: what was done about it"
    );
    assert_eq!(refusal(bare(DangerActionKind::Extend)), "extend needs a note: why");
    // The same date again moves nothing.
    assert_eq!(refusal(step(danger.id, DangerActionKind::Extend)), format!("extend needs {late}"));
    ledger.act_on_danger(&by("x", step(danger.id, DangerActionKind::RequestClose))).unwrap();
    assert_eq!(refusal(bare(DangerActionKind::Return)), "return needs a note: what is still wrong");
    assert_eq!(refusal(bare(DangerActionKind::Close)), "close needs a note: what the inspection found");
    ledger.act_on_danger(&step(danger.id, DangerActionKind::Close)).unwrap();
    assert_eq!(refusal(bare(DangerActionKind::Reopen)), "reopen needs a note: why");
    let unknown = DangerId { year: 2026, number: 9 };
    assert_eq!(refusal(step(unknown, DangerActionKind::Comment)), "MD-2026-000009 is not on the list");
}

#[test]
fn the_second_of_two_learns_the_version() {
    let dir = Dir::new();
    let ledger = dir.open();
    let danger = ledger.create_danger(&new("OP1"), noon()).unwrap();
    let seen = |version| DangerAction {
        expected_version: Some(version),
        ..step(danger.id, DangerActionKind::Assign)
    };
    assert_eq!(ledger.act_on_danger(&seen(0)).unwrap().version, 1);
    let stale = ledger.act_on_danger(&seen(0)).unwrap_err();
    assert_eq!(stale.to_string(), "the entry has changed, its version is 1");
    assert!(matches!(stale, DangerError::Stale { current } if current.status == DangerStatus::Assigned));
    assert_eq!(ledger.danger_timeline(danger.id).unwrap().len(), 2);
}

#[test]
fn numbers_begin_anew_with_the_year_in_china_and_go_on_after_a_restart() {
    let dir = Dir::new();
    let number = |text: &str| dir.open().create_danger(&new("OP1"), at(text)).unwrap().id.to_string();
    assert_eq!(number("2026-12-31T15:59:59Z"), "MD-2026-000001");
    assert_eq!(number("2026-12-31T23:59:59+08:00"), "MD-2026-000002");
    // It is 2027 in China, and still 2026 in London.
    assert_eq!(number("2026-12-31T16:00:00Z"), "MD-2027-000001");
    assert_eq!(number("2026-12-31T15:00:00Z"), "MD-2026-000003");
    for text in
        ["MD-2026-1", "MD-26-000001", "MD-2026-0000001", "md-2026-000001", "MD-2026-", "MD-+026-000001", ""]
    {
        let wrong = text.parse::<DangerId>().unwrap_err();
        assert_eq!(wrong, format!("{text:?} is no number of the list, expected one such as MD-2026-000123"));
    }
}

#[test]
fn a_key_lists_once_even_across_a_restart() {
    let dir = Dir::new();
    let keyed = NewDanger { key: Some("k".into()), ..new("OP1") };
    let first = dir.open().create_danger(&keyed, noon()).unwrap();
    let ledger = dir.open();
    ledger.act_on_danger(&step(first.id, DangerActionKind::Comment)).unwrap();
    let again = ledger.create_danger(&keyed, noon().plus(HOUR)).unwrap();
    assert_eq!((again.id, again.version), (first.id, 1));
    let other = ledger.create_danger(&NewDanger { title: "else".into(), ..keyed }, noon()).unwrap_err();
    assert_eq!(other.to_string(), "the key was used for another entry, MD-2026-000001");
    assert_eq!(ledger.count_dangers(&DangerQuery::default(), noon(), 10).unwrap(), 1);
}

#[test]
fn every_step_stands_in_the_story_and_in_the_audit_log_and_is_told() {
    let dir = Dir::new();
    let ledger = dir.open();
    let mut told = ledger.subscribe_dangers();
    let danger = brought_to(&ledger, DangerStatus::Closed);
    let story = ledger.danger_timeline(danger.id).unwrap();
    let actions: Vec<_> = story.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["create", "assign", "progress", "request-close", "close"]);
    assert_eq!(story[1].detail["unit"], "安全科");
    assert_eq!(story[1].detail["due_at"], "2026-11-27T12:00:00+08:00");
    assert_eq!((story[4].from, story[4].to), (Some(DangerStatus::Closing), DangerStatus::Closed));
    let audit = ledger.audit_log(9).unwrap();
    assert_eq!(audit.len(), 5);
    assert_eq!(
        (audit[0].action.as_str(), audit[0].subject.as_str(), audit[0].by.as_str(), audit[0].detail.as_str()),
        ("danger-close", "MD-2026-000001", "inspector", "closing to closed")
    );
    let versions: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).map(|danger| danger.version).collect();
    assert_eq!(versions, [0, 1, 2, 3, 4]);
}

#[test]
fn pages_walk_every_entry_once_and_filters_hold() {
    let dir = Dir::new();
    let ledger = dir.open();
    for n in 0..7 {
        let found = noon().plus(HOUR * n);
        let level = if n < 2 { DangerLevel::General } else { DangerLevel::Major };
        let operator = if n % 2 == 0 { "OP0" } else { "OP1" };
        ledger.create_danger(&NewDanger { level, discovered_at: found, ..new(operator) }, found).unwrap();
    }
    let base = DangerQuery { limit: 3, ..DangerQuery::default() };
    let (mut query, mut seen) = (base.clone(), Vec::new());
    loop {
        let page = ledger.dangers(&query, noon()).unwrap();
        seen.extend(page.items.iter().map(|danger| danger.id.number));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let count = |query: DangerQuery| ledger.count_dangers(&query, noon().plus(HOUR * 25), 100).unwrap();
    assert_eq!(count(DangerQuery { levels: vec![DangerLevel::General], ..base.clone() }), 2);
    assert_eq!(count(DangerQuery { operators: vec!["OP0".into()], ..base.clone() }), 4);
    // What is asked for never widens what may be seen.
    let scoped = DangerQuery { scope: crate::tests::scope(&["OP1"], &[]), ..base.clone() };
    assert_eq!(count(scoped.clone()), 3);
    assert_eq!(count(DangerQuery { operators: vec!["OP0".into()], ..scoped }), 0);
    assert_eq!(count(DangerQuery { divisions: vec!["5401".into()], ..base.clone() }), 7);
    assert_eq!(count(DangerQuery { divisions: vec!["5402".into()], ..base.clone() }), 0);
    assert_eq!(count(DangerQuery { from: Some(noon().plus(HOUR * 5)), ..base.clone() }), 2);
    assert_eq!(count(DangerQuery { to: Some(noon().plus(HOUR * 5)), ..base.clone() }), 5);
    let id = DangerId { year: 2026, number: 1 };
    let assign = DangerAction { due_at: Some(noon().plus(HOUR * 24)), ..step(id, DangerActionKind::Assign) };
    ledger.act_on_danger(&assign).unwrap();
    assert_eq!(count(DangerQuery { overdue: Some(true), ..base.clone() }), 1);
    assert_eq!(count(DangerQuery { overdue: Some(false), ..base.clone() }), 6);
    assert_eq!(count(DangerQuery { statuses: vec![DangerStatus::Assigned], ..base.clone() }), 1);
    assert!(!ledger.danger(id, noon().plus(HOUR * 24)).unwrap().unwrap().overdue);
    assert!(ledger.danger(id, noon().plus(HOUR * 25)).unwrap().unwrap().overdue);
    let wrong = DangerQuery { cursor: Some("x".into()), ..base };
    assert!(matches!(ledger.dangers(&wrong, noon()), Err(StoreError::Cursor(_))));
}
