use std::sync::Arc;

use fleet::{Severity, State, VehicleLabel};

use super::*;
use crate::dangers::tests::{HOUR, at, by, new, step as action};
use crate::tests::{Dir, alert};
use crate::{Action, ActionKind, DangerAction, DangerActionKind, DangerQuery, Outcome};

const DAY: Duration = Duration::from_secs(86_400);
/// A figure that nothing reaches.
const NEVER: u64 = 1_000_000;

/// Nothing is a danger but what a test asks for.
fn quiet() -> DangerThresholds {
    DangerThresholds {
        handling_percent_min: 90,
        handling_alerts_min: NEVER,
        handling_grace: DAY * 3,
        window: DAY * 30,
        speeding_alerts: NEVER,
        slips: NEVER,
        slip_after: DAY * 3,
        unhandled_after: DAY * 3650,
    }
}

/// So many alerts of an operator, a minute apart from a moment on.
fn raise(ledger: &Ledger, operator: &str, rule: RuleId, from: ReceiveTime, count: u32) -> Vec<AlertId> {
    let made = (0..count).map(|n| {
        let raised_at = from.plus(Duration::from_secs(60) * n).as_event();
        let base = alert(1, 1, State::Raised);
        let id = AlertId::derive(base.vehicle.terminal, rule, operator, raised_at);
        let vehicle = VehicleLabel { operator: operator.into(), ..base.vehicle.clone() };
        Arc::new(fleet::Alert { id, rule, raised_at, vehicle, severity: Severity::Minor, ..base })
    });
    let made: Vec<_> = made.collect();
    assert!(ledger.record(&made).unwrap().iter().all(|new| *new));
    made.iter().map(|alert| alert.id).collect()
}

fn handle(ledger: &Ledger, ids: &[AlertId]) {
    for id in ids {
        let action = Action {
            alert: *id,
            kind: ActionKind::Handle,
            by: "duty-01".into(),
            department: None,
            via: Via::Console,
            note: None,
            result: Some(Outcome::Warned),
            reason: None,
            assignee: None,
            until: None,
            expected_version: None,
            request_id: None,
            at: at("2026-11-01T00:00:00+08:00"),
        };
        ledger.act(&action).unwrap();
    }
}

fn find(ledger: &Ledger, thresholds: &DangerThresholds, now: &str) -> (usize, usize) {
    let division = |operator: &str| if operator == "OP1" { "540102".to_owned() } else { String::new() };
    let watched = ledger.find_dangers(thresholds, at(now), &division).unwrap();
    (watched.listed, watched.extended)
}

fn all(ledger: &Ledger) -> Vec<Danger> {
    let query = DangerQuery { limit: 1000, ..DangerQuery::default() };
    ledger.dangers(&query, at("2026-11-04T00:00:00+08:00")).unwrap().items
}

#[test]
fn a_month_of_which_too_little_was_handled_is_listed_once() {
    let dir = Dir::new();
    let ledger = dir.open();
    let rate = DangerThresholds { handling_alerts_min: 10, ..quiet() };
    // The last minutes of October in China; what comes after midnight is another month's.
    let last = at("2026-10-31T23:50:00+08:00");
    let poor = raise(&ledger, "OP1", RuleId::OFF_ROUTE, last, 10);
    handle(&ledger, &poor[..8]);
    raise(&ledger, "OP1", RuleId::OFF_ROUTE, at("2026-11-01T00:00:00+08:00"), 10);
    let well = raise(&ledger, "OP2", RuleId::OFF_ROUTE, last, 10);
    handle(&ledger, &well[..9]);
    raise(&ledger, "OP3", RuleId::OFF_ROUTE, last, 9);
    // Vehicles that are not on file are nobody's.
    raise(&ledger, "", RuleId::OFF_ROUTE, last, 20);
    assert_eq!(find(&ledger, &rate, "2026-11-03T23:59:59+08:00"), (0, 0));
    assert_eq!(find(&ledger, &rate, "2026-11-04T00:00:00+08:00"), (1, 0));
    let found = all(&ledger).remove(0);
    assert_eq!(
        (found.operator.as_str(), found.division.as_str(), found.level),
        ("OP1", "540102", DangerLevel::General)
    );
    assert_eq!(found.source.trigger, Some(Trigger::HandlingRate));
    assert_eq!(found.source.alert_ids, poor[8..]);
    assert_eq!(
        found.title,
        "2026-10 报警处理率 80%（8/10），低于 90% · 8 of 10 alerts of 2026-10 handled, below 90 %"
    );
    // Not again: later, after a restart, or when it has been closed.
    assert_eq!(find(&ledger, &rate, "2026-11-20T00:00:00+08:00"), (0, 0));
    assert_eq!(find(&dir.open(), &rate, "2026-11-30T00:00:00+08:00"), (0, 0));
    let story = ledger.danger_timeline(found.id).unwrap();
    assert_eq!((story.len(), story[0].by.as_str(), story[0].via), (1, "dangers", Via::Service));
}

