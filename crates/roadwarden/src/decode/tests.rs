use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const FRAME: &str =
    "7e02000022013800138000007d02000000020000000301dc89d0073d8aa5000c0361005c2601020304050104000004e6967e";

#[test]
fn keys_come_in_the_order_of_the_contract() {
    let mut out = Vec::new();
    let all = run(&json(&[FRAME.into(), "7e00".into()], false), std::io::empty(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (good, bad) = text.split_once('\n').unwrap();
    assert_eq!(
        good,
        "{\"id\":\"0200\",\"name\":\"location-report\",\"edition\":\"2013\",\"terminal\":\"13800138000\",\"serial\":126,\"packet\":null,\
         \"body\":{\"alarm\":2,\"status\":3,\"lon\":121.473701,\"lat\":31.230416,\"altitude_m\":12,\"speed_kmh\":86.5,\
         \"heading_deg\":92,\"time\":\"2026-01-02T03:04:05+08:00\",\"items\":[{\"id\":\"01\",\"mileage_km\":125.4}]},\"warnings\":[]}"
    );
    assert!(bad.contains("\"error\"") && !all);
    assert!(json::line(&[]).unwrap().0.contains("\"error\""));
}

#[test]
fn a_tail_in_place_of_items_stands_beside_them() {
    let frame = "7e02000030013989012345009d00000000000c000301c47d0101056e6f000e4a035800b6\
                 2007152310050000000900003039007d02000000071501020304050b7e";
    let (objects, _) = decoded(&[frame.into()], false, std::io::empty());
    assert_eq!(objects[0]["body"]["items"], serde_json::json!([]));
    assert_eq!(objects[0]["body"]["tail"]["odometer_km"], 12_345);
    assert_eq!(objects[0]["body"]["tail"]["battery_v"], 12.6);
}

fn json(hex: &[String], raw: bool) -> Decode {
    Decode { hex: hex.to_vec(), format: Format::Json, full: false, raw }
}

/// Lines of JSON and whether all could be decoded.
fn decoded(hex: &[String], raw: bool, input: impl Read) -> (Vec<serde_json::Value>, bool) {
    let mut out = Vec::new();
    let all = run(&json(hex, raw), input, &mut out).unwrap();
    let lines = String::from_utf8(out).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), all)
}

#[test]
fn lines_may_hold_spaces_and_capitals_and_empty_ones_are_passed_over() {
    let input = format!("\n{}\n  \n{} {}\n", FRAME.to_uppercase(), &FRAME[..20], &FRAME[20..]);
    let (objects, all) = decoded(&[], false, input.as_bytes());
    assert!(all);
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0], objects[1]);
    assert_eq!(objects[0]["serial"], 126);
}

#[test]
fn a_line_that_is_no_frame_gives_its_reason_and_costs_no_other() {
    let input = format!("7g\n7e0\n{FRAME}\n{}97e\n", &FRAME[..FRAME.len() - 3]);
    let (objects, all) = decoded(&[], false, input.as_bytes());
    assert!(!all);
    let reasons: Vec<_> = objects.iter().map(|object| object["error"].as_str()).collect();
    let hex = Some("hex text expected, two digits a byte");
    assert_eq!(reasons, [hex, hex, None, Some("checksum is 0x99, expected 0x96")]);
    assert_eq!((&objects[0]["hex"], &objects[1]["hex"]), (&"7g".into(), &"7e0".into()));
}

#[test]
fn a_byte_stream_is_cut_into_frames_wherever_a_read_ends() {
    let frame = hex::parse(FRAME).unwrap();
    // Junk, two frames that share a delimiter, and a third with a wrong check byte.
    let mut stream = [&[0x24, 0x24][..], &frame, &frame[1..]].concat();
    stream.extend([0x7e, 0x01, 0x02, 0x7e]);
    let (objects, all) = decoded(&[], true, stream.as_slice());
    assert!(!all);
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[0], objects[1]);
    assert_eq!(objects[2]["error"], "checksum is 0x02, expected 0x01");
    assert_eq!(objects[2]["hex"], "7e01027e");
    let (first, second) = stream.split_at(31);
    assert_eq!(decoded(&[], true, first.chain(second)), (objects, all));
}

