//! BCD\[6\] times, kept as sent.

use std::fmt;

/// A terminal's clock in GMT+8, YY-MM-DD-hh-mm-ss; may be anything, so every reading is an `Option`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct DeviceTime {
    /// The six bytes as one number: it moves and compares faster than an array.
    bcd: u64,
}

const ZONE_MS: i64 = 8 * 3_600_000;

impl DeviceTime {
    /// The six bytes as sent.
    #[must_use]
    #[inline]
    pub const fn from_bcd([a, b, c, d, e, f]: [u8; 6]) -> Self {
        let (date, time) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]));
        Self { bcd: (date as u64) << 16 | time as u64 }
    }

    /// The six bytes as sent.
    #[must_use]
    #[inline]
    pub const fn bcd(self) -> [u8; 6] {
        let [_, _, a, b, c, d, e, f] = self.bcd.to_be_bytes();
        [a, b, c, d, e, f]
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
        Some(Self::from_bcd(bcd))
    }

    /// Year (2000 to 2099), month, day, hour, minute and second, where they are a date and a time.
    #[must_use]
    pub fn fields(self) -> Option<[u16; 6]> {
        let [year, rest @ ..] = self.parts()?.map(u16::from);
        let [month, day, hour, minute, second] = rest;
        Some([year + 2_000, month, day, hour, minute, second])
    }

    /// Milliseconds since 1970, reading the clock as GMT+8.
    #[must_use]
    #[inline]
    pub fn unix_ms(self) -> Option<i64> {
        let [year, month, day, hour, minute, second] = self.parts()?;
        let (_, before) = MONTHS.get(usize::from(month))?;
        // 2000 was a leap year, so one day more for every fourth year begun, and for the present one after February.
        let leap_days = u32::from(year).div_ceil(4) + u32::from(is_leap(year) & (month > 2));
        let days = DAYS_TO_2000 + u32::from(year) * 365 + leap_days + u32::from(*before) + u32::from(day) - 1;
        let seconds = (u32::from(hour) * 60 + u32::from(minute)) * 60 + u32::from(second);
        Some((i64::from(days) * 86_400 + i64::from(seconds)) * 1_000 - ZONE_MS)
    }

    /// The six numbers, the year from 0, where they are a date and a time.
    #[inline]
    fn parts(self) -> Option<[u8; 6]> {
        // Six added to each digit carries into the next one exactly where a digit is above nine.
        let carries = (self.bcd + 0x6666_6666_6666) ^ self.bcd ^ 0x6666_6666_6666;
        if carries & 0x1_1111_1111_1110 != 0 {
            return None;
        }
        let tens = self.bcd >> 4 & 0x0f0f_0f0f_0f0f;
        let [_, _, parts @ ..] = (self.bcd - 6 * tens).to_be_bytes();
        let [year, month, day, hour, minute, second] = parts;
        let (days, _) = MONTHS.get(usize::from(month))?;
        let last = days + u8::from((month == 2) & is_leap(year));
        let valid = day >= 1 && day <= last && hour < 24 && minute < 60 && second < 60;
        valid.then_some(parts)
    }
}

/// From 2000 to 2099.
const fn is_leap(year: u8) -> bool {
    year.is_multiple_of(4)
}

/// Days from 1970 to 2000.
const DAYS_TO_2000: u32 = 10_957;

/// Days of a month and of all before it, in a common year; there is no month 0.
const MONTHS: [(u8, u16); 13] = [
    (0, 0),
    (31, 0),
    (28, 31),
    (31, 59),
    (30, 90),
    (31, 120),
    (30, 151),
    (31, 181),
    (31, 212),
    (30, 243),
    (31, 273),
    (30, 304),
    (31, 334),
];

impl fmt::Display for DeviceTime {
    /// `2026-01-02 03:04:05 +08:00`, or the bytes in hex where they are no time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fields() {
            Some([year, month, day, hour, minute, second]) => {
                write!(f, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +08:00")
            }
            None => crate::field::Hex(&self.bcd()).fmt(f),
        }
    }
}

/// Year, month and day of a number of days since 1970, by years that start in March.
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

    #[test]
    fn every_day_of_the_century_round_trips() {
        let first = DeviceTime::from_bcd([0, 1, 1, 0, 0, 0]).unix_ms().unwrap();
        for day in 0..36_525 {
            let ms = first + day * 86_400_000 + 86_399_000;
            assert_eq!(DeviceTime::from_unix_ms(ms).and_then(DeviceTime::unix_ms), Some(ms));
        }
        assert_eq!(DeviceTime::from_unix_ms(first + 36_525 * 86_400_000), None);
        assert_eq!(first, 946_656_000_000);
    }

    #[test]
    fn a_digit_above_nine_is_no_time() {
        let good = [0x26, 0x01, 0x02, 0x03, 0x04, 0x05];
        for place in 0..6 {
            for digit in [0x0a, 0x0f, 0xa0, 0xf0] {
                let mut bcd = good;
                bcd[place] |= digit;
                assert_eq!(DeviceTime::from_bcd(bcd).fields(), None, "{bcd:02x?}");
            }
        }
        assert_eq!(DeviceTime::from_bcd(good).fields(), Some([2026, 1, 2, 3, 4, 5]));
    }
}
