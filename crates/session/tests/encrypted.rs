//! Encrypted bodies where a dialogue does not reach: bounds, what the journal gets, packages, what chance wrote.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;

use fleet::{News, ReceiveTime, TerminalId};
use jt808::{Deframer, Edition, Frame, Header, Packet, Phone};
use session::{
    Admission, BLOCK_BYTES, Busy, Cipher, Command, Counts, Directory, Link, Observer, Output, Policy,
    PublicKey, Rejected, Sealed,
};

use crate::common::tags::{Tags, key};

const TERMINALS: u8 = 0x11;
const PLATFORMS: u8 = 0x99;
const LOCATION: &[u8] =
    b"\0\0\0\0\0\0\0\x03\x01\xc4\xaa\x90\x05\x6e\x8d\x20\x0e\x42\x02\x58\0\x5a\x26\x01\x01\x08\0\0";

struct Nobody;

impl Directory for Nobody {
    fn admits(&self, _: TerminalId) -> bool {
        true
    }
}

fn link(cipher: impl Cipher + 'static) -> Link<u64> {
    let policy = Policy { cipher: Some(Arc::new(cipher)), ..Policy::new(Admission::Open, [7; 32]) };
    Link::new(ReceiveTime::default(), policy)
}

fn header(id: u16, serial: u16) -> Header {
    Header::new(id, Edition::V2013, Phone::from_digits("13800000001", Edition::V2013).unwrap(), serial)
}

fn wire(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    jt808::encode_frame(header, body, &mut bytes);
    bytes
}

fn sealed(header: Header, body: &[u8]) -> Vec<u8> {
    wire(&header.with_rsa(), &Tags(0).encrypt(&key(PLATFORMS), body).unwrap())
}

/// Feeds a frame and gives the frames for the journal and those for the terminal.
fn say(link: &mut Link<u64>, ms: i64, bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    link.handle_input(ReceiveTime::from_ms(ms), bytes, &Nobody);
    drain(link)
}

fn drain(link: &mut Link<u64>) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut records, mut sent) = (Vec::new(), Vec::new());
    loop {
        match link.poll_output() {
            Output::Record(batch) => {
                let mut from = 0;
                for to in batch.ends {
                    records.push(batch.bytes[from..to].to_vec());
                    from = to;
                }
            }
            Output::Transmit(bytes) => sent.extend(bytes),
            Output::Wait(_) => return (records, sent),
            _ => {}
        }
    }
}

fn frames(bytes: &[u8]) -> Vec<(Header, Vec<u8>)> {
    let mut frames = Vec::new();
    Deframer::default().push(bytes, &mut |piece| {
        let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
        frames.push((frame.header, frame.body.to_vec()));
    });
    frames
}

/// The result in the only answer.
fn result(sent: &[u8]) -> u8 {
    let frames = frames(sent);
    assert_eq!((frames.len(), frames[0].0.id), (1, 0x8001));
    frames[0].1[4]
}

fn rejected(counts: &Counts, why: Rejected) -> u64 {
    counts.rejected[Rejected::ALL.iter().position(|known| *known == why).unwrap()]
}

#[test]
fn the_journal_gets_the_frame_as_it_would_have_been_in_plain() {
    let check = |header: Header| {
        let mut link = link(Tags(PLATFORMS));
        let (records, _) = say(&mut link, 0, &sealed(header, LOCATION));
        assert_eq!(records, [wire(&header, LOCATION)]);
        let mut news = Vec::new();
        Observer::default().handle_frame(ReceiveTime::default(), &records[0], &mut news).unwrap();
        assert!(matches!(news[0].news, News::Report(_)));
    };
    check(header(0x0200, 7));
    let phone = Phone::from_digits("13800000001", Edition::V2019).unwrap();
    check(Header::new(0x0200, Edition::V2019, phone, 0x7e7d));
}

#[test]
fn a_flood_is_refused_and_costs_plain_bodies_nothing() {
    let mut link = link(Tags(PLATFORMS));
    let full = sealed(header(0x0900, 1), &[0x41; 7 * 117]);
    for _ in 0..4 {
        let (records, sent) = say(&mut link, 1_000, &full);
        assert_eq!((records.len(), sent), (1, Vec::new()));
    }
    for _ in 0..100 {
        assert_eq!(result(&say(&mut link, 1_000, &full).1), 1);
    }
    assert_eq!(rejected(&link.take_counts(), Rejected::Flood), 100);
    let (records, _) = say(&mut link, 1_000, &wire(&header(0x0200, 2), LOCATION));
    assert_eq!(records.len(), 1);
    // Nothing to decrypt.
    assert_eq!(result(&say(&mut link, 1_000, &sealed(header(0x0002, 3), &[])).1), 0);
    // Four of 32 blocks were left.
    assert_eq!(result(&say(&mut link, 1_090, &full).1), 1);
    assert_eq!(say(&mut link, 1_094, &full).0.len(), 1);
    assert_eq!(rejected(&link.take_counts(), Rejected::Flood), 1);
}

