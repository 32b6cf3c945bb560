//! Rules and reference files are read again, and what was done to the service is listed.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::{AuditQuery, Via};
use serde_json::{Value, json};

use crate::alerts::refused;
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::{page, to_http};
use crate::problem::Problem;
use crate::query::Params;

/// Puts the configuration's rules and reference files into force for whoever asks, by name and way; blocks. What
/// changed, in words.
pub type Reload = Arc<dyn Fn(&str, Via) -> Result<Vec<String>, NotReloaded> + Send + Sync>;

/// Why the running set stays in force.
#[derive(Clone, Debug)]
pub enum NotReloaded {
    /// Every mistake, `file:line: what is wrong, what was expected`.
    Mistakes(Vec<String>),
    /// Nothing that the caller could mend.
    Unavailable(String),
}

impl NotReloaded {
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Mistakes(mistakes) => {
                let detail = "the configuration or a file it names is wrong, the running set stays in force";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-reference", detail)
                    .with("mistakes", mistakes.into())
            }
            Self::Unavailable(reason) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", reason),
        }
    }
}

impl fmt::Display for NotReloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) => f.write_str(&mistakes.join("\n")),
            Self::Unavailable(reason) => f.write_str(reason),
        }
    }
}

pub(crate) async fn reload(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let done = app.blocking(move |parts| (parts.reload)(caller.name(), caller.via())).await?;
    let changes = done.map_err(NotReloaded::into_problem)?;
    let reference = app.parts.reference.borrow().clone();
    Ok(Json(json!({
        "version": reference.version,
        "rules_version": reference.book.version(),
        "map_version": fleet::Map::version(&*reference.atlas),
        "changes": changes,
    })))
}

pub(crate) async fn audit(
    State(app): State<Shared>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let query = AuditQuery {
        from: params.time("from")?,
        to: params.time("to")?,
        by: params.all("by")?,
        actions: params.all("action")?,
        subjects: params.all("subject")?,
        limit: params.limit()?,
        cursor: params.one("cursor")?,
    };
    let found = app.blocking(move |parts| parts.ledger.audit_page(&query)).await?.map_err(refused)?;
    Ok(page(found.items.iter().map(to_http).collect::<Result<_, _>>()?, found.next))
}
