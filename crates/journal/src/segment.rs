//! The segments: one file each, named by its first position. A process that opens the journal begins a new one: a file
//! whose last sync may have failed is never written again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fleet::{Chain, ReceiveTime};

use crate::file::{Extent, SegmentFile};
use crate::follower::ReadError;
use crate::shared::{Sealed, lock};
use crate::{Batch, Options, Position, StoreError, Trimmed};

/// A damaged row may still say how many records it held; more than this, a commit never has.
const BATCH_RECORDS_MAX: u64 = 1 << 24;

/// Proof that records are on disk, synced. Only a commit whose sync succeeded makes one, or the opening of a journal
/// that has stored them anew: there is no other constructor, so nothing else can release an acknowledgement.
///
/// ```compile_fail
/// let forged = journal::Durable { upto: 1, chain: fleet::Chain::START };
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Durable {
    upto: Position,
    chain: Chain,
}

impl Durable {
    /// Every record below this is on disk.
    pub const fn upto(&self) -> Position {
        self.upto
    }

    /// The hash chain over all of them.
    pub const fn chain(&self) -> Chain {
        self.chain
    }
}

impl From<Durable> for Position {
    fn from(durable: Durable) -> Self {
        durable.upto
    }
}

/// Where group commits go; the seam for faults in tests.
pub(crate) trait Disk: Send {
    /// On disk and synced when it returns. After an error the segment is closed for good: what comes next, also the same
    /// commit, goes into a new one.
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<Durable, StoreError>;

    /// Nothing more comes.
    fn close(&mut self, segments: &Segments);
}

/// What is known of every segment, oldest first; the last one is being written.
pub(crate) struct Segments {
    dir: PathBuf,
    index: Mutex<Vec<Segment>>,
    opened: Durable,
}

#[derive(Clone, Debug)]
struct Segment {
    first: Position,
    end: Position,
    last_received: ReceiveTime,
    bytes: u64,
}

/// A follower's open segment.
pub(crate) struct Reader {
    first: Position,
    file: SegmentFile,
}

/// The segment being written.
pub(crate) struct SegmentWriter {
    /// `None` after a failure.
    file: Option<SegmentFile>,
    chain: Chain,
    bytes_max: u64,
    reserve_bytes: u64,
}

impl Segments {
    pub fn open(options: &Options) -> Result<(Self, SegmentWriter), StoreError> {
        let dir = &options.dir;
        let mut index: Vec<Segment> = Vec::new();
        let mut chain = Chain::START;
        for first in segment_names(dir)? {
            if let Some(before) = index.last_mut().filter(|before| before.end != first) {
                if before.end < first {
                    tracing::error!(from = before.end, to = first, "records of the journal are missing");
                }
                // A commit that failed may stand here and again, the same, in the segment that came after.
                before.end = before.end.min(first);
            }
            if let Some(extent) = recover(dir, first)? {
                index.push(Segment {
                    first,
                    end: extent.end,
                    last_received: extent.last_received,
                    bytes: extent.bytes,
                });
                chain = extent.chain;
            }
        }
        let opened = Durable { upto: index.last().map_or(0, |last| last.end), chain };
        let mut writer = SegmentWriter {
            file: None,
            chain,
            bytes_max: options.segment_bytes_max,
            reserve_bytes: options.reserve_bytes,
        };
        let segments = Self { dir: dir.clone(), index: Mutex::new(index), opened };
        match writer.begin(&segments, opened.upto) {
            // What is stored can be read, and the writer tries again.
            Err(error) if error.is_full() => tracing::error!(%error, "the journal cannot be written yet"),
            begun => begun?,
        }
        Ok((segments, writer))
    }

    /// What was stored at opening.
    pub const fn opened(&self) -> Durable {
        self.opened
    }

    pub fn first(&self) -> Position {
        lock(&self.index).first().map_or(self.opened.upto, |segment| segment.first)
    }

    /// The first record of the segment that may hold what was received at `at`, or where the stored records end.
    pub fn position_at(&self, at: ReceiveTime) -> Position {
        let index = lock(&self.index);
        let end = index.last().map_or(self.opened.upto, |last| last.end);
        let holds = |segment: &&Segment| segment.last_received >= at && segment.end > segment.first;
        index.iter().find(holds).map_or(end, |segment| segment.first)
    }

