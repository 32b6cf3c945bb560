//! From the journal to alerts: reads it in order, feeds the engine shards, writes ledger, history and outbox.
//!
//! ```text
//! journal ─▶ reader ─▶ shard 0 … n ─▶ writer ─▶ ledger + outbox, history, live view
//!            decodes    judge          judges what drivers did over all vehicles, keeps, then snapshots
//! ```
//!
//! Three stages on threads of their own, joined by bounded queues: a slow disk holds the reader back, and the journal
//! keeps what waits. Shutting the journal down drains them in the same order. **Invariant:** a snapshot at position
//! *p* is written only after everything that records before *p* cause is in ledger and history, and *p* is durable.

mod crews;
mod fold;
mod live;
mod metrics;
mod reader;
mod shard;
mod snapshot;
mod ticks;
mod writer;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fleet::{AlertId, ReceiveTime, Severity, State, TerminalId};
use history::History;
use history::influx::Sink;
use journal::Journal;
use ledger::Ledger;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use fold::{Fold, Ground, Time};
pub use live::{Live, LiveEvent, LiveVehicle};
pub use rules::{Closure, Reading, Reopening, Structure};
pub use snapshot::{Snapshot, Unfit};

use crews::CrewStage;
use metrics::Metrics;
use reader::Reader;
use shard::{Counts, Shard, Watched, Work};
use ticks::{Due, Ticks};
use writer::{Done, Pending, Writer};

/// Batches that may wait between two stages; with batches of some thousand frames a few MB at most.
const QUEUE_BATCHES: usize = 16;

/// What tells the time; only the binary makes one.
pub type Clock = Arc<dyn Fn() -> ReceiveTime + Send + Sync>;

/// What a pipeline is made of.
pub struct Parts {
    /// Where frames come from.
    pub journal: Journal,
    /// Where alerts go.
    pub ledger: Ledger,
    /// Where positions go.
    pub history: History,
    /// Where positions and alerts go besides.
    pub influx: Option<Arc<Sink>>,
    /// Rules, vehicles, zones.
    pub ground: Ground,
    /// Engine threads, at least 1.
    pub shards: usize,
    /// The file of the snapshot.
    pub snapshot: PathBuf,
    /// How often one is written.
    pub snapshot_every: Duration,
    /// The time.
    pub clock: Clock,
}

/// Why a pipeline can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger can't say which alerts are open.
    #[error("cannot read the open alerts: {0}")]
    Ledger(#[from] ledger::StoreError),
    /// A metric's name is taken.
    #[error("cannot register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The running pipeline. It ends when its journal closes.
pub struct Pipeline {
    live: Live,
    ground: watch::Sender<Ground>,
    shards: Vec<SyncSender<Work>>,
    threads: Vec<JoinHandle<()>>,
    healthy: Arc<AtomicBool>,
    hurry: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    journal: Journal,
}

impl Pipeline {
    /// Loads the last snapshot that fits and goes on from there. Must be called inside a tokio runtime.
    pub fn start(parts: Parts, metrics: &prometheus::Registry) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::register(metrics)?);
        let live = Live::default();
        let start = reader::recover(&parts, &live);
        let (ground, ground_seen) = watch::channel(parts.ground.clone());
        let (done, results) = sync_channel(QUEUE_BATCHES);
        let (healthy, hurry) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let read = Arc::new(AtomicU64::new(start.position));
        let crews = CrewStage::new(start.crews, start.engines.len());
        let Stage { mut threads, shards, mut dues } = start_shards(start.engines, &live, &metrics, &done)?;
        let due = Due::default();
        dues.push(due.clone());
        let writer = Writer {
            open: open_alerts(&parts.ledger)?,
            pending: Pending::new(shards.len()),
            crews,
            due,
            ledger: parts.ledger,
            history: parts.history,
            influx: parts.influx,
            journal: parts.journal.clone(),
            live: live.clone(),
            ground: ground_seen.clone(),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&parts.clock),
            path: parts.snapshot,
            healthy: Arc::clone(&healthy),
            hurry: Arc::clone(&hurry),
            kept: writer::Kept::default(),
        };
        threads.push(spawn("writer".to_owned(), move || writer.run(&results))?);
        let reader = Reader {
            follower: parts.journal.follow(start.position),
            journal: parts.journal.clone(),
            time: start.time,
            observer: start.observer,
            ground: ground_seen,
            shards: shards.clone(),
            done,
            metrics,
            read: Arc::clone(&read),
            snapshot_every: parts.snapshot_every,
        };
        let ticks =
            Ticks { journal: parts.journal.clone(), clock: parts.clock, dues, read: Arc::clone(&read) };
        threads.extend(start_reader(reader, start.position, ticks)?);
        Ok(Self { live, ground, shards, threads, healthy, hurry, read, journal: parts.journal })
    }

    /// What is true now.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Whether the last write went well and the rules keep up with the journal (within `behind_max` records).
    pub fn is_ready(&self, behind_max: u64) -> bool {
        self.healthy.load(Ordering::Relaxed)
            && self.journal.head().saturating_sub(self.read.load(Ordering::Relaxed)) <= behind_max
    }

    /// Goes on with other rules, vehicles and zones; what is known of the vehicles stays.
    pub fn reload(&self, ground: &Ground) {
        self.ground.send_replace(ground.clone());
        for shard in &self.shards {
            // A shard that is gone has nothing to reload.
            let _ = shard.send(Work::Reload(ground.clone()));
        }
    }

    /// Waits for the end; call it after the journal was closed. Everything read is kept, and a last snapshot written.
    /// A store that still fails after `patience` is left alone: the journal brings it all back.
    pub fn join(self, patience: Duration) {
        let Self { shards, threads, hurry, .. } = self;
        drop(shards);
        let (ended, waited) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if waited.recv_timeout(patience).is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Timeout) {
                hurry.store(true, Ordering::Relaxed);
            }
        });
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a pipeline thread panicked");
            }
        }
        drop(ended);
        let _ = watchdog.join();
    }
}

