//! Reports that raise alerts, the alerts they must become, and what a department has of them.
//!
//! One report in so many raises something and the one after it does not. Where a rule waits for no end each is
//! an alert of its own, which the report itself names: its rule, its terminal, its time.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use fleet::EventTime;
use serde_json::Value;
use tokio::time::sleep;

use crate::ledger::Ledger;
use crate::report::{Alarms, terminal};
use crate::service::Service;
use crate::subscriber::{Got, Subscriber};
use crate::verdict::Verdict;

/// Between two looks.
const AGAIN: Duration = Duration::from_millis(250);
/// Examples that are named.
const EXAMPLES_MAX: usize = 3;

/// What every second report raises.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// The rules, each of which makes an alert of it.
    pub rules: &'static [&'static str],
    /// One report in so many raises it.
    every: u32,
    /// The alarms of a report, by terminal and its number.
    pub alarm: fn(usize, u32) -> Alarms,
}

/// The emergency button.
pub const HELP: Cause = Cause { rules: &["sos"], every: 2, alarm: |_, n| raise(n, 2, SOS) };
/// The same now and then.
pub const HELP_NOW_AND_THEN: Cause = Cause { every: 40, alarm: |_, n| raise(n, 40, SOS), ..HELP };
/// Everything a report can raise at once: button, collision, tired, phone, smoking (JT/T 1078, item 0x18), too many
/// passengers (item 0x14).
pub const ALL: Cause = Cause {
    rules: &["sos", "collision", "dsm-fatigue", "dsm-phone", "dsm-smoking", "dsm-other"],
    every: 2,
    alarm: |_, n| raise(n, 2, EVERYTHING),
};

const SOS: Alarms = Alarms { bits: 1, items: &[] };
const EVERYTHING: Alarms =
    Alarms { bits: 1 | 1 << 29, items: &[0x18, 3, 0x00, 0x07, 50, 0x14, 4, 0x00, 0x00, 0x00, 0x10] };

const fn raise(n: u32, every: u32, alarms: Alarms) -> Alarms {
    if is_raising(n, every) { alarms } else { Alarms { bits: 0, items: &[] } }
}

const fn is_raising(n: u32, every: u32) -> bool {
    n % every == every / 2
}

impl Cause {
    /// Settings with which each of these alerts ends with the next report.
    pub fn settings(self) -> String {
        self.rules.iter().map(|rule| format!("[rules.{rule}]\nclear_hold = \"0ms\"\n")).collect()
    }

    fn rule(self, name: &str) -> Option<u8> {
        self.rules.iter().zip(0..).find_map(|(rule, number)| (*rule == name).then_some(number))
    }

    fn of(self, got: &Got) -> Option<Call> {
        Some(Call {
            rule: self.rule(&got.rule)?,
            terminal: terminal(&got.terminal)?,
            started_ms: got.started_ms,
        })
    }

    /// What the reports of the ledger raise; of all that were sent, or of those that were acknowledged.
    pub fn calls(self, ledger: &Ledger, of: Of) -> HashSet<Call> {
        let mut calls = HashSet::new();
        for terminal in 0..ledger.terminals() {
            let acknowledged = ledger.book(terminal).acknowledged.clone();
            for (n, is_acknowledged) in (0_u32..).zip(acknowledged) {
                if is_raising(n, self.every) && (is_acknowledged || of == Of::Sent) {
                    let started_ms = ledger.said(terminal, n).unix_ms;
                    let rules = (0_u8..).take(self.rules.len());
                    calls.extend(rules.map(|rule| Call { rule, terminal, started_ms }));
                }
            }
        }
        calls
    }

    /// Takes off what the department received, from a message on; the message after the last it looked at.
    pub fn take_off(self, department: &Subscriber, waiting: &mut HashSet<Call>, from: usize) -> usize {
        let got = department.got();
        for call in got.iter().skip(from).filter_map(|got| self.of(got)) {
            waiting.remove(&call);
        }
        got.len()
    }

    /// Waits until the department has all of these, or patience ends; how many it has not.
    pub async fn drain(
        self,
        department: &Subscriber,
        waiting: &mut HashSet<Call>,
        patience: Duration,
    ) -> usize {
        let until = Instant::now() + patience;
        let mut from = 0;
        loop {
            from = self.take_off(department, waiting, from);
            if waiting.is_empty() || Instant::now() >= until {
                return waiting.len();
            }
            sleep(AGAIN).await;
        }
    }

    /// Every alert of these rules as the HTTP interface lists it.
    pub async fn list(self, service: &Service) -> Result<Vec<Listed>> {
        let rules: String = self.rules.iter().map(|rule| format!("&rule={rule}")).collect();
        let items = service.api().list(&format!("/api/v1/alerts?{}", rules.trim_start_matches('&'))).await?;
        Ok(items.iter().filter_map(|item| self.read(item)).collect())
    }

    fn read(self, item: &Value) -> Option<Listed> {
        let started: EventTime = item["started_at"].as_str()?.parse().ok()?;
        Some(Listed {
            id: item["id"].as_str()?.to_owned(),
            revision: item["revision"].as_u64()?,
            call: Call {
                rule: self.rule(item["rule"].as_str()?)?,
                terminal: terminal(item["vehicle"]["terminal"].as_str()?)?,
                started_ms: started.ms(),
            },
        })
    }

