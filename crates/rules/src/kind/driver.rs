//! `unqualified-driver`: who sits at the wheel against the drivers on file — when a card goes in, and again with every
//! fix while it is driven, so that a certificate that ends on the way, or a new file, is noticed.

use fleet::{Alarms, Driver, Role, RuleId, Severity, VehicleClass};

use crate::kind::driving::Drive;
use crate::kind::{limit, wheel};
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// A card went in. One that could not be read is no evidence; neither is an empty file of drivers.
pub(crate) fn card(scene: &Scene<'_>, signals: &mut Vec<Signal>) {
    signals.extend(scene.driver.and_then(|driver| qualified(scene, &driver.certificate)));
}

/// The card that is in, or that none is, while the vehicle is driven; what is said stays said while it stands.
pub(crate) fn at_the_wheel(
    scene: &Scene<'_>,
    alarms: Alarms,
    drive: &Drive,
    wheel: Option<&wheel::Wheel>,
    signals: &mut Vec<Signal>,
) {
    let stood = drive.standing(scene.fix.at);
    let halts = stood.is_none_or(|stood| stood < scene.book.fatigue.stop_after);
    let drives = halts && drive.span_start().is_some();
    let before = signals.len();
    match scene.driver {
        Some(driver) => {
            signals.extend(qualified(scene, &driver.certificate));
            signals.extend(role(scene, &driver.certificate));
        }
        None => signals.extend(nobody(scene, alarms)),
    }
    signals.extend(no_escort(scene, wheel));
    if !drives {
        signals[before..].iter_mut().for_each(|signal| signal.grip = Grip::Sustains);
    }
}

fn qualified(scene: &Scene<'_>, certificate: &str) -> Option<Signal> {
    if !scene.registry.has_drivers() {
        return None;
    }
    let major = |text| Some((Severity::Major, text));
    let found = match scene.registry.driver(certificate) {
        None => major(("驾驶员从业资格证未备案", "the driver's certificate is not on file")),
        Some(driver) if scene.fix.at >= driver.valid_until => {
            major(("驾驶员从业资格证已过期", "the driver's certificate has expired"))
        }
        Some(driver) if !driver.classes.contains(&scene.class) => {
            major(("驾驶员从业资格类别不符", "the driver's certificate is for another class"))
        }
        Some(driver) if is_of_another(scene, driver) => {
            Some((Severity::Minor, ("驾驶员不属于本企业", "the driver belongs to another operator")))
        }
        Some(_) => None,
    };
    let (severity, text) = found?;
    Some(of(scene, severity, text).about(Subject::Text(certificate.to_owned())))
}

fn is_of_another(scene: &Scene<'_>, driver: &Driver) -> bool {
    let operator = scene.registry.vehicle(scene.terminal).map_or("", |vehicle| vehicle.operator.as_str());
    scene.book.unqualified_driver.other_operator
        && !operator.is_empty()
        && !driver.operator.is_empty()
        && driver.operator != operator
}

/// Somebody who is on file as something else drives.
fn role(scene: &Scene<'_>, certificate: &str) -> Option<Signal> {
    let text = match scene.registry.driver(certificate)?.role {
        Role::Driver => return None,
        Role::Escort => ("非驾驶人员登签：押运员", "an escort's card is in while it is driven"),
        Role::Carer => ("非驾驶人员登签：照管员", "a carer's card is in while it is driven"),
    };
    let hold = Some(scene.book.unqualified_driver.nobody_after);
    Some(Signal { hold, ..of(scene, Severity::Major, text).about(Subject::Named("role")) })
}

/// No card is in, although this vehicle has a reader that works.
fn nobody(scene: &Scene<'_>, alarms: Alarms) -> Option<Signal> {
    let rule = &scene.book.unqualified_driver;
    if !(scene.reader || rule.expects_card) || alarms.has(Alarms::CARD_READER_FAULT) {
        return None;
    }
    let text = ("无驾驶员登签行驶", "nobody is logged on while it is driven");
    let signal = Signal { basis: law::IDENTITY, ..of(scene, Severity::Major, text) };
    Some(Signal { hold: Some(rule.nobody_after), ..signal.about(Subject::Named("nobody")) })
}

/// No escort was seen on a loaded trip.
fn no_escort(scene: &Scene<'_>, wheel: Option<&wheel::Wheel>) -> Option<Signal> {
    let rule = &scene.book.unqualified_driver;
    let at = scene.fix.at;
    let seen = wheel.and_then(|wheel| wheel.escort_at);
    if !rule.escort
        || seen.is_some_and(|seen| at.since(seen) < rule.escort_within)
        || !limit::is_loaded(scene)
    {
        return None;
    }
    let text = ("押运员未登签", "no escort has logged on");
    let signal = of(scene, Severity::Major, text).about(Subject::Named("escort"));
    Some(Signal { hold: Some(rule.nobody_after), ..signal })
}

fn of(scene: &Scene<'_>, severity: Severity, text: (&'static str, &'static str)) -> Signal {
    let basis = match scene.class {
        VehicleClass::HazmatTruck => law::DRIVER_HAZMAT,
        VehicleClass::CharterCoach
        | VehicleClass::HeavyTruck
        | VehicleClass::ScheduledCoach
        | VehicleClass::SchoolBus => law::DRIVER,
    };
    Signal::new(RuleId::UNQUALIFIED_DRIVER, severity, text).to(law::road(scene.class), basis)
}
