//! Bridges and tunnels with a monitor: what was measured, and whether that closes them.
//!
//! A single reading closes nothing: a level stands once `readings` in a row show it or a worse one. Without a level
//! of the monitor's own, the figure is judged, and figures that jump from one side to the other confirm nothing.
//! What was closed stays closed until a person opens it.

use fleet::{EventTime, ReceiveTime};
use serde::{Deserialize, Serialize};

use crate::book::ClosedStructure;

/// Structures with a monitor, at most. Only zones of the map are taken in; the whole country has some thousand.
const STRUCTURES_MAX: usize = 16_384;

/// The levels of a monitor: information, over the limit, over the limit and growing.
const LEVELS: usize = 3;

/// From this level on it is closed to dangerous goods.
pub(crate) const CLOSED_TO_HAZMAT: u8 = 2;
/// From this level on it is closed to all.
pub(crate) const CLOSED_TO_ALL: u8 = 3;

/// One reading, judged.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reading {
    /// When it was measured.
    pub at: EventTime,
    /// Millimetres.
    pub displacement_mm: f64,
    /// 0 to 3, the monitor's own or by the figure.
    pub level: u8,
    own: bool,
}

/// Closed, since when and how bad.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Closure {
    /// When what closed it was measured, at the latest when we heard of it.
    pub since: EventTime,
    /// 2: to dangerous goods, 3: to all. It only rises.
    pub level: u8,
}

/// Opened by a person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reopening {
    /// When.
    pub at: EventTime,
    /// By whom.
    pub by: String,
}

/// A bridge or tunnel that a notice spoke of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Structure {
    /// The zone's id.
    pub id: String,
    /// The newest reading.
    pub last: Option<Reading>,
    /// `None`: open.
    pub closed: Option<Closure>,
    /// When it was last opened again, and by whom.
    pub reopened: Option<Reopening>,
    /// How many readings in a row have shown each level or a worse one.
    runs: [u8; LEVELS],
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Noticed {
    /// It was taken in.
    Taken,
    /// From further ahead than the tolerance.
    FutureTime,
    /// No displacement anything can have, or no such level.
    Implausible,
    /// Not newer than the last one, or too old to say anything of now.
    Stale,
    /// No more structures are remembered.
    StructuresMax,
    /// It was open anyway.
    Unchanged,
    /// No zone, plate or track it could be about.
    Unknown,
}

impl Noticed {
    /// For metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::FutureTime => "future-time",
            Self::Implausible => "implausible",
            Self::Stale => "stale",
            Self::StructuresMax => "structures-max",
            Self::Unchanged => "unchanged",
            Self::Unknown => "unknown",
        }
    }
}

/// All of them, by rising id.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Structures(Vec<Structure>);

impl Structures {
    /// Where no zone is looked at.
    pub(crate) const NONE: &Self = &Self(Vec::new());

    pub(crate) fn list(&self) -> &[Structure] {
        &self.0
    }

    /// The level a structure was closed at, at a moment.
    pub(crate) fn closed(&self, id: &str, at: EventTime) -> Option<u8> {
        let place = self.0.binary_search_by(|known| known.id.as_str().cmp(id)).ok()?;
        self.0.get(place)?.closed.filter(|closure| closure.since <= at).map(|closure| closure.level)
    }

    /// Takes in a reading; says whether it closes the structure to more than before.
    pub(crate) fn read(
        &mut self,
        book: &ClosedStructure,
        id: &str,
        received: ReceiveTime,
        (at, displacement_mm, level): (EventTime, f64, Option<u8>),
    ) -> Result<bool, Noticed> {
        if !displacement_mm.is_finite()
            || displacement_mm.abs() > book.displacement_mm_max
            || level.is_some_and(|level| usize::from(level) > LEVELS)
        {
            return Err(Noticed::Implausible);
        }
        if at.age_at(received) > book.reading_age_max {
            return Err(Noticed::Stale);
        }
        let structure = self.entry(id)?;
        let newest = structure.last.map(|last| last.at);
        let newest = newest.max(structure.reopened.as_ref().map(|opened| opened.at));
        if newest.is_some_and(|newest| at <= newest) {
            return Err(Noticed::Stale);
        }
        let own = level.is_some();
        let level = level.unwrap_or_else(|| by_figure(book, displacement_mm));
        structure.count(book, Reading { at, displacement_mm, level, own });
        Ok(structure.close(book, at.min(received.as_event())))
    }

    /// A person opens it again; what was read before counts no more.
    pub(crate) fn reopen(&mut self, id: &str, at: EventTime, by: &str) -> Result<(), Noticed> {
        let place =
            self.0.binary_search_by(|known| known.id.as_str().cmp(id)).map_err(|_| Noticed::Unknown)?;
        let structure = self.0.get_mut(place).ok_or(Noticed::Unknown)?;
        structure.closed.take().ok_or(Noticed::Unchanged)?;
        structure.runs = [0; LEVELS];
        structure.reopened = Some(Reopening { at, by: by.to_owned() });
        Ok(())
    }

    fn entry(&mut self, id: &str) -> Result<&mut Structure, Noticed> {
        let place = match self.0.binary_search_by(|known| known.id.as_str().cmp(id)) {
            Ok(place) => place,
            Err(_) if self.0.len() >= STRUCTURES_MAX => return Err(Noticed::StructuresMax),
            Err(place) => {
                self.0.insert(place, Structure { id: id.to_owned(), ..Structure::default() });
                place
            }
        };
        self.0.get_mut(place).ok_or(Noticed::StructuresMax)
    }
}

impl Structure {
    /// Goes on with the runs of readings that confirm each other.
    fn count(&mut self, book: &ClosedStructure, reading: Reading) {
        let agrees = self.last.is_some_and(|last| {
            let soon = reading.at.since(last.at) <= book.reading_age_max;
            let same_side = (last.displacement_mm < 0.0) == (reading.displacement_mm < 0.0);
            soon && (reading.own || last.own || same_side)
        });
        for (run, level) in self.runs.iter_mut().zip(1_u8..) {
            *run = match (reading.level >= level, agrees) {
                (true, true) => run.saturating_add(1),
                (true, false) => 1,
                (false, _) => 0,
            };
        }
        self.last = Some(reading);
    }

    /// Whether what is confirmed now is worse than what it is closed for.
    fn close(&mut self, book: &ClosedStructure, since: EventTime) -> bool {
        let confirmed = self.runs.iter().zip(1_u8..).filter(|(run, _)| **run >= book.readings.max(1));
        let level = confirmed.map(|(_, level)| level).max().unwrap_or(0);
        let before = self.closed.map_or(CLOSED_TO_HAZMAT - 1, |closure| closure.level);
        if level <= before {
            return false;
        }
        self.closed = Some(Closure { since: self.closed.map_or(since, |closure| closure.since), level });
        true
    }
}

fn by_figure(book: &ClosedStructure, displacement_mm: f64) -> u8 {
    match displacement_mm.abs() {
        mm if mm >= book.level_3_mm => 3,
        mm if mm >= book.level_2_mm => 2,
        mm if mm >= book.level_1_mm => 1,
        _ => 0,
    }
}
