//! From an alarm to its pictures: alert, request, upload with a lost block, archive, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use harness::{Home, Server, Terminal, eventually, frame, location, now_ms};
use jt808::{BlockName, encode_block};

const COACH: &str = "13800000002";

/// Item 0x65: the driver is on the phone, with two files.
fn phone_alarm(at_ms: i64) -> Vec<u8> {
    let report = location(at_ms, 91.1, 29.6, 62.0, 0);
    let (place, time) = (report[8..16].to_vec(), report[22..28].to_vec());
    let mut item = vec![0, 0, 0, 9, 1, 2, 2, 0, 0, 0, 0, 0, 62, 0x0e, 0x42];
    item.extend(&place);
    item.extend(&time);
    item.extend([0, 1]);
    item.extend(sign(&time));
    [report, vec![0x65, u8::try_from(item.len()).unwrap()], item].concat()
}

fn sign(time: &[u8]) -> Vec<u8> {
    [b"XZ00001", time, &[0, 2, 0]].concat()
}

fn counted(name: &str) -> Vec<u8> {
    [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat()
}

/// What the platform asks for: where to, and under which number.
struct Request {
    address: String,
    sign: Vec<u8>,
    number: Vec<u8>,
}

/// Sends the alarm and waits until its files are asked for.
fn alarm(server: &Server, at_ms: i64) -> Request {
    let mut link = Terminal::connect(server.gateway).unwrap();
    link.sign_in(COACH);
    link.send(&frame(0x0200, COACH, 5, &phone_alarm(at_ms))).unwrap();
    link.read_until("0x9208", |link| link.answers.iter().any(|(id, _)| *id == 0x9208));
    let (_, request) = link.answers.iter().find(|(id, _)| *id == 0x9208).unwrap().clone();
    let (host, rest) = request[1..].split_at(usize::from(request[0]));
    let port = u16::from_be_bytes([rest[0], rest[1]]);
    // No port for datagrams, and nothing behind the number but the reserved bytes.
    assert_eq!((&rest[2..4], &rest[52..]), (&[0, 0][..], &[0; 16][..]));
    let address = format!("{}:{port}", std::str::from_utf8(host).unwrap());
    Request { address, sign: rest[4..20].to_vec(), number: rest[20..52].to_vec() }
}

/// The terminal's side of an attachment connection, which waits for each answer.
struct Upload {
    link: Terminal,
    serial: u16,
}

impl Upload {
    fn connect(server: &Server) -> Self {
        Self { link: Terminal::connect(server.attachments).unwrap(), serial: 0 }
    }

    /// Sends a frame and gives id and body of its answer.
    fn ask(&mut self, id: u16, body: &[u8]) -> (u16, Vec<u8>) {
        let seen = self.link.answers.len();
        self.link.send(&frame(id, COACH, self.serial, body)).unwrap();
        self.serial += 1;
        self.link.read_until("an answer to a frame", |link| link.answers.len() > seen);
        self.link.answers[seen].clone()
    }

    /// 0x1210; the result of its answer.
    fn list(&mut self, request: &Request, kind: u8, files: &[File]) -> u8 {
        let mut body = [b"XZ00001", request.sign.as_slice(), &request.number].concat();
        body.extend([kind, u8::try_from(files.len()).unwrap()]);
        for file in files {
            body.extend([counted(&file.name), file.size()].concat());
        }
        self.ask(0x1210, &body).1[4]
    }

    fn start(&mut self, file: &File) -> u8 {
        self.ask(0x1211, &file.announced()).1[4]
    }

    /// 0x1212; what 0x9212 says behind name and kind.
    fn done(&mut self, file: &File) -> Vec<u8> {
        let (id, body) = self.ask(0x1212, &file.announced());
        assert_eq!((id, &body[..=file.name.len() + 1]), (0x9212, &file.announced()[..=file.name.len() + 1]));
        body[file.name.len() + 2..].to_vec()
    }

    fn block(&mut self, file: &File, range: std::ops::Range<usize>) {
        let (mut bytes, offset) = (Vec::new(), u32::try_from(range.start).unwrap());
        encode_block(BlockName::Fixed, file.name.as_bytes(), offset, &file.bytes[range], &mut bytes);
        self.link.send(&bytes).unwrap();
    }
}

struct File {
    name: String,
    kind: u8,
    bytes: Vec<u8>,
}

impl File {
    fn new(kind: u8, request: &Request, extension: &str, bytes: Vec<u8>) -> Self {
        let number = std::str::from_utf8(&request.number).unwrap();
        Self { name: format!("0{kind}_65_6502_0_{number}.{extension}"), kind, bytes }
    }

    fn size(&self) -> Vec<u8> {
        u32::try_from(self.bytes.len()).unwrap().to_be_bytes().to_vec()
    }

    fn announced(&self) -> Vec<u8> {
        [counted(&self.name), vec![self.kind], self.size()].concat()
    }
}

const OK: u8 = 0;
/// One gap: 64 KiB from 64 KiB on.
const GAP: [u8; 10] = [1, 1, 0, 1, 0, 0, 0, 1, 0, 0];
const WHOLE: [u8; 2] = [0, 0];

#[test]
fn an_alarm_gets_its_files_though_a_block_is_lost_and_the_service_is_killed() {
    let home = Home::new("attachments", "");
    let server = Server::start(&home);
    let token = home.token("duty");
    let request = alarm(&server, now_ms());
    assert_eq!(request.address, server.attachments.to_string());
    let alerts = server.list(&token, &format!("/api/v1/alerts?rule=dsm-phone&terminal={COACH}"));
    let id = alerts[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(request.number, id.replace('-', "").as_bytes());
    let path = format!("/api/v1/alerts/{id}/attachments");

    let pixels = (0..150_000_u32).map(|at| u8::try_from(at % 253).unwrap());
    let picture = [0xff, 0xd8, 0xff, 0xe0].into_iter().chain(pixels).collect();
    let files = [File::new(0, &request, "jpg", picture), File::new(3, &request, "txt", b"hello".to_vec())];
    let [picture, text] = &files;
    let mut upload = Upload::connect(&server);
    assert_eq!(upload.list(&Request { number: vec![b'0'; 32], ..alarm_of(&request) }, 0, &files), 1);
    assert_eq!((upload.list(&request, 0, &files), upload.start(picture)), (OK, OK));
    upload.block(picture, 0..65_536);
    // The block between the two is lost.
    upload.block(picture, 131_072..picture.bytes.len());
    assert_eq!(upload.done(picture), GAP);
    let listed = &server.get_json(&token, &path)["items"][0];
    assert_eq!((&listed["state"], &listed["sha256"]), (&"partial".into(), &serde_json::Value::Null));

    // What has come outlives the service, and only what is missing is sent.
    server.kill();
    let server = Server::start(&home);
    let mut upload = Upload::connect(&server);
    assert_eq!((upload.list(&request, 1, &files), upload.start(picture)), (OK, OK));
    assert_eq!(upload.done(picture), GAP);
    upload.block(picture, 65_536..131_072);
    assert_eq!(upload.done(picture), WHOLE);
    assert_eq!(upload.start(text), OK);
    upload.block(text, 0..5);
    assert_eq!(upload.done(text), WHOLE);

    check_shown(&server, &token, &id, picture);
    eventually("the counts", || {
        let (_, metrics) = server.get("", "/metrics");
        metrics.contains("roadwarden_attachment_files_total 2").then_some(())
    });
    assert_eq!(server.stop().0, 0);
}

fn alarm_of(request: &Request) -> Request {
    Request { address: String::new(), sign: request.sign.clone(), number: Vec::new() }
}

/// The list, the bytes, a run of them, and the archive.
fn check_shown(server: &Server, token: &str, id: &str, picture: &File) {
    let path = format!("/api/v1/alerts/{id}/attachments");
    let items = server.get_json(token, &path)["items"].clone();
    let names: Vec<_> = items.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!((&items[0]["kind"], &items[1]["kind"]), (&"picture".into(), &"text".into()));
    let file = format!("{path}/{}", names[0]);
    assert!(download(server.http, token, &file, "") == picture.bytes, "other bytes");
    let run = download(server.http, token, &file, "Range: bytes=65536-65545\r\n");
    assert_eq!(run, picture.bytes[65_536..65_546]);
    let zip = download(server.http, token, &format!("/api/v1/alerts/{id}/evidence.zip"), "");
    for name in names {
        let inside = format!("attachments/{name}");
        assert!(zip.windows(inside.len()).any(|window| window == inside.as_bytes()), "{inside}");
    }
}

/// The bytes of an answer.
fn download(address: SocketAddr, token: &str, path: &str, more: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(harness::PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n{more}\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let first = String::from_utf8_lossy(&answer[..head]).into_owned();
    assert!(first.starts_with("HTTP/1.0 20"), "{first}");
    answer.split_off(head + 4)
}
