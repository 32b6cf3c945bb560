//! Why something is not done.

use std::io;
use std::path::PathBuf;

use crate::FileId;

/// Why a file or its data is not taken. A closed list: each is a label.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// No room over all terminals.
    #[error("the store of files is full")]
    Full,
    /// The alert has as many files as an alarm can have.
    #[error("the alert has 255 files already")]
    Files,
    /// Data behind the announced end of its file.
    #[error("data lies behind the announced end of its file")]
    Outside,
    /// More pieces that do not touch than are kept track of.
    #[error("the file comes in too many pieces that do not touch")]
    Scattered,
    /// No room for this terminal.
    #[error("the terminal has used its share of the store")]
    Share,
}

impl Refused {
    /// Every one, in order.
    pub const ALL: [Self; 5] = [Self::Full, Self::Files, Self::Outside, Self::Scattered, Self::Share];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Files => "files",
            Self::Outside => "outside",
            Self::Scattered => "scattered",
            Self::Share => "share",
        }
    }
}

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite.
    #[error("can't open index of files {path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A directory or a file in it.
    #[error("can't use directory of files {path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The metrics are registered already.
    #[error("can't register the metrics of files: {0}")]
    Metrics(#[from] prometheus::Error),
    /// Written by a newer version.
    #[error("index of files {path} has format {found}, this version reads up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A file under way can't be brought in order.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a file is not taken, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("index of files: {0}")]
    Database(#[from] rusqlite::Error),
    /// The disk.
    #[error("file of evidence: {0}")]
    Disk(#[from] io::Error),
    /// The peer's doing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody began it, or it is done.
    #[error("file {} is not under way", _0.0)]
    Unknown(FileId),
}
