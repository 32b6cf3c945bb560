//! What the platform can ask of a terminal.

use jt808::Edition;
use serde::{Deserialize, Serialize};

use crate::link::command_body;

/// A downlink message. As JSON: `{"kind": "text", "flags": 8, "text": "…"}`, the kind in kebab case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
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
    /// 0x8103: parameters, each an id and its value. As JSON:
    /// `{"kind": "set-parameters", "parameters": [{"id": "0055", "value": "00000050"}]}`, both in hex digits.
    #[serde(with = "parameters")]
    SetParameters(Vec<(u32, Vec<u8>)>),
    /// 0x8300: text to show and speak.
    Text {
        /// Flag byte; bit 3 (8), the default, has it spoken.
        #[serde(default = "spoken")]
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

    /// Its kind, as in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ConfirmAlarm { .. } => "confirm-alarm",
            Self::QueryLocation => "query-location",
            Self::QueryParameters => "query-parameters",
            Self::QueryProperties => "query-properties",
            Self::SetParameters(_) => "set-parameters",
            Self::Text { .. } => "text",
        }
    }

    /// Whether it may be sent again where nobody knows if the terminal got it: after a crash, a lost connection, no
    /// answer. Twice must do what once does, or do no harm. The one place where a kind says so; none says it by default.
    pub const fn is_repeatable(&self) -> bool {
        match self {
            Self::ConfirmAlarm { .. }
            | Self::QueryLocation
            | Self::QueryParameters
            | Self::QueryProperties
            | Self::SetParameters(_)
            | Self::Text { .. } => true,
        }
    }

    /// What is wrong with it before any terminal is asked: the field, and what was expected there.
    ///
    /// # Errors
    /// The first field that no message can carry.
    pub fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, expected| Err(Unfit { field, expected });
        match self {
            Self::SetParameters(list) if list.is_empty() || list.len() > 255 => {
                unfit("parameters", "1 to 255 parameters")
            }
            Self::SetParameters(list) if list.iter().any(|(_, value)| value.len() > 255) => {
                unfit("parameters", "values of at most 255 bytes")
            }
            Self::Text { text, .. } if text.trim().is_empty() => unfit("text", "some text"),
            // Not every terminal joins packages, so a text keeps to one frame of either edition.
            Self::Text { text, .. } if jt808::encode_text(text).len() > TEXT_BYTES_MAX => {
                unfit("text", "at most 1,021 bytes of GB18030, some 510 characters")
            }
            // The longest body is of the 2019 edition.
            _ if command_body(self, Edition::V2019).is_none() => {
                unfit("command", "at most 65,472 bytes on the wire")
            }
            _ => Ok(()),
        }
    }
}

/// A field of a command that no message can carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} doesn't fit, expected {expected}")]
pub struct Unfit {
    /// Which; `command` for all of it.
    pub field: &'static str,
    /// What was expected.
    pub expected: &'static str,
}

/// One frame less the two bytes before a text of 2019.
const TEXT_BYTES_MAX: usize = 1_021;

const fn spoken() -> u8 {
    8
}

/// Ids and values of parameters as hex digits.
mod parameters {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        parameters: Vec<Parameter>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Parameter {
        id: String,
        value: String,
    }

