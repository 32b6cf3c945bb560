//! The live feed: one stream of server-sent events a client, read from what all feeds share. A client that is slow gets
//! vehicles' latest words only, and is told to ask anew when more was lost; nothing here grows with its slowness.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use fleet::{Severity, TerminalId};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::Shared;
use crate::guard::{Caller, identify_again};
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::Right;
use crate::ring::{About, Kept};
use crate::slots::sees_group;
use crate::vehicles;
use ledger::Use;

/// A vehicle's word goes out at most this often.
const VEHICLE_EVERY: Duration = Duration::from_secs(1);
/// Counts go out this often.
pub(crate) const SUMMARY_EVERY: Duration = Duration::from_secs(2);
/// Comments between events keep proxies from closing a quiet stream.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// After this many summaries a feed is a use of its session. What ends a credential ends its feeds at once.
const SUMMARIES_PER_CHECK: u32 = 10;
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);
/// Events taken from the ring at once; the next follow when these are sent.
const BATCH_MAX: usize = 256;

pub(crate) async fn stream(
    Extract(app): Extract<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::from_params(&params)?;
    // What a browser says on its own after a break is newer than the address it began with.
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = header.map(str::to_owned).or(params.one("after")?);
    let permit = Arc::clone(&app.feeds).try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-feeds",
            "every live feed is taken, try again later",
        )
    })?;
    let feed = Feed::new(app, caller, wanted, after.as_deref(), permit);
    let events = futures_util::stream::unfold(feed, async |mut feed| {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY));
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response())
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Topic {
    Alerts,
    Commands,
    Dangers,
    Handling,
    Summary,
    Vehicles,
}

impl Topic {
    const ALL: [Self; 6] =
        [Self::Alerts, Self::Commands, Self::Dangers, Self::Handling, Self::Summary, Self::Vehicles];

    /// The name of its events in the ring.
    fn event(self) -> &'static str {
        match self {
            Self::Alerts => "alert",
            Self::Commands => "command",
            Self::Dangers => "danger",
            Self::Handling => "handling",
            Self::Summary => "summary",
            Self::Vehicles => "vehicle",
        }
    }
}

impl FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "alerts" => Self::Alerts,
            "commands" => Self::Commands,
            "dangers" => Self::Dangers,
            "handling" => Self::Handling,
            "summary" => Self::Summary,
            "vehicles" => Self::Vehicles,
            other => {
                return Err(format!(
                    "{other:?} is no topic, expected alerts, commands, dangers, handling, summary or vehicles"
                ));
            }
        })
    }
}

/// What a client asked for.
struct Wanted {
    topics: Vec<Topic>,
    /// Of alerts and their handling; empty allows all.
    severities: Vec<Severity>,
    /// Prefixes; empty allows all.
    divisions: Vec<String>,
}

impl Wanted {
    fn from_params(params: &Params) -> Result<Self, Problem> {
        let mut topics = Vec::new();
        for list in params.all::<String>("topics")? {
            for topic in list.split(',') {
                topics.push(topic.parse().map_err(|error: String| Problem::parameter("topics", error))?);
            }
        }
        if topics.is_empty() {
            topics = Topic::ALL.to_vec();
        }
        let divisions = vehicles::divisions(params)?;
        Ok(Self { topics, severities: params.all("severity")?, divisions })
    }

