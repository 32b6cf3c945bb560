//! What the platform can ask of a terminal.

/// A downlink message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// 0x8203: alarms confirmed by hand. `serial` 0 confirms all of the kind.
    ConfirmAlarm {
        /// Serial of the report that carried them.
        serial: u16,
        /// Which (bits 0, 3, 20, 21, 22, 27, 28).
        bits: u32,
    },
    /// 0x8201: where are you?
    QueryLocation,
    /// 0x8104: all parameters.
    QueryParameters,
    /// 0x8107: what are you?
    QueryProperties,
    /// 0x8103: parameters, each an id and its value.
    SetParameters(Vec<(u32, Vec<u8>)>),
    /// 0x8300: text to show and speak.
    Text {
        /// Flag byte.
        flags: u8,
        /// At most about 500 characters: one frame.
        text: String,
    },
}

impl Command {
    /// Its message id.
    pub const fn id(&self) -> u16 {
        match self {
            Self::ConfirmAlarm { .. } => 0x8203,
            Self::QueryLocation => 0x8201,
            Self::QueryParameters => 0x8104,
            Self::QueryProperties => 0x8107,
            Self::SetParameters(_) => 0x8103,
            Self::Text { .. } => 0x8300,
        }
    }
}

/// Why a command was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Busy {
    /// The terminal is not on this connection.
    #[error("the terminal is not on this connection")]
    Absent,
    /// Too many commands wait for their answer.
    #[error("too many commands wait for their answer")]
    Full,
    /// The message does not fit one frame of 1,023 bytes.
    #[error("the message is longer than one frame of 1,023 bytes")]
    TooLong,
}
