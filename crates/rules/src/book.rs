//! The rule book as it can be configured: one table a rule id, each with the regulation's own figures as defaults.
//!
//! Figures no norm gives are engineering values and say so (“design”). An article that lies behind a figure stands
//! in `law.rs`, once.

use std::time::Duration;

use fleet::{Caution, DailyHours, RuleId};
use serde::{Deserialize, Serialize};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $kind,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

macro_rules! book {
    ($($(#[$fdoc:meta])* $field:ident: $kind:ident = $rule:ident, $text:literal;)*) => {
        /// Everything that can be set about the rules, `[rules]` of the configuration.
        #[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Book {
            /// What holds for all rules.
            pub common: Common,
            /// How the quality of data is counted.
            pub quality: Quality,
            $($(#[$fdoc])* #[serde(rename = $text)] pub $field: $kind,)*
        }

        impl Book {
            /// How long a rule's condition must hold, and how long it must be gone, before anything is said.
            pub fn timing(&self, rule: RuleId) -> Timing {
                match rule {
                    $(RuleId::$rule => Timing {
                        enabled: self.$field.enabled,
                        hold: self.$field.hold,
                        clear_hold: self.$field.clear_hold,
                    },)*
                    _ => Timing { enabled: false, hold: Duration::ZERO, clear_hold: Duration::ZERO },
                }
            }
        }
    };
}

/// When an episode is raised and cleared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// Whether the rule runs at all.
    pub enabled: bool,
    /// The condition must have held this long before the alert is raised.
    pub hold: Duration,
    /// The condition must have been unseen this long before the alert is cleared; briefer dips do not split it.
    pub clear_hold: Duration,
}

book! {
    /// `speeding`
    speeding: Speeding = SPEEDING, "speeding";
    /// `fatigue-warning`
    fatigue_warning: FatigueWarning = FATIGUE_WARNING, "fatigue-warning";
    /// `fatigue`
    fatigue: Fatigue = FATIGUE, "fatigue";
    /// `night-ban`
    night_ban: NightBan = NIGHT_BAN, "night-ban";
    /// `off-route`
    off_route: OffRoute = OFF_ROUTE, "off-route";
    /// `hazmat-zone`
    hazmat_zone: HazmatZone = HAZMAT_ZONE, "hazmat-zone";
    /// `hazmat-zone-approach`
    hazmat_zone_approach: HazmatZoneApproach = HAZMAT_ZONE_APPROACH, "hazmat-zone-approach";
    /// `no-parking`
    no_parking: NoParking = NO_PARKING, "no-parking";
    /// `charter-origin`
    charter_origin: CharterOrigin = CHARTER_ORIGIN, "charter-origin";
    /// `unqualified-driver`
    unqualified_driver: UnqualifiedDriver = UNQUALIFIED_DRIVER, "unqualified-driver";
    /// `clone-plate`
    clone_plate: ClonePlate = CLONE_PLATE, "clone-plate";
    /// `offline-move`
    offline_move: OfflineMove = OFFLINE_MOVE, "offline-move";
    /// `gnss-fault`
    gnss_fault: GnssFault = GNSS_FAULT, "gnss-fault";
    /// `device-tamper`
    device_tamper: DeviceTamper = DEVICE_TAMPER, "device-tamper";
    /// `sos`
    sos: Sos = SOS, "sos";
    /// `collision`
    collision: Collision = COLLISION, "collision";
    /// `closed-structure`
    closed_structure: ClosedStructure = CLOSED_STRUCTURE, "closed-structure";
    /// `dsm-fatigue`
    dsm_fatigue: Safety = DSM_FATIGUE, "dsm-fatigue";
    /// `dsm-phone`
    dsm_phone: Safety = DSM_PHONE, "dsm-phone";
    /// `dsm-smoking`
    dsm_smoking: Safety = DSM_SMOKING, "dsm-smoking";
    /// `dsm-distraction`
    dsm_distraction: Safety = DSM_DISTRACTION, "dsm-distraction";
    /// `dsm-absent`
    dsm_absent: Safety = DSM_ABSENT, "dsm-absent";
    /// `dsm-other`
    dsm_other: Safety = DSM_OTHER, "dsm-other";
    /// `adas-forward-collision`
    adas_forward_collision: Safety = ADAS_FORWARD_COLLISION, "adas-forward-collision";
    /// `adas-lane-departure`
    adas_lane_departure: Safety = ADAS_LANE_DEPARTURE, "adas-lane-departure";
    /// `adas-headway`
    adas_headway: Safety = ADAS_HEADWAY, "adas-headway";
    /// `adas-pedestrian`
    adas_pedestrian: Safety = ADAS_PEDESTRIAN, "adas-pedestrian";
    /// `adas-other`
    adas_other: Safety = ADAS_OTHER, "adas-other";
}

table! {
    /// What holds for all rules (all of it design).
    Common {
        /// A report older than this when it arrives is history: its alerts are `late`.
        #[serde(with = "fleet::duration_text")]
        live_window: Duration = 10 * MINUTE,
        /// A time further ahead of ours than this is a fault of the terminal's clock.
        #[serde(with = "fleet::duration_text")]
        future_tolerance: Duration = 5 * MINUTE,
        /// A time further back than this is a fault of the terminal's clock.
        #[serde(with = "fleet::duration_text")]
        history_window: Duration = 7 * DAY,
        /// Open alerts of a vehicle that says nothing this long are cleared, at its last word.
        #[serde(with = "fleet::duration_text")]
        silence: Duration = 30 * MINUTE,
        /// Between two fixes further apart than this nothing is known: no hold runs on, no zone was crossed.
        #[serde(with = "fleet::duration_text")]
        gap: Duration = 5 * MINUTE,
        /// An open alert whose figure grows is updated at most this often; a worse severity always is.
        #[serde(with = "fleet::duration_text")]
        update_every: Duration = MINUTE,
        /// Nobody gets from fix to fix faster than this; it is noise until it is seen again and again, km/h.
        jump_kmh: f64 = 200.0,
        /// Distance between two fixes that is never called a jump, metres.
        jump_slack_m: f64 = 100.0,
        /// Positions outside 73°33′–135°05′ E, 3°51′–53°33′ N are invalid data (assessment rules of the joint monitoring
        /// network); `false` for a fleet that drives elsewhere.
        china_only: bool = true,
        /// Reported speeds above this are invalid data (assessment rules of the joint monitoring network), km/h.
        speed_kmh_max: f64 = 160.0,
        /// From this speed on a vehicle moves, km/h.
        moving_kmh: f64 = 5.0,
        /// What a rule says of a road must be true of this share of the places the vehicle may be at (design).
        road_sure: f64 = 0.8,
        /// A fix further beside a road than this is not known to be on it, metres (design: what a receiver may err by
        /// and half the width of a carriageway).
        road_off_m: f64 = 25.0,
        /// When a dangerous-goods truck is taken to be loaded: "always", or by "waybill", only while one on file holds.
        /// An empty clean truck keeps to the limits of any truck. The load bits of a terminal prove nothing (design).
        hazmat_loaded: Loaded = Loaded::Always,
    }
}

/// When a dangerous-goods truck is taken to be loaded.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loaded {
    /// At all times.
    Always,
    /// While a waybill on file holds.
    Waybill,
}

/// When a school bus is taken to have students aboard.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Students {
    /// At all times.
    Always,
    /// In the hours of `student_hours`.
    Hours,
}

