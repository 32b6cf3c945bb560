//! 0x8600 to 0x8608: what a terminal watches by itself. Positions are WGS-84, longitude first.

use fleet::{DailyHours, LonLat};
use jt808::{
    Area, AreaLimit, AreaQuery, DeleteAreas, Edition, EditionList, Hours, List, Message, Point, Polygon,
    Route, RoutePoint, SegmentDuration, SetAreas, Text, Text16, encode_text,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Unfit;

/// At most so many areas, or ids to delete, in one message (2013 tables 56 to 69).
pub(crate) const AREAS_MAX: usize = 125;
/// Corners of a polygon: with all that stands around them some eight packages.
pub(super) const CORNERS_MAX: usize = 1_000;
/// Points of a route; of 25 bytes each they still fit the packages of one command.
pub(super) const POINTS_MAX: usize = 2_500;
/// Enough for a title; a word counts it.
pub(crate) const NAME_BYTES_MAX: usize = 100;

/// A place; as JSON `[longitude, latitude]` in degrees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spot(pub LonLat);

impl Serialize for Spot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.0.lon(), self.0.lat()].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [lon, lat] = <[f64; 2]>::deserialize(deserializer)?;
        let spot = LonLat::from_degrees(lon, lat);
        let place = Some(spot).filter(|spot| spot.is_possible() && lon.is_finite() && lat.is_finite());
        let wrong = || format!("[{lon}, {lat}] is no place, expected longitude and latitude in degrees");
        place.map(Self).ok_or_else(|| serde::de::Error::custom(wrong()))
    }
}

/// What becomes of the areas a terminal has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AreaAction {
    /// Those of the kind go, these come.
    Replace = 0,
    /// These are added.
    #[default]
    Add = 1,
    /// Those with these ids change.
    Change = 2,
}

/// A kind of area.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AreaShape {
    /// Circles.
    Circle = 1,
    /// Rectangles.
    Rectangle = 2,
    /// Polygons.
    Polygon = 3,
    /// Routes.
    Route = 4,
}

/// Who is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// Nobody.
    #[default]
    Nobody,
    /// The driver.
    Driver,
    /// The platform.
    Platform,
    /// Both.
    Both,
}

/// What holds in an area or on a route.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AreaTerms {
    /// What a terminal of 2019 calls it.
    pub name: String,
    /// When it is in force; always where nothing is said.
    pub hours: Option<DailyHours>,
    /// How fast a vehicle may be in it; a route has that by segment.
    pub limit: Option<SpeedLimit>,
    /// Who is told of entering it.
    pub entering: Told,
    /// Who is told of leaving it.
    pub leaving: Told,
    /// Doors stay shut in it.
    pub doors_shut: bool,
}

/// How fast a vehicle may be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpeedLimit {
    /// km/h.
    pub max_kmh: u16,
    /// For so long it may be faster, 10 by default.
    #[serde(default = "ten")]
    pub duration_s: u8,
    /// km/h by night, which terminals know from 2019 on; the same as by day where nothing is said.
    #[serde(default)]
    pub night_kmh: Option<u16>,
}

const fn ten() -> u8 {
    10
}

/// A circle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CircleArea {
    /// Its id.
    pub id: u32,
    /// Its middle.
    pub center: Spot,
    /// Metres.
    pub radius_m: u32,
    /// What holds in it.
    #[serde(default)]
    pub terms: AreaTerms,
}

/// A rectangle along the meridians.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RectangleArea {
    /// Its id.
    pub id: u32,
    /// One corner.
    pub north_west: Spot,
    /// The other.
    pub south_east: Spot,
    /// What holds in it.
    #[serde(default)]
    pub terms: AreaTerms,
}

/// A polygon.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolygonArea {
    /// Its id.
    pub id: u32,
    /// Its corners in order, 3 to 1,000; the last is joined to the first.
    pub corners: Vec<Spot>,
    /// What holds in it.
    #[serde(default)]
    pub terms: AreaTerms,
}

/// A way a vehicle keeps to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteLine {
    /// Its id.
    pub id: u32,
    /// Its turning points in order, 2 to 2,500.
    pub points: Vec<RouteTurn>,
    /// What holds on it.
    #[serde(default)]
    pub terms: AreaTerms,
}

/// A turning point and what holds from there to the next.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTurn {
    /// Where.
    pub at: Spot,
    /// From border to border.
    pub width_m: u8,
    /// How fast a vehicle may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<SpeedLimit>,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Takes>,
}

