//! `gnss-fault` and `device-tamper`: what the terminal's own data says of the terminal.

use fleet::{Alarms, EventTime, LonLat, MeasureKind, ReceiveTime, Report, RuleId, Severity, Status};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

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

pub(crate) fn clock_was_set_back(scene: &Scene<'_>, signals: &mut Vec<Signal>) {
    push(scene, "clock", ("终端时钟被回拨", "the terminal's clock was set back"), signals);
}

fn push(
    scene: &Scene<'_>,
    what: &'static str,
    text: (&'static str, &'static str),
    signals: &mut Vec<Signal>,
) {
    signals.push(
        Signal::new(RuleId::DEVICE_TAMPER, Severity::Major, text)
            .to(law::supervision(scene.class), law::TAMPER)
            .about(Subject::Named(what)),
    );
}
