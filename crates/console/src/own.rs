//! One's own account: the password, the sessions, the views.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::{Owner, ViewError, session_id};
use serde_json::{Value, json};

use crate::account::{handle_failure, refuse_hasty};
use crate::accounts::check_password;
use crate::app::{Shared, now};
use crate::cookie;
use crate::factor::{own_session, with_session};
use crate::guard::{Caller, Credential};
use crate::json::{Body, page, to_http};
use crate::passwords::SECRET_BYTES_MAX;
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::Right;
use crate::schema::{PasswordChange, ViewRequest};

/// Characters of a view's name.
const VIEW_NAME_MAX: usize = 60;
/// Characters of a view's query: some hundred filters.
const VIEW_QUERY_MAX: usize = 2000;

/// Guessing the old password is slowed down as signing in is.
pub(crate) async fn change_password(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(PasswordChange { old, new }): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let session = own_session(&caller)?;
    check_password(&app.parts.access, "new", caller.name(), &new)?;
    if old.len() > SECRET_BYTES_MAX {
        return Err(Problem::body("old", format!("old is over {SECRET_BYTES_MAX} bytes")));
    }
    let (name, kept, author) = (caller.name().to_owned(), session, caller.author());
    refuse_hasty(&app, peer.ip(), &name)?;
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    refuse_hasty(&app, peer.ip(), &name)?;
    let asked = name.clone();
    let known = app.blocking(move |parts| parts.ledger.check_password(&asked, &old)).await?;
    if known.map_err(Problem::internal)?.is_none() {
        handle_failure(&app, peer.ip(), &name).await?;
        return Err(Problem::body("old", "old is not the password"));
    }
    refuse_past(&app, "new", &name, &new).await?;
    let fresh = app.blocking(move |parts| parts.ledger.set_password(&name, &new, &kept, &author)).await?;
    Ok(with_session(&app, &headers, fresh.map_err(Problem::internal)?, StatusCode::NO_CONTENT))
}

/// Refuses a password that the account had lately, where the profile asks for that.
pub(crate) async fn refuse_past(app: &Shared, member: &str, name: &str, new: &str) -> Result<(), Problem> {
    let last = app.parts.access.password_history;
    if last == 0 {
        return Ok(());
    }
    let (asked, given) = (name.to_owned(), new.to_owned());
    let was = app.blocking(move |parts| parts.ledger.was_password(&asked, &given, last)).await?;
    if was.map_err(Problem::internal)? {
        return Err(Problem::body(member, format!("{member} is one of the last {last}, expected a new one")));
    }
    Ok(())
}

/// Signs out everywhere, here too.
pub(crate) async fn end_sessions(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    own_session(&caller)?;
    let (name, author) = (caller.name().to_owned(), caller.author());
    let ended = app.blocking(move |parts| parts.ledger.end_all_sessions(&name, &author)).await?;
    ended.map_err(Problem::internal)?;
    let gone = cookie::gone(cookie::is_secure(&app.parts, &headers));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// One's own; everybody's for who holds the right to accounts and asks for all.
pub(crate) async fn sessions(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let wants_all = params.one::<bool>("all")?.unwrap_or_default();
    if wants_all && !caller.has(Right::Users) {
        return Err(Problem::forbidden("sessions of others are shown with the right users only"));
    }
    let current = match &caller.credential {
        Credential::Session(secret) => Some(session_id(secret)),
        // A token may bear the name of a person and is not that person.
        Credential::Token(_) if !wants_all => return Ok(page(Vec::new(), None)),
        Credential::Token(_) => None,
    };
    let whose = (!wants_all).then(|| caller.name().to_owned());
    let listed = app.blocking(move |parts| parts.ledger.sessions(whose.as_deref(), now())).await?;
    let items = listed.map_err(Problem::internal)?.into_iter().map(|session| {
        let mut item = to_http(&session)?;
        item["current"] = json!(current.as_ref() == Some(&session.id));
        Ok(item)
    });
    Ok(page(items.collect::<Result<_, _>>()?, None))
}

/// Ends a session and its feeds. Another's is there for the right to accounts only.
pub(crate) async fn revoke_session(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let absent = || Problem::not_found("such session");
    let whose = match &caller.credential {
        _ if caller.has(Right::Users) => None,
        Credential::Session(_) => Some(caller.name().to_owned()),
        Credential::Token(_) => return Err(absent()),
    };
    let author = caller.author();
    let gone = app.blocking(move |parts| parts.ledger.revoke_session(&id, whose.as_deref(), &author)).await?;
    let gone = gone.map_err(Problem::internal)?;
    gone.then_some(StatusCode::NO_CONTENT).ok_or_else(absent)
}

pub(crate) async fn views(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let owner = view_owner(&caller);
    let views = app.blocking(move |parts| parts.ledger.views(&owner)).await?.map_err(Problem::internal)?;
    Ok(page(views.iter().map(to_http).collect::<Result<_, _>>()?, None))
}

pub(crate) async fn put_view(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Body(ViewRequest { query }): Body<ViewRequest>,
) -> Result<Json<Value>, Problem> {
    let chars = name.chars().count();
    if name.trim() != name || !(1..=VIEW_NAME_MAX).contains(&chars) || name.chars().any(char::is_control) {
        let detail = format!("{name:?} is no name of a view, expected 1 to {VIEW_NAME_MAX} characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-name", detail).about("path/name".into()));
    }
    if query.chars().count() > VIEW_QUERY_MAX || query.chars().any(char::is_control) {
        let detail = format!("query is over {VIEW_QUERY_MAX} characters or holds a control character");
        return Err(Problem::body("query", detail));
    }
    let (owner, author) = (view_owner(&caller), caller.author());
    let put = app.blocking(move |parts| parts.ledger.put_view(&owner, &name, &query, &author)).await?;
    match put {
        Ok(view) => to_http(&view).map(Json),
        Err(error @ ViewError::TooMany) => {
            Err(Problem::new(StatusCode::CONFLICT, "too-many-views", error.to_string()))
        }
        Err(ViewError::Store(error)) => Err(Problem::internal(error)),
    }
}

pub(crate) async fn remove_view(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (owner, author) = (view_owner(&caller), caller.author());
    let gone = app.blocking(move |parts| parts.ledger.remove_view(&owner, &name, &author)).await?;
    let gone = gone.map_err(Problem::internal)?;
    gone.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("such view"))
}

fn view_owner(caller: &Caller) -> Owner {
    let name = caller.name().to_owned();
    match caller.credential {
        Credential::Session(_) => Owner::User(name),
        Credential::Token(_) => Owner::Token(name),
    }
}
