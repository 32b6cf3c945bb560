//! Chores and the tests of the house rules. `cargo xtask test` runs everything.
fn main() {}
