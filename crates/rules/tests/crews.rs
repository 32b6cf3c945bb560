//! What holds for every story of drivers and vehicles: who comes first among different drivers does not matter, a
//! restart anywhere changes nothing, and no revision is said twice.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fleet::{
    Alarms, Alert, Card, EventTime, Fix, News, Observation, PlateColor, ReceiveTime, Registry, Report, Speed,
    Status, TerminalId, Vehicle, VehicleClass,
};
use proptest::prelude::*;
use rules::{Book, Crews, CrewsState, Engine, Rulebook};
use world::World;

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00
const STEP_S: i64 = 120;
/// Vehicles a driver has to choose from; no two drivers share one.
const OWN: usize = 3;

fn terminal(number: usize) -> TerminalId {
    TerminalId::parse(&format!("139{number}")).unwrap()
}

fn files() -> (Arc<Rulebook>, Arc<Registry>, Arc<World>) {
    let vehicle = |number: usize| Vehicle {
        terminal: terminal(number),
        plate: format!("藏A{number}"),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::ALL[number % 3],
        operator: "OP001".to_owned(),
        division: "540102".parse().unwrap(),
        route: None,
        hazmat_class: None,
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    let mut book = Book::default();
    book.fatigue.limit = Duration::from_secs(3600);
    book.fatigue.day_limit = Duration::from_secs(2 * 3600);
    book.fatigue.week_limit = Duration::from_secs(3 * 3600);
    let registry = Registry::new((0..4 * OWN).map(vehicle).collect(), Vec::new(), Vec::new());
    (Arc::new(book.into()), Arc::new(registry), Arc::new(World::default()))
}

/// What one driver does in one step.
#[derive(Clone, Copy, Debug)]
enum Act {
    Drive,
    Stand,
    /// Logs off, or not, and on to one of the own vehicles; heard of so many steps later.
    Change(bool, usize, i64),
    Leave,
    /// Nothing is heard.
    Silent(i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => Just(Act::Drive),
        4 => Just(Act::Stand),
        2 => (any::<bool>(), 0..OWN, any_delay()).prop_map(|(out, to, late)| Act::Change(out, to, late)),
        1 => Just(Act::Leave),
        1 => (1_i64..20).prop_map(Act::Silent),
    ]
}

fn any_delay() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0), 1 => 1_i64..8]
}

/// One driver's part: step number and observation.
fn part(driver: usize, acts: &[Act]) -> Vec<(i64, Observation)> {
    let mut seen = Vec::new();
    let (mut step, mut seat, mut ways) = (0, driver * OWN, [0.0; OWN]);
    let mut push = |step: i64, number: usize, news: News| {
        let received = ReceiveTime::from_ms(START_MS + step * STEP_S * 1000 + 3000);
        seen.push((step, Observation { terminal: terminal(number), received, news }));
    };
    for act in acts {
        step += 1;
        let at = EventTime::from_ms(START_MS + step * STEP_S * 1000);
        let card = |inserted: bool, late: i64| {
            let at = EventTime::from_ms(at.ms() - late * STEP_S * 1000);
            let certificate = inserted.then(|| format!("540{driver}"));
            News::Card(Card { at, certificate, name: None, inserted })
        };
        match *act {
            Act::Drive | Act::Stand => {
                let drives = matches!(act, Act::Drive);
                let way = &mut ways[seat % OWN];
                *way += if drives { 2000.0 } else { 0.0 };
                push(step, seat, News::Report(Box::new(report(at, *way, drives))));
            }
            Act::Change(out, to, late) => {
                if out {
                    push(step, seat, card(false, late));
                }
                seat = driver * OWN + to;
                push(step, seat, card(true, late));
            }
            Act::Leave => push(step, seat, card(false, 0)),
            Act::Silent(steps) => step += steps,
        }
    }
    seen
}

fn report(at: EventTime, x: f64, drives: bool) -> Report {
    Report {
        fix: Fix {
            at,
            position: world::at(x, 0.0),
            altitude_m: 3650,
            speed: Speed::from_kmh(if drives { 60.0 } else { 0.0 }),
            heading: None,
        },
        alarms: Alarms(0),
        status: Status::POSITIONED.with(Status::ACC_ON),
        odometer_tenth_km: None,
        recorder_speed: None,
        safety: Vec::new(),
        backfill: false,
    }
}

