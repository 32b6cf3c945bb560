//! An alert: an episode that our rules raise, update and clear. An *alarm* is a bit that a terminal sends.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity::kebab_enum;
use crate::{Division, EventTime, Fix, PlateColor, TerminalId, VehicleClass, ZoneKind};

/// Namespace of all alert ids (a random UUID, fixed for ever).
const NAMESPACE: Uuid = Uuid::from_u128(0x2f0b_7a52_6a3c_4a55_9d1e_7c1b_08f0_8e11);

/// An alert's name: a UUID (version 5) made from vehicle, rule, subject and start, so that the same frames give the same id.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct AlertId(Uuid);

impl AlertId {
    /// `subject` tells apart what one rule can say of one vehicle at one moment: a zone's id, a plate, or nothing.
    pub fn derive(terminal: TerminalId, rule: RuleId, subject: &str, started_at: EventTime) -> Self {
        let name = format!("{terminal}\n{rule}\n{subject}\n{}", started_at.ms());
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    /// From its text form.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// From the 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! rule_ids {
    ($($(#[$doc:meta])* $konst:ident = $text:literal;)+) => {
        /// Every rule id there is.
        pub const RULES: &[&str] = &[$($text),+];

        impl RuleId {
            $($(#[$doc])* pub const $konst: Self = Self($text);)+
        }
    };
}

/// A rule's identifier, one of [`RULES`].
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct RuleId(&'static str);

rule_ids! {
    /// Over the limit that holds here and now.
    SPEEDING = "speeding";
    /// Half an hour before the driving-time limit.
    FATIGUE_WARNING = "fatigue-warning";
    /// Driving time over the limit without a rest.
    FATIGUE = "fatigue";
    /// Moving in hours that are forbidden to the class.
    NIGHT_BAN = "night-ban";
    /// Outside its route's corridor.
    OFF_ROUTE = "off-route";
    /// Dangerous goods inside a restricted bridge, tunnel or water-source area.
    HAZMAT_ZONE = "hazmat-zone";
    /// Dangerous goods on the way to one.
    HAZMAT_ZONE_APPROACH = "hazmat-zone-approach";
    /// Standing where nobody parks.
    NO_PARKING = "no-parking";
    /// A charter with both ends outside its home.
    CHARTER_ORIGIN = "charter-origin";
    /// A driver without the right certificate.
    UNQUALIFIED_DRIVER = "unqualified-driver";
    /// One plate, two vehicles.
    CLONE_PLATE = "clone-plate";
    /// Moved while it was silent.
    OFFLINE_MOVE = "offline-move";
    /// Positions that can't be right.
    GNSS_FAULT = "gnss-fault";
    /// Power or antenna cut while driving, clock set back, position frozen.
    DEVICE_TAMPER = "device-tamper";
    /// The driver's emergency button.
    SOS = "sos";
    /// Collision or rollover.
    COLLISION = "collision";
    /// Inside a structure that is closed.
    CLOSED_STRUCTURE = "closed-structure";
    /// DSM: fatigue.
    DSM_FATIGUE = "dsm-fatigue";
    /// DSM: hand-held phone.
    DSM_PHONE = "dsm-phone";
    /// DSM: smoking.
    DSM_SMOKING = "dsm-smoking";
    /// DSM: distraction.
    DSM_DISTRACTION = "dsm-distraction";
    /// DSM: nobody in the seat.
    DSM_ABSENT = "dsm-absent";
    /// DSM: anything else.
    DSM_OTHER = "dsm-other";
    /// ADAS: forward collision.
    ADAS_FORWARD_COLLISION = "adas-forward-collision";
    /// ADAS: lane departure.
    ADAS_LANE_DEPARTURE = "adas-lane-departure";
    /// ADAS: headway.
    ADAS_HEADWAY = "adas-headway";
    /// ADAS: pedestrian.
    ADAS_PEDESTRIAN = "adas-pedestrian";
    /// ADAS: anything else.
    ADAS_OTHER = "adas-other";
}

/// A text that is no rule id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no rule id")]
pub struct UnknownRule(pub String);

impl RuleId {
    /// The one with this text.
    pub fn parse(text: &str) -> Result<Self, UnknownRule> {
        RULES
            .iter()
            .find(|rule| **rule == text)
            .map(|rule| Self(rule))
            .ok_or_else(|| UnknownRule(text.to_owned()))
    }

    /// The identifier.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

kebab_enum! {
    /// How bad, in four steps (contract section 4).
    Severity, "severity", "one of info, minor, major, critical", {
        /// 提示
        Info = "info", "提示";
        /// 一般
        Minor = "minor", "一般";
        /// 严重
        Major = "major", "严重";
        /// 特别严重
        Critical = "critical", "特别严重";
    }
}

kebab_enum! {
    /// The engine's side of an alert: is the condition there?
    State, "alert state", "one of raised, updated, cleared", {
        /// Its condition has held long enough.
        Raised = "raised", "已触发";
        /// It grew worse, or a fact was added.
        Updated = "updated", "已更新";
        /// It ended.
        Cleared = "cleared", "已解除";
    }
}

kebab_enum! {
    /// Who gets an alert.
    Department, "department", "one of police, transport, emergency, ecology, education", {
        /// 公安交管
        Police = "police", "公安交管";
        /// 交通运输
        Transport = "transport", "交通运输";
        /// 应急管理
        Emergency = "emergency", "应急管理";
        /// 生态环境
        Ecology = "ecology", "生态环境";
        /// 教育
        Education = "education", "教育";
    }
}

/// The alert message, contract section 4: published, stored, listed and replayed as it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Alert {
    /// Always `roadwarden.alert/1`.
    pub schema: String,
    /// See [`AlertId::derive`].
    pub id: AlertId,
    /// 1 when raised, one more with each change.
    pub revision: u32,
    /// Raised, updated or cleared.
    pub state: State,
    /// Which rule.
    pub rule: RuleId,
    /// How bad.
    pub severity: Severity,
    /// The report was older than the live window when it arrived: recorded and published, never dispatched as live.
    pub late: bool,
    /// One line for people.
    pub title: Title,
    /// The vehicle.
    pub vehicle: VehicleLabel,
    /// The driver, where known.
    pub driver: Option<DriverLabel>,
    /// When the condition began, by the terminal's clock.
    pub started_at: EventTime,
    /// When it had held long enough.
    pub raised_at: EventTime,
    /// When it ended; `None` while it holds.
    pub ended_at: Option<EventTime>,
    /// The position this revision rests on.
    pub position: PositionLabel,
    /// Where that is.
    pub place: PlaceLabel,
    /// What was measured.
    pub measure: Measure,
    /// Law or standard with its article; never empty.
    pub basis: Vec<Basis>,
    /// Who gets it; never empty, no department twice.
    pub departments: Vec<Department>,
    /// The proof.
    pub evidence: Evidence,
}

impl Alert {
    /// The value of [`Alert::schema`].
    pub const SCHEMA: &'static str = "roadwarden.alert/1";

    /// How long the condition has held, in seconds, up to this revision.
    pub fn lasted_s(&self) -> u64 {
        self.ended_at.unwrap_or(self.position.time).since(self.started_at).as_secs()
    }
}

/// One line in two languages.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The vehicle as an alert shows it. A terminal outside the registry has an empty plate and operator.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct VehicleLabel {
    /// Its terminal.
    pub terminal: TerminalId,
    /// Its plate.
    pub plate: String,
    /// Its plate's colour.
    pub plate_color: PlateColor,
    /// Its class.
    pub class: VehicleClass,
    /// Its operator's id.
    pub operator: String,
    /// What it carries (class of GB 6944).
    pub hazmat_class: Option<String>,
    /// What it carries (UN number).
    pub hazmat_un: Option<String>,
}

/// The driver as an alert shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DriverLabel {
    /// Certificate number.
    pub certificate: String,
    /// Name, empty where unknown.
    pub name: String,
}

/// A position in the message's units.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct PositionLabel {
    /// When.
    pub time: EventTime,
    /// Degrees, WGS-84.
    pub lon: f64,
    /// Degrees, WGS-84.
    pub lat: f64,
    /// Metres.
    pub altitude_m: i16,
    /// km/h.
    pub speed_kmh: f64,
    /// Degrees from north; 0 where the source has none.
    pub heading_deg: u16,
}

impl From<&Fix> for PositionLabel {
    fn from(fix: &Fix) -> Self {
        Self {
            time: fix.at,
            lon: fix.position.lon(),
            lat: fix.position.lat(),
            altitude_m: fix.altitude_m,
            speed_kmh: fix.speed.kmh(),
            heading_deg: fix.heading.unwrap_or_default().deg(),
        }
    }
}

/// Where something happened.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PlaceLabel {
    /// The zone's division, else that of the division polygon, else the vehicle's own.
    pub division: Division,
    /// The zone it is about.
    pub zone: Option<ZoneLabel>,
    /// Name of the road, where the map knows it.
    pub road: Option<String>,
}

/// A zone as an alert shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ZoneLabel {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: ZoneKind,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
}

/// What was measured against what.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measure {
    /// The quantity and its unit.
    pub kind: MeasureKind,
    /// Now.
    pub value: f64,
    /// The limit that holds, where there is one.
    pub limit: Option<f64>,
    /// The worst so far.
    pub peak: f64,
    /// How long the condition has held, seconds.
    pub duration_s: u64,
}

