//! BCD\[6\] times, kept as sent.

use std::fmt;

/// A terminal's clock in GMT+8, YY-MM-DD-hh-mm-ss; may be anything, so every reading is an `Option`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct DeviceTime {
    bcd: [u8; 6],
}

const ZONE_MS: i64 = 8 * 3_600_000;

impl DeviceTime {
    /// The six bytes as sent.
    #[must_use]
    pub const fn from_bcd(bcd: [u8; 6]) -> Self {
        Self { bcd }
    }

    /// The six bytes as sent.
    #[must_use]
    pub const fn bcd(self) -> [u8; 6] {
        self.bcd
    }

    /// Milliseconds since 1970 to the clock a terminal shows then; nothing outside 2000 to 2099.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64) -> Option<Self> {
        let seconds = unix_ms.checked_add(ZONE_MS)?.div_euclid(1_000);
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let fields = [year.checked_sub(2_000)?, month, day, second / 3_600, second / 60 % 60, second % 60];
        let mut bcd = [0; 6];
        for (byte, field) in bcd.iter_mut().zip(fields) {
            let field = u8::try_from(field).ok().filter(|field| *field < 100)?;
            *byte = field / 10 * 16 + field % 10;
        }
        Some(Self { bcd })
    }

    /// Year (2000 to 2099), month, day, hour, minute and second, where they are a date and a time.
    #[must_use]
    pub fn fields(self) -> Option<[u16; 6]> {
        let mut fields = [0; 6];
        for (field, byte) in fields.iter_mut().zip(self.bcd) {
            let (tens, ones) = (byte >> 4, byte & 0x0f);
            if tens > 9 || ones > 9 {
                return None;
            }
            *field = u16::from(tens) * 10 + u16::from(ones);
        }
        let [year, month, day, hour, minute, second] = fields;
        let leap = year % 4 == 0;
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        let valid = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
        valid.then_some([year + 2_000, month, day, hour, minute, second])
    }

    /// Milliseconds since 1970, reading the clock as GMT+8.
    #[must_use]
    pub fn unix_ms(self) -> Option<i64> {
        let [year, month, day, hour, minute, second] = self.fields()?.map(i64::from);
        let days = days_from_civil(year, month, day);
        Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000 - ZONE_MS)
    }
}

impl fmt::Display for DeviceTime {
    /// `2026-01-02 03:04:05 +08:00`, or the bytes in hex where they are no time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fields() {
            Some([year, month, day, hour, minute, second]) => {
                write!(f, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +08:00")
            }
            None => crate::field::Hex(&self.bcd).fmt(f),
        }
    }
}

/// Days since 1970-01-01, in the proleptic Gregorian calendar with years that start in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_round_trips_and_nonsense_is_none() {
        let time = DeviceTime::from_bcd([0x26, 0x01, 0x02, 0x03, 0x04, 0x05]);
        assert_eq!(time.unix_ms(), Some(1_767_294_245_000));
        assert_eq!(DeviceTime::from_unix_ms(1_767_294_245_999), Some(time));
        for bcd in [[0; 6], [0x26, 0x02, 0x29, 0, 0, 0], [0x26, 0x0a, 1, 0, 0, 0], [0x26, 1, 1, 0x24, 0, 0]] {
            assert_eq!(DeviceTime::from_bcd(bcd).unix_ms(), None, "{bcd:02x?}");
        }
        assert_eq!(DeviceTime::from_unix_ms(0), None);
    }
}
