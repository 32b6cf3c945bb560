//! Media that arrives in packages (0x0801), until the last one is there: on disk, not in memory.
//!
//! A package has a slot of its own in a sparse file, so that any order does. Nothing here outlives the process: a
//! terminal that got no 0x8800 sends its media again.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Mutex;

use fleet::TerminalId;

use crate::{Refused, StoreError, lock};

/// Bytes of a package: what one frame holds.
const PACKAGE_BYTES_MAX: usize = 1_023;
/// A slot: how many bytes, and the bytes.
const SLOT_BYTES: usize = PACKAGE_BYTES_MAX + 2;
/// Packages of one media, 16 MB: as many as a link follows. Further ones are refused.
const PACKAGES_MAX: u16 = 16_384;
/// Media in the making over all terminals, with a bitmap of at most 2 KiB each; the oldest gives way.
const MEDIA_MAX: usize = 1_024;
/// The same of one terminal: a picture from each of four cameras. Its own oldest gives way.
const MEDIA_OF_TERMINAL_MAX: usize = 4;
/// Bytes on disk of all of it; the oldest gives way.
const BYTES_MAX: u64 = 1 << 30;

/// What names a media in the making.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PackageKey {
    /// Who sends it.
    pub terminal: TerminalId,
    /// Packages in all.
    pub total: u16,
    /// What tells it from others of the terminal: the serial of its first package, or its own number.
    pub number: u64,
}

#[derive(Debug)]
struct Arriving {
    key: PackageKey,
    path: PathBuf,
    /// A bit for each package that is there.
    come: Vec<u64>,
    missing: u16,
    bytes: u64,
}

/// Media of which a package has come, oldest first.
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
    arriving: Mutex<(Vec<Arriving>, u64)>,
    /// Media are joined one after the other: each is in memory then.
    joining: Mutex<()>,
}

impl Spool {
    /// What an earlier process left is of no use.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, arriving: Mutex::default(), joining: Mutex::default() })
    }

    /// Keeps a package; where it was the last one missing `join` is given all of the media.
    pub(crate) fn insert<T>(
        &self,
        key: PackageKey,
        index: u16,
        bytes: &[u8],
        join: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        if key.total > PACKAGES_MAX || index == 0 || index > key.total || bytes.len() > PACKAGE_BYTES_MAX {
            return Err(Refused::Outside.into());
        }
        let Some(whole) = self.keep(key, index, bytes)? else { return Ok(None) };
        let _one = lock(&self.joining);
        let media = read(&whole)?;
        fs::remove_file(&whole.path)?;
        Ok(Some(join(&media)))
    }

    fn keep(&self, key: PackageKey, index: u16, bytes: &[u8]) -> Result<Option<Arriving>, StoreError> {
        let mut arriving = lock(&self.arriving);
        let (list, next) = &mut *arriving;
        let place = list.iter().position(|media| media.key == key).unwrap_or_else(|| {
            let path = self.dir.join(format!("{next:016x}"));
            *next += 1;
            let come = vec![0; usize::from(key.total).div_ceil(64)];
            list.push(Arriving { key, path, come, missing: key.total, bytes: 0 });
            list.len() - 1
        });
        let Some(media) = list.get_mut(place) else { return Ok(None) };
        let at = usize::from(index - 1);
        let Some(word) = media.come.get_mut(at / 64).filter(|word| **word & 1 << (at % 64) == 0) else {
            return Ok(None);
        };
        let mut slot = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        slot.extend_from_slice(bytes);
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&media.path)?;
        file.write_all_at(&slot, (at * SLOT_BYTES) as u64)?;
        *word |= 1 << (at % 64);
        media.missing -= 1;
        media.bytes += SLOT_BYTES as u64;
        if media.missing == 0 {
            return Ok(Some(list.remove(place)));
        }
        make_room(list, key.terminal);
        Ok(None)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        lock(&self.arriving).0.len()
    }
}

fn make_room(list: &mut Vec<Arriving>, terminal: TerminalId) {
    loop {
        let own = list.iter().filter(|media| media.key.terminal == terminal).count();
        let bytes: u64 = list.iter().map(|media| media.bytes).sum();
        let oldest = if own > MEDIA_OF_TERMINAL_MAX {
            list.iter().position(|media| media.key.terminal == terminal)
        } else {
            (list.len() > MEDIA_MAX || bytes > BYTES_MAX).then_some(0)
        };
        let Some(oldest) = oldest else { return };
        // One that cannot be removed is removed by the next start.
        let _ = fs::remove_file(list.remove(oldest).path);
    }
}

fn read(media: &Arriving) -> io::Result<Vec<u8>> {
    let (slots, mut body) = (fs::read(&media.path)?, Vec::new());
    for slot in slots.chunks(SLOT_BYTES) {
        if let Some((len, bytes)) = slot.split_first_chunk::<2>() {
            body.extend(bytes.iter().take(usize::from(u16::from_be_bytes(*len))));
        }
    }
    Ok(body)
}
