//! Authentication codes: derived, so that none needs storing and the same terminal always gets the same one.

use fleet::TerminalId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Of 256: what is too long to be guessed and short enough for every terminal.
const CODE_BYTES: usize = 16;

/// 128 bits of HMAC-SHA-256 (RFC 2104) over the terminal's number, as 32 hex digits.
pub(crate) fn derive(secret: &[u8; 32], terminal: TerminalId) -> String {
    let bytes = keyed(secret, terminal).finalize().into_bytes();
    bytes.iter().take(CODE_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Takes as long for a wrong code as for a right one of the same length.
pub(crate) fn is_right(secret: &[u8; 32], terminal: TerminalId, given: &str) -> bool {
    unhex(given).is_some_and(|bytes| keyed(secret, terminal).verify_truncated_left(&bytes).is_ok())
}

fn keyed(secret: &[u8; 32], terminal: TerminalId) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    hmac.update(terminal.as_str().as_bytes());
    hmac
}

/// Lower case only, as it was given.
fn unhex(text: &str) -> Option<[u8; CODE_BYTES]> {
    let digits = text.as_bytes();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; CODE_BYTES];
    if digits.len() != 2 * CODE_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
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
        assert!(is_right(&[7; 32], terminal, CODE));
        for wrong in ["", &CODE[1..], &CODE.replace('a', "b"), &CODE.to_uppercase(), &format!("{CODE}00")] {
            assert!(!is_right(&[7; 32], terminal, wrong), "{wrong:?}");
        }
    }

    const CODE: &str = "face2fac3bd0e18accc50d12e9820616";
}
