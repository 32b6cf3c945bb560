//! Frames of the journal become observations: what each message says, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use fleet::{Alarms, Card, LonLat, News, Observation, PlateColor, ReceiveTime, Report, SafetyCode, Status};
use jt808::{DeviceTime, Edition, Header, Items, Location, Packet, Phone, encode_text};
use session::{Observer, Refused};

/// 2026-01-01 11:04:08 at GMT+8, when the frames were received.
const RECEIVED_MS: i64 = 1_767_236_648_000;
/// 2026-01-01 08:00:00 at GMT+8, what the terminal's clock shows.
const CLOCK: [u8; 6] = [0x26, 0x01, 0x01, 0x08, 0x00, 0x00];
const POSITIONED: u32 = 1 << 1;
const SOUTH: u32 = 1 << 2;
const WEST: u32 = 1 << 3;

#[test]
fn a_location_keeps_what_was_sent() {
    let items = [&[1, 4, 0, 0, 0x04, 0xe6][..], &[3, 2, 0x02, 0x58]].concat();
    let location = Location {
        alarm: 3,
        altitude: 0xffec,
        speed_tenths: 865,
        heading: 92,
        items: Items::new(&items),
        ..lhasa()
    };
    let report = one_report(Edition::V2013, &location);
    assert_eq!(report.fix.at.to_string(), "2026-01-01T08:00:00+08:00");
    assert_eq!(report.fix.position, LonLat { lon_e6: 91_100_000, lat_e6: 29_650_000 });
    assert_eq!((report.fix.altitude_m, report.fix.speed.tenths()), (-20, 865));
    assert_eq!(report.fix.heading.unwrap().deg(), 92);
    assert_eq!(report.alarms, Alarms::EMERGENCY.with(Alarms::OVERSPEED));
    assert_eq!(report.status, Status::ACC_ON.with(Status::POSITIONED));
    assert_eq!(report.odometer_tenth_km, Some(1_254));
    assert_eq!(report.recorder_speed.unwrap().tenths(), 600);
    assert!(!report.backfill && report.safety.is_empty());
}

#[test]
fn hemispheres_come_from_status_bits_or_from_the_sign() {
    let negative = |degrees: i32| (-degrees * 1_000_000).cast_unsigned();
    for (status, latitude, longitude, expected) in [
        (0, 29_000_000, 91_000_000, Some((29_000_000, 91_000_000))),
        (SOUTH, 29_000_000, 91_000_000, Some((-29_000_000, 91_000_000))),
        (WEST, 29_000_000, 91_000_000, Some((29_000_000, -91_000_000))),
        (0, negative(29), negative(91), Some((-29_000_000, -91_000_000))),
        (SOUTH | WEST, negative(29), negative(91), Some((-29_000_000, -91_000_000))),
        (0, 90_000_000, 180_000_000, Some((90_000_000, 180_000_000))),
        (SOUTH | WEST, 90_000_000, 180_000_000, Some((-90_000_000, -180_000_000))),
        (0, 90_000_001, 91_000_000, None),
        (0, 29_000_000, 180_000_001, None),
        (SOUTH, 0x8000_0000, 0x8000_0000, None),
        (0, u32::MAX / 2, 91_000_000, None),
    ] {
        let location = Location { status: status | POSITIONED, latitude, longitude, ..lhasa() };
        let report = one_report(Edition::V2013, &location);
        let position = report.fix.position;
        let found = report.status.has(Status::POSITIONED).then_some((position.lat_e6, position.lon_e6));
        assert_eq!(found, expected, "{status:b} {latitude:x} {longitude:x}");
        assert!(position.is_possible());
    }
}

#[test]
fn a_call_for_help_without_a_clock_is_heard_when_it_comes() {
    let location = Location { time: DeviceTime::from_bcd([0; 6]), alarm: 1, ..lhasa() };
    let (heard, refused) = observe(&[frame(0x0200, Edition::V2013, 1, None, &body(&location))]);
    assert_eq!(refused, Err(Refused::Time), "still counted");
    let [Observation { received, news: News::Report(report), .. }] = &heard[..] else { panic!("{heard:?}") };
    assert!(report.alarms.has(Alarms::EMERGENCY) && !report.status.has(Status::POSITIONED));
    assert_eq!(report.fix.at, received.as_event());
}