/// The quantity of a [`Measure`]; the unit stands in the name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// A count of events.
    Count,
    /// Metres.
    DistanceM,
    /// Seconds.
    DurationS,
    /// A level or degree.
    Level,
    /// km/h.
    SpeedKmh,
}

/// A law, regulation or standard and the place in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Basis {
    /// Its title, 《…》.
    pub document: String,
    /// Article or clause.
    pub article: String,
}

kebab_enum! {
    /// Where a speed limit came from.
    LimitSource, "source of a limit", "one of posted, road-class, vehicle-class, zone, caution, device", {
        /// Posted on the road.
        Posted = "posted", "路段限速标志";
        /// The law's own limit of roads without a sign.
        RoadClass = "road-class", "道路类别法定限速";
        /// The law's cap of the vehicle class.
        VehicleClass = "vehicle-class", "车型限速";
        /// A speed-limit zone.
        Zone = "zone", "限速区";
        /// A bend, slope, narrow road or bridge.
        Caution = "caution", "特殊路段限速";
        /// Read by the vehicle's own camera.
        Device = "device", "车载设备识别";
    }
}

/// Why a speed limit is what it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LimitLabel {
    /// What holds here and now, km/h.
    pub kmh: f64,
    /// By day, km/h.
    pub day_kmh: f64,
    /// `kmh` is this part of `day_kmh`: 0.8 for coaches by night, else 1.
    pub factor: f64,
    /// Where `day_kmh` came from.
    pub source: LimitSource,
    /// Whether the map knows a limit of the road; else only the caps of class and zone hold, and the title says so.
    pub road_known: bool,
}

