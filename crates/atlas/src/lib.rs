//! Zones, routes, roads and divisions, and the answers to what the rules ask of the map.
//!
//! ```text
//! shapes ─ Atlas::build ──────▶ grid over envelopes ─▶ exact test ─▶ ZoneHit, clearance, off-route, division
//! roads ── Atlas::with_roads ─▶ segments in squares ─▶ places a fix may lie at ─▶ likeliest way ─▶ OnRoad, passed
//!                           └─▶ ways to each zone ───▶ Ahead
//! ```
//!
//! Every answer depends on the arguments alone and comes in the order of the zones. Containment is decided in degrees;
//! distances are taken in an equirectangular plane around the position that asks, within 0.5 % for tens of kilometres.
//! A shape may not pass the 180th meridian. This crate does **not** read files and knows no vehicle.

mod approach;
mod build;
mod cells;
mod follow;
mod gcj02;
mod grid;
mod map;
mod net;
mod path;
mod plane;
mod ring;
mod search;

use std::collections::HashMap;

use fleet::{DailyHours, Division, LonLat, Road, RoadIndex, Zone, ZoneKind};
use geo::{LineString, MultiPolygon};

pub use gcj02::gcj02_to_wgs84;

use crate::approach::Approach;
use crate::grid::Grid;
use crate::net::Net;
use crate::path::Path;
use crate::plane::Point;
use crate::ring::Ring;

/// Where a zone lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Polygons, with holes.
    Area(MultiPolygon<f64>),
    /// A line with a width.
    Corridor {
        /// The middle.
        line: LineString<f64>,
        /// From border to border, metres.
        width_m: f64,
    },
}

/// A way that vehicles keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Unique among all routes.
    pub id: String,
    /// The way.
    pub line: LineString<f64>,
    /// How far from the line is still on the route, metres to either side.
    pub corridor_m: f64,
    /// Hours in which it holds; `None`: always.
    pub hours: Option<DailyHours>,
    /// Where it halts.
    pub stops: Vec<LonLat>,
}

/// An indexed set of zones, routes and divisions.
#[derive(Debug)]
pub struct Atlas {
    zones: Vec<Placed>,
    zone_ids: HashMap<String, u32>,
    zone_grid: Grid,
    /// Every kind that occurs, once.
    zone_kinds: Vec<ZoneKind>,
    routes: Vec<(Route, Path)>,
    route_ids: HashMap<String, u32>,
    divisions: Vec<(Division, Vec<Vec<Ring>>)>,
    division_grid: Grid,
    net: Net,
    version: String,
}

impl Atlas {
    /// All zones with their shapes, in the order of their index.
    pub fn zones(&self) -> impl ExactSizeIterator<Item = (&Zone, &Shape)> {
        self.zones.iter().map(|placed| (&placed.zone, &placed.shape))
    }

    /// All routes, in the order of their index.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.routes.iter().map(|(route, _)| route)
    }

    /// All roads, in the order of their index.
    pub fn roads(&self) -> impl ExactSizeIterator<Item = &Road> {
        self.net.roads().iter()
    }

    /// The index of the road with this id.
    pub fn road_index(&self, id: &str) -> Option<RoadIndex> {
        self.net.find(id)
    }
}

/// A zone made ready for questions.
#[derive(Debug)]
struct Placed {
    zone: Zone,
    shape: Shape,
    form: Form,
    /// The box around it; `None` where there is nothing.
    bounds: Option<(Point, Point)>,
    /// How far outside it is still [`fleet::Touch::Near`], metres.
    reach_m: f64,
    /// The roads it lies on, rising; empty where it names none that is known.
    roads: Vec<RoadIndex>,
    /// The ways to it; `None` where none is known.
    approach: Option<Approach>,
}

/// A shape cut into paths.
#[derive(Debug)]
enum Form {
    /// Polygons, each its rings: the outer one, then the holes.
    Area(Vec<Vec<Ring>>),
    Corridor {
        line: Path,
        half_m: f64,
    },
}
