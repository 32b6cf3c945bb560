//! One service a data directory: a lock that the system takes back when its process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result};

use crate::exit::Unavailable;

/// The lock; dropped last, after everything that writes.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

impl Hold {
    /// Takes the directory, which is made when it is missing, before anything in it is opened.
    ///
    /// # Errors
    /// When another process serves it, or it can't be written.
    pub fn take(data_dir: &Path) -> Result<Self> {
        fs::create_dir_all(data_dir)
            .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
        let path = data_dir.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot write to the data folder: {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Unavailable(format!(
                "the data folder {} is served by another process 数据目录正被另一进程使用",
                data_dir.display()
            ))
            .into()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_taken_once() {
        let dir = std::env::temp_dir().join(format!("roadwarden-hold-{}", std::process::id()));
        let first = Hold::take(&dir).unwrap();
        let error = Hold::take(&dir).unwrap_err();
        assert!(error.downcast_ref::<Unavailable>().is_some(), "{error:#}");
        assert!(error.to_string().contains(&dir.display().to_string()), "{error:#}");
        drop(first);
        Hold::take(&dir).unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }
}
