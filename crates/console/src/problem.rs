//! Refusals as `application/problem+json` (RFC 9457): what is wrong, and which parameter or field it is about.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    /// Last part of the `type` URN.
    kind: &'static str,
    detail: String,
    /// `query/limit`, `body/action`: what it is about.
    pointer: Option<String>,
    /// Further members.
    more: Vec<(&'static str, Value)>,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), pointer: None, more: Vec::new(), retry_after_s: None }
    }

    /// A query key or its value is wrong.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail).about(format!("query/{name}"))
    }

    /// A member of the body is wrong.
    pub(crate) fn body(member: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", detail).about(format!("body/{member}"))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no {what}"))
    }

    pub(crate) fn unauthenticated() -> Self {
        let detail = "sign in, or send a token as Authorization: Bearer TOKEN";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(crate) fn throttled(wait_s: u64) -> Self {
        let detail = format!("too many failed sign-ins, wait {wait_s} seconds");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail);
        Self { retry_after_s: Some(wait_s), ..problem }
    }

    /// Our own fault: the cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed here; the log says why")
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(crate) fn about(self, pointer: String) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// The document.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:roadwarden:problem:{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(pointer) = &self.pointer {
            document["errors"] = json!([{ "pointer": pointer, "detail": self.detail }]);
        }
        for (name, value) in &self.more {
            document[*name] = value.clone();
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait_s) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        response
    }
}