/// The threads that judge.
struct Stage {
    threads: Vec<JoinHandle<()>>,
    shards: Vec<SyncSender<Work>>,
    dues: Vec<Due>,
}

fn start_shards(
    engines: Vec<rules::Engine>,
    live: &Live,
    metrics: &Arc<Metrics>,
    done: &SyncSender<Done>,
) -> Result<Stage, StartError> {
    let mut stage = Stage { threads: Vec::new(), shards: Vec::new(), dues: Vec::new() };
    for (number, engine) in engines.into_iter().enumerate() {
        let (work, given) = sync_channel(QUEUE_BATCHES);
        let structures = (number == 0).then(|| live.clone());
        if let Some(live) = &structures {
            live.set_structures(engine.structures());
        }
        let shard = Shard {
            number,
            engine,
            counts: Counts::default(),
            watched: Watched::default(),
            structures,
            metrics: Arc::clone(metrics),
            due: Due::default(),
        };
        stage.dues.push(shard.due.clone());
        let done = done.clone();
        stage.threads.push(spawn(format!("rules-{number}"), move || shard.run(&given, &done))?);
        stage.shards.push(work);
    }
    Ok(stage)
}

/// The first stage, and beside it the one that keeps the time until there is nothing more to read.
fn start_reader(reader: Reader, from: journal::Position, ticks: Ticks) -> io::Result<[JoinHandle<()>; 2]> {
    let (reading, ended) = sync_channel(0);
    let (runtime, of_ticks) = (Handle::current(), Handle::current());
    let reader = spawn("reader".to_owned(), move || {
        runtime.block_on(reader.run(from));
        drop(reading);
    })?;
    Ok([reader, spawn("time".to_owned(), move || ticks.run(&of_ticks, &ended))?])
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(work)
}

fn open_alerts(
    ledger: &Ledger,
) -> Result<HashMap<TerminalId, HashMap<AlertId, Severity>>, ledger::StoreError> {
    let mut open: HashMap<TerminalId, HashMap<AlertId, Severity>> = HashMap::new();
    let mut query =
        ledger::Query { states: vec![State::Raised, State::Updated], limit: 1000, ..Default::default() };
    loop {
        let page = ledger.alerts(&query)?;
        for listed in page.items {
            let alert = listed.alert;
            open.entry(alert.vehicle.terminal).or_default().insert(alert.id, alert.severity);
        }
        match page.next {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(open),
        }
    }
}