table! {
    /// How the quality of data is counted, for the assessment of the joint monitoring network. The other figures of it are
    /// the assessment's own.
    Quality {
        /// Between two fixes further apart than this the track is broken (no figure was found in the assessment rules).
        #[serde(with = "fleet::duration_text")]
        track_gap: Duration = 5 * MINUTE,
        /// Implausible jumps on one day from which on a vehicle drifted (design: one is a reflection).
        drift_jumps: u16 = 3,
    }
}

table! {
    /// Speed against the lowest limit that holds here and now: posted on the road, of a zone, of the road's class, of the
    /// vehicle's class. Where the map knows no limit of the road only the caps of the class hold, and the alert says so.
    /// A vehicle that may be on several roads is held to the highest of their limits.
    Speeding {
        /// Whether it runs.
        enabled: bool = true,
        /// Assessment rules of the joint monitoring network: continuous for 30 s.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = 30 * SECOND,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 10 * SECOND,
        /// Cap of coaches, km/h.
        coach_kmh: f64 = 100.0,
        /// Cap of loaded dangerous-goods trucks on expressways, and where the road is unknown, km/h.
        hazmat_truck_kmh: f64 = 80.0,
        /// Cap of loaded dangerous-goods trucks on other roads, km/h.
        hazmat_truck_road_kmh: f64 = 60.0,
        /// Cap of school buses with students on expressways, and where the road is unknown, km/h.
        school_bus_kmh: f64 = 80.0,
        /// Cap of school buses with students on other roads, km/h.
        school_bus_road_kmh: f64 = 60.0,
        /// Cap of school buses without students, km/h.
        school_bus_empty_kmh: f64 = 100.0,
        /// Cap of heavy trucks, and of dangerous-goods trucks that are empty and clean, km/h.
        heavy_truck_kmh: f64 = 100.0,
        /// Hours in which coaches keep to `night_factor` of the day's limit.
        night: DailyHours = DailyHours::new(22 * 3600, 6 * 3600),
        /// Part of the day's limit that coaches keep to by night.
        night_factor: f64 = 0.8,
        /// Speed above the limit that is let pass, km/h.
        tolerance_kmh: f64 = 0.0,
        /// Expressways and urban expressways, every vehicle but small passenger cars, km/h.
        expressway_kmh: f64 = 100.0,
        /// Whether roads with no limit on the map, whose lanes and centre line are known, have the limits that the
        /// implementing regulation, article 45, gives to roads without signs. Off where the map lacks signs that stand.
        unsigned: bool = true,
        /// Streets without a centre line, km/h.
        street_kmh: f64 = 30.0,
        /// Highways without a centre line, km/h.
        highway_kmh: f64 = 40.0,
        /// Streets with one lane in each direction, km/h.
        street_lane_kmh: f64 = 50.0,
        /// Highways with one lane in each direction, km/h.
        highway_lane_kmh: f64 = 70.0,
        /// What calls for `caution_kmh` (implementing regulation, article 46). Without steep: that is for descents only,
        /// and a road on the map leads both ways. A road has its cautions over its whole length.
        cautions: Vec<Caution> =
            vec![Caution::SharpBend, Caution::Narrow, Caution::NarrowBridge, Caution::Crossing],
        /// There, every vehicle, km/h.
        caution_kmh: f64 = 30.0,
        /// What calls for `school_bus_caution_kmh` (school bus regulation, article 35, third paragraph).
        school_bus_cautions: Vec<Caution> =
            vec![Caution::SharpBend, Caution::Steep, Caution::Narrow, Caution::NarrowBridge],
        /// There, school buses with students, km/h.
        school_bus_caution_kmh: f64 = 20.0,
        /// When a school bus is taken to have students aboard: "always", or in the "hours" of `student_hours`. Doors and
        /// load bits prove nothing (design).
        students: Students = Students::Always,
        /// Hours of the ways to and from school (design).
        student_hours: Vec<DailyHours> = vec![
            DailyHours::new(6 * 3600, 9 * 3600),
            DailyHours::new(11 * 3600, 15 * 3600),
            DailyHours::new(16 * 3600, 20 * 3600),
        ],
        /// Whether posted limits for wet roads hold: set by whoever knows the weather, as a rule for one division.
        wet: bool = false,
        /// Nobody gains speed faster than this, m/s² (design)…
        acceleration_mps2: f64 = 3.0,
        /// …and a speed that says so for less than this is a spike: the speed before it counts (design).
        #[serde(with = "fleet::duration_text")]
        spike: Duration = 3 * SECOND,
        /// Where two fixes above the limit are at least this far apart, the way between them must bear them out: seldom
        /// reported, a vehicle may have stood in between, or its speed is made up (design)…
        #[serde(with = "fleet::duration_text")]
        way_after: Duration = 30 * SECOND,
        /// …with this part of the way that the limit gives in the time, along the roads of the map or else in a straight
        /// line. Less lets more bends pass where the map has no roads (design).
        way_share: f64 = 0.8,
    }
}

