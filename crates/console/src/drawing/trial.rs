//! Which vehicles a zone would have seen: their history is gone over, nothing is changed and nobody is accused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas::Atlas;
use axum::extract::State;
use axum::{Extension, Json};
use fleet::{EventTime, Fix, Leg, Map, TerminalId, Touch, VehicleClass};
use serde_json::{Value, json};
use settings::{Place, PlaceKind};

use super::write::checked;
use crate::Parts;
use crate::app::Shared;
use crate::guard::Caller;
use crate::json::{Body, to_http};
use crate::problem::Problem;
use crate::schema::ZoneTrialRequest;

/// The longest time gone over.
const SPAN_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Vehicles gone over, by rising terminal number.
const VEHICLES_MAX: usize = 5_000;
/// Positions read of one vehicle: one every ten seconds for seven days; 32 bytes each while it is gone over.
const FIXES_MAX: usize = 60_480;
/// How long it may take: the answer says how far it came.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Between two positions further apart in time nobody knows the way.
const LEG_MAX: Duration = Duration::from_secs(120);

pub(crate) async fn trial(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(ZoneTrialRequest { feature, from, to, drawn_on }): Body<ZoneTrialRequest>,
) -> Result<Json<Value>, Problem> {
    let place = checked(PlaceKind::Zones, &feature, drawn_on.as_deref())?;
    let time = |member: &str, text: &str| {
        text.parse::<EventTime>().map_err(|error| Problem::body(member, format!("{member}: {error}")))
    };
    let (from, to) = (time("from", &from)?, time("to", &to)?);
    if to <= from || to.since(from) > SPAN_MAX {
        return Err(Problem::body("to", "expected a time after from, at most seven days later"));
    }
    let Place::Zone(zone, shape) = place else { return Err(Problem::body("feature", "expected a zone")) };
    let classes = zone.classes.clone();
    let map = Atlas::build(vec![(*zone, shape)], Vec::new(), Vec::new());
    let _turn = app.trials.acquire().await.map_err(Problem::internal)?;
    let answer = app.blocking(move |parts| search((&caller, parts), &map, &classes, (from, to))).await??;
    Ok(Json(to_http(&answer)?))
}

/// When a vehicle came in and when it was out again, as far as its positions tell.
#[derive(Default)]
struct Stay {
    entered: Option<EventTime>,
    left: Option<EventTime>,
    points: usize,
}

fn search(
    (caller, parts): (&Caller, &Parts),
    map: &Atlas,
    classes: &[VehicleClass],
    (from, to): (EventTime, EventTime),
) -> Result<Value, Problem> {
    let registry = Arc::clone(&parts.reference.borrow().registry);
    let mut wanted: Vec<(TerminalId, String)> = registry
        .vehicles()
        .filter(|vehicle| caller.sees_vehicle(Some(vehicle)))
        .filter(|vehicle| classes.is_empty() || classes.contains(&vehicle.class))
        .map(|vehicle| (vehicle.terminal, vehicle.plate.clone()))
        .collect();
    wanted.sort();
    let started = Instant::now();
    let (mut found, mut points, mut looked) = (Vec::new(), 0, 0);
    for (terminal, plate) in wanted.iter().take(VEHICLES_MAX) {
        if started.elapsed() > TIME_MAX {
            break;
        }
        let fixes = parts.history.track(*terminal, from, to, FIXES_MAX).map_err(Problem::internal)?;
        looked += 1;
        let stay = stay(map, &fixes);
        points += stay.points;
        if stay.entered.is_some() {
            found.push(json!({
                "terminal": terminal, "plate": plate, "entered_at": stay.entered, "left_at": stay.left,
                "points": stay.points,
            }));
        }
    }
    Ok(json!({
        "from": from.to_rfc3339_ms(), "to": to.to_rfc3339_ms(), "vehicles": found, "points": points,
        "vehicles_looked": looked, "complete": looked == wanted.len(),
    }))
}

/// The first time in and the last time out of a track, oldest first.
fn stay(map: &Atlas, fixes: &[Fix]) -> Stay {
    let (mut stay, mut hits, mut before) = (Stay::default(), Vec::new(), None::<&Fix>);
    for fix in fixes {
        let near = before.filter(|before| fix.at.since(before.at) <= LEG_MAX);
        let leg = Leg { from: near.map(|before| before.position), to: fix.position };
        Map::zones(map, leg, &mut hits);
        let touch = hits.first().map(|hit| hit.touch);
        if matches!(touch, Some(Touch::Inside | Touch::Crossed)) {
            stay.entered.get_or_insert(fix.at);
            stay.points += 1;
        }
        match touch {
            Some(Touch::Inside) => stay.left = None,
            _ if stay.entered.is_some() && stay.left.is_none() => stay.left = Some(fix.at),
            _ => {}
        }
        before = Some(fix);
    }
    stay
}
