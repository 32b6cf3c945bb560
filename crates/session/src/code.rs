//! Authentication codes: derived, so that none needs storing and the same terminal always gets the same one.

use fleet::TerminalId;
use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

/// 128 bits of HMAC-SHA-256 (RFC 2104) over the terminal's number, as 32 hex digits.
pub(crate) fn derive(secret: &[u8; 32], terminal: TerminalId) -> String {
    let pad = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(secret).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(terminal.as_str()).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Takes as long for a wrong code as for a right one of the same length.
pub(crate) fn is_equal(expected: &str, given: &str) -> bool {
    expected.len() == given.len()
        && expected.bytes().zip(given.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_depends_on_terminal_and_secret_only() {
        let terminal = TerminalId::parse("13800000001").unwrap();
        // Computed with `openssl dgst -sha256 -mac HMAC`.
        assert_eq!(derive(&[7; 32], terminal), CODE);
        assert_ne!(derive(&[8; 32], terminal), CODE);
        assert_ne!(derive(&[7; 32], TerminalId::parse("13800000002").unwrap()), CODE);
        assert!(is_equal(CODE, CODE));
        assert!(!is_equal(CODE, &CODE[1..]));
        assert!(!is_equal(CODE, &CODE.replace('a', "b")));
    }

    const CODE: &str = "face2fac3bd0e18accc50d12e9820616";
}
