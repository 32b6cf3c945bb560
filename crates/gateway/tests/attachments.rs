//! Files of alarms: who is asked for them, and the port they come in by.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fleet::*;
use gateway::{Asker, AttachmentOptions, AttachmentPolicy, Attachments};
use jt808::{BlockName, Edition, Header, Phone, encode_block, encode_frame};
use ledger::{CommandQuery, CommandRecord, Ledger, Ruled};
use media::Media;
use session::alarm_number;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const NOW: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);
/// Nothing here takes so long unless it never happens.
const PATIENCE: Duration = Duration::from_secs(20);

struct Site {
    dir: PathBuf,
    ledger: Ledger,
    media: Media,
}

impl Site {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("gateway-files-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let metrics = prometheus::Registry::new();
        let options =
            media::Options { dir: dir.join("media"), terminal_bytes_max: 1 << 30, bytes_max: 1 << 30 };
        Self {
            ledger: Ledger::open(&dir.join("ledger.db"), &metrics).unwrap(),
            media: Media::open(options, &metrics).unwrap(),
            dir,
        }
    }

    fn asker(&self) -> Asker {
        Asker { ledger: self.ledger.clone(), address: "10.54.0.9".into(), tcp_port: 6_809 }
    }

    async fn attachments(&self, adapt: impl FnOnce(&mut AttachmentOptions)) -> Attachments {
        let mut options = AttachmentOptions::new("127.0.0.1:0".parse().unwrap());
        adapt(&mut options);
        let metrics = prometheus::Registry::new();
        Attachments::start(options, self.media.clone(), self.ledger.clone(), &metrics).await.unwrap()
    }

