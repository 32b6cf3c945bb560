use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::segment::{Disk, SegmentWriter, Segments};
use crate::shared::Sealed;

mod damage;
mod full;
mod tamper;

/// A directory of its own, gone at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("journal-{name}-{}-{number}", std::process::id())))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Refuses every commit once `broken`.
struct Faulty {
    disk: SegmentWriter,
    broken: Arc<AtomicBool>,
}

impl Disk for Faulty {
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<Durable, StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            let source = std::io::Error::other("no space");
            return Err(StoreError::File { path: "x".into(), source });
        }
        self.disk.commit(segments, sealed)
    }

    fn close(&mut self, segments: &Segments) {
        self.disk.close(segments);
    }
}

fn open(dir: &Dir, segment_bytes_max: u64) -> Journal {
    let options =
        Options { segment_bytes_max, commit_every: Duration::from_millis(1), ..Options::new(&dir.0) };
    Journal::open(options, &prometheus::Registry::new()).unwrap()
}

/// Some of each kind, and the same ones in a row.
fn source(number: u64) -> Option<SocketAddr> {
    match number / 3 % 3 {
        0 => None,
        1 => Some(SocketAddr::from(([10, 0, 0, 1], 40_000))),
        _ => Some("[2001:db8::7]:808".parse().unwrap()),
    }
}

fn record(number: u64) -> Record {
    Record {
        received: ReceiveTime::from_ms(number.cast_signed()),
        source: source(number),
        frame: number.to_string().into(),
    }
}

fn records(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(record).collect()
}

async fn synced(journal: &Journal, upto: Position) {
    journal.durable().wait_for(|durable| durable.upto() >= upto).await.unwrap();
}

/// Everything a follower sees up to `end`; positions must have no gap.
async fn read(journal: &Journal, from: Position, end: Position) -> Vec<Record> {
    let mut follower = journal.follow(from);
    let mut all = Vec::new();
    while follower.position() < end {
        let at = follower.position();
        let batch = follower.next().await.unwrap().unwrap();
        assert_eq!(batch.first, at);
        all.extend(batch.records.iter().cloned());
    }
    all
}

fn segment_files(dir: &Dir) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(&dir.0)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_durable_is_there_after_a_copy_of_the_open_files() {
    let (dir, copy) = (Dir::new("live"), Dir::new("copy"));
    let journal = open(&dir, 1 << 20);
    assert_eq!(journal.append(records(0..5)).await.unwrap(), 0);
    assert_eq!(journal.append(records(5..9)).await.unwrap(), 5);
    synced(&journal, 9).await;
    let proof = *journal.durable().borrow();
    assert_eq!((proof.upto(), Position::from(proof)), (9, 9), "the proof is of what it says");
    // As a kill leaves it: the write-ahead log not folded in, nothing closed.
    std::fs::create_dir_all(&copy.0).unwrap();
    for entry in std::fs::read_dir(&dir.0).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.0.join(path.file_name().unwrap())).unwrap();
    }
    let again = open(&copy, 1 << 20);
    assert_eq!((again.first(), again.head()), (0, 9));
    assert_eq!(read(&again, 3, 9).await, records(3..9));
}

#[tokio::test]
async fn a_stop_in_order_seals_what_it_has_written() {
    let dir = Dir::new("sealed");
    let journal = open(&dir, 1 << 20);
    journal.append(records(0..4)).await.unwrap();
    journal.close().await;
    let file = rusqlite::Connection::open(&segment_files(&dir)[0]).unwrap();
    let end: i64 = file.query_row("SELECT end FROM seal", [], |row| row.get(0)).unwrap();
    assert_eq!(end, 4);
}

