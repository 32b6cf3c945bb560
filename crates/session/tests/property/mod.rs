//! What holds for any parts of any messages. The test of the inputs kept from fuzzing and the fuzz target call the
//! same functions.

#![allow(dead_code, reason = "each user takes its part")]

#[path = "../../../jt808/tests/property/heap.rs"]
pub mod heap;
pub mod parts;
