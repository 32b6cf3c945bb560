//! Keeps a link to the broker: one session after another, with longer and longer waits between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fleet::{Department, Division, Fix, PositionLabel, TerminalId};
use journal::Journal;
use ledger::{Ledger, Owing};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::caps::Caps;
use crate::metrics::Metrics;
use crate::session::{Ended, Session};
use crate::state::State;
use crate::steady::Steady;
use crate::target::Target;
use crate::window::{Bounds, Window};
use crate::{Pace, now, topic};

/// A session that lasted this long was a good one: the next wait is short again. Without it a broker that lets us in
/// and throws us out would be asked twice a second.
const STEADY: Duration = Duration::from_secs(10);

/// A position on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub division: Division,
    pub terminal: TerminalId,
    pub fix: Fix,
}

impl Position {
    pub(crate) fn topic(&self) -> String {
        topic::position(self.division, self.terminal)
    }

    pub(crate) fn payload(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&PositionLabel::from(&self.fix)).ok()
    }
}

/// What is asked of departments.
pub(crate) struct Receipts {
    /// Who owes receipts now; a reload may change it.
    pub owing: watch::Receiver<Vec<Department>>,
    /// From whom they are read: whoever may come to owe some.
    pub from: Vec<Department>,
    pub bounds: Bounds,
}

/// What lasts longer than a session.
pub(crate) struct Publisher {
    pub target: Target,
    pub state: State,
    pub steady: Steady,
    pub receipts: Receipts,
    /// What was sent again to each department that owes receipts.
    pub windows: BTreeMap<Department, Window>,
    /// How many messages a second each department takes.
    pub caps: Caps,
    pub ledger: Ledger,
    pub journal: Journal,
    pub metrics: Metrics,
    pub pace: Pace,
    pub positions: mpsc::Receiver<Position>,
    pub heartbeat_seq: u64,
}

impl Publisher {
    pub(crate) fn new(
        (target, state): (Target, State),
        (receipts, caps): (Receipts, Caps),
        (ledger, journal): (Ledger, Journal),
        metrics: Metrics,
        pace: Pace,
        positions: mpsc::Receiver<Position>,
    ) -> Self {
        let (steady, windows) = (Steady::begin(state.alive_at()), BTreeMap::new());
        Self {
            target,
            state,
            steady,
            receipts,
            windows,
            caps,
            ledger,
            journal,
            metrics,
            pace,
            positions,
            heartbeat_seq: 0,
        }
    }

    /// Who owes receipts now, and how long one may take.
    pub(crate) fn owing(&self) -> Owing {
        let Bounds { after, pause_max, .. } = self.receipts.bounds;
        Owing { departments: self.receipts.owing.borrow().clone(), after, pause_max }
    }

    /// Until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let gauge = watch_age(self.ledger.clone(), self.metrics.clone(), self.pace.poll);
        let _gauge = AbortOnDropHandle::new(tokio::spawn(gauge));
        let owing = self.receipts.owing.clone();
        let gauge = watch_receipts(self.ledger.clone(), owing, self.metrics.clone(), self.pace.heartbeat);
        let _receipts = AbortOnDropHandle::new(tokio::spawn(gauge));
        let mut wait = self.pace.retry_min;
        loop {
            self.settle().await;
            let began = Instant::now();
            match Session::open(&mut self).run(&stop).await {
                Ended::Stopped => break,
                Ended::Lost(lost) => self.note(&lost, wait),
            }
            if began.elapsed() >= STEADY {
                wait = self.pace.retry_min;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(wait) => self.forget_positions(),
            }
            wait = wait.saturating_mul(2).min(self.pace.retry_max);
        }
        self.metrics.connected.set(0);
        self.state.save();
    }

    /// Who owes no receipts, or none any more, is not waited for.
    pub(crate) async fn settle(&mut self) {
        let owing = self.receipts.owing.borrow_and_update().clone();
        match self.with_ledger(move |ledger| ledger.release_receipts(&owing)).await {
            Ok(0) => {}
            Ok(alerts) => tracing::info!(alerts, "receipts that nobody owes any more are not waited for"),
            Err(error) => tracing::error!(%error, "receipts that nobody owes any more are still waited for"),
        }
    }

    /// In blocking time.
    pub(crate) async fn with_ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> T {
        let ledger = self.ledger.clone();
        match tokio::task::spawn_blocking(move || work(&ledger)).await {
            Ok(done) => done,
            // The runtime ends, and this with it.
            Err(error) if error.is_cancelled() => std::future::pending().await,
            Err(error) => panic!("a call of the ledger does not panic: {error}"),
        }
    }

    fn note(&mut self, lost: &crate::session::Lost, wait: Duration) {
        self.metrics.connected.set(0);
        self.metrics.failures.with_label_values(&[lost.as_str()]).inc();
        self.state.save();
        tracing::warn!(reason = %lost, retry_s = wait.as_secs_f64(), "the broker is away, messages wait in the outbox");
    }

    /// Positions that waited for a broker that was away are old news.
    fn forget_positions(&mut self) {
        while self.positions.try_recv().is_ok() {
            self.metrics.positions_dropped.inc();
        }
    }
}

/// Also while the broker is away, when it matters most.
async fn watch_age(ledger: Ledger, metrics: Metrics, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let ledger = ledger.clone();
        match tokio::task::spawn_blocking(move || ledger.outbox_depth()).await {
            Ok(Ok((_, oldest))) => {
                metrics.outbox_age.set(oldest.map_or(0.0, |oldest| now().since(oldest).as_secs_f64()));
            }
            Ok(Err(error)) => tracing::error!(%error, "the outbox can't be measured"),
            Err(error) => tracing::error!(%error, "measuring the outbox ended badly"),
        }
    }
}

/// How many alerts each department that owes receipts owes one for. Not with every look at the outbox: the list may be long.
async fn watch_receipts(
    ledger: Ledger,
    owing: watch::Receiver<Vec<Department>>,
    metrics: Metrics,
    every: Duration,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let ledger = ledger.clone();
        match tokio::task::spawn_blocking(move || ledger.receipts_waiting()).await {
            Ok(Ok(waiting)) => {
                let owing = owing.borrow().clone();
                for department in Department::ALL {
                    if !owing.contains(department) {
                        metrics.receipts.owes_none(*department);
                        continue;
                    }
                    let found = waiting.get(department);
                    let count = found.map_or(0, |(count, _)| *count);
                    let age = found.map_or(0.0, |(_, oldest)| now().since(*oldest).as_secs_f64());
                    metrics.receipts.set_waiting(*department, count, age);
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the receipts that are owed can't be counted"),
            Err(error) => tracing::error!(%error, "counting the receipts that are owed ended badly"),
        }
    }
}
