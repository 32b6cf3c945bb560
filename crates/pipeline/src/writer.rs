//! The one that writes: alerts with their outbox into the ledger, positions into the history, and snapshots once
//! everything before them is kept.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use fleet::{Alarms, Alert, AlertId, Fix, ReceiveTime, Severity, State, Status, Tally, TerminalId};
use history::History;
use history::influx::Sink;
use journal::{Journal, Position};
use ledger::{Ledger, Ruled};
use tokio::sync::watch;

use crate::Clock;
use crate::crews::{CrewStage, Told};
use crate::fold::{Ground, Time};
use crate::live::{Live, LiveVehicle};
use crate::metrics::Metrics;
use crate::snapshot::Snapshot;
use crate::ticks::Due;

/// Outcomes joined into one transaction when they are waiting anyway.
const JOINED_MAX: usize = 256;
/// Pause before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// What comes out of the stages before.
pub(crate) enum Done {
    /// A shard's state before a record.
    Engine { shard: usize, position: Position, state: Vec<u8> },
    /// The reader's state before a record.
    Reader { position: Position, time: Time, observer: Vec<u8> },
    /// What a shard made of some observations.
    Outcome(Outcome),
}

#[derive(Default)]
pub(crate) struct Outcome {
    /// New revisions, each with the reception of the frame that decided it.
    pub alerts: Vec<(Ruled, ReceiveTime)>,
    /// One entry a report.
    pub heard: Vec<Heard>,
    /// What was said of drivers, in order.
    pub told: Vec<Told>,
    /// The whole of what a shard has to say of the batch that ends before this record, at this time.
    pub upto: Option<(Position, Time)>,
    /// Counts of days that changed, each the whole day's.
    pub counts: Vec<Tally>,
}

impl Outcome {
    /// Adds alerts that came about with a record received then; `proof` gives the frames that one rests on.
    pub(crate) fn rule(
        &mut self,
        alerts: &mut Vec<Alert>,
        received: ReceiveTime,
        proof: impl Fn(&Alert) -> Vec<(ReceiveTime, Bytes)>,
    ) {
        self.alerts.extend(alerts.drain(..).map(|alert| {
            let frames = proof(&alert);
            (Ruled { alert: Arc::new(alert), frames }, received)
        }));
    }

    /// The same for deadlines that passed: no frame proves anything.
    pub(crate) fn rule_by_time(&mut self, alerts: &mut Vec<Alert>, now: ReceiveTime) {
        self.rule(alerts, now, |_| Vec::new());
    }
}

/// What one report says of its vehicle.
pub(crate) struct Heard {
    pub terminal: TerminalId,
    pub received: ReceiveTime,
    /// The position, where it was accepted.
    pub fix: Option<Fix>,
    /// Whether it is the newest word.
    pub live: bool,
    pub alarms: Alarms,
    pub status: Status,
}

pub(crate) struct Writer {
    pub ledger: Ledger,
    pub history: History,
    pub influx: Option<Arc<Sink>>,
    pub journal: Journal,
    pub live: Live,
    pub ground: watch::Receiver<Ground>,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub path: PathBuf,
    pub open: HashMap<TerminalId, HashMap<AlertId, Severity>>,
    pub pending: Pending,
    pub crews: CrewStage,
    /// Where the next deadline of a driver is told.
    pub due: Due,
    /// Whether the last write went well.
    pub healthy: Arc<AtomicBool>,
    /// Set when the process must end although a write still fails; what is not kept comes back out of the journal.
    pub hurry: Arc<AtomicBool>,
    pub kept: Kept,
}

/// How far what is told can be kept.
#[derive(Default)]
pub(crate) struct Kept {
    /// What was told rests on records before this.
    rests_on: Position,
    /// Something could not be kept before the end: only the journal brings it back, and no snapshot may pass it.
    is_short: bool,
}

/// A snapshot whose parts are still coming in.
pub(crate) struct Pending {
    position: Position,
    reader: Option<(Time, Vec<u8>)>,
    engines: Vec<Option<Vec<u8>>>,
    crews: Vec<u8>,
}

impl Pending {
    pub(crate) fn new(shards: usize) -> Self {
        Self { position: 0, reader: None, engines: vec![None; shards], crews: Vec::new() }
    }

