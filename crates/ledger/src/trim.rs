//! What is too old goes, a slice at a time: each is one short transaction, so that whoever writes comes in between.

use fleet::{AlertId, ReceiveTime};
use rusqlite::{Transaction, params};
use serde_json::json;

use crate::act::insert_audit;
use crate::seal::{Kind, seal_gone};
use crate::{AuditEntry, Ledger, StoreError, now};

/// Alerts that go in one transaction, with all that belongs to them.
const ALERTS_MAX: i64 = 200;

/// Rows of one table that go in one transaction.
const ROWS_MAX: i64 = 5_000;

/// Alerts that may go: over, and either never touched, or with a result and no appeal to decide. One that is in the record of
/// a danger stays, and one of which something was never sent.
const DUE: &str = "
    SELECT id FROM alert INDEXED BY alert_by_time
    WHERE raised_at < ?1 AND state = 'cleared' AND status IN ('new', 'handled', 'closed')
        AND coalesce(json_extract(handling, '$.appeal'), '') <> 'pending'
        AND NOT EXISTS (SELECT 1 FROM revision r JOIN outbox o INDEXED BY outbox_unsent ON o.revision_seq = r.seq
            WHERE r.id = alert.id AND o.published IS NULL)
        AND NOT EXISTS (SELECT 1 FROM named WHERE named.id = alert.id)
    ORDER BY raised_at LIMIT ?2";

/// The alerts that dangers name.
const NAMED: &str = "
    WITH named AS MATERIALIZED (SELECT unhex(replace(value, '-', '')) AS id
        FROM danger, json_each(danger.document, '$.source.alert_ids'))";

impl Ledger {
    /// Drops some of the alerts raised before `before` that may go, with their story and their frames, oldest first. The chain
    /// and the audit log say so. Returns how many went; 0: there are no more.
    pub fn trim_alerts(&self, before: ReceiveTime) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let due: Vec<AlertId> = transaction
                .prepare_cached(&format!("{NAMED} {DUE}"))?
                .query_map(params![before.ms(), ALERTS_MAX], |row| Ok(AlertId::from_bytes(row.get(0)?)))?
                .collect::<Result<_, _>>()?;
            if due.is_empty() {
                return Ok(0);
            }
            let at = now();
            let (mut revisions, mut entries) = (0, 0);
            for id in &due {
                revisions += seal_leaving(transaction, (Kind::RevisionGone, "revision"), *id, at)?;
                entries += seal_leaving(transaction, (Kind::EntryGone, "timeline"), *id, at)?;
                for table in ["timeline", "frame", "delivery", "revision", "alert"] {
                    transaction
                        .prepare_cached(&format!("DELETE FROM {table} WHERE id = ?"))?
                        .execute([&id.as_bytes()[..]])?;
                }
            }
            let detail =
                json!({ "before": before, "alerts": due.len(), "revisions": revisions, "entries": entries });
            insert_audit(
                transaction,
                &AuditEntry::by_itself(at, "trim-alerts", "alerts", detail.to_string()),
            )?;
            Ok(due.len() as u64)
        })
    }

    /// Drops some of the messages that were put into the outbox before `sent_before` and published, of the requests of
    /// departments before `before`, and of the days of quality before it. Returns how many went; 0: there are no more.
    pub fn trim_rows(&self, sent_before: ReceiveTime, before: ReceiveTime) -> Result<u64, StoreError> {
        const SLICES: [&str; 3] = [
            "DELETE FROM outbox WHERE seq IN
             (SELECT seq FROM outbox WHERE published IS NOT NULL AND created < ? ORDER BY seq LIMIT ?)",
            "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE at < ? LIMIT ?)",
            "DELETE FROM quality WHERE (day, terminal) IN (SELECT day, terminal FROM quality WHERE day < ? LIMIT ?)",
        ];
        let bounds = [sent_before.ms(), before.ms(), before.as_event().day()];
        let mut gone = 0;
        for (slice, bound) in SLICES.iter().zip(bounds) {
            let rows = self.write(|transaction| -> Result<usize, StoreError> {
                Ok(transaction.prepare_cached(slice)?.execute([bound, ROWS_MAX])?)
            })?;
            gone += rows as u64;
        }
        Ok(gone)
    }
}

/// Says in the chain what of an alert is about to be deleted; how much that is.
fn seal_leaving(
    transaction: &Transaction<'_>,
    (kind, table): (Kind, &str),
    id: AlertId,
    at: ReceiveTime,
) -> Result<usize, rusqlite::Error> {
    let numbers: Vec<i64> = transaction
        .prepare_cached(&format!("SELECT seq FROM {table} WHERE id = ? ORDER BY seq"))?
        .query_map([&id.as_bytes()[..]], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    numbers.iter().try_for_each(|number| seal_gone(transaction, kind, *number, at.ms()))?;
    Ok(numbers.len())
}

#[cfg(test)]
mod tests;
