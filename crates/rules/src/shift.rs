//! What the engine of one vehicle tells of the driver whose card is in it: the pieces that [`crate::Crews`] puts
//! together over all vehicles. Few: a change of card, the end of a drive, and once a minute while it goes on.

use std::time::Duration;

use fleet::{DriverLabel, EventTime, Fix, RuleId, TerminalId};

use crate::kind::driving::{Step, Stretch};
use crate::lane::{Ground, Lane};

/// A drive is told of this often, and whenever it ends; so exact are the accounts of drivers.
const GRAIN: Duration = Duration::from_secs(60);

/// One piece of a driver's account.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// In which vehicle.
    pub terminal: TerminalId,
    /// Whose card is, or was, in its reader.
    pub driver: DriverLabel,
    /// What happened.
    pub what: ShiftNews,
    /// The newest position; news of a card may be older than it.
    pub fix: Fix,
    /// Told out of the terminal's memory: it counts, but raises nothing by itself.
    pub late: bool,
}

/// What happened to a driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShiftNews {
    /// The card went in.
    CardIn(EventTime),
    /// The card came out, or another one went in.
    CardOut(EventTime),
    /// Some driving.
    Drove {
        /// When it began.
        from: EventTime,
        /// When it ended.
        to: EventTime,
        /// How much of it may not have been driving.
        idle: Duration,
        /// Since when the vehicle's own account knows of no rest.
        own_span: Option<EventTime>,
        /// Whether a fatigue alert of the vehicle's own account is open.
        own_says: bool,
    },
    /// The vehicle has stood for as long as a rest takes.
    Rested(EventTime),
}

impl Lane {
    /// Adds what a fix showed to the driver's turn at the wheel, and tells of it when it is time to. `span` is when the
    /// vehicle's own account began before this fix.
    pub(crate) fn at_the_wheel(
        &mut self,
        ground: Ground<'_>,
        span: Option<EventTime>,
        step: Step,
        shifts: &mut Vec<Shift>,
    ) {
        if ground.driver.is_none() {
            self.turn = None;
            return;
        }
        let drove = step.drove.and_then(|drove| since(drove, ground.since));
        if drove.is_none_or(|drove| self.turn.as_deref().is_some_and(|turn| turn.to != drove.from)) {
            self.tell(ground, span, shifts);
        }
        if let Some(drove) = drove {
            let turn = self.turn.get_or_insert_with(|| {
                Box::new(Stretch { from: drove.from, to: drove.from, idle: Duration::ZERO })
            });
            (turn.to, turn.idle) = (drove.to, turn.idle + drove.idle);
            if turn.to.since(turn.from) >= GRAIN {
                self.tell(ground, self.drive.span_start(), shifts);
            }
        }
        if let Some(fix) = self.newest.filter(|_| step.rested) {
            shifts.extend(shift(ground, ShiftNews::Rested(fix.at), fix));
        }
    }

    /// Tells of the driving that was not told of yet.
    pub(crate) fn tell(&mut self, ground: Ground<'_>, own_span: Option<EventTime>, shifts: &mut Vec<Shift>) {
        let Some((turn, fix)) = self.turn.take().zip(self.newest) else { return };
        let what = ShiftNews::Drove {
            from: turn.from,
            to: turn.to,
            idle: turn.idle,
            own_span,
            own_says: self.episodes.is_open(RuleId::FATIGUE),
        };
        shifts.extend(shift(ground, what, fix));
    }

    /// Tells of the card itself.
    pub(crate) fn tell_card(&mut self, ground: Ground<'_>, inserted: bool, at: EventTime) -> Option<Shift> {
        let what = if inserted { ShiftNews::CardIn(at) } else { ShiftNews::CardOut(at) };
        let fix = self.last_fix(None);
        shift(ground, what, Fix { at: at.max(fix.at), ..fix })
    }
}

fn shift(ground: Ground<'_>, what: ShiftNews, fix: Fix) -> Option<Shift> {
    let driver = ground.driver?.clone();
    Some(Shift { terminal: ground.terminal, driver, what, fix, late: ground.late })
}

/// The part of a drive after the driver's card went in.
fn since(drove: Stretch, card: Option<EventTime>) -> Option<Stretch> {
    let from = card.map_or(drove.from, |card| card.max(drove.from));
    let idle = drove.idle.min(drove.to.since(from));
    (from < drove.to).then_some(Stretch { from, idle, ..drove })
}
