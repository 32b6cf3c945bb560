//! Changes of the rules: asked for with a reason, in force at once or when a second person says so, and listed for ever.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::{NewRuleChange, ProposeError, RuleChange, RuleChangeState, RuleDecision, StoreError, Via};
use serde_json::Value;
use settings::{Reference, RuleChanges, rule_mistakes};

use super::written;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{Body, page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::reload::NotReloaded;
use crate::schema::{RuleChangeRequest, RuleDecisionRequest};

/// Longest note, in characters, as of an action on an alert.
const NOTE_CHARS_MAX: usize = 2_000;

/// Puts a pending change of the rules into force for whoever says so, by name and way, with a note; blocks. `None`:
/// nothing of this number waits.
pub type ChangeRules =
    Arc<dyn Fn(u64, (&str, Via), &str) -> Result<Option<RuleChange>, NotReloaded> + Send + Sync>;

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit()?;
    let cursor = params.one::<String>("cursor")?;
    let found = app.blocking(move |parts| parts.ledger.rule_changes(limit, cursor.as_deref())).await?;
    let found = found.map_err(|error| match error {
        StoreError::Cursor(_) => Problem::parameter("cursor", error.to_string()),
        other => Problem::internal(other),
    })?;
    Ok(page(found.items.iter().map(to_http).collect::<Result<_, _>>()?, found.next))
}

pub(crate) async fn ask(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(RuleChangeRequest { changes, note }): Body<RuleChangeRequest>,
) -> Result<Json<Value>, Problem> {
    has_length("note", &note)?;
    let reference = app.parts.reference.borrow().clone();
    check(&changes, &reference)?;
    let new = NewRuleChange {
        at: now(),
        by: caller.name().to_owned(),
        via: caller.via(),
        note,
        before: before(&changes, &reference),
        changes: serde_json::to_value(&changes).map_err(Problem::internal)?,
    };
    let asked = app.blocking(move |parts| parts.ledger.propose_rule_change(&new)).await?;
    let asked = asked.map_err(|error| match error {
        ProposeError::Full => Problem::new(StatusCode::CONFLICT, "too-many-pending", error.to_string()),
        ProposeError::Store(error) => Problem::internal(error),
    })?;
    if reference.rules.two_person() {
        return Ok(Json(to_http(&asked)?));
    }
    let id = asked.id;
    match put_in_force(&app, &caller, id, String::new()).await {
        Ok(change) => Ok(Json(to_http(&change)?)),
        Err(problem) => {
            // Nobody waits for it: who asked has the answer.
            let note = "refused: the running set stays in force".to_owned();
            decide_against(&app, &caller, id, note).await?;
            Err(problem)
        }
    }
}

pub(crate) async fn decide(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(RuleDecisionRequest { approve, note }): Body<RuleDecisionRequest>,
) -> Result<Json<Value>, Problem> {
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Problem::body("note", format!("note is over {NOTE_CHARS_MAX} characters")));
    }
    let unknown = || Problem::not_found(&format!("change {id}"));
    let number: u64 = id.parse().map_err(|_| unknown())?;
    let asked = app.blocking(move |parts| parts.ledger.rule_change(number)).await?;
    let asked = asked.map_err(Problem::internal)?.ok_or_else(unknown)?;
    if asked.state != RuleChangeState::Pending {
        return Err(decided(number));
    }
    // Whoever asked may still take it back.
    let two_person = app.parts.reference.borrow().rules.two_person();
    if approve && two_person && asked.by == caller.name() {
        let detail = format!("{} asked for this change, somebody else must approve it", asked.by);
        return Err(Problem::new(StatusCode::CONFLICT, "same-person", detail));
    }
    let change = if approve {
        put_in_force(&app, &caller, number, note).await?
    } else {
        decide_against(&app, &caller, number, note).await?.ok_or_else(|| decided(number))?
    };
    Ok(Json(to_http(&change)?))
}

async fn put_in_force(app: &Shared, caller: &Caller, id: u64, note: String) -> Result<RuleChange, Problem> {
    let (by, via) = (caller.name().to_owned(), caller.via());
    let done = app.blocking(move |parts| (parts.change_rules)(id, (&by, via), &note)).await?;
    done.map_err(NotReloaded::into_problem)?.ok_or_else(|| decided(id))
}

async fn decide_against(
    app: &Shared,
    caller: &Caller,
    id: u64,
    note: String,
) -> Result<Option<RuleChange>, Problem> {
    let decision = RuleDecision {
        state: RuleChangeState::Rejected,
        at: now(),
        by: caller.name().to_owned(),
        via: caller.via(),
        detail: note.clone(),
        note,
    };
    app.blocking(move |parts| parts.ledger.decide_rule_change(id, &decision))
        .await?
        .map_err(Problem::internal)
}

fn decided(id: u64) -> Problem {
    let detail = format!("change {id} waits for no decision any more");
    Problem::new(StatusCode::CONFLICT, "decided", detail)
}

/// A reason stands in the history for ever: it is asked for.
fn has_length(member: &str, text: &str) -> Result<(), Problem> {
    let length = text.trim().chars().count();
    let wrong =
        || Problem::body(member, format!("{member} has {length} characters, expected 1 to {NOTE_CHARS_MAX}"));
    (1..=NOTE_CHARS_MAX).contains(&length).then_some(()).ok_or_else(wrong)
}

/// Refuses changes with a mistake, each named, and those after which all is as before.
pub(crate) fn check(changes: &RuleChanges, reference: &Reference) -> Result<(), Problem> {
    let mistakes = rule_mistakes(changes);
    if let Some(first) = mistakes.first() {
        let all = mistakes.iter().map(|mistake| mistake.text.clone().into()).collect();
        let problem = Problem::body(&format!("changes/{}", first.place), first.text.clone());
        return Err(problem.with("mistakes", Value::Array(all)));
    }
    if reference.rules.with(changes).books(&reference.registry) == *reference.book {
        return Err(Problem::body("changes", "the rules in force say so already, expected a change"));
    }
    Ok(())
}

/// What holds now, in the shape of the changes.
fn before(changes: &RuleChanges, reference: &Reference) -> Value {
    let mut before = written(reference.book.base());
    if let Some(rules) = before.as_object_mut() {
        rules.retain(|rule, _| changes.contains_key(rule));
        for (rule, keys) in rules {
            if let (Some(keys), Some(changed)) = (keys.as_object_mut(), changes.get(rule)) {
                keys.retain(|key, _| changed.contains_key(key));
            }
        }
    }
    before
}
