//! Zones and routes of the map as areas that terminals watch by themselves: 0x8604, 0x8606 and their deletion.
//!
//! ```text
//! Places (names) ─ Ground (geometry) ─▶ fit to the wire ─▶ Placed: Command, and how far it is from the map
//! ```
//!
//! A terminal has one number for an area; it is made from the zone's id, so that the same zone has the same number on
//! every terminal and after every restart.

mod fit;

use std::collections::HashMap;

use fleet::{DailyHours, Zone, ZoneKind};
use geo::{LineString, MultiPolygon};
use serde::{Deserialize, Serialize};

use crate::command::area::{AREAS_MAX, NAME_BYTES_MAX};
use crate::{AreaShape, AreaTerms, Command, PolygonArea, RouteLine, RouteTurn, SpeedLimit, Spot, Told};

/// What is asked of a terminal by the names of zones and routes. As JSON:
/// `{"kind": "set-areas", "zones": ["galashan"]}`, `{"kind": "delete-areas", "zones": "all"}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Places {
    /// Areas go: those of these zones, or every circle, rectangle and polygon.
    DeleteAreas {
        /// Which.
        zones: Named,
    },
    /// Routes go: these, or every one, among them those that stand for narrow zones.
    DeleteRoutes {
        /// Which.
        routes: Named,
    },
    /// Zones are watched.
    SetAreas {
        /// Ids of zones, at most 125.
        zones: Vec<String>,
    },
    /// Routes are kept to.
    SetRoutes {
        /// Ids of routes, at most 125.
        routes: Vec<String>,
    },
}

/// Some, or all: as JSON a list of ids, or `"all"`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Named {
    /// These, at most 125.
    These(Vec<String>),
    /// All.
    All(All),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum All {
    /// The word.
    #[serde(rename = "all")]
    All,
}

/// Where zones and routes lie, in WGS-84 degrees.
pub trait Ground {
    /// The zone with this id.
    fn zone(&self, id: &str) -> Option<(&Zone, Outline<'_>)>;
    /// The route with this id.
    fn route(&self, id: &str) -> Option<Way<'_>>;
    /// All zones.
    fn zones(&self) -> Vec<(&Zone, Outline<'_>)>;
    /// Ids of all routes.
    fn routes(&self) -> Vec<&str>;
}

/// The shape of a zone.
#[derive(Clone, Copy, Debug)]
pub enum Outline<'g> {
    /// Polygons; holes count as inside, terminals know none.
    Area(&'g MultiPolygon<f64>),
    /// A line with a width.
    Corridor {
        /// The middle.
        line: &'g LineString<f64>,
        /// From border to border, metres.
        width_m: f64,
    },
}

/// The shape of a route.
#[derive(Clone, Copy, Debug)]
pub struct Way<'g> {
    /// The middle.
    pub line: &'g LineString<f64>,
    /// How far from the line is still on the route, metres to either side.
    pub corridor_m: f64,
    /// When it holds; always where nothing.
    pub hours: Option<DailyHours>,
}

/// A command that stands for a zone, a part of one, or a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The command.
    pub command: Command,
    /// So far outside the map's border the terminal's may lie, metres; nothing of the map's lies outside the terminal's but
    /// by rounding (0.1 m) or where it `is_narrow`.
    pub beyond_m: f64,
    /// The corridor is wider than the 255 m a terminal can be told: it reports a departure too early.
    pub is_narrow: bool,
}

/// Why zones and routes can't be watched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Misplaced {
    /// None, or too many.
    #[error("{count} are named, expected 1 to 125")]
    Count {
        /// How many.
        count: usize,
    },
    /// There is nothing to watch.
    #[error("{id:?} has no extent, expected a shape with an area or a length")]
    Empty {
        /// The zone or route.
        id: String,
    },
    /// Two of the map have the same number, so that a terminal could not tell them apart.
    #[error(
        "{first:?} and {second:?} have the same number on terminals, expected another id for one of them"
    )]
    SameNumber {
        /// The one that was asked for.
        first: String,
        /// The other one.
        second: String,
    },
    /// The map doesn't have it.
    #[error("{id:?} is not on the map, expected the id of a {what}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// `zone` or `route`.
        what: &'static str,
    },
}

/// Parts of one zone; those of the standard's own limit of areas.
const PARTS_MAX: usize = AREAS_MAX;

impl Places {
    /// Whether a command document of this kind is one of these.
    pub fn has_kind(kind: &str) -> bool {
        matches!(kind, "delete-areas" | "delete-routes" | "set-areas" | "set-routes")
    }

