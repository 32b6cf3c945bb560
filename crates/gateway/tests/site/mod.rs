//! A gateway on port 0 with a journal on disk, and terminals that speak to it.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use clock::now;
use fleet::{Division, PlateColor, Registry, TerminalId, Vehicle, VehicleClass};
use gateway::{Admission, Gateway, Limits, Options};
use journal::Journal;
use jt808::{Deframer, Edition, Frame, Header, Phone};
use ledger::{Ledger, NewCommand, Via};
use media::Media;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

pub const LOCATION: [u8; 28] = [
    0, 0, 0, 0, 0, 0, 0, 3, 0x01, 0xc4, 0xaa, 0x90, 0x05, 0x6e, 0x8d, 0x20, 0x0e, 0x42, 0x02, 0x58, 0, 0x5a,
    0x26, 0x01, 0x01, 0x08, 0, 0,
];
/// Nothing here takes so long unless it never happens.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Site {
    pub gateway: Gateway,
    pub journal: Journal,
    pub ledger: Ledger,
    pub media: Media,
    pub registry: watch::Sender<Arc<Registry>>,
    pub metrics: prometheus::Registry,
    pub dir: PathBuf,
}

impl Site {
    pub async fn start(name: &str, adapt: impl FnOnce(&mut Options, &mut journal::Options)) -> Self {
        let dir = std::env::temp_dir().join(format!("gateway-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let mut options = options();
        options.codes_path = dir.join("codes");
        let mut journal_options = journal::Options::new(dir.join("journal"));
        adapt(&mut options, &mut journal_options);
        let metrics = prometheus::Registry::new();
        let journal = Journal::open(journal_options, &metrics).unwrap();
        let ledger = Ledger::open(&dir.join("ledger.db"), &metrics).unwrap();
        let (registry, seen) = watch::channel(Arc::new(registry()));
        let media = open_media(&dir, &metrics);
        let stores = (journal.clone(), ledger.clone(), media.clone());
        let gateway = Gateway::start(options, stores.0, stores.1, stores.2, seen, &metrics).await.unwrap();
        Self { gateway, journal, ledger, media, registry, metrics, dir }
    }

    /// Another gateway over the same stores, once this one has stopped.
    pub async fn restart(self, options: Options, between: impl FnOnce(&Ledger)) -> Self {
        let Self { gateway, journal, ledger, media, registry, dir, .. } = self;
        gateway.stop().await;
        between(&ledger);
        let options = Options { codes_path: dir.join("codes"), ..options };
        let metrics = prometheus::Registry::new();
        let stores = (journal.clone(), ledger.clone(), media.clone());
        let gateway =
            Gateway::start(options, stores.0, stores.1, stores.2, registry.subscribe(), &metrics).await;
        Self { gateway: gateway.unwrap(), journal, ledger, media, registry, metrics, dir }
    }

    /// A second gateway beside this one, over the same stores.
    pub async fn start_beside(&self, options: Options) -> Result<Gateway, gateway::StartError> {
        let metrics = prometheus::Registry::new();
        let stores = (self.journal.clone(), self.ledger.clone(), self.media.clone());
        Gateway::start(options, stores.0, stores.1, stores.2, self.registry.subscribe(), &metrics).await
    }

    /// Queues the text A for terminal 1.
    pub fn queue_text(&self) {
        let command = serde_json::json!({"kind": "text", "text": "A"});
        let lasts = Duration::from_secs(3_600);
        let (by, via) = ("duty".into(), Via::Console);
        let new = NewCommand { terminal: terminal(1), command, by, via, lasts, request_key: None };
        self.ledger.queue_command(&new, now()).unwrap();
    }

    pub async fn connect(&self) -> Client {
        Client::connect(self.gateway.local_addr()).await
    }

    pub async fn stop(self) {
        self.gateway.stop().await;
        self.journal.close().await;
        std::fs::remove_dir_all(&self.dir).unwrap();
    }

    /// The sum over all labels of a metric.
    pub fn metric(&self, name: &str) -> f64 {
        let families = self.metrics.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let value = |metric: &prometheus::proto::Metric| {
            metric.get_counter().get_value() + metric.get_gauge().get_value()
        };
        family.get_metric().iter().map(value).sum()
    }
}

pub fn open_media(dir: &std::path::Path, metrics: &prometheus::Registry) -> Media {
    let options = media::Options { dir: dir.join("media"), terminal_bytes_max: 1 << 30, bytes_max: 1 << 30 };
    Media::open(options, metrics).unwrap()
}

pub fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: None,
        udp: false,
        admission: Admission::Open,
        relays: Vec::new(),
        idle_timeout: Duration::from_secs(60),
        command_timeout: Duration::from_secs(60),
        connections_max: 100,
        limits: Limits::default(),
        rsa_key: None,
        codes_path: PathBuf::new(),
    }
}

