//! Short forms of the modes that need no privilege, and each of them with a fault planted: a rig that can't fail is none.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use chaos::mode::{self, Rig};
use chaos::{Binary, Plant, Verdict};

/// The binary beside this test, built if need be.
fn rig(plant: Plant) -> Rig {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let binary = BUILT.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "roadwarden"]);
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap();
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "roadwarden can't be built");
        folder.join("roadwarden")
    });
    Rig { binary: Binary(binary.clone()), plant, seed: 1 }
}

fn kept(verdict: &Verdict) {
    println!("{}", verdict.line());
    assert!(verdict.is_kept(), "{}", verdict.line());
}

fn broken(verdict: &Verdict, by: &str) {
    assert!(!verdict.is_kept(), "a planted fault was not seen: {}", verdict.line());
    assert!(verdict.line().contains(by), "expected {by:?}: {}", verdict.line());
}

fn kills() -> mode::kill9::Options {
    mode::kill9::Options {
        cycles: 15,
        rate: 1_000,
        terminals: 50,
        life_ms: 700,
        snapshot_every: "1s".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_acknowledged() {
    kept(&mode::kill9::run(&kills(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_never_kept_is_seen_as_lost() {
    let options = mode::kill9::Options { cycles: 5, rate: 5_000, terminals: 100, ..kills() };
    // What is sent into a service that is frozen is acknowledged by nobody but the plant.
    broken(&mode::kill9::run(&options, &rig(Plant::AckEarly)).await.unwrap(), "are lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_was_never_sent_is_seen_as_invented() {
    let options = mode::kill9::Options { cycles: 5, ..kills() };
    broken(&mode::kill9::run(&options, &rig(Plant::Invent)).await.unwrap(), "never sent so");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_in_order_and_a_second_one_at_once() {
    let options = mode::sigterm::Options { cycles: 3, rate: 500, terminals: 50, second_every: 3 };
    kept(&mode::sigterm::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused() {
    let options = mode::twin::Options { tries: 2, rate: 200, terminals: 20 };
    kept(&mode::twin::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_that_serves_is_seen() {
    let options = mode::twin::Options { tries: 1, rate: 200, terminals: 20 };
    broken(&mode::twin::run(&options, &rig(Plant::Harmless)).await.unwrap(), "two processes");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_fail_cause_no_false_acknowledgement() {
    let options = mode::iofail::Options { max_k: 20, dense_k: 1, rate: 200, terminals: 10, life_ms: 200 };
    kept(&mode::iofail::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_leave_in_force_what_was() {
    kept(
        &mode::reload::run(&mode::reload::Options { rounds: 12, with_files: false }, &rig(Plant::None))
            .await
            .unwrap(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_takes_anything_is_seen() {
    let verdict =
        mode::reload::run(&mode::reload::Options { rounds: 2, with_files: true }, &rig(Plant::Harmless))
            .await;
    broken(&verdict.unwrap(), "expected 422");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_told_and_nothing_is_made_up() {
    let kinds = ["journal", "ledger", "history", "snapshot"].map(str::to_owned).to_vec();
    let options = mode::bitrot::Options { rounds: 6, reports: 800, terminals: 10, kinds };
    kept(&mode::bitrot::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_sign_ins_disturbs_nobody() {
    let options = mode::storm::Options { total: 400, wave: 200, steady: 10 };
    kept(&mode::storm::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_did_not_get_in_is_seen() {
    let options = mode::storm::Options { total: 20, wave: 20, steady: 5 };
    broken(&mode::storm::run(&options, &rig(Plant::Harmless)).await.unwrap(), "19 of 20 signed in");
}

fn outage() -> mode::broker::Options {
    mode::broker::Options {
        down_s: 2,
        stop_s: 2,
        rate: 100,
        terminals: 20,
        calm_s: 1,
        drained_s: 600,
        lossy: false,
        own: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_and_hangs_gets_every_alert_in_order() {
    kept(&mode::broker::run(&outage(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_a_department_never_got_is_seen() {
    broken(&mode::broker::run(&outage(), &rig(Plant::Forget)).await.unwrap(), "were never received");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_never_away_is_seen() {
    broken(&mode::broker::run(&outage(), &rig(Plant::Harmless)).await.unwrap(), "it was not");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broker_forgets_is_sent_again_until_a_department_has_it() {
    let options = mode::broker::Options { lossy: true, stop_s: 0, ..outage() };
    kept(&mode::broker::run(&options, &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broker_forgets_is_seen_where_no_receipts_are_owed() {
    let options = mode::broker::Options { lossy: true, stop_s: 0, ..outage() };
    broken(&mode::broker::run(&options, &rig(Plant::NoReceipts)).await.unwrap(), "were never received");
}

fn alerts(cap: u32) -> mode::alertstorm::Options {
    mode::alertstorm::Options { seconds: 3, calm_s: 1, rate: 100, terminals: 20, cap }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_by_the_hundred_are_stored_one_by_one() {
    kept(&mode::alertstorm::run(&alerts(100), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_that_are_not_there_are_seen() {
    let verdict = mode::alertstorm::run(&alerts(0), &rig(Plant::Forget)).await;
    broken(&verdict.unwrap(), "were never received");
}

fn while_long() -> mode::soak::Options {
    mode::soak::Options {
        minutes: 0.4,
        rate: 200,
        terminals: 20,
        every_s: 2.0,
        disk_mib: 0,
        growth_max_mib: 64,
        own: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_now_and_then_lose_nothing_and_nothing_grows() {
    kept(&mode::soak::run(&while_long(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_never_closed_are_seen() {
    broken(&mode::soak::run(&while_long(), &rig(Plant::Leak)).await.unwrap(), "files: grew");
}

fn jumps() -> mode::clock::Options {
    mode::clock::Options { jumps_s: vec![21_600, -21_600, 630_720_000, 0], stay_ms: 3_000, terminals: 80 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_moves_nothing_and_is_told() {
    kept(&mode::clock::run(&jumps(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_and_not_told_is_seen() {
    let options = mode::clock::Options { jumps_s: vec![21_600], ..jumps() };
    broken(&mode::clock::run(&options, &rig(Plant::Harmless)).await.unwrap(), "does not tell it");
}

fn siege() -> mode::hostile::Options {
    mode::hostile::Options {
        frames: 20_000,
        floods: 20,
        trickling: 200,
        good: 50,
        memory_mib: 512,
        least_ms: 6_000,
        is_sampled: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_terminals_are_served_among_hostile_ones() {
    kept(&mode::hostile::run(&siege(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_holds_more_than_it_may_is_seen() {
    let options = mode::hostile::Options { memory_mib: 1, ..siege() };
    broken(&mode::hostile::run(&options, &rig(Plant::None)).await.unwrap(), "MiB");
}

fn cuts() -> mode::netcut::Options {
    mode::netcut::Options {
        rounds: 5,
        long_ms: 6_000,
        last_ms: 16_000,
        terminals: 20,
        proxy: true,
        idle_ms: 10_000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_go_silent_lose_nothing_and_are_closed_in_time() {
    kept(&mode::netcut::run(&cuts(), &rig(Plant::None)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_stays_open_is_seen() {
    let options = mode::netcut::Options { rounds: 1, last_ms: 1_000, ..cuts() };
    broken(&mode::netcut::run(&options, &rig(Plant::Harmless)).await.unwrap(), "half-open");
}