    fn part(&mut self, position: Position) -> &mut Self {
        if position != self.position {
            *self = Self { position, ..Self::new(self.engines.len()) };
        }
        self
    }

    /// Whether every shard's part is there.
    fn has_engines(&self) -> bool {
        self.engines.iter().all(Option::is_some)
    }

    /// The snapshot once it is whole, but for the view of what is true now.
    fn take(&mut self) -> Option<Snapshot> {
        if !self.has_engines() {
            return None;
        }
        let (time, observer) = self.reader.take()?;
        let engines = self.engines.iter_mut().filter_map(Option::take).collect();
        let crews = std::mem::take(&mut self.crews);
        Some(Snapshot { position: self.position, time, observer, engines, crews, vehicles: Vec::new() })
    }
}

impl Writer {
    /// Works until every stage before has hung up.
    pub(crate) fn run(mut self, done: &Receiver<Done>) {
        self.due.set(self.crews.next_timeout());
        while let Ok(first) = done.recv() {
            let mut next = Some(first);
            if self.ground.has_changed().unwrap_or(false) {
                let ground = self.ground.borrow_and_update().clone();
                self.crews.reload(ground);
            }
            let mut outcomes = Vec::new();
            while let Some(Done::Outcome(mut outcome)) = next {
                let told = std::mem::take(&mut outcome.told);
                let judged = outcome.upto.map(|upto| self.crews.answer(upto, told));
                outcomes.push(outcome);
                outcomes.extend(judged);
                next = if outcomes.len() < JOINED_MAX { done.try_recv().ok() } else { None };
            }
            self.due.set(self.crews.next_timeout());
            self.write(outcomes);
            match next {
                Some(Done::Engine { shard, position, state }) => {
                    if let Some(slot) = self.pending.part(position).engines.get_mut(shard) {
                        *slot = Some(state);
                    }
                    // The last of them: each has answered every batch before the position, and not all one after it.
                    if self.pending.has_engines() {
                        self.pending.crews = self.crews.state();
                    }
                    self.save();
                }
                Some(Done::Reader { position, time, observer }) => {
                    self.pending.part(position).reader = Some((time, observer));
                    self.save();
                }
                Some(Done::Outcome(_)) | None => {}
            }
        }
    }

    fn write(&mut self, mut outcomes: Vec<Outcome>) {
        let (ruled, received): (Vec<Ruled>, Vec<ReceiveTime>) =
            outcomes.iter_mut().flat_map(|outcome| outcome.alerts.drain(..)).unzip();
        let upto = outcomes.iter().filter_map(|outcome| outcome.upto.map(|(upto, _)| upto)).max();
        self.kept.rests_on = self.kept.rests_on.max(upto.unwrap_or_default());
        let new = self.keep(&ruled).unwrap_or_default();
        let now = (self.clock)();
        for ((Ruled { alert, .. }, new), received) in ruled.iter().zip(new).zip(received) {
            self.note_open(alert);
            if new {
                self.metrics.alert(alert);
                self.metrics.latency.observe(now.since(received).as_secs_f64());
                if let Some(sink) = &self.influx {
                    sink.offer_alert(alert);
                }
                self.live.publish_alert(Arc::clone(alert));
            }
        }
        let counts: Vec<Tally> = outcomes.iter_mut().flat_map(|outcome| outcome.counts.drain(..)).collect();
        if !counts.is_empty() {
            self.kept.is_short |= self.retried(|w| w.ledger.record_quality(&counts)).is_none();
        }
        for outcome in outcomes {
            for heard in &outcome.heard {
                self.note_heard(heard);
            }
        }
    }

    /// An alert never runs ahead of the disk either: what it rests on, a crash might take away, and what a replay then
    /// gives could neither update nor clear it.
    fn keep(&mut self, ruled: &[Ruled]) -> Option<Vec<bool>> {
        if ruled.is_empty() {
            return None;
        }
        let is_durable = self.wait_durable(self.kept.rests_on);
        let new = is_durable.then(|| self.retried(|w| w.ledger.record_ruled(ruled))).flatten();
        self.kept.is_short |= new.is_none();
        new
    }

