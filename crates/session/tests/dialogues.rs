//! Plays every file of `protocol/jt808/dialogues` against a link. `UPDATE_EXPECT=1` rewrites what came out.
//!
//! A line is `seconds verb …`. In: `> id phone serial body` (a frame; twelve digits make a 2013 header, twenty a 2019
//! one), `> raw hex` (bytes as they are), `durable n`, `superseded terminal`, `command terminal kind` or its JSON without spaces, `timeout`,
//! `removed terminal` (from the registry), `released terminal` (by a person, bound to nothing any more), `barred` and `unbarred`
//! (what the shell says of authentications), `kept id` (the media of the newest package is durable).
//! Out: `< id phone serial body`, `record n` (frames for the journal), `learned` (a profile), `media` (a package), `login`, `logout`,
//! `ready`, `bound`, `stranger`, `suspicious`, `answered`, `busy`, `close`. A login that was `proven` came with the code. The serial of a package is `serial@index/total`.
//! `admit terminal` at the top fills the registry, `cipher` gives the platform a key, `direct` makes the connection one that
//! carries one terminal; without it it is a relay's. `> rsa id …` and `< rsa id …` stand
//! for frames whose body was encrypted under the key of who gets it, in the way of `common::tags::Tags`; a terminal's ends in
//! the byte 0x11, the platform's in 0x99.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use fleet::{Binding, ReceiveTime, TerminalId};
use jt808::{Deframer, Edition, Frame, Header, Phone};
use session::{
    Admission, Carries, Cipher as _, Command, Directory, DriverText, Link, MediaPackage, Output, Policy,
    Proof,
};

mod common;

use crate::common::played;
use crate::common::tags::{Tags, key};

const TERMINALS_TAG: u8 = 0x11;
const PLATFORMS_TAG: u8 = 0x99;
/// 2026-01-01 00:00:00 UTC.
const START_MS: i64 = 1_767_225_600_000;

#[test]
fn every_dialogue_goes_as_written() {
    played::goes_as_written("dialogues", 9, play);
}

#[test]
fn any_slicing_gives_the_same_dialogue() {
    played::goes_in_slices("dialogues", &[1, 2, 3, 7, 20], play);
}

#[derive(Default)]
struct OnFile {
    terminals: Vec<TerminalId>,
    bindings: HashMap<TerminalId, Arc<Binding>>,
    bars: bool,
}

impl Directory for OnFile {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.terminals.contains(&terminal)
    }

    fn binding(&self, terminal: TerminalId) -> Option<Arc<Binding>> {
        self.bindings.get(&terminal).cloned()
    }

    fn may_authenticate(&self, _: TerminalId) -> bool {
        !self.bars
    }
}

struct Play {
    link: Link<u64>,
    /// The newest package.
    media: Option<MediaPackage>,
    on_file: OnFile,
    recorded: u64,
    slice: usize,
    out: String,
}

fn play(text: &str, slice: usize) -> String {
    let has_cipher = text.lines().any(|line| line == "cipher");
    let is_direct = text.lines().any(|line| line == "direct");
    let policy = Policy {
        carries: if is_direct { Carries::Terminal } else { Carries::Relay },
        terminals_max: 3,
        cipher: has_cipher.then(|| Arc::new(Tags(PLATFORMS_TAG)) as _),
        ..Policy::new(Admission::Registry, [7; 32])
    };
    let link = Link::new(ReceiveTime::from_ms(START_MS), policy);
    let mut play =
        Play { link, media: None, on_file: OnFile::default(), recorded: 0, slice, out: String::new() };
    for line in text.lines() {
        play.line(line);
    }
    play.out
}

