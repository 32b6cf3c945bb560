//! What a terminal told us, in words of the domain. `session` makes these out of JT/T 808 messages; the rules see nothing else.

use serde::{Deserialize, Serialize};

use crate::{EventTime, Heading, LonLat, PlateColor, ReceiveTime, Speed, TerminalId};

/// One piece of news from one terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Who sent it.
    pub terminal: TerminalId,
    /// When the gateway received the frame.
    pub received: ReceiveTime,
    /// What it says.
    pub news: News,
}

/// The kinds of news the rules can use.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A driver's card went in or out (0x0702).
    Card(Card),
    /// The terminal says which vehicle it sits in (0x0100).
    Registration(Registration),
    /// A position with its alarms (0x0200, 0x0201, each item of 0x0704).
    Report(Box<Report>),
}

/// One location report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Where, when, how fast.
    pub fix: Fix,
    /// Alarm bits, see [`Alarms`].
    pub alarms: Alarms,
    /// Status bits, see [`Status`].
    pub status: Status,
    /// Odometer in tenths of a km (item 0x01).
    pub odometer_tenth_km: Option<u32>,
    /// Speed by the recorder's sensor (item 0x03).
    pub recorder_speed: Option<Speed>,
    /// Active-safety events (items 0x64 to 0x67, 0x70, and the 0x14 / 0x18 bits of JT/T 1078).
    pub safety: Vec<SafetyEvent>,
    /// Whether the terminal itself calls it a back-fill out of a blind area (0x0704 type 1).
    pub backfill: bool,
}

/// A position at a moment, as sent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fix {
    /// The terminal's time.
    pub at: EventTime,
    /// WGS-84; `(0, 0)` or the last good place when [`Status::POSITIONED`] is not set.
    pub position: LonLat,
    /// Metres above sea level.
    pub altitude_m: i16,
    /// Speed by GNSS.
    pub speed: Speed,
    /// Direction of travel, where the source has one.
    pub heading: Option<Heading>,
}

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$bdoc:meta])* $bit:ident = $n:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
        pub struct $name(pub u32);

        impl $name {
            $($(#[$bdoc])* pub const $bit: Self = Self(1 << $n);)+

            /// Whether any bit of `other` is set here.
            pub const fn has(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Both together.
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// These without those of `other`.
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }
    };
}

bits! {
    /// Alarm bits with the meaning of JT/T 808-2019 table 24; `session` maps older editions onto it.
    Alarms {
        /// 0: the driver's emergency button.
        EMERGENCY = 0;
        /// 1: terminal says: over speed.
        OVERSPEED = 1;
        /// 2: terminal says: fatigue driving.
        FATIGUE = 2;
        /// 3: dangerous driving behaviour (2013: danger warning).
        DANGEROUS_DRIVING = 3;
        /// 4: GNSS module fault.
        GNSS_FAULT = 4;
        /// 5: GNSS antenna open or cut.
        ANTENNA_CUT = 5;
        /// 6: GNSS antenna short.
        ANTENNA_SHORT = 6;
        /// 7: main power low.
        POWER_LOW = 7;
        /// 8: main power lost.
        POWER_LOST = 8;
        /// 9: display fault.
        DISPLAY_FAULT = 9;
        /// 10: speech module fault.
        TTS_FAULT = 10;
        /// 11: camera fault.
        CAMERA_FAULT = 11;
        /// 12: IC card reader fault.
        CARD_READER_FAULT = 12;
        /// 18: driving time of the day exceeded.
        DAY_DRIVING_EXCEEDED = 18;
        /// 19: parked too long.
        PARKED_TOO_LONG = 19;
        /// 23: left the route.
        OFF_ROUTE = 23;
        /// 24: speed sensor fault.
        SPEED_SENSOR_FAULT = 24;
        /// 26: vehicle stolen.
        STOLEN = 26;
        /// 27: illegal ignition.
        ILLEGAL_IGNITION = 27;
        /// 28: illegal displacement.
        ILLEGAL_DISPLACEMENT = 28;
        /// 29: collision (2019: collision or rollover).
        COLLISION = 29;
        /// 30: rollover warning.
        ROLLOVER = 30;
    }
}

bits! {
    /// Status bits of JT/T 808-2019 table 25.
    Status {
        /// 0: ignition on.
        ACC_ON = 0;
        /// 1: the position is a fix, not a repetition.
        POSITIONED = 1;
        /// 4: out of service.
        OUT_OF_SERVICE = 4;
        /// 5: coordinates were shifted by an encrypting plug-in.
        ENCRYPTED = 5;
        /// 8: low bit of the load (00 empty, 01 half, 11 full).
        LOAD_LOW = 8;
        /// 9: high bit of the load.
        LOAD_HIGH = 9;
        /// 13: front door open.
        DOOR_FRONT_OPEN = 13;
        /// 14: middle door open.
        DOOR_MIDDLE_OPEN = 14;
        /// 15: rear door open.
        DOOR_REAR_OPEN = 15;
        /// 16: driver's door open.
        DOOR_DRIVER_OPEN = 16;
        /// 17: another door open.
        DOOR_OTHER_OPEN = 17;
        /// 22: moving (2019 only).
        MOVING = 22;
    }
}

impl Status {
    /// Every door that passengers use.
    pub const DOORS_OPEN: Self = Self::DOOR_FRONT_OPEN
        .with(Self::DOOR_MIDDLE_OPEN)
        .with(Self::DOOR_REAR_OPEN)
        .with(Self::DOOR_OTHER_OPEN);
}

/// What an active-safety device saw, after the dialect has been resolved: one code, one meaning.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum SafetyCode {
    /// ADAS 01: forward collision warning.
    ForwardCollision,
    /// ADAS 02: lane departure.
    LaneDeparture,
    /// ADAS 03: headway too short.
    Headway,
    /// ADAS 04: pedestrian collision warning.
    Pedestrian,
    /// ADAS, any other type that is an alarm: its number.
    AdasOther(u8),
    /// DSM 01: fatigue, with its degree 1 to 10.
    Fatigue {
        /// 1 (least) to 10; 0 where not given.
        degree: u8,
    },
    /// DSM 02, and 粤 0D: hand-held phone.
    Phone,
    /// DSM 03: smoking.
    Smoking,
    /// DSM 04: distraction, eyes off the road.
    Distraction,
    /// DSM: no driver in the seat (driver abnormal in 苏标 2017, 05).
    Absent,
    /// DSM: lens covered.
    CameraCovered,
    /// DSM, any other type that is an alarm: its number.
    DsmOther(u8),
    /// Tyre pressure or temperature (0x66).
    Tyre,
    /// Blind spot (0x67): 1 rear, 2 left rear, 3 right rear.
    BlindSpot(u8),
    /// Harsh driving (0x70): the type.
    Harsh(u8),
    /// JT/T 1078 item 0x14 bit 4: more passengers than allowed.
    PassengerOverload,
}

