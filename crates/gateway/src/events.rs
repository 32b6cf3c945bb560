//! What happens that an operator may want to read about.

use std::io;
use std::net::SocketAddr;

/// The journal takes nothing more: nothing is acknowledged any more either.
pub(crate) fn journal_failed(error: &str) {
    tracing::error!(error, "the journal takes no reports; terminals are disconnected and keep theirs");
}

/// What terminals have shown of themselves waits in memory.
pub(crate) fn profiles_failed(error: &ledger::StoreError) {
    tracing::warn!(%error, "cannot write the profiles of terminals for the moment");
}

/// The system has no room for another connection; those there are go on.
pub(crate) fn accept_failed(error: &io::Error) {
    tracing::warn!(%error, "cannot accept connections for the moment");
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
