//! What hostile terminals send, for the tests that need not know what it is.

#![allow(dead_code, reason = "each user takes its part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

use jt808::{Edition, Header, Packet, Phone, encode_frame};

/// What it is called, and the bytes of so manieth connection.
pub type Kind = (&'static str, fn(u64) -> Vec<u8>);

/// Every kind; each is some frames or some kilobytes.
pub const KINDS: [Kind; 11] = [
    ("batches that claim more than they hold", batches),
    ("bytes without an end", |_| [&[0x7e][..], &[0x55; 40_000]].concat()),
    ("contradicting totals and numbers", contradictions),
    ("delimiters alone", |_| vec![0x7e; 20_000]),
    ("escapes alone", |_| {
        [&[0x7e, 0x7d, 0x7d, 0x7e][..], &[0x7d, 0x01, 0x7d, 0x02].repeat(300), &[0x7e]].concat().repeat(20)
    }),
    ("guessed codes", guesses),
    ("packages of 65,535 parts", packages),
    ("registrations", |number| {
        many(100, |serial| frame(number * 100 + u64::from(serial), 0x0100, serial, &[0x30; 45]))
    }),
    ("strangers", |number| {
        many(200, |serial| frame(900_000 + number * 200 + u64::from(serial), 0x0200, serial, &LOCATION))
    }),
    ("unknown ids", |number| many(200, |serial| frame(number, 0x0f00 + serial, serial, &[7; 40]))),
    ("wrong check bytes", |number| {
        many(200, |serial| {
            let mut wrong = frame(number, 0x0200, serial, &LOCATION);
            let at = wrong.len() - 3;
            wrong[at] ^= 0x10;
            wrong
        })
    }),
];

/// 0x0002 without an end in sight: each is answered, and whoever sends them may read none.
pub fn heartbeats(number: u64) -> Vec<u8> {
    many(1_000, |serial| frame(number, 0x0002, serial, &[]))
}

/// Codes that are not that terminal's.
pub fn guesses(number: u64) -> Vec<u8> {
    many(200, |serial| frame(number, 0x0102, serial, b"123456789012"))
}

fn batches(number: u64) -> Vec<u8> {
    let claims: [&[u8]; 4] = [
        &[0xff, 0xff, 1],
        &[0xff, 0xff, 1, 0xff, 0xff, 0, 0],
        &[0, 2, 0, 0, 28, 1, 2, 3],
        &[0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    many(100, |serial| frame(number, 0x0704, serial, claims[usize::from(serial % 4)]))
}

fn contradictions(number: u64) -> Vec<u8> {
    let packets =
        [(0, 0), (0, 1), (1, 0), (2, 3), (65_535, 0), (3, 65_535), (5, 1), (4, 1), (3, 1), (65_535, 65_535)];
    many(100, |serial| {
        let (total, index) = packets[usize::from(serial % 10)];
        part(number, 0x0704, serial, Packet { total, index })
    })
}

/// Parts of many messages, none of which is ever whole.
fn packages(number: u64) -> Vec<u8> {
    let id = |serial: u16| [0x0801, 0x0200, 0x0704, 0x0900][usize::from(serial % 4)];
    many(60, |serial| {
        part(number, id(serial), serial.wrapping_mul(77), Packet { total: 65_535, index: serial + 1 })
    })
}

fn many(count: u16, each: impl Fn(u16) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(each).collect()
}

fn part(number: u64, id: u16, serial: u16, packet: Packet) -> Vec<u8> {
    let header = Header { packet: Some(packet), ..header(number, id, serial) };
    let mut wire = Vec::new();
    encode_frame(&header, &[1; 800], &mut wire);
    wire
}

fn frame(number: u64, id: u16, serial: u16, body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    encode_frame(&header(number, id, serial), body, &mut wire);
    wire
}

fn header(number: u64, id: u16, serial: u16) -> Header {
    let number = (number % NUMBERS).to_string();
    Header::new(id, Edition::V2013, Phone::from_digits(&number, Edition::V2013).unwrap(), serial)
}

/// A number has twelve digits (2013, 4.4.3).
const NUMBERS: u64 = 1_000_000_000_000;

const LOCATION: [u8; 28] = [
    0, 0, 0, 0, 0, 0, 0, 3, 0x01, 0xc4, 0xaa, 0x90, 0x05, 0x6e, 0x8d, 0x20, 0x0e, 0x42, 0x02, 0x58, 0, 0x5a,
    0x26, 0x01, 0x01, 0x08, 0, 0,
];
