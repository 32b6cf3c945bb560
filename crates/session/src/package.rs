//! Which sub-packaged message a package belongs to.

use fleet::TerminalId;
use jt808::{Header, Packet};
use serde::{Deserialize, Serialize};

/// Constant within one message and different in two, whatever order its packages come in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct PackageKey {
    pub terminal: TerminalId,
    /// Message id.
    pub id: u16,
    /// Packages in all.
    pub total: u16,
    /// The serial the first package has or would have.
    pub first_serial: u16,
}

impl PackageKey {
    pub(crate) fn of(terminal: TerminalId, header: &Header, packet: Packet) -> Self {
        let first_serial = first_serial(header, packet);
        Self { terminal, id: header.id, total: packet.total, first_serial }
    }
}

/// Packages of a message have serials in a row, over the wrap too.
pub(crate) fn first_serial(header: &Header, packet: Packet) -> u16 {
    header.serial.wrapping_sub(packet.index).wrapping_add(1)
}

/// Which message gives way to a new one of this terminal, of `messages` with the oldest first: its own oldest where it
/// has `own_max`, so that it cannot push others out, else the oldest of all where there are `all_max`.
pub(crate) fn giving_way<'k>(
    messages: impl ExactSizeIterator<Item = &'k PackageKey> + Clone,
    terminal: TerminalId,
    own_max: usize,
    all_max: usize,
) -> Option<usize> {
    let is_own = |key: &&PackageKey| key.terminal == terminal;
    if messages.clone().filter(is_own).count() >= own_max {
        messages.clone().position(|key| key.terminal == terminal)
    } else {
        (messages.len() >= all_max).then_some(0)
    }
}
