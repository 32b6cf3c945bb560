//! Vehicles: what is on file, joined with the latest word; and where they were.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use fleet::{Division, EventTime, PlateColor, PositionLabel, Registry, TerminalId, Vehicle, VehicleClass};
use pipeline::LiveVehicle;
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::{page, to_http};
use crate::problem::Problem;
use crate::query::Params;
use crate::reasons;

/// A terminal that said nothing for so long is offline; the gateway's default idle timeout.
pub(crate) const ONLINE_MAX: Duration = Duration::from_secs(180);
/// How far back a track goes unless told.
const TRACK_DEFAULT: Duration = Duration::from_secs(24 * 3600);

/// What is known of one terminal.
pub(crate) type Known = (Option<Vehicle>, Option<Arc<LiveVehicle>>);

pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let filter = Filter::from_params(&params)?;
    let limit = params.limit()?;
    let after = params.one::<TerminalId>("cursor")?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let mut matching = everything(&app, &registry).into_iter().filter(|(terminal, known)| {
        after.is_none_or(|after| *terminal > after) && sees(&caller, known) && filter.lets(*terminal, known)
    });
    let mut items = Vec::new();
    let mut last = None;
    for (terminal, known) in matching.by_ref().take(limit) {
        items.push(describe(&registry, terminal, &known)?);
        last = Some(terminal.to_string());
    }
    Ok(page(items, matching.next().and(last)))
}

pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(terminal): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (terminal, known) = visible(&app, &caller, &terminal)?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let profile = app.blocking(move |parts| parts.ledger.profile(terminal)).await?;
    let mut vehicle = describe(&registry, terminal, &known)?;
    if let Some(vehicle) = vehicle.as_object_mut() {
        // What another version wrote is shown once the terminal has shown itself again.
        let profile = profile.map_err(Problem::internal)?.and_then(|text| serde_json::from_str(&text).ok());
        vehicle.insert("profile".to_owned(), profile.unwrap_or(Value::Null));
    }
    Ok(Json(vehicle))
}

pub(crate) async fn track(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
    Path(terminal): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (terminal, _) = visible(&app, &caller, &terminal)?;
    let to = params.time::<EventTime>("to")?.unwrap_or_else(|| now().as_event().plus(ONLINE_MAX));
    let from = params.time::<EventTime>("from")?.unwrap_or_else(|| to.minus(TRACK_DEFAULT));
    let limit = params.limit()?;
    let (from, skip) = match params.one::<String>("cursor")? {
        Some(cursor) => parse_cursor(&cursor)?,
        None => (from, 0),
    };
    reasons::keep(&app, &caller, &params, terminal, (from, to)).await?;
    let fixes = app
        .blocking(move |parts| parts.history.track(terminal, from, to, skip + limit + 1))
        .await?
        .map_err(Problem::internal)?;
    let (_, rest) = fixes.split_at(skip.min(fixes.len()));
    let shown = &rest[..limit.min(rest.len())];
    let next = (rest.len() > limit).then(|| shown.last()).flatten().map(|last| {
        // Several positions may bear one time: the cursor says how many of them have been shown.
        let same = fixes.iter().take(skip + shown.len()).filter(|fix| fix.at == last.at).count();
        format!("{}-{same}", last.at.ms())
    });
    let items: Result<_, _> = shown.iter().map(|fix| to_http(&PositionLabel::from(fix))).collect();
    Ok(page(items?, next))
}

fn parse_cursor(cursor: &str) -> Result<(EventTime, usize), Problem> {
    let parsed =
        cursor.rsplit_once('-').and_then(|(ms, same)| Some((ms.parse().ok()?, same.parse::<u16>().ok()?)));
    let (ms, same) =
        parsed.ok_or_else(|| Problem::parameter("cursor", "cursor is none that an answer gave"))?;
    Ok((EventTime::from_ms(ms), usize::from(same)))
}

/// The vehicle if it is there and this caller may see it; otherwise it is not there.
pub(crate) fn visible(app: &Shared, caller: &Caller, terminal: &str) -> Result<(TerminalId, Known), Problem> {
    let absent = || Problem::not_found("such vehicle");
    let terminal = TerminalId::parse(terminal).map_err(|_| absent())?;
    let registered = app.parts.reference.borrow().registry.vehicle(terminal).cloned();
    let known = (registered, app.parts.live.vehicle(terminal));
    let is_known = known.0.is_some() || known.1.is_some();
    if is_known && sees(caller, &known) { Ok((terminal, known)) } else { Err(absent()) }
}

pub(crate) fn sees(caller: &Caller, known: &Known) -> bool {
    caller.sees_vehicle(known.0.as_ref())
}

