//! The people's side of an alert, and which action is legal from where.

use std::fmt;
use std::str::FromStr;

use fleet::{Department, ReceiveTime};
use serde::{Deserialize, Serialize};

use crate::act::{ActError, Action};

macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The identifier in messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("{text:?} is unknown, expected one of {}", [$($text),+].join(", "))),
                }
            }
        }
    };
}
pub(crate) use word_enum;

word_enum! {
    /// How far people are with it.
    HandlingStatus {
        /// Nobody has seen it.
        New = "new",
        /// Somebody has.
        Acknowledged = "acknowledged",
        /// Somebody acts.
        Handling = "handling",
        /// It has a result.
        Handled = "handled",
        /// Put off until a time.
        Deferred = "deferred",
        /// Filed.
        Closed = "closed",
    }
}

word_enum! {
    /// What came of it; the last two decide an appeal and are never a handling's result.
    Outcome {
        /// The driver was told.
        Warned = "warned",
        /// A penalty.
        Penalised = "penalised",
        /// A patrol was sent.
        Dispatched = "dispatched",
        /// The driver was trained.
        Trained = "trained",
        /// Nothing to do.
        NoAction = "no-action",
        /// It wasn't so.
        FalseAlarm = "false-alarm",
        /// The appeal was right.
        Upheld = "upheld",
        /// The appeal was wrong.
        Rejected = "rejected",
    }
}

word_enum! {
    /// Why an alarm was false.
    Reason {
        /// The terminal.
        Device = "device",
        /// Our rule.
        Algorithm = "algorithm",
        /// Weather, tunnel, work on the road.
        Environment = "environment",
        /// A zone or road is drawn wrong.
        Map = "map",
        /// Else.
        Other = "other",
    }
}

word_enum! {
    /// How an appeal stands.
    Appeal {
        /// Not decided.
        Pending = "pending",
        /// The appeal was right.
        Upheld = "upheld",
        /// The appeal was wrong.
        Rejected = "rejected",
    }
}

word_enum! {
    /// What a person can do with an alert.
    ActionKind {
        /// Has seen it.
        Acknowledge = "acknowledge",
        /// Takes that back.
        Unacknowledge = "unacknowledge",
        /// Gives it to somebody.
        Assign = "assign",
        /// Says something.
        Comment = "comment",
        /// Urges.
        Remind = "remind",
        /// Sends somebody.
        Dispatch = "dispatch",
        /// Enters a result.
        Handle = "handle",
        /// It wasn't so; needs a reason.
        FalseAlarm = "false-alarm",
        /// Puts it off; needs a time.
        Defer = "defer",
        /// Files it.
        Close = "close",
        /// Takes it up again.
        Reopen = "reopen",
        /// The operator objects.
        Appeal = "appeal",
        /// Decides that; needs upheld or rejected as the result.
        DecideAppeal = "decide-appeal",
    }
}

word_enum! {
    /// Which way an action came.
    Via {
        /// The console.
        Console = "console",
        /// A program over HTTP.
        Api = "api",
        /// A department over MQTT.
        Mqtt = "mqtt",
        /// A JT/T 809 platform.
        Jtt809 = "809",
        /// The engine.
        Rule = "rule",
        /// The service itself: its start, a signal to it.
        Service = "service",
    }
}

/// The people's side of an alert.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Handling {
    /// How far.
    pub status: HandlingStatus,
    /// What came of it.
    pub result: Option<Outcome>,
    /// Why it was false.
    pub reason: Option<Reason>,
    /// Whose it is.
    pub assignee: Option<String>,
    /// The department that acted last.
    pub department: Option<Department>,
    /// When it was seen.
    pub acknowledged_at: Option<ReceiveTime>,
    /// By whom.
    pub acknowledged_by: Option<String>,
    /// When a result is due.
    pub due_at: Option<ReceiveTime>,
    /// Put off until then.
    pub deferred_until: Option<ReceiveTime>,
    /// An objection.
    pub appeal: Option<Appeal>,
    /// 0 when new, one more with each action.
    pub version: u32,
    /// When it changed last.
    pub updated_at: ReceiveTime,
}

impl Handling {
    /// As it is when its alert is recorded.
    pub const fn new(at: ReceiveTime) -> Self {
        Self {
            status: HandlingStatus::New,
            result: None,
            reason: None,
            assignee: None,
            department: None,
            acknowledged_at: None,
            acknowledged_by: None,
            due_at: None,
            deferred_until: None,
            appeal: None,
            version: 0,
            updated_at: at,
        }
    }

