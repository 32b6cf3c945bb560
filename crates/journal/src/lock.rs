//! One process at a time writes a journal.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::{OpenError, StoreError};

/// Held until it is dropped; the system lets go of it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let file = File::create(&path).map_err(StoreError::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(StoreError::File { path, source }.into()),
        }
    }
}