/// One active-safety event inside a report.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct SafetyEvent {
    /// What was seen.
    pub code: SafetyCode,
    /// The device's running number of the alarm.
    pub alarm_id: u32,
    /// Begins, ends, or a moment.
    pub phase: SafetyPhase,
    /// 1 or 2, 0 where the item has none.
    pub level: u8,
    /// When the device saw it.
    pub at: EventTime,
    /// Where the device saw it.
    pub position: LonLat,
    /// The vehicle's speed in km/h as the item says.
    pub speed_kmh: u8,
    /// Photos and videos the terminal holds for it.
    pub attachments: u8,
    /// Whose table the numbers came from.
    pub dialect: Dialect,
}

/// The flag byte of an active-safety item.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SafetyPhase {
    /// 1: the condition begins.
    Start,
    /// 2: the condition ends.
    End,
    /// 0: no beginning or end applies.
    Moment,
}

/// Whose numbering an active-safety item uses, told by the length of its alarm sign.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Dialect {
    /// T/JSATL 12-2017 (16 bytes).
    Jiangsu,
    /// T/GDRTA 002-2020 (40 bytes).
    Guangdong,
    /// 38 or 39 bytes.
    Other,
}

/// 0x0702: a driver's card goes in or out.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Card {
    /// The terminal's time of it.
    pub at: EventTime,
    /// The certificate number read; `None` when the card came out or couldn't be read.
    pub certificate: Option<String>,
    /// The name on the card.
    pub name: Option<String>,
    /// `true` in, `false` out.
    pub inserted: bool,
}

/// 0x0100: what a terminal says of its vehicle.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Registration {
    /// The plate, or the VIN of an unregistered vehicle.
    pub plate: String,
    /// Its colour.
    pub color: PlateColor,
}

/// Something that happened which no terminal sends: it goes through the journal like a frame, so that a replay sees it too.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "notice", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Notice {
    /// A reading of a monitor on a bridge or in a tunnel.
    Displacement {
        /// The zone's id.
        structure: String,
        /// When it was measured.
        at: EventTime,
        /// How far it moved, millimetres.
        displacement_mm: f64,
        /// The monitor's own judgement: 0 none, 1 information, 2 over the limit, 3 over the limit and growing.
        level: Option<u8>,
    },
    /// A person opens a structure again.
    Reopen {
        /// The zone's id.
        structure: String,
        /// When.
        at: EventTime,
        /// Who.
        by: String,
    },
    /// A camera saw a plate.
    Sighting {
        /// The plate.
        plate: String,
        /// Its colour.
        color: PlateColor,
        /// When.
        at: EventTime,
        /// Where.
        position: LonLat,
        /// Which camera.
        camera: String,
    },
    /// Time has passed up to the reception of this, and something waited for it.
    Time,
}
