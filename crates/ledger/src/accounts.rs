//! Who may come in: people by password, programs by token, browsers by session, demo guests by ticket.
//!
//! A secret is 32 bytes of the system's randomness, shown once and stored as its SHA-256 only.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::rand_core::{OsRng, RngCore};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use fleet::{Department, ReceiveTime};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::handling::word_enum;
use crate::outbox::word;
use crate::{Ledger, StoreError, lock};

word_enum! {
    /// What somebody may do.
    Role {
        /// Acknowledges and handles.
        Duty = "duty",
        /// The police's desk.
        Police = "police",
        /// A transport company: its own vehicles only.
        Operator = "operator",
        /// Everything.
        Admin = "admin",
    }
}

/// Who somebody turned out to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// Name of the person or program.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// An operator's id: the scope of its lists.
    pub operator: Option<String>,
    /// A department's account.
    pub department: Option<Department>,
}

/// A person's account, without the password.
pub type User = Identity;

#[derive(Clone, Copy)]
enum Kind {
    Session,
    Ticket,
    Token,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Ticket => "ticket",
            Self::Token => "token",
        }
    }
}

impl Ledger {
    /// Makes or changes a person's account; its sessions end.
    pub fn add_user(&self, user: &User, password: &str) -> Result<(), StoreError> {
        let salt = SaltString::generate(&mut OsRng);
        let hash =
            Argon2::default().hash_password(password.as_bytes(), &salt).map_err(StoreError::Password)?;
        let hash = hash.to_string();
        self.write(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO user (name, password, role, operator, department) VALUES (?, ?, ?, ?, ?)",
                params![
                    user.name,
                    hash,
                    user.role.as_str(),
                    user.operator,
                    user.department.map(Department::as_str)
                ],
            )?;
            transaction.execute("DELETE FROM secret WHERE kind = 'session' AND name = ?", [&user.name])?;
            Ok(())
        })
    }

    /// Who it is, if name and password fit. Takes as long for a name that isn't there.
    pub fn check_password(&self, name: &str, password: &str) -> Result<Option<Identity>, StoreError> {
        let row = self
            .reader()
            .prepare_cached("SELECT name, role, operator, department, password FROM user WHERE name = ?")?
            .query_row([name], |row| Ok((read_identity(row)?, row.get::<_, String>(4)?)))
            .optional()?;
        let Some((identity, stored)) = row else {
            let salt = SaltString::generate(&mut OsRng);
            Argon2::default().hash_password(password.as_bytes(), &salt).map_err(StoreError::Password)?;
            return Ok(None);
        };
        let stored = PasswordHash::new(&stored).map_err(StoreError::Password)?;
        let fits = Argon2::default().verify_password(password.as_bytes(), &stored).is_ok();
        Ok(fits.then_some(identity))
    }

    /// Every person's account, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT name, role, operator, department FROM user ORDER BY name")?;
        let rows = statement.query_map([], read_identity)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes a person's account and ends its sessions; whether there was one.
    pub fn remove_user(&self, name: &str) -> Result<bool, StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM secret WHERE kind = 'session' AND name = ?", [name])?;
            Ok(transaction.execute("DELETE FROM user WHERE name = ?", [name])? > 0)
        })
    }

    /// A token for a program, returned this once.
    pub fn add_token(&self, name: &str, role: Role, operator: Option<&str>) -> Result<String, StoreError> {
        let identity =
            Identity { name: name.to_owned(), role, operator: operator.map(str::to_owned), department: None };
        self.add_secret(Kind::Token, &identity, None)
    }

    /// Whose token it is.
    pub fn check_token(&self, token: &str) -> Result<Option<Identity>, StoreError> {
        find_secret(&lock(&self.inner.reader), Kind::Token, token, None)
    }

    /// Ends every token of this name; returns how many.
    pub fn revoke_tokens(&self, name: &str) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let gone = transaction.execute("DELETE FROM secret WHERE kind = 'token' AND name = ?", [name])?;
            Ok(gone as u64)
        })
    }

    /// A console session, returned this once.
    pub fn start_session(
        &self,
        identity: &Identity,
        now: ReceiveTime,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        self.add_secret(Kind::Session, identity, Some((now, now.plus(lasts))))
    }

    /// Whose session it is, while it lasts.
    pub fn check_session(&self, session: &str, now: ReceiveTime) -> Result<Option<Identity>, StoreError> {
        find_secret(&lock(&self.inner.reader), Kind::Session, session, Some(now))
    }

    /// Ends it; an unknown one is no error.
    pub fn end_session(&self, session: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM secret WHERE hash = ? AND kind = 'session'",
                [&hash_secret(session)[..]],
            )?;
            Ok(())
        })
    }

    /// A ticket that signs in once, for the demo.
    pub fn add_one_time_ticket(
        &self,
        identity: &Identity,
        now: ReceiveTime,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        self.add_secret(Kind::Ticket, identity, Some((now, now.plus(lasts))))
    }

    /// Uses a ticket up; `None` where it is unknown, used or too old.
    pub fn take_one_time_ticket(
        &self,
        ticket: &str,
        now: ReceiveTime,
    ) -> Result<Option<Identity>, StoreError> {
        self.write(|transaction| {
            let found = find_secret(transaction, Kind::Ticket, ticket, Some(now))?;
            transaction.execute(
                "DELETE FROM secret WHERE hash = ? AND kind = 'ticket'",
                [&hash_secret(ticket)[..]],
            )?;
            Ok(found)
        })
    }

    fn add_secret(
        &self,
        kind: Kind,
        identity: &Identity,
        lasts: Option<(ReceiveTime, ReceiveTime)>,
    ) -> Result<String, StoreError> {
        let secret = new_secret()?;
        let hash = hash_secret(&secret);
        self.write(|transaction| -> Result<(), StoreError> {
            if let Some((now, _)) = lasts {
                transaction.execute("DELETE FROM secret WHERE expires <= ?", [now.ms()])?;
            }
            transaction.execute(
                "INSERT INTO secret (hash, kind, name, role, operator, department, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    &hash[..],
                    kind.as_str(),
                    identity.name,
                    identity.role.as_str(),
                    identity.operator,
                    identity.department.map(Department::as_str),
                    lasts.map(|(_, expires)| expires.ms())
                ],
            )?;
            Ok(())
        })?;
        Ok(secret)
    }
}

fn find_secret(
    connection: &Connection,
    kind: Kind,
    secret: &str,
    now: Option<ReceiveTime>,
) -> Result<Option<Identity>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT name, role, operator, department FROM secret
             WHERE hash = ? AND kind = ? AND (expires IS NULL OR expires > ?)",
        )?
        .query_row(
            params![&hash_secret(secret)[..], kind.as_str(), now.map_or(i64::MIN, ReceiveTime::ms)],
            read_identity,
        )
        .optional()?;
    Ok(found)
}

fn read_identity(row: &Row<'_>) -> Result<Identity, rusqlite::Error> {
    let department: Option<String> = row.get(3)?;
    Ok(Identity {
        name: row.get(0)?,
        role: word(row, 1, |text| Role::from_str(text).map_err(std::io::Error::other))?,
        operator: row.get(2)?,
        department: department.map(|_| word(row, 3, str::parse)).transpose()?,
    })
}

fn new_secret() -> Result<String, StoreError> {
    Ok(random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Bytes of the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}

fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
