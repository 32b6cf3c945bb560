//! How fast connections are accepted and read, so that one address or one terminal takes nothing from the others.
//!
//! A carrier's address stands for hundreds of terminals: limits by address are wide, and networks may be exempt.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio::time::{Duration, Instant};

use crate::networks::{Networks, place};

/// Addresses that are remembered: some times the connections there can be. One without a connection is forgotten two
/// seconds after its last; should there be more all the same, new ones are turned away.
const ADDRESSES_MAX: usize = 65_536;
/// What may come at once, of what may come a second: terminals connect in bursts after a gap in the network.
const BURST: f64 = 2.0;

/// Limits of the terminals' port. They hold for TCP, plain and TLS together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections accepted a second; more wait.
    pub accepts_per_second: u32,
    /// Connections accepted from one address a second; more are closed at once.
    pub address_accepts_per_second: u32,
    /// Connections of one address at once; more are closed at once.
    pub address_connections: u32,
    /// Bytes that are read from one connection a second; it waits with more.
    pub connection_bytes_per_second: u32,
    /// Frames that are taken from one connection a second; it waits with more.
    pub connection_frames_per_second: u32,
    /// Networks whose connections are limited neither by address nor in speed.
    pub unlimited: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            accepts_per_second: 5_000,
            address_accepts_per_second: 200,
            address_connections: 4_000,
            connection_bytes_per_second: 256 * 1_024,
            connection_frames_per_second: 500,
            // This machine.
            unlimited: vec![
                IpNet::new_assert(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
                IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128),
            ],
        }
    }
}

/// Tokens that come back with time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(now: Instant, rate: f64) -> Self {
        Self { tokens: rate * BURST, filled: now }
    }

    fn fill(&mut self, now: Instant, rate: f64) {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * rate).min(rate * BURST);
        self.filled = now;
    }

    /// When there are tokens again; nothing where there are some.
    fn empty_until(&self, rate: f64) -> Option<Instant> {
        (self.tokens < 0.0).then(|| self.filled + Duration::from_secs_f64(-self.tokens / rate))
    }
}

/// Why a connection is turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// Its address has as many as it may.
    AddressConnections,
    /// Its address connects too fast.
    AddressRate,
}

impl Refused {
    /// The label.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AddressConnections => "address-connections",
            Self::AddressRate => "address-rate",
        }
    }
}

/// What was accepted lately.
#[derive(Debug)]
pub(crate) struct Accepts {
    limits: Limits,
    unlimited: Networks,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    all: Bucket,
    /// At most [`ADDRESSES_MAX`].
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Address {
    connections: u32,
    accepts: Bucket,
}

/// A connection that counts for its address until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    accepts: Arc<Accepts>,
    address: Option<IpAddr>,
}

impl Accepts {
    pub(crate) fn new(now: Instant, limits: Limits, relays: &[IpNet]) -> Self {
        let unlimited = Networks::new([&limits.unlimited[..], relays].concat());
        let all = Bucket::new(now, f64::from(limits.accepts_per_second));
        Self { limits, unlimited, state: Mutex::new(State { all, addresses: HashMap::new() }) }
    }

