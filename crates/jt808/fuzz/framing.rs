//! Fuzz target: any stream, sliced in any way. `cargo xtask fuzz framing` runs it; by itself it writes its seeds.
#![cfg_attr(fuzzing, no_main)]

#[path = "../tests/property/mod.rs"]
mod property;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::framing::check(input);
    property::framing::check_heap(input);
});

#[cfg(not(fuzzing))]
fn main() {
    property::vectors::write_seeds(&property::vectors::framing_seeds());
}
