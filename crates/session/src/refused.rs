//! Why a frame of the journal, or a part of one, gave no observation.

/// A closed list: each is a label of a metric.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Refused {
    /// Its body breaks off or contradicts itself.
    #[error("the body cannot be decoded")]
    Body,
    /// The body is encrypted and there is no key.
    #[error("the body is encrypted")]
    Encrypted,
    /// Escapes, checksum or header are wrong.
    #[error("the frame cannot be decoded")]
    Frame,
    /// An item of a batch is no location report; the others were kept.
    #[error("an item of a batch cannot be decoded")]
    Item,
    /// A part of a sub-packaged message that fits no message, or is over the bounds.
    #[error("a sub-package fits no message")]
    Part,
    /// The number in the header names no terminal.
    #[error("the number in the header names no terminal")]
    Terminal,
    /// The terminal's time is no date.
    #[error("the time is no date")]
    Time,
}

impl Refused {
    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Encrypted => "encrypted",
            Self::Frame => "frame",
            Self::Item => "item",
            Self::Part => "part",
            Self::Terminal => "terminal",
            Self::Time => "time",
        }
    }
}