/// How the driver is known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverSource {
    /// By the card in the reader (0x0702).
    Card,
}

/// The proof an alert carries.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Evidence {
    /// The positions before and during, oldest first, at most 20.
    pub positions: Vec<PositionLabel>,
    /// Names of photos and videos.
    pub attachments: Vec<String>,
    /// Names the settings of the rules that were in force.
    #[serde(default)]
    pub rules_version: String,
    /// Names the map that was in force.
    #[serde(default)]
    pub map_version: String,
    /// Why the limit is what it is (speeding).
    #[serde(default)]
    pub limit: Option<LimitLabel>,
    /// How the driver is known.
    #[serde(default)]
    pub driver_source: Option<DriverSource>,
    /// 0 to 1 where it was inferred and not seen: the share of cases in which it would be true.
    #[serde(default)]
    pub confidence: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_vehicle_rule_subject_and_start() {
        let terminal = TerminalId::parse("13800000001").unwrap();
        let at = EventTime::from_ms(1_767_225_600_000);
        let id = AlertId::derive(terminal, RuleId::SPEEDING, "", at);
        assert_eq!(id, AlertId::derive(terminal, RuleId::SPEEDING, "", at));
        assert_ne!(id, AlertId::derive(terminal, RuleId::FATIGUE, "", at));
        assert_ne!(id, AlertId::derive(terminal, RuleId::SPEEDING, "x", at));
        assert_ne!(id, AlertId::derive(terminal, RuleId::SPEEDING, "", EventTime::from_ms(1)));
        assert_eq!(AlertId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn rule_ids_are_those_of_the_contract() {
        assert_eq!(RULES.len(), 28);
        assert_eq!(RuleId::parse("hazmat-zone").unwrap(), RuleId::HAZMAT_ZONE);
        assert_eq!(RuleId::parse("x").unwrap_err().to_string(), "\"x\" is no rule id");
    }
}
