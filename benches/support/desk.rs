//! A console over many alerts and vehicles: filled stores, the server on threads whose CPU time is known, a small client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atlas::Atlas;
use console::{Console, Parts, Trial, TrialAsk, TrialRefused, Trials};
use fleet::{
    Alert, AlertId, Basis, Department, Division, Driver, DriverLabel, EventTime, Evidence, Fix, Heading,
    LonLat, Measure, MeasureKind, Operator, PlaceLabel, ReceiveTime, Registry, RuleId, Severity, Speed,
    State, Title, Vehicle, VehicleClass, VehicleLabel,
};
use history::History;
use journal::Journal;
use ledger::{Author, Identity, Ledger, Role, Via};
use media::Media;
use pipeline::{Live, LiveVehicle};
use rusqlite::Connection;
use serde_json::Value;
use settings::Reference;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::Numbers;
use crate::vehicles::vehicle;

/// Threads of the server carry this name, and nothing else does.
const SERVER: &str = "console";
/// Alerts are raised over so many days.
pub const DAYS: i64 = 90;
/// A day, milliseconds.
pub const DAY_MS: i64 = 24 * 3600 * 1000;
/// Recorded in one transaction while a ledger is filled.
const FILL_BATCH: usize = 2000;
/// A rule, its severity, and how many of a thousand alerts are its.
const RULES: &[(&str, Severity, u64)] = &[
    ("speeding", Severity::Minor, 260),
    ("speeding", Severity::Major, 60),
    ("speeding", Severity::Critical, 8),
    ("dsm-fatigue", Severity::Major, 70),
    ("dsm-phone", Severity::Minor, 90),
    ("dsm-smoking", Severity::Minor, 60),
    ("dsm-distraction", Severity::Minor, 80),
    ("adas-lane-departure", Severity::Info, 110),
    ("adas-headway", Severity::Info, 90),
    ("adas-forward-collision", Severity::Major, 30),
    ("fatigue-warning", Severity::Minor, 40),
    ("fatigue", Severity::Major, 20),
    ("night-ban", Severity::Major, 15),
    ("off-route", Severity::Minor, 30),
    ("gnss-fault", Severity::Info, 25),
    ("hazmat-zone-approach", Severity::Minor, 7),
    ("hazmat-zone", Severity::Critical, 3),
    ("sos", Severity::Critical, 1),
    ("device-tamper", Severity::Major, 1),
];
const CLASSES: &[VehicleClass] = VehicleClass::ALL;
const COUNTIES: &[&str] = &["540102", "540103", "540121", "540202", "540221", "540302", "540402", "542421"];

/// Now, whole seconds.
pub fn clock() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    EventTime::from_ms(i64::try_from(since.as_secs()).expect("fits") * 1000)
}

/// Vehicle `number`, spread over classes, operators of some hundred vehicles, and counties.
pub fn truck(number: u32) -> Vehicle {
    let place = number as usize;
    let county = COUNTIES.iter().cycle().nth(place / 7 % COUNTIES.len()).expect("a cycle");
    Vehicle {
        plate: format!("藏{}{:06}", ['A', 'B', 'G', 'C'][place % 4], number),
        operator: format!("OP{:04}", place / 130),
        division: Division::parse(county).expect("six digits"),
        ..vehicle(number, CLASSES[place % CLASSES.len()])
    }
}

/// Where a vehicle is at a time: somewhere in Tibet, on a circle of its own.
pub fn place(number: u32, at: EventTime) -> Fix {
    let seconds = f64::from(u32::try_from(at.ms() / 1000 % 86_400).expect("a day"));
    let (turn, n) = (seconds / 900.0 + f64::from(number), f64::from(number));
    let lon = 80.0 + (n * 0.618_034).fract() * 18.0 + turn.sin() * 0.1;
    let lat = 28.0 + (n * 0.414_214).fract() * 7.0 + turn.cos() * 0.1;
    Fix {
        at,
        position: LonLat::from_degrees(lon, lat),
        altitude_m: 3650,
        speed: Speed::from_kmh(60.0 + turn.sin() * 20.0),
        heading: Some(Heading::from_deg(90)),
    }
}

/// The latest word of a vehicle.
pub fn word(number: u32, at: EventTime) -> LiveVehicle {
    LiveVehicle {
        terminal: crate::vehicles::terminal(number),
        fix: Some(place(number, at)),
        received: ReceiveTime::from_ms(at.ms()),
        alarms: fleet::Alarms::default(),
        status: fleet::Status::ACC_ON.with(fleet::Status::POSITIONED),
        worst_open: number.is_multiple_of(50).then_some(Severity::Major),
        open_alerts: u32::from(number.is_multiple_of(50)),
    }
}

