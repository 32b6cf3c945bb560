//! Vehicles on roads that are hard to tell apart.

mod support;

use atlas::Atlas;
use fleet::{Along, Fix, Map, OnRoad, Road, RoadClass, RoadIndex, Trail};
use geo::LineString;
use proptest::prelude::*;
use support::{at, fix, road, town};

fn map(roads: Vec<(Road, LineString<f64>)>) -> Atlas {
    Atlas::build(vec![], vec![], vec![]).with_roads(roads)
}

/// One vehicle on a map.
struct Drive<'m> {
    map: &'m Atlas,
    trail: Trail,
    at_s: i64,
}

impl<'m> Drive<'m> {
    fn on(map: &'m Atlas) -> Self {
        Self { map, trail: Trail::default(), at_s: 0 }
    }

    /// A fix some seconds later: the road's id, the direction and what was passed.
    fn fix(
        &mut self,
        after_s: i64,
        (x, y): (f64, f64),
        kmh: f64,
        heading: Option<u16>,
    ) -> (String, bool, String) {
        self.at_s += after_s;
        let mut passed = vec![RoadIndex(7)];
        let on = self.map.follow(&mut self.trail, &fix(self.at_s, at(x, y), kmh, heading), &mut passed);
        let id = |road: RoadIndex| self.map.road(road).id.to_string();
        let passed: Vec<String> = passed.into_iter().map(id).collect();
        on.map_or((String::new(), false, passed.join(" ")), |on| (id(on.road), on.forward, passed.join(" ")))
    }

    fn sure(&mut self) -> f32 {
        let (mut trail, (_, last)) = (self.trail.clone(), self.trail.last.expect("a fix before"));
        let again = Fix { position: last, ..fix(self.at_s, last, 0.0, None) };
        self.map.follow(&mut trail, &again, &mut Vec::new()).map_or(0.0, |on| on.sure)
    }
}

fn told(road: &str, forward: bool, passed: &str) -> (String, bool, String) {
    (road.to_owned(), forward, passed.to_owned())
}

