//! `[gateway.limits]`: how fast terminals are let in and read.

use ipnet::IpNet;

use crate::problem::Collector;
use crate::table::Table;

/// Limits of the terminals' ports over TCP. A carrier's address stands for hundreds of terminals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections accepted a second; more wait.
    pub accepts_per_second: u32,
    /// Connections accepted from one address a second; more are closed at once.
    pub address_accepts_per_second: u32,
    /// Connections of one address at once; more are closed at once.
    pub address_connections: u32,
    /// What is read from one connection a second, in KiB; it waits with more.
    pub connection_kib_per_second: u32,
    /// Frames taken from one connection a second; it waits with more.
    pub connection_frames_per_second: u32,
    /// Networks whose connections are limited neither by address nor in speed; those of `relays` never are.
    pub unlimited: Vec<IpNet>,
}

pub(crate) fn lower(table: &mut Table<'_>, out: &mut Collector) -> Limits {
    let mut number =
        |key, default, most| u32::try_from(table.integer(key, default, (1, most), out)).unwrap_or(u32::MAX);
    let limits = Limits {
        accepts_per_second: number("accepts_per_second", 5_000, 1_000_000),
        address_accepts_per_second: number("address_accepts_per_second", 200, 1_000_000),
        address_connections: number("address_connections", 4_000, 1_000_000),
        connection_kib_per_second: number("connection_kib_per_second", 256, 1_000_000),
        connection_frames_per_second: number("connection_frames_per_second", 500, 1_000_000),
        unlimited: if table.has("unlimited") {
            table.networks("unlimited", out)
        } else {
            table.pass(&["unlimited"]);
            THIS_MACHINE.iter().filter_map(|network| network.parse().ok()).collect()
        },
    };
    table.finish(out);
    limits
}

const THIS_MACHINE: [&str; 2] = ["127.0.0.0/8", "::1/128"];
