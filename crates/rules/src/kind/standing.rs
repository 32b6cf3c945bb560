//! `no-parking` on roads: standing on an expressway, on a bridge or in a tunnel. Zones where nobody parks are in `zone.rs`.
//!
//! The reason cannot be seen here: a jam and a breakdown look the same, and both lamps on are nothing the rules hear of.
//! Creeping on, as in a queue, begins the stop anew.

use std::time::Duration;

use fleet::{
    MeasureKind, Road, RoadClass, RuleId, Severity, Structure, Touch, VehicleClass, ZoneHit, ZoneIndex,
    ZoneKind,
};

use crate::kind::driving::Drive;
use crate::law::{self, Law};
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

pub(crate) fn step(scene: &Scene<'_>, hits: &[ZoneHit], drive: &Drive, signals: &mut Vec<Signal>) {
    let stands = scene.fix.speed.kmh() < scene.book.common.moving_kmh;
    if !stands || scene.road.is_none() || is_spoken_for(scene, hits, signals) {
        return;
    }
    let rule = &scene.book.no_parking;
    let expressway = rule.expressways && scene.surely(|road| RoadClass::is_expressway(road.class));
    let structure = structure(scene, hits).filter(|_| rule.structures);
    let (text, basis) = match (expressway, structure.as_ref().map(|found| found.kind)) {
        (false, None) => return,
        (true, None) => (("在高速公路上停车", "standing on an expressway"), law::PARKING_EXPRESSWAY),
        (true, Some(kind)) => (on_expressway(kind), law::PARKING_EXPRESSWAY_STRUCTURE),
        (false, Some(kind)) => (on_road(kind), law::PARKING_STRUCTURE),
    };
    signals.push(parked(scene, drive, subject(scene, structure), (expressway, text, basis)));
}

/// A bridge or tunnel, and the zone it is on the map, where it is one.
struct Found {
    kind: Structure,
    zone: Option<ZoneIndex>,
}

/// The bridge or tunnel the road runs over here: one of the zones that this road carries, or the road itself.
fn structure(scene: &Scene<'_>, hits: &[ZoneHit]) -> Option<Found> {
    let zones = hits.iter().filter(|hit| hit.touch == Touch::Inside).filter_map(|hit| {
        let kind = scene.map.zone(hit.zone).kind.structure()?;
        Some(Found { kind, zone: Some(hit.zone) })
    });
    let mut carried = zones.filter(|found| {
        let on = scene.road.filter(|on| scene.surely(|road| road.id == scene.map.road(on.road).id));
        on.zip(found.zone).is_some_and(|(on, zone)| scene.map.carries(zone, on.road) == Some(true))
    });
    let is = |kind| move |road: &Road| road.structure == Some(kind);
    carried.next().or_else(|| {
        let kind = [Structure::Bridge, Structure::Tunnel].into_iter().find(|kind| scene.surely(is(*kind)))?;
        Some(Found { kind, zone: None })
    })
}

/// Where standing is nobody's business, or another alert's already.
fn is_spoken_for(scene: &Scene<'_>, hits: &[ZoneHit], signals: &[Signal]) -> bool {
    let inside = |kind| {
        let mut hits = hits.iter().filter(|hit| hit.touch == Touch::Inside);
        hits.any(|hit| scene.map.zone(hit.zone).kind == kind)
    };
    inside(ZoneKind::ServiceArea) || signals.iter().any(|signal| signal.rule == RuleId::NO_PARKING)
}

const fn on_expressway(kind: Structure) -> (&'static str, &'static str) {
    match kind {
        Structure::Bridge => ("在高速公路桥梁上停车", "standing on a bridge of an expressway"),
        Structure::Tunnel => ("在高速公路隧道内停车", "standing in a tunnel of an expressway"),
    }
}

const fn on_road(kind: Structure) -> (&'static str, &'static str) {
    match kind {
        Structure::Bridge => ("在桥梁上停车", "standing on a bridge"),
        Structure::Tunnel => ("在隧道内停车", "standing in a tunnel"),
    }
}

/// Pieces and carriageways of one road go by its number, so that a position that wavers between them is one stop.
fn subject(scene: &Scene<'_>, structure: Option<Found>) -> Subject {
    let what = match structure {
        Some(Found { zone: Some(zone), .. }) => return Subject::Zone(zone),
        Some(Found { kind, zone: None }) => kind.as_str(),
        None => "expressway",
    };
    let road =
        scene.on().map_or("", |road| road.reference.as_deref().or(road.name.as_deref()).unwrap_or(&road.id));
    Subject::Text(format!("{what} {road}"))
}

fn parked(
    scene: &Scene<'_>,
    drive: &Drive,
    subject: Subject,
    (expressway, text, basis): (bool, (&'static str, &'static str), &'static [Law]),
) -> Signal {
    let severity = match (expressway, scene.class == VehicleClass::HazmatTruck) {
        (false, false) => Severity::Minor,
        (false, true) | (true, false) => Severity::Major,
        (true, true) => Severity::Critical,
    };
    let hold = scene.book.no_parking.hold;
    // A parked vehicle reports seldom: over a gap the account of its stop is what shows that it stood.
    let before = scene.recent.iter().rev().nth(1);
    let seldom = before.is_some_and(|before| scene.fix.at.since(before.at) > scene.book.common.gap);
    let stood = drive.standing(scene.fix.at).unwrap_or_default();
    let started = (seldom && stood >= hold).then(|| scene.fix.at.minus(stood));
    let signal = Signal::new(RuleId::NO_PARKING, severity, text)
        .to(law::road(scene.class), basis)
        .measured(MeasureKind::DurationS, stood.as_secs_f64(), Some(hold.as_secs_f64()))
        .about(subject);
    Signal { started, hold: started.map(|_| Duration::ZERO), ..signal }
}
