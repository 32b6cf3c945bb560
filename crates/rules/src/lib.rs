//! The monitoring rules: observations of terminals in, alerts out, the same ones every time.

mod book;
mod engine;

pub use book::*;
pub use engine::{Engine, Fault, State, Verdict};
