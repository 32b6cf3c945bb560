//! The second factor of a person: an authenticator app, and ten codes on paper for the day the phone is lost.
//!
//! The secret of an app has to be known to compute its codes, so it can't be hashed. It is sealed (AES-256-GCM, bound to
//! the name) under a key in a file of its own beside the ledger: a copy of the ledger alone, such as a backup, signs nobody in.
//! It is shown while it is set up and never again. A code on paper has 120 random bits and is stored as its SHA-256 (ASVS 5.0,
//! V6.5.2).

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use data_encoding::BASE32_NOPAD;
use fleet::ReceiveTime;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::accounts::{audit, hash_secret, random};
use crate::sessions::{end_sessions, rotate};
use crate::{Author, Ledger, StoreError, totp};

/// Codes on paper.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of one; 24 letters and digits.
const RECOVERY_BYTES: usize = 15;
/// Letters between two hyphens.
const RECOVERY_GROUP: usize = 6;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// What an authenticator app is given, once.
#[derive(Clone, Eq, PartialEq)]
pub struct NewFactor {
    /// In base 32, to be typed.
    pub secret: String,
    /// `otpauth://totp/…`, to be shown as a QR code.
    pub uri: String,
}

/// What a second factor said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorCheck {
    /// This person has none.
    Absent,
    /// The code is right and used up.
    Fits,
    /// A code on paper is right and used up; so many are left.
    FitsRecovery {
        /// How many.
        left: u64,
    },
    /// A code is needed and none was given.
    Needed,
    /// It is not, or was used before.
    Wrong,
}

/// A second factor as it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FactorState {
    /// When it was set up.
    pub since: ReceiveTime,
    /// Codes on paper that are left.
    pub recovery_left: u64,
}

/// What setting up gives.
#[derive(Clone, Eq, PartialEq)]
pub struct Confirmed {
    /// Codes on paper, shown this once.
    pub recovery_codes: Vec<String>,
    /// The session's new secret; `None` where its old one is not a session of this person.
    pub session: Option<String>,
}

/// Why a second factor can't be set up or asked.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// Nothing was begun.
    #[error("no second factor is being set up, begin anew")]
    NotBegun,
    /// The code is not of the app that was given the secret, or too old.
    #[error("the code does not fit")]
    WrongCode,
    /// The key's file.
    #[error("the key of second factors {path} can't be used: {problem}")]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for FactorError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The key that seals secrets; made when the first is.
pub(crate) struct FactorKey {
    path: PathBuf,
    key: OnceLock<LessSafeKey>,
}

impl FactorKey {
    /// In a file beside the ledger.
    pub(crate) fn beside(ledger: &Path) -> Self {
        Self { path: ledger.with_extension("key"), key: OnceLock::new() }
    }

    fn key(&self) -> Result<&LessSafeKey, FactorError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let wrong = |problem: String| FactorError::Key { path: self.path.clone(), problem };
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let fresh = random::<KEY_BYTES>()?;
                make(&self.path, &fresh).map_err(|error| wrong(error.to_string()))?;
                fresh.to_vec()
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        let found = format!("it has {} bytes, expected {KEY_BYTES}", bytes.len());
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong(found))?;
        Ok(self.key.get_or_init(|| LessSafeKey::new(key)))
    }

    fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, FactorError> {
        let nonce = random::<NONCE_BYTES>()?;
        let mut sealed = secret.to_vec();
        let key = self.key()?;
        let (unique, bound) = (Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()));
        key.seal_in_place_append_tag(unique, bound, &mut sealed)
            .map_err(|_| StoreError::Random("sealing failed".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, FactorError> {
        let wrong = || FactorError::Key {
            path: self.path.clone(),
            problem: format!("it does not open the second factor of {name}, reset that"),
        };
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut rest = rest.to_vec();
        let opened = self.key()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut rest);
        Ok(opened.map_err(|_| wrong())?.to_vec())
    }
}

/// For its owner alone, durable, and never over one that is there.
fn make(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), |dir| std::fs::File::open(dir)?.sync_all())
}

impl Ledger {
    /// A secret for an app. What was there holds until [`Ledger::confirm_factor`].
    pub fn begin_factor(&self, name: &str) -> Result<NewFactor, FactorError> {
        let secret = random::<{ totp::SECRET_BYTES }>()?;
        let sealed = self.inner.factor_key.seal(name, &secret)?;
        self.write(|transaction| -> Result<(), FactorError> {
            transaction.execute(
                "INSERT INTO factor (name, pending, used) VALUES (?1, ?2, 0)
                 ON CONFLICT (name) DO UPDATE SET pending = ?2",
                params![name, sealed],
            )?;
            Ok(())
        })?;
        let secret = BASE32_NOPAD.encode(&secret);
        let uri = format!(
            "otpauth://totp/Roadwarden:{}?secret={secret}&issuer=Roadwarden&algorithm=SHA1&digits=6&period=30",
            percent(name)
        );
        Ok(NewFactor { secret, uri })
    }

