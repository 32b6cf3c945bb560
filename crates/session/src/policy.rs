//! What the platform allows: who may speak, for how long, how much.

use std::sync::Arc;
use std::time::Duration;

use fleet::{Binding, TerminalId};

use crate::{Cipher, Profile};

/// Whom the platform talks to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Every terminal; no code is asked for.
    Open,
    /// The terminals of the registry.
    Registry,
}

/// What a connection carries, where [`Admission::Registry`] asks who speaks. Where it does not, any connection carries any
/// terminals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carries {
    /// Many terminals, for which the network vouches that it comes from: another platform passes on what they send, and
    /// authenticates them itself. A terminal that gives a wrong code is refused all the same, and none takes the place of
    /// one that has authenticated elsewhere.
    Relay,
    /// One terminal, which has to authenticate; the connection is its own from then on.
    Terminal,
}

/// Why a terminal is believed to be itself.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Proof {
    /// It says so.
    Claimed,
    /// It gave the right authentication code.
    Code,
}

/// Who is on file. The shell answers it from the registry of the moment.
pub trait Directory {
    /// Whether this terminal is on file.
    fn admits(&self, terminal: TerminalId) -> bool;

    /// What this terminal has shown of itself before, on any connection; nothing where that is not kept.
    fn profile(&self, _terminal: TerminalId) -> Option<Arc<Profile>> {
        None
    }

    /// What this terminal is bound to, with what [`crate::Output::Bound`] said of it since.
    fn binding(&self, _terminal: TerminalId) -> Option<Arc<Binding>> {
        None
    }

    /// Whether an authentication of this terminal on this connection is looked at now. Asked once for each; not where too
    /// many failed before, nor where two connections take the terminal from each other.
    fn may_authenticate(&self, _terminal: TerminalId) -> bool {
        true
    }

    /// Whether this terminal has authenticated from the same address a while ago and goes on here: over UDP it may have
    /// another port with every datagram.
    fn goes_on_here(&self, _terminal: TerminalId) -> bool {
        false
    }
}

/// Admission, deadlines and bounds of one connection.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who may speak.
    pub admission: Admission,
    /// One terminal or many.
    pub carries: Carries,
    /// The terminal that the peer's certificate is of: nobody else is heard. Without it anybody may speak first.
    pub certified: Option<TerminalId>,
    /// What authentication codes are derived from; kept across restarts, or every terminal registers anew.
    pub secret: [u8; 32],
    /// For bodies encrypted by RSA; without it they are not supported.
    pub cipher: Option<Arc<dyn Cipher>>,
    /// A connection that sends no whole frame for this long is closed.
    pub idle: Duration,
    /// A connection on which no terminal was taken this long after it began is closed, where `idle` is longer. A good
    /// terminal authenticates at once; who says nothing, or only what is refused, gives his place to one that may.
    pub handshake: Duration,
    /// A connection without a single good frame this long after it began is closed, where `handshake` is longer.
    pub first_frame: Duration,
    /// A frame that is not whole this long after its first byte ends the connection. The longest has 2,092 bytes: 70 bytes
    /// a second, which the slowest of mobile links exceeds.
    pub frame: Duration,
    /// Refusals on a connection that carries one terminal, after which it is closed. A good terminal is refused once or
    /// twice before it registers.
    pub refusals_max: u32,
    /// Frames a minute whose check byte, escapes or header are wrong; with more the connection is closed, a relay's is
    /// not. TCP corrects what a line breaks: a good terminal has next to none.
    pub faults_max: u32,
    /// How long a command waits for its answer. Terminals repeat and answer late: longer than one round trip.
    pub command_timeout: Duration,
    /// Terminals on a connection that carries many; a relay carries some hundreds. Further ones are refused.
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
            carries: Carries::Terminal,
            certified: None,
            secret,
            cipher: None,
            idle: Duration::from_secs(300),
            handshake: Duration::from_secs(30),
            first_frame: Duration::from_secs(10),
            frame: Duration::from_secs(30),
            refusals_max: 10,
            faults_max: 100,
            command_timeout: Duration::from_secs(60),
            terminals_max: 512,
            unacknowledged_max: 4_096,
            output_bytes_max: 1 << 20,
            commands_max: 64,
        }
    }

    /// Whether one terminal speaks here, and only once it has authenticated.
    pub(crate) const fn is_strict(&self) -> bool {
        matches!((self.admission, self.carries), (Admission::Registry, Carries::Terminal))
    }

    pub(crate) fn admits(&self, terminal: TerminalId, directory: &dyn Directory) -> bool {
        match self.admission {
            Admission::Open => true,
            Admission::Registry => directory.admits(terminal),
        }
    }
}
