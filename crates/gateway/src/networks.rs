//! Networks that are trusted, and how far apart addresses have to be to count as two.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

/// Half of an IPv6 address names a host in one network, and every host there may take any.
const NETWORK_BITS: u32 = 64;

/// Some networks; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks(Arc<[IpNet]>);

impl Networks {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// An IPv4 address written as an IPv6 one is that address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// What an address counts as where somebody's attempts are added up.
pub(crate) fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> NETWORK_BITS << NETWORK_BITS).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_network_however_it_is_written() {
        let networks = Networks::new(vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        for (address, is_in) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.2.3", false),
            ("2001:db8:1::5", true),
            ("::1", false),
        ] {
            assert_eq!(networks.contains(address.parse().unwrap()), is_in, "{address}");
        }
        assert!(!Networks::default().contains("10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn hosts_of_one_network_of_ipv6_count_as_one() {
        let placed = |address: &str| place(address.parse().unwrap()).to_string();
        assert_eq!(placed("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(placed("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(placed("192.0.2.7"), "192.0.2.7");
    }
}
