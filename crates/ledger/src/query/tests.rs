//! Every filter against a walk over all alerts, in both orders, where few match and where many do.

use std::sync::Arc;

use super::*;
use crate::tests::{Dir, action, alert, scope};
use crate::{Action, ActionKind};

const ALERTS: i64 = 240;

/// Alerts of two rules, seven vehicles and four severities; some cleared, some acted on.
fn filled(ledger: &Ledger) -> Vec<Listed> {
    let alerts: Vec<_> = (0..ALERTS)
        .map(|n| {
            let mut alert = alert(n, 1, if n % 5 == 0 { State::Raised } else { State::Cleared });
            let rank = usize::try_from(n / 3 % 40).unwrap();
            alert.severity = *Severity::ALL.get(rank).unwrap_or(&Severity::Minor);
            Arc::new(alert)
        })
        .collect();
    ledger.record(&alerts).unwrap();
    for (n, alert) in (0..).zip(&alerts).filter(|(n, _)| n % 8 == 3) {
        let kind = if n % 16 == 3 { ActionKind::Assign } else { ActionKind::Acknowledge };
        let assignee = (kind == ActionKind::Assign).then(|| format!("duty-{}", n % 3));
        let at = ReceiveTime::from_ms(4_000_000_000_000 + n);
        ledger.act(&Action { alert: alert.id, assignee, at, ..action(kind) }).unwrap();
    }
    let mut all: Vec<_> = alerts.iter().map(|alert| ledger.alert(alert.id).unwrap().unwrap()).collect();
    all.sort_by_key(|listed| {
        std::cmp::Reverse((listed.alert.raised_at, listed.alert.id.as_bytes().to_vec()))
    });
    all
}

fn ids<'a>(listed: impl IntoIterator<Item = &'a Listed>) -> Vec<String> {
    listed.into_iter().map(|listed| listed.alert.id.to_string()).collect()
}

/// All pages, put together.
fn read(ledger: &Ledger, query: &Query) -> Vec<Listed> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = ledger.alerts(&Query { cursor, limit: 7, ..query.clone() }).unwrap();
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

fn check(ledger: &Ledger, all: &[Listed], query: &Query, is_wanted: impl Fn(&Listed) -> bool) -> usize {
    let wanted: Vec<&Listed> = all.iter().filter(|listed| is_wanted(listed)).collect();
    assert_eq!(ids(&read(ledger, query)), ids(wanted.iter().copied()), "{query:?}");
    let by_severity = Query { sort: Sort::Severity, ..query.clone() };
    let mut sorted = wanted.clone();
    sorted.sort_by_key(|listed| std::cmp::Reverse(listed.alert.severity));
    assert_eq!(ids(&read(ledger, &by_severity)), ids(sorted), "{by_severity:?}");
    assert_eq!(ledger.count(query, 1000).unwrap(), wanted.len() as u64, "{query:?}");
    let tally = ledger.tally(query, 1000).unwrap();
    let of = |is: &dyn Fn(&Listed) -> bool| wanted.iter().filter(|listed| is(listed)).count() as u64;
    assert_eq!(tally.total, wanted.len() as u64, "{query:?}");
    for (severity, count) in &tally.by_severity {
        assert_eq!(*count, of(&|it| it.alert.severity == *severity), "{query:?}");
    }
    for (status, count) in &tally.by_handling {
        assert_eq!(*count, of(&|it| it.handling.status.as_str() == *status), "{query:?}");
    }
    for (rule, count) in &tally.by_rule {
        assert_eq!(*count, of(&|it| it.alert.rule.as_str() == rule), "{query:?}");
    }
    assert_eq!(tally.by_rule.values().sum::<u64>(), wanted.len() as u64, "{query:?}");
    assert_eq!(ledger.count_severities(query, 1000).unwrap(), tally.by_severity, "{query:?}");
    wanted.len()
}

#[test]
fn states_and_severities_find_what_a_walk_over_all_finds() {
    let dir = Dir::new();
    let ledger = dir.open();
    let all = filled(&ledger);
    let any = Query::default();
    check(&ledger, &all, &any, |_| true);
    for states in
        [vec![State::Raised], vec![State::Raised, State::Updated], vec![State::Cleared, State::Raised]]
    {
        let query = Query { states: states.clone(), ..any.clone() };
        check(&ledger, &all, &query, |it| states.contains(&it.alert.state));
    }
    use HandlingStatus::{Acknowledged, Closed, Handling as Busy, New};
    for handling in [vec![New], vec![Acknowledged], vec![Acknowledged, Busy], vec![New, Busy], vec![Closed]] {
        let query = Query { handling: handling.clone(), ..any.clone() };
        check(&ledger, &all, &query, |it| handling.contains(&it.handling.status));
        let query = Query { severities: vec![Severity::Critical], ..query };
        check(&ledger, &all, &query, |it| {
            handling.contains(&it.handling.status) && it.alert.severity == Severity::Critical
        });
    }
    for severities in
        [vec![Severity::Critical], vec![Severity::Minor], vec![Severity::Minor, Severity::Major]]
    {
        let query = Query { severities: severities.clone(), ..any.clone() };
        check(&ledger, &all, &query, |it| severities.contains(&it.alert.severity));
    }
}

