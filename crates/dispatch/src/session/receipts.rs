//! What departments say they have, and what is sent to them again because they did not say so.

use std::time::Instant;

use fleet::Department;
use ledger::{Again, AuditEntry, Receipt, Receiving, Via};
use rumqttc::Publish;

use crate::receipt::{self, Outcome};
use crate::session::{Lost, Sent, Session, UNMARKED_MAX};
use crate::target::OUTGOING_BYTES_MAX;
use crate::window::{Turn, Window};
use crate::{now, topic};

/// Alerts on their way again at once, over all departments: half of what may be in flight, beside what is fresh.
const AGAIN_MAX: usize = 32;

impl Session<'_> {
    /// Hands over what is due again, where nothing fresh waits: that goes first.
    pub(super) async fn send_again(&mut self) -> Result<(), Lost> {
        let is_fresh = self.lanes.is_fresh(&self.publisher.caps, Instant::now());
        if is_fresh || self.is_settled || self.acknowledged.again.len() >= UNMARKED_MAX {
            return Ok(());
        }
        let wanted = self.wanted().await?;
        if wanted.is_empty() {
            self.is_settled = self.again < AGAIN_MAX;
            return Ok(());
        }
        let steady = self.publisher.steady.now();
        let look = move |ledger: &ledger::Ledger| {
            let due =
                wanted.iter().map(|(department, count)| ledger.to_send_again(*department, steady, *count));
            due.collect::<Result<Vec<_>, _>>()
        };
        let due = self.publisher.with_ledger(look).await?;
        let before = self.again;
        for again in due.into_iter().flatten() {
            self.send_one_again(again)?;
        }
        self.is_settled = self.again == before;
        Ok(())
    }

    /// How many alerts each department has room for. Those that are on their way are due as well until that is marked, so
    /// they are asked for besides.
    async fn wanted(&mut self) -> Result<Vec<(Department, usize)>, Lost> {
        let owing = self.publisher.owing().departments;
        let bounds = self.publisher.receipts.bounds;
        let share = AGAIN_MAX.saturating_sub(self.again) / owing.len().max(1);
        let unmarked = AGAIN_MAX.saturating_add(self.acknowledged.again.len());
        let mut wanted = Vec::new();
        for department in owing {
            let window = self.publisher.windows.entry(department).or_insert_with(|| Window::new(&bounds));
            let turn = window.handle_timeout(Instant::now(), &bounds);
            let count = window.room(&bounds).min(share);
            if let Some(turn) = turn {
                self.note(department, turn).await?;
            }
            // What is fresh goes first where not all of it may.
            if count > 0 && !self.lanes.waits(department) {
                wanted.push((department, count.saturating_add(unmarked)));
            }
        }
        Ok(wanted)
    }

    fn send_one_again(&mut self, again: Again) -> Result<(), Lost> {
        let Again { receipt, sent, division, rule, payload } = again;
        let bounds = self.publisher.receipts.bounds;
        let Some(window) = self.publisher.windows.get_mut(&receipt.department) else { return Ok(()) };
        let (now, caps) = (Instant::now(), &mut self.publisher.caps);
        let has_room = window.room(&bounds) > 0 && caps.has_room(receipt.department, now);
        if self.again >= AGAIN_MAX || window.holds(receipt.alert) || !has_room {
            return Ok(());
        }
        window.handle_sent(now, receipt.alert);
        caps.handle_sent(receipt.department, now);
        if payload.len() > OUTGOING_BYTES_MAX {
            // Left out the first time too, and said so; it stays as not received.
            self.acknowledged.again.push((receipt, sent));
            return Ok(());
        }
        self.begin();
        self.again += 1;
        let topic = topic::alert(receipt.department, division, rule);
        self.hand_over(topic, payload, false, Sent::Again { receipt, sent })
    }

    /// Keeps the receipts that came, in one transaction, and acknowledges them to the broker after it; where that fails the
    /// link is begun anew, and they are delivered again.
    pub(super) async fn keep_receipts(&mut self) -> Result<(), Lost> {
        if self.receipts.is_empty() {
            return Ok(());
        }
        let messages = std::mem::take(&mut self.receipts);
        let read: Vec<_> = messages
            .iter()
            .map(|(department, publish)| receipt::parse(*department, &publish.payload))
            .collect();
        let all: Vec<Receipt> = read.iter().flatten().flatten().copied().collect();
        let became = if all.is_empty() {
            Vec::new()
        } else {
            let kept = all.clone();
            self.publisher.with_ledger(move |ledger| ledger.receive(&kept, now())).await?
        };
        self.take_receipts(&all, &became).await?;
        let mut became = became.as_slice();
        for ((department, publish), read) in messages.iter().zip(&read) {
            let answer = match read {
                Err(answer) => {
                    self.count(Outcome::Malformed);
                    Some(serde_json::to_vec(answer))
                }
                Ok(receipts) => {
                    let (own, rest) = became.split_at(receipts.len().min(became.len()));
                    became = rest;
                    receipt::answer(receipts, own).map(|answer| serde_json::to_vec(&answer))
                }
            };
            self.reply(*department, publish, answer.transpose().map_err(ledger::StoreError::from)?)?;
        }
        Ok(())
    }

    fn reply(&mut self, of: Department, publish: &Publish, answer: Option<Vec<u8>>) -> Result<(), Lost> {
        if let Some(answer) = answer {
            self.hand_over(topic::receipt_results(of), answer, false, Sent::Other)?;
        }
        self.client.try_ack(publish).map_err(|_| Lost::Full)
    }

    async fn take_receipts(&mut self, receipts: &[Receipt], became: &[Receiving]) -> Result<(), Lost> {
        let bounds = self.publisher.receipts.bounds;
        for (receipt, became) in receipts.iter().zip(became) {
            self.count((*became).into());
            let window = self.publisher.windows.get_mut(&receipt.department);
            let turn = match (became, window) {
                (Receiving::Known | Receiving::New, Some(window)) => {
                    self.is_settled = false;
                    window.handle_receipt(Instant::now(), receipt.alert, &bounds)
                }
                (Receiving::Unknown, _) | (_, None) => None,
            };
            if let Some(turn) = turn {
                self.note(receipt.department, turn).await?;
            }
        }
        Ok(())
    }

    fn count(&self, outcome: Outcome) {
        self.publisher.metrics.receipts.came.with_label_values(&[outcome.as_str()]).inc();
    }

    /// A department that fell silent, or speaks again, is written down: what it did not get in between was not for want of
    /// sending.
    async fn note(&self, department: Department, turn: Turn) -> Result<(), Lost> {
        let waiting = self.publisher.with_ledger(ledger::Ledger::receipts_waiting).await?;
        let (count, oldest) =
            waiting.get(&department).map_or((0, None), |(count, oldest)| (*count, Some(*oldest)));
        let since =
            oldest.map_or_else(|| "nothing".to_owned(), |oldest| format!("the oldest since {oldest}"));
        let action = match turn {
            Turn::Back => {
                tracing::info!(department = department.as_str(), count, "a department gives receipts again");
                "receipts-back"
            }
            Turn::Silent => {
                tracing::warn!(
                    department = department.as_str(),
                    count,
                    "a department gives no receipts, its alerts are sent again"
                );
                "receipts-silent"
            }
        };
        let entry = AuditEntry {
            at: now(),
            by: "roadwarden".to_owned(),
            via: Via::Service,
            action: action.to_owned(),
            subject: department.to_string(),
            detail: format!("{count} alerts wait for a receipt, {since}"),
        };
        Ok(self.publisher.with_ledger(move |ledger| ledger.audit(&entry)).await?)
    }
}
