//! Zones: `hazmat-zone`, `hazmat-zone-approach`, `closed-structure`, `no-parking`.
//!
//! ```text
//! load: does it forbid? ─▶ passage: is there a permit? ─▶ stand: in it, through, beside, near?
//!                                                             ├─ in it, through ─▶ entered
//!                                                             └─ near ─▶ approach, portal ─ fix lost ─▶ inferred
//! ```

mod approach;
mod load;
mod passage;
mod portal;
mod shut;
mod stand;

use std::time::Duration;

use fleet::{MeasureKind, RuleId, Severity, Touch, VehicleClass, Zone, ZoneHit, ZoneIndex, ZoneKind};
use serde::{Deserialize, Serialize};

use crate::kind::driving::Drive;
use crate::kind::structure::{self, Shut};
use crate::law::{self, Law};
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

use approach::Way;
use passage::Passes;
use portal::{Portal, Side};

pub(crate) use load::{applies, covers, restricted};
pub(crate) use shut::{closed, over_when_opened};
pub(crate) use stand::{Passed, Stand, stand};

/// Zones nearby whose distance is remembered; more are not told apart from zones that come no closer.
const NEAR_MAX: usize = 16;
/// Portals right ahead that are remembered: roads fork before tunnels.
const PORTALS_MAX: usize = 4;

/// What is remembered of the zones around one vehicle.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Around {
    near: Vec<(ZoneIndex, f64)>,
    /// The tunnels whose portals are right ahead: a fix lost now is lost inside one of them.
    portals: Vec<Portal>,
    passes: Passes,
}

impl Around {
    /// Places of zones mean nothing in another map; permits that were used stay used.
    pub(crate) fn forget_map(&mut self) {
        self.near.clear();
        self.portals.clear();
    }

    /// What a history lane of the same vehicle used is used up.
    pub(crate) fn learn(&mut self, other: &Self) {
        self.passes.learn(&other.passes);
    }
}

/// One moment, to be judged against every zone around.
struct Moment<'a, 'b> {
    scene: &'a Scene<'b>,
    passed: Passed<'a>,
    drive: &'a Drive,
    signals: &'a mut Vec<Signal>,
}

pub(crate) fn step(
    scene: &Scene<'_>,
    hits: &[ZoneHit],
    passed: Passed<'_>,
    drive: &Drive,
    around: &mut Around,
    signals: &mut Vec<Signal>,
) {
    let lost = std::mem::take(&mut around.portals);
    let mut moment = Moment { scene, passed, drive, signals };
    for portal in lost.iter().filter(|portal| portal.said.is_some()) {
        moment.found_again(portal, hits);
    }
    let mut near = Vec::new();
    for hit in hits {
        moment.look(hit, around, &mut near);
    }
    around.near = near;
    around.passes.settle(scene.fix.at);
}

/// The fix was lost: inside the tunnel whose portal was right ahead.
pub(crate) fn lost(scene: &Scene<'_>, around: &mut Around, signals: &mut Vec<Signal>) {
    let at = scene.fix.at;
    let Some(distance_m) = portal::likeliest(&around.portals, at).map(Portal::distance_m) else { return };
    // One tunnel may bear several zones.
    for portal in around.portals.iter_mut().filter(|portal| portal.is_at(distance_m)) {
        inferred(scene, portal, signals);
    }
}

fn inferred(scene: &Scene<'_>, portal: &mut Portal, signals: &mut Vec<Signal>) {
    let index = portal.zone;
    let zone = scene.map.zone(index);
    let forbidden = restricted(zone, scene).filter(|_| applies(zone, scene));
    let shut = structure::shut(scene, zone).map(|_| RuleId::CLOSED_STRUCTURE);
    let Some(rule) = forbidden.or(shut) else { return };
    let least = scene.book.hazmat_zone.confidence_min;
    let Some(confidence) = portal.confidence(scene.fix.at, least) else { return };
    let text =
        ("在隧道口失去定位，推定驶入禁行隧道", "fix lost at the portal, inferred inside a restricted tunnel");
    let confidence = Some(confidence);
    signals.push(Signal { text, confidence, ..entered(scene, rule, index, zone) });
}