#[test]
fn under_a_bridge_is_not_on_it() {
    let map = map(vec![
        road("street", Along::Both, &[(0.0, -500.0), (0.0, 500.0)]),
        road("bridge", Along::Both, &[(-500.0, 0.0), (500.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&map);
    assert_eq!(drive.fix(0, (4.0, -300.0), 50.0, Some(2)), told("street", true, "street"));
    assert_eq!(drive.fix(10, (9.0, -160.0), 50.0, Some(358)), told("street", true, "street"));
    // Slowly, so without a heading, and much nearer to the bridge than to the street.
    assert_eq!(drive.fix(30, (14.0, 1.0), 5.0, Some(90)), told("street", true, "street"));
    assert_eq!(drive.fix(30, (3.0, 60.0), 8.0, None), told("street", true, "street"));
    // The same fix without a past is told to be on the bridge.
    assert_eq!(Drive::on(&map).fix(0, (14.0, 1.0), 5.0, None).0, "bridge");
}

#[test]
fn the_service_road_beside_is_not_the_expressway() {
    let map = map(vec![
        road("expressway", Along::Forward, &[(0.0, 0.0), (3_000.0, 0.0)]),
        road("service", Along::Both, &[(0.0, 22.0), (3_000.0, 22.0)]),
    ]);
    let mut drive = Drive::on(&map);
    for (n, off_m) in (0..).zip([2.0, 8.0, 13.0, 14.0, 12.0, 13.0]) {
        let (id, forward, _) = drive.fix(10, (f64::from(n) * 250.0 + 100.0, off_m), 90.0, Some(90));
        assert_eq!((id.as_str(), forward), ("expressway", true), "fix {n}");
    }
    // But who drives against the one-way road is on the other.
    let mut drive = Drive::on(&map);
    assert_eq!(drive.fix(0, (2_000.0, 9.0), 40.0, Some(270)).0, "service");
    assert_eq!(drive.fix(10, (1_890.0, 9.0), 40.0, Some(270)), told("service", false, "service"));
}

/// Right between a street and a service way beside it, a vehicle is rather on the street.
#[test]
fn few_drive_on_service_ways() {
    let mut roads = vec![
        road("way", Along::Both, &[(0.0, 20.0), (3_000.0, 20.0)]),
        road("street", Along::Both, &[(0.0, 0.0), (3_000.0, 0.0)]),
    ];
    assert_eq!(Drive::on(&map(roads.clone())).fix(0, (500.0, 11.0), 30.0, Some(90)).0, "way");
    roads[0].0.class = RoadClass::Minor;
    assert_eq!(Drive::on(&map(roads.clone())).fix(0, (500.0, 11.0), 30.0, Some(90)).0, "street");
    assert_eq!(Drive::on(&map(roads)).fix(0, (500.0, 19.0), 30.0, Some(90)).0, "way");
}

#[test]
fn of_two_carriageways_the_direction_decides() {
    let map = map(vec![
        road("east", Along::Forward, &[(0.0, -10.0), (2_000.0, -10.0)]),
        road("west", Along::Backward, &[(0.0, 10.0), (2_000.0, 10.0)]),
    ]);
    // By heading at once, though the other one is nearer.
    assert_eq!(Drive::on(&map).fix(0, (500.0, 6.0), 80.0, Some(90)).0, "east");
    assert_eq!(Drive::on(&map).fix(0, (500.0, -6.0), 80.0, Some(270)), told("west", false, "west"));
    // By movement, where the source has no headings.
    let mut drive = Drive::on(&map);
    assert_eq!(drive.fix(0, (1_500.0, -3.0), 80.0, None).0, "east", "the nearer one, until it moves");
    assert_eq!(drive.fix(10, (1_280.0, -3.0), 80.0, None).0, "west");
    assert!(drive.sure() > 0.9, "{}", drive.sure());
}

#[test]
fn movement_tells_the_direction_on_a_two_way_road() {
    let map = map(vec![
        road("a", Along::Both, &[(0.0, 0.0), (400.0, 0.0)]),
        road("b", Along::Both, &[(400.0, 0.0), (800.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&map);
    drive.fix(0, (600.0, 0.0), 30.0, None);
    assert_eq!(drive.fix(10, (510.0, 2.0), 30.0, None), told("b", false, "b"));
    assert_eq!(drive.fix(20, (350.0, 2.0), 30.0, None), told("a", false, "b a"));
}

#[test]
fn a_ramp_is_told_when_it_parts() {
    let mut roads = vec![
        road("before", Along::Forward, &[(0.0, 0.0), (1_000.0, 0.0)]),
        road("after", Along::Forward, &[(1_000.0, 0.0), (3_000.0, 0.0)]),
        road(
            "ramp",
            Along::Forward,
            &[(1_000.0, 0.0), (1_200.0, -12.0), (1_400.0, -50.0), (1_500.0, -150.0)],
        ),
    ];
    roads[2].0.class = RoadClass::Ramp;
    let map = map(roads);
    let mut drive = Drive::on(&map);
    assert_eq!(drive.fix(0, (800.0, 3.0), 80.0, Some(90)).0, "before");
    drive.fix(10, (1_050.0, 0.0), 80.0, Some(91));
    assert!(drive.sure() < 0.8, "just behind the gore it may be either: {}", drive.sure());
    assert_eq!(drive.fix(20, (1_400.0, -47.0), 60.0, Some(115)).0, "ramp");
    let mut drive = Drive::on(&map);
    drive.fix(0, (800.0, 3.0), 80.0, Some(90));
    assert_eq!(drive.fix(20, (1_300.0, -6.0), 90.0, Some(90)), told("after", true, "before after"));
}

#[test]
fn a_roundabout_is_driven_one_way() {
    let round = |from: f64, to: f64| -> Vec<(f64, f64)> {
        (0..=6)
            .map(|n| (from + (to - from) * f64::from(n) / 6.0).to_radians())
            .map(|angle| (40.0 * angle.cos(), 40.0 * angle.sin()))
            .collect()
    };
    let map = map(vec![
        road("west", Along::Both, &[(-400.0, 0.0), (-40.0, 0.0)]),
        road("south", Along::Forward, &round(180.0, 270.0)),
        road("exit", Along::Both, &[(0.0, -40.0), (0.0, -400.0)]),
        road("east", Along::Forward, &round(270.0, 360.0)),
        road("north", Along::Forward, &round(0.0, 180.0)),
        road("onward", Along::Both, &[(40.0, 0.0), (400.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&map);
    drive.fix(0, (-200.0, 0.0), 40.0, Some(90));
    let (id, forward, passed) = drive.fix(40, (150.0, 0.0), 40.0, Some(90));
    assert_eq!((id.as_str(), forward, passed.as_str()), ("onward", true, "west south east onward"));
    // Back again it is the other half.
    let mut drive = Drive::on(&map);
    drive.fix(0, (200.0, 0.0), 40.0, Some(270));
    assert_eq!(drive.fix(40, (-150.0, 0.0), 40.0, Some(270)).2, "onward north west");
}

#[test]
fn a_tunnel_between_two_fixes_was_passed() {
    let map = map(vec![
        road("before", Along::Both, &[(0.0, 0.0), (1_000.0, 0.0)]),
        road("tunnel", Along::Both, &[(1_000.0, 0.0), (1_400.0, 0.0)]),
        road("after", Along::Both, &[(1_400.0, 0.0), (2_000.0, 0.0)]),
        // The pass road over it.
        road("over", Along::Both, &[(1_000.0, 0.0), (1_000.0, 700.0), (1_400.0, 700.0), (1_400.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&map);
    drive.fix(0, (850.0, 2.0), 72.0, Some(90));
    assert_eq!(drive.fix(30, (1_450.0, 2.0), 72.0, Some(90)), told("after", true, "before tunnel after"));
    assert_eq!(drive.fix(10, (1_650.0, 2.0), 72.0, Some(90)), told("after", true, "after"));
}

#[test]
fn a_gap_or_a_jump_begins_anew() {
    let map = map(vec![
        road("a", Along::Both, &[(0.0, 0.0), (1_000.0, 0.0)]),
        road("b", Along::Both, &[(1_000.0, 0.0), (2_000.0, 0.0)]),
        road("far", Along::Both, &[(30_000.0, 0.0), (31_000.0, 0.0)]),
    ]);
    let ends_on_b = |after_s: i64, x: f64| {
        let mut drive = Drive::on(&map);
        drive.fix(1_000, (900.0, 0.0), 40.0, Some(90));
        drive.fix(after_s, (x, 0.0), 40.0, Some(90)).2
    };
    assert_eq!(ends_on_b(60, 1_500.0), "a b");
    assert_eq!(ends_on_b(900, 1_500.0), "a b", "a quarter of an hour is still bridged");
    assert_eq!(ends_on_b(901, 1_500.0), "b", "no longer");
    assert_eq!(ends_on_b(0, 1_500.0), "b", "600 m in no time is a jump");
    assert_eq!(ends_on_b(1, 1_050.0), "a b");
    assert_eq!(ends_on_b(-1, 1_050.0), "b", "time does not go back");
    assert_eq!(ends_on_b(900, 30_500.0), "far");
    // After a jump on one piece the direction is as open as at the beginning.
    let mut drive = Drive::on(&map);
    drive.fix(0, (100.0, 0.0), 40.0, Some(90));
    drive.fix(0, (900.0, 0.0), 40.0, None);
    assert!(drive.trail.candidates.iter().all(|place| place.cost == 0.0), "{:?}", drive.trail);
    assert_eq!(drive.trail.candidates.len(), 2);
}

#[test]
fn who_turns_in_a_dead_end_comes_back() {
    let map = map(vec![
        road("main", Along::Both, &[(0.0, 0.0), (500.0, 0.0)]),
        road("rest", Along::Both, &[(500.0, 0.0), (900.0, 0.0)]),
        road("dead-end", Along::Both, &[(500.0, 0.0), (500.0, 160.0)]),
    ]);
    let mut drive = Drive::on(&map);
    drive.fix(0, (350.0, 0.0), 30.0, Some(90));
    assert_eq!(drive.fix(30, (500.0, 120.0), 15.0, Some(0)), told("dead-end", true, "main dead-end"));
    assert_eq!(drive.fix(30, (500.0, 60.0), 15.0, Some(180)), told("dead-end", false, "dead-end"));
    assert_eq!(drive.fix(30, (380.0, 0.0), 30.0, Some(270)), told("main", false, "dead-end main"));
    // The turn itself between two fixes.
    let mut drive = Drive::on(&map);
    drive.fix(0, (350.0, 0.0), 30.0, Some(90));
    drive.fix(30, (500.0, 140.0), 15.0, Some(0));
    assert_eq!(drive.fix(60, (380.0, 0.0), 30.0, Some(270)), told("main", false, "dead-end main"));
}

#[test]
fn errors_of_a_standing_vehicle_do_not_turn_it_round() {
    let map = map(vec![
        road("a", Along::Both, &[(0.0, 0.0), (500.0, 0.0)]),
        road("b", Along::Both, &[(500.0, 0.0), (900.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&map);
    drive.fix(0, (400.0, 0.0), 40.0, Some(90));
    drive.fix(10, (505.0, 0.0), 20.0, Some(90));
    for (x, y) in [(488.0, 3.0), (507.0, -4.0), (491.0, 6.0), (484.0, -5.0), (503.0, 8.0)] {
        let (_, forward, _) = drive.fix(30, (x, y), 0.0, None);
        assert!(forward, "at {x}");
    }
    assert_eq!(drive.fix(30, (640.0, 0.0), 40.0, Some(90)).0, "b");
    let stood = drive.trail.candidates.clone();
    for (x, y) in [(652.0, 4.0), (629.0, -6.0), (647.0, 9.0)] {
        drive.fix(30, (x, y), 0.0, None);
    }
    assert_eq!(drive.trail.candidates, stood);
}

/// A junction of two pieces of one road is no reason to doubt the road.
#[test]
fn pieces_of_one_road_do_not_make_each_other_unsure() {
    let pieces = || {
        vec![
            road("a", Along::Both, &[(0.0, 0.0), (500.0, 0.0)]),
            road("b", Along::Both, &[(500.0, 0.0), (900.0, 0.0)]),
        ]
    };
    let sure = |roads: Vec<(Road, LineString<f64>)>| {
        let map = map(roads);
        let mut drive = Drive::on(&map);
        drive.fix(0, (500.0, 1.0), 60.0, Some(90));
        drive.sure()
    };
    assert!(sure(pieces()) > 0.95, "{}", sure(pieces()));
    let mut named = pieces();
    named[1].0.name = Some("Bridge Street".into());
    assert!(sure(named.clone()) < 0.6, "{}", sure(named));
}

#[test]
fn what_another_map_left_behind_is_forgotten() {
    let small = map(vec![road("only", Along::Both, &[(0.0, 0.0), (500.0, 0.0)])]);
    let large = map(vec![
        road("x", Along::Both, &[(0.0, 900.0), (500.0, 900.0)]),
        road("y", Along::Both, &[(0.0, 0.0), (500.0, 0.0)]),
    ]);
    let mut drive = Drive::on(&large);
    assert_eq!(drive.fix(0, (100.0, 0.0), 30.0, Some(90)).0, "y");
    drive.map = &small;
    assert_eq!(drive.fix(10, (180.0, 0.0), 30.0, Some(90)), told("only", true, "only"));
}

fn moved(fix: &Fix, shift_e6: i32) -> Fix {
    let mut fix = *fix;
    fix.position.lon_e6 += shift_e6;
    fix
}

type Step = ((i32, i32), i64, u8, Option<u16>);

fn fixes(steps: &[Step]) -> Vec<Fix> {
    let (mut at_s, mut place) = (1_000, (300.0, 300.0));
    steps
        .iter()
        .map(|((x, y), after_s, kmh, heading)| {
            at_s += after_s;
            place = (place.0 + f64::from(*x), place.1 + f64::from(*y));
            fix(at_s, at(place.0, place.1), f64::from(*kmh), *heading)
        })
        .collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = ((-150..150_i32, -150..150_i32), -2..60_i64, 0..60_u8, prop::option::of(0..360_u16));
    prop::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_answer_holds_what_it_promises(kinds in prop::collection::vec(0..9_u8, 72), steps in steps()) {
        let map = map(town(&kinds, 0));
        let (mut trail, mut passed) = (Trail::default(), Vec::new());
        for fix in fixes(&steps) {
            let Some(on) = map.follow(&mut trail, &fix, &mut passed) else {
                prop_assert!(passed.is_empty() && trail == Trail::default());
                continue;
            };
            prop_assert_eq!(passed.last(), Some(&on.road));
            prop_assert!(passed.windows(2).all(|two| two[0] != two[1]), "{:?}", passed);
            prop_assert!((0.0..=1.0).contains(&on.sure) && on.off_m <= 60.0, "{:?}", on);
            prop_assert!(trail.candidates.len() <= Trail::CANDIDATES_MAX && trail.candidates[0].cost == 0.0);
            prop_assert!(trail.candidates.windows(2).all(|two| two[0].cost <= two[1].cost));
            for candidate in &trail.candidates {
                let against = match map.road(candidate.road).open {
                    Along::Both => false,
                    Along::Forward => !candidate.forward,
                    Along::Backward => candidate.forward,
                };
                prop_assert!(!against, "{:?}", candidate);
                prop_assert!((0.0..=120.5).contains(&candidate.along_m), "{:?}", candidate);
            }
        }
    }

    /// Saved and restored before each fix; and the same town further east.
    #[test]
    fn the_same_fixes_give_the_same_roads(
        kinds in prop::collection::vec(0..9_u8, 72),
        steps in steps(),
        shift_e6 in -20_000_000..20_000_000_i32,
    ) {
        let (map, east) = (map(town(&kinds, 0)), map(town(&kinds, shift_e6)));
        let (mut kept, mut saved, mut shifted) = (Trail::default(), Trail::default(), Trail::default());
        let mut passed = [Vec::new(), Vec::new(), Vec::new()];
        for fix in fixes(&steps) {
            let on = map.follow(&mut kept, &fix, &mut passed[0]);
            let bytes = postcard::to_allocvec(&saved).expect("a trail can be saved");
            saved = postcard::from_bytes(&bytes).expect("and restored");
            prop_assert_eq!(map.follow(&mut saved, &fix, &mut passed[1]), on);
            let there = east.follow(&mut shifted, &moved(&fix, shift_e6), &mut passed[2]);
            let road = |on: &Option<OnRoad>| on.map(|on| (on.road, on.forward));
            prop_assert_eq!(road(&there), road(&on));
            prop_assert!(passed[0] == passed[1] && passed[0] == passed[2], "{:?}", passed);
        }
        prop_assert_eq!(&kept, &saved);
    }
}
