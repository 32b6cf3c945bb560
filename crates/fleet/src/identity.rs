//! Who is who: terminals, plates, classes of vehicle, administrative divisions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that names nothing of the kind it should.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is no {kind}, expected {expected}")]
pub struct InvalidIdentity {
    /// What was given.
    pub text: String,
    /// What it should have been.
    pub kind: &'static str,
    /// The shape or the choices.
    pub expected: &'static str,
}

/// The number in the JT/T 808 header without leading zeros: 1 to 20 letters or digits, held inline.
/// JT/T 808-2013 sends 12 digits, -2019 sends 20; one terminal keeps one identity over both.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TerminalId {
    len: u8,
    digits: [u8; 20],
}

impl TerminalId {
    /// From text; leading zeros are taken off, so `013800000001` is `13800000001`. All zeros is `0`.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentity> {
        let wrong = || InvalidIdentity {
            text: text.to_owned(),
            kind: "terminal number",
            expected: "1 to 20 letters or digits",
        };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(wrong());
        }
        let stripped = text.trim_start_matches('0');
        let stripped = if stripped.is_empty() { "0" } else { stripped };
        let mut digits = [0; 20];
        digits.get_mut(..stripped.len()).ok_or_else(wrong)?.copy_from_slice(stripped.as_bytes());
        Ok(Self { len: u8::try_from(stripped.len()).map_err(|_| wrong())?, digits })
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)])
            .expect("only letters and digits are stored")
    }

    /// FNV-1a over the text, 32 bits: the partition of everything that is split by terminal.
    pub fn fnv1a32(&self) -> u32 {
        self.as_str()
            .bytes()
            .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

impl fmt::Debug for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TerminalId {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        Self::parse(text)
    }
}

impl Serialize for TerminalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TerminalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

macro_rules! kebab_enum {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $zh:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The identifier in files, messages and topics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The Chinese name.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidIdentity;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::InvalidIdentity { text: text.to_owned(), kind: $kind, expected: $expected }),
                }
            }
        }
    };
}
pub(crate) use kebab_enum;

kebab_enum! {
    /// The class a vehicle is registered as; it decides which rules hold.
    VehicleClass, "vehicle class", "one of scheduled-coach, charter-coach, hazmat-truck, school-bus, heavy-truck", {
        /// 班线客车
        ScheduledCoach = "scheduled-coach", "班线客车";
        /// 旅游包车
        CharterCoach = "charter-coach", "旅游包车";
        /// 危险货物运输车
        HazmatTruck = "hazmat-truck", "危险货物运输车";
        /// 校车
        SchoolBus = "school-bus", "校车";
        /// 重型货车
        HeavyTruck = "heavy-truck", "重型货车";
    }
}

impl VehicleClass {
    /// Whether the coach rules (night limit, two hours by night) hold.
    pub const fn is_coach(self) -> bool {
        match self {
            Self::ScheduledCoach | Self::CharterCoach => true,
            Self::HazmatTruck | Self::SchoolBus | Self::HeavyTruck => false,
        }
    }
}

kebab_enum! {
    /// The colour of a number plate; part of the identity (JT/T 697.7).
    PlateColor, "plate colour", "one of blue, yellow, black, white, green, yellow-green, other", {
        /// 蓝
        Blue = "blue", "蓝色";
        /// 黄
        Yellow = "yellow", "黄色";
        /// 黑
        Black = "black", "黑色";
        /// 白
        White = "white", "白色";
        /// 绿
        Green = "green", "绿色";
        /// 黄绿
        YellowGreen = "yellow-green", "黄绿色";
        /// 其他
        Other = "other", "其他";
    }
}

impl PlateColor {
    /// From the code of JT/T 697.7: 1 blue, 2 yellow, 3 black, 4 white, 5 green, 93 yellow-green, 94 (gradient) green.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Blue,
            2 => Self::Yellow,
            3 => Self::Black,
            4 => Self::White,
            5 | 94 => Self::Green,
            93 => Self::YellowGreen,
            _ => Self::Other,
        }
    }

    /// The code of JT/T 697.7.
    pub const fn code(self) -> u8 {
        match self {
            Self::Blue => 1,
            Self::Yellow => 2,
            Self::Black => 3,
            Self::White => 4,
            Self::Green => 5,
            Self::YellowGreen => 93,
            Self::Other => 9,
        }
    }
}

/// An administrative division, six digits of GB/T 2260 (`540102`: 西藏 54, 拉萨 01, 城关 02).
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Division(u32);

impl Division {
    /// Where nothing is known: `000000`.
    pub const UNKNOWN: Self = Self(0);

    /// From six digits.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentity> {
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.parse().expect("six digits are a number")))
        } else {
            Err(InvalidIdentity {
                text: text.to_owned(),
                kind: "division",
                expected: "six digits of GB/T 2260",
            })
        }
    }

    /// The first two digits.
    pub fn province(self) -> String {
        format!("{:02}", self.0 / 10_000)
    }

    /// The first four digits.
    pub fn prefecture(self) -> String {
        format!("{:04}", self.0 / 100)
    }

    /// Whether the first `digits` of both are the same: 2 the province, 4 the prefecture, 6 the county.
    pub fn shares(self, other: Self, digits: u8) -> bool {
        let cut = 10_u32.pow(6_u32.saturating_sub(u32::from(digits)));
        self.0 / cut == other.0 / cut
    }
}

impl fmt::Debug for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl FromStr for Division {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        Self::parse(text)
    }
}

impl Serialize for Division {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Division {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_its_digits_without_leading_zeros() {
        let short = TerminalId::parse("013800000001").unwrap();
        let long = TerminalId::parse("00000000013800000001").unwrap();
        assert_eq!(short, long);
        assert_eq!(short.as_str(), "13800000001");
        assert_eq!(TerminalId::parse("000").unwrap().as_str(), "0");
        for wrong in ["", "138 0", "1234567890123456789012", "一"] {
            assert!(TerminalId::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(TerminalId::parse("a").unwrap().fnv1a32(), 0xe40c_292c);
    }

    #[test]
    fn identifiers_say_what_was_expected() {
        assert_eq!(
            "lorry".parse::<VehicleClass>().unwrap_err().to_string(),
            "\"lorry\" is no vehicle class, expected one of scheduled-coach, charter-coach, hazmat-truck, school-bus, heavy-truck"
        );
        let division = Division::parse("540102").unwrap();
        assert_eq!((division.province(), division.prefecture()), ("54".into(), "5401".into()));
        assert!(Division::parse("54012").is_err());
        let county = Division::parse("540124").unwrap();
        let shared = [2, 4, 6].map(|digits| division.shares(county, digits));
        assert_eq!(shared, [true, true, false]);
        assert!(!division.shares(Division::parse("540202").unwrap(), 4));
        for color in PlateColor::ALL {
            assert_eq!(PlateColor::from_code(color.code()), *color);
        }
    }
}