impl Play {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["#", ..] | ["cipher" | "direct"] => {}
            ["admit", terminal] => self.on_file.terminals.push(terminal.parse().unwrap()),
            [_, "<" | "record" | "media" | "learned" | "login" | "logout" | "ready", ..]
            | [_, "answered" | "bound" | "busy" | "close" | "stranger" | "suspicious", ..] => return, // what came out
            [second, rest @ ..] => {
                writeln!(self.out, "{line}").unwrap();
                let now = ReceiveTime::from_ms(START_MS + second.parse::<i64>().unwrap() * 1_000);
                self.input(now, second, rest);
                return self.drain(now, second);
            }
        }
        writeln!(self.out, "{line}").unwrap();
    }

    fn input(&mut self, now: ReceiveTime, second: &str, words: &[&str]) {
        match words {
            [">", frame @ ..] => {
                let bytes = wire(frame);
                for slice in bytes.chunks(self.slice.min(bytes.len())) {
                    self.link.handle_input(now, slice, &self.on_file);
                }
            }
            ["durable", upto] => self.link.handle_durable(now, upto.parse().unwrap()),
            ["superseded", terminal] => self.link.handle_superseded(now, terminal.parse().unwrap()),
            ["command", terminal, kind] => {
                if let Err(busy) = self.link.handle_command(now, terminal.parse().unwrap(), &command(kind)) {
                    writeln!(self.out, "{second}  busy {busy}").unwrap();
                }
            }
            ["removed", terminal] => {
                self.on_file.terminals.retain(|on_file| on_file.as_str() != *terminal);
                self.link.handle_directory(now, &self.on_file);
            }
            ["released", terminal] => {
                let terminal = terminal.parse().unwrap();
                let generation = self.on_file.bindings.get(&terminal).map_or(0, |it| it.generation) + 1;
                let binding = Binding { generation, ..Binding::default() };
                self.on_file.bindings.insert(terminal, Arc::new(binding));
                self.link.handle_released(now, terminal);
            }
            ["barred"] => self.on_file.bars = true,
            ["unbarred"] => self.on_file.bars = false,
            ["kept", id] => {
                let package = self.media.take().unwrap();
                self.link.handle_media(now, &package, id.parse().unwrap());
            }
            ["timeout"] => self.link.handle_timeout(now),
            _ => panic!("{words:?} is no input"),
        }
    }

    fn drain(&mut self, now: ReceiveTime, second: &str) {
        loop {
            let text = match self.link.poll_output() {
                Output::Answered { terminal, serial, outcome, content } => {
                    let content = content.map(|it| format!(" {:04x} {}", it.id, hex(&it.body)));
                    format!("answered {terminal} {serial} {outcome:?}{}", content.unwrap_or_default())
                }
                Output::Bound { terminal, binding } => {
                    let Binding { generation, device, maker, plate, imei, .. } = &*binding;
                    let device = device.as_deref().unwrap_or("-");
                    let text =
                        format!("bound {terminal} {generation} {device:?} {maker:?} {plate:?} {imei:?}");
                    self.on_file.bindings.insert(terminal, binding);
                    text
                }
                Output::Close(reason) => format!("close {}", reason.as_str()),
                Output::Learned { terminal, profile } => {
                    format!("learned {terminal} {}", serde_json::to_string(&*profile).unwrap())
                }
                Output::Login { terminal, proof: Proof::Claimed } => format!("login {terminal}"),
                Output::Login { terminal, proof: Proof::Code } => format!("login {terminal} proven"),
                Output::Media(package) => {
                    let MediaPackage { terminal, index, total, body, .. } = &package;
                    let text = format!("media {terminal} {index}/{total} {}", hex(body));
                    self.media = Some(package);
                    text
                }
                Output::Logout(terminal) => format!("logout {terminal}"),
                Output::Ready(terminal) => format!("ready {terminal}"),
                Output::Record(records) => {
                    let count = records.ends.len();
                    self.link.handle_recorded(now, self.recorded, count);
                    self.recorded += count as u64;
                    format!("record {count}")
                }
                Output::Stranger(stranger) => format!("stranger {} {:?}", stranger.number, stranger.claim),
                Output::Suspicious { threat, terminal } => {
                    format!("suspicious {threat} {}", terminal.map(|it| it.to_string()).unwrap_or_default())
                }
                Output::Transmit(bytes) => {
                    self.print_frames(second, &bytes);
                    continue;
                }
                Output::Wait(_) => return,
            };
            writeln!(self.out, "{second}  {text}").unwrap();
            if text.starts_with("close") {
                return;
            }
        }
    }

    fn print_frames(&mut self, second: &str, bytes: &[u8]) {
        Deframer::default().push(bytes, &mut |piece| {
            let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
            let Header { id, serial, phone, packet, .. } = frame.header;
            let is_rsa = frame.header.is_rsa();
            let body = if is_rsa {
                Tags(TERMINALS_TAG).decrypt(ReceiveTime::default(), frame.body).unwrap()
            } else {
                frame.body.to_vec()
            };
            let (phone, body) = (hex(phone.bytes()), hex(&body));
            let rsa = if is_rsa { "rsa " } else { "" };
            let packet = packet.map(|packet| format!("@{}/{}", packet.index, packet.total));
            let packet = packet.unwrap_or_default();
            writeln!(self.out, "{second}  < {rsa}{id:04x} {phone} {serial}{packet} {body}").unwrap();
        });
    }
}

fn wire(words: &[&str]) -> Vec<u8> {
    if let ["raw", bytes @ ..] = words {
        return unhex(&bytes.concat());
    }
    let (words, is_rsa) = match words {
        ["rsa", words @ ..] => (words, true),
        words => (words, false),
    };
    let [id, phone, serial, body @ ..] = words else { panic!("{words:?} is no frame") };
    let edition = if phone.len() == 20 { Edition::V2019 } else { Edition::V2013 };
    let phone = Phone::new(&unhex(phone)).unwrap();
    let id = u16::from_str_radix(id, 16).unwrap();
    let (serial, packet) = serial.split_once('@').unwrap_or((serial, ""));
    let mut header = Header::new(id, edition, phone, serial.parse().unwrap());
    header.packet = packet
        .split_once('/')
        .map(|(index, total)| jt808::Packet { total: total.parse().unwrap(), index: index.parse().unwrap() });
    let mut body = unhex(&body.concat());
    if is_rsa {
        header = header.with_rsa();
        body = Tags(0).encrypt(&key(PLATFORMS_TAG), &body).unwrap();
    }
    let mut bytes = Vec::new();
    jt808::encode_frame(&header, &body, &mut bytes);
    bytes
}

fn command(kind: &str) -> Command {
    match kind {
        json if json.starts_with('{') => serde_json::from_str(json).unwrap(),
        "text" => Command::Text(DriverText::new("慢行")),
        "location" => Command::QueryLocation,
        "parameters" => Command::QueryParameters,
        "properties" => Command::QueryProperties,
        "set" => Command::SetParameters(vec![(0x55, vec![0, 0, 0, 80])]),
        "set-many" => Command::SetParameters(vec![(0x83, vec![b'A'; 250]); 5]),
        "confirm" => Command::ConfirmAlarm { serial: 7, bits: 1 },
        _ => panic!("{kind:?} is no command"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