#[test]
fn a_time_that_is_no_date_refuses_the_report() {
    for clock in [
        [0; 6],
        [0x26, 0x02, 0x29, 0x08, 0x00, 0x00],
        [0x26, 0x13, 0x01, 0x08, 0x00, 0x00],
        [0x26, 0x01, 0x01, 0x24, 0x00, 0x00],
        [0x26, 0x01, 0x01, 0x08, 0x60, 0x00],
        [0x2a, 0x01, 0x01, 0x08, 0x00, 0x00],
        [0xff; 6],
    ] {
        let location = Location { time: DeviceTime::from_bcd(clock), ..lhasa() };
        let refused = observe(&[frame(0x0200, Edition::V2013, 1, None, &body(&location))]);
        assert_eq!(refused, (vec![], Err(Refused::Time)), "{clock:02x?}");
    }
    // A leap day is one, and years off is still a date: the rules judge the clock.
    for clock in [[0x28, 0x02, 0x29, 0, 0, 0], [0x99, 0x12, 0x31, 0x23, 0x59, 0x59]] {
        let location = Location { time: DeviceTime::from_bcd(clock), ..lhasa() };
        one_report(Edition::V2013, &location);
    }
}

#[test]
fn alarm_bits_have_the_meaning_of_2019() {
    let alarms = |edition, alarm| one_report(edition, &Location { alarm, ..lhasa() }).alarms.0;
    assert_eq!(alarms(Edition::V2013, u32::MAX), 0x7ffc_7fff);
    assert_eq!(alarms(Edition::V2019, u32::MAX), 0x7fff_ffff);
    for bit in 0..32 {
        let expected_2013 = if matches!(bit, 15..=17 | 31) { 0 } else { 1 << bit };
        assert_eq!(alarms(Edition::V2013, 1 << bit), expected_2013, "2013 bit {bit}");
        assert_eq!(alarms(Edition::V2019, 1 << bit), if bit == 31 { 0 } else { 1 << bit }, "2019 bit {bit}");
    }
}

#[test]
fn a_bad_item_of_a_batch_costs_the_others_nothing() {
    let late = Location { time: DeviceTime::from_bcd([0; 6]), ..lhasa() };
    let mut batch = vec![0, 5, 1];
    for item in [body(&lhasa()), vec![0; 5], body(&lhasa()), body(&late), body(&lhasa())] {
        batch.extend(u16::try_from(item.len()).unwrap().to_be_bytes());
        batch.extend(item);
    }
    let (seen, result) = observe(&[frame(0x0704, Edition::V2013, 1, None, &batch)]);
    assert_eq!((seen.len(), result), (3, Err(Refused::Item)));
    assert!(seen.iter().all(|seen| report(seen).backfill));
    // An item that reaches past the end, and a count that promises more than there is.
    for cut in 1..=28 {
        let (seen, _) = observe(&[frame(0x0704, Edition::V2013, 1, None, &batch[..batch.len() - cut])]);
        assert_eq!(seen.len(), 2, "cut by {cut}");
    }
    batch[1] = 1;
    let (seen, _) = observe(&[frame(0x0704, Edition::V2013, 1, None, &batch)]);
    assert_eq!(seen.len(), 3, "the data counts, not the count");
}

#[test]
fn a_normal_batch_is_no_backfill() {
    let item = body(&lhasa());
    let batch = [&[0, 1, 0, 0, 28][..], &item].concat();
    let (seen, result) = observe(&[frame(0x0704, Edition::V2019, 1, None, &batch)]);
    assert_eq!((seen.len(), result), (1, Ok(())));
    assert!(!report(&seen[0]).backfill);
}

#[test]
fn a_batch_in_parts_is_joined_in_any_order() {
    let mut batch = vec![0, 3, 1];
    for _ in 0..3 {
        batch.extend([0, 28]);
        batch.extend(body(&lhasa()));
    }
    let parts: Vec<Vec<u8>> = batch
        .chunks(40)
        .zip(1..)
        .map(|(part, index)| {
            frame(
                0x0704,
                Edition::V2013,
                65_533_u16.wrapping_add(index),
                Some(Packet { total: 3, index }),
                part,
            )
        })
        .collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut frames: Vec<Vec<u8>> = order.iter().map(|at| parts[*at].clone()).collect();
        frames.insert(1, frames[0].clone());
        let (seen, result) = observe(&frames);
        assert_eq!((seen.len(), result), (3, Ok(())), "{order:?}");
    }
    assert_eq!(observe(&parts[..2]), (vec![], Ok(())));
}

