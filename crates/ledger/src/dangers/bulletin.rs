//! Bulletins (通报): what was new, closed and overdue in a month, frozen when made.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use fleet::{Month, ReceiveTime};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Announced, Danger, DangerEntry, DangerId, DangerLevel, DangerStatus, store};
use crate::act::insert_audit;
use crate::handling::word_enum;
use crate::{AuditEntry, Ledger, StoreError, Via};

/// Entries of one bulletin, 2 MB: a province has some hundred a month. Beyond it [`BulletinError::Full`].
const ITEMS_MAX: usize = 5_000;
/// Bulletins of one month, one a day. Beyond it [`BulletinError::Full`].
const ISSUES_MAX: usize = 31;

word_enum! {
    /// Why an entry stands in a bulletin.
    BulletinPart {
        /// Listed in the month.
        New = "new",
        /// Closed in the month.
        Closed = "closed",
        /// Past its date at the end of the month, and not closed.
        Overdue = "overdue",
    }
}

/// A bulletin without its contents.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BulletinTitle {
    /// `TB-2026-11-01`: the month and the issue.
    pub id: String,
    /// `2026-11`, in China.
    pub month: String,
    /// When it was made.
    pub at: ReceiveTime,
    /// By whom.
    pub by: String,
    /// A text.
    pub note: Option<String>,
}

/// A bulletin; it says what was true when it was made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bulletin {
    /// Which.
    #[serde(flatten)]
    pub title: BulletinTitle,
    /// Where the month begins.
    pub from_at: ReceiveTime,
    /// Where it ends, or when the bulletin was made if that was earlier.
    pub to_at: ReceiveTime,
    /// Of all operators.
    pub totals: BulletinSums,
    /// By operator id.
    pub operators: Vec<BulletinOperator>,
    /// By number.
    pub items: Vec<BulletinItem>,
}

/// How many; one entry may count several times.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BulletinSums {
    /// Listed in the month.
    pub new: u32,
    /// Closed in the month.
    pub closed: u32,
    /// Overdue at its end.
    pub overdue: u32,
}

/// The counts of one operator.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BulletinOperator {
    /// Its id.
    pub operator: String,
    /// Its counts.
    #[serde(flatten)]
    pub sums: BulletinSums,
}

/// An entry as a bulletin shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BulletinItem {
    /// Its number.
    pub id: DangerId,
    /// Why it is here.
    pub parts: Vec<BulletinPart>,
    /// One line.
    pub title: String,
    /// Which article makes it a danger.
    pub category: String,
    /// How bad.
    pub level: DangerLevel,
    /// Whose it is.
    pub operator: String,
    /// Six digits of GB/T 2260; empty where unknown.
    pub division: String,
    /// How far it was.
    pub status: DangerStatus,
    /// When it was listed.
    pub created_at: ReceiveTime,
    /// Until when it was to be put right.
    pub due_at: Option<ReceiveTime>,
    /// When it was closed.
    pub closed_at: Option<ReceiveTime>,
}

/// Why a bulletin was not made.
#[derive(Debug, thiserror::Error)]
pub enum BulletinError {
    /// The month is still to come.
    #[error("the month {0} has not begun")]
    Future(Month),
    /// Too much.
    #[error("at most {most} {what} are possible")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BulletinError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for BulletinError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Ledger {
    /// Makes the next bulletin of a month and notes it at each of its entries, in one transaction.
    ///
    /// # Errors
    /// When the month has not begun, there is too much, or the store fails.
    pub fn make_bulletin(
        &self,
        month: Month,
        note: Option<String>,
        by: &str,
        via: Via,
        at: ReceiveTime,
    ) -> Result<Bulletin, BulletinError> {
        let from = ReceiveTime::from_ms(month.start().ms());
        if at < from {
            return Err(BulletinError::Future(month));
        }
        let to = at.min(ReceiveTime::from_ms(month.end().ms()));
        let (bulletin, announced) = self.write(|transaction| {
            let issue = issues(transaction, month)? + 1;
            if issue > ISSUES_MAX {
                return Err(BulletinError::Full { what: "bulletins of this month", most: ISSUES_MAX });
            }
            let id = format!("TB-{month}-{issue:02}");
            let title = BulletinTitle { id, month: month.to_string(), at, by: by.to_owned(), note };
            let dangers = gather(transaction, from, to)?;
            if dangers.len() > ITEMS_MAX {
                return Err(BulletinError::Full { what: "entries in this bulletin", most: ITEMS_MAX });
            }
            let items = dangers.iter().map(|danger| item(danger, from, to)).collect();
            let bulletin = Bulletin {
                title,
                from_at: from,
                to_at: to,
                totals: BulletinSums::default(),
                operators: Vec::new(),
                items,
            }
            .summed();
            insert(transaction, &bulletin, via)?;
            let mut announced = Vec::with_capacity(dangers.len());
            for danger in dangers {
                announced.extend(announce(transaction, danger, &bulletin.title, via)?);
            }
            Ok((bulletin, announced))
        })?;
        // Beyond the backlog a subscriber is told to ask anew, which here is cheaper.
        announced.iter().for_each(|danger| self.announce_danger(danger));
        Ok(bulletin)
    }

