//! What happens at the wheel of one vehicle: who takes over from whom, how, and how far one drives alone.

use std::time::Duration;

use fleet::{EventTime, Fix, Leg, MeasureKind, RoadClass, Role, RuleId, Severity, Touch, ZoneKind};
use serde::{Deserialize, Serialize};

use crate::kind::driving::{Drive, Step};
use crate::kind::evasion;
use crate::kind::honesty::tamper;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// What is remembered of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Wheel {
    /// Another card went in before the vehicle had stood long enough; when it was last seen to drive before.
    swap: Option<EventTime>,
    turns: Option<Box<Turns>>,
    /// When an escort's card was read last.
    pub(crate) escort_at: Option<EventTime>,
    /// When another driver took over at a relay point last.
    pub(crate) relayed_at: Option<EventTime>,
    alone: Option<Alone>,
}

/// Two cards that take turns.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Turns {
    pair: (String, String),
    /// How often the one took over from the other just before a limit and without a rest.
    count: u8,
}

/// A trip with one driver.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Alone {
    metres: f64,
    /// Of them on expressways.
    express_m: f64,
    /// A second driver has taken part.
    shared: bool,
}

/// The share of a way on expressways from which on it is one by expressway.
const BY_EXPRESSWAY: f64 = 0.8;
/// A vehicle that stood this long at a relay point was waiting there for its turn.
const WAITED: Duration = Duration::from_secs(2 * 3600);
/// From here on a relay is one of this night.
const NIGHT: Duration = Duration::from_secs(12 * 3600);

/// Whose card went in.
pub(crate) struct LogOn {
    /// As what they are on file; who is not, as a driver.
    pub(crate) role: Role,
    /// The driver before, if it was another one.
    pub(crate) before: Option<String>,
}

impl Wheel {
    /// Somebody's card went in.
    pub(crate) fn log_on(
        wheel: &mut Option<Box<Self>>,
        scene: &Scene<'_>,
        drive: &mut Drive,
        log_on: &LogOn,
        signals: &mut Vec<Signal>,
    ) {
        match log_on.role {
            Role::Driver => {}
            Role::Escort => {
                wheel.get_or_insert_default().escort_at = Some(scene.fix.at);
                return;
            }
            Role::Carer => return,
        }
        if scene.book.night_ban.relay {
            wheel.get_or_insert_default().relay(scene, drive, log_on.before.is_some());
        }
        if let Some(before) = &log_on.before {
            wheel.get_or_insert_default().hand_over(scene, drive, before, signals);
        }
    }

    /// Another driver's card went in. The account begins anew if the vehicle has stood long enough; else that is seen
    /// later.
    fn hand_over(&mut self, scene: &Scene<'_>, drive: &mut Drive, before: &str, signals: &mut Vec<Signal>) {
        let at = scene.fix.at;
        let Some(new) = scene.driver else { return };
        self.take_turns(scene, drive, (before, &new.certificate), signals);
        if let Some(alone) = &mut self.alone {
            alone.shared = true;
        }
        let moving_kmh = scene.book.common.moving_kmh;
        if drive.standing(at).is_some_and(|stood| stood >= scene.book.fatigue.driver_change_stop) {
            drive.change_driver();
            self.swap = None;
        } else {
            let drove = scene.recent.iter().rev().find(|fix| fix.speed.kmh() >= moving_kmh);
            self.swap = drove.map(|fix| fix.at);
        }
    }

    /// A driver's card went in: another one, or one of a vehicle that waited for its turn.
    fn relay(&mut self, scene: &Scene<'_>, drive: &Drive, is_new: bool) {
        let at = scene.fix.at;
        let waited = drive.standing(at).is_some_and(|stood| stood >= WAITED);
        if !(is_new || waited) || !scene.book.night_ban.relay_hours.contains(at.second_of_day()) {
            return;
        }
        let mut hits = Vec::new();
        scene.map.zones(Leg { from: None, to: scene.fix.position }, &mut hits);
        let is_relay = |zone| scene.map.zone(zone).kind == ZoneKind::RelayPoint;
        if hits.iter().any(|hit| hit.touch == Touch::Inside && is_relay(hit.zone)) {
            self.relayed_at = Some(at);
        }
    }

    /// Whether a relay was carried out this night.
    pub(crate) fn has_relayed(&self, at: EventTime) -> bool {
        self.relayed_at.is_some_and(|relayed| relayed <= at && at.since(relayed) < NIGHT)
    }

