//! Posted limits from `maxspeed` and its relatives.
//!
//! A key is `maxspeed[:vehicle][:direction][:wet][:conditional]`. For each class of vehicles, direction and time of day the most
//! particular tag decides, so that what comes out never contradicts itself: no two limits that hold for the same vehicle
//! at the same time, but those of a wet road, which are lower.

mod condition;
mod value;

use std::collections::BTreeMap;

use fleet::{Along, DailyHours, PostedLimit, VehicleClass};

use crate::block::Tags;
pub use condition::conditions;
pub use value::{Speed, implied, speed};

/// Minutes of a day.
const DAY: u16 = 1440;

/// What is counted while limits are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Read {
    /// Values that are no speed.
    pub not_understood: u64,
    /// Conditions that this map of limits has no place for.
    pub too_complex: u64,
    /// Values that mean a country's own limit of which no figure is known here.
    pub national: u64,
    /// `none`, `signals`, `variable`.
    pub unlimited: u64,
}

/// For whom a tag is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Vehicle {
    All,
    Bus,
    Hgv,
    Coach,
    Hazmat,
}

/// One tag, or one part of a conditional one.
#[derive(Clone, Copy, Debug)]
struct Entry {
    vehicle: Vehicle,
    along: Along,
    speed: Speed,
    hours: Option<DailyHours>,
    wet: bool,
}

/// All limits of a way with these tags that is open this way.
pub fn posted(tags: &Tags<'_>, open: Along, read: &mut Read) -> Box<[PostedLimit]> {
    let (plain, conditional) = entries(tags, read);
    let mut limits = Limits::new();
    for (bit, class) in (0..).zip(VehicleClass::ALL.iter().copied()) {
        for (direction, along) in [Along::Forward, Along::Backward].into_iter().enumerate() {
            if open == Along::Both || open == along {
                of_one(&plain, &conditional, class, along, &mut |kmh, hours, wet| {
                    let key = ((kmh * 10.0).round() as u32, hours, wet); // at most 2,500
                    limits.entry(key).or_default()[direction] |= 1_u8 << bit;
                });
            }
        }
    }
    limits.into_iter().flat_map(|(key, masks)| written(key, masks, open)).collect()
}

/// km/h in tenths, minutes of the day from and until (whole day: none), wet → classes forward and backward.
type Limits = BTreeMap<(u32, Option<(u16, u16)>, bool), [u8; 2]>;

fn written(
    (tenths, hours, wet): (u32, Option<(u16, u16)>, bool),
    [forward, backward]: [u8; 2],
    open: Along,
) -> Vec<PostedLimit> {
    let limit = |along, mask: u8| PostedLimit {
        kmh: f64::from(tenths) / 10.0,
        along,
        classes: classes(mask),
        hours: hours.map(|(from, until)| DailyHours::new(u32::from(from) * 60, u32::from(until) * 60)),
        wet,
    };
    match open {
        Along::Forward => vec![limit(Along::Both, forward)],
        Along::Backward => vec![limit(Along::Both, backward)],
        Along::Both if forward == backward => vec![limit(Along::Both, forward)],
        Along::Both => [(Along::Forward, forward), (Along::Backward, backward)]
            .into_iter()
            .filter(|(_, mask)| *mask != 0)
            .map(|(along, mask)| limit(along, mask))
            .collect(),
    }
}

/// The classes of a mask; none where it has all.
fn classes(mask: u8) -> Vec<VehicleClass> {
    let all: Vec<VehicleClass> = (0..)
        .zip(VehicleClass::ALL.iter().copied())
        .filter(|(bit, _)| mask & (1_u8 << bit) != 0)
        .map(|(_, class)| class)
        .collect();
    if all.len() == VehicleClass::ALL.len() { Vec::new() } else { all }
}

/// What holds for one class in one direction.
fn of_one(
    plain: &[Entry],
    conditional: &[Entry],
    class: VehicleClass,
    along: Along,
    hold: &mut impl FnMut(f64, Option<(u16, u16)>, bool),
) {
    let covers =
        |entry: &&Entry| entry.vehicle.covers(class) && (entry.along == Along::Both || entry.along == along);
    let rank = |entry: &&Entry| (entry.vehicle.rank(), entry.along != Along::Both);
    let plain = plain.iter().filter(covers).max_by_key(rank);
    let base = plain.map_or(Speed::Free, |entry| entry.speed);
    // Of two conditions that both hold the more particular decides, then the later one.
    let mut conditions: Vec<&Entry> = conditional.iter().filter(covers).collect();
    conditions.sort_by_key(rank);
    if conditions.is_empty() {
        if let Speed::Posted(kmh) = base {
            hold(kmh, None, false);
        }
        return;
    }
    let mut day = vec![base; usize::from(DAY)];
    for entry in conditions.iter().filter(|entry| !entry.wet) {
        // A sign for fewer (`maxspeed:hgv`) stays in force while one for all allows more.
        let general = plain.is_some_and(|plain| rank(entry) < rank(&plain));
        for (minute, speed) in (0..).zip(&mut day) {
            let holds = entry.hours.is_none_or(|hours| hours.contains(minute * 60));
            if holds && (!general || entry.speed.is_below(*speed)) {
                *speed = entry.speed;
            }
        }
    }
    for (from, until, speed) in windows(&day) {
        if let Speed::Posted(kmh) = speed {
            hold(kmh, (until - from != DAY).then_some((from, until % DAY)), false);
        }
    }
    for entry in conditions.iter().filter(|entry| entry.wet) {
        let Speed::Posted(kmh) = entry.speed else { continue };
        if day.iter().any(|dry| entry.speed.is_below(*dry)) {
            hold(kmh, entry.hours.and_then(minutes), true);
        }
    }
}

