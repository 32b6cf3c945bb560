//! One engine on one thread. It sees its vehicles' observations in journal order, and behind each batch how late it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fleet::{Alert, News, Notice, Observation, ReceiveTime, TerminalId};
use journal::Position;
use rules::{Engine, Verdict};

use crate::crews::Told;
use crate::fold::{Ground, Time};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::ticks::Due;
use crate::writer::{Done, Heard, Outcome};

/// How long an idle shard waits before it looks whether counts are to go.
const IDLE: Duration = Duration::from_millis(250);
/// A vehicle's counts are handed over at most this often; the vehicles that have some are spread over it.
const COUNTS_EVERY: Duration = Duration::from_secs(60);
/// How often some of them go.
const COUNTS_STEP: Duration = Duration::from_secs(1);
/// Vehicles at a time, at the most: a row takes some microseconds to keep, and alerts wait for it.
const COUNTS_MAX: usize = 4_000;

/// What a shard is given to do.
pub(crate) enum Work {
    /// Judge these, in order, then fire what is due at this time; they are of the batch that ends before the record at this
    /// position.
    Judge(Position, Time, Vec<Item>),
    /// Go on with other rules, vehicles and zones; what is known of vehicles stays.
    Reload(Ground),
    /// Hand out the state before the record at this position.
    Save(Position),
}

/// Something to judge.
pub(crate) enum Item {
    Heeded(Heeded),
    Noticed(Arc<Word>),
}

/// What no terminal sent, and the record it was read from.
pub(crate) struct Word {
    pub received: ReceiveTime,
    pub notice: Notice,
    pub record: Bytes,
}

/// An observation and the frame it was made of.
pub(crate) struct Heeded {
    pub position: Position,
    pub observation: Observation,
    pub frame: Bytes,
}

pub(crate) struct Shard {
    pub number: usize,
    pub engine: Engine,
    pub watched: Watched,
    pub counts: Counts,
    /// Where structures are shown; one shard does it, for all know the same.
    pub structures: Option<Live>,
    pub metrics: Arc<Metrics>,
    /// Where the engine's next deadline is told.
    pub due: Due,
}

/// When counts go to the writer.
pub(crate) struct Counts {
    /// When all that had changed by then were called up, and how many are still to go in each step.
    called: Instant,
    left: usize,
    share: usize,
    stepped: Instant,
}

impl Default for Counts {
    fn default() -> Self {
        let now = Instant::now();
        Self { called: now, left: 0, share: 0, stepped: now }
    }
}

impl Counts {
    /// How many vehicles' counts go now, of so many that wait. Those called up go first; who changes again meanwhile waits
    /// for the next call.
    fn due(&mut self, now: Instant, waiting: usize) -> usize {
        if now.duration_since(self.stepped) < COUNTS_STEP {
            return 0;
        }
        self.stepped = now;
        if now.duration_since(self.called) >= COUNTS_EVERY {
            let steps = COUNTS_EVERY.as_secs() / COUNTS_STEP.as_secs();
            let share = waiting.div_ceil(usize::try_from(steps).unwrap_or(1));
            (self.called, self.left, self.share) = (now, waiting, share.clamp(100, COUNTS_MAX));
        }
        let due = self.share.min(self.left);
        self.left -= due;
        due
    }
}

/// The frames of vehicles about which something is pending or open. They are not part of a snapshot: after a restart an alert may keep fewer of the frames before it.
#[derive(Default)]
pub(crate) struct Watched(HashMap<TerminalId, Vec<(ReceiveTime, Bytes)>>);

/// Frames that are kept for one vehicle: the first ones, which show how it began, and the newest.
const WATCHED_MAX: usize = 32;
const WATCHED_FIRST: usize = 8;

