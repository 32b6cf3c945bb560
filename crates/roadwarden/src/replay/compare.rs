//! Two configurations over one recording: which alerts the other one gains, loses and changes.
//!
//! An alert stands for the same event in both if vehicle, rule and zone are the same and the times overlap; one that
//! begins elsewhere or weighs more is `changed`, not lost and gained.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Write;

use anyhow::{Context, Result};
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
    same: u64,
}

/// One difference, a line of the output.
#[derive(Serialize)]
struct Line<'a> {
    change: &'static str,
    /// As the other configuration has it; a lost one as the base has it.
    alert: &'a Alert,
    /// As the base has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Alert>,
    /// Keys of the message that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
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
            self.same += 1;
        } else {
            own.insert(id, alert);
        }
    }

    /// Writes every difference, by time; gives the counts.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<Counts> {
        let mut counts = Counts { same: self.same, rules: BTreeMap::new() };
        let base = groups(std::mem::take(&mut self.base));
        let mut other = groups(std::mem::take(&mut self.other));
        let mut pairs: Vec<(Option<Alert>, Option<Alert>)> = Vec::new();
        for (key, alerts) in base {
            pairs.extend(matched(alerts, other.remove(&key).unwrap_or_default()));
        }
        pairs.extend(other.into_values().flatten().map(|alert| (None, Some(alert))));
        pairs.sort_by_key(|(base, other)| other.as_ref().or(base.as_ref()).map(place));
        for (base, other) in &pairs {
            let Some(line) = line(base.as_ref(), other.as_ref()) else {
                counts.same += 1;
                continue;
            };
            counts.add(&line);
            serde_json::to_writer(&mut *out, &line).context("cannot write the alerts")?;
            out.write_all(b"\n").context("cannot write the alerts")?;
        }
        Ok(counts)
    }
}

fn line<'a>(base: Option<&'a Alert>, other: Option<&'a Alert>) -> Option<Line<'a>> {
    match (base, other) {
        (Some(before), Some(alert)) => {
            let fields = fields(before, alert);
            let line = Line { change: "changed", alert, before: Some(before), fields };
            (!line.fields.is_empty()).then_some(line)
        }
        (Some(alert), None) => Some(Line { change: "lost", alert, before: None, fields: Vec::new() }),
        (None, Some(alert)) => Some(Line { change: "gained", alert, before: None, fields: Vec::new() }),
        (None, None) => None,
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
pub struct Counts {
    same: u64,
    /// Gained, lost, changed.
    rules: BTreeMap<&'static str, [u64; 3]>,
}

const CHANGES: [&str; 3] = ["gained", "lost", "changed"];

impl Counts {
    fn add(&mut self, line: &Line<'_>) {
        let counts = self.rules.entry(line.alert.rule.as_str()).or_default();
        for (count, change) in counts.iter_mut().zip(CHANGES) {
            *count += u64::from(change == line.change);
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = |at: usize| self.rules.values().filter_map(|counts| counts.get(at)).sum::<u64>();
        write!(
            f,
            "compared 比较: {} gained 新增, {} lost 消失, {} changed 变化, {} the same 相同",
            total(0),
            total(1),
            total(2),
            self.same
        )?;
        let rules = RULES.iter().filter_map(|rule| Some((rule, self.rules.get(rule)?)));
        for (rule, [gained, lost, changed]) in rules {
            write!(f, "\n  {rule}: gained {gained} lost {lost} changed {changed}")?;
        }
        Ok(())
    }
}
