//! What the platform allows: who may speak, for how long, how much.

use std::sync::Arc;
use std::time::Duration;

use fleet::TerminalId;

use crate::{Cipher, Profile};

/// Whom the platform talks to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Every terminal; no code is asked for.
    Open,
    /// The terminals of the registry.
    Registry,
}

/// Who is on file. The shell answers it from the registry of the moment.
pub trait Directory {
    /// Whether this terminal is on file.
    fn admits(&self, terminal: TerminalId) -> bool;

    /// What this terminal has shown of itself before, on any connection; nothing where that is not kept.
    fn profile(&self, _terminal: TerminalId) -> Option<Arc<Profile>> {
        None
    }
}

/// Admission, deadlines and bounds of one connection.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who may speak.
    pub admission: Admission,
    /// What authentication codes are derived from; kept across restarts, or every terminal registers anew.
    pub secret: [u8; 32],
    /// For bodies encrypted by RSA; without it they are not supported.
    pub cipher: Option<Arc<dyn Cipher>>,
    /// A connection that sends no whole frame for this long is closed.
    pub idle: Duration,
    /// A connection on which no terminal was taken this long after it began is closed, where `idle` is longer. A good
    /// terminal authenticates at once; who says nothing, or only what is refused, gives his place to one that may.
    pub handshake: Duration,
    /// How long a command waits for its answer. Terminals repeat and answer late: longer than one round trip.
    pub command_timeout: Duration,
    /// Terminals on one connection; a relay carries some hundreds. Further ones are refused.
    pub terminals_max: usize,
    /// Reports whose acknowledgement waits; beyond it [`crate::Link::is_full`] asks the shell to stop reading.
    /// One read may pass it by the frames it holds.
    pub unacknowledged_max: usize,
    /// Bytes of answers that were not taken by [`crate::Link::poll_output`]; beyond it the connection is closed.
    pub output_bytes_max: usize,
    /// Commands without an answer on one connection; beyond it [`crate::Busy`].
    pub commands_max: usize,
}

impl Policy {
    /// The bounds of the service with this admission and secret.
    pub const fn new(admission: Admission, secret: [u8; 32]) -> Self {
        Self {
            admission,
            secret,
            cipher: None,
            idle: Duration::from_secs(300),
            handshake: Duration::from_secs(30),
            command_timeout: Duration::from_secs(60),
            terminals_max: 512,
            unacknowledged_max: 4_096,
            output_bytes_max: 1 << 20,
            commands_max: 64,
        }
    }

    pub(crate) fn admits(&self, terminal: TerminalId, directory: &dyn Directory) -> bool {
        match self.admission {
            Admission::Open => true,
            Admission::Registry => directory.admits(terminal),
        }
    }
}