    /// Waits until every call is listed and the department has what is listed, or patience ends; what is listed then.
    pub async fn settle(
        self,
        service: &Service,
        (ledger, department): (&Ledger, &Subscriber),
        owed: Owed,
        patience: Duration,
    ) -> Result<Vec<Listed>> {
        let calls = self.calls(ledger, Of::Acknowledged);
        let until = Instant::now() + patience;
        loop {
            let listed = self.list(service).await?;
            let known: HashSet<&Call> = listed.iter().map(|alert| &alert.call).collect();
            let is_settled = calls.iter().all(|call| known.contains(call))
                && missing(department, &listed, owed).is_empty()
                && self.beyond(department, &listed) == 0;
            if is_settled || Instant::now() >= until {
                return Ok(listed);
            }
            sleep(AGAIN).await;
        }
    }

    /// Messages of revisions that nobody lists.
    fn beyond(self, department: &Subscriber, listed: &[Listed]) -> u64 {
        let newest: HashMap<&str, u64> =
            listed.iter().map(|alert| (alert.id.as_str(), alert.revision)).collect();
        let got = department.got();
        let is_beyond = |got: &&Got| newest.get(got.id.as_str()).is_none_or(|newest| *newest < got.revision);
        got.iter().filter(|got| self.of(got).is_some()).filter(is_beyond).count() as u64
    }

    /// Compares what was called, what is listed and what the department has.
    pub fn compare(
        self,
        ledger: &Ledger,
        (listed, department): (&[Listed], &Subscriber),
        owed: Owed,
    ) -> Received {
        let calls = self.calls(ledger, Of::Acknowledged);
        let sent = self.calls(ledger, Of::Sent);
        let mut times: HashMap<Call, u64> = HashMap::new();
        listed.iter().for_each(|alert| *times.entry(alert.call).or_default() += 1);
        let missing = missing(department, listed, owed);
        let mut received = Received {
            unlisted: calls.iter().filter(|call| !times.contains_key(call)).count() as u64,
            invented: times.keys().filter(|call| !sent.contains(call)).count() as u64,
            lost: missing.len() as u64,
            twice: times.values().filter(|count| **count > 1).count() as u64
                + self.beyond(department, listed),
            examples: missing.into_iter().take(EXAMPLES_MAX).collect(),
            ..Received::default()
        };
        let got = department.got();
        received.messages = got.len() as u64;
        let mut seen: HashSet<(&str, u64)> = HashSet::new();
        let mut newest: HashMap<(u8, usize), (i64, u64)> = HashMap::new();
        for (got, call) in got.iter().filter_map(|got| Some((got, self.of(got)?))) {
            if seen.insert((&got.id, got.revision)) {
                let place = (got.started_ms, got.revision);
                let newest = newest.entry((call.rule, call.terminal)).or_insert(place);
                received.overtaken += u64::from(place < *newest);
                *newest = place.max(*newest);
            }
        }
        received.distinct = seen.len() as u64;
        received
    }
}

/// What one report raises by one rule.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Call {
    rule: u8,
    terminal: usize,
    started_ms: i64,
}

/// Which reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Of {
    Acknowledged,
    Sent,
}

/// An alert as the HTTP interface lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    id: String,
    revision: u64,
    call: Call,
}

/// What a department is to have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owed {
    /// The newest revision of every alert: what is sent again leaves out those before.
    Newest,
    /// Every revision of every alert, in order.
    Revisions,
}

fn missing(department: &Subscriber, listed: &[Listed], owed: Owed) -> Vec<(String, u64)> {
    let got = department.got();
    let has: HashSet<(&str, u64)> = got.iter().map(|got| (got.id.as_str(), got.revision)).collect();
    let mut missing = Vec::new();
    for Listed { id, revision, .. } in listed {
        let first = if owed == Owed::Revisions { 1 } else { *revision };
        let lacks = |revision: &u64| !has.contains(&(id.as_str(), *revision));
        missing.extend((first..=*revision).filter(lacks).map(|revision| (id.clone(), revision)));
    }
    missing
}

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Received {
    messages: u64,
    /// Every (`id`, `revision`) once.
    distinct: u64,
    /// Acknowledged calls that are no alert.
    unlisted: u64,
    /// Alerts nobody called for.
    invented: u64,
    /// Messages that never came.
    lost: u64,
    /// Calls with two alerts, and messages of revisions that are not listed.
    twice: u64,
    /// Messages that a later one of the same vehicle and rule overtook.
    overtaken: u64,
    examples: Vec<(String, u64)>,
}

impl Received {
    /// Enters the figures and what is wrong.
    pub fn judge(&self, owed: Owed, verdict: &mut Verdict) {
        verdict.figure("messages", self.messages);
        verdict.figure("messages_distinct", self.distinct);
        let mut enter = |key: &str, count: u64, what: String| {
            verdict.figure(key, count);
            if count > 0 {
                verdict.broken(format!("{count} {what}"));
            }
        };
        enter(
            "alerts_unlisted",
            self.unlisted,
            "of what acknowledged reports raised are no alerts".to_owned(),
        );
        enter("alerts_invented", self.invented, "alerts were never raised".to_owned());
        enter("messages_lost", self.lost, format!("messages were never received: {:?}", self.examples));
        enter("alerts_twice", self.twice, "alerts are there twice or beyond their last revision".to_owned());
        if owed == Owed::Revisions {
            let what = "messages were overtaken by a later one of their vehicle";
            enter("messages_overtaken", self.overtaken, what.to_owned());
        }
    }
}