/// The time between commits is the most that a report waits, not the least.
#[tokio::test]
async fn a_full_batch_and_a_stop_wait_for_no_time() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let dir = Dir::new("full-batch");
    let hour = Duration::from_secs(3600);
    let options = Options { commit_every: hour, batch_bytes_max: 64, ..Options::new(&dir.0) };
    let journal = Journal::open(options, &prometheus::Registry::new()).unwrap();
    journal.append(records(0..1)).await.unwrap();
    assert_eq!((journal.head(), journal.durable().borrow().upto()), (1, 0), "taken, and not durable yet");
    // The writer sleeps by now, and only being full can wake it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let large = Record { frame: vec![0x7e; 64].into(), ..record(1) };
    journal.append(vec![large]).await.unwrap();
    tokio::time::timeout(PATIENCE, synced(&journal, 2)).await.expect("it was committed when it was full");
    journal.append(records(2..3)).await.unwrap();
    tokio::time::timeout(PATIENCE, journal.close()).await.expect("a stop commits what there is");
    assert_eq!(journal.durable().borrow().upto(), 3);
}

#[tokio::test]
async fn the_live_tail_holds_the_newest_batch_and_no_more_than_its_bound() {
    let dir = Dir::new("tail");
    let journal = open(&dir, 1 << 20);
    let shared = &journal.handle.shared;
    let publish_bytes = |first, bytes: usize| {
        let batch = Arc::new(Batch { first, records: records(first..first + 1) });
        shared.publish(&Arc::new(Sealed { batch, blob: vec![0; bytes].into() }));
    };
    // A little less, for what a batch takes beside.
    let publish = |first, mib: usize| publish_bytes(first, (mib << 20) - 1_000);
    let live = |upto| (0..upto).filter(|at| shared.live(*at).is_some()).collect::<Vec<u64>>();
    publish(0, 17);
    assert_eq!(live(1), [0], "the newest, however large");
    publish(1, 8);
    publish(2, 8);
    assert_eq!(live(3), [1, 2], "16 MiB are within the bound");
    publish(3, 1);
    assert_eq!(live(4), [2, 3]);
    assert!(shared.live(4).is_none());
    publish(4, 16);
    assert_eq!(live(5), [4], "one large batch pushes several out");
    // Where little comes each record is a batch of its own, and what is around its few bytes counts too.
    (5..60_000).for_each(|first| publish_bytes(first, 60));
    let count = live(60_000).len();
    assert!((20_000..50_000).contains(&count), "{count} batches of one record in 16 MiB");
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_the_rest_is_whole() {
    let (dir, copy) = (Dir::new("torn"), Dir::new("torn-copy"));
    let journal = open(&dir, 1 << 20);
    for at in 0..4 {
        journal.append(records(at..at + 1)).await.unwrap();
        synced(&journal, at + 1).await;
    }
    std::fs::create_dir_all(&copy.0).unwrap();
    let file = segment_files(&dir)[0].clone();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let wal = std::fs::read(dir.0.join(format!("{name}-wal"))).unwrap();
    std::fs::copy(&file, copy.0.join(&name)).unwrap();
    std::fs::write(copy.0.join(format!("{name}-wal")), &wal[..wal.len() - 100]).unwrap();
    let again = open(&copy, 1 << 20);
    assert_eq!(again.head(), 3);
    assert_eq!(read(&again, 0, 3).await, records(0..3));
    assert_eq!(again.append(records(3..4)).await.unwrap(), 3);
}

#[tokio::test]
async fn a_failed_write_ends_everything_and_makes_nothing_durable() {
    let dir = Dir::new("fault");
    let broken = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&broken);
    let options = Options { commit_every: Duration::from_millis(1), ..Options::new(&dir.0) };
    let journal = Journal::open_on(options, &prometheus::Registry::new(), |disk| {
        Box::new(Faulty { disk, broken: switch })
    })
    .unwrap();
    journal.append(records(0..3)).await.unwrap();
    synced(&journal, 3).await;
    broken.store(true, Ordering::SeqCst);
    journal.append(records(3..5)).await.unwrap();
    journal.handle.shared.stopped.subscribe().wait_for(|stopped| *stopped).await.unwrap();
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(journal.append(records(5..6)).await, Err(AppendError::Failed(_))));
    assert_eq!(journal.durable().borrow().upto(), 3);
    assert!(journal.failure().unwrap().contains("no space"));
    let mut follower = journal.follow(5);
    assert!(matches!(follower.next().await, Err(ReadError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_racing_with_appends_sees_each_record_once_in_order() {
    let dir = Dir::new("race");
    let journal = open(&dir, 4096);
    let reader = tokio::spawn({
        let journal = journal.clone();
        async move { read(&journal, 0, 4000).await }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u64 {
        let journal = journal.clone();
        tasks.spawn(async move {
            let mut placed = Vec::new();
            for turn in 0..100 {
                let mine = records((task * 500 + turn * 5)..(task * 500 + turn * 5 + 5));
                placed.push((journal.append(mine.clone()).await.unwrap(), mine));
            }
            placed
        });
    }
    let mut placed: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    placed.sort_by_key(|(position, _)| *position);
    let mut expected: Vec<_> = placed.into_iter().flat_map(|(_, records)| records).collect();
    assert_eq!(reader.await.unwrap(), expected);
    synced(&journal, 4000).await;
    // The race may have been one great commit; a further one finds its segment full.
    expected.extend(records(4000..4001));
    journal.append(records(4000..4001)).await.unwrap();
    synced(&journal, 4001).await;
    journal.close().await;
    assert_eq!(journal.follow(4001).next().await.unwrap(), None);
    drop(journal);
    // From disk only, over several segments.
    let again = open(&dir, 4096);
    assert!(segment_files(&dir).len() > 1);
    assert_eq!(read(&again, 0, 4001).await, expected);
}

#[tokio::test]
async fn a_trim_drops_old_segments_but_none_that_is_needed() {
    let dir = Dir::new("trim");
    let journal = open(&dir, 1);
    for at in 0..4 {
        journal.append(records(at..at + 1)).await.unwrap();
        synced(&journal, at + 1).await;
    }
    let late = ReceiveTime::from_ms(i64::MAX);
    assert_eq!(journal.trim(0, late).unwrap().segments, 0);
    assert_eq!(journal.trim(4, ReceiveTime::from_ms(0)).unwrap().segments, 0);
    assert_eq!(journal.trim(2, late).unwrap().segments, 2);
    assert_eq!(journal.first(), 2);
    assert_eq!(read(&journal, 2, 4).await, records(2..4));
    // The live tail still has it; after a restart it is gone.
    journal.close().await;
    drop(journal);
    let again = open(&dir, 1);
    assert!(matches!(again.follow(1).next().await, Err(ReadError::Trimmed { position: 1, first: 2 })));
}

#[tokio::test]
async fn a_moment_is_found_at_most_a_segment_before_it() {
    let dir = Dir::new("moment");
    let journal = open(&dir, 1);
    assert_eq!(journal.position_at(ReceiveTime::from_ms(0)), 0);
    let mut received = Vec::new();
    for at in 0..4 {
        let batch = records(at..at + 1);
        received.push(batch[0].received);
        journal.append(batch).await.unwrap();
        synced(&journal, at + 1).await;
    }
    let found: Vec<Position> = received.iter().map(|at| journal.position_at(*at)).collect();
    assert_eq!(found, [0, 1, 2, 3]);
    assert_eq!(journal.position_at(ReceiveTime::from_ms(i64::MAX)), 4);
}

#[test]
fn a_newer_format_is_refused() {
    let dir = Dir::new("newer");
    std::fs::create_dir_all(&dir.0).unwrap();
    let file = dir.0.join(format!("{:020}.sqlite", 0));
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let error = Journal::open(Options::new(&dir.0), &prometheus::Registry::new()).err().unwrap();
    assert!(error.to_string().ends_with("has format 9, this version reads up to 2"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_batches_read_back_the_same_after_reopening(
        batches in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6), 1..8),
        from in 0_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = Dir::new("property");
            let mut expected = Vec::new();
            for batch in batches {
                let journal = open(&dir, 64);
                let batch: Vec<_> = batch
                    .into_iter()
                    .map(|frame: Vec<u8>| Record { received: ReceiveTime::from_ms(-5), source: source(frame.len() as u64), frame: frame.into() })
                    .collect();
                assert_eq!(journal.append(batch.clone()).await.unwrap(), expected.len() as u64);
                expected.extend(batch);
                journal.close().await;
                assert_eq!(journal.durable().borrow().upto(), expected.len() as u64);
            }
            let from = from.min(expected.len());
            let journal = open(&dir, 64);
            assert_eq!(read(&journal, from as u64, expected.len() as u64).await, expected[from..]);
        });
    }
}
