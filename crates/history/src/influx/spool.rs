//! Batches on disk while the server is away: append-only files of lines, sent and removed as a whole.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// One segment is one request; the size InfluxDB takes well.
const SEGMENT_BYTES_MAX: u64 = 1 << 20;

/// Lines, each with its line feed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub text: String,
    pub lines: u64,
}

impl Batch {
    pub(super) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
    }
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    lines: u64,
}

/// The segments of one directory, oldest first.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    bytes_max: u64,
    segments: VecDeque<Segment>,
    next: u64,
    /// Being sent: neither added to nor dropped.
    lent: Option<u64>,
}

impl Spool {
    /// What an earlier run left is still to be sent; a last line that was cut off by a crash is not counted.
    pub(super) fn open(dir: &Path, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut segments = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let number =
                path.file_name().and_then(|name| name.to_str()?.strip_suffix(".lines")?.parse().ok());
            if let Some(number) = number {
                let lines = BufReader::new(File::open(&path)?).split(b'\n').count() as u64;
                segments.push(Segment { number, bytes: fs::metadata(&path)?.len(), lines });
            }
        }
        segments.sort_by_key(|segment| segment.number);
        let next = segments.last().map_or(0, |last| last.number + 1);
        Ok(Self { dir: dir.to_owned(), bytes_max, segments: segments.into(), next, lent: None })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Adds a batch, and says how many of the oldest lines had to go for it.
    pub(super) fn append(&mut self, batch: &Batch) -> io::Result<u64> {
        let bytes = batch.text.len() as u64;
        let fits = self.segments.back().is_some_and(|last| {
            self.lent != Some(last.number) && last.bytes.saturating_add(bytes) <= SEGMENT_BYTES_MAX
        });
        if !fits {
            self.segments.push_back(Segment { number: self.next, bytes: 0, lines: 0 });
            self.next += 1;
        }
        let Some(last) = self.segments.back_mut() else { return Ok(0) };
        let mut file = OpenOptions::new().create(true).append(true).open(path(&self.dir, last.number))?;
        if let Err(error) = file.write_all(batch.text.as_bytes()) {
            // Half a batch must not stand before the next one.
            file.set_len(last.bytes)?;
            return Err(error);
        }
        last.bytes += bytes;
        last.lines += batch.lines;
        Ok(self.drop_oldest())
    }

    /// The oldest segment, lent until [`Self::remove`] or [`Self::release`]; one that can't be read is removed.
    pub(super) fn oldest(&mut self) -> Result<Option<(u64, Batch)>, (u64, io::Error)> {
        let Some(segment) = self.segments.front().copied() else { return Ok(None) };
        match fs::read(path(&self.dir, segment.number)) {
            Ok(bytes) => {
                self.lent = Some(segment.number);
                Ok(Some((segment.number, whole_lines(&bytes))))
            }
            Err(error) => {
                self.remove(segment.number);
                Err((segment.lines, error))
            }
        }
    }

    /// It could not be sent.
    pub(super) const fn release(&mut self) {
        self.lent = None;
    }

    /// It was sent.
    pub(super) fn remove(&mut self, number: u64) {
        self.lent = None;
        self.segments.retain(|segment| segment.number != number);
        if let Err(error) = fs::remove_file(path(&self.dir, number)) {
            // Sent again after a restart: the same points, which change nothing.
            tracing::warn!(%error, number, "a segment of the influxdb spool can't be removed");
        }
    }

    fn drop_oldest(&mut self) -> u64 {
        let mut dropped = 0;
        while self.bytes() > self.bytes_max {
            let lent = self.lent;
            let Some(oldest) = self.segments.iter().copied().find(|s| Some(s.number) != lent) else { break };
            dropped += oldest.lines;
            self.remove(oldest.number);
            self.lent = lent;
        }
        dropped
    }
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:012}.lines"))
}

/// Without a last line that was cut off.
fn whole_lines(bytes: &[u8]) -> Batch {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let lines = text.lines().count() as u64;
    Batch { text, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(line: &str, count: u64) -> Batch {
        let mut batch = Batch::default();
        (0..count).for_each(|_| batch.push(line));
        batch
    }

    fn check(name: &str, test: impl FnOnce(&Path)) {
        let dir = std::env::temp_dir().join(format!("influx-spool-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        test(&dir);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_oldest_goes_first_and_survives_a_restart() {
        check("order", |dir| {
            let mut spool = Spool::open(dir, 1 << 30).unwrap();
            assert_eq!(spool.append(&batch("a", 2)).unwrap(), 0);
            assert_eq!(spool.append(&batch("b", 1)).unwrap(), 0);
            let (number, first) = spool.oldest().unwrap().unwrap();
            assert_eq!((first.text.as_str(), first.lines), ("a\na\nb\n", 3));
            assert_eq!(spool.append(&batch("c", 1)).unwrap(), 0, "not into the one that is lent");
            spool.remove(number);
            drop(spool);
            let mut again = Spool::open(dir, 1 << 30).unwrap();
            let (number, rest) = again.oldest().unwrap().unwrap();
            assert_eq!(rest.text, "c\n");
            again.remove(number);
            assert!(again.is_empty() && again.oldest().unwrap().is_none());
        });
    }

    #[test]
    fn the_bound_drops_whole_old_segments_and_counts_their_lines() {
        check("bound", |dir| {
            let line = "x".repeat(1023);
            let mut spool = Spool::open(dir, 2 << 20).unwrap();
            let dropped: u64 = (0..5).map(|_| spool.append(&batch(&line, 1000)).unwrap()).sum();
            assert_eq!(dropped, 3000);
            assert_eq!(spool.bytes(), 2000 * 1024);
            assert_eq!(fs::read_dir(dir).unwrap().count(), 2);
        });
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_not_sent() {
        check("torn", |dir| {
            fs::create_dir_all(dir).unwrap();
            fs::write(dir.join("000000000004.lines"), "whole 1\nhal").unwrap();
            let mut spool = Spool::open(dir, 1 << 20).unwrap();
            let (number, batch) = spool.oldest().unwrap().unwrap();
            assert_eq!((number, batch.text.as_str(), batch.lines), (4, "whole 1\n", 1));
        });
    }
}
