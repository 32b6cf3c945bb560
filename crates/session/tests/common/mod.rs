//! What several tests of this crate stand on.

#![allow(dead_code, reason = "each user takes its part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

pub mod played;
pub mod tags;
