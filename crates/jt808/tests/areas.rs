//! Areas and routes: whatever is left out or put in, both editions give back what was built.

use jt808::{
    Area, AreaLimit, Circle, DeviceTime, Edition, EditionList, Hours, List, Message, Point, Polygon,
    Rectangle, Route, RoutePoint, SegmentDuration, SetAreas, Text, Text16,
};
use proptest::option;
use proptest::prelude::*;

proptest! {
    #[test]
    fn circles_come_back(parts in prop::collection::vec((parts(), point(), any::<u32>()), 0..5), edition in edition()) {
        let parts: Vec<_> = parts
            .iter()
            .map(|(parts, center, radius_m)| area(edition, parts, Circle { center: *center, radius_m: *radius_m }))
            .collect();
        let mut bytes = Vec::new();
        let areas = EditionList::build(edition, &parts, &mut bytes);
        prop_assert_eq!(areas.iter().collect::<Vec<_>>(), parts);
        comes_back(&Message::SetCircles(SetAreas { action: 1, areas, trailing: &[] }), edition)?;
    }

    #[test]
    fn rectangles_come_back(parts in prop::collection::vec((parts(), point(), point()), 0..5), edition in edition()) {
        let parts: Vec<_> = parts
            .iter()
            .map(|(parts, from, to)| area(edition, parts, Rectangle { top_left: *from, bottom_right: *to }))
            .collect();
        let mut bytes = Vec::new();
        let areas = EditionList::build(edition, &parts, &mut bytes);
        prop_assert_eq!(areas.iter().collect::<Vec<_>>(), parts);
        comes_back(&Message::SetRectangles(SetAreas { action: 0, areas, trailing: &[] }), edition)?;
    }

    #[test]
    fn a_polygon_comes_back(parts in parts(), corners in prop::collection::vec(point(), 0..20), edition in edition()) {
        let (id, attributes, hours, limit, name) = parts;
        let mut bytes = Vec::new();
        let vertices = List::build(&corners, &mut bytes);
        let attributes = presence(attributes, hours.is_some(), limit.is_some());
        let name = Some(Text16(Text(&name)));
        let polygon = Polygon { id, attributes, hours, limit, vertices, name, trailing: &[] }.fitted(edition);
        comes_back(&Message::SetPolygon(polygon), edition)?;
    }

    #[test]
    fn a_route_comes_back(parts in parts(), points in prop::collection::vec(route_point(), 0..20), edition in edition()) {
        let (id, attributes, hours, _, name) = parts;
        let points: Vec<_> = points
            .into_iter()
            .map(|point| RoutePoint { limit: point.limit.map(|limit| limit.fitted(edition)), ..point })
            .collect();
        let mut bytes = Vec::new();
        let list = EditionList::build(edition, &points, &mut bytes);
        prop_assert_eq!(list.iter().collect::<Vec<_>>(), points);
        let attributes = attributes & !1 | u16::from(hours.is_some());
        let name = (edition == Edition::V2019).then_some(Text16(Text(&name)));
        comes_back(&Message::SetRoute(Route { id, attributes, hours, points: list, name, trailing: &[] }), edition)?;
    }
}

#[test]
fn a_limit_without_a_night_has_the_same_by_night_in_2019() {
    let limit = AreaLimit { max_kmh: 60, duration_s: 10, night_kmh: None };
    let shape = Circle { center: Point { latitude: 1, longitude: 2 }, radius_m: 3 };
    let area = Area { id: 1, attributes: 0, shape, hours: None, limit: Some(limit), name: None };
    let mut bytes = Vec::new();
    let built = EditionList::<u8, Area<'_, Circle>>::build(Edition::V2019, &[area], &mut bytes);
    let found: Vec<_> = built.iter().map(|area| (area.limit.unwrap().night_kmh, area.attributes)).collect();
    assert_eq!(found, [(Some(60), 2)]);
}

#[test]
fn a_place_gives_its_signs_to_the_attributes() {
    let place = |latitude, longitude| Point { latitude, longitude };
    assert_eq!(Point::new(29_650_000, 91_100_000), (place(29_650_000, 91_100_000), 0));
    assert_eq!(Point::new(-1, -180_000_000), (place(1, 180_000_000), 1 << 6 | 1 << 7));
    assert_eq!(Point::new(i32::MIN, 0).0.latitude, 1 << 31);
}

#[test]
fn hours_of_every_day_have_no_date() {
    let hours = Hours::daily((22, 0), (6, 30)).unwrap();
    assert_eq!((hours.start.bcd(), hours.end.bcd()), ([0, 0, 0, 0x22, 0, 0], [0, 0, 0, 6, 0x30, 0]));
    assert_eq!((Hours::daily((24, 0), (0, 0)), Hours::daily((0, 0), (0, 60))), (None, None));
}

fn comes_back(message: &Message<'_>, edition: Edition) -> Result<(), TestCaseError> {
    let mut body = Vec::new();
    message.encode_body(edition, &mut body);
    prop_assert_eq!(Message::decode(message.id(), edition, &body), Ok(*message));
    Ok(())
}

type Parts = (u32, u16, Option<Hours>, Option<AreaLimit>, Vec<u8>);

fn area<'a, S>(edition: Edition, parts: &'a Parts, shape: S) -> Area<'a, S> {
    let (id, attributes, hours, limit, name) = parts;
    let (id, hours) = (*id, *hours);
    let attributes = presence(*attributes, hours.is_some(), limit.is_some());
    let limit = limit.map(|limit| limit.fitted(edition));
    let name = (edition == Edition::V2019).then_some(Text16(Text(name)));
    Area { id, attributes, shape, hours, limit, name }
}

fn presence(attributes: u16, hours: bool, limit: bool) -> u16 {
    attributes & !3 | u16::from(hours) | u16::from(limit) << 1
}

fn parts() -> impl Strategy<Value = Parts> {
    let name = prop::collection::vec(any::<u8>(), 0..8);
    (any::<u32>(), any::<u16>(), option::of(hours()), option::of(limit()), name)
}

fn hours() -> impl Strategy<Value = Hours> {
    any::<([u8; 6], [u8; 6])>()
        .prop_map(|(start, end)| Hours { start: DeviceTime::from_bcd(start), end: DeviceTime::from_bcd(end) })
}

fn limit() -> impl Strategy<Value = AreaLimit> {
    any::<(u16, u8, Option<u16>)>().prop_map(|(max_kmh, duration_s, night_kmh)| AreaLimit {
        max_kmh,
        duration_s,
        night_kmh,
    })
}

fn route_point() -> impl Strategy<Value = RoutePoint> {
    let duration = option::of(
        any::<(u16, u16)>().prop_map(|(longest_s, shortest_s)| SegmentDuration { longest_s, shortest_s }),
    );
    (any::<(u32, u32, u8, u8)>(), point(), duration, option::of(limit())).prop_map(
        |((id, segment, width_m, attributes), point, duration, limit)| {
            let attributes = attributes & !3 | u8::from(duration.is_some()) | u8::from(limit.is_some()) << 1;
            RoutePoint { id, segment, point, width_m, attributes, duration, limit }
        },
    )
}

fn point() -> impl Strategy<Value = Point> {
    any::<(u32, u32)>().prop_map(|(latitude, longitude)| Point { latitude, longitude })
}

fn edition() -> impl Strategy<Value = Edition> {
    prop_oneof![Just(Edition::V2013), Just(Edition::V2019)]
}
