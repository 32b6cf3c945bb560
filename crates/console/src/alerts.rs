//! Alerts: the list, one, its timeline, which departments got it, and what people do about it.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use fleet::{AlertId, ReceiveTime};
use ledger::{ActError, Action, ActionKind, Handling, Listed, Outcome, Query, Reason};
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::schema::ActionRequest;
use crate::search;
use crate::summary::COUNT_MAX;
use crate::vehicles::{divisions, visible};

/// Characters of a note.
const NOTE_MAX: usize = 2000;
/// Characters of any other text of an action.
const TEXT_MAX: usize = 100;

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let is_counted = params.one("count")?.unwrap_or_default();
    answer(&app, query(&params, &caller)?, is_counted).await
}

pub(crate) async fn violations(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(terminal): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (terminal, _) = visible(&app, &caller, &terminal)?;
    answer(&app, Query { terminals: vec![terminal], ..query(&params, &caller)? }, false).await
}

pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let listed = find(&app, &caller, &id).await?;
    to_http(&listed).map(Json)
}

pub(crate) async fn timeline(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = find(&app, &caller, &id).await?.alert.id;
    let entries = app.blocking(move |parts| parts.ledger.timeline(id)).await?.map_err(Problem::internal)?;
    let items: Result<_, _> = entries.iter().map(to_http).collect();
    Ok(page(items?, None))
}

pub(crate) async fn deliveries(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = find(&app, &caller, &id).await?.alert.id;
    let found = app.blocking(move |parts| parts.ledger.deliveries(id)).await?.map_err(Problem::internal)?;
    let items: Result<_, _> = found.iter().map(to_http).collect();
    Ok(page(items?, None))
}

pub(crate) async fn act(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<ActionRequest>,
) -> Result<Json<Value>, Problem> {
    let wanted = Wanted::parse(&caller, request)?;
    let handling = wanted.act(&app, &caller, &id).await?;
    to_http(&handling).map(Json)
}

/// How many alerts there are, by severity, handling and rule.
pub(crate) async fn summary(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let mut query = query(&params, &caller)?;
    look_up_text(&app, &mut query);
    let tally = app.blocking(move |parts| parts.ledger.tally(&query, COUNT_MAX)).await?.map_err(refused)?;
    to_http(&tally).map(Json)
}

/// The filters of a list as the ledger takes them, narrowed to what the caller may see.
pub(crate) fn query(params: &Params, caller: &Caller) -> Result<Query, Problem> {
    Ok(Query {
        states: params.all("state")?,
        handling: params.all("handling")?,
        rules: rules(params)?,
        severities: params.all("severity")?,
        plates: params.all("plate")?,
        terminals: params.all("terminal")?,
        operators: params.all("operator")?,
        classes: params.all("class")?,
        drivers: Vec::new(),
        divisions: divisions(params)?,
        departments: params.all("department")?,
        from: params.time("from")?,
        to: params.time("to")?,
        assignees: params.all("assignee")?,
        updated_since: params.time("updated_since")?,
        text: text(params)?,
        among: None,
        sort: params.one("sort")?.unwrap_or_default(),
        limit: params.limit()?,
        cursor: params.one("cursor")?,
        scope: caller.scope.clone(),
    })
}

fn rules(params: &Params) -> Result<Vec<fleet::RuleId>, Problem> {
    let texts = params.all::<String>("rule")?;
    texts
        .iter()
        .map(|text| fleet::RuleId::parse(text).map_err(|error| Problem::parameter("rule", error.to_string())))
        .collect()
}

/// All a caller may see.
pub(crate) fn within_scope(caller: &Caller) -> Query {
    Query { scope: caller.scope.clone(), ..Query::default() }
}

/// Part of a plate or terminal number, in capitals as both are written.
fn text(params: &Params) -> Result<Option<String>, Problem> {
    match params.one::<String>("q")? {
        Some(text) if text.chars().count() > search::TEXT_MAX => {
            Err(Problem::parameter("q", format!("q is over {} characters", search::TEXT_MAX)))
        }
        text => Ok(text.map(|text| text.trim().to_uppercase())),
    }
}

/// Terminals that are looked up one by one; a text that more have is looked for in the alerts themselves.
const TEXT_TERMINALS_MAX: usize = 200;

/// A part of a plate can't be looked up in an index; the few terminals that have it can. Plates are those on file now.
pub(crate) fn look_up_text(app: &Shared, query: &mut Query) {
    let Some(text) = &query.text else { return };
    let found = search::terminals(&app.fold.read(), text, TEXT_TERMINALS_MAX);
    if found.len() <= TEXT_TERMINALS_MAX {
        query.among = Some(found);
        query.text = None;
    }
}