/// An alert of a vehicle, of a rule that is drawn; some vehicles have many more than others.
pub fn alert(numbers: &mut Numbers, vehicles: u32, raised_at: EventTime, is_open: bool) -> Alert {
    let unit = numbers.between(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below the count of vehicles"
    )]
    let number = (f64::from(vehicles) * unit * unit) as u32;
    let drawn = numbers.bits() % RULES.iter().map(|rule| rule.2).sum::<u64>();
    let (rule, severity) = rule(drawn);
    let truck = truck(number);
    let started_at = raised_at.minus(Duration::from_secs(10));
    let fixes: Vec<_> =
        (0..6).map(|step| place(number, started_at.plus(Duration::from_secs(step * 2)))).collect();
    let last = fixes.last().expect("six");
    let rule = RuleId::parse(rule).expect("a rule");
    Alert {
        schema: Alert::SCHEMA.into(),
        id: AlertId::derive(truck.terminal, rule, &drawn.to_string(), started_at),
        revision: if is_open { 1 } else { 2 },
        state: if is_open { State::Raised } else { State::Cleared },
        rule,
        severity,
        late: false,
        title: Title {
            zh: format!("{}:{:.0} km/h,限速 60 km/h", rule.as_str(), last.speed.kmh()),
            en: format!("{}: {:.0} km/h where 60 is allowed", rule.as_str(), last.speed.kmh()),
        },
        driver: (!number.is_multiple_of(4))
            .then(|| DriverLabel { certificate: certificate(number), name: "扎西".into() }),
        started_at,
        raised_at,
        ended_at: (!is_open).then(|| raised_at.plus(Duration::from_secs(90))),
        position: last.into(),
        place: PlaceLabel { division: truck.division, zone: None, road: Some("G318 沪聂线".into()) },
        measure: Measure {
            kind: MeasureKind::SpeedKmh,
            value: last.speed.kmh(),
            limit: Some(60.0),
            peak: last.speed.kmh(),
            duration_s: 10,
        },
        basis: vec![Basis {
            document: "《中华人民共和国道路交通安全法》".into(),
            article: "第四十二条".into(),
        }],
        departments: vec![Department::Police, Department::Transport],
        evidence: Evidence { positions: fixes.iter().map(Into::into).collect(), ..Evidence::default() },
        vehicle: VehicleLabel {
            terminal: truck.terminal,
            plate: truck.plate,
            plate_color: truck.plate_color,
            class: truck.class,
            operator: truck.operator,
            hazmat_class: truck.hazmat_class,
            hazmat_un: truck.hazmat_un,
        },
    }
}

/// The rule whose share holds `drawn`.
fn rule(drawn: u64) -> (&'static str, Severity) {
    let mut left = drawn;
    let holds = |rule: &&(&'static str, Severity, u64)| {
        let is_it = left < rule.2;
        left = left.saturating_sub(rule.2);
        is_it
    };
    let (rule, severity, _) = RULES.iter().find(holds).expect("shares add up");
    (*rule, *severity)
}

fn certificate(number: u32) -> String {
    format!("5401021980{number:07}X")
}

/// Who watches over what.
pub struct Desk {
    /// The alerts.
    pub ledger: Ledger,
    /// Where vehicles were.
    pub history: History,
    /// What is true now.
    pub live: Live,
    /// Where it listens.
    pub address: SocketAddr,
    /// Of an administrator.
    pub token: String,
    _runtime: Runtime,
    _console: Console,
}

impl Desk {
    /// Serves what lies in a directory.
    pub fn open(dir: &Path, vehicles: u32) -> Self {
        let metrics = prometheus::Registry::new();
        let ledger = Ledger::open(&dir.join("ledger.db"), &metrics).expect("a ledger");
        let history = History::open(&dir.join("history"), &metrics).expect("a history");
        let live = Live::default();
        let now = clock();
        (0..vehicles).for_each(|number| live.publish_vehicle(word(number, now)));
        let parts = parts(dir, (&ledger, &history, &live), registry(vehicles), metrics);
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .worker_threads(2)
            .thread_name(SERVER)
            // A thread that ends takes its account along.
            .thread_keep_alive(Duration::from_secs(3600))
            .build()
            .expect("a runtime");
        let console =
            runtime.block_on(Console::start(([127, 0, 0, 1], 0).into(), parts)).expect("a free port");
        let author =
            Author { by: "bench".to_owned(), via: Via::Service, at: ReceiveTime::from_ms(clock().ms()) };
        let token = ledger.add_token(&Identity::new("bench", Role::Admin), &author).expect("a token");
        let address = console.local_addr();
        Self { ledger, history, live, address, token, _runtime: runtime, _console: console }
    }

    /// An answer of the interface, and its size.
    pub fn get(&self, path: &str) -> (Value, usize) {
        let head = format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {}\r\n\r\n", self.token);
        let mut socket = TcpStream::connect(self.address).expect("it listens");
        socket.write_all(head.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("it answers");
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}: {}", String::from_utf8_lossy(&answer));
        let value = serde_json::from_slice(&answer[body..]).expect("JSON");
        (value, answer.len() - body)
    }
}

/// CPU time of the server's threads so far.
pub fn server_cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux").filter_map(Result::ok);
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let ours = threads.filter(|thread| read(thread.path().join("comm")).trim() == SERVER);
    let ns = ours.filter_map(|it| read(it.path().join("schedstat")).split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(ns.sum())
}

