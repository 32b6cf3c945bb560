//! Why somebody looks at where a vehicle was: asked for where `access.track_reason` says so, and kept in the audit log.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fleet::{EventTime, TerminalId};
use ledger::AuditEntry;
use serde_json::json;
use settings::TrackReason;

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::problem::Problem;
use crate::query::Params;

/// Fewest and most characters: 执法 is a reason.
const CHARS: std::ops::RangeInclusive<usize> = 2..=200;
/// The pages of one track are one row of the audit log, where they are asked for within so long.
const ONE_LOOK: Duration = Duration::from_secs(600);
/// Looks remembered, about 1 MB; past this all are forgotten, and what goes on gets a row more.
const LOOKS_MAX: usize = 2_048;

/// By whom, of which vehicle, and why.
type Key = (String, TerminalId, String);

/// What was looked at lately.
#[derive(Default)]
pub(crate) struct Looks(Mutex<HashMap<Key, Look>>);

#[derive(Clone, Copy)]
struct Look {
    from: EventTime,
    to: EventTime,
    at: Instant,
}

impl Looks {
    /// Whether it is within what was written down a moment ago.
    fn is_told(&self, key: &Key, look: Look) -> Result<bool, Problem> {
        let looks = self.0.lock().map_err(Problem::internal)?;
        // An end that is left open moves on with the clock.
        let holds = |it: &Look| it.from <= look.from && look.to <= it.to.plus(ONE_LOOK);
        Ok(looks.get(key).is_some_and(|it| it.is_fresh(look.at) && holds(it)))
    }

    fn remember(&self, key: Key, look: Look) -> Result<(), Problem> {
        let mut looks = self.0.lock().map_err(Problem::internal)?;
        looks.retain(|_, it| it.is_fresh(look.at));
        if looks.len() >= LOOKS_MAX {
            looks.clear();
        }
        looks.insert(key, look);
        Ok(())
    }
}

impl Look {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < ONE_LOOK
    }
}

/// Keeps the reason, or refuses to go on without one.
pub(crate) async fn keep(
    app: &Shared,
    caller: &Caller,
    params: &Params,
    terminal: TerminalId,
    (from, to): (EventTime, EventTime),
) -> Result<(), Problem> {
    let reason = params.one::<String>("reason")?.map(|text| text.trim().to_owned());
    let reason = match (reason, app.parts.access.track_reason) {
        (None, TrackReason::Off) => return Ok(()),
        (None, TrackReason::Required) => String::new(),
        (Some(text), TrackReason::Off | TrackReason::Required) => text,
    };
    if !CHARS.contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        let text = "reason is missing or unfit: say in 2 to 200 characters what this track is needed for; the audit log keeps it";
        return Err(Problem::parameter("reason", text));
    }
    let (key, look) =
        ((caller.name().to_owned(), terminal, reason.clone()), Look { from, to, at: Instant::now() });
    if app.looks.is_told(&key, look)? {
        return Ok(());
    }
    let row = AuditEntry {
        at: now(),
        by: caller.name().to_owned(),
        via: caller.via(),
        action: "view-track".to_owned(),
        subject: terminal.to_string(),
        detail: json!({ "from": from, "to": to, "reason": reason }).to_string(),
    };
    app.blocking(move |parts| parts.ledger.audit(&row)).await?.map_err(Problem::internal)?;
    app.looks.remember(key, look)
}
