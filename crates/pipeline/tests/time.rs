//! What waits for time to pass comes out the same from the same journal: over a restart with the clock set back, after a
//! kill, and however many threads judge.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that fails here says where")]

#[allow(dead_code, reason = "no cards here")]
mod site;
#[path = "site/told.rs"]
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use fleet::{Notice, ReceiveTime, Registry};
use history::History;
use journal::{Journal, Options, Record};
use ledger::Ledger;
use pipeline::{Ground, Parts, Pipeline};
use site::{Nowhere, frame, location};
use told::{Told, replayed, stored};

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00
/// What is open is cleared after this long without a word.
const SILENCE_MS: i64 = 120_000;
const HOUR_MS: i64 = 3_600_000;
/// How long anything may take here before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn ground() -> Ground {
    let mut book = rules::Book::default();
    book.common.silence = Duration::from_millis(SILENCE_MS.unsigned_abs());
    let (book, registry) = (Arc::new(book.into()), Arc::new(Registry::default()));
    Ground { book, registry, map: Arc::new(Nowhere) }
}

/// A terminal calls for help.
fn call(terminal: u32, at_ms: i64) -> Record {
    let mut body = location(at_ms, 91_000_000, 0);
    body[3] = 1;
    let frame = frame(0x0200, &terminal.to_string(), 1, &body);
    Record { received: ReceiveTime::from_ms(at_ms), source: None, frame: frame.into() }
}

/// A run of the service, from its start to its end.
struct Life {
    home: PathBuf,
    journal: Journal,
    pipeline: Pipeline,
    now_ms: Arc<AtomicI64>,
}

impl Life {
    fn begin(home: &Path, shards: usize, now_ms: i64) -> Self {
        let metrics = prometheus::Registry::new();
        let options =
            Options { commit_every: Duration::from_millis(1), ..Options::new(home.join("journal")) };
        let journal = Journal::open(options, &metrics).unwrap();
        let now_ms = Arc::new(AtomicI64::new(now_ms));
        let clock = Arc::clone(&now_ms);
        let parts = Parts {
            journal: journal.clone(),
            ledger: Ledger::open(&home.join("ledger.sqlite"), &metrics).unwrap(),
            history: History::open(&home.join("history"), &metrics).unwrap(),
            influx: None,
            ground: ground(),
            shards,
            snapshot: home.join("snapshot"),
            snapshot_every: Duration::ZERO,
            clock: Arc::new(move || ReceiveTime::from_ms(clock.load(Ordering::SeqCst))),
        };
        let pipeline = Pipeline::start(parts, &metrics).unwrap();
        Self { home: home.to_owned(), journal, pipeline, now_ms }
    }

    async fn take(&self, records: Vec<Record>) {
        self.journal.append(records).await.unwrap();
    }

    /// Waits until so many revisions are stored.
    async fn stored(&self, revisions: usize) {
        let until = Instant::now() + PATIENCE;
        while stored(&self.home).len() < revisions {
            assert!(Instant::now() < until, "{} of {revisions} revisions", stored(&self.home).len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every record, once all are judged; nothing runs any more.
    async fn end(self) -> Vec<Record> {
        let (mut follower, mut records) = (self.journal.follow(0), Vec::new());
        self.journal.close().await;
        while let Some(batch) = follower.next().await.unwrap() {
            records.extend(batch.records.iter().cloned());
        }
        tokio::task::spawn_blocking(move || self.pipeline.join(PATIENCE)).await.unwrap();
        records
    }
}

fn scratch(name: &str) -> PathBuf {
    let home = std::env::temp_dir().join(format!("pipeline-time-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    home
}

/// What a service makes of a journal, all of which is there when it begins.
async fn folded(name: &str, shards: usize, now_ms: i64, records: &[Record]) -> Told {
    let home = scratch(name);
    let journal = Journal::open(Options::new(home.join("journal")), &prometheus::Registry::new()).unwrap();
    journal.append(records.to_vec()).await.unwrap();
    journal.close().await;
    drop(journal);
    Life::begin(&home, shards, now_ms).end().await;
    let told = stored(&home);
    fs::remove_dir_all(home).unwrap();
    told
}

fn is_time(record: &Record) -> bool {
    matches!(serde_json::from_slice(&record.frame), Ok(Notice::Time))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fired_before_the_clock_was_set_back_fires_in_every_fold() {
    let home = scratch("back");
    let life = Life::begin(&home, 2, START_MS);
    life.take((1..5).map(|terminal| call(terminal, START_MS)).collect()).await;
    life.stored(4).await;
    let until = Instant::now() + PATIENCE;
    while !home.join("snapshot").exists() {
        assert!(Instant::now() < until, "no snapshot");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let early = fs::read(home.join("snapshot")).unwrap();
    life.now_ms.fetch_add(SILENCE_MS + 2_000, Ordering::SeqCst);
    life.stored(8).await; // all are cleared, by the clock alone
    let records = life.end().await;
    assert!(records.iter().any(is_time));

    // As after a kill: what is folded again had fired, and was stored and published.
    fs::write(home.join("snapshot"), early).unwrap();
    let (before, back_ms) = (stored(&home), START_MS + 1_000);
    let life = Life::begin(&home, 2, back_ms);
    life.take((1..5).map(|terminal| call(terminal, back_ms)).collect()).await;
    life.stored(12).await; // calls of their own: those before were over
    life.now_ms.fetch_add(SILENCE_MS + 2_000, Ordering::SeqCst);
    life.stored(16).await; // by the clock as it is now
    let records = life.end().await;
    let told = stored(&home);
    assert_eq!(told.len(), 16);
    assert!(before.iter().all(|(key, alert)| told.get(key) == Some(alert)));

    assert_eq!(replayed(&ground(), &records), told);
    for (name, shards, now_ms) in [("early", 1, START_MS - HOUR_MS), ("late", 3, START_MS + HOUR_MS)] {
        assert_eq!(folded(name, shards, now_ms, &records).await, told, "{name}");
    }
    fs::remove_dir_all(home).unwrap();
}

/// Two connections, read at the same time: whose frame comes first in the journal need not have been received first.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_another_overtook_is_judged_alike_on_one_thread_and_on_many() {
    let due_ms = START_MS + SILENCE_MS;
    let mut records = vec![call(1, START_MS)];
    records.extend((2..9).map(|terminal| call(terminal, due_ms + 100)));
    records.push(call(1, due_ms - 100));
    let told = replayed(&ground(), &records);
    assert_eq!(told.len(), 8, "its call goes on");
    for (name, shards) in [("one", 1), ("many", 4)] {
        assert_eq!(folded(name, shards, due_ms, &records).await, told, "{name}");
    }
}
