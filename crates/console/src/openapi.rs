//! The description of the interface, made from the table of routes.

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, Required, ResponseBuilder, ServerBuilder, Type,
};

use crate::commands::KEY_HEADER;
use crate::cookie;
use crate::drawing::IF_MATCH;
use crate::rights::Right;
use crate::routes::{Access, Answer, ROUTES, Route};
use crate::schema;

/// The OpenAPI document that `/api/openapi.json` answers.
pub fn document() -> Value {
    let mut components = ComponentsBuilder::new()
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::PLAIN))))
        .security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    for (name, schema) in schema::all() {
        components = components.schema(name, schema);
    }
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        paths = paths.path(route.path, PathItem::new(method(route), operation(route)));
    }
    let info = InfoBuilder::new()
        .title("Roadwarden")
        .version("1")
        .description(Some(
            "Alerts about coaches, dangerous-goods trucks and school buses. Different query keys are AND, a repeated key is OR; \
             `from` is inclusive, `to` exclusive; an unknown key is refused. A write with the session cookie needs the header X-CSRF.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .paths(paths.build())
        .components(Some(components.build()))
        .build();
    serde_json::to_value(document).unwrap_or_else(|_| json!({}))
}

fn method(route: &Route) -> HttpMethod {
    match route.method {
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        "PUT" => HttpMethod::Put,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route) -> OperationBuilder {
    let mut operation =
        OperationBuilder::new().operation_id(Some(route.id)).tag(route.tag).summary(Some(route.summary));
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, Required::True));
    }
    for name in route.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, Required::False));
    }
    if matches!(route.answer, Answer::Created(_) | Answer::Queued(_)) {
        operation = operation.parameter(parameter(KEY_HEADER, ParameterIn::Header, Required::False));
    }
    if route.refusals.contains(&428) {
        operation = operation.parameter(parameter(IF_MATCH, ParameterIn::Header, Required::True));
    }
    if let Some(body) = route.body {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    let (status, answer) = answer(route.answer);
    operation = operation.response(status, answer);
    for status in refusals(route) {
        operation = operation.response(status.to_string(), refusal(status));
    }
    match route.access {
        Access::Open => operation.securities(Some(Vec::<SecurityRequirement>::new())),
        Access::Need(right) => operation
            .extensions(Some([("x-right", right.as_str())].into_iter().collect()))
            .security(SecurityRequirement::new("session", Vec::<String>::new()))
            .security(SecurityRequirement::new("token", Vec::<String>::new())),
    }
}

/// The type of a parameter, and what it means.
fn meaning(name: &str) -> (Type, &'static str) {
    match name {
        "limit" => (Type::Integer, "Items in one answer, 1 to 1000"),
        "count" => (Type::Boolean, "Count what fits, up to 10,000"),
        "overdue" => (Type::Boolean, "Past its date and not closed"),
        "status" => (Type::String, "open, assigned, rectifying, closing or closed; may be repeated"),
        "level" => (Type::String, "major or general; may be repeated"),
        "lang" => (Type::String, "Language of headings and words: zh (the default) or en"),
        "rows" => (Type::Integer, "At most so many alerts, newest first"),
        "month" => (Type::String, "Month of China, such as 2026-11"),
        "certificate" => (Type::String, "Whole number of the certificate"),
        "online" => (Type::Boolean, "Heard within the last three minutes"),
        "reason" => {
            (Type::String, "What for, 2 to 200 characters; needed where `track_reason` of `Me` says so")
        }
        "cursor" => (Type::String, "`next` of the answer before"),
        "from" => (Type::String, "RFC 3339, inclusive"),
        "to" => (Type::String, "RFC 3339, exclusive"),
        "division" => (Type::String, "Two, four or six digits of GB/T 2260: everything below it"),
        "plate" => (Type::String, "Number plate; may be repeated"),
        "state" => (
            Type::String,
            "Of alerts raised, updated or cleared, of commands queued, sent, acknowledged, failed, timed-out or cancelled; \
             may be repeated",
        ),
        "handling" => (Type::String, "Status of the handling; may be repeated"),
        "severity" => (Type::String, "info, minor, major or critical; may be repeated"),
        "rule" => (Type::String, "Rule id; may be repeated"),
        "department" => (Type::String, "Who gets it; may be repeated"),
        "driver" => (Type::String, "Certificate, for who sees it whole; the audit log tells who asked"),
        "class" => (Type::String, "Vehicle class; may be repeated"),
        "terminal" => (Type::String, "Terminal number"),
        "operator" => (Type::String, "Operator id; may be repeated"),
        "assignee" => (Type::String, "Whose it is; may be repeated"),
        "updated_since" => (Type::String, "RFC 3339: recorded, revised or acted on at or after"),
        "sort" => (Type::String, "age (the default) or severity: critical first, then newest"),
        "topics" => (Type::String, "alerts, commands, dangers, handling, summary, vehicles; all unless told"),
        "after" => (Type::String, "Id of the last event seen, for who can't send Last-Event-ID"),
        "all" => (Type::Boolean, "Everybody's"),
        "action" => (Type::String, "What was done; may be repeated"),
        "subject" => (Type::String, "On what it was done; may be repeated"),
        "name" => (Type::String, "Name of the user, token or view"),
        KEY_HEADER => (Type::String, "The same key twice acts once"),
        "kind" => (Type::String, "Kind of zone; may be repeated"),
        "q" => (Type::String, "Part of a plate or terminal number; of places, part of the id or of a name"),
        "note" => (Type::String, "Why, at most 2000 characters"),
        "dry_run" => (Type::Boolean, "Only says what would be done"),
        IF_MATCH => (Type::String, "The ETag of what is to be changed, or *"),
        "by" => (
            Type::String,
            "Of the quality of data vehicle (the default) or operator; of alerts rule, severity, hour, day, operator, division \
             or class; of the audit log who did it",
        ),
        "file" => (Type::String, "Name of the file in the list"),
        _ => (
            Type::String,
            "Id of the alert, command, structure, zone or route, or number of the entry or bulletin",
        ),
    }
}

