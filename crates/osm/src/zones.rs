//! Zones out of roads: long bridges and tunnels, and where dangerous goods are banned by sign.

use std::collections::{BTreeMap, BTreeSet};

use fleet::{DailyHours, RoadClass, Structure, TunnelCategory, VehicleClass, ZoneKind};

use crate::area::{Area, Polygon};
use crate::ban::{Ban, Load};
use crate::join::{Group, Part, join};
use crate::plane::Point;

/// 特大桥 of JTG D60: longer than this in all, metres.
pub const BRIDGE_M: f64 = 1_000.0;
/// 特大桥 of JTG D60: a single span longer than this, metres. Few bridges on the map say their span.
pub const SPAN_M: f64 = 150.0;
/// 特长隧道 of JTG 3370.1: longer than this, metres.
pub const TUNNEL_M: f64 = 3_000.0;
/// The width of a lane, metres: the widest of JTG B01.
const LANE_M: f64 = 3.75;
/// Beside the lanes, metres: hard shoulders, and how far positions lie off.
const BESIDE_M: f64 = 10.0;
/// Lanes where no tag says.
const LANES: u8 = 2;

/// From which length on a structure is a zone.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bridges longer than this, metres.
    pub bridge_m: f64,
    /// Tunnels longer than this, metres.
    pub tunnel_m: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bridge_m: BRIDGE_M, tunnel_m: TUNNEL_M }
    }
}

/// A zone as it is written.
#[derive(Debug)]
pub struct Zone {
    pub id: String,
    pub kind: ZoneKind,
    pub name_zh: String,
    pub name_en: String,
    pub classes: Vec<VehicleClass>,
    pub hazmat_classes: &'static [&'static str],
    pub tunnel_category: Option<TunnelCategory>,
    pub hours: Option<DailyHours>,
    pub length_m: Option<f64>,
    pub roads: Vec<String>,
    pub shape: Shape,
}

/// Where a zone lies.
#[derive(Debug)]
pub enum Shape {
    Corridor { line: Vec<Point>, width_m: f64 },
    Area(Vec<Polygon>),
}

/// How many structures there are, long or not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Structures {
    /// Bridges.
    pub bridges: u64,
    /// Tunnels.
    pub tunnels: u64,
}

/// All zones on roads, bridges first, then tunnels, then bans, each by the smallest number of its ways; and how many
/// structures were looked at.
pub fn on_roads(parts: &[Part<'_>], limits: Limits) -> (Vec<Zone>, Structures) {
    let mut zones = Vec::new();
    let mut structures = |kind: Structure| {
        // Service ways and adits are no 公路, and make a tunnel they lead into no longer.
        let public = |part: &&Part<'_>| part.facts.class != RoadClass::Minor;
        let parts: Vec<&Part<'_>> =
            parts.iter().filter(|part| part.facts.structure == Some(kind)).filter(public).collect();
        let groups = join(&parts);
        zones.extend(groups.iter().filter_map(|group| structure(kind, group, &parts, limits)));
        groups.len() as u64
    };
    let structures =
        Structures { bridges: structures(Structure::Bridge), tunnels: structures(Structure::Tunnel) };
    for ban in bans(parts) {
        let parts: Vec<&Part<'_>> = parts.iter().filter(|part| part.bans().contains(&ban)).collect();
        zones.extend(join(&parts).iter().map(|group| banned(ban, group, &parts)));
    }
    (zones, structures)
}

/// Gives each zone an id of its own: of several with one id (parts of a way that do not meet) the second gets a 2, and so on.
pub fn number(zones: &mut [Zone]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for zone in zones {
        let times = seen.entry(zone.id.clone()).or_default();
        *times += 1;
        if *times > 1 {
            zone.id = format!("{}-{times}", zone.id);
        }
    }
}

/// A zone of an area.
pub fn of_area(area: Area, polygons: Vec<Polygon>) -> Zone {
    let [zh, en] = area.names;
    Zone {
        kind: ZoneKind::WaterSource,
        name_en: en.or(zh.clone()).unwrap_or_else(|| format!("Drinking-water protection area {}", area.id)),
        name_zh: zh.unwrap_or_else(|| format!("{} {}", ZoneKind::WaterSource.zh(), area.id)),
        id: area.id,
        classes: Vec::new(),
        hazmat_classes: &[],
        tunnel_category: None,
        hours: None,
        length_m: None,
        roads: Vec::new(),
        shape: Shape::Area(polygons),
    }
}

impl Part<'_> {
    fn bans(&self) -> &[Ban] {
        self.facts.special.as_ref().map_or(&[], |special| &special.bans)
    }
}

