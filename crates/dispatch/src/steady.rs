//! A clock that never jumps, also not over a restart.

use std::time::Instant;

use fleet::ReceiveTime;
use ledger::Moment;

use crate::now;

/// Goes on from where it was last known to be, or from the machine's clock where that is later; from then on it counts what
/// has passed. So a machine whose clock is set shortens no pause and forgets nothing that was published shortly before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    base: ReceiveTime,
    began: Instant,
}

impl Steady {
    /// `last` is what it showed in an earlier run.
    pub(crate) fn begin(last: Option<ReceiveTime>) -> Self {
        Self { base: last.map_or_else(now, |last| last.max(now())), began: Instant::now() }
    }

    /// What it shows now.
    pub(crate) fn now(self) -> ReceiveTime {
        self.base.plus(self.began.elapsed())
    }

    /// The same moment on both clocks.
    pub(crate) fn moment(self) -> Moment {
        Moment { at: now(), steady: self.now() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_never_goes_back_when_the_machines_clock_was_set_back_over_a_restart() {
        let last = now().plus(Duration::from_secs(86_400));
        assert!(Steady::begin(Some(last)).now() >= last);
        let first = Steady::begin(None);
        assert!(first.now() >= Steady { base: ReceiveTime::from_ms(0), ..first }.now());
        assert!(Steady::begin(Some(ReceiveTime::from_ms(0))).now() > ReceiveTime::from_ms(1_000_000_000_000));
    }
}
