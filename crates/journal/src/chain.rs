//! What of a group commit is under the hash chain.

use sha2::{Digest, Sha256};

use crate::Position;

/// SHA-256 of one group commit.
pub(crate) type Content = [u8; 32];

pub(crate) fn content(first: Position, count: usize, last_received: i64, blob: &[u8]) -> Content {
    Sha256::new()
        .chain_update(first.to_le_bytes())
        .chain_update((count as u64).to_le_bytes())
        .chain_update(last_received.to_le_bytes())
        .chain_update(blob)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use fleet::Chain;

    use super::*;

    #[test]
    fn everything_counts() {
        let all = [
            content(1, 2, 3, b"ab"),
            content(2, 2, 3, b"ab"),
            content(1, 3, 3, b"ab"),
            content(1, 2, 4, b"ab"),
            content(1, 2, 3, b"ba"),
        ];
        let chains = all.map(|content| Chain::START.after(&content));
        for (at, chain) in chains.iter().enumerate() {
            assert!(!chains[at + 1..].contains(chain));
            assert_ne!(*chain, Chain::START.after(&all[0]).after(&all[at]));
        }
    }
}