    /// The commands it stands for, in the order they are to be sent.
    ///
    /// # Errors
    /// The first zone or route that no terminal can be told of.
    pub fn resolve(&self, ground: &dyn Ground) -> Result<Vec<Placed>, Misplaced> {
        match self {
            Self::SetAreas { zones } => {
                check_count(zones)?;
                let numbers = Numbers::of(ground);
                let each = zones.iter().map(|id| {
                    let unknown = || Misplaced::Unknown { id: id.clone(), what: "zone" };
                    let (zone, outline) = ground.zone(id).ok_or_else(unknown)?;
                    numbers.check(id, ZONE)?;
                    place_zone(zone, outline)
                });
                each.collect::<Result<Vec<_>, _>>().map(|placed| placed.concat())
            }
            Self::SetRoutes { routes } => {
                check_count(routes)?;
                let numbers = Numbers::of(ground);
                let each = routes.iter().map(|id| {
                    let unknown = || Misplaced::Unknown { id: id.clone(), what: "route" };
                    let way = ground.route(id).ok_or_else(unknown)?;
                    numbers.check(id, ROUTE)?;
                    place_route(id, way)
                });
                each.collect()
            }
            Self::DeleteAreas { zones: Named::All(All::All) } => {
                let shapes = [AreaShape::Circle, AreaShape::Rectangle, AreaShape::Polygon];
                Ok(shapes.map(|shape| delete(shape, Vec::new())).to_vec())
            }
            Self::DeleteRoutes { routes: Named::All(All::All) } => {
                Ok(vec![delete(AreaShape::Route, Vec::new())])
            }
            Self::DeleteAreas { zones: Named::These(zones) } => {
                check_count(zones)?;
                Ok(delete_zones(zones, ground))
            }
            Self::DeleteRoutes { routes: Named::These(routes) } => {
                check_count(routes)?;
                Ok(deletions(AreaShape::Route, routes.iter().map(|id| number(ROUTE, id, 0)).collect()))
            }
        }
    }
}

fn check_count(ids: &[String]) -> Result<(), Misplaced> {
    if (1..=AREAS_MAX).contains(&ids.len()) { Ok(()) } else { Err(Misplaced::Count { count: ids.len() }) }
}

/// A zone that the map has lost may still be on a terminal, as a polygon or as a route.
fn delete_zones(zones: &[String], ground: &dyn Ground) -> Vec<Placed> {
    let (mut polygons, mut routes) = (Vec::new(), Vec::new());
    for id in zones {
        let outline = ground.zone(id).map(|(_, outline)| outline);
        polygons.extend((0..outline.map_or(1, parts)).map(|part| number(ZONE, id, part)));
        match outline {
            Some(Outline::Area(_)) => {}
            Some(Outline::Corridor { .. }) | None => routes.push(number(ZONE, id, 0)),
        }
    }
    let mut placed = deletions(AreaShape::Polygon, polygons);
    placed.extend(deletions(AreaShape::Route, routes));
    placed
}

fn deletions(shape: AreaShape, ids: Vec<u32>) -> Vec<Placed> {
    ids.chunks(AREAS_MAX).map(|ids| delete(shape, ids.to_vec())).collect()
}

fn delete(shape: AreaShape, ids: Vec<u32>) -> Placed {
    Placed { command: Command::DeleteShapes { shape, ids }, beyond_m: 0.0, is_narrow: false }
}

/// A zone as polygons, or as a route where it is a line no wider than a terminal can be told.
///
/// # Errors
/// [`Misplaced::Empty`] where there is nothing to watch.
pub fn place_zone(zone: &Zone, outline: Outline<'_>) -> Result<Vec<Placed>, Misplaced> {
    let empty = || Misplaced::Empty { id: zone.id.clone() };
    let terms = terms(zone);
    let polygon = |part: usize, fitted: fit::Corners| Placed {
        command: Command::SetPolygon(PolygonArea {
            id: number(ZONE, &zone.id, part),
            corners: fitted.corners.into_iter().map(Spot).collect(),
            terms: terms.clone(),
        }),
        beyond_m: fitted.beyond_m,
        is_narrow: false,
    };
    match outline {
        Outline::Area(area) => {
            let parts = area.0.iter().take(PARTS_MAX).enumerate();
            let placed = parts.map(|(part, it)| Some(polygon(part, fit::polygon(it)?)));
            let placed = placed.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty());
            placed.ok_or_else(empty)
        }
        Outline::Corridor { line, width_m } if width_m <= f64::from(u8::MAX) => {
            let points = fit::line(line, width_m / 2.0).ok_or_else(empty)?;
            Ok(vec![route(number(ZONE, &zone.id, 0), points, terms)])
        }
        Outline::Corridor { line, width_m } => {
            let corners = fit::corridor(line, width_m / 2.0).ok_or_else(empty)?;
            Ok(vec![polygon(0, corners)])
        }
    }
}

