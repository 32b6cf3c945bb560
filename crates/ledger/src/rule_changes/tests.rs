use super::*;

fn ledger(name: &str) -> Ledger {
    let dir = std::env::temp_dir().join(format!("roadwarden-rule-changes-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    Ledger::open(&dir.join("ledger.db"), &prometheus::Registry::new()).unwrap()
}

fn new(at_ms: i64) -> NewRuleChange {
    NewRuleChange {
        at: ReceiveTime::from_ms(at_ms),
        by: "wang".to_owned(),
        via: Via::Console,
        note: "winter".to_owned(),
        changes: serde_json::json!({ "speeding": { "hold": "20s" } }),
        before: serde_json::json!({ "speeding": { "hold": "30s" } }),
    }
}

fn decision(state: RuleChangeState) -> RuleDecision {
    let (at, by, note) = (ReceiveTime::from_ms(9), "li".to_owned(), "agreed".to_owned());
    RuleDecision { state, at, by, via: Via::Console, note, detail: "speeding.hold 30s → 20s".to_owned() }
}

#[test]
fn a_change_is_decided_once_and_every_step_is_audited() {
    let ledger = ledger("once");
    let asked = ledger.propose_rule_change(&new(1)).unwrap();
    assert_eq!(ledger.rule_change(asked.id).unwrap(), Some(asked.clone()));
    let decided = ledger.decide_rule_change(asked.id, &decision(RuleChangeState::InForce)).unwrap().unwrap();
    assert_eq!((decided.state, decided.decided_by.as_deref()), (RuleChangeState::InForce, Some("li")));
    assert_eq!(ledger.decide_rule_change(asked.id, &decision(RuleChangeState::Rejected)).unwrap(), None);
    assert_eq!(ledger.decide_rule_change(99, &decision(RuleChangeState::Rejected)).unwrap(), None);
    assert_eq!(ledger.last_rule_changes().unwrap(), [asked.id]);
    ledger.reopen_rule_change(asked.id, ReceiveTime::from_ms(10), "the file can't be written").unwrap();
    assert_eq!(ledger.rule_change(asked.id).unwrap(), Some(asked));
    let said: Vec<_> =
        ledger.audit_log(9).unwrap().into_iter().map(|row| (row.action, row.by, row.detail)).collect();
    let [(reopened, ..), (decided, by, detail), (proposed, _, asked)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!(
        [&**reopened, &**decided, &**proposed],
        ["rules-reopened", "rules-in-force", "rules-proposed"]
    );
    assert_eq!((&**by, &**detail), ("li", "speeding.hold 30s → 20s"));
    assert!(asked.contains("\"before\":{\"speeding\":{\"hold\":\"30s\"}}"), "{asked}");
}

#[test]
fn changes_are_listed_page_by_page_and_only_so_many_wait() {
    let ledger = ledger("pages");
    for at_ms in 0..RULE_CHANGES_PENDING_MAX {
        ledger.propose_rule_change(&new(at_ms)).unwrap();
    }
    assert!(matches!(ledger.propose_rule_change(&new(99)), Err(ProposeError::Full)));
    let first = ledger.rule_changes(30, None).unwrap();
    let second = ledger.rule_changes(30, first.next.as_deref()).unwrap();
    let ids: Vec<u64> = first.items.iter().chain(&second.items).map(|change| change.id).collect();
    assert_eq!((ids, second.next), ((1..=50).rev().collect(), None));
    assert!(matches!(ledger.rule_changes(30, Some("x")), Err(StoreError::Cursor(_))));
}
