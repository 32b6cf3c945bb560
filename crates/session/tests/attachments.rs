//! Plays every file of `protocol/jt808/attachments` against an attachment link and a store in memory. `UPDATE_EXPECT=1`
//! rewrites what came out.
//!
//! A line is `seconds verb …`. In: `> id phone serial body` (twelve digits make a 2013 header, twenty a 2019 one;
//! `serial@index/total` one package), `> block offset data`, `> counted-block …` (黑), `> raw hex`, `timeout`; `>> …` comes
//! in one read with the next line. In bodies `'text` is text and `8'text` text behind its length, `00*50` fifty bytes.
//! Out: `< id phone serial body`, `begin`, `write`, `finish`, `leave`, `close`; `counts` asks for `counted`.
//! At the top: `issue terminal alert`, `refuse name` and `whole name` (what the store makes of a file).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet::{AlertId, ReceiveTime, TerminalId};
use jt808::{BlockName, Deframer, Edition, Frame, Header, Phone, encode_block, encode_frame};
use proptest::prelude::*;
use session::{
    Arrival, AttachmentCounts, AttachmentLink, AttachmentOutput, AttachmentPolicy, AttachmentRefused,
    FileBegun, FileFinished, Issued, alarm_number,
};

mod common;

use crate::common::played;

const START_MS: i64 = 1_767_225_600_000;

#[test]
fn every_upload_goes_as_written() {
    played::goes_as_written("attachments", 17, play);
}

#[test]
fn any_slicing_gives_the_same_upload() {
    played::goes_in_slices("attachments", &[1, 2, 3, 7, 61], play);
}

struct Given(Vec<(AlertId, TerminalId)>);

impl Issued for Given {
    fn is_issued(&self, alert: AlertId, terminal: TerminalId) -> bool {
        self.0.contains(&(alert, terminal))
    }
}

/// Files by name: which bytes are there.
#[derive(Default)]
struct Store {
    refused: Vec<Vec<u8>>,
    files: BTreeMap<Vec<u8>, Vec<bool>>,
    open: BTreeMap<u32, Vec<u8>>,
}

impl Store {
    fn begin(&mut self, arrival: &Arrival) -> FileBegun {
        if self.refused.contains(&arrival.name) {
            return FileBegun::Refused;
        }
        let size = arrival.bytes as usize;
        let there = self.files.entry(arrival.name.clone()).or_insert_with(|| vec![false; size]);
        if there.len() != size {
            *there = vec![false; size];
        }
        if size > 0 && there.iter().all(|there| *there) {
            return FileBegun::Complete;
        }
        self.open.insert(arrival.file, arrival.name.clone());
        FileBegun::Open
    }

    fn write(&mut self, file: u32, offset: u64, data: &[u8]) {
        let Some(there) = self.open.get(&file).and_then(|name| self.files.get_mut(name)) else { return };
        let offset = usize::try_from(offset).unwrap();
        there.iter_mut().skip(offset).take(data.len()).for_each(|there| *there = true);
    }

    fn finish(&self, file: u32) -> FileFinished {
        let Some(there) = self.open.get(&file).and_then(|name| self.files.get(name)) else {
            return FileFinished::Unknown;
        };
        let mut gaps: Vec<(u32, u32)> = Vec::new();
        for at in (0..there.len()).filter(|at| !there[*at]) {
            let at = u32::try_from(at).unwrap();
            match gaps.last_mut() {
                Some((offset, length)) if *offset + *length == at => *length += 1,
                _ => gaps.push((at, 1)),
            }
        }
        if gaps.is_empty() { FileFinished::Complete } else { FileFinished::Missing(gaps) }
    }
}

struct Play {
    link: AttachmentLink,
    given: Given,
    store: Store,
    slice: usize,
    out: String,
}

fn play(text: &str, slice: usize) -> String {
    let link = AttachmentLink::new(ReceiveTime::from_ms(START_MS), AttachmentPolicy::default());
    let mut play =
        Play { link, given: Given(Vec::new()), store: Store::default(), slice, out: String::new() };
    for line in text.lines() {
        play.line(line);
    }
    play.out
}

