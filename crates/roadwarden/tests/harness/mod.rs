//! Starts the real binary on free ports, speaks JT/T 808 to it over a socket, and asks its HTTP interface.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jt808::Deframer;

pub const BINARY: &str = env!("CARGO_BIN_EXE_roadwarden");
/// How long anything may take before a test gives up; never a claim about speed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own with a configuration, removed at the end.
pub struct Home {
    pub path: PathBuf,
}

impl Home {
    /// `accounts` and more tables are added to the configuration as they are.
    pub fn new(name: &str, more: &str) -> Self {
        let path = std::env::temp_dir().join(format!("roadwarden-e2e-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let home = Self { path };
        home.write("roadwarden.toml", &format!("{CONFIG}{more}"));
        home.write("vehicles.csv", VEHICLES);
        home.write("drivers.csv", "certificate,name,operator,classes,valid_until\n");
        home.write("operators.csv", "operator,name,division\nOP1,拉萨运输,540102\n");
        home.write("zones.geojson", ZONES);
        home
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.path.join("roadwarden.toml")
    }

    /// A token for the HTTP interface.
    pub fn token(&self, role: &str) -> String {
        let output =
            run(&["token", "--config", self.config().to_str().unwrap(), "--name", "test", "--role", role]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const CONFIG: &str = r#"
data_dir = "data"
[gateway]
listen = "127.0.0.1:0"
attachments = "127.0.0.1:0"
[fleet]
vehicles = "vehicles.csv"
drivers = "drivers.csv"
operators = "operators.csv"
[atlas]
zones = ["zones.geojson"]
[mqtt]
listen = "127.0.0.1:0"
[http]
listen = "127.0.0.1:0"
[pipeline]
snapshot_every = "1s"
"#;

const VEHICLES: &str = "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un
13800000001,藏A00001,yellow,hazmat-truck,OP1,540102,,3,1203
13800000002,藏A00002,yellow,scheduled-coach,OP1,540102,,,
13800000003,藏A00003,yellow,school-bus,OP1,540102,,,
13800000004,藏A00004,yellow,heavy-truck,OP1,540102,,,
";

/// One square of about 2 km beside 91.10 E 29.60 N.
const ZONES: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "w1", "kind": "water-source", "name_zh": "北郊水源地", "name_en": "North waterworks", "division": "540102"},
 "geometry": {"type": "Polygon", "coordinates": [[[91.20, 29.59], [91.22, 29.59], [91.22, 29.61], [91.20, 29.61], [91.20, 29.59]]]}}
]}
"#;

pub fn run(args: &[&str]) -> std::process::Output {
    Command::new(BINARY).args(args).stdin(Stdio::null()).output().unwrap()
}

/// The service as a process.
pub struct Server {
    child: Child,
    log: Receiver<String>,
    pub gateway: SocketAddr,
    pub attachments: SocketAddr,
    pub mqtt: SocketAddr,
    pub http: SocketAddr,
}

impl Server {
    /// Starts `serve` and waits until it says where it listens.
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    pub fn start_with(home: &Home, env: &[(&str, &str)]) -> Self {
        let child = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(home.config())
            .envs(env.iter().copied())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, log) = channel();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server =
            Self { child, log, gateway: nowhere, attachments: nowhere, mqtt: nowhere, http: nowhere };
        let stderr = BufReader::new(server.child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut seen = String::new();
        loop {
            let line =
                server.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("serve never listened:\n{seen}"));
            seen.push_str(&line);
            seen.push('\n');
            if line.contains("listening") && line.contains("gateway=") {
                let at = |key: &str| {
                    let from = line.find(key).unwrap() + key.len();
                    line[from..].split_whitespace().next().unwrap().parse().unwrap()
                };
                (server.gateway, server.mqtt, server.http) = (at("gateway="), at("mqtt="), at("console="));
                server.attachments = at("attachments=");
                return server;
            }
        }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code and what was logged.
    pub fn stop(mut self) -> (i32, Vec<String>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), self.log.iter().collect())
    }

    /// SIGHUP; waits until the log says so.
    pub fn hang_up(&self, expected: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        let mut seen = String::new();
        while !seen.lines().any(|line| line.contains(expected)) {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{expected:?}:\n{seen}"));
            seen.push_str(&(line + "\n"));
        }
    }

    pub fn get(&self, token: &str, path: &str) -> (u16, String) {
        http(self.http, "GET", token, path, "")
    }

    pub fn get_json(&self, token: &str, path: &str) -> serde_json::Value {
        let (status, body) = self.get(token, path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// All items of a list.
    pub fn list(&self, token: &str, path: &str) -> Vec<serde_json::Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get_json(token, &format!("{path}{joint}limit=1000{cursor}"));
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

/// A test that fails leaves no service behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until the answer satisfies.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn http(address: SocketAddr, method: &str, token: &str, path: &str, body: &str) -> (u16, String) {
    let (status, _, body) = http_with(address, method, token, path, "", body);
    (status, body)
}

/// With more heads, each ended by CRLF; status, heads in small letters, body.
pub fn http_with(
    address: SocketAddr,
    method: &str,
    token: &str,
    path: &str,
    more: &str,
    body: &str,
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let auth = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: test\r\n{auth}{more}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunk(body)
    } else {
        body.to_owned()
    };
    (status, head.to_ascii_lowercase(), body)
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 {
            break;
        }
        whole.push_str(rest.get(..size).unwrap_or(rest));
        body = rest.get(size + 2..).unwrap_or("");
    }
    whole
}

