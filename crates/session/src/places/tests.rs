use geo::{Coord, MultiPolygon, Polygon, line_string, polygon};
use proptest::prelude::*;

use super::*;

/// A map of a few shapes.
#[derive(Default)]
struct Few {
    areas: Vec<(Zone, MultiPolygon<f64>)>,
    corridors: Vec<(Zone, LineString<f64>, f64)>,
    routes: Vec<(String, LineString<f64>, f64)>,
}

impl Ground for Few {
    fn zone(&self, id: &str) -> Option<(&Zone, Outline<'_>)> {
        let area = self.areas.iter().find(|(zone, _)| zone.id == id);
        let corridor = self.corridors.iter().find(|(zone, ..)| zone.id == id);
        area.map(|(zone, area)| (zone, Outline::Area(area))).or_else(|| {
            corridor.map(|(zone, line, width_m)| (zone, Outline::Corridor { line, width_m: *width_m }))
        })
    }

    fn route(&self, id: &str) -> Option<Way<'_>> {
        let (_, line, corridor_m) = self.routes.iter().find(|(known, ..)| known == id)?;
        Some(Way { line, corridor_m: *corridor_m, hours: None })
    }

    fn zones(&self) -> Vec<(&Zone, Outline<'_>)> {
        let zones =
            self.areas.iter().map(|(zone, _)| zone).chain(self.corridors.iter().map(|(zone, ..)| zone));
        zones.filter_map(|zone| self.zone(&zone.id)).collect()
    }

    fn routes(&self) -> Vec<&str> {
        self.routes.iter().map(|(id, ..)| id.as_str()).collect()
    }
}

fn square(lon: f64, lat: f64) -> Polygon<f64> {
    polygon![(x: lon, y: lat), (x: lon + 0.01, y: lat), (x: lon + 0.01, y: lat + 0.01), (x: lon, y: lat + 0.01)]
}

fn few() -> Few {
    let limit = Zone { limit_kmh: Some(40.9), ..Zone::new("limit", ZoneKind::SpeedLimit) };
    let line = line_string![(x: 91.0, y: 29.5), (x: 91.05, y: 29.5), (x: 91.1, y: 29.55)];
    Few {
        areas: vec![
            (
                Zone::new("water", ZoneKind::WaterSource),
                MultiPolygon(vec![square(91.0, 29.6), square(91.2, 29.6)]),
            ),
            (limit, MultiPolygon(vec![square(91.3, 29.6)])),
            (Zone::new("nothing", ZoneKind::Closed), MultiPolygon(Vec::new())),
        ],
        corridors: vec![
            (Zone::new("galashan", ZoneKind::Tunnel), line.clone(), 60.0),
            (Zone::new("wide", ZoneKind::Bridge), line.clone(), 400.0),
        ],
        routes: vec![("r1".into(), line.clone(), 100.0), ("far".into(), line, 2_000.0)],
    }
}

fn resolve(text: &str) -> Result<Vec<Placed>, Misplaced> {
    serde_json::from_str::<Places>(text).unwrap().resolve(&few())
}

/// Commands in short: id of the message, and of the area.
fn ids(placed: &[Placed]) -> Vec<(u16, Vec<u32>)> {
    let short = |placed: &Placed| {
        assert_eq!(placed.command.check(), Ok(()));
        let ids = match &placed.command {
            Command::SetPolygon(area) => vec![area.id],
            Command::SetRoute(route) => vec![route.id],
            Command::DeleteShapes { ids, .. } => ids.clone(),
            other => panic!("{other:?} is no area"),
        };
        (placed.command.id(), ids)
    };
    placed.iter().map(short).collect()
}

#[test]
fn a_zone_has_one_number_for_good() {
    assert_eq!((number(ZONE, "galashan", 0), number(ZONE, "galashan", 1)), (GALASHAN, GALASHAN_1));
    assert_eq!(number(ROUTE, "r1", 0), R1);
}

const GALASHAN: u32 = 2_444_987_095;
const GALASHAN_1: u32 = 4_246_083_611;
const R1: u32 = 150_834_998;

