//! Who may come in: people by password, programs by token. What they have in common is an identity: a name, a role and
//! what of the fleet is theirs.
//!
//! A secret is 32 bytes of the system's randomness, shown once and stored as its SHA-256 only.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use argon2::Argon2;
use argon2::password_hash::rand_core::{OsRng, RngCore};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use fleet::{Department, ReceiveTime};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::act::insert_audit;
use crate::handling::word_enum;
use crate::outbox::word;
use crate::sessions::{end_sessions, rotate};
use crate::{AuditEntry, Ledger, Scope, StoreError, Via, Within, factors, passwords, scope};

/// Longest name of an account or operator, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Operators and divisions of one account: a county has some hundred operators.
const SCOPE_MAX: usize = 1000;

word_enum! {
    /// What somebody is there for. What each may do is the console's to say.
    Role {
        /// 值班员: acknowledges and handles.
        Duty = "duty",
        /// 值班长: leads the desk.
        Supervisor = "supervisor",
        /// 部门: another department, with the alerts that are addressed to it.
        Department = "department",
        /// The department of the police.
        Police = "police",
        /// 企业: a transport company, its own vehicles only.
        Operator = "operator",
        /// 分析: reads and exports.
        Analyst = "analyst",
        /// 管理员: everything, everywhere.
        Admin = "admin",
        /// 审计: reads what others did, and nothing else.
        Auditor = "auditor",
    }
}

/// Who somebody turned out to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// Name of the person or program.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Which department it belongs to.
    pub department: Option<Department>,
    /// Operators whose vehicles it sees, by id.
    pub operators: Vec<String>,
    /// Divisions it sees: 2, 4 or 6 digits, everything that begins so.
    pub divisions: Vec<String>,
}

/// A person's account, without the password.
pub type User = Identity;

/// A program's token, without the secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Token {
    /// Who shows it.
    #[serde(flatten)]
    pub identity: Identity,
    /// When it was made; `None` where an older version made it.
    pub created_at: Option<ReceiveTime>,
    /// By whom; `None` where an older version made it.
    pub created_by: Option<String>,
}

/// Who changes an account, for the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Author {
    /// Who.
    pub by: String,
    /// Which way.
    pub via: Via,
    /// When.
    pub at: ReceiveTime,
}

/// An account that can't be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {wrong}")]
pub struct Unfit {
    /// The member of [`Identity`] that is wrong.
    pub field: &'static str,
    /// What is wrong and what was expected.
    pub wrong: String,
}

/// Why an account was not made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Nobody would be left to let others in.
    #[error("{0} is the last admin")]
    LastAdmin(String),
    /// There is one of this name.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// There is none of this name.
    #[error("there is no account {0}")]
    Unknown(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for AccountError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Identity {
    /// One that is confined to nothing but its role.
    pub fn new(name: &str, role: Role) -> Self {
        let (operators, divisions) = (Vec::new(), Vec::new());
        Self { name: name.to_owned(), role, department: None, operators, divisions }
    }

    /// Whether role and scope go together.
    pub fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, wrong: String| Err(Unfit { field, wrong });
        if !is_name(&self.name) {
            return unfit(
                "name",
                format!("{:?} is no name, expected 1 to {NAME_CHARS_MAX} characters", self.name),
            );
        }
        if let Some(wrong) = self.operators.iter().find(|operator| !is_name(operator)) {
            return unfit("operators", format!("{wrong:?} is no operator's id"));
        }
        if let Some(wrong) = self.divisions.iter().find(|division| scope::checked(division).is_err()) {
            return unfit("divisions", format!("{wrong:?} is no division, expected 2, 4 or 6 digits"));
        }
        for (field, list) in [("operators", &self.operators), ("divisions", &self.divisions)] {
            if list.len() > SCOPE_MAX {
                return unfit(field, format!("{} are too many, expected at most {SCOPE_MAX}", list.len()));
            }
        }
        self.check_role()
    }

    fn check_role(&self) -> Result<(), Unfit> {
        let unfit =
            |field, wrong: &str| Err(Unfit { field, wrong: format!("the role {} {wrong}", self.role) });
        match self.role {
            Role::Operator if self.operators.is_empty() => unfit("operators", "needs an operator"),
            Role::Operator if !self.divisions.is_empty() => {
                unfit("divisions", "sees its own vehicles wherever they are, expected none")
            }
            Role::Department if self.department.is_none() => unfit("department", "needs a department"),
            Role::Police if self.department.is_some_and(|own| own != Department::Police) => {
                unfit("department", "is that of the police, expected police or none")
            }
            Role::Admin | Role::Auditor if !self.operators.is_empty() => {
                unfit("operators", "is for the whole service, expected none")
            }
            Role::Admin | Role::Auditor if !self.divisions.is_empty() => {
                unfit("divisions", "is for the whole service, expected none")
            }
            Role::Admin
            | Role::Analyst
            | Role::Auditor
            | Role::Department
            | Role::Duty
            | Role::Operator
            | Role::Police
            | Role::Supervisor => Ok(()),
        }
    }

    /// What of the fleet it sees.
    pub fn scope(&self) -> Scope {
        let within = Within { operators: self.operators.clone(), divisions: self.divisions.clone() };
        let within = Some(within).filter(|within| *within != Within::default());
        match self.role {
            Role::Admin => Scope::default(),
            Role::Auditor => Scope::nothing(),
            Role::Analyst | Role::Duty | Role::Supervisor => Scope { within, department: None },
            Role::Police => Scope { within, department: Some(Department::Police) },
            // Without a department nothing is addressed to it.
            Role::Department if self.department.is_none() => Scope::nothing(),
            Role::Department => Scope { within, department: self.department },
            // Without an operator nothing is its own, and a division makes nobody's vehicle its own.
            Role::Operator => {
                let within = Within { operators: self.operators.clone(), divisions: Vec::new() };
                Scope { within: Some(within), department: None }
            }
        }
    }
}