table! {
    /// Said before the driving-time limit is reached.
    FatigueWarning {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = Duration::ZERO,
        /// How long before (terminal parameter 0x005C).
        #[serde(with = "fleet::duration_text")]
        before: Duration = 30 * MINUTE,
    }
}

table! {
    /// Continuous driving without a rest, of the vehicle and of its driver over several vehicles; what a driver of coaches
    /// drives in a day and a week; two drivers on a long way. The driver is known by the card in the reader.
    Fatigue {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design: the rest itself is the hold.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = Duration::ZERO,
        /// All drivers: implementing regulation, article 62(7).
        #[serde(with = "fleet::duration_text")]
        limit: Duration = 4 * HOUR,
        /// Coaches, on the part of the driving inside `night`.
        #[serde(with = "fleet::duration_text")]
        night_limit: Duration = 2 * HOUR,
        /// Dangerous goods keep to `night_limit` too. Off: no national rule says so.
        night_hazmat: bool = false,
        /// When `night_limit` holds.
        night: DailyHours = DailyHours::new(22 * 3600, 6 * 3600),
        /// A driver of coaches, in any 24 hours and in all vehicles (safety rules of passenger operators).
        #[serde(with = "fleet::duration_text")]
        day_limit: Duration = 8 * HOUR,
        /// A driver of coaches, in any 7 days and in all vehicles (safety rules of passenger operators).
        #[serde(with = "fleet::duration_text")]
        week_limit: Duration = 44 * HOUR,
        /// Drivers of dangerous goods keep to both too. Off: no national rule that was found says so.
        totals_hazmat: bool = false,
        /// A coach on one way that is longer needs two drivers (safety rules of passenger operators), metres.
        alone_m: f64 = 400_000.0,
        /// The same for a way on expressways, metres.
        alone_expressway_m: f64 = 600_000.0,
        /// A stop this long ends a way (design).
        #[serde(with = "fleet::duration_text")]
        trip_rest: Duration = 2 * HOUR,
        /// One uninterrupted stop this long is a rest.
        #[serde(with = "fleet::duration_text")]
        rest: Duration = 20 * MINUTE,
        /// A stop begins after this long without movement (design).
        #[serde(with = "fleet::duration_text")]
        stop_after: Duration = 30 * SECOND,
        /// Movement inside a stop that does not break it, in time (design).
        #[serde(with = "fleet::duration_text")]
        creep: Duration = MINUTE,
        /// Movement inside a stop that does not break it, metres (design).
        creep_m: f64 = 100.0,
        /// A stop this long lets a change of card begin a new driver's account (design).
        #[serde(with = "fleet::duration_text")]
        driver_change_stop: Duration = MINUTE,
        /// A gap longer than this is never counted as driving, whatever the distance (design).
        #[serde(with = "fleet::duration_text")]
        gap_driving_max: Duration = HOUR,
    }
}