    fn has(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    fn lets(&self, kept: &Kept) -> bool {
        let is_topic = self.topics.iter().any(|topic| topic.event() == kept.name);
        is_topic
            && match &kept.about {
                About::Alert(alert) => {
                    self.lets_division(&alert.place.division.to_string())
                        && (self.severities.is_empty() || self.severities.contains(&alert.severity))
                }
                About::Command(group) => self.lets_division(&group.division.to_string()),
                About::Danger(danger) => self.lets_division(&danger.division),
            }
    }

    fn lets_division(&self, division: &str) -> bool {
        self.divisions.is_empty() || self.divisions.iter().any(|prefix| division.starts_with(prefix))
    }
}

struct Feed {
    app: Shared,
    caller: Caller,
    wanted: Wanted,
    newest: watch::Receiver<u64>,
    /// Changes when a credential ended.
    access: watch::Receiver<u64>,
    /// The number of the last event looked at.
    cursor: u64,
    /// The last change of a vehicle that was told.
    seen: u64,
    /// What goes out next: refilled only when it is empty.
    out: VecDeque<Event>,
    flush: Interval,
    summary: Interval,
    summaries: u32,
    is_first: bool,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        app: Shared,
        caller: Caller,
        wanted: Wanted,
        after: Option<&str>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let every = |period| {
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            interval
        };
        let newest = app.ring.watch();
        let access = app.parts.ledger.access_changes();
        // An id of another life can't be gone on from: that is found out by the number no event will ever have.
        let cursor = after.map_or_else(|| app.ring.newest(), |id| app.ring.parse(id).unwrap_or(u64::MAX));
        let seen = app.fold.read().change();
        Self {
            newest,
            access,
            cursor,
            seen,
            wanted,
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
            if self.access.has_changed().unwrap_or(true) {
                self.look_again(Use::Look).await?;
            }
            if let Some(event) = self.out.pop_front() {
                return Some(event);
            }
            let newest = *self.newest.borrow_and_update();
            if self.cursor != newest {
                self.take_events();
                continue;
            }
            let stopping = self.app.stopping.clone();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return None,
                changed = self.access.changed() => {
                    changed.ok()?;
                    self.look_again(Use::Look).await?;
                }
                changed = self.newest.changed() => changed.ok()?,
                _ = self.flush.tick(), if self.wanted.has(Topic::Vehicles) => self.flush_vehicles(),
                _ = self.summary.tick() => self.summarise().await?,
            }
        }
    }

    /// Who is looking, asked anew; `None`: nobody who may.
    async fn look_again(&mut self, used: Use) -> Option<()> {
        self.access.borrow_and_update();
        self.caller = identify_again(&self.app, &self.caller, Right::Alerts, used).await.ok()?;
        Some(())
    }

    fn take_events(&mut self) {
        let Some(events) = self.app.ring.after(self.cursor, BATCH_MAX) else {
            self.cursor = self.app.ring.newest();
            return self.push("resync", r#"{"reason":"events since this id are no longer kept"}"#);
        };
        for kept in events {
            self.cursor = kept.seq;
            if self.wanted.lets(&kept) && kept.about.is_for(&self.caller) {
                self.push(kept.name, &kept.data);
            }
        }
    }

    fn flush_vehicles(&mut self) {
        if !self.caller.has(Right::Vehicles) {
            return;
        }
        let terminals = self.changed_vehicles();
        let registry = Arc::clone(&self.app.parts.reference.borrow().registry);
        for terminal in terminals {
            let known = (registry.vehicle(terminal).cloned(), self.app.parts.live.vehicle(terminal));
            if let Ok(word) = vehicles::describe(&registry, terminal, &known) {
                self.push("vehicle", &word.to_string());
            }
        }
    }

    fn changed_vehicles(&mut self) -> Vec<TerminalId> {
        let slots = self.app.fold.read();
        let is_wanted =
            |group| sees_group(&self.caller, group) && self.wanted.lets_division(&group.division.to_string());
        let groups: Vec<bool> = slots.groups().iter().map(is_wanted).collect();
        let changed =
            slots.since(self.seen).filter(|(_, point)| groups.get(point.group_index()) == Some(&true));
        let terminals = changed.filter_map(|(slot, _)| slots.terminal(slot)).collect();
        self.seen = slots.change();
        terminals
    }

    async fn summarise(&mut self) -> Option<()> {
        self.summaries += 1;
        if self.summaries.is_multiple_of(SUMMARIES_PER_CHECK) {
            self.look_again(self.app.use_of_feeds()).await?;
        }
        // A store that fails for a moment costs a summary, and the page says how old its data is.
        if self.wanted.has(Topic::Summary)
            && let Ok(summary) = self.app.summaries.summary(&self.app, &self.caller).await
        {
            self.push("summary", &summary.to_string());
        }
        Some(())
    }

    /// Every event bears the number its client has come to, so that it can go on from there.
    fn push(&mut self, name: &'static str, data: &str) {
        let mut event = Event::default().event(name).id(self.app.ring.id(self.cursor)).data(data);
        if std::mem::take(&mut self.is_first) {
            event = event.retry(RETRY);
        }
        self.out.push_back(event);
    }
}
