//! `device-tamper` by what a terminal says against what its own data show: a speed that is too low, a sensor that
//! disagrees, a ceiling nobody drives at, a stop that moves, a track of another day.
//!
//! A straight line between two fixes is never longer than the way driven, and the larger of two reported speeds is taken
//! for the whole time between them: every error there can be speaks for the terminal. Nothing is measured over a gap, a
//! jump or a time without a fix.

use fleet::{Alarms, EventTime, Fix, LonLat, MeasureKind, Report, RuleId, Severity, Status};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::Book;
use crate::book::DeviceTamper;
use crate::kind::replayed::Tracks;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};
use crate::track;

/// Displacement is measured over at least this long: with positions good to 10 m it is good to 7 km/h.
const BASE: Duration = Duration::from_secs(10);
/// For the ceiling over this long, good to 1.2 km/h and, with times in whole seconds, to 1.7 %.
const LONG_BASE: Duration = Duration::from_secs(60);
/// A place must move this far in all before displacement says anything of a speed: a parked antenna wanders, metres.
const FAR_M: f64 = 500.0;
/// A stop that gets this far moved, metres; also in the odometer's tenths of a km below.
const HOP_M: f64 = 500.0;
const HOP_TENTH_KM: u32 = 5;
/// Faster than this between two reports that say zero, a position leapt and nothing drove, m/s.
const LEAP_MPS: f64 = 33.0;
/// Reported speeds this far below the highest are at it, tenths of km/h.
const AT_CEILING: u16 = 20;
/// Driving after which a ceiling that proved nothing is looked for anew, in times of `ceiling_after`.
const CEILING_TIMES: u32 = 5;
/// A share of a speed that differs, as the departments read it.
const PERCENT: f64 = 100.0;

/// What is remembered of one vehicle.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Honesty {
    pace: Option<Pace>,
    ceiling: Ceiling,
    stop: Option<Stop>,
    tracks: Tracks,
}

/// Displacement against reported speeds since an anchor, and the run of anchors between which it was too much.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Pace {
    anchor: (EventTime, LonLat),
    /// At most this far by the reported speeds since the anchor.
    reported_m: f32,
    /// By displacement and by report, km/h, from the anchor before to this one.
    kmh: (f32, f32),
    run: (EventTime, LonLat),
    /// Whether the run came far enough to be no wandering antenna.
    far: bool,
}

/// The highest speed the terminal ever reported, and how it was kept to.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Ceiling {
    /// Highest speed when the count began, and now, tenths of km/h.
    base: u16,
    top: u16,
    /// Fastest displacement above it, tenths of km/h.
    peak: u16,
    moving_s: u32,
    /// Of it within 2 km/h of the top.
    at_top_s: u32,
    /// Time in which displacement was faster than the top.
    over_s: u32,
    mark: Option<(EventTime, LonLat)>,
}

/// A stop by the reported speed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Stop {
    since: EventTime,
    from: LonLat,
    odometer: Option<u32>,
    /// Where, at which odometer and when it was last seen to have moved.
    hop: (LonLat, Option<u32>),
    hopped_at: EventTime,
}

impl Honesty {
    /// Takes in a report whose speed may be zero; says whether the vehicle moved although it says it stands, so that this is
    /// no stop. `last` is the fix before.
    pub(crate) fn feigns(
        honesty: &mut Option<Box<Self>>,
        book: &Book,
        report: &Report,
        last: Option<&Fix>,
    ) -> bool {
        let rule = &book.device_tamper;
        let stands = report.fix.speed.kmh() < rule.jitter_kmh && !report.status.has(Status::MOVING);
        if !stands {
            if let Some(honesty) = honesty {
                honesty.stop = None;
            }
            return false;
        }
        let honesty = honesty.get_or_insert_default();
        let (fix, odometer) = (&report.fix, report.odometer_tenth_km);
        let begin = Stop {
            since: fix.at,
            from: fix.position,
            odometer,
            hop: (fix.position, odometer),
            hopped_at: fix.at,
        };
        let follows = |last: &Fix| {
            let passed = fix.at.since(last.at);
            let leap_m = book.common.jump_slack_m + LEAP_MPS * passed.as_secs_f64();
            passed <= rule.jitter_step && track::within_m(last.position, fix.position, leap_m)
        };
        let goes_on =
            |stop: &Stop| fix.at.since(stop.hopped_at) < rule.jitter_after && last.is_some_and(follows);
        let Some(stop) = honesty.stop.as_mut().filter(|stop| goes_on(stop)) else {
            honesty.stop = Some(begin);
            return false;
        };
        let ran = ran_tenth_km(stop.hop.1, odometer);
        if ran < HOP_TENTH_KM && track::within_m(stop.hop.0, fix.position, HOP_M) {
            return false;
        }
        (stop.hop, stop.hopped_at) = ((fix.position, odometer), fix.at);
        true
    }

