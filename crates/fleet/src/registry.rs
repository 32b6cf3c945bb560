//! What is on file about vehicles, drivers and operators.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{Division, EventTime, PlateColor, TerminalId, VehicleClass};

/// A row of `vehicles.csv`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Vehicle {
    /// The terminal built into it.
    pub terminal: TerminalId,
    /// Number plate without blanks.
    pub plate: String,
    /// Part of the plate's identity.
    pub plate_color: PlateColor,
    /// Which rules hold.
    pub class: VehicleClass,
    /// `operator` of `operators.csv`.
    pub operator: String,
    /// Where it is registered.
    pub division: Division,
    /// `id` of a route it must keep to.
    pub route: Option<String>,
    /// Class of GB 6944 it carries: `1` to `9`, with a division such as `2.1` where it has one.
    pub hazmat_class: Option<String>,
    /// UN number it carries, four digits.
    pub hazmat_un: Option<String>,
}

impl Vehicle {
    /// Whether plate and colour are the same.
    pub fn has_plate(&self, plate: &str, color: PlateColor) -> bool {
        self.plate == plate && self.plate_color == color
    }
}

/// A row of `drivers.csv`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Driver {
    /// 从业资格证 number.
    pub certificate: String,
    /// As on the certificate.
    pub name: String,
    /// Employer.
    pub operator: String,
    /// Classes it qualifies for.
    pub classes: Vec<VehicleClass>,
    /// The first moment it is no longer valid (midnight after the last day).
    pub valid_until: EventTime,
}

/// A row of `operators.csv`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Operator {
    /// Its id.
    pub operator: String,
    /// Its name.
    pub name: String,
    /// Where it is registered.
    pub division: Division,
}

/// All reference data about people and vehicles; one consistent set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    vehicles: HashMap<TerminalId, Vehicle>,
    plates: HashMap<(String, PlateColor), TerminalId>,
    drivers: HashMap<String, Driver>,
    operators: HashMap<String, Operator>,
}

impl Registry {
    /// Later rows with the same key replace earlier ones; `settings` reports those before it gets here.
    pub fn new(vehicles: Vec<Vehicle>, drivers: Vec<Driver>, operators: Vec<Operator>) -> Self {
        Self {
            plates: vehicles.iter().map(|v| ((v.plate.clone(), v.plate_color), v.terminal)).collect(),
            vehicles: vehicles.into_iter().map(|v| (v.terminal, v)).collect(),
            drivers: drivers.into_iter().map(|d| (d.certificate.clone(), d)).collect(),
            operators: operators.into_iter().map(|o| (o.operator.clone(), o)).collect(),
        }
    }

    /// The vehicle this terminal is built into.
    pub fn vehicle(&self, terminal: TerminalId) -> Option<&Vehicle> {
        self.vehicles.get(&terminal)
    }

    /// The terminal that is on file for a plate.
    pub fn terminal_of(&self, plate: &str, color: PlateColor) -> Option<TerminalId> {
        self.plates.get(&(plate.to_owned(), color)).copied()
    }

    /// The driver with this certificate.
    pub fn driver(&self, certificate: &str) -> Option<&Driver> {
        self.drivers.get(certificate)
    }

    /// The operator with this id.
    pub fn operator(&self, operator: &str) -> Option<&Operator> {
        self.operators.get(operator)
    }

    /// All vehicles, in no order.
    pub fn vehicles(&self) -> impl ExactSizeIterator<Item = &Vehicle> {
        self.vehicles.values()
    }

    /// All operators, in no order.
    pub fn operators(&self) -> impl ExactSizeIterator<Item = &Operator> {
        self.operators.values()
    }

    /// Whether nothing is known about drivers, so that nobody can be called unqualified.
    pub fn has_drivers(&self) -> bool {
        !self.drivers.is_empty()
    }
}