    /// The stored batch that holds `position`.
    pub fn read(&self, position: Position, reader: Option<Reader>) -> Result<(Batch, Reader), ReadError> {
        let (first, end) = {
            let index = lock(&self.index);
            let after = index.partition_point(|segment| segment.first <= position);
            let oldest = index.first().map_or(0, |segment| segment.first);
            match after.checked_sub(1).and_then(|at| index.get(at)) {
                Some(segment) => (segment.first, segment.end),
                None => return Err(ReadError::Trimmed { position, first: oldest }),
            }
        };
        let path = segment_path(&self.dir, first);
        if position >= end {
            return Err(StoreError::Missing { path, position }.into());
        }
        let reader = match reader {
            Some(reader) if reader.first == first => reader,
            _ => Reader { first, file: SegmentFile::open_reader(&path)? },
        };
        let mut batch = reader.file.read(position)?.batch;
        batch.records.truncate(usize::try_from(end - batch.first).unwrap_or(usize::MAX));
        Ok((batch, reader))
    }

    /// Where reading can go on when the row that holds `position` can't be read: at the next row, or segment.
    pub fn next_after(&self, position: Position) -> Position {
        let (first, end, next) = {
            let index = lock(&self.index);
            let after = index.partition_point(|segment| segment.first <= position);
            let next = index.get(after).map(|segment| segment.first);
            match after.checked_sub(1).and_then(|at| index.get(at)) {
                Some(segment) => (segment.first, segment.end, next),
                None => return next.unwrap_or(position + 1),
            }
        };
        let row = SegmentFile::open_reader(&segment_path(&self.dir, first))
            .and_then(|file| file.next_after(position))
            .ok()
            .flatten();
        let beyond = next.unwrap_or(end).max(position + 1);
        row.filter(|row| *row < end && *row > position).unwrap_or(beyond)
    }

    pub fn trim(
        &self,
        needed_from: Position,
        keep_from: ReceiveTime,
        disk_bytes_max: u64,
    ) -> Result<Trimmed, StoreError> {
        let mut index = lock(&self.index);
        let mut total: u64 = index.iter().map(|segment| segment.bytes).sum();
        let mut trimmed = Trimmed::default();
        while index.len() > 1 {
            let oldest = &index[0];
            let droppable = oldest.last_received < keep_from || total > disk_bytes_max;
            if oldest.end > needed_from || !droppable {
                break;
            }
            remove_segment(&segment_path(&self.dir, oldest.first))?;
            total = total.saturating_sub(oldest.bytes);
            trimmed.segments += 1;
            trimmed.bytes += oldest.bytes;
            index.remove(0);
        }
        Ok(trimmed)
    }
}

impl SegmentWriter {
    /// A new segment whose first record will be at `first`.
    fn begin(&mut self, segments: &Segments, first: Position) -> Result<(), StoreError> {
        self.has_room(&segments.dir)?;
        let path = segment_path(&segments.dir, first);
        // One of this name holds nothing that was ever called durable: a try that failed, or a start without records.
        remove_segment(&path)?;
        let file = SegmentFile::create(&path, self.chain)?;
        sync_dir(&segments.dir)?;
        let mut index = lock(&segments.index);
        index.retain(|segment| segment.first < first);
        index.push(Segment { first, end: first, last_received: ReceiveTime::default(), bytes: 0 });
        self.file = Some(file);
        Ok(())
    }