#[test]
fn a_flood_of_codes_is_refused_too() {
    let mut link = link(Tags(PLATFORMS));
    let results: Vec<u8> = (0..40)
        .map(|serial| result(&say(&mut link, 0, &sealed(header(0x0102, serial), b"code")).1))
        .collect();
    assert_eq!(results, [vec![0; 32], vec![1; 8]].concat());
    assert_eq!(rejected(&link.take_counts(), Rejected::Flood), 8);
}

#[test]
fn no_whole_number_of_blocks_is_never_decrypted() {
    let mut link = link(Never);
    for len in [1, 127, 129, 1_023] {
        let frame = wire(&header(0x0200, 1).with_rsa(), &vec![PLATFORMS; len]);
        assert_eq!(result(&say(&mut link, 0, &frame).1), 2, "{len}");
    }
    assert_eq!(rejected(&link.take_counts(), Rejected::Encrypted), 4);
}

#[derive(Debug)]
struct Never;

impl Cipher for Never {
    fn key(&self) -> PublicKey {
        key(PLATFORMS)
    }

    fn decrypt(&self, _: ReceiveTime, body: &[u8]) -> Result<Vec<u8>, Sealed> {
        assert_eq!(body, [], "nothing else is to be decrypted");
        Ok(Vec::new())
    }

    fn encrypt(&self, _: &PublicKey, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn what_only_chance_can_have_written_is_not_taken() {
    let check = |id, packet, body: &[u8], is_taken: bool| {
        let mut link = link(Tags(PLATFORMS));
        let header = Header { packet, ..header(id, 1) };
        let (records, sent) = say(&mut link, 0, &sealed(header, body));
        let is_kept = !records.is_empty() || !sent.is_empty() && result(&sent) == 0;
        assert_eq!(is_kept, is_taken, "{id:04x} {packet:?} {body:02x?}");
        assert_eq!(rejected(&link.take_counts(), Rejected::Encrypted), u64::from(!is_taken));
    };
    let part = |index| Some(Packet { total: 2, index });
    let chance = &[0x9b; 60][..];
    check(0x0200, None, chance, false);
    check(0x0200, part(1), chance, false);
    check(0x0200, part(2), chance, true);
    check(0x0200, part(1), &LOCATION[..20], true);
    check(0x0201, None, chance, false);
    check(0x0704, None, chance, false);
    check(0x0704, None, &[0, 0, 0], true);
    check(0x0704, None, &[&[0, 1, 0, 0, 28][..], LOCATION].concat(), true);
    check(0x0100, None, chance, false);
    check(0x0702, None, &[&[1][..], chance].concat(), false);
    check(0x0900, None, chance, true);
}

#[test]
fn long_commands_are_cut_between_blocks() {
    let mut link = link(Tags(PLATFORMS));
    let own = key(TERMINALS);
    let keys = [&own.e().to_be_bytes()[..], own.n()].concat();
    say(&mut link, 0, &wire(&header(0x0a00, 1), &keys));
    let parameters = vec![(0x83, vec![b'A'; 250]); 8];
    let command = Command::SetParameters(parameters);
    let send = |link: &mut Link<u64>| {
        link.handle_command(ReceiveTime::default(), "13800000001".parse().unwrap(), &command).unwrap();
        frames(&drain(link).1)
    };
    let plain: Vec<u8> = send(&mut link).into_iter().flat_map(|(_, body)| body).collect();
    say(&mut link, 0, &sealed(header(0x0002, 2), &[]));
    let packages = send(&mut link);
    let lengths: Vec<usize> = packages.iter().map(|(_, body)| body.len() / BLOCK_BYTES).collect();
    assert_eq!(lengths, [7, 7, 4]);
    let mut opened = Vec::new();
    for (header, body) in &packages {
        assert!(header.is_rsa());
        opened.extend(Tags(TERMINALS).decrypt(ReceiveTime::default(), body).unwrap());
    }
    assert_eq!(opened, plain);
}

#[test]
fn a_command_that_cannot_be_encrypted_is_not_sent_in_plain() {
    let mut link = link(Never);
    let own = key(TERMINALS);
    say(&mut link, 0, &wire(&header(0x0a00, 1), &[&own.e().to_be_bytes()[..], own.n()].concat()));
    let terminal = "13800000001".parse().unwrap();
    let text = Command::SetParameters(vec![(0x55, vec![0, 0, 0, 80])]);
    say(&mut link, 0, &wire(&header(0x0002, 2).with_rsa(), &[]));
    let now = ReceiveTime::default();
    assert_eq!(link.handle_command(now, terminal, &text), Err(Busy::Full));
    assert_eq!(drain(&mut link).1, []);
}
