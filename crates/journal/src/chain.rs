//! The hash chain: every group commit is hashed with all that came before it, so that what was edited, removed or moved
//! is found by whoever kept one later value.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::Position;

/// SHA-256 of one group commit.
pub(crate) type Content = [u8; 32];

/// SHA-256 over a group commit and every one before it; 64 hex digits as text.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Chain([u8; 32]);

impl Chain {
    /// Before the first record.
    pub const START: Self = Self([0; 32]);

    pub(crate) fn after(self, content: &Content) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(content).finalize().into())
    }

    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({self})")
    }
}

/// Not 64 hex digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected 64 hex digits")]
pub struct NoChain;

impl FromStr for Chain {
    type Err = NoChain;

    fn from_str(text: &str) -> Result<Self, NoChain> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(NoChain);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(digit);
            *byte = high.ok_or(NoChain)? << 4 | low.ok_or(NoChain)?;
        }
        Ok(Self(bytes))
    }
}

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
    use super::*;

    #[test]
    fn a_chain_is_read_as_it_is_written() {
        let chain = Chain::START.after(&content(7, 1, -5, b"frame"));
        assert_eq!(chain.to_string().parse(), Ok(chain));
        for wrong in ["", "0", &"g".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(wrong.parse::<Chain>(), Err(NoChain), "{wrong}");
        }
    }

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
