//! What outlives a restart: our name at the broker, and when the link was last seen alive.

use std::path::{Path, PathBuf};

use fleet::ReceiveTime;
use serde::{Deserialize, Serialize};

use crate::{StartError, target};

/// Kept in `data_dir/dispatch.json`.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    client_id: String,
    /// By the clock that never jumps. Messages published after this, or shortly before, may not be on the broker's disk.
    alive_at: Option<ReceiveTime>,
}

impl State {
    /// Reads it; a file that is missing or can't be read is made anew.
    pub(crate) fn open(dir: &Path) -> Result<Self, StartError> {
        let path = dir.join("dispatch.json");
        let kept = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let secret = target::secret()?;
                let name = secret.get(..16).unwrap_or(&secret);
                Kept { client_id: format!("roadwarden-{name}"), alive_at: None }
            }
        };
        let state = Self { path, kept };
        state.write().map_err(|source| StartError::Directory { dir: dir.to_owned(), source })?;
        Ok(state)
    }

    /// The name under which the broker keeps our session.
    pub(crate) fn client_id(&self) -> &str {
        &self.kept.client_id
    }

    /// When the broker was last known to be there; `None` before the first time.
    pub(crate) const fn alive_at(&self) -> Option<ReceiveTime> {
        self.kept.alive_at
    }

    /// The broker answered.
    pub(crate) const fn touch(&mut self, now: ReceiveTime) {
        self.kept.alive_at = Some(now);
    }

    /// An older time than the true one only means that more is published again, so a failure is no more than a warning.
    pub(crate) fn save(&self) {
        if let Err(error) = self.write() {
            tracing::warn!(%error, path = %self.path.display(), "the state of dispatch can't be written");
        }
    }

    fn write(&self) -> std::io::Result<()> {
        let text = serde_json::to_vec(&self.kept).map_err(std::io::Error::other)?;
        let fresh = self.path.with_extension("json.new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, &self.path)
    }
}