    /// Puts what was begun into force once the app shows the right code. Other sessions of this name end, and the one
    /// whose secret is `kept` gets a new one.
    pub fn confirm_factor(
        &self,
        name: &str,
        code: &str,
        kept: &str,
        author: &Author,
    ) -> Result<Confirmed, FactorError> {
        let recovery_codes = (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<Vec<_>, _>>()?;
        self.write_access(|transaction| {
            let pending: Option<Vec<u8>> = transaction
                .prepare_cached("SELECT pending FROM factor WHERE name = ?")?
                .query_row([name], |row| row.get(0))
                .optional()?
                .flatten();
            let sealed = pending.ok_or(FactorError::NotBegun)?;
            let secret = self.inner.factor_key.open(name, &sealed)?;
            let step = totp::matching_step(&secret, code, author.at, 0).ok_or(FactorError::WrongCode)?;
            transaction.execute(
                "UPDATE factor SET secret = pending, pending = NULL, used = ?, since = ? WHERE name = ?",
                params![step, author.at.ms(), name],
            )?;
            transaction.execute("DELETE FROM recovery WHERE name = ?", [name])?;
            for code in &recovery_codes {
                let hash = hash_secret(&plain(code));
                transaction
                    .execute("INSERT INTO recovery (name, hash) VALUES (?, ?)", params![name, &hash[..]])?;
            }
            let session = rotate(transaction, name, kept)?;
            audit(transaction, author, "second-factor-on", name, "")?;
            Ok(Confirmed { recovery_codes: recovery_codes.clone(), session })
        })
    }

    /// Whether a code is right; one that is, is used up.
    pub fn check_factor(
        &self,
        name: &str,
        code: Option<&str>,
        author: &Author,
    ) -> Result<FactorCheck, FactorError> {
        self.write(|transaction| {
            let found: Option<(Vec<u8>, i64)> = transaction
                .prepare_cached("SELECT secret, used FROM factor WHERE name = ? AND secret IS NOT NULL")?
                .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((sealed, used)) = found else { return Ok(FactorCheck::Absent) };
            let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
                return Ok(FactorCheck::Needed);
            };
            let secret = match self.inner.factor_key.open(name, &sealed) {
                Ok(secret) => secret,
                // A code on paper still lets the person in where the key was lost.
                Err(error) => return use_recovery(transaction, name, code, author)?.ok_or(error),
            };
            if let Some(step) = totp::matching_step(&secret, code, author.at, used) {
                transaction.execute("UPDATE factor SET used = ? WHERE name = ?", params![step, name])?;
                return Ok(FactorCheck::Fits);
            }
            Ok(use_recovery(transaction, name, code, author)?.unwrap_or(FactorCheck::Wrong))
        })
    }

    /// Takes the second factor from its owner, at the owner's wish; other sessions end, the one whose secret is `kept` gets
    /// a new one.
    pub fn drop_factor(&self, name: &str, kept: &str, author: &Author) -> Result<Option<String>, StoreError> {
        self.write_access(|transaction| {
            forget(transaction, name)?;
            audit(transaction, author, "second-factor-off", name, "")?;
            rotate(transaction, name, kept)
        })
    }

    /// Takes it from somebody else, who lost the phone and the paper; whether there was one. All sessions end.
    pub fn reset_factor(&self, name: &str, author: &Author) -> Result<bool, StoreError> {
        self.write_access(|transaction| {
            let had = forget(transaction, name)?;
            if had {
                end_sessions(transaction, name)?;
                audit(transaction, author, "second-factor-reset", name, "")?;
            }
            Ok(had)
        })
    }

    /// The second factor of a name; `None`: there is none.
    pub fn factor(&self, name: &str) -> Result<Option<FactorState>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT since, (SELECT count(*) FROM recovery WHERE recovery.name = factor.name)
             FROM factor WHERE name = ? AND secret IS NOT NULL",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let (since, left): (Option<i64>, i64) = (row.get(0)?, row.get(1)?);
            let since = ReceiveTime::from_ms(since.unwrap_or_default());
            Ok(FactorState { since, recovery_left: u64::try_from(left).unwrap_or_default() })
        };
        Ok(statement.query_row([name], read).optional()?)
    }
}

/// Removes everything about a name's second factor; whether it was in force.
pub(crate) fn forget(transaction: &Transaction<'_>, name: &str) -> Result<bool, rusqlite::Error> {
    transaction.execute("DELETE FROM recovery WHERE name = ?", [name])?;
    let had = "DELETE FROM factor WHERE name = ? RETURNING secret IS NOT NULL";
    let had: Option<bool> =
        transaction.prepare_cached(had)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(had.unwrap_or_default())
}

fn use_recovery(
    transaction: &Transaction<'_>,
    name: &str,
    code: &str,
    author: &Author,
) -> Result<Option<FactorCheck>, rusqlite::Error> {
    let hash = hash_secret(&plain(code));
    let gone =
        transaction.execute("DELETE FROM recovery WHERE name = ? AND hash = ?", params![name, &hash[..]])?;
    if gone == 0 {
        return Ok(None);
    }
    let left: i64 =
        transaction.query_row("SELECT count(*) FROM recovery WHERE name = ?", [name], |row| row.get(0))?;
    audit(transaction, author, "recovery-code-used", name, &format!("{left} left"))?;
    Ok(Some(FactorCheck::FitsRecovery { left: u64::try_from(left).unwrap_or_default() }))
}

/// `K3QWZ7-…`: groups are easier to copy.
fn recovery_code() -> Result<String, StoreError> {
    let text = BASE32_NOPAD.encode(&random::<RECOVERY_BYTES>()?);
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(RECOVERY_GROUP).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// As people type it: any case, with or without hyphens and spaces.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// What is no letter, digit, `-`, `.`, `_` or `~` of a URI (RFC 3986, 2.3).
fn percent(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape =
        |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}