/// The registry and what reported, by rising terminal number.
pub(crate) fn everything(app: &Shared, registry: &Registry) -> BTreeMap<TerminalId, Known> {
    let mut all: BTreeMap<TerminalId, Known> =
        registry.vehicles().map(|vehicle| (vehicle.terminal, (Some(vehicle.clone()), None))).collect();
    for vehicle in app.parts.live.vehicles() {
        let terminal = vehicle.terminal;
        all.entry(terminal).or_default().1 = Some(vehicle);
    }
    all
}

pub(crate) fn is_online(live: Option<&LiveVehicle>) -> bool {
    live.is_some_and(|live| now().since(live.received) <= ONLINE_MAX)
}

/// A vehicle as the interface shows it.
pub(crate) fn describe(
    registry: &Registry,
    terminal: TerminalId,
    (vehicle, live): &Known,
) -> Result<Value, Problem> {
    let vehicle = vehicle.as_ref();
    let position = live.as_ref().and_then(|live| live.fix.as_ref()).map(PositionLabel::from);
    to_http(&json!({
        "terminal": terminal,
        "plate": vehicle.map_or("", |v| v.plate.as_str()),
        "plate_color": vehicle.map_or(PlateColor::Other, |v| v.plate_color),
        "class": vehicle.map(|v| v.class),
        "operator": vehicle.map_or("", |v| v.operator.as_str()),
        "operator_name": vehicle.and_then(|v| registry.operator(&v.operator)).map(|operator| operator.name.as_str()),
        "division": vehicle.map_or(Division::UNKNOWN, |v| v.division),
        "route": vehicle.and_then(|v| v.route.as_deref()),
        "hazmat_class": vehicle.and_then(|v| v.hazmat_class.as_deref()),
        "hazmat_un": vehicle.and_then(|v| v.hazmat_un.as_deref()),
        "online": is_online(live.as_deref()),
        "received_at": live.as_ref().map(|live| live.received),
        "position": position,
        "alarms": live.as_ref().map_or(0, |live| live.alarms.0),
        "status": live.as_ref().map_or(0, |live| live.status.0),
        "worst_open": live.as_ref().and_then(|live| live.worst_open),
        "open_alerts": live.as_ref().map_or(0, |live| live.open_alerts),
        "profile": null,
    }))
}

struct Filter {
    plates: Vec<String>,
    terminals: Vec<TerminalId>,
    operators: Vec<String>,
    divisions: Vec<String>,
    classes: Vec<VehicleClass>,
    online: Option<bool>,
    /// A part of the plate or of the terminal's number.
    part: Option<String>,
}

impl Filter {
    fn from_params(params: &Params) -> Result<Self, Problem> {
        Ok(Self {
            plates: params.all("plate")?,
            terminals: params.all("terminal")?,
            operators: params.all("operator")?,
            divisions: divisions(params)?,
            classes: params.all("class")?,
            online: params.one("online")?,
            part: params.one::<String>("q")?.map(|text| text.to_uppercase()),
        })
    }

    fn lets(&self, terminal: TerminalId, known: &Known) -> bool {
        let vehicle = known.0.as_ref();
        let one_of = |wanted: &[String], fits: &dyn Fn(&Vehicle, &str) -> bool| {
            wanted.is_empty() || vehicle.is_some_and(|vehicle| wanted.iter().any(|text| fits(vehicle, text)))
        };
        one_of(&self.plates, &|vehicle, plate| vehicle.plate == plate)
            && one_of(&self.operators, &|vehicle, operator| vehicle.operator == operator)
            && one_of(&self.divisions, &|vehicle, prefix| vehicle.division.to_string().starts_with(prefix))
            && (self.terminals.is_empty() || self.terminals.contains(&terminal))
            && (self.classes.is_empty()
                || vehicle.is_some_and(|vehicle| self.classes.contains(&vehicle.class)))
            && self.part.as_ref().is_none_or(|part| {
                terminal.as_str().contains(part)
                    || vehicle.is_some_and(|vehicle| vehicle.plate.contains(part))
            })
            && self.online.is_none_or(|wanted| wanted == is_online(known.1.as_deref()))
    }
}

/// Prefixes of divisions: a province has two digits, a prefecture four, a county six.
pub(crate) fn divisions(params: &Params) -> Result<Vec<String>, Problem> {
    let prefixes = params.all::<String>("division")?;
    let is_prefix =
        |text: &String| matches!(text.len(), 2 | 4 | 6) && text.bytes().all(|byte| byte.is_ascii_digit());
    match prefixes.iter().find(|text| !is_prefix(text)) {
        Some(wrong) => Err(Problem::parameter(
            "division",
            format!("{wrong:?} is no division, expected 2, 4 or 6 digits"),
        )),
        None => Ok(prefixes),
    }
}
