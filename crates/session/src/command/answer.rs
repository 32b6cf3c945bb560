//! Which message of a terminal ends which command.

use crate::link::Outcome;

/// What a message says about a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    /// Ids of the commands it may answer.
    pub commands: &'static [u16],
    /// Serial of the command; where the layout has none the oldest of that id is meant.
    pub serial: Option<u16>,
    /// How it went.
    pub outcome: Outcome,
}

/// Messages that answer commands, the commands, and whether the serial of the command comes first in them. The general
/// answer, 0x0001, names its command itself.
const OWN: &[(u16, &[u16], bool)] = &[
    (0x0104, &[0x8104, 0x8106], true),
    (0x0107, &[0x8107], false),
    (0x0201, &[0x8201], true),
    (0x0500, &[0x8500], true),
    (0x0608, &[0x8608], false),
    (0x0700, &[0x8700], true),
    (0x0702, &[0x8702], false),
    (0x0802, &[0x8802], true),
    (PHOTO_TAKEN, &[0x8801], true),
];

/// It alone has a result behind the serial: 1 failed, 2 no such channel.
const PHOTO_TAKEN: u16 = 0x0805;

impl Answer {
    /// What a message of this id answers, if anything; `body` is its whole body or its first part.
    pub(crate) fn of(id: u16, body: &[u8]) -> Option<Self> {
        let (_, commands, has_serial) = OWN.iter().find(|(answer, ..)| *answer == id)?;
        let serial = match (has_serial, body) {
            (false, _) => None,
            (true, [high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            (true, _) => return None,
        };
        let outcome = match body.get(2) {
            Some(result) if id == PHOTO_TAKEN && *result != 0 => Outcome::Refused(*result),
            Some(_) | None => Outcome::Done,
        };
        Some(Self { commands, serial, outcome })
    }

    /// The commands that messages of this id answer.
    pub(crate) fn commands_of(id: u16) -> &'static [u16] {
        OWN.iter().find(|(answer, ..)| *answer == id).map_or(&[], |(_, commands, _)| commands)
    }

    /// Whether messages of this id answer commands.
    pub(crate) fn is_one(id: u16) -> bool {
        OWN.iter().any(|(answer, ..)| *answer == id)
    }

    /// Whether a command has an answer of its own; 0x0001 alone says then that it is under way.
    pub(crate) fn is_expected(command: u16) -> bool {
        OWN.iter().any(|(_, commands, _)| commands.contains(&command))
    }
}
