//! Zones and routes as the rules see them. [`Map`] is the question the rules ask; `atlas` holds the geometry and answers.

use serde::{Deserialize, Serialize};

use crate::identity::kebab_enum;
use crate::{
    Ahead, Division, EventTime, Fix, LonLat, OnRoad, Road, RoadIndex, Structure, Trail, TunnelCategory,
    VehicleClass,
};

kebab_enum! {
    /// What a zone is.
    ZoneKind, "zone kind", "one of bridge, tunnel, water-source, no-parking, speed-limit, closed, hazmat-park, relay-point, service-area", {
        /// A bridge dangerous goods keep away from (特大桥).
        Bridge = "bridge", "桥梁";
        /// A tunnel dangerous goods keep away from (特长隧道).
        Tunnel = "tunnel", "隧道";
        /// A drinking-water protection area.
        WaterSource = "water-source", "饮用水水源保护区";
        /// Nobody parks here.
        NoParking = "no-parking", "禁停区";
        /// A speed limit of its own.
        SpeedLimit = "speed-limit", "限速区";
        /// Closed to the classes it names.
        Closed = "closed", "封闭区";
        /// A listed park for vehicles with dangerous goods.
        HazmatPark = "hazmat-park", "危险货物停车场";
        /// Where long-distance coaches change driver or vehicle by night.
        RelayPoint = "relay-point", "接驳点";
        /// A service area or station: standing here is no offence.
        ServiceArea = "service-area", "服务区";
    }
}

impl ZoneKind {
    /// The bridge or tunnel it is; `None`: anything else.
    pub const fn structure(self) -> Option<Structure> {
        match self {
            Self::Bridge => Some(Structure::Bridge),
            Self::Tunnel => Some(Structure::Tunnel),
            Self::Closed
            | Self::HazmatPark
            | Self::NoParking
            | Self::RelayPoint
            | Self::ServiceArea
            | Self::SpeedLimit
            | Self::WaterSource => None,
        }
    }
}

/// A daily window in China Standard Time, `"22:00-06:00"`; from is inside, until is outside; it may pass midnight.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyHours {
    from_s: u32,
    until_s: u32,
}

impl DailyHours {
    /// From whole seconds of the day.
    pub const fn new(from_s: u32, until_s: u32) -> Self {
        Self { from_s, until_s }
    }

    /// From `HH:MM-HH:MM`; 24:00 is allowed as an end; the two may not be equal.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no daily window such as \"22:00-06:00\"");
        let clock = |part: &str| -> Option<u32> {
            let (hour, minute) = part.split_once(':')?;
            let two_digits = |t: &str| {
                (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok())?
            };
            let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
            (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 3600 + minute * 60)
        };
        let (from, until) = text.split_once('-').ok_or_else(wrong)?;
        match (clock(from), clock(until)) {
            (Some(from_s), Some(until_s)) if from_s != until_s && from_s < 86_400 => {
                Ok(Self { from_s, until_s })
            }
            _ => Err(wrong()),
        }
    }

    /// Whether a second of the day (0 to 86,399) lies inside.
    pub const fn contains(self, second_of_day: u32) -> bool {
        if self.from_s < self.until_s {
            self.from_s <= second_of_day && second_of_day < self.until_s
        } else {
            self.from_s <= second_of_day || second_of_day < self.until_s
        }
    }

    /// Seconds of the day it starts at.
    pub const fn from_s(self) -> u32 {
        self.from_s
    }

    /// Seconds of the day it ends at.
    pub const fn until_s(self) -> u32 {
        self.until_s
    }
}

impl std::fmt::Display for DailyHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, until) = (self.from_s / 60, self.until_s / 60);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl TryFrom<String> for DailyHours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<DailyHours> for String {
    fn from(hours: DailyHours) -> Self {
        hours.to_string()
    }
}

/// A zone without its geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Unique among all zones.
    pub id: String,
    /// What it is.
    pub kind: ZoneKind,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Where it lies.
    pub division: Division,
    /// Which classes it restricts; empty: all.
    pub classes: Vec<VehicleClass>,
    /// Only these dangerous goods (`"1"`, `"2.1"`); empty: all. `"2"` covers `"2.1"`.
    pub hazmat_classes: Vec<String>,
    /// Only these UN numbers (four digits); empty: all.
    pub hazmat_un: Vec<String>,
    /// Which tunnel codes it forbids; where given, it alone decides by the load.
    pub tunnel_category: Option<TunnelCategory>,
    /// Only in these hours; `None`: always.
    pub hours: Option<DailyHours>,
    /// The first moment it holds.
    pub valid_from: Option<EventTime>,
    /// The first moment it no longer holds.
    pub valid_until: Option<EventTime>,
    /// The notice or order behind it, number and issuer.
    pub document: Option<String>,
    /// Ids of the roads it lies on; a vehicle known to be on another road is not in it. Empty: its shape decides.
    pub roads: Vec<String>,
    /// Its speed limit, km/h.
    pub limit_kmh: Option<f64>,
    /// Length of the bridge or tunnel, metres.
    pub length_m: Option<f64>,
    /// How far ahead to warn, metres.
    pub approach_m: Option<f64>,
}