    fn has_room(&self, dir: &Path) -> Result<(), StoreError> {
        let disk = rustix::fs::statvfs(dir).map_err(|errno| StoreError::file(dir)(errno.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free >= self.reserve_bytes {
            return Ok(());
        }
        Err(StoreError::Full { path: dir.to_owned(), free, reserve: self.reserve_bytes })
    }

    #[cfg(test)]
    pub fn opened(&self) -> Durable {
        Durable { upto: 0, chain: self.chain }
    }

    /// As if the sync of the newest commit had failed, which `before` was made before.
    #[cfg(test)]
    pub fn unsay(&mut self, segments: &Segments, before: Durable) {
        if let Some(file) = self.file.take() {
            file.abandon();
        }
        self.chain = before.chain;
        if let Some(last) = lock(&segments.index).last_mut() {
            last.end = before.upto;
        }
    }

    /// No further write goes into this segment.
    fn seal(&mut self, segments: &Segments) {
        let Some(file) = self.file.take() else { return };
        let Some(last) = lock(&segments.index).last().cloned() else { return };
        let Segment { end, last_received, bytes, .. } = last;
        // Without a seal the next start counts the rows.
        if let Err(error) = file.seal(&Extent { end, last_received, bytes, chain: self.chain }) {
            tracing::warn!(%error, "a journal segment could not be sealed");
            file.abandon();
        }
    }

    fn write(&mut self, segments: &Segments, sealed: &Sealed) -> Result<Chain, StoreError> {
        self.has_room(&segments.dir)?;
        if lock(&segments.index).last().is_some_and(|last| last.bytes >= self.bytes_max) {
            self.seal(segments);
        }
        if self.file.is_none() {
            self.begin(segments, sealed.batch.first)?;
        }
        let Some(file) = &self.file else { unreachable!("a segment was begun") };
        file.commit(sealed, self.chain)
    }
}

impl Disk for SegmentWriter {
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<Durable, StoreError> {
        match self.write(segments, sealed) {
            Ok(chain) => {
                self.chain = chain;
                if let Some(last) = lock(&segments.index).last_mut() {
                    last.end = sealed.end();
                    last.last_received = last.last_received.max(sealed.last_received());
                    last.bytes += sealed.blob.len() as u64;
                }
                Ok(Durable { upto: sealed.end(), chain })
            }
            Err(error) => {
                // A failed sync is never tried again: the next one may call lost pages clean.
                if let Some(file) = self.file.take() {
                    file.abandon();
                }
                Err(error)
            }
        }
    }

    fn close(&mut self, segments: &Segments) {
        self.seal(segments);
    }
}

/// What a segment from before holds, stored anew and sealed; `None` where it holds nothing.
fn recover(dir: &Path, first: Position) -> Result<Option<Extent>, StoreError> {
    let path = segment_path(dir, first);
    let extent = match SegmentFile::recover(&path) {
        Ok(None) => None,
        Ok(Some(file)) => match file.extent(first) {
            Ok(extent) => {
                // A full disk keeps it from being sealed; the next start counts the rows again.
                if file.is_chained()
                    && let Err(error) = file.seal_once(&extent)
                {
                    tracing::warn!(%error, "a journal segment could not be sealed");
                }
                Some(extent)
            }
            Err(error) if error.is_damage() => Some(salvage(&file, first, &error)),
            Err(error) => return Err(error),
        },
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "a journal segment cannot be read at all; the rest is served");
            return set_aside(&path).map(|()| None);
        }
        Err(error) => return Err(error),
    };
    match extent.filter(|extent| extent.end > first) {
        Some(extent) => Ok(Some(extent)),
        None => remove_segment(&path).map(|()| None),
    }
}

/// The rows that can be read, of a segment that is damaged.
fn salvage(file: &SegmentFile, first: Position, error: &StoreError) -> Extent {
    let mut extent =
        Extent { end: first, last_received: ReceiveTime::default(), bytes: 0, chain: Chain::START };
    extent.chain = file.begin().unwrap_or(Chain::START);
    let mut at = Some(first);
    while let Some(position) = at {
        if let Ok(stored) = file.read(position) {
            let received = stored.batch.records.iter().map(|record| record.received).max();
            extent.end = stored.end();
            extent.last_received = extent.last_received.max(received.unwrap_or_default());
            extent.bytes += stored.batch.records.iter().map(|record| record.frame.len() as u64).sum::<u64>();
            extent.chain = stored.links.map_or(extent.chain, |(_, chain)| chain);
        }
        at = file.next_after(position).ok().flatten().filter(|next| *next > position);
    }
    // Positions that were given once are not given again, where it can be told.
    let claimed = file.claimed_end().filter(|end| (*end).saturating_sub(extent.end) <= BATCH_RECORDS_MAX);
    let lost = claimed.map_or(0, |end| end.saturating_sub(extent.end));
    extent.end += lost;
    tracing::error!(%error, end = extent.end, lost, "a journal segment is damaged; the rest of it is served");
    extent
}

/// Out of the way, for whoever wants to look at it.
fn set_aside(path: &Path) -> Result<(), StoreError> {
    for name in files_of(path) {
        let mut aside = name.clone().into_os_string();
        aside.push(".damaged");
        match fs::rename(&name, &aside) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { path: name, source });
            }
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn segment_path(dir: &Path, first: Position) -> PathBuf {
    dir.join(format!("{first:020}.sqlite"))
}

pub(crate) fn segment_names(dir: &Path) -> Result<Vec<Position>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(StoreError::file(dir))? {
        let name = entry.map_err(StoreError::file(dir))?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".sqlite")).map(str::parse);
        if let Some(Ok(first)) = first {
            names.push(first);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn files_of(path: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm"].into_iter().map(move |suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

fn remove_segment(path: &Path) -> Result<(), StoreError> {
    for name in files_of(path) {
        match fs::remove_file(&name) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { path: name, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// A new file's name is durable only once its directory is.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|file| file.sync_all()).map_err(StoreError::file(dir))
}
