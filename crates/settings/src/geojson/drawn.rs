//! What is asked of places drawn in the console beyond what is asked of files: known properties only, rings that do not
//! cross themselves, and bounds. Files of the configuration come from surveyors' tools and are taken as they are.

use geo::{Area, Coord, LineString, Polygon};
use serde_json::Value;
use serde_json::value::RawValue;

use super::feature::{COORDINATES, Feature};
use super::{Kind, Place, Reader};
use crate::drawn::PlaceKind;
use crate::near;
use crate::problem::{Collector, Problem};

/// Points of one place; a province's border in fair detail has some thousand.
pub(crate) const POINTS_MAX: usize = 5_000;
/// Characters of an id: it stands in addresses and in every alert about the place.
const ID_CHARS_MAX: usize = 64;
/// Characters of a name: it stands in every alert about the place.
const NAME_CHARS_MAX: usize = 100;
/// The longest width, corridor or approach, metres: past it somebody meant another unit.
const METRES_MAX: f64 = 50_000.0;
/// No road is posted faster, km/h.
const LIMIT_KMH_MAX: f64 = 150.0;

/// What a zone may say.
const ZONE_KEYS: [&str; 18] = [
    "id",
    "kind",
    "name_zh",
    "name_en",
    "division",
    "classes",
    "hazmat_classes",
    "hazmat_un",
    "tunnel_category",
    "hours",
    "valid_from",
    "valid_until",
    "limit_kmh",
    "length_m",
    "approach_m",
    "document",
    "roads",
    "width_m",
];
/// What a route may say.
const ROUTE_KEYS: [&str; 4] = ["id", "corridor_m", "hours", "stops"];

/// One feature as the console's file would hold it, or everything that is wrong with it by itself. Whether what it names
/// exists is told by loading it with the rest. `is_shifted`: its coordinates are GCJ-02.
pub(crate) fn check(kind: PlaceKind, feature: &Value, is_shifted: bool) -> Result<Place, Vec<Problem>> {
    let mut out = Collector::default();
    let mut reader = Reader::default();
    let text = feature.to_string();
    // A value that was JSON once is JSON again.
    if let Ok(raw) = serde_json::from_str::<&RawValue>(&text) {
        let mut feature = Feature::new(("", 1), raw, is_shifted, &mut out);
        feature.is_drawn = true;
        reader.feature(kind.into(), &mut feature);
    }
    let zone = reader.zones.pop().map(|(zone, shape)| Place::Zone(Box::new(zone), shape));
    let place = zone.or_else(|| reader.routes.pop().map(Place::Route));
    match (place, out.finish()) {
        (Some(place), None) => Ok(place),
        (_, Some(problems)) => Err(problems.problems),
        (None, None) => Err(Vec::new()),
    }
}

impl From<PlaceKind> for Kind {
    fn from(kind: PlaceKind) -> Self {
        match kind {
            PlaceKind::Routes => Self::Routes,
            PlaceKind::Zones => Self::Zones,
        }
    }
}

impl Feature<'_, '_> {
    pub(super) fn check_id(&mut self, id: &str) {
        let chars = id.chars().count();
        if self.is_drawn && (chars > ID_CHARS_MAX || id.chars().any(char::is_control)) {
            let text = format!(
                "id has {chars} characters, expected 1 to {ID_CHARS_MAX}, none of them a control character"
            );
            self.wrong_in("id", text);
        }
    }

    pub(super) fn check_names<'n>(&mut self, names: impl Iterator<Item = &'n String>) {
        let longest = names.map(|name| name.chars().count()).max().unwrap_or_default();
        if self.is_drawn && longest > NAME_CHARS_MAX {
            let text = format!("a name has {longest} characters, expected at most {NAME_CHARS_MAX}");
            self.wrong_in("name_zh", text);
        }
    }

    pub(super) fn check_number(&mut self, key: &str, number: f64) {
        let most = if key == "limit_kmh" { LIMIT_KMH_MAX } else { METRES_MAX };
        if self.is_drawn && number > most {
            self.wrong_in(key, format!("{key} {number} is wrong, expected at most {most}"));
        }
    }

    /// `None`: there are too many to go on.
    pub(super) fn count_points(&mut self, count: usize, pointer: &str) -> Option<()> {
        self.points += count;
        if !self.is_drawn || self.points <= POINTS_MAX {
            return Some(());
        }
        let text = format!("more than {POINTS_MAX} points in one place, expected a simpler outline");
        self.wrong_at(pointer, text);
        None
    }

    pub(super) fn check_line(&mut self, points: &[Coord<f64>]) {
        self.count_points(points.len(), COORDINATES);
        if self.is_drawn && points.len() > 1 && points.iter().all(|point| Some(point) == points.first()) {
            let text = "a LineString whose points are all one, expected a line of some length";
            self.wrong_at(COORDINATES, text.to_owned());
        }
    }

    /// The rings of one polygon, the outer one first.
    pub(super) fn check_rings(&mut self, rings: &[LineString<f64>], pointer: &str) {
        if !self.is_drawn || self.bad {
            return;
        }
        if let Some((one, other)) = crossing(rings) {
            let text = format!(
                "the side after point {} of ring {} crosses or touches the side after point {} of ring {}, \
                 expected an outline that does not cross itself",
                other.1, other.0, one.1, one.0
            );
            return self.wrong_at(&format!("{pointer}/{}/{}", one.0, one.1), text);
        }
        for (place, ring) in rings.iter().enumerate() {
            if Polygon::new(ring.clone(), Vec::new()).unsigned_area() <= 0.0 {
                let text = "a ring without an area, expected corners that do not lie on one line";
                return self.wrong_at(&format!("{pointer}/{place}"), text.to_owned());
            }
        }
    }

    /// A property nobody knows is a typing error, and what it was to say would be missing.
    pub(super) fn check_keys(&mut self, kind: Kind) {
        if !self.is_drawn || self.bad {
            return;
        }
        let Some(key) = self.left().map(str::to_owned) else { return };
        let known: &[&'static str] = if kind == Kind::Zones { &ZONE_KEYS } else { &ROUTE_KEYS };
        let text = if known.contains(&key.as_str()) {
            format!("{key} stands at a polygon, expected it at a LineString only")
        } else {
            format!("unknown property {key}, expected {}", near::expected(&key, known.iter().copied()))
        };
        self.wrong_in(&key, text);
    }
}

