//! The words of the domain: vehicle, fix, observation, zone, alert.
//!
//! ```text
//! jt808 bytes ─ session ─▶ Observation ─ rules ─▶ Alert ─▶ ledger, MQTT, HTTP
//!                              ▲ Registry, Map
//! ```
//!
//! Everything here is a value: no sockets, files, clock or randomness. The alert that is raised, stored,
//! published and replayed is one type, [`Alert`]. This crate does **not** know how anything travels or is kept.

mod alert;
mod chain;
mod hazmat;
mod identity;
mod month;
mod observation;
mod place;
mod position;
mod quality;
mod registry;
mod road;
mod security;
mod time;

pub use alert::{
    Alert, AlertId, Basis, Department, DriverLabel, DriverSource, Evidence, LimitLabel, LimitSource, Measure,
    MeasureKind, PlaceLabel, PositionLabel, RULES, RuleId, Severity, State, Title, UnknownRule, VehicleLabel,
    ZoneLabel,
};
pub use chain::{Chain, NoChain};
pub use hazmat::{Goods, TunnelCategory, TunnelCode};
pub use identity::{Division, InvalidIdentity, PlateColor, TerminalId, VehicleClass};
pub use month::{InvalidMonth, Month};
pub use observation::{
    Alarms, Card, Dialect, Fix, News, Notice, Observation, Registration, Report, SafetyCode, SafetyEvent,
    SafetyPhase, Status,
};
pub use place::{DailyHours, Leg, Map, PORTAL_M, RouteIndex, Touch, Zone, ZoneHit, ZoneIndex, ZoneKind};
pub use position::{Heading, LonLat, Speed};
pub use quality::{DayCount, FAULT_BIT_FIRST, FAULT_BITS, Tally};
pub use registry::{Driver, Operator, Permit, PermitKind, Registry, Role, Vehicle};
pub use road::{
    Ahead, Along, Candidate, Caution, OnRoad, PostedLimit, Road, RoadClass, RoadIndex, Structure, Trail,
};
pub use security::{Binding, Threat};
pub use time::{EventTime, InvalidTime, ReceiveTime, duration_text};
