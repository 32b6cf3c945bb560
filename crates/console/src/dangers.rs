//! The list of major dangers: who sees which entry, who lists one, and who takes which step.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use fleet::{AlertId, Division, ReceiveTime, TerminalId};
use ledger::{
    CreateDangerError, DANGER_ALERTS_MAX, Danger, DangerAction, DangerActionKind, DangerError, DangerId,
    DangerLevel, DangerPart, DangerQuery, Listed, NewDanger, Source, SourceKind,
};
use serde_json::{Value, json};

use crate::alerts::refused;
use crate::app::{Shared, now};
use crate::commands;
use crate::guard::Caller;
use crate::json::{Body, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::Right;
use crate::schema::{DangerActionRequest, DangerRequest};
use crate::vehicles::{divisions, visible};

/// Characters of a note, and of what is done about it.
pub(crate) const NOTE_MAX: usize = 2000;
/// Characters of any other text.
const TEXT_MAX: usize = 200;
/// Counting stops here: nobody reads an exact number beyond.
const COUNT_MAX: u64 = 10_000;

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let query = query(&params, &caller)?;
    let counted = params.one::<bool>("count")?.unwrap_or_default();
    let (found, count) = app
        .blocking(move |parts| {
            let at = now();
            let count = counted.then(|| parts.ledger.count_dangers(&query, at, COUNT_MAX + 1)).transpose()?;
            Ok((parts.ledger.dangers(&query, at)?, count))
        })
        .await?
        .map_err(refused)?;
    let items: Vec<_> = found.items.iter().map(to_http).collect::<Result<_, _>>()?;
    let mut answer = json!({ "items": items, "next": found.next });
    if let Some(count) = count {
        answer["count"] = count.min(COUNT_MAX).into();
        answer["count_is_exact"] = (count <= COUNT_MAX).into();
    }
    Ok(Json(answer))
}

pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    to_http(&find(&app, &caller, &id).await?).map(Json)
}

pub(crate) async fn timeline(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = find(&app, &caller, &id).await?.id;
    let story =
        app.blocking(move |parts| parts.ledger.danger_timeline(id)).await?.map_err(Problem::internal)?;
    Ok(crate::json::page(story.iter().map(to_http).collect::<Result<_, _>>()?, None))
}

pub(crate) async fn create(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(request): Body<DangerRequest>,
) -> Result<Response, Problem> {
    must_have(&caller, DangerPart::Keeper, "list a danger")?;
    let key = commands::key(&caller, &headers)?;
    let new = read(&app, &caller, request, key).await?;
    let listed = app.blocking(move |parts| parts.ledger.create_danger(&new, now())).await?;
    let danger = listed.map_err(|error| match error {
        CreateDangerError::KeyReused(_) => commands::key_reused(error.to_string()),
        CreateDangerError::Store(error) => Problem::internal(error),
    })?;
    let place = format!("/api/v1/dangers/{}", danger.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(to_http(&danger)?)).into_response())
}

pub(crate) async fn act(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<DangerActionRequest>,
) -> Result<Json<Value>, Problem> {
    let kind: DangerActionKind = member("action", &request.action)?;
    let id = find(&app, &caller, &id).await?.id;
    must_have(&caller, kind.part(), &request.action)?;
    let action = DangerAction {
        danger: id,
        kind,
        by: caller.name().to_owned(),
        via: caller.via(),
        note: text("note", request.note, NOTE_MAX)?,
        unit: text("unit", request.unit, TEXT_MAX)?,
        person: text("person", request.person, TEXT_MAX)?,
        due_at: request.due_at.as_deref().map(|text| member("due_at", text)).transpose()?,
        measures: text("measures", request.measures, NOTE_MAX)?,
        which: request.which.as_deref().map(|text| member("which", text)).transpose()?,
        expected_version: request.expected_version,
        at: now(),
    };
    let done = app.blocking(move |parts| parts.ledger.act_on_danger(&action)).await?;
    to_http(&done.map_err(settle)?).map(Json)
}

