//! Two sets of rules over one recording, for `replay --compare` and the console's trials: which alerts the other
//! one gains, loses and changes.
//!
//! An alert stands for the same event in both if vehicle, rule and zone are the same and the times overlap; one that
//! begins elsewhere or weighs more is `changed`, not lost and gained.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use fleet::{Alert, AlertId, EventTime, RULES, RuleId, TerminalId};
use serde::Serialize;

/// Whose alert it is.
#[derive(Clone, Copy)]
pub enum Side {
    /// The configuration that is asked about.
    Base,
    /// The one it is compared with.
    Other,
}

/// The newest revision of every alert that is not known to be the same on both sides.
#[derive(Default)]
pub struct Comparison {
    base: HashMap<AlertId, Alert>,
    other: HashMap<AlertId, Alert>,
    same: BTreeMap<&'static str, u64>,
}

/// One difference.
#[derive(Serialize)]
pub struct Difference {
    /// `gained`, `lost` or `changed`.
    pub change: &'static str,
    /// As the other configuration has it; a lost one as the base has it.
    pub alert: Alert,
    /// As the base has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Alert>,
    /// Keys of the message that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<&'static str>,
}

impl Comparison {
    /// Takes in the next revision of an alert.
    pub fn take(&mut self, side: Side, alert: Alert) {
        let id = alert.id;
        let (own, across) = match side {
            Side::Base => (&mut self.base, &mut self.other),
            Side::Other => (&mut self.other, &mut self.base),
        };
        // What ended alike on both sides need not be kept: a long recording has millions.
        let is_same = |twin: &Alert| alert.ended_at.is_some() && fields(&alert, twin).is_empty();
        if across.get(&id).is_some_and(is_same) {
            across.remove(&id);
            own.remove(&id);
            *self.same.entry(alert.rule.as_str()).or_default() += 1;
        } else {
            own.insert(id, alert);
        }
    }

    /// How many alerts are kept.
    pub fn kept(&self) -> usize {
        self.base.len() + self.other.len()
    }

    /// Every difference, by time, and the counts.
    pub fn finish(self) -> (Vec<Difference>, Counts) {
        let mut counts = Counts::default();
        for (rule, same) in self.same {
            counts.rules.entry(rule).or_default().same = same;
        }
        let base = groups(self.base);
        let mut other = groups(self.other);
        let mut pairs: Vec<(Option<Alert>, Option<Alert>)> = Vec::new();
        for (key, alerts) in base {
            pairs.extend(matched(alerts, other.remove(&key).unwrap_or_default()));
        }
        pairs.extend(other.into_values().flatten().map(|alert| (None, Some(alert))));
        pairs.sort_by_key(|(base, other)| other.as_ref().or(base.as_ref()).map(place));
        let differences = pairs.into_iter().filter_map(|(base, other)| counts.add(base, other)).collect();
        (differences, counts)
    }
}

/// What tells events apart besides their time: vehicle, rule, and the zone it is about.
type Key = (TerminalId, RuleId, Option<String>);

fn groups(alerts: HashMap<AlertId, Alert>) -> BTreeMap<Key, Vec<Alert>> {
    let mut groups: BTreeMap<Key, Vec<Alert>> = BTreeMap::new();
    for alert in alerts.into_values() {
        let zone = alert.place.zone.as_ref().map(|zone| zone.id.clone());
        groups.entry((alert.vehicle.terminal, alert.rule, zone)).or_default().push(alert);
    }
    for group in groups.values_mut() {
        group.sort_by_key(place);
    }
    groups
}

fn place(alert: &Alert) -> (EventTime, TerminalId, RuleId, AlertId) {
    (alert.started_at, alert.vehicle.terminal, alert.rule, alert.id)
}