#[test]
fn state_that_was_saved_goes_on_where_it_was() {
    let location = body(&lhasa());
    let part = |index: u16, bytes: &[u8]| {
        frame(0x0200, Edition::V2013, index, Some(Packet { total: 2, index }), bytes)
    };
    let mut observer = Observer::default();
    let mut seen = Vec::new();
    observer.handle_frame(received(), &part(1, &location[..10]), &mut seen).unwrap();
    let mut revived = observer.clone();
    observer.handle_frame(received(), &part(2, &location[10..]), &mut seen).unwrap();
    let mut again = Vec::new();
    revived.handle_frame(received(), &part(2, &location[10..]), &mut again).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen, again);
}

#[test]
fn a_driver_is_told_by_three_editions() {
    let name = encode_text("扎西");
    let certificate = b"540102198001011234\0\0";
    let card = [&[4][..], &name, certificate, &[4], &name, &[0x20, 0x30, 0x01, 0x01]].concat();
    let inserted = [&[1][..], &CLOCK, &[0], &card].concat();
    let id_card = [0x31; 20];
    let plain = [&[4][..], &name, &id_card, certificate, &[0; 20], &[4], &name].concat();
    let known = |at: &str| (at.to_owned(), true, Some("540102198001011234"), Some("扎西"));
    let clock = "2026-01-01T08:00:00+08:00";
    for (edition, body, expected) in [
        (Edition::V2013, inserted.clone(), known(clock)),
        (Edition::V2019, [&inserted[..], &id_card].concat(), known(clock)),
        (Edition::V2013, plain, known("2026-01-01T11:04:08+08:00")),
        (Edition::V2013, [&[2][..], &CLOCK].concat(), (clock.to_owned(), false, None, None)),
        (
            Edition::V2013,
            [&[2][..], &CLOCK, &[0], &card].concat(),
            (clock.to_owned(), false, None, Some("扎西")),
        ),
        (Edition::V2013, [&[1][..], &CLOCK, &[3]].concat(), (clock.to_owned(), true, None, None)),
    ] {
        let card = card_of(edition, &body);
        let found = (card.at.to_string(), card.inserted, card.certificate.as_deref(), card.name.as_deref());
        assert_eq!(found, expected);
    }
}

#[test]
fn plates_have_the_colour_that_was_sent() {
    for (code, plate, expected) in [
        (1, "藏A12345", PlateColor::Blue),
        (2, "藏A12345", PlateColor::Yellow),
        (93, "藏AD12345", PlateColor::YellowGreen),
        (94, "藏AD12345", PlateColor::Green),
        (0, "LZYTAGBW1E1000001", PlateColor::Other),
    ] {
        for (edition, widths) in
            [(Edition::V2013, [5, 20, 7]), (Edition::V2013, [5, 8, 7]), (Edition::V2019, [11, 30, 30])]
        {
            let width: usize = widths.iter().sum();
            let body = [&[0, 54, 0, 1][..], &vec![0x30; width], &[code], &encode_text(plate)].concat();
            let (seen, result) = observe(&[frame(0x0100, edition, 1, None, &body)]);
            let [Observation { news: News::Registration(registration), .. }] = &seen[..] else {
                panic!("{seen:?} {result:?}")
            };
            assert_eq!((registration.plate.as_str(), registration.color), (plate, expected), "{widths:?}");
        }
    }
}

