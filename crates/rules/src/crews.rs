//! The second stage: what drivers do over all vehicles. The engines of the vehicles tell it piece by piece, in journal
//! order ([`Shift`]); it keeps an account a driver and raises what no vehicle alone can see.
//!
//! There is one for all vehicles, because a driver may take any of them. It is pure like [`crate::Engine`]: the same
//! pieces give the same alerts, also over a restart that saved and restored its state in between.

mod account;
mod judge;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use fleet::{Alert, DriverLabel, EventTime, Fix, Map, ReceiveTime, Registry, TerminalId};
use serde::{Deserialize, Serialize};

use crate::engine::facts;
use crate::episode::Episodes;
use crate::lane::{Facts, Ground};
use crate::rulebook::Rulebook;
use crate::shift::{Shift, ShiftNews};
use crate::structure::Structures;
use account::Account;
pub(crate) use judge::CARRIED;

/// Drivers that are remembered, some 2 kB each at most. Past it the pieces of a new one are let go; the files of
/// drivers of a whole country are smaller.
const DRIVERS_MAX: usize = 4_000_000;
/// Vehicles one card can be in at once; one that comes on top takes the place of the one heard of least lately.
const DESKS_MAX: usize = 4;
/// Positions kept a vehicle for the proof, one a piece.
const RECENT_MAX: usize = 8;
/// A driver of whom nothing was heard for so long has no account any more.
const KEPT: Duration = account::WEEK;

/// All that is remembered of drivers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CrewsState {
    /// By certificate.
    drivers: BTreeMap<String, Person>,
}

/// One driver.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Person {
    account: Account,
    /// At most [`DESKS_MAX`], by when the card went in.
    desks: Vec<Desk>,
    heard: ReceiveTime,
    /// When to look at it without a word.
    wake: ReceiveTime,
}

/// One vehicle a driver's card is in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Desk {
    terminal: TerminalId,
    name: String,
    /// When the card went in.
    since: EventTime,
    heard: ReceiveTime,
    /// No alert claims to have begun before: the driver sat elsewhere, or an earlier alert tells of it.
    floor: EventTime,
    /// At most [`RECENT_MAX`], oldest first.
    recent: VecDeque<Fix>,
    episodes: Episodes,
}

/// The rules over all drivers.
pub struct Crews {
    books: Arc<Rulebook>,
    registry: Arc<Registry>,
    map: Arc<dyn Map>,
    state: CrewsState,
    /// Every driver's `wake`, earliest first.
    wakes: BTreeSet<(ReceiveTime, String)>,
}

/// The reference data for one piece.
#[derive(Clone, Copy)]
struct Files<'a> {
    books: &'a Rulebook,
    registry: &'a Registry,
    map: &'a dyn Map,
}

impl Crews {
    /// With nothing remembered.
    pub fn new(books: Arc<Rulebook>, registry: Arc<Registry>, map: Arc<dyn Map>) -> Self {
        Self::with_state(books, registry, map, CrewsState::default())
    }

    /// Continues where `state` was saved.
    pub fn with_state(
        books: Arc<Rulebook>,
        registry: Arc<Registry>,
        map: Arc<dyn Map>,
        state: CrewsState,
    ) -> Self {
        let wakes = state.drivers.iter().map(|(driver, person)| (person.wake, driver.clone())).collect();
        Self { books, registry, map, state, wakes }
    }

    /// Takes in one piece; the driver's own deadlines up to the moment of receipt fire first.
    pub fn handle_shift(&mut self, received: ReceiveTime, shift: &Shift, out: &mut Vec<Alert>) {
        let driver = &shift.driver.certificate;
        if self.state.drivers.get(driver).is_some_and(|person| person.wake <= received) {
            self.wake(driver, received, out);
        }
        if !self.state.drivers.contains_key(driver) && self.state.drivers.len() >= DRIVERS_MAX {
            return;
        }
        let files = Files { books: &self.books, registry: &self.registry, map: &*self.map };
        let person = self.state.drivers.entry(driver.clone()).or_default();
        self.wakes.remove(&(person.wake, driver.clone()));
        person.take(files, received, shift, out);
        person.wake = person.next(files);
        self.wakes.insert((person.wake, driver.clone()));
    }

    /// Fires every deadline up to `now`.
    pub fn handle_timeout(&mut self, now: ReceiveTime, out: &mut Vec<Alert>) {
        while let Some((_, driver)) = self.wakes.first().filter(|(at, _)| *at <= now) {
            let driver = driver.clone();
            self.wake(&driver, now, out);
        }
    }

    /// The next moment [`Crews::handle_timeout`] may have something to do.
    pub fn next_timeout(&self) -> Option<ReceiveTime> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Puts new reference data into force; open alerts stay as they are until the next piece of their driver.
    pub fn reload(&mut self, books: Arc<Rulebook>, registry: Arc<Registry>, map: Arc<dyn Map>) {
        (self.books, self.registry, self.map) = (books, registry, map);
    }

    /// What to save.
    pub fn state(&self) -> &CrewsState {
        &self.state
    }