/// Pairs the alerts of one group: first those with one id, then the earliest that overlap.
fn matched(base: Vec<Alert>, mut other: Vec<Alert>) -> Vec<(Option<Alert>, Option<Alert>)> {
    let mut pairs = Vec::new();
    let mut rest = Vec::new();
    for alert in base {
        match other.iter().position(|twin| twin.id == alert.id) {
            Some(place) => pairs.push((Some(alert), Some(other.remove(place)))),
            None => rest.push(alert),
        }
    }
    for alert in rest {
        let twin = other.iter().position(|twin| overlap(&alert, twin)).map(|place| other.remove(place));
        pairs.push((Some(alert), twin));
    }
    pairs.extend(other.into_iter().map(|alert| (None, Some(alert))));
    pairs
}

/// Whether some moment belongs to both; one without an end goes on.
fn overlap(a: &Alert, b: &Alert) -> bool {
    let begins_before_end =
        |first: &Alert, second: &Alert| second.ended_at.is_none_or(|ended| first.started_at <= ended);
    begins_before_end(a, b) && begins_before_end(b, a)
}

/// Which keys of the message differ. Positions, revisions and the versions of rules and map are no part of the event.
fn fields(a: &Alert, b: &Alert) -> Vec<&'static str> {
    let checks = [
        ("severity", a.severity == b.severity),
        ("started_at", a.started_at == b.started_at),
        ("raised_at", a.raised_at == b.raised_at),
        ("ended_at", a.ended_at == b.ended_at),
        ("late", a.late == b.late),
        ("title", a.title == b.title),
        ("vehicle", a.vehicle == b.vehicle),
        ("driver", a.driver == b.driver),
        ("place", a.place == b.place),
        ("measure", a.measure == b.measure),
        ("basis", a.basis == b.basis),
        ("departments", a.departments == b.departments),
        ("evidence", a.evidence.limit == b.evidence.limit && a.evidence.confidence == b.evidence.confidence),
    ];
    checks.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// How many of each, by rule.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// By rule id.
    pub rules: BTreeMap<&'static str, Count>,
}

/// Alerts of one rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// On both sides alike.
    pub same: u64,
    /// Only the other side has them.
    pub gained: u64,
    /// Only the base has them.
    pub lost: u64,
    /// Both have them, not alike.
    pub changed: u64,
}

impl Counts {
    /// Counts a pair; gives what differs.
    fn add(&mut self, base: Option<Alert>, other: Option<Alert>) -> Option<Difference> {
        let count = self.rules.entry(base.as_ref().or(other.as_ref())?.rule.as_str()).or_default();
        let (change, field) = match (&base, &other) {
            (Some(before), Some(alert)) if fields(before, alert).is_empty() => {
                count.same += 1;
                return None;
            }
            (Some(_), Some(_)) => ("changed", &mut count.changed),
            (Some(_), None) => ("lost", &mut count.lost),
            (None, _) => ("gained", &mut count.gained),
        };
        *field += 1;
        match (base, other) {
            (Some(before), Some(alert)) => {
                let fields = fields(&before, &alert);
                Some(Difference { change, alert, before: Some(before), fields })
            }
            (one, another) => {
                Some(Difference { change, alert: one.or(another)?, before: None, fields: Vec::new() })
            }
        }
    }

    /// Over all rules.
    pub fn total(&self) -> Count {
        self.rules.values().fold(Count::default(), |sum, count| Count {
            same: sum.same + count.same,
            gained: sum.gained + count.gained,
            lost: sum.lost + count.lost,
            changed: sum.changed + count.changed,
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { same, gained, lost, changed } = self.total();
        write!(
            f,
            "compared 比较: {gained} gained 新增, {lost} lost 消失, {changed} changed 变化, {same} the same 相同"
        )?;
        let rules = RULES.iter().filter_map(|rule| Some((rule, self.rules.get(rule)?)));
        for (rule, Count { gained, lost, changed, .. }) in
            rules.filter(|(_, c)| c.gained + c.lost + c.changed > 0)
        {
            write!(f, "\n  {rule}: gained {gained} lost {lost} changed {changed}")?;
        }
        Ok(())
    }
}