table! {
    /// Moving in hours in which the class stands, or keeps off the road it is on.
    NightBan {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = MINUTE,
        /// Design: halts at junctions do not split it.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 5 * MINUTE,
        /// The hours in which coaches stand; one with a relay permit that holds is free.
        coach_hours: DailyHours = DailyHours::new(2 * 3600, 5 * 3600),
        /// A relay permit alone frees nobody: another driver must have taken over at a relay point of the map. Off until
        /// the map has them.
        relay: bool = false,
        /// When relays are carried out.
        relay_hours: DailyHours = DailyHours::new(22 * 3600, 2 * 3600),
        /// Ids of routes that are free of it (relay, airport and short shuttle services); for dangerous goods, those
        /// filed for livelihood goods.
        exempt_routes: Vec<String> = Vec::new(),
        /// Coaches keep off mountain roads of class 3 and below by night. What is not sure to be one is none.
        mountain: bool = true,
        /// The hours for mountain roads.
        mountain_hours: DailyHours = DailyHours::new(22 * 3600, 6 * 3600),
        /// Loaded dangerous-goods trucks keep off expressways. What is not sure to be one is none.
        hazmat: bool = true,
        /// The hours for dangerous goods: set those your authority has published; they lie within these.
        hazmat_hours: DailyHours = DailyHours::new(0, 6 * 3600),
    }
}

