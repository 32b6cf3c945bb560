//! Explanations: every byte once, whatever the bytes; errors where decoding has them; and each field's line.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

use jt808::{
    Annotation, DecodeError, Edition, Frame, Header, Phone, State, annotate, annotate_body, encode_frame,
    name_of, unescape,
};
use proptest::prelude::*;

/// The bytes of all notes one after the other.
fn noted(annotation: &Annotation) -> Vec<u8> {
    let mut at = 0;
    for note in &annotation.notes {
        assert_eq!(note.at, at, "{note:?}");
        assert_eq!(annotation.bytes(note).len(), note.len);
        at += note.len;
    }
    annotation.notes.iter().flat_map(|note| annotation.bytes(note)).copied().collect()
}

/// Undoes escapes, by way of text.
fn without_escapes(raw: &[u8]) -> Vec<u8> {
    let text: String = raw.iter().map(|byte| char::from(*byte)).collect();
    let mut parts = text.split('\u{7d}');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        match part
            .strip_prefix('\u{1}')
            .map(|rest| ('\u{7d}', rest))
            .or(part.strip_prefix('\u{2}').map(|rest| ('\u{7e}', rest)))
        {
            Some((byte, rest)) => plain.extend([byte.to_string(), rest.to_owned()]),
            None => plain.extend(["\u{7d}", part]),
        }
    }
    plain.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn decodes(raw: &[u8]) -> bool {
    let mut plain = Vec::new();
    unescape(raw, &mut plain).and_then(|_| Frame::decode(&plain)).is_ok_and(|frame| {
        matches!(frame.message(), Ok(_) | Err(DecodeError::Packaged { .. } | DecodeError::Encrypted))
    })
}

fn ids() -> Vec<u16> {
    (0..=u16::MAX).filter(|id| name_of(*id) != "unknown").chain([0x0f01]).collect()
}

/// Bytes rich in delimiters and escapes.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![2 => Just(0x7e_u8), 2 => Just(0x7d), 1 => Just(1), 1 => Just(2), 6 => any::<u8>()];
    prop_oneof![prop::collection::vec(byte, 0..120), prop::collection::vec(any::<u8>(), 0..2_300)]
}

proptest! {
    #[test]
    fn any_bytes_stand_in_their_explanation_once(raw in garbage()) {
        let annotation = annotate(&raw);
        prop_assert_eq!(noted(&annotation), without_escapes(&raw));
        prop_assert_eq!(annotation.is_whole(), decodes(&raw));
    }

    #[test]
    fn any_body_stands_in_its_explanation_once(
        id in prop::sample::select(ids()), v2019: bool, packaged in prop::option::weighted(0.1, 1..4_u16), odd: u8,
        body in prop::collection::vec(any::<u8>(), 0..160),
    ) {
        let edition = if v2019 { Edition::V2019 } else { Edition::V2013 };
        let mut header = Header::new(id, edition, Phone::from_digits("13989012345", edition).unwrap(), 0x7d7e);
        header.packet = packaged.map(|index| jt808::Packet { total: 3, index });
        let mut raw = Vec::new();
        encode_frame(&header, &body, &mut raw);
        if odd < 64 {
            let place = usize::from(odd) % raw.len();
            raw[place] ^= 0x10;
        }
        let annotation = annotate(&raw);
        prop_assert_eq!(noted(&annotation), without_escapes(&raw));
        prop_assert_eq!(annotation.is_whole(), decodes(&raw));
        let alone = annotate_body(id, edition, &body);
        prop_assert_eq!(noted(&alone), body);
    }
}

/// The lines of a frame of 2013 with this body, without those of the header.
fn lines(id: u16, body: &[u8]) -> Vec<String> {
    lines_of(&annotate_body(id, Edition::V2013, body))
}

fn lines_of(annotation: &Annotation) -> Vec<String> {
    let line = |note: &jt808::Note| {
        let indent = "  ".repeat(note.depth);
        let mark = match note.state {
            State::Plain => "",
            State::Odd => "odd ",
            State::Opaque => "? ",
            State::Wrong => "! ",
        };
        let english = note.meaning.as_ref().map_or_else(String::new, |(_, english)| format!(" = {english}"));
        let value = format!("{} {}", note.value, note.unit);
        let line = format!("{} {indent}{mark}{} {}", note.len, note.name, value.trim());
        format!("{}{english}", line.trim_end())
    };
    annotation.notes.iter().map(line).collect()
}

#[test]
fn a_body_cut_inside_a_field_is_explained_up_to_it() {
    let cut = lines(0x8100, &[0, 7]);
    assert_eq!(cut, ["2 answered_serial 7", "0 ! not_understood = result needs 1 bytes, 0 are left"]);
    let cut = lines(0x0200, &[0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3]);
    assert_eq!(
        cut,
        [
            "4 alarm 0x00000002",
            "0   bit 1 = overspeed",
            "4 status 0x00000003",
            "0   bit 0 = acc-on",
            "0   bit 1 = positioned",
            "3 ! not_understood = latitude needs 4 bytes, 3 are left",
        ]
    );
}

