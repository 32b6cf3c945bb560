//! The quality of a vehicle's data, day by day in China, as the joint monitoring network assesses it: how much of its way
//! is known, how much of its data can be right, how often it drifted, sped, tired, lied.
//!
//! A day's counts are those of the moments the data speak of, not of its arrival: what comes late corrects its own day, and
//! a gap that is filled becomes way. Only *heard* goes by our clock.

use fleet::{
    Alert, DayCount, EventTime, FAULT_BIT_FIRST, FAULT_BITS, Fix, LonLat, ReceiveTime, Report, RuleId,
    Severity, State,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::Book;
use crate::engine::{Fault, Verdict};
use crate::track;

/// Days that are kept: as far back as a late report is taken in, and today. 8 of 48 bytes.
pub(crate) const DAYS: usize = 8;
/// Gaps that may still be filled, 32 bytes each; past it the shortest stays a gap for good.
const GAPS_MAX: usize = 8;
/// Speeding counts from this length on, and what is no further apart is one (assessment rules).
const OVERSPEED: Duration = Duration::from_secs(30);
const APART: Duration = Duration::from_secs(60);
/// Altitudes that can be (assessment rules), metres.
const ALTITUDES_M: std::ops::RangeInclusive<i16> = -200..=6_500;

/// The account of one vehicle.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Quality {
    /// By rising day.
    days: Vec<DayCount>,
    last: Option<Place>,
    gaps: Vec<Gap>,
    /// The last speeding, live and late.
    speeding: [Option<Over>; 2],
}

