//! Where vehicles are, over a WebSocket: binary frames, at most one a second and always the latest of each vehicle. What is
//! shown is what the caller may see, asked anew with each frame; the credential is looked at again now and then.

mod frame;
mod viewer;

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, interval_at, sleep_until, timeout};

use crate::app::{Shared, now};
use crate::guard::{Caller, identify_again};
use crate::problem::Problem;
use crate::rights::Right;
use crate::slots::sees_group;
use ledger::Use;
use viewer::{View, Viewer};

const PROTOCOL: &str = "roadwarden.positions.v1";
/// Sockets at a time; each may cost a frame of 4 MB and 30 kB of marks. Past this 503.
pub(crate) const SOCKETS_MAX: usize = 256;
/// A message of the client: a view and a few classes take 300 bytes.
const MESSAGE_BYTES_MAX: usize = 4096;
const FRAME_EVERY: Duration = Duration::from_secs(1);
/// A view that moves is answered this soon.
const VIEW_EVERY: Duration = Duration::from_millis(250);
/// A socket is a use of its session this often. What ends a credential ends its sockets at once.
const CHECK_EVERY: Duration = Duration::from_secs(20);
/// A client that takes no frame for so long is let go.
const SEND_MAX: Duration = Duration::from_secs(20);
/// A client that does not say for so long what it wants to see is let go.
const VIEW_WAIT_MAX: Duration = Duration::from_secs(30);
/// The reason of a close is 123 bytes at most (RFC 6455, 5.5).
const REASON_BYTES_MAX: usize = 123;

pub(crate) async fn open(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let needed = |detail: String| Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade-required", detail);
    let upgrade = upgrade.map_err(|error| needed(error.body_text()))?.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(needed(format!("offer the WebSocket subprotocol {PROTOCOL}")));
    }
    if !is_own_origin(&headers) {
        return Err(Problem::forbidden("the page that asks is of another origin than this server"));
    }
    let permit = std::sync::Arc::clone(&app.sockets).try_acquire_owned().map_err(|_| {
        let detail = "every feed of positions is taken, try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-feeds", detail)
    })?;
    let tasks = app.tasks.clone();
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| tasks.track_future(serve(socket, app, caller, permit))))
}

/// Browsers let any page open a WebSocket anywhere and send cookies along, but they say whose page it is.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
    let Some(authority) = origin.as_ref().and_then(Uri::authority) else { return false };
    // No page can set either of these.
    [header::HOST.as_str(), "x-forwarded-host"]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .any(|host| host.eq_ignore_ascii_case(authority.as_str()))
}

async fn serve(socket: WebSocket, app: Shared, caller: Caller, _permit: OwnedSemaphorePermit) {
    let access = app.parts.ledger.access_changes();
    let mut feed = Feed { socket, app, caller, access, viewer: None, due: Instant::now() + VIEW_WAIT_MAX };
    let end = feed.run().await;
    if let Some((code, mut reason)) = end {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // Who does not listen any more needs no goodbye.
        let _ = timeout(FRAME_EVERY, feed.socket.send(close)).await;
    }
}

/// The code and the reason to close with; `None` where the client went.
type End = Option<(u16, String)>;

struct Feed {
    socket: WebSocket,
    app: Shared,
    caller: Caller,
    /// Changes when a credential ended.
    access: watch::Receiver<u64>,
    viewer: Option<Viewer>,
    /// When the next frame goes out, or the wait for a view ends.
    due: Instant,
}

impl Feed {
    async fn run(&mut self) -> End {
        let mut check = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        loop {
            if let Err(end) = self.turn(&mut check).await {
                return end;
            }
        }
    }

    async fn turn(&mut self, check: &mut Interval) -> Result<(), End> {
        let stopping = self.app.stopping.clone();
        if self.access.has_changed().unwrap_or(true) {
            self.look_again(Use::Look).await?;
        }
        tokio::select! {
            biased;
            () = stopping.cancelled() => Err(Some((1001, "the server stops".to_owned()))),
            changed = self.access.changed() => match changed {
                Ok(()) => self.look_again(Use::Look).await,
                Err(_) => Err(None),
            },
            message = self.socket.recv() => self.handle(message),
            () = sleep_until(self.due) => self.send_frames().await,
            _ = check.tick() => self.look_again(self.app.use_of_feeds()).await,
        }
    }

    async fn look_again(&mut self, used: Use) -> Result<(), End> {
        self.access.borrow_and_update();
        let caller = identify_again(&self.app, &self.caller, Right::Vehicles, used).await;
        self.caller = caller.map_err(|_| Some((4401, "the credential has ended".to_owned())))?;
        Ok(())
    }

    fn handle(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(Some((1008, "expected a text message".to_owned()))),
            None | Some(Ok(Message::Close(_))) => return Err(None),
            // Too long, or no WebSocket at all: the client learns the bound and sees for itself.
            Some(Err(_)) => return Err(Some((1009, format!("expected at most {MESSAGE_BYTES_MAX} bytes")))),
        };
        let view = View::parse(&text).map_err(|error| Some((1008, error)))?;
        let now = Instant::now();
        match &mut self.viewer {
            Some(viewer) => {
                viewer.set_view(view);
                if viewer.is_fresh() {
                    // The frame before went out a second before the next is due.
                    self.due = self.due.min(now.max(self.due - FRAME_EVERY + VIEW_EVERY));
                }
            }
            None => {
                self.viewer = Some(Viewer::new(view));
                self.due = now;
            }
        }
        Ok(())
    }

    async fn send_frames(&mut self) -> Result<(), End> {
        let Some(viewer) = &mut self.viewer else {
            return Err(Some((1008, format!("no view within {} s", VIEW_WAIT_MAX.as_secs()))));
        };
        self.due = Instant::now() + FRAME_EVERY;
        let caller = &self.caller;
        let frames = viewer.frames(&self.app.fold.read(), |group| sees_group(caller, group), now().ms());
        for frame in frames {
            match timeout(SEND_MAX, self.socket.send(Message::Binary(frame))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(None),
                Err(_) => return Err(Some((4408, format!("no frame taken for {} s", SEND_MAX.as_secs())))),
            }
        }
        Ok(())
    }
}
