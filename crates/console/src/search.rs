//! One box that finds vehicles, operators, drivers and zones. Asked by POST, so that plates and names stay out of the logs of
//! proxies.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{Registry, TerminalId, Vehicle};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::guard::Caller;
use crate::json::Body;
use crate::problem::Problem;
use crate::schema::SearchRequest;
use crate::slots::{Slots, sees_group};

/// Of each kind at most so many, in order of their ids.
const FOUND_MAX: usize = 20;
/// Characters of what is looked for.
pub(crate) const TEXT_MAX: usize = 40;

pub(crate) async fn search(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(SearchRequest { q }): Body<SearchRequest>,
) -> Result<Json<Value>, Problem> {
    let text = q.trim().to_uppercase();
    if text.is_empty() || q.chars().count() > TEXT_MAX {
        return Err(Problem::body(
            "q",
            format!("q has {} characters, expected 1 to {TEXT_MAX}", q.chars().count()),
        ));
    }
    let reference = Arc::clone(&app.parts.reference.borrow());
    let registry = &reference.registry;
    let zones = reference.atlas.zones().map(|(zone, _)| zone);
    let zones: Vec<Value> = zones
        .filter(|zone| [&zone.id, &zone.name_zh, &zone.name_en].iter().any(|name| holds(name, &text)))
        .take(FOUND_MAX)
        .map(|zone| {
            json!({ "id": zone.id, "kind": zone.kind, "name_zh": zone.name_zh, "name_en": zone.name_en })
        })
        .collect();
    Ok(Json(json!({
        "vehicles": vehicles(&app.fold.read(), registry, &caller, &text),
        "operators": operators(registry, &app.fold.read(), &caller, &text),
        "drivers": drivers(registry, &app.fold.read(), &caller, &text),
        "zones": zones,
    })))
}

/// Terminals whose number or plate holds a text, rising; up to one more than `at_most`.
pub(crate) fn terminals(slots: &Slots, text: &str, at_most: usize) -> Vec<TerminalId> {
    let on_file =
        slots.registry().vehicles().filter(|vehicle| is_named(Some(*vehicle), vehicle.terminal, text));
    let strangers = slots.strangers().filter(|terminal| is_named(None, *terminal, text));
    let mut found: Vec<_> = on_file.map(|vehicle| vehicle.terminal).chain(strangers).collect();
    found.sort_unstable();
    found.truncate(at_most + 1);
    found
}

fn is_named(vehicle: Option<&Vehicle>, terminal: TerminalId, text: &str) -> bool {
    terminal.as_str().contains(text) || vehicle.is_some_and(|vehicle| vehicle.plate.contains(text))
}

fn holds(name: &str, text: &str) -> bool {
    name.to_uppercase().contains(text)
}

fn vehicles(slots: &Slots, registry: &Registry, caller: &Caller, text: &str) -> Vec<Value> {
    let mine: Vec<bool> = slots.groups().iter().map(|group| sees_group(caller, group)).collect();
    let seen = slots.known().filter(|(_, point)| mine.get(point.group_index()) == Some(&true));
    let mut found: Vec<_> = seen
        .filter_map(|(slot, _)| slots.terminal(slot))
        .map(|terminal| (terminal, registry.vehicle(terminal)))
        .filter(|(terminal, vehicle)| is_named(*vehicle, *terminal, text))
        .collect();
    found.sort_unstable_by_key(|(terminal, _)| *terminal);
    let describe = |(terminal, vehicle): (TerminalId, Option<&Vehicle>)| {
        json!({
            "terminal": terminal,
            "plate": vehicle.map_or("", |vehicle| vehicle.plate.as_str()),
            "class": vehicle.map(|vehicle| vehicle.class),
            "operator": vehicle.map_or("", |vehicle| vehicle.operator.as_str()),
        })
    };
    found.into_iter().take(FOUND_MAX).map(describe).collect()
}

/// Whether any vehicle of an operator is seen.
fn sees_operator(slots: &Slots, caller: &Caller, operator: &str) -> bool {
    slots.groups().iter().any(|group| group.operator == operator && sees_group(caller, group))
}

fn operators(registry: &Registry, slots: &Slots, caller: &Caller, text: &str) -> Vec<Value> {
    let mut found: Vec<_> = registry
        .operators()
        .filter(|operator| holds(&operator.operator, text) || holds(&operator.name, text))
        .filter(|operator| sees_operator(slots, caller, &operator.operator))
        .collect();
    found.sort_unstable_by_key(|operator| &operator.operator);
    let describe = |operator: &fleet::Operator| json!({ "operator": operator.operator, "name": operator.name, "division": operator.division });
    found.into_iter().take(FOUND_MAX).map(describe).collect()
}

fn drivers(registry: &Registry, slots: &Slots, caller: &Caller, text: &str) -> Vec<Value> {
    let mut found: Vec<_> = registry
        .drivers()
        .filter(|driver| driver.certificate.contains(text) || holds(&driver.name, text))
        .filter(|driver| sees_operator(slots, caller, &driver.operator))
        .collect();
    found.sort_unstable_by_key(|driver| &driver.certificate);
    let describe = |driver: &fleet::Driver| {
        json!({
            "certificate": driver.certificate, "name": driver.name, "operator": driver.operator, "role": driver.role,
        })
    };
    found.into_iter().take(FOUND_MAX).map(describe).collect()
}
