//! From shapes to an index.

use fleet::{Division, PORTAL_M, Road, Zone, ZoneKind};
use geo::{LineString, MultiPolygon, Polygon};

use crate::approach::{Approach, Visits};
use crate::grid::Grid;
use crate::net::Net;
use crate::path::{Path, around, grown};
use crate::plane::{Plane, Point};
use crate::ring::Ring;
use crate::{Atlas, Form, Placed, Route, Shape};

/// Room added to envelopes, so that rounding never hides a zone from its exact test.
const ENVELOPE_SLACK: f64 = 1.02;

impl Atlas {
    /// Indexes everything. Of two things with one id the later answers to it; `settings` reports those before.
    pub fn build(
        zones: Vec<(Zone, Shape)>,
        routes: Vec<Route>,
        divisions: Vec<(Division, MultiPolygon<f64>)>,
    ) -> Self {
        let zones: Vec<Placed> = zones.into_iter().map(|(zone, shape)| place(zone, shape)).collect();
        let routes: Vec<(Route, Path)> = routes
            .into_iter()
            .map(|r| {
                let path = Path::new(&r.line);
                (r, path)
            })
            .collect();
        let mut zone_kinds: Vec<ZoneKind> = Vec::new();
        for placed in &zones {
            if !zone_kinds.contains(&placed.zone.kind) {
                zone_kinds.push(placed.zone.kind);
            }
        }
        let divisions: Vec<_> = divisions.iter().map(|(d, area)| (*d, polygons(area))).collect();
        Self {
            zone_ids: numbered(&zones).map(|(n, placed)| (placed.zone.id.clone(), n)).collect(),
            zone_grid: Grid::new(zones.iter().map(Placed::envelope).collect()),
            route_ids: numbered(&routes).map(|(n, (route, _))| (route.id.clone(), n)).collect(),
            division_grid: Grid::new(divisions.iter().map(|(_, area)| envelope(area)).collect()),
            zone_kinds,
            zones,
            routes,
            divisions,
            net: Net::default(),
            version: String::new(),
        }
    }

    /// The same with roads, known by their place; pieces meet where their ends have the same coordinates, to the
    /// millionth of a degree. Of two with one id the later answers to it, as for zones.
    #[must_use]
    pub fn with_roads(mut self, roads: Vec<(Road, LineString<f64>)>) -> Self {
        self.net = Net::new(roads);
        let mut visits = Visits::new(&self.net);
        for (number, placed) in (0..).zip(&mut self.zones) {
            placed.roads = placed.zone.roads.iter().filter_map(|id| self.net.find(id)).collect();
            placed.roads.sort_unstable();
            placed.roads.dedup();
            placed.approach = Approach::new(&self.net, placed, &mut visits, number);
        }
        self
    }

    /// The same under another name, see [`fleet::Map::version`].
    #[must_use]
    pub fn with_version(mut self, version: String) -> Self {
        self.version = version;
        self
    }
}

impl Placed {
    /// The box in which it can touch anything: its own, grown by its reach.
    fn envelope(&self) -> Option<(Point, Point)> {
        let (low, high) = self.bounds?;
        let meters = (self.half_m() + self.reach_m) * ENVELOPE_SLACK + 1.0;
        let north = Plane::at(low).degrees(meters)[1];
        // The widest degrees are where the position that asks is furthest from the equator.
        let furthest = (low[1] - north).abs().max((high[1] + north).abs()).min(90.0);
        Some(grown((low, high), Plane::at([0.0, furthest]).degrees(meters)))
    }
}

fn place(zone: Zone, shape: Shape) -> Placed {
    let portal_m = if zone.kind == ZoneKind::Tunnel { PORTAL_M } else { 0.0 };
    let form = match &shape {
        Shape::Area(area) => Form::Area(polygons(area)),
        Shape::Corridor { line, width_m } => Form::Corridor { line: Path::new(line), half_m: width_m / 2.0 },
    };
    let bounds = match &form {
        Form::Area(polygons) => envelope(polygons),
        Form::Corridor { line, .. } => line.envelope(),
    };
    Placed {
        reach_m: zone.approach_m.unwrap_or(0.0).max(portal_m),
        zone,
        shape,
        form,
        bounds,
        roads: Vec::new(),
        approach: None,
    }
}

fn polygons(area: &MultiPolygon<f64>) -> Vec<Vec<Ring>> {
    let rings = |polygon: &Polygon<f64>| {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(Ring::new).collect()
    };
    area.iter().map(rings).collect()
}

fn envelope(polygons: &[Vec<Ring>]) -> Option<(Point, Point)> {
    let boxes = polygons.iter().flatten().filter_map(|ring| ring.path.envelope());
    let corners: Vec<Point> = boxes.flat_map(|(low, high)| [low, high]).collect();
    (!corners.is_empty()).then(|| around(&corners))
}

fn numbered<T>(items: &[T]) -> impl Iterator<Item = (u32, &T)> {
    (0u32..).zip(items)
}
