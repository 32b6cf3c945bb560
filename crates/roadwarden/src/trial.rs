//! Trials: the rules in force and changed ones over what the journal still has of some time, beside the running service.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::{Trial, TrialAsk, TrialCount, TrialRefused, TrialSample, TrialState};
use fleet::{Alert, RULES, ReceiveTime};
use journal::{Journal, Position, Record};
use pipeline::Fold;
use settings::Reference;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock;
use crate::compare::{Comparison, Counts, Difference, Side};
use crate::service::ground;

/// Trials that are remembered; the oldest is forgotten.
const KEPT_MAX: usize = 10;
/// Alerts of both sides that are not known to be alike; without their positions about 1 kB each. Past it the trial fails.
const ALERTS_MAX: usize = 100_000;
/// Samples of each kind of difference.
const SAMPLES_MAX: usize = 50;
/// What one turn takes from the other threads at most; then it rests as long as the turn took.
const TURN: Duration = Duration::from_millis(20);

/// One trial at a time, on a thread of its own.
pub struct Trials {
    journal: Journal,
    reference: watch::Receiver<Arc<Reference>>,
    runtime: Handle,
    runs: Mutex<VecDeque<Arc<Run>>>,
}

/// A trial, running or ended.
struct Run {
    id: u64,
    ask: TrialAsk,
    rules_version: String,
    is_cancelled: AtomicBool,
    frames: AtomicU64,
    /// Thousandths.
    progress: AtomicU64,
    /// Once it is over: what was found, nothing where it was cancelled, or why it failed.
    outcome: Mutex<Option<Result<Option<Outcome>, String>>>,
}

struct Outcome {
    counts: Counts,
    samples: Vec<TrialSample>,
}

impl Trials {
    /// None yet; must be called inside a runtime.
    pub fn new(journal: Journal, reference: watch::Receiver<Arc<Reference>>) -> Self {
        Self { journal, reference, runtime: Handle::current(), runs: Mutex::default() }
    }

