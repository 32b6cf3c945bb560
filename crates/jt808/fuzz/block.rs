//! Fuzz target: any stream of an attachment connection. `cargo xtask fuzz block` runs it; by itself it writes its seeds.
#![cfg_attr(fuzzing, no_main)]

#[path = "../tests/property/mod.rs"]
mod property;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::block::check(input);
    property::block::check_heap(input);
});

#[cfg(not(fuzzing))]
fn main() {
    property::vectors::write_seeds(&property::block::seeds());
}
