//! Drivers, escorts and carers on file. A certificate number is shown whole to those who need it only.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{Division, Driver, Registry};
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::Right;

/// Characters that stay of a certificate number.
const SHOWN: usize = 4;

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit()?;
    // The number of drivers shown before: a certificate would give away what is masked.
    let skip = params.one::<usize>("cursor")?.unwrap_or_default();
    let wanted = params.one::<String>("q")?.map(|text| text.to_lowercase());
    let operators = params.all::<String>("operator")?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let fits = |driver: &&Driver| {
        // A search finds no more than what is shown.
        let shown = certificate(&caller, &driver.certificate).to_lowercase();
        is_seen(&registry, &caller, driver)
            && (operators.is_empty() || operators.contains(&driver.operator))
            && wanted
                .as_ref()
                .is_none_or(|text| shown.contains(text) || driver.name.to_lowercase().contains(text))
    };
    let mut found: Vec<&Driver> = registry.drivers().filter(fits).collect();
    found.sort_by(|a, b| (&a.operator, &a.certificate).cmp(&(&b.operator, &b.certificate)));
    let end = skip.saturating_add(limit);
    let items: Result<_, _> =
        found.iter().skip(skip).take(limit).map(|driver| describe(&registry, driver, &caller)).collect();
    Ok(page(items?, (found.len() > end).then(|| end.to_string())))
}

/// A driver that this caller may see whole; otherwise it is not there.
pub(crate) fn find<'r>(registry: &'r Registry, caller: &Caller, id: &str) -> Result<&'r Driver, Problem> {
    let driver =
        registry.driver(id).filter(|driver| is_known_to(caller) && is_seen(registry, caller, driver));
    driver.ok_or_else(|| Problem::not_found("such driver"))
}

pub(crate) fn describe(registry: &Registry, driver: &Driver, caller: &Caller) -> Result<Value, Problem> {
    let classes: Vec<_> = driver.classes.iter().map(|class| class.as_str()).collect();
    to_http(&json!({
        "certificate": certificate(caller, &driver.certificate),
        "name": driver.name,
        "operator": driver.operator,
        "operator_name": registry.operator(&driver.operator).map(|operator| &operator.name),
        "role": driver.role,
        "classes": classes,
        "valid_until": driver.valid_until,
        "valid": driver.valid_until > now().as_event(),
    }))
}

/// The number, or its last characters.
pub(crate) fn certificate(caller: &Caller, number: &str) -> String {
    if is_known_to(caller) { number.to_owned() } else { masked(number) }
}

/// Who acts on drivers: the desk, the police, and the operator for its own.
fn is_known_to(caller: &Caller) -> bool {
    caller.has(Right::Commands)
}

/// A driver is seen with the operator.
fn is_seen(registry: &Registry, caller: &Caller, driver: &Driver) -> bool {
    let division =
        registry.operator(&driver.operator).map_or(Division::UNKNOWN, |operator| operator.division);
    caller.scope.sees_vehicle(&driver.operator, division)
}

fn masked(number: &str) -> String {
    let count = number.chars().count();
    let shown = if count > SHOWN * 2 { SHOWN } else { 0 };
    format!("…{}", number.chars().skip(count - shown).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_masked_number_only_the_end_is_left() {
        assert_eq!(masked("54010219800101101X"), "…101X");
        assert_eq!(masked("5401"), "…");
        assert_eq!(masked(""), "…");
    }
}
