//! Whoever edits, removes or moves what was received is found.

use fleet::Chain;
use rusqlite::{Connection, params};

use super::*;
use crate::chain::content;

const COMMITS: u64 = 24;

/// Four segments, closed; gives the chain after each commit.
async fn made(dir: &Dir) -> Vec<Anchor> {
    let journal = open(dir, 40);
    let mut anchors = Vec::new();
    for at in 0..COMMITS {
        journal.append(records(at * 2..at * 2 + 2)).await.unwrap();
        synced(&journal, at * 2 + 2).await;
        let durable = *journal.durable().borrow();
        anchors.push(Anchor { position: durable.upto(), chain: durable.chain() });
    }
    journal.close().await;
    anchors
}

fn checked(dir: &Dir, anchors: &[Anchor]) -> Verified {
    verify(&dir.0, anchors, |_, _| {}).unwrap()
}

#[tokio::test]
async fn what_was_written_is_found_whole() {
    let dir = Dir::new("whole");
    let anchors = made(&dir).await;
    let found = checked(&dir, &anchors);
    assert_eq!(found.findings, Vec::<String>::new());
    assert_eq!(found.records, COMMITS * 2);
    assert_eq!(found.anchors, anchors.len());
    assert_eq!(found.end, *anchors.last().unwrap());
    assert!(found.segments > 2);
    // Going on in another process goes on with the chain.
    let journal = open(&dir, 40);
    journal.append(records(0..1)).await.unwrap();
    synced(&journal, COMMITS * 2 + 1).await;
    assert_eq!(checked(&dir, &anchors).findings, Vec::<String>::new(), "while it is written");
}

#[tokio::test]
async fn trimming_is_no_tampering() {
    let dir = Dir::new("trimmed");
    let anchors = made(&dir).await;
    let journal = open(&dir, 40);
    assert!(journal.trim(COMMITS, ReceiveTime::from_ms(i64::MAX)).unwrap().segments > 0);
    journal.close().await;
    let found = checked(&dir, &anchors);
    assert_eq!(found.findings, Vec::<String>::new());
    assert!(found.begin.position > 0 && found.anchors > 0);
}

#[tokio::test]
async fn a_rewritten_chain_is_found_by_one_noted_value() {
    let dir = Dir::new("rewritten");
    let anchors = made(&dir).await;
    // All of it forged anew, every hash right.
    let mut chain = Chain::START;
    for file in segment_files(&dir) {
        let connection = Connection::open(&file).unwrap();
        connection.execute("UPDATE begin SET chain = ?", [chain.as_bytes()]).unwrap();
        let mut statement =
            connection.prepare("SELECT first, count, last_received, frames FROM batch").unwrap();
        let rows: Vec<(i64, i64, i64, Vec<u8>)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for (first, count, last, mut frames) in rows {
            if first == 4 {
                *frames.last_mut().unwrap() ^= 1;
            }
            let hash = content(first.cast_unsigned(), usize::try_from(count).unwrap(), last, &frames);
            chain = chain.after(&hash);
            connection
                .execute(
                    "UPDATE batch SET frames = ?, hash = ?, chain = ? WHERE first = ?",
                    params![frames, hash, chain.as_bytes(), first],
                )
                .unwrap();
        }
        connection.execute("UPDATE seal SET chain = ?", [chain.as_bytes()]).unwrap();
    }
    assert_eq!(checked(&dir, &[]).findings, Vec::<String>::new(), "it fits in itself");
    assert_eq!(checked(&dir, &anchors[..1]).wrong, 0, "noted before the forgery begins");
    assert_eq!(checked(&dir, &anchors[10..11]).wrong, 1);
    // Noted in two places, and forged in one of them.
    let forged = Anchor { position: anchors[10].position, chain };
    assert!(checked(&dir, &[anchors[10], forged]).wrong > 0);
    assert!(checked(&dir, &[forged, anchors[10]]).wrong > 0);
}