/// Records `count` alerts of the last [`DAYS`] days, the newest now; what is older has been handled, most of it closed. What a
/// directory already holds stays.
pub fn fill(dir: &Path, count: usize, vehicles: u32) {
    std::fs::create_dir_all(dir).expect("a directory");
    let path = dir.join("ledger.db");
    let ledger = Ledger::open(&path, &prometheus::Registry::new()).expect("a ledger");
    if ledger.count(&ledger::Query::default(), 1).expect("a count") > 0 {
        return;
    }
    let (mut numbers, now) = (Numbers::new(1_000_000), clock());
    let step = DAYS * DAY_MS / i64::try_from(count).expect("fits");
    let mut batch = Vec::with_capacity(FILL_BATCH);
    for number in (0..count).rev() {
        let back = step * i64::try_from(number).expect("fits");
        let raised_at = EventTime::from_ms(now.ms() - back);
        let is_open = numbers.bits().is_multiple_of(200) || back < 600_000;
        batch.push(Arc::new(alert(&mut numbers, vehicles, raised_at, is_open)));
        if batch.len() == FILL_BATCH || number == 0 {
            ledger.record(&batch).expect("recorded");
            batch.clear();
        }
    }
    drop(ledger);
    settle(&path, now);
}

/// What people and the broker would have done meanwhile, a row at a time over months.
fn settle(path: &Path, now: EventTime) {
    let database = Connection::open(path).expect("a ledger");
    let sql = format!(
        "UPDATE alert SET status = 'closed', result = 'warned', handled_at = raised_at + 3600000, handled_by = 'duty-01',
             handling = json_set(handling, '$.status', 'closed', '$.result', 'warned', '$.version', 3)
             WHERE raised_at < {old} AND state = 'cleared' AND rowid % 10 < 9;
         UPDATE alert SET status = 'acknowledged', handling = json_set(handling, '$.status', 'acknowledged',
             '$.assignee', 'duty-0' || (rowid % 7), '$.version', 1)
             WHERE raised_at >= {old} AND rowid % 3 = 0;
         DELETE FROM outbox;
         PRAGMA wal_checkpoint(TRUNCATE);",
        old = now.ms() - 3 * DAY_MS,
    );
    database.execute_batch(&sql).expect("settled");
}

fn registry(vehicles: u32) -> Registry {
    let operators = (0..=vehicles / 130).map(|number| Operator {
        operator: format!("OP{number:04}"),
        name: format!("藏运{number}公司"),
        division: Division::parse("540102").expect("six digits"),
    });
    let drivers = (0..vehicles).filter(|number| !number.is_multiple_of(4)).map(|number| Driver {
        certificate: certificate(number),
        name: "扎西".into(),
        operator: truck(number).operator,
        classes: CLASSES.to_vec(),
        valid_until: EventTime::from_ms(4_000_000_000_000),
        role: fleet::Role::Driver,
    });
    Registry::new((0..vehicles).map(truck).collect(), drivers.collect(), operators.collect())
}

fn parts(
    dir: &Path,
    (ledger, history, live): (&Ledger, &History, &Live),
    registry: Registry,
    metrics: prometheus::Registry,
) -> Parts {
    let media = media::Options { dir: dir.join("media"), terminal_bytes_max: 1 << 30, bytes_max: 1 << 30 };
    let reference = Reference {
        registry: Arc::new(registry),
        atlas: Arc::new(Atlas::build(Vec::new(), Vec::new(), Vec::new())),
        book: Arc::new(rules::Book::default().into()),
        drawn: Arc::default(),
        rules: Arc::default(),
        files: std::collections::BTreeMap::new(),
        version: "made-up".into(),
    };
    Parts {
        ledger: ledger.clone(),
        media: Media::open(media, &metrics).expect("a store of files"),
        history: history.clone(),
        live: live.clone(),
        journal: Journal::open(journal::Options::new(dir.join("journal")), &metrics).expect("a journal"),
        // The sender may go: what is in force stays.
        reference: watch::Sender::new(Arc::new(reference)).subscribe(),
        metrics,
        consumers: Arc::new(|| None),
        ready: Arc::new(Vec::new),
        reload: Arc::new(|_, _| Ok(Vec::new())),
        redraw: Arc::new(|_, _, _, _| Err(console::NotRedrawn::Unavailable("a bench".to_owned()))),
        change_rules: Arc::new(|_, _, _| Ok(None)),
        tiles: None,
        trials: Arc::new(NoTrials),
        access: Arc::default(),
        behind_tls: false,
        demo: false,
    }
}

struct NoTrials;

impl Trials for NoTrials {
    fn start(&self, _: TrialAsk) -> Result<Trial, TrialRefused> {
        Err(TrialRefused::Busy(0))
    }

    fn get(&self, _: u64) -> Option<Trial> {
        None
    }

    fn cancel(&self, _: u64) -> bool {
        false
    }
}