type Place = (EventTime, LonLat);

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Gap {
    from: Place,
    to: Place,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Over {
    started_at: EventTime,
    until: EventTime,
    counted: bool,
}

/// Which days changed, a bit each by their number modulo 8.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changed(u8);

impl Changed {
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    fn add(&mut self, day: i32) {
        self.0 |= bit(day);
    }
}

fn bit(day: i32) -> u8 {
    1 << day.rem_euclid(8)
}

impl Quality {
    /// The days among `changed`.
    pub(crate) fn changed(&self, changed: Changed) -> impl Iterator<Item = &DayCount> {
        self.days.iter().filter(move |count| changed.0 & bit(count.day) != 0)
    }

    /// Something came from the vehicle.
    pub(crate) fn hear(&mut self, received: ReceiveTime, changed: &mut Changed) {
        let day = day_of(received.as_event());
        if self.days.iter().rev().any(|count| count.day == day && count.heard) {
            return;
        }
        if let Some(count) = self.day(day, changed) {
            count.heard = true;
        }
    }

    /// Counts a report by what became of it; a `fatigued` vehicle was driving past its limit. Not for duplicates.
    pub(crate) fn report(
        &mut self,
        book: &Book,
        (report, received): (&Report, ReceiveTime),
        verdict: Verdict,
        fatigued: bool,
        changed: &mut Changed,
    ) {
        let no_time = matches!(verdict, Verdict::Rejected(Fault::FutureTime | Fault::TooOld));
        let day = day_of(if no_time { received.as_event() } else { report.fix.at });
        if let Some(count) = self.day(day, changed) {
            count_report(count, report, verdict);
        }
        if !matches!(verdict, Verdict::Live | Verdict::Late) {
            return;
        }
        let covered = self.way(book, &report.fix, changed);
        let moves = report.fix.speed.kmh() >= book.common.moving_kmh;
        if fatigued
            && moves
            && !covered.is_zero()
            && let Some(count) = self.day(day, changed)
        {
            count.fatigue_s += u32::try_from(covered.as_secs()).unwrap_or(u32::MAX);
        }
    }

    /// Counts what the rules said.
    pub(crate) fn alert(&mut self, alert: &Alert, changed: &mut Changed) {
        let over = alert.rule == RuleId::SPEEDING
            && alert.measure.limit.is_some_and(|limit| alert.measure.peak > limit)
            && self.is_new_overspeed(alert);
        let lie = alert.rule == RuleId::DEVICE_TAMPER
            && alert.state == State::Raised
            && alert.severity >= Severity::Major;
        if (over || lie)
            && let Some(count) = self.day(day_of(alert.started_at), changed)
        {
            count.overspeeds = count.overspeeds.saturating_add(u16::from(over));
            count.tampers = count.tampers.saturating_add(u16::from(lie));
        }
    }

    fn is_new_overspeed(&mut self, alert: &Alert) -> bool {
        let last = &mut self.speeding[usize::from(alert.late)];
        let (started_at, until) = (alert.started_at, alert.ended_at.unwrap_or(alert.position.time));
        let goes_on = |over: &Over| {
            over.started_at == started_at
                || started_at >= over.started_at && started_at.since(over.until) < APART
        };
        let counted = last.filter(goes_on).is_some_and(|over| over.counted);
        let counts = !counted && until.since(started_at) >= OVERSPEED;
        *last = Some(Over { started_at, until, counted: counted || counts });
        counts
    }

    /// Takes in an accepted fix of whatever age; how much time of the vehicle's way it newly covers.
    fn way(&mut self, book: &Book, fix: &Fix, changed: &mut Changed) -> Duration {
        let here = (fix.at, fix.position);
        let Some(last) = self.last else {
            self.last = Some(here);
            return Duration::ZERO;
        };
        if fix.at > last.0 {
            self.last = Some(here);
            return self.leg(book, Gap { from: last, to: here }, changed);
        }
        let inside = |gap: &Gap| {
            gap.from.0 < fix.at
                && fix.at < gap.to.0
                && is_way(book, gap.from, here)
                && is_way(book, here, gap.to)
        };
        let Some(at) = self.gaps.iter().position(inside) else { return Duration::ZERO };
        let gap = self.gaps.remove(at);
        if let Some(count) = self.day(day_of(gap.to.0), changed) {
            count.broken_dm = count.broken_dm.saturating_sub(gap.dm());
        }
        let covered = self.leg(book, Gap { from: gap.from, to: here }, changed);
        covered + self.leg(book, Gap { from: here, to: gap.to }, changed)
    }

    fn leg(&mut self, book: &Book, leg: Gap, changed: &mut Changed) -> Duration {
        if !is_way(book, leg.from, leg.to) {
            return Duration::ZERO;
        }
        let (passed, dm) = (leg.to.0.since(leg.from.0), leg.dm());
        let whole = passed <= book.quality.track_gap;
        if let Some(count) = self.day(day_of(leg.to.0), changed) {
            let way = if whole { &mut count.continuous_dm } else { &mut count.broken_dm };
            *way = way.saturating_add(dm);
        }
        if whole {
            return passed;
        }
        if self.gaps.len() >= GAPS_MAX {
            let shortest =
                (0_usize..).zip(&self.gaps).min_by_key(|(_, gap)| gap.dm()).map_or(0, |(at, _)| at);
            self.gaps.remove(shortest);
        }
        self.gaps.push(leg);
        Duration::ZERO
    }

    /// The counts of a day, and that they change; `None` for one that is long gone.
    fn day(&mut self, day: i32, changed: &mut Changed) -> Option<&mut DayCount> {
        const BACK: i32 = 7;
        let newest = self.days.last().map_or(day, |last| last.day);
        if day < newest - BACK {
            return None;
        }
        if day > newest {
            self.days.retain(|count| count.day >= day - BACK);
        }
        let at = self.days.partition_point(|count| count.day < day);
        if self.days.get(at).is_none_or(|count| count.day != day) {
            if self.days.capacity() == 0 {
                self.days.reserve_exact(DAYS);
            }
            self.days.insert(at, DayCount { day, ..DayCount::default() });
        }
        changed.add(day);
        let count = self.days.get_mut(at)?;
        count.seen = count.seen.saturating_add(1);
        Some(count)
    }
}

impl Gap {
    fn dm(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a way on earth is under 4e8"
        )]
        let dm = (self.from.1.distance_m(self.to.1) * 10.0).round() as u32;
        dm
    }
}

/// Whether anybody gets there in the time between.
fn is_way(book: &Book, from: Place, to: Place) -> bool {
    let seconds = to.0.since(from.0).as_secs_f64();
    track::within_m(from.1, to.1, book.common.jump_slack_m + book.common.jump_kmh / 3.6 * seconds)
}

