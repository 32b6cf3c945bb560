//! The second factor of who is asking, and the end of somebody else's.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::{Author, FactorCheck, FactorError, Identity};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::{Value, json};
use settings::SecondFactor;

use crate::account::{handle_failure, handle_success, refuse_hasty};
use crate::app::Shared;
use crate::cookie;
use crate::guard::{Caller, Credential};
use crate::json::{Body, to_http};
use crate::passwords::SECRET_BYTES_MAX;
use crate::problem::Problem;
use crate::schema::{FactorCode, FactorProof};

/// Pixels of the code in the picture, at least.
const QR_PIXELS: u32 = 220;
/// Wrong codes of a name are counted wherever they come from: the password was right, so guessing is all that is left.
const ANYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// Whether a name's second factor lets it in; a wrong code is counted, a right one used up.
pub(crate) async fn prove(
    app: &Shared,
    address: IpAddr,
    identity: &Identity,
    code: Option<String>,
    author: &Author,
) -> Result<(), Problem> {
    if app.parts.access.second_factor == SecondFactor::Off {
        return Ok(());
    }
    let counted = format!("\0code\0{}", identity.name);
    if code.is_some() {
        refuse_hasty(app, ANYWHERE, &counted)?;
    }
    let (name, author) = (identity.name.clone(), author.clone());
    let check = app.blocking(move |parts| parts.ledger.check_factor(&name, code.as_deref(), &author)).await?;
    match check.map_err(Problem::internal)? {
        FactorCheck::Absent => Ok(()),
        FactorCheck::Fits | FactorCheck::FitsRecovery { left: _ } => handle_success(app, ANYWHERE, &counted),
        FactorCheck::Needed => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "second-factor-needed",
            "the code of the authenticator app, or one on paper, is needed",
        )),
        FactorCheck::Wrong => {
            handle_failure(app, ANYWHERE, &counted).await?;
            handle_failure(app, address, &identity.name).await?;
            Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong-code", "the code is wrong or was used before"))
        }
    }
}

pub(crate) async fn state(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let needed = app.parts.access.needs_second_factor(caller.identity.role.as_str());
    let name = caller.name().to_owned();
    let found = match caller.credential {
        Credential::Session(_) => app.blocking(move |parts| parts.ledger.factor(&name)).await?,
        Credential::Token(_) => Ok(None),
    };
    let found = found.map_err(Problem::internal)?;
    to_http(&json!({
        "is_on": found.is_some(),
        "since_at": found.map(|state| state.since),
        "recovery_codes_left": found.map_or(0, |state| state.recovery_left),
        "is_needed": needed,
    }))
    .map(Json)
}

