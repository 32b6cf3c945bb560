//! What is on file about vehicles, drivers and operators.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::identity::kebab_enum;
use crate::{Division, EventTime, PlateColor, TerminalId, TunnelCode, VehicleClass};

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
    /// Tunnel code of what it carries; `None`: by the UN number.
    pub tunnel_code: Option<TunnelCode>,
    /// Whether it carries it in a tank or in bulk; `None`: not known, taken for yes.
    pub tank: Option<bool>,
}

impl Vehicle {
    /// Whether plate and colour are the same.
    pub fn has_plate(&self, plate: &str, color: PlateColor) -> bool {
        self.plate == plate && self.plate_color == color
    }
}

kebab_enum! {
    /// What somebody on board is qualified as.
    Role, "role", "one of driver, escort, carer", {
        /// 驾驶员
        Driver = "driver", "驾驶员";
        /// 押运员 of dangerous goods.
        Escort = "escort", "押运员";
        /// 照管员 of a school bus.
        Carer = "carer", "照管员";
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
    /// As what.
    pub role: Role,
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

kebab_enum! {
    /// What a permit lets its vehicle do.
    PermitKind, "permit kind", "one of passage, charter, emergency-charter, relay, waybill", {
        /// 通行证: pass a restricted zone once.
        Passage = "passage", "通行证";
        /// 包车牌: a charter trip between two places.
        Charter = "charter", "包车牌";
        /// 紧急包车: free of the rule that one end lies at home.
        EmergencyCharter = "emergency-charter", "紧急包车";
        /// 接驳运输凭证: a long-distance coach that changes driver or vehicle by night.
        Relay = "relay", "接驳运输凭证";
        /// 电子运单: one vehicle, one trip with dangerous goods.
        Waybill = "waybill", "危险货物电子运单";
    }
}

/// A row of `permits.csv`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Permit {
    /// Its number, unique.
    pub permit: String,
    /// What it allows.
    pub kind: PermitKind,
    /// To whom.
    pub terminal: TerminalId,
    /// The first moment it holds.
    pub valid_from: EventTime,
    /// The first moment it no longer holds.
    pub valid_until: EventTime,
    /// The zone it opens ([`PermitKind::Passage`]).
    pub zone: Option<String>,
    /// Where the trip begins.
    pub origin: Option<Division>,
    /// Where it ends.
    pub destination: Option<Division>,
}

impl Permit {
    /// Whether it holds at a moment.
    pub fn holds(&self, at: EventTime) -> bool {
        self.valid_from <= at && at < self.valid_until
    }
}

/// All reference data about people and vehicles; one consistent set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    vehicles: HashMap<TerminalId, Vehicle>,
    plates: HashMap<(String, PlateColor), TerminalId>,
    drivers: HashMap<String, Driver>,
    operators: HashMap<String, Operator>,
    permits: HashMap<TerminalId, Vec<Permit>>,
    /// Operators any of whose vehicles has a permit for a charter trip on file.
    charterers: HashSet<String>,
}

impl Registry {
    /// Later rows with the same key replace earlier ones; `settings` reports those before it gets here.
    pub fn new(vehicles: Vec<Vehicle>, drivers: Vec<Driver>, operators: Vec<Operator>) -> Self {
        Self {
            plates: vehicles.iter().map(|v| ((v.plate.clone(), v.plate_color), v.terminal)).collect(),
            vehicles: vehicles.into_iter().map(|v| (v.terminal, v)).collect(),
            drivers: drivers.into_iter().map(|d| (d.certificate.clone(), d)).collect(),
            operators: operators.into_iter().map(|o| (o.operator.clone(), o)).collect(),
            permits: HashMap::new(),
            charterers: HashSet::new(),
        }
    }

    /// The same with these permits.
    #[must_use]
    pub fn with_permits(mut self, permits: Vec<Permit>) -> Self {
        self.permits.clear();
        self.charterers.clear();
        for permit in permits {
            let holder = self.vehicles.get(&permit.terminal);
            let files = holder.filter(|_| permit.kind == PermitKind::Charter);
            self.charterers.extend(files.map(|vehicle| vehicle.operator.clone()));
            self.permits.entry(permit.terminal).or_default().push(permit);
        }
        self
    }

    /// Every permit of a vehicle, as in the file.
    pub fn permits(&self, terminal: TerminalId) -> &[Permit] {
        self.permits.get(&terminal).map_or(&[], Vec::as_slice)
    }

    /// Whether an operator's charter trips are on file at all, so that one without a permit can be told.
    pub fn files_charters(&self, operator: &str) -> bool {
        self.charterers.contains(operator)
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

    /// All drivers, escorts and carers, in no order.
    pub fn drivers(&self) -> impl ExactSizeIterator<Item = &Driver> {
        self.drivers.values()
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
