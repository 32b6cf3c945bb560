//! Files of evidence: who asks terminals for them, and how long they stay.

use std::time::Duration;

use fleet::{Alert, ReceiveTime, State};
use gateway::Asker;
use ledger::{HandlingStatus, Ledger};
use media::Media;
use pipeline::{Live, LiveEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

/// How far back a start, and a feed that was too fast, look for alerts whose files nobody asked for.
const LOOK_BACK: Duration = Duration::from_secs(24 * 3_600);
/// How soon that is done again after the ledger or its queue refused.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// How often old files are looked for.
const TRIM_EVERY: Duration = Duration::from_secs(3_600);

/// Asks for the files of every alert of an active-safety device, those of the last day first.
pub fn ask(asker: Asker, live: &Live) -> JoinHandle<()> {
    let mut feed = live.subscribe();
    tokio::spawn(async move {
        let mut again = interval(TRY_AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_behind = true;
        loop {
            let alert = tokio::select! {
                _ = again.tick(), if is_behind => None,
                event = feed.recv() => match event {
                    Ok(LiveEvent::Alert(alert)) if alert.state != State::Cleared => Some(alert),
                    Ok(LiveEvent::Alert(_) | LiveEvent::Vehicle(_)) => continue,
                    Err(RecvError::Lagged(_)) => {
                        is_behind = true;
                        continue;
                    }
                    Err(RecvError::Closed) => return,
                },
            };
            let (asker, is_look_back) = (asker.clone(), alert.is_none());
            let asked = spawn_blocking(move || ask_once(&asker, alert.as_deref())).await;
            match asked {
                Ok(Ok(_)) if is_look_back => is_behind = false,
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!(error = format!("{error:#}"), "files of an alert were not asked for yet");
                    is_behind = true;
                }
                Err(error) => tracing::error!(%error, "asking for files has failed"),
            }
        }
    })
}

fn ask_once(asker: &Asker, alert: Option<&Alert>) -> Result<usize, gateway::AskError> {
    let now = clock::now();
    match alert {
        Some(alert) => asker.ask(alert, now),
        None => asker.look_back(now.minus(LOOK_BACK).as_event(), now),
    }
}

/// Drops old files now and then.
pub fn trim(media: Media, ledger: Ledger, keep: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = interval(TRIM_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let (media, ledger) = (media.clone(), ledger.clone());
            let trimmed = spawn_blocking(move || trim_once(&media, &ledger, clock::now().minus(keep))).await;
            match trimmed {
                Ok(Ok(0)) => {}
                Ok(Ok(files)) => tracing::info!(files, "old files of evidence were dropped"),
                Ok(Err(error)) => tracing::error!(%error, "old files of evidence cannot be dropped"),
                Err(error) => tracing::error!(%error, "dropping old files of evidence has failed"),
            }
        }
    })
}

/// An alert that holds or that somebody works on keeps its files; so does one that cannot be read just now.
fn trim_once(media: &Media, ledger: &Ledger, before: ReceiveTime) -> Result<u64, media::StoreError> {
    media.trim(before, &mut |alert| match ledger.alert(alert) {
        Ok(Some(listed)) => {
            listed.alert.state != State::Cleared
                || !matches!(listed.handling.status, HandlingStatus::New | HandlingStatus::Closed)
        }
        Ok(None) => false,
        Err(_) => true,
    })
}
