//! Browsers that are signed in, and the demo's tickets that sign in once.
//!
//! A session ends when it is ended, [`SESSION_LASTS`] after it began, or when nothing asked under it for [`SESSION_IDLE`];
//! a live feed that runs asks now and then. Who it is is kept as it was on signing in: whatever changes the account ends
//! its sessions.

use std::time::Duration;

use fleet::ReceiveTime;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;

use crate::accounts::{IDENTITY, audit, hash_secret, identity_columns, new_secret, read_identity};
use crate::{Author, Identity, Ledger, StoreError};

/// How long a session lasts at most: a shift and its handover.
pub const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);
/// How long one lasts that nothing uses: a desk that was left.
pub const SESSION_IDLE: Duration = Duration::from_secs(2 * 3600);
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
                    "INSERT INTO secret ({IDENTITY}, hash, kind, id, created, seen, expires, address, agent)
                     VALUES (?, ?, ?, ?, ?, ?, 'session', ?, ?, ?, ?, ?, ?)"
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
                    now.plus(SESSION_LASTS).ms(),
                    origin.address,
                    origin.agent
                ],
            )?;
            Ok(audit(transaction, author, "sign-in", &identity.name, &origin.address)?)
        })?;
        Ok(secret)
    }

    /// Whose session it is, while it lasts. Asking is a use.
    pub fn check_session(&self, session: &str, now: ReceiveTime) -> Result<Option<Identity>, StoreError> {
        let hash = hash_secret(session);
        let sql = format!(
            "SELECT {IDENTITY}, seen FROM secret WHERE hash = ? AND kind = 'session' AND expires > ? AND seen > ?"
        );
        let found = self
            .reader()
            .prepare_cached(&sql)?
            .query_row(params![&hash[..], now.ms(), now.minus(SESSION_IDLE).ms()], |row| {
                Ok((read_identity(row)?, ReceiveTime::from_ms(row.get(5)?)))
            })
            .optional()?;
        let Some((identity, seen)) = found else { return Ok(None) };
        if now.since(seen) >= SEEN_EVERY {
            self.write(|transaction| -> Result<(), StoreError> {
                transaction
                    .prepare_cached("UPDATE secret SET seen = ? WHERE hash = ?")?
                    .execute(params![now.ms(), &hash[..]])?;
                Ok(())
            })?;
        }
        Ok(Some(identity))
    }

    /// Sessions that last, of one name or of all, the newest first.
    pub fn sessions(&self, name: Option<&str>, now: ReceiveTime) -> Result<Vec<Session>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT id, name, created, expires, address, agent FROM secret
             WHERE kind = 'session' AND expires > ? AND seen > ? AND (?3 IS NULL OR name = ?3)
             ORDER BY created DESC, id",
        )?;
        let rows = statement.query_map(params![now.ms(), now.minus(SESSION_IDLE).ms(), name], |row| {
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
        self.write(|transaction| {
            let hash = hash_secret(session);
            let gone =
                transaction.execute("DELETE FROM secret WHERE hash = ? AND kind = 'session'", [&hash[..]])?;
            if gone > 0 {
                audit(transaction, author, "sign-out", &author.by, "")?;
            }
            Ok(())
        })
    }

    /// Ends the session of this id, if `whose` is its name or nobody in particular; whether there was one.
    pub fn revoke_session(&self, id: &str, whose: Option<&str>, author: &Author) -> Result<bool, StoreError> {
        self.write(|transaction| {
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
        "DELETE FROM secret WHERE expires <= ? OR kind = 'session' AND seen <= ?",
        [now.ms(), now.minus(SESSION_IDLE).ms()],
    )?;
    Ok(())
}
