//! All that is remembered of one vehicle.

use fleet::{DriverLabel, EventTime, ReceiveTime, Report, TerminalId};
use serde::{Deserialize, Serialize};

use crate::Book;
use crate::kind::device::{Clock, Lag};
use crate::lane::Lane;
use crate::quality::Quality;

/// Fingerprints a vehicle keeps to recognise a duplicate. A terminal resends what it has no answer for, a few
/// dozen reports at most; an older one is evaluated as history again and leads to the same ids.
const SEEN_MAX: usize = 64;

/// One row of the engine's state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Remembered {
    pub(crate) terminal: TerminalId,
    pub(crate) live: Lane,
    pub(crate) history: Option<Box<Lane>>,
    /// The newest live report, with or without a position.
    pub(crate) newest_at: Option<EventTime>,
    /// The driver whose card is in.
    pub(crate) driver: Option<DriverLabel>,
    pub(crate) card_at: Option<EventTime>,
    /// The certificate that was in last.
    pub(crate) drove: Option<String>,
    pub(crate) back: Option<Lag>,
    pub(crate) clock: Option<Clock>,
    pub(crate) quality: Quality,
    /// When to look at it without a word from it.
    pub(crate) wake: Option<ReceiveTime>,
    seen: Vec<u64>,
    seen_next: u8,
    seen_newest: Option<EventTime>,
}

impl Remembered {
    pub(crate) fn new(terminal: TerminalId) -> Self {
        Self {
            terminal,
            live: Lane::default(),
            history: None,
            newest_at: None,
            driver: None,
            card_at: None,
            drove: None,
            back: None,
            clock: None,
            quality: Quality::default(),
            wake: None,
            seen: Vec::new(),
            seen_next: 0,
            seen_newest: None,
        }
    }

    /// Whether this very report was here before.
    pub(crate) fn has_seen(&self, report: &Report, print: u64) -> bool {
        self.seen_newest.is_some_and(|newest| report.fix.at <= newest) && self.seen.contains(&print)
    }

    /// Remembers a report by its [`fingerprint`].
    pub(crate) fn see(&mut self, report: &Report, print: u64) {
        self.seen_newest = self.seen_newest.max(Some(report.fix.at));
        if self.seen.len() < SEEN_MAX {
            self.seen.push(print);
        } else {
            self.seen[usize::from(self.seen_next)] = print;
            self.seen_next = (self.seen_next + 1) % 64;
        }
    }

    /// The newest word. What history knows of the time since the last one is taken over: the driving account,
    /// and that a hole was filled.
    pub(crate) fn go_live(&mut self, book: &Book, at: EventTime) {
        self.newest_at = Some(at);
        self.back = None;
        let Some(history) = &self.history else { return };
        self.live.amend(book, history);
        let Some(past) = history.newest else { return };
        let live_is_older = self.live.newest.is_none_or(|live| live.at < past.at);
        if live_is_older && past.at <= at {
            self.live.drive = history.drive.clone();
            self.live.trip = history.trip.clone();
        }
    }

    /// The lane a late point belongs to; a new one goes on from the live one where the point follows it.
    pub(crate) fn begin_history(&mut self, at: EventTime, received: ReceiveTime) {
        let live = &self.live;
        let follows = live.newest.is_some_and(|newest| newest.at <= at);
        let hole = live.before.as_deref().filter(|hole| hole.holds(at));
        let trip = live.trip.as_deref().map(|trip| trip.within(at).unwrap_or_else(|| trip.seed()));
        let history = self.history.get_or_insert_with(|| {
            Box::new(match hole {
                _ if follows => Lane::after(live),
                Some(hole) => Lane::within(hole, trip),
                None => Lane::old(trip),
            })
        });
        history.heard = history.heard.max(received);
        self.live.hole = self.live.hole.filter(|hole| at <= hole.from.at || hole.to.at <= at);
    }

    /// A permit that was used by what came late is used up for what comes next too.
    pub(crate) fn learn_passes(&mut self) {
        if let Some(history) = &self.history {
            self.live.around.learn(&history.around);
        }
    }

    /// Places of zones mean nothing in another map.
    pub(crate) fn forget_map(&mut self) {
        self.live.forget_map();
        if let Some(history) = &mut self.history {
            history.forget_map();
        }
    }
}

/// Everything that makes a report this one, in 64 bits.
pub(crate) fn fingerprint(report: &Report) -> u64 {
    let fix = &report.fix;
    let words = [
        fix.at.ms().cast_unsigned(),
        u64::from(fix.position.lon_e6.cast_unsigned()) << 32 | u64::from(fix.position.lat_e6.cast_unsigned()),
        u64::from(fix.speed.tenths()) << 32 | u64::from(report.alarms.0),
        u64::from(report.status.0) << 16 | u64::from(fix.altitude_m.cast_unsigned()),
    ];
    let events = report.safety.iter().map(|event| u64::from(event.alarm_id) << 8 | u64::from(event.level));
    words.into_iter().chain(events).fold(0x9e37_79b9_7f4a_7c15, |hash, word| {
        let mixed = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ mixed >> 32
    })
}
