//! Fuzz target: any body under any id. `cargo xtask fuzz message` runs it; by itself it writes its seeds.
#![cfg_attr(fuzzing, no_main)]

#[path = "../tests/property/mod.rs"]
mod property;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::message::check(input);
    property::message::check_heap(input);
});

#[cfg(not(fuzzing))]
fn main() {
    property::vectors::write_seeds(&property::vectors::message_seeds());
}
