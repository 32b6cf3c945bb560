//! Codes that change with time: TOTP (RFC 6238) as every authenticator app computes it, HMAC-SHA-1, 30 s, 6 digits.
//!
//! SHA-1 is what the apps know; forging a code needs a weakness of HMAC-SHA-1, of which none is known.

use fleet::ReceiveTime;
use ring::hmac;

/// Bytes of a secret: the length RFC 4226 recommends (section 4, R6).
pub(crate) const SECRET_BYTES: usize = 20;
/// Steps a clock may be off, either way (RFC 6238, 5.2): a minute and a half in all.
const DRIFT: i64 = 1;
const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;

/// The step whose code was shown, if it is about now and later than `used`: a code counts once.
pub(crate) fn matching_step(secret: &[u8], shown: &str, now: ReceiveTime, used: i64) -> Option<i64> {
    if shown.len() != DIGITS || !shown.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let shown: u32 = shown.parse().ok()?;
    let step = now.ms().div_euclid(STEP_MS);
    let mut steps = (step - DRIFT)..=(step + DRIFT);
    steps.find(|step| *step > used && code(secret, *step) == shown)
}

/// RFC 4226, 5.3.
pub(crate) fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let word = bytes.iter().skip(offset).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    (word & 0x7fff_ffff) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(SECRET, seconds / 30), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_one_step_either_way_and_only_after_the_last() {
        let at = |step: i64| ReceiveTime::from_ms(step * STEP_MS + 5);
        let shown = format!("{:06}", code(SECRET, 100));
        for (step, fits) in [(98, false), (99, true), (100, true), (101, true), (102, false)] {
            assert_eq!(matching_step(SECRET, &shown, at(step), 0).is_some(), fits, "{step}");
        }
        assert_eq!(matching_step(SECRET, &shown, at(100), 99), Some(100));
        assert_eq!(matching_step(SECRET, &shown, at(100), 100), None);
        for wrong in ["", "12345", "1234567", "+12345", "１２３４５６", "12345a"] {
            assert_eq!(matching_step(SECRET, wrong, at(100), 0), None, "{wrong}");
        }
    }
}
