//! roadwarden
fn main() {}