/// The only answer that ever shows the secret. Whoever only found a screen unlocked does not know the password.
pub(crate) async fn begin(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Body(proof): Body<FactorProof>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    if app.parts.access.second_factor == SecondFactor::Off {
        let detail = "access.second_factor is off: nobody is asked for a second factor";
        return Err(Problem::new(StatusCode::CONFLICT, "second-factor-off", detail));
    }
    prove_again(&app, &caller, peer.ip(), proof).await?;
    let name = caller.name().to_owned();
    let new = app.blocking(move |parts| parts.ledger.begin_factor(&name)).await?;
    let new = new.map_err(Problem::internal)?;
    let picture = QrCode::new(&new.uri).map_err(Problem::internal)?;
    let picture = picture.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
    let shown = json!({ "secret": new.secret, "uri": new.uri, "qr_svg": picture });
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(crate) async fn confirm(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(FactorCode { code }): Body<FactorCode>,
) -> Result<Response, Problem> {
    let kept = own_session(&caller)?;
    let counted = format!("\0code\0{}", caller.name());
    refuse_hasty(&app, ANYWHERE, &counted)?;
    let (name, author) = (caller.name().to_owned(), caller.author());
    let confirmed =
        app.blocking(move |parts| parts.ledger.confirm_factor(&name, code.trim(), &kept, &author)).await?;
    match confirmed {
        Ok(confirmed) => {
            handle_success(&app, ANYWHERE, &counted)?;
            let body = Json(json!({ "recovery_codes": confirmed.recovery_codes }));
            Ok(with_session(&app, &headers, confirmed.session, body))
        }
        Err(FactorError::WrongCode) => {
            handle_failure(&app, ANYWHERE, &counted).await?;
            Err(Problem::body(
                "code",
                "code does not fit: look at the clock of the phone, and at the next code",
            ))
        }
        Err(error @ FactorError::NotBegun) => {
            Err(Problem::new(StatusCode::CONFLICT, "not-begun", error.to_string()))
        }
        Err(error @ (FactorError::Key { .. } | FactorError::Store(_))) => Err(Problem::internal(error)),
    }
}

pub(crate) async fn remove(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(proof): Body<FactorProof>,
) -> Result<Response, Problem> {
    if app.parts.access.needs_second_factor(caller.identity.role.as_str()) {
        let detail = format!("the role {} needs a second factor", caller.identity.role);
        return Err(Problem::new(StatusCode::CONFLICT, "second-factor-required", detail));
    }
    let kept = prove_again(&app, &caller, peer.ip(), proof).await?;
    let (name, author) = (caller.name().to_owned(), caller.author());
    let fresh = app.blocking(move |parts| parts.ledger.drop_factor(&name, &kept, &author)).await?;
    Ok(with_session(&app, &headers, fresh.map_err(Problem::internal)?, StatusCode::NO_CONTENT))
}

/// One's own is removed with its code, not by a right.
pub(crate) async fn reset(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    if name == caller.name() {
        let detail = "one's own second factor is removed with its code, or by somebody else";
        return Err(Problem::forbidden(detail));
    }
    let author = caller.author();
    let had = app.blocking(move |parts| parts.ledger.reset_factor(&name, &author)).await?;
    let had = had.map_err(Problem::internal)?;
    had.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("second factor of such a user"))
}

/// The answer, with the session's new secret.
pub(crate) fn with_session(
    app: &Shared,
    headers: &HeaderMap,
    fresh: Option<String>,
    answer: impl IntoResponse,
) -> Response {
    let is_secure = cookie::is_secure(&app.parts, headers);
    let cookie = fresh.map(|secret| [(header::SET_COOKIE, cookie::set(&secret, is_secure))]);
    match cookie {
        Some(cookie) => (cookie, answer).into_response(),
        None => answer.into_response(),
    }
}

/// The secret of the session that asks; programs have no second factor.
pub(crate) fn own_session(caller: &Caller) -> Result<String, Problem> {
    match &caller.credential {
        Credential::Session(secret) => Ok(secret.clone()),
        Credential::Token(_) => Err(Problem::forbidden("this is for people who signed in, not for tokens")),
    }
}

/// Password, and the code where there is a second factor already; returns the session's secret.
async fn prove_again(
    app: &Shared,
    caller: &Caller,
    address: IpAddr,
    FactorProof { password, code }: FactorProof,
) -> Result<String, Problem> {
    let session = own_session(caller)?;
    if password.len() > SECRET_BYTES_MAX {
        return Err(Problem::body("password", format!("password is over {SECRET_BYTES_MAX} bytes")));
    }
    refuse_hasty(app, address, caller.name())?;
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    refuse_hasty(app, address, caller.name())?;
    let name = caller.name().to_owned();
    let known = app.blocking(move |parts| parts.ledger.check_password(&name, &password)).await?;
    if known.map_err(Problem::internal)?.is_none() {
        handle_failure(app, address, caller.name()).await?;
        return Err(Problem::body("password", "password is not the password"));
    }
    match prove(app, address, &caller.identity, code, &caller.author()).await {
        Ok(()) => Ok(session),
        // A 401 would say that the session ended.
        Err(problem) if problem.is_unauthorized() => {
            Err(Problem::body("code", "code is wrong, used, or missing"))
        }
        Err(problem) => Err(problem),
    }
}
