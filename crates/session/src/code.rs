//! Authentication codes: derived, so that none needs storing and the same terminal always gets the same one. What they are
//! derived from is the device that registered and how often the terminal was released: another device has another code,
//! and so has the same one after a release.

use fleet::{Binding, TerminalId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Of 256: what is too long to be guessed and short enough for every terminal.
const CODE_BYTES: usize = 16;

/// 128 bits of HMAC-SHA-256 (RFC 2104) over the terminal's number and what it is bound to, as 32 hex digits.
pub(crate) fn derive(secret: &[u8; 32], terminal: TerminalId, binding: Option<&Binding>) -> String {
    let bytes = keyed(secret, terminal, binding).finalize().into_bytes();
    bytes.iter().take(CODE_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Takes as long for a wrong code as for a right one of the same length.
pub(crate) fn is_right(
    secret: &[u8; 32],
    terminal: TerminalId,
    binding: Option<&Binding>,
    given: &str,
) -> bool {
    unhex(given).is_some_and(|bytes| keyed(secret, terminal, binding).verify_truncated_left(&bytes).is_ok())
}

/// A terminal that is bound to nothing yet has the code that was given before there were bindings, over its number alone:
/// terminals that hold such a one need not register again.
fn keyed(secret: &[u8; 32], terminal: TerminalId, binding: Option<&Binding>) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    hmac.update(terminal.as_str().as_bytes());
    if let Some(binding) = binding.filter(|it| it.generation > 0 || it.device.is_some()) {
        // No number holds a zero, and the generation has one width: no two bindings give the same bytes.
        hmac.update(&[0]);
        hmac.update(&binding.generation.to_be_bytes());
        hmac.update(&[u8::from(binding.device.is_some())]);
        hmac.update(binding.device.as_deref().unwrap_or_default().as_bytes());
    }
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

    const SECRET: [u8; 32] = [7; 32];
    /// Of 13800000001, bound to nothing.
    const CODE: &str = "face2fac3bd0e18accc50d12e9820616";

    fn terminal() -> TerminalId {
        TerminalId::parse("13800000001").unwrap()
    }

    #[test]
    fn a_code_depends_on_terminal_and_secret() {
        // Computed with `openssl dgst -sha256 -mac HMAC`.
        assert_eq!(derive(&SECRET, terminal(), None), CODE);
        assert_ne!(derive(&[8; 32], terminal(), None), CODE);
        assert_ne!(derive(&SECRET, TerminalId::parse("13800000002").unwrap(), None), CODE);
        assert!(is_right(&SECRET, terminal(), None, CODE));
        for wrong in ["", &CODE[1..], &CODE.replace('a', "b"), &CODE.to_uppercase(), &format!("{CODE}00")] {
            assert!(!is_right(&SECRET, terminal(), None, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn another_device_or_generation_has_another_code() {
        let bound = |generation, device: Option<&str>| Binding {
            generation,
            device: device.map(Into::into),
            ..Binding::default()
        };
        let all = [
            bound(0, None),
            bound(0, Some("")),
            bound(0, Some("0000001")),
            bound(0, Some("0000002")),
            bound(1, None),
            bound(1, Some("0000001")),
        ];
        for (at, one) in all.iter().enumerate() {
            let code = derive(&SECRET, terminal(), Some(one));
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(
                    is_right(&SECRET, terminal(), Some(other), &code),
                    at == other_at,
                    "{one:?} {other:?}"
                );
            }
        }
        assert_eq!(derive(&SECRET, terminal(), Some(&all[0])), CODE);
        // Maker, plate, IMEI and date are no part of it.
        let renamed = Binding { plate: "藏A12345".into(), maker: "M".into(), ..bound(0, Some("0000001")) };
        assert_eq!(derive(&SECRET, terminal(), Some(&renamed)), derive(&SECRET, terminal(), Some(&all[2])));
    }
}
