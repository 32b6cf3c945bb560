//! Frames of other implementations, many from real terminals, sent over TCP in one connection per terminal, whole and
//! cut at any place: what is answered and counted equals what `decode` says of each frame.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use harness::{BINARY, Home, Server, Terminal, eventually, frame, hex, location, now_ms, shared};

#[test]
fn frames_seen_elsewhere_are_counted_as_decode_has_them() {
    let Some(path) = shared("vectors/frames.jsonl") else {
        eprintln!("skipped: the collection of frames seen elsewhere is not on this machine");
        return;
    };
    let frames: Vec<(String, Vec<u8>)> = fs::read_to_string(path).unwrap().lines().map(parse).collect();
    assert!(frames.len() > 300);
    let undecodable = decode_errors(&frames);
    let mut links: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for (terminal, frame) in &frames {
        links.entry(terminal).or_default().push(frame);
    }

    let whole = serve("whole", &links, frames.len(), &mut |frame| vec![frame.len()]);
    let mut numbers = 0x9e37_79b9_u32;
    let cut = serve("cut", &links, frames.len(), &mut |frame| {
        // Pieces of 1 to 16 bytes, the same in every run.
        let mut cuts = Vec::new();
        let mut left = frame.len();
        while left > 0 {
            numbers = numbers.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let piece = left.min(1 + (numbers >> 28) as usize);
            cuts.push(piece);
            left -= piece;
        }
        cuts
    });
    assert_eq!(whole, cut, "cutting the stream changed what came of it");
    // An encrypted body is no mistake: `decode` carries it whole, the gateway says that it has no key.
    let refused: u64 = ["frame", "body"].iter().map(|reason| whole.rejected.get(*reason).unwrap_or(&0)).sum();
    assert_eq!(refused, undecodable, "{:?}", whole.rejected);
}

/// Serial of a report that is sent behind the frames of each connection; none of them has it.
const LAST: u16 = 0xfffe;

/// What came of all frames.
#[derive(Debug, PartialEq)]
struct Outcome {
    answers: BTreeMap<String, Vec<(u16, Vec<u8>)>>,
    rejected: BTreeMap<String, u64>,
}

fn serve(
    name: &str,
    links: &BTreeMap<&str, Vec<&[u8]>>,
    frames: usize,
    cuts: &mut dyn FnMut(&[u8]) -> Vec<usize>,
) -> Outcome {
    let home = Home::new(name, "");
    let config = fs::read_to_string(home.config()).unwrap();
    home.write("roadwarden.toml", &config.replace("[gateway]", "[gateway]\nadmission = \"open\""));
    let server = Server::start(&home);
    let mut answers = BTreeMap::new();
    for (terminal, frames) in links {
        let mut link = Terminal::connect(server.gateway).unwrap();
        for frame in frames {
            let mut rest = *frame;
            for cut in cuts(frame) {
                let (piece, left) = rest.split_at(cut);
                link.send(piece).unwrap();
                rest = left;
            }
        }
        // A report is answered once it is durable, in order: with the answer to this one all others are here.
        link.send(&frame(0x0200, "199", LAST, &location(now_ms(), 91.1, 29.6, 40.0, 0))).unwrap();
        link.read_until("the answer to the last report", |t| t.acknowledged.contains(&LAST));
        link.finish();
        let last = (0x8001, [&LAST.to_be_bytes()[..], &[0x02, 0x00, 0]].concat());
        // The platform's own serials are no property of the frames, nor is what it says by its clock: the time, what is
        // missing of a message after some silence, and which files it wants once an alert is raised.
        let mut said: Vec<_> = link
            .answers
            .into_iter()
            .filter(|answer| !matches!(answer.0, 0x8003 | 0x8004 | 0x9208) && *answer != last)
            .map(without_code)
            .collect();
        said.sort();
        answers.insert((*terminal).to_owned(), said);
    }
    let metrics = eventually("all frames are counted", || {
        let (_, metrics) = server.get("", "/metrics");
        let sent = (frames + links.len()) as u64;
        (value(&metrics, "roadwarden_frames_received_total") == Some(sent)).then_some(metrics)
    });
    let rejected = ["body", "code", "encrypted", "flood", "frame", "terminals", "unadmitted"]
        .iter()
        .filter_map(|reason| {
            let key = format!("roadwarden_frames_rejected_total{{reason=\"{reason}\"}}");
            Some(((*reason).to_owned(), value(&metrics, &key).filter(|count| *count > 0)?))
        });
    let outcome = Outcome { answers, rejected: rejected.collect() };
    assert_eq!(server.stop().0, 0);
    outcome
}

/// An authentication code depends on the installation.
fn without_code((id, mut body): (u16, Vec<u8>)) -> (u16, Vec<u8>) {
    if id == 0x8100 {
        body.truncate(3);
    }
    (id, body)
}

fn value(metrics: &str, key: &str) -> Option<u64> {
    metrics.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
}

fn parse(line: &str) -> (String, Vec<u8>) {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let hex = value["hex"].as_str().unwrap();
    let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    (value["phone"].as_str().unwrap_or("none").to_owned(), bytes)
}

fn decode_errors(frames: &[(String, Vec<u8>)]) -> u64 {
    let hex: Vec<String> = frames.iter().map(|(_, frame)| hex(frame)).collect();
    let output = Command::new(BINARY).arg("decode").args(&hex).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), frames.len());
    text.lines()
        .filter(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["error"].is_string())
        .count() as u64
}