table! {
    /// Outside the corridor or the hours of the vehicle's route, a halt away from its stops, a trip without its ends.
    /// What a corridor allows is `corridor_m` of the route: for coaches 200 m, 500 m where map or reception is poor.
    OffRoute {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = 2 * MINUTE,
        /// School buses, outside the corridor or on the road outside the hours of their plate (design).
        #[serde(with = "fleet::duration_text")]
        school_bus_hold: Duration = MINUTE,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 30 * SECOND,
        /// Within this of a stop of the route a halt is one at the stop (design), metres.
        stop_m: f64 = 150.0,
        /// A scheduled coach that stands with a door open elsewhere has halted there (design).
        #[serde(with = "fleet::duration_text")]
        door_stop: Duration = MINUTE,
        /// Without a door seen open and the engine running it is suspected from here on (design); queues are not known.
        #[serde(with = "fleet::duration_text")]
        stand_stop: Duration = 3 * MINUTE,
        /// The same for school buses. 20 s hold with the stop sign out (design), which no terminal reports.
        #[serde(with = "fleet::duration_text")]
        school_bus_stand_stop: Duration = 3 * MINUTE,
        /// Within this of the first or last stop a scheduled coach was at that end (design), metres.
        end_m: f64 = 500.0,
    }
}

table! {
    /// Dangerous goods inside a restricted zone.
    HazmatZone {
        /// Whether it runs.
        enabled: bool = true,
        /// Design: entering is the offence.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design: positions waver at the border.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 10 * SECOND,
        /// A zone that names its roads is entered at once where the vehicle is sure to be on one of them (`road_sure`);
        /// where that is only likelier than not, it must stay so this long (design).
        #[serde(with = "fleet::duration_text")]
        unsure_hold: Duration = 30 * SECOND,
        /// A passage that is inferred from a fix lost at a tunnel's portal is said when it is at least this sure, 0 to 1
        /// (design).
        confidence_min: f64 = 0.5,
        /// A permit is for one passage; coming back within this time is still the same one (design).
        #[serde(with = "fleet::duration_text")]
        passage_gap: Duration = 2 * MINUTE,
    }
}

table! {
    /// Dangerous goods on the way to a restricted zone that has an `approach_m`.
    HazmatZoneApproach {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 30 * SECOND,
        /// Heading and the way to the zone differ at most this much, degrees (design).
        heading_deg_max: f64 = 60.0,
        /// Besides within the zone's `approach_m`, at most this long before it at the present speed (design: 3 km or
        /// 5 min), as far as the map looks ahead.
        #[serde(with = "fleet::duration_text")]
        time: Duration = 5 * MINUTE,
    }
}

table! {
    /// Standing in a no-parking zone, on an expressway, on a bridge or in a tunnel (whether a jam or a breakdown is
    /// behind it cannot be known here: a person decides); dangerous goods standing long outside the listed parks.
    NoParking {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = MINUTE,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 10 * SECOND,
        /// Expressways and urban expressways too, but not service areas.
        expressways: bool = true,
        /// Bridges and tunnels too.
        structures: bool = true,
        /// Dangerous goods may stand this long outside every `hazmat-park` and `service-area` (design). Silent while
        /// the map lists no park.
        #[serde(with = "fleet::duration_text")]
        hazmat_stop: Duration = 2 * HOUR,
        /// The same for `toxic_classes` (design): the local police must know of a long stop at once.
        #[serde(with = "fleet::duration_text")]
        toxic_stop: Duration = HOUR,
        /// Toxic goods and explosives, by class of GB 6944.
        toxic_classes: Vec<String> = vec!["1".to_owned(), "6.1".to_owned()],
    }
}

