//! What an attachment connection has seen, for the metrics.

/// Why something was not taken. A closed list: each is a label.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttachmentRefused {
    /// A body that cannot be read, or is encrypted.
    Body,
    /// An alarm number that was not given to this terminal.
    Foreign,
    /// Escapes, length, checksum or header are wrong; no answer is possible.
    Frame,
    /// The store did not take a file.
    Store,
    /// A file or data nobody announced, or before the list of files.
    Stray,
}

impl AttachmentRefused {
    /// Every one, in order.
    pub const ALL: [Self; 5] = [Self::Body, Self::Foreign, Self::Frame, Self::Store, Self::Stray];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Foreign => "foreign",
            Self::Frame => "frame",
            Self::Store => "store",
            Self::Stray => "stray",
        }
    }
}

/// Since [`crate::AttachmentLink::take_counts`] was last called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AttachmentCounts {
    /// Good frames.
    pub frames: u64,
    /// Bytes of data of known files, repeated ones included.
    pub data_bytes: u64,
    /// Bytes of data of unknown files, and bytes that are neither frame nor block.
    pub stray_bytes: u64,
    /// Files answered as whole.
    pub files: u64,
    /// By [`AttachmentRefused`], in the order of its variants.
    pub refused: [u64; AttachmentRefused::ALL.len()],
}

impl AttachmentCounts {
    pub(super) fn refuse(&mut self, why: AttachmentRefused) {
        if let Some(count) = self.refused.get_mut(why as usize) {
            *count += 1;
        }
    }
}
