//! What waits: acknowledgements for the disk, commands for the terminal.

use std::collections::VecDeque;

use fleet::{ReceiveTime, TerminalId};
use jt808::Header;

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
    pub(crate) fn release(&mut self, upto: u64) -> Option<Header> {
        if self.queue.front()?.1.is_none_or(|position| position >= upto) {
            return None;
        }
        self.placed -= 1;
        self.queue.pop_front().map(|(header, _)| header)
    }

    /// The position of the oldest one, where it has one.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.queue.front().and_then(|(_, position)| *position)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[derive(Debug)]
struct Pending {
    terminal: TerminalId,
    serial: u16,
    id: u16,
    due: ReceiveTime,
}

/// Commands without an answer, oldest first; at most `Policy::commands_max`.
#[derive(Debug, Default)]
pub(crate) struct Commands(VecDeque<Pending>);

impl Commands {
    pub(crate) fn insert(&mut self, terminal: TerminalId, serial: u16, id: u16, due: ReceiveTime) {
        self.0.push_back(Pending { terminal, serial, id, due });
    }

    /// Takes out the oldest one of this terminal that fits what the answer names, and gives its serial.
    pub(crate) fn settle(&mut self, terminal: TerminalId, id: u16, serial: Option<u16>) -> Option<u16> {
        let at = self.0.iter().position(|pending| {
            pending.terminal == terminal
                && pending.id == id
                && serial.is_none_or(|serial| serial == pending.serial)
        })?;
        self.0.remove(at).map(|pending| pending.serial)
    }

    pub(crate) fn expire(&mut self, now: ReceiveTime) -> Option<(TerminalId, u16)> {
        self.0.pop_front_if(|pending| pending.due <= now).map(|pending| (pending.terminal, pending.serial))
    }

    pub(crate) fn next_timeout(&self) -> Option<ReceiveTime> {
        self.0.front().map(|pending| pending.due)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
