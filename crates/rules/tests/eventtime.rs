//! Reports that come late, twice and out of order: the episodes of a track are those of the same track told in order,
//! the current position never goes back, and nobody is sent out for what is past.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fleet::{
    Alarms, Alert, AlertId, EventTime, Fix, Heading, News, Observation, ReceiveTime, Registry, Report,
    RuleId, Speed, Status, TerminalId,
};
use proptest::prelude::*;
use rules::{Book, Engine, Verdict};
use world::World;

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00
/// Between two reports.
const STEP_S: i64 = 10;

/// Some calm, perhaps too fast for a while, some calm.
#[derive(Clone, Debug)]
struct Leg {
    calm: usize,
    fast: usize,
    kmh: u16,
    /// There was no network: all of it comes this long after its end, at once.
    held_s: Option<i64>,
}

/// When it is received, and what.
type Told = (i64, Report);

fn any_track() -> impl Strategy<Value = Vec<Leg>> {
    let leg = (
        7_usize..12,
        prop::sample::select(vec![0_usize, 5, 9]),
        115_u16..150,
        prop::option::of(0_i64..21_600),
    );
    prop::collection::vec(leg, 3..12).prop_map(|legs| {
        let leg = |(calm, fast, kmh, held_s)| Leg { calm, fast, kmh, held_s };
        let mut legs: Vec<Leg> = legs.into_iter().map(leg).collect();
        // What a hole lies between is known.
        let last = legs.len() - 1;
        (legs[0].held_s, legs[last].held_s) = (None, None);
        legs
    })
}

/// In the order of the road, as received. What a hole held back comes after what followed the hole: a report that does not,
/// is live as long as it is young enough, and an episode that began before is then two.
fn told(legs: &[Leg]) -> Vec<Told> {
    let (mut at_s, mut x) = (0, -90_000.0);
    let mut all = Vec::new();
    for (index, leg) in legs.iter().enumerate() {
        let len_s = |leg: &Leg| STEP_S * i64::try_from(2 * leg.calm + leg.fast).unwrap();
        let end_s = at_s + len_s(leg);
        let hole = legs[index + 1..].iter().take_while(|leg| leg.held_s.is_some());
        let after_s = end_s + hole.map(len_s).sum::<i64>() + STEP_S + 2;
        for number in 0..2 * leg.calm + leg.fast {
            let is_fast = (leg.calm..leg.calm + leg.fast).contains(&number);
            let kmh = if is_fast { leg.kmh } else { 60 };
            x += f64::from(kmh) / 3.6 * STEP_S as f64;
            at_s += STEP_S;
            let received_s = leg.held_s.map_or(at_s + 1, |held_s| after_s.max(end_s + held_s));
            all.push((received_s, report(at_s, x, kmh)));
        }
    }
    all
}

