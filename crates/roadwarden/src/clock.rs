//! The only clock of the service; everything below is told the time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fleet::ReceiveTime;

/// Now, by this machine.
pub fn now() -> ReceiveTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ReceiveTime::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The clock as the pipeline takes it.
pub fn clock() -> pipeline::Clock {
    Arc::new(now)
}
