//! Counts on their way from the journal to the ledger: once, whatever restarts, and the same when folded again.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod site;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fleet::{ReceiveTime, Registry};
use history::History;
use journal::{Journal, Options, Record};
use ledger::{Ledger, QualityQuery, QualityRow};
use pipeline::{Ground, Parts, Pipeline};
use rules::Book;
use site::{Nowhere, frame, location};

/// 2026-01-01T08:00:00+08:00.
const MORNING_MS: i64 = 1_767_225_600_000;
const DAY: i32 = 20_454;

/// A location report of the 2013 edition, ten seconds and a hundred metres after the one before.
fn report(terminal: u32, number: i64) -> Record {
    let at_ms = MORNING_MS + number * 10_000;
    let body = location(at_ms, 91_000_000 + u32::try_from(number).unwrap() * 1_034, 36);
    let frame = frame(0x0200, &terminal.to_string(), u16::try_from(number).unwrap(), &body);
    Record { received: ReceiveTime::from_ms(at_ms), source: None, frame: Bytes::from(frame) }
}

/// Runs the pipeline over what the journal has and these records, and stops it.
async fn run(dir: &Path, records: Vec<Record>) {
    let metrics = prometheus::Registry::new();
    let journal = Journal::open(Options::new(dir.join("journal")), &metrics).unwrap();
    let book = Book::default();
    let parts = Parts {
        journal: journal.clone(),
        ledger: Ledger::open(&dir.join("ledger.sqlite"), &metrics).unwrap(),
        history: History::open(&dir.join("history"), &metrics).unwrap(),
        influx: None,
        ground: Ground {
            book: Arc::new(book.into()),
            registry: Arc::new(Registry::default()),
            map: Arc::new(Nowhere),
        },
        shards: 2,
        snapshot: dir.join("snapshot"),
        snapshot_every: Duration::from_secs(3600),
        clock: Arc::new(|| ReceiveTime::from_ms(MORNING_MS)),
    };
    let pipeline = Pipeline::start(parts, &metrics).unwrap();
    if !records.is_empty() {
        journal.append(records).await.unwrap();
    }
    journal.close().await;
    tokio::task::spawn_blocking(move || pipeline.join(Duration::from_secs(20))).await.unwrap();
}

fn rows(dir: &Path) -> Vec<QualityRow> {
    let ledger = Ledger::open(&dir.join("ledger.sqlite"), &prometheus::Registry::new()).unwrap();
    let query = QualityQuery { from: DAY, to: DAY + 1, limit: 10, ..QualityQuery::default() };
    ledger.quality_of_vehicles(&query).unwrap().0
}

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("roadwarden-quality-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_second_fold_count_nothing_twice() {
    let all = |range: std::ops::Range<i64>| -> Vec<Record> {
        range.flat_map(|number| [1, 2, 3].map(|terminal| report(terminal, number))).collect()
    };
    let (whole, parted) = (scratch("whole"), scratch("parted"));
    run(&whole, all(0..60)).await;
    let expected = rows(&whole);
    assert_eq!(expected.len(), 3);
    for row in &expected {
        assert_eq!((row.reports, row.online, row.invalid), (60, 1, 0));
        assert!(row.continuous_dm.abs_diff(59 * 1_000) < 100, "{}", row.continuous_dm);
    }
    // With a snapshot in between.
    run(&parted, all(0..25)).await;
    assert!(rows(&parted).iter().all(|row| row.reports == 25));
    run(&parted, all(25..60)).await;
    assert_eq!(rows(&parted), expected);
    // Without one: the journal is folded from its beginning, over what the ledger has.
    std::fs::remove_file(parted.join("snapshot")).unwrap();
    run(&parted, Vec::new()).await;
    assert_eq!(rows(&parted), expected);
    for dir in [whole, parted] {
        std::fs::remove_dir_all(dir).unwrap();
    }
}
