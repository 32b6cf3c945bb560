//! One connection to the broker, from CONNECT to its loss. Whatever was not acknowledged in it is still in the outbox.

mod receipts;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fleet::Department;
use journal::Record;
use ledger::{Outgoing, OutgoingKind, Receipt, StoreError};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, NetworkOptions, Outgoing as Written, Packet, Publish,
    QoS, SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::lanes::{Lanes, Next};
use crate::publisher::{Position, Publisher};
use crate::reading::{self, Outcome};
use crate::target::OUTGOING_BYTES_MAX;
use crate::window::Window;
use crate::{disposition, message, now, topic};

/// Alerts and handling on their way at once: enough that latency doesn't bound the rate, few enough that what is sent
/// twice after a loss is little.
const INFLIGHT_MAX: usize = 64;

/// Rows acknowledged and not yet marked so: what gathers while the disk takes the ones before. Beyond it nothing new is
/// sent, since all of it would be sent twice after a crash.
const UNMARKED_MAX: usize = 1_024;

/// Requests between us and the client: those in flight, a batch of positions, heartbeats and answers. When it is full
/// although the broker is there, something is wrong and the connection is begun anew.
const REQUESTS_MAX: usize = 512;

/// Positions are handed over while fewer requests than this wait to be written, so that they never crowd out an alert.
const POSITION_REQUESTS_MAX: usize = 128;

/// Events the client may be ahead of us; beyond it the client waits, and so does the broker.
const EVENTS_MAX: usize = 256;

/// For TCP, TLS and CONNACK together.
const CONNECT_MAX: Duration = Duration::from_secs(15);

/// How long the journal may take for a reading, while alerts wait behind it.
const KEEP_MAX: Duration = Duration::from_secs(5);

/// How long an orderly stop waits for acknowledgements.
const STOP_MAX: Duration = Duration::from_secs(2);

/// How a session ended.
pub(crate) enum Ended {
    Lost(Lost),
    Stopped,
}

/// Why a session ended on its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("connection ended: {0}")]
    Connection(Box<ConnectionError>),
    #[error("more requests wait than the broker takes")]
    Full,
    #[error("the outbox can't be read or written: {0}")]
    Store(#[from] StoreError),
    #[error("no acknowledgement for {0:?}")]
    Unacknowledged(Duration),
    #[error("no connection: {0}")]
    Unreachable(String),
}

impl Lost {
    /// A label.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::Full => "full",
            Self::Store(_) => "store",
            Self::Unacknowledged(_) => "unacknowledged",
            Self::Unreachable(_) => "unreachable",
        }
    }
}

/// What was handed to the client.
#[derive(Clone, Copy, Debug)]
enum Sent {
    /// An alert that went out before and has no receipt.
    Again {
        receipt: Receipt,
        sent: u32,
    },
    /// A heartbeat, a status, an answer, a position: nobody waits for its acknowledgement.
    Other,
    Row {
        seq: i64,
        kind: OutgoingKind,
    },
}

enum Turn {
    Event(Option<Result<Event, ConnectionError>>),
    Heartbeat,
    Marked(Result<(), StoreError>),
    Owing,
    Poll,
    Position(Position),
    /// A department has room for another message.
    Room,
    Rung,
    Stop,
    Summary,
}

pub(crate) struct Session<'a> {
    publisher: &'a mut Publisher,
    client: AsyncClient,
    events: mpsc::Receiver<Result<Event, ConnectionError>>,
    _pump: AbortOnDropHandle<()>,
    /// Handed over, not yet written, in order.
    unwritten: VecDeque<Sent>,
    /// Written, by packet id.
    written: BTreeMap<u16, Sent>,
    /// Read from the outbox, not yet handed over; at most [`INFLIGHT_MAX`] a lane.
    lanes: Lanes,
    /// When a department that something waits for has room.
    room_at: Option<Instant>,
    /// Rows handed over and not acknowledged.
    outstanding: usize,
    /// Alerts handed over again and not acknowledged.
    again: usize,
    /// Nothing is due to be sent again, or nobody has room for it.
    is_settled: bool,
    /// Receipts that came and are not yet kept; at most [`EVENTS_MAX`] messages.
    receipts: Vec<(Department, Publish)>,
    /// What was acknowledged and is not yet marked so.
    acknowledged: ledger::Sent,
    /// The transaction that marks earlier ones; publishing goes on meanwhile.
    marking: Option<JoinHandle<Result<(), StoreError>>>,
    moved_at: Instant,
}