impl Watched {
    /// Keeps a frame, or lets go of a vehicle's when nothing is the matter any more.
    fn keep(&mut self, watching: bool, heeded: &Heeded) {
        let terminal = heeded.observation.terminal;
        if !watching {
            self.0.remove(&terminal);
            return;
        }
        let frames = self.0.entry(terminal).or_default();
        let received = heeded.observation.received;
        // A frame with several reports in it is one frame. The copy lets go of the batch it came in.
        if frames.last().is_none_or(|(at, frame)| *at != received || *frame != heeded.frame) {
            if frames.len() >= WATCHED_MAX {
                frames.remove(WATCHED_FIRST);
            }
            frames.push((received, Bytes::copy_from_slice(&heeded.frame)));
        }
    }

    /// What a revision rests on: what was kept, and the record that decided it.
    fn proof(
        &self,
        terminal: TerminalId,
        received: ReceiveTime,
        record: &Bytes,
    ) -> Vec<(ReceiveTime, Bytes)> {
        let mut proof = self.0.get(&terminal).cloned().unwrap_or_default();
        if proof.last().is_none_or(|(at, last)| *at != received || last != record) {
            proof.push((received, record.clone()));
        }
        proof
    }
}

impl Shard {
    /// Works until the other end hangs up.
    pub(crate) fn run(mut self, work: &Receiver<Work>, done: &SyncSender<Done>) {
        loop {
            self.due.set(self.engine.next_timeout());
            let message = match work.recv_timeout(IDLE) {
                Ok(Work::Judge(upto, time, items)) => {
                    let mut outcome = self.judge((upto, time), &items);
                    self.count(&mut outcome);
                    Done::Outcome(outcome)
                }
                Ok(Work::Reload(ground)) => {
                    self.engine.reload(ground.book, ground.registry, ground.map);
                    continue;
                }
                Ok(Work::Save(position)) => {
                    // What was counted before the snapshot is kept before it: nobody counts it again.
                    let mut outcome = Outcome::default();
                    self.engine.drain_quality(usize::MAX, &mut outcome.counts);
                    if !outcome.counts.is_empty() && done.send(Done::Outcome(outcome)).is_err() {
                        return;
                    }
                    self.save(position)
                }
                Err(RecvTimeoutError::Timeout) => {
                    let mut outcome = Outcome::default();
                    self.count(&mut outcome);
                    if outcome.counts.is_empty() {
                        continue;
                    }
                    Done::Outcome(outcome)
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if done.send(message).is_err() {
                return; // The writer is gone, and with it the reason to go on.
            }
        }
    }

    fn judge(&mut self, upto: (Position, Time), items: &[Item]) -> Outcome {
        let mut outcome = Outcome { upto: Some(upto), ..Outcome::default() };
        let mut alerts = Vec::new();
        for item in items {
            match item {
                Item::Heeded(heeded) => self.heed(heeded, &mut alerts, &mut outcome),
                Item::Noticed(word) => self.notice(word, &mut alerts, &mut outcome),
            }
        }
        let (_, time) = upto;
        self.engine.handle_timeout(time.due(), &mut alerts);
        outcome.rule_by_time(&mut alerts, time.now());
        outcome
    }

    /// Hands counts over, when it is time.
    fn count(&mut self, outcome: &mut Outcome) {
        let due = self.counts.due(Instant::now(), self.engine.quality_waiting());
        if due > 0 {
            self.engine.drain_quality(due, &mut outcome.counts);
        }
    }

    fn heed(&mut self, heeded: &Heeded, alerts: &mut Vec<Alert>, outcome: &mut Outcome) {
        let Heeded { observation, .. } = heeded;
        let verdict = self.engine.handle_observation(observation, alerts);
        self.metrics.judged(verdict);
        outcome.rule(alerts, observation.received, |_| {
            self.watched.proof(observation.terminal, observation.received, &heeded.frame)
        });
        outcome.told.extend(self.engine.shifts().iter().map(|shift| Told {
            position: heeded.position,
            received: observation.received,
            frame: heeded.frame.clone(),
            shift: shift.clone(),
        }));
        self.watched.keep(self.engine.is_watching(observation.terminal), heeded);
        if let News::Report(report) = &observation.news {
            outcome.heard.push(Heard {
                terminal: observation.terminal,
                received: observation.received,
                fix: match verdict {
                    Verdict::Live | Verdict::Late => Some(report.fix),
                    Verdict::Duplicate | Verdict::NoPosition | Verdict::Other | Verdict::Rejected(_) => None,
                },
                live: matches!(verdict, Verdict::Live),
                alarms: report.alarms,
                status: report.status,
            });
        }
    }

    /// What it causes rests on it, whichever vehicle it is about; deadlines that passed before do not.
    fn notice(&mut self, word: &Word, alerts: &mut Vec<Alert>, outcome: &mut Outcome) {
        let Word { received, notice, record } = word;
        self.engine.handle_timeout_before(*received, notice, alerts);
        outcome.rule_by_time(alerts, *received);
        let noticed = self.engine.handle_notice(*received, notice, alerts);
        outcome
            .rule(alerts, *received, |alert| self.watched.proof(alert.vehicle.terminal, *received, record));
        if let (Notice::Sighting { .. }, _) | (_, Some(_)) = (notice, &self.structures) {
            self.metrics.noticed(notice, noticed.as_str());
        }
        if let Some(live) = &self.structures {
            live.set_structures(self.engine.structures());
        }
    }

    fn save(&self, position: Position) -> Done {
        let state = postcard::to_allocvec(self.engine.state()).expect("a state in memory can be encoded");
        Done::Engine { shard: self.number, position, state }
    }
}

#[cfg(test)]
mod tests {
    use fleet::{Card, EventTime, TerminalId};

    use super::*;

    #[test]
    fn a_watched_vehicle_keeps_how_it_began_and_the_newest() {
        let heeded = |n: u32| Heeded {
            position: 0,
            observation: Observation {
                terminal: TerminalId::parse("1").unwrap(),
                received: ReceiveTime::from_ms(i64::from(n)),
                news: News::Card(Card {
                    at: EventTime::default(),
                    certificate: None,
                    name: None,
                    inserted: false,
                }),
            },
            frame: Bytes::copy_from_slice(&n.to_be_bytes()),
        };
        let proof = |watched: &Watched, n: u32| {
            let Heeded { observation, frame, .. } = heeded(n);
            watched.proof(observation.terminal, observation.received, &frame)
        };
        let mut watched = Watched::default();
        for n in 0..100 {
            watched.keep(true, &heeded(n));
            watched.keep(true, &heeded(n)); // the second report of the same frame
        }
        let kept: Vec<i64> = proof(&watched, 100).iter().map(|(at, _)| at.ms()).collect();
        assert_eq!(kept, (0..8).chain(76..=100).collect::<Vec<_>>());
        watched.keep(false, &heeded(101));
        assert_eq!(proof(&watched, 102).len(), 1);
    }

    #[test]
    fn counts_are_spread_over_a_minute_and_none_goes_twice_in_it() {
        let start = Instant::now();
        let mut counts = Counts { called: start, left: 0, share: 0, stepped: start };
        let at = |counts: &mut Counts, s: u64, waiting| counts.due(start + Duration::from_secs(s), waiting);
        assert_eq!(at(&mut counts, 59, 12_000), 0);
        let first: Vec<usize> = (60..120).map(|s| at(&mut counts, s, 12_000)).collect();
        assert_eq!((first.iter().sum::<usize>(), first[0], first[59]), (12_000, 200, 200));
        assert_eq!(at(&mut counts, 120, 50), 50);
        assert_eq!((at(&mut counts, 121, 50), at(&mut counts, 179, 50)), (0, 0));
        // Past what is written in a minute they take longer, and none is called twice meanwhile.
        assert_eq!(at(&mut counts, 180, 1_000_000), COUNTS_MAX);
        assert_eq!(counts.due(start + Duration::from_millis(180_500), 1_000_000), 0);
    }
}
