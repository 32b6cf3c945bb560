//! Episodes: a condition begins, holds long enough to be raised, grows worse, ends. All rules share this one table.
//!
//! ```text
//! pending ──held for `hold`──▶ open ──worse──▶ updated
//!    │ one sample without          │ unseen for `clear_hold`, or silence
//!    ▼                             ▼
//!  gone, nothing was said        cleared
//! ```

use std::time::Duration;

use fleet::{Alert, EventTime, Fix, RuleId, Severity};
use serde::{Deserialize, Serialize};

use crate::book::Timing;
use crate::crews::CARRIED;
use crate::scene::Scene;
use crate::signal::{Grip, Signal};

/// Episodes one vehicle can have at once. Every rule has at most one but for those of zones; a vehicle in
/// more than a handful of zones at once is an error of the map, and what comes on top is not begun.
const EPISODES_MAX: usize = 48;
/// A figure that grew by this factor since it was last said is worth an update.
const WORTH: f64 = 1.1;
/// A doubt that shrank by this much is worth an update.
pub(crate) const SURER: f64 = 0.1;

/// One condition of one subject, pending or open.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Episode {
    rule: RuleId,
    subject: String,
    started_at: EventTime,
    last_held: EventTime,
    /// The first sample that showed it gone.
    gone_since: Option<EventTime>,
    /// An event that began and has not ended holds by itself until then.
    until: Option<EventTime>,
    count: u32,
    peak: f64,
    severity: Severity,
    updated_at: EventTime,
    proof: Vec<Fix>,
    /// As last said; `None` while pending.
    alert: Option<Box<Alert>>,
}

/// The episodes of one lane.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Episodes {
    list: Vec<Episode>,
    /// The newest moment at which all were closed; nothing that begins later may claim to have begun before.
    closed_at: Option<EventTime>,
}

/// Which rules a piece of news lets us judge; what it says nothing about neither holds nor ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// A driver's card.
    Card,
    /// A report out of its time: nothing ends by it.
    Clock,
    /// A rest of a driver, which ends what was carried over from another vehicle.
    Rest,
    /// A driver's account over all vehicles, which has episodes of its own.
    Crew,
    /// A report without a position that can be used.
    Events,
    /// A terminal's registration.
    Registration,
    /// A report with a good position.
    Whole,
}

/// Subject of the `clone-plate` episodes that tracks show, as against registrations.
pub(crate) const TRACK: &str = "track";
/// Subject of those that cameras show; they end like those of tracks.
pub(crate) const SIGHTING: &str = "sighting";

impl Scope {
    fn judges(self, rule: RuleId, subject: &str) -> bool {
        let card = rule == RuleId::UNQUALIFIED_DRIVER;
        let registration = rule == RuleId::CLONE_PLATE && subject != TRACK && subject != SIGHTING;
        match self {
            Self::Card => card,
            Self::Clock => false,
            Self::Crew => true,
            Self::Rest => subject == CARRIED,
            Self::Events => !registration && is_event(rule),
            Self::Registration => registration,
            Self::Whole => !registration,
        }
    }
}

fn is_event(rule: RuleId) -> bool {
    matches!(
        rule,
        RuleId::SOS | RuleId::COLLISION | RuleId::DEVICE_TAMPER | RuleId::GNSS_FAULT | RuleId::CLONE_PLATE
    ) || is_safety(rule)
}

fn is_safety(rule: RuleId) -> bool {
    rule.as_str().starts_with("dsm-") || rule.as_str().starts_with("adas-")
}

impl Episodes {
    /// Whether there is nothing to step.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether an alert of this rule about the vehicle itself is open.
    pub(crate) fn is_open(&self, rule: RuleId) -> bool {
        let is_open = |episode: &Episode| episode.subject.is_empty() && episode.alert.is_some();
        self.list.iter().any(|episode| episode.rule == rule && is_open(episode))
    }

    /// Holds, raises, updates and clears.
    pub(crate) fn step(&mut self, scope: Scope, signals: &[Signal], scene: &Scene<'_>, out: &mut Vec<Alert>) {
        let mut used = 0_u64; // one bit a signal; there are far fewer than 64
        self.list.retain_mut(|episode| {
            let found = signals.iter().position(|signal| episode.is_about(signal, scene));
            match found {
                Some(at) => {
                    used |= 1 << at.min(63);
                    episode.hold(&signals[at], scene, out)
                }
                None if scope.judges(episode.rule, &episode.subject) => episode.miss(scene, out),
                None => true,
            }
        });
        for (at, signal) in signals.iter().enumerate() {
            if used & (1 << at.min(63)) == 0 {
                self.begin(signal, scene, out);
            }
        }
    }