table! {
    /// A charter trip with both ends outside the coach's home, one without a permit, a coach away for too long. Trips are
    /// found from long stops; where no division is known nothing is decided.
    CharterOrigin {
        /// Whether it runs.
        enabled: bool = true,
        /// Design: the long stop itself is the hold.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = Duration::ZERO,
        /// A stay this long ends a trip, of scheduled coaches too (design); halts on the way, 20 min of rest or a meal,
        /// do not.
        #[serde(with = "fleet::duration_text")]
        long_stop: Duration = HOUR,
        /// Movement within this of where it arrived is part of the stay (design), metres.
        stay_m: f64 = 300.0,
        /// A trip goes at least this far from its origin (design): to the fuel station and back is none, metres.
        trip_m: f64 = 5_000.0,
        /// Home is where these first digits of the division are the vehicle's own: 2 province, 4 prefecture (the
        /// regulation), 6 county.
        home_digits: u8 = 4,
        /// One charter trip lasts at most this long, and so a coach is away from home (the regulation). A leg of a
        /// trip that began at home is only suspected.
        #[serde(with = "fleet::duration_text")]
        away_max: Duration = 15 * DAY,
        /// Away this long without a valid permit; matters only where charter permits of the operator are on file (design).
        #[serde(with = "fleet::duration_text")]
        permit_hold: Duration = 10 * MINUTE,
    }
}

table! {
    /// Whoever is at the wheel without the right certificate: unknown, expired, of another class or operator, no driver
    /// at all; nobody logged on; one card in two vehicles. Certificates are not judged while no drivers are on file.
    UnqualifiedDriver {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = Duration::ZERO,
        /// A driver of another operator is one of the vehicle's no more (design).
        other_operator: bool = true,
        /// Driven this long with no card in, or with that of somebody who is no driver (design). It holds for vehicles of
        /// whose reader a card was heard of before.
        #[serde(with = "fleet::duration_text")]
        nobody_after: Duration = 5 * MINUTE,
        /// Vehicles without a card so far have a reader too: set it for a class or an operator.
        expects_card: bool = false,
        /// Loaded dangerous-goods trucks need an escort's card. Off: a reader holds one card, the driver's, so that
        /// this asks of escorts that they put theirs in before the trip.
        escort: bool = false,
        /// An escort who logged on this long ago is still on board (design).
        #[serde(with = "fleet::duration_text")]
        escort_within: Duration = 12 * HOUR,
        /// A vehicle that is driven this long after its driver's card went into another one has somebody else at the
        /// wheel, or the card has a twin (design).
        #[serde(with = "fleet::duration_text")]
        twice_after: Duration = MINUTE,
    }
}

table! {
    /// One plate, two vehicles.
    ClonePlate {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 10 * MINUTE,
        /// Nobody gets from one place to the other faster than this (design), km/h.
        impossible_kmh: f64 = 150.0,
        /// The other place must be seen this often, between returns to the first (design).
        sightings: u8 = 3,
        /// A camera and a fix may be this far off together (design), metres.
        sighting_slack_m: f64 = 1_000.0,
        /// The vehicle on file counts as live if it was heard within this time (design).
        #[serde(with = "fleet::duration_text")]
        live_within: Duration = 10 * MINUTE,
    }
}

table! {
    /// Moved while it was silent (figures of a platform in service).
    OfflineMove {
        /// Whether it runs.
        enabled: bool = true,
        /// Design: time for the terminal to fill the hole from its memory.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = 10 * MINUTE,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = Duration::ZERO,
        /// The shortest hole.
        #[serde(with = "fleet::duration_text")]
        gap: Duration = 30 * MINUTE,
        /// The shortest way, metres.
        distance_m: f64 = 20_000.0,
        /// From just before a driving-time limit on, a shorter hole is enough: one that could hide whether there was a
        /// rest (design).
        #[serde(with = "fleet::duration_text")]
        limit_gap: Duration = 20 * MINUTE,
        /// A longer one from there on is a rest somewhere else, not a drive that is hidden (design).
        #[serde(with = "fleet::duration_text")]
        limit_gap_max: Duration = 2 * HOUR,
        /// And a shorter way (design), metres.
        limit_distance_m: f64 = 2_000.0,
        /// Faster than this is drift, km/h (1.7 km a minute).
        plausible_kmh: f64 = 102.0,
        /// The shortest hole whose straight way is looked at for zones the vehicle may not enter, whatever its length
        /// (design: the time over which nothing else is known of its way).
        #[serde(with = "fleet::duration_text")]
        zone_gap: Duration = 5 * MINUTE,
        /// In a tunnel nobody hears a terminal: a hole no longer than the tunnels on its way take at this speed is
        /// explained, km/h (design).
        tunnel_kmh: f64 = 30.0,
    }
}

