//! What happens that an operator may want to read about.

use std::io;
use std::net::{IpAddr, SocketAddr};

use fleet::{TerminalId, Threat};

/// The journal takes nothing more: nothing is acknowledged any more either.
pub(crate) fn journal_failed(error: &str) {
    tracing::error!(error, "the journal takes no reports; terminals are disconnected and keep theirs");
}

/// What terminals have shown of themselves waits in memory.
pub(crate) fn profiles_failed(error: &ledger::StoreError) {
    tracing::warn!(%error, "cannot write the profiles of terminals for the moment");
}

/// What terminals are bound to waits in memory, and nobody is released.
pub(crate) fn bindings_failed(error: &ledger::StoreError) {
    tracing::warn!(%error, "cannot keep what terminals are bound to for the moment");
}

/// Lists of strangers and security events are older than they should be.
pub(crate) fn guard_failed(error: &ledger::StoreError) {
    tracing::warn!(%error, "cannot write security events for the moment");
}

/// One of `count` of its kind since the last line.
pub(crate) fn suspicious(threat: Threat, terminal: Option<TerminalId>, from: &[IpAddr], count: u64) {
    let terminal = terminal.map(tracing::field::display);
    tracing::warn!(kind = %threat, terminal, ?from, count, "somebody may not be the terminal he says");
}

/// The system has no room for another connection; those there are go on.
pub(crate) fn accept_failed(error: &io::Error) {
    tracing::warn!(%error, "cannot accept connections for the moment");
}

pub(crate) fn greeting_failed(peer: SocketAddr, error: &io::Error) {
    tracing::debug!(%peer, %error, "no TLS came about");
}

pub(crate) fn opened(peer: SocketAddr) {
    tracing::debug!(%peer, "connection opened");
}

pub(crate) fn closed(peer: SocketAddr, reason: &'static str) {
    tracing::debug!(%peer, reason, "connection closed");
}

/// Files are refused until the disk works again; terminals keep theirs.
pub(crate) fn media_failed(error: &media::StoreError) {
    tracing::error!(%error, "the store of files has failed; its connection is closed");
}

/// Commands stay where they are until the ledger works again.
pub(crate) fn commands_failed(error: &ledger::StoreError) {
    tracing::error!(%error, "commands to terminals are held up");
}
