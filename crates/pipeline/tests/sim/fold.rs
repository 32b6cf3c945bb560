//! The fold over the journal as the pipeline runs it: one observer, engines side by side, drivers behind them.

use std::sync::Arc;
use std::time::Duration;

use fleet::{Alert, PlateColor, ReceiveTime, Registry, TerminalId, Vehicle, VehicleClass};
use pipeline::{Ground, Time};
use rules::{Crews, Engine, Shift};
use session::Observer;

use crate::site::Nowhere;
use crate::store::{Record, Saved};

/// What is open is cleared after this long without a word.
pub const SILENCE_MS: i64 = 120_000;
pub const TERMINALS_MAX: usize = 30;

pub fn digits(number: usize) -> String {
    format!("139000000{number:02}")
}

/// Rules with short times, so that some minutes are a long day.
pub fn ground() -> Ground {
    let vehicle = |number: usize| Vehicle {
        terminal: TerminalId::parse(&digits(number)).unwrap(),
        plate: format!("藏A{number:05}"),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::ALL[number % VehicleClass::ALL.len()],
        operator: "OP001".to_owned(),
        division: "540102".parse().unwrap(),
        route: None,
        hazmat_class: Some("3".to_owned()),
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    let mut book = rules::Book::default();
    book.common.silence = Duration::from_millis(SILENCE_MS.unsigned_abs());
    book.common.live_window = Duration::from_secs(60);
    book.common.update_every = Duration::from_secs(10);
    book.common.gap = Duration::from_secs(60);
    book.fatigue.limit = Duration::from_secs(300);
    book.fatigue.day_limit = Duration::from_secs(600);
    let registry = Registry::new((0..TERMINALS_MAX).map(vehicle).collect(), Vec::new(), Vec::new());
    Ground { book: Arc::new(book.into()), registry: Arc::new(registry), map: Arc::new(Nowhere) }
}

pub struct Fold {
    ground: Ground,
    time: Time,
    observer: Observer,
    engines: Vec<Engine>,
    crews: Crews,
    /// Records below this have been judged.
    pub position: usize,
}

impl Fold {
    pub fn new(ground: &Ground, shards: usize) -> Self {
        Self {
            time: Time::default(),
            observer: Observer::default(),
            engines: (0..shards).map(|_| ground.engine()).collect(),
            crews: ground.crews(),
            position: 0,
            ground: ground.clone(),
        }
    }

    pub fn resume(ground: &Ground, saved: &Saved) -> Self {
        let Ground { book, registry, map } = ground;
        let parts = || (Arc::clone(book), Arc::clone(registry), Arc::clone(map));
        let engine = |state: &Vec<u8>| {
            let (book, registry, map) = parts();
            Engine::with_state(book, registry, map, postcard::from_bytes(state).unwrap())
        };
        let (book, registry, map) = parts();
        Self {
            time: saved.time,
            observer: postcard::from_bytes(&saved.observer).unwrap(),
            engines: saved.engines.iter().map(engine).collect(),
            crews: Crews::with_state(book, registry, map, postcard::from_bytes(&saved.crews).unwrap()),
            position: saved.position,
            ground: ground.clone(),
        }
    }

    pub fn save(&self) -> Saved {
        let engine = |engine: &Engine| postcard::to_allocvec(engine.state()).unwrap();
        Saved {
            position: self.position,
            time: self.time,
            observer: postcard::to_allocvec(&self.observer).unwrap(),
            engines: self.engines.iter().map(engine).collect(),
            crews: postcard::to_allocvec(self.crews.state()).unwrap(),
        }
    }

    /// Judges one batch, in pieces where the time goes back.
    pub fn judge(&mut self, mut batch: &[Record], alerts: &mut Vec<Alert>) {
        while !batch.is_empty() {
            let taken = self.time.pass(batch.iter().map(|record| record.received));
            let (piece, after) = batch.split_at(taken);
            self.judge_piece(piece, alerts);
            batch = after;
        }
    }

    /// Every engine its share, then the drivers in the order of the journal, then what is due.
    fn judge_piece(&mut self, batch: &[Record], alerts: &mut Vec<Alert>) {
        let mut told: Vec<(usize, ReceiveTime, Shift)> = Vec::new();
        let mut observations = Vec::new();
        for (number, record) in batch.iter().enumerate() {
            // What can't be read says nothing; all frames of the simulation can, and time is none.
            let _ = self.observer.handle_frame(record.received, &record.frame, &mut observations);
            for observation in observations.drain(..) {
                let shard = self.ground.owner(&observation).fnv1a32() as usize % self.engines.len();
                let engine = &mut self.engines[shard];
                engine.handle_observation(&observation, alerts);
                told.extend(engine.shifts().iter().map(|shift| (number, record.received, shift.clone())));
            }
        }
        for (_, received, shift) in told {
            self.crews.handle_shift(received, &shift, alerts);
        }
        self.position += batch.len();
        self.fire(self.time.due(), alerts);
    }

    /// Judges record by record.
    pub fn judge_each(&mut self, records: &[Record], alerts: &mut Vec<Alert>) {
        for record in records {
            self.judge(std::slice::from_ref(record), alerts);
        }
    }

    /// Whether something is due up to then.
    pub fn is_due(&self, due: ReceiveTime) -> bool {
        let mut next = self.engines.iter().filter_map(Engine::next_timeout).chain(self.crews.next_timeout());
        next.any(|next| next <= due)
    }

    /// Fires what is due up to then.
    pub fn fire(&mut self, due: ReceiveTime, alerts: &mut Vec<Alert>) {
        for engine in &mut self.engines {
            engine.handle_timeout(due, alerts);
        }
        self.crews.handle_timeout(due, alerts);
    }
}
