//! RSA for bodies: the platform's key, blocks and the padding of PKCS#1 v1.5.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;

use fleet::ReceiveTime;
use rsa::BoxedUint;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use session::{BLOCK_BYTES, Cipher, Meter, PLAIN_BYTES, PublicKey, Sealed};

/// Blocks a second for each core over all connections: a block takes a millisecond, so at most a quarter of the machine
/// goes into them, whoever sends them. Some 2,500 terminals a core that report every ten seconds.
const BLOCKS_A_SECOND: u32 = 250;

/// The platform's key.
pub(crate) struct Rsa {
    private: PrivateKey,
    public: PublicKey,
    /// Of all connections together; each has one of its own besides.
    meter: Mutex<Meter>,
}

impl fmt::Debug for Rsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rsa").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Rsa {
    /// Nothing where the key does not fit 0x8a00: it has other than 1,024 bits, or an exponent of more than 32.
    pub(crate) fn new(private: PrivateKey) -> Option<Self> {
        let exponent = private.e_bytes();
        let e = exponent.iter().try_fold(0_u32, |e, byte| Some(e.checked_mul(256)? | u32::from(*byte)))?;
        let public = PublicKey::new(e, &private.n_bytes())?;
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let blocks = BLOCKS_A_SECOND.saturating_mul(u32::try_from(cores).unwrap_or(u32::MAX));
        Some(Self { private, public, meter: Mutex::new(Meter::new(blocks, blocks)) })
    }
}

impl Cipher for Rsa {
    fn key(&self) -> PublicKey {
        self.public
    }

    /// Padding is judged in constant time, and what is padded wrongly gives bytes made of key and block (implicit
    /// rejection): neither the answer nor its time tells of it.
    fn decrypt(&self, now: ReceiveTime, body: &[u8]) -> Result<Vec<u8>, Sealed> {
        let (blocks, rest) = body.as_chunks::<BLOCK_BYTES>();
        if !rest.is_empty() {
            return Err(Sealed::Wrong);
        }
        if !self.meter.lock().unwrap_or_else(PoisonError::into_inner).take(now, blocks.len()) {
            return Err(Sealed::Busy);
        }
        let mut plain = Vec::with_capacity(blocks.len() * PLAIN_BYTES);
        for block in blocks {
            plain.extend(self.private.pkcs1v15_decrypt(block).map_err(|_| Sealed::Wrong)?);
        }
        Ok(plain)
    }

    fn encrypt(&self, key: &PublicKey, body: &[u8]) -> Option<Vec<u8>> {
        let n = BoxedUint::from_be_slice_vartime(key.n());
        let key = rsa::PublicKey::new(n, BoxedUint::from(key.e())).ok()?;
        let blocks = body.chunks(PLAIN_BYTES).map(|plain| key.pkcs1v15_encrypt(plain));
        Some(blocks.collect::<Result<Vec<_>, _>>().ok()?.concat())
    }
}

#[cfg(test)]
mod tests {
    use rsa::pkcs8::DecodePrivateKey;

    use super::*;

    const PLATFORM: &str = include_str!("../tests/site/platform.pem");
    const TERMINAL: &str = include_str!("../tests/site/terminal.pem");

    fn rsa(pem: &str) -> Rsa {
        Rsa::new(PrivateKey::from_pkcs8_pem(pem).unwrap()).unwrap()
    }

    fn now() -> ReceiveTime {
        ReceiveTime::from_ms(1_000)
    }

    #[test]
    fn what_was_encrypted_is_decrypted() {
        let rsa = rsa(PLATFORM);
        // The edges of blocks, and what one frame holds.
        for len in [0, 1, 28, 116, 117, 118, 233, 234, 235, 702, 703, 819, 820, 1_000] {
            let body: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let blocks = rsa.encrypt(&rsa.key(), &body).unwrap();
            assert_eq!(blocks.len(), body.len().div_ceil(117) * 128);
            let mut meter = Meter::new(1, 100);
            std::mem::swap(&mut *rsa.meter.lock().unwrap(), &mut meter);
            assert_eq!(rsa.decrypt(now(), &blocks).unwrap(), body, "{len}");
        }
    }

    #[test]
    fn the_same_body_is_never_encrypted_alike() {
        let rsa = rsa(PLATFORM);
        let blocks = rsa.encrypt(&rsa.key(), &[7; 28]);
        assert_ne!(blocks, rsa.encrypt(&rsa.key(), &[7; 28]));
    }

    #[test]
    fn another_key_or_wrong_padding_gives_other_bytes_or_none() {
        let (own, other) = (rsa(PLATFORM), rsa(TERMINAL));
        let body = [7; 28];
        let for_other = own.encrypt(&other.key(), &body).unwrap();
        assert_ne!(own.decrypt(now(), &for_other), Ok(body.to_vec()));
        let mut damaged = own.encrypt(&own.key(), &body).unwrap();
        damaged[64] ^= 1;
        let said = own.decrypt(now(), &damaged);
        assert_ne!(said, Ok(body.to_vec()));
        assert_eq!(said, own.decrypt(now(), &damaged), "asking twice tells no more than once");
        assert_eq!(own.decrypt(now(), &[0xff; 128]), Err(Sealed::Wrong), "more than the modulus");
        assert_eq!(own.decrypt(now(), &damaged[..127]), Err(Sealed::Wrong));
    }

    #[test]
    fn a_flood_is_put_off() {
        let rsa = rsa(PLATFORM);
        *rsa.meter.lock().unwrap() = Meter::new(10, 2);
        let block = rsa.encrypt(&rsa.key(), &[7; 28]).unwrap();
        assert!(rsa.decrypt(now(), &block.repeat(2)).is_ok());
        assert_eq!(rsa.decrypt(now(), &block), Err(Sealed::Busy));
        assert!(rsa.decrypt(ReceiveTime::from_ms(1_100), &block).is_ok());
    }

    #[test]
    fn the_key_is_not_printed() {
        let text = format!("{:?}", rsa(PLATFORM));
        assert!(text.starts_with("Rsa { public: PublicKey(\"00010001") && text.ends_with(", .. }"), "{text}");
    }
}
