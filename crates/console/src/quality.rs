//! The quality of vehicles' data, day by day: what the joint monitoring network assesses, for a vehicle or an operator.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{Division, EventTime, Registry, TerminalId};
use ledger::{QualityQuery, QualityRow, Scope, Within};
use rules::{Average, Score, Standing, rate};
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::page;
use crate::problem::Problem;
use crate::query::Params;

/// Days shown unless told, today among them.
const DAYS_DEFAULT: i32 = 7;
/// Days of one question: each is summed over all vehicles.
const DAYS_MAX: i32 = 92;
/// From this share of handled alerts on an operator does its duty (dynamic supervision measures, article 35).
pub(crate) const HANDLED_ENOUGH: f64 = 0.9;
/// Of the alarm bits 4 to 12.
const FAULTS: [&str; fleet::FAULT_BITS] = [
    "gnss",
    "antenna_cut",
    "antenna_short",
    "power_low",
    "power_lost",
    "display",
    "speech",
    "camera",
    "card_reader",
];

/// What is asked for.
struct Asked {
    from: i32,
    to: i32,
    terminals: Vec<TerminalId>,
    operators: Vec<String>,
    scope: Scope,
    by_operator: bool,
    limit: usize,
    /// The last item of the page before.
    after: Option<(i32, String)>,
    drift_jumps: u16,
}

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::from_params(&params, &caller, &app)?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let (items, next) = app
        .blocking(move |parts| {
            if asked.by_operator {
                asked.operators(&parts.ledger, &registry)
            } else {
                asked.vehicles(&parts.ledger, &registry)
            }
        })
        .await?
        .map_err(Problem::internal)?;
    Ok(page(items, next))
}

impl Asked {
    fn from_params(params: &Params, caller: &Caller, app: &Shared) -> Result<Self, Problem> {
        let to = params
            .time::<EventTime>("to")?
            .map_or_else(|| day_of(now().as_event()) + 1, |to| day_of(EventTime::from_ms(to.ms() - 1)) + 1);
        let from = params.time::<EventTime>("from")?.map_or(to - DAYS_DEFAULT, day_of);
        if from >= to || to - from > DAYS_MAX {
            let detail = format!(
                "from and to hold {} days, expected 1 to {DAYS_MAX}",
                i64::from(to) - i64::from(from)
            );
            return Err(Problem::parameter("from", detail));
        }
        let by_operator = match params.one::<String>("by")?.as_deref() {
            None | Some("vehicle") => false,
            Some("operator") => true,
            Some(other) => {
                return Err(Problem::parameter(
                    "by",
                    format!("{other:?} is nothing to sum by, expected vehicle or operator"),
                ));
            }
        };
        let terminals = params.all("terminal")?;
        if by_operator && !terminals.is_empty() {
            return Err(Problem::parameter("terminal", "a terminal is no operator: it goes with by=vehicle"));
        }
        let drift_jumps = app.parts.reference.borrow().book.base().quality.drift_jumps;
        Ok(Self {
            from,
            to,
            terminals,
            operators: params.all("operator")?,
            scope: caller.scope.clone(),
            by_operator,
            limit: params.limit()?,
            after: params.one::<String>("cursor")?.map(|cursor| parse_cursor(&cursor)).transpose()?,
            drift_jumps,
        })
    }

    fn vehicles(
        &self,
        ledger: &ledger::Ledger,
        registry: &Registry,
    ) -> Result<(Vec<Value>, Option<String>), ledger::StoreError> {
        let after = self.after.as_ref().and_then(|(day, text)| Some((*day, TerminalId::parse(text).ok()?)));
        let query = QualityQuery {
            from: self.from,
            to: self.to,
            terminals: self.terminals.clone(),
            operators: self.operators.clone(),
            scope: self.scope.clone(),
            also: self.of_divisions(registry),
            drift_jumps: self.drift_jumps,
            limit: self.limit,
            after,
        };
        let (rows, more) = ledger.quality_of_vehicles(&query)?;
        let last = rows.last().and_then(|row| Some(format!("{}.{}", row.day, row.terminal?)));
        let items = rows.iter().map(|row| {
            let vehicle = row.terminal.and_then(|terminal| registry.vehicle(terminal));
            let standing = standing(row, u64::from(vehicle.is_some()), 1);
            let mut item = describe(row, &standing);
            item["terminal"] = json!(row.terminal);
            item["plate"] = json!(vehicle.map(|vehicle| vehicle.plate.as_str()));
            item
        });
        Ok((items.collect(), last.filter(|_| more)))
    }

