//! The monitoring rules: observations of terminals in, alerts out, the same ones every time.
//!
//! ```text
//!                Book, Registry, Map
//!                        │
//! Observation ─▶ track ─▶ kind/… ─▶ episode ─▶ scene ─▶ Alert
//!              evidence?  signals   hold, worse,  words
//!                                   ended?
//! ```
//!
//! [`Engine`] is pure: the moment of receipt and the terminal's own clock come in with each observation, deadlines
//! are part of the [`State`], and the same observations give the same alerts, also over a restart that saved and
//! restored the state in between.
//!
//! Noise is not evidence: a fix nobody can have driven to, a position that stands still at speed, or one the
//! terminal calls invalid is a [`Fault`], counted, and judged by `gnss-fault` alone. Reports that come late run
//! through a lane of their own whose alerts are `late`; they neither clear nor move anything live.
//!
//! This crate does **not** read files or clocks, knows no geometry (that is [`fleet::Map`]) and publishes nothing.

mod book;
mod engine;
mod episode;
mod kind;
mod lane;
mod law;
mod scene;
mod signal;
mod track;
mod vehicle;

pub use book::*;
pub use engine::{Engine, Fault, State, Verdict};
