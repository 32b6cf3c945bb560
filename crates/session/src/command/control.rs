//! 0x8105: what a terminal shall do with itself; 0x8500: what it shall do with its vehicle.

use jt808::{Edition, Message, TerminalControl, Text, VehicleControl, encode_text};
use serde::{Deserialize, Serialize};

use super::Unfit;

/// What a terminal shall do with itself. As JSON its `action`, beside what that needs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Control {
    /// Close the data connection.
    CloseData,
    /// Close all radio.
    CloseRadio,
    /// Connect to another server.
    Connect(Box<Server>),
    /// Connect to the own server again.
    ConnectBack,
    /// Factory settings.
    FactoryReset,
    /// Switch off.
    PowerOff,
    /// Reset.
    Reset,
    /// Upgrade over the air.
    Upgrade(Box<Firmware>),
}

/// A server a terminal connects to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The authentication code there.
    pub code: String,
    /// Name of the dial point.
    pub dial_point: String,
    /// User to dial with.
    pub user: String,
    /// Password to dial with.
    pub password: String,
    /// Host name or address in digits.
    pub address: String,
    /// TCP port; 0 where UDP is used.
    pub tcp_port: u16,
    /// UDP port; 0 where TCP is used.
    pub udp_port: u16,
    /// For how long, minutes; 0 for good.
    pub time_limit_min: u16,
}

/// Software a terminal fetches.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Firmware {
    /// Where it is.
    pub url: String,
    /// Name of the dial point.
    pub dial_point: String,
    /// User to dial with.
    pub user: String,
    /// Password to dial with.
    pub password: String,
    /// Host name or address in digits, where the URL does not say it.
    pub address: String,
    /// TCP port.
    pub tcp_port: u16,
    /// UDP port.
    pub udp_port: u16,
    /// Maker.
    pub maker: String,
    /// Version of the hardware it is for.
    pub hardware_version: String,
    /// Its version.
    pub firmware_version: String,
    /// How long the connection may take, minutes.
    pub time_limit_min: u16,
}

impl Control {
    const fn word(&self) -> u8 {
        match self {
            Self::Upgrade(_) => TerminalControl::UPGRADE,
            Self::Connect(_) | Self::ConnectBack => TerminalControl::CONNECT,
            Self::PowerOff => 3,
            Self::Reset => 4,
            Self::FactoryReset => 5,
            Self::CloseData => 6,
            Self::CloseRadio => 7,
        }
    }

    /// In the order of the standard (2013 section 8.13): a parameter without a value keeps its place. Ports are written
    /// in digits; a port of 0 is left out.
    fn parameters(&self) -> Vec<String> {
        let digits = |number: u16| if number == 0 { String::new() } else { number.to_string() };
        match self {
            Self::Upgrade(it) => vec![
                it.url.clone(),
                it.dial_point.clone(),
                it.user.clone(),
                it.password.clone(),
                it.address.clone(),
                digits(it.tcp_port),
                digits(it.udp_port),
                it.maker.clone(),
                it.hardware_version.clone(),
                it.firmware_version.clone(),
                digits(it.time_limit_min),
            ],
            Self::Connect(it) => vec![
                "0".to_owned(),
                it.code.clone(),
                it.dial_point.clone(),
                it.user.clone(),
                it.password.clone(),
                it.address.clone(),
                digits(it.tcp_port),
                digits(it.udp_port),
                // Here 0 has a meaning.
                it.time_limit_min.to_string(),
            ],
            Self::ConnectBack => vec!["1".to_owned()],
            Self::CloseData | Self::CloseRadio | Self::FactoryReset | Self::PowerOff | Self::Reset => {
                Vec::new()
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, expected| Err(Unfit { field, expected });
        match self {
            Self::Upgrade(it) if it.url.is_empty() => unfit("url", "where the software is"),
            Self::Connect(it) if it.address.is_empty() => unfit("address", "a host name or address"),
            Self::Connect(it) if it.tcp_port == 0 && it.udp_port == 0 => {
                unfit("tcp_port", "a port from 1 to 65535, or udp_port")
            }
            // A semicolon would move all that follows.
            _ if self.parameters().iter().any(|text| text.contains([';', '\0'])) => {
                unfit("action", "parameters without a semicolon")
            }
            _ if self.parameters().iter().any(|text| encode_text(text).len() > PARAMETER_BYTES_MAX) => {
                unfit("action", "parameters of at most 80 bytes")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn body(&self, edition: Edition, body: &mut Vec<u8>) {
        let parameters = encode_text(&self.parameters().join(";"));
        let control = TerminalControl { command: self.word(), parameters: Text(&parameters) };
        Message::TerminalControl(control).encode_body(edition, body);
    }
}

/// Eleven of them with their semicolons fit one frame.
const PARAMETER_BYTES_MAX: usize = 80;

/// What becomes of a vehicle's doors.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doors {
    /// Locked.
    Lock,
    /// Unlocked.
    Unlock,
}

/// Until 2013 one flag, 1 locks; from 2019 on a list with the control 1, the doors, where 0 locks.
pub(super) fn vehicle(doors: Doors, edition: Edition, body: &mut Vec<u8>) {
    let controls =
        [VehicleControl::DOORS.to_be_bytes().as_slice(), &[u8::from(doors == Doors::Unlock)]].concat();
    let control = match edition {
        Edition::V2011 | Edition::V2013 => {
            VehicleControl::Flags { flags: u8::from(doors == Doors::Lock), trailing: &[] }
        }
        Edition::V2019 => VehicleControl::Controls { count: 1, controls: &controls },
    };
    Message::VehicleControl(control).encode_body(edition, body);
}