impl<'a> Session<'a> {
    /// Nothing is sent before [`Self::run`].
    pub(crate) fn open(publisher: &'a mut Publisher) -> Self {
        let options = publisher.target.options(publisher.state.client_id());
        let (client, mut eventloop) = AsyncClient::new(options, REQUESTS_MAX);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        eventloop.set_network_options(network);
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        publisher.windows.values_mut().for_each(Window::clear);
        Self {
            publisher,
            client,
            events,
            _pump: AbortOnDropHandle::new(tokio::spawn(pump(eventloop, sender))),
            unwritten: VecDeque::new(),
            written: BTreeMap::new(),
            lanes: Lanes::new(),
            room_at: None,
            outstanding: 0,
            again: 0,
            is_settled: false,
            receipts: Vec::new(),
            acknowledged: ledger::Sent::default(),
            marking: None,
            moved_at: Instant::now(),
        }
    }

    /// Until the link is lost or `stop`.
    pub(crate) async fn run(mut self, stop: &CancellationToken) -> Ended {
        let connected = tokio::select! {
            connected = self.connect() => connected,
            () = stop.cancelled() => return Ended::Stopped,
        };
        let lived = match connected {
            Ok(()) => self.live(stop).await,
            Err(lost) => Err(lost),
        };
        match lived {
            Ok(()) => {
                self.finish().await;
                Ended::Stopped
            }
            Err(lost) => {
                if let Err(error) = self.mark_all().await {
                    tracing::warn!(%error, "acknowledged messages are not marked and will be sent again");
                }
                Ended::Lost(lost)
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Lost> {
        match timeout(CONNECT_MAX, self.events.recv()).await {
            Ok(Some(Ok(Event::Incoming(Packet::ConnAck(_))))) => {}
            Ok(Some(Ok(event))) => return Err(Lost::Unreachable(format!("{event:?} before CONNACK"))),
            Ok(Some(Err(error))) => return Err(Lost::Unreachable(error.to_string())),
            Ok(None) => return Err(Lost::Unreachable("the client ended".to_owned())),
            Err(_) => return Err(Lost::Unreachable(format!("no answer in {CONNECT_MAX:?}"))),
        }
        let now = self.publisher.steady.now();
        let since = self.publisher.state.alive_at().unwrap_or(now).minus(self.publisher.pace.republish);
        let again = self.publisher.with_ledger(move |ledger| ledger.outbox_republish_since(since)).await?;
        self.publisher.metrics.republished.inc_by(again);
        if self.publisher.state.alive_at().is_some() {
            self.publisher.metrics.reconnects.inc();
        }
        self.publisher.metrics.connected.set(1);
        self.publisher.state.touch(now);
        tracing::info!(again, "connected to the broker");
        let filters = Department::ALL
            .iter()
            .map(|department| topic::dispositions(*department))
            .chain(self.publisher.receipts.from.iter().map(|department| topic::receipts(*department)))
            .chain([topic::STRUCTURES.to_owned()])
            .map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce));
        self.client.try_subscribe_many(filters).map_err(|_| Lost::Full)?;
        self.hand_over(topic::STATUS.to_owned(), message::ONLINE.to_vec(), true, Sent::Other)
    }

    async fn live(&mut self, stop: &CancellationToken) -> Result<(), Lost> {
        let mut heartbeats = ticks(self.publisher.pace.heartbeat);
        let mut polls = ticks(self.publisher.pace.poll);
        let mut summaries = ticks(self.publisher.pace.summary);
        let rung = self.publisher.ledger.outbox_notify();
        loop {
            self.fill().await?;
            self.send_again().await?;
            self.mark();
            let has_room = self.unwritten.len() < POSITION_REQUESTS_MAX;
            let turn = tokio::select! {
                event = self.events.recv() => Turn::Event(event),
                () = rung.notified() => Turn::Rung,
                _ = heartbeats.tick() => Turn::Heartbeat,
                _ = polls.tick() => Turn::Poll,
                _ = summaries.tick() => Turn::Summary,
                () = until(self.room_at) => Turn::Room,
                Ok(()) = self.publisher.receipts.owing.changed() => Turn::Owing,
                marked = marked(&mut self.marking) => Turn::Marked(marked),
                Some(position) = self.publisher.positions.recv(), if has_room => Turn::Position(position),
                () = stop.cancelled() => Turn::Stop,
            };
            match turn {
                Turn::Event(event) => self.take_events(event).await?,
                Turn::Heartbeat => self.beat().await?,
                Turn::Marked(marked) => marked?,
                Turn::Owing => {
                    // What is marked by who owed before would be waited for all the same.
                    self.mark_all().await?;
                    self.publisher.settle().await;
                }
                Turn::Poll => self.poll()?,
                Turn::Position(position) => self.send_position(position)?,
                Turn::Rung => self.lanes.wake(),
                Turn::Room => {}
                Turn::Summary => self.sum_up().await?,
                Turn::Stop => return Ok(()),
            }
        }
    }

    /// Hands rows over as far as they may be in flight together and departments take them.
    async fn fill(&mut self) -> Result<(), Lost> {
        self.room_at = None;
        while self.outstanding < INFLIGHT_MAX && self.acknowledged.rows.len() < UNMARKED_MAX {
            match self.lanes.next(&mut self.publisher.caps, Instant::now()) {
                Next::Read(wanted) => {
                    let read = move |ledger: &ledger::Ledger| {
                        let lanes = wanted.into_iter();
                        lanes
                            .map(|(lane, after)| Ok((lane, ledger.outbox_lane(lane, after, INFLIGHT_MAX)?)))
                            .collect::<Result<Vec<_>, StoreError>>()
                    };
                    for (lane, rows) in self.publisher.with_ledger(read).await? {
                        self.lanes.handle_rows(lane, rows, INFLIGHT_MAX);
                    }
                }
                Next::Send(row) => self.send_row(*row)?,
                Next::Wait(until) => {
                    self.room_at = until;
                    break;
                }
            }
        }
        Ok(())
    }

    fn send_row(&mut self, row: Outgoing) -> Result<(), Lost> {
        if row.payload.len() > OUTGOING_BYTES_MAX {
            // No broker would take it, and everything behind it would wait for ever.
            tracing::error!(
                seq = row.seq,
                bytes = row.payload.len(),
                "a message is too large to publish and is left out"
            );
            self.publisher.metrics.failures.with_label_values(&["too-large"]).inc();
            self.acknowledged.rows.push(row.seq);
            return Ok(());
        }
        let topic = match row.kind {
            OutgoingKind::Alert => topic::alert(row.department, row.division, row.rule),
            OutgoingKind::Handling => topic::handling(row.department, row.division, row.rule),
        };
        self.begin();
        self.outstanding += 1;
        self.hand_over(topic, row.payload, false, Sent::Row { seq: row.seq, kind: row.kind })
    }

    /// Something that waits for an acknowledgement goes out.
    fn begin(&mut self) {
        if self.outstanding + self.again == 0 {
            self.moved_at = Instant::now();
        }
    }

    fn hand_over(&mut self, topic: String, payload: Vec<u8>, retain: bool, sent: Sent) -> Result<(), Lost> {
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload).map_err(|_| Lost::Full)?;
        self.unwritten.push_back(sent);
        Ok(())
    }

