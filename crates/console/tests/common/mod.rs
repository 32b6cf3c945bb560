//! A small made-up world behind a console: vehicles on the road to Nyingchi and around Lhasa, and what they did.
#![allow(dead_code, missing_docs, reason = "shared by tests and the preview, each uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atlas::{Atlas, Route, Shape};
use console::Parts;
use fleet::*;
use history::History;
use journal::Journal;
use ledger::{Author, Identity, Ledger, Role, Via};
use media::Media;
use pipeline::{Live, LiveVehicle};
use settings::Reference;
use tokio::sync::watch;

pub const ALERTS: usize = 60;
/// Along G318 from Bayi over Lhasa to Shigatse.
const ROAD: &[(f64, f64)] = &[
    (94.36, 29.65),
    (93.6, 29.92),
    (93.25, 29.88),
    (92.4, 29.85),
    (91.73, 29.83),
    (91.35, 29.67),
    (91.13, 29.65),
    (90.95, 29.5),
    (90.74, 29.35),
    (90.16, 29.38),
    (89.6, 29.33),
    (88.88, 29.27),
];
type Kind = (RuleId, Severity, &'static str, &'static str, f64, Option<f64>, &'static str, &'static str);

/// Rule, severity, Chinese and English title, value, limit, law, article.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    (RuleId::SPEEDING, Severity::Major, "超速 31%:105 km/h,限速 80 km/h", "Speeding by 31%: 105 km/h where 80 is allowed", 105.0, Some(80.0), "《中华人民共和国道路交通安全法》", "第四十二条"),
    (RuleId::HAZMAT_ZONE, Severity::Critical, "危险货物运输车驶入禁行隧道:嘎拉山隧道", "Hazardous cargo entered a restricted tunnel: Galashan tunnel", 62.0, None, "《危险货物道路运输安全管理办法》", "第四十九条"),
    (RuleId::FATIGUE_WARNING, Severity::Minor, "连续驾驶 3 小时 30 分,半小时后超时", "Driven for 3 h 30 min: the limit is half an hour away", 12_600.0, Some(14_400.0), "《中华人民共和国道路交通安全法实施条例》", "第六十二条第七项"),
    (RuleId::SPEEDING, Severity::Minor, "超速 12%:67 km/h,限速 60 km/h", "Speeding by 12%: 67 km/h where 60 is allowed", 67.0, Some(60.0), "《中华人民共和国道路交通安全法》", "第四十二条"),
    (RuleId::OFF_ROUTE, Severity::Minor, "班线客车偏离核定线路 420 m", "Scheduled coach 420 m off its route", 420.0, Some(100.0), "《道路旅客运输及客运站管理规定》", "第四十三条"),
    (RuleId::SOS, Severity::Critical, "驾驶员按下紧急报警", "The driver pressed the emergency button", 1.0, None, "JT/T 808-2019", "表 24 位 0"),
    (RuleId::DSM_PHONE, Severity::Major, "驾驶员行车中接打手持电话", "Driver on a hand-held phone while driving", 1.0, None, "《中华人民共和国道路交通安全法实施条例》", "第六十二条第三项"),
    (RuleId::NIGHT_BAN, Severity::Major, "客车凌晨 2 时至 5 时行驶", "Coach moving between 2 and 5 in the morning", 48.0, None, "《道路旅客运输企业安全管理规范》", "第三十八条"),
    (RuleId::GNSS_FAULT, Severity::Info, "卫星定位信号异常", "The satellite position can't be right", 3.0, None, "JT/T 1045-2016", "5.2"),
];

/// A desk at which nothing can be tried.
struct NoTrials;

impl console::Trials for NoTrials {
    fn start(&self, _: console::TrialAsk) -> Result<console::Trial, console::TrialRefused> {
        Err(console::TrialRefused::Busy(7))
    }

    fn get(&self, _: u64) -> Option<console::Trial> {
        None
    }

    fn cancel(&self, _: u64) -> bool {
        false
    }
}

pub struct World {
    /// Where everything is kept.
    pub dir: std::path::PathBuf,
    pub ledger: Ledger,
    pub history: History,
    pub media: Media,
    pub live: Live,
    pub journal: Journal,
    pub registry: Arc<Registry>,
    vehicles: Vec<Vehicle>,
    reference: watch::Sender<Arc<Reference>>,
    now: EventTime,
}

impl World {
    pub fn new(count: usize) -> Self {
        let vehicles: Vec<_> = (0..count).map(vehicle).collect();
        let operators = (1..=5)
            .map(|n| Operator {
                operator: operator_id(n),
                name: format!("藏运{n}公司"),
                division: division(),
            })
            .collect();
        let registry =
            Arc::new(Registry::new(vehicles.clone(), (0..count.min(30)).map(driver).collect(), operators));
        let (dir, (ledger, history, journal, media)) = stores();
        let world = Self {
            dir,
            ledger,
            history,
            media,
            live: Live::default(),
            journal,
            reference: watch::Sender::new(Arc::new(reference(Arc::clone(&registry)))),
            registry,
            vehicles,
            now: clock(),
        };
        world.fill();
        world
    }

