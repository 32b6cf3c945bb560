//! What waits: acknowledgements for the disk, commands for the terminal.

use std::collections::VecDeque;

use fleet::{ReceiveTime, TerminalId};
use jt808::Header;

use super::answer::Packages;

/// Frames that are recorded but not durable, oldest first. The shell stops reading when there are
/// `Policy::unacknowledged_max`; one read may pass that.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements {
    queue: VecDeque<(Header, Option<u64>)>,
    /// How many at the front have a position.
    placed: usize,
}

impl Acknowledgements {
    pub(crate) fn push(&mut self, header: Header) {
        self.queue.push_back((header, None));
    }

    pub(crate) fn place(&mut self, first: u64, count: usize) {
        for ((_, position), at) in self.queue.iter_mut().skip(self.placed).take(count).zip(first..) {
            *position = Some(at);
            self.placed += 1;
        }
    }

    /// The next one whose record lies below `upto`.
    pub(crate) fn release(&mut self, upto: u64) -> Option<Kept> {
        if self.queue.front()?.1.is_none_or(|position| position >= upto) {
            return None;
        }
        self.placed -= 1;
        self.queue.pop_front().map(|(header, _)| Kept(header))
    }

    /// The position of the oldest one, where it has one.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.queue.front().and_then(|(_, position)| *position)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}

/// Of a frame whose record is durable; only [`Acknowledgements::release`] makes one.
#[derive(Debug)]
pub(crate) struct Kept(Header);

impl Kept {
    pub(crate) const fn header(&self) -> &Header {
        &self.0
    }
}

#[derive(Debug)]
struct Pending {
    terminal: TerminalId,
    /// The serials of its packages, in a row; mostly one.
    first: u16,
    last: u16,
    id: u16,
    /// Where it has several, so that they can be sent again.
    packages: Option<Packages>,
    /// 0x0001 has come, and an answer of its own is still expected.
    is_acknowledged: bool,
    due: ReceiveTime,
}

impl Pending {
    /// Serials go on from 0 after 65,535.
    fn has(&self, serial: u16) -> bool {
        serial.wrapping_sub(self.first) <= self.last.wrapping_sub(self.first)
    }
}

/// Commands without an answer, oldest first; at most `Policy::commands_max`.
#[derive(Debug, Default)]
pub(crate) struct Commands(VecDeque<Pending>);

impl Commands {
    /// The serials are those of its first and its last package; the last may have passed 65,535 and be the smaller one.
    pub(crate) fn insert(
        &mut self,
        terminal: TerminalId,
        (first, last): (u16, u16),
        id: u16,
        due: ReceiveTime,
        packages: Packages,
    ) {
        let packages = (first != last).then_some(packages);
        self.0.push_back(Pending { terminal, first, last, id, packages, is_acknowledged: false, due });
    }

    /// Takes out the oldest one of this terminal that fits what the answer names, and gives its first serial. A
    /// terminal answers each package, or all of them under the last serial: done is what says so of the last, refused
    /// what says so of any.
    pub(crate) fn settle(
        &mut self,
        terminal: TerminalId,
        ids: &[u16],
        serial: Option<u16>,
        is_refusal: bool,
    ) -> Option<u16> {
        let at = self.0.iter().position(|pending| {
            pending.terminal == terminal
                && ids.contains(&pending.id)
                && serial.is_none_or(|serial| serial == pending.last || is_refusal && pending.has(serial))
        })?;
        self.0.remove(at).map(|pending| pending.first)
    }

    /// Whether this terminal was asked for something by one of these messages.
    pub(crate) fn expects(&self, terminal: TerminalId, ids: &[u16]) -> bool {
        self.0.iter().any(|pending| pending.terminal == terminal && ids.contains(&pending.id))
    }

    /// The terminal has got it and may still send what was asked for.
    pub(crate) fn acknowledge(&mut self, terminal: TerminalId, id: u16, serial: u16) {
        let is_it = |pending: &&mut Pending| {
            pending.terminal == terminal && pending.id == id && pending.last == serial
        };
        if let Some(pending) = self.0.iter_mut().find(is_it) {
            pending.is_acknowledged = true;
        }
    }

