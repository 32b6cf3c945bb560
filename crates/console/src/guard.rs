//! Who is asking, and whether they may. Default deny: a route that is not in the table admits nobody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use fleet::{Alert, Department, Division, Operator, ReceiveTime, Vehicle};
use ledger::{ActionKind, Author, Identity, Role, Scope, SignedIn, Use, Via};
use session::Command;
use settings::Access as Policy;

use crate::app::{App, Shared, now};
use crate::cookie;
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::{Powers, Right};
use crate::routes::{self, Access};

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// What of the fleet is seen.
    pub(crate) scope: Scope,
    pub(crate) powers: &'static Powers,
    pub(crate) credential: Credential,
    /// Whether it has a second factor.
    pub(crate) has_factor: bool,
    /// What has to be done before anything else.
    pub(crate) must: Option<Must>,
}

/// What somebody who is signed in has to do before anything else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Must {
    /// The password is too old, or somebody else's choice.
    ChangePassword,
    /// The role needs a second factor and there is none.
    SetUpFactor,
}

impl Must {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ChangePassword => "change-password",
            Self::SetUpFactor => "set-up-second-factor",
        }
    }

    /// Operations that are open all the same: to do it, and to leave.
    const OPEN: [&'static str; 6] =
        ["getMe", "signOut", "changePassword", "getSecondFactor", "beginSecondFactor", "confirmSecondFactor"];
}

/// What somebody has to do first.
pub(crate) fn must(policy: &Policy, signed_in: &SignedIn, now: ReceiveTime) -> Option<Must> {
    let SignedIn { identity, has_account, has_factor, password } = signed_in;
    if !has_account {
        return None;
    }
    let is_old = |at: ReceiveTime| policy.password_max_age.is_some_and(|age| now.since(at) >= age);
    if password.is_some_and(|(at, is_own)| is_old(at) || policy.separates_duties() && !is_own) {
        return Some(Must::ChangePassword);
    }
    let is_needed = policy.needs_second_factor(identity.role.as_str()) && !has_factor;
    is_needed.then_some(Must::SetUpFactor)
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
        let credential = credential(&app, request.headers()).ok_or_else(Problem::unauthenticated)?;
        let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
        if is_write
            && matches!(credential, Credential::Session(_))
            && !request.headers().contains_key("x-csrf")
        {
            return Err(Problem::forbidden("a write with the session cookie needs the header X-CSRF"));
        }
        let caller = identify(&app, credential, Use::Counts).await?;
        caller.must_have(right)?;
        if let Some(must) = caller.must.filter(|_| !Must::OPEN.contains(&route.id)) {
            return Err(must_first(must));
        }
        request.extensions_mut().insert(caller);
        let params = Params::parse(request.uri().query(), route.query)?;
        request.extensions_mut().insert(params);
    }
    Ok(next.run(request).await)
}

/// Asks again while a feed runs: a session that was ended, or an account that lost the right, ends its feeds.
pub(crate) async fn identify_again(
    app: &Shared,
    caller: &Caller,
    right: Right,
    used: Use,
) -> Result<Caller, Problem> {
    let caller = identify(app, caller.credential.clone(), used).await?;
    caller.must_have(right)?;
    match caller.must {
        Some(must) => Err(must_first(must)),
        None => Ok(caller),
    }
}

fn must_first(must: Must) -> Problem {
    let detail = match must {
        Must::ChangePassword => "the password has to be changed before anything else",
        Must::SetUpFactor => "a second factor has to be set up before anything else",
    };
    Problem::new(StatusCode::FORBIDDEN, must.as_str(), detail)
}

/// Asks the ledger who this is.
async fn identify(app: &Shared, credential: Credential, used: Use) -> Result<Caller, Problem> {
    let shown = credential.clone();
    let found = app.blocking(move |parts| match &shown {
        Credential::Session(secret) => parts.ledger.check_session(secret, now(), used),
        Credential::Token(token) => parts.ledger.check_token(token).map(|found| found.map(of_token)),
    });
    let signed_in = found.await?.map_err(Problem::internal)?.ok_or_else(Problem::unauthenticated)?;
    let must = must(&app.parts.access, &signed_in, now());
    let SignedIn { identity, has_factor, .. } = signed_in;
    let (scope, powers) = (identity.scope(), app.powers(identity.role));
    Ok(Caller { scope, powers, identity, credential, has_factor, must })
}

/// A program has a token and nothing besides.
fn of_token(identity: Identity) -> SignedIn {
    SignedIn { identity, has_account: false, has_factor: false, password: None }
}

/// A token goes before a cookie: a program that sends one means it.
fn credential(app: &App, headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Credential::Token(token.trim().to_owned()));
    }
    cookie::read(headers, cookie::is_secure(&app.parts, headers)).map(Credential::Session)
}
