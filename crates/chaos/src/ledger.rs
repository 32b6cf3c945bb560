//! The rig's own account: what was sent, and for what of it an acknowledgement came over the socket.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::report::{self, Said};

/// Seconds from a terminal's first report to now when the rig begins, and so how many it may send: 16 hours.
pub const REPORTS_MAX: u32 = 16 * 3_600;

/// One book a terminal.
#[derive(Debug)]
pub struct Ledger {
    start_ms: i64,
    books: Vec<Mutex<Book>>,
}

/// What one terminal knows.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The authentication code it was given.
    pub code: Option<Vec<u8>>,
    /// By number of the report; true once acknowledged.
    pub acknowledged: Vec<bool>,
    /// The first report that was not compared yet.
    pub compared: u32,
}

/// One place of a track against the ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    /// Report of this number, as it was sent.
    Report(u32),
    /// Never sent, or not so.
    Invented,
}

impl Ledger {
    /// For so many terminals, whose first reports lie so far back that none comes out of the future.
    pub fn new(terminals: usize) -> Self {
        Self::starting(terminals, now_ms() - i64::from(REPORTS_MAX) * 1_000)
    }

    /// The same with first reports of now: one a second, no more, is one of its moment.
    pub fn live(terminals: usize) -> Self {
        Self::starting(terminals, now_ms())
    }

    fn starting(terminals: usize, start_ms: i64) -> Self {
        let books = std::iter::repeat_with(Mutex::default).take(terminals).collect();
        Self { start_ms: start_ms / 1_000 * 1_000, books }
    }

    pub fn terminals(&self) -> usize {
        self.books.len()
    }

    pub fn said(&self, terminal: usize, n: u32) -> Said {
        report::said(self.start_ms, terminal, n)
    }

    pub fn book(&self, terminal: usize) -> MutexGuard<'_, Book> {
        self.books[terminal].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next report, entered as sent; `None` once the terminal has sent all it may.
    pub fn send(&self, terminal: usize) -> Option<u32> {
        let mut book = self.book(terminal);
        let n = u32::try_from(book.acknowledged.len()).ok().filter(|n| *n < REPORTS_MAX)?;
        book.acknowledged.push(false);
        Some(n)
    }

    pub fn acknowledge(&self, terminal: usize, n: u32) {
        self.book(terminal).acknowledged[n as usize] = true;
    }

    /// How many were acknowledged, all terminals together.
    pub fn acknowledged(&self) -> u64 {
        let count = |terminal| self.book(terminal).acknowledged.iter().filter(|is| **is).count() as u64;
        (0..self.terminals()).map(count).sum()
    }

    pub fn sent(&self) -> u64 {
        (0..self.terminals()).map(|terminal| self.book(terminal).acknowledged.len() as u64).sum()
    }

    /// The account of this moment.
    pub fn snapshot(&self) -> Self {
        let books = (0..self.terminals()).map(|terminal| Mutex::new(self.book(terminal).clone())).collect();
        Self { start_ms: self.start_ms, books }
    }

    /// What was sent by then counts as sent here too, not as acknowledged.
    pub fn take_sent(&self, later: &Self) {
        for terminal in 0..self.terminals() {
            let sent = later.book(terminal).acknowledged.len();
            self.book(terminal).acknowledged.resize(sent, false);
        }
    }

    /// Which report this is.
    pub fn find(&self, terminal: usize, seen: &Said) -> Seen {
        let seconds = (seen.unix_ms - self.start_ms) / 1_000;
        let sent = self.book(terminal).acknowledged.len();
        match u32::try_from(seconds) {
            Ok(n) if (n as usize) < sent && self.said(terminal, n) == *seen => Seen::Report(n),
            Ok(_) | Err(_) => Seen::Invented,
        }
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_never_sent_is_invented() {
        let ledger = Ledger::new(2);
        assert_eq!((ledger.send(1), ledger.send(1)), (Some(0), Some(1)));
        let said = ledger.said(1, 1);
        assert_eq!(ledger.find(1, &said), Seen::Report(1));
        assert_eq!(ledger.find(1, &ledger.said(1, 2)), Seen::Invented);
        assert_eq!(ledger.find(0, &said), Seen::Invented);
        assert_eq!(ledger.find(1, &Said { speed_tenths: said.speed_tenths + 1, ..said }), Seen::Invented);
        assert_eq!(ledger.find(1, &Said { unix_ms: said.unix_ms - 10_000, ..said }), Seen::Invented);
    }
}