    fn send_position(&mut self, position: Position) -> Result<(), Lost> {
        let Some(payload) = position.payload() else { return Ok(()) };
        self.client.try_publish(position.topic(), QoS::AtMostOnce, false, payload).map_err(|_| Lost::Full)?;
        self.unwritten.push_back(Sent::Other);
        self.publisher.metrics.positions.inc();
        Ok(())
    }

    async fn beat(&mut self) -> Result<(), Lost> {
        self.publisher.heartbeat_seq += 1;
        let (at, seq) = (now(), self.publisher.heartbeat_seq);
        let beats = self.publisher.with_ledger(move |ledger| message::heartbeats(ledger, at, seq)).await?;
        for (department, payload) in beats {
            self.hand_over(topic::heartbeat(department), payload, true, Sent::Other)?;
        }
        self.publisher.state.save();
        Ok(())
    }

    /// Tells departments that take no more messages a second what waits for them.
    async fn sum_up(&mut self) -> Result<(), Lost> {
        for holding in self.publisher.caps.holdings() {
            let department = holding.department;
            let waiting = if holding.is_on {
                self.publisher.with_ledger(move |ledger| ledger.outbox_waiting(department)).await?
            } else {
                // What there is, is on its way.
                ledger::Waiting::default()
            };
            self.publisher.metrics.set_held(department, waiting.messages);
            let payload = message::summary(now(), &holding, &waiting).map_err(StoreError::from)?;
            self.hand_over(topic::summary(department), payload, false, Sent::Other)?;
        }
        Ok(())
    }

