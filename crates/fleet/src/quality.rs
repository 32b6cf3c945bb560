//! What the national scoring asks about a vehicle's data: counts of one vehicle on one day in China.

use serde::{Deserialize, Serialize};

use crate::TerminalId;

/// The alarm bits of JT/T 808 that speak of the terminal itself are 4 to 12.
pub const FAULT_BITS: usize = 9;
/// The first of them.
pub const FAULT_BIT_FIRST: u32 = 4;

/// Counts of one day; each is the whole day's so far, so that saying it again changes nothing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct DayCount {
    /// Days since 1970-01-01 in China Standard Time.
    pub day: i32,
    /// Everything that was counted here; it only rises, so of two accounts of a day the one with more knows more.
    pub seen: u32,
    /// Position reports that were judged; those without a fix are not among them.
    pub reports: u32,
    /// Of these with a time, place, speed or altitude that can't be (assessment rules of the joint monitoring network).
    pub invalid: u32,
    /// Reports in which the terminal itself said that it has no fix.
    pub unlocated: u32,
    /// Way between fixes no further apart than the gap of the rules, tenths of a metre.
    pub continuous_dm: u32,
    /// Straight way over longer gaps, tenths of a metre.
    pub broken_dm: u32,
    /// Driven past the limit of driving time, seconds.
    pub fatigue_s: u32,
    /// Fixes further from the one before than anybody drives.
    pub jumps: u16,
    /// Speeding of 30 s and more; several inside one minute are one.
    pub overspeeds: u16,
    /// `device-tamper` alerts of severity major and above.
    pub tampers: u16,
    /// Whether anything was received on this day.
    pub heard: bool,
    /// Reports with each of the alarm bits 4 to 12; `None`: none of them.
    pub faults: Option<Box<[u16; FAULT_BITS]>>,
}

/// The counts of a vehicle's day and whose vehicle it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// The vehicle.
    pub terminal: TerminalId,
    /// Its operator on file; empty where it is not.
    pub operator: String,
    /// What was counted.
    pub count: DayCount,
}