async fn answer(app: &Shared, mut query: Query, is_counted: bool) -> Result<Json<Value>, Problem> {
    look_up_text(app, &mut query);
    let (found, count) = app
        .blocking(move |parts| {
            let count = is_counted.then(|| parts.ledger.count(&query, COUNT_MAX + 1)).transpose()?;
            Ok((parts.ledger.alerts(&query)?, count))
        })
        .await?
        .map_err(refused)?;
    let items: Result<_, _> = found.items.iter().map(to_http).collect();
    let Json(mut page) = page(items?, found.next);
    if let Some(count) = count {
        page["count"] = json!(count.min(COUNT_MAX));
        page["count_is_exact"] = json!(count <= COUNT_MAX);
    }
    Ok(Json(page))
}

/// A store error, or a cursor that none of our answers gave.
pub(crate) fn refused(error: ledger::StoreError) -> Problem {
    match error {
        ledger::StoreError::Cursor(_) => Problem::parameter("cursor", "cursor is none that an answer gave"),
        other => Problem::internal(other),
    }
}

/// The alert if it is there and this caller may see it; otherwise it is not there.
pub(crate) async fn find(app: &Shared, caller: &Caller, id: &str) -> Result<Listed, Problem> {
    let absent = || Problem::not_found("such alert");
    let id = AlertId::parse(id).ok_or_else(absent)?;
    let listed = app.blocking(move |parts| parts.ledger.alert(id)).await?.map_err(Problem::internal)?;
    listed.filter(|listed| caller.sees(&listed.alert)).ok_or_else(absent)
}

/// An action that has been read and is allowed to this caller.
pub(crate) struct Wanted {
    kind: ActionKind,
    request: ActionRequest,
    result: Option<Outcome>,
    reason: Option<Reason>,
    until: Option<ReceiveTime>,
}

impl Wanted {
    pub(crate) fn parse(caller: &Caller, request: ActionRequest) -> Result<Self, Problem> {
        let kind: ActionKind = member("action", &request.action)?;
        if !caller.may(kind) {
            let detail = format!("the role {} may not {}", caller.identity.role, request.action);
            return Err(Problem::forbidden(detail).about("body/action".to_owned()));
        }
        let texts = [
            ("note", &request.note, NOTE_MAX),
            ("assignee", &request.assignee, TEXT_MAX),
            ("request_id", &request.request_id, TEXT_MAX),
        ];
        for (name, text, max) in texts {
            if text.as_ref().is_some_and(|text| text.chars().count() > max) {
                return Err(Problem::body(name, format!("{name} is over {max} characters")));
            }
        }
        let result = request.result.as_deref().map(|text| member("result", text)).transpose()?;
        let reason = request.reason.as_deref().map(|text| member("reason", text)).transpose()?;
        let until = request.until.as_deref().map(|text| member("until", text)).transpose()?;
        Ok(Self { kind, request, result, reason, until })
    }

    pub(crate) async fn act(&self, app: &Shared, caller: &Caller, id: &str) -> Result<Handling, Problem> {
        let alert = find(app, caller, id).await?.alert.id;
        let ActionRequest { note, assignee, expected_version, request_id, .. } = &self.request;
        let action = Action {
            alert,
            kind: self.kind,
            by: caller.name().to_owned(),
            department: caller.department(),
            via: caller.via(),
            note: note.clone(),
            result: self.result,
            reason: self.reason,
            assignee: assignee.clone(),
            until: self.until,
            expected_version: *expected_version,
            request_id: request_id.clone(),
            at: now(),
        };
        let done = app.blocking(move |parts| parts.ledger.act(&action)).await?;
        done.or_else(settle)
    }
}

fn member<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::body(name, format!("{name}: {error}")))
}

/// What a refused action means to the caller; one that was done before is done.
fn settle(error: ActError) -> Result<Handling, Problem> {
    let detail = error.to_string();
    let conflict = |kind| Problem::new(StatusCode::CONFLICT, kind, detail.clone());
    match error {
        ActError::Duplicate { handling } => Ok(*handling),
        ActError::Stale { current } => Err(conflict("stale-version").with("handling", to_http(&current)?)),
        ActError::NotAllowed { .. } | ActError::AppealPending | ActError::NoAppeal => {
            Err(conflict("not-allowed-now"))
        }
        ActError::Missing { what, .. } => {
            Err(Problem::body(what.split(' ').next().unwrap_or_default(), detail))
        }
        ActError::UnknownAlert(_) => Err(Problem::not_found("such alert")),
        ActError::Store(error) => Err(Problem::internal(error)),
    }
}