table! {
    /// Positions that can't be right, for a while.
    GnssFault {
        /// Whether it runs.
        enabled: bool = true,
        /// Design: longer than the longest tunnel takes.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = 15 * MINUTE,
        /// The terminal itself reports the fault (alarm bits 4 to 6) this long (design).
        #[serde(with = "fleet::duration_text")]
        reported_hold: Duration = 2 * MINUTE,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = MINUTE,
    }
}

table! {
    /// What a terminal says against what its own data show: power or antenna cut while driving, a clock that was set, a
    /// position frozen while the odometer runs, speeds that are too low, stops that move, tracks of another day.
    DeviceTamper {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = 10 * SECOND,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = MINUTE,
        /// A cut, a silence or a change of cards this short before a driving-time limit is said to be so (design).
        #[serde(with = "fleet::duration_text")]
        before_limit: Duration = 15 * MINUTE,
        /// So often must one pair of cards change just before the limit, with no rest, to be spoken of; 0: never (design). A
        /// crew of two that keeps to the law looks the same but for the faces: it is information, no more.
        alternations: u8 = 3,
        /// A clock set back by less is an adjustment (design).
        #[serde(with = "fleet::duration_text")]
        clock_back: Duration = 5 * MINUTE,
        /// The odometer may run this far on one frozen position (design), metres.
        frozen_m: f64 = 1_000.0,
        /// A clock that gains at once by less than this is an adjustment (design).
        #[serde(with = "fleet::duration_text")]
        clock_ahead: Duration = 5 * MINUTE,
        /// Speed by displacement, which is never more than the true one, above the reported one, km/h (design).
        speed_kmh: f64 = 15.0,
        /// So long without a break (design).
        #[serde(with = "fleet::duration_text")]
        speed_hold: Duration = 3 * MINUTE,
        /// Reports further apart than this may hide a halt at each end; nothing is measured between them (design).
        #[serde(with = "fleet::duration_text")]
        speed_step: Duration = 30 * SECOND,
        /// The recorder's speed (item 0x03) and that by GNSS differ by more than this part of the larger (design).
        recorder_share: f64 = 0.2,
        /// Below this speed they are not compared, km/h (design).
        recorder_kmh: f64 = 30.0,
        /// So long without a break (design).
        #[serde(with = "fleet::duration_text")]
        recorder_hold: Duration = 5 * MINUTE,
        /// A reported speed that never passes a ceiling is judged after this much driving. A governor at the legal cap
        /// is lawful: it takes displacement above the ceiling to call it false (design).
        #[serde(with = "fleet::duration_text")]
        ceiling_after: Duration = 8 * HOUR,
        /// Of it within 2 km/h below the ceiling (design).
        #[serde(with = "fleet::duration_text")]
        ceiling_at: Duration = HOUR,
        /// And so long with a displacement, over a minute at least, above it (design).
        #[serde(with = "fleet::duration_text")]
        ceiling_over: Duration = 10 * MINUTE,
        /// By more than this, km/h (design).
        ceiling_over_kmh: f64 = 5.0,
        /// Below this reported speed a vehicle claims to stand, km/h (design).
        jitter_kmh: f64 = 1.0,
        /// A claimed stop as long as a rest that moves on again and again is feigned (design).
        #[serde(with = "fleet::duration_text")]
        jitter_after: Duration = 20 * MINUTE,
        /// Reports further apart than this may hide a drive between two halts (design).
        #[serde(with = "fleet::duration_text")]
        jitter_step: Duration = MINUTE,
        /// So far by position or odometer, metres (design).
        jitter_m: f64 = 1_000.0,
        /// The terminal itself reports a fault of speech module, camera or card reader (alarm bits 10 to 12) this long while
        /// driving (design); a vehicle with a faulty device must not operate.
        #[serde(with = "fleet::duration_text")]
        fault_hold: Duration = 10 * MINUTE,
    }
}