fn parameter(name: &str, place: ParameterIn, required: Required) -> ParameterBuilder {
    let (kind, meaning) = meaning(name);
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(meaning))
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
}

fn answer(answer: Answer) -> (&'static str, ResponseBuilder) {
    let done = ResponseBuilder::new();
    match answer {
        Answer::Json(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("200", done.description("Done").content("application/json", content))
        }
        Answer::Text(media) => {
            let content =
                ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
            ("200", done.description("Done").content(media, content))
        }
        Answer::Created(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("201", done.description("Made; its place is in `Location`").content("application/json", content))
        }
        Answer::Queued(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("202", done.description("Kept; done in its turn").content("application/json", content))
        }
        Answer::Drawn(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("201", done.description("Drawn, and in force").content("application/json", content))
        }
        Answer::Begun(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("202", done.description("Begun").content("application/json", content))
        }
        Answer::Made(name) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            ("201", done.description("Made").content("application/json", content))
        }
        Answer::Accepted => ("202", done.description("Kept; the rules see it in its turn")),
        Answer::Nothing => ("204", done.description("Done")),
        Answer::Socket(protocol) => {
            ("101", done.description(format!("A WebSocket of the subprotocol {protocol}")))
        }
    }
}

fn refusals(route: &Route) -> Vec<u16> {
    let mut all = route.refusals.to_vec();
    match route.access {
        Access::Open if route.body.is_some() => all.extend([400, 401]),
        Access::Open => {}
        Access::Need(Right::Own) => all.extend([400, 401]),
        Access::Need(_) => all.extend([400, 401, 403]),
    }
    all.push(500);
    all.sort_unstable();
    all.dedup();
    all
}

fn refusal(status: u16) -> ResponseBuilder {
    let meaning = match status {
        400 => "A parameter or the body's JSON is wrong",
        401 => "No credentials, or wrong ones",
        403 => "Not allowed for this role: the right `x-right` is missing; or X-CSRF is",
        404 => "Not there, or not yours to see",
        409 => "Somebody was first: `handling` or `danger` tells the state now; or it is too late for this",
        412 => "It was changed in between: the ETag is another by now",
        413 => "The body is too large",
        415 => "The body is not application/json",
        422 => "A member of the body is wrong, or what a reload reads",
        426 => "No WebSocket is asked for, or of another subprotocol",
        428 => "If-Match is missing",
        429 => "Too many attempts: see Retry-After; or too much waits already",
        503 => "A check fails, or the service is stopping",
        _ => "Our fault",
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(meaning).content("application/problem+json", content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_golden_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../protocol/openapi.json");
        let mut text = serde_json::to_string_pretty(&document()).unwrap();
        text.push('\n');
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text, "UPDATE_EXPECT=1 rewrites it");
    }

    #[test]
    fn every_route_is_described_and_every_reference_resolves() {
        let document = document();
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert_eq!(operation["operationId"], route.id);
            assert!(
                operation["security"].is_array() && operation["responses"]["500"].is_object(),
                "{}",
                route.id
            );
        }
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