/// The filters of a list as the ledger takes them, narrowed to what the caller may see.
pub(crate) fn query(params: &Params, caller: &Caller) -> Result<DangerQuery, Problem> {
    Ok(DangerQuery {
        statuses: params.all("status")?,
        levels: params.all("level")?,
        operators: params.all("operator")?,
        divisions: divisions(params)?,
        overdue: params.one("overdue")?,
        from: params.time("from")?,
        to: params.time("to")?,
        limit: params.limit()?,
        cursor: params.one("cursor")?,
        scope: caller.scope.clone(),
    })
}

/// The entry if it is there and this caller may see it; otherwise it is not there.
async fn find(app: &Shared, caller: &Caller, id: &str) -> Result<Danger, Problem> {
    let absent = || Problem::not_found("such entry");
    let id: DangerId = id.parse().map_err(|_| absent())?;
    let found = app.blocking(move |parts| parts.ledger.danger(id, now())).await?;
    found
        .map_err(Problem::internal)?
        .filter(|danger| sees(caller, &danger.operator, &danger.division))
        .ok_or_else(absent)
}

/// Whether an entry is within what the caller may see.
pub(crate) fn sees(caller: &Caller, operator: &str, division: &str) -> bool {
    let division = Division::parse(division).unwrap_or(Division::UNKNOWN);
    caller.has(Right::Dangers) && caller.scope.sees_vehicle(operator, division)
}

/// Whose part each role has: an operator puts right what is its own, the desk keeps the list, and only who leads closes.
pub(crate) fn must_have(caller: &Caller, part: DangerPart, what: &str) -> Result<(), Problem> {
    let right = match part {
        DangerPart::Closer => Right::DangersClose,
        DangerPart::Keeper => Right::DangersWrite,
        DangerPart::Responsible => Right::DangersRectify,
    };
    let detail = || format!("the role {} may not {what}", caller.identity.role);
    caller.has(right).then_some(()).ok_or_else(|| Problem::forbidden(detail()))
}

/// What is to be listed. What the alerts or the vehicle say already need not be given again.
async fn read(
    app: &Shared,
    caller: &Caller,
    request: DangerRequest,
    key: Option<String>,
) -> Result<NewDanger, Problem> {
    let alerts = alerts(app, caller, request.alert_ids.as_deref().unwrap_or_default()).await?;
    let first = alerts.first().map(|listed| &listed.alert);
    let title = text("title", Some(request.title), TEXT_MAX)?;
    let title = title.ok_or_else(|| Problem::body("title", "title is blank, expected one line"))?;
    let terminal = match request.terminal.as_deref() {
        Some(given) => {
            let absent = |_| Problem::body("terminal", format!("terminal: there is no vehicle {given:?}"));
            Some(visible(app, caller, given).map_err(absent)?.0)
        }
        None => the_same(alerts.iter().map(|listed| listed.alert.vehicle.terminal)),
    };
    let operator = text("operator", request.operator, TEXT_MAX)?;
    let operator = operator.or_else(|| first.map(|alert| alert.vehicle.operator.clone()));
    let (operator, division) = owner(app, caller, operator, terminal)?;
    if alerts.iter().any(|listed| listed.alert.vehicle.operator != operator) {
        let detail =
            format!("alert_ids: not all of them are of the operator {operator}, expected those of one");
        return Err(Problem::body("alert_ids", detail));
    }
    let certificates = alerts.iter().map(|listed| Some(listed.alert.driver.as_ref()?.certificate.clone()));
    let discovered_at =
        request.discovered_at.as_deref().map(|text| member("discovered_at", text)).transpose()?;
    Ok(NewDanger {
        title,
        category: text("category", request.category, TEXT_MAX)?.unwrap_or_default(),
        level: match request.level.as_deref() {
            Some(level) => member("level", level)?,
            None => DangerLevel::Major,
        },
        source: Source {
            kind: if alerts.is_empty() { SourceKind::Manual } else { SourceKind::Alert },
            rule: the_same(alerts.iter().map(|listed| listed.alert.rule)),
            alert_ids: alerts.iter().map(|listed| listed.alert.id).collect(),
            trigger: None,
        },
        operator,
        terminal,
        driver: text("driver", request.driver, TEXT_MAX)?.or_else(|| the_same(certificates).flatten()),
        division,
        discovered_at: past(discovered_at)?,
        note: text("note", request.note, NOTE_MAX)?,
        by: caller.name().to_owned(),
        via: caller.via(),
        key,
    })
}