    /// When the next connection may be accepted; at once where nothing is said. Connections wait for it in the kernel, in
    /// the order in which they came.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let rate = f64::from(self.limits.accepts_per_second);
        let mut state = self.lock();
        state.all.fill(now, rate);
        state.all.empty_until(rate)
    }

    /// Whether this connection may stay.
    pub(crate) fn enter(self: &Arc<Self>, now: Instant, from: IpAddr) -> Result<Place, Refused> {
        let mut state = self.lock();
        state.all.tokens -= 1.0;
        if self.unlimited.contains(from) {
            return Ok(Place { accepts: Arc::clone(self), address: None });
        }
        let (address, rate) = (place(from), f64::from(self.limits.address_accepts_per_second));
        state.make_room(now, rate);
        if state.addresses.len() >= ADDRESSES_MAX && !state.addresses.contains_key(&address) {
            return Err(Refused::AddressRate);
        }
        let known = state
            .addresses
            .entry(address)
            .or_insert_with(|| Address { connections: 0, accepts: Bucket::new(now, rate) });
        known.accepts.fill(now, rate);
        if known.accepts.tokens < 1.0 {
            return Err(Refused::AddressRate);
        }
        known.accepts.tokens -= 1.0;
        if known.connections >= self.limits.address_connections {
            return Err(Refused::AddressConnections);
        }
        known.connections += 1;
        Ok(Place { accepts: Arc::clone(self), address: Some(address) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets who has no connection and might connect as fast as anybody.
    fn make_room(&mut self, now: Instant, rate: f64) {
        if self.addresses.len() < ADDRESSES_MAX {
            return;
        }
        self.addresses.retain(|_, it| {
            it.accepts.fill(now, rate);
            it.connections > 0 || it.accepts.tokens < rate * BURST
        });
    }
}

impl Place {
    /// How fast its connection is read.
    pub(crate) fn pace(&self, now: Instant) -> Pace {
        let Limits { connection_bytes_per_second, connection_frames_per_second, .. } = self.accepts.limits;
        let rates = [connection_bytes_per_second, connection_frames_per_second].map(f64::from);
        Pace(self.address.map(|_| rates.map(|rate| (rate, Bucket::new(now, rate)))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut state = self.accepts.lock();
        if let Some(known) = state.addresses.get_mut(&address) {
            known.connections = known.connections.saturating_sub(1);
        }
    }
}

/// How fast one connection is read: who sends more is read later, and his own buffers fill. Unlimited where there is none.
#[derive(Debug)]
pub(crate) struct Pace(Option<[(f64, Bucket); 2]>);

impl Pace {
    /// So much was read; gives until when no more is, where it was too much.
    pub(crate) fn read(&mut self, now: Instant, bytes: usize, frames: u64) -> Option<Instant> {
        let buckets = self.0.as_mut()?;
        // A read has at most 16 KiB: far below where a float counts one by one no more.
        let taken = [bytes as f64, frames as f64];
        let waits = buckets.iter_mut().zip(taken).map(|((rate, bucket), taken)| {
            bucket.fill(now, *rate);
            bucket.tokens -= taken;
            bucket.empty_until(*rate)
        });
        waits.flatten().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const FREE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));

    fn limits() -> Limits {
        Limits {
            accepts_per_second: 100,
            address_accepts_per_second: 10,
            address_connections: 30,
            unlimited: vec!["127.0.0.0/8".parse().unwrap()],
            ..Limits::default()
        }
    }

    #[test]
    fn an_address_connects_so_fast_and_so_often_and_others_do_not_notice() {
        let mut now = Instant::now();
        let accepts = Arc::new(Accepts::new(now, limits(), &[]));
        let mut held: Vec<Place> = (0..20).map(|_| accepts.enter(now, MANY).unwrap()).collect();
        assert_eq!(accepts.enter(now, MANY).unwrap_err(), Refused::AddressRate);
        assert!(accepts.enter(now, OTHER).is_ok());
        now += Duration::from_secs(1);
        held.extend((0..10).map(|_| accepts.enter(now, MANY).unwrap()));
        now += Duration::from_secs(1);
        assert_eq!(accepts.enter(now, MANY).unwrap_err(), Refused::AddressConnections);
        held.pop();
        assert!(accepts.enter(now, MANY).is_ok());
        assert!((0..100).all(|_| accepts.enter(now, FREE).is_ok()));
    }

    #[test]
    fn all_together_are_accepted_so_fast_and_wait_otherwise() {
        let now = Instant::now();
        let accepts = Arc::new(Accepts::new(now, limits(), &[]));
        for _ in 0..201 {
            assert_eq!(accepts.next(now), None);
            assert!(accepts.enter(now, FREE).is_ok());
        }
        assert_eq!(accepts.next(now), Some(now + Duration::from_millis(10)));
        assert_eq!(accepts.next(now + Duration::from_millis(10)), None);
    }

    #[test]
    fn so_many_addresses_are_remembered_and_those_without_a_connection_forgotten() {
        let now = Instant::now();
        let accepts = Arc::new(Accepts::new(now, limits(), &[]));
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        let first = 0x0a00_0000;
        for number in first..first + ADDRESSES_MAX {
            drop(accepts.enter(now, address(number)).unwrap());
        }
        assert_eq!(accepts.enter(now, OTHER).unwrap_err(), Refused::AddressRate);
        let later = now + Duration::from_secs(2);
        assert!(accepts.enter(later, OTHER).is_ok());
        assert_eq!(accepts.lock().addresses.len(), 1);
    }

    #[test]
    fn a_connection_that_sends_too_much_waits_as_long_as_it_sent_too_much() {
        let now = Instant::now();
        let limits =
            Limits { connection_bytes_per_second: 1_000, connection_frames_per_second: 10, ..limits() };
        let accepts = Arc::new(Accepts::new(now, limits, &[]));
        let mut pace = accepts.enter(now, MANY).unwrap().pace(now);
        assert_eq!(pace.read(now, 2_000, 1), None);
        assert_eq!(pace.read(now, 500, 1), Some(now + Duration::from_millis(500)));
        let later = now + Duration::from_secs(10);
        assert_eq!(pace.read(later, 10, 30), Some(later + Duration::from_secs(1)));
        let mut free = accepts.enter(now, FREE).unwrap().pace(now);
        assert_eq!(free.read(now, usize::MAX, u64::MAX), None);
    }
}
