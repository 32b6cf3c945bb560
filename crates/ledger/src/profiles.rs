//! What terminals have shown of themselves, kept for their next connection. What a profile says is not judged here.

use fleet::{ReceiveTime, TerminalId};
use rusqlite::{OptionalExtension, params};

use crate::{Ledger, StoreError, lock};

impl Ledger {
    /// The profile of a terminal as it was put. Never waits for lists.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn profile(&self, terminal: TerminalId) -> Result<Option<String>, StoreError> {
        let reader = lock(&self.inner.profile_reader);
        let mut statement = reader.prepare_cached("SELECT profile FROM terminal WHERE id = ?1")?;
        Ok(statement.query_row([terminal.as_str()], |row| row.get(0)).optional()?)
    }

    /// Puts profiles in place of those there are, in one transaction.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn put_profiles(&self, profiles: &[(TerminalId, String)], at: ReceiveTime) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO terminal (id, profile, updated) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, updated = excluded.updated",
            )?;
            for (terminal, profile) in profiles {
                statement.execute(params![terminal.as_str(), profile, at.ms()])?;
            }
            Ok::<(), StoreError>(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_profile_outlives_the_ledger() {
        let dir = std::env::temp_dir().join(format!("ledger-profiles-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let open = || Ledger::open(&dir.join("ledger.db"), &prometheus::Registry::new()).unwrap();
        let (one, two) = (TerminalId::parse("1").unwrap(), TerminalId::parse("2").unwrap());
        let ledger = open();
        ledger.put_profiles(&[(one, "a".into()), (two, "b".into())], ReceiveTime::from_ms(1)).unwrap();
        ledger.put_profiles(&[(one, "c".into())], ReceiveTime::from_ms(2)).unwrap();
        drop(ledger);
        let ledger = open();
        let profile = |terminal| ledger.profile(terminal).unwrap();
        assert_eq!((profile(one), profile(two)), (Some("c".into()), Some("b".into())));
        assert_eq!(profile(TerminalId::parse("3").unwrap()), None);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