/// A thousand ways, drawn at random, each on a journal of its own; `TAMPER=full` tries them all, without it a hundred.
#[tokio::test]
async fn every_edit_removal_and_move_is_found() {
    let tries = if std::env::var_os("TAMPER").is_some_and(|value| value == "full") { 1000 } else { 100 };
    let dir = Dir::new("tamper");
    let anchors = made(&dir).await;
    let last = &anchors[anchors.len() - 1..];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for number in 0..tries {
        let copy = Dir::new("tampered");
        std::fs::create_dir_all(&copy.0).unwrap();
        for file in segment_files(&dir) {
            std::fs::copy(&file, copy.0.join(file.file_name().unwrap())).unwrap();
        }
        let what = tamper(&copy, draw(6), draw(COMMITS).cast_signed() * 2, &mut draw);
        let found = checked(&copy, last);
        assert!(found.wrong > 0, "try {number}: {what} was not found");
    }
}

fn tamper(dir: &Dir, way: u64, first: i64, draw: &mut impl FnMut(u64) -> u64) -> String {
    let files = segment_files(dir);
    let holds = |file: &&PathBuf| {
        let connection = Connection::open(file).unwrap();
        connection.query_row("SELECT count(*) FROM batch WHERE first = ?", [first], |row| row.get(0)) == Ok(1)
    };
    let path = files.iter().find(holds).unwrap();
    let connection = Connection::open(path).unwrap();
    let frames = |at: i64| -> (i64, Vec<u8>) {
        let sql = "SELECT last_received, frames FROM batch WHERE first = ?";
        connection.query_row(sql, [at], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    match way {
        0 => {
            let (_, mut edited) = frames(first);
            let at = usize::try_from(draw(edited.len() as u64)).unwrap();
            edited[at] ^= 1 << draw(8);
            connection
                .execute("UPDATE batch SET frames = ? WHERE first = ?", params![edited, first])
                .unwrap();
            format!("byte {at} of commit {first} edited")
        }
        1 => {
            // The hash of the row made right again.
            let (last, mut edited) = frames(first);
            let at = edited.len() - 1;
            edited[at] ^= 1;
            let hash = content(first.cast_unsigned(), 2, last, &edited);
            let sql = "UPDATE batch SET frames = ?, hash = ? WHERE first = ?";
            connection.execute(sql, params![edited, hash, first]).unwrap();
            format!("commit {first} edited with its hash")
        }
        2 => {
            connection.execute("DELETE FROM batch WHERE first = ?", [first]).unwrap();
            format!("commit {first} removed")
        }
        3 => swap(&connection, first),
        4 => {
            connection.execute("DELETE FROM batch WHERE first >= ?", [first]).unwrap();
            connection.execute("DELETE FROM seal", []).unwrap();
            format!("everything of a segment from {first} on removed, with its seal")
        }
        _ => {
            drop(connection);
            std::fs::remove_file(path).unwrap();
            if Some(path) == files.first() {
                // The oldest alone is what trimming does too: with it the next begins elsewhere.
                let next = Connection::open(&files[1]).unwrap();
                next.execute("UPDATE begin SET chain = ?", [[0_u8; 32]]).unwrap();
            }
            format!("the segment of {first} removed")
        }
    }
}

/// With its neighbour in the same segment; where it has none it is said to have come later.
fn swap(connection: &Connection, first: i64) -> String {
    let sql = "SELECT first FROM batch WHERE first <> ? ORDER BY abs(first - ?) LIMIT 1";
    let other: Option<i64> = connection.query_row(sql, [first, first], |row| row.get(0)).ok();
    let Some(other) = other else {
        let sql = "UPDATE batch SET last_received = last_received + 1 WHERE first = ?";
        connection.execute(sql, [first]).unwrap();
        return format!("time of commit {first} edited");
    };
    for (from, to) in [(first, -1), (other, first), (-1, other)] {
        connection.execute("UPDATE batch SET first = ? WHERE first = ?", [to, from]).unwrap();
    }
    format!("commits {first} and {other} changed places")
}