impl Ledger {
    /// Makes or changes a person's account; its sessions end. The last admin stays one.
    pub fn add_user(&self, user: &User, password: &str, author: &Author) -> Result<(), AccountError> {
        let hash = hash_password(password)?;
        self.write_access(|transaction| {
            if user.role != Role::Admin {
                keep_an_admin(transaction, &user.name)?;
            }
            write_user(transaction, user, &hash)?;
            passwords::remember(transaction, &user.name, &hash, author)?;
            Ok(audit(transaction, author, "user-add", &user.name, &user.scope_text()?)?)
        })
    }

    /// Makes a person's account of a name that is free.
    pub fn make_user(&self, user: &User, password: &str, author: &Author) -> Result<(), AccountError> {
        let hash = hash_password(password)?;
        self.write_access(|transaction| {
            if stored_user(transaction, &user.name)?.is_some() {
                return Err(AccountError::NameTaken(user.name.clone()));
            }
            write_user(transaction, user, &hash)?;
            passwords::remember(transaction, &user.name, &hash, author)?;
            Ok(audit(transaction, author, "user-add", &user.name, &user.scope_text()?)?)
        })
    }

    /// Changes a person's account, and the password if one is given; its sessions end.
    pub fn change_user(
        &self,
        user: &User,
        password: Option<&str>,
        author: &Author,
    ) -> Result<(), AccountError> {
        let hash = password.map(hash_password).transpose()?;
        self.write_access(|transaction| {
            let Some((_, stored)) = stored_user(transaction, &user.name)? else {
                return Err(AccountError::Unknown(user.name.clone()));
            };
            if user.role != Role::Admin {
                keep_an_admin(transaction, &user.name)?;
            }
            let what = if hash.is_some() { "user-change-and-password" } else { "user-change" };
            write_user(transaction, user, hash.as_ref().unwrap_or(&stored))?;
            if let Some(hash) = &hash {
                passwords::remember(transaction, &user.name, hash, author)?;
            }
            Ok(audit(transaction, author, what, &user.name, &user.scope_text()?)?)
        })
    }

    /// Changes a password. Sessions of this account end, except the one whose secret is `kept`: that gets a new secret,
    /// which is returned; `None` where there is no such account or session.
    pub fn set_password(
        &self,
        name: &str,
        password: &str,
        kept: &str,
        author: &Author,
    ) -> Result<Option<String>, StoreError> {
        let hash = hash_password(password)?;
        self.write_access(|transaction| {
            let changed =
                transaction.execute("UPDATE user SET password = ? WHERE name = ?", [&hash, name])? > 0;
            if !changed {
                return Ok(None);
            }
            passwords::remember(transaction, name, &hash, author)?;
            audit(transaction, author, "password", name, "")?;
            rotate(transaction, name, kept)
        })
    }

