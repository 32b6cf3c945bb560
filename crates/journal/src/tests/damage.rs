//! Bytes that rot: what is damaged is told and passed over, the rest is served, and nothing wrong ever is.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;

/// A journal of `count` commits of one record each, closed; `segment_bytes_max` 1 makes a segment of each.
async fn made(dir: &Dir, count: u64, segment_bytes_max: u64) {
    let journal = open(dir, segment_bytes_max);
    for at in 0..count {
        journal.append(vec![needle(at)]).await.unwrap();
        synced(&journal, at + 1).await;
    }
    journal.close().await;
}

fn needle(at: u64) -> Record {
    Record { frame: Bytes::from(format!("~needle {at:04}~")), ..record(at) }
}

fn flip(path: &Path, needle: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[at + 2] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Everything a follower gets until the journal ends; each record must be the one of its position.
async fn served(journal: &Journal) -> Vec<Position> {
    journal.close().await;
    let mut follower = journal.follow(journal.first());
    let mut positions = Vec::new();
    while let Some(batch) = follower.next().await.unwrap() {
        for (position, record) in (batch.first..).zip(&batch.records) {
            assert_eq!(*record, needle(position));
            positions.push(position);
        }
    }
    positions
}

#[tokio::test]
async fn a_flipped_byte_costs_its_own_commit_only() {
    for segment_bytes_max in [1, 1 << 20] {
        for lost in 0..5 {
            let dir = Dir::new("flip");
            made(&dir, 5, segment_bytes_max).await;
            let text = format!("needle {lost:04}");
            let holds = |path: &&PathBuf| {
                fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
            };
            flip(segment_files(&dir).iter().find(holds).unwrap(), text.as_bytes());
            let found = verify(&dir.0, &[], |_, _| {}).unwrap();
            assert_eq!(found.wrong, 1, "{:?}", found.findings);
            let journal = open(&dir, segment_bytes_max);
            assert_eq!(journal.head(), 5, "no position is given twice");
            let rest: Vec<Position> = (0..5).filter(|at| *at != lost).collect();
            assert_eq!(served(&journal).await, rest);
            assert_eq!(journal.handle.shared.metrics.damaged.get(), 1);
        }
    }
}

#[tokio::test]
async fn the_last_commit_damaged_in_a_file_that_was_not_closed_is_told_too() {
    let (dir, copy) = (Dir::new("open-flip"), Dir::new("open-flip-copy"));
    let journal = open(&dir, 1 << 20);
    for at in 0..3 {
        journal.append(vec![needle(at)]).await.unwrap();
        synced(&journal, at + 1).await;
    }
    // As a kill leaves it, after the log was folded in: no seal.
    let file = segment_files(&dir)[0].clone();
    Connection::open(&file).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    fs::create_dir_all(&copy.0).unwrap();
    let there = copy.0.join(file.file_name().unwrap());
    fs::copy(&file, &there).unwrap();
    flip(&there, b"needle 0002");
    let again = open(&copy, 1 << 20);
    assert_eq!(again.head(), 3);
    again.append(vec![needle(3)]).await.unwrap();
    synced(&again, 4).await;
    assert_eq!(served(&again).await, [0, 1, 3]);
}

#[tokio::test]
async fn a_segment_that_is_gone_or_no_database_costs_itself_only() {
    let dir = Dir::new("gone");
    made(&dir, 5, 1).await;
    let files = segment_files(&dir);
    fs::remove_file(&files[1]).unwrap();
    fs::write(&files[3], b"not a database, but long enough to be looked at as one").unwrap();
    let found = verify(&dir.0, &[], |_, _| {}).unwrap();
    assert_eq!(found.wrong, 2, "{:?}", found.findings);
    let journal = open(&dir, 1);
    assert_eq!(served(&journal).await, [0, 2, 4]);
    assert!(segment_files(&dir).len() < files.len());
    let aside: Vec<_> = fs::read_dir(&dir.0)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".damaged"))
        .collect();
    assert_eq!(aside.len(), 1, "what cannot be read is set aside, not removed");
}

#[tokio::test]
async fn a_foreign_file_in_the_directory_is_left_alone() {
    let dir = Dir::new("foreign");
    made(&dir, 2, 1).await;
    fs::write(dir.0.join("notes.txt"), "mine").unwrap();
    fs::write(dir.0.join("copy of 1.sqlite"), "mine").unwrap();
    let journal = open(&dir, 1);
    assert_eq!(served(&journal).await, [0, 1]);
    assert!(dir.0.join("notes.txt").exists());
    assert!(dir.0.join("copy of 1.sqlite").exists());
}

