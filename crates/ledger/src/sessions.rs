//! Browsers that are signed in, and the demo's tickets that sign in once.
//!
//! A session ends when it is ended, [`SessionLimits::lasts`] after it began, or when nothing asked under it for
//! [`SessionLimits::idle`]. Who it is is kept as it was on signing in: whatever changes the account ends its sessions.

use std::time::Duration;

use fleet::ReceiveTime;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use crate::accounts::{IDENTITY, audit, hash_secret, identity_columns, new_secret, read_identity};
use crate::{Author, Identity, Ledger, StoreError};

/// A use is written down at most this often; so much earlier may an idle session end.
const SEEN_EVERY: Duration = Duration::from_secs(60);
/// Sessions of one name; past it the one that was used longest ago ends. A wall of screens may share an account.
const SESSIONS_MAX: i64 = 100;

/// Where a session comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    /// The peer's address.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// How long a session may last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionLimits {
    /// Left alone.
    pub idle: Duration,
    /// In all.
    pub lasts: Duration,
}

impl Default for SessionLimits {
    /// A desk that was left; a shift and its handover.
    fn default() -> Self {
        Self { idle: Duration::from_secs(2 * 3600), lasts: Duration::from_secs(12 * 3600) }
    }
}

/// Whether asking keeps a session from lying idle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// Somebody did something.
    Counts,
    /// A program looks whether it still holds.
    Look,
}

