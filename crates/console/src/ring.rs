//! What happened lately, once for all live feeds: each feed reads along at its own pace, and one that comes back goes on where
//! it stopped. Documents are read from the ledger and printed once, whoever they are for; whose they are is kept beside them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fleet::{Alert, AlertId};
use ledger::{CommandRecord, Danger, Handling};
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};

use crate::app::{Shared, now};
use crate::dangers;
use crate::guard::Caller;
use crate::json::to_http;
use crate::rights::Right;
use crate::slots::{Group, sees_group};

/// Events and bytes kept: ten minutes at 80 events a second of 2.5 kB. The oldest go first; who was away longer is told to ask anew.
const EVENTS_MAX: usize = 50_000;
const BYTES_MAX: usize = 128 << 20;
/// Nobody comes back after so long without asking anew anyway.
const AGE_MAX: Duration = Duration::from_secs(15 * 60);
/// What an event takes besides its text: mostly the alert it is about.
const EVENT_OVERHEAD_BYTES: usize = 1024;
/// Alerts that wait to be read from the ledger; past this feeds are told that they missed some.
pub(crate) const ALERTS_WAITING_MAX: usize = 4096;

/// Whose an event is.
#[derive(Debug)]
pub(crate) enum About {
    /// Who sees this alert. Without its evidence, which nobody is judged by.
    Alert(Box<Alert>),
    /// Who sees commands, and vehicles of this operator and division.
    Command(Group),
    /// Who sees this danger.
    Danger(Box<Danger>),
}

impl About {
    /// An alert and no more of it than it takes to say who sees it.
    pub(crate) fn alert(alert: &Alert) -> Self {
        let mut alert = alert.clone();
        alert.evidence.positions = Vec::new();
        alert.evidence.attachments = Vec::new();
        Self::Alert(Box::new(alert))
    }

    /// Whether a caller may hear of it.
    pub(crate) fn is_for(&self, caller: &Caller) -> bool {
        match self {
            Self::Alert(alert) => caller.sees(alert),
            Self::Command(group) => caller.has(Right::Commands) && sees_group(caller, group),
            Self::Danger(danger) => dangers::sees(caller, &danger.operator, &danger.division),
        }
    }
}

/// An event that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its number; without a gap but where events were missed.
    pub(crate) seq: u64,
    /// `alert`, `handling`, `command` or `danger`.
    pub(crate) name: &'static str,
    pub(crate) about: About,
    /// JSON.
    pub(crate) data: Box<str>,
    at: Instant,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Arc<Kept>>,
    bytes: usize,
    /// The number given last.
    newest: u64,
}

/// What happened lately.
pub(crate) struct Ring {
    inner: Mutex<Inner>,
    newest: watch::Sender<u64>,
    /// Begins every id, so that one of another life of the process is told.
    boot: i64,
}

impl Default for Ring {
    fn default() -> Self {
        Self { inner: Mutex::default(), newest: watch::Sender::new(0), boot: now().ms() }
    }
}

impl Ring {
    /// Keeps an event and wakes the feeds.
    pub(crate) fn append(&self, name: &'static str, about: About, document: &impl Serialize) {
        let Ok(document) = to_http(document) else { return };
        let (data, at) = (document.to_string().into_boxed_str(), Instant::now());
        let mut inner = self.lock();
        inner.newest += 1;
        inner.bytes += data.len() + EVENT_OVERHEAD_BYTES;
        let kept = Kept { seq: inner.newest, name, about, data, at };
        inner.events.push_back(Arc::new(kept));
        inner.trim(at);
        self.newest.send_replace(inner.newest);
    }

    /// Events were missed: whoever reads along is to ask anew.
    pub(crate) fn break_off(&self) {
        let mut inner = self.lock();
        inner.events.clear();
        inner.bytes = 0;
        // The number nobody has seen an event of.
        inner.newest += 1;
        self.newest.send_replace(inner.newest);
    }

    /// Events after this number, at most so many; `None` where some of them are no longer there.
    pub(crate) fn after(&self, seq: u64, at_most: usize) -> Option<Vec<Arc<Kept>>> {
        let inner = self.lock();
        let missing = inner.newest.checked_sub(seq)?;
        if missing == 0 {
            return Some(Vec::new());
        }
        let first = inner.events.len().checked_sub(usize::try_from(missing).ok()?)?;
        Some(inner.events.range(first..).take(at_most).cloned().collect())
    }

