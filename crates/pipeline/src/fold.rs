//! The fold over the journal, one frame at a time: decode, route, judge. `serve` and `replay` run this same code.

use std::sync::Arc;

use fleet::{Alert, Map, News, Notice, Observation, ReceiveTime, Registry, TerminalId};
use rules::{Crews, Engine, Noticed, Rulebook, Verdict};
use session::{Observer, Refused};

use crate::GRACE;

/// What the rules stand on: changed as one.
#[derive(Clone)]
pub struct Ground {
    /// Parameters of every rule.
    pub book: Arc<Rulebook>,
    /// Vehicles, drivers, operators.
    pub registry: Arc<Registry>,
    /// Zones, routes, divisions.
    pub map: Arc<dyn Map>,
}

impl Ground {
    /// An engine that knows nothing yet.
    pub fn engine(&self) -> Engine {
        Engine::new(Arc::clone(&self.book), Arc::clone(&self.registry), Arc::clone(&self.map))
    }

    /// Accounts of drivers of whom nothing is known yet.
    pub fn crews(&self) -> Crews {
        Crews::new(Arc::clone(&self.book), Arc::clone(&self.registry), Arc::clone(&self.map))
    }

    /// Whose account an observation goes to. A terminal that claims another's plate is judged where the plate's
    /// owner is, so that both sides of a cloned plate meet in one engine.
    pub fn owner(&self, observation: &Observation) -> TerminalId {
        match &observation.news {
            News::Registration(claim) => {
                self.registry.terminal_of(&claim.plate, claim.color).unwrap_or(observation.terminal)
            }
            News::Card(_) | News::Report(_) => observation.terminal,
        }
    }

    /// Who is to hear of a notice.
    pub(crate) fn hearers(&self, notice: &Notice) -> Hearers {
        match notice {
            Notice::Displacement { .. } | Notice::Reopen { .. } => Hearers::All,
            Notice::Sighting { plate, color, .. } => {
                self.registry.terminal_of(plate, *color).map_or(Hearers::Nobody, Hearers::Owner)
            }
        }
    }
}

/// Whom a notice is for.
pub(crate) enum Hearers {
    /// Every engine.
    All,
    /// No vehicle has this plate.
    Nobody,
    /// The one that judges this vehicle.
    Owner(TerminalId),
}

/// A record of the journal that no terminal sent: JSON, where frames begin with 0x7e. `None`: a frame.
pub(crate) fn notice(record: &[u8]) -> Option<serde_json::Result<Notice>> {
    (record.first() == Some(&b'{')).then(|| serde_json::from_slice(record))
}

/// Both halves of the fold in one place, for a recording that is read on one thread.
pub struct Fold {
    observer: Observer,
    engine: Engine,
    crews: Crews,
    observations: Vec<Observation>,
}

impl Fold {
    /// At the beginning of a recording.
    pub fn new(ground: &Ground) -> Self {
        Self {
            observer: Observer::default(),
            engine: ground.engine(),
            crews: ground.crews(),
            observations: Vec::new(),
        }
    }

    /// Takes one frame as received, `7e…7e`, or a notice as the journal keeps it. Alerts are added to `alerts` in the
    /// order they come about; each observation's verdict goes to `judged`.
    pub fn handle_frame(
        &mut self,
        received: ReceiveTime,
        frame: &[u8],
        alerts: &mut Vec<Alert>,
        judged: &mut dyn FnMut(&Observation, Verdict),
    ) -> Result<(), Refused> {
        if let Some(Ok(notice)) = self::notice(frame) {
            self.handle_notice(received, &notice, alerts);
            return Ok(());
        }
        let mut observations = std::mem::take(&mut self.observations);
        let taken = self.observer.handle_frame(received, frame, &mut observations);
        for observation in observations.drain(..) {
            let verdict = self.handle_observation(&observation, alerts);
            judged(&observation, verdict);
        }
        self.observations = observations;
        taken
    }

    /// Takes what no terminal sent.
    pub fn handle_notice(
        &mut self,
        received: ReceiveTime,
        notice: &Notice,
        alerts: &mut Vec<Alert>,
    ) -> Noticed {
        self.engine.handle_notice(received, notice, alerts)
    }

    /// Takes one observation that never was a frame.
    pub fn handle_observation(&mut self, observation: &Observation, alerts: &mut Vec<Alert>) -> Verdict {
        let verdict = self.engine.handle_observation(observation, alerts);
        self.crews.handle_timeout(observation.received.minus(GRACE), alerts);
        for shift in self.engine.shifts() {
            self.crews.handle_shift(observation.received, shift, alerts);
        }
        verdict
    }
}
