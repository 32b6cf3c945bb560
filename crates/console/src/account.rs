//! Signing in and out, and who one is.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::{Author, Identity, Origin, Via};
use serde_json::json;

use crate::accounts::SECRET_BYTES_MAX;
use crate::app::{Shared, now};
use crate::guard::{COOKIE, Caller, Credential};
use crate::json::Body;
use crate::problem::Problem;
use crate::rights;
use crate::schema::{SignIn, Ticket};

/// Characters kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 200;
/// Failed tickets of one address are counted under this name, which no user can have.
const TICKET_NAME: &str = "\0ticket";

pub(crate) async fn sign_in(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(SignIn { name, password }): Body<SignIn>,
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
    settle(&app, peer.ip(), &headers, &name, account.map_err(Problem::internal)?).await
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
) -> Result<Response, Problem> {
    let author = caller.author();
    if let Credential::Session(secret) = caller.credential {
        let ended = app.blocking(move |parts| parts.ledger.end_session(&secret, &author)).await?;
        ended.map_err(Problem::internal)?;
    }
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

pub(crate) async fn me(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    describe(&caller.identity, app.parts.demo).into_response()
}

fn describe(identity: &Identity, demo: bool) -> Json<serde_json::Value> {
    let powers = rights::of(identity.role);
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
        "demo": demo,
        "actions": powers.actions,
        "rights": powers.rights.iter().map(|right| right.as_str()).collect::<Vec<_>>(),
        // People prove who they are by a password, programs by a token; there is nothing besides.
        "second_factor": false,
    }))
}

pub(crate) fn refuse_hasty(app: &Shared, address: IpAddr, name: &str) -> Result<(), Problem> {
    let throttle = app.throttle.lock().map_err(Problem::internal)?;
    match throttle.wait(address, name, Instant::now()) {
        Some(wait) => Err(Problem::throttled(wait.as_secs().max(1))),
        None => Ok(()),
    }
}

pub(crate) fn handle_failure(app: &Shared, address: IpAddr, name: &str) -> Result<(), Problem> {
    app.throttle.lock().map_err(Problem::internal)?.handle_failure(address, name, Instant::now());
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
        handle_failure(app, address, name)?;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "wrong-credentials",
            "the name or the secret is wrong",
        ));
    };
    app.throttle.lock().map_err(Problem::internal)?.handle_success(address, name);
    let (whose, origin) = (account.clone(), Origin { address: address.to_string(), agent: agent(headers) });
    let author = Author { by: account.name.clone(), via: Via::Console, at: now() };
    let started = app.blocking(move |parts| parts.ledger.start_session(&whose, &origin, &author)).await?;
    let secret = started.map_err(Problem::internal)?;
    let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict");
    let body = describe(&account, app.parts.demo);
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(AGENT_CHARS_MAX).collect()
}