/// A frame of the 2013 edition, built by hand so that a mistake in our encoder can't hide one in our decoder.
pub fn frame(id: u16, terminal: &str, serial: u16, body: &[u8]) -> Vec<u8> {
    let digits = format!("{terminal:0>12}");
    let mut inner = id.to_be_bytes().to_vec();
    inner.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    inner.extend((0..6).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()));
    inner.extend(serial.to_be_bytes());
    inner.extend(body);
    inner.push(inner.iter().fold(0, |sum, byte| sum ^ byte));
    let mut frame = vec![0x7e];
    for byte in inner {
        match byte {
            0x7e => frame.extend([0x7d, 0x02]),
            0x7d => frame.extend([0x7d, 0x01]),
            byte => frame.push(byte),
        }
    }
    frame.push(0x7e);
    frame
}

/// A frame as recordings have it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 28 bytes of a location report.
pub fn location(at_ms: i64, lon: f64, lat: f64, speed_kmh: f64, alarm: u32) -> Vec<u8> {
    let mut body = alarm.to_be_bytes().to_vec();
    body.extend(3_u32.to_be_bytes()); // ACC on, positioned
    body.extend(((lat * 1e6).round() as u32).to_be_bytes());
    body.extend(((lon * 1e6).round() as u32).to_be_bytes());
    body.extend(3650_u16.to_be_bytes());
    body.extend(((speed_kmh * 10.0).round() as u16).to_be_bytes());
    body.extend(90_u16.to_be_bytes());
    // 2026-01-01T08:00:00+08:00 without its punctuation, two digits a byte.
    let text = fleet::EventTime::from_ms(at_ms).to_string();
    let digits: Vec<u8> = text[2..19].bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    body.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
    body
}

pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// One terminal's connection: sends frames, collects general answers.
pub struct Terminal {
    stream: TcpStream,
    deframer: Deframer,
    /// Serials answered with 0x8001 and result 0 for 0x0200.
    pub acknowledged: BTreeSet<u16>,
    /// Every answer: id and body.
    pub answers: Vec<(u16, Vec<u8>)>,
    /// Every message that is no answer: id, serial and body.
    pub commands: Vec<(u16, u16, Vec<u8>)>,
}

impl Terminal {
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            deframer: Deframer::default(),
            acknowledged: BTreeSet::new(),
            answers: Vec::new(),
            commands: Vec::new(),
        })
    }

    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads what is there; `Ok(false)` when the platform closed the connection.
    pub fn read(&mut self) -> std::io::Result<bool> {
        let mut buffer = [0; 4096];
        let count = match self.stream.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => count,
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                0
            }
            Err(error) => return Err(error),
        };
        let Self { deframer, acknowledged, answers, commands, .. } = self;
        deframer.push(&buffer[..count], &mut |piece| {
            let unescaped = piece.unescaped.expect("the platform sends whole frames");
            let id = u16::from_be_bytes([unescaped[0], unescaped[1]]);
            // What the length leaves is the header: 12 bytes, or 17 of the edition of 2019, whose bit 14 may lie.
            let length = usize::from(u16::from_be_bytes([unescaped[2], unescaped[3]]) & 0x3ff);
            let header = unescaped.len() - length;
            let body = unescaped[header..].to_vec();
            if id == 0x8001 && body[2..4] == [0x02, 0x00] && body[4] == 0 {
                acknowledged.insert(u16::from_be_bytes([body[0], body[1]]));
            }
            if !matches!(id, 0x8001 | 0x8100) {
                let serial = u16::from_be_bytes([unescaped[header - 2], unescaped[header - 1]]);
                commands.push((id, serial, body.clone()));
            }
            answers.push((id, body));
        });
        Ok(true)
    }

    /// Says that nothing more comes and reads what is left.
    pub fn finish(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let started = Instant::now();
        while self.read().unwrap_or(false) {
            assert!(started.elapsed() < PATIENCE, "the platform never closed its side");
        }
    }

    /// Reads until `done` says so.
    pub fn read_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(
                started.elapsed() < PATIENCE,
                "never answered: {what}; answers so far {:04x?}",
                self.answers
            );
            assert!(self.read().unwrap(), "the platform closed the connection while waiting for {what}");
        }
    }

    /// Registers and authenticates.
    pub fn sign_in(&mut self, terminal: &str) {
        let mut body = vec![0, 54, 0, 1];
        body.extend([0; 5 + 20 + 7]);
        body.push(2);
        body.extend([0xb2, 0xd8]); // 藏
        body.extend(format!("A{:0>5}", &terminal[terminal.len() - 1..]).bytes());
        self.send(&frame(0x0100, terminal, 0, &body)).unwrap();
        self.read_until("0x8100", |t| t.answers.iter().any(|(id, _)| *id == 0x8100));
        let (_, answer) = self.answers.iter().find(|(id, _)| *id == 0x8100).unwrap().clone();
        assert_eq!(answer[2], 0, "registration refused: {answer:02x?}");
        self.send(&frame(0x0102, terminal, 1, &answer[3..])).unwrap();
        self.read_until("0x8001 to 0x0102", |t| {
            t.answers.iter().any(|(id, b)| *id == 0x8001 && b[2..4] == [1, 2] && b[4] == 0)
        });
    }
}

/// Where things shared with the developers lie, if they are here.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    path.exists().then_some(path)
}
