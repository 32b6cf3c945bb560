//! `night-ban`: moving in hours that are forbidden to the class.

use fleet::{MeasureKind, RuleId, Severity, VehicleClass};

use crate::law;
use crate::scene::Scene;
use crate::signal::Signal;

pub(crate) fn step(scene: &Scene<'_>, exempt: bool, signals: &mut Vec<Signal>) {
    let rule = &scene.book.night_ban;
    let (hours, basis) = match scene.class {
        VehicleClass::ScheduledCoach | VehicleClass::CharterCoach => (rule.coach_hours, law::NIGHT_COACH),
        VehicleClass::HazmatTruck if rule.hazmat => (rule.hazmat_hours, law::NIGHT_HAZMAT),
        VehicleClass::HazmatTruck | VehicleClass::HeavyTruck | VehicleClass::SchoolBus => return,
    };
    let speed_kmh = scene.fix.speed.kmh();
    if exempt || speed_kmh < scene.book.common.moving_kmh || !hours.contains(scene.fix.at.second_of_day()) {
        return;
    }
    let text = ("禁行时段运行", "running in forbidden hours");
    signals.push(
        Signal::new(RuleId::NIGHT_BAN, Severity::Major, text).to(law::road(scene.class), basis).measured(
            MeasureKind::SpeedKmh,
            speed_kmh,
            None,
        ),
    );
}