    pub fn parts(&self, demo: bool) -> Parts {
        Parts {
            ledger: self.ledger.clone(),
            history: self.history.clone(),
            media: self.media.clone(),
            live: self.live.clone(),
            journal: self.journal.clone(),
            reference: self.reference.subscribe(),
            metrics: prometheus::Registry::new(),
            consumers: Arc::new(|| Some(consumers())),
            ready: Arc::new(|| vec![("journal", true), ("ledger", true)]),
            redraw: Arc::new(|_, _, _, _| {
                Err(console::NotRedrawn::Unavailable("a made-up world".to_owned()))
            }),
            change_rules: Arc::new(|_, _, _| Ok(None)),
            tiles: None,
            trials: Arc::new(NoTrials),
            reload: Arc::new(|by, via| Ok(vec![format!("asked by {by} over {via}")])),
            access: Arc::default(),
            behind_tls: false,
            demo,
        }
    }

    /// Puts a configuration with these lines into force; its files are none.
    pub fn set_config(&self, lines: &str) {
        static CONFIGS: AtomicU32 = AtomicU32::new(0);
        let number = CONFIGS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir()
            .join(format!("roadwarden-console-config-{}-{number}.toml", std::process::id()));
        let text = format!("data_dir = \"none\"\ngateway.admission = \"open\"\n{lines}");
        std::fs::write(&path, text).expect("a file");
        let loaded = settings::load(&path).expect("a configuration").reference;
        std::fs::remove_file(&path).expect("removed");
        self.reference.send_modify(|reference| {
            let (book, rules) = (loaded.book, loaded.rules);
            *reference = Arc::new(Reference { book, rules, ..(**reference).clone() });
        });
    }

    /// Puts rules into force.
    pub fn set_book(&self, book: rules::Rulebook) {
        self.reference.send_modify(|reference| {
            *reference = Arc::new(Reference { book: Arc::new(book), ..(**reference).clone() });
        });
    }

    pub fn now(&self) -> EventTime {
        clock()
    }

    /// Every vehicle a second further on its way.
    pub fn drive(&self, tick: u64) {
        for (n, vehicle) in self.vehicles.iter().enumerate() {
            if n % 9 != 8 || tick == 0 {
                let at = if n % 9 == 8 { self.now.minus(Duration::from_secs(3000)) } else { clock() };
                let fix = fix(n, at);
                self.live.publish_vehicle(LiveVehicle {
                    terminal: vehicle.terminal,
                    fix: Some(fix),
                    received: ReceiveTime::from_ms(at.ms()),
                    alarms: Alarms::default(),
                    status: Status::ACC_ON.with(Status::POSITIONED),
                    worst_open: (n < ALERTS && n % 3 != 2).then(|| KINDS[n % KINDS.len()].1),
                    open_alerts: u32::from(n < ALERTS),
                });
            }
        }
    }

    fn fill(&self) {
        for (n, vehicle) in self.vehicles.iter().take(ALERTS).enumerate() {
            for step in (0..720).rev() {
                self.history
                    .append(vehicle.terminal, &fix(n, self.now.minus(Duration::from_secs(step * 10))));
            }
        }
        let alerts: Vec<_> = (0..ALERTS.min(self.vehicles.len()))
            .map(|n| {
                Arc::new(alert(
                    n,
                    self.now.minus(Duration::from_secs(95 * n as u64 + 12)),
                    self.vehicles[n].clone(),
                ))
            })
            .collect();
        self.ledger.record(&alerts).expect("recorded");
        self.drive(0);
    }
}

fn clock() -> EventTime {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    EventTime::from_ms(i64::try_from(ms / 1000 * 1000).expect("fits"))
}

pub fn operator_id(n: usize) -> String {
    format!("OP{n:03}")
}

fn division() -> Division {
    Division::parse("540102").expect("six digits")
}

pub fn terminal(n: usize) -> TerminalId {
    TerminalId::parse(&format!("1380000{n:04}")).expect("digits")
}

pub fn vehicle(n: usize) -> Vehicle {
    let kind = &KINDS[n % KINDS.len()];
    let class =
        if kind.0 == RuleId::HAZMAT_ZONE { VehicleClass::HazmatTruck } else { VehicleClass::ALL[n % 5] };
    let is_hazmat = class == VehicleClass::HazmatTruck;
    Vehicle {
        terminal: terminal(n),
        plate: format!("藏{}{:05}", ['A', 'B', 'G', 'C'][n % 4], 10_000 + n * 37 % 89_999),
        plate_color: if n.is_multiple_of(4) { PlateColor::YellowGreen } else { PlateColor::Yellow },
        class,
        operator: operator_id(n % 5 + 1),
        division: division(),
        route: None,
        hazmat_class: is_hazmat.then(|| "3".to_owned()),
        hazmat_un: is_hazmat.then(|| "1203".to_owned()),
        tunnel_code: None,
        tank: None,
    }
}

