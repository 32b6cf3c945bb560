//! Passwords that were: how old the present one is, who set it, and which came before.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordVerifier};
use rusqlite::{Transaction, params};

use crate::{Author, Ledger, StoreError};

/// Passwords kept of one name, the present one among them: the longest history that can be asked for is 20.
const KEPT_MAX: i64 = 21;

impl Ledger {
    /// Whether a password is one of the newest `last` of a name, the present one among them. Takes as long as so many
    /// sign-ins.
    pub fn was_password(&self, name: &str, password: &str, last: usize) -> Result<bool, StoreError> {
        let hashes: Vec<String> = {
            let reader = self.reader();
            let mut statement = reader
                .prepare_cached("SELECT hash FROM past_password WHERE name = ? ORDER BY seq DESC LIMIT ?")?;
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            statement.query_map(params![name, last], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        for hash in hashes {
            let stored = PasswordHash::new(&hash).map_err(StoreError::Password)?;
            if Argon2::default().verify_password(password.as_bytes(), &stored).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Writes down that a name has this password from now on.
pub(crate) fn remember(
    transaction: &Transaction<'_>,
    name: &str,
    hash: &str,
    author: &Author,
) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "INSERT INTO past_password (name, at, own, hash) VALUES (?, ?, ?, ?)",
        params![name, author.at.ms(), author.by == name, hash],
    )?;
    transaction.execute(
        "DELETE FROM past_password WHERE name = ?1 AND seq NOT IN
         (SELECT seq FROM past_password WHERE name = ?1 ORDER BY seq DESC LIMIT ?2)",
        params![name, KEPT_MAX],
    )?;
    Ok(())
}

pub(crate) fn forget(transaction: &Transaction<'_>, name: &str) -> Result<(), rusqlite::Error> {
    transaction.execute("DELETE FROM past_password WHERE name = ?", [name])?;
    Ok(())
}