impl Play {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["#", ..] => {}
            ["issue", terminal, alert] => {
                self.given.0.push((AlertId::parse(alert).unwrap(), terminal.parse().unwrap()));
            }
            ["refuse", name] => self.store.refused.push(name.as_bytes().to_vec()),
            ["whole", name, bytes] => {
                self.store.files.insert(name.as_bytes().to_vec(), vec![true; bytes.parse().unwrap()]);
            }
            [_, "<" | "begin" | "write" | "finish" | "leave" | "close" | "counted", ..] => return, // what came out
            [second, "counts"] => {
                writeln!(self.out, "{line}").unwrap();
                return self.print_counts(second);
            }
            [second, rest @ ..] => {
                writeln!(self.out, "{line}").unwrap();
                let now = ReceiveTime::from_ms(START_MS + second.parse::<i64>().unwrap() * 1_000);
                self.input(now, rest);
                if rest.first() == Some(&">>") {
                    return;
                }
                return self.drain(now, second);
            }
        }
        writeln!(self.out, "{line}").unwrap();
    }

    fn input(&mut self, now: ReceiveTime, words: &[&str]) {
        match words {
            [">" | ">>", frame @ ..] => {
                let bytes = wire(frame);
                for slice in bytes.chunks(self.slice.min(bytes.len())) {
                    self.link.handle_input(now, slice, &self.given);
                }
            }
            ["timeout"] => self.link.handle_timeout(now),
            _ => panic!("{words:?} is no input"),
        }
    }

    fn drain(&mut self, now: ReceiveTime, second: &str) {
        // How a block was sliced is no matter: what follows at once is one.
        let mut run: Option<(u32, u64, u64)> = None;
        loop {
            let output = self.link.poll_output();
            if let AttachmentOutput::Write { file, offset, data } = &output {
                self.store.write(*file, *offset, data);
                let len = data.len() as u64;
                match &mut run {
                    Some((same, from, bytes)) if same == file && *from + *bytes == *offset => *bytes += len,
                    _ => {
                        self.print_run(second, run.replace((*file, *offset, len)));
                    }
                }
                continue;
            }
            self.print_run(second, run.take());
            let text = match output {
                AttachmentOutput::Begin(arrival) => {
                    let Arrival { file, name, kind, channel, bytes, .. } = &arrival;
                    let begun = self.store.begin(&arrival);
                    self.link.handle_begun(now, *file, begun);
                    let (name, channel) = (String::from_utf8_lossy(name), channel.map_or(-1, i32::from));
                    format!("begin {file} {name} kind={kind} channel={channel} bytes={bytes} {begun:?}")
                }
                AttachmentOutput::Close(reason) => format!("close {}", reason.as_str()),
                AttachmentOutput::Finish { file } => {
                    self.link.handle_finished(now, file, self.store.finish(file));
                    format!("finish {file}")
                }
                AttachmentOutput::Leave { file } => {
                    self.store.open.remove(&file);
                    format!("leave {file}")
                }
                AttachmentOutput::Transmit(bytes) => {
                    self.print_frames(second, &bytes);
                    continue;
                }
                AttachmentOutput::Wait(_) => return,
                AttachmentOutput::Write { .. } => continue,
            };
            writeln!(self.out, "{second}  {text}").unwrap();
            if text.starts_with("close") {
                return;
            }
        }
    }

    fn print_run(&mut self, second: &str, run: Option<(u32, u64, u64)>) {
        if let Some((file, offset, bytes)) = run {
            writeln!(self.out, "{second}  write {file} {offset} {bytes}").unwrap();
        }
    }

    fn print_counts(&mut self, second: &str) {
        let AttachmentCounts { frames, data_bytes, stray_bytes, files, refused } = self.link.take_counts();
        write!(
            self.out,
            "{second}  counted frames={frames} data={data_bytes} stray={stray_bytes} files={files}"
        )
        .unwrap();
        for (why, count) in AttachmentRefused::ALL.iter().zip(refused).filter(|(_, count)| *count > 0) {
            write!(self.out, " refused-{}={count}", why.as_str()).unwrap();
        }
        self.out.push('\n');
    }

    fn print_frames(&mut self, second: &str, bytes: &[u8]) {
        Deframer::default().push(bytes, &mut |piece| {
            let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
            let Header { id, serial, phone, .. } = frame.header;
            let (phone, body) = (hex(phone.bytes()), hex(frame.body));
            writeln!(self.out, "{second}  < {id:04x} {phone} {serial} {body}").unwrap();
        });
    }
}