pub fn certificate(n: usize) -> String {
    format!("5401021980010{n:04}X")
}

/// Who drives vehicle `n`.
pub fn driver(n: usize) -> Driver {
    Driver {
        certificate: certificate(n),
        name: "扎西".into(),
        operator: operator_id(n % 5 + 1),
        classes: VehicleClass::ALL.to_vec(),
        valid_until: EventTime::from_ms(4_000_000_000_000),
        role: fleet::Role::Driver,
    }
}

/// Where vehicle `n` is at a time: to and fro along the road.
fn fix(n: usize, at: EventTime) -> Fix {
    let seconds = at.ms() as f64 / 1000.0;
    let length = (ROAD.len() - 1) as f64;
    let phase = (n as f64 * 0.618_034).fract() * 2.0 + seconds % 86_400.0 / 14_000.0;
    let there = phase.rem_euclid(2.0);
    let along = if there < 1.0 { there } else { 2.0 - there } * length;
    let leg = (along as usize).min(ROAD.len() - 2);
    let (a, b, part) = (ROAD[leg], ROAD[leg + 1], along - leg as f64);
    let wiggle = (seconds / 600.0 + n as f64).sin() * 0.02 + ((n * 7919 % 100) as f64 - 50.0) * 0.0012;
    let position = LonLat::from_degrees(a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part + wiggle);
    let bearing = LonLat::from_degrees(a.0, a.1).bearing_deg(LonLat::from_degrees(b.0, b.1));
    let heading = if there < 1.0 { bearing } else { (bearing + 180.0) % 360.0 };
    let speed = 68.0 + 24.0 * (seconds / 170.0 + n as f64).sin() + 9.0 * (seconds / 37.0).sin();
    Fix {
        at,
        position,
        altitude_m: 3650,
        speed: Speed::from_kmh(speed),
        heading: Some(Heading::from_deg(heading as u16)),
    }
}

pub fn alert(n: usize, raised_at: EventTime, vehicle: Vehicle) -> Alert {
    let (rule, severity, zh, en, value, limit, document, article) = KINDS[n % KINDS.len()];
    let started_at = raised_at.minus(Duration::from_secs(100));
    let number = n % 10_000;
    let fixes: Vec<_> =
        (0..11).map(|step| fix(number, started_at.plus(Duration::from_secs(step * 10)))).collect();
    let is_over = n % 3 == 2;
    let zone = (rule == RuleId::HAZMAT_ZONE).then(|| ZoneLabel {
        id: "galashan".into(),
        kind: ZoneKind::Tunnel,
        name_zh: "嘎拉山隧道".into(),
        name_en: "Galashan tunnel".into(),
    });
    let kind = match rule {
        RuleId::FATIGUE_WARNING => MeasureKind::DurationS,
        RuleId::OFF_ROUTE => MeasureKind::DistanceM,
        RuleId::SPEEDING | RuleId::NIGHT_BAN | RuleId::HAZMAT_ZONE => MeasureKind::SpeedKmh,
        _ => MeasureKind::Count,
    };
    Alert {
        schema: Alert::SCHEMA.into(),
        id: AlertId::derive(vehicle.terminal, rule, "", started_at),
        revision: if is_over { 2 } else { 1 },
        state: if is_over { State::Cleared } else { State::Raised },
        rule,
        severity,
        late: n % 17 == 5,
        title: Title { zh: zh.into(), en: en.into() },
        driver: (n % 4 != 3).then(|| DriverLabel { certificate: certificate(n), name: "扎西".into() }),
        started_at,
        raised_at,
        ended_at: is_over.then_some(raised_at),
        position: (&fixes[10]).into(),
        place: PlaceLabel {
            division: division(),
            zone,
            road: n.is_multiple_of(2).then(|| "G318 沪聂线".into()),
        },
        measure: Measure { kind, value, limit, peak: value, duration_s: 100 },
        basis: vec![Basis { document: document.into(), article: article.into() }],
        departments: vec![Department::Police, Department::Transport],
        evidence: evidence(rule, limit, &fixes),
        vehicle: VehicleLabel {
            terminal: vehicle.terminal,
            plate: vehicle.plate,
            plate_color: vehicle.plate_color,
            class: vehicle.class,
            operator: vehicle.operator,
            hazmat_class: vehicle.hazmat_class,
            hazmat_un: vehicle.hazmat_un,
        },
    }
}