/// The log of a process that was killed, with one bit flipped: what was acknowledged behind it is still there. The last
/// commit alone cannot be told from one that was never finished.
#[tokio::test]
async fn a_log_that_rots_loses_what_is_damaged_and_nothing_behind_it() {
    let dir = Dir::new("log");
    let journal = open(&dir, 1 << 20);
    for at in 0..40 {
        journal.append(vec![needle(at)]).await.unwrap();
        synced(&journal, at + 1).await;
    }
    let file = segment_files(&dir)[0].clone();
    let log_of = |file: &Path| PathBuf::from(format!("{}-wal", file.display()));
    let log = fs::read(log_of(&file)).unwrap();
    let frame = log.len().min(24 + 4096);
    let (mut served_in_all, mut tries) = (0, 0);
    for at in (0..log.len() - frame * 3).step_by(1_013) {
        let copy = Dir::new("log-copy");
        fs::create_dir_all(&copy.0).unwrap();
        let there = copy.0.join(file.file_name().unwrap());
        fs::copy(&file, &there).unwrap();
        let mut bytes = log.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(log_of(&there), bytes).unwrap();
        let again = open(&copy, 1 << 20);
        served_in_all += served(&again).await.len();
        tries += 1;
    }
    let mean_lost = 40.0 - served_in_all as f64 / f64::from(tries);
    println!("{tries} tries, {mean_lost:.2} of 40 records lost in the mean");
    // Cut at the first damage, half of them would be.
    assert!(tries > 20 && mean_lost < 2.0, "{tries} tries, {mean_lost:.2} lost");
}

/// Every byte of a segment flipped in turn, and the file cut at every length. `BITROT=full` tries all of them, without it
/// every 61st: a byte opens the journal, reads it and checks it.
#[tokio::test]
async fn no_rot_makes_it_panic_or_serve_what_was_not_written() {
    let step = if std::env::var_os("BITROT").is_some_and(|value| value == "full") { 1 } else { 61 };
    let dir = Dir::new("rot");
    made(&dir, 30, 1 << 20).await;
    let file = segment_files(&dir)[0].clone();
    let whole = fs::read(&file).unwrap();
    let (mut harmless, mut least) = (0, usize::MAX);
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let left = rotten(&bytes).await;
        harmless += usize::from(left == 30);
        // A page of the tree above the rows takes all of them with it; a row takes itself.
        if bytes[at..].len() > 4096 * 2 && at > 4096 * 6 {
            least = least.min(left);
        }
    }
    for length in (0..whole.len()).step_by(step * 8) {
        rotten(&whole[..length]).await;
    }
    assert!(harmless > 0, "no byte that does not matter was met");
    assert!(least >= 1 || least == usize::MAX);
}

/// How many of the records are still served.
async fn rotten(bytes: &[u8]) -> usize {
    let dir = Dir::new("rotten");
    fs::create_dir_all(&dir.0).unwrap();
    fs::write(dir.0.join(format!("{:020}.sqlite", 0)), bytes).unwrap();
    let opened = Journal::open(
        Options { commit_every: Duration::from_millis(1), ..Options::new(&dir.0) },
        &prometheus::Registry::new(),
    );
    match opened {
        Ok(journal) => served(&journal).await.len(),
        // A version of the future: refused, nothing is touched.
        Err(OpenError::Store(StoreError::Newer { .. })) => 0,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_segment_of_format_1_is_read_and_gone_on_from() {
    let dir = Dir::new("format-1");
    fs::create_dir_all(&dir.0).unwrap();
    let old = Connection::open(dir.0.join(format!("{:020}.sqlite", 0))).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, last_received INTEGER NOT NULL,
             checksum INTEGER NOT NULL, frames BLOB NOT NULL);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    for at in 0..2_u64 {
        let record = Record { source: None, ..needle(at) };
        let mut blob = record.received.ms().to_le_bytes().to_vec();
        blob.extend(u32::try_from(record.frame.len()).unwrap().to_le_bytes());
        blob.extend_from_slice(&record.frame);
        let checksum = crate::format1::checksum(at, 1, &blob);
        old.execute(
            "INSERT INTO batch VALUES (?, 1, ?, ?, ?)",
            (at.cast_signed(), record.received.ms(), checksum, blob),
        )
        .unwrap();
    }
    drop(old);
    let journal = open(&dir, 1 << 20);
    journal.append(vec![needle(2)]).await.unwrap();
    synced(&journal, 3).await;
    let without_source = |at| Record { source: None, ..needle(at) };
    assert_eq!(read(&journal, 0, 3).await, [without_source(0), without_source(1), needle(2)]);
    journal.close().await;
    let found = verify(&dir.0, &[], |_, _| {}).unwrap();
    assert_eq!((found.findings, found.unchained, found.records), (vec![], 2, 1));
}