    /// Who it is, if name and password fit. Takes as long for a name that isn't there.
    pub fn check_password(&self, name: &str, password: &str) -> Result<Option<Identity>, StoreError> {
        let found = stored_user(&self.reader(), name)?;
        let Some((identity, stored)) = found else {
            hash_password(password)?;
            return Ok(None);
        };
        let stored = PasswordHash::new(&stored).map_err(StoreError::Password)?;
        let fits = Argon2::default().verify_password(password.as_bytes(), &stored).is_ok();
        Ok(fits.then_some(identity))
    }

    /// The role by which a person or a program of this name reads the audit log, where the identity keeps accounts; or the
    /// other way round.
    pub fn contrary_duty(&self, identity: &Identity) -> Result<Option<Role>, StoreError> {
        let contrary = match identity.role {
            Role::Admin => Role::Auditor,
            Role::Auditor => Role::Admin,
            Role::Analyst
            | Role::Department
            | Role::Duty
            | Role::Operator
            | Role::Police
            | Role::Supervisor => return Ok(None),
        };
        let found = self
            .reader()
            .prepare_cached(
                "SELECT 1 FROM user WHERE name = ?1 AND role = ?2
             UNION ALL SELECT 1 FROM secret WHERE name = ?1 AND role = ?2 AND kind = 'token'",
            )?
            .exists([&identity.name, contrary.as_str()])?;
        Ok(found.then_some(contrary))
    }

