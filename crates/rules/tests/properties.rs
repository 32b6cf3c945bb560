//! What holds for every stream: no panic, the same alerts over a restart, duplicates and noise that change nothing.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::sync::Arc;

use fleet::{
    Alarms, Alert, Card, Dialect, Driver, EventTime, Fix, Heading, News, Observation, PlateColor,
    ReceiveTime, Registration, Registry, Report, Role, SafetyCode, SafetyEvent, SafetyPhase, Speed, Status,
    TerminalId, Vehicle, VehicleClass, ZoneKind,
};
use proptest::prelude::*;
use rules::{Book, Engine, Fault, State, Verdict};
use world::{Rectangle, World};

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00

fn engine(state: State) -> Engine {
    let vehicle = |number: usize, class| Vehicle {
        terminal: terminal(number),
        plate: format!("藏A{number}"),
        plate_color: PlateColor::Yellow,
        class,
        operator: "OP001".to_owned(),
        division: "540102".parse().unwrap(),
        route: Some("r1".to_owned()),
        hazmat_class: Some("3".to_owned()),
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    let vehicles = (0..).zip(VehicleClass::ALL).map(|(number, class)| vehicle(number, *class)).collect();
    let driver = Driver {
        certificate: "5401".to_owned(),
        name: "扎西".to_owned(),
        operator: "OP001".to_owned(),
        classes: vec![VehicleClass::SchoolBus],
        valid_until: EventTime::from_ms(START_MS * 2),
        role: Role::Driver,
    };
    let zone = |id: &str, kind, x: f64, approach_m| {
        let mut zone = World::zone_named(id, kind);
        zone.approach_m = approach_m;
        zone.limit_kmh = (kind == ZoneKind::SpeedLimit).then_some(40.0);
        (zone, Rectangle { x: (x, x + 800.0), y: (-80.0, 80.0) })
    };
    let zones = vec![
        zone("tunnel", ZoneKind::Tunnel, 1000.0, Some(500.0)),
        zone("water", ZoneKind::WaterSource, 1500.0, None),
        zone("slow", ZoneKind::SpeedLimit, 2500.0, None),
        zone("gate", ZoneKind::NoParking, 0.0, None),
        zone("shut", ZoneKind::Closed, 4000.0, None),
    ];
    let world = World { zones, routes: vec![("r1".to_owned(), 0.0, 50.0, None)], ..World::default() };
    let registry = Registry::new(vehicles, vec![driver], Vec::new());
    Engine::with_state(Arc::new(Book::default().into()), Arc::new(registry), Arc::new(world), state)
}

fn terminal(number: usize) -> TerminalId {
    TerminalId::parse(&format!("138{number}")).unwrap()
}

fn report(seconds: i64, x: f64, y: f64, speed: u16) -> Report {
    Report {
        fix: Fix {
            at: EventTime::from_ms(START_MS + seconds * 1000),
            position: world::at(x, y),
            altitude_m: 3650,
            speed: Speed::from_tenths(speed),
            heading: Some(Heading::from_deg(90)),
        },
        alarms: Alarms(0),
        status: Status::POSITIONED.with(Status::ACC_ON),
        odometer_tenth_km: None,
        recorder_speed: None,
        safety: Vec::new(),
        backfill: false,
    }
}

fn observation(number: usize, seconds: i64, news: News) -> Observation {
    Observation {
        terminal: terminal(number),
        received: ReceiveTime::from_ms(START_MS + seconds * 1000),
        news,
    }
}

prop_compose! {
    fn any_event()(
        code in prop::sample::select(vec![SafetyCode::Phone, SafetyCode::Smoking, SafetyCode::Tyre, SafetyCode::DsmOther(9)]),
        phase in prop::sample::select(vec![SafetyPhase::Start, SafetyPhase::End, SafetyPhase::Moment]),
        alarm_id: u32,
        level in 0_u8..3,
    ) -> SafetyEvent {
        let fix = report(0, 0.0, 0.0, 0).fix;
        SafetyEvent { code, alarm_id, phase, level, at: fix.at, position: fix.position, speed_kmh: 0, attachments: 0, dialect: Dialect::Other }
    }
}

/// Mostly plausible, with everything else mixed in: lateness, jumps, no fix, bits, cards, registrations.
fn any_stream() -> impl Strategy<Value = Vec<Observation>> {
    let step = (
        (0_usize..6, 1_i64..400, -30.0_f64..60.0, -200.0_f64..200.0),
        (0_u16..1700, 0_u32..40, prop::option::weighted(0.1, any_event())),
        (prop::option::weighted(0.1, 0_i64..8000), 0_u8..60, prop::option::weighted(0.2, any::<u32>())),
    );
    prop::collection::vec(step, 1..120).prop_map(|steps| {
        let (mut clock, mut x) = (0, 0.0);
        let mut stream = Vec::new();
        for ((number, passed, pace, y), (speed, chance, event), (late, kind, bits)) in steps {
            clock += passed / 8;
            x = (x + pace * passed as f64 / 8.0).clamp(-3000.0, 9000.0);
            let mut said = report(clock - late.unwrap_or(0), x, y, speed);
            said.safety.extend(event);
            said.alarms = Alarms(bits.filter(|_| kind < 20).unwrap_or(0));
            said.odometer_tenth_km = bits;
            match chance {
                0 => said.fix.position = world::at(2e6, 0.0),
                1 => said.status = Status(0),
                2 => said.fix.at = EventTime::from_ms(bits.map_or(i64::MAX, |b| i64::from(b) << 20)),
                3 => said.fix.position.lon_e6 = i32::MIN,
                _ => {}
            }
            let news = match kind {
                58 => News::Card(Card {
                    at: said.fix.at,
                    certificate: bits.map(|bits| format!("540{}", bits % 3)),
                    name: None,
                    inserted: chance % 2 == 0,
                }),
                59 => News::Registration(Registration {
                    plate: format!("藏A{}", chance % 5),
                    color: PlateColor::Yellow,
                }),
                _ => News::Report(Box::new(said)),
            };
            stream.push(observation(number, clock, news));
        }
        stream
    })
}

/// Now and then nobody says a word for an hour.
fn with_silences(stream: Vec<Observation>, after: usize) -> Vec<Observation> {
    let later = |(number, observation): (usize, Observation)| {
        let by = std::time::Duration::from_secs(3600 * (number / after) as u64);
        let received = observation.received.plus(by);
        let news = match observation.news {
            News::Report(mut report) if report.fix.at.ms() < START_MS * 2 => {
                report.fix.at = report.fix.at.plus(by);
                News::Report(report)
            }
            News::Card(card) => News::Card(Card { at: card.at.plus(by), ..card }),
            news => news,
        };
        Observation { received, news, ..observation }
    };
    stream.into_iter().enumerate().map(later).collect()
}

fn run(stream: &[Observation], restarts: impl Fn(usize) -> bool) -> (Vec<Alert>, Vec<Verdict>, State) {
    let mut engine = engine(State::default());
    let (mut alerts, mut verdicts) = (Vec::new(), Vec::new());
    for (number, observation) in stream.iter().enumerate() {
        if restarts(number) {
            let saved = postcard::to_allocvec(engine.state()).unwrap();
            engine = self::engine(postcard::from_bytes(&saved).unwrap());
        }
        engine.handle_timeout(observation.received, &mut alerts); // time passes for everyone, as in the fold
        verdicts.push(engine.handle_observation(observation, &mut alerts));
    }
    while let Some(next) = engine.next_timeout() {
        engine.handle_timeout(next, &mut alerts);
    }
    (alerts, verdicts, engine.state().clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_restart_changes_nothing(stream in any_stream(), every in 1_usize..9) {
        let straight = run(&stream, |_| false);
        prop_assert_eq!(&straight, &run(&stream, |number| number % every == 0));
    }

    #[test]
    fn how_often_deadlines_are_asked_for_changes_nothing(stream in any_stream(), every_s in 1_u32..40, after in 4_usize..30) {
        let stream = with_silences(stream, after);
        let mut often = engine(State::default());
        let (mut alerts, mut clock) = (Vec::new(), stream[0].received);
        for observation in &stream {
            while clock < observation.received {
                often.handle_timeout(clock, &mut alerts);
                clock = clock.plus(std::time::Duration::from_secs(u64::from(every_s)));
            }
            often.handle_observation(observation, &mut alerts);
        }
        while let Some(next) = often.next_timeout() {
            often.handle_timeout(next, &mut alerts);
        }
        let of = |alerts: &[Alert], number| {
            alerts.iter().filter(|alert| alert.vehicle.terminal == terminal(number)).cloned().collect::<Vec<_>>()
        };
        let (seldom, _, _) = run(&stream, |_| false);
        for number in 0..6 {
            prop_assert_eq!(of(&alerts, number), of(&seldom, number));
        }
    }

    #[test]
    fn every_alert_is_whole(stream in any_stream()) {
        let (alerts, _, _) = run(&stream, |_| false);
        let mut last: std::collections::BTreeMap<_, (u32, fleet::State)> = std::collections::BTreeMap::new();
        for alert in &alerts {
            prop_assert!(!alert.basis.is_empty() && !alert.departments.is_empty());
            prop_assert!(!alert.title.zh.is_empty() && !alert.title.en.is_empty());
            prop_assert!(alert.evidence.positions.len() <= 20);
            prop_assert!(alert.evidence.positions.windows(2).all(|pair| pair[0].time <= pair[1].time));
            prop_assert!(alert.position.time.ms() > START_MS - 86_400_000, "{:?}", alert.position);
            prop_assert_eq!(alert.ended_at.is_some(), alert.state == fleet::State::Cleared);
            prop_assert!(alert.ended_at.is_none_or(|ended| ended >= alert.started_at));
            match last.insert((alert.id, alert.late), (alert.revision, alert.state)) {
                None => prop_assert_eq!((alert.revision, alert.state), (1, fleet::State::Raised)),
                Some((_, fleet::State::Cleared)) => prop_assert_eq!(alert.revision, 1, "raised again: {:?}", alert.rule),
                Some((revision, _)) => prop_assert_eq!(alert.revision, revision + 1),
            }
        }
        for (revision, state) in last.values() {
            prop_assert_eq!(*state, fleet::State::Cleared, "revision {} is open for ever", revision);
        }
    }

    #[test]
    fn duplicates_change_nothing(stream in any_stream(), back in 0_usize..6) {
        let mut doubled = Vec::new();
        for (number, observation) in stream.iter().enumerate() {
            doubled.push(observation.clone());
            // A card or a registration again is news again; reports are what terminals resend.
            // One with a time that can't be right is no report to recognise.
            let resent = &stream[number.saturating_sub(back)];
            let sane = |said: &Report| (said.fix.at.ms() - START_MS).abs() < 86_400_000;
            if matches!(&resent.news, News::Report(said) if sane(said)) {
                doubled.push(Observation { received: observation.received, ..resent.clone() });
            }
        }
        let (alerts, _, _) = run(&stream, |_| false);
        let (again, verdicts, _) = run(&doubled, |_| false);
        prop_assert_eq!(alerts, again);
        prop_assert!(verdicts.len() == 1 || verdicts.iter().any(|v| matches!(v, Verdict::Duplicate | Verdict::Rejected(_) | Verdict::Other)));
    }

    #[test]
    fn one_wild_fix_raises_nothing(far in 20_000.0_f64..2_000_000.0, angle in 0.0_f64..6.0, at in 1_usize..20, speed in 0_u16..1600) {
        let mut engine = engine(State::default());
        let mut alerts = Vec::new();
        for number in 0..22_usize {
            // On its way at 60 km/h, north of every zone and inside its corridor: nothing to say.
            let seconds = i64::try_from(number).unwrap() * 10;
            let x = -20_000.0 + 166.7 * number as f64;
            if number == at {
                let wild = report(seconds - 5, x + far * angle.cos(), far * angle.sin(), speed);
                let verdict = engine.handle_observation(&observation(2, seconds - 5, News::Report(Box::new(wild))), &mut alerts);
                let is_noise = matches!(verdict, Verdict::Rejected(Fault::Jump | Fault::Impossible));
                prop_assert!(is_noise, "{:?}", verdict);
            }
            let said = report(seconds, x, 0.0, 600);
            let verdict = engine.handle_observation(&observation(2, seconds, News::Report(Box::new(said))), &mut alerts);
            prop_assert_eq!(verdict, Verdict::Live);
        }
        prop_assert!(alerts.is_empty(), "{:?}", alerts);
    }
}