    fn commands(&self) -> Vec<CommandRecord> {
        let query = CommandQuery { terminal: terminal(), states: Vec::new(), limit: 100, cursor: None };
        self.ledger.commands(&query).unwrap().items
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn terminal() -> TerminalId {
    TerminalId::parse("13800000001").unwrap()
}

fn alert(rule: RuleId, late: bool) -> Alert {
    let at = NOW.as_event();
    let position =
        PositionLabel { time: at, lon: 91.1, lat: 29.6, altitude_m: 3650, speed_kmh: 90.0, heading_deg: 0 };
    Alert {
        schema: Alert::SCHEMA.into(),
        id: AlertId::derive(terminal(), rule, &late.to_string(), at),
        revision: 1,
        state: State::Raised,
        rule,
        severity: Severity::Minor,
        late,
        title: Title { zh: "接打手持电话".into(), en: "hand-held phone".into() },
        vehicle: VehicleLabel {
            terminal: terminal(),
            plate: "藏A00001".into(),
            plate_color: PlateColor::Yellow,
            class: VehicleClass::CharterCoach,
            operator: "OP1".into(),
            hazmat_class: None,
            hazmat_un: None,
        },
        driver: None,
        started_at: at,
        raised_at: at,
        ended_at: None,
        position,
        place: PlaceLabel::default(),
        measure: Measure { kind: MeasureKind::Count, value: 1.0, limit: None, peak: 1.0, duration_s: 0 },
        basis: Vec::new(),
        departments: vec![Department::Police],
        evidence: Evidence::default(),
    }
}

/// A report with an item 0x65 for each kind and sequence, each with two files.
fn report(alarms: &[(u8, u8)]) -> Vec<u8> {
    let mut body = vec![0; 22];
    body.extend([0x26, 1, 2, 3, 4, 5]);
    for (kind, sequence) in alarms {
        let mut item = vec![0, 0, 0, 9, 1, *kind, 2, 0, 0, 0, 0, 0, 60, 0, 0];
        item.extend(29_000_000_u32.to_be_bytes());
        item.extend(91_000_000_u32.to_be_bytes());
        item.extend([0x26, 1, 2, 3, 4, 5, 0, 0]);
        item.extend(sign(*sequence));
        body.extend([0x65, u8::try_from(item.len()).unwrap()]);
        body.extend(item);
    }
    frame(0x0200, &body)
}

fn sign(sequence: u8) -> Vec<u8> {
    [&b"XZ00001"[..], &[0x26, 1, 2, 3, 4, 5, sequence, 2, 0]].concat()
}

fn frame(id: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
    let mut bytes = Vec::new();
    encode_frame(&Header::new(id, Edition::V2013, phone, 1), body, &mut bytes);
    bytes
}

fn record(site: &Site, alert: &Alert, alarms: &[(u8, u8)]) {
    let frames = vec![(NOW, report(alarms).into())];
    site.ledger.record_ruled(&[Ruled { alert: Arc::new(alert.clone()), frames }]).unwrap();
}

#[test]
fn each_sign_of_an_alert_is_asked_for_once() {
    let site = Site::new("once");
    let alert = alert(RuleId::DSM_PHONE, false);
    // Smoking, of which another alert says something, is not this one's.
    record(&site, &alert, &[(2, 0), (3, 1), (2, 2)]);
    let asker = site.asker();
    assert_eq!(asker.ask(&alert, NOW).unwrap(), 2);
    assert_eq!(asker.ask(&alert, NOW).unwrap(), 2);
    // A start with another address asks nobody twice.
    let moved = Asker { address: "10.54.0.10".into(), ..asker };
    assert_eq!(moved.look_back(NOW.as_event(), NOW).unwrap(), 2);
    let commands = site.commands();
    let asked: Vec<_> = commands.iter().map(|record| record.command["sign"].as_str().unwrap()).collect();
    assert_eq!(asked, [sign(2), sign(0)].map(|sign| hex(&sign)));
    assert_eq!(commands[0].command["address"], "10.54.0.9");
    assert_eq!(commands[0].command["alert"], alert.id.to_string());
    assert_eq!((commands[0].by.as_str(), commands[0].kind()), ("attachments", "request-attachments"));
}

#[test]
fn what_a_crash_left_out_is_asked_for_by_the_next_start() {
    let site = Site::new("crash");
    record(&site, &alert(RuleId::DSM_PHONE, false), &[(2, 0)]);
    // Neither history nor what no device reports.
    record(&site, &alert(RuleId::DSM_PHONE, true), &[(2, 1)]);
    record(&site, &alert(RuleId::SPEEDING, false), &[(2, 2)]);
    let after = EventTime::from_ms(NOW.ms() + 1);
    assert_eq!(site.asker().look_back(after, NOW).unwrap(), 0);
    assert_eq!(site.asker().look_back(NOW.as_event(), NOW).unwrap(), 1);
    assert_eq!(site.commands().len(), 1);
}

#[test]
fn a_number_is_given_by_asking_and_to_nobody_else() {
    let site = Site::new("given");
    let alert = alert(RuleId::DSM_PHONE, false);
    record(&site, &alert, &[(2, 0)]);
    let prefix = format!("attachments:{}:", alert.id);
    assert!(!site.ledger.has_command(terminal(), &prefix).unwrap());
    site.asker().ask(&alert, NOW).unwrap();
    assert!(site.ledger.has_command(terminal(), &prefix).unwrap());
    assert!(!site.ledger.has_command(TerminalId::parse("2").unwrap(), &prefix).unwrap());
    assert!(!site.ledger.has_command(terminal(), "attachments:0").unwrap());
}

fn list(alert: &Alert) -> Vec<u8> {
    let mut body = [&b"XZ00001"[..], &sign(0), &alarm_number(alert.id), &[0, 1, 5]].concat();
    body.extend(*b"a.jpg\0\0\0\x0a");
    frame(0x1210, &body)
}

async fn answers(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut answer = vec![0; bytes];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_stop_keeps_what_has_come_and_further_connections_are_turned_away() {
    let site = Site::new("stop");
    let alert = alert(RuleId::DSM_PHONE, false);
    record(&site, &alert, &[(2, 0)]);
    site.asker().ask(&alert, NOW).unwrap();
    let attachments = site.attachments(|options| options.connections_max = 1).await;
    let mut stream = TcpStream::connect(attachments.local_addr()).await.unwrap();
    let mut bytes = list(&alert);
    encode_block(BlockName::Fixed, b"a.jpg", 0, &[7; 4], &mut bytes);
    stream.write_all(&bytes).await.unwrap();
    answers(&mut stream, 20).await;
    let mut second = TcpStream::connect(attachments.local_addr()).await.unwrap();
    let closed = timeout(PATIENCE, second.read(&mut [0; 9])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    attachments.stop().await;
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0; 9])).await.unwrap().unwrap(), 0);
    assert_eq!(site.media.of_alert(alert.id).unwrap()[0].stored_bytes, 4);
    // Nobody holds it any more: the next connection goes on.
    let attachments = site.attachments(|_| {}).await;
    let mut stream = TcpStream::connect(attachments.local_addr()).await.unwrap();
    let mut bytes = list(&alert);
    encode_block(BlockName::Fixed, b"a.jpg", 4, &[8; 6], &mut bytes);
    bytes.extend(frame(0x1212, b"\x05a.jpg\0\0\0\0\x0a"));
    stream.write_all(&bytes).await.unwrap();
    let answer = answers(&mut stream, 20 + 24).await;
    assert_eq!(answer[20..23], [0x7e, 0x92, 0x12]);
    assert_eq!(answer[answer.len() - 5..answer.len() - 2], [0, 0, 0]);
    assert!(site.media.of_alert(alert.id).unwrap()[0].sha256.is_some());
    attachments.stop().await;
}

#[tokio::test]
async fn who_gives_no_number_is_closed_soon() {
    let site = Site::new("hello");
    let policy = AttachmentPolicy { hello: Duration::from_millis(1), ..AttachmentPolicy::default() };
    let attachments = site.attachments(|options| options.policy = policy).await;
    let mut stream = TcpStream::connect(attachments.local_addr()).await.unwrap();
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0; 9])).await.unwrap().unwrap(), 0);
    attachments.stop().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