    fn note_open(&mut self, alert: &Alert) {
        let open = self.open.entry(alert.vehicle.terminal).or_default();
        match alert.state {
            State::Raised | State::Updated => open.insert(alert.id, alert.severity),
            State::Cleared => open.remove(&alert.id),
        };
        if let Some(known) = self.live.vehicle(alert.vehicle.terminal) {
            self.live.publish_vehicle(self.with_open(LiveVehicle::clone(&known)));
        }
    }

    fn note_heard(&mut self, heard: &Heard) {
        if let Some(fix) = &heard.fix {
            self.history.append(heard.terminal, fix);
            if let Some(sink) = &self.influx {
                let ground = self.ground.borrow();
                sink.offer_position(heard.terminal, ground.registry.vehicle(heard.terminal), fix);
            }
        }
        let known = self.live.vehicle(heard.terminal);
        let newest = known.as_ref().and_then(|known| known.fix);
        self.live.publish_vehicle(self.with_open(LiveVehicle {
            terminal: heard.terminal,
            fix: if heard.live { heard.fix.or(newest) } else { newest },
            received: heard.received,
            alarms: heard.alarms,
            status: heard.status,
            worst_open: None,
            open_alerts: 0,
        }));
    }

    fn with_open(&self, mut vehicle: LiveVehicle) -> LiveVehicle {
        let open = self.open.get(&vehicle.terminal);
        vehicle.worst_open = open.and_then(|open| open.values().max().copied());
        vehicle.open_alerts = open.map_or(0, |open| u32::try_from(open.len()).unwrap_or(u32::MAX));
        vehicle
    }

    /// Writes the snapshot once all of its parts are there: first what it makes unnecessary to fold again, then itself.
    fn save(&mut self) {
        let Some(snapshot) = self.pending.take() else { return };
        let position = snapshot.position;
        if self.kept.is_short || !self.wait_durable(position) || self.retried(|w| w.history.flush()).is_none()
        {
            return;
        }
        let vehicles = self.live.vehicles().iter().map(|vehicle| LiveVehicle::clone(vehicle)).collect();
        let snapshot = Snapshot { vehicles, ..snapshot };
        match snapshot.save(&self.path) {
            Ok(()) => self.metrics.snapshots.inc(),
            Err(error) => {
                self.metrics.store_failures.inc();
                tracing::error!(%error, path = %self.path.display(), "cannot write the snapshot; a restart folds more of the journal");
                return;
            }
        }
        if let Err(error) = self.journal.trim(position, (self.clock)()) {
            tracing::error!(%error, "cannot drop old journal segments");
        }
    }