fn evidence(rule: RuleId, limit: Option<f64>, fixes: &[Fix]) -> Evidence {
    Evidence {
        positions: fixes.iter().map(Into::into).collect(),
        attachments: Vec::new(),
        rules_version: "4f1c0a92d7be".into(),
        map_version: "b03e5f7718aa".into(),
        limit: (rule == RuleId::SPEEDING).then(|| LimitLabel {
            kmh: limit.unwrap_or_default(),
            day_kmh: limit.unwrap_or_default() / 0.8,
            factor: 0.8,
            source: LimitSource::Posted,
            road_known: true,
        }),
        driver_source: Some(DriverSource::Card),
        confidence: (rule == RuleId::HAZMAT_ZONE).then_some(0.8),
    }
}

fn reference(registry: Arc<Registry>) -> Reference {
    let line = |points: &[(f64, f64)]| geo::LineString::from(points.to_vec());
    let zone = |id: &str, kind, name_zh: &str, name_en: &str| Zone {
        name_zh: name_zh.into(),
        name_en: name_en.into(),
        division: division(),
        classes: vec![VehicleClass::HazmatTruck],
        ..Zone::new(id, kind)
    };
    let ring = geo::Polygon::new(
        line(&[(91.05, 29.72), (91.2, 29.72), (91.2, 29.78), (91.05, 29.78), (91.05, 29.72)]),
        Vec::new(),
    );
    let zones = vec![
        (
            zone("galashan", ZoneKind::Tunnel, "嘎拉山隧道", "Galashan tunnel"),
            Shape::Corridor { line: line(&[(90.94, 29.34), (90.95, 29.38)]), width_m: 60.0 },
        ),
        (
            zone("source", ZoneKind::WaterSource, "拉萨北郊水源地", "Lhasa north water source"),
            Shape::Area(geo::MultiPolygon(vec![ring])),
        ),
    ];
    let routes = vec![Route {
        id: "lhasa-shigatse".into(),
        line: line(&ROAD[6..]),
        corridor_m: 100.0,
        hours: None,
        stops: Vec::new(),
    }];
    Reference {
        registry,
        atlas: Arc::new(Atlas::build(zones, routes, Vec::new())),
        book: Arc::new(rules::Book::default().into()),
        drawn: Arc::default(),
        rules: Arc::default(),
        files: std::collections::BTreeMap::new(),
        version: "made-up".into(),
    }
}

/// Stores in a directory of their own.
fn stores() -> (std::path::PathBuf, (Ledger, History, Journal, Media)) {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let number = STORES.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("roadwarden-console-{}-{number}", std::process::id()));
    // What an earlier process of the same number left.
    let _ = std::fs::remove_dir_all(&dir);
    let metrics = prometheus::Registry::new();
    let ledger = Ledger::open(&dir.join("ledger.db"), &metrics).expect("a ledger");
    let journal = Journal::open(journal::Options::new(dir.join("journal")), &metrics).expect("a journal");
    let options = media::Options { dir: dir.join("media"), terminal_bytes_max: 1 << 30, bytes_max: 1 << 30 };
    let media = Media::open(options, &metrics).expect("a store of files");
    let history = History::open(&dir.join("history"), &metrics).expect("a history");
    (dir, (ledger, history, journal, media))
}

/// Who made the accounts.
pub fn author() -> Author {
    Author { by: "tests".to_owned(), via: Via::Service, at: ReceiveTime::from_ms(clock().ms()) }
}

pub fn token(ledger: &Ledger, role: Role, operator: Option<&str>) -> String {
    let operators = operator.map(str::to_owned).into_iter().collect();
    token_of(ledger, &Identity { operators, ..Identity::new(role.as_str(), role) })
}

pub fn token_of(ledger: &Ledger, identity: &Identity) -> String {
    ledger.add_token(identity, &author()).expect("a token")
}

pub fn user(ledger: &Ledger, name: &str, password: &str, role: Role) {
    ledger.add_user(&Identity::new(name, role), password, &author()).expect("a user");
}

pub fn ticket(ledger: &Ledger) -> String {
    ledger
        .add_one_time_ticket(&Identity::new("demo", Role::Duty), author().at, Duration::from_secs(600))
        .expect("a ticket")
}

/// Two accounts of the broker: one that is used, and one that never was.
fn consumers() -> Vec<console::Consumer> {
    let consumer = |name: &str, department, connections, seen_at| console::Consumer {
        name: name.to_owned(),
        department: Some(department),
        connections,
        seen_at,
    };
    let seen = fleet::ReceiveTime::from_ms(1_767_323_045_000);
    vec![
        consumer("police-5401", fleet::Department::Police, 2, Some(seen)),
        consumer("transport-54", fleet::Department::Transport, 0, None),
    ]
}
