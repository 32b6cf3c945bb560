//! Roads as the rules see them. A [`Road`] is a piece between two junctions; pieces meet where their ends have the same
//! coordinates. The geometry, and the matching of fixes to it, is `atlas`; what a vehicle must remember in between is its [`Trail`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identity::kebab_enum;
use crate::{DailyHours, EventTime, LonLat, VehicleClass};

kebab_enum! {
    /// What kind of road it is, as far as speed limits and bans ask.
    RoadClass, "road class", "one of expressway, ramp, urban-expressway, highway, street, minor", {
        /// 高速公路
        Expressway = "expressway", "高速公路";
        /// A ramp of an expressway: neither its minimum nor its default limit holds here.
        Ramp = "ramp", "匝道";
        /// 城市快速路, under the expressway rules by article 85 of the implementing regulation.
        UrbanExpressway = "urban-expressway", "城市快速路";
        /// 公路
        Highway = "highway", "公路";
        /// 城市道路
        Street = "street", "城市道路";
        /// Service ways, yards, tracks.
        Minor = "minor", "其他道路";
    }
}

impl RoadClass {
    /// Whether the rules of expressways hold.
    pub const fn is_expressway(self) -> bool {
        matches!(self, Self::Expressway | Self::UrbanExpressway)
    }
}

kebab_enum! {
    /// What calls for 30 km/h (implementing regulation, article 46) or, with students aboard, 20 km/h (school bus
    /// regulation, article 35).
    Caution, "caution", "one of sharp-bend, steep, narrow, narrow-bridge, crossing, mountain", {
        /// 急弯
        SharpBend = "sharp-bend", "急弯";
        /// 陡坡
        Steep = "steep", "陡坡";
        /// 窄路
        Narrow = "narrow", "窄路";
        /// 窄桥
        NarrowBridge = "narrow-bridge", "窄桥";
        /// 铁路道口
        Crossing = "crossing", "铁路道口";
        /// 三级及以下山区公路: coaches keep off it by night.
        Mountain = "mountain", "三级以下山区公路";
    }
}

kebab_enum! {
    /// Which way along the drawn line.
    Along, "direction", "one of both, forward, backward", {
        /// Both ways.
        Both = "both", "双向";
        /// As drawn.
        Forward = "forward", "正向";
        /// Against it.
        Backward = "backward", "反向";
    }
}

/// A posted limit.
#[derive(Clone, Debug, PartialEq)]
pub struct PostedLimit {
    /// km/h.
    pub kmh: f64,
    /// For whom it holds by direction.
    pub along: Along,
    /// Only for these classes; empty: for all.
    pub classes: Vec<VehicleClass>,
    /// Only in these hours; `None`: always.
    pub hours: Option<DailyHours>,
    /// Only when the road is wet.
    pub wet: bool,
}

kebab_enum! {
    /// What a road is carried by.
    Structure, "structure", "one of bridge, tunnel", {
        /// A bridge.
        Bridge = "bridge", "桥梁";
        /// A tunnel.
        Tunnel = "tunnel", "隧道";
    }
}

/// A piece of road without its geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Road {
    /// Unique among all roads; zones name the roads they lie on by it.
    pub id: Arc<str>,
    /// What kind.
    pub class: RoadClass,
    /// Which way one may drive; [`Along::Both`] on ordinary roads.
    pub open: Along,
    /// Its name, `林拉高速公路`.
    pub name: Option<Arc<str>>,
    /// Its number, `G318`.
    pub reference: Option<Arc<str>>,
    /// Every posted limit; empty where the map knows none.
    pub limits: Box<[PostedLimit]>,
    /// Lanes in each direction, where known.
    pub lanes: Option<u8>,
    /// Whether it has a centre line, where known.
    pub centre_line: Option<bool>,
    /// Bridge or tunnel.
    pub structure: Option<Structure>,
    /// What calls for care.
    pub cautions: Box<[Caution]>,
}

/// A road's place in its [`crate::Map`]; means nothing in another one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RoadIndex(pub u32);

/// The road a vehicle is on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OnRoad {
    /// Which.
    pub road: RoadIndex,
    /// Whether it drives as the line is drawn.
    pub forward: bool,
    /// How far along the drawn line, metres from its first point.
    pub along_m: f32,
    /// How far the fix lies beside the line, metres.
    pub off_m: f32,
    /// How sure it is, 0 to 1: the share of this road among all that come into question.
    pub sure: f32,
}

/// One place a vehicle may be at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Candidate {
    /// The road.
    pub road: RoadIndex,
    /// Whether it drives as the line is drawn.
    pub forward: bool,
    /// Metres from the first point of the line.
    pub along_m: f32,
    /// How far the fix lies beside the line, metres.
    pub off_m: f32,
    /// How unlikely; the least unlikely has 0.
    pub cost: f32,
}

/// What is remembered of a vehicle's way along the roads: the places the newest fix may lie at, likeliest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Trail {
    /// The newest fix that was followed.
    pub last: Option<(EventTime, LonLat)>,
    /// At most [`Trail::CANDIDATES_MAX`].
    pub candidates: Vec<Candidate>,
}

impl Trail {
    /// What is remembered at most.
    pub const CANDIDATES_MAX: usize = 4;

    /// Places on roads mean nothing in another map.
    pub fn clear(&mut self) {
        self.last = None;
        self.candidates.clear();
    }
}

/// What the roads say of the way to a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ahead {
    /// This far along the road, metres.
    At(f64),
    /// No way within the zone's approach leads there without turning back.
    Elsewhere,
    /// Nothing is known: no roads here, or none leads into the zone.
    Unknown,
}
