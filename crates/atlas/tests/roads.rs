//! Following vehicles along roads.

mod support;

use atlas::{Atlas, Route, Shape};
use fleet::{Along, Fix, LonLat, Map, OnRoad, Road, RoadIndex, RouteIndex, Trail, Zone, ZoneIndex, ZoneKind};
use geo::{LineString, MultiPolygon, polygon};
use support::{at, fix, road};

fn follow(map: &Atlas, trail: &mut Trail, fix: &Fix) -> (Option<OnRoad>, Vec<RoadIndex>) {
    let mut passed = vec![RoadIndex(999)];
    let on = map.follow(trail, fix, &mut passed);
    (on, passed)
}

fn map(roads: Vec<(Road, LineString<f64>)>) -> Atlas {
    Atlas::build(vec![], vec![], vec![]).with_roads(roads)
}

#[test]
fn the_nearest_road_is_told_with_its_place_and_direction() {
    let map = map(vec![
        road("south", Along::Both, &[(0.0, 0.0), (500.0, 0.0), (1_000.0, 0.0)]),
        road("north", Along::Both, &[(0.0, 45.0), (1_000.0, 45.0)]),
    ]);
    let mut trail = Trail::default();
    let (on, passed) = follow(&map, &mut trail, &fix(0, at(700.0, 5.0), 60.0, Some(268)));
    let on = on.unwrap();
    assert_eq!((on.road, on.forward), (map.road_index("south").unwrap(), false));
    assert!((on.along_m - 700.0).abs() < 5.0 && (on.off_m - 5.0).abs() < 0.5, "{on:?}");
    assert!(on.sure > 0.9, "{on:?}");
    assert_eq!(passed, [on.road]);
    assert_eq!(&*map.road(on.road).id, "south");

    let (on, passed) = follow(&map, &mut trail, &fix(10, at(700.0, 500.0), 60.0, Some(268)));
    assert_eq!((on, passed, trail), (None, vec![], Trail::default()), "no road within reach");
}

#[test]
fn zones_lie_on_the_roads_they_name() {
    let zone = |id: &str, roads: &[&str]| {
        let roads = roads.iter().map(|id| (*id).to_owned()).collect();
        (Zone { roads, ..Zone::new(id, ZoneKind::Bridge) }, Shape::Area(MultiPolygon::new(vec![])))
    };
    let zones = vec![zone("on", &["b", "a", "lost"]), zone("lost", &["lost"]), zone("shape", &[])];
    let roads = ["c", "b", "a", "b"].map(|id| road(id, Along::Both, &[(0.0, 0.0), (9.0, 0.0)]));
    let map = Atlas::build(zones, vec![], vec![]).with_roads(roads.into());
    assert_eq!(map.road_index("b"), Some(RoadIndex(3)), "the later answers to it");
    assert_eq!((map.road_index("a"), map.road_index("d")), (Some(RoadIndex(2)), None));
    let carried = |zone: u32| [0, 1, 2, 3].map(|road| map.carries(ZoneIndex(zone), RoadIndex(road)));
    assert_eq!(carried(0), [Some(false), Some(false), Some(true), Some(true)]);
    assert_eq!(carried(1), [None; 4]);
    assert_eq!(carried(2), [None; 4]);
}

#[test]
fn the_nearest_stop_counts() {
    let route = |stops: Vec<LonLat>| Route {
        id: "r".to_owned(),
        line: vec![(91.1, 29.65), (91.2, 29.65)].into(),
        corridor_m: 100.0,
        hours: None,
        stops,
    };
    let routes = vec![
        route(vec![at(0.0, 0.0), at(1_001.0, 0.0)]),
        route(vec![]),
        route(vec![at(0.0, 0.0), at(5_000.0, 0.0), at(990.0, 0.0)]),
    ];
    let map = Atlas::build(vec![], routes, vec![]).with_version("v1".to_owned());
    let stop_m = map.stop_m(RouteIndex(0), at(900.0, 0.0)).unwrap();
    assert!((stop_m - 101.0).abs() < 2.0, "{stop_m}");
    assert_eq!(map.stop_m(RouteIndex(1), at(900.0, 0.0)), None);
    assert_eq!(map.route_ends(RouteIndex(0)), Some([at(0.0, 0.0), at(1_001.0, 0.0)]));
    assert_eq!(map.route_ends(RouteIndex(1)), None);
    assert_eq!(map.route_ends(RouteIndex(2)), None, "a ring");
    assert_eq!(Map::version(&map), "v1");
}

#[test]
fn it_knows_which_kinds_of_zones_it_has() {
    let square = polygon![(x: 91.1, y: 29.6), (x: 91.2, y: 29.6), (x: 91.2, y: 29.7)];
    let zone = |id: &str, kind| (Zone::new(id, kind), Shape::Area(MultiPolygon::from(square.clone())));
    let zones = vec![zone("a", ZoneKind::HazmatPark), zone("b", ZoneKind::HazmatPark)];
    let map = Atlas::build(zones, vec![], vec![]);
    assert!(map.lists(ZoneKind::HazmatPark) && !map.lists(ZoneKind::ServiceArea));
}
