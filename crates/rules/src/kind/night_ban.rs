//! `night-ban`: moving in hours in which the class stands, or keeps off the road it is on.

use fleet::{Caution, MeasureKind, PermitKind, Road, RoadClass, RuleId, Severity, VehicleClass};

use crate::kind::limit;
use crate::law::{self, Law};
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

/// `relayed`: another driver took over at a relay point this night.
pub(crate) fn step(scene: &Scene<'_>, exempt: bool, relayed: bool, signals: &mut Vec<Signal>) {
    if scene.fix.speed.kmh() < scene.book.common.moving_kmh {
        return;
    }
    match scene.class {
        VehicleClass::ScheduledCoach | VehicleClass::CharterCoach => coach(scene, exempt, relayed, signals),
        VehicleClass::HazmatTruck => hazmat(scene, exempt, signals),
        VehicleClass::HeavyTruck | VehicleClass::SchoolBus => {}
    }
}

/// From two to five coaches stand, but for those that change driver or vehicle by night; no mountain road is free.
fn coach(scene: &Scene<'_>, exempt: bool, relayed: bool, signals: &mut Vec<Signal>) {
    let rule = &scene.book.night_ban;
    let hour = scene.fix.at.second_of_day();
    if !exempt && rule.coach_hours.contains(hour) {
        if !scene.has_permit(PermitKind::Relay) {
            let text = ("禁行时段运行", "running in forbidden hours");
            signals.push(banned(scene, text, law::NIGHT_COACH));
        } else if rule.relay && !relayed {
            let text =
                ("禁行时段运行：接驳未执行", "running in forbidden hours, the relay was not carried out");
            signals.push(banned(scene, text, law::NIGHT_COACH).about(Subject::Named(RELAY)));
        }
    }
    let is_mountain = |road: &Road| road.cautions.contains(&Caution::Mountain);
    if rule.mountain && rule.mountain_hours.contains(hour) && scene.surely(is_mountain) {
        let text = ("夜间通行三级以下山区公路", "by night on a mountain road below class 3 standard");
        signals.push(banned(scene, text, law::NIGHT_COACH).about(Subject::Named(MOUNTAIN)));
    }
}

/// Dangerous goods keep off expressways in the hours their authority has published.
fn hazmat(scene: &Scene<'_>, exempt: bool, signals: &mut Vec<Signal>) {
    let rule = &scene.book.night_ban;
    let banned_now = rule.hazmat && !exempt && rule.hazmat_hours.contains(scene.fix.at.second_of_day());
    let is_expressway = |road: &Road| RoadClass::is_expressway(road.class);
    if banned_now && limit::is_loaded(scene) && scene.surely(is_expressway) {
        let text = ("禁行时段通行高速公路", "on an expressway in forbidden hours");
        signals.push(banned(scene, text, law::NIGHT_HAZMAT));
    }
}

/// What tells the ban of mountain roads apart from that of the small hours: a coach may break both.
const MOUNTAIN: &str = "mountain";
/// A relay that its permit asks for.
const RELAY: &str = "relay";

fn banned(scene: &Scene<'_>, text: (&'static str, &'static str), basis: &'static [Law]) -> Signal {
    Signal::new(RuleId::NIGHT_BAN, Severity::Major, text).to(law::road(scene.class), basis).measured(
        MeasureKind::SpeedKmh,
        scene.fix.speed.kmh(),
        None,
    )
}
