//! Moments in reference files: a time of RFC 3339, or a day, which is whole days in China.

use fleet::EventTime;

/// The first moment of something.
pub(crate) fn first(text: &str) -> Result<EventTime, String> {
    midnight(text).map_or_else(|| time(text), Ok)
}

/// The first moment after something; it lasts over the whole of a day.
pub(crate) fn end(text: &str) -> Result<EventTime, String> {
    midnight(text).map_or_else(|| time(text), |at| Ok(EventTime::of_day(at.day() + 1)))
}

/// The midnight after a day.
pub(crate) fn day_after(text: &str) -> Result<EventTime, String> {
    let wrong = || format!("{text:?} is no day, expected one such as 2027-12-31");
    midnight(text).map(|at| EventTime::of_day(at.day() + 1)).ok_or_else(wrong)
}

/// What is said of two moments that have nothing between them.
pub(crate) fn no_time(from: EventTime, until: EventTime) -> String {
    format!("valid_until ends at {until}, no later than it begins at {from}, expected a later moment")
}

fn time(text: &str) -> Result<EventTime, String> {
    let wrong =
        || format!("{text:?} is no time, expected one such as 2026-01-01T08:00:00+08:00 or 2026-01-01");
    text.parse().map_err(|_| wrong())
}

/// The midnight a day begins with.
fn midnight(text: &str) -> Option<EventTime> {
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    shape.then(|| format!("{text}T00:00:00+08:00").parse().ok()).flatten()
}
