//! Tunnels take the fix away: a vehicle that is lost right before a portal is inferred inside.
//!
//! How sure that is (all of it design): where roads are known, from the share of places the vehicle may be at whose road leads
//! into the tunnel, and from how seldom a fix is lost elsewhere, up to 0.95; else 0.8 for a heading within 20° of the portal, falling to 0.5 at the widest that counts as towards it. Where the way
//! driven since the last fix, at its speed, does not yet reach the portal, up to 0.4 of that is taken off.
//! The next fix decides: in the tunnel or past it confirms (1), before the portal withdraws (0), and where neither can
//! be told the alert ends as unsure as it was.

use fleet::{Ahead, EventTime, Leg, LonLat, PORTAL_M, Touch, Zone, ZoneHit, ZoneIndex};
use serde::{Deserialize, Serialize};

use super::approach::Way;
use super::stand::{Passed, Stand};
use crate::episode::SURER;
use crate::scene::Scene;
use crate::track;

/// By the road.
const BY_ROAD: f64 = 0.95;
/// A fix is lost this often on another road, for each that is lost in a tunnel.
const LOST_ELSEWHERE: f64 = 0.2;
/// By the heading alone, straight at the portal and at the widest angle.
const BY_HEADING: (f64, f64) = (0.8, 0.5);
/// Straight at the portal, degrees.
const STRAIGHT_DEG: f64 = 20.0;
/// Taken off where the vehicle cannot have reached the portal at all.
const NOT_REACHED: f64 = 0.4;
/// Portals nearer to each other than this are one, metres.
const SAME_M: f64 = 5.0;
/// The part of a tunnel's length that a fix must lie beyond its portal to be past the other one, for tunnels bend.
const PAST: f64 = 0.8;

/// The portal right ahead of the newest fix.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Portal {
    pub(super) zone: ZoneIndex,
    at: EventTime,
    position: LonLat,
    distance_m: f64,
    bearing_deg: f64,
    speed_kmh: f64,
    /// Before what was driven since is looked at.
    sure: f64,
    /// What was said, once it was.
    pub(super) said: Option<f64>,
}

/// What the next fix says of an inferred passage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    /// Past the other portal, or in the tunnel.
    Beyond,
    /// It never went in.
    Back,
    /// Neither can be told.
    Unclear,
}

/// The portal a lost vehicle went into: the one that was said, else the surest, the nearer of two.
pub(super) fn likeliest(portals: &[Portal], now: EventTime) -> Option<&Portal> {
    let key = |portal: &Portal| (portal.said.is_some(), portal.sure(now), -portal.distance_m);
    portals.iter().max_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    })
}

impl Portal {
    /// The portal ahead, if a fix lost now would be lost inside.
    pub(super) fn ahead(scene: &Scene<'_>, zone: ZoneIndex, way: &Way) -> Option<Self> {
        let by_road = way.leads_in.map(|(share, distance_m)| {
            (BY_ROAD * share / (share + (1.0 - share) * LOST_ELSEWHERE), distance_m)
        });
        let by_crow = way.ahead && way.by_road.is_none();
        let distance_m = by_road.map_or(way.distance_m, |(_, distance_m)| distance_m);
        if (by_road.is_none() && !by_crow) || distance_m > PORTAL_M {
            return None;
        }
        let widest = scene.book.hazmat_zone_approach.heading_deg_max;
        let off_deg = scene.fix.heading.map_or(widest, |heading| heading.differs_by_deg(way.bearing_deg));
        let askew = ((off_deg - STRAIGHT_DEG) / (widest - STRAIGHT_DEG).max(1.0)).clamp(0.0, 1.0);
        let by_heading = BY_HEADING.0 - (BY_HEADING.0 - BY_HEADING.1) * askew;
        Some(Self {
            zone,
            at: scene.fix.at,
            position: scene.fix.position,
            distance_m,
            bearing_deg: way.bearing_deg,
            speed_kmh: scene.fix.speed.kmh(),
            sure: by_road.map_or(by_heading, |(sure, _)| sure),
            said: None,
        })
    }

    pub(super) const fn distance_m(&self) -> f64 {
        self.distance_m
    }

    /// Whether it is the same place, as far as the way to it tells.
    pub(super) fn is_at(&self, distance_m: f64) -> bool {
        (self.distance_m - distance_m).abs() < SAME_M
    }

    /// How sure it is that a vehicle lost since is inside, to a hundredth.
    fn sure(&self, now: EventTime) -> f64 {
        let driven_m = self.speed_kmh / 3.6 * now.since(self.at).as_secs_f64();
        let reached = (driven_m / self.distance_m.max(1.0)).clamp(0.0, 1.0);
        (self.sure * (1.0 - NOT_REACHED * (1.0 - reached)) * 100.0).round() / 100.0
    }

    /// The same where it is sure enough to be said; what was said stands until it is clearly surer.
    pub(super) fn confidence(&mut self, now: EventTime, least: f64) -> Option<f64> {
        let sure = self.sure(now);
        if sure >= least && self.said.is_none_or(|said| sure >= said + SURER) {
            self.said = Some(sure);
        }
        self.said
    }

    /// Where a new fix lies.
    pub(super) fn side(&self, scene: &Scene<'_>, stand: Option<Stand>, passed: Passed<'_>) -> Side {
        let zone = scene.map.zone(self.zone);
        let on_it = |road: &fleet::RoadIndex| scene.map.carries(self.zone, *road) == Some(true);
        match stand {
            Some(Stand::In { share: None } | Stand::Through) => return Side::Beyond,
            Some(Stand::In { .. } | Stand::Unclear) => return Side::Unclear,
            Some(Stand::Beside | Stand::Out { .. }) | None => {}
        }
        if passed.roads.iter().any(on_it) {
            return Side::Beyond;
        }
        let sure = scene.road.filter(|on| scene.is_sure(f64::from(on.sure)));
        if sure.is_some_and(|on| matches!(scene.map.ahead(&on, self.zone), Ahead::At(_))) {
            return Side::Back;
        }
        self.by_place(scene, zone)
    }

    fn by_place(&self, scene: &Scene<'_>, zone: &Zone) -> Side {
        let to = scene.fix.position;
        let off = (self.position.bearing_deg(to) - self.bearing_deg).rem_euclid(360.0);
        let onwards = !(90.0..=270.0).contains(&off);
        if !onwards || track::within_m(self.position, to, self.distance_m) {
            return Side::Back;
        }
        let mut hits: Vec<ZoneHit> = Vec::new();
        scene.map.zones(Leg { from: Some(self.position), to }, &mut hits);
        let crossed = |hit: &ZoneHit| hit.zone == self.zone && hit.touch == Touch::Crossed;
        let past = |length_m: f64| !track::within_m(self.position, to, self.distance_m + PAST * length_m);
        if hits.iter().any(crossed) || zone.length_m.is_some_and(past) { Side::Beyond } else { Side::Unclear }
    }
}
