//! What a rule says of one moment: its condition holds, this much, against that limit.

use std::time::Duration;

use fleet::{Department, EventTime, Fix, LimitLabel, Map, MeasureKind, RuleId, Severity, ZoneIndex};

use crate::law::Law;

/// One rule's condition holds now.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    pub(crate) rule: RuleId,
    pub(crate) subject: Subject,
    pub(crate) severity: Severity,
    pub(crate) kind: MeasureKind,
    pub(crate) value: f64,
    pub(crate) limit: Option<f64>,
    /// Chinese and English, completed by the zone's name and the figures.
    pub(crate) text: (&'static str, &'static str),
    /// The figures in words of their own, Chinese and English; `None`: by `kind`.
    pub(crate) words: Option<(String, String)>,
    pub(crate) basis: &'static [Law],
    pub(crate) departments: &'static [Department],
    /// A hold other than the book's.
    pub(crate) hold: Option<Duration>,
    /// What its text ends with, before the figures, in Chinese and English.
    pub(crate) detail: Option<Box<(String, String)>>,
    /// Where it began, where that is long ago: the first position of the proof.
    pub(crate) first: Option<Fix>,
    /// When the condition began, where that is known better than by the first fix that shows it.
    pub(crate) started: Option<EventTime>,
    pub(crate) grip: Grip,
    /// Why the limit is what it is.
    pub(crate) why: Option<LimitLabel>,
    /// 0 to 1 where it was inferred.
    pub(crate) confidence: Option<f64>,
}

/// What a signal may do to an episode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Grip {
    /// Begins one here, even if it had begun before; keeps one that is open.
    Anew,
    /// One more event: the episode counts, and holds until the given moment.
    Counts(EventTime),
    /// Ends what a `Counts` holds.
    Ends,
    /// Begins one, and is over with it: one that is open is no longer held.
    Passes,
    /// Begins one that its rule says once: it may have begun before all that was open was closed.
    Once,
    /// Begins one and keeps it.
    Raises,
    /// Keeps one that is open, begins none.
    Sustains,
    /// Ends one that was inferred: it never was so.
    Withdraws,
}

/// What a signal is about; one rule may hold for several subjects at once.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// Something of a closed set.
    Named(&'static str),
    /// Another vehicle, by its terminal; its plate is said.
    Other { terminal: String, plate: String },
    /// A text from outside, such as a certificate.
    Text(String),
    /// The vehicle itself.
    Vehicle,
    /// A zone.
    Zone(ZoneIndex),
}

impl Subject {
    /// The text that tells it apart; what ids of alerts are made from.
    pub(crate) fn key<'a>(&'a self, map: &'a dyn Map) -> &'a str {
        match self {
            Self::Named(name) => name,
            Self::Text(text) => text,
            Self::Other { terminal, .. } => terminal,
            Self::Vehicle => "",
            Self::Zone(zone) => &map.zone(*zone).id,
        }
    }
}

impl Signal {
    /// A condition of the vehicle itself, to be refined.
    pub(crate) fn new(rule: RuleId, severity: Severity, text: (&'static str, &'static str)) -> Self {
        Self {
            rule,
            subject: Subject::Vehicle,
            severity,
            kind: MeasureKind::Count,
            value: 1.0,
            limit: None,
            text,
            words: None,
            basis: crate::law::EMERGENCY,
            departments: crate::law::POLICE_TRANSPORT,
            hold: None,
            detail: None,
            first: None,
            started: None,
            grip: Grip::Raises,
            why: None,
            confidence: None,
        }
    }

    /// Who gets it and why.
    pub(crate) fn to(self, departments: &'static [Department], basis: &'static [Law]) -> Self {
        Self { departments, basis, ..self }
    }

    /// What was measured.
    pub(crate) fn measured(self, kind: MeasureKind, value: f64, limit: Option<f64>) -> Self {
        Self { kind, value, limit, ..self }
    }

    /// What it is about.
    pub(crate) fn about(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }
}
