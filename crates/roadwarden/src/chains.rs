//! The values of both hash chains, noted in the audit log and in a file besides; and the age of the audit log.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use fleet::Chain;
use journal::Journal;
use ledger::{Ledger, Noted};
use settings::Audit;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

/// What a line of a noted value of the journal begins with.
pub const JOURNAL: &str = "journal";
/// The same of the ledger.
pub const LEDGER: &str = "ledger";

/// How often both chains are noted: what is cut off the end is found but for at most this.
const NOTE_EVERY: Duration = Duration::from_secs(3_600);

/// What notes the chains of a service.
#[derive(Clone)]
pub struct Chains {
    /// The durable log of frames.
    pub journal: Journal,
    /// Where they are noted.
    pub ledger: Ledger,
    /// How long, and where else.
    pub audit: Audit,
}

impl Chains {
    /// Notes them once.
    ///
    /// # Errors
    /// Where the audit log can't be written; a file that can't is logged, for everything is still noted.
    pub fn note(&self, occasion: &str) -> Result<(), ledger::StoreError> {
        let durable = *self.journal.durable().borrow();
        // Nothing is chained in an empty journal and in one of format 1.
        let journal = Some((durable.upto(), durable.chain())).filter(|(_, chain)| *chain != Chain::START);
        let now = clock::now();
        let noted = self.ledger.note_chains(journal, occasion, now)?;
        tracing::info!(
            occasion,
            journal = journal.map(|(position, _)| position),
            journal_chain = journal.map(|(_, chain)| tracing::field::display(chain)),
            ledger = noted.ledger.seq,
            ledger_chain = %noted.ledger.chain,
            "chains noted"
        );
        if let Some(path) = &self.audit.anchors {
            let lines = format!("# {now} {occasion}\n{}", lines(&noted));
            if let Err(error) = append(path, &lines) {
                tracing::error!(path = %path.display(), %error, "audit.anchors cannot be written");
            }
        }
        Ok(())
    }

    /// Notes them now and every hour, and deletes what is too old, until it is aborted. The pause is by a clock that
    /// nobody sets.
    ///
    /// # Errors
    /// Where the audit log can't be written now.
    pub fn watch(&self) -> Result<JoinHandle<()>, ledger::StoreError> {
        self.note("start")?;
        let chains = self.clone();
        Ok(tokio::spawn(async move {
            let mut every = interval(NOTE_EVERY);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first is at once.
            every.tick().await;
            loop {
                chains.clone().trim().await;
                every.tick().await;
                let chains = chains.clone();
                match spawn_blocking(move || chains.note("hourly")).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "the chains cannot be noted"),
                    Err(error) => tracing::error!(%error, "noting the chains has failed"),
                }
            }
        }))
    }

    async fn trim(self) {
        let now = clock::now();
        let trimmed = spawn_blocking(move || self.ledger.trim_audit(now.minus(self.audit.keep), now)).await;
        match trimmed {
            Ok(Ok(0)) => {}
            Ok(Ok(rows)) => tracing::info!(rows, "old rows of the audit log were deleted"),
            Ok(Err(error)) => tracing::error!(%error, "old rows of the audit log cannot be deleted"),
            Err(error) => tracing::error!(%error, "deleting old rows of the audit log has failed"),
        }
    }
}

/// What [`crate::verify`] prints and reads.
pub fn lines(noted: &Noted) -> String {
    let journal = noted.journal.map(|(position, chain)| format!("{JOURNAL} {position} {chain}\n"));
    format!("{}{LEDGER} {} {}\n", journal.unwrap_or_default(), noted.ledger.seq, noted.ledger.chain)
}

/// Adds to a file and syncs it.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
