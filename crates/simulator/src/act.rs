//! What demo drivers do wrong: the deeds, who does them, and when.

use fleet::{RuleId, VehicleClass};

use crate::report::SafetyItem;

/// A misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Alarm bits, for a while.
    Alarm(u32),
    /// Drives this far beside its road, metres.
    Beside(f64),
    /// Registers with the plate of another vehicle.
    Borrow,
    /// A card with this certificate goes in, and its own again at the end.
    Card(&'static str),
    /// A collision is reported and it stands.
    Crash(u32),
    /// Stands at this place of its road for so many seconds, each time it comes by.
    Halt(f64, f64),
    /// Has stood for an hour, driven for so many minutes and stood for an hour again when the act begins, all of it away
    /// from the home of the vehicle; what came before the start is in its memory.
    Elsewhere(i64),
    /// Nothing is heard for the time, while the vehicle drives on.
    Offline,
    /// Drives in forbidden hours; by day it drove at half past two last night and that comes out of the memory.
    Night,
    /// An active-safety item: 0x64 or 0x65, type, Guangdong dialect.
    Safety(u8, u8, bool),
    /// Drives to and fro; the fix is lost between these two places where they are set, metres.
    Shuttle(Option<(f64, f64)>),
    /// Drives at this speed, km/h.
    Speed(f64),
    /// Has driven so many minutes without a rest when the act begins; what came before the start is in its memory.
    Tired(i64),
    /// The tracks of two vehicles under one number.
    Twin,
}

/// A part of a road that is driven to and fro.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// The road's id.
    pub road: &'static str,
    /// Its ends, metres from the beginning of the road.
    pub ends_m: (f64, f64),
    /// How fast, km/h.
    pub kmh: f64,
    /// How long it stands at either end, seconds.
    pub pause_s: f64,
    /// Where each performer starts, metres.
    pub starts_m: &'static [f64],
}

/// Who does it, where and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Act {
    /// The rule that must notice.
    pub rule: RuleId,
    /// Who.
    pub class: VehicleClass,
    /// Where; `None`: on its own road.
    pub section: Option<Section>,
    /// How many vehicles do it, one after the other.
    pub performers: u8,
    /// When the first begins, seconds after the start.
    pub after_s: i64,
    /// How long it lasts, seconds.
    pub lasts_s: i64,
    /// After this time it comes again; the performers share it evenly.
    pub again_s: i64,
    /// What.
    pub deed: Deed,
}

use VehicleClass::{CharterCoach, HazmatTruck, HeavyTruck, ScheduledCoach, SchoolBus};

const fn act(
    rule: RuleId,
    (class, performers): (VehicleClass, u8),
    (after_s, lasts_s, again_s): (i64, i64, i64),
    deed: Deed,
) -> Act {
    Act { rule, class, section: None, performers, after_s, lasts_s, again_s, deed }
}

const fn on(section: Section, act: Act) -> Act {
    Act { section: Some(section), ..act }
}

/// Seconds after which most acts come again.
const OFTEN_S: i64 = 540;
/// Seconds after which acts come again that would wear out if they were frequent.
const SELDOM_S: i64 = 1800;
/// On all the time; place and speed say when it is noticed.
const ALWAYS: (i64, i64, i64) = (0, OFTEN_S, OFTEN_S);

/// The approach to a restricted bridge; it turns round before it.
const BRIDGE: Section = Section {
    road: "najin-bridge",
    ends_m: (0.0, 2950.0),
    kmh: 45.0,
    pause_s: 200.0,
    starts_m: &[1500.0, 20.0],
};
/// Through a restricted tunnel, and back before the next bridge.
const TUNNEL: Section = Section {
    road: "lhasa-gonggar-airport",
    ends_m: (36_500.0, 41_850.0),
    kmh: 60.0,
    pause_s: 580.0,
    starts_m: &[36_600.0],
};
/// Through the protection area of a waterworks.
const WATERWORKS: Section =
    Section { road: "north-suburb", ends_m: (0.0, 5354.0), kmh: 30.0, pause_s: 260.0, starts_m: &[20.0] };