/// How long a segment may take.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Takes {
    /// Longer is too long.
    pub longest_s: u16,
    /// Shorter is too short.
    pub shortest_s: u16,
}

impl AreaTerms {
    fn attributes(&self) -> u16 {
        let told = |told: Told, driver: u16| match told {
            Told::Nobody => 0,
            Told::Driver => 1 << driver,
            Told::Platform => 2 << driver,
            Told::Both => 3 << driver,
        };
        told(self.entering, 2) | told(self.leaving, 4) | u16::from(self.doors_shut) << 8
    }

    fn area_limit(&self) -> Option<AreaLimit> {
        self.limit.map(SpeedLimit::area)
    }

    fn area_hours(&self) -> Option<Hours> {
        let clock = |second: u32| {
            let minute = second / 60 % 1_440;
            u8::try_from(minute / 60).ok().zip(u8::try_from(minute % 60).ok())
        };
        // From midnight to midnight is always.
        let hours = self.hours.filter(|hours| hours.from_s() % 86_400 != hours.until_s() % 86_400)?;
        Hours::daily(clock(hours.from_s())?, clock(hours.until_s())?)
    }

    fn check(&self) -> Result<(), Unfit> {
        if encode_text(&self.name).len() > NAME_BYTES_MAX {
            return Err(Unfit {
                field: "name",
                expected: "at most 100 bytes of GB18030, some 50 characters",
            });
        }
        Ok(())
    }
}

impl SpeedLimit {
    fn area(self) -> AreaLimit {
        AreaLimit { max_kmh: self.max_kmh, duration_s: self.duration_s, night_kmh: self.night_kmh }
    }
}

fn point(spot: Spot) -> (Point, u16) {
    Point::new(spot.0.lat_e6, spot.0.lon_e6)
}

/// South and west stand once for all places of an area.
fn check_sides(spots: impl Iterator<Item = Spot>, field: &'static str) -> Result<(), Unfit> {
    let mut sides = spots.map(|spot| point(spot).1);
    let first = sides.next();
    if sides.all(|side| Some(side) == first) {
        return Ok(());
    }
    Err(Unfit { field, expected: "places on one side of the equator and of Greenwich" })
}

fn check_count<T>(list: &[T], field: &'static str, expected: &'static str) -> Result<(), Unfit> {
    if (1..=AREAS_MAX).contains(&list.len()) { Ok(()) } else { Err(Unfit { field, expected }) }
}

pub(super) fn check_circles(areas: &[CircleArea]) -> Result<(), Unfit> {
    check_count(areas, "areas", "1 to 125 areas")?;
    if areas.iter().any(|area| area.radius_m == 0) {
        return Err(Unfit { field: "radius_m", expected: "at least 1" });
    }
    areas.iter().try_for_each(|area| area.terms.check())
}

pub(super) fn check_rectangles(areas: &[RectangleArea]) -> Result<(), Unfit> {
    check_count(areas, "areas", "1 to 125 areas")?;
    for RectangleArea { north_west, south_east, terms, .. } in areas {
        let (from, to) = (north_west.0, south_east.0);
        if from.lat_e6 <= to.lat_e6 || from.lon_e6 >= to.lon_e6 {
            return Err(Unfit { field: "south_east", expected: "a place south and east of north_west" });
        }
        check_sides([*north_west, *south_east].into_iter(), "south_east")?;
        terms.check()?;
    }
    Ok(())
}

impl PolygonArea {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        if !(3..=CORNERS_MAX).contains(&self.corners.len()) {
            return Err(Unfit { field: "corners", expected: "3 to 1,000 places" });
        }
        check_sides(self.corners.iter().copied(), "corners")?;
        self.terms.check()
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let (name, mut bytes) = (encode_text(&self.terms.name), Vec::new());
        let sides = self.corners.first().map_or(0, |corner| point(*corner).1);
        let corners: Vec<Point> = self.corners.iter().map(|corner| point(*corner).0).collect();
        let polygon = Polygon {
            id: self.id,
            attributes: self.terms.attributes() | sides,
            hours: self.terms.area_hours(),
            limit: self.terms.area_limit(),
            vertices: List::build(&corners, &mut bytes),
            name: Some(Text16(Text(&name))),
            trailing: &[],
        };
        Message::SetPolygon(polygon.fitted(edition)).encode_body(edition, body);
    }
}