    /// The number given last.
    pub(crate) fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Changes with every event.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The id of an event.
    pub(crate) fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.boot)
    }

    /// The number of an id of this life of the process.
    pub(crate) fn parse(&self, id: &str) -> Option<u64> {
        let (boot, seq) = id.split_once('-')?;
        if boot.parse() == Ok(self.boot) { seq.parse().ok() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing between two events can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn trim(&mut self, now: Instant) {
        let is_over = |inner: &Self| inner.events.len() > EVENTS_MAX || inner.bytes > BYTES_MAX;
        while let Some(oldest) = self.events.front()
            && (is_over(self) || now.duration_since(oldest.at) > AGE_MAX)
        {
            self.bytes -= oldest.data.len() + EVENT_OVERHEAD_BYTES;
            self.events.pop_front();
        }
    }
}

/// What the ring is filled from.
pub(crate) struct Sources {
    /// New revisions, as they are in the ledger.
    pub(crate) alerts: mpsc::Receiver<Arc<Alert>>,
    pub(crate) handlings: broadcast::Receiver<(AlertId, Handling)>,
    pub(crate) commands: broadcast::Receiver<CommandRecord>,
    pub(crate) dangers: broadcast::Receiver<Danger>,
}

/// Fills the ring until the console stops.
pub(crate) async fn record(app: Shared, mut sources: Sources) {
    loop {
        let is_whole = tokio::select! {
            () = app.stopping.cancelled() => return,
            Some(alert) = sources.alerts.recv() => record_alert(&app, alert.id, None).await,
            handling = sources.handlings.recv() => match handling {
                Ok((id, handling)) => record_alert(&app, id, Some(handling)).await,
                Err(RecvError::Lagged(_)) => false,
                Err(RecvError::Closed) => return,
            },
            command = sources.commands.recv() => match command {
                Ok(command) => record_command(&app, &command),
                Err(RecvError::Lagged(_)) => false,
                Err(RecvError::Closed) => return,
            },
            danger = sources.dangers.recv() => match danger {
                Ok(danger) => {
                    app.ring.append("danger", About::Danger(Box::new(danger.clone())), &danger);
                    true
                }
                Err(RecvError::Lagged(_)) => false,
                Err(RecvError::Closed) => return,
            },
        };
        if !is_whole {
            app.ring.break_off();
        }
    }
}

/// The alert as a list shows it, or its new handling. False where it can't be read; one that is gone is no loss.
async fn record_alert(app: &Shared, id: AlertId, handling: Option<Handling>) -> bool {
    let Ok(Ok(listed)) = app.blocking(move |parts| parts.ledger.alert(id)).await else { return false };
    let Some(listed) = listed else { return true };
    let about = About::alert(&listed.alert);
    match handling {
        Some(handling) => {
            app.ring.append("handling", about, &json!({ "alert_id": id, "handling": handling }));
        }
        None => app.ring.append("alert", about, &listed),
    }
    true
}

fn record_command(app: &Shared, command: &CommandRecord) -> bool {
    let group = app.fold.read().group_of(command.terminal);
    app.ring.append("command", About::Command(group), command);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(ring: &Ring, text: &str) {
        let group = Group { operator: "OP1".to_owned(), division: fleet::Division::UNKNOWN };
        ring.append("command", About::Command(group), &json!(text));
    }

    fn seen(ring: &Ring, after: u64) -> Option<Vec<u64>> {
        Some(ring.after(after, 3)?.iter().map(|kept| kept.seq).collect())
    }

    #[test]
    fn a_reader_goes_on_where_it_stopped_and_learns_what_is_gone() {
        let ring = Ring::default();
        assert_eq!(seen(&ring, 0), Some(vec![]));
        (0..5).for_each(|_| append(&ring, "x"));
        assert_eq!(seen(&ring, 0), Some(vec![1, 2, 3]));
        assert_eq!(seen(&ring, 4), Some(vec![5]));
        assert_eq!(seen(&ring, 6), None, "a number never given");
        ring.break_off();
        assert_eq!(seen(&ring, 5), None);
        assert_eq!(seen(&ring, 6), Some(vec![]));
        append(&ring, "x");
        assert_eq!(seen(&ring, 6), Some(vec![7]));
        assert_eq!(seen(&ring, 5), None);
    }

    #[test]
    fn ids_of_another_life_are_told() {
        let ring = Ring::default();
        assert_eq!(ring.parse(&ring.id(7)), Some(7));
        assert_eq!(ring.parse("1-7"), None);
        assert_eq!(ring.parse("seven"), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_too_large_or_too_old() {
        let ring = Ring::default();
        (0..=EVENTS_MAX).for_each(|_| append(&ring, "x"));
        assert_eq!(ring.lock().events.len(), EVENTS_MAX);
        assert_eq!(seen(&ring, 0), None);
        append(&ring, &"x".repeat(BYTES_MAX / 2));
        append(&ring, &"x".repeat(BYTES_MAX / 2));
        assert_eq!(ring.lock().events.len(), 1);
        ring.lock().trim(Instant::now() + AGE_MAX + Duration::from_secs(1));
        let inner = ring.lock();
        assert_eq!((inner.events.len(), inner.bytes), (0, 0));
    }
}