/// Out of Lhasa on the road to Nyingchi, for a coach that is at home elsewhere.
const LHASA: Section = Section {
    road: "lhasa-nyingchi",
    ends_m: (0.0, 120_000.0),
    kmh: 58.0,
    pause_s: 0.0,
    starts_m: &[5_000.0],
};
/// Along a square where nobody parks.
const SQUARE: Section = Section {
    road: "beijing-road",
    ends_m: (0.0, 6109.0),
    kmh: 27.0,
    pause_s: 30.0,
    starts_m: &[3190.0, 250.0],
};

/// Every rule that terminals alone can break.
pub const ACTS: &[Act] = &[
    act(RuleId::DSM_PHONE, (CharterCoach, 3), (2, 5, OFTEN_S), Deed::Safety(0x65, 2, false)),
    act(RuleId::SPEEDING, (HazmatTruck, 2), (10, 90, OFTEN_S), Deed::Speed(97.0)),
    act(RuleId::SPEEDING, (HeavyTruck, 2), (105, 90, OFTEN_S), Deed::Speed(108.0)),
    act(RuleId::UNQUALIFIED_DRIVER, (HazmatTruck, 2), (15, 150, OFTEN_S), Deed::Card("5401198001110011")),
    act(RuleId::DSM_FATIGUE, (ScheduledCoach, 2), (25, 5, OFTEN_S), Deed::Safety(0x65, 1, false)),
    on(BRIDGE, act(RuleId::HAZMAT_ZONE_APPROACH, (HazmatTruck, 2), ALWAYS, Deed::Shuttle(None))),
    on(TUNNEL, act(RuleId::HAZMAT_ZONE, (HazmatTruck, 1), ALWAYS, Deed::Shuttle(Some((39_050.0, 41_650.0))))),
    on(WATERWORKS, act(RuleId::HAZMAT_ZONE, (HazmatTruck, 1), ALWAYS, Deed::Shuttle(None))),
    on(SQUARE, act(RuleId::NO_PARKING, (CharterCoach, 2), ALWAYS, Deed::Halt(3200.0, 150.0))),
    on(LHASA, act(RuleId::CHARTER_ORIGIN, (CharterCoach, 1), (36, 90, SELDOM_S), Deed::Elsewhere(38))),
    act(RuleId::FATIGUE_WARNING, (HeavyTruck, 3), (70, 5, OFTEN_S), Deed::Tired(210)),
    act(RuleId::FATIGUE, (HazmatTruck, 2), (100, 5, OFTEN_S), Deed::Tired(240)),
    act(RuleId::OFF_ROUTE, (SchoolBus, 3), (30, 200, OFTEN_S), Deed::Beside(400.0)),
    act(RuleId::DEVICE_TAMPER, (HeavyTruck, 2), (50, 60, OFTEN_S), Deed::Alarm(1 << 8)),
    act(RuleId::SOS, (CharterCoach, 1), (150, 20, SELDOM_S), Deed::Alarm(1)),
    act(RuleId::COLLISION, (HeavyTruck, 1), (260, 120, SELDOM_S), Deed::Crash(1 << 29)),
    act(RuleId::CLONE_PLATE, (HeavyTruck, 1), (140, 90, SELDOM_S), Deed::Twin),
    act(RuleId::CLONE_PLATE, (HeavyTruck, 1), (420, 660, SELDOM_S), Deed::Borrow),
    act(RuleId::GNSS_FAULT, (ScheduledCoach, 2), (40, 200, OFTEN_S), Deed::Alarm(1 << 4)),
    act(RuleId::OFFLINE_MOVE, (HeavyTruck, 2), (215, 215, OFTEN_S), Deed::Offline),
    act(RuleId::NIGHT_BAN, (CharterCoach, 2), (240, 150, OFTEN_S), Deed::Night),
    act(RuleId::DSM_SMOKING, (HazmatTruck, 2), (95, 5, OFTEN_S), Deed::Safety(0x65, 3, false)),
    act(RuleId::DSM_DISTRACTION, (ScheduledCoach, 2), (110, 5, OFTEN_S), Deed::Safety(0x65, 4, false)),
    act(RuleId::DSM_ABSENT, (ScheduledCoach, 2), (128, 5, OFTEN_S), Deed::Safety(0x65, 5, false)),
    act(RuleId::DSM_OTHER, (CharterCoach, 2), (175, 5, OFTEN_S), Deed::Safety(0x65, 0x0a, true)),
    act(RuleId::ADAS_FORWARD_COLLISION, (ScheduledCoach, 2), (40, 5, OFTEN_S), Deed::Safety(0x64, 1, false)),
    act(RuleId::ADAS_LANE_DEPARTURE, (CharterCoach, 2), (80, 5, OFTEN_S), Deed::Safety(0x64, 2, false)),
    act(RuleId::ADAS_HEADWAY, (HazmatTruck, 2), (190, 5, OFTEN_S), Deed::Safety(0x64, 3, true)),
    act(RuleId::ADAS_PEDESTRIAN, (SchoolBus, 2), (207, 5, OFTEN_S), Deed::Safety(0x64, 4, false)),
    act(RuleId::ADAS_OTHER, (HeavyTruck, 2), (222, 5, OFTEN_S), Deed::Safety(0x64, 5, false)),
];

