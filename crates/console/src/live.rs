//! The live feed: one stream of server-sent events a client. A client that is slow misses vehicles' older words first,
//! and is told to ask anew when it has missed more; nothing here grows with its slowness.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use fleet::{AlertId, Severity, State, TerminalId};
use ledger::{CommandRecord, Danger, Handling, Ledger, Query, Scope, StoreError};
use pipeline::{LiveEvent, LiveVehicle};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, OwnedSemaphorePermit, broadcast};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::{Shared, now};
use crate::guard::{Caller, identify_again};
use crate::json::to_http;
use crate::problem::Problem;
use crate::rights::Right;
use crate::{alerts, dangers, vehicles};

/// A vehicle's word goes out at most this often.
const VEHICLE_EVERY: Duration = Duration::from_secs(1);
const SUMMARY_EVERY: Duration = Duration::from_secs(2);
/// Comments between events keep proxies from closing a quiet stream.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// After this many summaries the credential is looked at again: a session that ended ends its feeds within 20 s.
const SUMMARIES_PER_CHECK: u32 = 10;
/// Counting stops here: a desk with so many open alerts needs no exact number.
const COUNT_MAX: u64 = 10_000;
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);

/// Numbers the events of this process; an id is `<start of the process>-<number>`.
static EVENTS: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn stream(
    Extract(app): Extract<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&app.feeds).try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-feeds",
            "every live feed is taken, try again later",
        )
    })?;
    let mut feed = Feed::new(app, caller, permit);
    // We keep no past events, so whoever comes back with an id has missed some.
    if headers.contains_key("last-event-id") {
        feed.push("resync", &json!({ "reason": "events before this connection are not kept" }));
    }
    let events = futures_util::stream::unfold(feed, async |mut feed| {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY));
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response())
}

