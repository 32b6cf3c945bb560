//! Round trip, any slicing, no input panics; and frames seen elsewhere, where they are at hand.

mod property;

use jt808::{Edition, Frame, Header, Phone, encode_frame, name_of, unescape};
use proptest::prelude::*;

/// Bytes rich in delimiters and escapes.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![2 => Just(0x7e_u8), 2 => Just(0x7d), 1 => Just(1), 1 => Just(2), 6 => any::<u8>()];
    prop_oneof![
        prop::collection::vec(byte, 0..300),
        // Runs around the longest there is, and beyond it.
        prop::collection::vec(0..3_000_usize, 0..4).prop_map(|runs| {
            runs.into_iter().flat_map(|len| [&[0x7e][..], &vec![0x55; len]].concat()).collect()
        })
    ]
}

proptest! {
    #[test]
    fn any_slicing_gives_the_same_pieces(stream in stream(), size: u8) {
        property::framing::check(&[&[size][..], &stream].concat());
    }

    #[test]
    fn a_frame_comes_back_as_it_went(id: u16, serial: u16, v2019: bool, body in prop::collection::vec(any::<u8>(), 0..1_023)) {
        let edition = if v2019 { Edition::V2019 } else { Edition::V2013 };
        let header = Header::new(id, edition, Phone::from_digits("13989012345", edition).unwrap(), serial);
        let (mut wire, mut plain) = (Vec::new(), Vec::new());
        encode_frame(&header, &body, &mut wire);
        unescape(&wire, &mut plain).unwrap();
        let frame = Frame::decode(&plain).unwrap();
        prop_assert_eq!(frame.header, header);
        prop_assert_eq!(frame.body, body.as_slice());
    }

    #[test]
    fn any_body_is_an_error_or_comes_back(
        id in prop::sample::select(ids()),
        edition in prop::sample::select(vec![Edition::V2011, Edition::V2013, Edition::V2019]),
        body in prop::collection::vec(any::<u8>(), 0..160),
    ) {
        property::message::check(&property::message::input(id, edition, &body));
    }
}

/// Every id of the standards, and one that is in none.
fn ids() -> Vec<u16> {
    (0..=u16::MAX).filter(|id| name_of(*id) != "unknown").chain([0x0f01]).collect()
}

/// Frames refused, by id and reason: answers without a body, and attributes one byte short of every known layout.
const REFUSED: &[(&str, &str)] = &[
    ("8001", "answered serial needs 2 bytes, 0 are left"),
    ("8100", "answered serial needs 2 bytes, 0 are left"),
    ("0107", "gnss needs 1 bytes, 0 are left"),
];

#[test]
fn frames_seen_elsewhere_decode() {
    let path = std::env::var("JT808_FRAMES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/frames.jsonl").into()
    });
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no frames at {path}");
        return;
    };
    let mut failed = Vec::new();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        if row["checksum_ok"] != true {
            continue;
        }
        let hex = row["hex"].as_str().unwrap();
        if let Err(error) = decode(hex)
            && !REFUSED.iter().any(|(id, reason)| row["id"] == *id && error == *reason)
        {
            failed.push(format!("{} {hex}: {error}", row["id"]));
        }
    }
    assert!(failed.is_empty(), "{}\n{}", failed.len(), failed.join("\n"));
}

fn decode(hex: &str) -> Result<(), String> {
    let raw: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("the file holds hex"))
        .collect();
    let mut plain = Vec::new();
    unescape(&raw, &mut plain).map_err(|error| error.to_string())?;
    let frame = Frame::decode(&plain).map_err(|error| error.to_string())?;
    match frame.message() {
        Ok(_) | Err(jt808::DecodeError::Packaged { .. } | jt808::DecodeError::Encrypted) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