fn wire(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match words {
        ["raw", body @ ..] => return body_of(body),
        ["block", name, offset, body @ ..] => {
            encode_block(
                BlockName::Fixed,
                name.as_bytes(),
                offset.parse().unwrap(),
                &body_of(body),
                &mut bytes,
            );
        }
        ["counted-block", name, offset, body @ ..] => {
            encode_block(
                BlockName::Counted,
                name.as_bytes(),
                offset.parse().unwrap(),
                &body_of(body),
                &mut bytes,
            );
        }
        [id, phone, serial, body @ ..] => {
            let edition = if phone.len() == 20 { Edition::V2019 } else { Edition::V2013 };
            let phone = Phone::new(&unhex(phone)).unwrap();
            let id = u16::from_str_radix(id, 16).unwrap();
            let (serial, packet) = serial.split_once('@').unwrap_or((serial, ""));
            let mut header = Header::new(id, edition, phone, serial.parse().unwrap());
            header.packet = packet.split_once('/').map(|(index, total)| jt808::Packet {
                total: total.parse().unwrap(),
                index: index.parse().unwrap(),
            });
            encode_frame(&header, &body_of(body), &mut bytes);
        }
        _ => panic!("{words:?} is no input"),
    }
    bytes
}

fn body_of(words: &[&str]) -> Vec<u8> {
    let word = |word: &&str| match word.split_once('\'') {
        Some(("8", text)) => [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat(),
        Some((_, text)) => text.as_bytes().to_vec(),
        None => match word.split_once('*') {
            Some((byte, times)) => unhex(byte).repeat(times.parse().unwrap()),
            None => unhex(word),
        },
    };
    words.iter().flat_map(word).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_number_is_the_alert_and_nothing_else() {
    let alert = AlertId::parse("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0").unwrap();
    assert_eq!(&alarm_number(alert), b"0f1e2d3c4b5a69788796a5b4c3d2e1f0");
}

struct Everybody;

impl Issued for Everybody {
    fn is_issued(&self, _: AlertId, _: TerminalId) -> bool {
        true
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let name = || {
        prop::sample::select(vec![
            "a.jpg",
            "b",
            "c",
            "d",
            "e",
            "f",
            "g",
            "h",
            "i",
            "j",
            "k",
            "00_65_6501_0_x.jpg",
        ])
    };
    let list = prop::collection::vec((name(), 0_u32..300), 0..12).prop_map(|files| {
        let mut body = [&[b'T'; 7][..], &[7; 16], b"0f1e2d3c4b5a69788796a5b4c3d2e1f0", &[0]].concat();
        body.push(u8::try_from(files.len()).unwrap());
        for (name, size) in files {
            body.push(u8::try_from(name.len()).unwrap());
            body.extend(name.as_bytes());
            body.extend(size.to_be_bytes());
        }
        frame(0x1210, &body)
    });
    let file =
        (prop::sample::select(vec![0x1211_u16, 0x1212]), name(), 0_u32..300).prop_map(|(id, name, size)| {
            let mut body = vec![u8::try_from(name.len()).unwrap()];
            body.extend(name.as_bytes());
            body.push(0);
            body.extend(size.to_be_bytes());
            frame(id, &body)
        });
    let block = (name(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(
        |(name, offset, data)| {
            let mut bytes = Vec::new();
            encode_block(BlockName::Fixed, name.as_bytes(), u32::from(offset % 400), &data, &mut bytes);
            bytes
        },
    );
    prop_oneof![1 => list, 3 => file, 3 => block, 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

fn frame(id: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
    let mut bytes = Vec::new();
    encode_frame(&Header::new(id, Edition::V2013, phone, 1), body, &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn whatever_comes_few_files_are_open_and_every_one_begun_was_announced(pieces in prop::collection::vec(piece(), 0..60)) {
        let now = ReceiveTime::from_ms(START_MS);
        let mut link = AttachmentLink::new(now, AttachmentPolicy::default());
        let mut store = Store::default();
        for piece in pieces {
            link.handle_input(now, &piece, &Everybody);
            loop {
                match link.poll_output() {
                    AttachmentOutput::Begin(arrival) => {
                        let begun = store.begin(&arrival);
                        link.handle_begun(now, arrival.file, begun);
                        prop_assert!(store.open.len() <= 9);
                    }
                    AttachmentOutput::Close(_) => return Ok(()),
                    AttachmentOutput::Finish { file } => {
                        let finished = store.finish(file);
                        link.handle_finished(now, file, finished);
                    }
                    AttachmentOutput::Leave { file } => {
                        store.open.remove(&file);
                    }
                    AttachmentOutput::Transmit(bytes) => prop_assert!(bytes.len() < 70_000),
                    AttachmentOutput::Wait(_) => break,
                    AttachmentOutput::Write { file, offset, data } => {
                        prop_assert!(store.open.contains_key(&file));
                        store.write(file, offset, &data);
                    }
                }
            }
        }
    }
}
