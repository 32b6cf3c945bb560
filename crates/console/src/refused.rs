//! Sign-ins that failed, in the audit log: a row for the first of a name from an address, the fifth, the tenth, the
//! fiftieth and so on, and so many rows an hour, so that guessing fills no disk.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use ledger::AuditEntry;
use serde_json::json;

use crate::account::TICKET_NAME;
use crate::app::{Shared, now};
use crate::problem::Problem;

/// Rows about accounts that there are, an hour: 2 MB a month at worst. What is beyond is counted in the next row.
const KNOWN_ROWS_MAX: u32 = 60;
/// The same for names that are nobody's: made up by the thousand, they must not hide the others.
const UNKNOWN_ROWS_MAX: u32 = 12;
const HOUR: Duration = Duration::from_secs(3_600);
/// Stands for every name that is nobody's: people type passwords where the name belongs.
const NOBODY: &str = "unknown-account";

#[derive(Default)]
pub(crate) struct Refused {
    known: Quota,
    unknown: Quota,
}

#[derive(Default)]
struct Quota {
    begun: Option<Instant>,
    rows: u32,
    left_out: u64,
}

impl Refused {
    /// Whether this failure, so many of its name and address in a row, gets a row, and how many went without since the
    /// last.
    fn handle(&mut self, count: u32, is_known: bool, now: Instant) -> Option<u64> {
        match is_known {
            true => self.known.handle(KNOWN_ROWS_MAX, count, now),
            false => self.unknown.handle(UNKNOWN_ROWS_MAX, count, now),
        }
    }
}

impl Quota {
    fn handle(&mut self, rows_max: u32, count: u32, now: Instant) -> Option<u64> {
        if !is_told(count) {
            return None;
        }
        if self.begun.is_none_or(|begun| now.saturating_duration_since(begun) >= HOUR) {
            (self.begun, self.rows) = (Some(now), 0);
        }
        if self.rows == rows_max {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.rows += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// 1, 5, 10, 50, 100 …
fn is_told(mut count: u32) -> bool {
    while count > 0 && count.is_multiple_of(10) {
        count /= 10;
    }
    count == 1 || count == 5
}

/// Writes a row where one is due. The answer does not wait for it: how long it takes says nothing of who there is.
pub(crate) async fn tell(app: &Shared, address: IpAddr, name: &str, count: u32) -> Result<(), Problem> {
    let asked = name.to_owned();
    let is_known = match name {
        TICKET_NAME => false,
        _ => app.blocking(move |parts| parts.ledger.is_user(&asked)).await?.map_err(Problem::internal)?,
    };
    let told = app.refused.lock().map_err(Problem::internal)?.handle(count, is_known, Instant::now());
    let Some(left_out) = told else { return Ok(()) };
    let subject = match name {
        TICKET_NAME => "ticket",
        name if is_known => name,
        _ => NOBODY,
    };
    let detail = json!({ "address": address, "failures": count, "left_out": left_out });
    let row = AuditEntry::by_itself(now(), "sign-in-failed", subject, detail.to_string());
    let ledger = app.parts.ledger.clone();
    // At most as many as there are rows an hour.
    app.tasks.spawn_blocking(move || {
        if let Err(error) = ledger.audit(&row) {
            tracing::error!(%error, "a failed sign-in cannot be written to the audit log");
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_failures_are_few_rows_and_made_up_names_hide_no_account() {
        let told: Vec<u32> = (0..2_000).filter(|count| is_told(*count)).collect();
        assert_eq!(told, [1, 5, 10, 50, 100, 500, 1_000]);
        let (mut refused, start) = (Refused::default(), Instant::now());
        let rows = (0..1_000).filter(|_| refused.handle(1, false, start).is_some()).count();
        assert_eq!(rows, usize::try_from(UNKNOWN_ROWS_MAX).unwrap());
        assert_eq!(refused.handle(1, true, start), Some(0));
        assert_eq!(refused.handle(2, true, start), None);
        assert_eq!(refused.handle(1, false, start + HOUR), Some(988));
        assert_eq!(refused.handle(5, false, start + HOUR), Some(0));
    }
}