/// Minutes of the day from and until; `None` for all of it.
fn minutes(hours: DailyHours) -> Option<(u16, u16)> {
    let minute = |second: u32| (second / 60 % u32::from(DAY)) as u16; // below 1,440
    let (from, until) = (minute(hours.from_s()), minute(hours.until_s()));
    (from != until).then_some((from, until))
}

/// Stretches of the day with one speed, the last one past midnight where it goes on there.
fn windows(day: &[Speed]) -> Vec<(u16, u16, Speed)> {
    let mut windows: Vec<(u16, u16, Speed)> = Vec::new();
    for (minute, speed) in (0_u16..).zip(day) {
        match windows.last_mut() {
            Some((_, until, last)) if last == speed => *until = minute + 1,
            _ => windows.push((minute, minute + 1, *speed)),
        }
    }
    if let [first, .., last] = &mut windows[..]
        && first.2 == last.2
    {
        last.1 += first.1;
        windows.remove(0);
    }
    windows
}

/// Tags without and with conditions.
fn entries(tags: &Tags<'_>, read: &mut Read) -> (Vec<Entry>, Vec<Entry>) {
    let (mut plain, mut conditional) = (Vec::new(), Vec::new());
    for (key, text) in &tags.0 {
        let Some(Key { vehicle, along, wet, conditional: has_conditions }) = key_of(key) else { continue };
        let text = text.trim();
        if has_conditions {
            for (value, condition) in conditions(text) {
                let speed = speed(value).inspect(|speed| read.count(*speed));
                match (speed, condition) {
                    (None, _) => read.not_understood += 1,
                    (Some(_), None) => read.too_complex += 1,
                    (Some(speed), Some(condition)) => {
                        let entry = Entry { vehicle, along, speed, hours: None, wet: wet || condition.wet };
                        conditional.extend(condition.each_hours().map(|hours| Entry { hours, ..entry }));
                    }
                }
            }
        } else if let Some(speed) = speed(text) {
            read.count(speed);
            let list = if wet { &mut conditional } else { &mut plain };
            list.push(Entry { vehicle, along, speed, hours: None, wet });
        } else {
            read.not_understood += 1;
        }
    }
    if !plain.iter().any(|entry| entry.vehicle == Vehicle::All)
        && let Some(speed) = implied(tags)
    {
        read.count(speed);
        plain.push(Entry { vehicle: Vehicle::All, along: Along::Both, speed, hours: None, wet: false });
    }
    (plain, conditional)
}

/// What a key is about.
struct Key {
    vehicle: Vehicle,
    along: Along,
    wet: bool,
    conditional: bool,
}

/// Reads a key; `None`: no limit for any of our vehicles.
fn key_of(key: &str) -> Option<Key> {
    let rest = key.strip_prefix("maxspeed")?;
    let mut found = Key { vehicle: Vehicle::All, along: Along::Both, wet: false, conditional: false };
    for part in rest.split(':').skip(1) {
        match part {
            "forward" => found.along = Along::Forward,
            "backward" => found.along = Along::Backward,
            "conditional" => found.conditional = true,
            "wet" => found.wet = true,
            "vehicle" | "motor_vehicle" => {}
            "bus" | "psv" => found.vehicle = Vehicle::Bus,
            "coach" | "tourist_bus" => found.vehicle = Vehicle::Coach,
            "hazmat" => found.vehicle = Vehicle::Hazmat,
            "hgv" => found.vehicle = Vehicle::Hgv,
            _ => return None,
        }
    }
    (rest.is_empty() || rest.starts_with(':')).then_some(found)
}

impl Vehicle {
    fn covers(self, class: VehicleClass) -> bool {
        match self {
            Self::All => true,
            Self::Bus => class.is_coach() || class == VehicleClass::SchoolBus,
            Self::Coach => class.is_coach(),
            Self::Hazmat => class == VehicleClass::HazmatTruck,
            Self::Hgv => matches!(class, VehicleClass::HazmatTruck | VehicleClass::HeavyTruck),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Bus | Self::Hgv => 1,
            Self::Coach | Self::Hazmat => 2,
        }
    }
}

impl Read {
    fn count(&mut self, speed: Speed) {
        match speed {
            Speed::Posted(_) | Speed::Default => {}
            Speed::Free => self.unlimited += 1,
            Speed::National => self.national += 1,
        }
    }
}

#[cfg(test)]
mod tests;
