//! How far it is along the road to a zone.

mod support;

use atlas::{Atlas, Shape};
use fleet::{Ahead, Along, Map, OnRoad, Road, Zone, ZoneIndex, ZoneKind};
use geo::{LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use support::{BLOCK_M, at, road, town};

fn square(west_m: f64, south_m: f64, side_m: f64) -> Shape {
    let corners = [(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m)];
    let ring: Vec<(f64, f64)> =
        corners.iter().map(|(x, y)| at(west_m + x, south_m + y)).map(|p| (p.lon(), p.lat())).collect();
    Shape::Area(MultiPolygon::new(vec![Polygon::new(LineString::from(ring), vec![])]))
}

fn zone(kind: ZoneKind, approach_m: Option<f64>, roads: &[&str]) -> Zone {
    Zone { approach_m, roads: roads.iter().map(|id| (*id).to_owned()).collect(), ..Zone::new("z", kind) }
}

/// What the first zone says to a vehicle some metres along a road.
fn ahead(map: &Atlas, id: &str, forward: bool, along_m: f32) -> Ahead {
    let on = OnRoad {
        road: map.road_index(id).expect("a road of the map"),
        forward,
        along_m,
        off_m: 0.0,
        sure: 1.0,
    };
    map.ahead(&on, ZoneIndex(0))
}

fn assert_at(ahead: Ahead, expected_m: f64) {
    assert!(
        matches!(ahead, Ahead::At(m) if (m - expected_m).abs() < 1.0 + expected_m * 0.001),
        "{ahead:?}, not {expected_m} m"
    );
}

/// A river from west to east at 100 m north, with a bridge only 2,500 m further east; the zone lies on the other bank.
#[test]
fn across_a_river_is_not_ahead() {
    let roads = vec![
        road("south", Along::Both, &[(-1_000.0, 0.0), (2_500.0, 0.0)]),
        road("bridge", Along::Both, &[(2_500.0, 0.0), (2_500.0, 200.0)]),
        road("north", Along::Both, &[(2_500.0, 200.0), (-1_000.0, 200.0)]),
        road("pier", Along::Both, &[(-1_000.0, 0.0), (-1_500.0, 0.0)]),
    ];
    let shape = || square(-50.0, 150.0, 100.0);
    let near = Atlas::build(vec![(zone(ZoneKind::Closed, Some(1_000.0), &[]), shape())], vec![], vec![])
        .with_roads(roads.clone());
    // 200 m away as the crow flies, 5 km by road.
    assert_eq!(ahead(&near, "south", true, 1_000.0), Ahead::Elsewhere);
    assert_eq!(ahead(&near, "south", false, 1_000.0), Ahead::Elsewhere, "nor is turning back a way");
    let far = Atlas::build(vec![(zone(ZoneKind::Closed, Some(6_000.0), &[]), shape())], vec![], vec![])
        .with_roads(roads);
    assert_at(ahead(&far, "south", true, 1_000.0), 2_500.0 + 200.0 + 2_450.0);
    assert_eq!(ahead(&far, "south", false, 1_000.0), Ahead::Elsewhere);
    // On the road itself: before it, in it, behind it.
    assert_at(ahead(&far, "north", true, 2_000.0), 450.0);
    assert_at(ahead(&far, "north", true, 2_500.0), 0.0);
    assert_eq!(ahead(&far, "north", true, 2_600.0), Ahead::Elsewhere);
    assert_at(ahead(&far, "north", false, 2_600.0), 50.0);
}

#[test]
fn one_way_roads_lead_one_way() {
    let roads = vec![
        road("to", Along::Forward, &[(0.0, 0.0), (500.0, 0.0)]),
        road("in", Along::Both, &[(500.0, 0.0), (900.0, 0.0)]),
        road("from", Along::Forward, &[(500.0, 0.0), (500.0, 400.0)]),
        road("back", Along::Backward, &[(500.0, 0.0), (500.0, -400.0)]),
    ];
    let zones = vec![(zone(ZoneKind::Tunnel, None, &["in"]), square(500.0, -50.0, 100.0))];
    let map = Atlas::build(zones, vec![], vec![]).with_roads(roads);
    assert_at(ahead(&map, "to", true, 400.0), 100.0);
    assert_eq!(ahead(&map, "to", true, 150.0), Ahead::Elsewhere, "further than a portal counts");
    assert_at(ahead(&map, "in", true, 300.0), 0.0);
    assert_eq!(ahead(&map, "from", true, 10.0), Ahead::Elsewhere);
    assert_at(ahead(&map, "back", false, 50.0), 50.0);
}

/// A zone on a one-way road, and a way that leads to it only against another one: by road ids and by shape.
#[test]
fn nobody_is_expected_against_a_one_way_road() {
    let roads = || {
        vec![
            road("to", Along::Both, &[(-500.0, 0.0), (0.0, 0.0)]),
            road("in", Along::Forward, &[(0.0, 0.0), (200.0, 0.0)]),
            road("after", Along::Both, &[(200.0, 0.0), (700.0, 0.0)]),
            road("away", Along::Forward, &[(0.0, 0.0), (0.0, 200.0)]),
            road("side", Along::Both, &[(0.0, 200.0), (0.0, 500.0)]),
        ]
    };
    for ids in [&["in"][..], &[]] {
        let zones = vec![(zone(ZoneKind::Closed, Some(1_000.0), ids), square(1.0, -50.0, 198.0))];
        let map = Atlas::build(zones, vec![], vec![]).with_roads(roads());
        assert_at(ahead(&map, "to", true, 400.0), 100.5);
        assert_eq!(ahead(&map, "after", false, 100.0), Ahead::Elsewhere, "{ids:?}");
        assert_eq!(ahead(&map, "side", false, 100.0), Ahead::Elsewhere, "{ids:?}");
    }
}

/// A corridor of 20 m across a long straight piece is found between the piece's two points.
#[test]
fn a_narrow_zone_across_a_long_road_is_found_from_both_sides() {
    let (a, b) = (at(3_000.0, -100.0), at(3_000.0, 100.0));
    let line = LineString::from(vec![(a.lon(), a.lat()), (b.lon(), b.lat())]);
    let zones = vec![(zone(ZoneKind::Bridge, Some(4_000.0), &[]), Shape::Corridor { line, width_m: 20.0 })];
    let map = Atlas::build(zones, vec![], vec![]).with_roads(vec![
        road("long", Along::Both, &[(0.0, 0.0), (8_000.0, 0.0)]),
        road("after", Along::Both, &[(8_000.0, 0.0), (8_100.0, 0.0)]),
        road("away", Along::Both, &[(0.0, 5_000.0), (100.0, 5_000.0)]),
    ]);
    assert_at(ahead(&map, "long", true, 500.0), 2_490.0);
    assert_at(ahead(&map, "long", false, 5_000.0), 1_990.0);
    assert_at(ahead(&map, "long", false, 3_000.0), 0.0);
    assert_eq!(ahead(&map, "after", false, 0.0), Ahead::Elsewhere, "4,990 m away");
    assert_eq!(ahead(&map, "away", true, 0.0), Ahead::Elsewhere);
}

#[test]
fn nothing_is_known_of_a_zone_that_no_road_leads_into() {
    let zones = vec![(zone(ZoneKind::Closed, Some(1_000.0), &["lost"]), square(0.0, 500.0, 100.0))];
    let map = Atlas::build(zones, vec![], vec![]).with_roads(vec![road(
        "a",
        Along::Both,
        &[(0.0, 0.0), (900.0, 0.0)],
    )]);
    assert_eq!(ahead(&map, "a", true, 0.0), Ahead::Unknown);
}

/// More ways lead to the zone than are kept: beyond the nearest nothing is promised, neither a way nor that there is none.
#[test]
fn far_away_in_a_dense_net_nothing_is_promised() {
    let mut roads = vec![road("in", Along::Both, &[(0.0, 0.0), (0.0, -100.0)])];
    let place = |n: i32| f64::from(n) * 20.0;
    for x in 0..80 {
        for y in 0..80 {
            roads.push(road(
                &format!("e{x}-{y}"),
                Along::Both,
                &[(place(x), place(y)), (place(x + 1), place(y))],
            ));
            roads.push(road(
                &format!("n{x}-{y}"),
                Along::Both,
                &[(place(x), place(y)), (place(x), place(y + 1))],
            ));
        }
    }
    let zones = vec![(zone(ZoneKind::Closed, Some(2_500.0), &["in"]), square(0.0, -100.0, 10.0))];
    let map = Atlas::build(zones, vec![], vec![]).with_roads(roads);
    assert_at(ahead(&map, "e20-20", false, 10.0), 10.0 + 400.0 + 400.0);
    assert_eq!(ahead(&map, "e70-70", false, 10.0), Ahead::Unknown);
}

fn is_open(road: &Road, forward: bool) -> bool {
    match road.open {
        Along::Both => true,
        Along::Forward => forward,
        Along::Backward => !forward,
    }
}

/// Blocks to the first of some roads by trying every way in turn, each piece a block; none within `most`.
fn blocks(roads: &[(Road, LineString<f64>)], from: (usize, bool), zone: &[usize], most: u32) -> Option<u32> {
    let end = |(piece, forward): (usize, bool), last: bool| roads[piece].1.0[usize::from(forward == last)];
    let all = || (0..roads.len()).flat_map(|piece| [(piece, true), (piece, false)]);
    let mut at = vec![from];
    for blocks in 0..=most {
        let onward = |way: &(usize, bool)| {
            let way = *way;
            all().filter(move |next| {
                next.0 != way.0 && is_open(&roads[next.0].0, next.1) && end(*next, false) == end(way, true)
            })
        };
        let next: std::collections::BTreeSet<(usize, bool)> = at.iter().flat_map(onward).collect();
        if next.iter().any(|(piece, _)| zone.contains(piece)) {
            return Some(blocks);
        }
        at = next.into_iter().collect();
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_way_to_a_zone_is_the_shortest_there_is(
        kinds in prop::collection::vec(0..9_u8, 72),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        asked in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 6),
        part in 0.1..0.9_f32,
        reach in 1..9_u16,
    ) {
        let roads = town(&kinds, 0);
        prop_assume!(!roads.is_empty());
        let carrying: Vec<usize> = picks.iter().map(|pick| pick.index(roads.len())).collect();
        let ids: Vec<&str> = carrying.iter().map(|piece| &*roads[*piece].0.id).collect();
        // Between two counts of blocks, so that rounding decides nothing.
        let reach_m = f64::from(reach) * BLOCK_M + 1.0;
        let zones = vec![(zone(ZoneKind::Closed, Some(reach_m), &ids), square(0.0, 0.0, 1.0))];
        let map = Atlas::build(zones, vec![], vec![]).with_roads(roads.clone());
        for (pick, forward) in asked {
            let piece = pick.index(roads.len());
            let road = &roads[piece].0;
            if !is_open(road, forward) {
                continue;
            }
            let told = ahead(&map, &road.id, forward, part * 120.0);
            if carrying.contains(&piece) {
                prop_assert_eq!(told, Ahead::At(0.0));
                continue;
            }
            let left_m = f64::from(if forward { 1.0 - part } else { part }) * BLOCK_M;
            match blocks(&roads, (piece, forward), &carrying, u32::from(reach)) {
                Some(blocks) if left_m + f64::from(blocks) * BLOCK_M <= reach_m => {
                    let expected_m = left_m + f64::from(blocks) * BLOCK_M;
                    prop_assert!(matches!(told, Ahead::At(m) if (m - expected_m).abs() < 4.0), "{:?}, not {}", told, expected_m);
                }
                Some(_) | None => prop_assert_eq!(told, Ahead::Elsewhere),
            }
        }
    }
}
