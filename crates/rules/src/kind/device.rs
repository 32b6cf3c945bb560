//! `gnss-fault` and `device-tamper`: what the terminal's own data says of the terminal.

use fleet::{Alarms, EventTime, LonLat, MeasureKind, ReceiveTime, Report, RuleId, Severity, Status};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::book::DeviceTamper;
use crate::kind::honesty::tamper;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal};

/// A clock that was set back lags by the same time report after report, this exactly.
const LAG_WAVERS: Duration = Duration::from_secs(5);
/// A burst out of the terminal's memory comes faster than this.
const LAG_STEP: Duration = Duration::from_secs(15);
/// Reports that must agree on the lag.
const LAG_REPORTS: u8 = 4;

/// The place of the last report that had an odometer, to see one run while the other stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Still {
    position: LonLat,
    odometer_tenth_km: u32,
}

/// Reports whose time lies before the newest, with a lag that stays the same.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Lag {
    lag: Duration,
    received: ReceiveTime,
    reports: u8,
}

const GNSS_BITS: Alarms = Alarms::GNSS_FAULT.with(Alarms::ANTENNA_CUT).with(Alarms::ANTENNA_SHORT);

/// `bad`: the position, or the time, can't be right.
pub(crate) fn gnss_fault(scene: &Scene<'_>, alarms: Alarms, bad: bool, signals: &mut Vec<Signal>) {
    let reported = alarms.has(GNSS_BITS);
    if !bad && !reported {
        return;
    }
    let text = if reported {
        ("卫星定位模块或天线故障", "GNSS module or antenna fault")
    } else {
        ("定位数据持续异常", "positions that can't be right")
    };
    let rule = &scene.book.gnss_fault;
    let signal =
        Signal::new(RuleId::GNSS_FAULT, Severity::Minor, text).to(law::supervision(scene.class), law::DEVICE);
    signals.push(Signal { hold: reported.then_some(rule.reported_hold), ..signal });
}

/// Power or antenna cut while moving. `rolls`: the vehicle moved at its last good fix, or moves now.
pub(crate) fn cut(scene: &Scene<'_>, alarms: Alarms, rolls: bool, signals: &mut Vec<Signal>) {
    if !rolls || !alarms.has(Alarms::POWER_LOST.with(Alarms::ANTENNA_CUT)) {
        return;
    }
    if alarms.has(Alarms::POWER_LOST) {
        push(scene, "power", ("行驶中终端主电源被切断", "main power cut while driving"), signals);
    }
    if alarms.has(Alarms::ANTENNA_CUT) {
        push(scene, "antenna", ("行驶中定位天线被切断", "GNSS antenna cut while driving"), signals);
    }
}

/// One and the same position, to the last digit, while the odometer runs.
pub(crate) fn frozen(
    scene: &Scene<'_>,
    report: &Report,
    still: &mut Option<Still>,
    signals: &mut Vec<Signal>,
) {
    let Some(odometer_tenth_km) = report.odometer_tenth_km else { return };
    let position = report.fix.position;
    let here = Still { position, odometer_tenth_km };
    let since = match *still {
        Some(since) if since.position == position && report.status.has(Status::POSITIONED) => since,
        _ => {
            *still = report.status.has(Status::POSITIONED).then_some(here);
            return;
        }
    };
    let ran_m = f64::from(odometer_tenth_km.saturating_sub(since.odometer_tenth_km)) * 100.0;
    if ran_m >= scene.book.device_tamper.frozen_m {
        let text = ("里程增加而位置不变", "the position stands while the odometer runs");
        push(scene, "frozen", text, signals);
        if let Some(signal) = signals.last_mut() {
            *signal = signal.clone().measured(MeasureKind::DistanceM, ran_m, None);
        }
    }
}

/// Whether the clock was set back: not a resend, and late by the same time again and again.
pub(crate) fn clock_back(
    back: &mut Option<Lag>,
    at: EventTime,
    received: ReceiveTime,
    least: Duration,
) -> bool {
    let lag = at.age_at(received);
    let Some(last) = back.filter(|last| lag >= least && last.lag.abs_diff(lag) <= LAG_WAVERS) else {
        *back = Some(Lag { lag, received, reports: 1 });
        return false;
    };
    if received.since(last.received) >= LAG_STEP {
        *back = Some(Lag { lag: last.lag, received, reports: last.reports.saturating_add(1) });
    }
    back.is_some_and(|back| back.reports >= LAG_REPORTS)
}