    /// Whether there is a person's account of this name.
    pub fn is_user(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.reader().prepare_cached("SELECT 1 FROM user WHERE name = ?")?.exists([name])?)
    }

    /// Every person's account, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&format!("SELECT {IDENTITY} FROM user ORDER BY name"))?;
        let rows = statement.query_map([], read_identity)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes a person's account, its views and its sessions, also that of the last admin; whether there was one.
    pub fn remove_user(&self, name: &str, author: &Author) -> Result<bool, StoreError> {
        self.write_access(|transaction| Ok(delete_user(transaction, name, author)?))
    }

    /// The same, unless it is the last admin.
    pub fn dismiss_user(&self, name: &str, author: &Author) -> Result<(), AccountError> {
        self.write_access(|transaction| {
            keep_an_admin(transaction, name)?;
            let gone = delete_user(transaction, name, author)?;
            gone.then_some(()).ok_or_else(|| AccountError::Unknown(name.to_owned()))
        })
    }

    /// A token for a program, returned this once. There may be several of one name.
    pub fn add_token(&self, identity: &Identity, author: &Author) -> Result<String, StoreError> {
        let secret = new_secret()?;
        self.write(|transaction| -> Result<(), StoreError> {
            insert_token(transaction, identity, author, &secret)
        })?;
        Ok(secret)
    }

    /// The same for a name that is free.
    pub fn issue_token(&self, identity: &Identity, author: &Author) -> Result<String, AccountError> {
        let secret = new_secret()?;
        self.write(|transaction| {
            let taken = transaction
                .prepare_cached("SELECT 1 FROM secret WHERE kind = 'token' AND name = ?")?
                .exists([&identity.name])?;
            if taken {
                return Err(AccountError::NameTaken(identity.name.clone()));
            }
            Ok(insert_token(transaction, identity, author, &secret)?)
        })?;
        Ok(secret)
    }

    /// Whose token it is.
    pub fn check_token(&self, token: &str) -> Result<Option<Identity>, StoreError> {
        let sql = format!("SELECT {IDENTITY} FROM secret WHERE hash = ? AND kind = 'token'");
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        Ok(statement.query_row([&hash_secret(token)[..]], read_identity).optional()?)
    }

    /// Every token, by name.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let sql = format!(
            "SELECT {IDENTITY}, created, created_by FROM secret WHERE kind = 'token' ORDER BY name, created"
        );
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            let created: Option<i64> = row.get(5)?;
            Ok(Token {
                identity: read_identity(row)?,
                created_at: created.map(ReceiveTime::from_ms),
                created_by: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends every token of this name; returns how many.
    pub fn revoke_tokens(&self, name: &str, author: &Author) -> Result<u64, StoreError> {
        self.write_access(|transaction| {
            let gone = transaction.execute("DELETE FROM secret WHERE kind = 'token' AND name = ?", [name])?;
            if gone > 0 {
                audit(transaction, author, "token-revoke", name, "")?;
            }
            Ok(gone as u64)
        })
    }
}

impl Identity {
    /// For the audit log.
    fn scope_text(&self) -> Result<String, StoreError> {
        let Self { name: _, role, department, operators, divisions } = self;
        let scope = serde_json::json!({
            "role": role, "department": department, "operators": operators, "divisions": divisions,
        });
        Ok(scope.to_string())
    }
}

/// What [`read_identity`] reads, in its order.
pub(crate) const IDENTITY: &str = "name, role, department, operators, divisions";

pub(crate) fn read_identity(row: &Row<'_>) -> Result<Identity, rusqlite::Error> {
    let department: Option<String> = row.get(2)?;
    Ok(Identity {
        name: row.get(0)?,
        role: word(row, 1, |text| Role::from_str(text).map_err(std::io::Error::other))?,
        department: department.map(|_| word(row, 2, str::parse)).transpose()?,
        operators: word(row, 3, |text| serde_json::from_str(text))?,
        divisions: word(row, 4, |text| serde_json::from_str(text))?,
    })
}

/// The columns of an identity as [`IDENTITY`] names them.
pub(crate) fn identity_columns(identity: &Identity) -> Result<[Option<String>; 5], StoreError> {
    Ok([
        Some(identity.name.clone()),
        Some(identity.role.to_string()),
        identity.department.map(|department| department.to_string()),
        Some(serde_json::to_string(&identity.operators)?),
        Some(serde_json::to_string(&identity.divisions)?),
    ])
}

pub(crate) fn audit(
    transaction: &Transaction<'_>,
    author: &Author,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<(), rusqlite::Error> {
    let Author { by, via, at } = author.clone();
    let (action, subject, detail) = (action.to_owned(), subject.to_owned(), detail.to_owned());
    insert_audit(transaction, &AuditEntry { at, by, via, action, subject, detail })
}

fn stored_user(
    connection: &rusqlite::Connection,
    name: &str,
) -> Result<Option<(Identity, String)>, rusqlite::Error> {
    connection
        .prepare_cached(&format!("SELECT {IDENTITY}, password FROM user WHERE name = ?"))?
        .query_row([name], |row| Ok((read_identity(row)?, row.get(5)?)))
        .optional()
}

fn write_user(transaction: &Transaction<'_>, user: &User, hash: &str) -> Result<(), StoreError> {
    let [name, role, department, operators, divisions] = identity_columns(user)?;
    transaction.execute(
        &format!("INSERT OR REPLACE INTO user ({IDENTITY}, password) VALUES (?, ?, ?, ?, ?, ?)"),
        params![name, role, department, operators, divisions, hash],
    )?;
    end_sessions(transaction, &user.name)?;
    Ok(())
}

fn delete_user(transaction: &Transaction<'_>, name: &str, author: &Author) -> Result<bool, rusqlite::Error> {
    end_sessions(transaction, name)?;
    factors::forget(transaction, name)?;
    passwords::forget(transaction, name)?;
    transaction.execute("DELETE FROM view WHERE owner = ?", [crate::views::owner_of_user(name)])?;
    let gone = transaction.execute("DELETE FROM user WHERE name = ?", [name])? > 0;
    if gone {
        audit(transaction, author, "user-remove", name, "")?;
    }
    Ok(gone)
}

/// Refuses to go on where `name` is the only admin there is.
fn keep_an_admin(transaction: &Transaction<'_>, name: &str) -> Result<(), AccountError> {
    let mut statement = transaction.prepare_cached("SELECT name FROM user WHERE role = 'admin' LIMIT 2")?;
    let admins: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    match admins.as_slice() {
        [last] if last == name => Err(AccountError::LastAdmin(name.to_owned())),
        _ => Ok(()),
    }
}

fn insert_token(
    transaction: &Transaction<'_>,
    identity: &Identity,
    author: &Author,
    secret: &str,
) -> Result<(), StoreError> {
    let [name, role, department, operators, divisions] = identity_columns(identity)?;
    transaction.execute(
        &format!(
            "INSERT INTO secret ({IDENTITY}, hash, kind, created, created_by) VALUES (?, ?, ?, ?, ?, ?, 'token', ?, ?)"
        ),
        params![
            name,
            role,
            department,
            operators,
            divisions,
            &hash_secret(secret)[..],
            author.at.ms(),
            author.by
        ],
    )?;
    Ok(audit(transaction, author, "token-add", &identity.name, &identity.scope_text()?)?)
}

fn is_name(text: &str) -> bool {
    let is_short = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
    is_short && text.trim() == text && !text.chars().any(char::is_control)
}

fn hash_password(password: &str) -> Result<String, StoreError> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(StoreError::Password)?;
    Ok(hash.to_string())
}

pub(crate) fn new_secret() -> Result<String, StoreError> {
    Ok(random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Bytes of the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}

pub(crate) fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