struct Feed {
    app: Shared,
    caller: Caller,
    changes: broadcast::Receiver<LiveEvent>,
    handlings: broadcast::Receiver<(AlertId, Handling)>,
    commands: broadcast::Receiver<CommandRecord>,
    dangers: broadcast::Receiver<Danger>,
    /// The latest word of each vehicle that changed since the last flush: at most one a vehicle.
    changed: HashMap<TerminalId, Arc<LiveVehicle>>,
    /// What goes out next: refilled only when it is empty.
    out: VecDeque<Event>,
    flush: Interval,
    summary: Interval,
    summaries: u32,
    is_first: bool,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn new(app: Shared, caller: Caller, permit: OwnedSemaphorePermit) -> Self {
        let every = |period| {
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            interval
        };
        Self {
            changes: app.parts.live.subscribe(),
            handlings: app.parts.ledger.subscribe_handling(),
            commands: app.parts.ledger.subscribe_commands(),
            dangers: app.parts.ledger.subscribe_dangers(),
            changed: HashMap::new(),
            out: VecDeque::new(),
            flush: every(VEHICLE_EVERY),
            summary: every(SUMMARY_EVERY),
            summaries: 0,
            is_first: true,
            app,
            caller,
            _permit: permit,
        }
    }

    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.out.pop_front() {
                return Some(event);
            }
            let stopping = self.app.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => return None,
                change = self.changes.recv() => self.handle_change(change).await?,
                handling = self.handlings.recv() => self.handle_handling(handling).await?,
                command = self.commands.recv() => self.handle_command(command)?,
                danger = self.dangers.recv() => self.handle_danger(danger)?,
                _ = self.flush.tick() => self.flush_vehicles(),
                _ = self.summary.tick() => self.summarise().await?,
            }
        }
    }

    async fn handle_change(&mut self, change: Result<LiveEvent, RecvError>) -> Option<()> {
        match change {
            Ok(LiveEvent::Vehicle(vehicle)) => {
                self.changed.insert(vehicle.terminal, vehicle);
            }
            Ok(LiveEvent::Alert(alert)) if self.caller.sees(&alert) => self.push_alert(alert.id).await,
            Ok(LiveEvent::Alert(_)) => {}
            Err(RecvError::Lagged(missed)) => {
                self.push("resync", &json!({ "reason": format!("{missed} events missed") }))
            }
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    async fn push_alert(&mut self, id: AlertId) {
        if let Some(listed) = self.listed(id).await {
            self.push("alert", &listed);
        }
    }

    async fn handle_handling(&mut self, handling: Result<(AlertId, Handling), RecvError>) -> Option<()> {
        match handling {
            Ok((id, handling)) if self.sees(id).await => {
                let event = json!({ "alert_id": id, "handling": handling });
                self.push("handling", &to_http(&event).unwrap_or_default());
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                self.push("resync", &json!({ "reason": format!("{missed} events missed") }))
            }
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    fn handle_command(&mut self, command: Result<CommandRecord, RecvError>) -> Option<()> {
        match command {
            Ok(command) => {
                let registry = Arc::clone(&self.app.parts.reference.borrow().registry);
                let vehicle = registry.vehicle(command.terminal);
                if self.caller.has(Right::Commands) && self.caller.sees_vehicle(vehicle) {
                    self.push("command", &to_http(&command).unwrap_or_default());
                }
            }
            Err(RecvError::Lagged(missed)) => {
                self.push("resync", &json!({ "reason": format!("{missed} events missed") }))
            }
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    fn handle_danger(&mut self, danger: Result<Danger, RecvError>) -> Option<()> {
        match danger {
            Ok(danger) if dangers::sees(&self.caller, &danger) => {
                self.push("danger", &to_http(&danger).unwrap_or_default())
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                self.push("resync", &json!({ "reason": format!("{missed} events missed") }))
            }
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    async fn sees(&self, id: AlertId) -> bool {
        self.caller.scope.is_everything() || self.listed(id).await.is_some()
    }

    async fn listed(&self, id: AlertId) -> Option<Value> {
        let listed = self.app.blocking(move |parts| parts.ledger.alert(id)).await.ok()?.ok()??;
        if self.caller.sees(&listed.alert) { to_http(&listed).ok() } else { None }
    }

    fn flush_vehicles(&mut self) {
        let registry = Arc::clone(&self.app.parts.reference.borrow().registry);
        for (terminal, live) in std::mem::take(&mut self.changed) {
            let vehicle = registry.vehicle(terminal).cloned();
            if self.caller.has(Right::Vehicles)
                && self.caller.sees_vehicle(vehicle.as_ref())
                && let Ok(word) = vehicles::describe(&registry, terminal, &(vehicle, Some(live)))
            {
                self.push("vehicle", &word);
            }
        }
    }

    async fn summarise(&mut self) -> Option<()> {
        self.summaries += 1;
        if self.summaries.is_multiple_of(SUMMARIES_PER_CHECK) {
            self.caller = identify_again(&self.app, &self.caller, Right::Alerts).await.ok()?;
        }
        // A store that fails for a moment costs a summary, and the page says how old its data is.
        if let Ok(summary) = self.app.summaries.summary(&self.app, &self.caller.scope).await {
            self.push("summary", &summary);
        }
        Some(())
    }

    fn push(&mut self, name: &'static str, data: &Value) {
        let number = EVENTS.fetch_add(1, Ordering::Relaxed);
        let mut event =
            Event::default().event(name).id(format!("{}-{number}", *STARTED)).data(data.to_string());
        if std::mem::take(&mut self.is_first) {
            event = event.retry(RETRY);
        }
        self.out.push_back(event);
    }
}

static STARTED: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| now().ms());

/// Counts by scope, made once for all clients that ask within a moment.
#[derive(Default)]
pub(crate) struct Summaries(Mutex<BTreeMap<Scope, (Instant, Value)>>);

impl Summaries {
    async fn summary(&self, app: &Shared, scope: &Scope) -> Result<Value, Problem> {
        let mut made = self.0.lock().await;
        made.retain(|_, (at, _)| at.elapsed() < SUMMARY_EVERY / 2);
        if let Some((_, summary)) = made.get(scope) {
            return Ok(summary.clone());
        }
        let own = scope.clone();
        let open =
            app.blocking(move |parts| open_counts(&parts.ledger, own)).await?.map_err(alerts::refused)?;
        let (total, online) = vehicles::counts(app, scope);
        let summary = json!({ "at": now().to_rfc3339_ms(), "open": open, "vehicles_online": online, "vehicles_total": total });
        made.insert(scope.clone(), (Instant::now(), summary.clone()));
        Ok(summary)
    }
}

/// Alerts whose condition holds, by severity, within a scope.
fn open_counts(ledger: &Ledger, scope: Scope) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let states = vec![State::Raised, State::Updated];
    let mut query = Query { states, scope, ..Query::default() };
    let mut counts = BTreeMap::new();
    for severity in Severity::ALL {
        query.severities = vec![*severity];
        counts.insert(severity.as_str(), ledger.count(&query, COUNT_MAX)?);
    }
    Ok(counts)
}