    /// Clears whatever is open, at the last moment each was seen to hold; what is pending is forgotten.
    pub(crate) fn close(&mut self, at: EventTime, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        for episode in &mut self.list {
            let ended_at = episode.gone_since.unwrap_or(episode.last_held);
            episode.clear(ended_at, scene, out);
        }
        self.list.clear();
        self.closed_at = Some(at);
    }

    /// What was said of a subject is over now.
    pub(crate) fn end(&mut self, rule: RuleId, subject: &str, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        self.list.retain_mut(|episode| {
            let ends = episode.rule == rule && episode.subject == subject;
            if ends {
                episode.clear(scene.fix.at, scene, out);
            }
            !ends
        });
    }

    fn begin(&mut self, signal: &Signal, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        let begins = match signal.grip {
            Grip::Anew | Grip::Counts(_) | Grip::Once | Grip::Passes | Grip::Raises => {
                scene.book.timing(signal.rule).enabled
            }
            Grip::Ends | Grip::Sustains | Grip::Withdraws => false,
        };
        if !begins || self.list.len() >= EPISODES_MAX {
            return;
        }
        let once = signal.grip == Grip::Once;
        let started =
            signal.started.filter(|started| once || self.closed_at.is_none_or(|closed| *started > closed));
        let mut episode = Episode {
            rule: signal.rule,
            subject: signal.subject.key(scene.map).to_owned(),
            started_at: started.unwrap_or(scene.fix.at),
            last_held: scene.fix.at,
            gone_since: None,
            until: None,
            count: 0,
            peak: signal.value,
            severity: signal.severity,
            updated_at: scene.fix.at,
            proof: Vec::new(),
            alert: None,
        };
        if episode.hold(signal, scene, out) {
            self.list.push(episode);
        }
    }
}

impl Episode {
    fn is_about(&self, signal: &Signal, scene: &Scene<'_>) -> bool {
        self.rule == signal.rule && self.subject == signal.subject.key(scene.map)
    }

    /// The condition is there; says whether the episode goes on.
    fn hold(&mut self, signal: &Signal, scene: &Scene<'_>, out: &mut Vec<Alert>) -> bool {
        let at = scene.fix.at;
        match signal.grip {
            Grip::Ends => {
                self.until = None;
                if let Some(alert) = self.alert.as_mut().filter(|_| self.rule == RuleId::FATIGUE) {
                    alert.title = scene.title(signal); // what ended it is worth saying
                }
                return self.miss(scene, out);
            }
            Grip::Passes if self.alert.is_some() => {
                self.update(signal, scene, out);
                return self.miss(scene, out);
            }
            Grip::Withdraws => {
                self.withdraw(scene, out);
                return false;
            }
            Grip::Sustains if self.alert.is_none() => return false,
            Grip::Counts(until) => {
                self.count = self.count.saturating_add(1);
                self.until = Some(until);
            }
            Grip::Anew | Grip::Once | Grip::Passes | Grip::Raises | Grip::Sustains => {}
        }
        let pending = self.alert.is_none();
        if pending && (signal.grip == Grip::Anew || at.since(self.last_held) > scene.book.common.gap) {
            let started_at = signal.started.unwrap_or(at);
            (self.started_at, self.peak, self.severity) = (started_at, signal.value, signal.severity);
        }
        (self.last_held, self.gone_since) = (self.last_held.max(at), None);
        if signal.grip == Grip::Sustains || (signal.grip == Grip::Anew && !pending) {
            return true; // kept, with the figures it had
        }
        let value = if self.count > 0 { f64::from(self.count) } else { signal.value };
        self.peak = self.worst(value);
        self.severity = self.severity.max(signal.severity);
        if let Some(alert) = &mut self.alert {
            (alert.measure.value, alert.measure.limit) = (value, signal.limit);
            self.update(signal, scene, out);
        } else if at.since(self.started_at) >= self.hold_for(signal, scene) {
            self.raise(signal, value, scene, out);
        }
        true
    }

