//! Alerts in: revisions, the current alert, and outbox rows, in one transaction.

use std::sync::Arc;

use bytes::Bytes;
use fleet::{Alert, AlertId, Department, ReceiveTime, Severity};
use rusqlite::types::Value;
use rusqlite::{Transaction, params, params_from_iter};

use crate::outbox::hurry;
use crate::seal::{Kind, seal};
use crate::{Handling, Ledger, StoreError, now};

/// A revision of an alert with the frames it rests on: the journal forgets its frames after some days, the proof stays
/// with the alert.
#[derive(Clone, Debug)]
pub struct Ruled {
    /// The revision.
    pub alert: Arc<Alert>,
    /// The frames of the vehicle since the condition began, each with its reception, as received, `7e…7e`; the last
    /// one decided. Those an earlier revision brought are not kept twice. Empty where time alone decided.
    pub frames: Vec<(ReceiveTime, Bytes)>,
}

/// A frame that an alert rests on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptFrame {
    /// The revision it was first kept for.
    pub revision: u32,
    /// When it was received.
    pub received: ReceiveTime,
    /// As received, `7e…7e`.
    pub frame: Vec<u8>,
}

impl Ledger {
    /// Records revisions that rest on no frame; see [`Ledger::record_ruled`].
    pub fn record(&self, alerts: &[Arc<Alert>]) -> Result<Vec<bool>, StoreError> {
        let ruled: Vec<Ruled> =
            alerts.iter().map(|alert| Ruled { alert: Arc::clone(alert), frames: Vec::new() }).collect();
        self.record_ruled(&ruled)
    }

    /// Records revisions and says of each whether it was new; one met before changes nothing.
    pub fn record_ruled(&self, ruled: &[Ruled]) -> Result<Vec<bool>, StoreError> {
        let at = now();
        let new = self.write(|transaction| -> Result<Vec<bool>, StoreError> {
            ruled.iter().map(|ruled| record_in(transaction, ruled, at)).collect()
        })?;
        if new.contains(&true) {
            self.inner.outbox.notify_one();
        }
        Ok(new)
    }

