//! Who is asking, and whether they may. Default deny: a route that is not in the table admits nobody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use fleet::{Alert, Department};
use ledger::{ActionKind, Role, Via};
use session::Command;

use crate::app::{Shared, now};
use crate::problem::Problem;
use crate::query::Params;
use crate::routes::{self, Access};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "roadwarden_session";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The operator an `operator` role belongs to.
    pub(crate) operator: Option<String>,
    /// The department an action is for.
    pub(crate) department: Option<Department>,
    pub(crate) credential: Credential,
}

/// What was shown to prove it.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Session(String),
    Token(String),
}

impl Caller {
    /// Whose vehicles are seen: `None` is everybody's.
    pub(crate) fn scope(&self) -> Option<&str> {
        match self.role {
            Role::Admin | Role::Duty | Role::Police => None,
            // An operator without a company sees nothing: no company has an empty id.
            Role::Operator => Some(self.operator.as_deref().unwrap_or_default()),
        }
    }

    /// Which way its actions come.
    pub(crate) fn via(&self) -> Via {
        match self.credential {
            Credential::Session(_) => Via::Console,
            Credential::Token(_) => Via::Api,
        }
    }

    pub(crate) fn sees_operator(&self, operator: &str) -> bool {
        self.scope().is_none_or(|own| !own.is_empty() && own == operator)
    }

    pub(crate) fn sees(&self, alert: &Alert) -> bool {
        self.sees_operator(&alert.vehicle.operator)
    }

    /// Which actions a role has: an operator answers for its own vehicles, the police does its part, the duty desk decides.
    pub(crate) fn may(&self, kind: ActionKind) -> bool {
        use ActionKind as Kind;
        match self.role {
            Role::Admin | Role::Duty => true,
            Role::Police => matches!(
                kind,
                Kind::Acknowledge
                    | Kind::Unacknowledge
                    | Kind::Comment
                    | Kind::Dispatch
                    | Kind::Handle
                    | Kind::FalseAlarm
                    | Kind::Close
            ),
            Role::Operator => matches!(kind, Kind::Acknowledge | Kind::Comment | Kind::Handle | Kind::Appeal),
        }
    }

    /// Whether it decides what others asked for.
    pub(crate) fn is_desk(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Duty)
    }

    /// Which commands a role may send to a terminal it sees: the desk talks and asks, police and operators talk and ask
    /// where a vehicle is (an operator has to warn its own drivers). A kind not named here is the administrator's.
    pub(crate) fn may_send(&self, command: &Command) -> bool {
        use Command as Kind;
        match self.role {
            Role::Admin => true,
            Role::Duty => matches!(
                command,
                Kind::ConfirmAlarm { .. }
                    | Kind::QueryLocation
                    | Kind::QueryParameters
                    | Kind::QueryProperties
                    | Kind::Text { .. }
            ),
            Role::Police | Role::Operator => matches!(command, Kind::QueryLocation | Kind::Text { .. }),
        }
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
    if route.access == Access::Signed {
        let credential = credential(request.headers()).ok_or_else(Problem::unauthenticated)?;
        let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
        if is_write
            && matches!(credential, Credential::Session(_))
            && !request.headers().contains_key("x-csrf")
        {
            return Err(Problem::forbidden("a write with the session cookie needs the header X-CSRF"));
        }
        let caller = identify(&app, credential).await?;
        request.extensions_mut().insert(caller);
        let params = Params::parse(request.uri().query(), route.query)?;
        request.extensions_mut().insert(params);
    }
    Ok(next.run(request).await)
}

/// Asks the ledger who this is; also asked again while a live feed runs.
pub(crate) async fn identify(app: &Shared, credential: Credential) -> Result<Caller, Problem> {
    let shown = credential.clone();
    let account = app
        .blocking(move |parts| match &shown {
            Credential::Session(secret) => parts.ledger.check_session(secret, now()),
            Credential::Token(token) => parts.ledger.check_token(token),
        })
        .await?
        .map_err(Problem::internal)?
        .ok_or_else(Problem::unauthenticated)?;
    let police = (account.role == Role::Police).then_some(Department::Police);
    Ok(Caller {
        name: account.name,
        role: account.role,
        operator: account.operator,
        department: account.department.or(police),
        credential,
    })
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
