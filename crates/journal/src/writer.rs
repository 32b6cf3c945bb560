//! The writer thread: one group commit after the other. A full disk makes it wait, any other failure ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::StoreError;
use crate::segment::{Disk, Durable};
use crate::shared::{Sealed, Shared};

/// How often a full disk is tried again.
const RETRY_EVERY: Duration = Duration::from_millis(500);

pub(crate) fn start(
    shared: Arc<Shared>,
    disk: Box<dyn Disk>,
    commit_every: Duration,
) -> Result<(), std::io::Error> {
    std::thread::Builder::new().name("journal".into()).spawn(move || {
        write_all(&shared, disk, commit_every);
        shared.stopped.send_replace(true);
        shared.room.notify_waiters();
    })?;
    Ok(())
}

fn write_all(shared: &Shared, mut disk: Box<dyn Disk>, commit_every: Duration) {
    while let Some(sealed) = shared.take(commit_every) {
        shared.publish(&sealed);
        let started = Instant::now();
        match commit(shared, disk.as_mut(), &sealed) {
            Ok(durable) => {
                shared.metrics.sync_seconds.observe(started.elapsed().as_secs_f64());
                shared.metrics.bytes.inc_by(sealed.blob.len() as u64);
                shared.metrics.records.inc_by(sealed.batch.records.len() as u64);
                shared.durable.send_replace(durable);
            }
            Err(error) => {
                tracing::error!(%error, first = sealed.batch.first, "journal write failed, nothing is taken any more");
                shared.fail(&error.to_string());
                return;
            }
        }
    }
    disk.close(&shared.segments);
}

/// Tries again for as long as all that is missing is room: each time into a new segment, and the whole commit.
fn commit(shared: &Shared, disk: &mut dyn Disk, sealed: &Sealed) -> Result<Durable, StoreError> {
    let mut is_suspended = false;
    loop {
        match disk.commit(&shared.segments, sealed) {
            Err(error) if error.is_full() => {
                if !is_suspended {
                    tracing::error!(%error, "the journal stores and acknowledges nothing until there is room");
                    is_suspended = true;
                }
                shared.suspend(&error.to_string());
                if shared.rest(RETRY_EVERY) {
                    return Err(error);
                }
            }
            done => {
                if is_suspended && done.is_ok() {
                    tracing::warn!("the journal stores again");
                    shared.resume();
                }
                return done;
            }
        }
    }
}