#[test]
fn the_province_of_registration_tells_dialects_apart_whose_signs_are_alike() {
    let sign = [&[0, 0, 0, 9, 1, 0x09, 2][..], &[0; 5], &[60, 0, 0], &[0; 8], &CLOCK, &[0; 18]].concat();
    let item = [&[0x65, 47][..], &sign].concat();
    let alarm =
        frame(0x0200, Edition::V2013, 2, None, &body(&Location { items: Items::new(&item), ..lhasa() }));
    let registration = |province: u8| {
        let body = [&[0, province, 0, 1][..], &[0x30; 32], &[2], &encode_text("藏A12345")].concat();
        frame(0x0100, Edition::V2013, 1, None, &body)
    };
    for (provinces, expected) in [
        (&[][..], SafetyCode::DsmOther(9)),
        (&[54], SafetyCode::DsmOther(9)),
        // 湘标: plays with a phone.
        (&[43], SafetyCode::Phone),
        (&[43, 54], SafetyCode::DsmOther(9)),
    ] {
        let frames: Vec<_> =
            provinces.iter().map(|province| registration(*province)).chain([alarm.clone()]).collect();
        let (seen, result) = observe(&frames);
        assert_eq!(result, Ok(()));
        let report = report(seen.last().unwrap());
        assert_eq!(report.safety.iter().map(|event| event.code).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn video_items_are_events_of_the_report() {
    let codes = |items: &[u8]| {
        let report = one_report(Edition::V2013, &Location { items: Items::new(items), ..lhasa() });
        assert!(report.safety.iter().all(|event| event.position == report.fix.position));
        report.safety.iter().map(|event| event.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[0x14, 4, 0, 0, 0, 0x10]), [SafetyCode::PassengerOverload]);
    assert_eq!(codes(&[0x14, 4, 0, 0, 0, 0x0f]), []);
    assert_eq!(codes(&[0x18, 3, 0, 1, 100]), [SafetyCode::Fatigue { degree: 10 }]);
    assert_eq!(codes(&[0x18, 2, 0, 6]), [SafetyCode::Phone, SafetyCode::Smoking]);
    // Of a wrong length, behind the end, twice.
    assert_eq!(codes(&[0x14, 2, 0, 0x10]), []);
    assert_eq!(codes(&[0x14, 9, 0, 0, 0, 0x10]), []);
    assert_eq!(codes(&[0x18, 2, 0, 2, 0x18, 2, 0, 4]), [SafetyCode::Phone, SafetyCode::Smoking]);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let encrypted = {
        let mut header = header(0x0200, Edition::V2013, 1, None);
        header.flags = 1 << 10;
        wire(&header, &body(&lhasa()))
    };
    let part = |index, total| frame(0x0200, Edition::V2013, 1, Some(Packet { total, index }), &[1, 2, 3]);
    for (raw, expected) in [
        (vec![], Err(Refused::Frame)),
        (vec![0x7e, 0x7e], Err(Refused::Frame)),
        (frame(0x0200, Edition::V2013, 1, None, &[0; 27]), Err(Refused::Body)),
        (frame(0x0704, Edition::V2013, 1, None, &[0]), Err(Refused::Body)),
        (frame(0x0702, Edition::V2013, 1, None, &[]), Err(Refused::Body)),
        (encrypted, Err(Refused::Encrypted)),
        (part(1, 65_535), Err(Refused::Part)),
        (part(0, 2), Err(Refused::Frame)),
        (part(3, 2), Err(Refused::Frame)),
        (frame(0x0002, Edition::V2013, 1, None, &[]), Ok(())),
        (frame(0x0f0f, Edition::V2013, 1, None, &[1]), Ok(())),
    ] {
        let (_, result) = observe(std::slice::from_ref(&raw));
        assert_eq!(result, expected, "{raw:02x?}");
    }
}

fn lhasa() -> Location<'static> {
    Location {
        status: 0b11,
        latitude: 29_650_000,
        longitude: 91_100_000,
        time: DeviceTime::from_bcd(CLOCK),
        ..Location::default()
    }
}

fn body(location: &Location<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    location.encode(&mut body);
    body
}

fn header(id: u16, edition: Edition, serial: u16, packet: Option<Packet>) -> Header {
    let phone = Phone::from_digits("13800000001", edition).unwrap();
    Header { packet, ..Header::new(id, edition, phone, serial) }
}

fn wire(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    jt808::encode_frame(header, body, &mut raw);
    raw
}

fn frame(id: u16, edition: Edition, serial: u16, packet: Option<Packet>, body: &[u8]) -> Vec<u8> {
    wire(&header(id, edition, serial, packet), body)
}

const fn received() -> ReceiveTime {
    ReceiveTime::from_ms(RECEIVED_MS)
}

/// All observations, and the first refusal.
fn observe(frames: &[Vec<u8>]) -> (Vec<Observation>, Result<(), Refused>) {
    let mut observer = Observer::default();
    let (mut seen, mut result) = (Vec::new(), Ok(()));
    for raw in frames {
        result = result.and(observer.handle_frame(received(), raw, &mut seen));
    }
    (seen, result)
}

fn report(observation: &Observation) -> &Report {
    match &observation.news {
        News::Report(report) => report,
        other => panic!("{other:?} is no report"),
    }
}

fn one_report(edition: Edition, location: &Location<'_>) -> Report {
    let (seen, result) = observe(&[frame(0x0200, edition, 1, None, &body(location))]);
    assert_eq!((seen.len(), result), (1, Ok(())));
    assert_eq!((seen[0].terminal.as_str(), seen[0].received), ("13800000001", received()));
    report(&seen[0]).clone()
}

fn card_of(edition: Edition, body: &[u8]) -> Card {
    let (seen, result) = observe(&[frame(0x0702, edition, 1, None, body)]);
    assert_eq!(result, Ok(()));
    match &seen[..] {
        [Observation { news: News::Card(card), .. }] => card.clone(),
        other => panic!("{other:?}"),
    }
}