    /// The frames an alert rests on, in the order they were received.
    pub fn frames(&self, id: AlertId) -> Result<Vec<KeptFrame>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT revision, received, frame FROM frame WHERE id = ? ORDER BY revision, place",
        )?;
        let rows = statement.query_map([&id.as_bytes()[..]], |row| {
            let received = ReceiveTime::from_ms(row.get(1)?);
            Ok(KeptFrame { revision: row.get(0)?, received, frame: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every revision of an alert as it was published, oldest first, with the moment it was recorded.
    pub fn revisions(&self, id: AlertId) -> Result<Vec<(ReceiveTime, Alert)>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT at, document FROM revision WHERE id = ? ORDER BY revision")?;
        let rows = statement.query_map([&id.as_bytes()[..]], |row| {
            Ok((ReceiveTime::from_ms(row.get(0)?), row.get::<_, Vec<u8>>(1)?))
        })?;
        rows.map(|row| {
            let (at, document) = row?;
            Ok((at, serde_json::from_slice(&document)?))
        })
        .collect()
    }
}

fn record_in(transaction: &Transaction<'_>, ruled: &Ruled, at: ReceiveTime) -> Result<bool, StoreError> {
    let Ruled { alert, frames } = ruled;
    let added = transaction
        .prepare_cached(
            "INSERT INTO revision (id, revision, state, at, document) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id, revision) DO NOTHING",
        )?
        .execute(params![
            alert.id.as_bytes(),
            alert.revision,
            alert.state.as_str(),
            at.ms(),
            serde_json::to_vec(&**alert)?
        ])?;
    if added == 0 {
        return Ok(false);
    }
    let revision_seq = transaction.last_insert_rowid();
    let mut keep = transaction.prepare_cached(
        "INSERT INTO frame (id, revision, place, received, frame) SELECT ?1, ?2, ?3, ?4, ?5
         WHERE NOT EXISTS (SELECT 1 FROM frame WHERE id = ?1 AND received = ?4 AND frame = ?5)",
    )?;
    for (place, (received, frame)) in (0_i64..).zip(frames) {
        keep.execute(params![alert.id.as_bytes(), alert.revision, place, received.ms(), &frame[..]])?;
    }
    seal(transaction, Kind::Revision, revision_seq, at.ms())?;
    announce(transaction, alert, revision_seq, at)?;
    put(transaction, alert, revision_seq, at)?;
    Ok(true)
}

/// A message for each department it concerns; before [`put`], which forgets how severe it was.
fn announce(
    transaction: &Transaction<'_>,
    alert: &Alert,
    revision_seq: i64,
    at: ReceiveTime,
) -> Result<(), rusqlite::Error> {
    let division = alert.place.division.to_string();
    let is_urgent = alert.severity == Severity::Critical;
    let becomes_urgent = is_urgent && alert.revision > 1 && was_calm(transaction, alert)?;
    for department in &alert.departments {
        if becomes_urgent {
            hurry(transaction, alert.id, *department)?;
        }
        let (to, rule) = (department.as_str(), alert.rule.as_str());
        transaction
            .prepare_cached(
                "INSERT INTO outbox (kind, department, division, rule, revision_seq, created, urgent)
                 VALUES ('alert', ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![to, division, rule, revision_seq, at.ms(), is_urgent])?;
    }
    Ok(())
}

/// Whether its newest revision was not urgent for one of those it now is urgent for.
fn was_calm(transaction: &Transaction<'_>, alert: &Alert) -> Result<bool, rusqlite::Error> {
    transaction
        .prepare_cached("SELECT 1 FROM alert WHERE id = ?1 AND (severity <> ?2 OR departments & ?3 <> ?3)")?
        .exists(params![alert.id.as_bytes(), Severity::Critical.as_str(), mask(&alert.departments)])
}

/// What stands in the row of an alert beside its handling, taken from its newest revision.
pub(crate) const COLUMNS: [&str; 15] = [
    "id",
    "revision",
    "state",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "departments",
    "raised_at",
    "class",
    "driver",
    "late",
    "revision_seq",
];

/// The same columns of a revision.
pub(crate) fn columns(alert: &Alert, revision_seq: i64) -> [Value; 15] {
    let text = |text: &str| Value::Text(text.to_owned());
    [
        Value::Blob(alert.id.as_bytes().to_vec()),
        Value::Integer(alert.revision.into()),
        text(alert.state.as_str()),
        text(alert.rule.as_str()),
        text(alert.severity.as_str()),
        text(&alert.vehicle.plate),
        text(alert.vehicle.terminal.as_str()),
        text(&alert.vehicle.operator),
        Value::Text(alert.place.division.to_string()),
        Value::Integer(mask(&alert.departments)),
        Value::Integer(alert.raised_at.ms()),
        text(alert.vehicle.class.as_str()),
        text(alert.driver.as_ref().map_or("", |driver| driver.certificate.as_str())),
        Value::Integer(alert.late.into()),
        Value::Integer(revision_seq),
    ]
}

/// The alert as it is now, unless a newer revision is there.
fn put(
    transaction: &Transaction<'_>,
    alert: &Alert,
    revision_seq: i64,
    at: ReceiveTime,
) -> Result<(), StoreError> {
    let handling = Value::Text(serde_json::to_string(&Handling::new(at))?);
    transaction
        .prepare_cached(
            "INSERT INTO alert (id, revision, state, rule, severity, plate, terminal, operator, division, departments,
                 raised_at, class, driver, late, revision_seq, status, handling)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?)
             ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, revision_seq = excluded.revision_seq,
                 state = excluded.state, severity = excluded.severity, plate = excluded.plate,
                 operator = excluded.operator, division = excluded.division, departments = excluded.departments,
                 raised_at = excluded.raised_at, class = excluded.class, driver = excluded.driver,
                 late = excluded.late
             WHERE excluded.revision > alert.revision",
        )?
        .execute(params_from_iter(columns(alert, revision_seq).into_iter().chain([handling])))?;
    Ok(())
}

/// One bit a department.
pub(crate) fn mask(departments: &[Department]) -> i64 {
    departments.iter().fold(0, |mask, department| mask | bit(*department))
}

pub(crate) fn departments_of(mask: i64) -> impl Iterator<Item = Department> {
    Department::ALL.iter().copied().filter(move |department| mask & bit(*department) != 0)
}

/// Stored: never renumber.
const fn bit(department: Department) -> i64 {
    match department {
        Department::Police => 1,
        Department::Transport => 2,
        Department::Emergency => 4,
        Department::Ecology => 8,
        Department::Education => 16,
    }
}
