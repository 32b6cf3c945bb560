//! What a connection has seen, for the metrics.

/// Why a frame was not taken. A closed list: each is a label.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejected {
    /// An authentication that is not looked at for now: too many wrong codes came before it, or two connections took the
    /// terminal from each other; answered with result 1 whatever the code.
    Barred,
    /// A body that cannot be decoded; answered with result 2.
    Body,
    /// A wrong authentication code; answered with result 1.
    Code,
    /// Another device than the terminal is bound to: another terminal id, answered with 0x8100 result 1, or another IMEI,
    /// answered with result 1.
    Device,
    /// An encrypted body that was not made with our key, answered with result 2; any where there is no key or the way
    /// of encryption is a reserved one, answered with result 3.
    Encrypted,
    /// More encrypted bodies than are decrypted in this time; answered with result 1.
    Flood,
    /// Another number than the one that authenticated on this connection, or that its certificate is of; answered with
    /// result 1.
    Foreign,
    /// Escapes, length, checksum or header are wrong; no answer is possible.
    Frame,
    /// More terminals on one connection than allowed; answered with result 1.
    Terminals,
    /// A terminal that is not on file, or has no number; answered with the standard's own refusal.
    Unadmitted,
    /// A message of a terminal that has not authenticated on this connection; answered with result 1.
    Unauthenticated,
}

impl Rejected {
    /// Every one, in order.
    pub const ALL: [Self; 11] = [
        Self::Barred,
        Self::Body,
        Self::Code,
        Self::Device,
        Self::Encrypted,
        Self::Flood,
        Self::Foreign,
        Self::Frame,
        Self::Terminals,
        Self::Unadmitted,
        Self::Unauthenticated,
    ];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Barred => "barred",
            Self::Body => "body",
            Self::Code => "code",
            Self::Device => "device",
            Self::Encrypted => "encrypted",
            Self::Flood => "flood",
            Self::Foreign => "foreign",
            Self::Frame => "frame",
            Self::Terminals => "terminals",
            Self::Unadmitted => "unadmitted",
            Self::Unauthenticated => "unauthenticated",
        }
    }
}

/// Since [`crate::Link::take_counts`] was last called. Every frame received is in one of the others, or its report
/// still waits: `received = acknowledged + handled + rejected + `[`unacknowledged`](crate::Link::unacknowledged).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Frames received, good and bad.
    pub received: u64,
    /// Reports acknowledged with result 0.
    pub acknowledged: u64,
    /// Other messages that were taken: heartbeats, logins, answers to commands.
    pub handled: u64,
    /// By [`Rejected`], in the order of its variants.
    pub rejected: [u64; Rejected::ALL.len()],
}

impl Counts {
    pub(crate) fn reject(&mut self, why: Rejected) {
        if let Some(count) = self.rejected.get_mut(why as usize) {
            *count += 1;
        }
    }
}