#[test]
fn what_no_list_knows_is_said_to_be_so() {
    assert_eq!(lines(0x0001, &[0, 1, 0x82, 0x01, 9]).last().unwrap(), "1 ? result 9 = not in the list");
    assert_eq!(lines(0x0002, &[9]), ["1 ? trailing"]);
    assert_eq!(lines(0x0f01, &[1, 2]), ["2 ? raw"]);
    let bits = lines(0x8203, &[0, 1, 0x80, 0, 0, 1]);
    assert_eq!(bits[1..], ["4 alarms 0x80000001", "0   bit 0 = emergency", "0   bit 31 = illegal-door"]);
}

#[test]
fn a_number_with_a_few_codes_is_a_number() {
    let photo = [1, 0, 3, 0, 10, 0, 2, 5, 128, 64, 64, 128];
    assert_eq!(lines(0x8801, &photo)[1], "2 command 3");
    let stop = [1, 0, 0, 0, 10, 0, 2, 5, 128, 64, 64, 128];
    assert_eq!(lines(0x8801, &stop)[1], "2 command 0 = stop");
}

#[test]
fn bits_that_are_a_number_stand_beside_it() {
    let lines = lines(0x8103, &[1, 0, 0, 0, 0x64, 4, 0, 0x3d, 0, 1]);
    assert_eq!(
        lines[4..],
        [
            "4   photo_by_time 0x003d0001",
            "0     bit 0 = channel 1",
            "0     bit 16 = in minutes",
            "0   interval 30",
        ]
    );
}

#[test]
fn a_parameter_brings_its_own_word() {
    let body = [[1, 0, 0, 0xf3, 0x67, 2].as_slice(), &[2, 0xff]].concat();
    let notes = annotate_body(0x8103, Edition::V2013, &body).notes;
    let words = notes[4..].iter().map(|note| note.chinese);
    assert_eq!(words.collect::<Vec<_>>(), ["后方接近报警时间阈值", "侧后方接近报警时间阈值"]);
}

#[test]
fn a_sample_of_the_recorder_has_its_units_inside() {
    let minute = [[0x20, 0x07, 0x15, 0x23, 0x10, 0].as_slice(), &[80, 0x88], &[0xff, 0].repeat(59)].concat();
    let lines = lines(0x0700, &[[0, 1, 8].as_slice(), &minute].concat());
    assert_eq!(lines[4..6], ["2   seconds 80 km/h, low beam, brake", "2   seconds none"]);
}

#[test]
fn entries_of_a_list_are_numbered() {
    let lines = lines(0x8301, &[2, 2, 7, 1, b'a', 8, 1, b'b']);
    assert_eq!(
        lines,
        [
            "1 kind 2 = add",
            "1 count 2",
            "0 events #1",
            "1   id 7",
            "2   content a",
            "0 events #2",
            "1   id 8",
            "2   content b",
        ]
    );
}

#[test]
fn units_are_what_people_write() {
    let mut body = [0; 28].to_vec();
    body.extend([0x01, 4, 0, 0, 4, 0xe6, 0x13, 7, 0, 0, 0, 1, 0, 60, 1, 0xe1, 1, 9, 0xff]);
    let lines = lines(0x0200, &body);
    assert_eq!(
        lines[2..],
        [
            "4 lat 0.000000 °",
            "4 lon 0.000000 °",
            "2 altitude_m 0 m",
            "2 speed_kmh 0.0 km/h",
            "2 heading_deg 0 °",
            "6 time 000000000000",
            "0 items #1",
            "1   id 0x01 = mileage",
            "1   length 4",
            "4   mileage_km 125.4 km",
            "0 items #2",
            "1   id 0x13 = time on a segment",
            "1   length 7",
            "4   segment 1",
            "2   seconds 60 s",
            "1   result 1 = too long",
            "0 items #3",
            "1   ? id 0xe1 = not in the list",
            "1   length 1",
            "1   ? raw",
            "1 ? leftover",
        ]
    );
}

#[test]
fn a_refused_frame_is_explained_as_far_as_it_goes() {
    let check = |raw: &[u8], expected: &[&str]| {
        let annotation = annotate(raw);
        assert!(!annotation.is_whole());
        let marked = |line: &String| line.contains("! ") || line.contains("odd ");
        assert_eq!(lines_of(&annotation).into_iter().filter(marked).collect::<Vec<_>>(), expected);
    };
    let good = [0x7e, 0, 2, 0, 0, 1, 0x38, 0, 0x13, 0x80, 0, 0, 7, 0xaf, 0x7e];
    assert!(annotate(&good).is_whole());
    let mut wrong = good;
    wrong[13] = 0xae;
    check(&wrong, &["1 ! check_byte 0xae = wrong, expected 0xaf"]);
    check(
        &good[..10],
        &[
            "4 ! not_understood = frame has 8 bytes, expected at least 12 for its header",
            "1 ! check_byte 0x80 = wrong, expected 0x28",
            "0 odd delimiter = missing",
        ],
    );
    check(
        &[],
        &[
            "0 odd delimiter = missing",
            "0 ! not_understood = frame has 0 bytes, expected at least 12 for its header",
            "0 odd delimiter = missing",
        ],
    );
    check(
        &[&good[..12], &[0x7d, 3, 0x7e]].concat(),
        &[
            "0 ! escapes = escape 0x7d at byte 11 is followed by neither 0x01 nor 0x02",
            "1 ! check_byte 0x03 = wrong, expected 0xd5",
        ],
    );
}
