//! Signing in and out, and who one is.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::{AuditEntry, Author, Identity, Origin, SessionLimits, StoreError, Use, Via};
use serde_json::json;
use settings::TrackReason;

use crate::app::{Shared, now};
use crate::cookie;
use crate::factor;
use crate::guard::{Caller, Credential, Must, must};
use crate::json::Body;
use crate::passwords::SECRET_BYTES_MAX;
use crate::problem::Problem;
use crate::refused;
use crate::rights::Powers;
use crate::schema::{SignIn, Ticket};

/// Characters kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 200;
/// Failed tickets of one address are counted under this name, which no user can have.
pub(crate) const TICKET_NAME: &str = "\0ticket";

pub(crate) async fn sign_in(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(SignIn { name, password, code }): Body<SignIn>,
) -> Result<Response, Problem> {
    if name.len() > SECRET_BYTES_MAX || password.len() > SECRET_BYTES_MAX {
        return Err(Problem::body("password", format!("name or password is over {SECRET_BYTES_MAX} bytes")));
    }
    refuse_hasty(&app, peer.ip(), &name)?;
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    // Again: whoever queued while others failed waits too.
    refuse_hasty(&app, peer.ip(), &name)?;
    let (asked, given) = (name.clone(), password);
    let account = app.blocking(move |parts| parts.ledger.check_password(&asked, &given)).await?;
    let account = account.map_err(Problem::internal)?;
    if let Some(account) = &account {
        let author = Author { by: account.name.clone(), via: Via::Console, at: now() };
        factor::prove(&app, peer.ip(), account, code, &author).await?;
    }
    settle(&app, peer.ip(), &headers, &name, account).await
}

pub(crate) async fn redeem(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(Ticket { ticket }): Body<Ticket>,
) -> Result<Response, Problem> {
    refuse_hasty(&app, peer.ip(), TICKET_NAME)?;
    let account = app.blocking(move |parts| parts.ledger.take_one_time_ticket(&ticket, now())).await?;
    settle(&app, peer.ip(), &headers, TICKET_NAME, account.map_err(Problem::internal)?).await
}

pub(crate) async fn sign_out(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let author = caller.author();
    if let Credential::Session(secret) = caller.credential {
        let ended = app.blocking(move |parts| parts.ledger.end_session(&secret, &author)).await?;
        ended.map_err(Problem::internal)?;
    }
    let gone = cookie::gone(cookie::is_secure(&app.parts, &headers));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

pub(crate) async fn me(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let Caller { identity, powers, has_factor, must, .. } = &caller;
    describe(&app, identity, powers, (*has_factor, *must)).into_response()
}

fn describe(
    app: &Shared,
    identity: &Identity,
    powers: &Powers,
    (has_factor, must): (bool, Option<Must>),
) -> Json<serde_json::Value> {
    let operator = match identity.operators.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    Json(json!({
        "name": identity.name,
        "role": identity.role,
        "operator": operator,
        "operators": identity.operators,
        "divisions": identity.divisions,
        "department": identity.department,
        "demo": app.parts.demo,
        "actions": powers.actions,
        "rights": powers.rights.iter().map(|right| right.as_str()).collect::<Vec<_>>(),
        "second_factor": has_factor,
        "must": must.map(Must::as_str),
        "track_reason": app.parts.access.track_reason == TrackReason::Required,
    }))
}

pub(crate) fn refuse_hasty(app: &Shared, address: IpAddr, name: &str) -> Result<(), Problem> {
    let throttle = app.throttle.lock().map_err(Problem::internal)?;
    match throttle.wait(address, name, Instant::now()) {
        Some(wait) => Err(Problem::throttled(wait.as_secs().max(1))),
        None => Ok(()),
    }
}

/// Counts a failure; the audit log says so now and then, and where it locks the name.
pub(crate) async fn handle_failure(app: &Shared, address: IpAddr, name: &str) -> Result<(), Problem> {
    let failure =
        app.throttle.lock().map_err(Problem::internal)?.handle_failure(address, name, Instant::now());
    // Codes are counted a second time, under the name of their account and the address.
    if name == TICKET_NAME || !name.starts_with('\0') {
        refused::tell(app, address, name, failure.count).await?;
    }
    if !failure.is_locked {
        return Ok(());
    }
    let subject = name.rsplit('\0').next().unwrap_or_default();
    let lock = AuditEntry::by_itself(now(), "account-lock", subject, address.to_string());
    app.blocking(move |parts| parts.ledger.audit(&lock)).await?.map_err(Problem::internal)
}

pub(crate) fn handle_success(app: &Shared, address: IpAddr, name: &str) -> Result<(), Problem> {
    app.throttle.lock().map_err(Problem::internal)?.handle_success(address, name, Instant::now());
    Ok(())
}

/// Counts a failure, or starts a session.
async fn settle(
    app: &Shared,
    address: IpAddr,
    headers: &HeaderMap,
    name: &str,
    account: Option<Identity>,
) -> Result<Response, Problem> {
    let Some(account) = account else {
        handle_failure(app, address, name).await?;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "wrong-credentials",
            "the name or the secret is wrong",
        ));
    };
    handle_success(app, address, name)?;
    let (whose, origin) = (account.clone(), Origin { address: address.to_string(), agent: agent(headers) });
    let author = Author { by: account.name.clone(), via: Via::Console, at: now() };
    let before = cookie::read(headers, cookie::is_secure(&app.parts, headers));
    let started = app.blocking(move |parts| {
        let access = &parts.access;
        let limits = SessionLimits { idle: access.session_idle, lasts: access.session_max };
        let secret = parts.ledger.start_session(&whose, &origin, limits, &author)?;
        // The session the browser came with ends: whoever knows its secret has nothing (ASVS V7.2.4).
        if let Some(before) = before {
            parts.ledger.end_session(&before, &author)?;
        }
        let signed_in = parts.ledger.check_session(&secret, now(), Use::Look)?;
        Ok::<_, StoreError>((secret, signed_in))
    });
    let (secret, signed_in) = started.await?.map_err(Problem::internal)?;
    let signed_in = signed_in.ok_or_else(Problem::unauthenticated)?;
    let powers = app.powers(account.role);
    let must = must(&app.parts.access, &signed_in, now());
    let body = describe(app, &account, powers, (signed_in.has_factor, must));
    let cookie = cookie::set(&secret, cookie::is_secure(&app.parts, headers));
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(AGENT_CHARS_MAX).collect()
}