fn day_of(at: EventTime) -> i32 {
    i32::try_from(at.day()).unwrap_or_default()
}

fn count_report(count: &mut DayCount, report: &Report, verdict: Verdict) {
    let too_high = !ALTITUDES_M.contains(&report.fix.altitude_m);
    let (judged, invalid, jumped) = match verdict {
        Verdict::Live | Verdict::Late | Verdict::Rejected(Fault::Frozen) => (true, too_high, false),
        Verdict::Rejected(Fault::Jump) => (true, too_high, true),
        Verdict::Rejected(Fault::Encrypted | Fault::FutureTime | Fault::Impossible | Fault::TooOld) => {
            (true, true, false)
        }
        Verdict::NoPosition => (false, false, false),
        Verdict::Duplicate | Verdict::Other | Verdict::Rejected(Fault::VehiclesMax) => return,
    };
    count.reports += u32::from(judged);
    count.invalid += u32::from(invalid);
    count.unlocated += u32::from(!judged);
    count.jumps = count.jumps.saturating_add(u16::from(jumped));
    let bits = report.alarms.0 >> FAULT_BIT_FIRST & ((1 << FAULT_BITS) - 1);
    if bits != 0 {
        let faults = count.faults.get_or_insert_default();
        for (at, fault) in faults.iter_mut().enumerate() {
            *fault = fault.saturating_add(u16::from(bits >> at & 1 == 1));
        }
    }
}

/// One operator's day as the national assessment scores it (annex table of the joint monitoring network, 100 points).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Vehicles on file.
    pub registered: u64,
    /// Of these ever heard.
    pub networked: u64,
    /// Heard on this day.
    pub online: u64,
    /// Known way, metres.
    pub continuous_m: f64,
    /// Way over gaps, metres.
    pub broken_m: f64,
    /// Position reports.
    pub reports: u64,
    /// Of these with data that can't be.
    pub invalid: u64,
    /// Vehicles that drifted.
    pub drifted: u64,
    /// Times.
    pub overspeeds: u64,
    /// Driven past the limit of driving time, seconds.
    pub fatigue_s: u64,
    /// Lies found.
    pub tampers: u64,
}

/// What the scores of an operator are measured against: averages a vehicle that was online, over all operators.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Average {
    /// Times.
    pub overspeeds: f64,
    /// Seconds.
    pub fatigue_s: f64,
}

/// Points; `None`: there was nothing to judge by, and the points are not in `out_of`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// 车辆入网率, 5.
    pub networked: Option<f64>,
    /// 车辆上线率, 5.
    pub online: Option<f64>,
    /// 轨迹完整率, 15.
    pub track: Option<f64>,
    /// 数据合格率, 15.
    pub data: Option<f64>,
    /// 卫星定位漂移车辆率, 10.
    pub drift: Option<f64>,
    /// 平均车辆超速次数, 20.
    pub overspeeds: Option<f64>,
    /// 平均疲劳驾驶时长, 20.
    pub fatigue: Option<f64>,
    /// The sum; 0 where data were found to be false.
    pub total: f64,
    /// The most the sum could be: 100 less what could not be judged. 平台查岗响应率 (10) never is: no requests are known.
    pub out_of: f64,
}