impl RouteLine {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, expected| Err(Unfit { field, expected });
        if !(2..=POINTS_MAX).contains(&self.points.len()) {
            return unfit("points", "2 to 2,500 places");
        }
        if self.points.iter().any(|turn| turn.width_m == 0) {
            return unfit("width_m", "1 to 255");
        }
        if self.terms.limit.is_some() || self.terms.doors_shut {
            return unfit("terms", "a limit at the points of a route, and nothing about doors");
        }
        self.terms.check()
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let (name, mut bytes) = (encode_text(&self.terms.name), Vec::new());
        let points: Vec<RoutePoint> = (1..).zip(&self.points).map(|(id, turn)| turn.encoded(id)).collect();
        let route = Route {
            id: self.id,
            attributes: self.terms.attributes(),
            hours: self.terms.area_hours(),
            points: EditionList::build(edition, &points, &mut bytes),
            name: Some(Text16(Text(&name))),
            trailing: &[],
        };
        Message::SetRoute(route).encode_body(edition, body);
    }
}

impl RouteTurn {
    /// Points and segments are counted from 1. South and west are four bits lower than in an area.
    fn encoded(&self, id: u32) -> RoutePoint {
        let (point, sides) = point(self.at);
        RoutePoint {
            id,
            segment: id,
            point,
            width_m: self.width_m,
            attributes: u8::try_from(sides >> 4).unwrap_or_default(),
            duration: self
                .takes
                .map(|Takes { longest_s, shortest_s }| SegmentDuration { longest_s, shortest_s }),
            limit: self.limit.map(SpeedLimit::area),
        }
    }
}

pub(super) fn circles(action: AreaAction, areas: &[CircleArea], edition: Edition, body: &mut Vec<u8>) {
    let (names, mut bytes) = (names(areas.iter().map(|area| &area.terms)), Vec::new());
    let areas: Vec<_> = areas
        .iter()
        .zip(&names)
        .map(|(circle, name)| {
            let (center, sides) = point(circle.center);
            let shape = jt808::Circle { center, radius_m: circle.radius_m };
            area(circle.id, sides, shape, &circle.terms, name)
        })
        .collect();
    let areas = EditionList::build(edition, &areas, &mut bytes);
    let message = SetAreas { action: action as u8, areas, trailing: &[] };
    Message::SetCircles(message).encode_body(edition, body);
}

pub(super) fn rectangles(action: AreaAction, areas: &[RectangleArea], edition: Edition, body: &mut Vec<u8>) {
    let (names, mut bytes) = (names(areas.iter().map(|area| &area.terms)), Vec::new());
    let areas: Vec<_> = areas
        .iter()
        .zip(&names)
        .map(|(rectangle, name)| {
            let (top_left, sides) = point(rectangle.north_west);
            let bottom_right = point(rectangle.south_east).0;
            let shape = jt808::Rectangle { top_left, bottom_right };
            area(rectangle.id, sides, shape, &rectangle.terms, name)
        })
        .collect();
    let areas = EditionList::build(edition, &areas, &mut bytes);
    let message = SetAreas { action: action as u8, areas, trailing: &[] };
    Message::SetRectangles(message).encode_body(edition, body);
}

fn names<'t>(terms: impl Iterator<Item = &'t AreaTerms>) -> Vec<Vec<u8>> {
    terms.map(|terms| encode_text(&terms.name)).collect()
}

fn area<'n, S>(id: u32, sides: u16, shape: S, terms: &AreaTerms, name: &'n [u8]) -> Area<'n, S> {
    Area {
        id,
        attributes: terms.attributes() | sides,
        shape,
        hours: terms.area_hours(),
        limit: terms.area_limit(),
        name: Some(Text16(Text(name))),
    }
}

impl AreaShape {
    pub(super) const fn deletion(self) -> u16 {
        match self {
            Self::Circle => 0x8601,
            Self::Rectangle => 0x8603,
            Self::Polygon => 0x8605,
            Self::Route => 0x8607,
        }
    }
}

pub(super) fn delete(shape: AreaShape, ids: &[u32], edition: Edition, body: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    let areas = DeleteAreas { ids: List::build(ids, &mut bytes), trailing: &[] };
    let message = match shape {
        AreaShape::Circle => Message::DeleteCircles(areas),
        AreaShape::Rectangle => Message::DeleteRectangles(areas),
        AreaShape::Polygon => Message::DeletePolygons(areas),
        AreaShape::Route => Message::DeleteRoutes(areas),
    };
    message.encode_body(edition, body);
}

pub(super) fn query(shape: AreaShape, ids: &[u32], edition: Edition, body: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    let query = AreaQuery { kind: shape as u8, ids: List::build(ids, &mut bytes), trailing: &[] };
    Message::AreaQuery(query).encode_body(edition, body);
}
