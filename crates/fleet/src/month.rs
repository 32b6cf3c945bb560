//! Months of the calendar in China Standard Time.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::EventTime;

/// A text that is no month.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is no month such as 2026-01, of the years 2000 to 2099")]
pub struct InvalidMonth {
    /// What was given.
    pub text: String,
}

/// A month of the calendar in China; prints as `2026-01`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Month {
    year: i32,
    /// 1 to 12.
    month: u32,
}

impl Month {
    /// The month in China that a moment lies in.
    pub fn of(at: EventTime) -> Self {
        let day = i32::try_from(at.day()).ok().and_then(NaiveDate::from_epoch_days).unwrap_or_default();
        Self { year: day.year(), month: day.month() }
    }

    /// Its year.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// Its number in the year, 1 to 12.
    pub const fn number(self) -> u32 {
        self.month
    }

    /// The midnight it begins with.
    pub fn start(self) -> EventTime {
        let first = NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or_default();
        EventTime::of_day(first.to_epoch_days().into())
    }

    /// The midnight it ends with, the first moment no longer of it.
    pub fn end(self) -> EventTime {
        self.next().start()
    }

    /// The one after.
    pub const fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    /// The one before.
    pub const fn previous(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { year: self.year, month: month - 1 },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
            let parsed = Self { year: year.parse().ok()?, month: month.parse().ok()? };
            let fits = digits(year, 4) && digits(month, 2);
            (fits && (2000..=2099).contains(&parsed.year) && (1..=12).contains(&parsed.month))
                .then_some(parsed)
        };
        parse().ok_or_else(|| InvalidMonth { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_and_ends_at_midnight_in_china() {
        let month: Month = "2026-02".parse().unwrap();
        assert_eq!(month.start().to_string(), "2026-02-01T00:00:00+08:00");
        assert_eq!(month.end().to_string(), "2026-03-01T00:00:00+08:00");
        assert_eq!(Month::of(month.start()), month);
        assert_eq!(Month::of(EventTime::from_ms(month.start().ms() - 1)), month.previous());
        assert_eq!(Month::of(EventTime::from_ms(month.end().ms() - 1)), month);
        // 23:30 of the last day in London is the next year in China.
        let eve: EventTime = "2026-12-31T23:30:00+00:00".parse().unwrap();
        assert_eq!(Month::of(eve).to_string(), "2027-01");
        assert_eq!(Month::of(eve).previous().to_string(), "2026-12");
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["2026-13", "2026-00", "2026-1", "26-01", "2026", "+026-01", "1999-12", "2026-01-01", ""]
        {
            let error = text.parse::<Month>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{text:?} is no month such as 2026-01, of the years 2000 to 2099")
            );
        }
    }
}