table! {
    /// The driver's emergency button.
    Sos {
        /// Whether it runs.
        enabled: bool = true,
        /// At once.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design: pulses closer than this are one.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 5 * MINUTE,
    }
}

table! {
    /// Collision or rollover as the terminal reports it.
    Collision {
        /// Whether it runs.
        enabled: bool = true,
        /// At once.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design: pulses closer than this are one.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 5 * MINUTE,
    }
}

table! {
    /// Inside a structure that is closed to the vehicle's class, or for displacement: from level 2 on to dangerous
    /// goods, from level 3 on to all. A level of the monitor's own goes before these figures.
    ClosedStructure {
        /// Whether it runs.
        enabled: bool = true,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 10 * SECOND,
        /// Displacement of level 1, information: 0.8 of the limit (design), millimetres.
        level_1_mm: f64 = 16.0,
        /// Displacement of level 2, over the limit (design), millimetres.
        level_2_mm: f64 = 20.0,
        /// Displacement of level 3, far over the limit (design), millimetres.
        level_3_mm: f64 = 30.0,
        /// Nothing moves further than this and stands: it is a fault of the monitor (design), millimetres.
        displacement_mm_max: f64 = 2_000.0,
        /// Readings in a row that must show a level before it is believed: one spike closes nothing (design).
        readings: u8 = 2,
        /// An older reading says nothing of now, and readings further apart do not confirm each other (design).
        #[serde(with = "fleet::duration_text")]
        reading_age_max: Duration = HOUR,
    }
}

table! {
    /// What an active-safety device reports: one table for each `dsm-…` and `adas-…` rule.
    Safety {
        /// Whether it runs.
        enabled: bool = true,
        /// At once.
        #[serde(with = "fleet::duration_text")]
        hold: Duration = Duration::ZERO,
        /// Design: repetitions closer than this are one episode that counts them.
        #[serde(with = "fleet::duration_text")]
        clear_hold: Duration = 3 * MINUTE,
        /// A beginning whose end never comes ends after this (design).
        #[serde(with = "fleet::duration_text")]
        active_max: Duration = 5 * MINUTE,
    }
}

impl Book {
    /// The table of an active-safety rule.
    pub(crate) fn safety(&self, rule: RuleId) -> &Safety {
        match rule {
            RuleId::DSM_FATIGUE => &self.dsm_fatigue,
            RuleId::DSM_PHONE => &self.dsm_phone,
            RuleId::DSM_SMOKING => &self.dsm_smoking,
            RuleId::DSM_DISTRACTION => &self.dsm_distraction,
            RuleId::DSM_ABSENT => &self.dsm_absent,
            RuleId::DSM_OTHER => &self.dsm_other,
            RuleId::ADAS_FORWARD_COLLISION => &self.adas_forward_collision,
            RuleId::ADAS_LANE_DEPARTURE => &self.adas_lane_departure,
            RuleId::ADAS_HEADWAY => &self.adas_headway,
            RuleId::ADAS_PEDESTRIAN => &self.adas_pedestrian,
            _ => &self.adas_other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_table_and_an_unknown_key_is_refused() {
        let written = serde_json::to_value(Book::default()).unwrap();
        for rule in fleet::RULES {
            assert!(written[rule]["enabled"].is_boolean(), "{rule}");
            assert!(Book::default().timing(RuleId::parse(rule).unwrap()).enabled, "{rule}");
        }
        let back: Book = serde_json::from_value(written).unwrap();
        assert_eq!(back, Book::default());
        let wrong = serde_json::from_str::<Book>(r#"{"speeding": {"holds": "1s"}}"#).unwrap_err().to_string();
        assert!(wrong.contains("holds"), "{wrong}");
    }

    #[test]
    fn one_key_may_be_set_alone() {
        let book: Book = serde_json::from_str(r#"{"speeding": {"hold": "10s"}}"#).unwrap();
        assert_eq!(book.speeding.hold, 10 * SECOND);
        assert!((book.speeding.coach_kmh - 100.0).abs() < f64::EPSILON);
    }
}
