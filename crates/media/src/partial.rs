//! A file under way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::index::Row;
use crate::kind::{Form, HEAD_BYTES};
use crate::{Refused, StoreError, path_of};

/// Read at once while the checksum is made.
const READ_BYTES: usize = 64 * 1024;

/// A file somebody sends.
#[derive(Debug)]
pub(crate) struct Partial {
    pub row: Row,
    pub is_done: bool,
    /// That data was refused is logged once.
    pub is_refused: bool,
    path: PathBuf,
    file: File,
    /// Runs have come that the index does not list.
    is_dirty: bool,
}

impl Partial {
    pub(crate) fn open(dir: &Path, row: Row) -> Result<Self, StoreError> {
        let path = path_of(dir, row.id);
        let file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path)?;
        Ok(Self { row, is_done: false, is_refused: false, path, file, is_dirty: false })
    }

    /// The same name with another length: nothing of what is there can be trusted.
    pub(crate) fn restart(&mut self, row: Row) -> Result<(), StoreError> {
        self.file.set_len(0)?;
        self.row = row;
        self.is_dirty = false;
        Ok(())
    }

    /// Writes a run of which nothing is there yet.
    pub(crate) fn write(&mut self, from: u32, run: &[u8]) -> Result<(), StoreError> {
        if self.row.ranges.is_full() {
            return Err(Refused::Scattered.into());
        }
        self.file.write_all_at(run, from.into())?;
        let len = u32::try_from(run.len()).unwrap_or(u32::MAX);
        self.row.ranges.insert(from, from.saturating_add(len));
        self.is_dirty = true;
        Ok(())
    }

    /// Says whether there was anything to sync.
    pub(crate) fn sync(&mut self) -> Result<bool, StoreError> {
        if self.is_dirty {
            self.file.sync_data()?;
        }
        Ok(std::mem::take(&mut self.is_dirty))
    }

    /// Gives a file without gaps its last name.
    pub(crate) fn complete(&mut self, whole: &Path) -> Result<(), StoreError> {
        self.file.sync_all()?;
        let there = self.file.metadata()?.len();
        if there != u64::from(self.row.bytes) {
            let text = format!("{there} bytes are there, expected {}", self.row.bytes);
            return Err(io::Error::other(text).into());
        }
        describe(&self.path, &mut self.row)?;
        fs::rename(&self.path, path_of(whole, self.row.id))?;
        File::open(whole)?.sync_all()?;
        if let Some(dir) = self.path.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(())
    }
}

/// Checksum and form of a file as it lies on disk, into its row.
pub(crate) fn describe(path: &Path, row: &mut Row) -> Result<(), StoreError> {
    let (mut file, mut sha256) = (File::open(path)?, Sha256::new());
    let (mut buffer, mut head) = (vec![0; READ_BYTES], Vec::new());
    loop {
        let len = file.read(&mut buffer)?;
        let read = buffer.get(..len).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        head.extend(read.iter().take(HEAD_BYTES.saturating_sub(head.len())));
        sha256.update(read);
    }
    row.sha256 = Some(sha256.finalize().into());
    row.form = Form::of(&head);
    Ok(())
}