impl Moment<'_, '_> {
    fn look(&mut self, hit: &ZoneHit, around: &mut Around, near: &mut Vec<(ZoneIndex, f64)>) {
        let scene = self.scene;
        let zone = scene.map.zone(hit.zone);
        let shut = structure::shut(scene, zone);
        let applies = applies(zone, scene);
        if !applies && shut.is_none() {
            return;
        }
        let stand = stand(scene, hit, self.passed);
        if applies && zone.kind == ZoneKind::NoParking && hit.touch == Touch::Inside {
            self.parked(hit.zone, zone, stand);
        }
        let mut rule = restricted(zone, scene).filter(|_| applies);
        if let Some(permit) = rule.and_then(|_| around.passes.permit(scene, zone)) {
            match stand {
                Stand::In { .. } => around.passes.note(scene, permit, true),
                Stand::Through => around.passes.note(scene, permit, false),
                Stand::Beside | Stand::Out { .. } | Stand::Unclear => {}
            }
            rule = None;
        }
        self.signals.extend(shut.and_then(|shut| shut::entered_shut(scene, (hit.zone, zone), stand, shut)));
        if let Some(rule) = rule.filter(|rule| shut.is_none() || *rule != RuleId::CLOSED_STRUCTURE) {
            self.entered(rule, hit.zone, zone, stand);
        }
        if rule.is_none() && shut.is_none() {
            return;
        }
        let Some(way) = way(scene, (hit.zone, zone), stand) else { return };
        if zone.kind == ZoneKind::Tunnel && around.portals.len() < PORTALS_MAX {
            around.portals.extend(Portal::ahead(scene, hit.zone, &way));
        }
        if matches!(stand, Stand::Out { .. }) {
            self.towards((hit.zone, zone), &way, (rule, shut), around);
            if near.len() < NEAR_MAX {
                near.push((hit.zone, way.distance_m));
            }
        }
    }

    fn entered(&mut self, rule: RuleId, index: ZoneIndex, zone: &Zone, stand: Stand) {
        let grip = match stand {
            Stand::In { share } => {
                let signal = entered(self.scene, rule, index, zone);
                self.signals.push(in_doubt(self.scene, signal, share));
                return;
            }
            Stand::Through => Grip::Passes,
            Stand::Unclear => Grip::Sustains,
            Stand::Beside | Stand::Out { .. } => return,
        };
        self.signals.push(Signal { grip, ..entered(self.scene, rule, index, zone) });
    }

    /// Outside, and the zone is near.
    fn towards(
        &mut self,
        (index, zone): (ZoneIndex, &Zone),
        way: &Way,
        (rule, shut): (Option<RuleId>, Option<Shut>),
        around: &mut Around,
    ) {
        let before_m = around.near.iter().find(|(near, _)| *near == index).map(|(_, before_m)| *before_m);
        if rule == Some(RuleId::HAZMAT_ZONE) || shut.is_some() {
            self.signals.extend(shut::approaching(self.scene, (index, zone), way, before_m, shut));
        }
    }

    /// The first fix after a passage was inferred.
    fn found_again(&mut self, portal: &Portal, hits: &[ZoneHit]) {
        let scene = self.scene;
        let zone = scene.map.zone(portal.zone);
        let hit = hits.iter().find(|hit| hit.zone == portal.zone);
        let stand = hit.map(|hit| stand(scene, hit, self.passed));
        let shut = structure::shut(scene, zone).map(|_| RuleId::CLOSED_STRUCTURE);
        let Some(rule) = restricted(zone, scene).or(shut) else { return };
        let signal = Signal { confidence: Some(1.0), ..entered(scene, rule, portal.zone, zone) };
        let grip = match portal.side(scene, stand, self.passed) {
            Side::Beyond => Grip::Passes,
            Side::Back => Grip::Withdraws,
            Side::Unclear => return,
        };
        // What is seen inside, or seen to pass through, is said as such below.
        if !matches!(stand, Some(Stand::In { .. } | Stand::Through)) {
            self.signals.push(Signal { grip, ..signal });
        }
    }