fn report(at_s: i64, x: f64, kmh: u16) -> Report {
    Report {
        fix: Fix {
            at: EventTime::from_ms(START_MS + at_s * 1000),
            position: world::at(x, 0.0),
            altitude_m: 3650,
            speed: Speed::from_tenths(kmh * 10),
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

struct Judged {
    alerts: Vec<Alert>,
    /// Of each report, with the alerts that came with it.
    verdicts: Vec<(Verdict, EventTime, Vec<Alert>)>,
}

fn judge(told: Vec<Told>) -> Judged {
    let (registry, world) = (Arc::new(Registry::default()), Arc::new(World::default()));
    let mut engine = Engine::new(Arc::new(Book::default().into()), registry, world);
    let (mut alerts, mut verdicts) = (Vec::new(), Vec::new());
    for (received_s, report) in told {
        let received = ReceiveTime::from_ms(START_MS + received_s * 1000);
        // What is due before says nothing of the report.
        engine.handle_timeout(received, &mut alerts);
        let before = alerts.len();
        let at = report.fix.at;
        let terminal = TerminalId::parse("138").unwrap();
        let news = News::Report(Box::new(report));
        let verdict = engine.handle_observation(&Observation { terminal, received, news }, &mut alerts);
        verdicts.push((verdict, at, alerts[before..].to_vec()));
    }
    while let Some(next) = engine.next_timeout() {
        engine.handle_timeout(next, &mut alerts);
    }
    Judged { alerts, verdicts }
}

/// How each episode of speeding ended.
fn episodes(alerts: &[Alert]) -> BTreeMap<AlertId, (EventTime, Option<EventTime>, String)> {
    let speeding = alerts.iter().filter(|alert| alert.rule == RuleId::SPEEDING);
    let end = |alert: &Alert| (alert.started_at, alert.ended_at, format!("{:.1}", alert.measure.peak));
    speeding.map(|alert| (alert.id, end(alert))).collect()
}

/// In the order of reception; each report again so many others after it, where a number is given.
fn doubled(mut told: Vec<Told>, again: &[Option<usize>]) -> Vec<Told> {
    told.sort_by_key(|(received_s, _)| *received_s);
    let mut all: Vec<(usize, Told)> = told.iter().cloned().enumerate().collect();
    for (number, after) in (0..told.len()).zip(again.iter().cycle()) {
        let Some(at) = after.map(|after| (number + after).min(told.len() - 1)) else { continue };
        all.push((at, (told[at].0, told[number].1.clone())));
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, told)| told).collect()
}

/// The rules recognise a report among the last 64 of its vehicle.
fn again() -> impl Strategy<Value = Vec<Option<usize>>> {
    prop::collection::vec(prop::option::of(0_usize..60), 1..20)
}

proptest! {
    #[test]
    fn holes_that_are_filled_later_give_the_episodes_of_the_road(legs in any_track(), again in again()) {
        let straight: Vec<Leg> = legs.iter().map(|leg| Leg { held_s: None, ..*leg }).collect();
        let oracle = episodes(&judge(self::told(&straight)).alerts);
        let fast = legs.iter().filter(|leg| leg.fast > 0).count();
        prop_assert_eq!(oracle.len(), fast);
        let delivered = doubled(self::told(&legs), &again);
        prop_assert_eq!(episodes(&judge(delivered).alerts), oracle);
    }

    #[test]
    fn nothing_goes_back_and_nothing_past_is_live(legs in any_track(), again in again(), delays in prop::collection::vec(prop_oneof![0_i64..200, 0_i64..21_600], 1..40)) {
        // Every report has a delay of its own: no order is left.
        let shuffled = self::told(&legs).into_iter().zip(delays.iter().cycle());
        let shuffled: Vec<Told> = shuffled.map(|((_, report), delay_s)| {
            ((report.fix.at.ms() - START_MS) / 1000 + 1 + delay_s, report)
        }).collect();
        let judged = judge(doubled(shuffled.clone(), &again));
        let mut newest = EventTime::from_ms(0);
        for (verdict, at, alerts) in &judged.verdicts {
            match verdict {
                Verdict::Live => {
                    prop_assert!(*at >= newest, "the position goes back from {} to {}", newest, at);
                    newest = *at;
                }
                Verdict::Late => prop_assert!(alerts.iter().all(|alert| alert.late || alert.rule == RuleId::DEVICE_TAMPER), "{:?}", alerts),
                Verdict::Duplicate => prop_assert!(alerts.is_empty()),
                Verdict::NoPosition | Verdict::Other | Verdict::Rejected(_) => {}
            }
        }
        let window = Duration::from_secs(600);
        for alert in judged.alerts.iter().filter(|alert| !alert.late && alert.rule == RuleId::SPEEDING) {
            let came = shuffled.iter().find(|(_, report)| report.fix.at == alert.position.time);
            let came_s = came.map(|(at_s, _)| *at_s).unwrap();
            let received = ReceiveTime::from_ms(START_MS + came_s * 1000);
            prop_assert!(alert.position.time.age_at(received) <= window, "{:?}", alert);
        }
    }
}
