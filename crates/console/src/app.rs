//! The router and what surrounds every request: bounds, a deadline, headers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
pub(crate) use clock::now;
use ledger::{Role, Use};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drawing::{Routes, Zones};
use crate::problem::Problem;
use crate::reasons::Looks;
use crate::refused::Refused;
use crate::rights::{self, Powers};
use crate::throttle::Throttle;
use crate::{
    Parts, account, accounts, alerts, attachments, bulk, bulletins, commands, cookie, danger_exports,
    dangers, drawing, evidence, exports, factor, feeds, guard, health, live, map, own, page, positions,
    quality, reload, ring, rules, search, security, slots, structures, summary, tree, vehicles,
};
use crate::{dossiers, drivers, indicators, operators, stats};

/// A bulk action over 1,000 ids with a long note is under 50 kB; past this 413.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// No query here takes a second; past this 504. Streams (live feed, exports) answer their head in time and go on.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// Password checks at a time: each takes a core and 19 MB for some tens of milliseconds.
const PASSWORD_CHECKS_MAX: usize = 2;
/// Live feeds at a time; each holds a subscription and a map of changed vehicles. Past this 503.
const FEEDS_MAX: usize = 256;

/// Archives of evidence made at a time; each is in memory, with up to 64 MiB of files. Others wait.
const ARCHIVES_MAX: usize = 2;

/// Workbooks made at a time; each takes a core for some seconds and a file of up to 100 MB. Others wait.
const WORKBOOKS_MAX: usize = 2;
/// Trials of a zone at a time; each goes over the history for up to twenty seconds. Others wait.
const TRIALS_MAX: usize = 1;

/// How often it is looked whether another process ended a credential: one row by its key.
const ACCESS_EVERY: Duration = Duration::from_millis(250);

/// What every handler can reach.
pub(crate) struct App {
    pub(crate) parts: Parts,
    pub(crate) stopping: CancellationToken,
    pub(crate) throttle: Mutex<Throttle>,
    pub(crate) refused: Mutex<Refused>,
    pub(crate) looks: Looks,
    pub(crate) password_checks: Semaphore,
    pub(crate) feeds: Arc<Semaphore>,
    pub(crate) sockets: Arc<Semaphore>,
    /// Of every vehicle, what the map draws.
    pub(crate) fold: Arc<slots::Fold>,
    /// What happened lately, for live feeds.
    pub(crate) ring: Arc<ring::Ring>,
    /// What runs until the console stops; it waits for them.
    pub(crate) tasks: TaskTracker,
    pub(crate) archives: Semaphore,
    pub(crate) trials: Semaphore,
    pub(crate) workbooks: Arc<Semaphore>,
    pub(crate) summaries: summary::Summaries,
}

pub(crate) type Shared = Arc<App>;

impl App {
    /// Whether a feed that runs keeps its session from lying idle.
    pub(crate) fn use_of_feeds(&self) -> Use {
        if self.parts.access.is_use_to_watch() { Use::Counts } else { Use::Look }
    }

    /// What a role may do here.
    pub(crate) fn powers(&self, role: Role) -> &'static Powers {
        if self.parts.access.separates_duties() { rights::of_separate(role) } else { rights::of(role) }
    }

    /// Runs blocking work of a store away from the event loop.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Parts) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&app.parts)).await.map_err(Problem::internal)
    }
}

pub(crate) fn router(parts: Parts, stopping: CancellationToken, tasks: TaskTracker) -> Router {
    let ring = Arc::new(ring::Ring::default());
    let (alerts, waiting) = mpsc::channel(ring::ALERTS_WAITING_MAX);
    // Listen first: what changes while everything is read is then taken twice, not missed.
    let mut pipeline = slots::Pipeline {
        live: parts.live.clone(),
        feed: parts.live.subscribe(),
        reference: parts.reference.clone(),
        alerts,
        ring: Arc::clone(&ring),
    };
    let sources = ring::Sources {
        alerts: waiting,
        handlings: parts.ledger.subscribe_handling(),
        commands: parts.ledger.subscribe_commands(),
        dangers: parts.ledger.subscribe_dangers(),
    };
    let fold = Arc::new(slots::Fold::new(&parts.live, &pipeline.reference.borrow_and_update().registry));
    tasks.spawn(Arc::clone(&fold).follow(pipeline, stopping.clone()));
    let throttle = Throttle::new(parts.access.lock_after, parts.access.lock_for);
    let policy = policy(parts.tiles.as_ref());
    let app = Arc::new(App {
        parts,
        stopping,
        throttle: Mutex::new(throttle),
        refused: Mutex::default(),
        looks: Looks::default(),
        password_checks: Semaphore::new(PASSWORD_CHECKS_MAX),
        feeds: Arc::new(Semaphore::new(FEEDS_MAX)),
        sockets: Arc::new(Semaphore::new(positions::SOCKETS_MAX)),
        fold,
        ring,
        tasks: tasks.clone(),
        archives: Semaphore::new(ARCHIVES_MAX),
        trials: Semaphore::new(TRIALS_MAX),
        workbooks: Arc::new(Semaphore::new(WORKBOOKS_MAX)),
        summaries: summary::Summaries::default(),
    });
    tasks.spawn(ring::record(Arc::clone(&app), sources));
    tasks.spawn(follow_access(Arc::clone(&app)));
    api()
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), guard::admit))
        .fallback(page::serve)
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "this path knows other methods",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(deadline))
        .layer(middleware::from_fn_with_state((Arc::clone(&app), policy), headers))
        .with_state(app)
}

