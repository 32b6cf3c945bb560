//! 0x8105 control of the terminal (2013 section 8.13) and 0x8500 control of the vehicle (2013 section 8.33; a list in
//! 2019).
//!
//! 8105 | command 1 | parameters, parted by ; … |
//! 8500 | flags 1 |      2019 | count 2 | id 2, value … |

use crate::field::{Meaning, Show};
use crate::layout::Body;
use crate::reader::Reader;
use crate::text::Text;
use crate::{DecodeError, Edition};

/// What a terminal shall do with itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TerminalControl<'a> {
    /// 1 upgrade over the air, 2 connect to another server, 3 switch off, 4 reset, 5 factory settings, 6 close the data
    /// connection, 7 close all radio.
    pub command: u8,
    /// Text parted by semicolons, with nothing between two of them where a parameter has no value. Commands 1 and 2 have
    /// some.
    pub parameters: Text<'a>,
}

impl<'a> TerminalControl<'a> {
    /// Upgrade over the air.
    pub const UPGRADE: u8 = 1;
    /// Connect to another server, or back to the own one.
    pub const CONNECT: u8 = 2;

    /// The parameters in order, empty ones too.
    pub fn parameters(&self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let some = !self.parameters.0.is_empty();
        self.parameters.0.split(|byte| *byte == b';').map(Text).filter(move |_| some)
    }
}

impl<'a> Body<'a> for TerminalControl<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { command: reader.u8("command")?, parameters: Text(reader.rest()) })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.command);
        into.extend_from_slice(self.parameters.0);
    }

    fn show(&self, show: &mut dyn Show) {
        show.meant("command", self.command, COMMANDS);
        let names: &[&str] = match self.command {
            Self::UPGRADE => UPGRADE,
            Self::CONNECT => CONNECT,
            _ => &[],
        };
        let mut names = names.iter();
        for (at, parameter) in self.parameters().enumerate() {
            // Each but the first has a semicolon before it.
            let bytes = parameter.0.len() + usize::from(at > 0);
            show.text(names.next().copied().unwrap_or("parameter"), bytes, &parameter);
        }
    }
}

/// Parameters of command 1.
const UPGRADE: &[&str] = &[
    "url",
    "dial_point",
    "user",
    "password",
    "address",
    "tcp_port",
    "udp_port",
    "maker",
    "hardware_version",
    "firmware_version",
    "time_limit_min",
];

/// Parameters of command 2: control 0 goes to the server named, 1 goes back and has no more of them.
const CONNECT: &[&str] = &[
    "control",
    "code",
    "dial_point",
    "user",
    "password",
    "address",
    "tcp_port",
    "udp_port",
    "time_limit_min",
];

const COMMANDS: Meaning = Meaning::Codes(&[
    (1, "无线升级", "upgrade over the air"),
    (2, "控制终端连接指定服务器", "connect to a server"),
    (3, "终端关机", "switch off"),
    (4, "终端复位", "reset"),
    (5, "终端恢复出厂设置", "factory settings"),
    (6, "关闭数据通信", "close data connection"),
    (7, "关闭所有无线通信", "close all radio"),
]);

/// What a terminal shall do with its vehicle; answered by 0x0500.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VehicleControl<'a> {
    /// Until 2019.
    Flags {
        /// Bit 0: 1 locks the doors, 0 unlocks them.
        flags: u8,
        /// Bytes behind the layout, as sent.
        trailing: &'a [u8],
    },
    /// From 2019 on.
    Controls {
        /// How many the sender announces.
        count: u16,
        /// An id and a value each, as sent. How long a value is only the id tells.
        controls: &'a [u8],
    },
}

impl VehicleControl<'_> {
    /// The one control of 2019 that the standard defines: the doors, whose value is 0 locked, 1 unlocked.
    pub const DOORS: u16 = 0x0001;
}

impl<'a> Body<'a> for VehicleControl<'a> {
    /// A single byte can only be the flags, whatever the header says.
    fn decode(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        match (edition, reader.rest()) {
            (Edition::V2011 | Edition::V2013, _) | (Edition::V2019, [_]) => {
                Ok(Self::Flags { flags: reader.u8("flags")?, trailing: reader.rest() })
            }
            (Edition::V2019, _) => {
                Ok(Self::Controls { count: reader.u16("count")?, controls: reader.rest() })
            }
        }
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        match self {
            Self::Flags { flags, trailing } => {
                into.push(*flags);
                into.extend_from_slice(trailing);
            }
            Self::Controls { count, controls } => {
                into.extend_from_slice(&count.to_be_bytes());
                into.extend_from_slice(controls);
            }
        }
    }

    fn show(&self, show: &mut dyn Show) {
        match self {
            Self::Flags { flags, trailing } => {
                show.meant(
                    "flags",
                    *flags,
                    Meaning::Codes(&[(0, "车门解锁", "unlock"), (1, "车门加锁", "lock")]),
                );
                show.trailing(trailing);
            }
            Self::Controls { count, controls } => {
                show.number("count", *count);
                let mut rest = *controls;
                while let [high, low, value, after @ ..] = rest
                    && u16::from_be_bytes([*high, *low]) == VehicleControl::DOORS
                {
                    show.begin("controls");
                    show.meant("id", Self::DOORS, Meaning::Codes(&[(1, "车门", "doors")]));
                    show.meant(
                        "value",
                        *value,
                        Meaning::Codes(&[(0, "车门锁闭", "lock"), (1, "车门开启", "unlock")]),
                    );
                    show.end();
                    rest = after;
                }
                show.trailing(rest);
            }
        }
    }
}