    fn hold_for(&self, signal: &Signal, scene: &Scene<'_>) -> Duration {
        signal.hold.unwrap_or_else(|| scene.book.timing(self.rule).hold)
    }

    /// The nearer a zone the worse; everything else is worse when it is more.
    fn worst(&self, value: f64) -> f64 {
        if self.rule == RuleId::HAZMAT_ZONE_APPROACH { self.peak.min(value) } else { self.peak.max(value) }
    }

    fn raise(&mut self, signal: &Signal, value: f64, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        let oldest = scene.recent.front();
        let first = signal.first.filter(|first| oldest.is_some_and(|oldest| first.at < oldest.at));
        self.proof = first.iter().chain(scene.recent).copied().collect();
        self.updated_at = scene.fix.at;
        let mut alert = scene.compose(signal, &self.subject, self.started_at);
        (alert.measure.value, alert.measure.peak) = (value, self.peak);
        alert.evidence.positions = scene.evidence(&self.proof);
        alert.severity = self.severity;
        out.push(alert.clone());
        self.alert = Some(Box::new(alert));
    }

    fn update(&mut self, signal: &Signal, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        let at = scene.fix.at;
        let Some(alert) = &mut self.alert else { return };
        let grew = if self.count > 0 {
            self.peak > alert.measure.peak
        } else if self.rule == RuleId::FATIGUE_WARNING {
            false // it was said in time; what follows is the limit itself
        } else if self.rule == RuleId::HAZMAT_ZONE_APPROACH {
            self.peak * 2.0 < alert.measure.peak
        } else {
            self.peak > alert.measure.peak * WORTH
        };
        let due = at.since(self.updated_at) >= scene.book.common.update_every;
        // What was inferred is seen now, or is surer than it was.
        let (said, sure) = (alert.evidence.confidence.unwrap_or(1.0), signal.confidence.unwrap_or(1.0));
        let surer = sure > said && (sure >= 1.0 || sure >= said + SURER);
        if self.severity <= alert.severity && !(grew && due) && !surer {
            return;
        }
        if surer {
            alert.evidence.confidence = Some(sure);
        }
        self.updated_at = at;
        alert.state = fleet::State::Updated;
        alert.revision += 1;
        alert.severity = self.severity;
        alert.title = scene.title(signal);
        alert.evidence.limit.clone_from(&signal.why);
        alert.measure.peak = self.peak;
        scene.locate(alert);
        alert.evidence.positions = scene.evidence(&self.proof);
        out.push(Alert::clone(alert));
    }

    /// The condition is not there; says whether the episode goes on.
    fn miss(&mut self, scene: &Scene<'_>, out: &mut Vec<Alert>) -> bool {
        let at = scene.fix.at;
        if self.until.is_some_and(|until| at <= until) {
            self.last_held = self.last_held.max(at);
            return true;
        }
        if self.alert.is_none() {
            return false;
        }
        let Timing { clear_hold, .. } = scene.book.timing(self.rule);
        let gone_since = *self.gone_since.get_or_insert(at);
        if at.since(self.last_held) < clear_hold {
            return true;
        }
        // The end of an event that began is when it ended by itself.
        self.clear(self.until.map_or(gone_since, |until| until.min(gone_since)), scene, out);
        false
    }

    /// What was inferred turned out not to be so.
    fn withdraw(&mut self, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        if let Some(alert) = &mut self.alert {
            alert.title = scene.withdrawn(&alert.title);
            alert.evidence.confidence = Some(0.0);
        }
        self.clear(scene.fix.at, scene, out);
    }

    fn clear(&mut self, ended_at: EventTime, scene: &Scene<'_>, out: &mut Vec<Alert>) {
        let Some(alert) = self.alert.take() else { return };
        let mut alert = *alert;
        alert.state = fleet::State::Cleared;
        alert.revision += 1;
        alert.measure.peak = self.peak;
        // A vehicle that fell silent may have had no fix since.
        if scene.fix.at >= alert.position.time {
            scene.locate(&mut alert);
        }
        alert.ended_at = Some(ended_at.max(self.started_at));
        alert.measure.duration_s = alert.lasted_s();
        alert.evidence.positions = scene.evidence(&self.proof);
        out.push(alert);
    }
}
