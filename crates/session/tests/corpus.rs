//! The inputs kept from fuzzing, and the seeds fuzzing begins with, hold without an engine.
//!
//! One test: the heap is measured, and another thread would be counted as well.

mod property;

use property::parts;

#[test]
fn every_input_kept_from_fuzzing_holds() {
    let text = include_str!("../fuzz/parts.txt");
    let kept = text.lines().map(|line| {
        let digits = line.as_bytes().as_chunks::<2>().0.iter();
        let byte = |pair: &[u8; 2]| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        digits.map(|pair| byte(pair).expect("hex")).collect::<Vec<u8>>()
    });
    kept.chain(parts::seeds()).for_each(|input| parts::check_heap(&input));
}