    /// Takes in a good fix of now, which `scene.recent` ends with.
    pub(crate) fn step(
        honesty: &mut Option<Box<Self>>,
        scene: &Scene<'_>,
        report: &Report,
        signals: &mut Vec<Signal>,
    ) {
        recorder(scene, report, signals);
        let last = scene.recent.len().checked_sub(2).and_then(|at| scene.recent.get(at));
        let honesty = honesty.get_or_insert_default();
        let Some(last) = last.filter(|last| track::reaches(&scene.book.common, last, &scene.fix)) else {
            (honesty.pace, honesty.ceiling.mark) = (None, None);
            return;
        };
        honesty.pace(scene, last, signals);
        honesty.ceiling(scene, last, signals);
        honesty.stop(scene, report, signals);
        honesty.tracks.step(scene, signals);
    }

    /// A time without a fix: nothing is measured over it.
    pub(crate) fn lost(&mut self) {
        (self.pace, self.ceiling.mark) = (None, None);
    }

    fn pace(&mut self, scene: &Scene<'_>, last: &Fix, signals: &mut Vec<Signal>) {
        let (rule, fix) = (&scene.book.device_tamper, &scene.fix);
        let here = (fix.at, fix.position);
        let passed = fix.at.since(last.at);
        if passed > rule.speed_step {
            self.pace = None;
            return;
        }
        let from = (last.at, last.position);
        let pace = self.pace.get_or_insert(Pace {
            anchor: from,
            reported_m: 0.0,
            kmh: (0.0, 0.0),
            run: from,
            far: false,
        });
        pace.reported_m += (last.speed.max(fix.speed).kmh() / 3.6 * passed.as_secs_f64()) as f32;
        let measured = fix.at.since(pace.anchor.0);
        if measured >= BASE {
            let moved_m = pace.anchor.1.distance_m(fix.position);
            let kmh = |m: f64| (m / measured.as_secs_f64() * 3.6) as f32;
            pace.kmh = (kmh(moved_m), kmh(f64::from(pace.reported_m)));
            (pace.anchor, pace.reported_m) = (here, 0.0);
            if pace.too_low(rule) {
                pace.far |= !track::within_m(pace.run.1, fix.position, FAR_M);
            } else {
                (pace.run, pace.far) = (here, false);
            }
        }
        if pace.too_low(rule) {
            signals.push(pace.signal(scene));
        }
    }

    fn ceiling(&mut self, scene: &Scene<'_>, last: &Fix, signals: &mut Vec<Signal>) {
        let (rule, fix) = (&scene.book.device_tamper, &scene.fix);
        let ceiling = &mut self.ceiling;
        let passed = fix.at.since(last.at);
        ceiling.reported(fix.speed.tenths());
        if passed > scene.book.common.gap {
            ceiling.mark = None;
        } else if fix.speed.kmh() >= scene.book.common.moving_kmh {
            let seconds = seconds(passed.min(LONG_BASE));
            ceiling.moving_s += seconds;
            if fix.speed.tenths() + AT_CEILING >= ceiling.top {
                ceiling.at_top_s += seconds;
            }
        }
        let (at, place) = *ceiling.mark.get_or_insert((fix.at, fix.position));
        let measured = fix.at.since(at);
        if measured >= LONG_BASE {
            ceiling.mark = Some((fix.at, fix.position));
            let kmh = place.distance_m(fix.position) / measured.as_secs_f64() * 3.6;
            if kmh > f64::from(ceiling.top) / 10.0 + rule.ceiling_over_kmh {
                ceiling.over_s += seconds(measured);
                ceiling.peak = ceiling.peak.max(fleet::Speed::from_kmh(kmh).tenths());
            }
        }
        if ceiling.is_false(rule) {
            signals.push(ceiling.signal(scene));
            *ceiling = Ceiling::default();
        } else if ceiling.moving_s >= CEILING_TIMES * seconds(rule.ceiling_after) {
            *ceiling = Ceiling::default();
        }
    }

    fn stop(&mut self, scene: &Scene<'_>, report: &Report, signals: &mut Vec<Signal>) {
        let rule = &scene.book.device_tamper;
        let Some(stop) = self.stop else { return };
        let moved_m = stop.from.distance_m(scene.fix.position);
        let ran_m = f64::from(ran_tenth_km(stop.odometer, report.odometer_tenth_km)) * 100.0;
        if scene.fix.at.since(stop.since) < rule.jitter_after || moved_m.max(ran_m) < rule.jitter_m {
            return;
        }
        let text = ("假停车：车速为零而车辆在移动", "feigned stop, it moves at a speed of zero");
        let signal = tamper(scene, "stop", text).measured(
            MeasureKind::DistanceM,
            moved_m.max(ran_m),
            Some(rule.jitter_m),
        );
        signals.push(Signal { started: Some(stop.since), hold: Some(Duration::ZERO), ..signal });
    }
}