    /// One fix of the vehicle, after the driving account took it in.
    pub(crate) fn step(
        wheel: &mut Option<Box<Self>>,
        scene: &Scene<'_>,
        (drive, step): (&mut Drive, Step),
        previous: Option<&Fix>,
        signals: &mut Vec<Signal>,
    ) {
        if let Some(wheel) = wheel {
            wheel.resolve(scene, drive, step, signals);
        }
        if scene.class.is_coach() && scene.driver.is_some() {
            wheel.get_or_insert_default().go_alone(scene, drive, previous, signals);
        }
    }

    /// Whether a swap of cards lay in a stop that was long enough, or in none.
    fn resolve(&mut self, scene: &Scene<'_>, drive: &mut Drive, step: Step, signals: &mut Vec<Signal>) {
        let Some(drove_at) = self.swap else { return };
        let (at, stop) = (scene.fix.at, scene.book.fatigue.driver_change_stop);
        if step.drove.is_some() {
            self.swap = None;
            // Seldom reports leave room for a stop that was long enough: then nothing is said.
            if at.since(drove_at) < stop {
                let text = ("行驶中或短暂停车时换卡", "cards swapped while driving or in a brief stop");
                let signal = tamper(scene, "card-swap", text);
                signals.push(Signal { grip: Grip::Counts(at), hold: Some(Duration::ZERO), ..signal });
            }
        } else if drive.standing(at).is_some_and(|stood| stood >= stop) {
            drive.change_driver();
            self.swap = None;
        }
    }

    /// Two cards that take turns just before the limit, with stops too short for a rest.
    fn take_turns(
        &mut self,
        scene: &Scene<'_>,
        drive: &Drive,
        (before, new): (&str, &str),
        signals: &mut Vec<Signal>,
    ) {
        let rule = &scene.book.device_tamper;
        let near = evasion::near(scene, drive, scene.fix.at).is_some();
        let is_pair = |turns: &&mut Box<Turns>| {
            (turns.pair.0 == before && turns.pair.1 == new) || (turns.pair.0 == new && turns.pair.1 == before)
        };
        match self.turns.as_mut().filter(is_pair) {
            Some(turns) if near => turns.count = turns.count.saturating_add(1),
            Some(_) | None => {
                let pair = (before.to_owned(), new.to_owned());
                self.turns = near.then(|| Box::new(Turns { pair, count: 1 }));
            }
        }
        let count = self.turns.as_ref().map_or(0, |turns| turns.count);
        if rule.alternations > 0 && count >= rule.alternations {
            let text = ("两卡临近时限反复轮换", "two cards take turns just before the limit");
            let signal = Signal { severity: Severity::Info, ..tamper(scene, "card-turns", text) };
            let grip = Grip::Counts(scene.fix.at);
            signals.push(Signal { grip, hold: Some(Duration::ZERO), ..signal });
        }
    }

    /// One driver on a way that needs two.
    fn go_alone(
        &mut self,
        scene: &Scene<'_>,
        drive: &Drive,
        previous: Option<&Fix>,
        signals: &mut Vec<Signal>,
    ) {
        let rule = &scene.book.fatigue;
        let at = scene.fix.at;
        let silent = previous.is_none_or(|fix| at.since(fix.at) >= rule.trip_rest);
        if silent || drive.standing(at).is_some_and(|stood| stood >= rule.trip_rest) {
            self.alone = None;
            return;
        }
        let alone = self.alone.get_or_insert(Alone { metres: 0.0, express_m: 0.0, shared: false });
        let metres = previous.map_or(0.0, |fix| fix.position.distance_m(scene.fix.position));
        alone.metres += metres;
        if scene.on().is_some_and(|road| RoadClass::is_expressway(road.class)) {
            alone.express_m += metres;
        }
        let by_expressway = alone.express_m >= BY_EXPRESSWAY * alone.metres;
        let limit_m = if by_expressway { rule.alone_expressway_m } else { rule.alone_m };
        if alone.shared || alone.metres <= limit_m {
            return;
        }
        let text = ("长途客车单程仅一名驾驶员", "one driver alone on a way that needs two");
        signals.push(
            Signal::new(RuleId::FATIGUE, Severity::Major, text)
                .to(law::supervision(scene.class), law::NIGHT_COACH)
                .measured(MeasureKind::DistanceM, alone.metres, Some(limit_m))
                .about(Subject::Named("alone")),
        );
    }
}
