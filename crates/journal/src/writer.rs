//! The writer thread: one group commit after the other, and a full stop at the first failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::segment::Disk;
use crate::shared::Shared;

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
        match disk.commit(&shared.segments, &sealed) {
            Ok(()) => {
                shared.metrics.sync_seconds.observe(started.elapsed().as_secs_f64());
                shared.metrics.bytes.inc_by(sealed.blob.len() as u64);
                shared.metrics.records.inc_by(sealed.batch.records.len() as u64);
                shared.durable.send_replace(sealed.end());
            }
            Err(error) => {
                // A failed sync is never tried again: the next one may call lost pages clean.
                tracing::error!(%error, first = sealed.batch.first, "journal write failed, nothing is taken any more");
                shared.fail(&error.to_string());
                return;
            }
        }
    }
}
