//! Shapes cut down to what fits a message: fewer corners, but nothing of the shape outside.

use fleet::LonLat;
use geo::algorithm::buffer::{Buffer, BufferStyle, LineJoin};
use geo::{
    Area, BoundingRect, Contains, Coord, Distance, Euclidean, LineString, MapCoords, MultiPolygon, Point,
    Polygon, Simplify,
};

/// Corners of a polygon: with all that stands around them they fit one frame, which every terminal takes.
pub(super) const CORNERS_MAX: usize = 100;
/// Points of a route: some seven packages.
pub(super) const POINTS_MAX: usize = 250;
/// A place on the wire is at most so far from what was meant: half a millionth of a degree along both axes.
const ROUNDING_M: f64 = 0.08;
/// Tolerances double so often from 1 m on: up to 524 km.
const DOUBLINGS: i32 = 19;
/// Corners sharper than this, in radians, are cut off where a ring is drawn around a shape.
const SHARPEST: f64 = 0.35;
const METERS_PER_DEGREE: f64 = 111_194.93;

/// A polygon for the wire.
pub(super) struct Corners {
    /// In order; the last is joined to the first.
    pub corners: Vec<LonLat>,
    /// How far its corners lie outside the shape, metres.
    pub beyond_m: f64,
}

/// A corridor for the wire.
pub(super) struct Line {
    /// Its turning points.
    pub points: Vec<LonLat>,
    /// From border to border.
    pub width_m: u8,
    /// How far it reaches beyond the corridor that was meant, metres.
    pub beyond_m: f64,
    /// It is narrower than what was meant.
    pub is_narrow: bool,
}

/// The outer ring, with its own corners where there are few enough of them; else a ring around it.
pub(super) fn polygon(shape: &Polygon<f64>) -> Option<Corners> {
    let plane = Plane::around(shape.exterior())?;
    around(Polygon::new(plane.project(shape.exterior()), Vec::new()), &plane)
}

/// The border of everything no farther than `half_m` from the line.
pub(super) fn corridor(line: &LineString<f64>, half_m: f64) -> Option<Corners> {
    let plane = Plane::around(line)?;
    around(outermost(plane.project(line).buffer(half_m))?, &plane)
}

/// Along the line, so wide that the points left out don't make a vehicle leave the corridor.
pub(super) fn line(line: &LineString<f64>, half_m: f64) -> Option<Line> {
    let plane = Plane::around(line)?;
    let mut points = plane.project(line);
    points.0.dedup();
    let mut off_m = 0.0;
    if points.0.len() > POINTS_MAX {
        let simpler = tolerances().map(|tolerance_m| (points.simplify(tolerance_m), tolerance_m));
        (points, off_m) = simpler.into_iter().find(|(points, _)| points.0.len() <= POINTS_MAX)?;
    }
    let points = plane.back(&points.0);
    if points.len() < 2 {
        return None;
    }
    let wanted_m = (2.0 * (half_m + off_m)).ceil().max(1.0);
    let width_m = width(wanted_m);
    let beyond_m = (f64::from(width_m) / 2.0 + off_m - half_m).max(0.0) + ROUNDING_M;
    Some(Line { points, width_m, beyond_m, is_narrow: wanted_m > f64::from(u8::MAX) })
}

fn around(shape: Polygon<f64>, plane: &Plane) -> Option<Corners> {
    if shape.unsigned_area() <= 0.0 {
        return None;
    }
    let outer = if ring(&shape).len() <= CORNERS_MAX {
        shape.clone()
    } else {
        // Whatever the shape looks like, a rectangle holds it.
        let rectangle = || shape.bounding_rect().map(|bounds| bounds.to_polygon());
        tolerances().find_map(|tolerance_m| wider(&shape, tolerance_m)).or_else(rectangle)?
    };
    let outside = ring(&outer).iter().map(|corner| Euclidean.distance(&Point(*corner), &shape));
    let beyond_m = outside.fold(0.0, f64::max) + ROUNDING_M;
    let corners = plane.back(ring(&outer));
    (corners.len() > 2).then_some(Corners { corners, beyond_m })
}

/// Simpler by a tolerance and wider by a little more than that, where this has few enough corners. That it holds the shape
/// is seen, not assumed: a sharp corner may have been cut off.
fn wider(shape: &Polygon<f64>, tolerance_m: f64) -> Option<Polygon<f64>> {
    let style = BufferStyle::new(tolerance_m * 1.05).line_join(LineJoin::Miter(SHARPEST));
    let grown = outermost(shape.simplify(tolerance_m).buffer_with_style(style))?;
    (ring(&grown).len() <= CORNERS_MAX && grown.contains(shape)).then_some(grown)
}

/// The largest one without its holes: what lies in a hole counts as inside.
fn outermost(polygons: MultiPolygon<f64>) -> Option<Polygon<f64>> {
    let bare = polygons.0.into_iter().map(|polygon| Polygon::new(polygon.into_inner().0, Vec::new()));
    bare.max_by(|one, other| one.unsigned_area().total_cmp(&other.unsigned_area()))
}

/// The corners once.
fn ring(polygon: &Polygon<f64>) -> &[Coord<f64>] {
    let closed = polygon.exterior().0.as_slice();
    closed.split_last().map_or(closed, |(_, corners)| corners)
}

fn tolerances() -> impl Iterator<Item = f64> {
    (0..=DOUBLINGS).map(|doublings| 2.0_f64.powi(doublings))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
fn width(meters: f64) -> u8 {
    meters as u8
}

/// Metres around the middle of a shape: true within half a percent for some tens of kilometres.
struct Plane {
    lon: f64,
    lat: f64,
    /// Metres per degree of longitude.
    east_m: f64,
}

impl Plane {
    fn around(line: &LineString<f64>) -> Option<Self> {
        let middle = line.bounding_rect()?.center();
        let east_m = METERS_PER_DEGREE * middle.y.to_radians().cos();
        Some(Self { lon: middle.x, lat: middle.y, east_m })
    }

    fn project(&self, line: &LineString<f64>) -> LineString<f64> {
        line.map_coords(|Coord { x, y }| Coord {
            x: (x - self.lon) * self.east_m,
            y: (y - self.lat) * METERS_PER_DEGREE,
        })
    }

    fn back(&self, coords: &[Coord<f64>]) -> Vec<LonLat> {
        let degrees = |Coord { x, y }: &Coord<f64>| {
            LonLat::from_degrees(self.lon + x / self.east_m, self.lat + y / METERS_PER_DEGREE)
        };
        let mut places: Vec<LonLat> = coords.iter().map(degrees).collect();
        places.dedup();
        places
    }
}
