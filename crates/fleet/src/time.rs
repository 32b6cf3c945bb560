//! Two clocks that never mix: what a terminal says, and when we heard it. Both print as RFC 3339 in UTC+8.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CHINA_OFFSET_S: i32 = 8 * 3600;
const DAY_S: i64 = 86_400;

/// A text that is no RFC 3339 time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is no RFC 3339 time such as 2026-01-01T08:00:00+08:00")]
pub struct InvalidTime {
    /// What was given.
    pub text: String,
}

macro_rules! instant {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(i64);

        impl $name {
            /// From milliseconds since 1970-01-01T00:00:00Z.
            pub const fn from_ms(ms: i64) -> Self {
                Self(ms)
            }

            /// Milliseconds since 1970-01-01T00:00:00Z.
            pub const fn ms(self) -> i64 {
                self.0
            }

            /// How long after `earlier` this is; zero if it is not after it.
            pub fn since(self, earlier: Self) -> Duration {
                Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
            }

            /// This moved later by `by`.
            pub fn plus(self, by: Duration) -> Self {
                Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
            }

            /// This moved earlier by `by`.
            pub fn minus(self, by: Duration) -> Self {
                Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
            }

            /// Seconds since midnight in China Standard Time, 0 to 86,399.
            pub fn second_of_day(self) -> u32 {
                let local_s = self.0.div_euclid(1000).saturating_add(i64::from(CHINA_OFFSET_S));
                u32::try_from(local_s.rem_euclid(DAY_S)).expect("a remainder of 86,400 fits")
            }

            /// Days since 1970-01-01 in China Standard Time.
            pub fn day(self) -> i64 {
                self.0.div_euclid(1000).saturating_add(i64::from(CHINA_OFFSET_S)).div_euclid(DAY_S)
            }

            /// RFC 3339 with exactly three digits of milliseconds, as the HTTP interface prints times.
            pub fn to_rfc3339_ms(self) -> String {
                self.china().to_rfc3339_opts(SecondsFormat::Millis, false)
            }

            fn china(self) -> DateTime<FixedOffset> {
                let offset = FixedOffset::east_opt(CHINA_OFFSET_S).expect("eight hours are an offset");
                DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default().with_timezone(&offset)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let time = self.china();
                let format = if time.nanosecond() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
                f.write_str(&time.to_rfc3339_opts(format, false))
            }
        }

        impl FromStr for $name {
            type Err = InvalidTime;

            fn from_str(text: &str) -> Result<Self, InvalidTime> {
                match DateTime::parse_from_rfc3339(text) {
                    Ok(time) => Ok(Self(time.timestamp_millis())),
                    Err(_) => Err(InvalidTime { text: text.to_owned() }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    i64::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

instant! {
    /// When something happened, by the terminal's own clock (JT/T 808: GMT+8, whole seconds).
    EventTime
}

instant! {
    /// When the gateway received it, by our clock.
    ReceiveTime
}

impl EventTime {
    /// How far this lies ahead of the moment it was received; zero if it does not.
    pub fn ahead_of(self, received: ReceiveTime) -> Duration {
        self.since(Self(received.0))
    }

    /// How old this was when it was received; zero if it was not older.
    pub fn age_at(self, received: ReceiveTime) -> Duration {
        Self(received.0).since(self)
    }
}

impl ReceiveTime {
    /// The same moment as an event time, for what has no time of its own.
    pub const fn as_event(self) -> EventTime {
        EventTime(self.0)
    }
}

impl EventTime {
    /// The midnight a day in China begins with; [`EventTime::day`] of it is that day.
    pub const fn of_day(day: i64) -> Self {
        Self((day * DAY_S - CHINA_OFFSET_S as i64) * 1_000)
    }

    /// The day in China it lies on, `2026-01-01`.
    pub fn date(self) -> String {
        self.china().date_naive().to_string()
    }
}

/// Durations as text in files: `"500ms"`, `"10s"`, `"3m"`, `"4h"`, `"7d"`.
/// Use as `#[serde(with = "fleet::duration_text")]`.
pub mod duration_text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    /// Parses one number and one unit of `ms`, `s`, `m`, `h`, `d`; the error says what was expected.
    pub fn parse(text: &str) -> Result<Duration, String> {
        let wrong =
            || format!("{text:?} is no duration such as \"500ms\", \"10s\", \"3m\", \"4h\" or \"7d\"");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(wrong)
    }

    /// Prints with the largest unit that loses nothing.
    pub fn print(duration: Duration) -> String {
        let ms = duration.as_millis();
        for (unit_ms, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if ms >= unit_ms && ms.is_multiple_of(unit_ms) {
                return format!("{}{unit}", ms / unit_ms);
            }
        }
        format!("{ms}ms")
    }

    /// For `#[serde(with)]`.
    pub fn serialize<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&print(*duration))
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let midnight = EventTime::of_day(20_454);
        assert_eq!(midnight.to_string(), "2026-01-01T00:00:00+08:00");
        assert_eq!((midnight.day(), midnight.date().as_str()), (20_454, "2026-01-01"));
        assert_eq!(midnight.minus(Duration::from_millis(1)).date(), "2025-12-31");
    }

    #[test]
    fn times_print_in_china_and_read_back() {
        let time: EventTime = "2026-01-01T00:00:10Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-01T08:00:10+08:00");
        assert_eq!(time.to_rfc3339_ms(), "2026-01-01T08:00:10.000+08:00");
        assert_eq!(time.to_string().parse::<EventTime>().unwrap(), time);
        assert_eq!(time.second_of_day(), 8 * 3600 + 10);
        assert_eq!(
            "yesterday".parse::<EventTime>().unwrap_err().to_string(),
            "\"yesterday\" is no RFC 3339 time such as 2026-01-01T08:00:00+08:00"
        );
    }

    #[test]
    fn durations_read_one_number_and_one_unit() {
        assert_eq!(duration_text::parse("3m").unwrap(), Duration::from_secs(180));
        assert_eq!(duration_text::print(Duration::from_secs(7200)), "2h");
        assert_eq!(duration_text::print(Duration::ZERO), "0ms");
        for wrong in ["", "3", "m", "3 m", "-3m", "1.5h", "99999999999999999999d"] {
            assert!(duration_text::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_device_clock_is_compared_with_ours_only_by_name() {
        let received = ReceiveTime::from_ms(1_000_000);
        assert_eq!(EventTime::from_ms(1_090_000).ahead_of(received), Duration::from_secs(90));
        assert_eq!(EventTime::from_ms(1_090_000).age_at(received), Duration::ZERO);
        assert_eq!(EventTime::from_ms(940_000).age_at(received), Duration::from_secs(60));
    }
}
