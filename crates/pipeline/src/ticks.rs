//! Lets time into the journal: a record that says nothing but when it was kept, where something waits for time to pass and
//! nothing else comes. Deadlines fire when it is read, so that a fold fires them at the same place, whatever its clock says.
//! On a thread of its own, for it waits while the journal has no room.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use fleet::ReceiveTime;
use journal::{Journal, Position};
use tokio::runtime::Handle;

use crate::Clock;
use crate::fold::{Time, time_record};

/// How often it looks. Where records came since, time has passed with them.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The next deadline of one stage, which alone tells it.
#[derive(Clone)]
pub(crate) struct Due(Arc<AtomicI64>);

impl Default for Due {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }
}

impl Due {
    pub(crate) fn set(&self, at: Option<ReceiveTime>) {
        self.0.store(at.map_or(i64::MAX, ReceiveTime::ms), Ordering::Relaxed);
    }

    fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) struct Ticks {
    pub journal: Journal,
    pub clock: Clock,
    /// One a stage that has deadlines.
    pub dues: Vec<Due>,
    /// Records below this have been handed to the shards.
    pub read: Arc<AtomicU64>,
}

impl Ticks {
    /// Works until the other end is gone.
    pub(crate) fn run(self, runtime: &Handle, ended: &Receiver<()>) {
        let mut seen = 0;
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LOOK_EVERY) {
            let read = self.read.load(Ordering::Relaxed);
            if read == seen
                && let Some(now) = self.due(read)
            {
                // A journal that takes nothing more ends the stages by itself, and until then nothing fires.
                let _ = runtime.block_on(self.journal.append(vec![time_record(now)]));
            }
            seen = read;
        }
    }

    /// Now, if everything was handed on and a deadline has passed all the same. A stage that has not come to it yet may be
    /// told of the time more than once; queues are bounded, and so is how often.
    fn due(&self, read: Position) -> Option<ReceiveTime> {
        let now = (self.clock)();
        let due = Time::at(now).due();
        let is_due = self.dues.iter().any(|stage| stage.ms() <= due.ms());
        (is_due && self.journal.head() <= read).then_some(now)
    }
}
