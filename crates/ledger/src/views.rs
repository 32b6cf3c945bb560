//! Filters of lists that people keep under a name.

use fleet::ReceiveTime;
use rusqlite::params;
use serde::Serialize;

use crate::accounts::audit;
use crate::{Author, Ledger, StoreError};

/// Views of one owner. Beyond it [`ViewError::TooMany`].
pub const VIEWS_MAX: usize = 50;

/// A kept filter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct View {
    /// What its owner calls it.
    pub name: String,
    /// The query part of an address.
    pub query: String,
    /// When it was kept.
    pub updated_at: ReceiveTime,
}

/// Whose a view is: a person and a program of one name are two.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Owner {
    /// A program, by the name of its token.
    Token(String),
    /// A person.
    User(String),
}

/// Why a view was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// See [`VIEWS_MAX`].
    #[error("there are {VIEWS_MAX} views already, remove one first")]
    TooMany,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ViewError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Ledger {
    /// Everything an owner has kept, by name.
    pub fn views(&self, owner: &Owner) -> Result<Vec<View>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT name, query, updated FROM view WHERE owner = ? ORDER BY name")?;
        let rows = statement.query_map([key(owner)], |row| {
            Ok(View { name: row.get(0)?, query: row.get(1)?, updated_at: ReceiveTime::from_ms(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps a view, in place of one of the same name.
    pub fn put_view(
        &self,
        owner: &Owner,
        name: &str,
        query: &str,
        author: &Author,
    ) -> Result<View, ViewError> {
        self.write(|transaction| {
            let others: i64 = transaction
                .prepare_cached("SELECT count(*) FROM view WHERE owner = ? AND name <> ?")?
                .query_row([key(owner).as_str(), name], |row| row.get(0))?;
            if others.cast_unsigned() >= VIEWS_MAX as u64 {
                return Err(ViewError::TooMany);
            }
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO view (owner, name, query, updated) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![key(owner), name, query, author.at.ms()])?;
            audit(transaction, author, "view-put", name, query)?;
            Ok(View { name: name.to_owned(), query: query.to_owned(), updated_at: author.at })
        })
    }

    /// Forgets a view; whether there was one.
    pub fn remove_view(&self, owner: &Owner, name: &str, author: &Author) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let gone = transaction
                .execute("DELETE FROM view WHERE owner = ? AND name = ?", [key(owner).as_str(), name])?;
            if gone > 0 {
                audit(transaction, author, "view-remove", name, "")?;
            }
            Ok(gone > 0)
        })
    }
}

fn key(owner: &Owner) -> String {
    match owner {
        Owner::Token(name) => format!("token/{name}"),
        Owner::User(name) => owner_of_user(name),
    }
}

pub(crate) fn owner_of_user(name: &str) -> String {
    format!("user/{name}")
}
