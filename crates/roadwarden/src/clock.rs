//! The clock of the service, and what is said of the machine's.

use std::sync::Arc;

use ::clock::{Change, LOOK_EVERY, look};
use anyhow::{Context, Result};
use prometheus::IntGauge;
use tokio::time::interval;

pub use ::clock::now;

/// The clock as the pipeline takes it.
pub fn clock() -> pipeline::Clock {
    Arc::new(now)
}

/// Follows the machine's clock where it drifts, and tells where it was set, for as long as it is polled.
///
/// # Errors
/// When the metric exists already.
pub fn watch(metrics: &prometheus::Registry) -> Result<impl Future<Output = ()> + Send + 'static> {
    let ahead_ms = IntGauge::new(
        "roadwarden_clock_ahead_milliseconds",
        "How far the machine's clock is ahead of the service's, which is not set while it runs",
    )?;
    metrics.register(Box::new(ahead_ms.clone())).context("cannot register the metric of the clock")?;
    Ok(async move {
        let mut every = interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let (ahead, change) = look();
            ahead_ms.set(ahead);
            match change {
                Some(Change::Agrees) => tracing::warn!("the machine's clock agrees with the service's again"),
                Some(Change::Held(ahead_ms)) => tracing::error!(
                    ahead_ms,
                    now = %now(),
                    "the machine's clock was set; the service goes on with its own time until it is restarted"
                ),
                None => {}
            }
        }
    })
}
