//! Which step is legal from where, and by whom. Nothing here is kept or asks the time.

use std::fmt;
use std::str::FromStr;

use fleet::ReceiveTime;
use serde::{Deserialize, Serialize};

use super::{Announced, AssignedTo, Danger, DangerId, DangerStatus, Report};
use crate::handling::word_enum;
use crate::{StoreError, Via};

/// People who may take part in one entry: more is no putting right but a mistake.
const HANDLERS_MAX: u64 = 100;
/// Times an entry may be announced by itself or in bulletins: twenty years of monthly ones.
pub(super) const ANNOUNCED_MAX: u64 = 240;

word_enum! {
    /// What a person can do with an entry.
    DangerActionKind {
        /// Gives it to a unit, with a date.
        Assign = "assign",
        /// Says what is done about it.
        Progress = "progress",
        /// One of the two reports was made.
        Report = "report",
        /// Moves the date.
        Extend = "extend",
        /// It is put right, and somebody may inspect that.
        RequestClose = "request-close",
        /// Inspected: it is struck off.
        Close = "close",
        /// Inspected: it is not put right.
        Return = "return",
        /// It was announced by itself.
        Announce = "announce",
        /// Says something.
        Comment = "comment",
        /// It is there again.
        Reopen = "reopen",
    }
}

/// Whose part a step is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DangerPart {
    /// Who inspects, closes and announces.
    Closer,
    /// Who keeps the list and gives out its entries.
    Keeper,
    /// Who has to put it right, and everybody else who sees it.
    Responsible,
}

impl DangerActionKind {
    /// The states it may be done from.
    pub const fn legal_from(self) -> &'static [DangerStatus] {
        use DangerStatus::{Assigned, Closed, Closing, Open, Rectifying};
        match self {
            Self::Assign => &[Open, Assigned, Rectifying],
            Self::Progress | Self::Extend | Self::RequestClose => &[Assigned, Rectifying],
            Self::Close | Self::Return => &[Closing],
            Self::Announce | Self::Comment | Self::Report => DangerStatus::ALL,
            Self::Reopen => &[Closed],
        }
    }

    /// Whose part it is.
    pub const fn part(self) -> DangerPart {
        match self {
            Self::Progress | Self::RequestClose | Self::Comment => DangerPart::Responsible,
            Self::Assign | Self::Report | Self::Extend | Self::Reopen => DangerPart::Keeper,
            Self::Close | Self::Return | Self::Announce => DangerPart::Closer,
        }
    }
}