/// A vehicle that stands sets off so long before its act; coaches that stand by night stay below the minute after
/// which their drive would be noticed.
const LEAD_S: i64 = 15;

impl Deed {
    /// Whether it takes a vehicle that moves, also in hours in which it would stand.
    pub(crate) const fn moves(self) -> bool {
        match self {
            Self::Beside(_)
            | Self::Night
            | Self::Offline
            | Self::Safety(..)
            | Self::Shuttle(_)
            | Self::Speed(_)
            | Self::Tired(_) => true,
            Self::Alarm(_)
            | Self::Borrow
            | Self::Card(_)
            | Self::Crash(_)
            | Self::Elsewhere(_)
            | Self::Halt(..)
            | Self::Twin => false,
        }
    }
}

impl Act {
    /// The act as the performer with this number, from 0, does it.
    #[must_use]
    pub(crate) fn of(self, performer: u8) -> Self {
        let share = self.again_s / i64::from(self.performers.max(1));
        Self { after_s: self.after_s + share * i64::from(performer), ..self }
    }

    /// Seconds into the act, where it is on.
    pub(crate) fn elapsed_s(&self, since_start_s: i64) -> Option<i64> {
        let into = (since_start_s - self.after_s).rem_euclid(self.again_s);
        (since_start_s >= self.after_s && into < self.lasts_s).then_some(into)
    }

    /// Whether the driver is at it, or about to.
    pub(crate) fn is_near(&self, since_start_s: i64) -> bool {
        self.elapsed_s(since_start_s).is_some() || self.elapsed_s(since_start_s + LEAD_S).is_some()
    }

    /// The item a report of a safety act carries.
    pub(crate) fn safety(&self, number: u32) -> Option<SafetyItem> {
        match self.deed {
            Deed::Safety(item, kind, guangdong) => Some(SafetyItem { item, kind, guangdong, number }),
            Deed::Alarm(_)
            | Deed::Beside(_)
            | Deed::Borrow
            | Deed::Card(_)
            | Deed::Crash(_)
            | Deed::Elsewhere(_)
            | Deed::Halt(..)
            | Deed::Night
            | Deed::Offline
            | Deed::Shuttle(_)
            | Deed::Speed(_)
            | Deed::Tired(_)
            | Deed::Twin => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_terminals_can_break_has_an_act() {
        for rule in fleet::RULES {
            // This one needs readings of structures, which no terminal sends.
            let not_by_terminals = *rule == "closed-structure";
            let acts = ACTS.iter().filter(|act| act.rule.as_str() == *rule).count();
            assert_eq!(acts == 0, not_by_terminals, "{rule}");
        }
    }

    #[test]
    fn performers_take_turns() {
        let act = act(RuleId::SOS, (CharterCoach, 2), (10, 20, 100), Deed::Twin);
        let (first, second) = (act.of(0), act.of(1));
        let on = |act: Act| (0..220).filter(|s| act.elapsed_s(*s) == Some(0)).collect::<Vec<_>>();
        assert_eq!((on(first), on(second)), (vec![10, 110, 210], vec![60, 160]));
        assert!(!second.is_near(44) && second.is_near(45) && second.is_near(79) && !second.is_near(80));
    }
}
