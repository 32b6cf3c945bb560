//! The values of both hash chains, noted in the audit log and in a file besides; and the age of what they are over.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use fleet::Chain;
use journal::Journal;
use ledger::{Ledger, Noted};
use settings::{Alerts, Audit, Settings};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep};

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
    journal: Journal,
    /// Where they are noted.
    pub ledger: Ledger,
    /// How long, and where else.
    audit: Audit,
    /// How long alerts are kept.
    alerts: Alerts,
}

/// Messages that were sent stay for so long: longer than any of them is sent again for a broker that forgot it.
const SENT_KEEP: Duration = Duration::from_secs(86_400);

/// Between two slices of what is deleted, so that a first deletion of years of alerts is felt by nobody.
const REST: Duration = Duration::from_millis(50);

impl Chains {
    /// Of a running service.
    pub fn new(journal: Journal, ledger: Ledger, settings: &Settings) -> Self {
        Self { journal, ledger, audit: settings.audit.clone(), alerts: settings.alerts.clone() }
    }

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
        let (audit, alerts) = (now.minus(self.audit.keep), now.minus(self.alerts.keep));
        self.slices("rows of the audit log", move |ledger| ledger.trim_audit(audit, now)).await;
        let sent = now.minus(SENT_KEEP);
        self.slices("messages and counts", move |ledger| ledger.trim_rows(sent, alerts)).await;
        self.slices("alerts", move |ledger| ledger.trim_alerts(alerts)).await;
    }

    /// Deletes until there is nothing more.
    async fn slices<T>(&self, what: &str, slice: T)
    where
        T: Fn(&Ledger) -> Result<u64, ledger::StoreError> + Clone + Send + 'static,
    {
        let mut gone = 0;
        loop {
            let (ledger, slice) = (self.ledger.clone(), slice.clone());
            match spawn_blocking(move || slice(&ledger)).await {
                Ok(Ok(0)) => break,
                Ok(Ok(rows)) => gone += rows,
                Ok(Err(error)) => return tracing::error!(%error, "old {what} cannot be deleted"),
                Err(error) => return tracing::error!(%error, "deleting old {what} has failed"),
            }
            sleep(REST).await;
        }
        if gone > 0 {
            tracing::info!(gone, "old {what} were deleted");
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
