//! The engine: observations in, alerts out.

use std::sync::Arc;

use fleet::{Alert, Map, Observation, ReceiveTime, Registry};
use serde::{Deserialize, Serialize};

use crate::Book;

/// What became of an observation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// In order and in time: the newest word of its vehicle.
    Live,
    /// Older than the newest accepted one or than the live window: evaluated as history.
    Late,
    /// Seen before, changed nothing.
    Duplicate,
    /// Not evidence; alarm bits and events may still have been used.
    Rejected(Fault),
    /// The terminal says it has no fix; alarm bits and events were used.
    NoPosition,
    /// No position report.
    Other,
}

/// Why a report is no evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Coordinates were shifted by a plug-in.
    Encrypted,
    /// The same position to the last digit, at speed.
    Frozen,
    /// Further ahead than the tolerance.
    FutureTime,
    /// No place in the region, or no speed of a vehicle.
    Impossible,
    /// Further from the last fix than anyone drives.
    Jump,
    /// Further back than the history window.
    TooOld,
    /// The table of vehicles is full.
    VehiclesMax,
}

impl Fault {
    /// For metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Frozen => "frozen",
            Self::FutureTime => "future-time",
            Self::Impossible => "impossible",
            Self::Jump => "jump",
            Self::TooOld => "too-old",
            Self::VehiclesMax => "vehicles-max",
        }
    }
}

/// All that is remembered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct State {}

/// The rules over all vehicles of one shard.
pub struct Engine {
    book: Arc<Book>,
    registry: Arc<Registry>,
    map: Arc<dyn Map>,
    state: State,
}

impl Engine {
    /// With nothing remembered.
    pub fn new(book: Arc<Book>, registry: Arc<Registry>, map: Arc<dyn Map>) -> Self {
        Self::with_state(book, registry, map, State::default())
    }

    /// Continues where `state` was saved.
    pub fn with_state(book: Arc<Book>, registry: Arc<Registry>, map: Arc<dyn Map>, state: State) -> Self {
        Self { book, registry, map, state }
    }

    /// Fires every deadline up to the moment of receipt, then evaluates the observation.
    pub fn handle_observation(&mut self, observation: &Observation, out: &mut Vec<Alert>) -> Verdict {
        self.handle_timeout(observation.received, out);
        Verdict::Other
    }

    /// Fires every deadline up to `now`.
    pub fn handle_timeout(&mut self, _now: ReceiveTime, _out: &mut Vec<Alert>) {}

    /// The next moment [`Engine::handle_timeout`] may have something to do.
    pub fn next_timeout(&self) -> Option<ReceiveTime> {
        None
    }

    /// Puts new reference data into force; open alerts stay as they are until the next word of their vehicle.
    pub fn reload(&mut self, book: Arc<Book>, registry: Arc<Registry>, map: Arc<dyn Map>) {
        (self.book, self.registry, self.map) = (book, registry, map);
    }

    /// What to save.
    pub fn state(&self) -> &State {
        &self.state
    }
}