#[test]
fn so_many_speeding_alerts_are_listed_once_a_window() {
    let dir = Dir::new();
    let ledger = dir.open();
    let speeding = DangerThresholds { speeding_alerts: 5, ..quiet() };
    raise(&ledger, "OP1", RuleId::SPEEDING, at("2026-11-01T08:00:00+08:00"), 4);
    raise(&ledger, "OP1", RuleId::FATIGUE, at("2026-11-01T08:00:00+08:00"), 4);
    assert_eq!(find(&ledger, &speeding, "2026-11-02T00:00:00+08:00"), (0, 0));
    raise(&ledger, "OP1", RuleId::SPEEDING, at("2026-11-02T08:00:00+08:00"), 1);
    // The fifth counts while the first is within the window, to the moment.
    assert_eq!(find(&ledger, &speeding, "2026-12-01T08:00:01+08:00"), (0, 0));
    assert_eq!(find(&ledger, &speeding, "2026-12-01T08:00:00+08:00"), (1, 0));
    let found = all(&ledger).remove(0);
    assert_eq!((found.level, found.source.rule), (DangerLevel::Major, Some(RuleId::SPEEDING)));
    assert_eq!(found.source.alert_ids.len(), 5);
    assert_eq!(found.title, "30 天内超速报警 5 次 · 5 speeding alerts within 30 days");
    // While it is being dealt with, and for a window after it was found, the same pattern is the same entry.
    raise(&ledger, "OP1", RuleId::SPEEDING, at("2026-12-20T08:00:00+08:00"), 9);
    assert_eq!(find(&dir.open(), &speeding, "2027-01-10T00:00:00+08:00"), (0, 0));
    for kind in [DangerActionKind::Assign, DangerActionKind::RequestClose] {
        ledger.act_on_danger(&by("worker", action(found.id, kind))).unwrap();
    }
    ledger.act_on_danger(&action(found.id, DangerActionKind::Close)).unwrap();
    assert_eq!(find(&ledger, &speeding, "2026-12-30T00:00:00+08:00"), (0, 0));
    assert_eq!(find(&ledger, &speeding, "2027-01-10T00:00:00+08:00"), (1, 0));
    assert_eq!(all(&ledger)[0].id.to_string(), "MD-2027-000001");
}

#[test]
fn alerts_that_nobody_handles_in_time_are_slips() {
    let dir = Dir::new();
    let ledger = dir.open();
    let slips = DangerThresholds { slips: 3, ..quiet() };
    let morning = at("2026-11-01T08:00:00+08:00");
    let speeding = raise(&ledger, "OP1", RuleId::SPEEDING, morning, 3);
    raise(&ledger, "OP1", RuleId::OFF_ROUTE, morning, 9);
    let fatigue = raise(&ledger, "OP1", RuleId::FATIGUE, morning, 1);
    handle(&ledger, &speeding[..1]);
    // Two days are in time.
    assert_eq!(find(&ledger, &slips, "2026-11-03T08:00:00+08:00"), (0, 0));
    assert_eq!(find(&ledger, &slips, "2026-11-04T08:02:01+08:00"), (1, 0));
    let found = all(&ledger).remove(0);
    let named = &found.source.alert_ids;
    assert_eq!(named.len(), 3);
    assert!(named.contains(&fatigue[0]) && !named.contains(&speeding[0]));
    assert_eq!(
        found.title,
        "30 天内超速、疲劳报警 3 次未按时处理 · 3 speeding and fatigue alerts within 30 days not handled in time"
    );
    assert_eq!(find(&ledger, &slips, "2026-11-05T08:00:00+08:00"), (0, 0));
}