/// Ring and place of the point a side begins at.
type At = (usize, usize);

/// A side: where it begins, its number among the sides of its ring and how many these are, its ends.
struct Side {
    at: At,
    number: usize,
    sides: usize,
    from: Coord<f64>,
    to: Coord<f64>,
}

impl Side {
    fn west(&self) -> f64 {
        self.from.x.min(self.to.x)
    }

    fn east(&self) -> f64 {
        self.from.x.max(self.to.x)
    }

    /// Neighbours share a corner.
    fn is_beside(&self, other: &Self) -> bool {
        let apart = self.number.abs_diff(other.number);
        self.at.0 == other.at.0 && (apart <= 1 || apart + 1 == self.sides)
    }

    fn meets(&self, other: &Self) -> bool {
        let turn = |a: Coord<f64>, b: Coord<f64>, c: Coord<f64>| {
            let value = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
            if value > 0.0 {
                1
            } else if value < 0.0 {
                -1
            } else {
                0
            }
        };
        let within = |a: Coord<f64>, b: Coord<f64>, c: Coord<f64>| {
            (a.x.min(b.x)..=a.x.max(b.x)).contains(&c.x) && (a.y.min(b.y)..=a.y.max(b.y)).contains(&c.y)
        };
        let (a, b, c, d) = (self.from, self.to, other.from, other.to);
        let (abc, abd, cda, cdb) = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b));
        if self.is_beside(other) {
            // They share a corner; beyond it they may only run back over each other.
            return abc == 0 && abd == 0 && runs_back(self, other);
        }
        (abc != abd && cda != cdb)
            || (abc == 0 && within(a, b, c))
            || (abd == 0 && within(a, b, d))
            || (cda == 0 && within(c, d, a))
            || (cdb == 0 && within(c, d, b))
    }
}

/// Whether the second of two sides that follow each other on one line turns round.
fn runs_back(one: &Side, other: &Side) -> bool {
    let along = |side: &Side| Coord { x: side.to.x - side.from.x, y: side.to.y - side.from.y };
    let (a, b) = (along(one), along(other));
    a.x * b.x + a.y * b.y < 0.0
}

/// The first two sides that meet other than at the corner neighbours share. Sides are gone over from west to east, each
/// compared with those that reach under it: far from the square of their number on outlines as they are drawn.
fn crossing(rings: &[LineString<f64>]) -> Option<(At, At)> {
    let mut sides: Vec<Side> = Vec::new();
    for (ring, line) in rings.iter().enumerate() {
        // A corner clicked twice is one corner.
        let corners: Vec<_> = line.lines().enumerate().filter(|(_, side)| side.start != side.end).collect();
        let count = corners.len();
        let side = |(number, (place, line)): (usize, (usize, geo::Line<f64>))| Side {
            at: (ring, place),
            number,
            sides: count,
            from: line.start,
            to: line.end,
        };
        sides.extend(corners.into_iter().enumerate().map(side));
    }
    sides.sort_by(|a, b| a.west().total_cmp(&b.west()));
    for (place, one) in sides.iter().enumerate() {
        let under = sides.iter().skip(place + 1).take_while(|other| other.west() <= one.east());
        if let Some(other) = under.into_iter().find(|other| one.meets(other)) {
            return Some((one.at.min(other.at), one.at.max(other.at)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[(f64, f64)]) -> LineString<f64> {
        LineString::from(points.to_vec())
    }

    #[test]
    fn an_outline_that_crosses_itself_is_found_where_it_does() {
        let square = ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]);
        let bow = ring(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)]);
        let hole = ring(&[(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0)]);
        let through = ring(&[(1.0, 1.0), (9.0, 1.0), (2.0, 2.0), (1.0, 1.0)]);
        let spike = ring(&[(0.0, 0.0), (4.0, 0.0), (2.0, 0.0), (2.0, 4.0), (0.0, 0.0)]);
        let twice =
            ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0), (0.0, 0.0)]);
        let waist =
            ring(&[(0.0, 0.0), (4.0, 0.0), (2.0, 2.0), (4.0, 4.0), (0.0, 4.0), (2.0, 2.0), (0.0, 0.0)]);
        assert_eq!(crossing(&[square.clone(), hole]), None);
        assert_eq!(crossing(&[twice]), None);
        assert_eq!(crossing(&[bow]), Some(((0, 0), (0, 2))));
        assert_eq!(crossing(&[square, through]), Some(((0, 1), (1, 0))));
        assert_eq!(crossing(&[spike]), Some(((0, 0), (0, 1))));
        assert!(crossing(&[waist]).is_some());
    }
}