    pub(super) fn serialize<S: Serializer>(
        parameters: &[(u32, Vec<u8>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parameters = parameters
            .iter()
            .map(|(id, value)| Parameter { id: format!("{id:04x}"), value: hex(value) })
            .collect();
        List { parameters }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(u32, Vec<u8>)>, D::Error> {
        let List { parameters } = List::deserialize(deserializer)?;
        let read = |Parameter { id, value }: Parameter| {
            let wrong = |field, text: &str, expected| {
                D::Error::custom(format!("{field} {text:?} of a parameter is wrong, expected {expected}"))
            };
            let digits = (1..=8).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u32::from_str_radix(&id, 16).ok().filter(|_| digits);
            let number = number.ok_or_else(|| wrong("id", &id, "up to eight hex digits such as 0055"))?;
            let bytes = unhex(&value).ok_or_else(|| wrong("value", &value, "hex digits, two a byte"))?;
            Ok((number, bytes))
        };
        parameters.into_iter().map(read).collect()
    }

    fn unhex(text: &str) -> Option<Vec<u8>> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = text.bytes();
        let mut out = Vec::with_capacity(text.len() / 2);
        while let Some(high) = bytes.next() {
            out.push(digit(high)? << 4 | digit(bytes.next()?)?);
        }
        Some(out)
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
    /// The message does not fit 64 packages of 1,023 bytes.
    #[error("the message is longer than 64 packages of 1,023 bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        let all = [
            (Command::ConfirmAlarm { serial: 7, bits: 1 }, r#"{"kind":"confirm-alarm","serial":7,"bits":1}"#),
            (Command::QueryLocation, r#"{"kind":"query-location"}"#),
            (Command::QueryParameters, r#"{"kind":"query-parameters"}"#),
            (Command::QueryProperties, r#"{"kind":"query-properties"}"#),
            (
                Command::SetParameters(vec![(0x55, vec![0, 0, 0, 80]), (0xf365, vec![])]),
                r#"{"kind":"set-parameters","parameters":[{"id":"0055","value":"00000050"},{"id":"f365","value":""}]}"#,
            ),
            (Command::Text { flags: 8, text: "慢行".into() }, r#"{"kind":"text","flags":8,"text":"慢行"}"#),
        ];
        for (command, text) in all {
            assert_eq!(serde_json::to_string(&command).unwrap(), text);
            assert_eq!(read(text), Ok(command.clone()));
            assert!(text.contains(&format!("\"kind\":\"{}\"", command.kind())), "{text}");
            assert_eq!(command.check(), Ok(()));
        }
        assert_eq!(read(r#"{"kind":"text","text":"a"}"#), Ok(Command::Text { flags: 8, text: "a".into() }));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_expected() {
        let refusal = |text| read(text).unwrap_err();
        assert_eq!(
            refusal(r#"{"kind":"txt"}"#).split(", expected one of").next(),
            Some("unknown variant `txt`")
        );
        assert_eq!(refusal(r#"{"kind":"text"}"#), "missing field `text`");
        assert_eq!(
            refusal(r#"{"kind":"text","text":"a","flag":1}"#),
            "unknown field `flag`, expected `flags` or `text`"
        );
        assert_eq!(
            refusal(r#"{"kind":"set-parameters","parameters":[{"id":"x","value":""}]}"#),
            "id \"x\" of a parameter is wrong, expected up to eight hex digits such as 0055"
        );
        assert_eq!(
            refusal(r#"{"kind":"set-parameters","parameters":[{"id":"55","value":"5"}]}"#),
            "value \"5\" of a parameter is wrong, expected hex digits, two a byte"
        );
    }

    #[test]
    fn what_no_frame_can_carry_is_unfit() {
        let unfit = |command: Command| command.check().unwrap_err().to_string();
        let text = |text: &str| Command::Text { flags: 0, text: text.into() };
        assert_eq!(unfit(text(" ")), "text doesn't fit, expected some text");
        assert_eq!(text(&"慢".repeat(510)).check(), Ok(()));
        assert_eq!(
            unfit(text(&"慢".repeat(511))),
            "text doesn't fit, expected at most 1,021 bytes of GB18030, some 510 characters"
        );
        let parameters = |count: usize, len: usize| Command::SetParameters(vec![(1, vec![0; len]); count]);
        assert_eq!(unfit(parameters(0, 0)), "parameters doesn't fit, expected 1 to 255 parameters");
        assert_eq!(unfit(parameters(1, 256)), "parameters doesn't fit, expected values of at most 255 bytes");
    }
}
