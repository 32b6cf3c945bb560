//! `unqualified-driver`: the card in the reader against the drivers on file.

use fleet::{Card, RuleId, Severity, VehicleClass};

use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};

/// A card that could not be read is no evidence; neither is an empty file of drivers.
pub(crate) fn step(scene: &Scene<'_>, card: &Card, signals: &mut Vec<Signal>) {
    let Some(certificate) = card.certificate.as_deref().filter(|_| card.inserted) else { return };
    if !scene.registry.has_drivers() {
        return;
    }
    let text = match scene.registry.driver(certificate) {
        None => ("驾驶员从业资格证未备案", "the driver's certificate is not on file"),
        Some(driver) if card.at >= driver.valid_until => {
            ("驾驶员从业资格证已过期", "the driver's certificate has expired")
        }
        Some(driver) if !driver.classes.contains(&scene.class) => {
            ("驾驶员从业资格类别不符", "the driver's certificate is for another class")
        }
        Some(_) => return,
    };
    let basis = match scene.class {
        VehicleClass::HazmatTruck => law::DRIVER_HAZMAT,
        VehicleClass::CharterCoach
        | VehicleClass::HeavyTruck
        | VehicleClass::ScheduledCoach
        | VehicleClass::SchoolBus => law::DRIVER,
    };
    signals.push(
        Signal::new(RuleId::UNQUALIFIED_DRIVER, Severity::Major, text)
            .to(law::road(scene.class), basis)
            .about(Subject::Text(certificate.to_owned())),
    );
}
