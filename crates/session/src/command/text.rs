//! 0x8300: text for the driver. One flag byte means one thing until 2013 and another from 2019 on.

use jt808::{Edition, Message, Text, TextMessage, encode_text};
use serde::{Deserialize, Serialize};

use super::Unfit;

/// Text and how it reaches the driver.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DriverText {
    /// At most about 500 characters: one frame.
    pub text: String,
    /// What it is for; `notice` where nothing is said.
    #[serde(default)]
    pub purpose: TextPurpose,
    /// Shown on the terminal's display.
    #[serde(default)]
    pub display: bool,
    /// Spoken; the default.
    #[serde(default = "yes")]
    pub speak: bool,
    /// Shown on the advertising screen; 2019 knows none.
    #[serde(default)]
    pub advertise: bool,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextPurpose {
    /// Something to know (通知).
    #[default]
    Notice,
    /// Something of the service (服务). Until 2013 the same as a notice.
    Service,
    /// Something to act on at once (紧急).
    Urgent,
}

const fn yes() -> bool {
    true
}

/// Not every terminal joins packages, so a text keeps to one frame of either edition: less the two bytes before a text
/// of 2019. The standard allows 1,024.
const TEXT_BYTES_MAX: usize = 1_021;

impl DriverText {
    /// Spoken.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.to_owned();
        Self { text, purpose: TextPurpose::Notice, display: false, speak: true, advertise: false }
    }

    pub(super) fn check(&self) -> Result<(), Unfit> {
        if self.text.trim().is_empty() {
            return Err(Unfit { field: "text", expected: "some text" });
        }
        if encode_text(&self.text).len() > TEXT_BYTES_MAX {
            let expected = "at most 1,021 bytes of GB18030, some 510 characters";
            return Err(Unfit { field: "text", expected });
        }
        // What only the advertising screen shows, no terminal of 2019 would show at all.
        if !self.display && !self.speak {
            return Err(Unfit { field: "speak", expected: "text that is shown or spoken" });
        }
        Ok(())
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let bit = |set: bool, bit: u8| u8::from(set) << bit;
        let both = bit(self.display, 2) | bit(self.speak, 3);
        let (flags, kind) = match edition {
            Edition::V2011 | Edition::V2013 => {
                let urgent = self.purpose == TextPurpose::Urgent;
                (both | bit(urgent, 0) | bit(self.advertise, 4), None)
            }
            Edition::V2019 => {
                let (purpose, kind) = match self.purpose {
                    TextPurpose::Service => (1, SERVICE),
                    TextPurpose::Urgent => (2, NOTICE),
                    TextPurpose::Notice => (3, NOTICE),
                };
                (both | purpose, Some(kind))
            }
        };
        let text = encode_text(&self.text);
        Message::TextMessage(TextMessage { flags, kind, text: Text(&text) }).encode_body(edition, body);
    }
}

/// Types of a text in 2019.
const NOTICE: u8 = 1;
const SERVICE: u8 = 2;