/// How a terminal's clock stands against ours, report after report, and how it stood before.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Clock {
    /// Ours minus its, milliseconds.
    lag_ms: i64,
    received: ReceiveTime,
    reports: u8,
    /// The last lag that had been the same for a while.
    before_ms: Option<i64>,
}

/// By how much a clock was set, milliseconds; ahead is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClockSet(i64);

/// Whether the clock was set: one lag report after report, then another one report after report. A burst out of the
/// memory has no lag that stays; a terminal without a fix has no clock to hold against it.
pub(crate) fn clock_set(
    clock: &mut Option<Clock>,
    report: &Report,
    received: ReceiveTime,
    rule: &DeviceTamper,
) -> Option<ClockSet> {
    if report.backfill || !report.status.has(Status::POSITIONED) {
        return None;
    }
    let lag_ms = received.ms().saturating_sub(report.fix.at.ms());
    let last = clock.get_or_insert(Clock { lag_ms, received, reports: 1, before_ms: None });
    if Duration::from_millis(last.lag_ms.abs_diff(lag_ms)) > LAG_WAVERS {
        let steady = (last.reports >= LAG_REPORTS).then_some(last.lag_ms);
        *last = Clock { lag_ms, received, reports: 1, before_ms: steady.or(last.before_ms) };
        return None;
    }
    if received.since(last.received) < LAG_STEP {
        return None;
    }
    (last.received, last.reports) = (received, last.reports.saturating_add(1));
    if last.reports != LAG_REPORTS {
        return None;
    }
    let gained_ms = last.before_ms.take()?.saturating_sub(last.lag_ms);
    let least = if gained_ms > 0 { rule.clock_ahead } else { rule.clock_back };
    (Duration::from_millis(gained_ms.unsigned_abs()) >= least).then_some(ClockSet(gained_ms))
}

/// See [`clock_set`].
pub(crate) fn clock_was_set(scene: &Scene<'_>, ClockSet(gained_ms): ClockSet, signals: &mut Vec<Signal>) {
    let text = if gained_ms > 0 {
        ("终端时钟被拨快", "the terminal's clock was set ahead")
    } else {
        CLOCK_BACK
    };
    let seconds = Duration::from_millis(gained_ms.unsigned_abs()).as_secs_f64();
    let least = if gained_ms > 0 {
        scene.book.device_tamper.clock_ahead
    } else {
        scene.book.device_tamper.clock_back
    };
    let signal =
        tamper(scene, "clock", text).measured(MeasureKind::DurationS, seconds, Some(least.as_secs_f64()));
    signals.push(Signal { hold: Some(Duration::ZERO), ..signal });
}

/// What the terminal itself reports to be out of order while the vehicle drives: alarm bits 10 to 12.
pub(crate) fn broken(scene: &Scene<'_>, alarms: Alarms, rolls: bool, signals: &mut Vec<Signal>) {
    const PARTS: [(Alarms, &str, (&str, &str)); 3] = [
        (Alarms::TTS_FAULT, "tts", ("行驶中语音模块故障", "speech module out of order while driving")),
        (Alarms::CAMERA_FAULT, "camera", ("行驶中摄像头故障", "camera out of order while driving")),
        (
            Alarms::CARD_READER_FAULT,
            "card-reader",
            ("行驶中从业资格卡读卡器故障", "card reader out of order while driving"),
        ),
    ];
    for (_, what, text) in PARTS.into_iter().filter(|(bit, ..)| alarms.has(*bit)) {
        let signal = tamper(scene, what, text);
        signals.push(Signal {
            severity: Severity::Minor,
            basis: law::DEVICE,
            hold: Some(scene.book.device_tamper.fault_hold),
            // It begins while driving; a halt ends nothing.
            grip: if rolls { Grip::Raises } else { Grip::Sustains },
            ..signal
        });
    }
}

const CLOCK_BACK: (&str, &str) = ("终端时钟被回拨", "the terminal's clock was set back");

pub(crate) fn clock_was_set_back(scene: &Scene<'_>, signals: &mut Vec<Signal>) {
    push(scene, "clock", CLOCK_BACK, signals);
}

fn push(
    scene: &Scene<'_>,
    what: &'static str,
    text: (&'static str, &'static str),
    signals: &mut Vec<Signal>,
) {
    signals.push(tamper(scene, what, text));
}
