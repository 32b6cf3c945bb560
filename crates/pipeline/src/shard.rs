//! One engine on one thread. It sees its vehicles' observations in journal order and fires what is due when it is idle.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use bytes::Bytes;
use fleet::{News, Observation, ReceiveTime};
use journal::Position;
use ledger::Ruled;
use rules::{Engine, Verdict};

use crate::fold::Ground;
use crate::metrics::Metrics;
use crate::writer::{Done, Heard, Outcome};

/// How long an idle shard waits before it looks for deadlines that have passed.
const IDLE: Duration = Duration::from_millis(250);
/// Deadlines fire this much behind the clock, so that a frame received before one and written just after it still
/// comes first, as it would in a replay.
const GRACE: Duration = Duration::from_secs(2);

/// What a shard is given to do.
pub(crate) enum Work {
    /// Judge these, in order.
    Judge(Vec<Heeded>),
    /// Go on with other rules, vehicles and zones; what is known of vehicles stays.
    Reload(Ground),
    /// Hand out the state before the record at this position.
    Save(Position),
}

/// An observation and the frame it was made of.
pub(crate) struct Heeded {
    pub observation: Observation,
    pub frame: Bytes,
}

/// When idle: the time up to which every frame has been seen, or `None` while some are still on their way.
pub(crate) type QuietSince = dyn Fn() -> Option<ReceiveTime> + Send + Sync;

pub(crate) struct Shard {
    pub number: usize,
    pub engine: Engine,
    pub metrics: Arc<Metrics>,
}

impl Shard {
    /// Works until the other end hangs up.
    pub(crate) fn run(mut self, work: &Receiver<Work>, done: &SyncSender<Done>, quiet: &QuietSince) {
        loop {
            let message = match work.recv_timeout(IDLE) {
                Ok(Work::Judge(observations)) => self.judge(&observations),
                Ok(Work::Reload(ground)) => {
                    self.engine.reload(ground.book, ground.registry, ground.map);
                    continue;
                }
                Ok(Work::Save(position)) => self.save(position),
                Err(RecvTimeoutError::Timeout) => match quiet().map(|now| self.fire(now.minus(GRACE))) {
                    Some(outcome) if !outcome.alerts.is_empty() => Done::Outcome(outcome),
                    _ => continue,
                },
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if done.send(message).is_err() {
                return; // The writer is gone, and with it the reason to go on.
            }
        }
    }

    fn judge(&mut self, heeded: &[Heeded]) -> Done {
        let mut outcome = Outcome::default();
        let mut alerts = Vec::new();
        for Heeded { observation, frame } in heeded {
            let verdict = self.engine.handle_observation(observation, &mut alerts);
            self.metrics.judged(verdict);
            outcome.alerts.extend(alerts.drain(..).map(|alert| {
                // A deadline of another vehicle may have passed with this frame, which proves nothing of it.
                let own = alert.vehicle.terminal == observation.terminal;
                let frame = own.then(|| (observation.received, frame.clone()));
                (Ruled { alert: Arc::new(alert), frame }, observation.received)
            }));
            if let News::Report(report) = &observation.news {
                outcome.heard.push(Heard {
                    terminal: observation.terminal,
                    received: observation.received,
                    fix: match verdict {
                        Verdict::Live | Verdict::Late => Some(report.fix),
                        Verdict::Duplicate | Verdict::NoPosition | Verdict::Other | Verdict::Rejected(_) => {
                            None
                        }
                    },
                    live: matches!(verdict, Verdict::Live),
                    alarms: report.alarms,
                    status: report.status,
                });
            }
        }
        Done::Outcome(outcome)
    }

    fn fire(&mut self, now: ReceiveTime) -> Outcome {
        let mut outcome = Outcome::default();
        if self.engine.next_timeout().is_some_and(|due| due <= now) {
            let mut alerts = Vec::new();
            self.engine.handle_timeout(now, &mut alerts);
            outcome
                .alerts
                .extend(alerts.into_iter().map(|alert| (Ruled { alert: Arc::new(alert), frame: None }, now)));
        }
        outcome
    }

    fn save(&self, position: Position) -> Done {
        let state = postcard::to_allocvec(self.engine.state()).expect("a state in memory can be encoded");
        Done::Engine { shard: self.number, position, state }
    }
}
