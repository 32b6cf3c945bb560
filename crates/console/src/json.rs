//! JSON as the HTTP interface writes and reads it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use fleet::EventTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::problem::Problem;

/// The value with every time in milliseconds, as HTTP prints them; messages and files print whole seconds without.
pub(crate) fn to_http(value: &impl Serialize) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(value).map_err(Problem::internal)?;
    print_ms(&mut value);
    Ok(value)
}

/// A list.
pub(crate) fn page(items: Vec<Value>, next: Option<String>) -> Json<Value> {
    Json(json!({ "items": items, "next": next }))
}

fn print_ms(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(print_ms),
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str().filter(|_| is_time(key)).and_then(|text| text.parse::<EventTime>().ok())
                {
                    Some(time) => *member = Value::String(time.to_rfc3339_ms()),
                    None => print_ms(member),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_time(key: &str) -> bool {
    matches!(key, "at" | "time" | "until") || ["_at", "_since", "_until"].iter().any(|end| key.ends_with(end))
}

/// A JSON body, or a refusal that says what is wrong with it.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if media.split(';').next().unwrap_or_default().trim() != "application/json" {
            let detail = "the body must be application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
        }
        let most = if request.uri().path().ends_with("/import") {
            crate::drawing::IMPORT_BYTES_MAX
        } else {
            crate::app::BODY_BYTES_MAX
        };
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    let detail = format!("the body is over {most} bytes");
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
                }
                _ => Problem::new(StatusCode::BAD_REQUEST, "unreadable-body", "the body ended early"),
            })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Problem::body("", error.to_string()),
            _ => {
                Problem::new(StatusCode::BAD_REQUEST, "invalid-json", format!("the body is no JSON: {error}"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_get_milliseconds_and_nothing_else_does() {
        let value = json!({"raised_at": "2026-01-01T00:00:00Z", "position": {"time": "2026-01-01T08:00:00+08:00"},
            "ended_at": null, "note": "2026-01-01T00:00:00Z", "list": [{"at": "soon"}]});
        assert_eq!(
            to_http(&value).unwrap(),
            json!({"raised_at": "2026-01-01T08:00:00.000+08:00", "position": {"time": "2026-01-01T08:00:00.000+08:00"},
            "ended_at": null, "note": "2026-01-01T00:00:00Z", "list": [{"at": "soon"}]})
        );
    }
}
