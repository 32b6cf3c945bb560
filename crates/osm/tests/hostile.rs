//! Files that are none, that end early, that lie about their sizes: an error that says what and where, never a panic, and
//! never more memory than a blob may have.

mod pbf;

use std::io::{self, Cursor};

use osm::{Limits, import};
use pbf::{Style, blob, bytes, file, framed, number};

const MAP: &str = "
    n1 0 0 railway=level_crossing
    n2 600 0
    n3 1200 0
    w1 n1 n2 n3 highway=primary bridge=yes maxspeed=80 hazmat=no
    r1 outer:w1 type=multipolygon boundary=water_protection_area
";

/// The error, or `fine`.
fn read(file: &[u8]) -> String {
    match import(Cursor::new(file), Limits::default(), (&mut io::sink(), &mut io::sink()), &mut |_, _| {}) {
        Ok(_) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_pbf_says_what_it_seems_to_be() {
    for (file, found) in [
        (&b""[..], "nothing"),
        (b"abc", "\"abc\""),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip data"),
        (b"PK\x03\x04....", "a zip archive"),
        (
            b"<?xml version='1.0'?><osm/>",
            "\"<?xml version='1\" (OpenStreetMap XML has to be converted first)",
        ),
        (b"\0\0\0\x04\xff\xff\xff\xff", "\"\\0\\0\\0\\u{4}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\""),
        (&blob("OSMData", b"", false), "a blob header named \"OSMData\""),
    ] {
        let text =
            format!("is no .osm.pbf file: it begins with {found}, expected a blob header named OSMHeader");
        assert_eq!(read(file), text);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_or_whole_blobs() {
    for plain in [false, true] {
        let whole = file(MAP, Style { block: 1, plain, ..Style::default() });
        assert_eq!(read(&whole), "fine");
        let mut fine = 0;
        for end in 0..whole.len() {
            let text = read(&whole[..end]);
            fine += u32::from(text == "fine");
            let named = text.contains("cut off") || text.contains("is no .osm.pbf file");
            assert!(text == "fine" || named, "{end}: {text}");
        }
        assert_eq!(fine, 5); // Between two blobs nothing shows that more should follow.
        let text = read(&whole[..whole.len() - 7]);
        assert!(text.starts_with("ends inside the blob at byte "), "{text}");
        assert!(text.contains("expected 7 bytes more"), "{text}");
    }
}

#[test]
fn no_byte_changed_makes_it_panic() {
    let whole = file(MAP, Style { plain: true, ..Style::default() });
    for place in 0..whole.len() {
        for value in [0, 0x7f, 0xff, whole[place] ^ 1] {
            let mut changed = whole.clone();
            changed[place] = value;
            read(&changed);
        }
    }
}

/// A good header, then this.
fn after_header(more: &[u8]) -> Vec<u8> {
    let mut file = file("", Style::default());
    file.extend(more);
    file
}

#[test]
fn sizes_beyond_the_formats_limits_are_refused_before_they_are_believed() {
    let damage = |more: &[u8]| {
        let text = read(&after_header(more));
        let (place, what) = text.split_once(" is damaged: ").unwrap_or(("", &text));
        assert!(place.starts_with("the blob at byte "), "{text}");
        what.to_owned()
    };
    assert_eq!(damage(&[0x7f, 0xff, 0xff, 0xff]), "a header of 2147483647 bytes, expected at most 65536");
    assert_eq!(
        damage(&framed("OSMData", 33_554_433, b"")),
        "a blob of 33554433 bytes, expected at most 33554432"
    );
    assert_eq!(
        damage(&framed("OSMData", u64::MAX, b"")),
        "a blob of 18446744073709551615 bytes, expected at most 33554432"
    );
    // 33 MB of zeros in 33 kB.
    let bomb = blob("OSMData", &vec![0; 33_554_433], false);
    assert!(bomb.len() < 40_000);
    assert_eq!(damage(&bomb), "more than 33554432 bytes unpacked, expected at most those");
}

#[test]
fn damage_inside_a_blob_is_named() {
    let packed = |field: u64| {
        let mut packed = Vec::new();
        bytes(&mut packed, field, b"what?");
        framed("OSMData", packed.len() as u64, &packed)
    };
    let block = |group: &[u8]| {
        let mut block = Vec::new();
        bytes(&mut block, 2, group);
        blob("OSMData", &block, false)
    };
    for (more, text) in [
        (packed(3), "corrupt deflate stream, expected zlib data"),
        (packed(6), "LZ4 compression, expected zlib or none"),
        (packed(7), "Zstandard compression, expected zlib or none"),
        (framed("OSMData", 0, b""), "no data, expected zlib or raw data"),
        (block(b"\x1a\x7f"), "a field ends outside its message, expected a block of OpenStreetMap data"),
        (
            block(b"\x1a\x08\x08\x01\x12\x01\x63\x1a\x01\x63"),
            "a reference outside the table of strings, expected a block of OpenStreetMap data",
        ),
        (blob("Unheard", b"what?", false), "fine"),
    ] {
        let found = read(&after_header(&more));
        assert!(found.ends_with(text), "{found}");
    }
}

#[test]
fn a_file_that_asks_for_more_than_is_known_is_refused() {
    let mut header = Vec::new();
    bytes(&mut header, 4, b"OsmSchema-V0.6");
    bytes(&mut header, 4, b"HistoricalInformation");
    number(&mut header, 32, 1);
    assert_eq!(
        read(&blob("OSMHeader", &header, false)),
        "needs the feature \"HistoricalInformation\" of its reader, expected OsmSchema-V0.6 and DenseNodes only"
    );
}
