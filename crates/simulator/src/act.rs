//! What demo drivers do wrong: one deed a rule.

use fleet::{RuleId, VehicleClass};

use crate::report::SafetyItem;

/// A misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Alarm bits, for a while.
    Alarm(u32),
    /// The tracks of two vehicles under one number.
    Twin,
    /// A card with this certificate goes in.
    Card(&'static str),
    /// Four hours without a rest come out of the memory, then it drives on.
    Fatigue,
    /// Nothing is heard for the time, while the vehicle drives on.
    Offline,
    /// Drives this far beside its road, metres.
    Beside(f64),
    /// Drove at half past two last night; that comes out of the memory.
    Night,
    /// Stands still.
    Park,
    /// An active-safety item: 0x64 or 0x65, type, Guangdong dialect.
    Safety(u8, u8, bool),
    /// Drives at this speed, km/h.
    Speed(f64),
    /// Drives on as ever, into a zone; the fix is lost on the way where the second is set.
    Zone(Option<i64>),
}

/// Who does it, where and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Act {
    /// The rule that must notice.
    pub rule: RuleId,
    /// Who.
    pub class: VehicleClass,
    /// On which road; `None`: its own, or any.
    pub road: Option<&'static str>,
    /// Where it starts on it, metres.
    pub way_m: f64,
    /// When it begins, seconds after the start.
    pub after_s: i64,
    /// How long it lasts, seconds.
    pub lasts_s: i64,
    /// What.
    pub deed: Deed,
}

use VehicleClass::{CharterCoach, HazmatTruck, HeavyTruck, ScheduledCoach, SchoolBus};

const fn act(rule: RuleId, class: VehicleClass, (after_s, lasts_s): (i64, i64), deed: Deed) -> Act {
    Act { rule, class, road: None, way_m: 3000.0, after_s, lasts_s, deed }
}

const fn on(road: &'static str, way_m: f64, act: Act) -> Act {
    Act { road: Some(road), way_m, ..act }
}

/// Every rule that terminals alone can break; each act comes again every [`AGAIN_S`] seconds.
pub const ACTS: &[Act] = &[
    act(RuleId::SOS, CharterCoach, (3, 20), Deed::Alarm(1)),
    act(RuleId::DSM_FATIGUE, ScheduledCoach, (5, 5), Deed::Safety(0x65, 1, false)),
    act(RuleId::UNQUALIFIED_DRIVER, HazmatTruck, (8, 5), Deed::Card("5401198001110011")),
    on("duilong-yangbajain", 20_000.0, act(RuleId::SPEEDING, HazmatTruck, (10, 120), Deed::Speed(97.0))),
    on("najin-bridge", 600.0, act(RuleId::HAZMAT_ZONE_APPROACH, HazmatTruck, (0, 300), Deed::Zone(None))),
    on(
        "lhasa-gonggar-airport",
        38222.0,
        act(RuleId::HAZMAT_ZONE, HazmatTruck, (0, 300), Deed::Zone(Some(50))),
    ),
    act(RuleId::DEVICE_TAMPER, HeavyTruck, (20, 60), Deed::Alarm(1 << 8)),
    act(RuleId::CLONE_PLATE, HeavyTruck, (25, 90), Deed::Twin),
    act(RuleId::COLLISION, HeavyTruck, (40, 20), Deed::Alarm(1 << 29)),
    act(RuleId::OFF_ROUTE, SchoolBus, (30, 200), Deed::Beside(700.0)),
    on("beijing-road", 2900.0, act(RuleId::NO_PARKING, CharterCoach, (0, 180), Deed::Park)),
    act(RuleId::GNSS_FAULT, ScheduledCoach, (60, 200), Deed::Alarm(1 << 4)),
    act(RuleId::FATIGUE_WARNING, HeavyTruck, (15, 5), Deed::Fatigue),
    act(RuleId::FATIGUE, HazmatTruck, (18, 5), Deed::Fatigue),
    act(RuleId::NIGHT_BAN, CharterCoach, (22, 5), Deed::Night),
    act(RuleId::OFFLINE_MOVE, CharterCoach, (60, 200), Deed::Offline),
    act(RuleId::DSM_PHONE, CharterCoach, (35, 5), Deed::Safety(0x65, 2, false)),
    act(RuleId::DSM_SMOKING, HazmatTruck, (55, 5), Deed::Safety(0x65, 3, false)),
    act(RuleId::DSM_DISTRACTION, ScheduledCoach, (75, 5), Deed::Safety(0x65, 4, false)),
    act(RuleId::DSM_ABSENT, ScheduledCoach, (95, 5), Deed::Safety(0x65, 5, false)),
    act(RuleId::DSM_OTHER, CharterCoach, (115, 5), Deed::Safety(0x65, 0x0a, true)),
    act(RuleId::ADAS_FORWARD_COLLISION, ScheduledCoach, (45, 5), Deed::Safety(0x64, 1, false)),
    act(RuleId::ADAS_LANE_DEPARTURE, CharterCoach, (65, 5), Deed::Safety(0x64, 2, false)),
    act(RuleId::ADAS_HEADWAY, HazmatTruck, (85, 5), Deed::Safety(0x64, 3, true)),
    act(RuleId::ADAS_PEDESTRIAN, SchoolBus, (105, 5), Deed::Safety(0x64, 4, false)),
    act(RuleId::ADAS_OTHER, HeavyTruck, (125, 5), Deed::Safety(0x64, 5, false)),
];

/// Acts come again after this time.
pub(crate) const AGAIN_S: i64 = 1500;

impl Act {
    /// Seconds into the act, where it is on.
    pub(crate) fn elapsed_s(&self, since_start_s: i64) -> Option<i64> {
        let into = (since_start_s - self.after_s).rem_euclid(AGAIN_S);
        (since_start_s >= self.after_s && into < self.lasts_s).then_some(into)
    }

    /// The item a report of a safety act carries.
    pub(crate) fn safety(&self, number: u32) -> Option<SafetyItem> {
        match self.deed {
            Deed::Safety(item, kind, guangdong) => Some(SafetyItem { item, kind, guangdong, number }),
            Deed::Alarm(_)
            | Deed::Beside(_)
            | Deed::Card(_)
            | Deed::Fatigue
            | Deed::Night
            | Deed::Offline
            | Deed::Park
            | Deed::Speed(_)
            | Deed::Twin
            | Deed::Zone(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_terminals_can_break_is_broken_in_ten_minutes() {
        for rule in fleet::RULES {
            // These two need trips and readings of structures, which no terminal sends.
            let not_by_terminals = ["charter-origin", "closed-structure"].contains(rule);
            let acts: Vec<_> = ACTS.iter().filter(|act| act.rule.as_str() == *rule).collect();
            assert_eq!(acts.len(), usize::from(!not_by_terminals), "{rule}");
            assert!(acts.iter().all(|act| act.after_s + act.lasts_s <= 400), "{rule}");
        }
        assert!(ACTS.iter().any(|act| act.after_s < 10));
    }
}