fn api() -> Router<Shared> {
    watching().merge(reviewing()).merge(ruling()).merge(keeping())
}

/// What happens now: alerts, vehicles, what is said to them, the feeds.
fn watching() -> Router<Shared> {
    Router::new()
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/actions", post(bulk::act))
        .route("/api/v1/alerts/summary", get(alerts::summary))
        .route("/api/v1/fleet/tree", get(tree::tree))
        .route("/api/v1/search", post(search::search))
        .route("/api/v1/alerts/{id}", get(alerts::one))
        .route("/api/v1/alerts/{id}/timeline", get(alerts::timeline))
        .route("/api/v1/alerts/{id}/deliveries", get(alerts::deliveries))
        .route("/api/v1/alerts/{id}/evidence", get(evidence::shown))
        .route("/api/v1/alerts/{id}/evidence.zip", get(evidence::zip))
        .route("/api/v1/alerts/{id}/attachments", get(attachments::list))
        .route("/api/v1/alerts/{id}/attachments/{file}", get(attachments::one))
        .route("/api/v1/alerts/{id}/actions", post(alerts::act))
        .route("/api/v1/vehicles", get(vehicles::list))
        .route("/api/v1/vehicles/{terminal}", get(vehicles::one))
        .route("/api/v1/vehicles/{terminal}/track", get(vehicles::track))
        .route("/api/v1/vehicles/{terminal}/violations", get(alerts::violations))
        .route("/api/v1/vehicles/{terminal}/commands", get(commands::list).post(commands::queue))
        .route("/api/v1/commands/{id}", get(commands::one).delete(commands::cancel))
        .route("/api/v1/sightings", post(structures::sighting))
        .route("/api/v1/live", get(live::stream))
        .route("/api/v1/live/positions", get(positions::open))
}

/// What has happened: dangers, quality, statistics, dossiers, exports.
fn reviewing() -> Router<Shared> {
    Router::new()
        .route("/api/v1/dangers", get(dangers::list).post(dangers::create))
        .route("/api/v1/dangers/bulletins", get(bulletins::list).post(bulletins::create))
        .route("/api/v1/dangers/bulletins/{id}", get(bulletins::one))
        .route("/api/v1/dangers/{id}", get(dangers::one))
        .route("/api/v1/dangers/{id}/timeline", get(dangers::timeline))
        .route("/api/v1/dangers/{id}/actions", post(dangers::act))
        .route("/api/v1/quality", get(quality::list))
        .route("/api/v1/stats/alerts", get(stats::alerts))
        .route("/api/v1/stats/indicators", get(indicators::month))
        .route("/api/v1/operators", get(operators::list))
        .route("/api/v1/operators/{id}/dossier", get(dossiers::of_operator))
        .route("/api/v1/drivers", get(drivers::list))
        .route("/api/v1/drivers/{certificate}/dossier", get(dossiers::of_driver))
        .route("/api/v1/vehicles/{terminal}/dossier", get(dossiers::of_vehicle))
        .route("/api/v1/exports/violations.csv", get(exports::csv))
        .route("/api/v1/exports/violations.xlsx", get(exports::xlsx))
        .route("/api/v1/exports/stats.xlsx", get(exports::stats))
        .route("/api/v1/exports/dangers.csv", get(danger_exports::csv))
        .route("/api/v1/exports/dangers.xlsx", get(danger_exports::xlsx))
}