    /// What the action makes of it, or why it may not.
    pub(crate) fn after(&self, action: &Action) -> Result<Self, ActError> {
        let from = action.kind.legal_from();
        if !from.contains(&self.status) {
            return Err(ActError::NotAllowed { action: action.kind, status: self.status, from });
        }
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        next.updated_at = action.at;
        next.department = action.department.or(self.department);
        next.apply(action)?;
        Ok(next)
    }

    fn apply(&mut self, action: &Action) -> Result<(), ActError> {
        let missing = |what| Err(ActError::Missing { action: action.kind, what });
        match action.kind {
            ActionKind::Acknowledge => self.acknowledge(action),
            ActionKind::Unacknowledge => {
                self.status = HandlingStatus::New;
                (self.acknowledged_at, self.acknowledged_by) = (None, None);
            }
            ActionKind::Assign => {
                let Some(assignee) = &action.assignee else { return missing("assignee") };
                self.assignee = Some(assignee.clone());
                self.due_at = action.until.or(self.due_at);
                if self.status == HandlingStatus::New {
                    self.acknowledge(action);
                }
            }
            ActionKind::Comment | ActionKind::Remind => {}
            ActionKind::Dispatch => {
                self.take_up(action);
                self.assignee = action.assignee.clone().or_else(|| self.assignee.take());
                self.due_at = action.until.or(self.due_at);
            }
            ActionKind::Handle => match (action.result, action.reason) {
                (Some(Outcome::Upheld | Outcome::Rejected), _) => return missing("result of a handling"),
                (Some(Outcome::FalseAlarm), None) => return missing("reason"),
                (result, reason) => self.finish(action, result, reason),
            },
            ActionKind::FalseAlarm => {
                let Some(reason) = action.reason else { return missing("reason") };
                self.finish(action, Some(Outcome::FalseAlarm), Some(reason));
            }
            ActionKind::Defer => {
                let Some(until) = action.until else { return missing("until") };
                self.status = HandlingStatus::Deferred;
                self.deferred_until = Some(until);
            }
            ActionKind::Close => self.status = HandlingStatus::Closed,
            ActionKind::Reopen => self.take_up(action),
            ActionKind::Appeal if self.appeal == Some(Appeal::Pending) => {
                return Err(ActError::AppealPending);
            }
            ActionKind::Appeal => self.appeal = Some(Appeal::Pending),
            ActionKind::DecideAppeal => self.decide(action)?,
        }
        Ok(())
    }

    fn acknowledge(&mut self, action: &Action) {
        self.status = HandlingStatus::Acknowledged;
        self.acknowledged_at = Some(action.at);
        self.acknowledged_by = Some(action.by.clone());
    }

    fn take_up(&mut self, action: &Action) {
        if self.acknowledged_at.is_none() {
            self.acknowledge(action);
        }
        self.status = HandlingStatus::Handling;
        self.deferred_until = None;
        (self.result, self.reason) = (None, None);
    }

    fn finish(&mut self, action: &Action, result: Option<Outcome>, reason: Option<Reason>) {
        self.take_up(action);
        self.status = HandlingStatus::Handled;
        (self.result, self.reason) = (result, reason);
    }

    /// An appeal that is right sends the alert back to be handled again.
    fn decide(&mut self, action: &Action) -> Result<(), ActError> {
        if self.appeal != Some(Appeal::Pending) {
            return Err(ActError::NoAppeal);
        }
        match action.result {
            Some(Outcome::Upheld) => {
                self.take_up(action);
                self.appeal = Some(Appeal::Upheld);
            }
            Some(Outcome::Rejected) => self.appeal = Some(Appeal::Rejected),
            _ => return Err(ActError::Missing { action: action.kind, what: "result upheld or rejected" }),
        }
        Ok(())
    }
}

impl ActionKind {
    /// The states it may be done from.
    pub const fn legal_from(self) -> &'static [HandlingStatus] {
        use HandlingStatus::{Acknowledged, Deferred, Handled, Handling, New};
        match self {
            Self::Acknowledge => &[New],
            Self::Unacknowledge => &[Acknowledged],
            Self::Assign | Self::Remind | Self::Dispatch | Self::Handle | Self::FalseAlarm => {
                &[New, Acknowledged, Handling, Deferred]
            }
            Self::Comment | Self::DecideAppeal => HandlingStatus::ALL,
            Self::Defer => &[New, Acknowledged, Handling],
            Self::Close => &[Handled],
            Self::Reopen | Self::Appeal => &[Handled, HandlingStatus::Closed],
        }
    }
}