/// All parts by step; `first` says whose come first within one.
fn story(parts: &[Vec<(i64, Observation)>], first: &[usize]) -> Vec<Observation> {
    let mut all: Vec<(i64, usize, Observation)> = Vec::new();
    for driver in first {
        all.extend(parts[*driver].iter().map(|(step, seen)| (*step, *driver, seen.clone())));
    }
    all.sort_by_key(|(step, _, _)| *step); // stable: within a step the order of `first`
    all.into_iter().map(|(_, _, seen)| seen).collect()
}

fn run(story: &[Observation], restart_every: usize) -> Vec<Alert> {
    let (book, registry, map) = files();
    let mut engine = Engine::new(book.clone(), registry.clone(), map.clone());
    let mut crews = Crews::new(book.clone(), registry.clone(), map.clone());
    let mut alerts = Vec::new();
    for (number, seen) in story.iter().enumerate() {
        if number % restart_every == restart_every - 1 {
            let saved = postcard::to_allocvec(crews.state()).unwrap();
            let state: CrewsState = postcard::from_bytes(&saved).unwrap();
            crews = Crews::with_state(book.clone(), registry.clone(), map.clone(), state);
        }
        engine.handle_observation(seen, &mut alerts);
        for shift in engine.shifts() {
            crews.handle_shift(seen.received, shift, &mut alerts);
        }
    }
    while let Some(next) = crews.next_timeout() {
        crews.handle_timeout(next, &mut alerts);
    }
    assert_eq!(crews.state(), &CrewsState::default(), "whom nobody has heard of for a week is forgotten");
    alerts
}

fn set(alerts: &[Alert]) -> BTreeSet<String> {
    alerts.iter().map(|alert| serde_json::to_string(alert).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn neither_order_among_drivers_nor_a_restart_matters(
        acts in prop::collection::vec(prop::collection::vec(any_act(), 20..200), 4),
        first in Just((0..4).collect::<Vec<usize>>()).prop_shuffle(),
        every in 1_usize..9,
    ) {
        let parts: Vec<_> = acts.iter().enumerate().map(|(driver, acts)| part(driver, acts)).collect();
        let straight = run(&story(&parts, &[0, 1, 2, 3]), usize::MAX);
        prop_assert_eq!(set(&straight), set(&run(&story(&parts, &first), usize::MAX)));
        prop_assert_eq!(&straight, &run(&story(&parts, &[0, 1, 2, 3]), every));
        let names: BTreeSet<_> = straight.iter().map(|alert| (alert.id, alert.revision)).collect();
        prop_assert_eq!(names.len(), straight.len(), "one revision is said twice");
    }
}

#[test]
fn a_new_file_of_drivers_is_judged_while_it_is_driven() {
    let (book, registry, map) = files();
    let driver = |until_ms: i64| fleet::Driver {
        certificate: "5400".to_owned(),
        name: "扎西".to_owned(),
        operator: "OP001".to_owned(),
        classes: VehicleClass::ALL.to_vec(),
        valid_until: EventTime::from_ms(until_ms),
        role: fleet::Role::Driver,
    };
    let with = |driver| {
        let vehicles = registry.vehicles().cloned().collect();
        Arc::new(Registry::new(vehicles, vec![driver], Vec::new()))
    };
    let mut engine = Engine::new(book.clone(), with(driver(i64::MAX)), map.clone());
    let mut alerts = Vec::new();
    let drive = [Act::Change(false, 0, 0), Act::Drive, Act::Drive, Act::Drive, Act::Drive, Act::Drive];
    let story: Vec<_> = part(0, &drive).into_iter().map(|(_, seen)| seen).collect();
    for seen in &story[..3] {
        engine.handle_observation(seen, &mut alerts);
    }
    assert!(alerts.is_empty(), "{alerts:?}");
    engine.reload(book.clone(), with(driver(START_MS)), map.clone());
    assert!(alerts.is_empty(), "not before the next word of the vehicle");
    engine.handle_observation(&story[3], &mut alerts);
    let said: Vec<_> = alerts.iter().map(|alert| (alert.rule, alert.started_at)).collect();
    let News::Report(report) = &story[3].news else { panic!("the fourth is a report") };
    assert_eq!(said, [(fleet::RuleId::UNQUALIFIED_DRIVER, report.fix.at)]);
    engine.reload(book, with(driver(i64::MAX)), map);
    engine.handle_observation(&story[4], &mut alerts);
    assert_eq!(alerts.last().unwrap().state, fleet::State::Cleared);
}
