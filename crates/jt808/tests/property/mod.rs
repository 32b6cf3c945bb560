//! What holds for any bytes. The properties, the inputs kept from fuzzing and the fuzz targets call the same functions.

#![allow(dead_code, reason = "each user takes its part")]

pub mod block;
pub mod framing;
pub mod heap;
pub mod message;
pub mod vectors;
