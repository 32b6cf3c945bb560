//! The state of the whole fold at one journal position, as a file. A file that is damaged or was written by another
//! version is no snapshot: the caller folds the journal from its beginning instead.
//!
//! | magic 8 | format 4 | fnv-1a of the body 8 | body (postcard) … |

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use journal::Position;
use serde::{Deserialize, Serialize};

use crate::fold::Time;
use crate::live::LiveVehicle;

const MAGIC: &[u8; 8] = b"RWSNAP\r\n";
const HEADER_BYTES: usize = 20;
/// Raised whenever the meaning or layout of any state below changes, in this crate, `rules` or `session`.
const FORMAT: u32 = 4;

/// Everything the fold knows before the record at `position`.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub struct Snapshot {
    /// The next record to fold.
    pub position: Position,
    /// The time there.
    pub time: Time,
    /// `session::Observer`, encoded.
    pub observer: Vec<u8>,
    /// `rules::State` of each shard, encoded.
    pub engines: Vec<Vec<u8>>,
    /// `rules::CrewsState`, encoded.
    pub crews: Vec<u8>,
    /// The latest word of every vehicle.
    pub vehicles: Vec<LiveVehicle>,
}

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its bytes are not what was written.
    #[error("{} is damaged or cut short", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// Another version wrote it.
    #[error("{} has format {found}, this version reads {FORMAT}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// The format it has.
        found: u32,
    },
}

impl Snapshot {
    /// Writes beside `path`, makes it durable, then takes the place of the old one: there is always a whole one.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let body = postcard::to_allocvec(self).map_err(io::Error::other)?;
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(MAGIC)?;
        file.write_all(&FORMAT.to_le_bytes())?;
        file.write_all(&fnv1a64(&body).to_le_bytes())?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(dir) => File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Reads the file; `None` where there is none.
    pub fn load(path: &Path) -> Result<Option<Self>, Unfit> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Unfit::Read { path: path.to_owned(), source }),
        };
        let damaged = || Unfit::Damaged { path: path.to_owned() };
        let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or_else(damaged)?;
        let (magic, rest) = header.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (format, sum) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let format = u32::from_le_bytes(*format);
        if magic != MAGIC || sum != fnv1a64(body).to_le_bytes() {
            return Err(damaged());
        }
        if format != FORMAT {
            return Err(Unfit::Format { path: path.to_owned(), found: format });
        }
        postcard::from_bytes(body).map(Some).map_err(|_| damaged())
    }
}

/// Tells a torn or rotten file, not an attacker.
fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("roadwarden-snapshot-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir.join("snapshot")
    }

    fn example() -> Snapshot {
        Snapshot {
            position: 7,
            time: Time::default(),
            observer: vec![1, 2],
            engines: vec![vec![3], vec![]],
            crews: vec![4],
            vehicles: vec![],
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_nothing_else_is() {
        let path = scratch("whole");
        assert!(Snapshot::load(&path.with_extension("none")).unwrap().is_none());
        example().save(&path).unwrap();
        assert_eq!(Snapshot::load(&path).unwrap(), Some(example()));
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&path, &flipped).unwrap();
            assert!(Snapshot::load(&path).is_err(), "bit flipped in byte {at}");
            fs::write(&path, &bytes[..at]).unwrap();
            assert!(Snapshot::load(&path).is_err(), "cut at byte {at}");
        }
    }

    #[test]
    fn one_of_another_version_is_none_and_says_so() {
        let path = scratch("format");
        example().save(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        for format in [FORMAT - 1, FORMAT + 1] {
            bytes[8..12].copy_from_slice(&format.to_le_bytes());
            fs::write(&path, &bytes).unwrap();
            let error = Snapshot::load(&path).unwrap_err().to_string();
            assert!(error.ends_with(&format!("has format {format}, this version reads {FORMAT}")), "{error}");
        }
    }
}