/// Terminals 1 and 2.
fn registry() -> Registry {
    let vehicle = |number: u64| Vehicle {
        terminal: terminal(number),
        plate: format!("藏A{number:05}"),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::ALL[0],
        operator: "op".into(),
        division: Division::parse("540102").unwrap(),
        route: None,
        hazmat_class: None,
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    };
    Registry::new(vec![vehicle(1), vehicle(2)], Vec::new(), Vec::new())
}

pub fn terminal(number: u64) -> TerminalId {
    TerminalId::parse(&number.to_string()).unwrap()
}

pub fn frame(terminal: u64, id: u16, serial: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits(&terminal.to_string(), Edition::V2013).unwrap();
    let mut frame = Vec::new();
    jt808::encode_frame(&Header::new(id, Edition::V2013, phone, serial), body, &mut frame);
    frame
}

pub fn report(terminal: u64, serial: u16) -> Vec<u8> {
    frame(terminal, 0x0200, serial, &LOCATION)
}

/// What 0x8001 says: whose, serial, id, result.
pub type Acknowledgement = (u64, u16, u16, u8);

pub struct Client {
    pub stream: TcpStream,
    deframer: Deframer,
    /// Id, terminal, serial and body of what came in and was not taken.
    frames: std::collections::VecDeque<(u16, u64, u16, Vec<u8>)>,
}

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::new(stream)
    }

    pub fn new(stream: TcpStream) -> Self {
        Self { stream, deframer: Deframer::default(), frames: std::collections::VecDeque::new() }
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next frame, or nothing where the gateway closes.
    pub async fn frame(&mut self) -> Option<(u16, u64, u16, Vec<u8>)> {
        let mut buffer = [0; 4_096];
        while self.frames.is_empty() {
            let read = timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("nothing came");
            // A reset is an end as well.
            let len = read.unwrap_or(0);
            if len == 0 {
                return None;
            }
            let frames = &mut self.frames;
            self.deframer.push(&buffer[..len], &mut |piece| {
                let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
                let terminal = frame.header.phone.digits().parse().unwrap();
                frames.push_back((frame.header.id, terminal, frame.header.serial, frame.body.to_vec()));
            });
        }
        self.frames.pop_front()
    }

    /// The body of the next text; whatever else comes is passed over.
    pub async fn text(&mut self) -> Vec<u8> {
        loop {
            let (id, _, _, body) = self.frame().await.expect("the connection stays");
            if id == 0x8300 {
                return body;
            }
        }
    }

    /// The next frame, which has to be an acknowledgement.
    pub async fn acknowledgement(&mut self) -> Option<Acknowledgement> {
        let (id, terminal, _, body) = self.frame().await?;
        assert_eq!((id, body.len()), (0x8001, 5));
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        Some((terminal, word(0), word(2), body[4]))
    }

    pub async fn is_closed(&mut self) -> bool {
        self.frame().await.is_none()
    }
}
