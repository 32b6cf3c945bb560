//! What format 4 brings: a hash chain over the audit log and over alerts with what was done about them.

use rusqlite::Transaction;
use serde_json::json;

use crate::act::insert_audit;
use crate::seal::{Kind, TABLE, seal};
use crate::{AuditEntry, now};

/// What of an earlier file is put under the chain, oldest first: number and time of each row.
const EARLIER: [(Kind, &str, &str); 4] = [
    (Kind::Audit, "audit", "SELECT seq, at FROM audit ORDER BY seq"),
    (Kind::Revision, "revisions", "SELECT seq, at FROM revision ORDER BY seq"),
    (Kind::Entry, "entries", "SELECT seq, at FROM timeline ORDER BY seq"),
    (
        Kind::Handling,
        "handlings",
        "SELECT seq, at FROM timeline GROUP BY id HAVING seq = max(seq) ORDER BY seq",
    ),
];

/// Puts what is there under the chain as it is now, and says so in the audit log: what was changed before that can't be
/// told.
pub(super) fn to_format_4(transaction: &Transaction<'_>, found: i64) -> Result<(), rusqlite::Error> {
    if found >= 4 {
        return Ok(());
    }
    transaction.execute_batch(TABLE)?;
    let mut counts = serde_json::Map::new();
    for (kind, name, sql) in EARLIER {
        let mut statement = transaction.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut count = 0_u64;
        while let Some(row) = rows.next()? {
            seal(transaction, kind, row.get(0)?, row.get(1)?)?;
            count += 1;
        }
        counts.insert(name.to_owned(), json!(count));
    }
    if found == 0 {
        return Ok(());
    }
    insert_audit(
        transaction,
        &AuditEntry::by_itself(now(), "begin-chain", "ledger", json!(counts).to_string()),
    )
}