#[test]
fn zones_become_polygons_and_narrow_lines_become_routes() {
    let placed = resolve(r#"{"kind":"set-areas","zones":["water","galashan","wide"]}"#).unwrap();
    let expected = vec![
        (0x8604, vec![number(ZONE, "water", 0)]),
        (0x8604, vec![number(ZONE, "water", 1)]),
        (0x8606, vec![GALASHAN]),
        (0x8604, vec![number(ZONE, "wide", 0)]),
    ];
    assert_eq!(ids(&placed), expected);
    assert!(placed.iter().all(|placed| placed.beyond_m < 1.0 && !placed.is_narrow));
    let Command::SetPolygon(PolygonArea { corners, terms, .. }) = &placed[1].command else { panic!() };
    let corner = |lon_e6, lat_e6| Spot(fleet::LonLat { lon_e6, lat_e6 });
    let square = [
        corner(91_200_000, 29_600_000),
        corner(91_210_000, 29_600_000),
        corner(91_210_000, 29_610_000),
        corner(91_200_000, 29_610_000),
    ];
    assert_eq!(corners, &square);
    assert_eq!((terms.name.as_str(), terms.entering, terms.leaving), ("water", Told::Both, Told::Both));
    let Command::SetRoute(route) = &placed[2].command else { panic!() };
    let turns: Vec<_> = route.points.iter().map(|turn| (turn.at, turn.width_m)).collect();
    let along = [(91_000_000, 29_500_000), (91_050_000, 29_500_000), (91_100_000, 29_550_000)];
    assert_eq!(turns, along.map(|(lon_e6, lat_e6)| (corner(lon_e6, lat_e6), 60)));
}

#[test]
fn a_limit_is_written_without_its_fraction_and_the_driver_is_told() {
    let placed = resolve(r#"{"kind":"set-areas","zones":["limit"]}"#).unwrap();
    let Command::SetPolygon(PolygonArea { terms, .. }) = &placed[0].command else { panic!() };
    let limit = terms.limit.unwrap();
    assert_eq!((limit.max_kmh, limit.duration_s, limit.night_kmh), (40, 10, None));
    assert_eq!((terms.entering, terms.leaving), (Told::Driver, Told::Nobody));
}

#[test]
fn a_route_is_at_most_as_wide_as_a_byte_says() {
    let placed = resolve(r#"{"kind":"set-routes","routes":["r1","far"]}"#).unwrap();
    let short: Vec<_> = placed
        .iter()
        .map(|placed| match &placed.command {
            Command::SetRoute(route) => (route.points[0].width_m, route.terms.leaving, placed.is_narrow),
            other => panic!("{other:?} is no route"),
        })
        .collect();
    assert_eq!(short, [(200, Told::Both, false), (255, Told::Both, true)]);
}

#[test]
fn areas_go_by_the_numbers_they_came_with() {
    let delete = |text| ids(&resolve(text).unwrap());
    assert_eq!(
        delete(r#"{"kind":"delete-areas","zones":["water","gone"]}"#),
        [
            (0x8605, vec![number(ZONE, "water", 0), number(ZONE, "water", 1), number(ZONE, "gone", 0)]),
            (0x8607, vec![number(ZONE, "gone", 0)]),
        ]
    );
    assert_eq!(delete(r#"{"kind":"delete-routes","routes":["r1"]}"#), [(0x8607, vec![R1])]);
    assert_eq!(
        delete(r#"{"kind":"delete-areas","zones":"all"}"#),
        [(0x8601, vec![]), (0x8603, vec![]), (0x8605, vec![])]
    );
    assert_eq!(delete(r#"{"kind":"delete-routes","routes":"all"}"#), [(0x8607, vec![])]);
}

#[test]
fn what_cannot_be_watched_is_named() {
    let misplaced = |text| resolve(text).unwrap_err().to_string();
    assert_eq!(misplaced(r#"{"kind":"set-areas","zones":[]}"#), "0 are named, expected 1 to 125");
    assert_eq!(
        misplaced(r#"{"kind":"set-areas","zones":["gone"]}"#),
        "\"gone\" is not on the map, expected the id of a zone"
    );
    assert_eq!(
        misplaced(r#"{"kind":"set-routes","routes":["galashan"]}"#),
        "\"galashan\" is not on the map, expected the id of a route"
    );
    assert_eq!(
        misplaced(r#"{"kind":"set-areas","zones":["nothing"]}"#),
        "\"nothing\" has no extent, expected a shape with an area or a length"
    );
}

#[test]
fn two_zones_with_one_number_are_found() {
    let square = || MultiPolygon(vec![square(91.0, 29.6)]);
    let zone = |id| (Zone::new(id, ZoneKind::Closed), square());
    let ground = Few { areas: vec![zone(SAME.0), zone("other"), zone(SAME.1)], ..Few::default() };
    let set = |id: &str| Places::SetAreas { zones: vec![id.into()] }.resolve(&ground);
    assert_eq!(
        set(SAME.0).unwrap_err().to_string(),
        format!(
            "{:?} and {:?} have the same number on terminals, expected another id for one of them",
            SAME.0, SAME.1
        )
    );
    assert!(set("other").is_ok());
}

/// Two ids with one FNV-1a.
const SAME: (&str, &str) = ("z139599", "z322382");

#[test]
fn a_long_name_is_cut_between_characters() {
    assert_eq!(name(&"山".repeat(60)), "山".repeat(50));
    assert_eq!(name("galashan"), "galashan");
}

#[test]
fn a_long_route_keeps_its_corridor() {
    // A wave of 2,000 points, 20 m high.
    let wave = (0..2_000).map(|at| {
        let at = f64::from(at);
        Coord { x: 91.0 + at / 5_000.0, y: 29.5 + (at / 20.0).sin() * 20.0 / 111_194.93 }
    });
    let wave = LineString(wave.collect());
    let placed = place_route("wave", Way { line: &wave, corridor_m: 50.0, hours: None }).unwrap();
    let Command::SetRoute(route) = &placed.command else { panic!() };
    assert!((2..=fit::POINTS_MAX).contains(&route.points.len()), "{}", route.points.len());
    assert!(
        route.points[0].width_m > 100 && placed.beyond_m < 80.0 && !placed.is_narrow,
        "{}",
        placed.beyond_m
    );
}

#[test]
fn a_simpler_polygon_stays_near_the_shape() {
    // A shore of 2,000 corners two kilometres around, with bays of 60 m.
    let shore = (0..2_000).map(|at| {
        let angle = f64::from(at) * std::f64::consts::TAU / 2_000.0;
        let radius = (2_000.0 + 30.0 * (angle * 9.0).sin()) / 111_194.93;
        Coord { x: 91.0 + radius * angle.cos(), y: 29.5 + radius * angle.sin() }
    });
    let lake = MultiPolygon(vec![Polygon::new(LineString(shore.collect()), Vec::new())]);
    let placed = place_zone(&Zone::new("lake", ZoneKind::WaterSource), Outline::Area(&lake)).unwrap();
    let Command::SetPolygon(area) = &placed[0].command else { panic!() };
    assert!((30..=fit::CORNERS_MAX).contains(&area.corners.len()), "{}", area.corners.len());
    assert!((1.0..20.0).contains(&placed[0].beyond_m), "{}", placed[0].beyond_m);
}

/// A ring around a middle, with a radius for each direction.
fn star() -> impl Strategy<Value = Polygon<f64>> {
    prop::collection::vec(0.2_f64..1.0, 101..600).prop_map(|radii| {
        let step = std::f64::consts::TAU / f64::from(u32::try_from(radii.len()).unwrap());
        let corners = (0_u32..).zip(&radii).map(|(at, radius)| {
            let angle = f64::from(at) * step;
            Coord { x: 91.0 + 0.02 * radius * angle.cos(), y: 29.5 + 0.02 * radius * angle.sin() }
        });
        Polygon::new(LineString(corners.collect()), Vec::new())
    })
}

fn in_meters(shape: &Polygon<f64>) -> Polygon<f64> {
    use geo::MapCoords;
    let east = 29.5_f64.to_radians().cos();
    shape.map_coords(|Coord { x, y }| Coord { x: (x - 91.0) * east * 111_194.93, y: (y - 29.5) * 111_194.93 })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_simpler_polygon_holds_the_whole_shape(shape in star()) {
        use geo::{Distance, Euclidean, Point};
        let zone = Zone::new("star", ZoneKind::Closed);
        let placed = place_zone(&zone, Outline::Area(&MultiPolygon(vec![shape.clone()]))).unwrap();
        let Command::SetPolygon(area) = &placed[0].command else { panic!() };
        prop_assert!((3..=fit::CORNERS_MAX).contains(&area.corners.len()));
        let ring = area.corners.iter().map(|corner| Coord { x: corner.0.lon(), y: corner.0.lat() });
        let outer = Polygon::new(LineString(ring.collect()), Vec::new());
        let (shape, outer) = (in_meters(&shape), in_meters(&outer));
        let outside = |corner: &Coord<f64>, of: &Polygon<f64>| Euclidean.distance(&Point(*corner), of);
        let left_out = shape.exterior().0.iter().map(|corner| outside(corner, &outer)).fold(0.0, f64::max);
        prop_assert!(left_out < 0.1, "{left_out}");
        let beyond = outer.exterior().0.iter().map(|corner| outside(corner, &shape)).fold(0.0, f64::max);
        prop_assert!(beyond <= placed[0].beyond_m * 1.01 + 0.1, "{beyond} {}", placed[0].beyond_m);
    }
}
