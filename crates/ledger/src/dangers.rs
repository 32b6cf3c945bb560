//! The one list of major dangers and its four systems (一单四制): assigning (交办), the ledger of every step (台账), closing by
//! somebody who had no part in putting it right (销号), announcing (通报).
//!
//! ```text
//! open ─assign─▶ assigned ─progress─▶ rectifying ─request-close─▶ closing ─close─▶ closed
//!  ▲                                      ◀─────────return───────────┘               │
//!  └──────────────────────────────────reopen─────────────────────────────────────────┘
//! ```
//!
//! Each step is one transaction with its timeline row and its audit row. An entry is never deleted.

mod bulletin;
mod life;
mod list;
mod store;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::str::FromStr;

use fleet::{AlertId, ReceiveTime, RuleId, TerminalId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tokio::sync::broadcast;

pub use self::bulletin::{
    Bulletin, BulletinError, BulletinItem, BulletinOperator, BulletinPart, BulletinSums, BulletinTitle,
};
pub use self::life::{DangerAction, DangerActionKind, DangerError, DangerPart};
pub use self::list::DangerQuery;
pub use self::store::{CreateDangerError, NewDanger};
pub use self::watch::{DangerThresholds, Watched};
use crate::handling::word_enum;
use crate::{Ledger, Via};

/// Alerts that one entry names: enough to prove a pattern; the list of alerts has the rest.
pub const DANGER_ALERTS_MAX: usize = 100;

word_enum! {
    /// How far an entry is.
    DangerStatus {
        /// On the list, nobody's yet.
        Open = "open",
        /// A unit has it, with a date.
        Assigned = "assigned",
        /// It is being put right.
        Rectifying = "rectifying",
        /// Somebody says it is put right and wants it inspected.
        Closing = "closing",
        /// Inspected and struck off.
        Closed = "closed",
    }
}

word_enum! {
    /// How bad.
    DangerLevel {
        /// A major hidden danger in the words of the law.
        Major = "major",
        /// Less than that, and still to be put right.
        General = "general",
    }
}

word_enum! {
    /// Where an entry comes from.
    SourceKind {
        /// A person wrote it.
        Manual = "manual",
        /// A person made it from alerts.
        Alert = "alert",
        /// The service found a pattern.
        Trigger = "trigger",
    }
}

word_enum! {
    /// The patterns the service looks for.
    Trigger {
        /// Fewer alerts of a month were handled than the law asks for.
        HandlingRate = "handling-rate",
        /// So many speeding alerts that nobody can have been serious about them.
        SpeedingCount = "speeding-count",
        /// Speeding and fatigue alerts that nobody handled in time.
        HandlingSlips = "handling-slips",
        /// Speeding and fatigue alerts that nobody handled within a month.
        UnhandledMonth = "unhandled-month",
    }
}

word_enum! {
    /// The two reports of an entry (双报告).
    Report {
        /// To the department in charge.
        Department = "department",
        /// To the congress of the staff.
        Congress = "congress",
    }
}

/// The number of an entry, `MD-2026-000123`: the year in China it was listed in, and a count from 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DangerId {
    pub(crate) year: i32,
    pub(crate) number: u32,
}

impl fmt::Display for DangerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MD-{:04}-{:06}", self.year, self.number)
    }
}

impl FromStr for DangerId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (year, number) = text.strip_prefix("MD-")?.split_once('-')?;
            let id = Self { year: year.parse().ok()?, number: number.parse().ok()? };
            (id.to_string() == text).then_some(id)
        };
        parse()
            .ok_or_else(|| format!("{text:?} is no number of the list, expected one such as MD-2026-000123"))
    }
}

impl Serialize for DangerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DangerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What an entry rests on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Source {
    /// Who found it.
    pub kind: SourceKind,
    /// The rule of its alerts, where they have one.
    pub rule: Option<RuleId>,
    /// Alerts that show it, at most [`DANGER_ALERTS_MAX`].
    pub alert_ids: Vec<AlertId>,
    /// The pattern, where the service found it.
    pub trigger: Option<Trigger>,
}

/// Who has to put it right.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AssignedTo {
    /// The responsible unit.
    pub unit: String,
    /// The responsible person.
    pub person: Option<String>,
}

/// That an entry was announced.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Announced {
    /// When.
    pub at: ReceiveTime,
    /// In which bulletin; `None`: by itself.
    pub bulletin: Option<String>,
}

/// When the two reports were made (双报告).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reports {
    /// To the department in charge.
    pub department_at: Option<ReceiveTime>,
    /// To the congress of the staff.
    pub congress_at: Option<ReceiveTime>,
}

/// An entry of the list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Danger {
    /// Its number.
    pub id: DangerId,
    /// One line.
    pub title: String,
    /// Which article makes it a danger.
    pub category: String,
    /// How bad.
    pub level: DangerLevel,
    /// What it rests on.
    pub source: Source,
    /// Whose it is.
    pub operator: String,
    /// The vehicle, where it is about one.
    pub terminal: Option<TerminalId>,
    /// Certificate of the driver, where it is about one.
    pub driver: Option<String>,
    /// Six digits of GB/T 2260; empty where unknown.
    pub division: String,
    /// When it was found.
    pub discovered_at: ReceiveTime,
    /// When it was listed.
    pub created_at: ReceiveTime,
    /// How far.
    pub status: DangerStatus,
    /// Who has to put it right.
    pub assigned_to: Option<AssignedTo>,
    /// Since when.
    pub assigned_at: Option<ReceiveTime>,
    /// Until when.
    pub due_at: Option<ReceiveTime>,
    /// Whether that is past and it is not closed; true of the moment it was read.
    pub overdue: bool,
    /// 0; 1 once overdue, one more each 24 hours.
    pub escalation: u32,
    /// What is done about it.
    pub measures: Option<String>,
    /// Who asked for closing.
    pub requested_by: Option<String>,
    /// Who took part in putting it right: none of them may close it.
    pub handled_by: Vec<String>,
    /// Who inspected and closed it.
    pub inspector: Option<String>,
    /// When.
    pub closed_at: Option<ReceiveTime>,
    /// When and in which bulletins it was announced, oldest first.
    pub announced: Vec<Announced>,
    /// The two reports.
    pub reports: Reports,
    /// 0 when listed, one more with each change.
    pub version: u32,
    /// When it changed last.
    pub updated_at: ReceiveTime,
}

impl Danger {
    /// As it is at a moment: overdue or not.
    pub(crate) fn seen_at(self, now: ReceiveTime) -> Self {
        let overdue = self.status != DangerStatus::Closed && self.due_at.is_some_and(|due| due < now);
        Self { overdue, ..self }
    }
}

/// One row of an entry's story.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DangerEntry {
    /// When.
    pub at: ReceiveTime,
    /// Who; `dangers` for the service.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// An action, or `create`, `evidence`, `escalate`, `bulletin`.
    pub action: String,
    /// A text.
    pub note: Option<String>,
    /// Status before; `None` when it was listed.
    pub from: Option<DangerStatus>,
    /// Status after.
    pub to: DangerStatus,
    /// What was given with it: unit, person, due_at, measures, which.
    pub detail: Value,
}

impl Ledger {
    /// Every change of an entry from now on. A subscriber that lags loses the oldest and has to ask anew.
    pub fn subscribe_dangers(&self) -> broadcast::Receiver<Danger> {
        self.inner.dangers.subscribe()
    }

    fn announce_danger(&self, danger: &Danger) {
        // Nobody listening is no error.
        let _ = self.inner.dangers.send(danger.clone());
    }
}
