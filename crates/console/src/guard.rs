//! Who is asking, and whether they may. Default deny: a route that is not in the table admits nobody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use fleet::{Alert, Department, Division, Operator, Vehicle};
use ledger::{ActionKind, Author, Identity, Role, Scope, Via};
use session::Command;

use crate::app::{Shared, now};
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::{self, Powers, Right};
use crate::routes::{self, Access};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "roadwarden_session";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// What of the fleet is seen.
    pub(crate) scope: Scope,
    pub(crate) powers: &'static Powers,
    pub(crate) credential: Credential,
}

/// What was shown to prove it.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Session(String),
    Token(String),
}

impl Caller {
    pub(crate) fn name(&self) -> &str {
        &self.identity.name
    }

    /// The department an action is for.
    pub(crate) fn department(&self) -> Option<Department> {
        let police = (self.identity.role == Role::Police).then_some(Department::Police);
        self.identity.department.or(police)
    }

    /// Which way its actions come.
    pub(crate) fn via(&self) -> Via {
        match self.credential {
            Credential::Session(_) => Via::Console,
            Credential::Token(_) => Via::Api,
        }
    }

    /// As the author of a change of accounts.
    pub(crate) fn author(&self) -> Author {
        Author { by: self.identity.name.clone(), via: self.via(), at: now() }
    }

    pub(crate) fn has(&self, right: Right) -> bool {
        self.powers.has(right)
    }

    fn must_have(&self, right: Right) -> Result<(), Problem> {
        let detail = || format!("the role {} lacks the right {}", self.identity.role, right.as_str());
        self.has(right).then_some(()).ok_or_else(|| Problem::forbidden(detail()))
    }

    pub(crate) fn sees(&self, alert: &Alert) -> bool {
        self.scope.sees_alert(alert)
    }

    /// Whether a vehicle is seen, or one outside the registry.
    pub(crate) fn sees_vehicle(&self, vehicle: Option<&Vehicle>) -> bool {
        vehicle.map_or_else(
            || self.scope.sees_vehicle("", Division::UNKNOWN),
            |vehicle| self.scope.sees_vehicle(&vehicle.operator, vehicle.division),
        )
    }

    /// Whether an operator on file is seen, by itself or by where it is registered.
    pub(crate) fn sees_operator(&self, operator: &Operator) -> bool {
        self.scope.sees_vehicle(&operator.operator, operator.division)
    }

    pub(crate) fn may(&self, kind: ActionKind) -> bool {
        self.powers.actions.contains(&kind)
    }

    /// Whether it may send this to a terminal it sees.
    pub(crate) fn may_send(&self, command: &Command) -> bool {
        self.has(Right::CommandsAll) || self.powers.commands.contains(&command.kind())
    }
}

/// Lets a request through to its handler with its caller and its parameters, or refuses it.
pub(crate) async fn admit(
    State(app): State<Shared>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path =
        request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(route) = routes::find(request.method().as_str(), &path) else {
        let detail = "this path knows other methods";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail));
    };
    if let Access::Need(right) = route.access {
        let credential = credential(request.headers()).ok_or_else(Problem::unauthenticated)?;
        let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
        if is_write
            && matches!(credential, Credential::Session(_))
            && !request.headers().contains_key("x-csrf")
        {
            return Err(Problem::forbidden("a write with the session cookie needs the header X-CSRF"));
        }
        let caller = identify(&app, credential).await?;
        caller.must_have(right)?;
        request.extensions_mut().insert(caller);
        let params = Params::parse(request.uri().query(), route.query)?;
        request.extensions_mut().insert(params);
    }
    Ok(next.run(request).await)
}

/// Asks again while a feed runs: a session that was ended, or an account that lost the right, ends its feeds. Asking is a
/// use of the session.
pub(crate) async fn identify_again(app: &Shared, caller: &Caller, right: Right) -> Result<Caller, Problem> {
    let caller = identify(app, caller.credential.clone()).await?;
    caller.must_have(right)?;
    Ok(caller)
}

/// Asks the ledger who this is.
async fn identify(app: &Shared, credential: Credential) -> Result<Caller, Problem> {
    let shown = credential.clone();
    let account: Identity = app
        .blocking(move |parts| match &shown {
            Credential::Session(secret) => parts.ledger.check_session(secret, now()),
            Credential::Token(token) => parts.ledger.check_token(token),
        })
        .await?
        .map_err(Problem::internal)?
        .ok_or_else(Problem::unauthenticated)?;
    Ok(Caller { scope: account.scope(), powers: rights::of(account.role), identity: account, credential })
}

/// A token goes before a cookie: a program that sends one means it.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Credential::Token(token.trim().to_owned()));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, secret)| Credential::Session(secret.to_owned()))
}