    /// Every operator on file, also one that nothing came from: newest day first, then by id.
    fn operators(
        &self,
        ledger: &ledger::Ledger,
        registry: &Registry,
    ) -> Result<(Vec<Value>, Option<String>), ledger::StoreError> {
        let mut registered: BTreeMap<&str, u64> =
            registry.operators().map(|o| (o.operator.as_str(), 0)).collect();
        for vehicle in registry.vehicles() {
            *registered.entry(&vehicle.operator).or_default() += 1;
        }
        let (mut items, mut last) = (Vec::new(), None);
        let newest = self.after.as_ref().map_or(self.to - 1, |(day, _)| (*day).min(self.to - 1));
        for day in (self.from..=newest).rev() {
            let rows = ledger.quality_of_operators(day, self.drift_jumps)?;
            let networked = ledger.networked(day)?;
            let of = |operator: &str| {
                let row = rows.get(operator).cloned();
                let row = row.unwrap_or_else(|| QualityRow {
                    day,
                    operator: operator.to_owned(),
                    ..QualityRow::default()
                });
                let on_file = registered.get(operator).copied().unwrap_or_default();
                // A vehicle that changed hands was heard for its old operator.
                let heard = u64::from(networked.get(operator).copied().unwrap_or_default()).min(on_file);
                (standing(&row, on_file, heard), row)
            };
            let region = region(&rows);
            for operator in registered.keys().filter(|operator| self.shows(registry, operator)) {
                if self.after.as_ref().is_some_and(|(at, after)| *at == day && **operator <= **after) {
                    continue;
                }
                if items.len() == self.limit {
                    return Ok((items, last));
                }
                let (standing, row) = of(operator);
                let mut item = describe(&row, &standing);
                item["score"] = points(standing.score(region), region);
                items.push(item);
                last = Some(format!("{day}.{operator}"));
            }
        }
        Ok((items, None))
    }

    /// The vehicles that the scope's divisions add to those of its operators.
    fn of_divisions(&self, registry: &Registry) -> Vec<TerminalId> {
        let Some(Within { operators: _, divisions }) = &self.scope.within else { return Vec::new() };
        let within = Within { operators: Vec::new(), divisions: divisions.clone() };
        let scope = Scope { within: Some(within), department: None };
        let own = registry.vehicles().filter(|vehicle| scope.sees_vehicle("", vehicle.division));
        own.map(|vehicle| vehicle.terminal).collect()
    }

    /// An operator is seen where it is itself, or where it is registered.
    fn shows(&self, registry: &Registry, operator: &str) -> bool {
        let division = registry.operator(operator).map_or(Division::UNKNOWN, |operator| operator.division);
        let own = self.scope.sees_vehicle(operator, division);
        own && (self.operators.is_empty() || self.operators.iter().any(|wanted| wanted == operator))
    }
}

/// Averages over every operator, also those the caller does not see: only the averages are shown.
pub(crate) fn region(rows: &BTreeMap<String, QualityRow>) -> Average {
    let add = |sum: Standing, row: &QualityRow| Standing {
        online: sum.online + u64::from(row.online),
        overspeeds: sum.overspeeds + row.overspeeds,
        fatigue_s: sum.fatigue_s + row.fatigue_s,
        ..sum
    };
    rows.values().fold(Standing::default(), add).average().unwrap_or_default()
}

pub(crate) fn standing(row: &QualityRow, registered: u64, networked: u64) -> Standing {
    Standing {
        registered,
        networked: networked.max(u64::from(row.online)),
        online: row.online.into(),
        continuous_m: row.continuous_dm as f64 / 10.0,
        broken_m: row.broken_dm as f64 / 10.0,
        reports: row.reports,
        invalid: row.invalid,
        drifted: row.drifted.into(),
        overspeeds: row.overspeeds,
        fatigue_s: row.fatigue_s,
        tampers: row.tampers,
    }
}

fn describe(row: &QualityRow, standing: &Standing) -> Value {
    let average = standing.average();
    let handled_rate = rate(row.handled as f64, row.alerts as f64);
    let faults: serde_json::Map<String, Value> =
        FAULTS.iter().zip(row.faults).map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
    json!({
        "day": EventTime::of_day(row.day.into()).date(),
        "operator": row.operator,
        "terminal": null,
        "plate": null,
        "registered": standing.registered,
        "networked": standing.networked,
        "online": standing.online,
        "networked_rate": standing.networked_rate(),
        "online_rate": standing.online_rate(),
        "continuous_km": standing.continuous_m / 1000.0,
        "broken_km": standing.broken_m / 1000.0,
        "track_rate": standing.track_rate(),
        "reports": row.reports,
        "invalid": row.invalid,
        "unlocated": row.unlocated,
        "valid_rate": standing.valid_rate(),
        "jumps": row.jumps,
        "drifted": row.drifted,
        "drift_rate": standing.drift_rate(),
        "overspeeds": row.overspeeds,
        "overspeeds_per_vehicle": average.map(|average| average.overspeeds),
        "fatigue_s": row.fatigue_s,
        "fatigue_s_per_vehicle": average.map(|average| average.fatigue_s),
        "inspection_rate": null,
        "alerts": row.alerts,
        "handled": row.handled,
        "handled_rate": handled_rate,
        "handled_enough": handled_rate.map(|rate| rate >= HANDLED_ENOUGH),
        "tampers": row.tampers,
        "truthful": row.tampers == 0,
        "faults": faults,
        "score": null,
    })
}

fn points(score: Score, region: Average) -> Value {
    json!({
        "networked": score.networked,
        "online": score.online,
        "track": score.track,
        "data": score.data,
        "drift": score.drift,
        "overspeeds": score.overspeeds,
        "fatigue": score.fatigue,
        "inspection": null,
        "total": score.total,
        "out_of": score.out_of,
        "region_overspeeds_per_vehicle": region.overspeeds,
        "region_fatigue_s_per_vehicle": region.fatigue_s,
    })
}

fn parse_cursor(cursor: &str) -> Result<(i32, String), Problem> {
    let parsed = cursor.split_once('.').and_then(|(day, key)| Some((day.parse().ok()?, key.to_owned())));
    parsed.ok_or_else(|| Problem::parameter("cursor", "cursor is none that an answer gave"))
}

fn day_of(at: EventTime) -> i32 {
    i32::try_from(at.day()).unwrap_or_default()
}
