//! Fuzz target: any parts of any messages. `cargo xtask fuzz parts` runs it; by itself it writes its seeds.
#![cfg_attr(fuzzing, no_main)]

#[path = "../tests/property/mod.rs"]
mod property;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| property::parts::check_heap(input));

#[cfg(not(fuzzing))]
fn main() {
    let directory =
        std::path::PathBuf::from(std::env::args_os().nth(1).expect("usage: fuzz-parts DIRECTORY"));
    for (place, seed) in property::parts::seeds().iter().enumerate() {
        std::fs::write(directory.join(format!("seed-{place:03}")), seed)
            .expect("the directory can be written");
    }
}
