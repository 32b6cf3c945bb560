//! What people and programs see of Roadwarden over HTTP: the API under `/api/v1`, its live feed, and the duty room's page.
//!
//! ```text
//! browser ─ cookie ┐            ┌─ Ledger   alerts, handling, accounts
//!                  ├─ Console ──┼─ History  tracks
//! program ─ token ─┘            └─ Live     what is true now
//! ```
//!
//! One table, `routes::ROUTES`, says of each route who may use it, which query keys it knows and what it answers; the router, the
//! guard and the OpenAPI document all read that table. The console decides nothing about alerts, and keeps nothing but the
//! short memory of failed sign-ins. It does **not** speak TLS: put it behind a proxy that does.

mod account;
mod accounts;
mod alerts;
mod app;
mod attachments;
mod bulk;
mod bulletins;
mod commands;
mod cookie;
mod danger_exports;
mod dangers;
mod dossiers;
mod drawing;
mod drivers;
mod evidence;
mod exports;
mod factor;
mod feeds;
mod guard;
mod health;
mod indicators;
mod json;
mod live;
mod map;
mod openapi;
mod operators;
mod own;
mod page;
mod passwords;
mod patience;
mod places;
mod positions;
mod problem;
mod quality;
mod query;
mod reasons;
mod refused;
mod reload;
mod rights;
mod ring;
mod routes;
mod rules;
mod schema;
mod search;
mod security;
mod sheet;
mod slots;
mod stats;
mod structures;
mod summary;
mod throttle;
mod tree;
mod vehicles;
mod violations;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use history::History;
use journal::Journal;
use ledger::Ledger;
use media::Media;
use pipeline::Live;
use settings::Reference;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use drawing::{NotRedrawn, Redraw};
pub use feeds::{Consumer, Consumers};
pub use openapi::document as openapi_document;
pub use passwords::password_problem;
pub use reload::{NotReloaded, Reload};
pub use rules::changes::ChangeRules;
pub use rules::trials::{Trial, TrialAsk, TrialCount, TrialRefused, TrialSample, TrialState, Trials};

/// How long open requests may take to end when the console stops.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Each check of readiness by its name.
pub type Ready = Arc<dyn Fn() -> Vec<(&'static str, bool)> + Send + Sync>;

/// What the console shows, and where it gets it from.
#[derive(Clone)]
pub struct Parts {
    /// Alerts, their handling, and accounts.
    pub ledger: Ledger,
    /// Files of evidence.
    pub media: Media,
    /// Where vehicles were.
    pub history: History,
    /// What is true now.
    pub live: Live,
    /// Where what people and cameras say goes, for the rules to find.
    pub journal: Journal,
    /// The registry and the map in force.
    pub reference: watch::Receiver<Arc<Reference>>,
    /// What `/metrics` prints.
    pub metrics: prometheus::Registry,
    /// What `/readyz` asks.
    pub ready: Ready,
    /// Who reads what the service sends.
    pub consumers: Consumers,
    /// What `POST /api/v1/reload` does.
    pub reload: Reload,
    /// What drawing a zone or a route does.
    pub redraw: Redraw,
    /// What puts a change of the rules into force.
    pub change_rules: ChangeRules,
    /// Tiles under the map; without them the one that comes with the pages.
    pub tiles: Option<settings::Tiles>,
    /// Who runs trials of rules.
    pub trials: Arc<dyn Trials>,
    /// How people prove who they are.
    pub access: Arc<settings::Access>,
    /// Browsers reach it over HTTPS, through a proxy.
    pub behind_tls: bool,
    /// Whether this is the demo; `GET /api/v1/me` says so.
    pub demo: bool,
}

/// Why the console could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("http.listen {listen} can't be opened")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The running console.
pub struct Console {
    local_addr: SocketAddr,
    stopping: CancellationToken,
    tasks: TaskTracker,
    serving: JoinHandle<()>,
}

impl Console {
    /// Opens the port and serves until [`Console::stop`].
    pub async fn start(listen: SocketAddr, parts: Parts) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        let listener = listener.tap_io(|stream| patience::limit(stream, patience::TAKEN_MAX));
        let service = app::router(parts, stopping.clone(), tasks.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let stop = stopping.clone();
        let serving = tokio::spawn(async move {
            if let Err(error) =
                axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
            {
                tracing::error!(%error, "console stopped serving");
            }
        });
        Ok(Self { local_addr, stopping, tasks, serving })
    }

    /// Where it listens; tells the port when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Ends live feeds and what follows the pipeline, lets other requests finish for a moment, and closes.
    pub async fn stop(self) {
        self.stopping.cancel();
        let abort = self.serving.abort_handle();
        self.tasks.close();
        let ended = async { tokio::join!(self.serving, self.tasks.wait()) };
        if tokio::time::timeout(STOP_MAX, ended).await.is_err() {
            abort.abort();
        }
    }
}