    /// Takes out the oldest one of this terminal and gives its first serial.
    pub(crate) fn forget(&mut self, terminal: TerminalId) -> Option<u16> {
        let at = self.0.iter().position(|pending| pending.terminal == terminal)?;
        self.0.remove(at).map(|pending| pending.first)
    }

    /// The packages of this terminal's message that begins with this serial.
    pub(crate) fn packages(&self, terminal: TerminalId, first: u16) -> Option<&Packages> {
        let mut all = self.0.iter().filter(|pending| pending.terminal == terminal && pending.first == first);
        all.find_map(|pending| pending.packages.as_ref())
    }

    /// Terminal, first serial, and whether it was acknowledged.
    pub(crate) fn expire(&mut self, now: ReceiveTime) -> Option<(TerminalId, u16, bool)> {
        let pending = self.0.pop_front_if(|pending| pending.due <= now)?;
        Some((pending.terminal, pending.first, pending.is_acknowledged))
    }

    pub(crate) fn next_timeout(&self) -> Option<ReceiveTime> {
        self.0.front().map(|pending| pending.due)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> TerminalId {
        TerminalId::parse("13800000001").unwrap()
    }

    /// One command of four packages whose serials pass 65,535.
    fn packages() -> Commands {
        let mut commands = Commands::default();
        let packages = Packages::test();
        commands.insert(terminal(), (65_534, 1), 0x8300, ReceiveTime::from_ms(0), packages);
        commands
    }

    #[test]
    fn packages_are_done_with_the_last_and_refused_with_any() {
        let mut commands = packages();
        for serial in [65_533, 65_534, 65_535, 0, 2] {
            assert_eq!(commands.settle(terminal(), &[0x8300], Some(serial), false), None, "{serial}");
        }
        assert_eq!(commands.settle(terminal(), &[0x8300], Some(1), false), Some(65_534));
        assert_eq!(commands.len(), 0);
        for serial in [65_533, 2, 30_000] {
            assert_eq!(packages().settle(terminal(), &[0x8300], Some(serial), true), None, "{serial}");
        }
        for serial in [65_534, 65_535, 0, 1] {
            assert_eq!(
                packages().settle(terminal(), &[0x8300], Some(serial), true),
                Some(65_534),
                "{serial}"
            );
        }
    }

    #[test]
    fn an_answer_is_expected_of_the_terminal_that_was_asked_and_to_what_it_was_asked() {
        let other = TerminalId::parse("13800000002").unwrap();
        assert!(packages().expects(terminal(), &[0x8104, 0x8300]));
        assert!(!packages().expects(terminal(), &[0x8104]));
        assert!(!packages().expects(other, &[0x8300]));
        assert!(!Commands::default().expects(terminal(), &[0x8300]));
    }

    /// The shell wakes for the oldest one alone: what is wrong here leaves a report unanswered.
    #[test]
    fn acknowledgements_leave_in_order_each_once_its_own_record_is_durable() {
        let phone = jt808::Phone::from_digits("13800000001", jt808::Edition::V2013).unwrap();
        let header = |serial| Header::new(0x0200, jt808::Edition::V2013, phone, serial);
        let mut waiting = Acknowledgements::default();
        for serial in 0..3 {
            waiting.push(header(serial));
        }
        assert_eq!((waiting.len(), waiting.oldest()), (3, None));
        assert!(waiting.release(u64::MAX).is_none(), "it has no position yet");
        waiting.place(7, 2);
        assert_eq!(waiting.oldest(), Some(7));
        assert!(waiting.release(7).is_none(), "everything below 7 is durable, not 7");
        assert_eq!(waiting.release(8).unwrap().header().serial, 0);
        assert_eq!(waiting.oldest(), Some(8));
        waiting.place(20, 5);
        assert_eq!(waiting.release(u64::MAX).unwrap().header().serial, 1);
        assert_eq!((waiting.len(), waiting.oldest()), (1, Some(20)));
        assert_eq!(waiting.release(21).unwrap().header().serial, 2);
        assert_eq!((waiting.len(), waiting.oldest()), (0, None));
    }
}
