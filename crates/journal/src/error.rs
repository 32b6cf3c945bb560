//! What can be wrong with the files.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::Position;
use crate::file::FORMAT;

/// Why a segment can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system.
    #[error("can't use {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite.
    #[error("can't use journal segment {path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A batch doesn't fit its hash.
    #[error("journal segment {path} is damaged in the batch at record {first}, its hash differs")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Its first record.
        first: Position,
    },
    /// Records are missing between others.
    #[error("journal segment {path} misses record {position}, records have no gaps")]
    Missing {
        /// Which file.
        path: PathBuf,
        /// The one missing.
        position: Position,
    },
    /// Written by a newer version.
    #[error("journal segment {path} has format {found}, this version reads up to {FORMAT}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// What is left of the disk is kept for alerts and the audit log.
    #[error("{path} has {free} bytes left, {reserve} are kept for alerts and the audit log: free some space")]
    Full {
        /// The directory of the segments.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// [`crate::Options::reserve_bytes`].
        reserve: u64,
    },
}

impl StoreError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), source }
    }

    /// Whether it ends by itself once there is room again. A sync that failed for want of room does not count: what it
    /// lost is not known.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::File { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Database { source, .. } => source.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::Damaged { .. } | Self::Missing { .. } | Self::Newer { .. } => false,
        }
    }

    /// Whether what the file holds is wrong, and not the way to it.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Missing { .. } => true,
            Self::Database { source, .. } => !matches!(
                source.sqlite_error_code(),
                Some(
                    ErrorCode::CannotOpen
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::DiskFull
                        | ErrorCode::OutOfMemory
                        | ErrorCode::PermissionDenied
                        | ErrorCode::ReadOnly
                        | ErrorCode::SystemIoFailure
                )
            ),
            Self::File { .. } | Self::Newer { .. } | Self::Full { .. } => false,
        }
    }
}