    fn parked(&mut self, index: ZoneIndex, zone: &Zone, stand: Stand) {
        let scene = self.scene;
        let stands = scene.fix.speed.kmh() < scene.book.common.moving_kmh;
        if !stands || !matches!(stand, Stand::In { share: None }) {
            return;
        }
        let stood = self.drive.standing(scene.fix.at).unwrap_or_default();
        let hold = scene.book.no_parking.hold;
        // A parked vehicle reports seldom: what counts is how long it has stood, not how long it was watched.
        let known = zone.hours.is_none() && stood >= hold;
        let started = known.then(|| scene.fix.at.minus(stood));
        let severity =
            if scene.class == VehicleClass::HazmatTruck { Severity::Major } else { Severity::Minor };
        let text = ("在禁停区停车", "parked in a no-parking zone");
        let signal = Signal::new(RuleId::NO_PARKING, severity, text)
            .to(law::road(scene.class), law::PARKING)
            .measured(MeasureKind::DurationS, stood.as_secs_f64(), Some(hold.as_secs_f64()))
            .about(Subject::Zone(index));
        self.signals.push(Signal { started, hold: known.then_some(Duration::ZERO), ..signal });
    }
}

/// The way to a zone from where the vehicle stands to it. At the portal of a tunnel a fix may err into it already.
fn way(scene: &Scene<'_>, (index, zone): (ZoneIndex, &Zone), stand: Stand) -> Option<Way> {
    match stand {
        Stand::Out { distance_m, bearing_deg } => approach::way(scene, index, distance_m, bearing_deg),
        Stand::In { share: Some(_) } | Stand::Unclear if zone.kind == ZoneKind::Tunnel => {
            let heading_deg = scene.fix.heading.map_or(0.0, |heading| f64::from(heading.deg()));
            approach::way(scene, index, 0.0, heading_deg)
        }
        Stand::Beside | Stand::In { .. } | Stand::Through | Stand::Unclear => None,
    }
}

/// Where its roads leave a doubt, it must hold for a while, and says how sure it is.
fn in_doubt(scene: &Scene<'_>, signal: Signal, share: Option<f64>) -> Signal {
    match share {
        Some(share) => Signal {
            hold: Some(scene.book.hazmat_zone.unsure_hold),
            confidence: Some((share * 100.0).round() / 100.0),
            ..signal
        },
        None => signal,
    }
}

fn entered(scene: &Scene<'_>, rule: RuleId, index: ZoneIndex, zone: &Zone) -> Signal {
    let hazmat = rule == RuleId::HAZMAT_ZONE;
    let text = match zone.kind {
        ZoneKind::Bridge => ("驶入禁行桥梁", "entered a restricted bridge"),
        ZoneKind::Tunnel => ("驶入禁行隧道", "entered a restricted tunnel"),
        ZoneKind::WaterSource => ("驶入饮用水水源保护区", "entered a drinking-water protection area"),
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => ("驶入封闭区", "entered a closed area"),
    };
    let water = zone.kind == ZoneKind::WaterSource;
    let severity = if hazmat && !water { Severity::Critical } else { Severity::Major };
    let basis = if hazmat { zone_law(zone) } else { law::ZONE_CLOSED };
    let departments = match (water, hazmat) {
        (true, _) => law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        (false, true) => law::POLICE_TRANSPORT_EMERGENCY,
        (false, false) => law::rescue(scene.class),
    };
    Signal::new(rule, severity, text)
        .to(departments, basis)
        .measured(MeasureKind::SpeedKmh, scene.fix.speed.kmh(), None)
        .about(Subject::Zone(index))
}

const fn zone_law(zone: &Zone) -> &'static [Law] {
    match zone.kind {
        ZoneKind::Bridge | ZoneKind::Tunnel if zone.tunnel_category.is_some() => law::ZONE_TUNNEL_CODE,
        ZoneKind::Bridge | ZoneKind::Tunnel => law::ZONE_STRUCTURE,
        ZoneKind::WaterSource => law::ZONE_WATER,
        ZoneKind::Closed
        | ZoneKind::HazmatPark
        | ZoneKind::NoParking
        | ZoneKind::RelayPoint
        | ZoneKind::ServiceArea
        | ZoneKind::SpeedLimit => law::ZONE_CLOSED_HAZMAT,
    }
}