#[test]
fn arguments_come_before_the_input() {
    let (objects, all) = decoded(&[FRAME.into()], true, &b"not read"[..]);
    assert_eq!((objects.len(), all), (1, true));
}

#[test]
fn one_package_is_a_good_frame_with_a_raw_body() {
    let (objects, all) =
        decoded(&["7e080120020139890123450030000300020102cf7e".into()], false, std::io::empty());
    assert!(all, "{objects:?}");
    assert_eq!(objects[0]["packet"], serde_json::json!({"total": 3, "index": 2}));
    assert_eq!(objects[0]["body"], serde_json::json!({"raw": "0102"}));
}

#[test]
fn what_was_odd_is_listed() {
    let wrong_length = FRAME.replacen("0022", "0023", 1).replace("967e", "977e");
    let (objects, all) = decoded(&[wrong_length], false, std::io::empty());
    assert!(all);
    assert_eq!(objects[0]["warnings"], serde_json::json!(["length-field"]));
}

/// The listing of frames in a format, and whether all could be decoded.
fn listed(format: Format, full: bool, hex: &[String]) -> (String, bool) {
    let (args, mut out) = (Decode { hex: hex.to_vec(), format, full, raw: false }, Vec::new());
    let all = run(&args, std::io::empty(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), all)
}

fn protocol() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/jt808/vectors")
}

/// The bytes of a vector in hex, and what stands below its line.
fn vector(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap();
    let (above, below) = text.split_once("---\n").unwrap();
    (above.lines().filter(|line| !line.starts_with('#')).collect(), below.to_owned())
}

fn vectors() -> impl Iterator<Item = PathBuf> {
    let list = |path: PathBuf| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    list(protocol()).flat_map(list)
}

/// What stands in the second column.
fn bytes_of(listing: &str) -> String {
    let rows = listing.lines().filter(|line| line.starts_with([' ', '?', '!']));
    let numbered =
        rows.filter(|row| row.get(2..7).is_some_and(|offset| offset.trim().parse::<usize>().is_ok()));
    numbered.filter_map(|row| row.get(9..)?.split(' ').next()).collect()
}

#[test]
fn all_bytes_of_a_frame_stand_in_the_full_listing_once() {
    for path in vectors() {
        let raw = hex::parse(&vector(&path).0).unwrap();
        let (listing, _) = listed(Format::Annotated, true, &[hex::print(&raw)]);
        assert_eq!(
            bytes_of(&listing),
            hex::print(&jt808::annotate(&raw).plain),
            "{}\n{listing}",
            path.display()
        );
    }
}

#[test]
fn the_formats_agree_on_what_could_be_decoded() {
    for path in vectors() {
        let (hex, expected) = vector(&path);
        let all = [Format::Json, Format::Text, Format::Annotated]
            .map(|format| listed(format, false, std::slice::from_ref(&hex)).1);
        assert!(all.iter().all(|decoded| *decoded == all[0]), "{all:?} {}", path.display());
        let (text, _) = listed(Format::Text, false, &[hex]);
        let first = |text: &str| text.lines().next().map(str::to_owned);
        assert_eq!(first(&text), first(&expected), "{}", path.display());
    }
}

/// Listings in `tests/decode`, by the vector whose frame they explain.
const GOLDEN: &[&str] = &[
    "0100-registration/edition-2019",
    "0200-location-report/adas-and-driver-state",
    "0200-location-report/cut-base",
    "0200-location-report/encrypted",
    "0200-location-report/odd-items",
    "0200-location-report/tyres-and-blind-spot",
    "0704-location-batch/one-bad",
    "8103-set-parameters/edition-2013",
    "refused/checksum",
    "refused/escape",
];