    /// Cancels the one that runs: the service stops.
    pub fn stop(&self) {
        for run in locked(&self.runs).iter() {
            run.is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    fn run(&self, id: u64) -> Option<Arc<Run>> {
        locked(&self.runs).iter().find(|run| run.id == id).cloned()
    }
}

impl console::Trials for Trials {
    fn start(&self, ask: TrialAsk) -> Result<Trial, TrialRefused> {
        let reference = Arc::clone(&self.reference.borrow());
        let mut runs = locked(&self.runs);
        if let Some(busy) = runs.back().filter(|run| !run.is_over()) {
            return Err(TrialRefused::Busy(busy.id));
        }
        let run = Arc::new(Run {
            id: runs.back().map_or(1, |last| last.id + 1),
            ask,
            rules_version: reference.book.version().to_owned(),
            is_cancelled: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            progress: AtomicU64::new(0),
            outcome: Mutex::default(),
        });
        let (task, journal, runtime) = (Arc::clone(&run), self.journal.clone(), self.runtime.clone());
        let work = move || {
            let outcome = task.compare(&reference, &journal, &runtime);
            if let Err(reason) = &outcome {
                tracing::warn!(trial = task.id, reason, "a trial of rules failed");
            }
            *locked(&task.outcome) = Some(outcome);
        };
        let started = std::thread::Builder::new().name("trial".to_owned()).spawn(work);
        started.map_err(|error| TrialRefused::Failed(error.to_string()))?;
        if runs.len() == KEPT_MAX {
            runs.pop_front();
        }
        runs.push_back(Arc::clone(&run));
        Ok(run.shown())
    }

    fn get(&self, id: u64) -> Option<Trial> {
        self.run(id).map(|run| run.shown())
    }

    fn cancel(&self, id: u64) -> bool {
        let run = self.run(id);
        if let Some(run) = &run {
            run.is_cancelled.store(true, Ordering::Relaxed);
        }
        run.is_some()
    }
}

impl Run {
    fn is_over(&self) -> bool {
        locked(&self.outcome).is_some()
    }

    /// Reads the journal and judges every frame twice.
    fn compare(
        &self,
        reference: &Reference,
        journal: &Journal,
        runtime: &Handle,
    ) -> Result<Option<Outcome>, String> {
        let base = ground(reference);
        let changed = reference.rules.with(&self.ask.changes).books(&reference.registry);
        let other = pipeline::Ground { book: Arc::new(changed), ..base.clone() };
        let mut sides =
            Sides { base: Fold::new(&base), other: Fold::new(&other), comparison: Comparison::default() };
        let end: Position = journal.head();
        let mut follower = journal.follow(journal.position_at(self.ask.from));
        while follower.position() < end {
            let batch = runtime.block_on(follower.next()).map_err(|error| error.to_string())?;
            let Some(batch) = batch else { break };
            let mut turn = Instant::now();
            for record in &batch.records {
                if self.is_cancelled.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                if record.received >= self.ask.to {
                    return Ok(Some(sides.outcome()));
                }
                if record.received >= self.ask.from {
                    sides.judge(record);
                    self.frames.fetch_add(1, Ordering::Relaxed);
                }
                if turn.elapsed() > TURN {
                    self.rest(record.received, turn.elapsed());
                    turn = Instant::now();
                }
            }
            if sides.comparison.kept() > ALERTS_MAX {
                return Err(format!("over {ALERTS_MAX} alerts differ or are open, expected a shorter time"));
            }
            if let Some(last) = batch.records.last() {
                self.rest(last.received, turn.elapsed());
            }
        }
        Ok(Some(sides.outcome()))
    }

    /// Says how far it is and leaves the cores to others for as long as it had one.
    fn rest(&self, at: ReceiveTime, worked: Duration) {
        let whole = self.ask.to.ms().min(clock::now().ms()).saturating_sub(self.ask.from.ms()).max(1);
        let thousandths = at.ms().saturating_sub(self.ask.from.ms()).clamp(0, whole) * 1000 / whole;
        self.progress.store(thousandths.unsigned_abs(), Ordering::Relaxed);
        std::thread::sleep(worked.min(TURN * 10));
    }

    fn shown(&self) -> Trial {
        let outcome = locked(&self.outcome);
        let (state, done, reason) = match &*outcome {
            None => (TrialState::Running, None, None),
            Some(Ok(None)) => (TrialState::Cancelled, None, None),
            Some(Ok(Some(found))) => (TrialState::Done, Some(found), None),
            Some(Err(reason)) => (TrialState::Failed, None, Some(reason.clone())),
        };
        let thousandths = if done.is_some() { 1000 } else { self.progress.load(Ordering::Relaxed) };
        Trial {
            id: self.id,
            ask: self.ask.clone(),
            rules_version: self.rules_version.clone(),
            state,
            reason,
            progress: u32::try_from(thousandths).map_or(1.0, |done| f64::from(done) / 1000.0),
            frames: self.frames.load(Ordering::Relaxed),
            counts: done.map(|outcome| counted(&outcome.counts)).unwrap_or_default(),
            samples: done.map(|outcome| outcome.samples.clone()).unwrap_or_default(),
        }
    }
}

/// Both sets of rules under way.
struct Sides {
    base: Fold,
    other: Fold,
    comparison: Comparison,
}

impl Sides {
    /// A frame that one side refuses the other refuses too.
    fn judge(&mut self, record: &Record) {
        let Self { base, other, comparison } = self;
        let mut alerts = Vec::new();
        for (fold, side) in [(base, Side::Base), (other, Side::Other)] {
            let _ = fold.handle_frame(record.received, &record.frame, &mut alerts, &mut |_, _| {});
            for alert in alerts.drain(..) {
                comparison.take(side, lighter(alert));
            }
        }
    }

    fn outcome(self) -> Outcome {
        let (differences, counts) = self.comparison.finish();
        let mut samples = Vec::new();
        for change in ["gained", "lost", "changed"] {
            let of_kind = differences.iter().filter(|difference| difference.change == change);
            samples.extend(of_kind.take(SAMPLES_MAX).map(sample));
        }
        Outcome { counts, samples }
    }
}

/// Without the positions, which are most of it and no part of the comparison.
fn lighter(mut alert: Alert) -> Alert {
    alert.evidence.positions = Vec::new();
    alert
}

fn sample(difference: &Difference) -> TrialSample {
    TrialSample {
        what: difference.change,
        fields: difference.fields.clone(),
        alert: difference.alert.clone(),
        before: difference.before.clone(),
    }
}

fn counted(counts: &Counts) -> Vec<TrialCount> {
    let rules = RULES.iter().filter_map(|rule| Some((*rule, counts.rules.get(rule)?)));
    let counts = rules.map(|(rule, count)| TrialCount {
        rule,
        before: count.same + count.lost + count.changed,
        after: count.same + count.gained + count.changed,
        gained: count.gained,
        lost: count.lost,
        changed: count.changed,
    });
    counts.collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
