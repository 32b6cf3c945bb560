//! Who asks for files: an alert of an active-safety device whose frames hold alarm signs with files.

use std::time::Duration;

use fleet::{Alert, AlertId, EventTime, ReceiveTime, RuleId, TerminalId};
use ledger::{Ledger, NewCommand, Query, QueueError, StoreError, Via};
use session::{Command, Profile, Wanted, wanted};

/// How long a request waits for its terminal. Terminals overwrite their films within a day or two.
const LASTS: Duration = Duration::from_secs(24 * 3_600);
/// Alerts looked at at a time.
const PAGE: usize = 200;
/// The name requests stand under in the audit log.
const BY: &str = "attachments";

/// Why files were not asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The queue of commands takes no more.
    #[error("can't ask for files of alert {alert}")]
    Queue {
        /// Whose.
        alert: AlertId,
        /// Why not.
        #[source]
        source: QueueError,
    },
    /// The ledger can't be read.
    #[error("can't read what an alert rests on")]
    Read(#[from] StoreError),
}

/// Asks for files, each sign of each alert once. Calls block.
#[derive(Clone)]
pub struct Asker {
    /// Where requests are queued.
    pub ledger: Ledger,
    /// Host name or address in digits that terminals can reach.
    pub address: String,
    /// TCP port there.
    pub tcp_port: u16,
}

impl Asker {
    /// Asks for the files of an alert where its terminal holds some and nobody has asked; says how many signs it has.
    /// A late alert is history: its terminal has overwritten the files by then.
    ///
    /// # Errors
    /// When the ledger can't be read or its queue is full: a later revision, or a look back, asks again.
    pub fn ask(&self, alert: &Alert, now: ReceiveTime) -> Result<usize, AskError> {
        if alert.late || !is_safety(alert.rule) {
            return Ok(0);
        }
        let frames = self.ledger.frames(alert.id)?;
        let is_about = |code| rules::rule_of(code) == alert.rule;
        let profile = self.ledger.profile(alert.vehicle.terminal)?;
        let profile = profile.and_then(|text| serde_json::from_str::<Profile>(&text).ok());
        let dialect = profile.and_then(|profile| profile.dialect);
        let wanted = wanted(frames.iter().map(|kept| kept.frame.as_slice()), dialect, &is_about);
        for wanted in &wanted {
            self.queue(alert, wanted, now)?;
        }
        Ok(wanted.len())
    }

    /// The same for every alert raised since a moment: what a crash between alert and request left out.
    ///
    /// # Errors
    /// As [`Asker::ask`]; the alerts before it were asked for.
    pub fn look_back(&self, since: EventTime, now: ReceiveTime) -> Result<usize, AskError> {
        let rules: Vec<RuleId> = fleet::RULES
            .iter()
            .filter_map(|rule| RuleId::parse(rule).ok())
            .filter(|rule| is_safety(*rule))
            .collect();
        let mut query = Query { rules, from: Some(since), limit: PAGE, ..Query::default() };
        let mut signs = 0;
        loop {
            let page = self.ledger.alerts(&query)?;
            for listed in &page.items {
                signs += self.ask(&listed.alert, now)?;
            }
            let Some(next) = page.next else { return Ok(signs) };
            query.cursor = Some(next);
        }
    }

    fn queue(&self, alert: &Alert, wanted: &Wanted, now: ReceiveTime) -> Result<(), AskError> {
        let command = Command::RequestAttachments {
            address: self.address.clone(),
            tcp_port: self.tcp_port,
            sign: wanted.sign.clone(),
            alert: alert.id,
        };
        let new = NewCommand {
            terminal: alert.vehicle.terminal,
            command: serde_json::to_value(command).expect("a command is made of texts and numbers"),
            by: BY.to_owned(),
            via: Via::Service,
            lasts: LASTS,
            request_key: Some(format!("{}{}", prefix(alert.id), hex(&wanted.sign))),
        };
        match self.ledger.queue_command(&new, now) {
            // Asked before, then with another address.
            Ok(_) | Err(QueueError::KeyReused) => Ok(()),
            Err(source) => Err(AskError::Queue { alert: alert.id, source }),
        }
    }
}

/// Whether files of this alert were asked of this terminal.
pub(super) fn is_asked(ledger: &Ledger, alert: AlertId, terminal: TerminalId) -> Result<bool, StoreError> {
    ledger.has_command(terminal, &prefix(alert))
}

/// What the request keys of an alert's files begin with.
fn prefix(alert: AlertId) -> String {
    format!("attachments:{alert}:")
}

fn is_safety(rule: RuleId) -> bool {
    rule.as_str().starts_with("dsm-") || rule.as_str().starts_with("adas-")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