/// What holds: rules, the map, structures.
fn ruling() -> Router<Shared> {
    Router::new()
        .route("/api/v1/rules", get(rules::list))
        .route("/api/v1/rules/trial", post(rules::trials::start))
        .route("/api/v1/rules/trials/{id}", get(rules::trials::one).delete(rules::trials::cancel))
        .route("/api/v1/rules/changes", get(rules::changes::list).post(rules::changes::ask))
        .route("/api/v1/rules/changes/{id}/decide", post(rules::changes::decide))
        .route("/api/v1/structures", get(structures::list))
        .route("/api/v1/structures/{id}/reopen", post(structures::reopen))
        .route("/map/settings.json", get(map::settings))
        .route("/api/v1/map/zones", get(map::zones))
        .route("/api/v1/map/routes", get(map::routes))
        .route("/api/v1/zones", get(drawing::list::<Zones>).post(drawing::add::<Zones>))
        .route(
            "/api/v1/zones/{id}",
            get(drawing::one::<Zones>).put(drawing::replace::<Zones>).delete(drawing::remove::<Zones>),
        )
        .route(
            "/api/v1/zones/import",
            post(drawing::import::<Zones>).layer(DefaultBodyLimit::max(drawing::IMPORT_BYTES_MAX)),
        )
        .route("/api/v1/zones/{id}/versions", get(drawing::versions::<Zones>))
        .route("/api/v1/zones/trial", post(drawing::trial))
        .route("/api/v1/routes", get(drawing::list::<Routes>).post(drawing::add::<Routes>))
        .route(
            "/api/v1/routes/{id}",
            get(drawing::one::<Routes>).put(drawing::replace::<Routes>).delete(drawing::remove::<Routes>),
        )
        .route(
            "/api/v1/routes/import",
            post(drawing::import::<Routes>).layer(DefaultBodyLimit::max(drawing::IMPORT_BYTES_MAX)),
        )
        .route("/api/v1/routes/{id}/versions", get(drawing::versions::<Routes>))
}

/// Who one is, and how the service is.
fn keeping() -> Router<Shared> {
    Router::new()
        .route("/api/v1/session", post(account::sign_in).delete(account::sign_out))
        .route("/api/v1/session/ticket", post(account::redeem))
        .route("/api/v1/me", get(account::me))
        .route("/api/v1/me/password", post(own::change_password))
        .route("/api/v1/me/second-factor", get(factor::state).post(factor::begin))
        .route("/api/v1/me/second-factor/confirm", post(factor::confirm))
        .route("/api/v1/me/second-factor/remove", post(factor::remove))
        .route("/api/v1/sessions", get(own::sessions).delete(own::end_sessions))
        .route("/api/v1/sessions/{id}", delete(own::revoke_session))
        .route("/api/v1/views", get(own::views))
        .route("/api/v1/views/{name}", put(own::put_view).delete(own::remove_view))
        .route("/api/v1/users", get(accounts::users).post(accounts::add_user))
        .route("/api/v1/users/{name}", put(accounts::change_user).delete(accounts::remove_user))
        .route("/api/v1/users/{name}/second-factor", delete(factor::reset))
        .route("/api/v1/tokens", get(accounts::tokens).post(accounts::add_token))
        .route("/api/v1/tokens/{name}", delete(accounts::revoke_token))
        .route("/api/v1/reload", post(reload::reload))
        .route("/api/v1/audit", get(reload::audit))
        .route("/api/v1/feeds", get(feeds::feeds))
        .route("/api/v1/strangers", get(security::strangers))
        .route("/api/v1/security-events", get(security::events))
        .route("/api/v1/vehicles/{terminal}/release", post(security::release))
        .route("/api/openapi.json", get(health::openapi))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
}

/// Wakes the feeds when another process, such as `roadwarden user`, ended a credential.
async fn follow_access(app: Shared) {
    let mut seen = None;
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(ACCESS_EVERY) => {}
        }
        // A ledger that can't be read for a moment is asked again; feeds ask by themselves now and then.
        let Ok(Ok(epoch)) = app.blocking(|parts| parts.ledger.access_epoch()).await else { continue };
        if seen.replace(epoch).is_some_and(|before| before != epoch) {
            app.parts.ledger.announce_access();
        }
    }
}

async fn deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "the request took too long").into_response()
        }
    }
}

/// What a page may load. Widgets set styles on elements; scripts, sheets and everything else come from here and nowhere
/// else, but for tiles of a map from the one host that is configured.
fn policy(tiles: Option<&settings::Tiles>) -> HeaderValue {
    let host = tiles.map(|tiles| format!(" {}", tiles.origin)).unwrap_or_default();
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: \
         blob:{host}; media-src 'self'; font-src 'self' data:; worker-src 'self'; connect-src 'self'{host}; manifest-src \
         'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).expect("the settings let letters, digits and dots through")
}

/// The same on every answer; what an API says is never kept by a cache.
async fn headers(
    State((app, policy)): State<(Shared, HeaderValue)>,
    request: Request,
    next: Next,
) -> Response {
    let is_secure = cookie::is_secure(&app.parts, request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
