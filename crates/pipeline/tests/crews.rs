//! What drivers do over several vehicles comes out the same however many threads judge the vehicles, however records
//! are batched, and wherever the service was stopped and started again; and the same as in a replay.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that fails here says where")]

mod site;
#[path = "site/told.rs"]
mod told;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use fleet::{PlateColor, ReceiveTime, Registry, TerminalId, Vehicle, VehicleClass};
use history::History;
use journal::{Journal, Options, Record};
use ledger::Ledger;
use pipeline::{Ground, Parts, Pipeline};
use site::{Nowhere, bcd, frame, location};
use told::{Told, replayed, stored};

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00
const VEHICLES: usize = 9;
const DRIVERS: usize = 4;
const MINUTES: i64 = 400;

fn terminal(number: usize) -> String {
    format!("1390000000{number}")
}

fn ground() -> Ground {
    let vehicle = |number: usize| Vehicle {
        terminal: TerminalId::parse(&terminal(number)).unwrap(),
        plate: format!("藏A{number}"),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::ALL[number % 2],
        operator: "OP001".to_owned(),
        division: "540102".parse().unwrap(),
        route: None,
        hazmat_class: None,
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    let mut book = rules::Book::default();
    book.fatigue.limit = Duration::from_secs(3600);
    book.fatigue.day_limit = Duration::from_secs(2 * 3600);
    book.fatigue.week_limit = Duration::from_secs(3 * 3600);
    let registry = Registry::new((0..VEHICLES).map(vehicle).collect(), Vec::new(), Vec::new());
    Ground { book: Arc::new(book.into()), registry: Arc::new(registry), map: Arc::new(Nowhere) }
}

fn card(at_ms: i64, driver: Option<usize>) -> Vec<u8> {
    let mut body = vec![if driver.is_some() { 1 } else { 2 }];
    body.extend(bcd(at_ms));
    if let Some(driver) = driver {
        body.extend([0, 2]);
        body.extend(b"AB");
        let mut certificate = format!("54010{driver}").into_bytes();
        certificate.resize(20, 0);
        body.extend(certificate);
        body.extend([0, 0x20, 0x30, 0x01, 0x01]);
    }
    body
}

/// Drivers who change vehicles, rest now and then, and sometimes forget to log off.
fn recording(seed: u64) -> Vec<Record> {
    let mut state = seed;
    let mut dice = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut records = Vec::new();
    let mut seat: Vec<Option<usize>> = vec![None; DRIVERS];
    let mut busy = [false; VEHICLES];
    let mut pause = [0_i64; DRIVERS];
    let mut way = [0.0_f64; VEHICLES];
    let mut serial = 0_u16;
    let mut push = |records: &mut Vec<Record>, id, number: usize, at_ms: i64, body: &[u8]| {
        serial = serial.wrapping_add(1);
        let received = ReceiveTime::from_ms(at_ms + 500 + i64::from(serial % 7) * 40);
        let frame = frame(id, &terminal(number), serial, body).into();
        records.push(Record { received, source: None, frame });
    };
    for minute in 0..MINUTES {
        let at_ms = START_MS + minute * 60_000;
        for driver in 0..DRIVERS {
            match seat[driver] {
                Some(number) if dice(40) == 0 => {
                    if dice(4) > 0 {
                        push(&mut records, 0x0702, number, at_ms, &card(at_ms, None));
                    }
                    busy[number] = dice(6) == 0; // somebody goes on with the card that was left in
                    (seat[driver], pause[driver]) = (None, minute + [3, 8, 15, 25][dice(4) as usize]);
                }
                None if pause[driver] <= minute => {
                    let number = dice(VEHICLES as u64) as usize;
                    if seat.iter().all(|seat| *seat != Some(number)) {
                        seat[driver] = Some(number);
                        busy[number] = true;
                        push(&mut records, 0x0702, number, at_ms, &card(at_ms, Some(driver)));
                    }
                }
                Some(_) | None => {}
            }
        }
        for number in 0..VEHICLES {
            let drives = busy[number] && dice(12) > 0;
            way[number] += if drives { 1000.0 } else { 0.0 };
            if drives || dice(3) == 0 {
                let sent = at_ms + 1000 * number as i64 + 5000;
                push(
                    &mut records,
                    0x0200,
                    number,
                    sent,
                    &location(
                        sent,
                        91_000_000 + (way[number] / 0.0968) as u32 % 9_000_000,
                        if drives { 60 } else { 0 },
                    ),
                );
            }
        }
    }
    records
}

struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("pipeline-crews-{}-{number}", std::process::id())))
    }

    /// Runs the service over some records until all of them are judged, and stops it.
    fn serve(&self, shards: usize, batch: usize, records: &[Record]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let metrics = prometheus::Registry::new();
            let options =
                Options { commit_every: Duration::from_millis(1), ..Options::new(self.0.join("journal")) };
            let journal = Journal::open(options, &metrics).unwrap();
            let now = Arc::new(AtomicI64::new(START_MS));
            let clock = Arc::clone(&now);
            let parts = Parts {
                journal: journal.clone(),
                ledger: Ledger::open(&self.0.join("ledger.sqlite"), &metrics).unwrap(),
                history: History::open(&self.0.join("history"), &metrics).unwrap(),
                influx: None,
                ground: ground(),
                shards,
                snapshot: self.0.join("snapshot"),
                snapshot_every: Duration::from_millis(20),
                clock: Arc::new(move || ReceiveTime::from_ms(clock.load(Ordering::SeqCst))),
            };
            let pipeline = Pipeline::start(parts, &metrics).unwrap();
            for records in records.chunks(batch) {
                let newest = records.iter().map(|record| record.received.ms()).max().unwrap();
                now.fetch_max(newest, Ordering::SeqCst);
                journal.append(records.to_vec()).await.unwrap();
            }
            while !pipeline.is_ready(0) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            journal.close().await;
            tokio::task::spawn_blocking(move || pipeline.join(Duration::from_secs(20))).await.unwrap();
        });
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Of the alerts that are still open at the end, idle deadlines may clear some in a running service.
fn assert_same(told: &Told, replayed: &Told, what: &str) {
    for (key, alert) in replayed {
        assert_eq!(Some(alert), told.get(key), "{what}");
    }
    for (key, alert) in told {
        let cleared = alert.contains("\"state\":\"cleared\"");
        assert!(replayed.contains_key(key) || cleared, "{what}: only here: {alert}");
    }
}

#[test]
fn threads_batches_and_restarts_change_nothing() {
    let mut all = String::new();
    for seed in 1..3 {
        let records = recording(seed);
        let replayed = replayed(&ground(), &records);
        all.extend(replayed.values().map(String::as_str));
        for (shards, batch) in [(1, 1000), (2, 7), (4, 50)] {
            let home = Home::new();
            home.serve(shards, batch, &records);
            assert_same(&stored(&home.0), &replayed, &format!("seed {seed}, {shards} shards"));
        }
        for cuts in [vec![records.len() / 3, records.len() / 2], vec![records.len() - 40]] {
            let home = Home::new();
            let mut from = 0;
            for upto in cuts.into_iter().chain([records.len()]) {
                home.serve(2, 31, &records[from..upto]);
                from = upto;
            }
            assert_same(&stored(&home.0), &replayed, &format!("seed {seed}, restarted"));
        }
    }
    for word in ["换车后", "24小时累计驾驶超时", "7日累计驾驶", "同一从业资格证"] {
        assert!(all.contains(word), "no alert says {word}: this proves little");
    }
}
