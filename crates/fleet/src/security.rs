//! What a terminal is bound to, and what is suspicious about those who say they are one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{InvalidIdentity, ReceiveTime};

/// What a terminal's authentication code is bound to: the device that registered under its number. The code is made anew
/// from it each time, so no code is stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Binding {
    /// How often the terminal was released by a person. Codes of earlier generations are worth nothing.
    pub generation: u32,
    /// The terminal id of its registration (0x0100); absent until it registers in this generation.
    pub device: Option<String>,
    /// The maker it registered with.
    pub maker: String,
    /// The plate it registered with, which need not be the registry's.
    pub plate: String,
    /// The IMEI of its first authentication that held one (0x0102 of 2019); empty until then.
    pub imei: String,
    /// When it registered first in this generation.
    pub since: ReceiveTime,
}

/// Why somebody who speaks as a terminal may be somebody else. A closed list: each is a label.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threat {
    /// Two connections with the right code take one terminal from each other again and again.
    ClonedTerminal,
    /// It registers with another device id, or authenticates with another IMEI, than the terminal is bound to.
    DeviceChanged,
    /// A connection that authenticated as one terminal speaks for another one.
    ForeignNumber,
    /// More broken frames in a minute than a line can break: wrong check bytes, or forged ones.
    FrameFlood,
    /// Message after message without authentication, until its connection was closed.
    Unauthenticated,
    /// A wrong authentication code.
    WrongCode,
}

impl Threat {
    /// Every one, in order.
    pub const ALL: [Self; 6] = [
        Self::ClonedTerminal,
        Self::DeviceChanged,
        Self::ForeignNumber,
        Self::FrameFlood,
        Self::Unauthenticated,
        Self::WrongCode,
    ];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClonedTerminal => "cloned-terminal",
            Self::DeviceChanged => "device-changed",
            Self::ForeignNumber => "foreign-number",
            Self::FrameFlood => "frame-flood",
            Self::Unauthenticated => "unauthenticated",
            Self::WrongCode => "wrong-code",
        }
    }

    /// From its label.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentity> {
        Self::ALL.into_iter().find(|threat| threat.as_str() == text).ok_or_else(|| InvalidIdentity {
            text: text.to_owned(),
            kind: "kind of security event",
            expected: "cloned-terminal, device-changed, foreign-number, frame-flood, unauthenticated or wrong-code",
        })
    }
}

impl fmt::Display for Threat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threat_has_its_own_label_everywhere() {
        for threat in Threat::ALL {
            assert_eq!(Threat::parse(threat.as_str()), Ok(threat));
            assert_eq!(serde_json::to_value(threat).unwrap(), threat.as_str());
        }
        assert!(Threat::parse("none").is_err());
    }
}