#[test]
fn rules_vehicles_people_and_times_find_what_a_walk_over_all_finds() {
    let dir = Dir::new();
    let ledger = dir.open();
    let all = filled(&ledger);
    let terminal = |n: i64| alert(n, 1, State::Raised).vehicle.terminal;
    let any = Query::default();
    let query = Query { rules: vec![RuleId::FATIGUE], ..any.clone() };
    check(&ledger, &all, &query, |it| it.alert.rule == RuleId::FATIGUE);
    let query = Query { scope: scope(&["OP1"], &[]), divisions: vec!["5402".into()], ..any.clone() };
    check(&ledger, &all, &query, |it| {
        it.alert.vehicle.operator == "OP1" && it.alert.place.division.to_string().starts_with("5402")
    });
    let query = Query { operators: vec!["OP0".into()], scope: scope(&["OP1"], &[]), ..any.clone() };
    assert_eq!(check(&ledger, &all, &query, |_| false), 0);
    for terminals in [vec![terminal(1)], vec![terminal(1), terminal(2)]] {
        let query = Query { terminals: terminals.clone(), ..any.clone() };
        check(&ledger, &all, &query, |it| terminals.contains(&it.alert.vehicle.terminal));
        let query = Query { among: Some(vec![terminal(2), terminal(3)]), ..query };
        check(&ledger, &all, &query, |it| {
            terminals.contains(&it.alert.vehicle.terminal) && it.alert.vehicle.terminal == terminal(2)
        });
        let query = Query { among: Some(Vec::new()), ..query };
        assert_eq!(check(&ledger, &all, &query, |_| false), 0);
    }
    let query = Query { plates: vec!["藏A00003".into()], ..any.clone() };
    check(&ledger, &all, &query, |it| it.alert.vehicle.plate == "藏A00003");
    for text in ["A00003", "13800000005", "38000"] {
        let query = Query { text: Some(text.into()), ..any.clone() };
        let met = check(&ledger, &all, &query, |it| {
            it.alert.vehicle.plate.contains(text) || it.alert.vehicle.terminal.as_str().contains(text)
        });
        assert!(met > 0, "{text}");
    }
    for assignees in [vec!["duty-0".to_owned()], vec!["duty-0".to_owned(), "duty-1".to_owned()]] {
        let query = Query { assignees: assignees.clone(), ..any.clone() };
        let met = check(&ledger, &all, &query, |it| {
            it.handling.assignee.as_ref().is_some_and(|whose| assignees.contains(whose))
        });
        assert!(met > 0);
    }
    let (from, to) = (all[200].alert.raised_at, all[20].alert.raised_at);
    let query = Query { from: Some(from), to: Some(to), handling: vec![HandlingStatus::Handling], ..any };
    check(&ledger, &all, &query, |it| {
        from <= it.alert.raised_at
            && it.alert.raised_at < to
            && it.handling.status == HandlingStatus::Handling
    });
}

#[test]
fn what_changed_since_a_moment_is_found_whether_recorded_or_acted_on() {
    let dir = Dir::new();
    let ledger = dir.open();
    let all = filled(&ledger);
    let since = |ms: i64| Query { updated_since: Some(ReceiveTime::from_ms(ms)), ..Query::default() };
    // Everything was recorded after 1970 and nothing after 2096; what was acted on then is known by its minute.
    assert_eq!(check(&ledger, &all, &since(0), |_| true), 240);
    for ms in [4_000_000_000_000, 4_000_000_000_100, 4_000_000_000_230, 4_000_000_001_000] {
        let query = since(ms);
        check(&ledger, &all, &query, |it| it.handling.updated_at.ms() >= ms);
        let query = Query { operators: vec!["OP1".into()], ..query };
        check(&ledger, &all, &query, |it| {
            it.handling.updated_at.ms() >= ms && it.alert.vehicle.operator == "OP1"
        });
    }
    let last = crate::now();
    while crate::now() == last {}
    let before = crate::now();
    let revised = Arc::new(alert(17, 2, State::Cleared));
    ledger.record(&[Arc::clone(&revised)]).unwrap();
    let found = read(&ledger, &Query { updated_since: Some(before), ..Query::default() });
    let acted = all.iter().filter(|it| it.handling.updated_at > before).count();
    assert_eq!(found.len(), acted + 1);
    assert!(ids(&found).contains(&revised.id.to_string()));
}

#[test]
fn a_tally_counts_each_part_up_to_its_bound() {
    let dir = Dir::new();
    let ledger = dir.open();
    let all = filled(&ledger);
    let query = Query { rules: vec![RuleId::FATIGUE], ..Query::default() };
    let tally = ledger.tally(&query, 1000).unwrap();
    let mine: Vec<_> = all.iter().filter(|it| it.alert.rule == RuleId::FATIGUE).collect();
    let of = |severity| mine.iter().filter(|it| it.alert.severity == severity).count() as u64;
    assert_eq!(tally.total, mine.len() as u64);
    assert!(Severity::ALL.iter().all(|severity| tally.by_severity[severity] == of(*severity)));
    assert_eq!(tally.by_handling.values().sum::<u64>(), mine.len() as u64);
    assert_eq!(tally.by_rule, [("fatigue".to_owned(), mine.len() as u64)].into());
    let all_rules = ledger.tally(&Query::default(), 50).unwrap();
    assert_eq!((all_rules.total, all_rules.by_rule.len(), all_rules.by_rule["speeding"]), (50, 2, 50));
}

#[test]
fn a_cursor_of_the_other_order_is_refused() {
    let dir = Dir::new();
    let ledger = dir.open();
    filled(&ledger);
    let cursor = |sort| ledger.alerts(&Query { sort, limit: 3, ..Query::default() }).unwrap().next;
    for (ours, other) in [(Sort::Age, Sort::Severity), (Sort::Severity, Sort::Age)] {
        let query = Query { sort: ours, cursor: cursor(other), ..Query::default() };
        assert!(matches!(ledger.alerts(&query), Err(StoreError::Cursor(_))));
    }
}
