//! The current alerts against the revisions they were taken from.

use fleet::Alert;
use rusqlite::Row;
use rusqlite::types::{Type, Value};

use super::Walk;
use crate::record::{COLUMNS, columns};
use crate::seal::Kind;
use crate::{Handling, StoreError};

impl Walk<'_> {
    /// Each alert shows its newest revision, and is new where nobody did anything.
    pub(super) fn alerts(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {}, handling, status = 'new' AND coalesce(result, due_at, handled_at, handled_by) IS NULL,
                 EXISTS (SELECT 1 FROM timeline WHERE timeline.id = alert.id),
                 revision = (SELECT max(revision) FROM revision WHERE revision.id = alert.id),
                 (SELECT document FROM revision WHERE seq = alert.revision_seq)
             FROM alert",
            COLUMNS.join(", ")
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(finding) = self.alert(row)? {
                self.wrong(finding);
            }
        }
        self.missing()
    }

    fn alert(&self, row: &Row<'_>) -> Result<Option<String>, StoreError> {
        let shown: Vec<Value> = (0..COLUMNS.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        let at = COLUMNS.len();
        let name = match &shown[0] {
            Value::Blob(id) => format!("alert {}", data_encoding::HEXLOWER.encode(id)),
            other => {
                return Ok(Some(format!("an alert with the id {other:?} was put there by somebody else")));
            }
        };
        let document =
            (row.get_ref(at + 4)?.data_type() == Type::Blob).then(|| row.get::<_, Vec<u8>>(at + 4));
        let document = document.transpose()?.and_then(|bytes| serde_json::from_slice::<Alert>(&bytes).ok());
        let Some(document) = document else {
            return Ok(Some(format!("{name} shows no revision there is")));
        };
        let Value::Integer(seq) = shown[at - 1] else { return Ok(Some(format!("{name} shows no revision"))) };
        if self.gone.contains_key(&(Kind::Revision, seq)) && !self.is_sealed_again(seq)? {
            return Ok(Some(format!("{name} was deleted and is there again")));
        }
        let told = columns(&document, seq);
        if let Some(column) = (0..at).find(|column| shown[*column] != told[*column]) {
            return Ok(Some(format!("{} of {name} is not what its revision says", COLUMNS[column])));
        }
        if !row.get::<_, bool>(at + 3)? {
            return Ok(Some(format!("{name} does not show its newest revision")));
        }
        let (is_new, has_entries): (bool, bool) = (row.get(at + 1)?, row.get(at + 2)?);
        let is_told = has_entries || is_new && is_untouched(row, at)?;
        if !is_told {
            return Ok(Some(format!("{name} is handled, but nobody did anything")));
        }
        Ok(None)
    }

    fn is_sealed_again(&self, revision: i64) -> Result<bool, StoreError> {
        let sql = "SELECT max(seq) FROM seal WHERE kind = ? AND key = ?";
        let newest: Option<i64> =
            self.connection.query_row(sql, [Kind::Revision.number(), revision], |row| row.get(0))?;
        Ok(newest > self.gone.get(&(Kind::Revision, revision)).copied())
    }

    /// Revisions and frames of no alert.
    fn missing(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT hex(id), max(seq) FROM revision WHERE id NOT IN (SELECT id FROM alert) GROUP BY id";
        let mut statement = self.connection.prepare(sql)?;
        let alerts = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        for alert in alerts {
            let (id, seq) = alert?;
            if !self.gone.contains_key(&(Kind::Revision, seq)) || self.is_sealed_again(seq)? {
                self.wrong(format!("alert {} is missing", id.to_lowercase()));
            }
        }
        let sql = "SELECT DISTINCT hex(id), revision FROM frame WHERE NOT EXISTS
             (SELECT 1 FROM revision WHERE revision.id = frame.id AND revision.revision = frame.revision)";
        let mut statement = self.connection.prepare(sql)?;
        let frames = statement.query_map([], |row| row.get::<_, String>(0))?;
        for id in frames {
            self.wrong(format!("frames of alert {} belong to no revision", id?.to_lowercase()));
        }
        Ok(())
    }
}

fn is_untouched(row: &Row<'_>, at: usize) -> Result<bool, StoreError> {
    let Ok(text) = row.get::<_, String>(at) else { return Ok(false) };
    let handling: Option<Handling> = serde_json::from_str(&text).ok();
    Ok(handling.is_some_and(|handling| handling == Handling::new(handling.updated_at)))
}