/// What somebody wants to do with an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DangerAction {
    /// With which.
    pub danger: DangerId,
    /// What.
    pub kind: DangerActionKind,
    /// Who.
    pub by: String,
    /// Which way it came.
    pub via: Via,
    /// A text.
    pub note: Option<String>,
    /// For `assign`: the responsible unit.
    pub unit: Option<String>,
    /// For `assign`: the responsible person.
    pub person: Option<String>,
    /// For `assign` and `extend`: until when.
    pub due_at: Option<ReceiveTime>,
    /// For `progress` and `request-close`: what is done about it.
    pub measures: Option<String>,
    /// For `report`: which of the two.
    pub which: Option<Report>,
    /// The version it rests on; `None` acts on any.
    pub expected_version: Option<u32>,
    /// When.
    pub at: ReceiveTime,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DangerError {
    /// No such entry.
    #[error("{0} is not on the list")]
    Unknown(DangerId),
    /// Somebody was faster.
    #[error("the entry has changed, its version is {}", current.version)]
    Stale {
        /// As it is now.
        current: Box<Danger>,
    },
    /// Not from this state.
    #[error("{action} is not allowed when {status}, only when {}", list(from))]
    NotAllowed {
        /// What was asked.
        action: DangerActionKind,
        /// As it is.
        status: DangerStatus,
        /// From where it would be.
        from: &'static [DangerStatus],
    },
    /// Something is not given.
    #[error("{action} needs {what}")]
    Missing {
        /// What was asked.
        action: DangerActionKind,
        /// The member.
        member: &'static str,
        /// What it needs.
        what: &'static str,
    },
    /// Who put it right does not inspect it.
    #[error("{by} took part in putting it right, somebody else has to close it")]
    SamePerson {
        /// Who tried.
        by: String,
    },
    /// The entry has as many as it may have.
    #[error("the entry has {most} {what} already, at most so many are kept")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        most: u64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Danger {
    /// What the step makes of it, or why it may not be taken.
    pub(crate) fn after(&self, action: &DangerAction) -> Result<Self, DangerError> {
        if action.expected_version.is_some_and(|expected| expected != self.version) {
            return Err(DangerError::Stale { current: Box::new(self.clone().seen_at(action.at)) });
        }
        let from = action.kind.legal_from();
        if !from.contains(&self.status) {
            return Err(DangerError::NotAllowed { action: action.kind, status: self.status, from });
        }
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        next.updated_at = action.at;
        next.apply(action)?;
        Ok(next.seen_at(action.at))
    }

    fn apply(&mut self, action: &DangerAction) -> Result<(), DangerError> {
        use DangerActionKind as Kind;
        match action.kind {
            Kind::Assign => self.assign(action),
            Kind::Progress => {
                if action.note.is_none() && action.measures.is_none() {
                    return Err(action.missing("note", "a note or measures"));
                }
                self.take_part(action)?;
                self.status = DangerStatus::Rectifying;
                Ok(())
            }
            Kind::Report => {
                match action.which.ok_or_else(|| action.missing("which", "which: department or congress"))? {
                    Report::Department => self.reports.department_at = Some(action.at),
                    Report::Congress => self.reports.congress_at = Some(action.at),
                }
                Ok(())
            }
            Kind::Extend => self.extend(action),
            Kind::RequestClose => {
                self.take_part(action)?;
                if self.measures.is_none() {
                    return Err(action.missing("measures", "measures: what was done about it"));
                }
                self.status = DangerStatus::Closing;
                self.requested_by = Some(action.by.clone());
                Ok(())
            }
            Kind::Close => self.close(action),
            Kind::Return => {
                action.with_note("a note: what is still wrong")?;
                self.status = DangerStatus::Rectifying;
                self.requested_by = None;
                Ok(())
            }
            Kind::Announce => {
                action.with_note("a note: where and how")?;
                self.announce(Announced { at: action.at, bulletin: None })
            }
            Kind::Comment => action.with_note("a note"),
            Kind::Reopen => {
                action.with_note("a note: why")?;
                self.status = DangerStatus::Open;
                (self.assigned_to, self.assigned_at, self.due_at) = (None, None, None);
                (self.requested_by, self.inspector, self.closed_at) = (None, None, None);
                (self.escalation, self.measures) = (0, None);
                Ok(())
            }
        }
    }

    fn assign(&mut self, action: &DangerAction) -> Result<(), DangerError> {
        let unit =
            action.unit.clone().ok_or_else(|| action.missing("unit", "unit: who has to put it right"))?;
        self.due_at = Some(action.later_than(action.at)?);
        self.assigned_to = Some(AssignedTo { unit, person: action.person.clone() });
        self.assigned_at = Some(action.at);
        self.status = DangerStatus::Assigned;
        self.escalation = 0;
        Ok(())
    }

    fn extend(&mut self, action: &DangerAction) -> Result<(), DangerError> {
        action.with_note("a note: why")?;
        let now = self.due_at.map_or(action.at, |due| due.max(action.at));
        self.due_at = Some(action.later_than(now)?);
        self.escalation = 0;
        Ok(())
    }

    fn close(&mut self, action: &DangerAction) -> Result<(), DangerError> {
        let responsible = self.assigned_to.as_ref().and_then(|to| to.person.as_ref());
        let had_part = self.requested_by.iter().chain(&self.handled_by).chain(responsible);
        if had_part.into_iter().any(|name| *name == action.by) {
            return Err(DangerError::SamePerson { by: action.by.clone() });
        }
        action.with_note("a note: what the inspection found")?;
        self.status = DangerStatus::Closed;
        self.inspector = Some(action.by.clone());
        self.closed_at = Some(action.at);
        Ok(())
    }

    fn take_part(&mut self, action: &DangerAction) -> Result<(), DangerError> {
        if !self.handled_by.contains(&action.by) {
            if self.handled_by.len() as u64 >= HANDLERS_MAX {
                return Err(DangerError::Full { what: "people who took part", most: HANDLERS_MAX });
            }
            self.handled_by.push(action.by.clone());
        }
        self.measures = action.measures.clone().or_else(|| self.measures.take());
        Ok(())
    }

    pub(super) fn announce(&mut self, announced: Announced) -> Result<(), DangerError> {
        if self.announced.len() as u64 >= ANNOUNCED_MAX {
            return Err(DangerError::Full { what: "announcements", most: ANNOUNCED_MAX });
        }
        self.announced.push(announced);
        Ok(())
    }
}

impl DangerAction {
    const fn missing(&self, member: &'static str, what: &'static str) -> DangerError {
        DangerError::Missing { action: self.kind, member, what }
    }

    fn with_note(&self, what: &'static str) -> Result<(), DangerError> {
        self.note.as_ref().map(drop).ok_or_else(|| self.missing("note", what))
    }

    fn later_than(&self, moment: ReceiveTime) -> Result<ReceiveTime, DangerError> {
        let later = self.due_at.filter(|due| *due > moment);
        later.ok_or_else(|| {
            self.missing("due_at", "due_at: a time that is later than now and than the one before")
        })
    }
}

fn list(statuses: &[DangerStatus]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ")
}