    /// Looks at the outbox although nobody rang, and at the clock.
    fn poll(&mut self) -> Result<(), Lost> {
        let patience = self.publisher.pace.acknowledge_max;
        if self.outstanding + self.again > 0 && self.moved_at.elapsed() > patience {
            return Err(Lost::Unacknowledged(patience));
        }
        if self.outstanding == 0 && self.acknowledged.rows.is_empty() && self.marking.is_none() {
            self.lanes.begin_anew();
        }
        self.lanes.wake();
        self.is_settled = false;
        Ok(())
    }

    /// This event and those that wait behind it.
    async fn take_events(&mut self, first: Option<Result<Event, ConnectionError>>) -> Result<(), Lost> {
        let mut next = Some(first);
        for _ in 0..EVENTS_MAX {
            let Some(event) = next else { break };
            let event = event.ok_or_else(|| Lost::Unreachable("the client ended".to_owned()))?;
            self.take(event.map_err(|error| Lost::Connection(Box::new(error)))?).await?;
            next = self.events.try_recv().ok().map(Some);
        }
        self.keep_receipts().await
    }

    async fn take(&mut self, event: Event) -> Result<(), Lost> {
        match event {
            Event::Outgoing(Written::Publish(id)) => {
                let sent = self.unwritten.pop_front();
                if let (Some(sent), true) = (sent, id != 0) {
                    self.written.insert(id, sent);
                }
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                self.touch();
                self.moved_at = Instant::now();
                if let Some(sent) = self.written.remove(&ack.pkid) {
                    self.take_acknowledged(sent);
                }
            }
            Event::Incoming(Packet::PingResp) => self.touch(),
            Event::Incoming(Packet::Publish(publish)) => self.answer(publish).await?,
            Event::Incoming(Packet::SubAck(ack)) => {
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) {
                    tracing::error!(
                        "the broker lets us read no dispositions or receipts of some department, or no readings"
                    );
                    self.publisher.metrics.failures.with_label_values(&["subscription"]).inc();
                }
            }
            Event::Incoming(_) | Event::Outgoing(_) => {}
        }
        Ok(())
    }

    fn take_acknowledged(&mut self, sent: Sent) {
        match sent {
            Sent::Again { receipt, sent } => {
                self.again = self.again.saturating_sub(1);
                self.acknowledged.again.push((receipt, sent));
                let department = receipt.department.as_str();
                self.publisher.metrics.receipts.resent.with_label_values(&[department]).inc();
            }
            Sent::Other => {}
            Sent::Row { seq, kind } => {
                self.outstanding = self.outstanding.saturating_sub(1);
                self.acknowledged.rows.push(seq);
                self.publisher.metrics.published.with_label_values(&[label(kind)]).inc();
            }
        }
    }

    /// Acknowledged to the broker only after the answer is on its way; until then it would be delivered again.
    async fn answer(&mut self, publish: Publish) -> Result<(), Lost> {
        if let Some(department) = topic::receiver(&publish.topic) {
            self.receipts.push((department, publish));
            return Ok(());
        }
        if let Some(department) = topic::sender(&publish.topic) {
            let payload = publish.payload.clone();
            let work =
                move |ledger: &ledger::Ledger| disposition::handle(ledger, department, &payload, now());
            let answer = self.publisher.with_ledger(work).await;
            let outcome = answer.outcome.as_str();
            self.publisher.metrics.dispositions.with_label_values(&[outcome]).inc();
            tracing::info!(department = department.as_str(), outcome, "disposition");
            let payload = serde_json::to_vec(&answer).map_err(StoreError::from)?;
            self.hand_over(topic::results(department), payload, false, Sent::Other)?;
        }
        if let Some(structure) = topic::structure(&publish.topic) {
            let outcome = self.keep(structure, &publish.payload).await;
            self.publisher.metrics.readings.with_label_values(&[outcome.as_str()]).inc();
            if outcome == Outcome::Failed {
                return Ok(()); // not acknowledged, so the broker sends it again
            }
        }
        self.client.try_ack(&publish).map_err(|_| Lost::Full)
    }

    /// A reading goes into the journal, where the rules find it.
    async fn keep(&self, structure: &str, payload: &[u8]) -> Outcome {
        let notice = match reading::parse(structure, payload) {
            Ok(notice) => notice,
            Err(problem) => {
                tracing::warn!(structure, problem, "a reading of a monitor can't be read");
                return Outcome::Malformed;
            }
        };
        let frame = match serde_json::to_vec(&notice) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                tracing::warn!(structure, %error, "a reading of a monitor can't be kept");
                return Outcome::Malformed;
            }
        };
        let kept = self.publisher.journal.keep(Record { received: now(), source: None, frame });
        match timeout(KEEP_MAX, kept).await {
            Ok(Ok(_)) => Outcome::Kept,
            Ok(Err(error)) => {
                tracing::error!(structure, %error, "a reading of a monitor is not on disk");
                Outcome::Failed
            }
            Err(_) => {
                tracing::error!(
                    structure,
                    "a reading of a monitor is not on disk: the journal takes too long"
                );
                Outcome::Failed
            }
        }
    }

    /// Begins to mark what was acknowledged, unless that is going on: what comes meanwhile makes the next transaction.
    fn mark(&mut self) {
        let is_nothing = self.acknowledged.rows.is_empty() && self.acknowledged.again.is_empty();
        if self.marking.is_none() && !is_nothing {
            let (ledger, sent) = (self.publisher.ledger.clone(), std::mem::take(&mut self.acknowledged));
            let (taken, owing) = (self.publisher.steady.moment(), self.publisher.owing());
            let work = move || ledger.outbox_published(&sent, taken, &owing);
            self.marking = Some(tokio::task::spawn_blocking(work));
        }
    }

    async fn mark_all(&mut self) -> Result<(), StoreError> {
        self.mark();
        while self.marking.is_some() {
            marked(&mut self.marking).await?;
            self.mark();
        }
        Ok(())
    }

    fn touch(&mut self) {
        self.publisher.state.touch(self.publisher.steady.now());
    }

    /// Says that we go, and waits a moment for what is on its way.
    async fn finish(&mut self) {
        let said = self.hand_over(topic::STATUS.to_owned(), message::OFFLINE.to_vec(), true, Sent::Other);
        let settle = async {
            while !self.unwritten.is_empty() || !self.written.is_empty() {
                let event = self.events.recv().await;
                self.take_events(event).await?;
            }
            Ok::<_, Lost>(())
        };
        match timeout(STOP_MAX, settle).await {
            Ok(Ok(())) if said.is_ok() => {}
            Ok(_) | Err(_) => tracing::warn!("stopped with unacknowledged messages, they stay in the outbox"),
        }
        if let Err(error) = self.mark_all().await {
            tracing::warn!(%error, "acknowledged messages are not marked and will be sent again");
        }
        if self.client.try_disconnect().is_ok() {
            let gone = async { while let Some(Ok(_)) = self.events.recv().await {} };
            let _ = timeout(STOP_MAX, gone).await;
        }
    }
}

/// The end of the transaction; waits for ever where there is none.
async fn marked(marking: &mut Option<JoinHandle<Result<(), StoreError>>>) -> Result<(), StoreError> {
    let Some(task) = marking else { return std::future::pending().await };
    let done = match task.await {
        Ok(done) => done,
        // The runtime ends, and this with it.
        Err(error) if error.is_cancelled() => return std::future::pending().await,
        Err(error) => panic!("a call of the ledger does not panic: {error}"),
    };
    *marking = None;
    done
}

/// For ever where there is nothing to wait for.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

const fn label(kind: OutgoingKind) -> &'static str {
    match kind {
        OutgoingKind::Alert => "alert",
        OutgoingKind::Handling => "handling",
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Drives the client; ends with the connection, or when nobody listens.
async fn pump(mut eventloop: EventLoop, events: mpsc::Sender<Result<Event, ConnectionError>>) {
    loop {
        let event = eventloop.poll().await;
        let is_over = event.is_err();
        if events.send(event).await.is_err() || is_over {
            return;
        }
    }
}
