//! A day of reports with known gaps, faults, drift and speeding, counted by hand; the same over restarts, in another
//! order, and folded twice.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fleet::{
    Alarms, DayCount, EventTime, Fix, News, Observation, PlateColor, ReceiveTime, Registry, Report, Speed,
    Status, Tally, TerminalId, Vehicle, VehicleClass,
};
use rules::{Book, Engine, State};
use world::World;

const DAY: &str = "2026-01-01";
const NEXT: &str = "2026-01-02";

fn terminal() -> TerminalId {
    TerminalId::parse("13800000001").unwrap()
}

/// Builds a day: a place in metres, a clock.
struct Story {
    at: EventTime,
    x: f64,
    heard: Vec<Observation>,
}

impl Story {
    fn at(time: &str) -> Self {
        Self { at: time.parse().unwrap(), x: 0.0, heard: Vec::new() }
    }

    fn report(&self) -> Report {
        Report {
            fix: Fix {
                at: self.at,
                position: world::at(self.x, 0.0),
                altitude_m: 3650,
                speed: Speed::from_kmh(36.0),
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

    fn hear(&mut self, report: Report, late: Duration) {
        let received = ReceiveTime::from_ms(self.at.plus(late).ms());
        self.heard.push(Observation { terminal: terminal(), received, news: News::Report(Box::new(report)) });
    }

    /// Drives on, a report every ten seconds, each the speed says as far.
    fn drive(&mut self, reports: usize, kmh: f64) {
        for _ in 0..reports {
            self.at = self.at.plus(Duration::from_secs(10));
            self.x += kmh / 3.6 * 10.0;
            let mut report = self.report();
            report.fix.speed = Speed::from_kmh(kmh);
            self.hear(report, Duration::ZERO);
        }
    }

    /// One report that is changed before it is sent.
    fn odd(&mut self, change: impl FnOnce(&mut Report)) {
        self.at = self.at.plus(Duration::from_secs(10));
        self.x += 100.0;
        let mut report = self.report();
        change(&mut report);
        self.hear(report, Duration::ZERO);
    }
}

/// 08:00 to 08:21 with a gap of ten minutes and ten kilometres in it, and after midnight half an hour later.
fn day() -> Story {
    let mut story = Story::at("2026-01-01T08:00:00+08:00");
    story.drive(13, 36.0); // twelve legs of 100 m; the first fix has none
    story.odd(|report| report.fix.position = world::at(90_000.0, 0.0)); // a jump
    story.odd(|report| report.fix.altitude_m = 7000); // invalid, yet a fix
    story.odd(|report| report.status = Status::ACC_ON); // no fix
    story.odd(|report| report.fix.speed = Speed::from_kmh(170.0)); // invalid
    story.odd(|report| report.alarms = Alarms::CAMERA_FAULT.with(Alarms::TTS_FAULT));
    story.odd(|report| report.alarms = Alarms::CAMERA_FAULT);
    // Ten minutes of silence, ten kilometres.
    story.at = story.at.plus(Duration::from_secs(590));
    story.x += 9_900.0;
    story.drive(1, 36.0);
    // Over the limit of 100 for forty seconds, under it for twenty, over it for forty: one. Two minutes on again: two.
    for (fast, slow) in [(5, 2), (5, 12), (5, 6), (3, 6)] {
        story.drive(fast, 115.2);
        story.drive(slow, 36.0);
    }
    // A clock that is a day ahead, as seen at the receiver: nowhere but on the day it was received.
    let mut report = story.report();
    report.fix.at = story.at.plus(Duration::from_secs(90_000));
    story.hear(report, Duration::ZERO);
    story
}

fn engine(state: State) -> Engine {
    let vehicle = Vehicle {
        terminal: terminal(),
        plate: "藏A1".to_owned(),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::CharterCoach,
        operator: "OP001".to_owned(),
        division: "540102".parse().unwrap(),
        route: None,
        hazmat_class: None,
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    let registry = Registry::new(vec![vehicle], Vec::new(), Vec::new());
    Engine::with_state(
        Arc::new(Book::default().into()),
        Arc::new(registry),
        Arc::new(World::default()),
        state,
    )
}

/// The last word on each day; with `restarts`, the state is saved and restored between any two reports.
fn count(heard: &[Observation], restarts: bool) -> BTreeMap<i32, DayCount> {
    let mut engine = engine(State::default());
    let mut days = BTreeMap::new();
    let mut said: Vec<Tally> = Vec::new();
    for observation in heard {
        engine.handle_observation(observation, &mut Vec::new());
        if restarts {
            engine.drain_quality(10, &mut said);
            assert_eq!(engine.quality_waiting(), 0);
            let saved = postcard::to_allocvec(engine.state()).unwrap();
            engine = self::engine(postcard::from_bytes(&saved).unwrap());
        }
    }
    engine.drain_quality(10, &mut said);
    for Tally { terminal: whose, operator, count } in said {
        assert_eq!((whose, operator.as_str()), (terminal(), "OP001"));
        days.insert(count.day, count);
    }
    days
}

fn on(days: &BTreeMap<i32, DayCount>, day: &str) -> DayCount {
    let at: EventTime = format!("{day}T12:00:00+08:00").parse().unwrap();
    days[&i32::try_from(at.day()).unwrap()].clone()
}

#[test]
fn a_day_is_counted_as_by_hand() {
    let days = count(&day().heard, false);
    let count = on(&days, DAY);
    // 13, one jump, two invalid, two with faults, one after the gap, 18 fast and 26 slow, one from the future.
    assert_eq!(
        (count.reports, count.invalid, count.unlocated, count.jumps),
        (13 + 1 + 2 + 2 + 1 + 44 + 1, 3, 1, 1)
    );
    // 1.8 km, then 18 legs of 320 m and 26 of 100 m; rounding of a millionth of a degree is under a metre in all.
    let km = |dm: u32| f64::from(dm) / 10_000.0;
    assert!((km(count.continuous_dm) - (1.8 + 5.76 + 2.6)).abs() < 0.002, "{}", count.continuous_dm);
    assert!((km(count.broken_dm) - 10.0).abs() < 0.002, "{}", count.broken_dm);
    assert_eq!(count.overspeeds, 2);
    assert_eq!(count.faults.as_deref(), Some(&[0, 0, 0, 0, 0, 0, 1, 2, 0]));
    assert_eq!((count.tampers, count.fatigue_s, count.heard), (0, 0, true));
    assert_eq!(days.len(), 1);
}

#[test]
fn a_restart_between_any_two_reports_changes_nothing() {
    let story = day();
    assert_eq!(count(&story.heard, true), count(&story.heard, false));
}

#[test]
fn a_gap_that_is_filled_becomes_way() {
    let mut story = day();
    let plain = on(&count(&story.heard, false), DAY);
    // Ten minutes of gap from x = 1800 m at 08:03:10, filled half an hour later, in no order.
    let begin: EventTime = "2026-01-01T08:03:10+08:00".parse().unwrap();
    for minute in [4_u32, 8, 2, 6] {
        let fix = Fix {
            at: begin.plus(Duration::from_secs(u64::from(minute) * 60)),
            position: world::at(1_800.0 + f64::from(minute) * 1_000.0, 0.0),
            ..story.report().fix
        };
        let report = Report { fix, backfill: true, ..story.report() };
        story.hear(report, Duration::from_secs(1800));
    }
    let filled = on(&count(&story.heard, false), DAY);
    assert_eq!((filled.broken_dm, filled.reports), (0, plain.reports + 4));
    let whole = plain.continuous_dm + plain.broken_dm;
    assert!(filled.continuous_dm.abs_diff(whole) <= 5, "{} {whole}", filled.continuous_dm);
    assert_eq!(count(&story.heard, true), count(&story.heard, false));
}

#[test]
fn what_comes_a_day_late_corrects_its_own_day() {
    let mut story = day();
    let before = on(&count(&story.heard, false), DAY);
    story.at = "2026-01-02T09:00:00+08:00".parse().unwrap();
    story.drive(2, 36.0);
    let old = Fix { at: "2026-01-01T20:00:00+08:00".parse().unwrap(), ..story.report().fix };
    story.hear(Report { fix: old, backfill: true, ..story.report() }, Duration::from_secs(5));
    let days = count(&story.heard, false);
    let (then, now) = (on(&days, DAY), on(&days, NEXT));
    assert_eq!((then.reports, then.heard, now.reports, now.heard), (before.reports + 1, true, 2, true));
    assert!(now.continuous_dm.abs_diff(1_000) <= 1, "{}", now.continuous_dm);
}

#[test]
fn driving_past_the_limit_is_counted_in_seconds() {
    let mut story = Story::at("2026-01-01T08:00:00+08:00");
    story.drive(4 * 360 + 60, 60.0);
    // Four hours after its first fix at 08:00:10 it is said at the next, and from there every leg counts.
    assert_eq!(on(&count(&story.heard, false), DAY).fatigue_s, 590);
}

#[test]
fn a_lie_is_counted_on_its_day_and_a_broken_sensor_is_none() {
    let mut story = Story::at("2026-01-01T08:00:00+08:00");
    for recorder in [0.0, 30.0] {
        for _ in 0..60 {
            story.drive(1, 60.0);
            if let Some(Observation { news: News::Report(report), .. }) = story.heard.last_mut() {
                report.recorder_speed = Some(Speed::from_kmh(recorder));
            }
        }
        let tampers = on(&count(&story.heard, false), DAY).tampers;
        assert_eq!(tampers, u16::from(recorder > 0.0), "{recorder}");
        story.drive(12, 60.0);
    }
}

#[test]
fn eight_days_are_kept() {
    let mut story = Story::at("2026-01-01T08:00:00+08:00");
    let mut engine = engine(State::default());
    for _ in 0..10 {
        story.drive(2, 36.0);
        story.at = story.at.plus(Duration::from_secs(86_400 - 20));
    }
    let mut said = Vec::new();
    for observation in &story.heard {
        engine.handle_observation(observation, &mut Vec::new());
        engine.drain_quality(1, &mut said);
    }
    let days: Vec<i32> = said.iter().map(|tally| tally.count.day).collect();
    assert_eq!((days.first().unwrap() + 9, said.len()), (*days.last().unwrap(), 20));
    let saved = format!("{:?}", engine.state());
    assert_eq!(saved.matches("DayCount").count(), 8);
}
