//! Bodies encrypted by RSA: bit 10 of the header's attributes, keys of 1,024 bits in 0x0a00 and 0x8a00.
//!
//! The standard (2013 and 2019, table 2 and sections on 0x0a00 and 0x8a00) says no more than that. We read it so: a body
//! to the platform is encrypted under the platform's key, a body to the terminal under the terminal's; each 117 bytes of
//! it, and what is left, become one block of 128 with the padding of PKCS#1 v1.5 (RFC 8017, 7.2.1); no bytes stay no
//! bytes. Each package of a message is encrypted by itself. Length field and checksum are of what is sent.

use std::fmt;

use fleet::ReceiveTime;

/// A block on the wire: 1,024 bits.
pub const BLOCK_BYTES: usize = 128;
/// What one block holds: it less 11 bytes of padding.
pub const PLAIN_BYTES: usize = BLOCK_BYTES - 11;
/// Whole blocks in a body of 1,023 bytes.
const BLOCKS_MAX: usize = 7;
/// The longest body of one frame.
pub(crate) const SEALED_BYTES_MAX: usize = BLOCKS_MAX * BLOCK_BYTES;

/// The platform's key and the arithmetic. A trait, since padding and blinding take bytes by chance, which this crate does
/// not have.
pub trait Cipher: fmt::Debug + Send + Sync {
    /// What terminals encrypt under.
    fn key(&self) -> PublicKey;

    /// A body that was encrypted under [`Self::key`]. An answer other than bytes must not depend on the padding:
    /// whoever can ask which blocks are padded well can read what others have sent.
    ///
    /// # Errors
    /// When it is no whole number of blocks or was not made with this key, as far as that can be told; or when there is
    /// too much to do at this moment.
    fn decrypt(&self, now: ReceiveTime, body: &[u8]) -> Result<Vec<u8>, Sealed>;

    /// A body under a terminal's key; nothing where that fails.
    fn encrypt(&self, key: &PublicKey, body: &[u8]) -> Option<Vec<u8>>;
}

/// Why a body stays closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sealed {
    /// More came than is decrypted in this time.
    Busy,
    /// It was not made with this key.
    Wrong,
}

/// The public key {e, n} of a terminal or of the platform.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct PublicKey {
    e: u32,
    n: [u8; BLOCK_BYTES],
}

impl PublicKey {
    /// A key as 0x0a00 and 0x8a00 carry it: a modulus that is odd and has all of 1,024 bits, an exponent that is odd and
    /// at least 3. Nothing else can be a key.
    pub fn new(e: u32, n: &[u8]) -> Option<Self> {
        let n: [u8; BLOCK_BYTES] = n.try_into().ok()?;
        let [first, .., last] = n;
        (first & 0x80 != 0 && last & 1 == 1 && e & 1 == 1 && e >= 3).then_some(Self { e, n })
    }

    /// Public exponent.
    pub const fn e(&self) -> u32 {
        self.e
    }

    /// Modulus, highest byte first.
    pub const fn n(&self) -> &[u8; BLOCK_BYTES] {
        &self.n
    }

    /// Hex digits of a 0x0a00: exponent, then modulus.
    pub(crate) fn to_hex(self) -> String {
        let bytes = self.e.to_be_bytes().into_iter().chain(self.n);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let is_hex = text.len() == 2 * (4 + BLOCK_BYTES) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let text = Some(text).filter(|_| is_hex)?;
        let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..text.len()).step_by(2).map_while(byte).collect();
        let (e, n) = bytes.split_first_chunk::<4>()?;
        Self::new(u32::from_be_bytes(*e), n)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.to_hex()).finish()
    }
}

/// How much may be decrypted: so many blocks at once, and one more after each while.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    /// A block's share of time, in microseconds.
    block_us: i64,
    /// How far what is taken may run ahead of time, in microseconds.
    ahead_us: i64,
    /// When all that was taken will have passed, in microseconds.
    passed_us: i64,
}

impl Meter {
    /// `burst` blocks at once, then `blocks` a second.
    pub fn new(blocks: u32, burst: u32) -> Self {
        let block_us = 1_000_000 / i64::from(blocks.max(1));
        Self { block_us, ahead_us: block_us.saturating_mul(i64::from(burst)), passed_us: 0 }
    }