/// A route; who drives and the platform are told when it is left.
///
/// # Errors
/// [`Misplaced::Empty`] where there is nothing to keep to.
pub fn place_route(id: &str, way: Way<'_>) -> Result<Placed, Misplaced> {
    let points = fit::line(way.line, way.corridor_m).ok_or_else(|| Misplaced::Empty { id: id.to_owned() })?;
    let terms = AreaTerms { name: name(id), hours: way.hours, leaving: Told::Both, ..AreaTerms::default() };
    Ok(route(number(ROUTE, id, 0), points, terms))
}

/// A route has its limit by segment, and nothing about doors.
fn route(id: u32, fitted: fit::Line, terms: AreaTerms) -> Placed {
    let limit = terms.limit;
    let points = fitted.points.into_iter();
    let points = points.map(|at| RouteTurn { at: Spot(at), width_m: fitted.width_m, limit, takes: None });
    let terms = AreaTerms { limit: None, ..terms };
    Placed {
        command: Command::SetRoute(RouteLine { id, points: points.collect(), terms }),
        beyond_m: fitted.beyond_m,
        is_narrow: fitted.is_narrow,
    }
}

/// Whom a zone is closed to concerns driver and platform; a limit and a ban on parking concern the driver; where
/// vehicles may rest the platform wants to know.
fn terms(zone: &Zone) -> AreaTerms {
    let (entering, leaving) = match zone.kind {
        ZoneKind::Bridge | ZoneKind::Closed | ZoneKind::Tunnel | ZoneKind::WaterSource => {
            (Told::Both, Told::Both)
        }
        ZoneKind::NoParking | ZoneKind::SpeedLimit => (Told::Driver, Told::Nobody),
        ZoneKind::HazmatPark | ZoneKind::RelayPoint | ZoneKind::ServiceArea => {
            (Told::Platform, Told::Platform)
        }
    };
    let limit = zone.limit_kmh.map(|kmh| SpeedLimit { max_kmh: whole(kmh), duration_s: 10, night_kmh: None });
    AreaTerms { name: name(&zone.name_zh), hours: zone.hours, limit, entering, leaving, doors_shut: false }
}

/// As many whole characters as an area's name may have bytes.
fn name(text: &str) -> String {
    let mut bytes = 0;
    let fits = |letter: &char| {
        bytes += jt808::encode_text(letter.encode_utf8(&mut [0; 4])).len();
        bytes <= NAME_BYTES_MAX
    };
    text.chars().take_while(fits).collect()
}

/// km/h without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
fn whole(kmh: f64) -> u16 {
    kmh.floor() as u16
}

const ZONE: &str = "zone";
const ROUTE: &str = "route";

/// The number of a zone's part, or of a route, on every terminal: 32-bit FNV-1a of what it is, its id and, from the second
/// on, its part; never 0.
fn number(what: &str, id: &str, part: usize) -> u32 {
    let mut text = format!("{what}/{id}");
    if part > 0 {
        text.push_str(&format!("/{part}"));
    }
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step).max(1)
}

/// Who has which number.
struct Numbers<'g>(HashMap<u32, Vec<(&'static str, &'g str)>>);

impl<'g> Numbers<'g> {
    fn of(ground: &'g dyn Ground) -> Self {
        let mut numbers: HashMap<u32, Vec<(&'static str, &'g str)>> = HashMap::new();
        let mut note = |number, what, id| numbers.entry(number).or_default().push((what, id));
        for (zone, outline) in ground.zones() {
            (0..parts(outline)).for_each(|part| note(number(ZONE, &zone.id, part), ZONE, zone.id.as_str()));
        }
        ground.routes().into_iter().for_each(|id| note(number(ROUTE, id, 0), ROUTE, id));
        Self(numbers)
    }

    /// Two of 10,000 zones share a number once in some hundred maps.
    fn check(&self, id: &str, what: &str) -> Result<(), Misplaced> {
        let mine = |owner: &&(&str, &str)| owner.0 == what && owner.1 == id;
        let shared = self.0.values().filter(|owners| owners.iter().any(|owner| mine(&owner)));
        match shared.flatten().find(|owner| !mine(owner)) {
            Some((_, second)) => {
                Err(Misplaced::SameNumber { first: id.to_owned(), second: (*second).to_owned() })
            }
            None => Ok(()),
        }
    }
}

fn parts(outline: Outline<'_>) -> usize {
    match outline {
        Outline::Area(area) => area.0.len().clamp(1, PARTS_MAX),
        Outline::Corridor { .. } => 1,
    }
}

#[cfg(test)]
mod tests;
