//! Commands to terminals: queued here, sent by the gateway when the terminal is there.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::{
    COMMAND_LASTS_MAX, CancelError, CommandId, CommandQuery, CommandRecord, NewCommand, QueueError,
};
use serde_json::{Value, json};
use session::{Command, Placed, Unfit};

use crate::alerts::refused;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::places;
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::Right;
use crate::schema::CommandRequest;
use crate::vehicles::visible;

/// How long a command waits for its terminal unless told: a vehicle that stands overnight comes back within a day.
const LASTS_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// The header under which a program may ask again without fear.
pub(crate) const KEY_HEADER: &str = "Idempotency-Key";
/// Longest key, in characters; a UUID has 36.
const KEY_CHARS_MAX: usize = 128;

pub(crate) async fn queue(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    Body(request): Body<CommandRequest>,
) -> Result<Response, Problem> {
    let (terminal, _) = visible(&app, &caller, &terminal)?;
    let new = |command: &Command, request_key| {
        Ok(NewCommand {
            terminal,
            command: serde_json::to_value(command).map_err(Problem::internal)?,
            by: caller.name().to_owned(),
            via: caller.via(),
            lasts: lasts(request.expires_in_s)?,
            request_key,
        })
    };
    let key = key(&caller, &headers)?;
    if let Some(placed) = places::placed(&app, &request.command)? {
        return queue_placed(&app, &caller, &placed, key.as_deref(), new).await;
    }
    let new = new(&read(&caller, request.command)?, key)?;
    let queued = app.blocking(move |parts| parts.ledger.queue_command(&new, now())).await?;
    let record = queued.map_err(not_queued)?;
    let place = format!("/api/v1/commands/{}", record.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(to_http(&record)?)).into_response())
}

/// Queues one command after another. Where one is refused those before it stay: to set or to delete an area twice does
/// what once does, and with the same key it is queued once.
async fn queue_placed(
    app: &Shared,
    caller: &Caller,
    placed: &[Placed],
    key: Option<&str>,
    new: impl Fn(&Command, Option<String>) -> Result<NewCommand, Problem>,
) -> Result<Response, Problem> {
    placed.iter().try_for_each(|placed| sendable(caller, &placed.command))?;
    let mut items = Vec::new();
    for (at, Placed { command, beyond_m, is_narrow }) in placed.iter().enumerate() {
        let new = new(command, key.map(|key| format!("{key}/{at}")))?;
        let queued = app.blocking(move |parts| parts.ledger.queue_command(&new, now())).await?;
        let mut item = to_http(&queued.map_err(not_queued)?)?;
        item["beyond_m"] = json!((beyond_m * 10.0).round() / 10.0);
        item["is_narrow"] = json!(is_narrow);
        items.push(item);
    }
    Ok((StatusCode::ACCEPTED, page(items, None)).into_response())
}

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(terminal): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (terminal, _) = visible(&app, &caller, &terminal)?;
    let query = CommandQuery {
        terminal,
        states: params.all("state")?,
        limit: params.limit()?,
        cursor: params.one("cursor")?,
    };
    let found = app.blocking(move |parts| parts.ledger.commands(&query)).await?.map_err(refused)?;
    Ok(page(found.items.iter().map(to_http).collect::<Result<_, _>>()?, found.next))
}

pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    to_http(&find(&app, &caller, &id).await?).map(Json)
}

/// Who asked takes it back, or the duty desk.
pub(crate) async fn cancel(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let record = find(&app, &caller, &id).await?;
    if record.by != caller.name() && !caller.has(Right::CommandsCancel) {
        return Err(Problem::forbidden("only who sent a command, or the duty desk, takes it back"));
    }
    let (by, via) = (caller.name().to_owned(), caller.via());
    let cancelled =
        app.blocking(move |parts| parts.ledger.cancel_command(record.id, &by, via, now())).await?;
    match cancelled {
        Ok(cancelled) => to_http(&cancelled).map(Json),
        Err(error @ CancelError::NotQueued { .. }) => {
            Err(Problem::new(StatusCode::CONFLICT, "not-queued", error.to_string()))
        }
        Err(CancelError::Unknown(_)) => Err(absent()),
        Err(CancelError::Store(error)) => Err(Problem::internal(error)),
    }
}

/// The command if it is there and this caller may see its vehicle; otherwise it is not there.
async fn find(app: &Shared, caller: &Caller, id: &str) -> Result<CommandRecord, Problem> {
    let id = CommandId::parse_str(id).map_err(|_| absent())?;
    let found = app.blocking(move |parts| parts.ledger.command(id)).await?.map_err(Problem::internal)?;
    let record = found.ok_or_else(absent)?;
    visible(app, caller, record.terminal.as_str()).map_err(|_| absent())?;
    Ok(record)
}

fn absent() -> Problem {
    Problem::not_found("such command")
}

/// The command, if it is one, can be sent, and this caller may send it.
fn read(caller: &Caller, command: Value) -> Result<Command, Problem> {
    let command: Command = serde_json::from_value(command)
        .map_err(|error| Problem::body("command", format!("command: {error}")))?;
    sendable(caller, &command)?;
    Ok(command)
}

fn sendable(caller: &Caller, command: &Command) -> Result<(), Problem> {
    if !caller.may_send(command) {
        let detail = format!("the role {} may not send {}", caller.identity.role, command.kind());
        return Err(Problem::forbidden(detail).about("body/command/kind".to_owned()));
    }
    command.check().map_err(|unfit: Unfit| match unfit.field {
        "command" => Problem::body("command", unfit.to_string()),
        field => Problem::body(&format!("command/{field}"), unfit.to_string()),
    })
}

fn lasts(seconds: Option<u64>) -> Result<Duration, Problem> {
    let most = COMMAND_LASTS_MAX.as_secs();
    match seconds {
        None => Ok(LASTS_DEFAULT),
        Some(seconds) if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(seconds) => {
            let detail = format!("expires_in_s is {seconds}, expected 1 to {most}");
            Err(Problem::body("expires_in_s", detail))
        }
    }
}

/// The caller's own: nobody's key stands for another's command.
pub(crate) fn key(caller: &Caller, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if (1..=KEY_CHARS_MAX).contains(&text.len()) {
        return Ok(Some(format!("http/{}/{text}", caller.name())));
    }
    let detail = format!("{KEY_HEADER} is wrong, expected 1 to {KEY_CHARS_MAX} characters of ASCII");
    Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-header", detail).about(format!("header/{KEY_HEADER}")))
}

fn not_queued(error: QueueError) -> Problem {
    let detail = error.to_string();
    match error {
        QueueError::Full { .. } => Problem::new(StatusCode::TOO_MANY_REQUESTS, "queue-full", detail),
        QueueError::KeyReused => key_reused(detail),
        QueueError::Store(error) => Problem::internal(error),
    }
}

/// The key stands for something else.
pub(crate) fn key_reused(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", detail).about(format!("header/{KEY_HEADER}"))
}