    /// Takes so many blocks, all or none.
    pub fn take(&mut self, now: ReceiveTime, blocks: usize) -> bool {
        let now_us = now.ms().saturating_mul(1_000);
        let latest_us = now_us.saturating_add(self.ahead_us);
        // A clock that is set back costs what is ahead of it, not all the hours until it is there again.
        let passed_us = self.passed_us.clamp(now_us, latest_us);
        let share_us = self.block_us.saturating_mul(i64::try_from(blocks).unwrap_or(i64::MAX));
        let taken_us = passed_us.saturating_add(share_us);
        self.passed_us = if taken_us <= latest_us { taken_us } else { passed_us };
        taken_us <= latest_us
    }
}

/// What one connection may have decrypted: a report a second of some thirty terminals behind a relay. A block costs a
/// millisecond of a core, so a hostile connection costs 3 % of one.
const BLOCKS_A_SECOND: u32 = 32;
/// At once: four full frames, 32 ms of a core.
const BLOCKS_BURST: u32 = 32;

impl Default for Meter {
    /// Of one connection.
    fn default() -> Self {
        Self::new(BLOCKS_A_SECOND, BLOCKS_BURST)
    }
}

/// How many blocks a body is; nothing where it is no whole number of them.
pub(crate) fn blocks(body: &[u8]) -> Option<usize> {
    body.len().is_multiple_of(BLOCK_BYTES).then_some(body.len() / BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(first: u8, last: u8) -> [u8; BLOCK_BYTES] {
        let mut n = [0; BLOCK_BYTES];
        (n[0], n[BLOCK_BYTES - 1]) = (first, last);
        n
    }

    #[test]
    fn only_what_can_be_a_key_is_one() {
        let check = |e, n: &[u8], is_key| assert_eq!(PublicKey::new(e, n).is_some(), is_key, "{e} {n:02x?}");
        check(3, &modulus(0x80, 1), true);
        check(u32::MAX, &modulus(0xff, 0xff), true);
        check(1, &modulus(0x80, 1), false);
        check(0, &modulus(0x80, 1), false);
        check(65_536, &modulus(0x80, 1), false);
        check(65_537, &modulus(0x7f, 1), false);
        check(65_537, &modulus(0x80, 2), false);
        check(65_537, &modulus(0x80, 1)[1..], false);
        check(65_537, &[&[0x80][..], &modulus(0, 1)].concat(), false);
        check(65_537, &[], false);
    }

    #[test]
    fn a_key_is_read_back_from_its_digits() {
        let key = PublicKey::new(65_537, &modulus(0xc0, 0x0f)).unwrap();
        assert!(key.to_hex().starts_with("00010001c000"));
        assert_eq!(PublicKey::from_hex(&key.to_hex()), Some(key));
        assert!(format!("{key:?}").starts_with("PublicKey(\"00010001c000"), "{key:?}");
        let digits = key.to_hex();
        let (odd, signed) = (format!("{digits}0"), digits.replacen("00", "+0", 1));
        let wrong =
            ["", "00010001", &digits[2..], &odd, &signed, &digits.replace('c', "g"), &"藏".repeat(88)];
        for text in wrong {
            assert_eq!(PublicKey::from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn a_meter_gives_its_burst_and_then_its_rate() {
        let mut meter = Meter::new(10, 20);
        let mut take = |ms, blocks| meter.take(ReceiveTime::from_ms(ms), blocks);
        assert!(take(5_000, 13) && take(5_000, 7));
        assert!(!take(5_000, 1) && !take(5_099, 1));
        assert!(take(5_100, 1) && !take(5_100, 1));
        assert!(!take(5_399, 3) && take(5_400, 3), "what is refused costs nothing");
        assert!(!take(100_000, 21) && take(100_000, 20), "no more than a burst gathers");
        assert!(take(100_000, 0));
    }

    #[test]
    fn a_clock_set_back_stops_a_meter_no_longer_than_a_burst() {
        let mut meter = Meter::new(10, 20);
        assert!(meter.take(ReceiveTime::from_ms(10_000_000), 20));
        assert!(!meter.take(ReceiveTime::from_ms(1_000), 1));
        assert!(meter.take(ReceiveTime::from_ms(1_000 + 2_000), 20));
    }
}
