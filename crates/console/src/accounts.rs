//! Accounts of people and programs, for who holds the right to them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use fleet::Department;
use ledger::{AccountError, Author, Identity, Role, Unfit};
use serde_json::{Value, json};
use settings::Access;

use crate::app::Shared;
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::own::refuse_past;
use crate::passwords::password_problem;
use crate::problem::Problem;
use crate::schema::{TokenRequest, UserChange, UserRequest};

pub(crate) async fn users(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    let users = app.blocking(move |parts| parts.ledger.users()).await?.map_err(Problem::internal)?;
    Ok(page(users.iter().map(to_http).collect::<Result<_, _>>()?, None))
}

pub(crate) async fn add_user(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<UserRequest>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let UserRequest { name, role, department, operators, divisions, password } = request;
    let user = identity(name, &role, department, operators, divisions)?;
    check_password(&app.parts.access, "password", &user.name, &password)?;
    refuse_combined(&app, &user).await?;
    let (shown, author) = (to_http(&user)?, caller.author());
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    let made = app.blocking(move |parts| parts.ledger.make_user(&user, &password, &author)).await?;
    made.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The whole account is given, the password only where it is to change.
pub(crate) async fn change_user(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Body(request): Body<UserChange>,
) -> Result<Json<Value>, Problem> {
    let UserChange { role, department, operators, divisions, password } = request;
    let user = identity(name, &role, department, operators, divisions)?;
    if let Some(password) = &password {
        check_password(&app.parts.access, "password", &user.name, password)?;
        refuse_past(&app, "password", &user.name, password).await?;
    }
    refuse_combined(&app, &user).await?;
    let (shown, author) = (to_http(&user)?, caller.author());
    let _turn = app.password_checks.acquire().await.map_err(Problem::internal)?;
    let changed =
        app.blocking(move |parts| parts.ledger.change_user(&user, password.as_deref(), &author)).await?;
    changed.map_err(refused)?;
    Ok(Json(shown))
}

pub(crate) async fn remove_user(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let author = caller.author();
    let removed = app.blocking(move |parts| parts.ledger.dismiss_user(&name, &author)).await?;
    removed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn tokens(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    let tokens = app.blocking(move |parts| parts.ledger.tokens()).await?.map_err(Problem::internal)?;
    Ok(page(tokens.iter().map(to_http).collect::<Result<_, _>>()?, None))
}

/// The only answer that ever shows the token.
pub(crate) async fn add_token(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<TokenRequest>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let TokenRequest { name, role, department, operators, divisions } = request;
    let identity = identity(name, &role, department, operators, divisions)?;
    refuse_combined(&app, &identity).await?;
    let author = caller.author();
    let Author { by, at, .. } = author.clone();
    let mut shown = to_http(&json!({ "created_at": at, "created_by": by }))?;
    let own = to_http(&identity)?;
    let token = app.blocking(move |parts| parts.ledger.issue_token(&identity, &author)).await?;
    let token = token.map_err(refused)?;
    if let (Some(shown), Value::Object(own)) = (shown.as_object_mut(), own) {
        shown.extend(own);
        shown.insert("token".to_owned(), token.into());
    }
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(crate) async fn revoke_token(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let author = caller.author();
    let gone = app.blocking(move |parts| parts.ledger.revoke_tokens(&name, &author)).await?;
    match gone.map_err(Problem::internal)? {
        0 => Err(Problem::not_found("such token")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Whether a password will do for somebody.
pub(crate) fn check_password(
    access: &Access,
    member: &str,
    name: &str,
    password: &str,
) -> Result<(), Problem> {
    match password_problem(access, name, password) {
        Some(problem) => Err(Problem::body(member, format!("{member} {problem}"))),
        None => Ok(()),
    }
}

/// Where duties are separate, no name keeps accounts by one credential and reads the audit log by another.
async fn refuse_combined(app: &Shared, identity: &Identity) -> Result<(), Problem> {
    if !app.parts.access.separates_duties() {
        return Ok(());
    }
    let asked = identity.clone();
    let other = app.blocking(move |parts| parts.ledger.contrary_duty(&asked)).await?;
    match other.map_err(Problem::internal)? {
        Some(role) => {
            let detail = format!("{} is {role} already: {} is another's duty", identity.name, identity.role);
            Err(Problem::new(StatusCode::CONFLICT, "combined-duties", detail))
        }
        None => Ok(()),
    }
}

fn identity(
    name: String,
    role: &str,
    department: Option<String>,
    operators: Option<Vec<String>>,
    divisions: Option<Vec<String>>,
) -> Result<Identity, Problem> {
    let role: Role = role.parse().map_err(|error| Problem::body("role", format!("role: {error}")))?;
    let department = department.as_deref().map(str::parse::<Department>).transpose();
    let department =
        department.map_err(|error| Problem::body("department", format!("department: {error}")))?;
    let (operators, divisions) = (operators.unwrap_or_default(), divisions.unwrap_or_default());
    let identity = Identity { name, role, department, operators, divisions };
    identity.check().map_err(|unfit: Unfit| Problem::body(unfit.field, unfit.to_string()))?;
    Ok(identity)
}

fn refused(error: AccountError) -> Problem {
    let detail = error.to_string();
    match error {
        AccountError::LastAdmin(_) => Problem::new(StatusCode::CONFLICT, "last-admin", detail),
        AccountError::NameTaken(_) => Problem::new(StatusCode::CONFLICT, "name-taken", detail),
        AccountError::Unknown(_) => Problem::not_found("such user"),
        AccountError::Store(error) => Problem::internal(error),
    }
}
