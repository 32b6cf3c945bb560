//! Whole worlds out of a seed, on a clock of their own: terminals, a network that cuts, a platform that crashes, a disk
//! that forgets, departments out of reach. What was promised is checked after every crash and at the end.
//!
//! ```text
//! Terminal ═ Wire ═ session::Link ─▶ Journal ─▶ session::Observer ─▶ rules::Engine ─▶ Ledger ─▶ Session ═ Department
//!   what it saw acknowledged            what a crash leaves             what is stored         what arrived
//! ```
//!
//! Cores and fold are the product's; sockets, files and threads, which have no virtual time, are doubles with the
//! product's rules: when records are called durable, what waits for it, what is one transaction.
//!
//! `SEEDS=10000 cargo test --release -p pipeline --test sim` runs more of them, `SEED=7` one alone.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that fails here says where")]

mod chance;
mod department;
mod evidence;
mod fold;
mod network;
mod plan;
mod platform;
#[path = "../site/mod.rs"]
#[allow(dead_code, reason = "frames are made by the terminals here")]
mod site;
mod store;
mod terminal;
mod world;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use fleet::{Alert, AlertId};
use ledger::Ledger;

use plan::Planted;
use store::{Key, Revisions};
use world::Report;

/// Worlds in every run of the tests.
const SEEDS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text:?}, expected a number")))
}

/// Runs worlds on every core until `is_enough`; gives seeds and reports in the order of the seeds.
fn run_all(
    seeds: std::ops::Range<u64>,
    planted: Option<Planted>,
    is_enough: impl Fn(&Report) -> bool + Sync,
) -> Vec<(u64, Report)> {
    let (next, reports) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let report = world::run(seed, planted);
                    if is_enough(&report) {
                        next.store(seeds.end, Ordering::Relaxed);
                    }
                    reports.lock().unwrap().push((seed, report));
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|(seed, _)| *seed);
    reports
}

#[test]
fn every_promise_holds_in_every_world() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    let reports = run_all(seeds, None, |report| !report.complaints.is_empty());
    let sum = |of: fn(&Report) -> usize| reports.iter().map(|(_, report)| of(report)).sum::<usize>();
    println!(
        "{} worlds, {} crashes, {} acknowledged, {} revisions, {} came twice, {} restarts with the clock set back",
        reports.len(),
        sum(|report| report.crashes as usize),
        sum(|report| report.acknowledged),
        sum(|report| report.alerts),
        sum(|report| report.doubles),
        sum(|report| report.set_back),
    );
    if let Some((seed, report)) = reports.iter().find(|(_, report)| !report.complaints.is_empty()) {
        let first = report.complaints.iter().take(3).map(|it| it.chars().take(1_500).collect::<String>());
        let complaints = first.collect::<Vec<_>>().join("\n");
        panic!(
            "{} complaints, replay with SEED={seed} cargo test -p pipeline --test sim every_promise\n{:?}\n{complaints}",
            report.complaints.len(),
            report.faults
        );
    }
    assert!(sum(|report| report.alerts) > 0 && sum(|report| report.doubles) > 0, "nothing was tested");
}

#[test]
fn a_seed_gives_the_same_world_again() {
    let told = |seed| {
        let Report { acknowledged, alerts, crashes, doubles, .. } = world::run(seed, None);
        (acknowledged, alerts, crashes, doubles)
    };
    assert_eq!((3..6).map(told).collect::<Vec<_>>(), (3..6).map(told).collect::<Vec<_>>());
}

/// The product's ledger, given the same calls, with what a crash made come twice.
#[test]
fn the_ledger_does_what_its_double_does() {
    for seed in 0..2 {
        let double = world::ledger_of(seed);
        let dir = std::env::temp_dir().join(format!("pipeline-sim-{}-{seed}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let ledger = Ledger::open(&dir.join("ledger.sqlite"), &prometheus::Registry::new()).unwrap();
        for call in double.calls.unwrap() {
            ledger.record(&call.into_iter().map(Arc::new).collect::<Vec<_>>()).unwrap();
        }
        let ids: BTreeSet<AlertId> = double.revisions.keys().map(|(id, _)| *id).collect();
        let mut stored = Revisions::new();
        for (_, alert) in ids.iter().flat_map(|id| ledger.revisions(*id).unwrap()) {
            store::put(&mut stored, &alert);
        }
        assert_eq!(stored, double.revisions, "seed {seed}");
        let rows = ledger.outbox_next(0, usize::MAX).unwrap();
        // One row for each department.
        let mut keys: Vec<Key> = rows.iter().map(|row| key_of(&row.payload)).collect();
        keys.dedup();
        assert_eq!(keys, double.outbox.iter().map(|row| row.key).collect::<Vec<_>>(), "seed {seed}");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

fn key_of(payload: &[u8]) -> Key {
    let alert: Alert = serde_json::from_slice(payload).unwrap();
    (alert.id, alert.revision)
}

/// The seeds of every run are enough to find it.
fn finds(planted: Planted, complaint: &str) {
    let reports = run_all(0..SEEDS, Some(planted), |report| !report.complaints.is_empty());
    let found = reports.iter().flat_map(|(_, report)| &report.complaints);
    let found: Vec<&String> = found.collect();
    assert!(found.iter().any(|it| it.contains(complaint)), "{planted:?}: {:?}", found.first());
}

#[test]
fn the_simulation_finds_an_acknowledgement_before_the_sync() {
    finds(Planted::AckBeforeDurable, "an acknowledged report is lost");
}

#[test]
fn the_simulation_finds_a_sync_that_is_forgotten() {
    finds(Planted::NoSync, "an acknowledged report is lost");
}

#[test]
fn the_simulation_finds_a_report_that_is_not_sent_again() {
    finds(Planted::DropInResend, "reports were acknowledged");
}

#[test]
fn the_simulation_finds_a_snapshot_ahead_of_the_disk() {
    finds(Planted::SnapshotAhead, "a fold from the beginning");
}

#[test]
fn the_simulation_finds_a_snapshot_ahead_of_the_alerts() {
    finds(Planted::SnapshotFirst, "a fold from the beginning gives what is not stored");
}

#[test]
fn the_simulation_finds_alerts_ahead_of_the_disk() {
    finds(Planted::AlertsBeforeDurable, "follows");
}

#[test]
fn the_simulation_finds_deadlines_that_the_journal_does_not_tell_of() {
    finds(Planted::TimeApart, "a fold from the beginning");
}

#[test]
fn the_simulation_finds_an_outbox_in_a_transaction_of_its_own() {
    finds(Planted::OutboxApart, "the department never got");
}