/// Every ban there is, once, in the order met.
fn bans(parts: &[Part<'_>]) -> Vec<Ban> {
    let mut bans: Vec<Ban> = Vec::new();
    for ban in parts.iter().flat_map(|part| part.bans()) {
        if !bans.contains(ban) {
            bans.push(*ban);
        }
    }
    bans
}

/// A bridge or tunnel, if it is long enough.
fn structure(kind: Structure, group: &Group, parts: &[&Part<'_>], limits: Limits) -> Option<Zone> {
    let members = || group.parts.iter().filter_map(|index| parts.get(*index));
    let mut spans = members().filter_map(|part| part.facts.special.as_ref()?.span_m);
    let (zone, long) = match kind {
        Structure::Bridge => {
            (ZoneKind::Bridge, group.length_m > limits.bridge_m || spans.any(|span| span > SPAN_M))
        }
        Structure::Tunnel => (ZoneKind::Tunnel, group.length_m > limits.tunnel_m),
    };
    long.then(|| {
        let english = if kind == Structure::Bridge { "Bridge" } else { "Tunnel" };
        let base = zone_on(group, parts, zone, (kind.zh(), english), "");
        Zone { length_m: Some((group.length_m * 10.0).round() / 10.0), ..base }
    })
}

/// Roads with one ban in common.
fn banned(ban: Ban, group: &Group, parts: &[&Part<'_>]) -> Zone {
    let structures: BTreeSet<Option<Structure>> =
        group.parts.iter().filter_map(|index| parts.get(*index)).map(|part| part.facts.structure).collect();
    let on = match (ban.load, structures.iter().collect::<Vec<_>>().as_slice()) {
        (Load::Water, _) => ZoneKind::WaterSource,
        (_, [Some(Structure::Bridge)]) => ZoneKind::Bridge,
        (_, [Some(Structure::Tunnel)]) => ZoneKind::Tunnel,
        _ => ZoneKind::Closed,
    };
    let hours = ban.hours.map_or(String::new(), |hours| format!("-{hours}").replace(':', ""));
    let (names, suffix) = match ban.load {
        Load::All => (("危险货物禁行路段", "No dangerous goods"), "-hazmat"),
        Load::Water => (("污染水体货物禁行路段", "No water-polluting goods"), "-water"),
        Load::Explosive => (("易燃易爆货物禁行路段", "No explosives"), "-explosive"),
        Load::Category(_) => (("隧道类别限行路段", "Restricted by tunnel category"), "-category"),
    };
    Zone {
        classes: vec![VehicleClass::HazmatTruck],
        hazmat_classes: if ban.load == Load::Explosive { EXPLOSIVE } else { &[] },
        tunnel_category: match ban.load {
            Load::Category(category) => Some(category),
            Load::All | Load::Explosive | Load::Water => None,
        },
        hours: ban.hours,
        ..zone_on(group, parts, on, names, &format!("{suffix}{hours}"))
    }
}

/// Whether a road's name is that of a bridge or tunnel.
fn names_a_structure(name: &str) -> bool {
    let name = name.to_lowercase();
    ["桥", "隧", "bridge", "tunnel", "brücke", "túnel", "viadu"].iter().any(|word| name.contains(word))
}

/// Classes of explosives and of what burns readily.
const EXPLOSIVE: &[&str] = &["1", "2.1", "3", "4"];

fn zone_on(group: &Group, parts: &[&Part<'_>], kind: ZoneKind, (zh, en): (&str, &str), suffix: &str) -> Zone {
    let members: Vec<&&Part<'_>> = group.parts.iter().filter_map(|index| parts.get(*index)).collect();
    let way = members.iter().map(|part| part.way).min().unwrap_or_default();
    let id = format!("osm-w{way}{suffix}");
    let own = |place: usize| {
        members.iter().find_map(|part| part.facts.special.as_ref()?.names.get(place)?.as_deref())
    };
    let road = |english: bool| {
        let name = |part: &&&Part<'_>| {
            if english {
                part.facts.name_en.clone().or(part.facts.name.clone())
            } else {
                part.facts.name.clone()
            }
        };
        let reference = members.iter().find_map(|part| part.facts.reference.clone());
        members.iter().find_map(name).or(reference).map(|text| text.to_string())
    };
    let named = |own: Option<&str>, english: bool, what: &str| {
        let road = road(english).unwrap_or_else(|| id.clone());
        if own.is_none() && suffix.is_empty() && names_a_structure(&road) {
            return road;
        }
        own.map_or_else(
            || if english { format!("{what}, {road}") } else { format!("{road} {what}") },
            str::to_owned,
        )
    };
    let lanes = members.iter().filter_map(|part| part.facts.special.as_ref()?.lanes).max().unwrap_or(LANES);
    Zone {
        kind,
        name_zh: named(own(0), false, zh),
        name_en: named(own(1).or(own(0)), true, en),
        classes: Vec::new(),
        hazmat_classes: &[],
        tunnel_category: None,
        hours: None,
        length_m: None,
        roads: members.iter().map(|part| part.id.clone()).collect(),
        shape: Shape::Corridor { line: group.line.clone(), width_m: f64::from(lanes) * LANE_M + BESIDE_M },
        id,
    }
}
