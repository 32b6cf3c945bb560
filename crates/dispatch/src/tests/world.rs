//! A ledger, a directory, and brokers in them.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fleet::{
    Alert, AlertId, Basis, Department, Division, DriverLabel, EventTime, Evidence, Fix, Heading, LonLat,
    Measure, MeasureKind, PlaceLabel, PlateColor, PositionLabel, RuleId, Severity, Speed, State, TerminalId,
    Title, Vehicle, VehicleClass, VehicleLabel, ZoneKind, ZoneLabel,
};
use journal::Journal;
use ledger::Ledger;
use settings::{Mqtt, MqttAccount};

use crate::acl::{Accounts, SERVICE};
use crate::broker::Broker;
use crate::{Dispatch, Pace, StartError};

pub const LOOPBACK: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

pub struct World {
    pub dir: PathBuf,
    pub ledger: Ledger,
    pub journal: Journal,
}

impl World {
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("dispatch-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let ledger = Ledger::open(&dir.join("ledger.sqlite"), &prometheus::Registry::new()).unwrap();
        let options = journal::Options::new(dir.join("journal"));
        let journal = Journal::open(options, &prometheus::Registry::new()).unwrap();
        Self { dir, ledger, journal }
    }

    pub fn embedded(&self) -> Mqtt {
        Mqtt::Embedded {
            listen: LOOPBACK,
            accounts: accounts(),
            anonymous: false,
            positions: false,
            tls: None,
            receipts: settings::Receipts::default(),
            alerts_per_second: std::collections::BTreeMap::new(),
        }
    }

    pub async fn try_start(&self, mqtt: &Mqtt) -> Result<Dispatch, StartError> {
        let registry = prometheus::Registry::new();
        Dispatch::start_with(mqtt, &self.dir, self.stores(), &registry, fast()).await
    }

    pub fn stores(&self) -> (Ledger, Journal) {
        (self.ledger.clone(), self.journal.clone())
    }

    pub async fn start(&self, mqtt: &Mqtt) -> Dispatch {
        self.try_start(mqtt).await.unwrap()
    }

    /// A broker of its own, that the test stops and starts.
    pub async fn broker(&self, at: Option<SocketAddr>) -> (Broker, String) {
        let accounts = accounts().into_iter().map(|account| MqttAccount { receipts: true, ..account });
        let accounts = Arc::new(Accounts::new(&accounts.collect::<Vec<_>>(), false, "ours"));
        let broker = Broker::start(
            at.unwrap_or(LOOPBACK),
            accounts,
            crate::presence::Presence::new(&[], false),
            &self.dir.join("outside"),
        )
        .await
        .unwrap();
        let url = format!("mqtt://{}", broker.addr());
        (broker, url)
    }

    pub fn record(&self, numbers: Range<i64>) {
        let alerts: Vec<_> = numbers.map(|n| Arc::new(alert(n))).collect();
        self.ledger.record(&alerts).unwrap();
    }

    /// Until every row was acknowledged and marked.
    pub async fn until_empty(&self) {
        let empty = async {
            while self.ledger.outbox_depth().unwrap().0 > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), empty).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn fast() -> Pace {
    Pace {
        heartbeat: Duration::from_millis(200),
        poll: Duration::from_millis(50),
        retry_min: Duration::from_millis(20),
        retry_max: Duration::from_millis(50),
        summary: Duration::from_millis(300),
        ..Pace::default()
    }
}

pub fn external(url: &str) -> Mqtt {
    Mqtt::External {
        url: url.to_owned(),
        username: Some(SERVICE.to_owned()),
        password: Some("ours".to_owned()),
        positions: false,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
        owing: vec![],
    }
}

pub fn account(name: &str, department: Department) -> MqttAccount {
    MqttAccount { name: name.to_owned(), department, password: format!("pw-{name}"), receipts: false }
}

pub fn accounts() -> Vec<MqttAccount> {
    Department::ALL.iter().map(|department| account(department.as_str(), *department)).collect()
}

pub fn vehicle() -> Vehicle {
    Vehicle {
        terminal: TerminalId::parse("13800000001").unwrap(),
        plate: "藏A12345".to_owned(),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::HazmatTruck,
        operator: "OP001".to_owned(),
        division: Division::parse("540102").unwrap(),
        route: None,
        hazmat_class: Some("3".to_owned()),
        hazmat_un: Some("1203".to_owned()),
        tunnel_code: None,
        tank: None,
    }
}

pub fn fix() -> Fix {
    Fix {
        at: EventTime::from_ms(1_767_225_600_000),
        position: LonLat { lon_e6: 91_010_000, lat_e6: 29_500_000 },
        altitude_m: 3650,
        speed: Speed::from_tenths(620),
        heading: Some(Heading::from_deg(180)),
    }
}

/// Every optional key is there in the even ones and null in the odd ones.
pub fn alert(number: i64) -> Alert {
    let vehicle = vehicle();
    let at = fix().at.plus(Duration::from_secs(number.unsigned_abs()));
    let is_full = number % 2 == 0;
    let position = PositionLabel { time: at, ..PositionLabel::from(&fix()) };
    let zone = ZoneLabel {
        id: "galashan".to_owned(),
        kind: ZoneKind::Tunnel,
        name_zh: "嘎拉山隧道".to_owned(),
        name_en: "Galashan tunnel".to_owned(),
    };
    let driver = DriverLabel { certificate: "54010219800101001X".to_owned(), name: "…".to_owned() };
    Alert {
        schema: Alert::SCHEMA.to_owned(),
        id: AlertId::derive(vehicle.terminal, RuleId::HAZMAT_ZONE, "galashan", at),
        revision: 1,
        state: State::Raised,
        rule: RuleId::HAZMAT_ZONE,
        severity: Severity::Critical,
        late: false,
        title: Title { zh: "驶入禁行隧道".to_owned(), en: "Entered a restricted tunnel".to_owned() },
        vehicle: VehicleLabel {
            terminal: vehicle.terminal,
            plate: vehicle.plate,
            plate_color: vehicle.plate_color,
            class: vehicle.class,
            operator: vehicle.operator,
            hazmat_class: vehicle.hazmat_class.filter(|_| is_full),
            hazmat_un: vehicle.hazmat_un.filter(|_| is_full),
        },
        driver: is_full.then_some(driver),
        started_at: at,
        raised_at: at,
        ended_at: None,
        position,
        place: PlaceLabel {
            division: vehicle.division,
            zone: is_full.then_some(zone),
            road: is_full.then(|| "S5".to_owned()),
        },
        measure: Measure {
            kind: MeasureKind::SpeedKmh,
            value: 62.0,
            limit: is_full.then_some(60.0),
            peak: 64.0,
            duration_s: 10,
        },
        basis: vec![Basis { document: "…".to_owned(), article: "…".to_owned() }],
        departments: vec![Department::Police, Department::Transport],
        evidence: Evidence {
            positions: vec![position],
            attachments: vec!["a.jpg".to_owned()],
            ..Evidence::default()
        },
    }
}
