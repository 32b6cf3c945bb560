//! Commands out: from the ledger's queue to the terminal's connection, and what became of them back into the ledger.
//!
//! ```text
//! Ledger ─take─▶ Downlink ─order─▶ connection ─▶ terminal
//!        ◀settle─┘        ◀─answer─┘
//! ```
//!
//! One task. A command is `sent` in the ledger before its bytes leave, so that a crash can't repeat one that must not
//! be; what a crash, a lost connection or a silent terminal leaves unanswered is sent again where that does no harm.
//! All that is ready at a time is taken, and settled, in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use fleet::TerminalId;
use ledger::{CommandRecord, CommandState, Ledger, Settled, Settlement, StoreError};
use session::Busy;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::bell::Bell;
use crate::connection::now;
use crate::routes::{Answer, Order, Route, Routes};
use crate::{answer, events};

/// Commands on their way to one terminal: some terminals mix up the answers to more.
const IN_FLIGHT_EACH: usize = 4;
/// The same on one connection, where a relay speaks for many: half of what the link holds.
const IN_FLIGHT_LINK: usize = 32;
/// Terminals looked after in one transaction; the others come with the next.
const BATCH_MAX: usize = 256;
/// How often what had no room is tried again, and what has expired is ended.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks old commands are forgotten: hourly.
const TICKS_PER_PRUNING: u32 = 3_600;

/// What a connection said of an order; nothing where it ended before.
type Reply = (CommandRecord, u64, Option<Result<Answer, Busy>>);

pub(crate) struct Downlink {
    ledger: Ledger,
    routes: Arc<Routes>,
    bell: Arc<Bell>,
    changes: Receiver<CommandRecord>,
    /// Terminals to look after now; bounded like those the bell waits for.
    due: HashSet<TerminalId>,
    /// Looked after no sooner than the next tick: their connection has refused an order.
    held: HashSet<TerminalId>,
    /// Looked after once their connection, which others share, has room.
    crowded: HashMap<u64, HashSet<TerminalId>>,
    /// On their way, by terminal and by connection; bounded by the ledger's bound on open commands.
    by_terminal: HashMap<TerminalId, usize>,
    by_link: HashMap<u64, usize>,
    replies: JoinSet<Reply>,
    /// What the ledger is still to be told; bounded like `replies`.
    settled: Vec<Settled>,
    tick: Interval,
    ticks: u32,
}

impl Downlink {
    /// Settles what the last run left on its way. Before any terminal is heard.
    ///
    /// # Errors
    /// When the ledger can't be read or written.
    pub(crate) async fn open(
        ledger: Ledger,
        routes: Arc<Routes>,
        bell: Arc<Bell>,
    ) -> Result<Self, StoreError> {
        let changes = ledger.subscribe_commands();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut downlink = Self {
            ledger,
            routes,
            bell,
            changes,
            due: HashSet::new(),
            held: HashSet::new(),
            crowded: HashMap::new(),
            by_terminal: HashMap::new(),
            by_link: HashMap::new(),
            replies: JoinSet::new(),
            settled: Vec::new(),
            tick,
            ticks: 0,
        };
        let left = downlink.blocking(|ledger| ledger.sent_commands()).await?;
        downlink.settled =
            left.iter().map(|record| settled(record, None, answer::after_restart(record))).collect();
        downlink.settle().await?;
        downlink.look_everywhere().await?;
        Ok(downlink)
    }

