//! The inputs kept from fuzzing, and the seeds fuzzing begins with, hold without an engine.
//!
//! One test: the heap is measured, and another thread would be counted as well.

mod property;

use std::fs;
use std::path::Path;

use property::{block, framing, message, vectors};

#[test]
fn every_input_kept_from_fuzzing_holds() {
    let holds = |target, seeds: Vec<Vec<u8>>, check: fn(&[u8]), check_heap: fn(&[u8])| {
        for input in kept(target).iter().chain(&seeds) {
            check(input);
            check_heap(input);
        }
    };
    holds("block", block::seeds(), block::check, block::check_heap);
    holds("framing", vectors::framing_seeds(), framing::check, framing::check_heap);
    holds("message", vectors::message_seeds(), message::check, message::check_heap);
}

/// One input a line.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/{target}.txt"));
    let text = fs::read_to_string(path).expect("every target keeps some inputs");
    text.lines().map(vectors::raw).collect()
}