impl Zone {
    /// With an id and a kind, for everybody, always; named by its id.
    pub fn new(id: &str, kind: ZoneKind) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            name_zh: id.to_owned(),
            name_en: id.to_owned(),
            division: Division::UNKNOWN,
            classes: Vec::new(),
            hazmat_classes: Vec::new(),
            hazmat_un: Vec::new(),
            tunnel_category: None,
            hours: None,
            valid_from: None,
            valid_until: None,
            document: None,
            roads: Vec::new(),
            limit_kmh: None,
            length_m: None,
            approach_m: None,
        }
    }
}

/// A zone's place in its [`Map`]; means nothing in another one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ZoneIndex(pub u32);

/// A route's place in its [`Map`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct RouteIndex(pub u32);

/// A vehicle's way between two fixes, taken as a straight line; `from` is `None` on the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Where it was.
    pub from: Option<LonLat>,
    /// Where it is.
    pub to: LonLat,
}

/// How a leg touches a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touch {
    /// The leg's end lies inside (border included).
    Inside,
    /// The leg passed through, and its end lies outside.
    Crossed,
    /// The leg's end lies outside, within `approach_m` (at least [`PORTAL_M`] for tunnels).
    Near {
        /// From the leg's end to the nearest point of the zone, metres.
        distance_m: f64,
        /// Towards that point, degrees from north.
        bearing_deg: f64,
    },
}

/// One zone that a leg touches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneHit {
    /// Which.
    pub zone: ZoneIndex,
    /// How.
    pub touch: Touch,
}

/// A tunnel's portal counts as reached within this distance, metres: a fix lost closer than this is lost inside.
pub const PORTAL_M: f64 = 300.0;

/// What the rules ask of the map. Every answer depends on the arguments alone.
pub trait Map: Send + Sync {
    /// All zones the leg touches, by rising [`ZoneIndex`], at most one hit each; `hits` is cleared first.
    fn zones(&self, leg: Leg, hits: &mut Vec<ZoneHit>);

    /// A lower bound of the distance in metres from `at` to the nearest zone *including its approach area*:
    /// while a vehicle has moved less than this since it asked, [`Map::zones`] would find nothing.
    fn clearance_m(&self, at: LonLat) -> f64;

    /// The zone at an index this map gave out.
    fn zone(&self, index: ZoneIndex) -> &Zone;

    /// The index of the zone with this id.
    fn zone_index(&self, id: &str) -> Option<ZoneIndex>;

    /// The route with this id.
    fn route(&self, id: &str) -> Option<RouteIndex>;

    /// How far outside the route's corridor a position lies, metres; 0 inside it.
    fn off_route_m(&self, route: RouteIndex, at: LonLat) -> f64;

    /// Hours in which the route holds; `None`: always.
    fn route_hours(&self, route: RouteIndex) -> Option<DailyHours>;

    /// From a position to the nearest stop of a route, metres; `None`: the route has none.
    fn stop_m(&self, _route: RouteIndex, _at: LonLat) -> Option<f64> {
        None
    }

    /// The first and the last stop of a route; `None`: fewer than two are known, or they are one place.
    fn route_ends(&self, _route: RouteIndex) -> Option<[LonLat; 2]> {
        None
    }

    /// Whether any zone is of this kind: where none is listed, nobody can be found outside of all.
    fn lists(&self, _kind: ZoneKind) -> bool {
        false
    }

    /// The division whose polygon holds a position.
    fn division(&self, at: LonLat) -> Option<Division>;

    /// Follows a vehicle along the roads: the road this fix most likely lies on, by distance, heading and the way
    /// from the fixes before. `passed` is cleared and gets the roads gone over since the last fix, oldest first, this
    /// one included. `None`, and nothing passed, where no road comes into question.
    fn follow(&self, trail: &mut Trail, _fix: &Fix, passed: &mut Vec<RoadIndex>) -> Option<OnRoad> {
        trail.clear();
        passed.clear();
        None
    }

    /// The road at an index this map gave out.
    fn road(&self, index: RoadIndex) -> &Road {
        unreachable!("a map without roads gave out {index:?}")
    }

    /// Whether a zone lies on a road; `None`: the zone names no roads, its shape decides.
    fn carries(&self, _zone: ZoneIndex, _road: RoadIndex) -> Option<bool> {
        None
    }

    /// How far along the road a zone begins, at most its `approach_m` (at least [`PORTAL_M`] for tunnels).
    fn ahead(&self, _on: &OnRoad, _zone: ZoneIndex) -> Ahead {
        Ahead::Unknown
    }

    /// How long a piece of road is, metres; `None`: the map cannot say.
    fn length_m(&self, _road: RoadIndex) -> Option<f64> {
        None
    }

    /// Names the data behind the answers: a digest of the files, empty where there are none.
    fn version(&self) -> &str {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_pass_midnight_and_end_outside() {
        let night = DailyHours::parse("22:00-06:00").unwrap();
        assert!(night.contains(22 * 3600) && night.contains(0) && night.contains(6 * 3600 - 1));
        assert!(!night.contains(6 * 3600) && !night.contains(12 * 3600));
        assert_eq!(night.to_string(), "22:00-06:00");
        for wrong in ["", "22:00", "22:00-22:00", "25:00-06:00", "2:00-6:00", "22:60-06:00", "24:00-06:00"] {
            assert!(DailyHours::parse(wrong).is_err(), "{wrong}");
        }
    }
}