#[test]
fn listings_read_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode");
    let mut wrong = Vec::new();
    for name in GOLDEN {
        let (hex, _) = vector(&protocol().join(format!("{name}.txt")));
        let (listing, _) = listed(Format::Annotated, false, &[hex]);
        let file = folder.join(format!("{}.txt", name.replace('/', "-")));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&file, &listing).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != listing {
            wrong.push(format!("{}\nfound\n{listing}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_long_field_is_cut_short_unless_asked_for() {
    let (hex, _) = vector(&protocol().join("0100-registration/edition-2019.txt"));
    let (short, _) = listed(Format::Annotated, false, std::slice::from_ref(&hex));
    assert!(short.contains("00000000000000000000000000000000… 30 B  终端型号 model"), "{short}");
    let (full, _) = listed(Format::Annotated, true, &[hex]);
    assert!(full.contains("     33  00000000000000000000000000000000  终端型号 model"), "{full}");
    assert!(full.contains("\n     49  000000000000004d4f44454c3139\n"), "{full}");
}

#[test]
fn the_message_is_explained_behind_its_last_package() {
    let phone = jt808::Phone::from_digits("13800000001", jt808::Edition::V2013).unwrap();
    let package = |index: u16, body: &[u8]| {
        let mut header = jt808::Header::new(0x8301, jt808::Edition::V2013, phone, index);
        header.packet = Some(jt808::Packet { total: 2, index });
        let mut wire = Vec::new();
        jt808::encode_frame(&header, body, &mut wire);
        hex::print(&wire)
    };
    let (listing, all) = listed(Format::Annotated, false, &[package(1, &[2, 1, 7]), package(2, &[1, b'a'])]);
    assert!(all);
    let (_, joined) =
        listing.split_once("合并 joined  8301 事件设置 event-set  terminal=13800000001 bytes=5\n").unwrap();
    let rows = [
        "      0  02    类型 kind       2  追加事件 / add",
        "      1  01    数量 count      1",
        "               事件项 events   #1",
        "      2  07      ID id         7",
        "      3  0161    内容 content  a",
    ];
    assert_eq!(joined.lines().collect::<Vec<_>>(), rows);
}

#[test]
fn what_is_no_frame_is_said_in_every_format() {
    let check = |format, expected: &str| {
        let (text, all) = listed(format, false, &["7g".into()]);
        assert!(!all && text.ends_with(expected), "{text}");
    };
    check(Format::Json, "{\"error\":\"hex text expected, two digits a byte\",\"hex\":\"7g\"}\n");
    check(Format::Text, "refused  hex text expected, two digits a byte\n  raw      7g\n");
    check(
        Format::Annotated,
        "拒收 refused  应为十六进制文本，每字节两位 / hex text expected, two digits a byte\n  7g\n",
    );
}

#[test]
fn a_byte_stream_reads_the_same_in_every_format() {
    let stream = [hex::parse(FRAME).unwrap(), hex::parse(FRAME).unwrap()].concat();
    for format in [Format::Text, Format::Annotated] {
        let (mut out, args) = (Vec::new(), Decode { hex: Vec::new(), format, full: false, raw: true });
        assert!(run(&args, stream.as_slice(), &mut out).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), listed(format, false, &[FRAME.into(), FRAME.into()]).0);
    }
}

#[test]
fn the_sample_in_the_readme_is_what_is_printed() {
    let text = fs::read_to_string(protocol().join("../../README.md")).unwrap();
    let (_, sample) = text.split_once("$ roadwarden decode --format annotated ").expect("a sample");
    let (hex, rest) = sample.split_once('\n').unwrap();
    let (expected, _) = rest.split_once("```").unwrap();
    assert_eq!(listed(Format::Annotated, false, &[hex.to_owned()]).0, expected);
}