/// Whose session it is, and what is known of the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedIn {
    /// Who.
    pub identity: Identity,
    /// Whether there is an account of this name; not where a ticket signed in.
    pub has_account: bool,
    /// Whether it has a second factor.
    pub has_factor: bool,
    /// When its password was set, and whether by its owner.
    pub password: Option<(ReceiveTime, bool)>,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Session {
    /// Names it without being its secret.
    pub id: String,
    /// Whose.
    pub name: String,
    /// When it began.
    pub started_at: ReceiveTime,
    /// When it ends at the latest.
    pub expires_at: ReceiveTime,
    /// The peer's address.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// Names the session of a secret: a part of its hash, which opens nothing.
pub fn session_id(secret: &str) -> String {
    hash_secret(secret).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

impl Ledger {
    /// A console session, returned this once.
    pub fn start_session(
        &self,
        identity: &Identity,
        origin: &Origin,
        limits: SessionLimits,
        author: &Author,
    ) -> Result<String, StoreError> {
        let (secret, now) = (new_secret()?, author.at);
        let [name, role, department, operators, divisions] = identity_columns(identity)?;
        self.write(|transaction| -> Result<(), StoreError> {
            sweep(transaction, now)?;
            transaction.execute(
                "DELETE FROM secret WHERE hash IN (SELECT hash FROM secret WHERE kind = 'session' AND name = ?
                 ORDER BY seen DESC LIMIT -1 OFFSET ?)",
                params![identity.name, SESSIONS_MAX - 1],
            )?;
            transaction.execute(
                &format!(
                    "INSERT INTO secret ({IDENTITY}, hash, kind, id, created, seen, expires, idle, address, agent)
                     VALUES (?, ?, ?, ?, ?, ?, 'session', ?, ?, ?, ?, ?, ?, ?)"
                ),
                params![
                    name,
                    role,
                    department,
                    operators,
                    divisions,
                    &hash_secret(&secret)[..],
                    session_id(&secret),
                    now.ms(),
                    now.ms(),
                    now.plus(limits.lasts).ms(),
                    i64::try_from(limits.idle.as_millis()).unwrap_or(i64::MAX),
                    origin.address,
                    origin.agent
                ],
            )?;
            Ok(audit(transaction, author, "sign-in", &identity.name, &origin.address)?)
        })?;
        Ok(secret)
    }

    /// Whose session it is, while it lasts.
    pub fn check_session(
        &self,
        session: &str,
        now: ReceiveTime,
        used: Use,
    ) -> Result<Option<SignedIn>, StoreError> {
        let hash = hash_secret(session);
        let sql = format!(
            "SELECT {IDENTITY}, seen, EXISTS (SELECT 1 FROM user WHERE user.name = secret.name),
                EXISTS (SELECT 1 FROM factor WHERE factor.name = secret.name AND factor.secret IS NOT NULL),
                (SELECT at FROM past_password AS p WHERE p.name = secret.name ORDER BY seq DESC LIMIT 1),
                (SELECT own FROM past_password AS p WHERE p.name = secret.name ORDER BY seq DESC LIMIT 1)
             FROM secret WHERE hash = ?1 AND kind = 'session' AND expires > ?2 AND seen + idle > ?2"
        );
        let found = self
            .reader()
            .prepare_cached(&sql)?
            .query_row(params![&hash[..], now.ms()], |row| {
                Ok((read_signed_in(row)?, ReceiveTime::from_ms(row.get(5)?)))
            })
            .optional()?;
        let Some((signed_in, seen)) = found else { return Ok(None) };
        if used == Use::Counts && now.since(seen) >= SEEN_EVERY {
            self.write(|transaction| -> Result<(), StoreError> {
                transaction
                    .prepare_cached("UPDATE secret SET seen = ? WHERE hash = ?")?
                    .execute(params![now.ms(), &hash[..]])?;
                Ok(())
            })?;
        }
        Ok(Some(signed_in))
    }

    /// Sessions that last, of one name or of all, the newest first.
    pub fn sessions(&self, name: Option<&str>, now: ReceiveTime) -> Result<Vec<Session>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT id, name, created, expires, address, agent FROM secret
             WHERE kind = 'session' AND expires > ?1 AND seen + idle > ?1 AND (?2 IS NULL OR name = ?2)
             ORDER BY created DESC, id",
        )?;
        let rows = statement.query_map(params![now.ms(), name], |row| {
            Ok(Session {
                id: row.get(0)?,
                name: row.get(1)?,
                started_at: ReceiveTime::from_ms(row.get(2)?),
                expires_at: ReceiveTime::from_ms(row.get(3)?),
                address: row.get(4)?,
                agent: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends it; an unknown one is no error.
    pub fn end_session(&self, session: &str, author: &Author) -> Result<(), StoreError> {
        self.write_access(|transaction| {
            let hash = hash_secret(session);
            let whose: Option<String> = transaction
                .prepare_cached("DELETE FROM secret WHERE hash = ? AND kind = 'session' RETURNING name")?
                .query_row([&hash[..]], |row| row.get(0))
                .optional()?;
            if let Some(name) = whose {
                audit(transaction, author, "sign-out", &name, "")?;
            }
            Ok(())
        })
    }

    /// Ends the session of this id, if `whose` is its name or nobody in particular; whether there was one.
    pub fn revoke_session(&self, id: &str, whose: Option<&str>, author: &Author) -> Result<bool, StoreError> {
        self.write_access(|transaction| {
            let name: Option<String> = transaction
                .prepare_cached(
                    "DELETE FROM secret WHERE id = ?1 AND kind = 'session' AND (?2 IS NULL OR name = ?2) RETURNING name",
                )?
                .query_row(params![id, whose], |row| row.get(0))
                .optional()?;
            if let Some(name) = &name {
                audit(transaction, author, "session-revoke", name, id)?;
            }
            Ok(name.is_some())
        })
    }

    /// Ends every session of a name; how many.
    pub fn end_all_sessions(&self, name: &str, author: &Author) -> Result<u64, StoreError> {
        self.write_access(|transaction| {
            let gone = end_sessions(transaction, name)?;
            if gone > 0 {
                audit(transaction, author, "sign-out-everywhere", name, &gone.to_string())?;
            }
            Ok(gone)
        })
    }

    /// A ticket that signs in once, for the demo.
    pub fn add_one_time_ticket(
        &self,
        identity: &Identity,
        now: ReceiveTime,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        let secret = new_secret()?;
        let [name, role, department, operators, divisions] = identity_columns(identity)?;
        self.write(|transaction| -> Result<(), StoreError> {
            sweep(transaction, now)?;
            transaction.execute(
                &format!(
                    "INSERT INTO secret ({IDENTITY}, hash, kind, expires) VALUES (?, ?, ?, ?, ?, ?, 'ticket', ?)"
                ),
                params![
                    name,
                    role,
                    department,
                    operators,
                    divisions,
                    &hash_secret(&secret)[..],
                    now.plus(lasts).ms()
                ],
            )?;
            Ok(())
        })?;
        Ok(secret)
    }

    /// Uses a ticket up; `None` where it is unknown, used or too old.
    pub fn take_one_time_ticket(
        &self,
        ticket: &str,
        now: ReceiveTime,
    ) -> Result<Option<Identity>, StoreError> {
        self.write(|transaction| {
            let hash = hash_secret(ticket);
            let found = find_ticket(transaction, &hash, now)?;
            transaction.execute("DELETE FROM secret WHERE hash = ? AND kind = 'ticket'", [&hash[..]])?;
            Ok(found)
        })
    }
}

pub(crate) fn end_sessions(transaction: &Transaction<'_>, name: &str) -> Result<u64, rusqlite::Error> {
    let gone = transaction.execute("DELETE FROM secret WHERE kind = 'session' AND name = ?", [name])?;
    Ok(gone as u64)
}

/// Ends the sessions of a name but one, and gives that a new secret: what somebody may have learnt of it opens nothing any
/// more. `None` where there is no such session.
pub(crate) fn rotate(
    transaction: &Transaction<'_>,
    name: &str,
    kept: &str,
) -> Result<Option<String>, StoreError> {
    let (fresh, kept) = (new_secret()?, hash_secret(kept));
    transaction.execute(
        "DELETE FROM secret WHERE kind = 'session' AND name = ? AND hash <> ?",
        params![name, &kept[..]],
    )?;
    let turned = transaction.execute(
        "UPDATE secret SET hash = ?, id = ? WHERE kind = 'session' AND name = ? AND hash = ?",
        params![&hash_secret(&fresh)[..], session_id(&fresh), name, &kept[..]],
    )?;
    Ok((turned > 0).then_some(fresh))
}

fn read_signed_in(row: &Row<'_>) -> Result<SignedIn, rusqlite::Error> {
    let set: Option<i64> = row.get(8)?;
    let own: Option<bool> = row.get(9)?;
    Ok(SignedIn {
        identity: read_identity(row)?,
        has_account: row.get(6)?,
        has_factor: row.get(7)?,
        password: set.map(|at| (ReceiveTime::from_ms(at), own.unwrap_or_default())),
    })
}

fn find_ticket(
    connection: &Connection,
    hash: &[u8; 32],
    now: ReceiveTime,
) -> Result<Option<Identity>, rusqlite::Error> {
    let sql = format!("SELECT {IDENTITY} FROM secret WHERE hash = ? AND kind = 'ticket' AND expires > ?");
    connection.prepare_cached(&sql)?.query_row(params![&hash[..], now.ms()], read_identity).optional()
}

/// Drops what has run out.
fn sweep(transaction: &Transaction<'_>, now: ReceiveTime) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "DELETE FROM secret WHERE expires <= ?1 OR kind = 'session' AND seen + idle <= ?1",
        [now.ms()],
    )?;
    Ok(())
}