/// The alerts of these ids, each of which the caller may see.
async fn alerts(app: &Shared, caller: &Caller, ids: &[String]) -> Result<Vec<Listed>, Problem> {
    if ids.len() > DANGER_ALERTS_MAX {
        let detail = format!("alert_ids holds {}, expected at most {DANGER_ALERTS_MAX}", ids.len());
        return Err(Problem::body("alert_ids", detail));
    }
    let mut alerts: Vec<Listed> = Vec::with_capacity(ids.len());
    for id in ids {
        let absent = |_| Problem::body("alert_ids", format!("alert_ids: there is no alert {id:?}"));
        let known = AlertId::parse(id).is_some_and(|id| alerts.iter().any(|listed| listed.alert.id == id));
        if !known {
            alerts.push(crate::alerts::find(app, caller, id).await.map_err(absent)?);
        }
    }
    Ok(alerts)
}

/// What all have in common.
fn the_same<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// Whose danger it is, and the division of the operator, or else of the vehicle.
fn owner(
    app: &Shared,
    caller: &Caller,
    operator: Option<String>,
    terminal: Option<TerminalId>,
) -> Result<(String, String), Problem> {
    let registry = std::sync::Arc::clone(&app.parts.reference.borrow().registry);
    let vehicle = terminal.and_then(|terminal| registry.vehicle(terminal));
    let Some(operator) = operator.or_else(|| vehicle.map(|vehicle| vehicle.operator.clone())) else {
        let detail = "operator is missing, expected one, or a terminal or alerts that tell it";
        return Err(Problem::body("operator", detail));
    };
    let known = registry.operator(&operator).map(|operator| operator.division);
    let division = known.or_else(|| vehicle.map(|vehicle| vehicle.division));
    let has_vehicles = || registry.vehicles().any(|vehicle| vehicle.operator == operator);
    let is_seen = caller.scope.sees_vehicle(&operator, division.unwrap_or(Division::UNKNOWN));
    if !is_seen || known.is_none() && !has_vehicles() {
        return Err(Problem::body("operator", format!("operator: there is no operator {operator:?}")));
    }
    if vehicle.is_some_and(|vehicle| vehicle.operator != operator) {
        let detail = format!("terminal: the vehicle is not of the operator {operator}");
        return Err(Problem::body("terminal", detail));
    }
    Ok((operator, division.map(|division| division.to_string()).unwrap_or_default()))
}

fn past(given: Option<ReceiveTime>) -> Result<ReceiveTime, Problem> {
    let now = now();
    match given {
        Some(given) if given > now => {
            Err(Problem::body("discovered_at", format!("discovered_at {given} is not past")))
        }
        given => Ok(given.unwrap_or(now)),
    }
}

/// A text that is not blank; a blank one counts as not given.
pub(crate) fn text(name: &str, text: Option<String>, max: usize) -> Result<Option<String>, Problem> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    if text.chars().count() > max {
        return Err(Problem::body(name, format!("{name} is over {max} characters")));
    }
    Ok(Some(text))
}

pub(crate) fn member<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::body(name, format!("{name}: {error}")))
}

/// What a refused step means to the caller.
fn settle(error: DangerError) -> Problem {
    let detail = error.to_string();
    let conflict = |kind| Problem::new(StatusCode::CONFLICT, kind, detail.clone());
    match error {
        DangerError::Stale { current } => match to_http(&current) {
            Ok(current) => conflict("stale-version").with("danger", current),
            Err(problem) => problem,
        },
        DangerError::NotAllowed { .. } => conflict("not-allowed-now"),
        DangerError::SamePerson { .. } => conflict("same-person"),
        DangerError::Full { .. } => conflict("full"),
        DangerError::Missing { member, .. } => Problem::body(member, detail),
        DangerError::Unknown(_) => Problem::not_found("such entry"),
        DangerError::Store(error) => Problem::internal(error),
    }
}
