//! The history of zones and routes drawn in the console: each version with who made it, when, why, and what stood there
//! before. What holds is told by the console's file; this is its story.

use fleet::ReceiveTime;
use rusqlite::{Row, params};
use serde_json::Value;

use crate::act::insert_audit;
use crate::{AuditEntry, Ledger, StoreError, Via};

/// Versions kept of one place: the oldest go, the audit log still names them. A version is at most some 200 kB.
pub const PLACE_VERSIONS_MAX: usize = 200;

/// One change of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceVersion {
    /// `zone` or `route`.
    pub kind: String,
    /// Of which place.
    pub id: String,
    /// The revision of the console's file that brought it.
    pub version: u64,
    /// When.
    pub at: ReceiveTime,
    /// Who.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// `add`, `change`, `close` or `remove`.
    pub action: String,
    /// Why.
    pub note: String,
    /// The feature that held before; `None`: there was none.
    pub before: Option<Value>,
    /// The feature that holds since; `None`: there is none.
    pub feature: Option<Value>,
}

impl Ledger {
    /// Writes down changes that come into force together, with their row of the audit log; one transaction.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn record_places(&self, versions: &[PlaceVersion], audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|transaction| {
            for version in versions {
                let text = |feature: &Option<Value>| feature.as_ref().map(Value::to_string);
                transaction
                    .prepare_cached(
                        "INSERT INTO place_version (kind, id, version, at, by, via, action, note, before, feature)
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        version.kind,
                        version.id,
                        signed(version.version),
                        version.at.ms(),
                        version.by,
                        version.via.as_str(),
                        version.action,
                        version.note,
                        text(&version.before),
                        text(&version.feature),
                    ])?;
                transaction
                    .prepare_cached(
                        "DELETE FROM place_version WHERE kind = ?1 AND id = ?2 AND version <=
                         (SELECT version FROM place_version WHERE kind = ?1 AND id = ?2
                          ORDER BY version DESC LIMIT 1 OFFSET ?3)",
                    )?
                    .execute(params![version.kind, version.id, signed(PLACE_VERSIONS_MAX as u64)])?;
            }
            Ok(insert_audit(transaction, audit)?)
        })
    }

    /// Drops versions of a kind beyond a revision: they were written down, and then their file was not put in its
    /// place. How many there were; if there were any, `audit` says so.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn forget_places(&self, kind: &str, beyond: u64, audit: &AuditEntry) -> Result<usize, StoreError> {
        self.write(|transaction| {
            let gone = transaction.execute(
                "DELETE FROM place_version WHERE kind = ? AND version > ?",
                params![kind, signed(beyond)],
            )?;
            if gone > 0 {
                insert_audit(transaction, audit)?;
            }
            Ok::<_, StoreError>(gone)
        })
    }

    /// The versions of a place, newest first, at most [`PLACE_VERSIONS_MAX`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn place_versions(&self, kind: &str, id: &str) -> Result<Vec<PlaceVersion>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT kind, id, version, at, by, via, action, note, before, feature FROM place_version
             WHERE kind = ? AND id = ? ORDER BY version DESC",
        )?;
        let rows = statement.query_map([kind, id], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<PlaceVersion, StoreError> {
    let feature = |column: usize| -> Result<Option<Value>, StoreError> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    Ok(PlaceVersion {
        kind: row.get(0)?,
        id: row.get(1)?,
        version: row.get::<_, i64>(2)?.unsigned_abs(),
        at: ReceiveTime::from_ms(row.get(3)?),
        by: row.get(4)?,
        via: row.get::<_, String>(5)?.parse().unwrap_or(Via::Rule),
        action: row.get(6)?,
        note: row.get(7)?,
        before: feature(8)?,
        feature: feature(9)?,
    })
}

fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(id: &str, version: u64) -> PlaceVersion {
        PlaceVersion {
            kind: "zone".to_owned(),
            id: id.to_owned(),
            version,
            at: ReceiveTime::from_ms(7),
            by: "admin".to_owned(),
            via: Via::Console,
            action: "change".to_owned(),
            note: "wider".to_owned(),
            before: None,
            feature: Some(json!({ "n": version })),
        }
    }

    fn audit() -> AuditEntry {
        AuditEntry {
            at: ReceiveTime::from_ms(7),
            by: "admin".to_owned(),
            via: Via::Console,
            action: "zone-change".to_owned(),
            subject: "a".to_owned(),
            detail: String::new(),
        }
    }

    #[test]
    fn the_newest_versions_are_kept_and_those_beyond_the_file_forgotten() {
        let dir = std::env::temp_dir().join(format!("ledger-places-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let ledger = Ledger::open(&dir.join("ledger.db"), &prometheus::Registry::new()).unwrap();
        let most = PLACE_VERSIONS_MAX as u64;
        for number in 1..=most + 5 {
            ledger.record_places(&[version("a", number)], &audit()).unwrap();
        }
        ledger.record_places(&[version("b", 3)], &audit()).unwrap();
        let kept = ledger.place_versions("zone", "a").unwrap();
        assert_eq!(
            (kept.len(), kept[0].version, kept.last().unwrap().version),
            (PLACE_VERSIONS_MAX, most + 5, 6)
        );
        assert_eq!(kept[0], version("a", most + 5));
        assert_eq!(ledger.place_versions("route", "a").unwrap(), []);

        let rows = ledger.audit_log(9_999).unwrap().len();
        assert_eq!(ledger.forget_places("zone", most + 3, &audit()).unwrap(), 2);
        assert_eq!(ledger.forget_places("zone", most + 3, &audit()).unwrap(), 0);
        assert_eq!(ledger.audit_log(9_999).unwrap().len(), rows + 1);
        assert_eq!(ledger.place_versions("zone", "a").unwrap()[0].version, most + 3);
        assert_eq!(ledger.place_versions("zone", "b").unwrap().len(), 1);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