#[test]
fn what_nobody_handled_for_a_month_is_listed_month_by_month_and_grows() {
    let dir = Dir::new();
    let ledger = dir.open();
    let month = DangerThresholds { unhandled_after: DAY * 30, ..quiet() };
    let ids = raise(&ledger, "OP1", RuleId::SPEEDING, at("2026-09-30T23:59:00+08:00"), 3);
    assert_eq!(find(&ledger, &month, "2026-10-30T23:59:00+08:00"), (0, 0));
    // A month after the first, then after the other two, which are of October.
    assert_eq!(find(&ledger, &month, "2026-10-30T23:59:01+08:00"), (1, 0));
    assert_eq!(find(&ledger, &month, "2026-10-31T00:00:01+08:00"), (1, 0));
    assert_eq!(find(&ledger, &month, "2026-10-31T00:01:01+08:00"), (0, 1));
    assert_eq!(find(&dir.open(), &month, "2026-10-31T00:01:01+08:00"), (0, 0));
    let found = all(&ledger);
    assert_eq!(found.len(), 2);
    assert_eq!((&found[1].source.alert_ids[..], &found[0].source.alert_ids[..]), (&ids[..1], &ids[1..]));
    assert_eq!((found[0].version, found[1].version), (1, 0));
    assert!(found[0].title.starts_with("2026-10 ") && found[1].title.starts_with("2026-09 "));
    let story = ledger.danger_timeline(found[0].id).unwrap();
    assert_eq!((story[1].action.as_str(), &story[1].detail["alert_ids"][0]), ("evidence", &json!(ids[2])));
    // What is closed stays as it was inspected.
    for kind in [DangerActionKind::Assign, DangerActionKind::RequestClose] {
        ledger.act_on_danger(&by("worker", action(found[0].id, kind))).unwrap();
    }
    ledger.act_on_danger(&action(found[0].id, DangerActionKind::Close)).unwrap();
    raise(&ledger, "OP1", RuleId::SPEEDING, at("2026-10-01T08:00:00+08:00"), 1);
    assert_eq!(find(&ledger, &month, "2026-11-02T00:00:00+08:00"), (0, 0));
}

#[test]
fn one_search_lists_so_many_and_the_next_the_others() {
    let dir = Dir::new();
    let ledger = dir.open();
    let morning = at("2026-11-01T08:00:00+08:00");
    for n in 0..=FOUND_MAX {
        raise(&ledger, &format!("OP{n:03}"), RuleId::SPEEDING, morning, 1);
    }
    let speeding = DangerThresholds { speeding_alerts: 1, ..quiet() };
    let next_day = "2026-11-02T00:00:00+08:00";
    assert_eq!(find(&ledger, &speeding, next_day), (FOUND_MAX, 0));
    assert_eq!(find(&ledger, &speeding, next_day), (1, 0));
    assert_eq!(find(&ledger, &speeding, next_day), (0, 0));
}

#[test]
fn what_is_overdue_escalates_at_once_and_each_day_until_it_is_closed() {
    let dir = Dir::new();
    let ledger = dir.open();
    let id = ledger.create_danger(&new("OP1"), at("2026-11-26T12:00:00+08:00")).unwrap().id;
    let due = at("2026-11-28T00:00:00+08:00");
    ledger
        .act_on_danger(&DangerAction { due_at: Some(due), ..action(id, DangerActionKind::Assign) })
        .unwrap();
    let mut told = ledger.subscribe_dangers();
    assert_eq!(ledger.escalate_dangers(due).unwrap(), 0);
    let soon = due.plus(Duration::from_millis(1));
    assert_eq!(ledger.escalate_dangers(soon).unwrap(), 1);
    let first = told.try_recv().unwrap();
    assert_eq!((first.escalation, first.overdue, first.version), (1, true, 2));
    // Once a day, also when the service was down for a while and after a restart.
    assert_eq!(dir.open().escalate_dangers(due.plus(HOUR * 23)).unwrap(), 0);
    assert_eq!(dir.open().escalate_dangers(due.plus(HOUR * 24)).unwrap(), 1);
    assert_eq!(dir.open().escalate_dangers(due.plus(HOUR * 24 * 5)).unwrap(), 1);
    assert_eq!(ledger.danger(id, due).unwrap().unwrap().escalation, 6);
    let story = ledger.danger_timeline(id).unwrap();
    let steps: Vec<_> = story.iter().map(|step| step.action.as_str()).collect();
    assert_eq!(steps, ["create", "assign", "escalate", "escalate", "escalate"]);
    assert_eq!(
        (story[4].detail["escalation"].clone(), story[4].from),
        (json!(6), Some(DangerStatus::Assigned))
    );
    // A later date is a new beginning; years are no more than one.
    let later = due.plus(HOUR * 24 * 30);
    let now = due.plus(HOUR * 24 * 5);
    let extend = DangerAction { due_at: Some(later), at: now, ..action(id, DangerActionKind::Extend) };
    assert_eq!(ledger.act_on_danger(&extend).unwrap().escalation, 0);
    assert_eq!(ledger.escalate_dangers(now).unwrap(), 0);
    let years = later.plus(DAY * 2_000);
    assert_eq!(
        (ledger.escalate_dangers(years).unwrap(), ledger.escalate_dangers(years.plus(DAY)).unwrap()),
        (1, 0)
    );
    assert_eq!(ledger.danger(id, years).unwrap().unwrap().escalation, ESCALATION_MAX);
    ledger.act_on_danger(&by("worker", action(id, DangerActionKind::RequestClose))).unwrap();
    ledger.act_on_danger(&action(id, DangerActionKind::Close)).unwrap();
    assert_eq!(ledger.escalate_dangers(years.plus(DAY * 9)).unwrap(), 0);
}
