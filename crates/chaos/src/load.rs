//! Many terminals at once.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Plant;
use crate::ledger::{Ledger, now_ms};
use crate::report::Alarms;
use crate::session::{self, Habit, Tally};

/// How terminals report, all together.
#[derive(Clone)]
pub struct Rate {
    pub terminals: Range<usize>,
    /// Reports a second, all terminals together.
    pub a_second: u32,
    pub is_persistent: bool,
    /// Gives a connection up on which nothing was answered for so long.
    pub patience: Option<Duration>,
    pub alarm: fn(usize, u32) -> Alarms,
    pub plant: Plant,
}

/// A runtime of one thread that can be dropped where another one runs.
pub struct Apart(Option<Runtime>);

impl Apart {
    pub fn start() -> Result<Self> {
        Ok(Self(Some(Builder::new_multi_thread().worker_threads(1).enable_all().build()?)))
    }

    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is there until it is dropped").handle()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Terminals that are reporting.
pub struct Load {
    tasks: JoinSet<Tally>,
    stop: watch::Sender<bool>,
    since_ms: i64,
}

impl Load {
    pub fn start(ledger: &Arc<Ledger>, address: SocketAddr, rate: &Rate) -> Self {
        Self::start_on(&Handle::current(), ledger, address, rate)
    }

    /// On a runtime of its own: what another load has to do does not count as this one's waiting.
    pub fn start_on(on: &Handle, ledger: &Arc<Ledger>, address: SocketAddr, rate: &Rate) -> Self {
        let count = rate.terminals.len().max(1) as f64;
        let habit = Arc::new(Habit {
            address,
            every: Duration::from_secs_f64(count / f64::from(rate.a_second.max(1))),
            is_persistent: rate.is_persistent,
            patience: rate.patience,
            alarm: rate.alarm,
            plant: rate.plant,
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for terminal in rate.terminals.clone() {
            let terminal = session::drive(Arc::clone(ledger), terminal, Arc::clone(&habit), stopped.clone());
            tasks.spawn_on(terminal, on);
        }
        Self { tasks, stop, since_ms: now_ms() }
    }

    /// Ends it: terminals wait for what is unanswered, for a while.
    pub async fn stop(self) -> Total {
        self.stop.send_replace(true);
        self.join().await
    }

    /// Waits until every connection has ended by itself.
    pub async fn join(mut self) -> Total {
        let mut total = Total { since_ms: self.since_ms, ..Total::default() };
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(tally) => total.add(tally),
                Err(error) => total.problems.push(error.to_string()),
            }
        }
        total
    }
}

/// What all terminals saw.
#[derive(Debug, Default)]
pub struct Total {
    pub tally: Tally,
    /// When it began, ms since 1970.
    pub since_ms: i64,
    /// Why connections could not be used; the first few.
    pub problems: Vec<String>,
}

impl Total {
    pub fn add(&mut self, tally: Tally) {
        let sum = &mut self.tally;
        sum.connections += tally.connections;
        sum.signed_in += tally.signed_in;
        sum.sent += tally.sent;
        sum.acknowledged += tally.acknowledged;
        sum.refused += tally.refused;
        sum.strange += tally.strange;
        sum.micros.extend(tally.micros);
        sum.newest_ms = sum.newest_ms.max(tally.newest_ms);
        if self.problems.len() < 5 {
            self.problems.extend(tally.problem);
        }
    }

    /// Milliseconds from a report to its acknowledgement: median, 99th of a hundred, worst.
    pub fn latency_ms(&mut self) -> Value {
        let micros = &mut self.tally.micros;
        micros.sort_unstable();
        let at = |share: f64| {
            let place = ((micros.len() as f64 * share) as usize).min(micros.len().saturating_sub(1));
            f64::from(micros.get(place).copied().unwrap_or(0)) / 1_000.0
        };
        json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
    }
}