    /// A snapshot never runs ahead of the disk: its position would name other records after a crash.
    fn wait_durable(&self, position: Position) -> bool {
        let durable = self.journal.durable();
        while durable.borrow().upto() < position {
            if self.hurry.load(Ordering::Relaxed) || durable.has_changed().is_err() {
                return durable.borrow().upto() >= position;
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        true
    }

    /// Tries until it succeeds: an alert that can't be kept holds the pipeline back, and the journal keeps the rest.
    fn retried<T, E: std::fmt::Display>(&self, mut attempt: impl FnMut(&Self) -> Result<T, E>) -> Option<T> {
        loop {
            match attempt(self) {
                Ok(value) => {
                    self.healthy.store(true, Ordering::Relaxed);
                    return Some(value);
                }
                Err(error) => {
                    self.healthy.store(false, Ordering::Relaxed);
                    self.metrics.store_failures.inc();
                    tracing::error!(%error, "cannot write to the store; trying again");
                }
            }
            if self.hurry.load(Ordering::Relaxed) {
                return None;
            }
            std::thread::park_timeout(RETRY);
        }
    }
}

#[cfg(test)]
mod tests {
    use fleet::{
        DailyHours, Division, Leg, LonLat, Map, News, Observation, Report, RouteIndex, Speed, Zone, ZoneHit,
        ZoneIndex,
    };
    use journal::{Options, Record};

    use super::*;
    use crate::Fold;

    /// Nothing is asked of it.
    struct Nowhere;

    impl Map for Nowhere {
        fn zones(&self, _: Leg, hits: &mut Vec<ZoneHit>) {
            hits.clear();
        }
        fn clearance_m(&self, _: LonLat) -> f64 {
            f64::INFINITY
        }
        fn zone(&self, _: ZoneIndex) -> &Zone {
            unreachable!("it gave out no index")
        }
        fn zone_index(&self, _: &str) -> Option<ZoneIndex> {
            None
        }
        fn route(&self, _: &str) -> Option<RouteIndex> {
            None
        }
        fn off_route_m(&self, _: RouteIndex, _: LonLat) -> f64 {
            0.0
        }
        fn route_hours(&self, _: RouteIndex) -> Option<DailyHours> {
            None
        }
        fn division(&self, _: LonLat) -> Option<Division> {
            None
        }
    }

    fn ground() -> Ground {
        Ground { book: Arc::default(), registry: Arc::default(), map: Arc::new(Nowhere) }
    }

    fn writer(dir: &std::path::Path, journal: &Journal) -> Writer {
        let (registry, ground) = (prometheus::Registry::new(), ground());
        Writer {
            ledger: Ledger::open(&dir.join("ledger.sqlite"), &registry).unwrap(),
            history: History::open(&dir.join("history"), &registry).unwrap(),
            influx: None,
            journal: journal.clone(),
            live: Live::default(),
            crews: CrewStage::new(ground.crews(), 1),
            due: Due::default(),
            ground: watch::channel(ground).1,
            metrics: Arc::new(Metrics::register(&registry).unwrap()),
            clock: Arc::new(|| ReceiveTime::from_ms(0)),
            path: dir.join("snapshot"),
            open: HashMap::new(),
            pending: Pending::new(1),
            healthy: Arc::default(),
            hurry: Arc::default(),
            kept: Kept::default(),
        }
    }

    /// One alert that rests on the first record.
    fn told() -> Outcome {
        let received = ReceiveTime::from_ms(1_767_225_600_000);
        let report = Report {
            fix: Fix {
                at: received.as_event(),
                position: LonLat::from_degrees(91.0, 29.6),
                altitude_m: 3650,
                speed: Speed::from_tenths(600),
                heading: None,
            },
            alarms: Alarms::EMERGENCY,
            status: Status::POSITIONED,
            odometer_tenth_km: None,
            recorder_speed: None,
            safety: Vec::new(),
            backfill: false,
        };
        let (terminal, news) = (TerminalId::parse("1").unwrap(), News::Report(Box::new(report)));
        let mut alerts = Vec::new();
        Fold::new(&ground()).handle_observation(&Observation { terminal, received, news }, &mut alerts);
        assert_eq!(alerts.len(), 1);
        let mut outcome = Outcome { upto: Some((1, Time::default())), ..Outcome::default() };
        outcome.rule_by_time(&mut alerts, received);
        outcome
    }

    fn snapshot(writer: &mut Writer) {
        let part = writer.pending.part(1);
        (part.reader, part.engines[0]) = (Some((Time::default(), Vec::new())), Some(Vec::new()));
        writer.save();
    }

    #[tokio::test]
    async fn an_alert_waits_for_its_records_and_without_it_there_is_no_snapshot() {
        let dir = std::env::temp_dir().join(format!("pipeline-writer-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        // Nothing is committed before the journal closes.
        let options =
            Options { commit_every: Duration::from_secs(3600), ..Options::new(dir.join("journal")) };
        let journal = Journal::open(options, &prometheus::Registry::new()).unwrap();
        let frame = Bytes::from_static(&[0x7e, 0x7e]);
        journal
            .append(vec![Record { received: ReceiveTime::from_ms(0), source: None, frame }])
            .await
            .unwrap();

        let mut writer = writer(&dir, &journal);
        writer.hurry.store(true, Ordering::Relaxed);
        writer.write(vec![told()]);
        let stored =
            |writer: &Writer| writer.ledger.alerts(&ledger::Query { limit: 9, ..Default::default() });
        assert_eq!(stored(&writer).unwrap().items.len(), 0, "it ran ahead of the disk");
        journal.close().await;
        snapshot(&mut writer);
        assert!(Snapshot::load(&writer.path).unwrap().is_none(), "a snapshot has forgotten an alert");

        writer.kept = Kept::default(); // the next life
        writer.write(vec![told()]);
        assert_eq!(stored(&writer).unwrap().items.len(), 1);
        snapshot(&mut writer);
        assert!(Snapshot::load(&writer.path).unwrap().is_some());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
