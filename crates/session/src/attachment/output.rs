//! What an attachment link asks of its shell, and what it is told.

use fleet::{AlertId, ReceiveTime, TerminalId};

/// What the shell has to do, in this order. After each `handle_*` drain [`crate::AttachmentLink::poll_output`] until it says
/// [`AttachmentOutput::Wait`]; what [`AttachmentOutput::Begin`] and `Finish` led to is told at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttachmentOutput {
    /// A file is to come; tell what became of it with [`crate::AttachmentLink::handle_begun`]. The same number again means that
    /// it begins anew: what was begun under it is left.
    Begin(Arrival),
    /// Close the connection.
    Close(AttachmentClose),
    /// The terminal says all of this file was sent; tell with [`crate::AttachmentLink::handle_finished`] whether it is whole
    /// and durable.
    Finish {
        /// The file's number on this connection.
        file: u32,
    },
    /// Nothing more is to come of this file for now.
    Leave {
        /// The file's number on this connection.
        file: u32,
    },
    /// Write these bytes to the terminal.
    Transmit(Vec<u8>),
    /// Nothing to do until input, or until this moment ([`crate::AttachmentLink::handle_timeout`]).
    Wait(ReceiveTime),
    /// Data of a file. Nothing is to be done where the file was refused.
    Write {
        /// The file's number on this connection.
        file: u32,
        /// Where it belongs.
        offset: u64,
        /// At most one read of the shell.
        data: Vec<u8>,
    },
}

/// A file that is to come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// Its number on this connection.
    pub file: u32,
    /// The alert it proves.
    pub alert: AlertId,
    /// The alarm sign under which the terminal holds it.
    pub sign: Vec<u8>,
    /// Who sends it.
    pub terminal: TerminalId,
    /// What the terminal calls it: any bytes at all.
    pub name: Vec<u8>,
    /// What the terminal says it holds.
    pub kind: u8,
    /// Camera or microphone, where the name tells.
    pub channel: Option<u8>,
    /// Bytes of the whole file.
    pub bytes: u32,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttachmentClose {
    /// Nothing of use came for too long.
    Idle,
    /// The peer does not read its answers.
    Overflow,
    /// Too much was refused.
    Refused,
    /// The store has failed; terminals keep their files.
    Store,
    /// The same gaps were asked for again and again.
    Stubborn,
}

impl AttachmentClose {
    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Overflow => "overflow",
            Self::Refused => "refused",
            Self::Store => "store",
            Self::Stubborn => "stubborn",
        }
    }
}

/// What the store made of a file that is to come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileBegun {
    /// It is whole already.
    Complete,
    /// Data is taken.
    Open,
    /// It is not wanted.
    Refused,
}

/// What the store has of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileFinished {
    /// All of it, durable.
    Complete,
    /// The disk has failed.
    Failed,
    /// Not these bytes: offset and length.
    Missing(Vec<(u32, u32)>),
    /// Nobody began it.
    Unknown,
}
