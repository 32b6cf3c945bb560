//! What no terminal sends: readings of monitors, structures opened by people, plates seen by cameras.

use fleet::{Alert, EventTime, Fix, LonLat, Notice, ReceiveTime, TerminalId, ZoneIndex};

use super::{Engine, bad_time};
use crate::structure::{Noticed, Structure};

impl Engine {
    /// Fires the deadlines of whom it is about up to the moment of receipt, then takes in the notice. Every shard of a fleet
    /// gets every notice about structures; a sighting is for the one that knows the vehicle with this plate. Time itself
    /// is for [`Engine::handle_timeout`].
    pub fn handle_notice(&mut self, received: ReceiveTime, notice: &Notice, out: &mut Vec<Alert>) -> Noticed {
        self.handle_timeout_before(received, notice, out);
        let taken = match notice {
            Notice::Displacement { structure, at, displacement_mm, level } => {
                self.displacement(received, structure, (*at, *displacement_mm, *level), out)
            }
            Notice::Reopen { structure, at, by } => self.reopen(received, structure, (*at, by), out),
            Notice::Sighting { plate, color, at, position, camera: _ } => {
                let terminal = self.registry.terminal_of(plate, *color);
                self.sighting(received, terminal, (*at, *position), out)
            }
            Notice::Time => Ok(()),
        };
        taken.err().unwrap_or(Noticed::Taken)
    }

    /// Fires the deadlines up to `now` of whom a notice is about: of every vehicle, or of the one that was seen.
    pub fn handle_timeout_before(&mut self, now: ReceiveTime, notice: &Notice, out: &mut Vec<Alert>) {
        match notice {
            Notice::Displacement { .. } | Notice::Reopen { .. } => self.handle_timeout(now, out),
            Notice::Sighting { plate, color, .. } => {
                if let Some(index) =
                    self.registry.terminal_of(plate, *color).and_then(|it| self.index.get(&it))
                {
                    self.wake_due(*index as usize, now, out);
                }
            }
            Notice::Time => {}
        }
    }

    /// Every structure a notice spoke of, by rising id.
    pub fn structures(&self) -> &[Structure] {
        self.state.structures.list()
    }

    fn displacement(
        &mut self,
        received: ReceiveTime,
        id: &str,
        reading: (EventTime, f64, Option<u8>),
        out: &mut Vec<Alert>,
    ) -> Result<(), Noticed> {
        let books = std::sync::Arc::clone(&self.books);
        let zone = self.map.zone_index(id).ok_or(Noticed::Unknown)?;
        if reading.0.ahead_of(received) > books.base().common.future_tolerance {
            return Err(Noticed::FutureTime);
        }
        if self.state.structures.read(&books.base().closed_structure, id, received, reading)? {
            for index in 0..self.state.vehicles.len() {
                self.close(index, received, zone, out);
            }
        }
        Ok(())
    }

    /// Whoever is on it or on the way to it is told at once, by the newest word of each.
    fn close(&mut self, index: usize, received: ReceiveTime, zone: ZoneIndex, out: &mut Vec<Alert>) {
        let window = self.facts[index].book.common.live_window;
        let newest = self.state.vehicles[index].live.newest;
        if newest.is_none_or(|newest| newest.at.age_at(received) > window) {
            return;
        }
        self.turn(index, false, |lane, ground, clear, scratch| {
            lane.closed(ground, received, (zone, *clear), scratch, out);
        });
        self.schedule(index);
    }

    fn reopen(
        &mut self,
        received: ReceiveTime,
        id: &str,
        (at, by): (EventTime, &str),
        out: &mut Vec<Alert>,
    ) -> Result<(), Noticed> {
        self.state.structures.reopen(id, at.min(received.as_event()), by)?;
        let Some(zone) = self.map.zone_index(id) else { return Ok(()) };
        for index in 0..self.state.vehicles.len() {
            if !self.state.vehicles[index].live.episodes.is_empty() {
                self.turn(index, false, |lane, ground, _, _| lane.reopened(ground, received, zone, out));
            }
        }
        Ok(())
    }

    /// A camera saw a plate: is that where its vehicle can have been?
    fn sighting(
        &mut self,
        received: ReceiveTime,
        terminal: Option<TerminalId>,
        (at, position): (EventTime, LonLat),
        out: &mut Vec<Alert>,
    ) -> Result<(), Noticed> {
        let index = terminal.and_then(|terminal| self.index.get(&terminal)).ok_or(Noticed::Unknown)?;
        let index = *index as usize;
        let book = std::sync::Arc::clone(&self.facts[index].book);
        match bad_time(&book.common, at, received) {
            Some(super::Fault::FutureTime) => return Err(Noticed::FutureTime),
            Some(_) => return Err(Noticed::Stale),
            None => {}
        }
        let rule = &book.clone_plate;
        let apart = |fix: &Fix| fix.at.since(at).max(at.since(fix.at));
        let nearest = self.state.vehicles[index].live.recent().min_by_key(|fix| apart(fix)).copied();
        let nearest = nearest.filter(|fix| apart(fix) <= rule.live_within).ok_or(Noticed::Unknown)?;
        let least_m = nearest.position.distance_m(position) - rule.sighting_slack_m;
        let kmh = least_m / apart(&nearest).as_secs_f64().max(1.0) * 3.6;
        if kmh > rule.impossible_kmh {
            self.turn(index, false, |lane, ground, _, _| lane.sighted(ground, received, kmh, out));
            self.schedule(index);
        }
        Ok(())
    }
}
