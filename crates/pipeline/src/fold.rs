//! The fold over the journal, one frame at a time: decode, route, judge. `serve` and `replay` run this same code.

use std::sync::Arc;
use std::time::Duration;

use fleet::{Alert, Map, News, Notice, Observation, ReceiveTime, Registry, TerminalId};
use journal::Record;
use rules::{Crews, Engine, Noticed, Rulebook, Verdict};
use serde::{Deserialize, Serialize};
use session::{Observer, Refused};

/// Deadlines fire this much behind the time, so that a frame received before one and written just after it still comes
/// first.
const GRACE: Duration = Duration::from_secs(2);

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
            Notice::Time => Hearers::Nobody,
        }
    }
}

/// A record that says nothing but when it was kept.
pub(crate) fn time_record(now: ReceiveTime) -> Record {
    let frame = serde_json::to_vec(&Notice::Time).expect("a notice can be written");
    Record { received: now, source: None, frame: frame.into() }
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

/// The time of a fold: the newest reception there was, and no clock. Where one lies before it by more than two seconds, the
/// machine's clock was set back and the service begun anew: the time goes on from there. What had fired stays so, and
/// everything that fires does so at the same record whoever folds, wherever vehicles are judged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Time(ReceiveTime);

impl Time {
    /// Takes in the receptions of consecutive records, up to the one before which the time goes back: what is
    /// [`Self::due`] fires there first. Says how many it took, at least one of those there are.
    pub fn pass(&mut self, receptions: impl IntoIterator<Item = ReceiveTime>) -> usize {
        let mut taken = 0;
        for received in receptions {
            let goes_back = received < self.due();
            if goes_back && taken > 0 {
                break;
            }
            self.0 = if goes_back { received } else { received.max(self.0) };
            taken += 1;
        }
        taken
    }

    /// With nothing received after `now`.
    pub const fn at(now: ReceiveTime) -> Self {
        Self(now)
    }

    /// The newest reception since it went back last.
    pub const fn now(self) -> ReceiveTime {
        self.0
    }

    /// Deadlines up to here have passed.
    pub fn due(self) -> ReceiveTime {
        self.0.minus(GRACE)
    }
}

/// A record of the journal that no terminal sent: JSON, where frames begin with 0x7e. `None`: a frame.
pub(crate) fn notice(record: &[u8]) -> Option<serde_json::Result<Notice>> {
    (record.first() == Some(&b'{')).then(|| serde_json::from_slice(record))
}

/// Both halves of the fold in one place, for a recording that is read on one thread.
pub struct Fold {
    time: Time,
    observer: Observer,
    engine: Engine,
    crews: Crews,
    observations: Vec<Observation>,
}

impl Fold {
    /// At the beginning of a recording.
    pub fn new(ground: &Ground) -> Self {
        Self {
            time: Time::default(),
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
        self.pass(received, alerts);
        let mut observations = std::mem::take(&mut self.observations);
        let taken = self.observer.handle_frame(received, frame, &mut observations);
        for observation in observations.drain(..) {
            let verdict = self.judge(&observation, alerts);
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
        self.pass(received, alerts);
        self.engine.handle_notice(received, notice, alerts)
    }

    /// Takes one observation that never was a frame.
    pub fn handle_observation(&mut self, observation: &Observation, alerts: &mut Vec<Alert>) -> Verdict {
        self.pass(observation.received, alerts);
        self.judge(observation, alerts)
    }

    fn judge(&mut self, observation: &Observation, alerts: &mut Vec<Alert>) -> Verdict {
        let verdict = self.engine.handle_observation(observation, alerts);
        for shift in self.engine.shifts() {
            self.crews.handle_shift(observation.received, shift, alerts);
        }
        verdict
    }

    fn pass(&mut self, received: ReceiveTime, alerts: &mut Vec<Alert>) {
        self.time.pass([received]);
        self.engine.handle_timeout(self.time.due(), alerts);
        self.crews.handle_timeout(self.time.due(), alerts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_back_where_a_reception_lies_far_before_the_newest() {
        let mut time = Time::default();
        let mut pass = |ms: &[i64]| {
            let taken = time.pass(ms.iter().map(|ms| ReceiveTime::from_ms(*ms)));
            (taken, time.now().ms())
        };
        assert_eq!(pass(&[]), (0, 0));
        assert_eq!(pass(&[10_000, 12_000, 10_000]), (3, 12_000), "two seconds are nothing");
        assert_eq!(pass(&[13_000, 10_999, 11_500]), (1, 13_000), "what is due fires before it goes back");
        assert_eq!(pass(&[10_999, 11_500]), (2, 11_500));
        assert_eq!(pass(&[9_499, 1_000]), (1, 9_499), "and again");
    }
}