/// A part of a whole; `None` where there is no whole.
pub fn rate(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl Standing {
    /// 车辆入网率: of the vehicles on file, those ever heard.
    pub fn networked_rate(&self) -> Option<f64> {
        rate(self.networked as f64, self.registered as f64)
    }

    /// 车辆上线率: of the vehicles ever heard, those heard on this day.
    pub fn online_rate(&self) -> Option<f64> {
        rate(self.online as f64, self.networked as f64)
    }

    /// 轨迹完整率: of all way, what is known without a gap.
    pub fn track_rate(&self) -> Option<f64> {
        rate(self.continuous_m, self.continuous_m + self.broken_m)
    }

    /// 数据合格率: of all reports, those that can be.
    pub fn valid_rate(&self) -> Option<f64> {
        rate((self.reports - self.invalid.min(self.reports)) as f64, self.reports as f64)
    }

    /// 卫星定位漂移车辆率: of the vehicles heard, those that drifted.
    pub fn drift_rate(&self) -> Option<f64> {
        rate(self.drifted as f64, self.online as f64)
    }

    /// What a vehicle of it had, or of all operators where all are added up.
    pub fn average(&self) -> Option<Average> {
        Some(Average {
            overspeeds: rate(self.overspeeds as f64, self.online as f64)?,
            fatigue_s: rate(self.fatigue_s as f64, self.online as f64)?,
        })
    }

    /// The points.
    pub fn score(&self, region: Average) -> Score {
        let from = |least: f64, weight: f64| move |rate: f64| if rate < least { 0.0 } else { rate * weight };
        let networked = self.networked_rate().map(from(0.9, 5.0));
        let online = self.online_rate().map(from(0.0, 5.0));
        let track = self.track_rate().map(from(0.7, 15.0));
        let data = self.valid_rate().map(from(0.8, 15.0));
        let drift = self.drift_rate().map(|rate| if rate > 0.05 { 0.0 } else { 10.0 - rate * 10.0 });
        let own = self.average();
        let overspeeds = own.map(|own| against(own.overspeeds, region.overspeeds));
        let fatigue = own.map(|own| against(own.fatigue_s, region.fatigue_s));
        let parts = [
            (networked, 5.0),
            (online, 5.0),
            (track, 15.0),
            (data, 15.0),
            (drift, 10.0),
            (overspeeds, 20.0),
            (fatigue, 20.0),
        ];
        let judged = parts.iter().filter_map(|(points, weight)| points.map(|points| (points, *weight)));
        let (total, out_of) =
            judged.fold((0.0, 0.0), |sum, (points, weight)| (sum.0 + points, sum.1 + weight));
        let total = if self.tampers > 0 { 0.0 } else { total };
        Score { networked, online, track, data, drift, overspeeds, fatigue, total, out_of }
    }
}

/// 20 points for none, 10 for the region's average, 0 for twice of it.
fn against(own: f64, region: f64) -> f64 {
    if own <= 0.0 {
        20.0
    } else if own <= region {
        10.0 + (region - own) / region * 10.0
    } else if own < 2.0 * region {
        (2.0 * region - own) / region * 10.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_are_those_of_the_table() {
        let good = Standing {
            registered: 10,
            networked: 10,
            online: 8,
            continuous_m: 900.0,
            broken_m: 100.0,
            reports: 1000,
            invalid: 50,
            drifted: 0,
            overspeeds: 8,
            fatigue_s: 0,
            tampers: 0,
        };
        let region = Average { overspeeds: 2.0, fatigue_s: 60.0 };
        let score = good.score(region);
        let near = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} {b}");
        near(score.networked, 5.0);
        near(score.online, 4.0);
        near(score.track, 13.5);
        near(score.data, 14.25);
        near(score.drift, 10.0);
        near(score.overspeeds, 15.0);
        near(score.fatigue, 20.0);
        near(Some(score.total), 81.75);
        near(Some(score.out_of), 90.0);
        // Each line that a rate falls under takes all of its points.
        near(Standing { networked: 8, ..good }.score(region).networked, 0.0);
        near(Standing { continuous_m: 60.0, broken_m: 40.0, ..good }.score(region).track, 0.0);
        near(Standing { invalid: 201, ..good }.score(region).data, 0.0);
        near(Standing { drifted: 1, ..good }.score(region).drift, 0.0);
        near(Standing { online: 100, drifted: 5, ..good }.score(region).drift, 9.5);
        for (times, points) in [(16, 10.0), (24, 5.0), (32, 0.0), (40, 0.0)] {
            near(Standing { overspeeds: times, ..good }.score(region).overspeeds, points);
        }
        near(Some(Standing { tampers: 1, ..good }.score(region).total), 0.0);
        let silent = Standing { registered: 4, networked: 4, ..Standing::default() }.score(region);
        assert_eq!((silent.track, silent.data, silent.overspeeds, silent.out_of), (None, None, None, 10.0));
    }
}