impl Pace {
    fn too_low(&self, rule: &DeviceTamper) -> bool {
        f64::from(self.kmh.0 - self.kmh.1) > rule.speed_kmh
    }

    fn signal(&self, scene: &Scene<'_>) -> Signal {
        let rule = &scene.book.device_tamper;
        let (moved, said) = (f64::from(self.kmh.0), f64::from(self.kmh.1));
        let text =
            ("车速数据失真：位移推算车速高于上报车速", "falsified speed, it moves faster than it reports");
        let signal =
            tamper(scene, "speed", text).measured(MeasureKind::SpeedKmh, moved, Some(said + rule.speed_kmh));
        Signal {
            started: Some(self.run.0),
            // Until it came far enough, the time runs but nothing is said.
            hold: Some(if self.far { rule.speed_hold } else { Duration::MAX }),
            words: Some((
                format!("（位移 {moved:.0} km/h，上报 {said:.0} km/h）"),
                format!(" ({moved:.0} km/h by displacement, {said:.0} km/h reported)"),
            )),
            ..signal
        }
    }
}

impl Ceiling {
    /// A higher speed than ever: what was counted under a lower one says nothing of it.
    fn reported(&mut self, tenths: u16) {
        if tenths > self.base + AT_CEILING {
            *self = Self { base: tenths, top: tenths, mark: self.mark, ..Self::default() };
        } else {
            self.top = self.top.max(tenths);
        }
    }

    fn is_false(&self, rule: &DeviceTamper) -> bool {
        self.moving_s >= seconds(rule.ceiling_after)
            && self.at_top_s >= seconds(rule.ceiling_at)
            && self.over_s >= seconds(rule.ceiling_over)
    }

    fn signal(&self, scene: &Scene<'_>) -> Signal {
        let (top, peak) = (f64::from(self.top) / 10.0, f64::from(self.peak) / 10.0);
        let text =
            ("车速数据失真：上报车速从不超过上限", "falsified speed, a ceiling it never reports to pass");
        let signal = tamper(scene, "ceiling", text).measured(MeasureKind::SpeedKmh, peak, Some(top));
        let minutes = self.over_s / 60;
        Signal {
            hold: Some(Duration::ZERO),
            words: Some((
                format!("（上报最高 {top:.0} km/h，位移最高 {peak:.0} km/h，超出 {minutes} 分钟）"),
                format!(
                    " (at most {top:.0} km/h reported, {peak:.0} km/h by displacement, above it for {minutes} min)"
                ),
            )),
            ..signal
        }
    }
}

/// The recorder's sensor against GNSS. A sensor that was taken off says zero; a terminal that says so itself hides nothing.
fn recorder(scene: &Scene<'_>, report: &Report, signals: &mut Vec<Signal>) {
    let rule = &scene.book.device_tamper;
    let Some(recorder) = report.recorder_speed else { return };
    let (sensor, gnss) = (recorder.kmh(), scene.fix.speed.kmh());
    let zero = recorder.tenths() == 0;
    let text = if zero {
        ("记录仪车速为零：速度传感器断开", "recorder says zero, its speed sensor is off")
    } else {
        ("记录仪车速与卫星定位车速不符", "recorder and GNSS disagree on the speed")
    };
    let fast = if zero { gnss } else { gnss.max(sensor) } >= rule.recorder_kmh;
    let off = (sensor - gnss).abs();
    if fast && off <= rule.recorder_share * gnss.max(sensor) {
        return;
    }
    let signal = tamper(scene, "recorder", text).measured(MeasureKind::SpeedKmh, sensor, Some(gnss));
    signals.push(Signal {
        severity: if zero || report.alarms.has(Alarms::SPEED_SENSOR_FAULT) {
            Severity::Minor
        } else {
            Severity::Major
        },
        hold: Some(rule.recorder_hold),
        // Too slow to tell: what is open stays so.
        grip: if fast { Grip::Raises } else { Grip::Sustains },
        words: Some((
            format!(
                "（记录仪 {sensor:.0} km/h，卫星定位 {gnss:.0} km/h，相差 {:.0}%）",
                off / gnss.max(sensor).max(1.0) * PERCENT
            ),
            format!(" ({sensor:.0} km/h against {gnss:.0} km/h by GNSS)"),
        )),
        ..signal
    });
}

pub(crate) fn tamper(scene: &Scene<'_>, what: &'static str, text: (&'static str, &'static str)) -> Signal {
    Signal::new(RuleId::DEVICE_TAMPER, Severity::Major, text)
        .to(law::supervision(scene.class), law::TAMPER)
        .about(Subject::Named(what))
}

fn ran_tenth_km(from: Option<u32>, to: Option<u32>) -> u32 {
    from.zip(to).map_or(0, |(from, to)| to.saturating_sub(from))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