    /// The newest bulletins, newest first.
    pub fn bulletins(&self, limit: usize) -> Result<Vec<BulletinTitle>, StoreError> {
        let reader = self.reader();
        let mut statement =
            reader.prepare_cached("SELECT title FROM bulletin ORDER BY at DESC, id DESC LIMIT ?")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([limit], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
    }

    /// One bulletin, as it was made.
    pub fn bulletin(&self, id: &str) -> Result<Option<Bulletin>, StoreError> {
        let reader = self.reader();
        let found: Option<String> = reader
            .prepare_cached("SELECT document FROM bulletin WHERE id = ?")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(found.map(|document| serde_json::from_str(&document)).transpose()?)
    }
}

impl Bulletin {
    /// Only the items that `sees` lets through, and the counts of those.
    #[must_use]
    pub fn narrowed(mut self, sees: impl Fn(&BulletinItem) -> bool) -> Self {
        self.items.retain(sees);
        self.summed()
    }

    fn summed(mut self) -> Self {
        let mut operators: BTreeMap<&str, BulletinSums> = BTreeMap::new();
        self.totals = BulletinSums::default();
        for item in &self.items {
            let own = operators.entry(&item.operator).or_default();
            for part in &item.parts {
                own.add(*part);
                self.totals.add(*part);
            }
        }
        self.operators = operators
            .into_iter()
            .map(|(operator, sums)| BulletinOperator { operator: operator.to_owned(), sums })
            .collect();
        self
    }
}

impl BulletinSums {
    const fn add(&mut self, part: BulletinPart) {
        match part {
            BulletinPart::New => self.new += 1,
            BulletinPart::Closed => self.closed += 1,
            BulletinPart::Overdue => self.overdue += 1,
        }
    }
}

fn issues(transaction: &Transaction<'_>, month: Month) -> Result<usize, StoreError> {
    let issues: i64 = transaction
        .prepare_cached("SELECT count(*) FROM bulletin WHERE month = ?")?
        .query_row([month.to_string()], |row| row.get(0))?;
    Ok(usize::try_from(issues).unwrap_or(usize::MAX - 1))
}

/// What belongs in a bulletin, by number; one more than it may hold where there are more.
fn gather(
    transaction: &Transaction<'_>,
    from: ReceiveTime,
    to: ReceiveTime,
) -> Result<Vec<Danger>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT document FROM danger WHERE created < ?2
         AND (created >= ?1 OR closed >= ?1 AND closed < ?2 OR due < ?2 AND (closed IS NULL OR closed >= ?2))
         ORDER BY year, number LIMIT ?3",
    )?;
    let most = i64::try_from(ITEMS_MAX + 1).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![from.ms(), to.ms(), most], |row| row.get::<_, String>(0))?;
    rows.map(|row| Ok(serde_json::from_str::<Danger>(&row?)?.seen_at(to))).collect()
}

fn item(danger: &Danger, from: ReceiveTime, to: ReceiveTime) -> BulletinItem {
    let within = |time: ReceiveTime| from <= time && time < to;
    let is_closed = danger.closed_at.is_some_and(|closed| closed < to);
    let is_due = danger.due_at.is_some_and(|due| due < to);
    let parts = [
        (BulletinPart::New, within(danger.created_at)),
        (BulletinPart::Closed, danger.closed_at.is_some_and(within)),
        (BulletinPart::Overdue, is_due && !is_closed),
    ];
    BulletinItem {
        id: danger.id,
        parts: parts.into_iter().filter(|(_, holds)| *holds).map(|(part, _)| part).collect(),
        title: danger.title.clone(),
        category: danger.category.clone(),
        level: danger.level,
        operator: danger.operator.clone(),
        division: danger.division.clone(),
        status: danger.status,
        created_at: danger.created_at,
        due_at: danger.due_at,
        closed_at: danger.closed_at,
    }
}

fn insert(transaction: &Transaction<'_>, bulletin: &Bulletin, via: Via) -> Result<(), StoreError> {
    let Bulletin { title, items, .. } = bulletin;
    transaction
        .prepare_cached("INSERT INTO bulletin (id, at, month, title, document) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            title.id,
            title.at.ms(),
            title.month,
            serde_json::to_string(title)?,
            serde_json::to_string(bulletin)?
        ])?;
    let audit = AuditEntry {
        at: title.at,
        by: title.by.clone(),
        via,
        action: "danger-bulletin".to_owned(),
        subject: title.id.clone(),
        detail: format!("{} entries", items.len()),
    };
    Ok(insert_audit(transaction, &audit)?)
}

/// Notes the bulletin at an entry; `None` where it has been announced as often as it may be.
fn announce(
    transaction: &Transaction<'_>,
    mut danger: Danger,
    title: &BulletinTitle,
    via: Via,
) -> Result<Option<Danger>, StoreError> {
    let announced = Announced { at: title.at, bulletin: Some(title.id.clone()) };
    if danger.announce(announced).is_err() {
        return Ok(None);
    }
    danger.version = danger.version.saturating_add(1);
    danger.updated_at = title.at;
    let danger = danger.seen_at(title.at);
    store::update(transaction, &danger)?;
    let entry = DangerEntry {
        at: title.at,
        by: title.by.clone(),
        via,
        action: "bulletin".to_owned(),
        note: None,
        from: Some(danger.status),
        to: danger.status,
        detail: json!({ "bulletin": title.id }),
    };
    store::tell(transaction, danger.id, &entry)?;
    Ok(Some(danger))
}
