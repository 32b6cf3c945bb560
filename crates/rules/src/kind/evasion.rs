//! How close a driving-time limit was when a terminal was cut off or fell silent: what happens just before one says
//! more than what happens at any time.

use std::time::Duration;

use fleet::{EventTime, RuleId};
use serde::{Deserialize, Serialize};

use crate::kind::driving::Drive;
use crate::lane::Ground;
use crate::signal::{Signal, Subject};

/// A limit that was near.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Near {
    /// Of continuous driving, by day or by night.
    DrivingTime,
    /// The hours in which coaches stand.
    NightBan,
}

/// Whether a limit was less than `before_limit` away, for a vehicle that drove.
pub(crate) fn near(ground: &Ground<'_>, drive: &Drive, at: EventTime) -> Option<Near> {
    let before = ground.book.device_tamper.before_limit;
    let rule = &ground.book.fatigue;
    let left = drive.left(ground.book, ground.class, at)?;
    if rule.enabled && left < before {
        return Some(Near::DrivingTime);
    }
    let hours = &ground.book.night_ban.coach_hours;
    let banned = ground.class.is_coach() && ground.book.night_ban.enabled && !ground.facts.night_exempt;
    let soon = banned && !hours.contains(at.second_of_day());
    let ahead = |by: Duration| hours.contains(at.plus(by).second_of_day());
    (soon && ahead(before)).then_some(Near::NightBan)
}

/// Says it of a cut while driving.
pub(crate) fn mark(ground: &Ground<'_>, drive: &Drive, at: EventTime, signals: &mut [Signal]) {
    for signal in signals {
        let text = match (signal.rule, &signal.subject) {
            (RuleId::DEVICE_TAMPER, Subject::Named("power")) => (
                "临近驾驶时限时终端主电源被切断",
                "main power cut while driving, just before a driving-time limit",
            ),
            (RuleId::DEVICE_TAMPER, Subject::Named("antenna")) => (
                "临近驾驶时限时定位天线被切断",
                "GNSS antenna cut while driving, just before a driving-time limit",
            ),
            _ => continue,
        };
        if near(ground, drive, at).is_some() {
            signal.text = text;
        }
    }
}