    /// Runs until everything stops and every connection has said what became of its commands.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        loop {
            let is_stopping = stopping.is_cancelled();
            let worked = self.work(is_stopping).await;
            if let Err(error) = &worked {
                events::commands_failed(error);
            }
            // What could not be settled is found by the next start.
            if is_stopping && self.replies.is_empty() && (self.settled.is_empty() || worked.is_err()) {
                return;
            }
            let goes_on = worked.is_ok() && !self.due.is_empty() && !is_stopping;
            tokio::select! {
                biased;
                () = stopping.cancelled(), if !is_stopping => {}
                // Before what may be ready for ever.
                _ = self.tick.tick() => self.handle_tick().await,
                change = self.changes.recv() => self.handle_change(change).await,
                Some(reply) = self.replies.join_next() => {
                    if let Ok(reply) = reply {
                        self.handle_reply(reply);
                    }
                }
                () = self.bell.rung() => {}
                () = std::future::ready(()), if goes_on => {}
            }
            self.handle_more().await;
        }
    }

    /// Tells the ledger what became of commands, and takes new ones where there is room.
    async fn work(&mut self, is_stopping: bool) -> Result<(), StoreError> {
        self.settle().await?;
        self.due.extend(self.bell.take());
        if is_stopping { Ok(()) } else { self.send().await }
    }

    /// Whatever else is there already, so that it shares a transaction.
    async fn handle_more(&mut self) {
        while let Some(reply) = self.replies.try_join_next() {
            if let Ok(reply) = reply {
                self.handle_reply(reply);
            }
        }
        while !self.changes.is_empty() {
            let change = self.changes.recv().await;
            self.handle_change(change).await;
        }
    }

    async fn handle_change(&mut self, change: Result<CommandRecord, RecvError>) {
        match change {
            Ok(record) if record.state == CommandState::Queued => {
                self.bell.wait_for(record.terminal);
                self.due.insert(record.terminal);
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                if let Err(error) = self.look_everywhere().await {
                    events::commands_failed(&error);
                }
            }
            // Cannot be: the ledger we hold sends them.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    fn handle_reply(&mut self, (record, link, reply): Reply) {
        release(&mut self.by_terminal, record.terminal);
        release(&mut self.by_link, link);
        let to =
            answer::settlement(&record, reply.as_ref().map(|reply| reply.as_ref().map_err(|busy| *busy)));
        if matches!(to, Settlement::Unsent(_)) {
            self.held.insert(record.terminal);
        }
        self.due.extend(self.crowded.remove(&link).into_iter().flatten());
        let serial = reply.and_then(Result::ok).map(|answer| answer.serial);
        self.due.insert(record.terminal);
        self.settled.push(settled(&record, serial, to));
    }

    async fn handle_tick(&mut self) {
        self.due.extend(self.held.drain());
        self.due.extend(self.crowded.drain().flat_map(|(_, terminals)| terminals));
        let (reason, is_time) = (answer::expired(), self.ticks.is_multiple_of(TICKS_PER_PRUNING));
        self.ticks = self.ticks.wrapping_add(1);
        let kept = self
            .blocking(move |ledger| {
                ledger.expire_commands(&reason, now())?;
                if is_time { ledger.prune_commands(now()) } else { Ok(0) }
            })
            .await;
        if let Err(error) = kept {
            events::commands_failed(&error);
        }
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.settled.is_empty() {
            return Ok(());
        }
        let settled = self.settled.clone();
        self.blocking(move |ledger| ledger.settle_commands(&settled, now())).await?;
        self.settled.clear();
        Ok(())
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        let routes = self.plan();
        if routes.is_empty() {
            return Ok(());
        }
        let wanted: Vec<(TerminalId, usize)> =
            routes.iter().map(|(terminal, (_, most))| (*terminal, *most)).collect();
        let taken = match self.blocking(move |ledger| ledger.take_commands(&wanted, now())).await {
            Ok(taken) => taken,
            Err(error) => {
                self.held.extend(routes.keys());
                return Err(error);
            }
        };
        let mut counts: HashMap<TerminalId, usize> = HashMap::new();
        for record in taken {
            *counts.entry(record.terminal).or_default() += 1;
            if let Some((route, _)) = routes.get(&record.terminal) {
                self.order(record, route);
            }
        }
        for (terminal, (_, most)) in &routes {
            // It gave all it had. What is queued from now on is told by a change.
            if counts.get(terminal).copied().unwrap_or_default() < *most {
                self.bell.forget(*terminal);
            }
        }
        // Terminals that took less than was kept for them have left room.
        let (by_link, due) = (&self.by_link, &mut self.due);
        self.crowded.retain(|link, terminals| {
            let is_full = by_link.get(link).is_some_and(|busy| *busy >= IN_FLIGHT_LINK);
            if !is_full {
                due.extend(terminals.drain());
            }
            is_full
        });
        Ok(())
    }

    /// Which of the due terminals are there, by what way, and for how many commands there is room.
    fn plan(&mut self) -> HashMap<TerminalId, (Route, usize)> {
        let mut planned = HashMap::new();
        let mut by_link: HashMap<u64, usize> = HashMap::new();
        let due: Vec<TerminalId> =
            self.due.iter().filter(|terminal| !self.held.contains(terminal)).copied().collect();
        self.due.clear();
        for terminal in due {
            if planned.len() >= BATCH_MAX {
                self.due.insert(terminal);
                continue;
            }
            // One that comes after this look rings.
            let Some(route) = self.routes.find_ready(terminal) else { continue };
            let busy = self.by_terminal.get(&terminal).copied().unwrap_or_default();
            let on_link = by_link.entry(route.link).or_default();
            let link_busy = self.by_link.get(&route.link).copied().unwrap_or_default() + *on_link;
            let most = IN_FLIGHT_EACH.saturating_sub(busy).min(IN_FLIGHT_LINK.saturating_sub(link_busy));
            if most > 0 {
                *on_link += most;
                planned.insert(terminal, (route, most));
            } else if busy == 0 {
                self.crowded.entry(route.link).or_default().insert(terminal);
            }
        }
        planned
    }

    /// Hands a command that is `sent` to the connection; an answer always comes back.
    fn order(&mut self, record: CommandRecord, route: &Route) {
        let command = match answer::command(&record) {
            Ok(command) => command,
            Err(to) => return self.settled.push(settled(&record, None, to)),
        };
        let (reply, answer) = oneshot::channel();
        let order = Order::Command { terminal: record.terminal, command, reply };
        let link = route.link;
        *self.by_terminal.entry(record.terminal).or_default() += 1;
        *self.by_link.entry(link).or_default() += 1;
        // Nothing of it leaves where the connection has ended or takes no more orders.
        let is_ordered = route.orders.try_send((link, order)).is_ok();
        self.replies.spawn(async move {
            let answer = if is_ordered { answer.await.ok() } else { Some(Err(Busy::Full)) };
            (record, link, answer)
        });
    }

    /// After a start, and where changes were missed.
    async fn look_everywhere(&mut self) -> Result<(), StoreError> {
        for terminal in self.blocking(|ledger| ledger.terminals_with_commands()).await? {
            self.bell.wait_for(terminal);
            self.due.insert(terminal);
        }
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ledger = self.ledger.clone();
        match tokio::task::spawn_blocking(move || work(&ledger)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

fn settled(record: &CommandRecord, serial: Option<u16>, to: Settlement) -> Settled {
    Settled { id: record.id, serial, to }
}

fn release<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let std::collections::hash_map::Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}
