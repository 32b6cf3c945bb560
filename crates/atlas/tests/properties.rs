//! The index against a reference without one, and the promises of `fleet::Map`.

use atlas::{Atlas, Route, Shape, gcj02_to_wgs84};
use fleet::{Division, Leg, LonLat, Map, Touch, Zone, ZoneHit, ZoneKind};
use geo::{LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

/// Position in thousandths of a degree around Lhasa.
fn at(p: (i32, i32)) -> LonLat {
    LonLat { lon_e6: 91_000_000 + p.0 * 1000, lat_e6: 29_500_000 + p.1 * 1000 }
}

fn zone(n: usize, kind: ZoneKind, approach_m: Option<f64>) -> Zone {
    Zone { approach_m, ..Zone::new(&format!("z{n}"), kind) }
}

type Draft = ((i32, i32), (i32, i32), bool, Option<u16>);

fn built(drafts: &[Draft]) -> Vec<(Zone, Shape)> {
    let shape = |((x, y), (w, h), corridor, _): &Draft| {
        let (low, high) = (at((*x, *y)), at((x + w, y + h)));
        if *corridor {
            let line = LineString::from(vec![(low.lon(), low.lat()), (high.lon(), high.lat())]);
            return Shape::Corridor { line, width_m: 200.0 };
        }
        let ring = vec![
            (low.lon(), low.lat()),
            (high.lon(), low.lat()),
            (high.lon(), high.lat()),
            (low.lon(), high.lat()),
            (low.lon(), low.lat()),
        ];
        Shape::Area(MultiPolygon::new(vec![Polygon::new(LineString::from(ring), vec![])]))
    };
    let kind = |n: usize| if n.is_multiple_of(2) { ZoneKind::Tunnel } else { ZoneKind::Closed };
    drafts.iter().enumerate().map(|(n, d)| (zone(n, kind(n), d.3.map(f64::from)), shape(d))).collect()
}

/// The nearest distance by walking the outline in small steps with the haversine.
fn haversine_to(shape: &Shape, from: LonLat) -> f64 {
    let (line, half_m) = match shape {
        Shape::Area(area) => (area.0[0].exterior(), 0.0),
        Shape::Corridor { line, width_m } => (line, width_m / 2.0),
    };
    let steps = |s: geo::Line<f64>| {
        (0..=200).map(move |n| {
            let part = f64::from(n) / 200.0;
            LonLat::from_degrees(s.start.x + s.dx() * part, s.start.y + s.dy() * part)
        })
    };
    line.lines().flat_map(steps).map(|p| p.distance_m(from)).fold(f64::INFINITY, f64::min) - half_m
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let side = || 1..60i32;
    prop::collection::vec(
        ((-200..200i32, -200..200i32), (side(), side()), any::<bool>(), prop::option::of(100..8000u16)),
        0..12,
    )
}

fn hits(atlas: &Atlas, leg: Leg) -> Vec<ZoneHit> {
    let mut hits = Vec::new();
    Map::zones(atlas, leg, &mut hits);
    hits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_index_finds_what_each_zone_alone_would(d in drafts(), a in (-250..250i32, -250..250i32), b in prop::option::of((-250..250i32, -250..250i32))) {
        // Half of the questions are asked on the diagonal of a zone, where a corridor runs.
        let a = match d.first() {
            Some(((x, y), (w, h), ..)) if a.0 % 2 == 0 => (x + w * (a.1.rem_euclid(5)) / 4, y + h * (a.1.rem_euclid(5)) / 4),
            _ => a,
        };
        let leg = Leg { from: b.map(at), to: at(a) };
        let found = hits(&Atlas::build(built(&d), vec![], vec![]), leg);
        for (n, (z, shape)) in built(&d).into_iter().enumerate() {
            let reach = z.approach_m.unwrap_or(0.0).max(if z.kind == ZoneKind::Tunnel { fleet::PORTAL_M } else { 0.0 });
            let inside = match &shape {
                Shape::Area(area) => geo::Intersects::intersects(area, &geo::Point::new(leg.to.lon(), leg.to.lat())),
                Shape::Corridor { .. } => haversine_to(&shape, leg.to) <= 0.0,
            };
            let distance = haversine_to(&shape, leg.to);
            // The least distance of the leg, walked in small steps, to a corridor.
            let leg_m = leg.from.map_or(f64::INFINITY, |from| (0..=500).map(|n| {
                let part = f64::from(n) / 500.0;
                let p = LonLat::from_degrees(from.lon() + (leg.to.lon() - from.lon()) * part, from.lat() + (leg.to.lat() - from.lat()) * part);
                if matches!(shape, Shape::Area(_)) { f64::INFINITY } else { haversine_to(&shape, p) }
            }).fold(f64::INFINITY, f64::min));
            let crossed = leg.from.is_some_and(|from| match &shape {
                Shape::Area(area) => geo::Intersects::intersects(area, &geo::Line::new((from.lon(), from.lat()), (leg.to.lon(), leg.to.lat()))),
                Shape::Corridor { .. } => leg_m <= 0.0,
            });
            let is = |t: &str| found.iter().any(|h| h.zone.0 as usize == n && match h.touch { Touch::Inside => t == "inside", Touch::Crossed => t == "crossed", Touch::Near { distance_m, .. } => t == "near" && (distance_m - distance).abs() <= 0.005 * distance + 20.0 });
            let corridor = matches!(shape, Shape::Corridor { .. });
            let close_call = (distance - reach).abs() < 0.005 * reach + 20.0 || corridor && (distance.abs() < 20.0 || leg_m.abs() < 40.0);
            let wanted = if inside { "inside" } else if crossed { "crossed" } else if reach > 0.0 && distance <= reach { "near" } else { "" };
            if !close_call { prop_assert_eq!(is(wanted), !wanted.is_empty(), "{} {:?}", wanted, found); }
            if wanted.is_empty() && !close_call { prop_assert!(found.iter().all(|h| h.zone.0 as usize != n), "{:?}", found); }
        }
        prop_assert!(found.is_sorted_by(|a, b| a.zone < b.zone));
    }

    #[test]
    fn within_the_clearance_nothing_is_ever_hit(d in drafts(), off in (-150..150i32, -150..150i32), part in 0.9..1.0f64, aim in prop::option::of(0.0..std::f64::consts::TAU)) {
        let atlas = Atlas::build(built(&d), vec![], vec![]);
        let ((x, y), (w, h)) = d.first().map_or(((0, 0), (0, 0)), |draft| (draft.0, draft.1));
        let from = at((x + off.0, y + off.1));
        let clearance = atlas.clearance_m(from);
        let meters = clearance * part;
        // Straight at the nearest point of the first zone's box, or anywhere.
        let near = at(((x + off.0).clamp(x, x + w), (y + off.1).clamp(y, y + h)));
        let turn = aim.unwrap_or_else(|| from.bearing_deg(near).to_radians());
        let to = LonLat::from_degrees(
            from.lon() + meters * turn.sin() / (111_195.08 * from.lat().to_radians().cos()),
            from.lat() + meters * turn.cos() / 111_195.08);
        if from.distance_m(to) < clearance {
            prop_assert_eq!(hits(&atlas, Leg { from: Some(from), to }), vec![]);
            prop_assert_eq!(hits(&atlas, Leg { from: None, to }), vec![]);
        }
    }

    #[test]
    fn off_route_agrees_with_the_haversine(a in (-300..300i32, -300..300i32)) {
        let line = LineString::from(vec![(91.0, 29.5), (91.2, 29.6)]);
        let shape = Shape::Corridor { line: line.clone(), width_m: 200.0 };
        let atlas = Atlas::build(vec![], vec![Route { id: "r".into(), line, corridor_m: 100.0, hours: None, stops: vec![] }], vec![]);
        let expected = haversine_to(&shape, at(a)).max(0.0);
        let off = atlas.off_route_m(atlas.route("r").unwrap(), at(a));
        prop_assert!((off - expected).abs() <= 0.005 * expected + 35.0, "{off} {expected}");
    }
}

#[test]
fn a_hole_is_outside_and_its_border_is_not() {
    let square = |r: f64| {
        LineString::from(vec![
            (91.0 - r, 29.0 - r),
            (91.0 + r, 29.0 - r),
            (91.0 + r, 29.0 + r),
            (91.0 - r, 29.0 + r),
            (91.0 - r, 29.0 - r),
        ])
    };
    let area = MultiPolygon::new(vec![Polygon::new(square(0.2), vec![square(0.1)])]);
    let county = Division::parse("540102").unwrap();
    let atlas = Atlas::build(
        vec![(zone(0, ZoneKind::Closed, None), Shape::Area(area.clone()))],
        vec![],
        vec![(county, area)],
    );
    let touch =
        |lon| hits(&atlas, Leg { from: None, to: LonLat::from_degrees(lon, 29.0) }).first().map(|h| h.touch);
    assert_eq!(
        (touch(91.0), touch(91.1), touch(91.15), touch(91.21)),
        (None, Some(Touch::Inside), Some(Touch::Inside), None)
    );
    assert_eq!(atlas.division(LonLat::from_degrees(91.15, 29.0)), Some(county));
    assert_eq!(atlas.division(LonLat::from_degrees(91.0, 29.0)), None);
}

#[test]
fn abroad_nothing_is_shifted() {
    let paris = LonLat::from_degrees(2.35, 48.85);
    assert_eq!(gcj02_to_wgs84(paris), paris);
}
