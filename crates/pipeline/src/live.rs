//! What is true now: the latest word of every vehicle, and a feed of what changes. Views only; the truth is in the journal.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use fleet::{Alarms, Alert, Fix, ReceiveTime, Severity, Status, TerminalId};
use rules::Structure;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// Events kept for a subscriber that falls behind; past this it sees `Lagged` and asks for a fresh list.
const FEED_EVENTS_MAX: usize = 4096;

/// The latest word of one vehicle.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LiveVehicle {
    /// Its terminal.
    pub terminal: TerminalId,
    /// Its newest accepted position; `None` before the first.
    pub fix: Option<Fix>,
    /// When the gateway last heard a report of it.
    pub received: ReceiveTime,
    /// Alarm bits of the newest report.
    pub alarms: Alarms,
    /// Status bits of the newest report.
    pub status: Status,
    /// Its worst alert that is not cleared.
    pub worst_open: Option<Severity>,
    /// How many of its alerts are not cleared.
    pub open_alerts: u32,
}

/// Something changed.
#[derive(Clone, Debug)]
pub enum LiveEvent {
    /// A new revision of an alert, after it is in the ledger.
    Alert(Arc<Alert>),
    /// A vehicle reported.
    Vehicle(Arc<LiveVehicle>),
}

/// The handle on what is true now; clones share one state.
#[derive(Clone)]
pub struct Live {
    vehicles: Arc<RwLock<HashMap<TerminalId, Arc<LiveVehicle>>>>,
    structures: Arc<RwLock<Arc<[Structure]>>>,
    feed: broadcast::Sender<LiveEvent>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            vehicles: Arc::default(),
            structures: Arc::default(),
            feed: broadcast::Sender::new(FEED_EVENTS_MAX),
        }
    }
}

impl Live {
    /// Every vehicle heard of since the start or the last snapshot, by rising terminal number.
    pub fn vehicles(&self) -> Vec<Arc<LiveVehicle>> {
        let mut all: Vec<_> = self.vehicles.read().expect("no writer panics").values().cloned().collect();
        all.sort_by_key(|vehicle| vehicle.terminal);
        all
    }

    /// One vehicle.
    pub fn vehicle(&self, terminal: TerminalId) -> Option<Arc<LiveVehicle>> {
        self.vehicles.read().expect("no writer panics").get(&terminal).cloned()
    }

    /// Every bridge and tunnel a notice spoke of, by rising id.
    pub fn structures(&self) -> Arc<[Structure]> {
        Arc::clone(&self.structures.read().expect("no writer panics"))
    }

    /// Stores what the rules know of structures.
    pub fn set_structures(&self, structures: &[Structure]) {
        *self.structures.write().expect("no writer panics") = structures.into();
    }

    /// Everything that changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.feed.subscribe()
    }

    /// Stores a vehicle's latest word and tells subscribers.
    pub fn publish_vehicle(&self, vehicle: LiveVehicle) {
        let vehicle = Arc::new(vehicle);
        self.vehicles.write().expect("no writer panics").insert(vehicle.terminal, Arc::clone(&vehicle));
        // An error only says that nobody listens.
        let _ = self.feed.send(LiveEvent::Vehicle(vehicle));
    }

    /// Tells subscribers of a new revision of an alert.
    pub fn publish_alert(&self, alert: Arc<Alert>) {
        // An error only says that nobody listens.
        let _ = self.feed.send(LiveEvent::Alert(alert));
    }
}
