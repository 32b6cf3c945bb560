//! One's own account: the password, the sessions, the views.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::{Owner, ViewError, session_id};
use serde_json::{Value, json};

use crate::account::{handle_failure, refuse_hasty};
use crate::accounts::{SECRET_BYTES_MAX, check_password};
use crate::app::{Shared, now};
use crate::guard::{Caller, Credential};
use crate::json::{Body, page, to_http};
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
    Body(PasswordChange { old, new }): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let Credential::Session(session) = &caller.credential else {
        return Err(Problem::forbidden("a token has no password, only who signed in has one"));
    };
    check_password("new", caller.name(), &new)?;
    if old.len() > SECRET_BYTES_MAX {
        return Err(Problem::body("old", format!("old is over {SECRET_BYTES_MAX} bytes")));
    }
    let (name, kept, author) = (caller.name().to_owned(), session.clone(), caller.author());
    refuse_hasty(&app, peer.ip(), &name)?;
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    refuse_hasty(&app, peer.ip(), &name)?;
    let asked = name.clone();
    let known = app.blocking(move |parts| parts.ledger.check_password(&asked, &old)).await?;
    if known.map_err(Problem::internal)?.is_none() {
        handle_failure(&app, peer.ip(), &name)?;
        return Err(Problem::body("old", "old is not the password"));
    }
    let changed = app.blocking(move |parts| parts.ledger.set_password(&name, &new, &kept, &author)).await?;
    changed.map_err(Problem::internal)?;
    Ok(StatusCode::NO_CONTENT)
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

/// Ends a session; its feeds end when they next ask who is looking. Another's is there for the right to accounts only.
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