    fn wake(&mut self, driver: &str, now: ReceiveTime, out: &mut Vec<Alert>) {
        let files = Files { books: &self.books, registry: &self.registry, map: &*self.map };
        let Some(person) = self.state.drivers.get_mut(driver) else { return };
        self.wakes.remove(&(person.wake, driver.to_owned()));
        person.desks.retain_mut(|desk| {
            let falls_silent = desk.heard.plus(files.facts(desk.terminal).book.common.silence) <= now;
            if falls_silent {
                desk.close(files, driver, out);
            }
            !falls_silent
        });
        if person.desks.is_empty() && person.heard.plus(KEPT) <= now {
            self.state.drivers.remove(driver);
            return;
        }
        person.wake = person.next(files);
        self.wakes.insert((person.wake, driver.to_owned()));
    }
}

impl Files<'_> {
    fn facts(self, terminal: TerminalId) -> Facts {
        facts(self.books, self.registry, self.map, terminal)
    }
}

impl Person {
    fn take(&mut self, files: Files<'_>, received: ReceiveTime, shift: &Shift, out: &mut Vec<Alert>) {
        self.heard = self.heard.max(received);
        if let ShiftNews::Drove { from, to, idle, .. } = shift.what {
            let through = files.facts(shift.terminal).book.fatigue.stop_after;
            self.account.add(from, to, idle, through);
        }
        if shift.late {
            return;
        }
        let Some(at) = self.desk(files, received, shift, out) else { return };
        match shift.what {
            ShiftNews::CardIn(_) => {}
            ShiftNews::CardOut(_) => {
                let mut desk = self.desks.remove(at);
                desk.close(files, &shift.driver.certificate, out);
            }
            ShiftNews::Drove { .. } => {
                let mut desk = self.desks.remove(at);
                desk.judge(files, shift, (&self.account, &self.desks), out);
                self.desks.insert(at, desk);
            }
            ShiftNews::Rested(_) => self.desks[at].rest(files, shift, out),
        }
    }

    /// The place of the vehicle among the driver's, which may be new.
    fn desk(
        &mut self,
        files: Files<'_>,
        received: ReceiveTime,
        shift: &Shift,
        out: &mut Vec<Alert>,
    ) -> Option<usize> {
        let known = self.desks.iter().position(|desk| desk.terminal == shift.terminal);
        let since = match shift.what {
            ShiftNews::CardIn(at) => at,
            ShiftNews::Drove { from, .. } => from,
            ShiftNews::CardOut(_) | ShiftNews::Rested(_) if known.is_none() => return None,
            ShiftNews::CardOut(at) | ShiftNews::Rested(at) => at,
        };
        if known.is_none() {
            if self.desks.len() >= DESKS_MAX {
                let oldest = (0..self.desks.len()).min_by_key(|at| self.desks[*at].heard)?;
                self.desks.remove(oldest).close(files, &shift.driver.certificate, out);
            }
            self.desks.push(Desk::new(shift, since));
        }
        let at = known.unwrap_or(self.desks.len() - 1);
        let desk = &mut self.desks[at];
        desk.heard = desk.heard.max(received);
        desk.name.clone_from(&shift.driver.name);
        if matches!(shift.what, ShiftNews::CardIn(_)) {
            desk.since = since;
        }
        if desk.recent.back().is_none_or(|last| last.at < shift.fix.at) {
            if desk.recent.len() >= RECENT_MAX {
                desk.recent.pop_front();
            }
            desk.recent.push_back(shift.fix);
        }
        Some(at)
    }

    /// When it may have fallen silent, or be forgotten.
    fn next(&self, files: Files<'_>) -> ReceiveTime {
        let silent = |desk: &Desk| desk.heard.plus(files.facts(desk.terminal).book.common.silence);
        self.desks.iter().map(silent).min().unwrap_or(self.heard.plus(KEPT))
    }
}

impl Desk {
    fn new(shift: &Shift, since: EventTime) -> Self {
        // What the vehicle drove before this news of a card came has been judged already, with whoever was logged on.
        let floor = match shift.what {
            ShiftNews::CardIn(_) => since.max(shift.fix.at),
            ShiftNews::CardOut(_) | ShiftNews::Drove { .. } | ShiftNews::Rested(_) => since,
        };
        Self {
            terminal: shift.terminal,
            name: String::new(),
            since,
            heard: ReceiveTime::default(),
            floor,
            recent: VecDeque::new(),
            episodes: Episodes::default(),
        }
    }

    /// Clears whatever is open: the driver left, or nothing was heard.
    fn close(&mut self, files: Files<'_>, certificate: &str, out: &mut Vec<Alert>) {
        let Some(fix) = self.recent.back().copied().filter(|_| !self.episodes.is_empty()) else { return };
        let driver = DriverLabel { certificate: certificate.to_owned(), name: self.name.clone() };
        let facts = files.facts(self.terminal);
        let scene = self::ground(files, self.terminal, &facts, &driver).scene(fix, &self.recent);
        self.episodes.close(fix.at, &scene, out);
    }
}

fn ground<'a>(
    files: Files<'a>,
    terminal: TerminalId,
    facts: &'a Facts,
    driver: &'a DriverLabel,
) -> Ground<'a> {
    Ground {
        book: &facts.book,
        rules_version: files.books.version(),
        registry: files.registry,
        map: files.map,
        structures: Structures::NONE,
        terminal,
        class: facts.class,
        facts,
        driver: Some(driver),
        since: None,
        reader: true,
        late: false,
    }
}
