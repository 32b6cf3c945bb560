//! The counts of every vehicle's days, and their way out of the engine.

use std::sync::Arc;

use fleet::{Alert, News, Observation, RuleId, Tally};

use super::{Engine, Verdict};

impl Engine {
    /// Hands out the counts of the days that changed, of at most so many vehicles.
    pub fn drain_quality(&mut self, most: usize, out: &mut Vec<Tally>) {
        for number in self.waiting.drain(..most.min(self.waiting.len())) {
            let index = number as usize;
            let (vehicle, changed) = (&self.state.vehicles[index], std::mem::take(&mut self.changed[index]));
            let operator = self.registry.vehicle(vehicle.terminal).map(|v| v.operator.clone());
            let operator = operator.unwrap_or_default();
            out.extend(vehicle.quality.changed(changed).map(|count| Tally {
                terminal: vehicle.terminal,
                operator: operator.clone(),
                count: count.clone(),
            }));
        }
    }

    /// How many vehicles have days that changed.
    pub fn quality_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Counts a word of a vehicle, and what the rules said.
    pub(super) fn count(&mut self, index: usize, heard: Option<(&Observation, Verdict)>, said: &[Alert]) {
        let book = Arc::clone(&self.facts[index].book);
        let (vehicle, changed) = (&mut self.state.vehicles[index], &mut self.changed[index]);
        let waits = !changed.is_none();
        if let Some((observation, verdict)) = heard {
            vehicle.quality.hear(observation.received, changed);
            if let News::Report(report) = &observation.news {
                let lane = match verdict {
                    Verdict::Late => vehicle.history.as_deref(),
                    _ => Some(&vehicle.live),
                };
                let fatigued = lane.is_some_and(|lane| lane.episodes.is_open(RuleId::FATIGUE));
                let report = (&**report, observation.received);
                vehicle.quality.report(&book, report, verdict, fatigued, changed);
            }
        }
        for alert in said {
            vehicle.quality.alert(alert, changed);
        }
        if !waits && !changed.is_none() {
            self.waiting.extend(u32::try_from(index));
        }
    }
}
