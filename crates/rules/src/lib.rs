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
//! ```
//! # use std::sync::Arc;
//! # use fleet::{DailyHours, Division, Leg, LonLat, Map, RouteIndex, Zone, ZoneHit, ZoneIndex};
//! # struct Empty;
//! # impl Map for Empty {
//! #     fn zones(&self, _: Leg, hits: &mut Vec<ZoneHit>) { hits.clear() }
//! #     fn clearance_m(&self, _: LonLat) -> f64 { f64::INFINITY }
//! #     fn zone(&self, _: ZoneIndex) -> &Zone { unreachable!("it gave out no index") }
//! #     fn zone_index(&self, _: &str) -> Option<ZoneIndex> { None }
//! #     fn route(&self, _: &str) -> Option<RouteIndex> { None }
//! #     fn off_route_m(&self, _: RouteIndex, _: LonLat) -> f64 { 0.0 }
//! #     fn route_hours(&self, _: RouteIndex) -> Option<DailyHours> { None }
//! #     fn division(&self, _: LonLat) -> Option<Division> { None }
//! # }
//! use fleet::{Card, EventTime, News, Observation, ReceiveTime, Registry, TerminalId};
//! use rules::{Book, Engine, Verdict};
//!
//! let mut engine = Engine::new(Arc::new(Book::default().into()), Arc::new(Registry::default()), Arc::new(Empty));
//! let card = Card { at: EventTime::from_ms(0), certificate: None, name: None, inserted: false };
//! let observation = Observation {
//!     terminal: TerminalId::parse("13800000001")?,
//!     received: ReceiveTime::from_ms(1_000),
//!     news: News::Card(card),
//! };
//! let mut alerts = Vec::new();
//! assert_eq!(engine.handle_observation(&observation, &mut alerts), Verdict::Other);
//! assert!(alerts.is_empty() && engine.next_timeout().is_none());
//! # Ok::<(), fleet::InvalidIdentity>(())
//! ```
//!
//! This crate does **not** read files or clocks, knows no geometry (that is [`fleet::Map`]) and publishes nothing.

mod about;
mod book;
mod crews;
mod engine;
mod episode;
mod kind;
mod lane;
mod law;
mod quality;
mod road;
mod rulebook;
mod scene;
mod shift;
mod signal;
mod structure;
mod track;
mod vehicle;

pub use about::{About, Setting, SettingKind, about, setting, settings};
pub use book::*;
pub use crews::{Crews, CrewsState};
pub use engine::{Engine, Fault, State, Verdict};
pub use kind::event::rule_of;
pub use quality::{Average, Score, Standing, rate};
pub use rulebook::{Rulebook, Selector};
pub use shift::{Shift, ShiftNews};
pub use structure::{Closure, Noticed, Reading, Reopening, Structure};
