use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use fleet::{Heading, LonLat, Speed};
use proptest::prelude::*;

use super::*;
use crate::chunk::{key, pack, unpack};

struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("history-{}-{number}", std::process::id())))
    }

    fn open(&self) -> History {
        History::open(&self.0, &prometheus::Registry::new()).unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fix(at_ms: i64) -> Fix {
    Fix {
        at: EventTime::from_ms(at_ms),
        position: LonLat {
            lon_e6: 91_100_000 + (at_ms / 70) as i32,
            lat_e6: 29_650_000 - (at_ms / 90) as i32,
        },
        altitude_m: 3650,
        speed: Speed::from_tenths(600),
        heading: Some(Heading::from_deg(90)),
    }
}

fn terminal(number: u8) -> TerminalId {
    TerminalId::parse(&format!("1380000000{number}")).unwrap()
}

fn all(history: &History, terminal: TerminalId) -> Vec<Fix> {
    history.track(terminal, EventTime::from_ms(i64::MIN), EventTime::from_ms(i64::MAX), usize::MAX).unwrap()
}

#[test]
fn a_fix_takes_about_ten_bytes() {
    let fixes: Vec<_> = (0..128).map(|n| fix(1_767_225_600_000 + n * 5_000)).collect();
    let bytes = pack(&fixes);
    assert!(bytes.len() <= 128 * 10 + 20, "{}", bytes.len());
    assert_eq!(unpack(&bytes).unwrap(), fixes);
    assert_eq!(unpack(&bytes[..bytes.len() - 1]), None);
    assert_eq!(unpack(&[0xff; 20]), None);
}

#[test]
fn a_range_has_its_start_and_not_its_end_and_late_points_in_place() {
    let dir = Dir::new();
    let history = dir.open();
    for at in [1_000, 3_000, 4_000] {
        history.append(terminal(1), &fix(at));
    }
    history.flush().unwrap();
    history.append(terminal(1), &fix(2_000));
    let range = history.track(terminal(1), EventTime::from_ms(1_000), EventTime::from_ms(4_000), 9).unwrap();
    assert_eq!(range, [fix(1_000), fix(2_000), fix(3_000)]);
    assert_eq!(
        history.track(terminal(1), EventTime::from_ms(0), EventTime::from_ms(9_000), 2).unwrap().len(),
        2
    );
    assert!(all(&history, terminal(2)).is_empty());
}

#[test]
fn a_replay_stores_nothing_twice_and_old_days_go_whole() {
    let dir = Dir::new();
    let day_ms = 86_400_000;
    for _ in 0..3 {
        let history = dir.open();
        for n in 0..300 {
            history.append(terminal(1), &fix(n * day_ms / 100));
        }
        history.flush().unwrap();
    }
    let history = dir.open();
    let count: i64 =
        lock(&history.inner.reader).query_row("SELECT sum(count) FROM chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 300);
    let before = EventTime::from_ms(2 * day_ms);
    assert!(history.trim(before).unwrap() > 0);
    let left = all(&history, terminal(1));
    assert!(!left.is_empty() && left.iter().all(|fix| fix.at.day() >= before.day()));
}

#[test]
fn a_newer_format_is_refused() {
    let dir = Dir::new();
    drop(dir.open());
    Connection::open(dir.0.join("history.sqlite")).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let error = History::open(&dir.0, &prometheus::Registry::new()).err().unwrap();
    assert!(error.to_string().ends_with("has format 9, this version reads up to 1"), "{error}");
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8, i64),
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..3_u8, 0..400_i64).prop_map(|(terminal, n)| Step::Append(terminal, n * 600_000)),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_equals_a_map_under_any_steps(steps in prop::collection::vec(step(), 1..300)) {
        let dir = Dir::new();
        let mut history = dir.open();
        let mut model: BTreeMap<u8, BTreeMap<_, Fix>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Append(number, at) => {
                    history.append(terminal(number), &fix(at));
                    model.entry(number).or_default().insert(key(&fix(at)), fix(at));
                }
                Step::Flush => history.flush().unwrap(),
                Step::Reopen => {
                    history.flush().unwrap();
                    history = dir.open();
                }
            }
        }
        for number in 0..3 {
            let expected: Vec<_> = model.get(&number).into_iter().flat_map(|fixes| fixes.values().copied()).collect();
            prop_assert_eq!(all(&history, terminal(number)), expected);
        }
    }
}
